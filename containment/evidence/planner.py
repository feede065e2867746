"""Which test to buy: the probability that the requirement will be demonstrated after n tests of each candidate kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from containment.errors import UsageError
from containment.evidence.bounds import attribute_plan, jeffreys_trials_needed, variables_plan

Kind = Literal["pass-fail", "measured margin"]
NUMBERS = (10, 30, 100, 1000, 10_000)  # of tests, where nothing else is asked


@dataclass(frozen=True)
class Candidate:
    """A kind of test and what is believed of it now: draws (m,) of the failure probability of one trial.

    `measured margin`: the margin is measured in a sample assumed normal, so that p = Phi(-index).
    """

    name: str
    kind: Kind
    probability: NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """P(demonstrated) after `tests` tests of one candidate; `needed` without any failure, None for measured margins."""

    candidate: str
    kind: Kind
    tests: int
    demonstrated: float
    needed: float | None


def plan(
    candidates: Sequence[Candidate], numbers: Sequence[int], requirement: float, assurance: float
) -> list[Plan]:  # fmt: skip
    """Every candidate with every number of tests. Raises UsageError for a kind that is not known."""
    from scipy import stats

    found: list[Plan] = []
    for candidate in candidates:
        p = np.asarray(candidate.probability, dtype=float)
        for n in numbers:
            if candidate.kind == "pass-fail":
                chance = attribute_plan(p, n, requirement, assurance)
                needed: float | None = jeffreys_trials_needed(requirement, assurance)
            elif candidate.kind == "measured margin":
                index = stats.norm.isf(np.clip(p, 1e-300, 1.0 - 1e-16))
                chance, needed = variables_plan(index, n, requirement, assurance), None
            else:
                raise UsageError(f"found kind {candidate.kind!r}", advice="pass-fail or measured margin")
            found.append(Plan(candidate.name, candidate.kind, int(n), chance, needed))
    return found


def plan_of_loss(
    loss: NDArray[np.float64], requirement: float, assurance: float, numbers: Sequence[int] = NUMBERS
) -> list[Plan]:
    """Both kinds of test of the whole vehicle, believed of it what the draws of P(loss) (K,) say."""
    if min(numbers, default=0) < 2:
        raise UsageError(f"found {list(numbers)} tests, expected 2 or more", advice="one test shows no spread")
    candidates = [
        Candidate("landings of the whole vehicle, contained or not", "pass-fail", loss),
        Candidate("the same with the least margin measured, taken as normal", "measured margin", loss),
    ]
    return plan(candidates, numbers, requirement, assurance)
