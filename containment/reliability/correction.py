"""Importance sampling on the surrogates and its unbiased correction by true calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from containment.reliability.direct import never_seen
from containment.reliability.proposals import Particles, fit_mixture
from containment.reliability.result import Estimate

if TYPE_CHECKING:
    from containment.reliability.learner import Learner

Array = NDArray[np.float64]
# of the correction's draws: by doubt, by weight falling with certainty, by weight where called failed, called safe
_SHARES = (0.65, 0.25, 0.08, 0.02)
_GUARD_WIDTH = 3.0  # in units of mean over standard deviation
_WORST = 8.0  # standard deviations one error may count
_CHUNK = 12
_LARGEST = 80_000  # surrogate evaluations of one estimate
_ENOUGH = 24  # draws of the correction from which on its own spread begins to tell
_ATTEMPTS = 4  # at a proposal that covers the failing region
_DRAWS = 4000  # of the correction; repeated points cost no call
_PRIOR = 2.0  # mismatches the surrogate's own doubt is worth before any are counted
_HARD_COV = 0.35
METHOD = "kriging per mode, mixture importance sampling, corrected by true calls"


def correct(learner: Learner, target_cov: float, log: dict[str, Any], *, all_in: bool) -> tuple[Estimate, Array]:
    """Estimate from the present surrogates and fresh true calls; `all_in` goes on to the target or the budget's end.

    Returns the estimate and the points called, which may teach the surrogates of a next round.
    """
    problem, settings, rng = learner.problem, learner.settings, learner.rng
    u, weight, failed, wrong = _population(learner, target_cov)
    base, base_error = _mean_and_error(weight * failed)
    if base <= 0.0:
        return never_seen(problem, rng, log), np.empty((0, problem.dimension))
    learner.population = u, weight
    draw = _draw_density(weight, failed, wrong)
    total = float(draw.mean())
    share = draw / draw.sum()
    terms: list[float] = []
    unknown: list[tuple[float, float]] = []
    expected = 0.0
    called: list[Array] = []
    squares: list[float] = []
    goal = settings.correction
    while True:
        take = min(goal - len(terms) - len(unknown), problem.left)
        if take > 0:
            picks = rng.choice(len(u), size=take, p=share)
            g = problem(u[picks])
            called.append(u[picks])
            squares += _standardised_squares(learner, u[picks], g)
            for i, row in zip(picks, g, strict=True):
                size = total * weight[i] / draw[i]
                if np.isfinite(row).all():
                    terms.append(size * (float(problem.joined(row[None])[0] <= 0) - failed[i]))
                    expected += float(wrong[i])
                else:
                    unknown.append((-size * failed[i], size * (1.0 - failed[i])))
        overconfidence = max(1.0, float(np.sqrt(np.mean(squares)))) if squares else 1.0
        doubtful = special.ndtr(special.ndtri(np.minimum(wrong, 0.5)) / overconfidence)
        doubt = float(np.mean(weight * doubtful))
        scatter = _scatter(weight, doubtful, share) if learner.steady else None
        outcome = _combine(base, base_error, np.array(terms), expected, doubt, scatter, unknown)
        outcome["overconfidence"] = overconfidence
        done = outcome["cov"] <= target_cov or problem.left <= 0
        if done or not (all_in or len(terms) < settings.correction) or take <= 0 or len(terms) > _DRAWS:
            break
        goal += max(_CHUNK, goal // 4)
    hard = _verdict(outcome, weight, failed, log)
    log["failing_scores"], log["failing_weights"] = u[failed > 0], weight[failed > 0]
    log["rounds"].append({k: float(v) for k, v in outcome.items()} | {"plug_in": base, "calls": problem.calls})
    log["unknown_calls"] = problem.failed
    estimate = Estimate(
        outcome["p"], outcome["cov"], (outcome["low"], outcome["high"]), problem.calls, METHOD, log, hard
    )
    return estimate, np.vstack(called) if called else np.empty((0, problem.dimension))


def _population(learner: Learner, target_cov: float) -> tuple[Array, Array, Array, Array]:
    """Points of the proposal (n, d) with weight, whether called failed, chance that this is wrong.

    Where a few weights carry the sum, a part of the failing region was missed by the particles: the proposal is fitted
    again to the failing points by weight (cross-entropy step), then more points are taken.
    """
    problem, settings, rng = learner.problem, learner.settings, learner.rng
    largest = max(cloud.mass for cloud in learner.clouds)
    proposal = fit_mixture([c for c in learner.clouds if c.mass > 1e-4 * largest], problem.dimension, _seed(rng))
    count = settings.population
    for attempt in range(_ATTEMPTS):
        u = proposal.sample(count, rng)
        weight = np.exp(np.minimum(proposal.log_weight(u), 50.0))
        failed, wrong = learner.state(u)
        base, error = _mean_and_error(weight * failed)
        if error <= 0.2 * target_cov * base or attempt == _ATTEMPTS - 1 or base <= 0.0:
            break
        heavy = weight * failed
        effective = float(heavy.sum() ** 2 / np.sum(heavy**2))
        # fewer effective points than this do not determine a covariance: more points help, a new fit does not
        if error > 0.5 * target_cov * base and effective > 10.0 * problem.dimension:
            picks = rng.choice(len(u), size=2 * settings.particles, p=weight * failed / np.sum(weight * failed))
            proposal = fit_mixture([Particles(u[picks], base)], problem.dimension, _seed(rng))
        else:
            count = min(4 * count, _LARGEST)
    return u, weight, failed, wrong


def _standardised_squares(learner: Learner, u: Array, g: Array) -> list[float]:
    """Squared errors of the surrogates at calls they were not taught, in their own variances: one where they know
    themselves; kinks and steps make them larger."""
    mean, sd = learner.predict(u)
    good = np.isfinite(g).all(axis=1)
    squares = ((learner.compressed(g[good]) - mean[good]) / np.maximum(sd[good], 1e-300)) ** 2
    return [float(x) for x in np.minimum(squares, _WORST**2).ravel()]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _mean_and_error(terms: Array) -> tuple[float, float]:
    """Mean and its standard error; heavy weights hide the variance they stand for, so the heaviest is added once more
    and a quarter on top (coverage table)."""
    error = np.hypot(terms.std() / np.sqrt(len(terms)), terms.max() / len(terms))
    return float(terms.mean()), 1.25 * float(error)


def _draw_density(weight: Array, failed: Array, wrong: Array) -> Array:
    """Density of the draws over the population, adding to one: mostly by mass in doubt, a quarter by mass falling
    slowly with certainty, a little everywhere, so that no surrogate can be wrong unseen in principle."""
    certainty = np.abs(special.ndtri(np.clip(wrong, 1e-300, 0.5)))
    guard = weight * np.exp(-0.5 * (certainty / _GUARD_WIDTH) ** 2)
    density = np.zeros(len(weight))
    for share, part in zip(_SHARES, (weight * wrong, guard, weight * failed, weight * (1.0 - failed)), strict=True):
        total = float(part.sum())
        density += share * part / total if total > 0 else 0.0
    return density


def _scatter(weight: Array, wrong: Array, share: Array) -> float:
    """Standard deviation of one draw of the correction as the surrogates expect it: E_r[(w / (N r))^2 wrong]^(1/2)."""
    return float(np.sqrt(np.sum(weight**2 * wrong / np.maximum(share, 1e-300)))) / len(weight)


def _combine(
    base: float, base_error: float, terms: Array, expected: float, doubt: float, scatter: float | None,
    unknown: list[tuple[float, float]],
) -> dict[str, float]:  # fmt: skip
    """Estimate, coefficient of variation, 95 % interval.

    The doubt left is the surrogates' own, scaled by how many mismatches were counted against how many they expected
    (Gamma posterior with a prior worth two); it stands in where too few calls were made to see any. Unbiased draws
    leave of it no more than their standard error: what they are expected to vary by (`scatter`, given where the masses
    behind it can be relied on) over the root of their number; else the whole doubt stays.
    """
    n = len(terms) + len(unknown)
    mismatches = int(np.count_nonzero(terms))
    shift = float(terms.sum()) / n if n else 0.0
    spread = float(np.sqrt(np.sum((terms - terms.mean()) ** 2) / max(1, len(terms) - 1) / n)) if len(terms) > 1 else 0.0
    scale = (_PRIOR + mismatches) / (_PRIOR + expected)
    # few calls miss rare large mismatches, so their spread alone is too small: what is expected of them stays in as
    # well, or, where that is not known, the doubt, less so the more calls were made
    if scatter is not None and n:
        floor, left = scatter * float(np.sqrt(scale / n)), 1.0
    else:
        floor, left = doubt * scale, min(1.0, _ENOUGH / max(n, 1))
    p = base + shift
    smallest = 0.05 * base
    if p < smallest:
        p = max(smallest, 1e-300)
    error = float(np.sqrt(base_error**2 + spread**2 + floor**2 * left))
    cov = error / p
    low = p * np.exp(-1.96 * np.sqrt(np.log1p(cov**2)))
    high = p * np.exp(1.96 * np.sqrt(np.log1p(cov**2)))
    if n and unknown:
        low = max(low + sum(a for a, _ in unknown) / n, 1e-3 * low)
        high += sum(b for _, b in unknown) / n
    return {
        "p": p, "cov": cov, "low": float(low), "high": float(high), "sampling": base_error / p,
        "correction": spread / p, "doubt": floor / p, "mismatches": mismatches, "expected": expected, "n": n,
    }  # fmt: skip


def _verdict(outcome: dict[str, float], weight: Array, failed: Array, log: dict[str, Any]) -> bool:
    """Whether the run must declare itself hard, with the reasons in the log."""
    reasons = []
    heavy = weight * failed
    effective = float(heavy.sum() ** 2 / max(np.sum(heavy**2), 1e-300))
    if effective < 100:
        reasons.append(f"proposal covers the failure region badly: {effective:.0f} effective points")
    if outcome["cov"] > _HARD_COV:
        reasons.append(f"standard error {outcome['cov']:.0%} at the end of the budget")
    if outcome["mismatches"] > 4 * (outcome["expected"] + 2.0):
        reasons.append(f"{outcome['mismatches']:.0f} mismatches where {outcome['expected']:.1f} were expected")
    log["warnings"] += reasons
    log["effective_points"] = effective
    return bool(reasons)
