"""First-order reliability (FORM) by OpenTURNS, its number shown only where every certificate holds.

A design point search ends somewhere whether or not there is a design point there, and one half space stands for the
failing region whether or not that region looks like one. So each point must lie on the limit state, along its gradient,
be found from other starts too and bend little; no failing point may lie far from the known ones at their distance
(strong maximum test, Dutfoy & Lebrun 2006); and importance sampling of the true limit state must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from containment.case.inputs import Inputs
from containment.errors import MissingPartError, UsageError
from containment.reliability.problem import Problem, System
from containment.result import Check

Array = NDArray[np.float64]
_STARTS = 6  # the origin and random directions
_RADIUS = 3.0  # of those starts, standard deviations
_STEP = 1e-3  # standard deviations, of the gradient
_WIDE_STEP = 0.3  # standard deviations, of the curvature: as wide as the failing region near its point is
_APART = 0.5  # standard deviations between two design points
_BEYOND = 2.0  # standard deviations farther out than the nearest, where a point adds less than a thousandth
_SURFACE, _ANGLE = 0.02, 0.05  # standard deviations off the limit state, rad off its gradient: 0.1 % of beta
_BENT = 0.10  # |ln| of what curvature does to P (Breitung 1984)
_IS_CALLS = 400
_IS_SLACK = 0.10  # |ln|, on top of 1.96 standard errors of the sampling
_IS_LOOSEST = 0.4  # |ln|: sampling that knows less than this says nothing
_SPHERE = 100  # points of the strong maximum test
_HELD = 0.85  # of a design point's distance: a rim that bends inward is no other region
_IMPORTANCE, _ACCURACY = 0.01, 3.0  # of that test: a missed region counts from 1 % of P on (OpenTURNS' own example)


@dataclass(frozen=True)
class DesignPoint:
    """Nearest failing point of one mode: normal scores, values in their own units, distance `beta`, unit vector
    `alpha` towards it, how many searches ended there, and its certificates."""

    mode: int
    scores: Array
    values: Array
    beta: float
    alpha: Array
    starts: int
    checks: Mapping[str, Check]


@dataclass(frozen=True)
class FirstOrder:
    """`probability` is None where a certificate does not hold; `refused` says which. `sampled` is P by importance
    sampling at the design points with its coefficient of variation (NaN without a point), `bounds` those of
    Ditlevsen 1979 on the first-order P."""

    points: tuple[DesignPoint, ...]
    probability: float | None
    bounds: tuple[float, float]
    sampled: tuple[float, float]
    checks: Mapping[str, Check]
    refused: tuple[str, ...]
    model_calls: int


def first_order(
    limit_state: Callable[[Array], Array], inputs: Inputs | Sequence[Any], *, rng: np.random.Generator,
    correlation: Array | None = None, system: System = "series", starts: Array | None = None,
    ledger: Path | None = None,
) -> FirstOrder:  # fmt: skip
    """FORM of x (n, d) -> g (n,) or (n, k): every mode of a series system by itself, any other system as one g.

    P = 1 - Phi_m(beta; alpha_i . alpha_j) over the m design points (Hohenbichler & Rackwitz 1983). `starts` (n, d):
    further normal scores to search from, e.g. the modes of an estimate. Raises MissingPartError without OpenTURNS.
    """
    _openturns()
    problem = Problem(limit_state, inputs, correlation, system, 10**9, ledger)
    origin = problem(np.zeros((1, problem.dimension)))
    series = system == "series"
    points: list[DesignPoint] = []
    for mode in range(origin.shape[1] if series else 1):
        margin = _Margin(problem, mode if series else None)
        points += _design_points(margin, mode, _starts(problem.dimension, starts, rng))
    if not points:
        nothing = {"design points": Check(0.0, 1.0, False)}
        return FirstOrder((), None, (0.0, 1.0), (np.nan, np.nan), nothing, ("no search ended",), problem.calls)
    points = _near(points)
    system_margin = _Margin(problem, None)
    probability, sampled = _series(points), _importance_sampling(system_margin, points, rng)
    checks = {
        "failing points far from the known ones": Check.at_most(float(_unexplained(system_margin, points, rng)), 0.0),
        "importance sampling": Check.at_most(
            abs(np.log(probability / sampled[0])) if sampled[0] > 0 else np.inf,
            _IS_SLACK + min(1.96 * sampled[1], _IS_LOOSEST),
        ),
        "calls without an answer": Check.at_most(float(problem.failed), 0.0),
    }
    refused = [name for name, check in checks.items() if not check.ok]
    for i, point in enumerate(points):
        refused += [f"design point {i}: {name}" for name, check in point.checks.items() if not check.ok]
    return FirstOrder(
        tuple(points), None if refused else probability, _ditlevsen(points), sampled, checks, tuple(refused),
        problem.calls,
    )  # fmt: skip


class _Margin:
    """One mode, or the whole system, as a scalar function of normal scores for OpenTURNS; NaN ends a search."""

    def __init__(self, problem: Problem, mode: int | None) -> None:
        self.problem, self.mode = problem, mode

    def __call__(self, u: Array) -> Array:
        g = self.problem(np.atleast_2d(np.asarray(u, dtype=float)))
        return np.asarray(self.problem.joined(g) if self.mode is None else g[:, self.mode])

    def event(self) -> Any:
        ot = _openturns()
        d = self.problem.dimension

        def table(u: Any) -> Array:
            g = self(np.asarray(u))
            if not np.isfinite(g).all():
                raise UsageError("the limit state gave no number during the search")
            return g[:, None]

        variable = ot.CompositeRandomVector(ot.PythonFunction(d, 1, func_sample=table), ot.RandomVector(ot.Normal(d)))
        return ot.ThresholdEvent(variable, ot.LessOrEqual(), 0.0)

    def slope(self, u: Array) -> tuple[float, Array]:
        d = len(u)
        shift = _STEP * np.eye(d)
        g = self(np.vstack([u, u + shift, u - shift]))
        return float(g[0]), (g[1 : d + 1] - g[d + 1 :]) / (2.0 * _STEP)


def _starts(d: int, more: Array | None, rng: np.random.Generator) -> Array:
    direction = rng.standard_normal((_STARTS - 1, d))
    direction *= _RADIUS / np.linalg.norm(direction, axis=1, keepdims=True)
    return np.vstack([np.zeros((1, d)), direction, np.empty((0, d)) if more is None else more])


def _design_points(margin: _Margin, mode: int, starts: Array) -> list[DesignPoint]:
    """Where the searches end, the nearest first; ends that are no points of the limit state are left out unless they
    are all there is."""
    ends = [end for start in starts if (end := _search(margin, start)) is not None]
    found: list[tuple[Array, int]] = []
    for end in sorted(ends, key=lambda u: float(u @ u)):
        near = [i for i, (u, _) in enumerate(found) if np.linalg.norm(u - end) < _APART]
        if near:
            found[near[0]] = (found[near[0]][0], found[near[0]][1] + 1)
        else:
            found.append((end, 1))
    most = max((count for _, count in found), default=0)
    points = [_certified(margin, mode, end, count, most) for end, count in found]
    return [p for p in points if p.checks["off the limit state"].ok and p.checks["off the gradient"].ok] or points[:1]


def _search(margin: _Margin, start: Array) -> Array | None:
    """End of one search (Abdo & Rackwitz 1990), None where it raised."""
    ot = _openturns()
    solver = ot.AbdoRackwitz()
    solver.setMaximumIterationNumber(60)
    solver.setStartingPoint(start)
    for limit in ("Absolute", "Relative", "Residual", "Constraint"):
        getattr(solver, f"setMaximum{limit}Error")(1e-4)
    try:
        search = ot.FORM(solver, margin.event())
        search.run()
        end = np.array(search.getResult().getStandardSpaceDesignPoint())
    except (RuntimeError, TypeError, ValueError, UsageError):
        return None  # zero gradient, no limit state on the way, no number: counted as a search that did not end
    return end if np.isfinite(end).all() and 0.0 < float(end @ end) < 8.0**2 else None


def _certified(margin: _Margin, mode: int, u: Array, starts: int, most: int) -> DesignPoint:
    value, slope = margin.slope(u)
    steep, beta = float(np.linalg.norm(slope)), float(np.linalg.norm(u))
    outward = -slope / max(steep, 1e-300)
    checks = {
        "off the limit state": Check.at_most(abs(value) / max(steep, 1e-300), _SURFACE),
        "off the gradient": Check.at_most(float(np.arccos(np.clip(outward @ u / beta, -1.0, 1.0))), _ANGLE),
        "curvature": Check.at_most(_curvature(margin, u, outward, steep), _BENT),
        "no two searches end together": Check.at_most(float(most < 2), 0.0),
    }
    # a failing origin is at a negative distance
    sign = 1.0 if float(margin(np.zeros((1, len(u))))[0]) > 0 else -1.0
    return DesignPoint(mode, u, margin.problem.physical(u[None])[0], sign * beta, u / (sign * beta), starts, checks)


def _curvature(margin: _Margin, u: Array, outward: Array, steep: float) -> float:
    """|ln| of Breitung's factor prod (1 + beta kappa)^-1/2, curvatures from second differences along d - 1 tangents."""
    d, beta = len(u), float(np.linalg.norm(u))
    if d == 1:
        return 0.0
    tangents = np.linalg.qr(np.column_stack([outward, np.eye(d)]))[0][:, 1:d].T * _WIDE_STEP
    g = margin(np.vstack([u, u + tangents, u - tangents]))
    kappa = (g[1:d] - 2.0 * g[0] + g[d:]) / _WIDE_STEP**2 / max(steep, 1e-300)
    factor = 1.0 + beta * kappa
    return float(abs(0.5 * np.log(factor).sum())) if np.all(factor > 0) else np.inf


