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

from containment.thermal.bprime import BPrimeArrays, hottest
from containment.thermal.kernel import MaterialTables, Points, empty_points, evaluate
from containment.thermal.stack import Grid
from containment.thermal.surface import WallNumbers, wall_balance

TEMPERATURE_STEP = 0.5  # K, difference quotient of the wall flux: far above rounding, far below the 10 K of the tables


class State(NamedTuple):
    """Accepted history: temperature (N,), extents (P, R) now and one step before.

    recession = (s now, s before) m; energy, energy_older (N,) = int E v dx, J/m2.
    """

    temperature: Any
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
    moved: Any


def new_state(grid: Grid, reactions: int, temperature: Any) -> State:
    """Virgin material at one temperature or those given at the nodes; energies are filled by the solver."""
    n, p = grid.depth.size, grid.point_node.size
    t = np.array(np.broadcast_to(np.asarray(temperature, dtype=float), n))
    ones = np.ones((p, reactions))
    return State(t, ones, ones.copy(), np.zeros(n), np.zeros(n), np.zeros(2))


def new_work(grid: Grid, reactions: int) -> Work:
    """Scratch arrays. wall = (q, dq/dT, m_g, m_c, surface density, prescribed temperature or nan); moved = 0 or 1."""
    n, p, c = grid.depth.size, grid.point_node.size, grid.cell_points.shape[0]
    cells = [np.zeros((c, 2)) for _ in range(6)]
    return Work(
        np.zeros(n), np.zeros(n), np.zeros(n), np.ones((p, reactions)), np.ones((p, reactions)),
        np.zeros((grid.ablator_nodes, 1 + 2 * reactions)), np.zeros(p), np.zeros(p), empty_points(p, reactions),
        cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], np.zeros(6),
        np.zeros(1),
    )  # fmt: skip


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


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
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
def _fluxes(grid: Grid, work: Work, temperature: Any) -> float:
    """Fill energy, conductivity and flux per cell end and the gas flux (integrated from the back); gas at the wall."""
    m, x, velocity, cells = work.points, work.position, work.velocity, grid.cell_points
    energy, d_energy, conductivity, production = m.energy, m.d_energy, m.conductivity, m.production
    d_conductivity, gas_enthalpy, d_gas_enthalpy = m.d_conductivity, m.gas_enthalpy, m.d_gas_enthalpy
    out_e, out_de, out_k, out_f, out_df = work.energy, work.d_energy, work.conductivity, work.flux, work.d_flux
    gas_flux = work.gas_flux
    gas = 0.0
    for c in range(cells.shape[0] - 1, -1, -1):
        a, b = cells[c, 0], cells[c, 1]
        h = x[c + 1] - x[c]
        slope = (temperature[c + 1] - temperature[c]) / h
        for q in range(1, -1, -1):
            p = b if q == 1 else a
            w = velocity[c + q]
            gas_flux[c, q] = gas
            out_e[c, q], out_de[c, q], out_k[c, q] = energy[p], d_energy[p], conductivity[p]
            out_f[c, q] = energy[p] * w + gas_enthalpy[p] * gas
            out_df[c, q] = d_conductivity[p] * slope + d_energy[p] * w + d_gas_enthalpy[p] * gas
            if q == 1:
                gas += 0.5 * h * (production[a] + production[b])
    return gas


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
    node, new, old, shifted = grid.point_node, work.point_temperature, work.point_old, work.shifted_temperature
    for p in range(node.size):
        new[p], old[p] = temperature[node[p]], shifted[node[p]]
    evaluate(
        tables, grid.point_material, work.point_temperature, work.point_old, work.shifted_extent,
        work.shifted_extent_older, dt, c0, c1, c2, row[3], work.points,
    )  # fmt: skip
    gas = _fluxes(grid, work, temperature)
    if not np.isnan(row[0]):
        work.wall[:] = 0.0
        work.wall[2], work.wall[4], work.wall[5] = gas, work.points.density[0], row[0]
        return s0
    work.wall[5] = np.nan
    _wall(temperature[0], work, row, wall, table)
    return max((dt * work.wall[3] / work.wall[4] - c1 * s0 - c2 * s1) / c0, s0)


@njit(cache=True, error_model="numpy")
def out_of_range(tables: MaterialTables, grid: Grid, temperature: Any) -> bool:
    """Whether a node is outside the tables of a material it belongs to."""
    for p in range(grid.point_node.size):
        t, m = temperature[grid.point_node[p]], grid.point_material[p]
        if t < tables.low[m] or t > tables.high[m]:
            return True
    return False


