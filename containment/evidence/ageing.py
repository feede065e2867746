"""Ageing of seals from inspections: who had failed at an age and a temperature, Weibull life with an Arrhenius factor.

P(failed by age t at temperature T) = 1 - exp(-(t / life(T))^shape),
ln life(T) = ln life + activation (1/T - 1/T_reference).
An inspection says only how many had failed by then (current status: every life is censored from one side), which is
how fixtures in ovens are looked after. Only the failures are random, so k ~ Binomial(items, p).
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

_MIDDLE = "ln_life_at_middle"


def log_hazard(v: Mapping[str, Any], age: Any, temperature: Any, reference: float, xp: Any = np) -> Any:
    """Logarithm of the cumulative hazard at an age (s) and a temperature (K); `xp` numpy or PyTensor."""
    log_life = xp.log(v["life"]) + v["activation_temperature"] * (1.0 / temperature - 1.0 / reference)
    return v["shape"] * (np.log(age) - log_life)


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `inspections` (K, s). Raises DataError for another kind."""
    import pymc as pm
    import pytensor.tensor as pt

    need(data, use)
    free = {name: quantity for name, quantity in prior.items() if name in use.facts.parameters}
    reference = prior["reference_temperature"].value
    weight = np.array([use.relevance.get(str(item), 1.0) for item in data["item"]])
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in free.items() if name != "life"}
        lever = float(np.mean(1.0 / data["temperature"])) - 1.0 / reference
        v["life"] = _life(free["life"], v["activation_temperature"], lever)
        # Beyond these bounds all or none have failed to double precision, and the gradient would overflow.
        hazard = pt.exp(pt.clip(log_hazard(v, data["age"], data["temperature"], reference, pt), -600.0, 6.0))
        failed = given("failures", data["failures"])
        rows = failed * pt.log1mexp(-hazard) - (data["items"] - failed) * hazard
        finish(weight * rows, latent=(_MIDDLE,), prior=_density(free["life"], v["life"]))
    return Built(
        model, free, tuple(map(str, data["item"])), _deliver(prior), _predictive(data, weight, reference)
    )  # fmt: skip


def _life(quantity: Quantity, activation: Any, lever: float) -> Any:
    """The life at the reference temperature, sampled as its logarithm at the middle of the inspections.

    That is what inspections tell; life and activation far from them lie on a thin ridge. With a lognormal prior only.
    """
    import pymc as pm

    if not _lognormal(quantity):
        return priors.variable("life", quantity)
    spread = quantity.uncertainty.parameters["sigma_ln"]  # type: ignore[union-attr]
    middle = pm.Normal(_MIDDLE, np.log(np.float64(quantity.value)) + activation * lever, np.float64(spread))
    return pm.Deterministic("life", pm.math.exp(middle - activation * lever))


def _lognormal(quantity: Quantity) -> bool:
    return quantity.uncertainty is not None and quantity.uncertainty.distribution == "lognormal"


def _density(quantity: Quantity, life: Any) -> Any:
    """Log prior density of a life that is no variable of its own, else nothing."""
    import pymc as pm

    if not _lognormal(quantity):
        return 0.0
    spread = quantity.uncertainty.parameters["sigma_ln"]  # type: ignore[union-attr]
    return pm.logp(pm.LogNormal.dist(np.log(np.float64(quantity.value)), np.float64(spread)), life)


def _deliver(prior: Mapping[str, Quantity]) -> Any:
    """Probability that one seal has failed after its service."""

    def deliver(draws: Draws, output: str, rng: np.random.Generator) -> NDArray[np.float64]:
        age, temperature = prior["service_time"].value, prior["service_temperature"].value
        score = log_hazard(draws, age, temperature, prior["reference_temperature"].value)
        return np.asarray(-np.expm1(-np.exp(np.minimum(score, 6.0))))

    return deliver


def _predictive(data: EvidenceSet, weight: NDArray[np.float64], reference: float) -> Any:
    """Failures in each inspection that counts against what was seen."""

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        tails = {}
        for i in np.flatnonzero(weight > 0):
            score = log_hazard(draws, data["age"][i], data["temperature"][i], reference)
            p = -np.expm1(-np.exp(np.minimum(score, 6.0)))
            replicate = rng.binomial(int(data["items"][i]), p).astype(float)
            tails[f"failures of {data['item'][i]}"] = two_sided(replicate, float(data["failures"][i]))
        return tails

    return check
