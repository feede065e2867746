"""A landing whose true P(failure) is known by brute force: what a few runs can say about it, and how honestly.

The question of Sanderson et al., arXiv:2408.10083 (25 runs, 15 uncertain inputs, peak acceleration of the sample
container against a limit), asked of a landing of rung 1 that answers in six microseconds: shell and payload as two
masses, the shell on a cone of soil that resists with p pi tan^2(60 deg) z^2, an absorber between them with an elastic
start, a plateau that rises with the closing speed, and a stiffness once it is densified; peak force on the payload
times the factors of gap and filter. The project's own chain (about 1 ms) cannot give 1e8 true runs; this can, and has
the same kind of inputs and the same kink where the absorber is used up. Here it nearly always is: where that is rare,
25 runs without it leave a Gaussian process sure of P = 0 and there is no width to compare.

Rung 0, the cheap one, is the balance of energy in closed form: both masses together until the soil bears
F m / m_payload, then the shell alone to its stop at z, the absorber's plateau F on the way, the rest against its
densified stiffness:

    m_payload v^2 / 2 = F (z - z_1 + e_D t) + F y + k_d y^2 / 2,   a = (F + k_d y) (1 + gap factor) / m_payload.

How well the rungs run in parallel depends on the design, so there are three of them; "thick" is the one to judge by.

`python -m containment.verification.bench_landing_events [--landing thick] [--repeats 50] [--first 0] [--store FILE]
[--truth RUNS]`: the runs go to the store one by one, and those it holds are not repeated.
"""

from __future__ import annotations

import argparse
import csv
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, special, stats

Array = NDArray[np.float64]
PUBLISHED = Path(__file__).parent / "data" / "landing-events.csv"
_STEP, _STEPS = 2e-5, 4000  # s: a fiftieth of the fastest rise of force; longest landing
_ELASTIC = 0.03  # strain at which the absorber reaches its plateau
FLOOR = 1e-9  # probabilities below count as this: the realisations of a process are often without any failure
_POPULATION, _WIDENED, _FEATURES, _DRAWS = 30_000, (1.0, 1.3, 1.7), 300, 100
_SPREAD = np.tan(np.radians(60.0)) ** 2 * np.pi
# Median or mean and spread of 15 inputs, in SI: total mass, payload share, speed, crush stress, area, thickness,
# densification strain, densified stiffness, soil resistance, temperature factor, rate factor, tilt, gap factor,
# filter factor, share of energy lost elsewhere. Assumed values of the size of the case's own.
_LOGNORMAL = {0: (45.0, 0.02), 3: (2.5e5, 0.08), 5: (0.05, 0.03), 7: (4.0e6, 0.2), 8: (1.0e7, 0.25)}
_STRESS, _THICKNESS, _SOIL = 3, 5, 8
_NORMAL = {
    1: (0.6, 0.01), 2: (40.0, 1.3), 4: (0.6, 0.02), 6: (0.7, 0.02), 9: (1.0, 0.04), 10: (1.1, 0.04), 11: (0.0, 0.08),
    12: (0.15, 0.05), 13: (1.0, 0.03), 14: (0.08, 0.02),
}  # fmt: skip
DIMENSION = 15
PLUG_IN, BAYESIAN = "Gaussian process, plug-in", "Gaussian process, Bayesian"


@dataclass(frozen=True)
class Landing:
    """One design: crush stress and soil resistance (Pa), thickness of the absorber (m), limit (m/s^2, of the size of
    the article's 3000 g), and the truth by plain samples with its relative standard error."""

    stress: float
    thickness: float
    soil: float
    limit: float
    truth: float
    truth_cov: float

    def laws(self) -> dict[int, tuple[float, float]]:
        """Medians and logarithmic spreads of the lognormal inputs."""
        own = {_STRESS: self.stress, _THICKNESS: self.thickness, _SOIL: self.soil}
        return {j: (own.get(j, median), spread) for j, (median, spread) in _LOGNORMAL.items()}

    def marginals(self) -> list[Any]:
        """The 15 inputs as frozen distributions."""
        laws = self.laws()
        return [
            stats.lognorm(laws[j][1], scale=laws[j][0]) if j in laws else stats.norm(*_NORMAL[j])
            for j in range(DIMENSION)
        ]

    def of_scores(self, u: Array) -> Array:
        """The margin at standard normal scores, columns in place (fast path of the brute force)."""
        x, laws = np.empty_like(u), self.laws()
        for j in range(DIMENSION):
            if j in laws:
                x[:, j] = laws[j][0] * np.exp(laws[j][1] * u[:, j])
            else:
                x[:, j] = _NORMAL[j][0] + _NORMAL[j][1] * u[:, j]
        return self.margin(x)

    def margin(self, x: Array) -> Array:
        """Rung 1: limit less peak acceleration over the limit, x (n, 15) -> (n,)."""
        return np.asarray(1.0 - peak_acceleration(x) / self.limit)

    def cheap_margin(self, x: Array) -> Array:
        """Rung 0: the same by balance of energy, x (n, 15) -> (n,)."""
        return np.asarray(1.0 - _balance(x) / self.limit)


