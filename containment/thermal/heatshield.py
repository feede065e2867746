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

from containment.errors import DataError
from containment.thermal import step, stepping
from containment.thermal.history import ADIABATIC, COLUMNS, RECESSION, TIME, BackFace, History, assemble, closed
from containment.thermal.line_system import LineSystem
from containment.thermal.march import march
from containment.thermal.outcome import Loss, Moment, loss_between, outside_tables
from containment.thermal.remap import prepare_remap
from containment.thermal.stack import Stack
from containment.thermal.stepping import DEFAULT, Stepping
from containment.thermal.surface import WallHistory, WallModel, back_at, back_loss

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


def check_boundary(heating: WallHistory, wall: WallModel, where: str) -> None:
    """Raise DataError for a film coefficient without chemistry to go with it."""
    if not heating.prescribed and wall.table is None and np.any(np.asarray(heating.film_coefficient) > 0):
        raise DataError(
            f"{where}: found a film coefficient without a B' table, expected both",
            advice="give a B' table or heat with a heat-transfer coefficient",
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

    @property
    def temperature(self) -> Floats:
        """(N,) temperatures now, K."""
        return np.asarray(self._state.temperature)

    def attempt(self, time: float, dt: float, dt_old: float, guess: Floats) -> tuple[_Solved | None, list[float]]:
        """Newton for the step that ends at `time` from the guess (N,), which ends as the solution."""
        step.row_at(self._times, self._rows, time, self._row)
        back_at(self._back, self._row)
        grid, state, work, system = self.stack.grid, self._state, self._work, self._system
        c0, c1, c2 = stepping.coefficients(dt, dt_old)
        rate = c0 / dt
        known = (c1 * state.energy + c2 * state.energy_older) / dt
        t, s = guess, state.recession[0]
        if c2 != 0.0:
            s += (state.recession[0] - state.recession[1]) * dt / dt_old
        prescribed, deepest = self.heating.prescribed, (1.0 - step.THINNEST) * grid.ablator_depth
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
            if not np.isfinite(largest) or implied > deepest:
                break
            t -= change * min(1.0, LARGEST_CHANGE / max(largest, 1e-300))
            moved, s = abs(implied - s), implied
            before = residuals[-2] if len(residuals) > 1 else 0.0
            if moved < SURFACE_CHANGE and stepping.converged(self.rules, largest, before):
                flux = (
                    step.wall_reaction(grid, work, t, change, flux) if prescribed else flux - work.wall[1] * change[0]
                )
                return _Solved(t, s, float(flux), change, residuals), residuals
        return None, residuals

    def heat(self, time: float) -> np.ndarray:
        """Heat of the source at the nodes (N,), W/m2."""
        x = self._work.position
        if self.source is None:
            return np.zeros(x.size)
        size = np.diff(x)
        volume = 0.5 * (np.concatenate([[0.0], size]) + np.concatenate([size, [0.0]]))
        return np.asarray(volume * self.source(x, time))

    def accept(self, solved: _Solved) -> None:
        """Make the step history."""
        step.accept(
            self.stack.grid, self._state, self._work, solved.temperature, solved.change, solved.recession
        )  # fmt: skip

    def run(self, duration: float) -> History:
        """March from the first boundary time for `duration` s or until lost. Raises SolverError, DataError."""
        start, record = float(self._times[0]), _Record(self)
        pace = stepping.new_pace(self.rules, self.heating.breaks, start, start + duration, self.temperature)
        march(self, record, pace, "check the boundary data there, or refine the cells")
        return record.finish()


class _Record:
    """Collects accepted steps and the balances of the run."""

    def __init__(self, shield: Shield) -> None:
        self.shield = shield
        self.loss: Loss | None = None
        state, work, stack = shield._state, shield._work, shield.stack
        self.ledger = np.zeros(step.LEDGER)
        self.iterations = 0
        self.start_energy = float(state.energy.sum())
        self.start_mass = step.mass(stack.grid, work)
        self.rows = [np.array([shield._times[0], *np.zeros(COLUMNS - 1)])]
        self.temperature = [state.temperature.copy()]

    def add(self, time: float, dt: float, dt_old: float, solved: _Solved) -> Loss | None:
        """Record an accepted step; the loss of the shield in it, if any."""
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
        moments = (
            Moment(float(r[TIME]), r[RECESSION : RECESSION + 1], t[None])
            for r, t in zip(self.rows[-2:], self.temperature[-2:], strict=True)
        )
        self.loss = loss_between(stack, shield.wall, shield.where, row, *moments)
        return self.loss

    def finish(self) -> History:
        """The history with its closures."""
        shield = self.shield
        lost = self.start_mass - step.mass(shield.stack.grid, shield._work)
        closure = closed(shield.where, self.ledger, lost, self.start_mass)
        rows = np.array(self.rows)
        return assemble(
            shield.stack, shield.where, rows, np.array(self.temperature), shield._work.points.density.copy(),
            shield._state.extent, closure, self.iterations, self.loss,
        )  # fmt: skip
