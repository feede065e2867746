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