LANDINGS = {
    "thick": Landing(2.5e5, 0.05, 1.0e7, 2000 * 9.80665, 3.702e-5, 0.016),  # --truth 100000000
    "stiff": Landing(4.0e5, 0.05, 1.0e7, 1696.7 * 9.80665, 3.715e-5, 0.037),
    "thin": Landing(4.0e5, 0.035, 5.0e6, 1655.8 * 9.80665, 3.815e-5, 0.036),
}


def peak_acceleration(x: Array) -> Array:
    """Peak acceleration of the payload by rung 1, m/s^2, x (n, 15) -> (n,)."""
    peaks = np.empty(len(x))
    _peaks(np.ascontiguousarray(x), _SPREAD, peaks)
    return peaks


@njit(cache=True, error_model="numpy")  # type: ignore[misc]
def _peaks(inputs, spread, peaks):  # type: ignore[no-untyped-def]
    """Peak force on the payload over its mass (n,), by semi-implicit Euler steps until the absorber opens."""
    for n in range(inputs.shape[0]):
        mass, share, speed, stress, area, thick, locked, stiff, soil, warm, rate, tilt, gap, filtered, lost = inputs[n]
        payload, shell = mass * share, mass * (1.0 - share)
        speed *= np.sqrt(max(0.0, 1.0 - lost))
        plateau, cone = stress * warm * area * np.cos(tilt), soil * spread
        elastic, full = plateau / (_ELASTIC * thick), locked * thick
        above = below = speed
        depth, stroke, peak = 0.0, 0.0, 0.0
        for _ in range(_STEPS):
            closing = above - below
            force = min(elastic * stroke, plateau * (1.0 + (rate - 1.0) * max(closing, 0.0) / speed))
            force += stiff * max(stroke - full, 0.0)
            peak = max(peak, force)
            above -= _STEP * force / payload
            below = max(below + _STEP * (force - cone * depth * depth) / shell, 0.0)
            depth += _STEP * below
            stroke += _STEP * (above - below)
            if above <= below and stroke > 0.0 and above <= 0.5 * speed:
                break
        peaks[n] = peak * (1.0 + gap) * filtered / payload


def _balance(x: Array) -> Array:
    """Peak acceleration of rung 0 (n,)."""
    mass, share, speed, stress, area, thick, locked, stiff, soil, warm, rate, tilt, gap, filtered, lost = x.T
    payload, force, cone = mass * share, stress * warm * rate * area * np.cos(tilt), soil * _SPREAD
    together = np.sqrt(force * mass / payload / cone)
    squared = np.maximum(speed**2 * (1.0 - lost) - 2.0 * cone * together**3 / 3.0 / mass, 0.0)
    # cone z^3 / 3 - F z = what the shell brings: largest root by Newton's steps from above
    brings = 0.5 * mass * (1.0 - share) * squared + cone * together**3 / 3.0 - force * together
    depth = np.cbrt(3.0 * np.maximum(brings, 0.0) / cone) + np.sqrt(3.0 * force / cone)
    for _ in range(6):
        depth -= (cone * depth**3 / 3.0 - force * depth - brings) / (cone * depth**2 - force)
    left = 0.5 * payload * squared - force * (np.maximum(depth - together, 0.0) + locked * thick)
    peak = np.sqrt(force**2 + 2.0 * stiff * np.maximum(left, 0.0))
    return np.asarray(peak * (1.0 + gap) * filtered / payload)


