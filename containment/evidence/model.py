"""What every evidence model hands to the sampler, and the likelihoods they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import share
from containment.case.evidence import Evidence, EvidenceUse
from containment.case.values import Quantity
from containment.errors import DataError
from containment.evidence.register import EvidenceSet, load

Draws = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Exact:
    """Independent posterior draws: parameters (n,) by name, log-likelihood (n, rows) and log prior density (n,)."""

    draws: Draws
    rows: NDArray[np.float64]
    log_prior: NDArray[np.float64]


@dataclass(frozen=True)
class Built:
    """A PyMC model ready to sample, with the same knowledge in numpy for prior draws and predictive checks.

    `model` has the deterministics `log_likelihood` (rows) and `log_prior`; `priors` are its parameters;
    `deliver(draws, output, rng)` turns parameter draws (n,) into one new item (n,) of an output that is no parameter;
    `predictive(draws, rng)` gives tail probabilities of the data: two-sided for a number, plain for a bound;
    `rows` labels the terms of the likelihood. Where the posterior is known in closed form, `exact(n, rng)` draws from
    it and there is no `model`.
    """

    model: Any
    priors: Mapping[str, Quantity]
    rows: tuple[str, ...]
    deliver: Callable[[Draws, str, np.random.Generator], NDArray[np.float64]]
    predictive: Callable[[Draws, np.random.Generator], Mapping[str, float]]
    exact: Callable[[int, np.random.Generator], Exact] | None = None


def priors_of(use: EvidenceUse, values: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Prior of every parameter and constant: the distribution of the input it updates, or the case's assumption."""
    mapped = {output: values[path] for path, output in use.updates.items() if output in use.facts.parameters}
    return {**mapped, **use.assumptions}


def given(name: str, values: NDArray[Any]) -> Any:
    """Data of the model in context, which another data set of the same shape can replace without compiling anew."""
    import pymc as pm

    return pm.Data(name, values)


def finish(rows: Any, latent: tuple[str, ...] = (), prior: Any = 0.0) -> None:
    """Close the model in context: the likelihood as a potential, both densities recorded for reweighting.

    `latent` variables are part of the model, not of the prior a reader can dispute: left out of `log_prior`. `prior` is
    the log density of parameters that are not variables themselves but made of latent ones.
    """
    import pymc as pm
    import pytensor.tensor as pt

    pm.Potential("likelihood", rows.sum())
    pm.Deterministic("log_likelihood", rows)
    free = [v for v in pm.modelcontext(None).free_RVs if v.name not in latent]
    pm.Deterministic("log_prior", sum((pm.logp(v, v).sum() for v in free), pt.as_tensor(prior)))


def two_sided(replicates: NDArray[np.float64], observed: float) -> float:
    """Tail probability 2 min(P(T < t), P(T > t)) with half of the ties on each side."""
    below = float(np.mean(replicates < observed) + 0.5 * np.mean(replicates == observed))
    return 2.0 * min(below, 1.0 - below)


def readings(name: str, low: NDArray[np.float64], high: NDArray[np.float64], mu: Any, sigma: Any) -> Any:
    """Log-likelihood (n,) of readings ln y ~ N(mu, sigma) with mu (n,): exact (low = high), above, below or between.

    `name` of the data in the model.
    """
    import pytensor.tensor as pt

    mu = pt.zeros(low.size) + mu
    with np.errstate(divide="ignore"):
        a, b = np.log(low), np.log(high)
    kinds = {
        "exact": low == high,
        "below": (low == 0) & np.isfinite(high),
        "above": (low > 0) & np.isinf(high),
        "between": (low > 0) & (low < high) & np.isfinite(high),
    }
    parts, order = [], []
    for kind, mask in kinds.items():
        if (i := np.flatnonzero(mask)).size == 0:
            continue

        def score(bound: NDArray[np.float64], end: str, i: NDArray[np.intp] = i, kind: str = kind) -> Any:
            return (given(f"{name}_{kind}_{end}", bound[i]) - mu[i]) / sigma

        match kind:
            case "exact":
                parts.append(-0.5 * score(a, "at") ** 2 - pt.log(sigma) - 0.5 * np.log(2.0 * np.pi))
            case "below":
                parts.append(log_cdf(score(b, "high")))
            case "above":
                parts.append(log_cdf(-score(a, "low")))
            case _:
                parts.append(log_interval(score(a, "low"), score(b, "high")))
        order.append(i)
    return pt.concatenate(parts)[np.argsort(np.concatenate(order))]


def log_interval(low: Any, high: Any) -> Any:
    """log(Phi(high) - Phi(low)) for finite standard normal bounds, exact in both tails (PyTensor tensors)."""
    import pymc as pm

    # Mirrored where both bounds are positive: differences of numbers near one would lose all digits.
    mirrored = pm.math.gt(low + high, 0.0)
    a = pm.math.switch(mirrored, -high, low)
    b = pm.math.switch(mirrored, -low, high)
    return log_cdf(b) + pm.math.log1mexp(log_cdf(a) - log_cdf(b))


def log_cdf(z: Any) -> Any:
    """log Phi(z), PyTensor. PyMC's own has a single-precision sqrt(2): 1e-8 off, too much where two of them cancel."""
    import pytensor.tensor as pt

    root = np.sqrt(2.0)
    low = pt.minimum(z, 0.0)  # each branch sees only arguments it can bear, so that gradients stay finite
    far = pt.log(pt.erfcx(-low / root) / 2.0) - low**2 / 2.0
    return pt.switch(pt.lt(z, -1.0), far, pt.log1p(-pt.erfc(pt.maximum(z, -2.0) / root) / 2.0))


def need(data: EvidenceSet, use: EvidenceUse) -> None:
    """Refuse a data set of another kind than the model reads, and relevance given to items it does not have."""
    if data.kind != use.facts.kind:
        raise DataError(
            f"{data.path / 'card.toml'}:1: found kind {data.kind!r}, expected {use.facts.kind!r} for {use.model}",
            advice="name another evidence set or another model in the case",
        )
    for item in use.relevance:
        if item not in data["item"]:
            items = ", ".join(repr(str(known)) for known in data["item"])
            raise DataError(
                f"{data.path / 'data.csv'}:1: found relevance for {item!r}, expected one of {items}",
                advice="correct the item under relevance in the case",
            )


def read_sets(evidence: Evidence, folder: Path | None = None) -> dict[str, EvidenceSet]:
    """Every set a case names, read and believed, by entry; `folder` is where the case lies.

    Raises DataError naming file, line and entry of the first fault.
    """
    found = {}
    for name, use in evidence.sets.items():
        found[name] = load(share.find("evidence", use.set, beside=folder))
        need(found[name], use)
    return found
