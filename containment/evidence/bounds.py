"""What tests alone can show, in closed form: the arithmetic that stands beside every analysed probability.

p is the failure probability of one trial, n trials without failure unless k failures are given. Confidence and
assurance are probabilities. Jeffreys: prior Beta(1/2, 1/2), posterior Beta(k + 1/2, n - k + 1/2).
Conservative Bayes: the least favourable prior of all with a stated confidence (Bishop, Bloomfield, Littlewood,
Povyakalo, Wright, IEEE Trans. Software Eng. 37 (2011) 708; Zhao et al. 2015, 2018).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from containment.errors import UsageError

_MANY = 1000  # measurements


def _probabilities(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 < value < 1.0:
            raise UsageError(f"found {name} {value!r}, expected a number between 0 and 1", advice="correct it")


def trials_needed(bound: float, confidence: float) -> float:
    """Trials without failure for p <= bound at a classical confidence: ln(1 - confidence) / ln(1 - bound)."""
    _probabilities(bound=bound, confidence=confidence)
    return math.log1p(-confidence) / math.log1p(-bound)


def jeffreys_trials_needed(bound: float, assurance: float) -> float:
    """Trials without failure for P(p <= bound) = assurance from Jeffreys prior (0 where the prior says so already)."""
    _probabilities(bound=bound, assurance=assurance)

    def excess(log_n: float) -> float:
        return float(special.betainc(0.5, math.exp(log_n) + 0.5, bound)) - assurance

    if excess(-50.0) >= 0.0:
        return 0.0
    return math.exp(optimize.brentq(excess, -50.0, 60.0, xtol=1e-12))


def jeffreys(n: float, k: float = 0.0, upper: float = 0.95) -> tuple[float, float]:
    """Posterior mean of p and its `upper` quantile."""
    _probabilities(upper=upper)
    if not 0 <= k <= n:
        raise UsageError(f"found {k:g} failures in {n:g} trials, expected 0 <= k <= n", advice="correct one of them")
    return (k + 0.5) / (n + 1.0), float(special.betaincinv(k + 0.5, n - k + 0.5, upper))


def updated_beta(a: float, b: float, k: float, n: float) -> NDArray[np.float64]:
    """Mean, 5 and 95 % of p after k failures in n demands from a prior Beta(a, b)."""
    if not 0 <= k <= n or min(a, b) <= 0:
        raise UsageError(f"found {k:g} in {n:g} under Beta({a:g}, {b:g})", advice="expected 0 <= k <= n and a, b > 0")
    posterior = stats.beta(a + k, b + n - k)
    return np.array([posterior.mean(), *posterior.ppf([0.05, 0.95])])


def updated_gamma(a: float, b: float, k: float, exposure: float) -> NDArray[np.float64]:
    """Mean, 5 and 95 % of a rate after k events in an exposure from a prior Gamma(a, b), b in the exposure's unit."""
    if k < 0 or exposure <= 0 or min(a, b) <= 0:
        raise UsageError(f"found {k:g} events in {exposure:g} under Gamma({a:g}, {b:g})", advice="correct them")
    posterior = stats.gamma(a + k, scale=1.0 / (b + exposure))
    return np.array([posterior.mean(), *posterior.ppf([0.05, 0.95])])


def conservative_assurance(n: float, bound: float, claimed: float, confidence: float) -> float:
    """Least P(p <= bound | n trials without failure) over all priors with P(p <= claimed) = confidence.

    The worst prior has `confidence` at `claimed` and the rest just above `bound`.
    """
    _probabilities(bound=bound, claimed=claimed, confidence=confidence)
    if claimed > bound:
        raise UsageError(
            f"claimed {claimed:g} above bound {bound:g}", advice="the claim must be the stronger statement"
        )
    log_odds = math.log(confidence / (1 - confidence)) + n * (math.log1p(-claimed) - math.log1p(-bound))
    return float(special.expit(log_odds))


def conservative_trials_needed(bound: float, claimed: float, confidence: float, assurance: float) -> float:
    """Trials without failure until `conservative_assurance` reaches `assurance`."""
    _probabilities(bound=bound, claimed=claimed, confidence=confidence, assurance=assurance)
    wanted = math.log(assurance / (1 - assurance)) - math.log(confidence / (1 - confidence))
    if wanted <= 0.0:
        return 0.0
    gain = math.log1p(-claimed) - math.log1p(-bound)
    return wanted / gain if gain > 0 else math.inf


