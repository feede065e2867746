"""A response as a sparse polynomial of the inputs' normal scores, with an error that was measured, not assumed.

Tens of samples and tens of inputs: terms enter one by one (linear first, squares and products only of inputs already
in), the extended BIC of Chen & Chen 2008 decides how many. What the terms leave out stays as scatter, measured by
cross-validation with the selection inside every fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError

Array = NDArray[np.float64]
Term = tuple[int, ...]
_FOLDS = 8
_EBIC = 0.5  # Chen & Chen 2008: between 0 (plain BIC, admits chance terms) and 1 (loses weak ones)
_LOG_RATIO = 1.5  # responses that vary by less than this factor are as well described on their own scale


@dataclass(frozen=True)
class Surrogate:
    """y = t^-1(intercept + sum coefficient * product of scores), t = ln where it describes positive responses better.

    `scatter` is the cross-validated standard deviation of t(y); `q2` the cross-validated share of variance explained;
    `residual` (n,) the cross-validated errors; `low`, `high` the range of t(y) seen.
    """

    intercept: float
    terms: tuple[Term, ...]
    coefficients: tuple[float, ...]
    logarithmic: bool
    scatter: float
    q2: float
    residual: Array
    low: float
    high: float

    def transformed(self, scores: Array) -> Array:
        """t(y) at normal scores (n, d) -> (n,)."""
        value = np.full(len(scores), self.intercept)
        for term, coefficient in zip(self.terms, self.coefficients, strict=True):
            value += coefficient * _column(scores, term)
        return value

    def __call__(self, scores: Array) -> Array:
        """Response in SI at normal scores (n, d) -> (n,)."""
        return self.back(self.transformed(scores))

    def back(self, transformed: Array) -> Array:
        """From t(y) to y; beyond exp(+-300) the response is no longer a number anybody meant."""
        return np.exp(np.clip(transformed, -300.0, 300.0)) if self.logarithmic else transformed

    @property
    def active(self) -> tuple[int, ...]:
        """Inputs that matter, by column."""
        return tuple(sorted({j for term in self.terms for j in term}))


def fit_surrogate(scores: Array, response: Array, candidates: Sequence[int] | None = None) -> Surrogate:
    """Fit one response (n,) over normal scores (n, d); only the columns `candidates` may enter.

    Raises DataError for fewer than 8 samples or values that are not numbers.
    """
    y = np.asarray(response, dtype=float)
    if len(y) < 8 or not np.all(np.isfinite(y)):
        raise DataError(
            f"{len(y)} samples, {int(np.sum(~np.isfinite(y)))} of them not numbers",
            advice="run at least 8 samples that finish",
        )
    columns = list(range(scores.shape[1])) if candidates is None else list(candidates)
    plain = _fitted(scores, y, columns, logarithmic=False)
    if not (np.all(y > 0) and y.max() > _LOG_RATIO * y.min()):
        return plain
    # the likelihood of y itself decides: the geometric mean turns an error of ln y into one of y (Box & Cox 1964)
    other = _fitted(scores, np.log(y), columns, logarithmic=True)
    return other if other.scatter * np.exp(np.mean(np.log(y))) <= plain.scatter else plain


def _fitted(scores: Array, t: Array, columns: list[int], *, logarithmic: bool) -> Surrogate:
    """Terms, coefficients and cross-validated error of t (n,) as it is."""
    low, high = float(t.min()), float(t.max())
    if high - low <= 1e-12 * max(1.0, float(np.abs(t).max())):
        return Surrogate(float(t.mean()), (), (), logarithmic, 0.0, 1.0, np.zeros(len(t)), low, high)
    terms = _select(scores, t, columns)
    beta = _least_squares(scores, t, terms)
    residual = _cross_validated(scores, t, columns)
    scatter = float(np.sqrt(np.mean(residual**2)))
    q2 = 1.0 - float(np.sum(residual**2) / np.sum((t - t.mean()) ** 2))
    return Surrogate(
        float(beta[0]), tuple(terms), tuple(map(float, beta[1:])), logarithmic, scatter, q2, residual, low, high
    )  # fmt: skip


def refit(surrogate: Surrogate, scores: Array, response: Array, candidates: Sequence[int] | None = None) -> Surrogate:
    """The same response from other samples (a bootstrap resample): new terms and coefficients, scatter kept."""
    t = np.log(response) if surrogate.logarithmic else np.asarray(response, dtype=float)
    columns = list(range(scores.shape[1])) if candidates is None else list(candidates)
    if surrogate.scatter == 0.0:
        return surrogate
    terms = _select(scores, t, columns)
    beta = _least_squares(scores, t, terms)
    return Surrogate(
        float(beta[0]), tuple(terms), tuple(map(float, beta[1:])), surrogate.logarithmic, surrogate.scatter,
        surrogate.q2, surrogate.residual, surrogate.low, surrogate.high,
    )  # fmt: skip


def _column(scores: Array, term: Term) -> Array:
    if len(term) == 1:
        return scores[:, term[0]]
    a, b = term
    # the square is centred so that the intercept stays the mean
    return scores[:, a] * scores[:, b] - (1.0 if a == b else 0.0)


def _design(scores: Array, terms: Sequence[Term]) -> Array:
    return np.column_stack([np.ones(len(scores)), *(_column(scores, term) for term in terms)])


def _least_squares(scores: Array, t: Array, terms: Sequence[Term]) -> Array:
    return np.linalg.lstsq(_design(scores, terms), t, rcond=None)[0]


def _select(scores: Array, t: Array, columns: Sequence[int]) -> list[Term]:
    """Forward selection by orthogonal projection; the number of terms by the extended BIC."""
    n = len(t)
    residual = t - t.mean()
    floor = 1e-20 * float(residual @ residual)
    if float(np.abs(residual).max()) <= 1e-12 * max(1e-300, float(np.abs(t).max())):
        return []  # the same value in every sample of this subset
    basis = np.full((n, 1), 1.0 / np.sqrt(n))
    pool: list[Term] = [(j,) for j in columns]
    matrix = _centred(scores, pool, basis)
    chosen: list[Term] = []
    best, best_size = n * np.log(float(residual @ residual) / n), 0
    for size in range(1, min(n // 3, 30) + 1):
        if not pool:
            break
        norm = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
        gain = np.where(norm > 1e-8 * np.sqrt(n), np.abs(residual @ matrix) / np.maximum(norm, 1e-300), 0.0)
        pick = int(np.argmax(gain))
        if gain[pick] <= 0.0:
            break
        direction = matrix[:, pick] / norm[pick]
        term = pool.pop(pick)
        matrix = np.delete(matrix, pick, axis=1)
        residual = residual - direction * (direction @ residual)
        basis = np.column_stack([basis, direction])
        chosen.append(term)
        matrix = matrix - np.outer(direction, direction @ matrix)
        if len(term) == 1:
            linear = sorted({c[0] for c in chosen if len(c) == 1})
            new = [(min(term[0], j), max(term[0], j)) for j in linear]
            matrix = np.column_stack([matrix, _centred(scores, new, basis)])
            pool += new
        rss = max(float(residual @ residual), floor)
        # a near-perfect fit leaves fewer degrees of freedom: the small-sample form of the criterion (Hurvich & Tsai)
        score = (
            n * np.log(rss / n) + size * np.log(n) * n / (n - size - 1) + 2 * _EBIC * size * np.log(len(columns) + size)
        )
        if score < best:
            best, best_size = score, size
        if rss <= floor or size - best_size >= 4:
            break
    return chosen[:best_size]


def _centred(scores: Array, terms: Sequence[Term], basis: Array) -> Array:
    if not terms:
        return np.empty((len(scores), 0))
    matrix = np.column_stack([_column(scores, term) for term in terms])
    for _ in range(2):  # twice is enough (Kahan)
        matrix = matrix - basis @ (basis.T @ matrix)
    return matrix


def _cross_validated(scores: Array, t: Array, columns: Sequence[int]) -> Array:
    """Errors of samples the fit has not seen (n,)."""
    fold = np.arange(len(t)) % _FOLDS
    error = np.empty(len(t))
    for k in range(_FOLDS):
        out = fold == k
        terms = _select(scores[~out], t[~out], columns)
        error[out] = t[out] - _design(scores[out], terms) @ _least_squares(scores[~out], t[~out], terms)
    return error


def residual_factors(residuals: Array, most: int = 4) -> tuple[Array, Array]:
    """Common factors of the surrogates' errors: loadings (r, f), specific standard deviations (r,), unit variance each.

    What one flight does to several responses at once and the terms leave out must not count as independent failures.
    Principal factors (iterated communalities); only eigenvalues beyond what chance gives n samples of r responses,
    (1 + sqrt(r / n))^2 (Marchenko & Pastur 1967), count. NaN marks responses a sample does not have.
    """
    r = residuals.shape[1]
    spread = np.nanstd(residuals, axis=0)
    live = np.flatnonzero(spread > 0)
    loadings = np.zeros((r, 0))
    if len(live) >= 2:
        correlation, n = _pairwise_correlation(residuals[:, live])
        count = int(np.sum(np.linalg.eigvalsh(correlation) > (1.0 + np.sqrt(len(live) / n)) ** 2))
        loadings = np.zeros((r, min(count, most)))
        loadings[live] = _principal_factors(correlation, min(count, most))
    return loadings, np.sqrt(1.0 - np.sum(loadings**2, axis=1))


def _pairwise_correlation(residuals: Array) -> tuple[Array, int]:
    """Correlation (r, r) of each pair over the samples that have both, and the number of samples of the rarest."""
    known = np.isfinite(residuals)
    z = np.where(known, residuals - np.nanmean(residuals, axis=0), 0.0)
    power = (z**2).T @ known.astype(float)
    correlation = z.T @ z / np.sqrt(power * power.T)
    np.fill_diagonal(correlation, 1.0)
    return correlation, int(known.sum(axis=0).min())


def _principal_factors(correlation: Array, count: int) -> Array:
    common = np.full(len(correlation), 0.5)
    part = np.zeros((len(correlation), count))
    for _ in range(50 if count else 0):
        reduced = correlation - np.diag(1.0 - common)
        value, vector = np.linalg.eigh(reduced)
        part = vector[:, ::-1][:, :count] * np.sqrt(np.maximum(value[::-1][:count], 0.0))
        length = np.sqrt(np.sum(part**2, axis=1))
        part = part * np.minimum(1.0, 0.98 / np.maximum(length, 1e-300))[:, None]  # some scatter always stays specific
        common = np.sum(part**2, axis=1)
    return part