def _near(points: list[DesignPoint]) -> list[DesignPoint]:
    """Points that matter: not much farther out than the nearest; the same point found by several modes stays twice."""
    nearest = min(point.beta for point in points)
    return [point for point in points if point.beta < nearest + _BEYOND]


def _series(points: Sequence[DesignPoint]) -> float:
    """1 - Phi_m(beta; R), R = alpha_i . alpha_j; by inclusion where P is too small for the difference from one."""
    ot = _openturns()
    single = special.ndtr([-p.beta for p in points])
    if len(points) == 1:
        return float(single[0])
    # conditional splitting: sum_i P(mode i fails, none before it) keeps all digits of small P
    total = 0.0
    for i in range(len(points)):
        signs = np.array([-1.0] * i + [1.0])
        alpha = np.array([p.alpha for p in points[: i + 1]]) * signs[:, None]
        beta = np.array([-p.beta for p in points[: i + 1]]) * signs
        matrix = alpha @ alpha.T
        np.fill_diagonal(matrix, 1.0 + 1e-9)
        law = ot.Normal([0.0] * (i + 1), ot.CovarianceMatrix(matrix))
        total += float(law.computeCDF(beta)) if i else float(single[0])
    return total


def _ditlevsen(points: Sequence[DesignPoint]) -> tuple[float, float]:
    """Bimodal bounds of Ditlevsen 1979 on the union of half spaces."""
    ot = _openturns()
    order = sorted(points, key=lambda p: p.beta)
    low = high = 0.0
    for i, point in enumerate(order):
        single = float(special.ndtr(-point.beta))
        both = [
            float(
                ot.Normal([0.0] * 2, ot.CovarianceMatrix([[1.0, r], [r, 1.0]])).computeCDF([-point.beta, -other.beta])
            )
            for other in order[:i]
            for r in [float(np.clip(point.alpha @ other.alpha, -0.999999, 0.999999))]
        ]
        low += max(0.0, single - sum(both))
        high += single - max(both, default=0.0)
    return low, high


