"""The calibration of the capsule's chain against explicit finite elements, kept in models/calibration/chain.toml.

Two layers: factors inside the chain (`Tuning`), and for rigid ground, where the absorber bottoms out, a power law that
takes the rest of the trend out of its accelerations and forces,

    true / chain = exp(constant) * product over the inputs of (x / reference)^exponent,

each x held within the range it was fitted on. What is left on runs that were not used is the epistemic model factor of
the case ([landing.surfaces.<hard>] model_factor).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np

from containment import share
from containment.errors import DataError
from containment.structure.chain_capsule import Capsule, Tuning


@dataclass(frozen=True)
class Power:
    """One factor (x / reference)^exponent with x held between low and high."""

    exponent: float
    reference: float
    low: float
    high: float

    def log(self, x: float) -> float:
        """ln of the factor."""
        return self.exponent * float(np.log(min(max(x, self.low), self.high) / self.reference))


@dataclass(frozen=True)
class Calibration:
    """Tuned factors, the law on rigid ground, and what is left: rms of ln(chain / finite elements) on held-out runs."""

    tuning: Tuning
    constant: float
    powers: Mapping[str, Power]
    left_hard: float
    left_soil: float

    def correction(self, capsule: Capsule, speed: float) -> float:
        """True over modelled acceleration that the finite elements ask for; 1 on soil and at rest."""
        if capsule.ground is not None or speed == 0.0:
            return 1.0
        inputs = inputs_of(capsule, speed)
        return float(np.exp(self.constant + sum(power.log(inputs[name]) for name, power in self.powers.items())))


def inputs_of(capsule: Capsule, speed: float) -> dict[str, float]:
    """The inputs of the power law, SI."""
    shell, block = capsule.forebody, capsule.block
    return {
        "speed": speed, "crush_stress": block.foam.plateau, "thickness": block.thickness,
        "content_mass": sum(capsule.parts), "shell_mass": shell.mass, "strength": shell.strength,
        "densification_strain": block.foam.densification_strain,
    }  # fmt: skip


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
        law, left = table["hard_ground"], table["held_out"]
        powers = {name: Power(**{key: float(row[key]) for key in ("exponent", "reference", "low", "high")})
                  for name, row in law["powers"].items()}  # fmt: skip
        constant = float(law["constant"]["value"])
        return Calibration(Tuning(**tuned), constant, powers, float(left["hard"]["rms"]), float(left["soil"]["rms"]))
    except (OSError, KeyError, TypeError, ValueError) as fault:
        raise DataError(
            f"{path}: found no complete calibration of the landing chain ({fault!r})",
            advice="write it anew: python -m containment.verification.bench_landing --write",
        ) from fault
