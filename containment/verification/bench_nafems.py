"""Benchmarks of NAFEMS and Cook on membranes, sections and volumes; the mesh is stated in each source."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from containment.meshing.mesh import SectionMesh
from containment.structure.loads import Held, Loads, Supports
from containment.structure.modes import frequencies
from containment.structure.section_solid import PlaneSolid
from containment.structure.solid import elastic
from containment.structure.statics import Statics
from containment.structure.volume import VolumeSolid
from containment.verification import bench_volumes
from containment.verification.bench_sections import between, mapped, node_at
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]

_STEEL = elastic("steel", 210e9, 0.3)
_SYMMETRY = Supports(radial=("top",), axial=("bottom",))


def items() -> Iterator[Item]:
    """LE1, LE10, LE11, T1, FV32 and Cook's membrane."""
    yield from _le1()
    yield from _le10()
    yield from _le11()
    yield from _t1()
    yield from _fv32()
    yield from _cook()


def _ellipse(a: float, b: float, angle: Floats) -> Floats:
    return np.column_stack([a * np.cos(angle), b * np.sin(angle)])


def _le1() -> Iterator[Item]:
    """Elliptic membrane pulled outward on its outer edge; stress along y at D = (2, 0)."""
    angle = np.linspace(0.0, 0.5 * np.pi, 81)
    inner, outer = _ellipse(2.0, 1.0, angle), _ellipse(3.25, 2.75, angle)
    inner[-1, 0] = outer[-1, 0] = 0.0
    section = between(inner, outer, 40)
    statics = Statics(PlaneSolid(section, thickness=0.1, membrane=True), {"body": _STEEL})
    result = statics.solve(Loads(pressure={"outer": -10e6}), _SYMMETRY)
    ours = result.node_stress[node_at(section, 2.0, 0.0), 1]
    source = "NAFEMS LE1, TNSB rev. 3 (1990); 6400 quadratic triangles"
    yield Item.relative("structure.nafems-le1", 92.7e6, ours, 0.012, "Pa", source)  # good codes: 1.2 %


def _le10() -> Iterator[Item]:
    """Thick elliptic plate under pressure; stress along y on top at D = (2, 0, 0.6)."""

    def place(unit: Floats) -> Floats:
        angle, out = 0.5 * np.pi * unit[:, 1], unit[:, :1]
        plan = (1.0 - out) * _ellipse(2.0, 1.0, angle) + out * _ellipse(3.25, 2.75, angle)
        return np.column_stack([plan, 0.6 * unit[:, 2]])

    mesh = bench_volumes.brick((8, 20, 4), place)
    solid = VolumeSolid(mesh)
    outer = solid.block_position[solid.named_blocks("right")]
    held = (
        Held("front", (1,)),
        Held("back", (0,)),
        Held("right", (0, 1)),
        Held(lambda x: (np.abs(x[:, 2] - 0.3) < 1e-9) & _among(x, outer), (2,)),
    )
    result = Statics(solid, {"body": _STEEL}).solve(Loads(pressure={"top": 1e6}), Supports(held=held))
    ours = result.node_stress[bench_volumes.node_at(mesh, 2.0, 0.0, 0.6), 1]
    source = "NAFEMS LE10, TNSB rev. 3 (1990); 640 hexahedra of 27 nodes"
    yield Item.relative("structure.nafems-le10", -5.38e6, ours, 0.02, "Pa", source)  # good codes, refined: 2 %


def _among(points: Floats, chosen: Floats) -> NDArray[np.bool_]:
    """Which points are among the chosen ones, to rounding."""
    keys = {tuple(row) for row in np.round(chosen, 9).tolist()}
    return np.array([tuple(row) in keys for row in np.round(points, 9).tolist()])


def _le11() -> Iterator[Item]:
    """Cylinder, taper and sphere in one, heated by T = r + z, ends held in z; axial stress at the inner equator A."""
    count = 12  # edges along each of four blocks

    def arc(radius: float, start: float, end: float) -> Floats:
        angle = np.radians(np.linspace(start, end, count + 1))
        return _ellipse(radius, radius, angle)

    def straight(*corners: tuple[float, float]) -> Floats:
        parts = [np.linspace(a, b, count + 1)[1:] for a, b in itertools.pairwise(corners)]
        return np.concatenate(parts)

    half = np.sqrt(0.5)
    junction = (1.4 * np.cos(np.pi / 6), 0.7)
    middle = (0.5 * (1.0 + junction[0]), 0.5 * (1.39 + 0.7))
    inner = [
        arc(1.0, 0.0, 22.5),
        arc(1.0, 22.5, 45.0)[1:],
        straight((half, half), (half, 0.5 * (half + 1.79)), (half, 1.79)),
    ]
    outer = [arc(1.4, 0.0, 30.0), straight(junction, middle, (1.0, 1.39), (1.0, 1.79))]
    section = between(np.concatenate(inner), np.concatenate(outer), 12)
    material = {"body": elastic("le11", 210e9, 0.3, expansion=2.3e-4)}
    loads = Loads(temperature=300.0 + section.points.sum(axis=1), reference_temperature=300.0)
    result = Statics(section, material).solve(loads, Supports(axial=("bottom", "top")))
    ours = result.node_stress[node_at(section, 1.0, 0.0), 1]
    # 2 %: fine meshes of good codes differ by 1 to 6 %
    source = "NAFEMS LE11, TNSB rev. 3 (1990); 1152 quadratic triangles of revolution"
    yield Item.relative("structure.nafems-le11", -105e6, ours, 0.02, "Pa", source)


