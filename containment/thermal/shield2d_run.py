"""March of a two-dimensional heat shield through its boundary history, to the end or until it is lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.thermal import step, stepping
from containment.thermal.history import Balance, closed, positions
from containment.thermal.march import march
from containment.thermal.outcome import Loss, Moment, ended_at, loss_between
from containment.thermal.shield2d import Shield2D, Solved

Floats = NDArray[np.float64]
LEAST_HEAT = 1.0e-4  # of what is stored: a section that is not heated closes against this, not against nothing


@dataclass(frozen=True)
class DamageHistory:
    """Accepted steps: time (S,) s; recession (S, spine) m; temperature (S, spine, node) K; `bond` the node behind the
    ablator. `loss`: when, where and how the shield was lost, if it was; the history ends there. `closure` of energy and
    mass; Newton iterations in all."""

    time: Floats
    recession: Floats
    temperature: Floats
    bond: int
    loss: Loss | None
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
    """March from the first boundary time for `duration` s or until lost. Raises SolverError, DataError."""
    record = _Record(shield)
    pace = stepping.new_pace(
        shield.rules, shield.heating.breaks, shield.start, shield.start + duration, shield.temperature.ravel()
    )  # fmt: skip
    march(shield, record, pace, "refine the spines, or make the damage wider or shallower")
    return record.finish()


class _Record:
    """Collects accepted steps and the balances of the run."""

    def __init__(self, shield: Shield2D) -> None:
        self.shield, self.ledger = shield, np.zeros(step.LEDGER)
        self.energy, self.mass = shield.energy, shield.mass()
        self.time, self.recession = [shield.start], [shield.recession]
        self.temperature = [shield.temperature.copy()]
        self.loss: Loss | None = None

    def add(self, time: float, dt: float, dt_old: float, solved: Solved) -> Loss | None:
        """Record an accepted step; the loss of the shield in it, if any."""
        shield = self.shield
        c0, _, c2 = stepping.coefficients(dt, dt_old)
        step.tally(self.ledger, dt, c0, c2, solved.supplied, solved.lost, shield.energy - self.energy)
        before = Moment(self.time[-1], self.recession[-1], self.temperature[-1])
        after = Moment(time, shield.recession, shield.temperature.copy())
        self.time.append(time)
        self.recession.append(after.recession)
        self.temperature.append(after.temperature)
        wall = None if shield.drive else shield.wall
        self.loss = loss_between(shield.stack, wall, shield.where, shield.row, before, after)
        return self.loss

    def finish(self) -> DamageHistory:
        """The history with its closures. Raises SolverError if energy is lost."""
        shield = self.shield
        self.ledger[step.SIZE] = max(self.ledger[step.SIZE], LEAST_HEAT * abs(self.energy))
        closure = closed(shield.where, self.ledger, self.mass - shield.mass(), self.mass)
        time, recession, temperature = ended_at(
            self.loss, np.array(self.time), np.array(self.recession), np.array(self.temperature)
        )
        bond = shield.stack.layers[0].cells
        return DamageHistory(time, recession, temperature, bond, self.loss, closure, shield.iterations)
