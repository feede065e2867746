"""A closure held by bolts or shrunk on: the interference that gives a preload, and what service loads leave of it.

The bolts (or the shrunk ring) are a part of the section with nodes of its own; its contact is put together with an
interference until the contact carries the preload. Then the service loads come on top, friction and opening included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from containment.errors import SolverError
from containment.structure.contact import Contact, Touching
from containment.structure.loads import Loads, Supports
from containment.structure.statics import Statics, StaticsResult

ASSEMBLED = 1e-6  # share of the service load at which the closure is as put together
_CLOSE = 1e-3  # of the preload: far below what torque or temperature can be controlled to
_TRIES = 8


@dataclass(frozen=True)
class Closure:
    """A closure under its service loads: `interference` m that was found, contact as `assembled` and as `loaded`, and
    the statics of the latter."""

    interference: float
    assembled: Touching
    loaded: Touching
    answer: StaticsResult

    @property
    def preload_left(self) -> float:
        """Contact force under service load over that of the assembly; 0 is a joint that has separated."""
        return self.loaded.force / self.assembled.force

    @property
    def opening(self) -> float:
        """Largest gap of the contact under service load, m; 0 while it is shut."""
        return float(max(self.loaded.gap.max(), 0.0))

    @property
    def lowest_pressure(self) -> float:
        """Lowest mean pressure of an edge of the contact under service load, Pa: what a seal there is left with."""
        return float(self.loaded.edge_pressure().min())

    @property
    def slips(self) -> bool:
        """Whether the whole contact slides."""
        touching = self.loaded.pressure > 0.0
        return bool(self.loaded.slipping[touching].all()) if touching.any() else True


def preloaded(
    statics: Statics, joint: Callable[[float], Contact], preload: float, loads: Loads, supports: Supports, *,
    first_guess: float, shares: tuple[float, ...] = (ASSEMBLED, 0.25, 0.5, 0.75, 1.0),
) -> Closure:  # fmt: skip
    """The closure whose contact carries `preload` N (full turn) when put together, under its service loads.

    `joint` makes the contact for an interference m, `first_guess` m is one that presses at all. Raises SolverError when
    no interference gives the preload, or the closure slips off or separates under the loads.
    """

    def assembled(interference: float) -> tuple[Contact, Touching]:
        contact = joint(interference)
        state = statics.solve(loads, supports, joint=contact, shares=(ASSEMBLED,)).state
        return contact, contact.touching(state.displacement, state.joint)

    guess, history = first_guess, []
    for _ in range(_TRIES):
        contact, found = assembled(guess)
        history.append(found.force / preload)
        if not found.force > 0.0:
            raise SolverError(
                f"an interference of {guess:.3g} m presses nothing",
                advice="check the lines of the contact and the guess",
            )
        if abs(history[-1] - 1.0) <= _CLOSE:
            answer = statics.solve(loads, supports, joint=contact, shares=shares)
            loaded = contact.touching(answer.state.displacement, answer.state.joint)
            return Closure(guess, found, loaded, answer)
        guess *= float(np.clip(1.0 / history[-1], 0.1, 10.0))  # elastic parts press in proportion
    raise SolverError(
        f"no interference gives a preload of {preload:.4g} N", history=history, advice="the parts may yield before"
    )
