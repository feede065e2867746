"""Conditional failure probability of one limit state: capacity scatter and demand error integrated, not sampled.

Given a computed demand D, the true demand is F D exp(s e) (logarithmic error) or F D + s e (additive), e ~ N(0, 1),
F the model factor. P(failure | D) = P(C < true demand) is a smooth curve over D, exact where a closed form exists and
integrated numerically once elsewhere: probabilities of 1e-9 need no rare samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from containment.case.values import Quantity

Array = NDArray[np.float64]
_NODES = np.linspace(-8.5, 8.5, 137)  # P(|e| > 8.5) = 2e-17: beyond double precision of the sum
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.exp(-0.5 * _NODES**2).sum()  # trapezoid of a Gaussian: spectrally accurate


def failure_probability_given_demand(
    demand: Array, capacity: Any, *, scatter: float, logarithmic: bool, fails_above: bool
) -> Array:
    """P(failure) at each value of `demand` (model factor already applied; any shape).

    `capacity` is a float, or a frozen scipy.stats distribution of the capacity; `scatter` the standard deviation of the
    demand's random error (of its logarithm if `logarithmic`).
    """
    demand = np.asarray(demand, dtype=float)
    if isinstance(capacity, int | float):
        return _fixed(demand, float(capacity), scatter, logarithmic, fails_above)
    name = capacity.dist.name
    if name == "norm" and (not logarithmic or scatter == 0.0):
        mean, sd = float(capacity.mean()), float(capacity.std())
        return _phi(_sign(fails_above) * (demand - mean) / np.hypot(sd, scatter))
    if name == "lognorm" and (logarithmic or scatter == 0.0) and np.all(demand > 0):
        sigma = float(capacity.kwds.get("s", capacity.args[0] if capacity.args else np.nan))
        return _phi(_sign(fails_above) * np.log(demand / float(capacity.median())) / np.hypot(sigma, scatter))
    if scatter == 0.0:
        return np.asarray(capacity.cdf(demand) if fails_above else capacity.sf(demand), dtype=float)
    return _integrated(demand, capacity, scatter, logarithmic, fails_above)


def _phi(score: Array) -> Array:
    return np.asarray(special.ndtr(score), dtype=float)


def _sign(fails_above: bool) -> float:
    return 1.0 if fails_above else -1.0


def _fixed(demand: Array, capacity: float, scatter: float, logarithmic: bool, fails_above: bool) -> Array:
    sign = _sign(fails_above)
    if scatter == 0.0:
        return (sign * (demand - capacity) > 0.0).astype(float)
    if logarithmic:
        if capacity <= 0.0:
            return np.full(demand.shape, 1.0 if fails_above else 0.0)
        return _phi(sign * np.log(demand / capacity) / scatter)
    return _phi(sign * (demand - capacity) / scatter)


def _integrated(demand: Array, capacity: Any, scatter: float, logarithmic: bool, fails_above: bool) -> Array:
    """Curve tabulated over the demand (in normal scores, where it is nearly straight) and interpolated."""
    flat = np.log(demand).ravel() if logarithmic else demand.ravel()
    # step of the table: a fraction of the error's own width
    count = int(np.clip(np.ceil((np.ptp(flat) / scatter) * 8) + 2, 3, 400))
    grid = np.linspace(flat.min(), flat.max(), count) if np.ptp(flat) > 0 else flat[:1]
    points = grid[:, None] + scatter * _NODES
    physical = np.exp(points) if logarithmic else points
    chance = capacity.cdf(physical) if fails_above else capacity.sf(physical)
    score = special.ndtri(np.clip(chance @ _WEIGHTS, 1e-300, 1 - 1e-16))
    return _phi(np.interp(flat, grid, score)).reshape(demand.shape)


def margin(demand: Array, capacity: Array, model_factor: Array | float, *, fails_above: bool) -> Array:
    """g = capacity - factor * demand, or its opposite for lower limits; g < 0 is failure."""
    return _sign(fails_above) * (np.asarray(capacity) - model_factor * np.asarray(demand))


def capacity_law(quantity: Quantity) -> Any:
    """Distribution of an aleatory capacity, or its value where it is certain or epistemic (then drawn outside)."""
    from containment.case.inputs import marginal

    spread = quantity.uncertainty
    return marginal(quantity) if spread is not None and spread.kind == "aleatory" else quantity.value
