"""Mapped mesh of a capsule with its vessels one in the other: parts that touch, held by nothing but contact and a bond.

Shell and absorber are those of `explicit_capsule`. The absorber is glued to the outer vessel by a bond that tears. Each
vessel is a sphere of layers (wall, pads on its inside); between a vessel and the next there is play all around. All
spheres share their angles, so that nodes face nodes; an even number of cells puts nodes on the seams at the equator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit import Body, ContactLine, FoamSolid, Metal
from containment.structure.explicit_capsule import SHELL, CapsuleShape, Nodes, front, grid_quads, with_masses
from containment.structure.explicit_parts import Bond, PartContact

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """One layer of a sphere: `thickness` m in `through` cells, its `mass` kg (the density follows)."""

    name: str
    thickness: float
    through: int
    material: Metal
    mass: float

    def radii(self, outer: float) -> Floats:
        """(through + 1,) radii of its nodes from outside. Raises DataError when it does not fit inside `outer` (m)."""
        if not self.thickness > 0.0 or not outer - self.thickness > 0.0:
            raise DataError(
                f"found {self.name} of {self.thickness:.4g} m inside a radius of {outer:.4g} m, expected a "
                "thickness that fits", advice="correct walls, gaps and play",
            )  # fmt: skip
        return outer - self.thickness * np.arange(self.through + 1) / self.through


@dataclass(frozen=True)
class Sphere:
    """A nested part: its layers from outside, and the free play (m) to the part inside it."""

    layers: tuple[Layer, ...]
    play: float = 0.0


@dataclass(frozen=True)
class NestedCapsule:
    """Body, nodes that meet the ground, contacts between parts; `kinds`: material number of each layer by name, with
    "shell" and "absorber"; `walls`: cells (angle, layer from inside) of each layer."""

    body: Body
    ground: ContactLine
    parts: tuple[PartContact, ...]
    kinds: Mapping[str, int]
    walls: Mapping[str, Ints]


def nested(
    shape: CapsuleShape, foam: FoamSolid, shell: Metal, spheres: Sequence[Sphere], bond: Bond | None, friction: float
) -> NestedCapsule:  # fmt: skip
    """Mesh the capsule; its masses come out as asked. Raises DataError for parts that do not fit into each other."""
    made = front(shape)
    count = 2 * int(np.ceil(0.5 * np.pi * shape.vessel_radius / shape.size))
    angles = np.linspace(0.0, np.pi, count + 1)
    grids, outlines = _spheres(made.nodes, made.centre, shape.vessel_radius, spheres, angles)
    points = made.nodes.placed()
    tables = {"shell": made.shell, "absorber": made.foam} | grids
    quads = {name: grid_quads(table) for name, table in tables.items()}
    kinds = {name: number for number, name in enumerate(tables)}
    kind = np.repeat(np.arange(len(quads)), [len(q) for q in quads.values()])
    layers = [layer for sphere in spheres for layer in sphere.layers]
    rough = Body(points, np.concatenate(list(quads.values())), kind, [shell, foam, *(m.material for m in layers)])
    masses = {kinds[layer.name]: layer.mass for layer in layers} | {SHELL: shape.shell_mass}
    body = Body(points, rough.cells, kind, with_masses(rough, masses))
    numbers = np.arange(len(kind))
    walls = {name: numbers[kind == kinds[name]].reshape(count, -1) for name in grids}
    glued = PartContact(
        made.foam[:, 0], _areas(points[made.foam[:, 0]]), outlines[0][0][::-1].copy(), friction, bond
    )  # fmt: skip
    loose = [
        PartContact(inner, _areas(points[inner]), outer, friction) for (_, outer), (inner, _) in pairwise(outlines)
    ]
    ground = ContactLine.along(points, tables["shell"][:, -1])
    return NestedCapsule(body, ground, (glued, *loose), kinds, walls)


def _spheres(
    nodes: Nodes, centre: Floats, radius: float, spheres: Sequence[Sphere], angles: Floats
) -> tuple[dict[str, Ints], list[tuple[Ints, Ints]]]:
    """Node tables (angle, layer from inside) by name, and the outer and inner surface of each sphere from the front."""
    unit = np.column_stack([np.sin(angles), -np.cos(angles)])
    grids: dict[str, Ints] = {}
    outlines = []
    for sphere in spheres:
        surface = outer = nodes.add(centre + radius * unit)
        for layer in sphere.layers:
            steps = layer.radii(radius)[1:]
            columns = [surface, *(nodes.add(centre + step * unit) for step in steps)]
            grids[layer.name] = np.column_stack(columns[::-1])
            surface, radius = columns[-1], float(steps[-1])
        outlines.append((outer, surface))
        radius -= sphere.play
    return grids, outlines


def _areas(points: Floats) -> Floats:
    """Area (m^2) each point of a line in the half plane stands for, turned about the axis."""
    edges = np.pi * (points[1:, 0] + points[:-1, 0]) * np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.asarray(0.5 * (np.append(edges, 0.0) + np.insert(edges, 0, 0.0)))
