"""Benchmarks of buckling (column, cylinder, sphere) and of contact (Hertz, shrink fit with friction)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from containment.errors import SolverError
from containment.meshing.mesh import SectionMesh
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.contact import Contact, Plane, Touching
from containment.structure.knockdown import axial_cylinder
from containment.structure.loads import Held, Loads, Supports
from containment.structure.modes import buckling_factors
from containment.structure.section_solid import PlaneSolid
from containment.structure.shell_buckling import buckling
from containment.structure.solid import elastic
from containment.structure.statics import Statics
from containment.structure.volume import VolumeSolid
from containment.verification import bench_volumes
from containment.verification.bench_sections import four_sided, hollow_sphere, rectangle, together
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]

_ALUMINIUM = {"youngs_modulus": 70e9, "poissons_ratio": 0.3}


def items() -> Iterator[Item]:
    """Buckling and contact."""
    yield from _euler()
    yield from _cylinder()
    yield from _sphere()
    yield from _knockdown()
    yield from _hertz_sphere()
    yield from _hertz_roller()
    yield from _shrink_fit()


# --- buckling


def _euler() -> Iterator[Item]:
    """Cantilevered column, 10 x 10 x 400 mm."""
    side, length, young = 0.01, 0.4, 210e9
    mesh = bench_volumes.brick((2, 2, 16), lambda unit: unit * [side, side, length])
    statics = Statics(VolumeSolid(mesh), {"body": elastic("steel", young, 0.3)})
    supports = Supports(held=(Held("bottom", (0, 1, 2)),))
    result = statics.solve(Loads(pressure={"top": 1e6}), supports)
    ours = float(buckling_factors(statics, result, supports)[0]) * 1e6 * side**2
    reference = np.pi**2 * young * side**4 / 12.0 / (2.0 * length) ** 2
    yield Item.relative("structure.euler-column", reference, ours, 0.01, "N", "pi^2 E I / (2 L)^2; 64 hexahedra")


def _cylinder() -> Iterator[Item]:
    """Cylinder of radius 1 m, wall 10 mm, length 2 m; ends held round, free to tilt."""
    radius, thickness, length = 1.0, 0.01, 2.0
    young, nu = _ALUMINIUM.values()
    section = rectangle(1, 80, r=(radius - thickness / 2, radius + thickness / 2), z=(0.0, length))
    statics = Statics(section, {"body": elastic("aluminium", **_ALUMINIUM)})
    ends = Supports(radial=("bottom", "top"))
    pressed = statics.solve(Loads(pressure={"top": 1e6}), Supports(axial=("bottom",)))
    classical = young * thickness / radius / np.sqrt(3.0 * (1.0 - nu**2))
    found = buckling(statics, pressed, ends, (0, 10)).factors
    for waves, factor in found.items():
        source = "0.605 E t / R, the same for many wave numbers; 160 quadratic triangles"
        yield Item.relative(f"structure.buckling.cylinder-axial-{waves}", classical, factor * 1e6, 0.01, "Pa", source)
    loads = {"outer": 1e5}
    squeezed = statics.solve(Loads(pressure=loads), Supports(axial=("bottom",)))
    answer = buckling(statics, squeezed, ends, range(4, 9), pressure=loads)
    reference = min(_von_mises_pressure(n, young, nu, thickness, radius, length) for n in range(2, 12))
    source = f"R. von Mises 1914, lateral pressure, ours in {answer.waves} waves; 160 quadratic triangles"
    ours = answer.factor * 1e5
    yield Item.relative("structure.buckling.cylinder-pressure", reference, ours, 0.01, "Pa", source)


def _von_mises_pressure(n: int, young: float, nu: float, thickness: float, radius: float, length: float) -> float:
    a = np.pi * radius / length
    bending = thickness**2 / (12.0 * radius**2 * (1.0 - nu**2)) * (n * n - 1.0 + a * a) ** 2
    return float(young * thickness / radius / (n * n - 1.0) * (a**4 / (n * n + a * a) ** 2 + bending))


def _sphere() -> Iterator[Item]:
    """Closed sphere of mean radius 1 m, wall 10 mm, under pressure outside."""
    radius, thickness = 1.0, 0.01
    young, nu = _ALUMINIUM.values()
    outer = radius + thickness / 2
    section = hollow_sphere(1, 120, radius - thickness / 2, outer)
    statics = Statics(section, {"body": elastic("aluminium", **_ALUMINIUM)})
    supports, loads = Supports(axial=("equator",)), {"outer": 1e5}
    answer = buckling(statics, statics.solve(Loads(pressure=loads), supports), supports, (0, 4), pressure=loads)
    # the pressure acts on the outer surface, the formula on the middle one
    classical = 2.0 * young / np.sqrt(3.0 * (1.0 - nu**2)) * (thickness / radius) ** 2 * (radius / outer) ** 2
    source = "1.21 E (t/R)^2, Zoelly 1915; 240 quadratic triangles"
    yield Item.relative("structure.buckling.sphere", classical, answer.factor * 1e5, 0.01, "Pa", source)


def _knockdown() -> Iterator[Item]:
    for ratio, reference in ((50, 0.678), (100, 0.581), (200, 0.471), (500, 0.322)):
        name = f"structure.knockdown.cylinder-{ratio}"
        # the reference is given to three digits
        yield Item.absolute(name, reference, axial_cylinder(ratio), 6e-4, "", "NASA SP-8007 rev. 2 (2020)")


# --- contact


def _ball(radius: float, count: int, grading: float) -> SectionMesh:
    """Lower half of a ball or roller standing on the origin, fine there; its skin is "inner" and "top", the cut through
    its centre "outer", the middle line "bottom"."""
    x = np.linspace(0.0, 1.0, count + 1) ** grading
    nothing = np.zeros_like(x)

    def arc(angle: Floats) -> Floats:
        return radius * np.column_stack([np.sin(angle), 1.0 - np.cos(angle)])

    cut = radius * np.column_stack([x, np.ones_like(x)])
    quarter = np.pi / 4.0
    return four_sided(arc(x * quarter), cut, np.column_stack([nothing, radius * x]), arc(quarter * (1.0 + x)))


def _pressed(solve: Callable[[float], Touching], force: float, first: float) -> tuple[Touching, float]:
    """The contact at a wanted force and the approach to get there: secant on the approach."""
    tried: list[tuple[float, float]] = []
    approach = first
    for _ in range(8):
        found = solve(approach)
        if abs(found.force / force - 1.0) < 1e-4:
            return found, approach
        tried.append((approach, found.force))
        if len(tried) == 1:
            approach *= (force / found.force) ** (2.0 / 3.0)
        else:
            (a, fa), (b, fb) = tried[-2:]
            approach = b + (force - fb) * (b - a) / (fb - fa)
    raise SolverError("the force on a contact was not found", history=[f for _, f in tried])


def _down(approach: float) -> Callable[[Floats], Floats]:
    return lambda points: np.tile([0.0, -approach], (len(points), 1))


def _hertz_sphere() -> Iterator[Item]:
    """Ball of 12.2474 m on a rigid plane under 58.904 MN."""
    section = _ball(6.1237, 40, 1.6)
    solid = AxisymmetricSolid(section)
    statics = Statics(solid, {"body": elastic("ball", 100e6, 0.29)})
    contact = Contact(solid, "inner", Plane((0.0, 0.0), (0.0, 1.0)), 100e6)

    def solve(approach: float) -> Touching:
        supports = Supports(held=(Held("outer", (1,), _down(approach)),))
        state = statics.solve(Loads(), supports, joint=contact, shares=(0.05, 0.2, 0.5, 1.0)).state
        return contact.touching(state.displacement, state.joint)

    found, _ = _pressed(solve, 58.904e6, 0.28)
    source = "Hertz 1881, ball on a rigid plane; 3200 quadratic triangles, edges of {:.2g} m at the contact"
    source = source.format(float(np.diff(np.linspace(0.0, 1.0, 41) ** 1.6)[10]) * 6.1237 * np.pi / 4.0)
    # good codes reach 2 to 5 %; the contact is a fifth of the radius wide, where Hertz's half space is itself 1 % off
    yield Item.relative("structure.hertz-sphere.peak-pressure", 15.359e6, _peak(found), 0.03, "Pa", source)
    width = _half_width(found)
    yield Item.relative("structure.hertz-sphere.contact-radius", 1.3532, width, 0.05, "m", source)


def _hertz_roller() -> Iterator[Item]:
    """Steel roller of 50 mm radius on an aluminium block under 35 kN per mm, plane strain; half of it."""
    count, grading, newton = 36, 1.8, 1e6  # N/m of half the roller: 17.5 kN/mm = 17.5e6 N/m
    x = np.linspace(0.0, 1.0, count - 3) ** grading
    y = np.linspace(0.0, 1.0, count + 1) ** grading
    block = four_sided(
        0.1 * np.column_stack([x, 0.0 * x]), np.column_stack([0.1 * x, np.full_like(x, -0.2)]),
        -0.2 * np.column_stack([0.0 * y, y]), np.column_stack([np.full_like(y, 0.1), -0.2 * y]),
    )  # fmt: skip
    solid = PlaneSolid(together(_ball(0.05, count, grading), block, ("roller", "block")))
    statics = Statics(solid, {"roller": elastic("steel", 210e9, 0.3), "block": elastic("aluminium", 70e9, 0.3)})
    contact = Contact(solid, "roller_inner", "block_inner", 70e9)

    def solve(approach: float) -> Touching:
        held = (Held("roller_outer", (1,), _down(approach)),)
        supports = Supports(radial=("roller_bottom", "block_bottom"), axial=("block_outer",), held=held)
        state = statics.solve(Loads(), supports, joint=contact, shares=(0.02, 0.1, 0.3, 0.6, 1.0)).state
        return contact.touching(state.displacement, state.joint)

    found, _ = _pressed(solve, 17.5 * newton, 1.6e-3)
    source = "Hertz; NAFEMS benchmark CB-1 (Konter 2006); two meshes that do not match, edges of about 0.5 mm"
    yield Item.relative("structure.hertz-roller.peak-pressure", 3585.4e6, _peak(found), 0.04, "Pa", source)
    # the width: within one element
    yield Item.absolute("structure.hertz-roller.half-width", 6.215e-3, _half_width(found), 1.0e-3, "m", source)


def _peak(found: Touching) -> float:
    return float(found.edge_pressure().max())


def _half_width(found: Touching) -> float:
    """Radius of the outermost point that is pressed."""
    return float(found.position[found.pressure > 0.0, 0].max())


def _shrink_fit() -> Iterator[Item]:
    """Sleeve shrunk on a ring with 50 um of interference; then pulled off against friction of 0.15."""
    young, interference, friction = 210e9, 5e-5, 0.15
    core, sleeve = rectangle(6, 8, r=(0.05, 0.1), z=(0.0, 0.1)), rectangle(6, 11, r=(0.1, 0.15), z=(0.0, 0.1))
    solid = AxisymmetricSolid(together(core, sleeve, ("core", "sleeve")))
    steel = elastic("steel", young, 0.3)
    statics = Statics(solid, {"core": steel, "sleeve": steel})
    lines = ("core_outer", "sleeve_inner")
    smooth = Contact(solid, *lines, young, interference=interference)
    # the sum of the rings' give under pressure, Lame: (R_o^2 + R_i^2) / (R_o^2 - R_i^2) each, Poisson terms cancel
    give = sum((b * b + a * a) / (b * b - a * a) for a, b in ((0.05, 0.1), (0.1, 0.15)))
    pressure = young * interference / (0.1 * give)
    state = statics.solve(Loads(), Supports(axial=("core_bottom", "sleeve_bottom")), joint=smooth).state
    source = "Lame, two rings of one metal; 228 quadratic triangles, meshes do not match"
    edges = smooth.touching(state.displacement, state.joint).edge_pressure()
    for name, ours in (("lowest", edges.min()), ("highest", edges.max())):
        yield Item.relative(f"structure.shrink-fit.{name}-pressure", pressure, float(ours), 0.01, "Pa", source)
    rough = Contact(solid, *lines, young, friction=friction, interference=interference)
    held = Supports(axial=("core_bottom",))
    slip = friction * pressure * 2.0 * np.pi * 0.1 * 0.1
    area = np.pi * (0.15**2 - 0.1**2)

    def holds(share: float) -> bool:
        loads = Loads(traction={"sleeve_top": (0.0, share * slip / area)})
        try:
            statics.solve(loads, held, joint=rough, shares=(1e-6, 0.3, 0.6, 0.9, 1.0), halvings=0)
        except SolverError:
            return False
        return True

    low, high = 0.9, 1.1
    while high - low > 0.01:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    source = "mu p A, Coulomb; the sleeve gets thinner by the pull, which the closed form leaves out"
    yield Item.relative("structure.shrink-fit.slip-force", slip, 0.5 * (low + high) * slip, 0.03, "N", source)
