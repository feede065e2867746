"""The outer surface of a two-dimensional heat shield: where spines start, which way they go, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError

Floats = NDArray[np.float64]
RIM = 1.2  # radii of the damage with spines at equal distances; farther out they widen


@dataclass(frozen=True)
class Contour:
    """The original outer surface: points (spine, 2) r and z in m, unit vectors inwards (spine, 2), depth already gone
    (spine,) m and factors (spine, 3) on film coefficient, radiative flux and pressure of the history.

    In a `plane` section r is a length along the surface, else the distance from the axis. Raises DataError for what no
    surface can be.
    """

    points: Floats
    inward: Floats
    gone: Floats
    factors: Floats
    plane: bool = False

    def __post_init__(self) -> None:
        count = len(self.points)
        shapes = (self.points.shape, self.inward.shape, self.gone.shape, self.factors.shape)
        if count < 2 or shapes != ((count, 2), (count, 2), (count,), (count, 3)):
            raise DataError(
                f"contour: found arrays of shapes {shapes}, expected two spines or more and one row for each"
            )
        if not all(np.isfinite(values).all() for values in (self.points, self.inward, self.gone, self.factors)):
            raise DataError("contour: found a number that is not finite, expected none", advice="correct the geometry")
        if (self.gone < 0.0).any() or (self.factors < 0.0).any():
            raise DataError(
                f"damage: found a depth of {self.gone.min():.4g} m and a heating factor of {self.factors.min():.4g},"
                " expected none below zero",
                advice="give depth as what is missing, heating as a factor",
            )
        if not self.plane and (self.points[:, 0] < 0.0).any():
            raise DataError("contour: found a negative radius, expected the half section", advice="start at the axis")

    def damaged(self, depth: float, radius: float, floor: float = 1.0) -> Contour:
        """With a bowl of `depth` and `radius` m around the first spine: a crater, in a plane section a groove.

        The bowl is cosine-squared, so that its rim is smooth; `floor` is the convective heating where it is deepest
        over that of the sound surface. Raises DataError for a bowl wider than the contour.
        """
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])
        if not (depth >= 0.0 and radius > 0.0 and floor >= 0.0):
            raise DataError(
                f"damage: found a depth of {depth:.4g} m, a radius of {radius:.4g} m and a heating factor of"
                f" {floor:.4g}, expected none below zero",
                advice="correct the damage",
            )
        if radius >= along[-1]:
            raise DataError(
                f"damage: found a radius of {radius:.4g} m, expected less than the {along[-1]:.4g} m of the section",
                advice="a hole of this size is no local damage; make the section wider or the hole smaller",
            )
        bowl = np.where(along < radius, np.cos(0.5 * np.pi * along / radius) ** 2, 0.0)
        factors = self.factors.copy()
        factors[:, 0] *= 1.0 + (floor - 1.0) * bowl
        return replace(self, gone=self.gone + depth * bowl, factors=factors)


def spaced(radius: float, width: float, spines: int) -> Floats:
    """(spine,) distances from the middle, m: equal ones over damage of this radius, then widening up to `width`."""
    inner = max(3, round(0.6 * spines))
    step = RIM * radius / (inner - 1)
    outer = spines - inner
    if RIM * radius >= width or outer < 1:
        return np.linspace(0.0, width, spines)
    low, high, missing = 1.0, 1.0 + width / step, width - RIM * radius
    for _ in range(80):  # bisection of step (q + q^2 + ... + q^outer) = what is missing
        ratio = 0.5 * (low + high)
        low, high = (low, ratio) if step * (ratio ** np.arange(1, outer + 1)).sum() > missing else (ratio, high)
    steps = np.concatenate([np.full(inner - 1, step), step * ratio ** np.arange(1, outer + 1)])
    found = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(found * width / found[-1])


def flat(distance: Floats, *, plane: bool = False) -> Contour:
    """A flat piece with spines at these distances (m) from its middle."""
    count = len(distance)
    points = np.column_stack([distance, np.zeros(count)])
    return Contour(points, np.tile([0.0, 1.0], (count, 1)), np.zeros(count), np.ones((count, 3)), plane)


def sphere_cone(nose_radius: float, half_angle: float, arc: Floats) -> Contour:
    """The forebody of a sphere-cone with spines at these arc lengths (m) from the stagnation point; angle in rad."""
    tangent = 0.5 * np.pi - half_angle
    angle = np.minimum(arc / nose_radius, tangent)
    beyond = np.maximum(arc - nose_radius * tangent, 0.0)
    points = nose_radius * np.column_stack([np.sin(angle), 1.0 - np.cos(angle)])
    points += beyond[:, None] * np.array([np.sin(half_angle), np.cos(half_angle)])
    inward = np.column_stack([-np.sin(angle), np.cos(angle)])
    return Contour(points, inward, np.zeros(len(arc)), np.ones((len(arc), 3)))
