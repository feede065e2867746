"""Failures on demand in few trials: hierarchical beta-binomial with relevance weights.

For one question (a closure, a landing) the groups of items tested are alike but not the same:
p_group ~ Beta(mean * likeness, (1 - mean) * likeness), k ~ Binomial(n, p_group) raised to the power relevance
(power prior, Ibrahim & Chen 2000). p_group is integrated out, so only mean and likeness are sampled; the item flown
is a further group, drawn from the same population. A closure defect that matters is an anomaly that inspection and
leak test let pass: closure_defect = closure_anomaly * undetected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.errors import DataError
from containment.evidence import priors
from containment.evidence.model import Built, Draws, finish, given, need, two_sided
from containment.evidence.register import EvidenceSet

QUESTIONS = ("closure", "landing")


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `demands`. Raises DataError for another kind or an unknown question."""
    import pymc as pm

    need(data, use)
    for asked, line in zip(map(str, data["question"]), data.lines, strict=True):
        if asked not in QUESTIONS:
            raise DataError(
                f"{data.path / 'data.csv'}:{line}: found the question {asked!r}, expected {' or '.join(QUESTIONS)}",
                advice="say what the demand shows",
            )
    n, k = data["demands"], data["failures"]
    weight = np.array(
        [use.relevance.get(str(item), w) for item, w in zip(data["item"], data["relevance"], strict=True)]
    )
    question = np.array([QUESTIONS.index(q) for q in data["question"]])
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in prior.items()}
        mean = pm.math.stack([v[f"mean_{name}"] for name in QUESTIONS])[question]
        a, b = mean * v["likeness"], (1.0 - mean) * v["likeness"]
        failures = given("failures", k.astype(int))
        finish(weight * pm.logp(pm.BetaBinomial.dist(alpha=a, beta=b, n=n.astype(int)), failures))
    return Built(model, prior, tuple(map(str, data["item"])), _deliver, _predictive(question, n, k, weight))


def _item(draws: Draws, question: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Failure probability of a further item, (n,)."""
    mean, likeness = draws[f"mean_{question}"], draws["likeness"]
    tiny = np.finfo(float).tiny  # the generator wants strictly positive parameters
    return rng.beta(np.maximum(mean * likeness, tiny), np.maximum((1.0 - mean) * likeness, tiny))


def _deliver(draws: Draws, output: str, rng: np.random.Generator) -> NDArray[np.float64]:
    if output == "landing_failure":
        return _item(draws, "landing", rng)
    anomaly = _item(draws, "closure", rng)
    return anomaly * draws["undetected"] if output == "closure_defect" else anomaly


def _predictive(
    question: NDArray[np.int64], n: NDArray[np.float64], k: NDArray[np.float64], weight: NDArray[np.float64]
) -> Any:
    """Number of failures over all items that count for a question against what was seen."""

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        tails = {}
        for index, name in enumerate(QUESTIONS):
            rows = np.flatnonzero((question == index) & (weight > 0))
            if rows.size:
                failures = sum(rng.binomial(int(n[i]), _item(draws, name, rng)) for i in rows)
                tails[f"failures at {name}"] = two_sided(np.asarray(failures, dtype=float), float(k[rows].sum()))
        return tails

    return check
