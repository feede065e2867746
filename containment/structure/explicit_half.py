"""Half of the capsule in space for oblique landings: the section of `explicit_capsule` turned about its axis.

Rings around a square core replace the rays at the axis, so that no hexahedron is a sliver. Symmetry plane y = 0, nose
towards -z; slope, drift and attitude lie in that plane. The vessel is left open at its aft pole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit import ContactLine, Control, FoamSolid, Metal, Solid, Terrain
from containment.structure.explicit_capsule import ABSORBER, SHELL, VESSEL, CapsuleShape, section, weighed
from containment.structure.explicit_meshes import quarter_disc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_OPEN = 2  # rows of the vessel left out at its aft pole
_SHELL_LAYERS = 6  # at least: of a bending shell's energy 1/36 then sits in hourglass modes, its exact share
_MERGE = 1e-7  # m, nodes nearer than this are one


@dataclass(frozen=True)
class Arrival:
    """How the capsule meets the ground: `speed` down and `drift` along +x in m/s, `attitude` (rad) of the axis off the
    vertical, nose towards +x, and its `rate` (rad/s, growing)."""

    speed: float
    drift: float = 0.0
    attitude: float = 0.0
    rate: float = 0.0

    def __post_init__(self) -> None:
        if not self.speed > 0.0:
            raise DataError(f"found a landing speed of {self.speed:g} m/s, expected > 0", advice="give a landing speed")


@dataclass(frozen=True)
class HalfCapsule:
    """The solid as it arrives, its contact nodes, the velocity (n, 3) m/s of each node, and what symmetry holds."""

    body: Solid
    contact: ContactLine
    velocity: Floats
    control: Control


def half_capsule(
    shape: CapsuleShape, foam: FoamSolid, shell: Metal | FoamSolid, vessel: Metal, arrival: Arrival, terrain: Terrain
) -> HalfCapsule:
    """Hexahedra of half the capsule; masses of shell and vessel are half of those asked for."""
    points, tables = section(shape)
    rays = 1 + int(np.flatnonzero(np.isin(tables[ABSORBER][:, -1], tables[SHELL][:, 0]))[-1])
    side = max(2, round(np.pi * shape.block_radius / (8.0 * shape.size)))
    disc, quads = _half_disc(side, max(1, rays - 1 - side))
    blocks, kinds, outer = [], [], np.empty((0, 4, 3))
    for kind, table in zip((SHELL, ABSORBER, VESSEL), tables, strict=True):
        grid = points[table[: len(table) - _OPEN] if kind == VESSEL else table]
        if kind == SHELL:
            grid = _refined(grid, _SHELL_LAYERS)
        corners = np.concatenate([_core(grid[:rays], disc, quads), _rings(grid[rays - 1 :], 4 * side)])
        blocks.append(corners.reshape(-1, 8, 3))
        kinds.append(np.full(len(blocks[-1]), kind))
        if kind == SHELL:
            outer = corners[:, -1, 4:].reshape(-1, 4, 3)
    space, number = _merged(np.concatenate([np.concatenate(blocks).reshape(-1, 3), outer.reshape(-1, 3)]))
    cells = number[: -4 * len(outer)].reshape(-1, 8)
    faces = number[-4 * len(outer) :].reshape(-1, 4)[:, [0, 1, 3, 2]]
    kind_of = np.concatenate(kinds)
    turned = np.linalg.det(space[cells[:, [1, 2, 4]]] - space[cells[:, :1]]) < 0.0
    cells[turned] = cells[turned][:, [4, 5, 6, 7, 0, 1, 2, 3]]
    rough = Solid(space, cells, kind_of, [shell, foam, vessel])
    materials = weighed(rough, shape, 0.5)
    placed, velocity = _arrive(Solid(space, cells, kind_of, materials), arrival)
    body = Solid(placed, cells, kind_of, materials)
    normal = terrain.upward(3)
    contact = ContactLine.on_faces(placed, faces, normal)
    flipped = ContactLine.on_faces(placed, faces[:, ::-1], normal)
    contact = contact if contact.area.sum() > flipped.area.sum() else flipped
    held = np.flatnonzero(np.abs(space[:, 1]) < _MERGE)
    return HalfCapsule(body, contact, velocity, Control(fixed_side=held))


def _refined(grid: Floats, least: int) -> Floats:
    """The grid (row, layer, 2) with at least so many even layers."""
    layers = max(least, grid.shape[1] - 1)
    share = np.linspace(0.0, 1.0, layers + 1)[None, :, None]
    return (1.0 - share) * grid[:, :1] + share * grid[:, -1:]


def _half_disc(side: int, rings: int) -> tuple[Floats, Ints]:
    """Points (radius 1) and quads of the half disc y >= 0."""
    points, quads = quarter_disc(1.0, side, rings)
    mirrored = points * [-1.0, 1.0]
    return np.concatenate([points, mirrored]), np.concatenate([quads, quads[:, ::-1] + len(points)])


def _core(grid: Floats, disc: Floats, quads: Ints) -> Floats:
    """(cells, layers, 8, 3) corners over the disc; its radius 1 is the last row of `grid` (row, layer, 2)."""
    row = np.minimum(np.hypot(disc[:, 0], disc[:, 1]), 1.0) * (len(grid) - 1)
    low = np.minimum(row.astype(np.int64), len(grid) - 2)
    share = (row - low)[:, None, None]
    flat = (1.0 - share) * grid[low] + share * grid[low + 1]
    return _layered(_turned(flat, np.arctan2(disc[:, 1], disc[:, 0])), quads)


def _rings(grid: Floats, sectors: int) -> Floats:
    """(cells, layers, 8, 3) corners of rows turned in `sectors` over half a turn."""
    angle = np.linspace(0.0, np.pi, sectors + 1)
    rows = len(grid)
    flat = np.repeat(grid, sectors + 1, axis=0)
    n = np.arange(rows * (sectors + 1)).reshape(rows, sectors + 1)
    quads = np.column_stack([n[:-1, :-1].ravel(), n[1:, :-1].ravel(), n[1:, 1:].ravel(), n[:-1, 1:].ravel()])
    return _layered(_turned(flat, np.tile(angle, rows)), quads)


def _turned(flat: Floats, angle: Floats) -> Floats:
    """(points, layers, 3) of points (points, layers, 2) in (r, z) turned by their angles."""
    turn = angle[:, None]
    return np.stack([flat[..., 0] * np.cos(turn), flat[..., 0] * np.sin(turn), flat[..., 1]], axis=-1)


def _layered(points: Floats, quads: Ints) -> Floats:
    """(cells, layers, 8, 3) corners of hexahedra between neighbouring layers of points."""
    base = points[quads[:, [0, 1, 3, 2]]].swapaxes(1, 2)  # cell, layer, corner, direction
    return np.concatenate([base[:, :-1], base[:, 1:]], axis=2)


def _merged(points: Floats) -> tuple[Floats, Ints]:
    """Distinct points, and the number of each given one among them."""
    key = np.round(points / _MERGE + 0.31).astype(np.int64)  # the offset keeps round coordinates off the edges
    _, first, number = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return points[first], number.ravel()


def _arrive(body: Solid, arrival: Arrival) -> tuple[Floats, Floats]:
    """Points turned about the centre of mass by the attitude, and their velocities."""
    mass = body.node_mass()
    centre = mass @ body.points / mass.sum() * [1.0, 0.0, 1.0]
    away = body.points - centre
    c, s = np.cos(arrival.attitude), np.sin(arrival.attitude)
    turned = np.column_stack([c * away[:, 0] - s * away[:, 2], away[:, 1], s * away[:, 0] + c * away[:, 2]])
    spin = arrival.rate * np.column_stack([-turned[:, 2], np.zeros(len(turned)), turned[:, 0]])
    return turned + centre, spin + np.array([arrival.drift, 0.0, -arrival.speed])
