"""Failure probabilities of expensive limit states, with an interval that is meant to be true.

1. space-filling points and one kriging model per mode;
2. particles where the surrogates see or cannot exclude failure; true calls where weight times chance of
   misclassification is largest, until the mass in doubt is small;
3. sentinels: true calls far from all others, where an unseen region could still matter;
4. importance sampling on the surrogates with a mixture proposal, plus a correction by true calls drawn by doubt:
       P = E_q[w 1(s <= 0)] + E_r[w (1(g <= 0) - 1(s <= 0)) / r],   unbiased for any surrogate s;
5. interval from both parts and the mass in doubt; runs that cannot vouch for themselves say so (`hard`).
Units of g do not matter; everything happens in standard normal space.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from containment.case.inputs import Inputs
from containment.errors import DataError, UsageError
from containment.reliability.correction import correct
from containment.reliability.design_points import check_design_points
from containment.reliability.direct import never_seen, too_large
from containment.reliability.gaussian_process import Kriging
from containment.reliability.learner import Learner, Sentinels, Settings
from containment.reliability.modes import chance_to_meet, found_modes
from containment.reliability.problem import Problem, System
from containment.reliability.result import Estimate

Array = NDArray[np.float64]
_EVEN_ODDS = 0.5
_MOST_TURNS = 400  # of learning; only a limit state that never answers comes near


def failure_probability(
    limit_state: Callable[[Array], Array], inputs: Inputs | Sequence[Any], *, target_cov: float = 0.05,
    budget: int = 1000, rng: np.random.Generator, correlation: Array | None = None, system: System = "series",
    ledger: Path | None = None, settings: Settings | None = None, discretisation: float | Array = 0.0,
    trend: Callable[[Array], Array] | None = None,
) -> Estimate:  # fmt: skip
    """P(g <= 0) of any vectorised limit state: x (n, d) -> g (n,) or (n, k) for k modes joined by `system`.

    `inputs`: frozen scipy.stats distributions, with an optional correlation matrix of their normal scores (Gaussian
    copula), or the inputs of a case. Stops when the relative standard error is below `target_cov` or `budget` calls
    are used. Calls that fail or return NaN are tried again, then counted as unknown; they bound the interval from both
    sides. `discretisation`: standard deviation of the error that mesh and time step leave in g (one, or one per mode);
    it widens the interval by what it does to P. With `ledger` every call is kept in that file; a killed run repeats
    none of them. `trend`: a cheaper rung of the limit state, x (n, d) -> (n,) or (n, k), asked freely and never
    counted; surrogates are built upon it where that describes the calls better (`diagnostics["rung_correlation"]`).
    Raises DataError (limit state constant, never a number, wrong shape), UsageError, CaseError (correlation).
    """
    if budget < 20 or not target_cov > 0:
        raise UsageError(
            f"budget {budget}, target_cov {target_cov}", advice="give at least 20 calls and target_cov > 0"
        )
    chosen = settings or Settings()
    problem = Problem(limit_state, inputs, correlation, system, budget, ledger, trend)
    learner = _first_points(problem, chosen, rng)
    log: dict[str, Any] = {"warnings": [], "rounds": []}
    estimate: Estimate | None = None
    for turn in range(chosen.rounds):
        _learn(learner, target_cov, log)
        if not _any_failed(learner) and _mass(learner) < 1e-9:
            return never_seen(problem, rng, log)
        last = turn == chosen.rounds - 1 or problem.left < 2 * chosen.correction
        estimate, taught = correct(learner, target_cov, log, all_in=last)
        if estimate.cov <= target_cov or last:
            break
        learner.teach(taught)
    if estimate is None:
        raise DataError("no estimate", advice="raise the budget")
    log["modes"], log["sentinels"] = found_modes(learner), tuple(learner.sentinels)
    _say_what_could_hide(learner, estimate.probability, log)
    if problem.rungs:
        log["rung_correlation"] = learner.rung_correlation()
    return too_large(_with_discretisation(learner, estimate, np.asarray(discretisation, dtype=float)))


def _say_what_could_hide(learner: Learner, probability: float, log: dict[str, Any]) -> None:
    """Warn of a black box whose sentinels would sooner pass by another mode as likely as the answer than meet it: what
    the method cannot exclude is not in its interval."""
    if learner.values.shape[1] > 1:
        return
    d, calls = learner.problem.dimension, sum(look.calls for look in learner.sentinels)
    chance = log["sentinels_meet"] = chance_to_meet(learner.sentinels, d, probability)
    if chance < _EVEN_ODDS:
        log["warnings"].append(
            f"black box of {d} inputs: {calls} sentinels would meet another mode as likely as the answer, with a flat"
            f" limit, with a chance of at most {chance:.0%}; give the modes one by one if there are several"
        )


def _with_discretisation(learner: Learner, estimate: Estimate, error: Array) -> Estimate:
    """The interval with the error of g as one more part: ln P at g moved up and down by it, same samples, no calls."""
    parts = {"sampling, surrogate, correction": float(np.sqrt(np.log1p(min(estimate.cov, 1e6) ** 2)))}
    log = {**estimate.diagnostics, "interval_parts": parts}
    if not np.any(error > 0) or "failing_scores" not in log:
        return replace(estimate, diagnostics=log)
    u, weight = learner.population
    g = learner.expanded(learner.predict(u)[0])
    low, high = (float(np.sum(weight * (learner.problem.joined(g + side * error) <= 0))) for side in (1.0, -1.0))
    here = float(np.sum(weight * (learner.problem.joined(g) <= 0)))
    part = max(abs(np.log(max(high, 1e-300) / here)), abs(np.log(max(low, 1e-300) / here)))
    parts["discretisation"] = part
    wider = np.hypot(parts["sampling, surrogate, correction"], part) / parts["sampling, surrogate, correction"]
    p = estimate.probability
    interval = (p * (estimate.interval[0] / p) ** wider, p * (estimate.interval[1] / p) ** wider)
    return replace(estimate, cov=float(np.hypot(estimate.cov, part)), interval=interval, diagnostics=log)


def _first_points(problem: Problem, settings: Settings, rng: np.random.Generator) -> Learner:
    d = problem.dimension
    parts = [np.zeros((1, d))]
    if 2 * d <= 0.1 * problem.budget and not problem.rungs:
        parts.append(settings.axis_radius * np.vstack([np.eye(d), -np.eye(d)]))
    count = max(4, min(2 * d + 4, problem.budget // 3) - (len(parts[-1]) if len(parts) > 1 and d > 4 else 0))
    if problem.rungs:  # what the cheap rung knows of the inputs need not be asked again
        count = max(4, min(d, problem.budget // 4))
    cube = stats.qmc.LatinHypercube(d, rng=rng, optimization="random-cd" if d <= 10 else None).random(count)
    parts.append(np.clip(settings.spread * special.ndtri(cube), -5.0, 5.0))
    learner = Learner(problem, settings, rng, np.empty((0, d)), np.empty((0, 1)))
    _ask(learner, np.vstack(parts)[: max(8, problem.budget // 2)])
    if _constant(learner):
        # a limit state that only says failed or safe looks constant until the first failure: look farther out
        count = min(settings.second_look, problem.left // 2)
        direction = rng.standard_normal((count, d))
        radius = np.sqrt(stats.chi2.isf(special.ndtr(-rng.uniform(2.5, 5.0, (count, 1))), d))
        _ask(learner, radius * direction / np.linalg.norm(direction, axis=1, keepdims=True))
    if _constant(learner):
        raise DataError(
            f"limit state: found it constant ({learner.values[0, 0]:g}) over {len(learner.values)} points,"
            " expected values that change with the inputs",
            advice="check that it reads its inputs; a constant has no failure probability to estimate",
        )
    return learner


def _ask(learner: Learner, u: Array) -> None:
    """First true calls; DataError where none of them gives a number."""
    g = learner.problem(u)
    good = np.isfinite(g).all(axis=1)
    if not good.any():
        raise DataError(
            f"limit state: found no number in {len(u)} calls, expected finite values of g",
            advice="try it at the mean of the inputs first",
        )
    learner.points = np.vstack([learner.points, u[good]])
    learner.values = np.vstack([learner.values.reshape(-1, g.shape[1]), g[good]])


def _constant(learner: Learner) -> bool:
    return bool(np.all(np.ptp(learner.values, axis=0) == 0))


def _any_failed(learner: Learner) -> bool:
    return bool(np.any(learner.problem.joined(learner.values) <= 0))


def _mass(learner: Learner) -> float:
    return float(max(cloud.mass for cloud in learner.clouds))


def _learn(learner: Learner, target_cov: float, log: dict[str, Any]) -> None:
    """Enrich until the mass in doubt is small twice (once where it is known better), then send sentinels; a surprise
    starts over."""
    problem, settings = learner.problem, learner.settings
    limit = int((settings.share_over_rung if problem.rungs else settings.surrogate_share) * problem.budget)
    wanted = max(settings.doubt, 0.5 * target_cov)
    history: list[float] = []
    times = 1 if learner.steady else 2
    # one mode is watched by its own doubt; of several, one could be lost unseen
    sentinels_left, checks_left = 3, 4 if len(learner.values[0]) > 1 else 0
    for _ in range(_MOST_TURNS):
        learner.fit()
        learner.spread_particles()
        u, doubt, share = learner.doubt()
        history.append(share)
        calm = len(history) >= times and max(history[-times:]) < wanted
        if problem.calls >= limit:
            if not calm:
                in_doubt = f"{share:.1%}" if share < 1.0 else "more than all"
                log["warnings"].append(f"surrogates still in doubt: {in_doubt} of the failing mass")
            break
        room = min(limit - problem.calls, max(4, len(learner.points) // 15))
        if checks_left and (calm or len(history) == 1):
            checks_left -= 1
            if check_design_points(learner, _reach(learner)):
                history.clear()
                continue
        if calm:
            if sentinels_left == 0:
                break
            sentinels_left -= 1
            if not _sentinels(learner, min(limit - problem.calls, settings.sentinels)):
                break
            history.clear()
            continue
        learner.teach(_batch(learner, u, doubt, room))
    learner.fit()
    learner.spread_particles(anew=True)
    log["doubt"] = history[-1] if history else float("nan")


def _reach(learner: Learner) -> float:
    """Distance from the origin beyond which a mode adds less than a thousandth to what is seen to fail."""
    return max(4.0, float(-special.ndtri(1e-3 * np.clip(_mass(learner), 1e-12, 0.5))))


def _batch(learner: Learner, u: Array, doubt: Array, count: int) -> Array:
    """Points with the largest mass in doubt, one after another, each lowering the doubt around it."""
    chosen: list[int] = []
    value = doubt.copy()
    near = [model for model in learner.models if isinstance(model, Kriging)]
    for _ in range(count):
        pick = int(np.argmax(value))
        chosen.append(pick)
        closeness = np.max([model.correlation(u, u[pick : pick + 1])[:, 0] for model in near], axis=0)
        value = value * np.clip(1.0 - closeness**2, 0.0, 1.0)
        value[pick] = -1.0
    return u[chosen]


def _sentinels(learner: Learner, count: int) -> bool:
    """True calls far from all others, inside the radius where unseen failure would matter; True on surprise."""
    d, rng = learner.points.shape[1], learner.rng
    if count < 1:
        return False
    failing = max(_mass(learner), 1e-12)
    radius = float(np.sqrt(stats.chi2.isf(0.3 * min(failing, 0.5), d)))
    inner = max(0.5 * radius, float(special.ndtri(1.0 - min(failing, 0.4))) * 0.7)
    direction = rng.standard_normal((4000, d))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    pool = direction * rng.uniform(min(inner, 0.9 * radius), radius, (4000, 1))
    failed, _ = learner.state(pool)
    pool = pool[failed == 0]
    if not len(pool):
        return False
    gap = np.min(np.linalg.norm(pool[:, None, :] - learner.points[None, :, :], axis=2), axis=1) if d <= 40 else None
    chosen = []
    for _ in range(min(count, len(pool))):
        pick = int(np.argmax(gap)) if gap is not None else int(rng.integers(len(pool)))
        chosen.append(pick)
        if gap is not None:
            gap = np.minimum(gap, np.linalg.norm(pool - pool[pick], axis=1))
    u = pool[chosen]
    mean, sd = learner.predict(u)
    g = learner.teach(u)
    good = np.isfinite(g).all(axis=1)
    missed = bool(np.any(learner.problem.joined(g[good]) <= 0))
    far = bool(np.any(np.abs(learner.compressed(g[good]) - mean[good]) > 5.0 * sd[good]))
    learner.sentinels.append(Sentinels(len(u), radius, missed or far))
    return missed or far
