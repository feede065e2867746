"""Attribute tests under a mixture of two priors: what is known from like items, and nothing, in case they are not.

p has the informed prior with probability `trust` and the vague one otherwise; k ~ Binomial(n, p) raised to the power
relevance. Both priors are betas, so the posterior is known: each is updated as usual and the odds of the informed one
by the ratio of the marginal likelihoods B(a + k, b + n - k) / B(a, b) (Schmidli et al., Biometrics 70 (2014) 1023).
Data that contradict what was known move the weight to the vague prior instead of averaging the contradiction away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.errors import DataError
from containment.evidence.model import Built, Draws, Exact, need, two_sided
from containment.evidence.register import EvidenceSet

Array = NDArray[np.float64]
_APPLIES = "informed_applies"  # per draw: one where the informed prior is the one that counts


def beta_prior(name: str, quantity: Quantity) -> tuple[float, float]:
    """Parameters (a, b) of a beta prior. Raises DataError for another distribution."""
    spread = quantity.uncertainty
    if spread is None or spread.distribution != "beta":
        found = "no uncertainty" if spread is None else spread.distribution
        raise DataError(f"prior of {name!r}: found {found}, expected a beta", advice="the closed form needs a beta")
    return spread.parameters["a"], spread.parameters["b"]


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `demands`; all rows are about one probability. Raises DataError for another kind."""
    need(data, use)
    trust = prior["trust"].value
    if not 0.0 <= trust <= 1.0:
        raise DataError(f"found trust {trust:g}, expected a probability", advice="give a number from 0 to 1")
    shapes = {name: beta_prior(name, prior[name]) for name in ("informed", "vague")}
    n, k = data["demands"], data["failures"]
    weight = np.array(
        [use.relevance.get(str(item), w) for item, w in zip(data["item"], data["relevance"], strict=True)]
    )
    free = {name: prior[name] for name in shapes}

    def exact(size: int, rng: np.random.Generator) -> Exact:
        return _exact(shapes, trust, n, k, weight, size, rng)

    def deliver(draws: Draws, output: str, rng: np.random.Generator) -> Array:
        applies = draws.get(_APPLIES)
        if applies is None:  # draws of the prior
            applies = (rng.random(draws["informed"].size) < trust).astype(float)
        return np.where(applies > 0, draws["informed"], draws["vague"])

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        counted = np.flatnonzero(weight > 0)
        if not counted.size:
            return {}
        p = deliver(draws, "", rng)
        replicate = sum(rng.binomial(int(n[i]), p) for i in counted)
        return {"failures": two_sided(np.asarray(replicate, dtype=float), float(k[counted].sum()))}

    return Built(None, free, tuple(map(str, data["item"])), deliver, check, exact)


def informed_weight(shapes: Mapping[str, tuple[float, float]], trust: float, n: float, k: float) -> float:
    """Posterior probability of the informed component after k failures in n demands (any real counts)."""
    from scipy.special import betaln

    if trust in (0.0, 1.0):
        return trust
    log_marginal = {name: float(betaln(a + k, b + n - k) - betaln(a, b)) for name, (a, b) in shapes.items()}
    log_odds = np.log(trust / (1.0 - trust)) + log_marginal["informed"] - log_marginal["vague"]
    return float(1.0 / (1.0 + np.exp(-np.clip(log_odds, -700.0, 700.0))))


def _exact(
    shapes: Mapping[str, tuple[float, float]], trust: float, n: Array, k: Array, weight: Array, size: int,
    rng: np.random.Generator,
) -> Exact:  # fmt: skip
    from scipy import stats

    seen, failed = float(np.sum(weight * n)), float(np.sum(weight * k))
    applies = rng.random(size) < informed_weight(shapes, trust, seen, failed)
    draws: dict[str, Any] = {}
    log_prior: Array = np.log(np.where(applies, trust, 1.0 - trust))
    for name, (a, b) in shapes.items():
        counts = applies if name == "informed" else ~applies
        draws[name] = rng.beta(np.where(counts, a + failed, a), np.where(counts, b + seen - failed, b))
        log_prior = log_prior + stats.beta(a, b).logpdf(np.clip(draws[name], 1e-300, 1 - 1e-16))
    p = np.where(applies, draws["informed"], draws["vague"])
    rows = weight * stats.binom.logpmf(k, n, p[:, None])
    return Exact({**draws, _APPLIES: applies.astype(float)}, rows, log_prior)
