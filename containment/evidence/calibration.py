"""Simulation-based calibration of the evidence models: are their intervals as wide as they say?

Parameters are drawn from the prior, data like those on record from the parameters, and the posterior of these data is
sampled as in a run. Over many repeats the rank of the true parameter among its posterior draws is uniform if, and
hardly unless, model, simulation and sampler agree (Talts et al., arXiv:1804.06788).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.errors import UsageError
from containment.evidence import landings, priors, sampling
from containment.evidence.infer import build
from containment.evidence.register import EvidenceSet

_RANKS = 50  # posterior draws kept for a rank: thinned so far that they are as good as independent
_DRAWS = 150  # per chain

Point = Mapping[str, float]


@dataclass(frozen=True)
class Calibration:
    """Ranks (repeats,) from 0 to `top` of every uncertain parameter, and the p value of their uniformity."""

    ranks: Mapping[str, NDArray[np.int64]]
    top: int
    p_values: Mapping[str, float]

    def holds(self, level: float = 0.99) -> bool:
        """Whether all parameters together are inside the band of this level (Bonferroni)."""
        return min(self.p_values.values()) > (1.0 - level) / len(self.p_values)


def calibrate(
    data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity], *, repeats: int, seed: int
) -> Calibration:
    """Ranks over `repeats` simulated data sets of the shape of `data`; relevance weights are taken as one.

    A weighted likelihood is a judgement, not a sampling model: it cannot be calibrated this way.
    """
    if repeats < 10:
        raise UsageError(f"found {repeats} repeats, expected at least 10", advice="a rank histogram needs more")
    use = use.model_copy(update={"relevance": {str(item): 1.0 for item in data["item"]}})
    uncertain = [name for name, quantity in prior.items() if quantity.uncertainty is not None]
    ranks: dict[str, list[int]] = {name: [] for name in uncertain}
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        truth = {name: float(priors.draws(quantity, 1, rng)[0]) for name, quantity in prior.items()}
        built = build(SIMULATORS[use.model](data, truth, rng), use, prior)
        tree = sampling.sample(
            built, name=f"calibration {repeat}", draws=_DRAWS, seed=seed, target_accept=sampling.TARGET_ACCEPT[0]
        )
        for name, draws in sampling.flat(tree, uncertain).items():
            ranks[name].append(int(np.sum(_thinned(draws) < truth[name])))
    found = {name: np.array(values) for name, values in ranks.items()}
    return Calibration(found, _RANKS, {name: uniformity(values, _RANKS) for name, values in found.items()})


def _thinned(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(draws[np.linspace(0, draws.size - 1, _RANKS).astype(int)])


def uniformity(ranks: NDArray[np.int64], top: int) -> float:
    """p value of ranks 0..top being uniform: shape (Kolmogorov-Smirnov), bias and width of the normal scores, combined.

    The scores z of uniform ranks are standard normal: sum z^2 is chi-squared (too large: posteriors too narrow) and the
    mean z normal (away from zero: posteriors shifted). Three tests, so three times the least p value.
    """
    from scipy import stats

    u = (ranks + 0.5) / (top + 1.0)
    z = stats.norm.ppf(u)
    width = float(stats.chi2.cdf(np.sum(z**2), z.size))
    bias = float(stats.norm.sf(abs(z.mean()) * z.size**0.5))
    shape = float(stats.kstest(u, "uniform").pvalue)
    return min(1.0, 3.0 * min(shape, 2.0 * min(width, 1.0 - width), 2.0 * bias))


def leaks_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """Rates like those on record: as many items, their extremes read, floors that may be exceeded, a series."""
    low, high, tube = (
        data["rate_low"].copy(),
        data["rate_high"].copy(),
        data.columns.get("tube", np.full(len(data), "")),
    )
    x = 1.0 / truth["reference_temperature"] - 1.0 / data["temperature"]
    mean = np.log(truth["median"]) + truth["activation_temperature"] * x

    def draw(i: Any) -> Any:
        return np.exp(mean[i] + truth["sigma_ln"] * rng.standard_normal(np.shape(i)))

    level = np.flatnonzero((tube == "") & (low > 0) & np.isfinite(high))
    if level.size:
        _ordered(low, high, data["count"], level, draw)
    for i in np.flatnonzero((tube == "") & (low == 0)):
        if (rate := float(draw(i))) > high[i]:
            low[i] = high[i] = rate
    for name in sorted(set(tube) - {""}):
        of = np.flatnonzero(tube == name)
        base = truth["sigma_ln"] * rng.standard_normal()
        low[of] = high[of] = np.exp(mean[of] + base + truth["repeatability"] * rng.standard_normal(of.size))
    return replace(data, columns={**data.columns, "rate_low": low, "rate_high": high})


def _ordered(
    low: NDArray[np.float64], high: NDArray[np.float64], count: NDArray[np.float64], level: NDArray[np.int64],
    draw: Callable[[Any], Any],
) -> None:  # fmt: skip
    """Read rows get the extremes of new items, rows in between their range; without those, each row a rate."""
    between = level[low[level] < high[level]]
    read = level[low[level] == high[level]]
    items = np.sort(draw(np.repeat(level, count[level].astype(int))))
    if between.size == 0:
        low[read] = high[read] = items
        return
    first, last = read[np.argmin(low[read])], read[np.argmax(low[read])]
    low[first] = high[first] = items[0]
    low[last] = high[last] = items[-1]
    low[between], high[between] = items[0], items[-1]


def demands_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """As many demands, failures anew: each group with its own probability."""
    mean = np.array([truth[f"mean_{question}"] for question in data["question"]])
    tiny = np.finfo(float).tiny
    a, b = np.maximum(mean * truth["likeness"], tiny), np.maximum((1.0 - mean) * truth["likeness"], tiny)
    failures = rng.binomial(data["demands"].astype(int), rng.beta(a, b))
    return replace(data, columns={**data.columns, "failures": failures.astype(float)})


def landings_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """The same vehicles on other places; a bound that is exceeded becomes a bound from below."""
    columns = {name: values.copy() for name, values in data.columns.items()}
    mass, radius = landings.vehicle(data, np.arange(len(data)), truth)
    fraction = data["terminal_speed_fraction"]
    speed = (
        0.5 * (1.0 + fraction) * landings.terminal_speed(mass, radius, truth["drag_coefficient"], truth["air_density"])
    )
    speed *= np.exp(truth["speed_error"] * rng.standard_normal(len(data)))
    speed = columns["speed"] = np.where(np.isfinite(fraction), speed, data["speed"])
    ground = truth["resistance"] * np.exp(truth["place_scatter"] * rng.standard_normal(len(data)))
    inertia = truth["inertia_factor"] * truth["density"]
    peak = landings.peak_acceleration(mass, speed, ground, inertia, radius, truth["cone_half_angle"]) * truth["bias"]
    peak = peak * np.exp(truth["acceleration_error"] * rng.standard_normal(len(data)))
    low, high = columns["acceleration_low"], columns["acceleration_high"]
    exact, bounded = low == high, (low < high) & np.isfinite(high)
    low[exact], high[exact] = peak[exact], peak[exact]
    over = bounded & (peak > high)
    low[over], high[over] = high[over], np.inf
    disc = truth["displaced_fraction"] * np.pi * radius**2
    depth = landings.stopping_volume(mass, speed, ground, inertia) / disc
    depth = depth * np.exp(truth["penetration_error"] * rng.standard_normal(len(data)))
    columns["penetration"] = np.where(np.isfinite(data["penetration"]), depth, np.nan)
    return replace(data, columns=columns)


SIMULATORS: dict[str, Callable[[EvidenceSet, Point, np.random.Generator], EvidenceSet]] = {
    "censored-lognormal": leaks_like, "beta-binomial": demands_like, "rigid-nose-landing": landings_like,
}  # fmt: skip