def _importance_sampling(
    margin: _Margin, points: Sequence[DesignPoint], rng: np.random.Generator
) -> tuple[float, float]:
    """P and its coefficient of variation from unit normals around the design points, by share of their P."""
    single = special.ndtr([-p.beta for p in points])
    pick = rng.choice(len(points), size=_IS_CALLS, p=single / single.sum())
    centres = np.array([p.scores for p in points])
    u = centres[pick] + rng.standard_normal((_IS_CALLS, centres.shape[1]))
    logs = np.log(single / single.sum()) - 0.5 * np.sum((u[:, None, :] - centres) ** 2, axis=2)
    weight = np.exp(-0.5 * np.sum(u**2, axis=1) - special.logsumexp(logs, axis=1))
    terms = weight * (margin(u) <= 0)
    mean = float(terms.mean())
    return mean, float(terms.std() / np.sqrt(len(terms)) / mean) if mean > 0 else np.inf


def _unexplained(margin: _Margin, points: Sequence[DesignPoint], rng: np.random.Generator) -> int:
    """Failing points of the strong maximum test that no known half space holds."""
    ot = _openturns()
    ot.RandomGenerator.SetSeed(int(rng.integers(2**31)))
    nearest = min(points, key=lambda p: p.beta)
    if nearest.beta <= 0.0:
        return 0  # more than half of everything fails: there is no far side
    try:
        test = ot.StrongMaximumTest(
            ot.StandardEvent(margin.event()), nearest.scores, _IMPORTANCE, _ACCURACY, _SPHERE
        )  # fmt: skip
        test.run()
    except (RuntimeError, TypeError, ValueError, UsageError):
        return _SPHERE
    far = np.array(test.getFarDesignPointVerifyingEventPoints()).reshape(-1, margin.problem.dimension)
    held = np.array([far @ p.alpha >= _HELD * p.beta for p in points])
    return int(np.sum(~held.any(axis=0)))


def _openturns() -> Any:
    try:
        import openturns
    except ImportError as error:
        raise MissingPartError(
            f"first-order reliability needs OpenTURNS: {error}", advice="pip install 'containment[crosscheck]'"
        ) from error
    return openturns
