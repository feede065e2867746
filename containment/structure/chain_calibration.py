"""The calibration of the capsule's chain against explicit finite elements, kept in models/calibration/chain.toml.

Factors inside the chain (`Tuning`), and for rigid ground, where the absorber bottoms out, one on its accelerations and
forces, true / chain = exp(constant). What is left on runs that were not used is the epistemic model factor of the case
([landing.surfaces.<hard>] model_factor).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from containment import share
from containment.errors import DataError
from containment.structure.chain_capsule import Capsule, Tuning


@dataclass(frozen=True)
class Calibration:
    """Tuned factors, ln of the factor on rigid ground, and what is left: rms of ln(chain / elements) held out."""

    tuning: Tuning
    constant: float
    left_hard: float
    left_soil: float

    def correction(self, capsule: Capsule, speed: float) -> float:
        """True over modelled acceleration that the finite elements ask for; 1 on soil and at rest."""
        if capsule.ground is not None or speed == 0.0:
            return 1.0
        return float(np.exp(self.constant))


def shipped() -> Path:
    """Where the calibration is."""
    return share.shipped("calibration") / "chain.toml"


@cache
def load() -> Calibration:
    """The shipped calibration. Raises DataError when the file lacks a figure."""
    path = shipped()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        tuned = {field.name: float(table["tuning"][field.name]["value"]) for field in fields(Tuning)}
        left, constant = table["held_out"], float(table["hard_ground"]["constant"]["value"])
        return Calibration(Tuning(**tuned), constant, float(left["hard"]["rms"]), float(left["soil"]["rms"]))
    except (OSError, KeyError, TypeError, ValueError) as fault:
        raise DataError(
            f"{path}: found no complete calibration of the landing chain ({fault!r})",
            advice="write it anew: python -m containment.verification.bench_landing --write",
        ) from fault
