"""The march in time of the heat shields made of finite elements: attempts at steps until the end or a loss."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from containment.thermal import stepping
from containment.thermal.outcome import Loss, not_converged
from containment.thermal.stepping import Pace, StepRules

Floats = NDArray[np.float64]


class Marcher[S](Protocol):
    """A shield that makes steps; S is what it knows of a step that converged."""

    where: str
    rules: StepRules

    @property
    def temperature(self) -> Floats:
        """Temperatures after the last accepted step, K; the first along the last axis but one are walls."""

    def attempt(self, time: float, dt: float, dt_old: float, guess: Floats) -> tuple[S | None, list[float]]:
        """Newton for the step that ends at `time` from the guess (N,), which ends as the solution; None if it does not
        converge, and the residuals of its passes, K."""

    def accept(self, solved: S) -> None:
        """Make the step history."""


class Recorder[S](Protocol):
    """Keeps accepted steps."""

    def add(self, time: float, dt: float, dt_old: float, solved: S) -> Loss | None:
        """Record a step; the loss of the shield in it, if any."""


def march[S](shield: Marcher[S], record: Recorder[S], pace: Pace, advice: str) -> None:
    """To the last stop, or to the step in which the shield is lost. Raises SolverError with the advice, DataError."""
    rules, guess = shield.rules, np.zeros(pace.past.shape[1])
    while stepping.ahead(pace):
        time, dt, dt_old = stepping.propose(pace, guess)
        solved, residuals = shield.attempt(time, dt, dt_old, guess)
        verdict = stepping.settle(rules, pace, solved is not None, guess)
        if verdict == stepping.STUCK:
            start, wall = float(pace.clock[stepping.TIME]), float(shield.temperature[..., 0].max())
            raise not_converged(shield.where, start, dt, wall, residuals, advice)
        if verdict == stepping.AGAIN or solved is None:
            continue
        shield.accept(solved)
        if record.add(time, dt, dt_old, solved):
            return
        stepping.advance(rules, pace, guess)
