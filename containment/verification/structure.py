"""Benchmarks of the statics: closed forms of thick walls, thermal stress, plastic collapse; and its other files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from containment.structure.collapse import collapse_share
from containment.structure.laminate import Laminate, Ply, laminate, turned
from containment.structure.linearisation import linearised
from containment.structure.loads import Loads, Supports
from containment.structure.solid import elastic
from containment.structure.statics import Statics, StaticsResult
from containment.structure.strain_limit import ductility
from containment.verification import bench_nafems, bench_patches, bench_refusals, bench_stability
from containment.verification.bench_sections import hollow_sphere, node_at, rectangle
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]

_A, _B = 0.1, 0.2  # m, inner and outer radius of every thick sphere and cylinder here
_STEEL = {"youngs_modulus": 210e9, "poissons_ratio": 0.3}
_YIELD = 240e6  # Pa
_HILL = "R. Hill, The Mathematical Theory of Plasticity (1950), ch. V; 384 quadratic triangles"
_SPHERE = "Lame; Timoshenko and Goodier, Theory of Elasticity, art. 136; 864 quadratic triangles"
_CYLINDER = "Lame; Timoshenko and Goodier, Theory of Elasticity, art. 28; 144 quadratic triangles"


def items() -> Iterator[Item]:
    """All benchmarks of the statics, in seconds of CPU time."""
    yield from bench_patches.items()
    yield from bench_nafems.items()
    yield from bench_stability.items()
    yield from bench_refusals.items()
    yield from _thick_sphere()
    yield from _thick_cylinder()
    yield from _hot_sphere()
    yield from _laminate()
    yield from _strain_limit()
    yield from _plastic_sphere()
    yield from _plastic_cylinder()


@cache
def _sphere(through: int) -> Statics:
    section = hollow_sphere(through, 3 * through, _A, _B)
    return Statics(section, {"body": elastic("steel", **_STEEL, yield_stress=_YIELD)})


_SPHERE_HELD = Supports(axial=("equator",))


def _thick_sphere() -> Iterator[Item]:
    statics = _sphere(12)
    result = statics.solve(Loads(pressure={"inner": 100e6}), _SPHERE_HELD)
    section = statics.solid.section
    for name, radius, hoop, moved in (("inner", _A, 71.43e6, 38.095e-6), ("outer", _B, 21.43e6, 14.286e-6)):
        at = node_at(section, radius, 0.0)
        # 1 % stress, 0.1 % displacement: what good codes reach on such a mesh
        yield Item.relative(f"structure.thick-sphere.hoop-{name}", hoop, result.node_stress[at, 2], 0.01, "Pa", _SPHERE)
        yield Item.relative(
            f"structure.thick-sphere.displacement-{name}", moved, result.displacement[at, 0], 1e-3, "m", _SPHERE
        )


def _thick_cylinder() -> Iterator[Item]:
    section = rectangle(12, 6, r=(_A, _B), z=(0.0, 0.05))
    statics = Statics(section, {"body": elastic("steel", **_STEEL)})
    end_pull = -100e6 * _A**2 / (_B**2 - _A**2)
    result = statics.solve(Loads(pressure={"inner": 100e6, "top": end_pull}), Supports(axial=("bottom",)))
    for name, radius, hoop in (("inner", _A, 166.67e6), ("outer", _B, 66.67e6)):
        at = node_at(section, radius, 0.025)
        yield Item.relative(
            f"structure.thick-cylinder.hoop-{name}", hoop, result.node_stress[at, 2], 0.01, "Pa", _CYLINDER
        )
    wall = linearised(section, result.node_stress, "top")
    # the mean hoop stress of a wall is p a / t by equilibrium, whatever its distribution
    yield Item.relative(
        "structure.thick-cylinder.membrane-hoop",
        100e6,
        wall.membrane[2],
        5e-3,
        "Pa",
        "p a / t by equilibrium; 144 quadratic triangles",
    )
    # 6/t^2 int s (t/2 - x) dx of Lame's hoop stress A (1 + b^2/r^2), A = p a^2 / (b^2 - a^2)
    bending = 6.0 / 0.1**2 * (100e6 / 3.0) * _B**2 * (0.15 * (1.0 / _A - 1.0 / _B) - np.log(_B / _A))
    yield Item.relative("structure.thick-cylinder.bending-hoop", bending, wall.bending[2], 0.02, "Pa", _CYLINDER)
    axial = float(result.stress[:, 1].mean())
    yield Item.relative("structure.thick-cylinder.axial", 33.333e6, axial, 1e-3, "Pa", _CYLINDER)


def _hot_sphere() -> Iterator[Item]:
    """Steady conduction through the wall, 100 K hotter inside; titanium constants."""
    section = hollow_sphere(16, 48, _A, _B)
    titanium = elastic("titanium", 113.8e9, 0.342, expansion=9e-6)
    radius = np.linalg.norm(section.points, axis=1)
    temperature = 293.15 + 100.0 * (_A / radius) * (_B - radius) / (_B - _A)
    result = Statics(section, {"body": titanium}).solve(Loads(temperature=temperature), _SPHERE_HELD)
    source = "steady conduction, Timoshenko and Goodier art. 136; 1536 quadratic triangles"
    for name, at_radius, component, reference in (
        ("hoop-inner", _A, 2, -111.18e6), ("hoop-outer", _B, 2, 44.47e6), ("radial-quarter", 0.125, 0, -24.55e6),
    ):  # fmt: skip
        ours = float(_along_equator(section.points, result, component, at_radius))
        # 1 %: what good codes reach
        yield Item.relative(f"structure.hot-sphere.{name}", reference, ours, 0.01, "Pa", source)


def _laminate() -> Iterator[Item]:
    """Orthotropic ring under pressure inside, stiff around; a laminate of equal directions is isotropic."""
    section = rectangle(12, 2, r=(_A, _B), z=(0.0, 0.02))
    radial, around = 10e9, 90e9
    # no Poisson's ratio towards the axis: the ring is then in plane stress exactly
    ring = Laminate((10e9, radial, around), 4e9, 4e9, 4e9, 0.0, 0.0, 0.03, (0.0, 0.0, 0.0))
    upward = np.tile([0.0, 1.0], (len(section.triangles), 1))
    statics = Statics(section, {"body": elastic("ring", **_STEEL)}, composites={"body": turned(ring, upward)})
    result = statics.solve(Loads(pressure={"inner": 100e6}), Supports(axial=("bottom",)))
    k, c = np.sqrt(around / radial), _A / _B
    source = "S. G. Lekhnitskii, Anisotropic Plates, orthotropic ring; 48 quadratic triangles"
    for name, r in (("inner", _A), ("outer", _B)):
        hoop = 100e6 * c ** (k + 1) * k / (1 - c ** (2 * k)) * ((r / _B) ** (k - 1) + (_B / r) ** (k + 1))
        ours = result.node_stress[node_at(section, r, 0.01), 2]
        yield Item.relative(f"structure.laminate.ring-hoop-{name}", hoop, ours, 0.02, "Pa", source)
    quarter = np.pi / 4.0
    plies = [Ply(i * quarter, 0.25, 160e9, 9e9, 0.32, 5e9) for i in range(4)]
    found = laminate(plies, 9e9, 4e9)
    expected = found.moduli[0] / (2.0 * (1.0 + found.poisson_13))
    source = "a quarter of the plies each at 0, 45, 90, -45 deg is isotropic in its plane"
    yield Item.relative("structure.laminate.quasi-isotropic-shear", expected, found.shear_31, 1e-9, "Pa", source)


def _strain_limit() -> Iterator[Item]:
    """Strain limit of a titanium alloy in simple, equal two-way and notched tension."""
    metal = ductility("titanium", 880e6, 950e6, 0.10)
    source = "ASME VIII-2 5.3.3 by hand, e_u = 1.3 ln 1.1, m = 0.5 (0.98 - 880/950), a = 2.2; constants as recalled"
    by_hand = {
        "simple": ((1, 0, 0, 0), 0.123903),
        "two-way": ((1, 1, 0, 0), 0.060663),
        "notched": ((2, 1, 1, 0), 0.0145415),
    }
    for name, (stress, expected) in by_hand.items():
        ours = float(metal.limit(np.array(stress, dtype=np.float64)))
        yield Item.relative(f"structure.strain-limit.{name}", expected, ours, 1e-5, "", source)  # digits given


def _along_equator(points: Floats, result: StaticsResult, component: int, radius: float) -> Floats:
    line = np.flatnonzero(points[:, 1] == 0.0)
    line = line[np.argsort(points[line, 0])]
    return np.asarray(np.interp(radius, points[line, 0], result.node_stress[line, component]))


def hill_pressure(front: Floats) -> Floats:
    """Pressure at which a thick sphere is plastic up to radius `front`: 2 Y ln(c/a) + 2Y/3 (1 - c^3/b^3), Pa."""
    return np.asarray(2.0 * _YIELD * np.log(front / _A) + 2.0 * _YIELD / 3.0 * (1.0 - front**3 / _B**3))


def _plastic_sphere() -> Iterator[Item]:
    statics = _sphere(8)
    section = statics.solid.section
    first = 2.0 / 3.0 * _YIELD * (1.0 - (_A / _B) ** 3)
    elastic_answer = statics.solve(Loads(pressure={"inner": first}), _SPHERE_HELD)
    at = node_at(section, _A, 0.0)
    radial, hoop = elastic_answer.node_stress[at, 0], elastic_answer.node_stress[at, 2]
    yield Item.relative("structure.plastic-sphere.first-yield", _YIELD, hoop - radial, 0.01, "Pa", _HILL)
    fronts = np.array([0.12, 0.14, 0.16, 0.18])
    pressures = hill_pressure(fronts)
    shares = tuple((pressures / pressures[-1]).tolist())
    path = statics.solve(Loads(pressure={"inner": float(pressures[-1])}), _SPHERE_HELD, shares=shares).path
    outer = node_at(section, _B, 0.0)
    for front, pressure, displacement in zip(fronts, pressures, path, strict=True):
        # the shell outside the front is elastic: u(b) = Y (1 - nu) c^3 / (E b^2) tells where the front is
        cubed = displacement[outer, 0] * _STEEL["youngs_modulus"] * _B**2 / (_YIELD * (1.0 - _STEEL["poissons_ratio"]))
        ours = float(hill_pressure(np.cbrt(cubed)))
        name = f"structure.plastic-sphere.pressure-at-front-{1000 * front:.0f}mm"
        yield Item.relative(name, float(pressure), ours, 0.01, "Pa", _HILL)
    collapse = 2.0 * _YIELD * np.log(_B / _A)
    share = collapse_share(
        statics, Loads(pressure={"inner": collapse}), _SPHERE_HELD, low=0.97, high=1.03, tolerance=5e-4
    )  # fmt: skip
    yield Item.relative("structure.plastic-sphere.collapse", collapse, share * collapse, 0.005, "Pa", _HILL)


def _plastic_cylinder() -> Iterator[Item]:
    """Plane strain, Mises: fully constrained plastic flow, where elements that lock overshoot."""
    section = rectangle(8, 2, r=(_A, _B), z=(0.0, 0.02))
    statics = Statics(section, {"body": elastic("steel", **_STEEL, yield_stress=_YIELD)})
    collapse = 2.0 / np.sqrt(3.0) * _YIELD * np.log(_B / _A)
    share = collapse_share(
        statics, Loads(pressure={"inner": collapse}), Supports(axial=("bottom", "top")), low=0.97, high=1.03,
        tolerance=5e-4,
    )  # fmt: skip
    source = "2/sqrt(3) Y ln(b/a), rigid-plastic cylinder in plane strain, Hill 1950; 32 quadratic triangles"
    yield Item.relative("structure.plastic-cylinder.collapse", collapse, share * collapse, 0.005, "Pa", source)
