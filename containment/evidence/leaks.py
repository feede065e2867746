"""Leak rates of nominally equal items: lognormal with exact, interval-censored and below-the-floor readings.

ln q = ln median + activation (1/T_ref - 1/T) + sigma_ln e,  e ~ N(0, 1).

Rows that give only the smallest and the largest of n readings enter as two exact values and n - 2 in between: up to
the factor n (n - 1) this is the joint density of the two order statistics. Rows with a `tube` name are a temperature
series of one item; its level is left free (it may be one of the others), so only its slope is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.evidence import priors
from containment.evidence.model import Built, Draws, finish, need, readings, two_sided
from containment.evidence.register import EvidenceSet


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `leak-rates` (Pa m^3/s, K). Raises DataError for another kind."""
    import pymc as pm

    need(data, use)
    inverse_reference = 1.0 / prior["reference_temperature"].value
    low, high, count = data["rate_low"], data["rate_high"], data["count"] * _weights(data, use)
    inverse = inverse_reference - 1.0 / data["temperature"]
    tube = data.columns.get("tube", np.full(len(data), ""))
    free = {name: quantity for name, quantity in prior.items() if name != "reference_temperature"}
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in free.items()}
        mu = pm.math.log(v["median"]) + v["activation_temperature"] * inverse
        single = np.flatnonzero(tube == "")
        terms, labels = [], [str(item) for item in data["item"][single]]
        if single.size:
            terms.append(count[single] * readings(low[single], high[single], mu[single], v["sigma_ln"]))
        for name in sorted(set(tube) - {""}):
            of = tube == name
            term = _series(np.log(high[of]), inverse[of], v["activation_temperature"], v["repeatability"])
            terms.append(term[None])
            labels.append(f"{name} against temperature")
        finish(pm.math.concatenate(terms))
    level = (tube == "") & (low > 0) & np.isfinite(high)
    observed = np.repeat(np.log(np.array([low[level], high[level]])).mean(axis=0), data["count"][level].astype(int))
    return Built(model, free, tuple(labels), _deliver, _predictive(observed))


def _weights(data: EvidenceSet, use: EvidenceUse) -> NDArray[np.float64]:
    return np.array([use.relevance.get(str(item), 1.0) for item in data["item"]])


def _series(y: NDArray[np.float64], x: NDArray[np.float64], slope: Any, sd: Any) -> Any:
    """Log-likelihood of readings y (n,) on slope * x with a free level: n - 1 contrasts remain."""
    import pymc as pm

    residual = (y - y.mean()) - slope * (x - x.mean())
    return -0.5 * pm.math.sum(residual**2) / sd**2 - (y.size - 1) * pm.math.log(sd)


def _deliver(draws: Draws, output: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """A further item at the reference temperature, Pa m^3/s."""
    return draws["median"] * np.exp(draws["sigma_ln"] * rng.standard_normal(draws["median"].size))


def _predictive(observed: NDArray[np.float64]) -> Any:
    """Smallest and largest of as many new items against those that were read."""

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        if not observed.size:
            return {}
        noise = rng.standard_normal((draws["median"].size, observed.size))
        replicate = np.log(draws["median"])[:, None] + draws["sigma_ln"][:, None] * noise
        return {
            "smallest rate": two_sided(replicate.min(axis=1), float(observed.min())),
            "largest rate": two_sided(replicate.max(axis=1), float(observed.max())),
        }

    return check
