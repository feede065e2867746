# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""Fast twin of the 1-D heat shield: finite volumes on the same nodes, compiled as a whole (rung 1 of the ladder).

Shares the material kernel, the wall balance and the step rules with the DOLFINx solver; its own are the assembly
(fluxes between node-centred volumes) with the elimination in the same sweep from the back to the wall, and the time
loop. A test holds both together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from containment.thermal import step, stepping
from containment.thermal.bprime import BPrimeArrays
from containment.thermal.compiled import COMPILED
from containment.thermal.heatshield import LARGEST_CHANGE, SURFACE_CHANGE, check_boundary
from containment.thermal.history import ADIABATIC, COLUMNS, RECESSION, TIME, BackFace, History, assemble, closed
from containment.thermal.outcome import Loss, Moment, loss_between, not_converged, outside_tables
from containment.thermal.remap import prepare_remap
from containment.thermal.stack import Grid, Stack
from containment.thermal.step import State, Work
from containment.thermal.stepping import AGAIN, DEFAULT, STUCK, Pace, Stepping, StepRules
from containment.thermal.surface import WallHistory, WallModel, WallNumbers, back_at, back_loss
from containment.thermal.tables import MaterialTables

_DONE, _FULL, _STUCK, _ENDED = 0, 1, 2, 3
_ROWS, _PASSES = 0, 1  # counters of a march: rows of the record filled, passes of Newton
_BLOCK = 1024  # steps the record grows by


@njit(inline="always", **COMPILED)
def _sweep(grid: Grid, work: Work, t: Any, rate: float, known: Any, back: Any, system: Any) -> tuple:
    """Balances of the volumes around the nodes, eliminated from the back; (residual of the wall's volume, its pivot,
    its balance with all others eliminated, gas flux at the wall), without the flux through the wall.

    system = (lower, inverse pivot, balance) of the other nodes, for `_unroll`.
    """
    m, x, velocity, cells = work.points, work.position, work.velocity, grid.cell_points
    energy, d_energy, conductivity, d_conductivity = m.energy, m.d_energy, m.conductivity, m.d_conductivity
    enthalpy, d_enthalpy, production = m.gas_enthalpy, m.d_gas_enthalpy, m.production
    lower, inverse, balance = system[0], system[1], system[2]
    loss, loss_slope = back_loss(back, t[t.size - 1])
    gas, raw, diagonal, eliminated = 0.0, loss, loss_slope, 0.0  # of the node behind the cell, from the cells behind it
    for c in range(cells.shape[0] - 1, -1, -1):
        a, b = cells[c, 0], cells[c, 1]
        h = x[c + 1] - x[c]
        per_h = 1.0 / h
        conductance, half = 0.5 * (conductivity[a] + conductivity[b]) * per_h, 0.5 * h * rate
        difference = t[c + 1] - t[c]
        slope, wa, wb = difference * per_h, velocity[c], velocity[c + 1]
        d1 = 0.5 * (d_conductivity[b] * slope + d_energy[b] * wb + d_enthalpy[b] * gas)
        flow = energy[b] * wb + enthalpy[b] * gas
        work.behind[0] = gas
        gas += 0.5 * h * (production[a] + production[b])
        d0 = 0.5 * (d_conductivity[a] * slope + d_energy[a] * wa + d_enthalpy[a] * gas)
        flow = conductance * difference + 0.5 * (flow + energy[a] * wa + enthalpy[a] * gas)
        low, up = d0 - conductance, -d1 - conductance
        pivot = 1.0 / (diagonal + half * d_energy[b] + conductance + d1)
        right = raw + half * energy[b] + flow + known[c + 1] - eliminated
        lower[c + 1], inverse[c + 1], balance[c + 1] = low, pivot, right
        share = up * pivot
        eliminated = share * right
        diagonal = half * d_energy[a] + conductance - d0 - share * low
        raw = half * energy[a] - flow
    raw += known[0]
    return raw, diagonal, raw - eliminated, gas


