"""A landing whose true P(failure) is known by brute force: what a few runs can say about it, and how honestly.

The question of Sanderson et al., arXiv:2408.10083 (25 runs, 15 uncertain inputs, peak acceleration of the sample
container against a limit), asked of a landing that answers in well under a microsecond: rung 0/1, closed form. The
chain of masses (about 1 ms) cannot give 1e8 true runs; this can, and it has the same kind of inputs and the same kink
where the absorber is used up. Here it nearly always is: where that is rare, 25 runs without it leave a Gaussian process
sure of P = 0 and there is no width to compare. A cone enters soil until its resistance equals the plateau force of the
absorber, the absorber takes the rest of the energy, first on its plateau, then against its densified stiffness:

    F = sigma k_T k_r A cos(tilt),   soil energy F z / 3 with p pi tan^2(60 deg) z^2 = F,
    E = F x + k_d (x - e_D t)_+^2 / 2,   a = F_peak (1 + gap factor) / m_payload.

`python -m containment.verification.bench_landing_events [--repeats 50] [--truth]`
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special, stats

Array = NDArray[np.float64]
LIMIT = 2500 * 9.80665  # m/s^2: of the size of the limit in the article (3000 g)
TRUTH, TRUTH_COV = 3.187e-5, 0.018  # --truth 100000000
FLOOR = 1e-9  # probabilities below count as this: the realisations of a process are often without any failure
_POPULATION, _WIDENED, _FEATURES, _DRAWS = 30_000, (1.0, 1.3, 1.7), 300, 100
_SPREAD = np.tan(np.radians(60.0)) ** 2 * np.pi
# median or mean and spread of 15 inputs, in SI: total mass, payload share, speed, crush stress, area, thickness,
# densification strain, densified stiffness, soil resistance, temperature factor, rate factor, tilt, gap factor,
# filter factor, share of energy lost elsewhere. Assumed values of the size of the case's own.
_LOGNORMAL = {0: (45.0, 0.02), 3: (4.0e5, 0.08), 5: (0.07, 0.03), 7: (4.0e6, 0.2), 8: (1.2e6, 0.25)}
_NORMAL = {
    1: (0.6, 0.01), 2: (40.0, 1.3), 4: (0.6, 0.02), 6: (0.7, 0.02), 9: (1.0, 0.04), 10: (1.1, 0.04), 11: (0.0, 0.08),
    12: (0.15, 0.05), 13: (1.0, 0.03), 14: (0.08, 0.02),
}  # fmt: skip
DIMENSION = 15


def marginals() -> list[Any]:
    """The 15 inputs as frozen distributions."""
    laws: list[Any] = []
    for j in range(DIMENSION):
        if j in _LOGNORMAL:
            laws.append(stats.lognorm(_LOGNORMAL[j][1], scale=_LOGNORMAL[j][0]))
        else:
            laws.append(stats.norm(*_NORMAL[j]))
    return laws


def margin(x: Array) -> Array:
    """Limit less peak acceleration over the limit, x (n, 15) -> (n,)."""
    mass, share, speed, stress, area, thick, locked, stiff, soil, warm, rate, tilt, gap, filtered, lost = x.T
    force = stress * warm * rate * area * np.cos(tilt)
    energy = 0.5 * mass * speed**2 * (1.0 - lost) - force * np.sqrt(force / (soil * _SPREAD)) / 3.0
    beyond = np.maximum(energy - force * locked * thick, 0.0)
    # F y + k y^2 / 2 = energy beyond the plateau; the force then is F + k y
    peak = np.sqrt(force**2 + 2.0 * stiff * beyond)
    return np.asarray(1.0 - peak * (1.0 + gap) * filtered / (mass * share) / LIMIT)


def of_scores(u: Array) -> Array:
    """The margin at standard normal scores, columns in place (fast path of the brute force)."""
    x = np.empty_like(u)
    for j in range(DIMENSION):
        x[:, j] = (
            _LOGNORMAL[j][0] * np.exp(_LOGNORMAL[j][1] * u[:, j]) if j in _LOGNORMAL
            else _NORMAL[j][0] + _NORMAL[j][1] * u[:, j]
        )  # fmt: skip
    return margin(x)


def brute_force(runs: int, seed: int = 0) -> tuple[float, float]:
    """P and its relative standard error from plain samples."""
    rng, failed, block = np.random.default_rng(seed), 0, 100_000
    for _ in range(runs // block):
        failed += int(np.sum(of_scores(rng.standard_normal((block, DIMENSION))) <= 0))
    return failed / runs, 1.0 / np.sqrt(max(failed, 1))


@dataclass(frozen=True)
class Claim:
    """What a method says: P and a 95 % interval, and whether it vouches for it."""

    probability: float
    low: float
    high: float
    calls: int
    hard: bool = False

    @property
    def width(self) -> float:
        """ln(high / low), ends below what a claim of 1e-6 could use counted as the same."""
        return float(np.log(max(self.high, FLOOR) / max(self.low, FLOOR)))


def ours(budget: int, seed: int) -> Claim:
    """The estimator with its one set of settings and a budget of true runs."""
    from containment.reliability import failure_probability

    found = failure_probability(
        margin, marginals(), target_cov=0.05, budget=budget, rng=np.random.default_rng(seed)
    )  # fmt: skip
    return Claim(found.probability, *found.interval, found.model_calls, found.hard)


def gaussian_process(runs: int, seed: int) -> tuple[Claim, Claim]:
    """Plain Gaussian process on a Latin hypercube of the inputs: plug-in (its mean taken as true, interval of the
    sampling alone) and Bayesian (P of each of its realisations, 95 % of them)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    rng = np.random.default_rng(seed)
    u = special.ndtri(stats.qmc.LatinHypercube(DIMENSION, rng=rng).random(runs))
    kernel = ConstantKernel(1.0, (1e-2, 1e3)) * RBF(np.full(DIMENSION, 5.0), (0.3, 1e3)) + WhiteKernel(
        1e-4, (1e-8, 0.1)
    )
    model = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # bounds on lengths of inputs that do not matter
        model.fit(u, of_scores(u))
    points, weights = _population(rng)
    failed = model.predict(points) <= 0
    plug_in = float(np.mean(weights * failed))
    error = float(np.std(weights * failed)) / np.sqrt(len(weights))
    draws = np.mean(weights[:, None] * (_realisations(model, points, rng) <= 0), axis=0)
    low, high = np.quantile(draws, [0.025, 0.975])
    return (
        Claim(plug_in, max(plug_in - 1.96 * error, 0.0), plug_in + 1.96 * error, runs),
        Claim(float(draws.mean()), float(low), float(high), runs),
    )  # fmt: skip


