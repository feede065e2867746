"""What tests show with the analysis left out, and what the worst of all priors makes of the analysis' own claim.

The two stand beside every analysed P(loss): a board that believes nothing of the physics has the first, one that
believes only stated parts of it has the second (conservative Bayes: Bishop et al., IEEE Trans. Software Eng. 37 (2011)
708; Zhao et al. 2015, 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.evidence import bounds

if TYPE_CHECKING:
    from containment.case.evidence import Belief
    from containment.evidence.infer import Posterior

_LEAST, _MOST = 1e-12, 1.0 - 1e-9  # a claim of certainty is none that a prior can hold


@dataclass(frozen=True)
class TestsAlone:
    """Tests of one question with the physics removed: Jeffreys mean, 95 % upper bound, P(p <= requirement), and the
    trials without failure that would show the requirement."""

    question: str
    trials: float
    failures: float
    mean: float
    upper95: float
    below_requirement: float
    needed: float


@dataclass(frozen=True)
class WorstPrior:
    """Least P(p <= requirement) after tests, over every prior that holds all of `held`: (words, at most, confidence).

    `needed`: trials without failure until the most useful belief alone reaches the wanted assurance, None where no
    number of them would.
    """

    held: tuple[tuple[str, float, float], ...]
    trials: float
    failures: float
    assurance: float
    needed: float | None


def of_columns(columns: Mapping[str, NDArray[np.float64]], requirement: float, wanted: float) -> list[TestsAlone]:
    """One row for every question of a set of kind `demands`; trials and failures count by their relevance.

    `columns` are those of the set, as kept under `observed_data` of a posterior.
    """
    from scipy import special

    found = []
    for question in sorted({str(q) for q in columns["question"]}):
        here = columns["question"] == question
        n = float(np.sum(columns["relevance"][here] * columns["demands"][here]))
        k = float(np.sum(columns["relevance"][here] * columns["failures"][here]))
        mean, upper = bounds.jeffreys(n, k)
        below = float(special.betainc(k + 0.5, n - k + 0.5, requirement))
        needed = bounds.jeffreys_trials_needed(requirement, wanted)
        found.append(TestsAlone(question, n, k, mean, upper, below, needed))
    return found


def tests_alone(posterior: Posterior, requirement: float, wanted: float) -> list[TestsAlone]:
    """The questions of every pass-fail set behind a posterior."""
    return [row for columns in _demands(posterior) for row in of_columns(columns, requirement, wanted)]


def _demands(posterior: Posterior) -> Iterator[Mapping[str, NDArray[np.float64]]]:
    for tree in posterior.tree.children.values():
        if "observed_data" in tree.children:
            data = tree["observed_data"].to_dataset()
            if {"question", "demands", "failures", "relevance"} <= set(data.data_vars):
                yield {str(name): variable.to_numpy() for name, variable in data.data_vars.items()}


def worst_prior(
    beliefs: Mapping[str, Belief], loss: NDArray[np.float64], tested: Sequence[TestsAlone], requirement: float,
    wanted: float,
) -> WorstPrior:  # fmt: skip
    """The worst prior that holds the beliefs of the case; without any, those this analysis states of itself: half of
    its draws of P(loss) (K,) lie below their median, 95 % below their 95 % quantile.

    The tests are those of the question `landing`, which ask what P(loss) asks; none where there is no such question.
    """
    held = [
        (belief.statement, min(max(belief.at_most.value, _LEAST), _MOST), belief.confidence.value)
        for belief in beliefs.values()
    ] or [
        (f"this analysis: P(loss) is at most its {100 * level:g} % quantile",
         float(np.clip(np.quantile(loss, level), _LEAST, _MOST)), level)
        for level in (0.5, 0.95)
    ]  # fmt: skip
    landing = [row for row in tested if row.question == "landing"]
    n, k = (sum(row.trials for row in landing), sum(row.failures for row in landing))
    assurance = bounds.worst_assurance([(claim, confidence) for _, claim, confidence in held], requirement, n, k)
    enough = [
        bounds.conservative_trials_needed(requirement, claim, confidence, wanted)
        for _, claim, confidence in held
        if claim < requirement
    ]
    return WorstPrior(tuple(held), n, k, assurance, min(enough, default=None))