def worst_assurance(
    held: Sequence[tuple[float, float]], bound: float, n: float, k: float = 0.0, points: int = 600
) -> float:
    """Least P(p <= bound | k failures in n trials) over every prior with P(p <= c_i) >= confidence_i for all `held`.

    `held` are pairs (c_i, confidence_i). A linear-fractional programme over the prior's masses on a grid of p made
    linear (Charnes & Cooper 1962): minimise sum_{p <= bound} L m with sum L m = 1, m >= 0 up to scale. The grid holds
    every c_i, the bound and the point just above it, where the worst priors sit.
    """
    for c, confidence in held:
        _probabilities(claimed=c, confidence=confidence)
    _probabilities(bound=bound)
    if not 0 <= k <= n:
        raise UsageError(f"found {k:g} failures in {n:g} trials, expected 0 <= k <= n", advice="correct one of them")
    marks = [c for c, _ in held] + [bound, bound * (1.0 + 1e-9)]
    likely = (k + 1e-3) / (n + 1.0)  # where the likelihood is largest
    p = np.unique(np.concatenate([marks, np.geomspace(min(*marks, likely) * 1e-3, 0.999, points), [likely]]))
    log_likelihood = k * np.log(p) + (n - k) * np.log1p(-p)
    likelihood = np.exp(log_likelihood - log_likelihood.max())
    # unknown: scaled masses m_j; their sum s is the scale of the prior
    rows = [confidence - (p <= c).astype(float) for c, confidence in held]
    found = optimize.linprog(
        np.where(p <= bound, likelihood, 0.0), A_ub=np.array(rows) if rows else None,
        b_ub=np.zeros(len(rows)) if rows else None, A_eq=likelihood[None, :], b_eq=[1.0],
    )  # fmt: skip
    if not found.success:
        raise UsageError(f"no prior holds all of {list(held)}: {found.message}", advice="correct the confidences")
    return float(min(1.0, max(0.0, found.fun)))


def tolerated_doubt(claimed: float, bound: float, loss_if_wrong: float = 1.0) -> float:
    """Largest probability that the whole argument is wrong: (1 - d) claimed + d loss_if_wrong <= bound."""
    if not 0 <= claimed < loss_if_wrong <= 1:
        raise UsageError(
            f"found claim {claimed:g} and loss {loss_if_wrong:g}", advice="expected 0 <= claim < loss <= 1"
        )
    return max(0.0, (bound - claimed) / (loss_if_wrong - claimed))


def tolerance_factor(n: int, probability: float, confidence: float) -> float:
    """Margin in sample standard deviations so that P(failure) <= probability at a confidence, normal data.

    One-sided tolerance factor: quantile of the non-central t (n - 1 degrees, non-centrality z sqrt(n)) over sqrt(n).
    """
    _probabilities(probability=probability, confidence=confidence)
    _at_least_two(n)
    root = math.sqrt(n)
    return float(stats.nct.ppf(confidence, n - 1, stats.norm.isf(probability) * root)) / root


def predictive_factor(n: int, probability: float) -> float:
    """The same so that the posterior predictive P(failure) is `probability` (Jeffreys prior): t sqrt(1 + 1/n)."""
    _probabilities(probability=probability)
    _at_least_two(n)
    return float(stats.t.isf(probability, n - 1)) * math.sqrt(1.0 + 1.0 / n)


def mean_index_needed(probability: float, spread: float, quantile: float | None = None) -> float:
    """Mean of beta ~ N(mean, spread) so that E[Phi(-beta)], or a quantile of Phi(-beta), is `probability`."""
    _probabilities(probability=probability)
    index = float(stats.norm.isf(probability))
    if quantile is None:
        return index * math.sqrt(1.0 + spread**2)
    _probabilities(quantile=quantile)
    return index + float(stats.norm.ppf(quantile)) * spread


# --- test planner -----------------------------------------------------------------------------------------------------


def attribute_plan(p: ArrayLike, n: int, bound: float, assurance: float) -> float:
    """Probability that n pass-fail trials will demonstrate P(p <= bound) >= assurance (Jeffreys), p ~ draws (m,).

    Most failures that still demonstrate it are found first; then the binomial is averaged over the draws.
    """
    _probabilities(bound=bound, assurance=assurance)
    draws = np.asarray(p, dtype=float)
    allowed = _allowed_failures(n, bound, assurance)
    return float(np.mean(stats.binom.cdf(allowed, n, draws))) if allowed >= 0 else 0.0


def _allowed_failures(n: int, bound: float, assurance: float) -> int:
    """Largest k with I_bound(k + 1/2, n - k + 1/2) >= assurance; -1 if not even none."""
    low, high = -1, n  # I falls with k, so bisect
    while low < high:
        k = (low + high + 1) // 2
        if special.betainc(k + 0.5, n - k + 0.5, bound) >= assurance:
            low = k
        else:
            high = k - 1
    return low


def variables_plan(index: ArrayLike, n: int, probability: float, confidence: float) -> float:
    """Probability that n measured margins will demonstrate P(failure) <= probability at a confidence.

    `index` are draws (m,) of the true margin in true standard deviations. Demonstrated when the sample margin exceeds
    the tolerance factor: (mean / s) sqrt(n) is non-central t with non-centrality index sqrt(n).
    """
    root = math.sqrt(n)
    factor = tolerance_factor(n, probability, confidence)
    draws: NDArray[np.float64] = np.asarray(index, dtype=float)
    if n <= _MANY:
        return float(np.mean(stats.nct.sf(factor * root, n - 1, draws * root)))
    # the series of the non-central t ends unconverged at such n: averaged over the deviation instead
    share, weight = np.polynomial.legendre.leggauss(200)
    deviation = np.sqrt(stats.chi2.ppf(0.5 * (share + 1.0), n - 1) / (n - 1))
    return float(np.mean(special.ndtr((draws[..., None] - factor * deviation) * root) @ (0.5 * weight)))


def _at_least_two(n: int) -> None:
    if n < 2:
        raise UsageError(f"found {n} measurements, expected at least 2", advice="one measurement has no spread")
