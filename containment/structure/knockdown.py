"""What is left of the classical buckling load of a real shell: lower bounds to tests, as NASA recommends them.

Each is a factor on the linear (classical) buckling load of the perfect shell with the same boundary conditions.
"""

from __future__ import annotations

import numpy as np

from containment.errors import DataError


def axial_cylinder(radius_over_thickness: float) -> float:
    """Cylinder under axial compression: 1 - 0.901 (1 - exp(-sqrt(r/t) / 16)), r/t up to 1500 (NASA SP-8007).

    Raises DataError beyond the range of the tests.
    """
    if not 0.0 < radius_over_thickness <= 1500.0:
        raise DataError(
            f"found radius over thickness {radius_over_thickness:.4g}, expected above 0 and at most 1500",
            advice="the tests behind NASA SP-8007 end there",
        )
    return float(1.0 - 0.901 * (1.0 - np.exp(-np.sqrt(radius_over_thickness) / 16.0)))


def pressure_cap(radius: float, thickness: float, half_angle: float, poissons_ratio: float) -> float:
    """Spherical cap or dome under external pressure: 0.14 + 3.2 / lambda^2, at most 1 (NASA SP-8032, as recalled).

    lambda = (12 (1 - nu^2))^(1/4) sqrt(R/t) 2 sin(phi/2), phi the half opening angle; for lambda above 2.
    """
    shallowness = (
        (12.0 * (1.0 - poissons_ratio**2)) ** 0.25 * np.sqrt(radius / thickness) * 2.0 * np.sin(half_angle / 2)
    )
    if shallowness <= 2.0:
        raise DataError(
            f"found a cap of lambda = {shallowness:.3g}, expected above 2",
            advice="so shallow a cap does not snap: judge it by its non-linear deflection",
        )
    return float(min(0.14 + 3.2 / shallowness**2, 1.0))
