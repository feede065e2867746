"""Which modes a black box turned out to have: where each is most likely to fail, its share of P, and who looked there.

Failing samples of the estimate are attributed one design point after another: from the nearest sample that is not yet
explained to the design point of its mode, which explains all samples it sees along a straight line through failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from containment.reliability.design_points import design_point

if TYPE_CHECKING:
    from containment.reliability.learner import Learner, Sentinels

Array = NDArray[np.float64]
_MOST = 12  # modes looked for; what is left is said
_SAMPLES = 1500  # failing samples attributed
_SAME = 1.0  # standard deviations between two design points of one mode
_REST = 0.01  # of P that may stay unexplained
_BEND = 0.25  # standard deviations by which the line of sight may leave the failing region
_NEAR = 0.5  # standard deviations: a true call this near has looked at the design point


@dataclass(frozen=True)
class FailureMode:
    """Design point (normal scores), its distance, which of several given limit states fails there, share of P, distance
    to the nearest true call, and whether one was near enough to vouch for it."""

    scores: tuple[float, ...]
    beta: float
    limit_state: int
    share: float
    nearest_call: float

    @property
    def called(self) -> bool:
        """Whether a true call was made near the design point."""
        return self.nearest_call <= _NEAR


def found_modes(learner: Learner) -> tuple[FailureMode, ...]:
    """Modes of the failing samples by falling share; shares add to one where the modes explain everything."""
    u, weight = learner.population
    if not len(weight):
        return ()

    def joined(v: Array) -> Array:
        return learner.problem.joined(learner.predict(v)[0])

    failing = np.flatnonzero(joined(u) <= 0)
    failing = failing[:: len(failing) // _SAMPLES + 1]
    u, weight = u[failing], weight[failing] / max(float(weight[failing].sum()), 1e-300)
    open_ = np.ones(len(u), dtype=bool)
    points: list[Array] = []
    shares: list[float] = []
    for _ in range(2 * _MOST):
        if len(points) == _MOST or float(weight[open_].sum()) < _REST:
            break
        start = u[open_][int(np.argmin(np.sum(u[open_] ** 2, axis=1)))]
        point, slope = design_point(joined, start)
        if abs(float(joined(point[None])[0])) > 0.1 * slope:
            point = start  # the search left the region: the sample itself is the best that is known
        gap = [float(np.linalg.norm(point - other)) for other in points]
        known = int(np.argmin(gap)) if gap and min(gap) < _SAME else None
        seen = open_ & (_sees(joined, point, slope, u) | _sees(joined, start, slope, u))
        seen[np.flatnonzero(open_)[int(np.argmin(np.sum(u[open_] ** 2, axis=1)))]] = True
        if known is None:
            points.append(point)
            shares.append(0.0)
        shares[-1 if known is None else known] += float(weight[seen].sum())
        open_ &= ~seen
    modes = [_mode(learner, point, share) for point, share in zip(points, shares, strict=True)]
    return tuple(sorted(modes, key=lambda mode: -mode.share))


def _mode(learner: Learner, point: Array, share: float) -> FailureMode:
    mean = learner.predict(point[None])[0][0]
    nearest = float(np.min(np.linalg.norm(learner.points - point, axis=1)))
    return FailureMode(tuple(map(float, point)), float(np.linalg.norm(point)), int(np.argmin(mean)), share, nearest)


def _sees(joined: Callable[[Array], Array], point: Array, slope: float, u: Array) -> NDArray[np.bool_]:
    """Which u (n, d) the point sees along a straight line through the failing region."""
    seen = np.ones(len(u), dtype=bool)
    for t in (0.2, 0.4, 0.6, 0.8):
        seen &= joined(point + t * (u - point)) <= _BEND * slope
    return seen


def chance_to_meet(sentinels: Sequence[Sentinels], dimension: int, probability: float) -> float:
    """Chance, at most, that one of the sentinels falls beyond a flat limit of this probability.

    A direction sees the limit at distance beta from radius R where its cosine is above beta / R: a cap of the sphere
    that holds f = I((d - 1) / 2, 1 / 2; 1 - (beta / R)^2) / 2 of all directions, n of which miss it with (1 - f)^n.
    Sentinels go out to R at most; that each was sent far from all others is not counted.
    """
    beta = float(-special.ndtri(min(probability, 0.5)))
    missed = 1.0
    for look in sentinels:
        cosine = min(1.0, beta / look.reach)
        cap = 0.5 * float(special.betainc(0.5 * (dimension - 1), 0.5, 1.0 - cosine**2)) if dimension > 1 else 0.5
        missed *= (1.0 - cap) ** look.calls
    return 1.0 - missed
