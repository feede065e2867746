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

from containment.errors import SolverError
from containment.thermal import step, stepping
from containment.thermal.bprime import BPrimeArrays
from containment.thermal.compiled import COMPILED
from containment.thermal.heatshield import LARGEST_CHANGE, SURFACE_CHANGE, check_boundary, too_cold
from containment.thermal.history import ADIABATIC, COLUMNS, BackFace, History, assemble, closed, outside_tables
from containment.thermal.remap import prepare_remap
from containment.thermal.stack import Grid, Stack
from containment.thermal.step import State, Work
from containment.thermal.stepping import DEFAULT, Stepping, StepRules
from containment.thermal.surface import WallHistory, WallModel, WallNumbers, back_loss
from containment.thermal.tables import MaterialTables

_DONE, _FULL, _STUCK, _OUTSIDE = 0, 1, 2, 3
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
    for passes in range(rules.iterations):
        step.properties(tables, grid, state, work, t, dt, c0, c1, c2, s, row[3])
        reaction, pivot, right, gas = _sweep(grid, work, t, rate, known, back, system)
        implied = step.react(state, work, t[0], gas, dt, c0, c1, c2, row, wall, table)
        first = 0.0 if prescribed else (right - work.wall[0]) / (pivot - work.wall[1])
        largest = _unroll(system, first)
        residuals[passes] = largest
        if not np.isfinite(largest):
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
    table: BPrimeArrays, rules: StepRules, back: Any, stops: Any, record: Any, profile: Any, progress: Any,
    past_times: Any, past: Any, ledger: Any, residuals: Any, scratch: Any, row: Any,
) -> int:  # fmt: skip
    """March until the last stop or until the record is full (call again); returns the status.

    progress: time, dt, dt_old, stop, failures, rows filled, states remembered, Newton passes, energy at the start.
    """
    n = state.temperature.size
    system, guess = scratch[:4], scratch[4]
    time, dt, dt_old, status = progress[0], progress[1], progress[2], _DONE
    stop, failures, filled, count = int(progress[3]), int(progress[4]), int(progress[5]), int(progress[6])
    while stop < stops.size:
        if filled == record.shape[0]:
            status = _FULL
            break
        dt = stepping.fitted(dt, stops[stop] - time)
        if dt > stepping.STABLE_GROWTH * dt_old:
            dt_old = 0.0
        step.row_at(times, table_rows, time + dt, row)
        stepping.predicted(past_times, past, count, time + dt, dt_old, guess)
        passes, s, flux = _attempt(
            tables, grid, state, work, guess, dt, dt_old, row, wall, table, rules, back, system, residuals
        )
        if passes == 0:
            failures += 1
            if failures > rules.retries:
                status = _STUCK
                break
            dt, dt_old = 0.25 * dt, 0.0
            count = stepping.forget(past_times, past, count)
            continue
        controlled = dt_old > 0.0 and rules.tolerance > 0.0
        error = stepping.local_error(past_times, past, count, time + dt, guess) if controlled else -1.0
        accepted, factor = stepping.judge(rules, error, dt)
        if not accepted:
            dt *= factor
            continue
        if dt >= 0.99 * rules.first:  # shorter steps that hold now and then must not go on for ever
            failures = 0
        step.accept(grid, state, work, guess, system[2], s)
        time += dt
        progress[7] += passes
        cold = wall.chemistry and wall.rate <= 0.0 and row[1] > 0.0 and np.isnan(row[0]) and guess[0] < table.low
        if cold or step.out_of_range(tables, grid, state.temperature):
            status = _OUTSIDE
            break
        count = stepping.remember(past_times, past, count, time, state.temperature)
        net, lost = flux - back_loss(back, state.temperature[n - 1])[0], work.wall[2] + work.wall[3]
        c0, _, c2 = stepping.coefficients(dt, dt_old)
        step.tally(ledger, dt, c0, c2, net, lost, state.energy.sum() - progress[8])
        step.observe(grid, tables, state, work, time, flux, row, wall, table, record[filled])
        for j in range(n):
            profile[filled, j] = state.temperature[j]
        filled += 1
        dt_old, dt = dt, min(dt * factor, rules.largest)
        if stops[stop] - time < 1e-9 * max(1.0, time):
            stop, dt, dt_old = stop + 1, rules.first, 0.0
            count = stepping.forget(past_times, past, count)
    progress[0], progress[1], progress[2] = time, dt, dt_old
    progress[3], progress[4], progress[5], progress[6] = stop, failures, filled, count
    return status


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
    past_times, past = np.zeros(3), np.zeros((3, state.temperature.size))
    stepping.remember(past_times, past, 0, start, state.temperature)
    record, profile = np.zeros((_BLOCK, COLUMNS)), np.zeros((_BLOCK, state.temperature.size))
    record[0, 0], profile[0] = start, state.temperature
    progress = np.array([start, numbers.first, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, state.energy.sum()])
    ledger, residuals = np.zeros(step.LEDGER), np.zeros(numbers.iterations)
    scratch, row = np.zeros((5, state.temperature.size)), np.zeros(rows.shape[1])
    stops = stepping.stops(heating.breaks, start, start + duration)
    while True:
        status = _march(
            tables, grid, state, work, times, rows, wall.numbers(), wall.arrays, numbers, back.numbers(), stops, record,
            profile, progress, past_times, past, ledger, residuals, scratch, row,
        )  # fmt: skip
        if status != _FULL:
            break
        record, profile = (np.concatenate([a, np.zeros((_BLOCK, a.shape[1]))]) for a in (record, profile))
    if status == _STUCK:
        raise SolverError(
            f"{where}: no convergence at {progress[0]:.4f} s with steps down to {progress[1]:.2g} s"
            f" (wall {state.temperature[0]:.0f} K)",
            history=residuals[residuals > 0].tolist(), advice="check the boundary data there, or refine the cells",
        )  # fmt: skip
    if status == _OUTSIDE:
        time = float(progress[0])
        step.row_at(times, rows, time, row)
        fault = outside_tables(stack, where, state.temperature, time)
        fault = fault or too_cold(where, wall, float(state.temperature[0]), row, time)
        raise fault if fault else SolverError(f"{where}: lost its temperatures at {time:.4f} s")
    lost = start_mass - step.mass(grid, work)
    closure = closed(where, ledger, lost, start_mass)
    filled = int(progress[5])
    return assemble(
        stack, where, record[:filled], profile[:filled], work.points.density, state.extent, closure, int(progress[7])
    )
