"""Where failures are likely according to surrogates: tempered particles, and a Gaussian mixture fitted to them.

Sequential importance sampling after Papaioannou, Papadimitriou & Straub 2016: particles move from the input law to
phi(u) P(fail | u) through phi(u) Phi(-mean / sqrt(sd^2 + s^2)) with s falling; P(fail | u) is the surrogate's own
doubt, so regions it does not know keep particles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

Array = NDArray[np.float64]
Chance = Callable[[Array, float], Array]  # (u (n, d), extra sd) -> P(fail | u)
_COV = 1.5  # of the weights between two temperatures (Papaioannou et al. 2016)
_STAGES = 40
_SURVIVORS = 0.02  # least share of the mass kept from one temperature to the next
_INFLATION = 1.5  # of the mixture's variances: a proposal must be wider than what it covers
_WIDE_SHARE = 0.15  # of the mixture: the input law widened, for what the particles missed
_WIDE = 1.8  # its standard deviation (less in many dimensions, where it would carry no weight)
_FLOOR = 1e-30
_TRIALS = 4  # points about the centres for each particle kept


@dataclass(frozen=True)
class Particles:
    """Points u (n, d) distributed as phi(u) P(fail | u), and the mass P of it."""

    u: Array
    mass: float


def temper(chance: Chance, scale: float, dimension: int, count: int, rng: np.random.Generator) -> Particles:
    """Particles of phi(u) chance(u, 0); `scale` is the size of the surrogate's values over the input law."""
    u = rng.standard_normal((count, dimension))
    width = 10.0 * scale
    now = np.maximum(chance(u, width), _FLOOR)
    mass = float(now.mean())
    u = u[_resample(now, rng)]
    step = 0.6
    for _ in range(_STAGES):
        now = np.maximum(chance(u, width), _FLOOR)
        width = _next_width(chance, u, now, width)
        ratio = np.maximum(chance(u, width), _FLOOR) / now
        mass *= float(ratio.mean())
        u = u[_resample(ratio, rng)]
        u, step = move(_at_width(chance, width), u, rng, 5 if width > 0 else 8, step)
        if width == 0.0 or mass < 1e-25:
            break
    return Particles(u, mass)


def about(chance: Chance, cloud: Particles, centres: Array, rng: np.random.Generator) -> Particles:
    """Particles of phi(u) chance(u, 0) by importance sampling about the centres (m, d) and about a cloud.

    Tempered particles of many inputs can lose a region that fails no less than the one they went to, and their mass
    with it; a Gaussian of unit spread about each design point holds both.
    """
    count, d = cloud.u.shape
    spread = linalg.cholesky(_INFLATION * np.cov(cloud.u.T) + 1e-8 * np.eye(d), lower=True)
    parts = len(centres) + 1
    proposal = Mixture(
        np.full(parts, 1.0 / parts), np.vstack([centres, cloud.u.mean(axis=0)]), (*[np.eye(d)] * len(centres), spread)
    )
    u = proposal.sample(_TRIALS * count, rng)
    weight = np.exp(np.minimum(proposal.log_weight(u), 500.0)) * chance(u, 0.0)
    if not weight.sum() > 0.0:
        return cloud
    u, mass = u[_resample(weight, rng, count)], float(weight.mean())
    return Particles(move(_at_width(chance, 0.0), u, rng, 5)[0], mass)


def _at_width(chance: Chance, width: float) -> Callable[[Array], Array]:
    def fixed(u: Array) -> Array:
        return chance(u, width)

    return fixed


def _next_width(chance: Chance, u: Array, now: Array, width: float) -> float:
    """Next temperature: weights vary by the wanted amount; zero once that is possible."""

    def variation(s: float) -> float:
        ratio = np.maximum(chance(u, s), _FLOOR) / now
        mean = float(ratio.mean())
        # nobody there yet: equal weights of nothing are no success
        return float(ratio.std()) / mean if mean > _SURVIVORS else np.inf

    if variation(0.0) <= _COV:
        return 0.0
    low, high = 0.0, width
    for _ in range(12):
        middle = 0.5 * (low + high) if low > 0 else 0.3 * high
        if variation(middle) > _COV:
            low = middle
        else:
            high = middle
        if low > 0 and high / low < 1.1:
            break
    return high if high < width else 0.7 * width