@njit(inline="always", **COMPILED)
def _unroll(system: Any, first: float) -> float:
    """Newton changes from the wall inwards, into system[2]; returns the largest."""
    lower, inverse, change = system[0], system[1], system[2]
    change[0] = first
    largest = abs(first)
    for j in range(1, change.size):
        first = (change[j] - lower[j] * first) * inverse[j]
        change[j] = first
        largest = max(largest, abs(first))
    return largest


@njit(inline="always", **COMPILED)
def _attempt(
    tables: MaterialTables, grid: Grid, state: State, work: Work, t: Any, dt: float, dt_old: float, row: Any,
    wall: WallNumbers, table: BPrimeArrays, rules: StepRules, back: Any, system: Any, residuals: Any,
) -> tuple:  # fmt: skip
    """Newton for one step: (passes or 0 if not converged, recession, wall flux); system[2] keeps the last update."""
    c0, c1, c2 = stepping.coefficients(dt, dt_old)
    change, known = system[2], system[3]
    s, rate, f1, f2 = state.recession[0], c0 / dt, c1 / dt, c2 / dt
    if c2 != 0.0:
        s += (state.recession[0] - state.recession[1]) * dt / dt_old
    prescribed = not np.isnan(row[0])
    if prescribed:
        t[0] = row[0]
    prepare_remap(grid, state, work, wall.recedes and wall.chemistry)
    for j in range(t.size):
        known[j] = f1 * state.energy[j] + f2 * state.energy_older[j]
    residuals[:] = 0.0
    deepest = (1.0 - step.THINNEST) * grid.ablator_depth
    for passes in range(rules.iterations):
        step.properties(tables, grid, state, work, t, dt, c0, c1, c2, s, row[3])
        reaction, pivot, right, gas = _sweep(grid, work, t, rate, known, back, system)
        implied = step.react(state, work, t[0], gas, dt, c0, c1, c2, row, wall, table)
        first = 0.0 if prescribed else (right - work.wall[0]) / (pivot - work.wall[1])
        largest = _unroll(system, first)
        residuals[passes] = largest
        if not np.isfinite(largest) or implied > deepest:
            return 0, s, 0.0
        scale = min(1.0, LARGEST_CHANGE / max(largest, 1.0e-300))
        for j in range(t.size):
            t[j] -= scale * change[j]
        moved, s = abs(implied - s), implied
        before = residuals[passes - 1] if passes > 0 else 0.0
        if moved < SURFACE_CHANGE and stepping.converged(rules, largest, before):
            if prescribed:
                return passes + 1, s, step.wall_reaction(grid, work, t, change, reaction)
            return passes + 1, s, work.wall[0] - work.wall[1] * first
    return 0, s, 0.0


@njit(**COMPILED)
def _march(
    tables: MaterialTables, grid: Grid, state: State, work: Work, times: Any, table_rows: Any, wall: WallNumbers,
    table: BPrimeArrays, rules: StepRules, back: Any, pace: Pace, record: Any, profile: Any, counters: Any,
    ledger: Any, residuals: Any, scratch: Any, row: Any, start_energy: float,
) -> int:  # fmt: skip
    """March until the last stop, the end of the shield or until the record is full (call again); returns the status."""
    n = state.temperature.size
    system, guess = scratch[:4], scratch[4]
    while stepping.ahead(pace):
        filled = counters[_ROWS]
        if filled == record.shape[0]:
            return _FULL
        time, dt, dt_old = stepping.propose(pace, guess)
        step.row_at(times, table_rows, time, row)
        back_at(back, row)
        passes, s, flux = _attempt(
            tables, grid, state, work, guess, dt, dt_old, row, wall, table, rules, back, system, residuals
        )
        verdict = stepping.settle(rules, pace, passes > 0, guess)
        if verdict == STUCK:
            return _STUCK
        if verdict == AGAIN:
            continue
        step.accept(grid, state, work, guess, system[2], s)
        net, lost = flux - back_loss(back, state.temperature[n - 1])[0], work.wall[2] + work.wall[3]
        c0, _, c2 = stepping.coefficients(dt, dt_old)
        step.tally(ledger, dt, c0, c2, net, lost, state.energy.sum() - start_energy)
        step.observe(grid, tables, state, work, time, flux, row, wall, table, record[filled])
        for j in range(n):
            profile[filled, j] = state.temperature[j]
        counters[_ROWS] += 1
        counters[_PASSES] += passes
        cold = wall.chemistry and wall.rate <= 0.0 and row[1] > 0.0 and np.isnan(row[0]) and guess[0] < table.low
        through = 1.0 - s / grid.ablator_depth < step.BURNT_THROUGH
        if cold or through or step.out_of_range(tables, grid, state.temperature):
            return _ENDED
        stepping.advance(rules, pace, guess)
    return _DONE


