"""Outer surface of a rigid body of revolution as flat patches, each of which loads its own column of soil.

Body axes: origin at the nose, z along the axis and aft, x and y across. Outlines are polygons (r, z) from nose to tail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Patches:
    """Centroids (n, 3) m, mean outward normals (n, 3), areas (n,) m^2, and both edges (n, 2, 3) m of each patch."""

    points: Floats
    normals: Floats
    areas: Floats
    edges: Floats

    def about(self, station: float) -> Patches:
        """The same with the origin on the axis `station` m aft of the nose."""
        return Patches(self.points - [0.0, 0.0, station], self.normals, self.areas, self.edges)


def sphere_cone_outline(
    nose_radius: float, half_angle: float, diameter: float, tail: Floats, *, cap: int = 4, cone: int = 9
) -> Floats:
    """Outline (n, 2) of a sphere-cone (m, rad) closed by the convex hull over points `tail` (k, 2) aft of its rim.

    A flat ground touches a body only on its convex hull, so hollows of the rear do not matter. `cap` and `cone` count
    the segments of nose and flank. Raises DataError for a nose wider than the body.
    """
    tilt, rim = np.pi / 2 - half_angle, diameter / 2
    edge = nose_radius * np.cos(half_angle)
    if not 0.0 < nose_radius or not 0.0 <= edge < rim or not 0.0 < half_angle < np.pi / 2:
        raise DataError(
            f"found nose radius {nose_radius:g} m and half angle {half_angle:g} rad under {diameter:g} m of diameter, "
            "expected a cap smaller than the body",
            advice="correct the nose radius or the diameter",
        )
    angle = np.linspace(0.0, tilt, cap + 1)
    nose = nose_radius * np.column_stack([np.sin(angle), 1.0 - np.cos(angle)])
    radius = np.linspace(edge, rim, cone + 1)[1:]
    flank = np.column_stack([radius, nose[-1, 1] + (radius - edge) / np.tan(half_angle)])
    return np.concatenate([nose, flank, _cut(flank[-1], _rear(flank[-1], tail))])


def _cut(rim: Floats, rear: Floats) -> Floats:
    """The outline after the rim in segments of at most a sixth of its radius."""
    parts, last = [np.empty((0, 2))], rim
    for point in rear:
        count = max(1, int(np.ceil(6.0 * np.linalg.norm(point - last) / rim[0])))
        parts.append(last + np.arange(1, count + 1)[:, None] / count * (point - last))
        last = point
    return np.concatenate(parts)


def _rear(rim: Floats, tail: Floats) -> Floats:
    """Convex outline from the rim to the axis over the points, both ends left out of what is repeated."""
    behind = tail[tail[:, 1] > rim[1]]
    end = float(behind[:, 1].max(initial=rim[1]))
    points = np.concatenate([rim[None], behind, [[0.0, end]]])
    points = points[np.lexsort((points[:, 0], points[:, 1]))]
    hull: list[Floats] = []
    for point in points:  # upper chain of Andrew's monotone chain: z is the abscissa, r the ordinate
        while len(hull) > 1 and _turn(hull[-2], hull[-1], point) >= 0.0:
            hull.pop()
        hull.append(point)
    start = next(i for i, point in enumerate(hull) if np.array_equal(point, rim))
    return np.array(hull[start + 1 :]).reshape(-1, 2)


def _turn(a: Floats, b: Floats, c: Floats) -> float:
    """Twice the signed area of (z, r) points; positive: a left turn."""
    return float((b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]))


def revolved(outline: Floats, sectors: int) -> Patches:
    """Patches of an outline turned about its axis: areas and first moments of every sector are exact.

    A sector of a ring of segments: area pi (r0 + r1) L / sectors; its centroid lies nearer to the axis than its middle
    by sinc of the half angle, and so does the tip of its mean normal. Raises DataError for an outline that is none.
    """
    if outline.ndim != 2 or len(outline) < 2 or np.any(outline[:, 0] < 0.0) or sectors < 3:
        raise DataError(
            f"found an outline of shape {outline.shape} in {sectors} sectors, expected points (r >= 0, z) and at "
            "least 3 sectors", advice="give the outline from nose to tail",
        )  # fmt: skip
    first, last = outline[:-1], outline[1:]
    length = np.linalg.norm(last - first, axis=1)
    keep = (length > 0.0) & (first[:, 0] + last[:, 0] > 0.0)
    first, last, length = first[keep], last[keep], length[keep]
    total = first[:, 0] + last[:, 0]
    share = (first[:, 0] + 2.0 * last[:, 0]) / (3.0 * total)  # centroid of the ring along its segment
    middle = first + share[:, None] * (last - first)
    radius = 2.0 / 3.0 * (first[:, 0] ** 2 + first[:, 0] * last[:, 0] + last[:, 0] ** 2) / total
    along = (last - first) / length[:, None]
    step = 2.0 * np.pi / sectors
    turn = step * (np.arange(sectors) + 0.5)
    out, nearer = np.column_stack([np.cos(turn), np.sin(turn)]), np.sin(0.5 * step) / (0.5 * step)
    across = np.column_stack([-np.sin(turn), np.cos(turn)])
    points = _turned(nearer * radius, middle[:, 1], out)
    normals = _turned(nearer * along[:, 1], -along[:, 0], out)
    meridian = _turned(along[:, 0] * length, along[:, 1] * length, out)
    girth = _turned(radius * step, np.zeros(len(radius)), across)
    areas = np.repeat(0.5 * step * total * length, sectors)
    return Patches(points, normals, areas, np.stack([meridian, girth], axis=1))


def _turned(r: Floats, z: Floats, out: Floats) -> Floats:
    """(rings * sectors, 3) of radial and axial parts in the directions `out` (sectors, 2)."""
    flat = r[:, None, None] * out[None]
    height = np.broadcast_to(z[:, None, None], (*flat.shape[:2], 1))
    return np.concatenate([flat, height], axis=2).reshape(-1, 3)