@njit(cache=True, error_model="numpy")
def front(grid: Grid, tables: MaterialTables, work: Work, level: float) -> float:
    """Depth (m) where the ablator is `level` virgin, (rho - rho_c)/(rho_v - rho_c), sought from the surface in."""
    span = tables.virgin_density[0] - tables.char_density[0]
    if not tables.reacting[0] or span <= 0.0:
        return work.position[0]
    before = 0.0
    for j in range(grid.ablator_nodes):
        virgin = (work.points.density[j] - tables.char_density[0]) / span
        if virgin > level:
            if j == 0:
                return work.position[0]
            f = (level - before) / (virgin - before)
            return work.position[j - 1] + f * (work.position[j] - work.position[j - 1])
        before = virgin
    return work.position[grid.ablator_nodes - 1]


@njit(cache=True, error_model="numpy")
def observe(
    grid: Grid, tables: MaterialTables, state: State, work: Work, time: float, flux: float, row: Any, wall: WallNumbers,
    table: BPrimeArrays, out: Any,
) -> None:  # fmt: skip
    """Fill the row of an accepted step, columns as in `history`."""
    out[0], out[1], out[2], out[3], out[4], out[7] = time, state.recession[0], work.wall[2], work.wall[3], flux, 0.0
    out[5], out[6] = front(grid, tables, work, 0.98), front(grid, tables, work, 0.02)
    if wall.chemistry and row[1] > 0.0 and np.isnan(row[0]) and state.temperature[0] > hottest(table, row[3]):
        out[7] = 1.0


@njit(cache=True, error_model="numpy")
def solid_mass(grid: Grid, work: Work) -> float:
    """Mass of all layers per area, kg/m2."""
    total = 0.0
    for c in range(grid.cell_points.shape[0]):
        h = work.position[c + 1] - work.position[c]
        a, b = grid.cell_points[c, 0], grid.cell_points[c, 1]
        total += 0.5 * h * (work.points.density[a] + work.points.density[b])
    return total


@njit(cache=True, error_model="numpy")
def accept(grid: Grid, state: State, work: Work, temperature: Any, change: Any, recession: float) -> None:
    """Make the step just computed the history of the next.

    `change` (N,) K was subtracted last, after the points were evaluated: the energy follows it to first order.
    """
    n = grid.depth.size
    state.energy_older[:] = state.energy
    state.energy[:] = 0.0
    for c in range(n - 1):
        half = 0.5 * (work.position[c + 1] - work.position[c])
        for q in range(2):
            state.energy[c + q] += half * (work.energy[c, q] - work.d_energy[c, q] * change[c + q])
    for j in range(n):
        state.temperature[j] = temperature[j]
    extent, older, shifted, new = state.extent, state.extent_older, work.shifted_extent, work.points.extent
    for p in range(extent.shape[0]):
        for r in range(extent.shape[1]):
            older[p, r], extent[p, r] = shifted[p, r], new[p, r]
    state.recession[1] = state.recession[0]
    state.recession[0] = recession


@njit(cache=True, error_model="numpy")
def initialise(tables: MaterialTables, grid: Grid, state: State, work: Work, pressure: float) -> None:
    """Energy of the initial state (virgin, at rest)."""
    place(grid, 0.0, 0.0, work.position, work.velocity)
    for p in range(grid.point_node.size):
        work.point_temperature[p] = state.temperature[grid.point_node[p]]
    evaluate(
        tables, grid.point_material, work.point_temperature, work.point_temperature, state.extent, state.extent,
        1.0e-12, 1.0, -1.0, 0.0, pressure, work.points,
    )  # fmt: skip
    state.energy[:] = 0.0
    for c in range(grid.cell_points.shape[0]):
        half = 0.5 * (work.position[c + 1] - work.position[c])
        for q in range(2):
            state.energy[c + q] += half * work.points.energy[grid.cell_points[c, q]]
    state.energy_older[:] = state.energy


LEDGER = 6  # energy in, its absolute sum, mass out, worst energy error, last net flux, last mass flux


@njit(cache=True, error_model="numpy")
def tally(ledger: Any, dt: float, flux: float, mass_flux: float, restarted: bool, stored: float) -> None:
    """Carry the balances over a step: trapezoidal in time, backward where the step was implicit Euler.

    `flux` W/m2 net into the stack, `mass_flux` kg/m2/s out of it, `stored` J/m2 since the start. The quadrature is not
    that of the scheme, so the closure shows the error of the steps too, not only that of the equations.
    """
    weight = 1.0 if restarted else 0.5
    mean = weight * flux + (1.0 - weight) * ledger[4]
    ledger[0] += dt * mean
    ledger[1] += dt * abs(mean)
    ledger[2] += dt * (weight * mass_flux + (1.0 - weight) * ledger[5])
    ledger[3] = max(ledger[3], abs(stored - ledger[0]))
    ledger[4], ledger[5] = flux, mass_flux
