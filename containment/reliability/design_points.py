"""Most likely failing point of each mode, and whether the true limit state agrees there.

A surrogate that is sure where it has never been can lose a whole mode: its particles then go nowhere, and nothing
inside the method would tell. So the point each mode fails at first is called, until the surrogate is right about it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.reliability.gaussian_process import Kriging

if TYPE_CHECKING:
    from containment.reliability.learner import Learner

Array = NDArray[np.float64]
_STEP = 1e-3  # standard deviations, of the central differences
_FARTHEST = 7.5  # standard deviations: P = 3e-14
_NEAR = 0.15  # standard deviations by which the limit may be misplaced at the point
_ITERATIONS = 30
_CALLS = 4  # of one mode in one go
_SAME = 1.0  # standard deviations between two design points
_ON_LIMIT = 0.1  # standard deviations off the limit at which a search counts as ended there


def design_point(mean: Callable[[Array], Array], start: Array) -> tuple[Array, float]:
    """Point of mean(u) = 0 nearest to the origin from `start` (d,), and the slope of the mean there.

    Hasofer-Lind-Rackwitz-Fiessler steps, halved while |u|^2 / 2 + c |mean| does not fall (Zhang & Der Kiureghian 1995).
    """
    u = start.copy()
    value, slope = _value_and_slope(mean, u)
    for _ in range(_ITERATIONS):
        squared = float(slope @ slope)
        if squared <= 0.0:
            break
        step = (float(slope @ u) - value) / squared * slope - u
        weight = 2.0 * max(float(np.linalg.norm(u)), 1.0) / np.sqrt(squared)
        merit = 0.5 * float(u @ u) + weight * abs(value)
        length = 1.0
        for _ in range(6):
            there = _inside(u + length * step)
            if 0.5 * float(there @ there) + weight * abs(float(mean(there[None])[0])) < merit:
                break
            length *= 0.5
        moved = float(np.linalg.norm(there - u))
        u = there
        value, slope = _value_and_slope(mean, u)
        if moved < 1e-3:
            break
    return u, float(np.linalg.norm(slope))


def local_design_points(mean: Callable[[Array], Array], starts: Array) -> Array:
    """Where searches from `starts` (n, d) end on the limit, each place once, nearest first (m, d)."""
    ends = []
    for start in starts:
        point, slope = design_point(mean, start)
        if abs(float(mean(point[None])[0])) <= _ON_LIMIT * slope:
            ends.append(point)
    kept: list[Array] = []
    for point in sorted(ends, key=lambda u: float(u @ u)):
        if all(np.linalg.norm(point - other) > _SAME for other in kept):
            kept.append(point)
    return np.array(kept).reshape(len(kept), starts.shape[1])


def check_design_points(learner: Learner, reach: float) -> bool:
    """Call each mode's design point (no farther out than `reach`) until the surrogate was right there; True if one was
    not right at first."""
    surprised = False
    for mode, model in enumerate(learner.models):
        for turn in range(_CALLS):
            if not isinstance(model, Kriging) or learner.problem.left < 1:
                break
            cloud = learner.clouds[mode % len(learner.clouds)].u
            u, slope = design_point(lambda v, model=model: model.mean(model.scale(v)), _start(model, cloud))  # type: ignore[misc]
            distance = float(np.linalg.norm(u))
            u = u[None] * min(1.0, reach / max(distance, 1e-300))
            if learner.known(u):
                break
            expected = float(model.mean(model.scale(u))[0])
            g = learner.teach(u)[0]
            if not np.isfinite(g).all() or abs(float(learner.compressed(g[None])[0, mode]) - expected) <= _NEAR * slope:
                break
            surprised = True
            learner.fit()
            model = learner.models[mode]
            if turn == _CALLS - 1:
                break
    return surprised


def _start(model: Kriging, cloud: Array) -> Array:
    """The failing particle nearest to the origin, or the one nearest to failing."""
    mean = model.mean(model.scale(cloud))
    failing = np.flatnonzero(mean <= 0)
    if len(failing):
        return np.asarray(cloud[failing[np.argmin(np.sum(cloud[failing] ** 2, axis=1))]])
    return np.asarray(cloud[np.argmin(mean)])


def _value_and_slope(mean: Callable[[Array], Array], u: Array) -> tuple[float, Array]:
    shift = _STEP * np.eye(len(u))
    value = mean(np.vstack([u, u + shift, u - shift]))
    d = len(u)
    return float(value[0]), np.asarray((value[1 : d + 1] - value[d + 1 :]) / (2.0 * _STEP))


def _inside(u: Array) -> Array:
    length = float(np.linalg.norm(u))
    return u * min(1.0, _FARTHEST / max(length, 1e-300))