def run(
    stack: Stack, heating: WallHistory, wall: WallModel, duration: float, *, temperature: float,
    back: BackFace = ADIABATIC, rules: Stepping = DEFAULT, where: str = "heat shield",
) -> History:  # fmt: skip
    """March the stack from rest at `temperature` (K) for `duration` s. Raises SolverError, DataError."""
    check_boundary(heating, wall, where)
    grid, tables, numbers = stack.grid, stack.tables, rules.numbers()
    reactions = tables.kinetics.shape[1]
    state, work = step.new_state(grid, reactions, temperature), step.new_work(grid, reactions)
    times, rows = np.array(heating.time, dtype=float), heating.table()
    start = float(times[0])
    fault = outside_tables(stack, where, state.temperature, start)
    if fault:
        raise fault
    step.initialise(tables, grid, state, work, rows[0, 3])
    start_mass = step.mass(grid, work)
    record, profile = np.zeros((_BLOCK, COLUMNS)), np.zeros((_BLOCK, state.temperature.size))
    record[0, 0], profile[0] = start, state.temperature
    pace = stepping.new_pace(numbers, heating.breaks, start, start + duration, state.temperature)
    counters, ledger, residuals = np.array([1, 0]), np.zeros(step.LEDGER), np.zeros(numbers.iterations)
    scratch, row = np.zeros((5, state.temperature.size)), np.zeros(rows.shape[1])
    start_energy = float(state.energy.sum())
    while True:
        status = _march(
            tables, grid, state, work, times, rows, wall.numbers(), wall.arrays, numbers, back.numbers(), pace, record,
            profile, counters, ledger, residuals, scratch, row, start_energy,
        )  # fmt: skip
        if status != _FULL:
            break
        record, profile = (np.concatenate([a, np.zeros((_BLOCK, a.shape[1]))]) for a in (record, profile))
    if status == _STUCK:
        now, dt = float(pace.clock[stepping.TIME]), float(pace.clock[stepping.STEP])
        advice = "check the boundary data there, or refine the cells"
        raise not_converged(where, now, dt, float(state.temperature[0]), residuals[residuals > 0].tolist(), advice)
    record, profile = record[: counters[_ROWS]], profile[: counters[_ROWS]]
    loss = _loss(stack, wall, where, row, record, profile) if status == _ENDED else None
    lost = start_mass - step.mass(grid, work)
    closure = closed(where, ledger, lost, start_mass)
    return assemble(
        stack, where, record, profile, work.points.density, state.extent, closure, int(counters[_PASSES]), loss
    )


def _loss(
    stack: Stack, wall: WallModel, where: str, row: np.ndarray, record: np.ndarray, profile: np.ndarray
) -> Loss | None:
    """The loss in the last step. Raises DataError if it ended the march by a fault."""
    before, after = (
        Moment(float(r[TIME]), r[RECESSION : RECESSION + 1], t[None])
        for r, t in zip(record[-2:], profile[-2:], strict=True)
    )
    return loss_between(stack, wall, where, row, before, after)
