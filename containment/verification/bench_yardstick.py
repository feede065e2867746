"""How fast this core is now, so that a limit on CPU time asks the same of a program on every machine.

The yardstick is a compiled loop of the kind the solvers consist of: tridiagonal solves (a chain of divisions) and an
exponential a row. On shared machines CPU time itself swings by half and more, so it is taken beside each measurement.
"""

from __future__ import annotations

import math
import time

import numpy as np
from numba import njit

from containment.verification.catalogue import Item

# s a row on the core the manual's figures come from. Not measured there but inferred: the heat-shield twin took 2.6 ms
# a transient on it, and on another core 1.14 times 400 000 rows of the yardstick (twelve pairs, 1.03 to 1.24).
NOMINAL = 5.7e-9
_ROWS, _SWEEPS, _REPEATS = 200, 2000, 5


@njit(cache=True, error_model="numpy")  # type: ignore[misc]
def _sweep(rows, sweeps):  # type: ignore[no-untyped-def]
    """Thomas algorithm for rows (-1, 2.5, -1), the right side renewed from the solution."""
    right, upper, solved, total = np.linspace(0.0, 1.0, rows), np.empty(rows), np.empty(rows), 0.0
    for _ in range(sweeps):
        upper[0], solved[0] = -0.4, right[0] / 2.5
        for i in range(1, rows):
            pivot = 1.0 / (2.5 + upper[i - 1])
            upper[i], solved[i] = -pivot, (right[i] + solved[i - 1]) * pivot
        for i in range(rows - 2, -1, -1):
            solved[i] -= upper[i] * solved[i + 1]
        for i in range(rows):
            right[i] = 0.5 * right[i] + 0.1 * math.exp(-solved[i])
        total += right[rows // 2]
    return total


def slowness() -> float:
    """CPU time of a row here and now over the nominal one, best of five; at least 1: a faster core earns nothing."""
    _sweep(_ROWS, 1)
    best = math.inf
    for _ in range(_REPEATS):
        start = time.process_time()
        _sweep(_ROWS, _SWEEPS)
        best = min(best, time.process_time() - start)
    return max(1.0, best / (_ROWS * _SWEEPS * NOMINAL))


def within(name: str, limit: float, spent: float, source: str) -> Item:
    """CPU seconds that must not exceed `limit` on the nominal core, and as much more as this core is slower."""
    slower = slowness()
    note = f"limit {limit:g} s, times {slower:.2f} for this core by the yardstick"
    return Item.at_most(name, slower * limit, spent, "s", f"{source}; {note}")
