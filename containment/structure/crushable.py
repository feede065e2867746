"""Crushable absorbers in one dimension: plateau, rate effect, densification, and a stated cap on the lock-up stiffness.

Quasi-static yield curve of a foam after Deshpande and Fleck (J. Mech. Phys. Solids 48 (2000) 1253), uniaxial with no
lateral strain, in engineering stress and compressive engineering strain e:

    Y(e) = plateau + hardening e/e_D + locking ln(1 / (1 - (e/e_D)^sharpness))

e_D is the densification strain. The tangent of Y is capped at the elastic modulus, so that the fully crushed foam is
as stiff as the intact one: a lower bound of its true stiffness, and what bounds the time step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from containment.errors import DataError

CURVE_POINTS = 1024  # strain table to CURVE_END: 1.5e-3 per step, lookup error of the plateau region below 1e-4
CURVE_END = 1.5


@dataclass(frozen=True)
class Foam:
    """One-dimensional crushable. Stresses Pa, density kg/m^3, strain rate 1/s.

    `rate_coefficient`: Y is multiplied by 1 + c ln(1 + rate / reference_rate).
    """

    plateau: float
    modulus: float
    density: float
    densification_strain: float
    hardening: float = 0.0
    locking: float = 0.0
    sharpness: float = 8.0
    rate_coefficient: float = 0.0
    reference_rate: float = 1.0

    def __post_init__(self) -> None:
        faults = [
            (self.plateau > 0, f"plateau {self.plateau:g} Pa", "a positive crush stress"),
            (self.modulus > self.plateau, f"modulus {self.modulus:g} Pa", "a modulus above the plateau"),
            (self.density > 0, f"density {self.density:g} kg/m^3", "a positive density"),
            (0 < self.densification_strain < 1, f"densification strain {self.densification_strain:g}", "0 to 1"),
            (self.hardening >= 0, f"hardening {self.hardening:g} Pa", "a curve that does not soften (>= 0)"),
            (self.locking >= 0, f"locking stress {self.locking:g} Pa", "a curve that does not soften (>= 0)"),
            (self.sharpness >= 1, f"sharpness {self.sharpness:g}", "at least 1"),
            (self.rate_coefficient >= 0, f"rate coefficient {self.rate_coefficient:g}", "no rate softening (>= 0)"),
            (self.reference_rate > 0, f"reference rate {self.reference_rate:g} 1/s", "a positive rate"),
        ]
        for good, found, expected in faults:
            if not good:
                raise DataError(f"absorber: found {found}, expected {expected}", advice="correct [landing.absorber]")

    def curve(self) -> np.ndarray:
        """Y on an even strain grid of CURVE_POINTS from 0 to CURVE_END, tangent capped at the modulus."""
        strain = np.linspace(0.0, CURVE_END, CURVE_POINTS)
        return self._capped(strain, np.full(CURVE_POINTS - 1, self.modulus * strain[1]))

    def solid_curve(self) -> np.ndarray:
        """As `curve`, the tangent capped at the modulus per logarithmic strain: d(Y) <= E d(-ln(1 - e)).

        For finite elements, where nothing may be crushed to no volume at all; level beyond e = 0.999.
        """
        strain = np.linspace(0.0, CURVE_END, CURVE_POINTS)
        return self._capped(strain, self.modulus * np.diff(-np.log(np.maximum(1.0 - strain, 1e-3))))

    def _capped(self, strain: np.ndarray, largest: np.ndarray) -> np.ndarray:
        ratio = np.minimum(strain / self.densification_strain, 1.0 - 1e-12)
        raw = self.plateau + self.hardening * strain / self.densification_strain
        raw = raw + self.locking * -np.log1p(-(ratio**self.sharpness))
        locked = strain >= self.densification_strain
        rise = np.where(locked[1:], np.inf, np.diff(raw))
        return capped_curve(raw[0], rise, largest)

    def wave_speed(self) -> float:
        """Elastic bar-wave speed sqrt(E / rho), m/s."""
        return float(np.sqrt(self.modulus / self.density))


def capped_curve(start: float, rise: np.ndarray, largest: np.ndarray | float) -> np.ndarray:
    """Monotone curve from its increments, each limited to `largest`; a falling increment is refused.

    Softening localises in one element whatever its size, so the answer would depend on the mesh: DataError.
    """
    if np.any(rise < 0):
        raise DataError(
            "absorber: found a crush curve that softens, expected a stress that never falls with strain",
            advice="use the plateau mean; softening has no mesh-independent answer",
        )
    return np.asarray(start + np.concatenate([[0.0], np.cumsum(np.minimum(rise, largest))]))
