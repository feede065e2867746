"""Data like those on record from known parameters: the other half of every evidence model, for calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.evidence import ageing, discrepancy, landings, rates, strengths
from containment.evidence.register import EvidenceSet

Point = Mapping[str, float]
Simulator = Callable[[EvidenceSet, Point, np.random.Generator], EvidenceSet]


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


def events_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """The same exposures, each mission with its own rate."""
    rate = rates.new_rate(np.full(len(data), truth["mean_rate"]), truth["likeness"], rng)
    return replace(data, columns={**data.columns, "events": rng.poisson(rate * data["exposure"]).astype(float)})


def attributes_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """As many demands; which of the two priors holds is drawn too."""
    p = truth["informed"] if rng.random() < truth["trust"] else truth["vague"]
    failures = rng.binomial(data["demands"].astype(int), p).astype(float)
    return replace(data, columns={**data.columns, "failures": failures})


def pairs_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """As many events, each with both items failing or one."""
    total = (data["alone"] + data["both"]).astype(int)
    both = rng.binomial(total, truth["both"])
    return replace(data, columns={**data.columns, "alone": (total - both).astype(float), "both": both.astype(float)})


def inspections_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """The same ovens, failures anew."""
    score = ageing.log_hazard(truth, data["age"], data["temperature"], truth["reference_temperature"])
    p = -np.expm1(-np.exp(np.minimum(score, 6.0)))
    return replace(data, columns={**data.columns, "failures": rng.binomial(data["items"].astype(int), p).astype(float)})


def comparisons_like(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
    """The same runs; the tests made again with a discrepancy of their own."""
    test = data["role"] == "test"
    coefficients, scatter = discrepancy.surrogate(data)
    draws = {name: np.array([value]) for name, value in truth.items()}
    margin = data["margin"].copy()
    error = np.hypot(data["error"][test], scatter)
    margin[test] = discrepancy.replicate(data["setting"][test], error, coefficients, draws, rng)[0]
    return replace(data, columns={**data.columns, "margin": margin})


def strengths_like(family: str) -> Simulator:
    """As many items of as many lots; a bound is kept or, where the item would not have kept it, turned round."""

    def simulate(data: EvidenceSet, truth: Point, rng: np.random.Generator) -> EvidenceSet:
        low, high = data["value_low"].copy(), data["value_high"].copy()
        lots, lot = np.unique(data["lot"], return_inverse=True)
        median = truth["median"] * np.exp(truth["lot_scatter"] * rng.standard_normal(lots.size))
        median = median[lot]
        if np.unique(data.columns.get("laboratory", [""])).size > 1:
            places, place = np.unique(data["laboratory"], return_inverse=True)
            median = median * np.exp(truth["laboratory_scatter"] * rng.standard_normal(places.size))[place]
        value = strengths.new_items(family, median, np.full(len(data), truth["scatter"]), rng)
        exact, proof = low == high, np.isinf(high)
        low[exact] = high[exact] = value[exact]
        broke = proof & (value < low)
        high[broke], low[broke] = low[broke], 0.0
        return replace(data, columns={**data.columns, "value_low": low, "value_high": high})

    return simulate


SIMULATORS: dict[str, Simulator] = {
    "censored-lognormal": leaks_like, "beta-binomial": demands_like, "rigid-nose-landing": landings_like,
    "gamma-poisson": events_like, "mixture-binomial": attributes_like, "alpha-pair": pairs_like,
    "current-status-weibull": inspections_like, "margin-discrepancy": comparisons_like,
    **{f"strength-{family}": strengths_like(family) for family in strengths.FAMILIES},
}  # fmt: skip
