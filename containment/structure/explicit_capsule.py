"""Mapped mesh of a capsule for explicit landings: sphere-cone shell, absorber block, one vessel as a stiff sphere.

Rays from the vessel's centre map the absorber between vessel and shell (then to the side of the block); shell and
vessel are layers along their surfaces and share the rays' nodes. No mesher is needed, and no quad is a sliver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit import Body, ContactLine, FoamSolid, Metal
from containment.structure.explicit_body import Material, Mesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHELL, ABSORBER, VESSEL = 0, 1, 2
_THICK = ("shell_thickness", "absorber_thickness", "vessel_wall", "vessel_radius", "shell_mass", "vessel_mass", "size")


@dataclass(frozen=True)
class CapsuleShape:
    """Dimensions in m, masses in kg; `size` is the wanted edge length. The block reaches `reach` aft of the centre."""

    diameter: float
    nose_radius: float
    half_angle: float
    shell_thickness: float
    shell_mass: float
    absorber_thickness: float
    block_radius: float
    reach: float
    vessel_radius: float
    vessel_wall: float
    vessel_mass: float
    size: float


@dataclass(frozen=True)
class Capsule:
    """The body with the nodes of its outer surface."""

    body: Body
    contact: ContactLine


def capsule(shape: CapsuleShape, foam: FoamSolid, shell: Metal | FoamSolid, vessel: Metal) -> Capsule:
    """Mesh the capsule; densities of shell and vessel are set so that their masses come out as asked."""
    points, tables = section(shape)
    quads = [grid_quads(table) for table in tables]
    kind = np.repeat(np.array([SHELL, ABSORBER, VESSEL]), [len(q) for q in quads])
    rough = Body(points, np.concatenate(quads), kind, [shell, foam, vessel])
    body = Body(points, rough.cells, kind, weighed(rough, shape))
    return Capsule(body, ContactLine.along(points, tables[SHELL][:, -1]))


class Nodes:
    """Grows a list of points."""

    def __init__(self) -> None:
        self.points: list[Floats] = []

    def add(self, points: Floats) -> Ints:
        """Append points; returns their numbers."""
        first = len(self.points)
        self.points.extend(np.asarray(points))
        return np.arange(first, first + len(points))

    def placed(self) -> Floats:
        """(n, 2) all points, those on the axis exactly there."""
        points = np.array(self.points)
        points[np.abs(points[:, 0]) < 1e-12, 0] = 0.0
        return points


@dataclass(frozen=True)
class Front:
    """What lies around the vessel: node tables (row from the axis outward, layer from inside) of shell and absorber,
    the angles of the rays between them, and the vessel's centre."""

    nodes: Nodes
    shell: Ints
    foam: Ints
    rays: Floats
    centre: Floats


def front(shape: CapsuleShape) -> Front:
    """Mesh shell and absorber; the first layer of the absorber lies on the vessel's surface."""
    thin = [name for name in _THICK if not getattr(shape, name) > 0.0]
    if thin:
        raise DataError(
            f"found {thin[0]} {getattr(shape, thin[0]):g}, expected a part with a thickness", advice="correct its size"
        )
    inner, normal = _inner_surface(shape)
    centre = np.array([0.0, shape.shell_thickness + shape.absorber_thickness + shape.vessel_radius])
    rays, feet, hits = _rays(shape, inner, centre)
    nodes = Nodes()
    foam = _absorber(shape, nodes, rays, feet, centre)
    return Front(nodes, _shell(shape, nodes, inner, normal, hits, foam), foam, rays, centre)


def section(shape: CapsuleShape) -> tuple[Floats, tuple[Ints, Ints, Ints]]:
    """Points (r, z) and the node tables (row from the axis outward, layer from inside) of shell, absorber, vessel.

    The rows of all three begin with the same rays; those of the absorber's last layer end on the shell or on its side.
    """
    made = front(shape)
    vessel = _vessel(shape, made.nodes, made.rays, made.foam, made.centre)
    return made.nodes.placed(), (made.shell, made.foam, vessel)


def weighed(body: Mesh, shape: CapsuleShape) -> list[Material]:
    """Materials with densities that give shell and vessel their masses."""
    return with_masses(body, {SHELL: shape.shell_mass, VESSEL: shape.vessel_mass})


def with_masses(body: Mesh, masses: Mapping[int, float]) -> list[Material]:
    """Materials with densities that give their cells the masses asked for, kg by material number."""
    found = list(body.materials)
    for kind, mass in masses.items():
        material, density = found[kind], mass / float(body.weights()[body.kind == kind].sum())
        if not isinstance(material, FoamSolid):
            found[kind] = replace(material, density=density)
        else:
            found[kind] = replace(material, foam=replace(material.foam, density=density))
    return found


