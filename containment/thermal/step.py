# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""One time step of the 1-D stack, up to the linear system: shared by the dolfinx solver and the finite-volume twin.

Energy in a frame that moves with the nodes (velocity w), conservative in everything:
    d/dt int E v dx + int [ E w + k T' + h_g M ] v' dx = q v(wall) - h_b (T - T_b) v(back)
with M the gas flux towards the wall (what leaves solid and pores behind a place, at the pressure of the wall) and q the
balance of `surface` (the enthalpies of gas and char that reach the wall cancel). Variable-step BDF2; histories are
int E v dx of each time, so the geometric conservation law holds exactly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.thermal.bprime import BPrimeArrays, hottest
from containment.thermal.compiled import COMPILED
from containment.thermal.kernel import Points, empty_points, evaluate, virgin
from containment.thermal.remap import place, remap
from containment.thermal.stack import Grid
from containment.thermal.surface import WallNumbers, wall_balance
from containment.thermal.tables import MaterialTables

BURNT_THROUGH = 0.03  # share of the ablator's thickness left; own choice: thinner cells than that are slivers
THINNEST = 0.01  # share below which a step is refused and shortened, so that it ends at burn-through, not beyond
TEMPERATURE_STEP = 0.5  # K, difference quotient of the wall flux: far above rounding, far below the 10 K of the tables


class State(NamedTuple):
    """Accepted history: temperature (N,), extents (P, R + 1) of `Points` now and one step before.

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
    energy: Any
    d_energy: Any
    conductivity: Any
    flux: Any
    d_flux: Any
    wall: Any
    moved: Any
    behind: Any


def new_state(grid: Grid, reactions: int, temperature: Any) -> State:
    """Virgin material at one temperature or those given at the nodes; energies are filled by the solver."""
    n, p = grid.depth.size, grid.point_node.size
    t = np.array(np.broadcast_to(np.asarray(temperature, dtype=float), n))
    return State(t, virgin(p, reactions), virgin(p, reactions), np.zeros(n), np.zeros(n), np.zeros(2))


def new_work(grid: Grid, reactions: int) -> Work:
    """Scratch arrays. wall = (q, dq/dT, m_g, m_c, surface density, prescribed temperature or nan); moved = 0 or 1;
    behind = gas flux (kg/m2/s) out of all cells behind the first."""
    n, p, c = grid.depth.size, grid.point_node.size, grid.cell_points.shape[0]
    cells = [np.zeros((c, 2)) for _ in range(5)]
    return Work(
        np.zeros(n), np.zeros(n), np.zeros(n), virgin(p, reactions), virgin(p, reactions),
        np.zeros((grid.ablator_nodes, 3 + 2 * reactions)), np.zeros(p), np.zeros(p), empty_points(p, reactions),
        cells[0], cells[1], cells[2], cells[3], cells[4], np.zeros(6), np.zeros(1), np.zeros(1),
    )  # fmt: skip


@njit(**COMPILED)
def row_at(time: Any, table: Any, t: float, out: Any) -> None:
    """Linear interpolation of the boundary table at t, held at both ends."""
    i = min(max(int(np.searchsorted(time, t, side="right")) - 1, 0), time.size - 2)
    f = min(max((t - time[i]) / (time[i + 1] - time[i]), 0.0), 1.0)
    for j in range(table.shape[1]):
        out[j] = table[i, j] + f * (table[i + 1, j] - table[i, j])


@njit(inline="always", **COMPILED)
def properties(
    tables: MaterialTables, grid: Grid, state: State, work: Work, temperature: Any, dt: float, c0: float, c1: float,
    c2: float, recession: float, pressure: float,
) -> None:  # fmt: skip
    """Nodes where `recession` (m) puts them, and the materials there at the iterate `temperature` (N,)."""
    s0, s1 = state.recession[0], state.recession[1]
    place(grid, recession, (c0 * recession + c1 * s0 + c2 * s1) / dt, work.position, work.velocity)
    remap(grid, state, work, recession)
    node, new, old, shifted = grid.point_node, work.point_temperature, work.point_old, work.shifted_temperature
    for p in range(node.size):
        new[p], old[p] = temperature[node[p]], shifted[node[p]]
    evaluate(
        tables, grid.point_material, work.point_temperature, work.point_old, work.shifted_extent,
        work.shifted_extent_older, dt, c0, c1, c2, pressure, work.points,
    )  # fmt: skip


@njit(inline="always", **COMPILED)
def react(
    state: State, work: Work, temperature: float, gas: float, dt: float, c0: float, c1: float, c2: float, row: Any,
    wall: WallNumbers, table: BPrimeArrays,
) -> float:  # fmt: skip
    """Fill `work.wall` at the wall temperature K for the gas flux kg/m2/s that reaches it.

    Returns the recession that the char flux of this iterate implies.
    """
    out = work.wall
    out[2], out[4], out[5] = gas, work.points.density[0], row[0]
    if not np.isnan(row[0]):
        out[0], out[1], out[3] = 0.0, 0.0, 0.0
        return state.recession[0]
    h_g, e = work.points.gas_enthalpy[0], work.points.emissivity[0]
    q, m_c = wall_balance(temperature, gas, h_g, e, row, wall, table)
    dh = work.points.d_gas_enthalpy[0] * TEMPERATURE_STEP
    q1, _ = wall_balance(temperature + TEMPERATURE_STEP, gas, h_g + dh, e, row, wall, table)
    out[0], out[1], out[3] = q, (q1 - q) / TEMPERATURE_STEP, m_c
    s0, s1 = state.recession[0], state.recession[1]
    return max((dt * m_c / out[4] - c1 * s0 - c2 * s1) / c0, s0)


@njit(inline="always", **COMPILED)
def wall_reaction(grid: Grid, work: Work, temperature: Any, change: Any, flux: float) -> float:
    """Heat (W/m2) that holds a prescribed wall after the last Newton change (N,) K, from the `flux` before it."""
    m, a, b = work.points, grid.cell_points[0, 0], grid.cell_points[0, 1]
    h = work.position[1] - work.position[0]
    conductance = 0.5 * (m.conductivity[a] + m.conductivity[b]) / h
    slope = (temperature[1] - temperature[0]) / h
    d_flux = m.d_conductivity[b] * slope + m.d_energy[b] * work.velocity[1] + m.d_gas_enthalpy[b] * work.behind[0]
    return float(flux + (conductance + 0.5 * d_flux) * change[1])


@njit(**COMPILED)
def _fluxes(grid: Grid, work: Work, temperature: Any) -> float:
    """Fill energy, conductivity and flux per cell end; returns the gas flux at the wall (integrated from the back)."""
    m, x, velocity, cells = work.points, work.position, work.velocity, grid.cell_points
    energy, d_energy, conductivity, production = m.energy, m.d_energy, m.conductivity, m.production
    d_conductivity, gas_enthalpy, d_gas_enthalpy = m.d_conductivity, m.gas_enthalpy, m.d_gas_enthalpy
    out_e, out_de, out_k, out_f, out_df = work.energy, work.d_energy, work.conductivity, work.flux, work.d_flux
    gas = 0.0
    for c in range(cells.shape[0] - 1, -1, -1):
        a, b = cells[c, 0], cells[c, 1]
        h = x[c + 1] - x[c]
        slope = (temperature[c + 1] - temperature[c]) / h
        work.behind[0] = gas
        for q in range(1, -1, -1):
            p = b if q == 1 else a
            w = velocity[c + q]
            out_e[c, q], out_de[c, q], out_k[c, q] = energy[p], d_energy[p], conductivity[p]
            out_f[c, q] = energy[p] * w + gas_enthalpy[p] * gas
            out_df[c, q] = d_conductivity[p] * slope + d_energy[p] * w + d_gas_enthalpy[p] * gas
            if q == 1:
                gas += 0.5 * h * (production[a] + production[b])
    return gas


@njit(**COMPILED)
def prepare(
    tables: MaterialTables, grid: Grid, state: State, work: Work, temperature: Any, dt: float, c0: float, c1: float,
    c2: float, recession: float, row: Any, wall: WallNumbers, table: BPrimeArrays,
) -> float:  # fmt: skip
    """Everything assembled forms need at the iterate `temperature` (N,) and `recession` m; see `react`.

    Fills per cell end: energy E, d_energy, conductivity k, flux = E w + h_g M (without conduction) and
    d_flux = dk T' + dE w + dh_g M. The gas flux is not differentiated (it lags one iteration, not one step).
    """
    properties(tables, grid, state, work, temperature, dt, c0, c1, c2, recession, row[3])
    gas = _fluxes(grid, work, temperature)
    return react(state, work, temperature[0], gas, dt, c0, c1, c2, row, wall, table)


@njit(inline="always", **COMPILED)
def out_of_range(tables: MaterialTables, grid: Grid, temperature: Any) -> bool:
    """Whether a node is outside the tables of a material it belongs to."""
    for p in range(grid.point_node.size):
        t, m = temperature[grid.point_node[p]], grid.point_material[p]
        if t < tables.low[m] or t > tables.high[m]:
            return True
    return False


@njit(inline="always", **COMPILED)
def front(grid: Grid, tables: MaterialTables, work: Work, level: float) -> float:
    """Depth (m) where the ablator is `level` virgin, (rho - rho_c)/(rho_v - rho_c), sought from the surface in."""
    span = tables.virgin_density[0] - tables.char_density[0]
    if not tables.reacting[0] or span <= 0.0:
        return work.position[0]
    density, x = work.points.density, work.position
    wanted = tables.char_density[0] + level * span
    for j in range(grid.ablator_nodes):
        if density[j] > wanted:
            if j == 0:
                return x[0]
            f = (wanted - density[j - 1]) / (density[j] - density[j - 1])
            return x[j - 1] + f * (x[j] - x[j - 1])
    return x[grid.ablator_nodes - 1]


@njit(inline="always", **COMPILED)
def observe(
    grid: Grid, tables: MaterialTables, state: State, work: Work, time: float, flux: float, row: Any, wall: WallNumbers,
    table: BPrimeArrays, out: Any,
) -> None:  # fmt: skip
    """Fill the row of an accepted step, columns as in `history`."""
    out[0], out[1], out[2], out[3], out[4], out[7] = time, state.recession[0], work.wall[2], work.wall[3], flux, 0.0
    out[5], out[6] = front(grid, tables, work, 0.98), front(grid, tables, work, 0.02)
    if wall.chemistry and row[1] > 0.0 and np.isnan(row[0]) and state.temperature[0] > hottest(table, row[3]):
        out[7] = 1.0


@njit(**COMPILED)
def mass(grid: Grid, work: Work) -> float:
    """Mass of all layers and of the gas in their pores per area, kg/m2."""
    total, density, extent = 0.0, work.points.density, work.points.extent
    pores = extent.shape[1] - 1
    for c in range(grid.cell_points.shape[0]):
        h = work.position[c + 1] - work.position[c]
        a, b = grid.cell_points[c, 0], grid.cell_points[c, 1]
        total += 0.5 * h * (density[a] + density[b] + extent[a, pores] + extent[b, pores])
    return total


@njit(inline="always", **COMPILED)
def accept(grid: Grid, state: State, work: Work, temperature: Any, change: Any, recession: float) -> None:
    """Make the step just computed the history of the next.

    `change` (N,) K was subtracted last, after the points were evaluated: the energy follows it to first order.
    """
    n, now, points, d_points, cells = (
        grid.depth.size,
        state.energy,
        work.points.energy,
        work.points.d_energy,
        grid.cell_points,
    )
    for j in range(n):
        state.energy_older[j], now[j], state.temperature[j] = now[j], 0.0, temperature[j]
    for c in range(n - 1):
        half, a, b = 0.5 * (work.position[c + 1] - work.position[c]), cells[c, 0], cells[c, 1]
        now[c] += half * (points[a] - d_points[a] * change[c])
        now[c + 1] += half * (points[b] - d_points[b] * change[c + 1])
    extent, older, shifted, new = state.extent, state.extent_older, work.shifted_extent, work.points.extent
    for p in range(extent.shape[0]):
        for r in range(extent.shape[1]):
            older[p, r], extent[p, r] = shifted[p, r], new[p, r]
    state.recession[1] = state.recession[0]
    state.recession[0] = recession


@njit(**COMPILED)
def initialise(tables: MaterialTables, grid: Grid, state: State, work: Work, pressure: float) -> None:
    """Energy and pore gas of the initial state (virgin, at rest)."""
    place(grid, 0.0, 0.0, work.position, work.velocity)
    for p in range(grid.point_node.size):
        work.point_temperature[p] = state.temperature[grid.point_node[p]]
    evaluate(
        tables, grid.point_material, work.point_temperature, work.point_temperature, state.extent, state.extent,
        1.0e-12, 1.0, -1.0, 0.0, pressure, work.points,
    )  # fmt: skip
    pores = state.extent.shape[1] - 1
    for p in range(grid.point_node.size):
        state.extent[p, pores] = state.extent_older[p, pores] = work.points.extent[p, pores]
    state.energy[:] = 0.0
    for c in range(grid.cell_points.shape[0]):
        half = 0.5 * (work.position[c + 1] - work.position[c])
        for q in range(2):
            state.energy[c + q] += half * work.points.energy[grid.cell_points[c, q]]
    for j in range(state.energy.size):
        state.energy_older[j] = state.energy[j]


# Ledger of a run: energy in by the scheme, its last increment, its worst error, sum of its sizes; energy in by the
# trapezoidal rule, its worst error, the last net flux; mass out by the scheme and its last increment.
_IN, _INCREMENT, WORST, SIZE, _PLAIN, WORST_PLAIN, _FLUX, MASS_OUT, _MASS = range(9)
LEDGER = 9


@njit(inline="always", **COMPILED)
def tally(ledger: Any, dt: float, c0: float, c2: float, flux: float, mass_flux: float, stored: float) -> None:
    """Carry the balances over a step.

    `flux` W/m2 net into the stack, `mass_flux` kg/m2/s out of it, `stored` J/m2 since the start. BDF2 stores increments
    D with c0 D = c2 D_old + dt flux: summed that way what went in must be what is stored, to what the iterations leave.
    The trapezoidal sum is not that of the scheme: what it misses shows how well the steps resolve the fluxes.
    """
    ledger[_INCREMENT] = (c2 * ledger[_INCREMENT] + dt * flux) / c0
    ledger[_MASS] = (c2 * ledger[_MASS] + dt * mass_flux) / c0
    ledger[_IN] += ledger[_INCREMENT]
    ledger[SIZE] += abs(ledger[_INCREMENT])
    ledger[MASS_OUT] += ledger[_MASS]
    ledger[WORST] = max(ledger[WORST], abs(stored - ledger[_IN]))
    # Backward where the step was implicit Euler: the flux before it belongs to the other side of a kink.
    ledger[_PLAIN] += dt * flux if c2 == 0.0 else 0.5 * dt * (flux + ledger[_FLUX])
    ledger[WORST_PLAIN] = max(ledger[WORST_PLAIN], abs(stored - ledger[_PLAIN]))
    ledger[_FLUX] = flux
