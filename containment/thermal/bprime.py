# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""Tables of B' (dimensionless char ablation rate) and wall-gas enthalpy against pressure, B'g and wall temperature.

Between pressures ln B'c is interpolated in ln p: linear steps between coarse pressures overpredict B'c by 20-45 % near
sublimation. Above a pressure-dependent temperature carbon sublimes without limit and no finite B'c exists: the table is
held at its hottest row there and the solver reports it. Below the coldest row the wall is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

from containment.errors import DataError
from containment.thermal.compiled import COMPILED

if TYPE_CHECKING:
    from containment.materials import Bprime

STEP = 10.0  # K, uniform grid of the table; the sources step by 25-50 K
SMALLEST_LOG = 1.0e-3  # below this B'c is interpolated linearly: the logarithm of a vanishing rate means nothing


class BPrimeArrays(NamedTuple):
    """What the solvers read: log_pressure (P,), blowing (B,), rate and enthalpy (P, B, T), hottest row index (P,)."""

    log_pressure: Any
    blowing: Any
    low: float
    inverse_step: float
    last: Any
    rate: Any
    enthalpy: Any


@dataclass(frozen=True)
class BPrimeTable:
    """B'c (-) and h_w (J/kg) as read: rows of pressure Pa, B'g, temperature K, B'c, h_w."""

    name: str
    rows: np.ndarray

    def arrays(self) -> BPrimeArrays:
        """The table on a uniform temperature grid. Raises DataError where rows are missing."""
        rows = self.rows
        if rows.ndim != 2 or rows.shape[1] != 5 or not np.all(np.isfinite(rows)):
            raise DataError(
                f"{self.name}: found rows that are not five finite numbers, expected p, B'g, T, B'c, h_w",
                advice="correct the table",
            )
        pressures, blowing = np.unique(rows[:, 0]), np.unique(rows[:, 1])
        low, high = rows[:, 2].min(), rows[:, 2].max()
        grid = np.arange(low, high + 0.5 * STEP, STEP)
        rate, enthalpy = np.zeros((2, pressures.size, blowing.size, grid.size))
        last = np.zeros(pressures.size, dtype=np.int64)
        for i, p in enumerate(pressures):
            block = rows[rows[:, 0] == p]
            ends = [block[block[:, 1] == b, 2].max() if np.any(block[:, 1] == b) else np.nan for b in blowing]
            last[i] = int((np.nanmin(ends) - low) / STEP)
            for j, b in enumerate(blowing):
                part = block[block[:, 1] == b]
                part = part[np.argsort(part[:, 2])]
                if part.shape[0] < 2 or part[0, 2] > low or np.any(part[:, 3] < 0):
                    raise DataError(
                        f"{self.name}: found an incomplete or negative column at {p:g} Pa, B'g {b:g},"
                        f" expected rows from {low:g} K on",
                        advice="complete the table",
                    )
                rate[i, j] = _refine(part[:, 2], part[:, 3], grid)
                enthalpy[i, j] = np.interp(grid, part[:, 2], part[:, 4])
        return BPrimeArrays(np.log(pressures), blowing, float(low), 1.0 / STEP, last, rate, enthalpy)


def _refine(t: np.ndarray, rate: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Linear in ln B'c where B'c is not small (it grows exponentially near sublimation), linear elsewhere."""
    linear = np.interp(grid, t, rate)
    steep = np.exp(np.interp(grid, t, np.log(np.maximum(rate, SMALLEST_LOG))))
    i = np.clip(np.searchsorted(t, grid, side="right") - 1, 0, t.size - 2)
    both = (rate[i] > SMALLEST_LOG) & (rate[i + 1] > SMALLEST_LOG)
    return np.asarray(np.where(both, steep, linear))


def from_card(table: Bprime) -> BPrimeTable:
    """The rows of a material card's surface table; those without equilibrium (NaN) are left out."""
    p, b, t = np.meshgrid(table.pressure, table.gas_rate, table.temperature, indexing="ij")
    rows = np.column_stack([x.ravel() for x in (p, b, t, table.char_rate, table.wall_enthalpy)])
    return BPrimeTable(table.owner, rows[np.isfinite(rows).all(axis=1)])


@njit(**COMPILED)
def _at_pressure(table: BPrimeArrays, i: int, j: int, fb: float, t: float) -> tuple:
    z = min((t - table.low) * table.inverse_step, float(table.last[i]))
    k = min(max(int(z), 0), table.rate.shape[2] - 2)
    f = z - k
    r, h = table.rate[i], table.enthalpy[i]
    r0 = r[j, k] + f * (r[j, k + 1] - r[j, k])
    r1 = r[j + 1, k] + f * (r[j + 1, k + 1] - r[j + 1, k])
    h0 = h[j, k] + f * (h[j, k + 1] - h[j, k])
    h1 = h[j + 1, k] + f * (h[j + 1, k + 1] - h[j + 1, k])
    return max(r0 + fb * (r1 - r0), 0.0), h0 + fb * (h1 - h0)


@njit(**COMPILED)
def lookup(table: BPrimeArrays, log_pressure: float, blowing: float, temperature: float) -> tuple:
    """(B'c, h_w) at ln(p/Pa), B'g and wall temperature K; all three held at the ends of the table."""
    b = table.blowing
    j = 0
    while j < b.size - 2 and blowing > b[j + 1]:
        j += 1
    fb = min(max((blowing - b[j]) / (b[j + 1] - b[j]), 0.0), 1.0)
    p = table.log_pressure
    if p.size == 1:
        return _at_pressure(table, 0, j, fb, temperature)
    i = 0
    while i < p.size - 2 and log_pressure > p[i + 1]:
        i += 1
    fp = min(max((log_pressure - p[i]) / (p[i + 1] - p[i]), 0.0), 1.0)
    r0, h0 = _at_pressure(table, i, j, fb, temperature)
    r1, h1 = _at_pressure(table, i + 1, j, fb, temperature)
    if min(r0, r1) > SMALLEST_LOG:
        rate = r0 * (r1 / r0) ** fp
    else:
        rate = r0 + fp * (r1 - r0)
    return rate, h0 + fp * (h1 - h0)


@njit(**COMPILED)
def hottest(table: BPrimeArrays, pressure: float) -> float:
    """Wall temperature (K) above which the table is held because carbon sublimes without limit."""
    p = table.log_pressure
    log_pressure = np.log(max(pressure, 1.0e-6))
    if p.size == 1:
        return float(table.low + table.last[0] / table.inverse_step)
    i = 0
    while i < p.size - 2 and log_pressure > p[i + 1]:
        i += 1
    f = min(max((log_pressure - p[i]) / (p[i + 1] - p[i]), 0.0), 1.0)
    return float(table.low + (table.last[i] + f * (table.last[i + 1] - table.last[i])) / table.inverse_step)


def no_table() -> BPrimeArrays:
    """For walls without chemistry: no film coefficient may be given then."""
    empty = np.zeros((1, 2, 2))
    return BPrimeArrays(
        np.array([0.0]), np.array([0.0, 1.0]), 0.0, 1.0, np.zeros(1, dtype=np.int64), empty, empty.copy()
    )
