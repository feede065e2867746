"""What adaptive estimation has learned so far: kriging models per mode, and particles where they see failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from containment.reliability.design_points import local_design_points
from containment.reliability.gaussian_process import Kernel, Kriging, fit_kriging, points_for_squares
from containment.reliability.problem import Problem
from containment.reliability.proposals import Particles, about, move, temper

Array = NDArray[np.float64]
_WIDE_RANGE = 1e3  # largest value over the median one
_SAME = 0.05  # standard deviations
_MANY = 100  # points from which a surrogate's form changes seldom
# numbers of inputs where particles are drawn about design points: fewer are tempered well, with more the weights of
# such draws tell little
_ABOUT_POINTS = (11, 20)
_CAUTION = 2.0  # standard deviations of the surrogate, so that a region it is merely unsure of is looked at too
_AXIS_START, _OTHER_STARTS = 3.0, 6  # standard deviations along each input; random directions later on


@dataclass(frozen=True)
class Settings:
    """One set for all problems; changing any of it needs a new coverage table."""

    axis_radius: float = 4.0
    spread: float = 2.0  # standard deviation of the first points
    particles: int = 1000
    doubt: float = 0.05  # mass in doubt over mass that fails, twice in a row
    sentinels: int = 10
    second_look: int = 64  # calls farther out where the first ones all gave the same value
    surrogate_share: float = 0.5  # of the budget at most for learning
    share_over_rung: float = 0.65  # the same over a cheaper rung, where fewer calls of the correction surprise
    correction: int = 20  # first true calls of the correction
    population: int = 20000
    rounds: int = 3
    kernel: Kernel = "matern 5/2"


@dataclass(frozen=True)
class Sentinels:
    """True calls sent far from all others, out to `reach` standard deviations; whether one of them surprised."""

    calls: int
    reach: float
    surprise: bool


@dataclass
class Learner:
    """The surrogates, what they were taught, and the particles that show where they see failure."""

    problem: Problem
    settings: Settings
    rng: np.random.Generator
    points: Array
    values: Array
    models: list[Kriging | float] = field(default_factory=list)
    clouds: list[Particles] = field(default_factory=list)
    population: tuple[Array, Array] = field(default_factory=lambda: (np.empty((0, 0)), np.empty(0)))
    sentinels: list[Sentinels] = field(default_factory=list)
    centres: dict[int, Array] = field(default_factory=dict)
    tuned_at: int = 0
    compared_at: int = 0
    tempered_at: int = 0

    def teach(self, u: Array) -> Array:
        """True calls at u; what fails to compute is remembered by the problem and left out here."""
        g = self.problem(u)
        good = np.isfinite(g).all(axis=1)
        self.points = np.vstack([self.points, u[good]])
        self.values = np.vstack([self.values, g[good]])
        return g

    def known(self, u: Array) -> bool:
        """Whether the point u (1, d) was called before, or one so near that it would tell nothing new."""
        return bool(len(self.points)) and float(np.min(np.linalg.norm(self.points - u, axis=1))) < _SAME

    def compressed(self, g: Array) -> Array:
        """Values as the surrogates see them (n, k): what spans decades is compressed by asinh, signs stay.

        The smaller of two modes in different units, or an exponential, would else leave nothing of the limit itself.
        """
        wide, size = self._wide()
        return np.where(wide, size * np.arcsinh(g / size), g)

    def expanded(self, seen: Array) -> Array:
        """Inverse of `compressed`."""
        wide, size = self._wide()
        return np.where(wide, size * np.sinh(np.clip(seen / size, -300.0, 300.0)), seen)

    def _wide(self) -> tuple[NDArray[np.bool_], Array]:
        """Which modes are compressed (k,), and the size below which they are not (k,)."""
        size = np.median(np.abs(self.values), axis=0)
        wide = (np.max(np.abs(self.values), axis=0) > _WIDE_RANGE * size) & (size > 0)
        return wide & (not callable(self.problem.system)), np.where(wide, size, 1.0)

    def fit(self) -> None:
        """Fit each mode; lengths are tuned again when a tenth more points have come (later a quarter), forms are
        compared again when half as many more have."""
        n = len(self.points)
        tune = not self.models or n >= (1.1 if n < _MANY else 1.25) * self.tuned_at
        enough = points_for_squares(self.points.shape[1])
        compare = tune and (n < _MANY or n >= 1.5 * self.compared_at or self.compared_at < enough <= n)
        fitted: list[Kriging | float] = []
        values = self.compressed(self.values)
        for k in range(values.shape[1]):
            y = values[:, k]
            if np.ptp(y) <= 1e-12 * max(1e-300, float(np.abs(y).max())):
                fitted.append(float(y[0]))
                continue
            before = self.models[k] if self.models else None
            start = before if isinstance(before, Kriging) else None
            fitted.append(
                fit_kriging(
                    self.points,
                    y,
                    start,
                    scales=self.problem.scales(k, n),
                    tune=tune or start is None,
                    compare=compare,
                    kernel=self.settings.kernel,
                )
            )
        self.models = fitted
        self.tuned_at = n if tune else self.tuned_at
        self.compared_at = n if compare else self.compared_at

    def predict(self, u: Array, mode: int | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation of every mode at u (n, d) -> (n, k), or of one (n, 1)."""
        means, sds = [], []
        for model in self.models if mode is None else [self.models[mode]]:
            mean, sd = model(u) if isinstance(model, Kriging) else (np.full(len(u), model), np.full(len(u), 1e-9))
            means.append(mean)
            sds.append(sd)
        return np.column_stack(means), np.column_stack(sds)

    def chance(self, u: Array, extra: float = 0.0, mode: int | None = None) -> Array:
        """P(fail | u) of the system, or of one mode."""
        mean, sd = self.predict(u, mode)
        sd = np.hypot(sd, extra)
        if mode is not None:
            return np.asarray(special.ndtr(-mean[:, 0] / sd[:, 0]))
        return self.problem.failure_chance(mean, sd)

    def state(self, u: Array) -> tuple[Array, Array]:
        """Whether the surrogate calls u failed (0 or 1), and the chance that it is wrong."""
        mean, sd = self.predict(u)
        failed = (self.problem.joined(mean) <= 0).astype(float)
        chance = self.problem.failure_chance(mean, sd)
        return failed, np.where(failed > 0, 1.0 - chance, chance)

    def rung_correlation(self) -> list[float]:
        """Correlation of the cheap rung with each mode over the calls made."""
        rungs = self.problem.rungs
        return [
            rungs[min(k, len(rungs) - 1)].correlation(self.points, self.values[:, k])
            for k in range(self.values.shape[1])
        ]

    def spread_particles(self, *, anew: bool = False) -> None:
        """Bring the particles to where the present surrogates see failure: anew when much was learned, or by moves."""
        n = len(self.points)
        if self.clouds and not anew and n < 1.15 * self.tempered_at:
            self.clouds = [self._moved(cloud, mode) for cloud, mode in zip(self.clouds, self._modes(), strict=True)]
            return
        values = self.compressed(self.values)
        scale = float(np.median(np.abs(values - np.median(values, axis=0)))) + 1e-300
        self.clouds = [
            temper(self._chance_of(mode), scale, self.points.shape[1], self.settings.particles, self.rng)
            for mode in self._modes()
        ]
        if self.steady:
            self.clouds = [self._about_points(i, mode) for i, mode in enumerate(self._modes())]
        self.tempered_at = n

    @property
    def steady(self) -> bool:
        """Whether particles are drawn about design points; their mass then does not wander from one cloud to the next,
        as that of tempered ones does."""
        return bool(_ABOUT_POINTS[0] <= self.points.shape[1] <= _ABOUT_POINTS[1])

    def _about_points(self, number: int, mode: int | None) -> Particles:
        """A cloud drawn anew about all design points the surrogate is found to have: from each input's axis at first,
        then from those known before and some random directions."""
        d, cloud = self.points.shape[1], self.clouds[number]
        if number not in self.centres:
            starts = _AXIS_START * np.vstack([np.eye(d), -np.eye(d)])
        else:
            direction = self.rng.standard_normal((_OTHER_STARTS, d))
            others = _AXIS_START * direction / np.linalg.norm(direction, axis=1, keepdims=True)
            starts = np.vstack([self.centres[number], others])

        def margin(u: Array) -> Array:
            mean, sd = self.predict(u, mode)
            return self.problem.joined(mean - _CAUTION * sd)

        self.centres[number] = local_design_points(margin, starts)
        if not len(self.centres[number]):
            return cloud
        return about(self._chance_of(mode), cloud, self.centres[number], self.rng)

    def _chance_of(self, mode: int | None) -> Callable[[Array, float], Array]:
        def chance(u: Array, extra: float) -> Array:
            return self.chance(u, extra, mode)

        return chance

    def _modes(self) -> Sequence[int | None]:
        """Modes of a series system get a cloud each; other systems one in all."""
        count = self.values.shape[1]
        return list(range(count)) if self.problem.system == "series" and count > 1 else [None]

    def _moved(self, cloud: Particles, mode: int | None) -> Particles:
        u, _ = move(lambda x: self.chance(x, 0.0, mode), cloud.u, self.rng, 6)
        return Particles(u, cloud.mass)

    def doubt(self) -> tuple[Array, Array, float]:
        """Particles of all clouds (n, d), their mass in doubt (n,), and the sum of it over the mass that fails."""
        u = np.vstack([cloud.u for cloud in self.clouds])
        failed, wrong = self.state(u)
        weight = self._weight(u)
        sure = float(np.sum(weight * failed))
        return u, weight * wrong, float(np.sum(weight * wrong)) / max(sure, 1e-300)

    def _weight(self, u: Array) -> Array:
        """Importance weight of pooled particles against the mixture of all clouds (balance heuristic)."""
        total = np.zeros(len(u))
        for cloud, mode in zip(self.clouds, self._modes(), strict=True):
            total += len(cloud.u) * self.chance(u, 0.0, mode) / max(cloud.mass, 1e-300)
        return np.asarray(1.0 / np.maximum(total, 1e-300))