def _resample(weights: Array, rng: np.random.Generator, count: int | None = None) -> NDArray[np.int64]:
    """Systematic resampling, as many as there are or `count`."""
    count = len(weights) if count is None else count
    total = np.cumsum(weights / weights.sum())
    places = (np.arange(count) + rng.random()) / count
    return np.minimum(np.searchsorted(total, places), len(weights) - 1)


def move(
    chance: Callable[[Array], Array], u: Array, rng: np.random.Generator, sweeps: int, step: float = 0.6
) -> tuple[Array, float]:
    """Conditional-sampling Metropolis moves (Papaioannou et al. 2015) on phi(u) chance(u); returns the adapted step."""
    now = np.maximum(chance(u), _FLOOR)
    for _ in range(sweeps):
        proposal = np.sqrt(1.0 - step**2) * u + step * rng.standard_normal(u.shape)
        there = np.maximum(chance(proposal), _FLOOR)
        accepted = rng.random(len(u)) * now < there
        u = np.where(accepted[:, None], proposal, u)
        now = np.where(accepted, there, now)
        step = float(np.clip(step * np.exp(0.6 * (accepted.mean() - 0.4)), 0.05, 0.98))
    return u, step


@dataclass(frozen=True)
class Mixture:
    """Gaussian mixture q with a wide part; `sample` and `log_weight` = ln phi(u) - ln q(u)."""

    shares: Array
    means: Array
    factors: tuple[Array, ...]

    def sample(self, count: int, rng: np.random.Generator) -> Array:
        """count points; the parts get their shares exactly (stratified)."""
        numbers = np.floor(self.shares * count).astype(int)
        numbers[-1] += count - numbers.sum()
        parts = [
            mean + rng.standard_normal((n, len(mean))) @ factor.T
            for n, mean, factor in zip(numbers, self.means, self.factors, strict=True)
        ]
        return np.vstack(parts)

    def log_weight(self, u: Array) -> Array:
        """ln of the input density over the mixture's at u (n, d)."""
        logs = []
        for share, mean, factor in zip(self.shares, self.means, self.factors, strict=True):
            z = linalg.solve_triangular(factor, (u - mean).T, lower=True, check_finite=False)
            logs.append(np.log(share) - np.log(np.diag(factor)).sum() - 0.5 * np.einsum("ij,ij->j", z, z))
        return np.asarray(-0.5 * np.einsum("ij,ij->i", u, u) - special.logsumexp(np.array(logs), axis=0))


def fit_mixture(clouds: list[Particles], dimension: int, seed: int) -> Mixture:
    """One or more Gaussians for each cloud of particles (one cloud per mode), shares by mass, plus the wide part."""
    total = sum(cloud.mass for cloud in clouds)
    shares, means, factors = [], [], []
    # many inputs: each adds to the spread of the weights, so the inflation is shared between them
    inflation = 1.0 + (_INFLATION - 1.0) * min(1.0, 8.0 / dimension)
    for cloud in clouds:
        part = (1.0 - _WIDE_SHARE) * (0.5 / len(clouds) + 0.5 * cloud.mass / total)
        for weight, mean, covariance in _components(cloud.u, dimension, seed):
            shares.append(part * weight)
            means.append(mean)
            factors.append(linalg.cholesky(inflation * covariance + 1e-8 * np.eye(dimension), lower=True))
    wide = 1.0 + (_WIDE - 1.0) * min(1.0, 4.0 / dimension)
    shares.append(_WIDE_SHARE)
    means.append(np.zeros(dimension))
    factors.append(wide * np.eye(dimension))
    return Mixture(np.array(shares) / np.sum(shares), np.array(means), tuple(factors))


def _components(u: Array, dimension: int, seed: int) -> list[tuple[float, Array, Array]]:
    from sklearn.covariance import ledoit_wolf
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    if dimension > 20:
        return [(1.0, u.mean(axis=0), ledoit_wolf(u)[0])]
    import warnings

    best = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a rough fit serves: the weights are exact for any mixture
        for count in (1, 2, 3, 4, 6, 8):
            if count > 1 and len(u) < 10 * count * dimension:
                break
            model = GaussianMixture(count, reg_covar=1e-4, random_state=seed, max_iter=60).fit(u)
            score = model.bic(u)
            if best is None or score < best[0]:
                best = (score, model)
    assert_best = best
    if assert_best is None:
        return [(1.0, u.mean(axis=0), ledoit_wolf(u)[0])]
    model = assert_best[1]
    return [
        (float(w), m, c) for w, m, c in zip(model.weights_, model.means_, model.covariances_, strict=True) if w > 1e-3
    ]