def _inner_surface(shape: CapsuleShape) -> tuple[Floats, Floats]:
    """Points of the shell's inner surface from the axis outward, finely, and unit normals pointing out of the body."""
    tilt = np.pi / 2 - shape.half_angle
    radius = shape.nose_radius - shape.shell_thickness
    angle = np.linspace(0.0, tilt, 400)
    cap = np.column_stack([radius * np.sin(angle), shape.nose_radius - radius * np.cos(angle)])
    end = shape.diameter / 2 - shape.shell_thickness * np.sin(tilt)
    run = np.linspace(cap[-1, 0], end, 1600)[1:]
    cone = np.column_stack([run, cap[-1, 1] + (run - cap[-1, 0]) / np.tan(shape.half_angle)])
    normal = np.concatenate(
        [np.column_stack([np.sin(angle), -np.cos(angle)]), np.tile([np.sin(tilt), -np.cos(tilt)], (len(run), 1))]
    )
    return np.concatenate([cap, cone]), normal


def _rays(shape: CapsuleShape, inner: Floats, centre: Floats) -> tuple[Floats, Floats, int]:
    """Angles of the rays from the front axis, where they end, and how many of them end on the shell."""
    away = inner - centre
    angle = np.arctan2(away[:, 0], -away[:, 1])
    corner = float(np.interp(shape.block_radius, inner[:, 0], angle))
    last = float(np.pi / 2 + np.arctan2(shape.reach, shape.block_radius))
    if not 0.2 < corner < last < np.pi or np.any(np.diff(angle[inner[:, 0] <= shape.block_radius]) <= 0):
        raise DataError(
            "found a block that rays from the vessel's centre do not map, expected a block around the vessel",
            advice="change block radius or reach",
        )
    on_shell = max(6, int(np.ceil(corner * shape.vessel_radius / shape.size)))
    on_side = max(4, int(np.ceil((last - corner) * shape.vessel_radius / shape.size)))
    front, side = np.linspace(0.0, corner, on_shell + 1), np.linspace(corner, last, on_side + 1)[1:]
    ends = np.column_stack([np.interp(front, angle, inner[:, 0]), np.interp(front, angle, inner[:, 1])])
    flank = np.column_stack([np.full(on_side, shape.block_radius), centre[1] - shape.block_radius / np.tan(side)])
    return np.concatenate([front, side]), np.concatenate([ends, flank]), on_shell + 1


def _absorber(shape: CapsuleShape, nodes: Nodes, rays: Floats, feet: Floats, centre: Floats) -> Ints:
    """(ray, layer) node numbers from the vessel outward."""
    start = centre + shape.vessel_radius * np.column_stack([np.sin(rays), -np.cos(rays)])
    layers = max(4, int(np.ceil(shape.absorber_thickness / shape.size)))
    share = np.linspace(0.0, 1.0, layers + 1)
    points = start[:, None, :] + share[None, :, None] * (feet - start)[:, None, :]
    return nodes.add(points.reshape(-1, 2)).reshape(len(rays), layers + 1)


def grid_quads(grid: Ints) -> Ints:
    """Counter-clockwise quads of a grid whose first index runs outward from the axis and second towards the nose."""
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    return np.column_stack([a.ravel(), b.ravel(), c.ravel(), d.ravel()])


def _shell(shape: CapsuleShape, nodes: Nodes, inner: Floats, normal: Floats, hits: int, foam: Ints) -> Ints:
    """(station, layer) node numbers of the shell from inside. The first `hits` stations are the ends of rays."""
    bonded = np.array([nodes.points[i] for i in foam[:hits, -1]])
    rest = inner[inner[:, 0] > bonded[-1, 0] + 1e-9]
    count = max(2, round(float(rest[-1, 0] - bonded[-1, 0]) / (1.5 * shape.size)))
    radius = np.linspace(bonded[-1, 0], rest[-1, 0], count + 1)[1:]
    beyond = np.column_stack([radius, np.interp(radius, inner[:, 0], inner[:, 1])])
    stations = np.concatenate([bonded, beyond])
    out = np.column_stack([np.interp(stations[:, 0], inner[:, 0], normal[:, i]) for i in (0, 1)])
    out /= np.linalg.norm(out, axis=1)[:, None]
    out[0] = (0.0, -1.0)
    layers = max(2, round(shape.shell_thickness / shape.size))
    first = np.concatenate([foam[:hits, -1], nodes.add(beyond)])
    grid = [first]
    for k in range(1, layers + 1):
        grid.append(nodes.add(stations + shape.shell_thickness * k / layers * out))
    return np.column_stack(grid)


def _vessel(shape: CapsuleShape, nodes: Nodes, rays: Floats, foam: Ints, centre: Floats) -> Ints:
    """(angle, layer) node numbers of the vessel's wall over the whole sphere; the outer ones are the absorber's."""
    more = max(2, int(np.ceil((np.pi - rays[-1]) * shape.vessel_radius / shape.size)))
    angles = np.concatenate([rays, np.linspace(rays[-1], np.pi, more + 1)[1:]])
    unit = np.column_stack([np.sin(angles), -np.cos(angles)])
    outer = np.concatenate([foam[:, 0], nodes.add(centre + shape.vessel_radius * unit[len(rays) :])])
    layers = max(2, round(shape.vessel_wall / shape.size))
    grid = [outer]
    for k in range(1, layers + 1):
        grid.insert(0, nodes.add(centre + (shape.vessel_radius - shape.vessel_wall * k / layers) * unit))
    return np.column_stack(grid)