def _population(rng: np.random.Generator) -> tuple[Array, Array]:
    """Points of three widened input laws in equal shares with their weights (balance heuristic)."""
    u = np.vstack([scale * rng.standard_normal((_POPULATION // 3, DIMENSION)) for scale in _WIDENED])
    squared = 0.5 * np.sum(u**2, axis=1)
    logs = [-squared / scale**2 - DIMENSION * np.log(scale) for scale in _WIDENED]
    return u, np.exp(-squared - special.logsumexp(logs, axis=0) + np.log(3.0))


def _realisations(model: Any, points: Array, rng: np.random.Generator) -> Array:
    """Realisations of the fitted process at points (n, d) -> (n, draws): random Fourier features, brought through the
    runs by the kriging correction (Wilson et al. 2020)."""
    size = float(model.kernel_.k1.k1.constant_value)
    frequency = rng.standard_normal((_FEATURES, DIMENSION)) / model.kernel_.k1.k2.length_scale
    phase, weight = rng.uniform(0, 2 * np.pi, _FEATURES), rng.standard_normal((_FEATURES, _DRAWS))

    def prior(u: Array) -> Array:
        return np.asarray(np.sqrt(2.0 * size / _FEATURES) * np.cos(u @ frequency.T + phase) @ weight)

    x, noise = model.X_train_, np.sqrt(float(model.kernel_.k2.noise_level))
    gap = model.y_train_[:, None] - prior(x) - noise * rng.standard_normal((len(x), _DRAWS))
    paths = prior(points) + model.kernel_.k1(points, x) @ linalg.cho_solve((model.L_, True), gap)
    return np.asarray(paths * model._y_train_std + model._y_train_mean)


def rows(repeats: int) -> dict[str, list[Claim]]:
    """All methods, `repeats` seeds each."""
    pairs = [gaussian_process(25, seed) for seed in range(repeats)]
    table = {"Gaussian process, plug-in": [a for a, _ in pairs], "Gaussian process, Bayesian": [b for _, b in pairs]}
    for budget in (25, 60, 200):
        table[f"ours, {budget} runs"] = [ours(budget, seed) for seed in range(repeats)]
    return table


def summary(claims: Sequence[Claim]) -> tuple[float, float, float, float, float]:
    """Median P over the truth, median width ln(high / low), cover, share declared hard, largest number of runs."""
    slack = 1.0 + 2.0 * TRUTH_COV
    inside = [c.low <= TRUTH * slack and TRUTH <= c.high * slack for c in claims]
    return (
        float(np.median([c.probability for c in claims])) / TRUTH, float(np.median([c.width for c in claims])),
        float(np.mean(inside)), float(np.mean([c.hard for c in claims])), float(max(c.calls for c in claims)),
    )  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """The table, tab separated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--truth", type=int, metavar="RUNS", help="only brute force with so many runs")
    chosen = parser.parse_args(arguments)
    if chosen.truth:
        p, cov = brute_force(chosen.truth)
        sys.stdout.write(f"P = {p:.4e}, relative standard error {cov:.3f}\n")
        return
    sys.stdout.write("method\tP/truth\twidth\tcover\thard\truns\n")
    for name, claims in rows(chosen.repeats).items():
        sys.stdout.write("\t".join([name, *(f"{x:.3g}" for x in summary(claims))]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
