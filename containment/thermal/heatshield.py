"""Thermal response of the heat shield under one point of its surface: charring ablation in depth, in 1-D, with DOLFINx.

Own Newton over assembled forms, variable-step BDF2 with error control (or a given schedule), recession by moving nodes.
Formulation: `step` (weak form), `surface` (wall balance), `kernel` (material). Rung 2 of the fidelity ladder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from containment.errors import DataError, SolverError
from containment.thermal import step
from containment.thermal.bprime import hottest
from containment.thermal.line_system import LineSystem
from containment.thermal.stack import Stack
from containment.thermal.surface import WallHistory, WallModel

ENERGY_LIMIT = 1.0e-3  # issue of the heat shield: closure of the conservative form within 0.1 % on every run


@dataclass(frozen=True)
class Stepping:
    """How time is cut. first: step after each break, s; largest: longest step, s; growth: at most per step.

    tolerance: local error of temperature a step may make, K; None = grow to `largest` whatever the error (benchmarks).
    """

    first: float = 0.005
    largest: float = 0.5
    growth: float = 1.3
    tolerance: float | None = None
    newton: float = 2.0e-3  # K; the quasi-Newton contracts tenfold per pass, so the error left is below a millikelvin
    iterations: int = 25
    retries: int = 12


@dataclass(frozen=True)
class BackFace:
    """Convective coefficient W/m2/K and temperature K behind the last layer; 0 = adiabatic."""

    coefficient: float = 0.0
    temperature: float = 300.0


@dataclass(frozen=True)
class History:
    """Accepted steps of one run. time (S,) s; temperature (S, N) K at depth (S, N) m from the original surface;
    recession (S,) m; gas_flux, char_flux (S,) kg/m2/s; wall_flux (S,) W/m2 into the body; extent (P, R) at the end;
    virgin_depth, char_depth (S,) m where 98 % virgin and 2 % char is left; iterations of Newton in all."""

    time: np.ndarray
    temperature: np.ndarray
    depth: np.ndarray
    recession: np.ndarray
    gas_flux: np.ndarray
    char_flux: np.ndarray
    wall_flux: np.ndarray
    virgin_depth: np.ndarray
    char_depth: np.ndarray
    density: np.ndarray
    extent: np.ndarray
    energy_closure: float
    mass_closure: float
    iterations: int
    notes: tuple[str, ...]

    def at_depth(self, depth: float, time: np.ndarray | None = None) -> np.ndarray:
        """Temperature at a depth from the original surface; nan once the surface has passed it."""
        rows = [
            np.interp(depth, x, t) if depth >= x[0] - 1e-12 else np.nan
            for x, t in zip(self.depth, self.temperature, strict=True)
        ]
        values = np.array(rows)
        return values if time is None else np.interp(time, self.time, values)


class _NotConverged(Exception):
    def __init__(self, residuals: list[float]) -> None:
        super().__init__()
        self.residuals = residuals


class Shield:
    """A stack with its wall, ready to be marched in time."""

    def __init__(
        self, stack: Stack, heating: WallHistory, wall: WallModel, *, temperature: float,
        back: BackFace = BackFace(), stepping: Stepping = Stepping(), where: str = "heat shield",
    ) -> None:  # fmt: skip
        if not heating.prescribed and wall.table is None and np.any(np.asarray(heating.film_coefficient) > 0):
            raise DataError(
                f"{where}: found a film coefficient without a B' table, expected both",
                advice="give a B' table or heat with a heat-transfer coefficient",
            )
        self.stack, self.heating, self.wall, self.back, self.stepping, self.where = (
            stack,
            heating,
            wall,
            back,
            stepping,
            where,
        )
        reactions = stack.tables.share.shape[1]
        self._state = step.new_state(stack.grid, reactions, temperature)
        self._work = step.new_work(stack.grid, reactions)
        self._system = LineSystem(stack.grid.cell_points.shape[0], heating.prescribed)
        self._numbers, self._table = wall.numbers(), wall.arrays
        self._rows, self._times = heating.table(), np.asarray(heating.time, dtype=float)
        self._row = np.zeros(self._rows.shape[1])
        self._check_tables(self._state.temperature, 0.0)
        self._store_energy()

    # --- one step

    def _store_energy(self) -> None:
        """Energy of the initial state."""
        grid, work, t = self.stack.grid, self._work, self._state.temperature
        row = self._rows[0].copy()
        row[0] = t[0]
        step.prepare(
            self.stack.tables, grid, self._state, work, t, 1.0e-12, 1.0, -1.0, 0.0, 0.0, row, self._numbers, self._table
        )
        step.node_sums(grid, work, work.points.energy, self._state.energy)
        self._state.energy_older[:] = self._state.energy
        self._mass = self._solid_mass()

    def _solid_mass(self) -> float:
        grid, work = self.stack.grid, self._work
        sums = np.zeros(grid.depth.size)
        step.node_sums(grid, work, work.points.density, sums)
        return float(sums.sum())

    def _attempt(self, dt: float, dt_old: float, guess: np.ndarray) -> tuple[np.ndarray, float, float, int]:
        """Newton for one step: (temperature, recession, wall flux, passes). Raises _NotConverged."""
        grid, state, work, system = self.stack.grid, self._state, self._work, self._system
        c0, c1, c2 = step.coefficients(dt, dt_old)
        rate = c0 / dt
        known = (c1 * state.energy + c2 * state.energy_older) / dt
        t, s = guess.copy(), state.recession[0]
        if c2 != 0.0:
            s += (state.recession[0] - state.recession[1]) * dt / dt_old
        if self.heating.prescribed:
            t[0] = self._row[0]
        step.prepare_remap(grid, state, work)
        residuals: list[float] = []
        for passes in range(1, self.stepping.iterations + 1):
            implied = step.prepare(
                self.stack.tables, grid, state, work, t, dt, c0, c1, c2, s, self._row, self._numbers, self._table
            )
            system.move(work.position)
            balance = system.residual(work, t, rate) + known
            balance[-1] += self.back.coefficient * (t[-1] - self.back.temperature)
            flux = balance[0] if self.heating.prescribed else work.wall[0]
            balance[0] -= flux
            change = system.solve(work, balance, rate, -work.wall[1], self.back.coefficient)
            largest = float(np.abs(change).max())
            residuals.append(largest)
            if not np.isfinite(largest):
                raise _NotConverged(residuals)
            # A bound on one pass keeps the iterate inside the range where the tables mean something.
            t -= change * min(1.0, 500.0 / largest) if largest > 0 else change
            moved, s = abs(implied - s), implied
            if largest < self.stepping.newton and moved < 1.0e-9:
                if not self.heating.prescribed:
                    flux -= work.wall[1] * change[0]
                # The energy of the accepted state follows the last, small change to first order.
                self._last_change = change
                return t, s, float(flux), passes
        raise _NotConverged(residuals)

    def _accept(self, t: np.ndarray, s: float) -> None:
        """Make the step just computed the history of the next."""
        grid, work, old = self.stack.grid, self._work, self._state
        energy, tangent = np.zeros(grid.depth.size), np.zeros(grid.depth.size)
        step.node_sums(grid, work, work.points.energy, energy)
        step.node_sums(grid, work, work.points.d_energy, tangent)
        energy -= tangent * self._last_change
        self._state = step.State(
            t, old.temperature, work.points.extent.copy(), work.shifted_extent.copy(), energy, old.energy,
            np.array([s, old.recession[0]]),
        )  # fmt: skip

    def _check_tables(self, t: np.ndarray, time: float) -> None:
        grid, tables = self.stack.grid, self.stack.tables
        at_points = t[grid.point_node]
        low, high = tables.low[grid.point_material], tables.high[grid.point_material]
        outside = (at_points < low) | (at_points > high)
        if outside.any():
            p = int(np.argmax(outside))
            material = self.stack.layers[int(grid.point_material[p])].material
            raise DataError(
                f"{self.where}, {time:.3f} s, layer {self.stack.layers[int(grid.point_material[p])].name}: found"
                f" {at_points[p]:.1f} K, expected a temperature inside the tables of {material.name}"
                f" ({material.low:.1f} to {material.high:.1f} K)",
                advice="extend the card with measured values, or correct the heating or the initial temperature",
            )

    # --- the run

    def run(self, duration: float) -> History:
        """March from the first boundary time for `duration` s. Raises SolverError, DataError."""
        start = float(self._times[0])
        end = start + duration
        stops = [b for b in sorted(set(self.heating.breaks)) if start < b < end] + [end]
        record = _Record(self)
        time, dt, dt_old, stop = start, self.stepping.first, 0.0, 0
        failures = 0
        past: list[tuple[float, np.ndarray]] = [(time, self._state.temperature)]
        while time < end - 1e-12 * max(end, 1.0):
            limit = stops[stop] - time
            dt = min(dt, limit) if dt > 0.999 * limit else min(dt, 0.5 * limit) if 2.0 * dt > limit else dt
            if dt_old > 0.0 and dt > 1.9 * dt_old:
                dt_old = 0.0  # beyond 1.9 variable-step BDF2 loses its damping: restart with implicit Euler
            step.row_at(self._times, self._rows, time + dt, self._row)
            try:
                t, s, flux, passes = self._attempt(dt, dt_old, _predict(past, time + dt, dt_old))
                error = _local_error(past, time + dt, t, dt_old)
            except _NotConverged as failed:
                failures += 1
                if failures > self.stepping.retries:
                    raise SolverError(
                        f"{self.where}: no convergence at {time:.4f} s with steps down to {dt:.2g} s"
                        f" (wall {self._state.temperature[0]:.0f} K)",
                        history=failed.residuals, advice="check the boundary data there, or refine the cells",
                    ) from None  # fmt: skip
                dt, dt_old, past = 0.25 * dt, 0.0, past[-1:]
                continue
            factor = self.stepping.growth
            if self.stepping.tolerance is not None and error is not None:
                ratio = self.stepping.tolerance / max(error, 1e-12)
                if ratio < 0.5 and dt > 1e-4:  # half an order too large: repeat
                    dt *= max(0.3, 0.9 * ratio ** (1 / 3))
                    continue
                factor = min(self.stepping.growth, max(0.3, 0.9 * ratio ** (1 / 3)))
            failures = 0
            self._accept(t, s)
            self._check_tables(t, time + dt)
            time += dt
            past = [*past[-2:], (time, t)]
            record.add(time, dt, flux, passes, euler=dt_old <= 0.0)
            dt_old = dt
            dt = min(dt * factor, self.stepping.largest)
            if stop < len(stops) - 1 and abs(time - stops[stop]) < 1e-9 * max(1.0, time):
                stop, dt, dt_old, past = stop + 1, self.stepping.first, 0.0, past[-1:]
        return record.finish()


def _predict(past: list[tuple[float, np.ndarray]], time: float, dt_old: float) -> np.ndarray:
    """Linear extrapolation of the last two states; the last state after a restart."""
    if dt_old <= 0.0 or len(past) < 2:
        return past[-1][1]
    (t0, y0), (t1, y1) = past[-2:]
    return np.asarray(y1 + (y1 - y0) * (time - t1) / (t1 - t0))


def _local_error(past: list[tuple[float, np.ndarray]], time: float, new: np.ndarray, dt_old: float) -> float | None:
    """Largest local error of BDF2 (K), None without history.

    h^2 (h + h1)^2/(2 h + h1) times the third divided difference.
    """
    if dt_old <= 0.0 or len(past) < 3:
        return None
    (ta, a), (tb, b), (tc, c) = past[-3:]
    d1 = (new - c) / (time - tc)
    d2 = (c - b) / (tc - tb)
    d3 = (b - a) / (tb - ta)
    e1, e2 = (d1 - d2) / (time - tb), (d2 - d3) / (tc - ta)
    third = (e1 - e2) / (time - ta)
    h, h1 = time - tc, tc - tb
    return float(np.abs(third).max() * h * h * (h + h1) ** 2 / (2.0 * h + h1))


class _Record:
    """Collects accepted steps and the balances of the run."""

    def __init__(self, shield: Shield) -> None:
        self.shield = shield
        self.rows: list[tuple[float, ...]] = []
        self.temperature: list[np.ndarray] = []
        self.depth: list[np.ndarray] = []
        self.iterations = 0
        self.energy_in = self.energy_scale = self.mass_out = 0.0
        self.worst_energy = 0.0
        self.flux = self.gas = self.char = 0.0
        self.start_energy, self.start_mass = float(shield._state.energy.sum()), shield._mass
        self.held: list[float] = []
        self._keep(float(shield._times[0]))

    def _keep(self, time: float) -> None:
        shield = self.shield
        work, state = shield._work, shield._state
        virgin, char = _fronts(shield)
        self.rows.append((time, state.recession[0], self.gas, self.char, self.flux, virgin, char))
        self.temperature.append(state.temperature)
        self.depth.append(work.position.copy())

    def add(self, time: float, dt: float, flux: float, passes: int, *, euler: bool) -> None:
        """Record an accepted step; trapezoidal time integrals, backward where the step was implicit Euler."""
        work, shield = self.shield._work, self.shield
        gas, char = float(work.wall[2]), float(work.wall[3])
        weight = 1.0 if euler else 0.5
        loss = shield.back.coefficient * (shield._state.temperature[-1] - shield.back.temperature)
        mean = weight * (flux - loss) + (1.0 - weight) * self.flux
        self.energy_in += dt * mean
        self.energy_scale += dt * abs(mean)
        self.mass_out += dt * (weight * (gas + char) + (1.0 - weight) * (self.gas + self.char))
        self.flux, self.gas, self.char = flux, gas, char
        self.iterations += passes
        self.worst_energy = max(self.worst_energy, abs(shield._state.energy.sum() - self.start_energy - self.energy_in))
        row = shield._row
        if np.isnan(row[0]) and row[1] > 0 and shield.wall.table is not None:
            if shield._state.temperature[0] > hottest(shield._table, float(np.log(max(row[3], 1e-6)))):
                self.held.append(time)
        self._keep(time)

    def finish(self) -> History:
        """The history with its closures."""
        shield = self.shield
        rows = np.array(self.rows)
        lost = shield._mass - shield._solid_mass()
        notes = []
        if self.held:
            notes.append(
                f"{shield.where}: the wall was hotter than the B' table between {self.held[0]:.1f} and"
                f" {self.held[-1]:.1f} s; its hottest row was held there (carbon sublimes without limit above it)"
            )
        return History(
            time=rows[:, 0], temperature=np.array(self.temperature), depth=np.array(self.depth), recession=rows[:, 1],
            gas_flux=rows[:, 2], char_flux=rows[:, 3], wall_flux=rows[:, 4], virgin_depth=rows[:, 5],
            char_depth=rows[:, 6], density=shield._work.points.density.copy(), extent=shield._state.extent,
            energy_closure=self.worst_energy / max(self.energy_scale, 1e-300),
            mass_closure=abs(lost - self.mass_out) / max(abs(lost), 1e-6 * shield._mass), iterations=self.iterations,
            notes=tuple(notes),
        )  # fmt: skip


def _fronts(shield: Shield) -> tuple[float, float]:
    """Depths (m) where the solid is 98 % virgin and 2 % char by density, from the original surface."""
    grid, work, tables = shield.stack.grid, shield._work, shield.stack.tables
    n = grid.ablator_nodes
    rv, rc = tables.virgin_density[0], tables.char_density[0]
    if not tables.reacting[0]:
        return 0.0, 0.0
    virgin = (work.points.density[:n] - rc) / (rv - rc)
    x = work.position[:n]
    return _crossing(x, virgin, 0.98), _crossing(x, virgin, 0.02)


def _crossing(x: np.ndarray, y: np.ndarray, level: float) -> float:
    above = np.flatnonzero(y > level)
    if above.size == 0:
        return float(x[-1])
    i = int(above[0])
    if i == 0:
        return float(x[0])
    return float(x[i - 1] + (level - y[i - 1]) / (y[i] - y[i - 1]) * (x[i] - x[i - 1]))
