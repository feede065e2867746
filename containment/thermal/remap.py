# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""What moves when the surface recedes: nodes of the ablator, and the material history carried to where they are now.

Extents and old temperature are carried by monotone cubic interpolation: no new extremes, third order where smooth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit

from containment.thermal.compiled import COMPILED
from containment.thermal.stack import Grid

if TYPE_CHECKING:
    from containment.thermal.step import State, Work


@njit(inline="always", **COMPILED)
def place(grid: Grid, recession: float, rate: float, position: Any, velocity: Any) -> None:
    """Node positions (depth from the original surface) and velocities for a recession and its rate."""
    depth = grid.ablator_depth
    for j in range(grid.depth.size):
        if j < grid.ablator_nodes:
            left = 1.0 - grid.depth[j] / depth
            position[j] = grid.depth[j] + left * recession
            velocity[j] = left * rate
        else:
            position[j] = grid.depth[j]
            velocity[j] = 0.0


@njit(**COMPILED)
def monotone_slopes(x: Any, y: Any, n: int, out: Any, column: int) -> None:
    """Slopes of a monotone cubic interpolant: parabolic, limited to three times the smaller neighbour.

    Fritsch & Carlson, SIAM J. Numer. Anal. 17(2), 1980; limiter of Hyman, SIAM J. Sci. Stat. Comput. 4(4), 1983.
    """
    before = (y[1] - y[0]) / (x[1] - x[0])
    out[0, column] = before
    for j in range(1, n - 1):
        after = (y[j + 1] - y[j]) / (x[j + 1] - x[j])
        if before * after <= 0.0:
            out[j, column] = 0.0
        else:
            h0, h1 = x[j] - x[j - 1], x[j + 1] - x[j]
            slope = (h1 * before + h0 * after) / (h0 + h1)
            limit = 3.0 * min(abs(before), abs(after))
            out[j, column] = min(max(slope, -limit), limit)
        before = after
    out[n - 1, column] = before


@njit(**COMPILED)
def _hermite(h: float, f: float, y0: float, y1: float, d0: float, d1: float) -> float:
    g = 1.0 - f
    return y0 * (1.0 + 2.0 * f) * g * g + y1 * f * f * (3.0 - 2.0 * f) + h * f * g * (d0 * g - d1 * f)


@njit(inline="always", **COMPILED)
def _unshifted(state: State, work: Work) -> None:
    """Material history as it is, for nodes that have not moved since."""
    t, y, z = work.shifted_temperature, work.shifted_extent, work.shifted_extent_older
    t0, y0, z0 = state.temperature, state.extent, state.extent_older
    for j in range(t.size):
        t[j] = t0[j]
    for p in range(y.shape[0]):
        for r in range(y.shape[1]):
            y[p, r], z[p, r] = y0[p, r], z0[p, r]
    work.moved[0] = 0.0


@njit(inline="always", **COMPILED)
def prepare_remap(grid: Grid, state: State, work: Work, recedes: bool) -> None:
    """History at rest, and if the wall can recede the slopes of old temperature and extents; once per step."""
    _unshifted(state, work)
    if not recedes:
        return
    n = grid.ablator_nodes
    place(grid, state.recession[0], 0.0, work.position, work.velocity)
    monotone_slopes(work.position, state.temperature, n, work.slopes, 0)
    reactions = state.extent.shape[1]
    for r in range(reactions):
        monotone_slopes(work.position, state.extent[:, r], n, work.slopes, 1 + r)
        monotone_slopes(work.position, state.extent_older[:, r], n, work.slopes, 1 + reactions + r)


@njit(inline="always", **COMPILED)
def remap(grid: Grid, state: State, work: Work, recession: float) -> None:
    """Old temperature and extents at the material that is at the nodes now (the first n points are the ablator's)."""
    shift = recession - state.recession[0]
    if shift <= 0.0:
        if work.moved[0] > 0.0:
            _unshifted(state, work)
        return
    work.moved[0] = 1.0
    n, depth, s = grid.ablator_nodes, grid.ablator_depth, state.recession[0]
    reactions = state.extent.shape[1]
    stretch = (depth - s) / depth
    i = 0
    for j in range(n - 1):
        left = 1.0 - grid.depth[j] / depth
        x = grid.depth[j] + left * recession
        while i < n - 2 and s + stretch * grid.depth[i + 1] < x:
            i += 1
        x0, h = s + stretch * grid.depth[i], stretch * (grid.depth[i + 1] - grid.depth[i])
        f = min((x - x0) / h, 1.0)
        d = work.slopes
        work.shifted_temperature[j] = _hermite(
            h, f, state.temperature[i], state.temperature[i + 1], d[i, 0], d[i + 1, 0]
        )
        for r in range(reactions):
            a, b = 1 + r, 1 + reactions + r
            y, z = state.extent[:, r], state.extent_older[:, r]
            work.shifted_extent[j, r] = _hermite(h, f, y[i], y[i + 1], d[i, a], d[i + 1, a])
            work.shifted_extent_older[j, r] = _hermite(h, f, z[i], z[i + 1], d[i, b], d[i + 1, b])
