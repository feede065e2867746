"""Kriging of one failure mode: polynomial trend plus Matern process with one length per input, errors calibrated by
leave-one-out (Rasmussen & Williams 2006; Dubrule 1983 for the closed leave-one-out forms).

Own code because the trend, the prior on the lengths and the closed leave-one-out of the whole model are needed together
(scikit-learn's process has neither trend nor prior).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from containment.reliability.rung import CheapRung

Array = NDArray[np.float64]
Trend = Literal["constant", "rung", "linear", "squares", "quadratic"]
Scale = Callable[[Array], Array]
_NUGGET = 1e-8  # of the variance: keeps the factorisation stable, far below any error that matters
_SHARED_LENGTH = 20  # beyond this many inputs one length serves all
_LEADING = 5  # turned inputs that keep a length of their own there
_PRIOR_SD = 1.0  # of ln(length): one to two decades are plausible
_SMALLEST = 1e-18  # variance of values of unit size: below it only rounding is left
_SQRT3, _SQRT5 = np.sqrt(3.0), np.sqrt(5.0)
Kernel = Literal["matern 5/2", "matern 3/2"]  # the rougher one is the witness of the other


def normal_scores(u: Array) -> Array:
    """The inputs as they are: standard normal."""
    return u


@dataclass(frozen=True)
class Kriging:
    """A fitted process on mapped and turned inputs v = scale(u) @ turn; `points` (n, d) in v, `lengths` (d,),
    `deviation` its standard deviation, `inflation` from leave-one-out (>= 1)."""

    points: Array
    scale: Scale
    turn: Array
    lengths: Array
    trend: Trend
    kernel: Kernel
    coefficients: Array
    weights: Array
    root: Array
    trend_solved: Array
    trend_factor: Array
    deviation: float
    inflation: float
    score: float

    def __call__(self, u: Array) -> tuple[Array, Array]:
        """Mean and standard deviation at u (n, d)."""
        v = self.scale(u) @ self.turn
        cross = _correlation(v / self.lengths, self.points / self.lengths, self.kernel)
        basis = _basis(v, self.trend)
        mean = basis @ self.coefficients + cross @ self.weights
        solved = self.root @ cross.T
        rest = basis.T - self.trend_solved.T @ solved
        extra = linalg.solve_triangular(self.trend_factor, rest, lower=True, check_finite=False)
        variance = 1.0 - np.einsum("ij,ij->j", solved, solved) + np.einsum("ij,ij->j", extra, extra)
        # the nugget stands for what a rough g does between points: it belongs to the error of a new call
        return mean, self.deviation * self.inflation * np.sqrt(np.maximum(variance, 0.0) + _NUGGET)

    def correlation(self, u: Array, v: Array) -> Array:
        """Correlation of the process between points (n, d) and (m, d)."""
        return _correlation(
            self.scale(u) @ self.turn / self.lengths, self.scale(v) @ self.turn / self.lengths, self.kernel
        )

    def mean(self, x: Array) -> Array:
        """Mean alone at mapped inputs x = scale(u) (n, d)."""
        v = x @ self.turn
        cross = _correlation(v / self.lengths, self.points / self.lengths, self.kernel)
        return np.asarray(_basis(v, self.trend) @ self.coefficients + cross @ self.weights)


def fit_kriging(
    points: Array, values: Array, start: Kriging | None = None, *, scales: Sequence[Scale] = (normal_scores,),
    tune: bool = True, compare: bool = True, kernel: Kernel = "matern 5/2",
) -> Kriging:  # fmt: skip
    """Fit points u (n, d), values (n,). `start` gives the form and lengths to begin from; without `tune` they are kept,
    without `compare` only the form.

    Candidates differ in trend, in the scale of the inputs (`scales`: normal scores, physical values) and in whether the
    inputs are turned into the main directions of the gradient near the limit (active subspace, Constantine 2015);
    leave-one-out density decides.
    """
    n, d = points.shape
    if start is not None and not tune:
        form = (start.scale, start.turn, start.lengths, start.trend, kernel)
        return _assemble(start.scale(points) @ start.turn, values, *form)
    if start is not None and not compare:
        return _tuned(start.scale(points), values, start.scale, start.turn, start.trend, kernel, start)
    # as many terms as points leave no residual to measure an error by
    trends: list[Trend] = ["linear" if n > d + 1 else "constant"]
    if n >= points_for_squares(d):
        trends.append("squares")
    if 1 < d <= _SHARED_LENGTH and n >= 1.5 * (d + 1) * (d + 2) / 2:
        trends.append("quadratic")
    found = []
    for scale in scales:
        x = scale(points)
        if isinstance(scale, CheapRung):
            found += [_tuned(x, values, scale, np.eye(d + 1), t, kernel, start) for t in _rung_trends(n, d)]
            continue
        mine = start is not None and start.scale is scale
        for trend in trends if mine or start is None else trends[:2]:
            found.append(_tuned(x, values, scale, np.eye(d), trend, kernel, start))
        if start is not None and mine and d > 1:
            turn = _main_directions(start, x, values)
            found += [_tuned(x, values, scale, turn, trend, kernel, start) for trend in trends]
    return max(found, key=lambda model: model.score)


def _rung_trends(n: int, d: int) -> tuple[Trend, ...]:
    """Trends over a cheap rung: itself alone, and the inputs with it where there are points enough to tell."""
    return ("rung", "linear") if n >= 2 * (d + 2) else ("rung",)


def points_for_squares(d: int) -> float:
    """Points from which a trend with the squares of d inputs is compared: twice its terms, in many inputs, where so
    many are never called, a fifth more than its terms; leave-one-out tells whether it helps."""
    return (1.2 if d > _SHARED_LENGTH else 2.0) * (2 * d + 1)


def _main_directions(model: Kriging, x: Array, values: Array) -> Array:
    """Eigenvectors of the mean outer product of gradients, points near the limit counting most (d, d)."""
    step, d = 1e-3, x.shape[1]
    near = np.argsort(np.abs(values))[: max(4 * d, len(x) // 2)]
    size = np.abs(values[near])
    weight = np.exp(-size / max(float(np.median(size)), 1e-300))
    base = x[near]
    slope = np.column_stack(
        [(model.mean(base + step * e) - model.mean(base - step * e)) / (2 * step) for e in np.eye(d)]
    )
    _, vectors = np.linalg.eigh((slope * weight[:, None]).T @ slope)
    return np.asarray(vectors[:, ::-1])


def _tuned(
    x: Array, values: Array, scale: Scale, turn: Array, trend: Trend, kernel: Kernel, start: Kriging | None
) -> Kriging:
    d = x.shape[1]
    v = x @ turn
    group = _groups(turn)
    squared = (v[:, None, :] - v[None, :, :]) ** 2
    size = int(group.max()) + 1
    distance = np.stack([squared[:, :, group == k].sum(axis=2) for k in range(size)], axis=2)
    centre = np.log(2.0 * np.sqrt(d))
    basis = _basis(v, trend)
    first = np.full(size, centre)
    if start is not None and start.scale is scale and start.trend == trend and np.array_equal(start.turn, turn):
        first = np.log([start.lengths[group == k][0] for k in range(size)])

    scaled = values / _unit(values)

    def objective(theta: Array) -> tuple[float, Array]:
        return _likelihood(theta, distance, basis, scaled, centre, kernel)

    result = optimize.minimize(
        objective, first, jac=True, method="L-BFGS-B", bounds=[(-2.5, 6.0)] * size, options={"maxiter": 40}
    )
    return _assemble(v, values, scale, turn, np.exp(result.x)[group], trend, kernel)


def _unit(values: Array) -> float:
    """Size of the values: nothing may depend on the unit of g."""
    return float(np.std(values)) or 1.0


def _groups(turn: Array) -> NDArray[np.int64]:
    """Which inputs share a length (d,): none in few dimensions, all but the leading turned ones in many."""
    d = len(turn)
    if d <= _SHARED_LENGTH:
        return np.arange(d)
    if np.array_equal(turn, np.eye(d)):
        return np.zeros(d, dtype=np.int64)
    return np.minimum(np.arange(d), _LEADING)


def _likelihood(
    theta: Array, distance: Array, basis: Array, values: Array, centre: float, kernel: Kernel
) -> tuple[float, Array]:
    """Concentrated restricted likelihood with the prior on ln(length), negative, and its gradient."""
    n, p = basis.shape
    scaled = distance * np.exp(-2.0 * theta)
    r = np.sqrt(scaled.sum(axis=2))
    if kernel == "matern 5/2":
        decay = np.exp(-_SQRT5 * r)
        matrix = (1.0 + _SQRT5 * r + 5.0 / 3.0 * r**2) * decay + _NUGGET * np.eye(n)
        common = 5.0 / 3.0 * (1.0 + _SQRT5 * r) * decay
    else:
        decay = np.exp(-_SQRT3 * r)
        matrix = (1.0 + _SQRT3 * r) * decay + _NUGGET * np.eye(n)
        common = 3.0 * decay
    try:
        inverse = linalg.inv(matrix, check_finite=False)
        factor = linalg.cholesky(matrix, lower=True, check_finite=False)
        projected = inverse @ basis
        gram = basis.T @ projected
        precision = inverse - projected @ linalg.solve(gram, projected.T, assume_a="pos", check_finite=False)
    except linalg.LinAlgError:
        return 1e10, np.zeros_like(theta)
    alpha = precision @ values
    variance = max(float(values @ alpha) / (n - p), _SMALLEST)
    value = (
        0.5 * ((n - p) * np.log(variance) + 2.0 * np.log(np.diag(factor)).sum() + np.linalg.slogdet(gram)[1])
        + 0.5 * float(np.sum((theta - centre) ** 2)) / _PRIOR_SD**2
    )
    mixed = common * (precision - np.outer(alpha, alpha) / variance)
    gradient = 0.5 * np.einsum("ij,ijk->k", mixed, scaled) + (theta - centre) / _PRIOR_SD**2
    return float(value), gradient


def _assemble(
    points: Array, values: Array, scale: Scale, turn: Array, lengths: Array, trend: Trend, kernel: Kernel
) -> Kriging:
    n, unit = len(points), _unit(values)
    values = values / unit
    matrix = _correlation(points / lengths, points / lengths, kernel)
    lower = np.eye(n)
    for jitter in (_NUGGET, 1e-6, 1e-4):
        try:
            lower = linalg.cholesky(matrix + jitter * np.eye(n), lower=True, check_finite=False)
            break
        except linalg.LinAlgError:
            continue
    basis = _basis(points, trend)
    solved = linalg.solve_triangular(lower, basis, lower=True, check_finite=False)
    gram = solved.T @ solved
    factor = linalg.cholesky(gram + 1e-12 * np.trace(gram) / len(gram) * np.eye(len(gram)), lower=True)
    half = linalg.solve_triangular(lower, values, lower=True, check_finite=False)
    coefficients = linalg.cho_solve((factor, True), solved.T @ half)
    residual = half - solved @ coefficients
    weights = linalg.solve_triangular(lower, residual, lower=True, trans="T", check_finite=False)
    deviation = float(np.sqrt(max(float(residual @ residual) / max(1, n - basis.shape[1]), _SMALLEST)))
    root = linalg.solve_triangular(lower, np.eye(n), lower=True, check_finite=False)
    shadow = linalg.solve_triangular(factor, solved.T @ root, lower=True)
    diagonal = np.maximum(np.einsum("ij,ij->j", root, root) - np.einsum("ij,ij->j", shadow, shadow), 1e-300)
    standardised = weights / diagonal / (deviation / np.sqrt(diagonal))
    # the largest 5 % of errors do not decide: kinks far from the limit would widen everything
    spread = float(np.sqrt(np.mean(np.sort(standardised**2)[: max(4, int(0.95 * n))])))
    score = -float(np.mean(np.log(deviation / np.sqrt(diagonal)) + 0.5 * standardised**2))
    return Kriging(
        points, scale, turn, lengths, trend, kernel, unit * coefficients, unit * weights, root, solved, factor,
        unit * deviation, max(1.0, spread), score,
    )  # fmt: skip


def _basis(u: Array, trend: Trend) -> Array:
    columns = [np.ones((len(u), 1))]
    if trend != "constant":
        columns.append(u[:, -1:] if trend == "rung" else u)
    if trend == "squares":
        columns.append(u**2)
    elif trend == "quadratic":
        i, j = np.triu_indices(u.shape[1])
        columns.append(u[:, i] * u[:, j])
    return np.hstack(columns)


def _correlation(a: Array, b: Array, kernel: Kernel) -> Array:
    """Matern 5/2, (1 + r + r^2 / 3) exp(-r) with r = sqrt 5 distance, or 3/2, (1 + r) exp(-r) with r = sqrt 3 distance;
    in place, for most of the time goes here."""
    rough = 3.0 if kernel == "matern 3/2" else 5.0
    r = a @ b.T
    r *= -2.0 * rough
    r += rough * np.einsum("ij,ij->i", a, a)[:, None]
    r += rough * np.einsum("ij,ij->i", b, b)
    np.maximum(r, 0.0, out=r)
    factor = r / 3.0 if kernel == "matern 5/2" else np.zeros_like(r)
    np.sqrt(r, out=r)
    factor += r
    factor += 1.0
    np.negative(r, out=r)
    np.exp(r, out=r)
    factor *= r
    return np.asarray(factor)
