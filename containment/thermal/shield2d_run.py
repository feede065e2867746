"""March of a two-dimensional heat shield through its boundary history, to the end or until the ablator is through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import SolverError
from containment.thermal import step, stepping
from containment.thermal.heatshield import too_cold
from containment.thermal.history import BURNT_THROUGH, Balance, closed, outside_tables, positions
from containment.thermal.shield2d import Shield2D, Solved

Floats = NDArray[np.float64]
LEAST_HEAT = 1.0e-4  # of what is stored: a section that is not heated closes against this, not against nothing


@dataclass(frozen=True)
class DamageHistory:
    """Accepted steps: time (S,) s; recession (S, spine) m; temperature (S, spine, node) K; `bond` the node behind the
    ablator. `burn_through` s and `burnt_spine` where nothing of the ablator was left (None: never; the run then went to
    its end). `closure` of energy and mass; Newton iterations in all."""

    time: Floats
    recession: Floats
    temperature: Floats
    bond: int
    burn_through: float | None
    burnt_spine: int | None
    closure: Balance
    iterations: int

    @property
    def peak_bond(self) -> float:
        """Hottest place behind the ablator, K."""
        return float(self.temperature[:, :, self.bond].max())


def places(shield: Shield2D, recession: Floats) -> Floats:
    """(spine, node, 2) nodes for a recession (spine,), m."""
    contour = shield.contour
    return np.asarray(contour.points[:, None] + positions(shield.stack, recession)[..., None] * contour.inward[:, None])


def run(shield: Shield2D, duration: float) -> DamageHistory:
    """March from the first boundary time for `duration` s or until burnt through. Raises SolverError, DataError."""
    rules, time = shield.rules, shield.start
    stops = stepping.stops(shield.heating.breaks, time, time + duration)
    record, t = _Record(shield), shield.temperature
    past_times, past, guess = np.zeros(3), np.zeros((3, t.size)), np.zeros(t.size)
    count = stepping.remember(past_times, past, 0, time, t.ravel())
    dt, dt_old, stop, failures = rules.first, 0.0, 0, 0
    while stop < stops.size:
        dt = stepping.fitted(dt, stops[stop] - time)
        dt_old = 0.0 if dt > stepping.STABLE_GROWTH * dt_old else dt_old
        shield.at_time(time + dt)
        stepping.predicted(past_times, past, count, time + dt, dt_old, guess)
        solved, sizes = shield.attempt(time + dt, dt, dt_old, guess.reshape(t.shape).copy())
        if solved is None:
            failures += 1
            if failures > rules.retries:
                raise SolverError(
                    f"{shield.where}: no convergence at {time:.4f} s with steps down to {dt:.2g} s",
                    history=sizes, advice="refine the spines, or make the damage wider or shallower",
                )  # fmt: skip
            dt, dt_old = 0.25 * dt, 0.0
            count = stepping.forget(past_times, past, count)
            continue
        controlled = dt_old > 0.0 and rules.tolerance > 0.0
        new = solved.temperature.ravel()
        error = stepping.local_error(past_times, past, count, time + dt, new) if controlled else -1.0
        accepted, factor = stepping.judge(rules, error, dt)
        if not accepted:
            dt *= factor
            continue
        failures = 0 if dt >= 0.99 * rules.first else failures
        shield.accept(solved)
        time += dt
        count = stepping.remember(past_times, past, count, time, new)
        if record.add(time, dt, dt_old, solved):
            break
        dt_old, dt = dt, min(dt * factor, rules.largest)
        if stops[stop] - time < 1e-9 * max(1.0, time):
            stop, dt, dt_old = stop + 1, rules.first, 0.0
            count = stepping.forget(past_times, past, count)
    return record.finish()


class _Record:
    """Collects accepted steps and the balances of the run."""

    def __init__(self, shield: Shield2D) -> None:
        self.shield, self.ledger = shield, np.zeros(step.LEDGER)
        self.energy, self.mass = shield.energy, shield.mass()
        self.time, self.recession = [shield.start], [shield.recession]
        self.temperature = [shield.temperature.copy()]
        self.burn_through: float | None = None
        self.burnt_spine: int | None = None

    def add(self, time: float, dt: float, dt_old: float, solved: Solved) -> bool:
        """Record an accepted step; True if the ablator is through. Raises DataError for temperatures off the tables."""
        shield = self.shield
        for i, t in enumerate(shield.temperature):
            where = f"{shield.where}, spine {i}"
            fault = outside_tables(shield.stack, where, t, time)
            fault = fault or (None if shield.drive else too_cold(where, shield.wall, t[0], shield.row, time))
            if fault:
                raise fault
        c0, _, c2 = stepping.coefficients(dt, dt_old)
        step.tally(self.ledger, dt, c0, c2, solved.supplied, solved.lost, shield.energy - self.energy)
        self.time.append(time)
        self.recession.append(shield.recession)
        self.temperature.append(shield.temperature.copy())
        left = [1.0 - s / shield.stack.grid.ablator_depth for s in self.recession[-2:]]
        thinnest = int(left[1].argmin())
        if left[1][thinnest] >= BURNT_THROUGH:
            return False
        share = (left[0][thinnest] - BURNT_THROUGH) / (left[0][thinnest] - left[1][thinnest])
        self.burn_through, self.burnt_spine = time - dt * (1.0 - float(share)), thinnest
        return True

    def finish(self) -> DamageHistory:
        """The history with its closures. Raises SolverError if energy is lost."""
        shield = self.shield
        self.ledger[step.SIZE] = max(self.ledger[step.SIZE], LEAST_HEAT * abs(self.energy))
        closure = closed(shield.where, self.ledger, self.mass - shield.mass(), self.mass)
        return DamageHistory(
            np.array(self.time), np.array(self.recession), np.array(self.temperature), shield.stack.layers[0].cells,
            self.burn_through, self.burnt_spine, closure, shield.iterations,
        )  # fmt: skip
