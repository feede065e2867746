"""Where a body lands: slope and friction of the ground, and rocks on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit_contact import ROCK_WIDTH, SPHERE, WEDGE

Floats = NDArray[np.float64]

_TOUCH = 1e-9  # m, rounding of a body placed on its ground


@dataclass(frozen=True)
class SphereRock:
    """A rigid sphere, m; in the half plane its centre lies on the axis."""

    centre: tuple[float, ...]
    radius: float

    def row(self, dim: int) -> list[float]:
        """Row of the kernel."""
        if len(self.centre) != dim or not self.radius > 0.0:
            raise DataError(
                f"found a rock with centre {self.centre} and radius {self.radius:g} m, expected {dim} coordinates and "
                "a radius > 0", advice="correct the rock",
            )  # fmt: skip
        return _padded([SPHERE, *self.centre, *[0.0] * (3 - dim), self.radius])

    def depth(self, points: Floats) -> Floats:
        """Depth of points below its surface, m."""
        return np.asarray(self.radius - np.linalg.norm(points - np.array(self.centre), axis=1))


@dataclass(frozen=True)
class WedgeRock:
    """A rigid wedge whose ridge points up: a point of the ridge, and the half angle (rad) from the vertical.

    In space the ridge runs along y (across the plane of symmetry); in the half plane it is a cone on the axis.
    """

    ridge: tuple[float, ...]
    half_angle: float

    def normals(self) -> tuple[Floats, Floats]:
        """Outward normals (x, z) of the two flanks."""
        c, s = np.cos(self.half_angle), np.sin(self.half_angle)
        return np.array([c, s]), np.array([-c, s])

    def row(self, dim: int) -> list[float]:
        """Row of the kernel."""
        if len(self.ridge) != dim or not 0.0 < self.half_angle < np.pi / 2:
            raise DataError(
                f"found a wedge with ridge {self.ridge} and half angle {self.half_angle:g} rad, expected {dim} "
                "coordinates and 0 to pi/2", advice="correct the rock",
            )  # fmt: skip
        (a, b), (c, d) = self.normals()
        if dim == 2:
            return _padded([WEDGE, *self.ridge, 0.0, a, b, 0.0, a, b, 0.0])
        return _padded([WEDGE, *self.ridge, a, 0.0, b, c, 0.0, d])

    def depth(self, points: Floats) -> Floats:
        """Depth of points below its surface, m."""
        away = (points - np.array(self.ridge))[:, [0, -1]]
        return np.asarray(np.minimum(*(-away @ normal for normal in self.normals())))


Rock = SphereRock | WedgeRock


def _padded(values: list[float]) -> list[float]:
    return [float(v) for v in values] + [0.0] * (ROCK_WIDTH - len(values))


@dataclass(frozen=True)
class Terrain:
    """`slope` rad about y (the ground falls towards +x), Coulomb `friction`, `rocks`; `height` m of the plane along its
    normal, by default where the body first touches it."""

    slope: float = 0.0
    friction: float = 0.0
    rocks: Sequence[Rock] = ()
    height: float | None = None

    def upward(self, dim: int) -> Floats:
        """Unit normal of the plane. Raises DataError for a slope in the half plane."""
        if dim == 2:
            if self.slope:
                raise DataError("found a slope under a body of revolution, expected a solid", advice="mesh in space")
            return np.array([0.0, 1.0])
        return np.array([np.sin(self.slope), 0.0, np.cos(self.slope)])

    def level(self, points: Floats) -> float:
        """Height of the plane along its normal. Raises DataError when a point is below it."""
        lowest = float((points @ self.upward(points.shape[1])).min())
        if self.height is None:
            return lowest
        if lowest < self.height - _TOUCH:
            raise DataError(
                f"found contact that starts {self.height - lowest:.3g} m in penetration, expected the body above the "
                "ground", advice="lower the ground or lift the body",
            )  # fmt: skip
        return self.height

    def refuse_penetration(self, points: Floats) -> None:
        """Raise DataError for points inside a rock."""
        for number, rock in enumerate(self.rocks):
            depth = float(rock.depth(points).max()) if len(points) else 0.0
            if depth > _TOUCH:
                raise DataError(
                    f"found contact that starts {depth:.3g} m inside rock {number}, expected the body outside",
                    advice="lower the rock or lift the body",
                )  # fmt: skip
