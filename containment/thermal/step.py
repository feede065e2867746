# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""One time step of the 1-D stack, up to the linear system: shared by the dolfinx solver and the finite-volume twin.

Energy in a frame that moves with the nodes (velocity w), conservative in everything:
    d/dt int E v dx + int [ E w + k T' + h_g M ] v' dx = q v(wall) - h_b (T - T_b) v(back)
with M the gas flux towards the wall and q the balance of `surface` (the enthalpies of gas and char that reach the wall
cancel). Variable-step BDF2; histories are int E v dx of each time, so the geometric conservation law holds exactly.
Material history (extents, old temperature) is carried to the new nodes by monotone cubic interpolation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.thermal.bprime import BPrimeArrays
from containment.thermal.kernel import MaterialTables, Points, empty_points, evaluate
from containment.thermal.stack import Grid
from containment.thermal.surface import WallNumbers, wall_balance

TEMPERATURE_STEP = 0.5  # K, difference quotient of the wall flux: far above rounding, far below the 10 K of the tables


class State(NamedTuple):
    """Accepted history: temperature (N,), extents (P, R) now and one step before.

    recession = (s now, s before) m; energy, energy_older (N,) = int E v dx, J/m2.
    """

    temperature: Any
    temperature_older: Any
    extent: Any
    extent_older: Any
    energy: Any
    energy_older: Any
    recession: Any


class Work(NamedTuple):
    """Scratch of one step. System per cell end (C, 2): energy, d_energy, conductivity, flux, d_flux; see `prepare`."""

    position: Any
    velocity: Any
    shifted_temperature: Any
    shifted_extent: Any
    shifted_extent_older: Any
    slopes: Any
    point_temperature: Any
    point_old: Any
    points: Points
    gas_flux: Any
    energy: Any
    d_energy: Any
    conductivity: Any
    flux: Any
    d_flux: Any
    wall: Any


def new_state(grid: Grid, reactions: int, temperature: float) -> State:
    """Virgin material at one temperature; energies are filled by the solver."""
    n, p = grid.depth.size, grid.point_node.size
    t = np.full(n, float(temperature))
    ones = np.ones((p, reactions))
    return State(t, t.copy(), ones, ones.copy(), np.zeros(n), np.zeros(n), np.zeros(2))


def new_work(grid: Grid, reactions: int) -> Work:
    """Scratch arrays. wall = (q, dq/dT, m_g, m_c, surface density, prescribed temperature or nan)."""
    n, p, c = grid.depth.size, grid.point_node.size, grid.cell_points.shape[0]
    cells = [np.zeros((c, 2)) for _ in range(6)]
    return Work(
        np.zeros(n), np.zeros(n), np.zeros(n), np.ones((p, reactions)), np.ones((p, reactions)),
        np.zeros((grid.ablator_nodes, 1 + 2 * reactions)), np.zeros(p), np.zeros(p), empty_points(p, reactions),
        cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], np.zeros(6),
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def coefficients(dt: float, dt_old: float) -> tuple:
    """BDF coefficients (c0, c1, c2) of variable-step BDF2; dt_old <= 0 starts with implicit Euler."""
    if dt_old <= 0.0:
        return 1.0, -1.0, 0.0
    r = dt / dt_old
    return (1.0 + 2.0 * r) / (1.0 + r), -(1.0 + r), r * r / (1.0 + r)


@njit(cache=True, error_model="numpy")
def row_at(time: Any, table: Any, t: float, out: Any) -> None:
    """Linear interpolation of the boundary table at t, held at both ends."""
    i = min(max(int(np.searchsorted(time, t, side="right")) - 1, 0), time.size - 2)
    f = min(max((t - time[i]) / (time[i + 1] - time[i]), 0.0), 1.0)
    for j in range(table.shape[1]):
        out[j] = table[i, j] + f * (table[i + 1, j] - table[i, j])


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def _hermite(h: float, f: float, y0: float, y1: float, d0: float, d1: float) -> float:
    g = 1.0 - f
    return y0 * (1.0 + 2.0 * f) * g * g + y1 * f * f * (3.0 - 2.0 * f) + h * f * g * (d0 * g - d1 * f)


@njit(cache=True, error_model="numpy")
def prepare_remap(grid: Grid, state: State, work: Work) -> None:
    """Slopes of old temperature and extents over the ablator at the old positions; once per step."""
    n = grid.ablator_nodes
    place(grid, state.recession[0], 0.0, work.position, work.velocity)
    monotone_slopes(work.position, state.temperature, n, work.slopes, 0)
    reactions = state.extent.shape[1]
    for r in range(reactions):
        monotone_slopes(work.position, state.extent[:, r], n, work.slopes, 1 + r)
        monotone_slopes(work.position, state.extent_older[:, r], n, work.slopes, 1 + reactions + r)


@njit(cache=True, error_model="numpy")
def remap(grid: Grid, state: State, work: Work, recession: float) -> None:
    """Old temperature and extents at the material that is at the nodes now (the first n points are the ablator's)."""
    work.shifted_temperature[:] = state.temperature
    work.shifted_extent[:] = state.extent
    work.shifted_extent_older[:] = state.extent_older
    shift = recession - state.recession[0]
    if shift <= 0.0:
        return
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


@njit(cache=True, error_model="numpy")
def _wall(temperature: float, work: Work, row: Any, wall: WallNumbers, table: BPrimeArrays) -> None:
    """Fill work.wall with flux, its derivative, gas and char flux and surface density."""
    m_g, h_g, e = work.gas_flux[0, 0], work.points.gas_enthalpy[0], work.points.emissivity[0]
    q, m_c = wall_balance(temperature, m_g, h_g, e, row, wall, table)
    dh = work.points.d_gas_enthalpy[0] * TEMPERATURE_STEP
    q1, _ = wall_balance(temperature + TEMPERATURE_STEP, m_g, h_g + dh, e, row, wall, table)
    work.wall[0], work.wall[1] = q, (q1 - q) / TEMPERATURE_STEP
    work.wall[2], work.wall[3], work.wall[4] = m_g, m_c, work.points.density[0]


@njit(cache=True, error_model="numpy")
def prepare(
    tables: MaterialTables, grid: Grid, state: State, work: Work, temperature: Any, dt: float, c0: float, c1: float,
    c2: float, recession: float, row: Any, wall: WallNumbers, table: BPrimeArrays,
) -> float:  # fmt: skip
    """Everything the linear system needs at the iterate `temperature` (N,) and `recession` m.

    Returns the recession that the char flux of this iterate implies.
    Fills per cell end: energy E, d_energy, conductivity k, flux = E w + h_g M (without conduction) and
    d_flux = dk T' + dE w + dh_g M. The gas flux is not differentiated (it lags one iteration, not one step).
    """
    s0, s1 = state.recession[0], state.recession[1]
    place(grid, recession, (c0 * recession + c1 * s0 + c2 * s1) / dt, work.position, work.velocity)
    remap(grid, state, work, recession)
    for p in range(grid.point_node.size):
        work.point_temperature[p] = temperature[grid.point_node[p]]
        work.point_old[p] = work.shifted_temperature[grid.point_node[p]]
    evaluate(
        tables, grid.point_material, work.point_temperature, work.point_old, work.shifted_extent,
        work.shifted_extent_older, dt, c0, c1, c2, row[3], work.points,
    )  # fmt: skip
    m = work.points
    gas = 0.0
    for c in range(grid.cell_points.shape[0] - 1, -1, -1):
        a, b = grid.cell_points[c, 0], grid.cell_points[c, 1]
        h = work.position[c + 1] - work.position[c]
        slope = (temperature[c + 1] - temperature[c]) / h
        work.gas_flux[c, 1] = gas
        gas += 0.5 * h * (m.production[a] + m.production[b])
        work.gas_flux[c, 0] = gas
        for q in range(2):
            p = a if q == 0 else b
            w, f = work.velocity[c + q], work.gas_flux[c, q]
            work.energy[c, q], work.d_energy[c, q], work.conductivity[c, q] = (
                m.energy[p],
                m.d_energy[p],
                m.conductivity[p],
            )
            work.flux[c, q] = m.energy[p] * w + m.gas_enthalpy[p] * f
            work.d_flux[c, q] = m.d_conductivity[p] * slope + m.d_energy[p] * w + m.d_gas_enthalpy[p] * f
    if not np.isnan(row[0]):
        work.wall[:] = 0.0
        work.wall[2], work.wall[4], work.wall[5] = gas, m.density[0], row[0]
        return s0
    work.wall[5] = np.nan
    _wall(temperature[0], work, row, wall, table)
    return max((dt * work.wall[3] / m.density[0] - c1 * s0 - c2 * s1) / c0, s0)


@njit(cache=True, error_model="numpy")
def node_sums(grid: Grid, work: Work, values: Any, out: Any) -> None:
    """int f v dx of point values (P,) at the nodes (N,), trapezoidal in each cell."""
    out[:] = 0.0
    for c in range(grid.cell_points.shape[0]):
        half = 0.5 * (work.position[c + 1] - work.position[c])
        out[c] += half * values[grid.cell_points[c, 0]]
        out[c + 1] += half * values[grid.cell_points[c, 1]]
