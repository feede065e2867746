"""View factors between rings of an axisymmetric cavity, by rays, made reciprocal.

Every edge of the cavity's lines is a conical ring. Rays leave each ring at several points in a fixed set of directions
with the density of diffuse emission (cosine), and end on the first ring they meet or leave through the opening. The
sampling is the same for every call, so that equal cavities have equal factors. Reciprocity A_i F_ij = A_j F_ji and the
row sums are then restored by a symmetric scaling, so that exchange conserves energy to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Own choice: 4 x 256 rays per ring give factors between discs and spheres within 1 % (benchmarks soak.view-*).
POINTS, DIRECTIONS = 4, 256
_GOLDEN = 0.6180339887498949  # fractional part of the golden ratio: the most even sequence on a circle


@dataclass(frozen=True)
class ViewFactors:
    """`factor` (ring, ring) share of what ring i emits that meets ring j; `opening` (ring,) share that leaves; `area`
    (ring,) m^2 per radian."""

    factor: Floats
    opening: Floats
    area: Floats


def view_factors(start: Floats, end: Floats, normal: Floats) -> ViewFactors:
    """Factors of rings from `start` to `end` (ring, 2) r and z in m, with unit normals (ring, 2) into the cavity."""
    hits = _cast(start, end, normal, POINTS, _directions(DIRECTIONS))
    rays = hits.sum(axis=1, keepdims=True)
    share = hits / rays
    length = np.linalg.norm(end - start, axis=1)
    area = 0.5 * length * (start[:, 0] + end[:, 0])
    opening = share[:, -1]
    exchange = share[:, :-1] * area[:, None]
    exchange = _balanced(0.5 * (exchange + exchange.T), area * (1.0 - opening))
    return ViewFactors(exchange / area[:, None], 1.0 - exchange.sum(axis=1) / area, area)


def _directions(count: int) -> Floats:
    """(count, 3) unit vectors about the third axis with cosine density."""
    k = np.arange(count)
    sine = np.sqrt((k + 0.5) / count)
    angle = 2.0 * np.pi * ((k * _GOLDEN) % 1.0)
    return np.column_stack([sine * np.cos(angle), sine * np.sin(angle), np.sqrt(1.0 - sine**2)])


def _balanced(exchange: Floats, target: Floats) -> Floats:
    """The symmetric matrix D S D with row sums `target` (Sinkhorn's iteration); rings that see nothing stay zero."""
    scale = np.ones(len(target))
    for _ in range(200):
        sums = exchange @ scale
        wanted = np.divide(target, sums, out=np.zeros_like(target), where=sums > 0.0)
        new = np.sqrt(scale * wanted)  # damped: the plain iteration swings between two states
        if np.abs(new - scale).max() < 1e-12:
            break
        scale = new
    return np.asarray(scale[:, None] * exchange * scale[None, :])


@numba.njit(cache=True)  # type: ignore[misc]
def _distance(x, r, z, r1, z1, r2, z2):  # type: ignore[no-untyped-def]
    """Shortest way along direction `x` (3,) from the point (r, 0, z) to the ring (r1, z1)-(r2, z2), inf if missed."""
    nearest = np.inf
    dr, dz = r2 - r1, z2 - z1
    least = 1e-7  # of the unit of length: a ray does not meet the ring it leaves
    if abs(dz) <= 1e-9 * (abs(dr) + abs(dz)):
        if x[2] == 0.0:
            return nearest
        t = (z1 - z) / x[2]
        if t > least:
            at = np.sqrt((r + x[0] * t) ** 2 + (x[1] * t) ** 2)
            if min(r1, r2) <= at <= max(r1, r2):
                nearest = t
        return nearest
    slope = dr / dz
    base = r1 + slope * (z - z1)  # radius of the cone at the height of the point
    a = x[0] ** 2 + x[1] ** 2 - (slope * x[2]) ** 2
    b = r * x[0] - base * slope * x[2]
    c = r * r - base * base
    roots = np.full(2, np.inf)
    if abs(a) > 1e-14:
        root = b * b - a * c
        if root < 0.0:
            return nearest
        root = np.sqrt(root)
        roots[0], roots[1] = (-b - root) / a, (-b + root) / a
    elif b != 0.0:
        roots[0] = -0.5 * c / b
    for t in roots:
        share = (z + x[2] * t - z1) / dz if np.isfinite(t) else -1.0
        if t > least and 0.0 <= share <= 1.0 and base + slope * x[2] * t >= 0.0:
            nearest = min(nearest, t)
    return nearest


@numba.njit(cache=True)  # type: ignore[misc]
def _cast(start, end, normal, points, directions):  # type: ignore[no-untyped-def]
    """(ring, ring + 1) weights of rays from each ring that meet each ring; the last column is the opening."""
    count = start.shape[0]
    hits = np.zeros((count, count + 1))
    x = np.empty(3)
    for i in range(count):
        nr, nz = normal[i, 0], normal[i, 1]
        for p in range(points):
            share = (p + 0.5) / points
            r = start[i, 0] + share * (end[i, 0] - start[i, 0])
            z = start[i, 1] + share * (end[i, 1] - start[i, 1])
            turn = 2.0 * np.pi * _GOLDEN * p
            for k in range(directions.shape[0]):
                # local axes: along the ring's edge (-nz, nr), around the axis, normal; turned anew at every point
                u = np.cos(turn) * directions[k, 0] - np.sin(turn) * directions[k, 1]
                v = np.sin(turn) * directions[k, 0] + np.cos(turn) * directions[k, 1]
                w = directions[k, 2]
                x[0], x[1], x[2] = -nz * u + nr * w, v, nr * u + nz * w
                nearest, met = np.inf, count
                for j in range(count):
                    t = _distance(x, r, z, start[j, 0], start[j, 1], end[j, 0], end[j, 1])
                    if t < nearest:
                        nearest, met = t, j
                hits[i, met] += r
    return hits
