"""Thermal response of the heat shield under one point of its surface: charring ablation in depth, in 1-D, with DOLFINx.

Own Newton over assembled forms, variable-step BDF2 with error control (or a given schedule), recession by moving nodes.
Formulation: `step` (weak form), `surface` (wall balance), `kernel` (material). Rung 2 of the fidelity ladder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.thermal import step, stepping
from containment.thermal.history import ADIABATIC, COLUMNS, BackFace, History, assemble, closed, outside_tables
from containment.thermal.line_system import LineSystem
from containment.thermal.remap import prepare_remap
from containment.thermal.stack import Stack
from containment.thermal.stepping import DEFAULT, Stepping
from containment.thermal.surface import WallHistory, WallModel, back_loss

Floats = NDArray[np.float64]
Source = Callable[[Floats, float], Floats]
LARGEST_CHANGE = 500.0  # K per Newton pass: keeps the iterate where the tables mean something
SURFACE_CHANGE = 1.0e-9  # m, last change of the recession in a step


@lru_cache(maxsize=4)
def _line(cells: int, prescribed: bool) -> LineSystem:
    """Forms, matrix and solver for so many cells; they keep nothing from one step to the next."""
    return LineSystem(cells, prescribed)


class _Solved(NamedTuple):
    """A converged step; `change` is the last Newton update, `residuals` the size of all of them."""

    temperature: np.ndarray
    recession: float
    flux: float
    change: np.ndarray
    residuals: list[float]


class _NotConverged(Exception):
    def __init__(self, residuals: list[float]) -> None:
        super().__init__()
        self.residuals = residuals


def check_boundary(heating: WallHistory, wall: WallModel, where: str) -> None:
    """Raise DataError for a film coefficient without chemistry to go with it."""
    if not heating.prescribed and wall.table is None and np.any(np.asarray(heating.film_coefficient) > 0):
        raise DataError(
            f"{where}: found a film coefficient without a B' table, expected both",
            advice="give a B' table or heat with a heat-transfer coefficient",
        )


def too_cold(where: str, wall: WallModel, temperature: float, row: np.ndarray, time: float) -> DataError | None:
    """The fault if chemistry is asked of a wall below the coldest row of its table (K), else None.

    With a rate limit the wall does not react there and the table has no weight.
    """
    coldest = wall.arrays.low
    if wall.table is None or wall.oxidation or not row[1] > 0 or np.isfinite(row[0]) or temperature >= coldest:
        return None
    return DataError(
        f"{where}, {time:.3f} s: found a wall of {temperature:.1f} K, expected at least {coldest:.1f} K, the coldest"
        f" row of the B' table {wall.table.name}",
        advice="give the rate of oxidation ([heatshield.oxidation]), a table for colder walls, or a warmer start",
    )


class Shield:
    """A stack with its wall at rest at one temperature (K) or given ones (N,), ready to be marched in time.

    source(depth (N,) m, time s) -> (N,) W/m3 heats the stack from inside.
    Raises DataError if the wall cannot be or the temperature is outside the tables of a layer.
    """

    def __init__(
        self, stack: Stack, heating: WallHistory, wall: WallModel, *, temperature: float | Floats,
        back: BackFace = ADIABATIC, rules: Stepping = DEFAULT, where: str = "heat shield", source: Source | None = None,
    ) -> None:  # fmt: skip
        check_boundary(heating, wall, where)
        self.stack, self.heating, self.wall, self._back = stack, heating, wall, back.numbers()
        self.rules, self.where, self.source = rules.numbers(), where, source
        reactions = stack.tables.kinetics.shape[1]
        self._state = step.new_state(stack.grid, reactions, temperature)
        self._work = step.new_work(stack.grid, reactions)
        self._system = _line(stack.grid.cell_points.shape[0], heating.prescribed)
        self._numbers, self._table = wall.numbers(), wall.arrays
        self._rows, self._times = heating.table(), np.array(heating.time, dtype=float)
        self._row = np.zeros(self._rows.shape[1])
        fault = outside_tables(stack, where, self._state.temperature, float(self._times[0]))
        if fault:
            raise fault
        step.initialise(stack.tables, stack.grid, self._state, self._work, self._rows[0, 3])

    def _attempt(self, time: float, dt: float, dt_old: float, guess: np.ndarray) -> _Solved:
        """Newton for the step that ends at `time`. Raises _NotConverged."""
        grid, state, work, system = self.stack.grid, self._state, self._work, self._system
        c0, c1, c2 = stepping.coefficients(dt, dt_old)
        rate = c0 / dt
        known = (c1 * state.energy + c2 * state.energy_older) / dt
        t, s = guess, state.recession[0]
        if c2 != 0.0:
            s += (state.recession[0] - state.recession[1]) * dt / dt_old
        prescribed = self.heating.prescribed
        if prescribed:
            t[0] = self._row[0]
        prepare_remap(grid, state, work, self.wall.recedes and self.wall.table is not None)
        residuals: list[float] = []
        for _ in range(self.rules.iterations):
            implied = step.prepare(
                self.stack.tables, grid, state, work, t, dt, c0, c1, c2, s, self._row, self._numbers, self._table
            )
            system.move(work.position)
            balance = system.residual(work, t, rate) + known
            balance -= self.heat(time)
            loss, loss_slope = back_loss(self._back, t[-1])
            balance[-1] += loss
            flux = balance[0] if prescribed else work.wall[0]
            balance[0] -= flux
            change = system.solve(work, balance, rate, -work.wall[1], loss_slope)
            largest = float(np.abs(change).max())
            residuals.append(largest)
            if not np.isfinite(largest):
                break
            t -= change * min(1.0, LARGEST_CHANGE / max(largest, 1e-300))
            moved, s = abs(implied - s), implied
            before = residuals[-2] if len(residuals) > 1 else 0.0
            if moved < SURFACE_CHANGE and stepping.converged(self.rules, largest, before):
                flux = (
                    step.wall_reaction(grid, work, t, change, flux) if prescribed else flux - work.wall[1] * change[0]
                )
                return _Solved(t, s, float(flux), change, residuals)
        raise _NotConverged(residuals)

    def heat(self, time: float) -> np.ndarray:
        """Heat of the source at the nodes (N,), W/m2."""
        x = self._work.position
        if self.source is None:
            return np.zeros(x.size)
        size = np.diff(x)
        volume = 0.5 * (np.concatenate([[0.0], size]) + np.concatenate([size, [0.0]]))
        return np.asarray(volume * self.source(x, time))

    def _repeat(self, time: float, dt: float, failures: int, failed: _NotConverged) -> float:
        """A quarter of the step, or the end of it."""
        if failures > self.rules.retries:
            raise SolverError(
                f"{self.where}: no convergence at {time:.4f} s with steps down to {dt:.2g} s"
                f" (wall {self._state.temperature[0]:.0f} K)",
                history=failed.residuals, advice="check the boundary data there, or refine the cells",
            ) from None  # fmt: skip
        return 0.25 * dt

    def run(self, duration: float) -> History:
        """March from the first boundary time for `duration` s. Raises SolverError, DataError."""
        rules, state = self.rules, self._state
        time = float(self._times[0])
        stops = stepping.stops(self.heating.breaks, time, time + duration)
        record = _Record(self, time)
        past_times, past = np.zeros(3), np.zeros((3, state.temperature.size))
        count = stepping.remember(past_times, past, 0, time, state.temperature)
        dt, dt_old, stop, failures = rules.first, 0.0, 0, 0
        guess = np.zeros(state.temperature.size)
        while stop < stops.size:
            dt = stepping.fitted(dt, stops[stop] - time)
            if dt > stepping.STABLE_GROWTH * dt_old:
                dt_old = 0.0
            step.row_at(self._times, self._rows, time + dt, self._row)
            stepping.predicted(past_times, past, count, time + dt, dt_old, guess)
            try:
                solved = self._attempt(time + dt, dt, dt_old, guess)
            except _NotConverged as failed:
                failures += 1
                dt, dt_old = self._repeat(time, dt, failures, failed), 0.0
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
            step.accept(self.stack.grid, state, self._work, solved.temperature, solved.change, solved.recession)
            time += dt
            fault = outside_tables(self.stack, self.where, state.temperature, time)
            fault = fault or too_cold(self.where, self.wall, state.temperature[0], self._row, time)
            if fault:
                raise fault
            count = stepping.remember(past_times, past, count, time, state.temperature)
            record.add(time, dt, dt_old, solved)
            dt_old, dt = dt, min(dt * factor, rules.largest)
            if stops[stop] - time < 1e-9 * max(1.0, time):
                stop, dt, dt_old = stop + 1, rules.first, 0.0
                count = stepping.forget(past_times, past, count)
        return record.finish()


class _Record:
    """Collects accepted steps and the balances of the run."""

    def __init__(self, shield: Shield, time: float) -> None:
        self.shield = shield
        state, work, stack = shield._state, shield._work, shield.stack
        self.ledger = np.zeros(step.LEDGER)
        self.iterations = 0
        self.start_energy = float(state.energy.sum())
        self.start_mass = step.mass(stack.grid, work)
        self.rows = [np.array([time, *np.zeros(COLUMNS - 1)])]
        self.temperature = [state.temperature.copy()]

    def add(self, time: float, dt: float, dt_old: float, solved: _Solved) -> None:
        """Record an accepted step."""
        shield = self.shield
        state, work, stack, row = shield._state, shield._work, shield.stack, shield._row
        gas, char = float(work.wall[2]), float(work.wall[3])
        loss, _ = back_loss(shield._back, state.temperature[-1])
        stored = float(state.energy.sum()) - self.start_energy
        heat = float(shield.heat(time).sum())
        c0, _, c2 = stepping.coefficients(dt, dt_old)
        step.tally(self.ledger, dt, c0, c2, solved.flux - loss + heat, gas + char, stored)
        self.iterations += len(solved.residuals)
        out = np.zeros(COLUMNS)
        step.observe(stack.grid, stack.tables, state, work, time, solved.flux, row, shield._numbers, shield._table, out)
        self.rows.append(out)
        self.temperature.append(state.temperature.copy())

    def finish(self) -> History:
        """The history with its closures."""
        shield = self.shield
        lost = self.start_mass - step.mass(shield.stack.grid, shield._work)
        closure = closed(shield.where, self.ledger, lost, self.start_mass)
        rows = np.array(self.rows)
        return assemble(
            shield.stack, shield.where, rows, np.array(self.temperature), shield._work.points.density.copy(),
            shield._state.extent, closure, self.iterations,
        )  # fmt: skip