def _t1() -> Iterator[Item]:
    """Membrane of 20 m with a hot spot of radius 1 m, 1 K warmer; stress along y just outside it, on the x axis."""
    section = hot_spot(24)
    hot, cold = elastic("hot", 100e9, 0.3, expansion=1e-3), elastic("cold", 100e9, 0.3)
    statics = Statics(PlaneSolid(section, membrane=True), {"spot": hot, "plate": cold})
    warm = np.full(len(section.points), 294.15)
    supports = Supports(radial=("spot_start", "plate_start"), axial=("spot_end", "plate_end"))
    result = statics.solve(Loads(temperature=warm), supports)
    ours = statics.body.at_nodes(result.state.stress, "plate")[node_at(section, 1.0, 0.0), 1]
    source = f"NAFEMS T1, as recalled; E alpha dT / 2 in a plate without end; {len(section.triangles)} triangles"
    yield Item.relative("structure.nafems-t1", 50e6, ours, 0.02, "Pa", source)


def hot_spot(count: int) -> SectionMesh:
    """Quarter of a square plate of half side 10 with a disc of radius 1 around its centre: regions "spot", "plate".

    The disc is a square grid pressed into a circle; lines "<region>_start" on x = 0 and "<region>_end" on y = 0.
    """
    t = np.linspace(0.0, 1.0, count + 1)
    u, v = np.meshgrid(t, t, indexing="ij")
    disc = np.stack([u * np.sqrt(1.0 - 0.5 * v**2), v * np.sqrt(1.0 - 0.5 * u**2)], axis=-1)
    rim = np.concatenate([disc[:, -1], disc[-1, ::-1][1:]])  # from x = 0 to y = 0
    square = np.concatenate([np.column_stack([10.0 * t, np.full_like(t, 10.0)]),
                             np.column_stack([np.full_like(t, 10.0), 10.0 * t[::-1]])[1:]])  # fmt: skip
    share = ((np.geomspace(1.0, 10.0, 2 * count + 1) - 1.0) / 9.0)[:, None, None]
    plate = (1.0 - share) * rim[None] + share * square[None]
    return _spot_and_plate(disc, plate)


def _spot_and_plate(disc: Floats, plate: Floats) -> SectionMesh:
    """The two grids in one mesh with common nodes on the rim."""
    points, triangles, region, edges, tags = [], [], [], [], []
    offset = 0
    for number, grid in enumerate((disc, plate)):
        part = mapped(grid)
        points.append(part.points)
        triangles.append(part.triangles + offset)
        region.append(np.full(len(part.triangles), number))
        on_lines = ("inner", "bottom") if number == 0 else ("bottom", "top")  # x = 0, then y = 0
        for place, line in enumerate(on_lines):
            mine = part.facets[part.facet == part.facet_number(line)] + offset
            edges.append(mine)
            tags.append(np.full(len(mine), 2 * number + place))
        offset += len(part.points)
    every = np.concatenate(points)
    _, first, same = np.unique(np.round(every, 9), axis=0, return_index=True, return_inverse=True)
    names = {"spot_start": 0, "spot_end": 1, "plate_start": 2, "plate_end": 3}
    return SectionMesh(
        every[first], same[np.concatenate(triangles)], np.concatenate(region), same[np.concatenate(edges)],
        np.concatenate(tags), {"spot": 0, "plate": 1}, names,
    )  # fmt: skip


def _fv32() -> Iterator[Item]:
    """Cantilevered tapered membrane: six frequencies in its plane."""
    x = np.linspace(0.0, 10.0, 17)
    section = between(np.column_stack([x, 0.2 * x - 2.5]), np.column_stack([x, 2.5 - 0.2 * x]), 8)
    solid = PlaneSolid(section, thickness=0.05, membrane=True)
    statics = Statics(solid, {"body": elastic("steel", 200e9, 0.3, density=8000.0)})
    found = frequencies(statics, Supports(radial=("bottom",), axial=("bottom",)), 6)
    for mode, (reference, ours) in enumerate(zip((44.623, 130.03, 162.70, 246.05, 379.90, 391.44), found, strict=True)):
        # quadratic elements of good codes are below 1 %
        source = "NAFEMS FV32, selected benchmarks for natural frequency analysis (1987); 256 quadratic triangles"
        yield Item.relative(f"structure.nafems-fv32.mode-{mode + 1}", reference, float(ours), 0.01, "Hz", source)


def _cook() -> Iterator[Item]:
    """Cook's membrane: clamped on the left, shear of 1 on the right; upward displacement of the middle of that edge."""
    x = np.linspace(0.0, 48.0, 33)
    section = between(np.column_stack([x, 44.0 * x / 48.0]), np.column_stack([x, 44.0 + 16.0 * x / 48.0]), 32)
    statics = Statics(PlaneSolid(section, membrane=True), {"body": elastic("cook", 1.0, 1.0 / 3.0)})
    result = statics.solve(Loads(traction={"top": (0.0, 1.0 / 16.0)}), Supports(radial=("bottom",), axial=("bottom",)))
    ours = result.displacement[node_at(section, 48.0, 52.0), 1]
    source = "Cook's membrane, 23.96-23.97 of fine meshes; 2048 quadratic triangles"
    yield Item.relative("structure.cook", 23.965, ours, 0.005, "m", source)
