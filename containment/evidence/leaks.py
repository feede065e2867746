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
from containment.evidence.model import Built, Draws, finish, given, need, readings, two_sided
from containment.evidence.register import EvidenceSet

_SLOPE = "activation_temperature"


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `leak-rates` (Pa m^3/s, K). Raises DataError for another kind."""
    import pymc as pm

    need(data, use)
    inverse_reference = 1.0 / prior["reference_temperature"].value
    low, high, count = data["rate_low"], data["rate_high"], data["count"] * _weights(data, use)
    inverse = inverse_reference - 1.0 / data["temperature"]
    tube = data.columns.get("tube", np.full(len(data), ""))
    free = {name: quantity for name, quantity in prior.items() if name != "reference_temperature"}
    series = {name: tube == name for name in sorted(set(tube) - {""})}
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in free.items() if name != _SLOPE}
        v[_SLOPE], density = _slope(free[_SLOPE], np.log(high), inverse, list(series.values()), v["repeatability"])
        mu = pm.math.log(v["median"]) + v[_SLOPE] * inverse
        single = np.flatnonzero(tube == "")
        terms, labels = [], [str(item) for item in data["item"][single]]
        if single.size:
            terms.append(count[single] * readings("rate", low[single], high[single], mu[single], v["sigma_ln"]))
        for name, of in series.items():
            y = np.log(high[of])
            term = _series(given(f"{name}_ln", y - y.mean()), inverse[of], v[_SLOPE], v["repeatability"])
            terms.append(term[None])
            labels.append(f"{name} against temperature")
        finish(pm.math.concatenate(terms), latent=("slope_score",), prior=density)
    level = (tube == "") & (low > 0) & np.isfinite(high)
    observed = np.repeat(np.log(np.array([low[level], high[level]])).mean(axis=0), data["count"][level].astype(int))
    return Built(model, free, tuple(labels), _deliver, _predictive(observed))


def _weights(data: EvidenceSet, use: EvidenceUse) -> NDArray[np.float64]:
    return np.array([use.relevance.get(str(item), 1.0) for item in data["item"]])


def _slope(
    prior: Quantity, y: NDArray[np.float64], x: NDArray[np.float64], series: list[NDArray[np.bool_]], sd: Any
) -> tuple[Any, Any]:
    """The slope of ln rate on temperature and the log density of its prior.

    A series of few readings ties the slope as closely as they repeat, and how closely is unknown too: a funnel. With a
    normal prior the slope is measured from the least-squares line in its own standard errors instead.
    """
    import pymc as pm

    spread = prior.uncertainty
    if not series or spread is None or spread.distribution != "normal":
        return priors.variable(_SLOPE, prior), 0.0
    lever = [x[of] - x[of].mean() for of in series]
    square = sum(float(np.sum(dx**2)) for dx in lever)
    best = given("slope_best", np.array(sum(float(dx @ y[of]) for dx, of in zip(lever, series, strict=True)) / square))
    error = sd / np.sqrt(square)
    slope = pm.Deterministic(_SLOPE, best + error * pm.Flat("slope_score"))
    density = pm.logp(pm.Normal.dist(np.float64(prior.value), np.float64(spread.parameters["sd"])), slope)
    pm.Potential("slope_prior", density + pm.math.log(error))
    return slope, density


def _series(residual_level: Any, x: NDArray[np.float64], slope: Any, sd: Any) -> Any:
    """Log-likelihood of readings (n,), less their mean, on slope * x with a free level: n - 1 contrasts remain."""
    import pymc as pm

    residual = residual_level - slope * (x - x.mean())
    return -0.5 * pm.math.sum(residual**2) / sd**2 - (x.size - 1) * pm.math.log(sd)


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
