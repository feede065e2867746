"""Compiled contact between parts in space: nodes of one part against the faces of another.

Quadrilateral faces are two triangles each. A node walks from triangle to triangle over their common edges to the one it
lies above; behind it, it feels a penalty and Coulomb friction, and the corners share the opposite force by the node's
barycentric coordinates, so momentum and moment of momentum are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit_laws import CONTACT_LOSS, OPTIONS
from containment.structure.explicit_parts import STIFF, TOUCH

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDING = 1e-9  # of a triangle
_BESIDE = 0.01  # of a triangle: how far beyond the rim of the faces a node still meets them
_WALK = 8  # triangles a node may cross in a step; a fold that would send it back and forth ends there


class FacePairs(NamedTuple):
    """Contact nodes (s,) with what they may meet. `corners` (m, 3) of all triangles, their normals on the side of the
    nodes; `beside` (m, 3): triangle across the edge opposite each corner, -1 at a rim; `place` (s,): the triangle a
    node is at. `penalty` N/m, `friction`; `dragged` (s, 3): friction of the last step, N. `omega2` (n,) 1/s^2: bound of
    what all this adds to a node of the mesh."""

    nodes: Ints
    corners: Ints
    beside: Ints
    place: Ints
    penalty: Floats
    friction: Floats
    dragged: Floats
    omega2: Floats


@njit(inline="always", **OPTIONS)
def _above(x, i, a, b, c):  # type: ignore[no-untyped-def]
    """Barycentric coordinates of node `i` over a triangle, its distance above it, and the unit normal."""
    ux, uy, uz = x[b, 0] - x[a, 0], x[b, 1] - x[a, 1], x[b, 2] - x[a, 2]
    vx, vy, vz = x[c, 0] - x[a, 0], x[c, 1] - x[a, 1], x[c, 2] - x[a, 2]
    dx, dy, dz = x[i, 0] - x[a, 0], x[i, 1] - x[a, 1], x[i, 2] - x[a, 2]
    nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    square = nx * nx + ny * ny + nz * nz
    root = np.sqrt(square)
    s = ((dy * vz - dz * vy) * nx + (dz * vx - dx * vz) * ny + (dx * vy - dy * vx) * nz) / square
    t = ((uy * dz - uz * dy) * nx + (uz * dx - ux * dz) * ny + (ux * dy - uy * dx) * nz) / square
    return 1.0 - s - t, s, t, (dx * nx + dy * ny + dz * nz) / root, nx / root, ny / root, nz / root, root


@njit(inline="always", **OPTIONS)
def _slip(v, i, a, b, c, r, s, t, normal):  # type: ignore[no-untyped-def]
    """Velocity of node `i` past the point of the triangle it is over, along it."""
    x = v[i, 0] - r * v[a, 0] - s * v[b, 0] - t * v[c, 0]
    y = v[i, 1] - r * v[a, 1] - s * v[b, 1] - t * v[c, 1]
    z = v[i, 2] - r * v[a, 2] - s * v[b, 2] - t * v[c, 2]
    along = x * normal[0] + y * normal[1] + z * normal[2]
    return x - along * normal[0], y - along * normal[1], z - along * normal[2]


@njit(**OPTIONS)
def meet_faces(x, v, mass, force, p, step, loss):  # type: ignore[no-untyped-def]
    """Forces between parts in space; returns their elastic energy."""
    stored = 0.0
    for k in range(p.nodes.size):
        i, c = p.nodes[k], p.place[k]
        a, b, d = p.corners[c, 0], p.corners[c, 1], p.corners[c, 2]
        r, s, t, gap, nx, ny, nz, area2 = _above(x, i, a, b, d)
        for _ in range(_WALK):
            worst = 0 if r <= s and r <= t else (1 if s <= t else 2)
            if min(r, s, t) >= 0.0 or p.beside[c, worst] < 0:
                break
            c = p.beside[c, worst]
            a, b, d = p.corners[c, 0], p.corners[c, 1], p.corners[c, 2]
            r, s, t, gap, nx, ny, nz, area2 = _above(x, i, a, b, d)
        p.place[k] = c
        # no deeper than a triangle is wide: what lies further behind is another wall of the part
        if not (gap < 0.0 and gap * gap < area2 and min(r, s, t) > -_BESIDE):
            p.dragged[k] = 0.0
            continue
        push, normal = -p.penalty[k] * gap, (nx, ny, nz)
        slip = _slip(v, i, a, b, d, r, s, t, normal)
        speed = np.sqrt(slip[0] * slip[0] + slip[1] * slip[1] + slip[2] * slip[2])
        drag = min(p.friction[k] * push, 0.25 * mass[i] * speed / step) / speed if speed > 0.0 else 0.0
        for j in range(3):
            held = -drag * slip[j]
            loss[CONTACT_LOSS] -= 0.5 * (held + p.dragged[k, j]) * slip[j] * step
            p.dragged[k, j] = held
            f = push * normal[j] + held
            force[i, j] += f
            force[a, j] -= r * f
            force[b, j] -= s * f
            force[d, j] -= t * f
        stored -= 0.5 * push * gap
    return stored


@dataclass(frozen=True)
class FaceContact:
    """Nodes of one part that may meet faces (m, 4) of another: corners counter-clockwise as the nodes see them."""

    nodes: Ints
    faces: Ints
    friction: float = 0.0


def face_pairs(points: Floats, mass: Floats, step: float, contacts: Sequence[FaceContact]) -> FacePairs:
    """Arrays of the kernel. Raises DataError for parts that start in penetration."""
    corners, beside, nodes, place, friction = [np.empty((0, 3), np.int64)], [], [], [], []
    for number, contact in enumerate(contacts):
        first = sum(map(len, corners))
        triangles = contact.faces[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
        at, gap = _nearest(points[contact.nodes], points[triangles])
        if gap.size and gap.min() < -TOUCH:
            raise DataError(
                f"found contact {number} of parts that starts {-gap.min():.3g} m in penetration, expected parts that "
                "touch or lie apart", advice="correct the gap between the parts",
            )  # fmt: skip
        across = _beside(triangles)
        corners.append(triangles)
        beside.append(np.where(across >= 0, across + first, -1))
        nodes.append(contact.nodes)
        place.append(at + first)
        friction.append(np.full(len(contact.nodes), contact.friction))
    none = np.empty(0, np.int64)
    every, where = np.concatenate([none, *nodes]), np.concatenate([none, *place])
    touched = np.column_stack([every, np.concatenate(corners)[where]]) if len(every) else np.empty((0, 4), np.int64)
    penalty = STIFF * mass[touched].min(axis=1, initial=np.inf) / step**2
    load = np.bincount(touched.ravel(), np.repeat(penalty, 4), len(mass))
    return FacePairs(
        every, np.concatenate(corners), np.concatenate([np.empty((0, 3), np.int64), *beside]), where, penalty,
        np.concatenate([np.empty(0), *friction]), np.zeros((len(every), 3)), 2.0 * load / mass,
    )  # fmt: skip


def _beside(triangles: Ints) -> Ints:
    """(m, 3) the triangle across the edge opposite each corner, -1 where there is none."""
    found = np.full(triangles.shape, -1)
    edges = np.sort(triangles[:, [[1, 2], [2, 0], [0, 1]]].reshape(-1, 2), axis=1)
    order = np.lexsort(edges.T)
    same = np.flatnonzero(np.all(edges[order[1:]] == edges[order[:-1]], axis=1))
    one, two = order[same], order[same + 1]
    found.ravel()[one], found.ravel()[two] = two // 3, one // 3
    return found


def _nearest(nodes: Floats, triangles: Floats) -> tuple[Ints, Floats]:
    """Nearest triangle of each node, and how far the node lies above it (0 where it lies beside)."""
    u, v = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    normal = np.cross(u, v)
    square = np.einsum("mi,mi->m", normal, normal)
    place, gap = np.zeros(len(nodes), np.int64), np.zeros(len(nodes))
    for k, node in enumerate(nodes):
        d = node - triangles[:, 0]
        s = np.einsum("mi,mi->m", np.cross(d, v), normal) / square
        t = np.einsum("mi,mi->m", np.cross(u, d), normal) / square
        share = np.column_stack([1.0 - s - t, s, t])
        held = np.maximum(share, 0.0)
        foot = np.einsum("mc,mci->mi", held / held.sum(axis=1, keepdims=True), triangles)
        place[k] = best = int(np.argmin(np.linalg.norm(node - foot, axis=1)))
        if share[best].min() > -_ROUNDING:
            gap[k] = d[best] @ normal[best] / np.sqrt(square[best])
    return place, gap