def brute_force(landing: Landing, runs: int, seed: int = 0) -> tuple[float, float]:
    """P and its relative standard error from plain samples."""
    rng, failed, block = np.random.default_rng(seed), 0, 100_000
    for _ in range(runs // block):
        failed += int(np.sum(landing.of_scores(rng.standard_normal((block, DIMENSION))) <= 0))
    return failed / runs, 1.0 / np.sqrt(max(failed, 1))


@dataclass(frozen=True)
class Claim:
    """What a method says of a landing: P and a 95 % interval, and whether it vouches for it."""

    landing: str
    method: str
    seed: int
    probability: float
    low: float
    high: float
    calls: int
    hard: bool = False

    @property
    def width(self) -> float:
        """ln(high / low), ends below what a claim of 1e-6 could use counted as the same."""
        return float(np.log(max(self.high, FLOOR) / max(self.low, FLOOR)))

    @property
    def covers(self) -> bool:
        """Whether the interval holds the truth, which is itself known to a relative error."""
        landing = LANDINGS[self.landing]
        slack = 1.0 + 2.0 * landing.truth_cov
        return self.low <= landing.truth * slack and landing.truth <= self.high * slack


def ours(name: str, budget: int, seed: int, *, over_rung: bool) -> Claim:
    """The estimator with its one set of settings and a budget of true runs, with or without the cheap rung."""
    from containment.reliability import failure_probability

    landing = LANDINGS[name]
    found = failure_probability(
        landing.margin, landing.marginals(), target_cov=0.05, budget=budget, rng=np.random.default_rng(seed),
        trend=landing.cheap_margin if over_rung else None,
    )  # fmt: skip
    return Claim(
        name,
        _method(budget, over_rung=over_rung),
        seed,
        found.probability,
        *found.interval,
        found.model_calls,
        found.hard,
    )


def gaussian_process(name: str, runs: int, seed: int) -> tuple[Claim, Claim]:
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
        model.fit(u, LANDINGS[name].of_scores(u))
    points, weights = _population(rng)
    failed = model.predict(points) <= 0
    plug_in = float(np.mean(weights * failed))
    error = float(np.std(weights * failed)) / np.sqrt(len(weights))
    draws = np.mean(weights[:, None] * (_realisations(model, points, rng) <= 0), axis=0)
    low, high = np.quantile(draws, [0.025, 0.975])
    return (
        Claim(name, PLUG_IN, seed, plug_in, max(plug_in - 1.96 * error, 0.0), plug_in + 1.96 * error, runs),
        Claim(name, BAYESIAN, seed, float(draws.mean()), float(low), float(high), runs),
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


def _method(budget: int, *, over_rung: bool) -> str:
    return f"ours over rung 0, {budget} runs" if over_rung else f"ours, {budget} runs"


def run_all(name: str, seeds: Sequence[int], budgets: Sequence[int], store: Path) -> None:
    """Every method with each seed on one landing, appended to the store; what it holds is not repeated."""
    done = {(claim.landing, claim.method, claim.seed) for claim in stored(store)}
    for seed in seeds:
        if (name, BAYESIAN, seed) not in done:
            _append(store, gaussian_process(name, 25, seed))
        for over_rung in (False, True):
            for budget in budgets:
                if (name, _method(budget, over_rung=over_rung), seed) not in done:
                    _append(store, [ours(name, budget, seed, over_rung=over_rung)])


def _append(store: Path, claims: Sequence[Claim]) -> None:
    new = not store.exists()
    with store.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(Claim.__dataclass_fields__)
        for c in claims:
            numbers = [f"{x:.6g}" for x in (c.probability, c.low, c.high)]
            writer.writerow([c.landing, c.method, c.seed, *numbers, c.calls, int(c.hard)])


def stored(store: Path = PUBLISHED) -> list[Claim]:
    """Claims of a store; none where there is no file."""
    if not store.exists():
        return []
    with store.open(encoding="utf-8", newline="") as file:
        return [
            Claim(
                row["landing"], row["method"], int(row["seed"]), float(row["probability"]), float(row["low"]),
                float(row["high"]), int(row["calls"]), row["hard"] == "1",
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Repeats of one method on one landing: median P over the truth, median width ln(high / low), share of intervals
    that hold the truth, share declared hard, largest number of runs."""

    landing: str
    method: str
    repeats: int
    ratio: float
    width: float
    cover: float
    hard: float
    calls: int


def table(claims: Sequence[Claim]) -> list[Row]:
    """One row for each landing and method, in their order."""
    groups: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.landing, claim.method), []).append(claim)
    return [
        Row(
            name, method, len(own), float(np.median([c.probability for c in own])) / LANDINGS[name].truth,
            float(np.median([c.width for c in own])), float(np.mean([c.covers for c in own])),
            float(np.mean([c.hard for c in own])), max(c.calls for c in own),
        )
        for (name, method), own in groups.items()
    ]  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """The table, tab separated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", choices=LANDINGS, default="thick")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--budgets", type=int, nargs="+", default=[25, 60, 200])
    parser.add_argument("--store", type=Path, default=Path("landing-events.csv"))
    parser.add_argument("--truth", type=int, metavar="RUNS", help="only brute force with so many runs")
    chosen = parser.parse_args(arguments)
    if chosen.truth:
        p, cov = brute_force(LANDINGS[chosen.landing], chosen.truth)
        sys.stdout.write(f"{chosen.landing}: P = {p:.4e}, relative standard error {cov:.3f}\n")
        return
    run_all(chosen.landing, range(chosen.first, chosen.first + chosen.repeats), chosen.budgets, chosen.store)
    sys.stdout.write("\t".join(Row.__dataclass_fields__) + "\n")
    for row in table(stored(chosen.store)):
        sys.stdout.write("\t".join(v if isinstance(v, str) else f"{v:.3g}" for v in asdict(row).values()) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
