"""Expert judgements: quantiles of each expert made a distribution, experts weighted by seed questions and pooled.

Each expert states 5, 50 and 95 % quantiles of positive quantities without unit (probabilities, factors). Between and
beyond them ln x is linear in the normal score, so that all three quantiles are met exactly. Where there are questions
whose truth is known (seeds) an expert counts by calibration times information (Cooke, Experts in Uncertainty, 1991):
    calibration = P(chi^2_3 > 2 m I(s, p)),  s the shares of truths in the four bins, p = (0.05, 0.45, 0.45, 0.05)
    information = mean over questions of sum_bins p ln(p / u),  u log-uniform over the range of all experts + 10 %
Without seeds all count alike. The pool is the mixture of the experts' distributions: disagreement stays visible.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.errors import DataError
from containment.evidence.model import Built, Draws, Exact, need
from containment.evidence.register import EvidenceSet

Array = NDArray[np.float64]
_SHARES = np.array([0.05, 0.45, 0.45, 0.05])
_SCORE = 1.6448536269514722  # normal score of 95 %
_OVERSHOOT = 0.1  # Cooke's k: how far the range of a question goes beyond what was said


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The pool of a set of kind `judgements`; exactly one question has no truth: that is the one asked."""
    need(data, use)
    asked = sorted({str(q) for q in data["question"][np.isnan(data["truth"])]})
    if len(asked) != 1:
        raise DataError(
            f"{data.path / 'data.csv'}:1: found {len(asked)} questions without a truth, expected one",
            advice="one set pools the judgements on one question; seeds have their truth",
        )
    here = data["question"] == asked[0]
    experts = tuple(map(str, data["item"][here]))
    quantiles = np.log(np.column_stack([data[name][here] for name in ("p05", "p50", "p95")]))
    weight = weights(data, experts)

    def draw(shares: Array, size: int, rng: np.random.Generator) -> Array:
        who = rng.choice(len(experts), size=size, p=shares)
        return value(quantiles[who], rng.standard_normal(size))

    def exact(size: int, rng: np.random.Generator) -> Exact:
        return Exact({"pooled": draw(weight, size, rng)}, np.zeros((size, 0)), np.zeros(size))

    def deliver(draws: Draws, output: str, rng: np.random.Generator) -> Array:
        equal = np.full(len(experts), 1.0 / len(experts))  # before the seeds are looked at all count alike
        return draws["pooled"] if "pooled" in draws else draw(equal, 4000, rng)

    return Built(None, {}, (), deliver, lambda draws, rng: {}, exact)


def value(quantiles: Array, score: Array) -> Array:
    """x (n,) at normal scores (n,) of distributions with ln quantiles (n, 3) at 5, 50 and 95 %."""
    low, middle, high = quantiles.T
    slope = np.where(score < 0.0, middle - low, high - middle) / _SCORE
    return np.asarray(np.exp(middle + slope * score))


def weights(data: EvidenceSet, experts: tuple[str, ...]) -> Array:
    """Weight of each expert (sum one), by calibration times information on the seed questions."""
    seeds = sorted({str(q) for q in data["question"][np.isfinite(data["truth"])]})
    if not seeds:
        return np.full(len(experts), 1.0 / len(experts))
    found = np.array([_performance(data, expert, seeds) for expert in experts])
    if not found.sum() > 0.0:
        raise DataError(f"{data.name}: no expert is calibrated at all on the seeds", advice="drop the seeds or the set")
    return np.asarray(found / found.sum())


def _performance(data: EvidenceSet, expert: str, seeds: list[str]) -> float:
    from scipy.stats import chi2

    bins, information = np.zeros(4), []
    for seed in seeds:
        rows = data["question"] == seed
        own = np.flatnonzero(rows & (data["item"] == expert))
        if own.size != 1:
            raise DataError(
                f"{data.path / 'data.csv'}:1: found {own.size} answers of {expert!r} to {seed!r}, expected one",
                advice="every expert answers every seed question once",
            )
        said = np.log([data[name][own[0]] for name in ("p05", "p50", "p95")])
        truth = np.log(data["truth"][own[0]])
        bins[np.searchsorted(said, truth)] += 1
        ends = np.log(
            [np.min([data["p05"][rows], data["truth"][rows]]), np.max([data["p95"][rows], data["truth"][rows]])]
        )
        low, high = ends + np.array([-1.0, 1.0]) * _OVERSHOOT * np.ptp(ends)
        width = np.diff(np.concatenate([[low], said, [high]]))
        information.append(float(_SHARES @ np.log(_SHARES * (high - low) / width)))
    share = bins / len(seeds)
    present = share > 0
    divergence = float(np.sum(share[present] * np.log(share[present] / _SHARES[present])))
    return float(chi2.sf(2.0 * len(seeds) * divergence, 3)) * float(np.mean(information))
