"""What the statics must refuse, by name: parts lost or overlapping, contact in penetration, curves that soften."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from containment.errors import ContainmentError
from containment.meshing.mesh import SectionMesh
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.contact import Contact
from containment.structure.loads import Loads, Supports
from containment.structure.parts import check_parts
from containment.structure.solid import Solid, elastic
from containment.structure.statics import Statics
from containment.verification import bench_volumes
from containment.verification.bench_sections import rectangle, together
from containment.verification.catalogue import Item

_STEEL = elastic("steel", 210e9, 0.3)


def items() -> Iterator[Item]:
    """One item for each input: 1 when the error names what is wrong."""
    for name, (words, act) in _CASES.items():
        yield Item.absolute(f"structure.refusal.{name}", 1.0, float(named(words, act)), 0.0, "", f"names {words!r}")


def named(words: str, act: Callable[[], object]) -> bool:
    """Whether the act is refused by an error whose message holds the words."""
    try:
        act()
    except ContainmentError as error:
        return words in str(error)
    return False


def _pair(start: float) -> SectionMesh:
    """Two rings, the second one from radius `start`, nodes at radius 1 in common."""
    mesh = together(rectangle(3, 3), rectangle(5, 7, r=(start, 2.0)), ("core", "rim"))
    _, first, same = np.unique(np.round(mesh.points, 9), axis=0, return_index=True, return_inverse=True)
    return SectionMesh(
        mesh.points[first], same[mesh.triangles], mesh.region, same[mesh.facets], mesh.facet, mesh.regions,
        mesh.facet_names,
    )  # fmt: skip


def _softening() -> Solid:
    two = np.ones(2)
    return Solid("foam", np.array([200.0, 400.0]), two, 0.3 * two, 0 * two, two, 1.0, np.array([0.0, 1.0]),
                 np.array([1.0, 0.5]))  # fmt: skip


def _in_penetration() -> Contact:
    blocks = together(rectangle(2, 2), rectangle(2, 2, z=(0.9, 1.9)), ("lower", "upper"))
    return Contact(AxisymmetricSolid(blocks), "upper_bottom", "lower_top", 210e9)


def _beyond_the_card() -> object:
    hot = Loads(temperature=np.full(9, 6000.0))
    return Statics(rectangle(2, 2), {"body": _STEEL}).solve(hot, Supports(pin=0))


def _unsupported() -> object:
    statics = Statics(rectangle(2, 2, r=(0.5, 1.0)), {"body": _STEEL})
    return statics.solve(Loads(pressure={"bottom": 1e6}), Supports())


_CASES: dict[str, tuple[str, Callable[[], object]]] = {
    "lost-part": ("no cells of lid", lambda: check_parts(_pair(1.0), ("core", "rim", "lid"))),
    "overlapping-parts": ("parts of the mesh overlap: core and rim", lambda: check_parts(_pair(0.9), ("core", "rim"))),
    "loose-part": ("loose", lambda: check_parts(_pair(1.2), ("core", "rim"))),
    "part-without-material": ("no material for region rim", lambda: Statics(_pair(1.0), {"core": _STEEL})),
    "contact-in-penetration": ("overlap by 0.1 m", _in_penetration),
    "softening-curve": ("softens", _softening),
    "beyond-the-card": ("expected temperatures within its strength tables", _beyond_the_card),
    "no-support": ("no equilibrium", _unsupported),
    "flat-cells": ("no volume", lambda: bench_volumes.brick((1, 1, 1), lambda unit: unit * [1.0, 1.0, 0.0])),
}
