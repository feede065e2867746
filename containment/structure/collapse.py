"""Plastic collapse: the largest share of a load that still has an equilibrium."""

from __future__ import annotations

from containment.errors import SolverError
from containment.structure.loads import Loads, Supports
from containment.structure.statics import Statics


def collapse_share(
    statics: Statics, loads: Loads, supports: Supports, *, low: float, high: float, tolerance: float, steps: int = 6
) -> float:
    """Share of `loads` at collapse, between `low` (must hold) and `high` (must collapse), to `tolerance`.

    Each trial starts without load and goes up in `steps`. Raises SolverError when the bounds do not enclose collapse.
    """

    def holds(share: float) -> bool:
        try:
            statics.solve(loads, supports, shares=tuple(share * (k + 1) / steps for k in range(steps)), halvings=1)
        except SolverError:
            return False
        return True

    if not holds(low) or holds(high):
        raise SolverError(
            f"collapse is not between {low:g} and {high:g} of the load", advice="widen the bounds of the search"
        )
    while high - low > tolerance:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return 0.5 * (low + high)
