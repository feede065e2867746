"""Which test to buy: the probability that the requirement will be demonstrated after n tests of each candidate kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from containment.errors import UsageError
from containment.evidence.bounds import attribute_plan, jeffreys, jeffreys_trials_needed, variables_plan

Kind = Literal["pass-fail", "measured margin"]


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
    """P(demonstrated) after `tests` tests of one candidate; `needed` without any failure, NaN for measured margins."""

    candidate: str
    kind: Kind
    tests: int
    demonstrated: float
    needed: float


def plan(
    candidates: Sequence[Candidate], numbers: Sequence[int], requirement: float, assurance: float
) -> list[Plan]:  # fmt: skip
    """Every candidate with every number of tests. Raises UsageError for a kind that is not known."""
    from scipy import stats

    found = []
    for candidate in candidates:
        p = np.asarray(candidate.probability, dtype=float)
        for n in numbers:
            if candidate.kind == "pass-fail":
                chance = attribute_plan(p, n, requirement, assurance)
                needed = jeffreys_trials_needed(requirement, assurance)
            elif candidate.kind == "measured margin":
                index = stats.norm.isf(np.clip(p, 1e-300, 1.0 - 1e-16))
                chance, needed = variables_plan(index, n, requirement, assurance), float("nan")
            else:
                raise UsageError(f"found kind {candidate.kind!r}", advice="pass-fail or measured margin")
            found.append(Plan(candidate.name, candidate.kind, int(n), chance, needed))
    return found


@dataclass(frozen=True)
class TestsAlone:
    """What tests show with the physics model removed: Jeffreys mean, 95 % upper bound, P(p <= requirement)."""

    question: str
    trials: float
    failures: float
    mean: float
    upper95: float
    below_requirement: float
    needed: float


def tests_alone(columns: Mapping[str, NDArray[np.float64]], requirement: float, assurance: float) -> list[TestsAlone]:
    """One row for every question of a set of kind `demands`; trials and failures count by their relevance.

    `columns` are those of the set, as kept under `observed_data` of a posterior.
    """
    from scipy import special

    found = []
    for question in sorted({str(q) for q in columns["question"]}):
        here = columns["question"] == question
        n = float(np.sum(columns["relevance"][here] * columns["demands"][here]))
        k = float(np.sum(columns["relevance"][here] * columns["failures"][here]))
        mean, upper = jeffreys(n, k)
        below = float(special.betainc(k + 0.5, n - k + 0.5, requirement))
        needed = jeffreys_trials_needed(requirement, assurance)
        found.append(TestsAlone(question, n, k, mean, upper, below, needed))
    return found
