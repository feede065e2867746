"""Compiled contact of nodes with what does not deform: ground of columns behind a plane, rocks (spheres and wedges).

Works in the half plane (r, z) and in space. Friction is Coulomb's, limited to what would stop half of the sliding
within a step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.structure.explicit_laws import CONTACT_LOSS, OPTIONS

SPHERE, WEDGE = 0, 1
ROCK_WIDTH = 10


class Surface(NamedTuple):
    """What the contact nodes (k,) meet. `reach` m^2 and `bed` N/m per node; `ground`: height of the plane along its
    `normal`, strength, depth gradient, inertia. Rows of `rocks`: sphere: kind, centre (3), radius; wedge: kind, point
    of the ridge (3), the two outward normals (3, 3); in the half plane each third component is left out. `penalty`
    N/m of a rock per node. State: plastic depth of the columns and their last force."""

    nodes: NDArray[np.int64]
    reach: NDArray[np.float64]
    bed: NDArray[np.float64]
    ground: NDArray[np.float64]
    normal: NDArray[np.float64]
    friction: float
    rocks: NDArray[np.float64]
    penalty: NDArray[np.float64]
    plastic: NDArray[np.float64]
    pushed: NDArray[np.float64]


@njit(**OPTIONS)
def rub(v, force, i, normal, press, friction, mass, step, loss):  # type: ignore[no-untyped-def]
    """Coulomb friction on node `i` pressed with `press` along `normal` against something at rest."""
    along, square = 0.0, 0.0
    for j in range(normal.size):
        along += v[i, j] * normal[j]
    for j in range(normal.size):
        square += (v[i, j] - along * normal[j]) ** 2
    if square > 0.0:
        speed = np.sqrt(square)
        drag = min(friction * press, 0.5 * mass[i] * speed / step)
        for j in range(normal.size):
            force[i, j] -= drag * (v[i, j] - along * normal[j]) / speed
        loss[CONTACT_LOSS] += drag * speed * step


@njit(**OPTIONS)
def columns(x, v, mass, force, s, step, loss):  # type: ignore[no-untyped-def]
    """Columns of ground with plastic memory; returns the axial force and the elastic energy."""
    total, stored, last = 0.0, 0.0, x.shape[1] - 1
    for k in range(s.nodes.size):
        i = s.nodes[k]
        depth, speed = s.ground[0], 0.0
        for j in range(x.shape[1]):
            depth -= x[i, j] * s.normal[j]
            speed += v[i, j] * s.normal[j]
        old, f = s.pushed[k], 0.0
        if depth > 0.0:
            f = s.bed[k] * (depth - s.plastic[k])
            limit = s.reach[k] * (s.ground[1] + s.ground[2] * depth)
            if speed < 0.0:
                limit += s.reach[k] * s.ground[3] * speed * speed
            if f > limit:
                new = depth - limit / s.bed[k]
                loss[CONTACT_LOSS] += 0.5 * (limit + old) * (new - s.plastic[k])
                s.plastic[k] = new
                f = limit
            elif f < 0.0:
                f = 0.0
        s.pushed[k] = f
        if f > 0.0:
            for j in range(x.shape[1]):
                force[i, j] += f * s.normal[j]
            total += f * s.normal[last]
            stored += 0.5 * f * f / s.bed[k]
            if s.friction > 0.0:
                rub(v, force, i, s.normal, f, s.friction, mass, step, loss)
    return total, stored


@njit(**OPTIONS)
def _depth(point, rock, normal):  # type: ignore[no-untyped-def]
    """Depth of a point inside a rock (negative outside); fills the outward normal."""
    dim = normal.size
    if rock[0] == SPHERE:
        square = 0.0
        for j in range(dim):
            normal[j] = point[j] - rock[1 + j]
            square += normal[j] * normal[j]
        away = max(np.sqrt(square), 1e-12)
        for j in range(dim):
            normal[j] /= away
        return rock[4] - away
    first, second = 0.0, 0.0
    for j in range(dim):
        first -= (point[j] - rock[1 + j]) * rock[4 + j]
        second -= (point[j] - rock[1 + j]) * rock[7 + j]
    side = 4 if first < second else 7
    for j in range(dim):
        normal[j] = rock[side + j]
    return min(first, second)


@njit(**OPTIONS)
def strike_rocks(x, v, mass, force, s, step, loss):  # type: ignore[no-untyped-def]
    """Rigid rocks by penalty; returns the axial force and the elastic energy."""
    total, stored, normal = 0.0, 0.0, np.zeros(x.shape[1])
    for m in range(s.rocks.shape[0]):
        for k in range(s.nodes.size):
            i = s.nodes[k]
            depth = _depth(x[i], s.rocks[m], normal)
            if depth > 0.0:
                f = s.penalty[k] * depth
                for j in range(normal.size):
                    force[i, j] += f * normal[j]
                total += f * normal[normal.size - 1]
                stored += 0.5 * f * depth
                if s.friction > 0.0:
                    rub(v, force, i, normal, f, s.friction, mass, step, loss)
    return total, stored
