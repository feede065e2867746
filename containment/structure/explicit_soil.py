"""Soil as a continuum: Drucker-Prager shear strength with a volumetric cap that hardens.

In Kirchhoff stresses tau = J sigma and logarithmic strains, p > 0 in compression, q the Mises stress:

    q <= J cohesion + slope p,  q <= J limit                  shear, flows without change of volume
    p <= J (cap + cap_modulus k / (1 - k / locking))          cap, k the plastic compaction (logarithmic)
    p >= -J tension                                           cut-off

Below its cap the soil is elastic. `locking` is the strain at which its air is gone. Volume and shear decouple, as in
the soil models whose data are published (pressure over volume, shear strength over pressure), and both returns are
closed: the cap by a quadratic, the shear along a ray at constant p.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from containment.errors import DataError
from containment.structure.explicit_laws import OPTIONS, SOIL


@dataclass(frozen=True)
class SoilSolid:
    """SI; `cohesion` and `limit` are Mises stresses. Raises DataError for what is no soil."""

    density: float
    youngs_modulus: float
    poissons_ratio: float
    cohesion: float
    slope: float
    limit: float
    cap: float
    cap_modulus: float
    locking: float
    tension: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            (self.density > 0, f"density {self.density:g} kg/m^3", "a positive density"),
            (self.youngs_modulus > 0, f"modulus {self.youngs_modulus:g} Pa", "a positive modulus"),
            (-1 < self.poissons_ratio < 0.5, f"Poisson ratio {self.poissons_ratio:g}", "-1 to 0.5"),
            (min(self.cohesion, self.slope, self.tension) >= 0, "negative strength", "strengths >= 0"),
            (self.cohesion + self.slope > 0 and self.limit > 0, "no shear strength", "cohesion or slope > 0"),
            (self.slope < 3.0, f"slope {self.slope:g}", "less than 3 (a triaxial test must fail)"),
            (self.cap > 0 and self.cap_modulus > 0, "a cap that does not harden", "cap and cap_modulus > 0"),
            (self.locking > 0, f"locking strain {self.locking:g}", "a strain > 0"),
        ]
        for good, found, expected in faults:
            if not good:
                raise DataError(f"soil: found {found}, expected {expected}", advice="correct the soil")

    def row(self) -> list[float]:
        """Row of the kernel's `laws`; the last but one is the compaction at the start."""
        shear = self.youngs_modulus / (2.0 * (1.0 + self.poissons_ratio))
        bulk = 2.0 * shear * self.poissons_ratio / (1.0 - 2.0 * self.poissons_ratio)
        return [
            SOIL, self.density, bulk, shear, self.cohesion, self.slope, self.limit, self.cap, self.cap_modulus,
            self.locking, self.tension, 0.0, 0.0,
        ]  # fmt: skip


@njit(inline="always", **OPTIONS)
def soil(law, jacobian, e1, e2, e3, state):  # type: ignore[no-untyped-def]
    """Return map in principal logarithmic strains; returns strains, Kirchhoff stresses, plastic work, flowed.

    `state`: 4 equivalent plastic shear strain, 5 plastic compaction.
    """
    shear, bulk = law[3], law[2] + 2.0 * law[3] / 3.0
    volume = e1 + e2 + e3
    d1, d2, d3 = e1 - volume / 3.0, e2 - volume / 3.0, e3 - volume / 3.0
    p, q = -bulk * volume, 2.0 * shear * np.sqrt(1.5 * (d1 * d1 + d2 * d2 + d3 * d3))
    work, keep, old, flowed = 0.0, 1.0, state[5], False
    cap, rise, end = jacobian * law[7], jacobian * law[8], law[9]
    if p > cap + rise * old / (1.0 - old / end):
        # (p - K (k - old) - cap)(1 - k/end) = rise k
        free = p + bulk * old - cap
        b = free / end + bulk + rise
        state[5] = 2.0 * free / (b + np.sqrt(b * b - 4.0 * bulk * free / end))
        p -= bulk * (state[5] - old)
        work, flowed = p * (state[5] - old), True
    elif p < -jacobian * law[10]:
        cut = jacobian * law[10]
        work, flowed = cut * (-cut - p) / bulk, True
        p = -cut
    strength = max(min(jacobian * law[4] + law[5] * p, jacobian * law[6]), 0.0)
    if q > strength:
        keep, flowed = strength / q, True
        gamma = (q - strength) / (3.0 * shear)
        state[4] += gamma
        work += strength * gamma
    third = -p / (3.0 * bulk)
    d1, d2, d3 = d1 * keep, d2 * keep, d3 * keep
    return (
        d1 + third, d2 + third, d3 + third, 2.0 * shear * d1 - p, 2.0 * shear * d2 - p, 2.0 * shear * d3 - p, work,
        flowed,
    )  # fmt: skip
