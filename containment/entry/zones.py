"""Areas on the ground from GeoJSON (RFC 7946), and which landing points lie in them."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Zone:
    """A named area of one kind (range, playa, rock, ...); polygons of rings (n, 2), longitude and latitude in deg."""

    name: str
    kind: str
    polygons: tuple[tuple[Array, ...], ...]

    def contains(self, longitude: Array, latitude: Array) -> NDArray[np.bool_]:
        """Which points (rad) lie inside: in an outer ring and in none of its holes."""
        points = np.degrees(np.column_stack([longitude, latitude]))
        inside = np.zeros(len(points), dtype=bool)
        for outer, *holes in self.polygons:
            part = in_ring(points, outer)
            for hole in holes:
                part &= ~in_ring(points, hole)
            inside |= part
        return inside


def in_ring(points: Array, ring: Array) -> NDArray[np.bool_]:
    """Even-odd rule for points (n, 2) and a closed ring (m, 2)."""
    x, y = points[:, 0], points[:, 1]
    odd = np.zeros(len(points), dtype=bool)
    for (x0, y0), (x1, y1) in itertools.pairwise(ring):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        odd ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return odd


def read(file: str | Path) -> tuple[Zone, ...]:
    """The zones of a GeoJSON file. Raises DataError for geometry that is not what RFC 7946 asks for."""
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{file}: found no readable GeoJSON ({error})", advice="correct the path or the file"
        ) from error
    features = content.get("features") if isinstance(content, dict) else None
    if not features:
        raise DataError(f"{file}: found no features", advice="give a FeatureCollection of polygons")
    return tuple(_zone(feature, number, str(file)) for number, feature in enumerate(features, 1))


def _zone(feature: dict[str, Any], number: int, file: str) -> Zone:
    properties = feature.get("properties") or {}
    geometry = feature.get("geometry") or {}
    name = str(properties.get("name", f"feature {number}"))
    where = f"{file}: {name}"
    if "kind" not in properties:
        raise DataError(f"{where}: found no property `kind`", advice='add one, such as "range", "playa" or "rock"')
    match geometry.get("type"):
        case "Polygon":
            polygons = [geometry["coordinates"]]
        case "MultiPolygon":
            polygons = geometry["coordinates"]
        case other:
            raise DataError(f"{where}: found geometry {other!r}", advice="give a Polygon or a MultiPolygon")
    rings = tuple(tuple(_ring(ring, i > 0, where) for i, ring in enumerate(polygon)) for polygon in polygons)
    return Zone(name, str(properties["kind"]), rings)


def _ring(coordinates: list[list[float]], hole: bool, where: str) -> Array:
    try:
        ring = np.array([point[:2] for point in coordinates], dtype=float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: found coordinates that are not numbers", advice="correct the ring") from error
    if len(ring) < 4 or not np.array_equal(ring[0], ring[-1]):
        raise DataError(f"{where}: found an open ring", advice="repeat the first point at the end (at least 4 points)")
    if not np.all(np.isfinite(ring)) or np.any(np.abs(ring[:, 1]) > 90) or np.any(np.abs(ring[:, 0]) > 180):
        raise DataError(f"{where}: found a latitude beyond 90 deg", advice="write longitude first, then latitude")
    crossing = self_intersection(ring)
    if crossing:
        raise DataError(
            f"{where}: found sides {crossing[0]} and {crossing[1]} crossing each other", advice="untangle the ring"
        )
    area = 0.5 * float(np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1]))
    if area == 0 or (area > 0) == hole:
        expected = "clockwise (a hole)" if hole else "counterclockwise (an outer ring)"
        raise DataError(f"{where}: found a ring in the wrong order, expected {expected}", advice="reverse the points")
    return ring


def self_intersection(ring: Array) -> tuple[int, int] | None:
    """Numbers of two sides of a closed ring that cross or touch without being neighbours, None if there are none."""
    start, end = ring[:-1], ring[1:]
    n = len(start)
    for i in range(n - 2):
        last = n - 1 if i == 0 else n  # the first and the last side share a point
        other = np.arange(i + 2, last)
        if other.size == 0:
            continue
        a, b, c, d = start[i], end[i], start[other], end[other]
        across = _side(a, b, c) * _side(a, b, d) <= 0
        along = _side(c, d, a) * _side(c, d, b) <= 0
        apart = np.any(
            (np.maximum(a, b) < np.minimum(c, d)) | (np.minimum(a, b) > np.maximum(c, d)), axis=1
        )  # collinear sides far from each other are not a crossing
        hit = np.nonzero(across & along & ~apart)[0]
        if hit.size:
            return i + 1, int(other[hit[0]]) + 1
    return None


def _side(a: Array, b: Array, c: Array) -> Array:
    """Sign of the turn a -> b -> c."""
    return np.sign(
        (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    )
