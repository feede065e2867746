"""Half of the capsule in space for oblique landings: the section of `explicit_capsule` turned about its axis.

Rings around a square core replace the rays at the axis, so that no hexahedron is a sliver. Symmetry plane y = 0, nose
towards -z; slope, drift and attitude lie in that plane. The vessel is left open at its aft pole, and so is what lies
loose in it: spheres on the same rays, so that nodes face nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit import ContactLine, Control, FoamSolid, Metal, Solid, Terrain
from containment.structure.explicit_capsule import ABSORBER, SHELL, VESSEL, CapsuleShape, section, with_masses
from containment.structure.explicit_faces import FaceContact
from containment.structure.explicit_meshes import quarter_disc
from containment.structure.explicit_nest import Sphere

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
    """The solid as it arrives, its contact nodes, the velocity (n, 3) m/s of each node, what symmetry holds, and the
    contacts of what lies loose in the vessel. Materials: shell, absorber, vessel, then the layers inside it."""

    body: Solid
    contact: ContactLine
    velocity: Floats
    control: Control
    parts: tuple[FaceContact, ...] = ()


def half_capsule(
    shape: CapsuleShape, foam: FoamSolid, shell: Metal | FoamSolid, vessel: Metal, arrival: Arrival, terrain: Terrain,
    inside: Sequence[Sphere] = (), play: float = 0.0, friction: float = 0.0,
) -> HalfCapsule:  # fmt: skip
    """Hexahedra of half the capsule; masses are half of those asked for. `inside`: parts nested in the vessel with
    `play` (m) to the first of them, held by nothing but contact with `friction`.

    Raises DataError for parts that do not fit.
    """
    points, tables = section(shape)
    rays = 1 + int(np.flatnonzero(np.isin(tables[ABSORBER][:, -1], tables[SHELL][:, 0]))[-1])
    side = max(2, round(np.pi * shape.block_radius / (8.0 * shape.size)))
    turn = _Turn(rays, side, _half_disc(side, max(1, rays - 1 - side)))
    wall = points[tables[VESSEL][:-_OPEN]]
    layers = [layer for sphere in inside for layer in sphere.layers]
    grids = [_refined(points[tables[SHELL]], _SHELL_LAYERS), points[tables[ABSORBER]], wall]
    corners = [turn.corners(grid) for grid in [*grids, *_nested(shape, wall, inside, play)]]
    faces = [corners[SHELL][:, -1, 4:], *_facing(corners, inside)]
    sizes = [4 * len(quads) for quads in faces]
    both = [block.reshape(-1, 3) for block in (*corners, *faces)]
    space, number = _merged(np.concatenate(both))
    ends = len(number) - sum(sizes) + np.cumsum([0, *sizes])
    cells = number[: ends[0]].reshape(-1, 8)
    quads = [number[i:j].reshape(-1, 4)[:, [0, 1, 3, 2]] for i, j in pairwise(ends)]
    kind = np.repeat(np.arange(len(corners)), [block.shape[0] * block.shape[1] for block in corners])
    turned = np.linalg.det(space[cells[:, [1, 2, 4]]] - space[cells[:, :1]]) < 0.0
    cells[turned] = cells[turned][:, [4, 5, 6, 7, 0, 1, 2, 3]]
    rough = Solid(space, cells, kind, [shell, foam, vessel, *(layer.material for layer in layers)])
    masses = {SHELL: shape.shell_mass, VESSEL: shape.vessel_mass}
    masses |= {VESSEL + 1 + k: layer.mass for k, layer in enumerate(layers)}
    materials = with_masses(rough, {number: 0.5 * mass for number, mass in masses.items()})
    placed, velocity = _arrive(Solid(space, cells, kind, materials), arrival)
    held = np.flatnonzero(np.abs(space[:, 1]) < _MERGE)
    parts = [
        FaceContact(np.unique(inner), _seen_from_inside(space, outer), friction)
        for outer, inner in zip(quads[1::2], quads[2::2], strict=True)
    ]
    return HalfCapsule(
        Solid(placed, cells, kind, materials), _on_ground(placed, quads[0], terrain), velocity,
        Control(fixed_side=held), tuple(parts),
    )  # fmt: skip


@dataclass(frozen=True)
class _Turn:
    """How grids of the section (row, layer, 2) are turned: `rays` rows over a disc, the others in rings around it."""

    rays: int
    side: int
    disc: tuple[Floats, Ints]

    def corners(self, grid: Floats) -> Floats:
        """(cells, layers, 8, 3) corners of hexahedra, layers from inside."""
        core = _core(grid[: self.rays], *self.disc)
        return np.concatenate([core, _rings(grid[self.rays - 1 :], 4 * self.side)])


def _nested(shape: CapsuleShape, wall: Floats, inside: Sequence[Sphere], play: float) -> list[Floats]:
    """Grids (row, layer from inside, 2) of the layers in the vessel, on the rays of its `wall`."""
    centre = np.array([0.0, shape.shell_thickness + shape.absorber_thickness + shape.vessel_radius])
    unit = (wall[:, -1] - centre) / shape.vessel_radius
    radius, grids = shape.vessel_radius - shape.vessel_wall, []
    for sphere in inside:
        if not play > 10.0 * _MERGE:
            raise DataError(
                f"found a play of {play:g} m, expected more than {10.0 * _MERGE:g} m between parts that are loose",
                advice="give the parts play, or make them layers of one",
            )
        radius -= play
        for layer in sphere.layers:
            steps = layer.radii(radius)[::-1]
            grids.append(centre + steps[None, :, None] * unit[:, None, :])
            radius -= layer.thickness
        play = sphere.play
    return grids


def _facing(corners: list[Floats], inside: Sequence[Sphere]) -> list[Floats]:
    """Corners (faces, 4, 3) of the inner surface of each part and the outer surface of the next, in turn."""
    found, innermost = [], VESSEL
    for sphere in inside:
        found += [corners[innermost][:, 0, :4], corners[innermost + 1][:, -1, 4:]]
        innermost += len(sphere.layers)
    return found


def _seen_from_inside(points: Floats, faces: Ints) -> Ints:
    """The faces of a hollow part, counter-clockwise as what lies in it sees them."""
    p = points[faces]
    normal = np.cross(p[:, 2] - p[:, 0], p[:, 3] - p[:, 1])
    middle = points[np.unique(faces)].mean(axis=0)
    middle[1] = 0.0
    outward = np.einsum("fi,fi->f", normal, p.mean(axis=1) - middle) > 0.0
    return np.where(outward[:, None], faces[:, ::-1], faces)


def _on_ground(points: Floats, faces: Ints, terrain: Terrain) -> ContactLine:
    """Contact of the outer surface, whichever way its faces are turned."""
    normal = terrain.upward(3)
    contact, flipped = (ContactLine.on_faces(points, quads, normal) for quads in (faces, faces[:, ::-1]))
    return contact if contact.area.sum() > flipped.area.sum() else flipped


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
