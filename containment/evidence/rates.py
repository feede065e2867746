"""Events counted over an exposure, mission by mission: hierarchical gamma-Poisson with relevance weights.

Missions are alike but not the same: rate_mission ~ Gamma(likeness, likeness / mean_rate), events ~ Poisson(rate T)
raised to the power relevance. The rates of the missions are integrated out (a negative binomial of shape likeness), so
only mean_rate and likeness are sampled; the mission to be flown is one more from the same population.
A likeness without end makes all rates the same: a plain Poisson model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.evidence import priors
from containment.evidence.model import Built, Draws, finish, given, need, two_sided
from containment.evidence.register import EvidenceSet


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `events` (exposure in s). Raises DataError for another kind."""
    import pymc as pm

    need(data, use)
    free = {name: quantity for name, quantity in prior.items() if name in use.facts.parameters}
    weight = np.array(
        [use.relevance.get(str(item), w) for item, w in zip(data["item"], data["relevance"], strict=True)]
    )
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in free.items()}
        counts = given("events", data["events"].astype(int))
        expected = v["mean_rate"] * data["exposure"]
        finish(weight * pm.logp(pm.NegativeBinomial.dist(mu=expected, alpha=v["likeness"]), counts))
    deliver = _deliver(prior["mission_time"].value)
    return Built(model, free, tuple(map(str, data["item"])), deliver, _predictive(data, weight))


def new_rate(mean: Any, likeness: Any, rng: np.random.Generator) -> Any:
    """Rate of one more mission, in the unit of `mean`."""
    return rng.gamma(likeness, mean / likeness)


def _deliver(mission_time: float) -> Any:
    """Rate of one more mission, 1/s, or the probability of at least one event in it."""

    def deliver(draws: Draws, output: str, rng: np.random.Generator) -> NDArray[np.float64]:
        rate = new_rate(draws["mean_rate"], draws["likeness"], rng)
        return np.asarray(rate if output == "new_rate" else -np.expm1(-rate * mission_time))

    return deliver


def _predictive(data: EvidenceSet, weight: NDArray[np.float64]) -> Any:
    """Events over all missions that count, and in the one with most of them, against what was seen."""
    counted = np.flatnonzero(weight > 0)

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        if not counted.size:
            return {}
        seen = data["events"][counted]
        rate = new_rate(draws["mean_rate"][:, None], draws["likeness"][:, None] * np.ones(counted.size), rng)
        replicate = rng.poisson(np.minimum(rate * data["exposure"][counted], 1e15))
        return {
            "events in all": two_sided(replicate.sum(axis=1).astype(float), float(seen.sum())),
            "events in the worst": two_sided(replicate.max(axis=1).astype(float), float(seen.max())),
        }

    return check
