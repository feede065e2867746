"""How much of its ductility a metal has used: the local strain limit of ASME VIII-2 5.3.3 and VIII-3 KD-232.

    limit(T) = e_u exp[-(a / (1 + m)) (tr sigma / (3 sigma_e) - 1/3)],    damage D = sum d eps_p / limit <= 1

tr sigma / (3 sigma_e) is the triaxiality: 1/3 in simple tension, where the limit is e_u, more at notches and inside
joints, where metals tear at less strain. m = c (d - R) with R yield over ultimate strength, e_u the greater of m and
k ln(1 + elongation). The form and constants are recalled from ASME VIII-2 table 5.7; k of stainless steel and of
aluminium is confirmed by a second source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.plasticity import mises

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ductility:
    """Constants of one metal: `slope` a, `exponent` m, `uniaxial` e_u, the limit in simple tension."""

    slope: float
    exponent: float
    uniaxial: float

    def limit(self, stress: Floats) -> Floats:
        """Strain limit (...,) under stresses (..., n) Pa; infinite where there is none to speak of in tension.

        Under pressure on all sides the limit is greater than e_u; it is not taken above ten times e_u.
        """
        equivalent = np.maximum(mises(stress), 1e-300)
        triaxiality = stress[..., :3].sum(axis=-1) / (3.0 * equivalent)
        power = -self.slope / (1.0 + self.exponent) * (triaxiality - 1.0 / 3.0)
        return np.asarray(self.uniaxial * np.exp(np.minimum(power, np.log(10.0))))


# group: slope a, c and d of m = c (d - R), k of k ln(1 + elongation): ASME VIII-2 table 5.7
_GROUPS = {
    "ferritic": (2.2, 0.60, 1.0, 2.0),
    "stainless": (0.6, 0.75, 1.0, 3.0),
    "aluminium": (2.2, 0.52, 0.98, 1.3),
    "titanium": (2.2, 0.50, 0.98, 1.3),
}


def ductility(group: str, yield_strength: float, ultimate_strength: float, elongation: float) -> Ductility:
    """Constants of a metal of a group ("ferritic", "stainless", "aluminium", "titanium"). Raises DataError."""
    if group not in _GROUPS:
        raise DataError(f"found metal group {group!r}, expected {', '.join(_GROUPS)}", advice="choose the nearest")
    ratio = yield_strength / ultimate_strength
    if not 0.0 < ratio <= 1.0 or not elongation > 0.0:
        raise DataError(
            f"found yield over ultimate strength {ratio:.4g} and elongation {elongation:.4g}, expected a ratio in 0..1 "
            "and an elongation above 0",
            advice="correct the card",
        )
    slope, c, d, k = _GROUPS[group]
    exponent = max(c * (d - ratio), 0.0)
    return Ductility(slope, exponent, float(max(exponent, k * np.log1p(elongation))))


def damage(metal: Ductility, path: list[tuple[Floats, Floats]]) -> Floats:
    """Damage (...,) over a path of (stress (..., n), equivalent plastic strain (...,)), from no strain on; the limit is
    that at the end of each increment."""
    total, before = np.zeros_like(path[0][1]), np.zeros_like(path[0][1])
    for stress, plastic in path:
        total += np.maximum(plastic - before, 0.0) / metal.limit(stress)
        before = plastic
    return np.asarray(total)
