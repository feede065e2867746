"""What elements must do whatever the load: patch tests, rigid rotation, manufactured solutions with fitted order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.meshing.mesh import SectionMesh
from containment.structure.elements import SolidElements
from containment.structure.loads import Held, Loads, Supports
from containment.structure.plasticity import mises
from containment.structure.section_solid import PlaneSolid
from containment.structure.solid import elastic
from containment.structure.statics import Statics
from containment.structure.volume import VolumeSolid
from containment.verification import bench_volumes
from containment.verification.bench_sections import fitted_order, rectangle
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]

_STEEL = elastic("steel", 210e9, 0.3, yield_stress=240e6)
ROUNDING = 1e-9  # of the stress: condition of the stiffness (1e5) times the precision of a double, with room


def items() -> Iterator[Item]:
    """Patch tests, rigid rotation and manufactured solutions of all bodies."""
    yield from _patches()
    yield from _rotations()
    yield from _manufactured_section()
    yield from _manufactured_volume()


def skewed(count: int = 4) -> SectionMesh:
    """A unit square whose inner nodes are moved, so that no triangle is like another."""
    section = rectangle(count, count)
    inside = ((section.points > 0.0) & (section.points < 1.0)).all(axis=1)
    points = section.points + 0.06 * np.random.default_rng(1).standard_normal(section.points.shape) * inside[:, None]
    return SectionMesh(
        points, section.triangles, section.region, section.facets, section.facet, section.regions, section.facet_names
    )


def _skewed_volume(tetrahedra: bool) -> VolumeSolid:
    rng = np.random.default_rng(2)

    def place(unit: Floats) -> Floats:
        inside = ((unit > 1e-9) & (unit < 1.0 - 1e-9)).all(axis=1)
        return np.asarray(unit + 0.05 * rng.standard_normal(unit.shape) * inside[:, None])

    return VolumeSolid(bench_volumes.brick((3, 3, 3), place, tetrahedra=tetrahedra))


def _bodies() -> dict[str, SolidElements]:
    return {
        "plane-strain": PlaneSolid(skewed()),
        "membrane": PlaneSolid(skewed(), membrane=True),
        "tetrahedra": _skewed_volume(True),
        "hexahedra": _skewed_volume(False),
    }


def _everywhere(points: Floats) -> NDArray[np.bool_]:
    """The outside of the unit square or cube."""
    return np.asarray(((np.abs(points) < 1e-9) | (np.abs(points - 1.0) < 1e-9)).any(axis=1))


def _patches() -> Iterator[Item]:
    """A linear displacement given on the outside of a skewed mesh: the same stress everywhere inside."""
    section = skewed()
    revolved = Statics(section, {"body": _STEEL})
    sides = dict.fromkeys(("outer", "bottom", "top"), 1e6)
    found = revolved.solve(Loads(pressure=sides), Supports(pin=0)).state.stress
    spread = np.abs(found - [-1e6, -1e6, -1e6, 0.0]).max() / 1e6
    yield Item.at_most("structure.patch.axisymmetric", ROUNDING, spread, "", "pressure all round; 32 skewed triangles")
    slope = 1e-4 * np.array([[1.0, 0.4, -0.3], [0.2, -0.5, 0.6], [0.1, -0.2, 0.7]])
    for name, body in _bodies().items():
        moved = slope[: body.dimension, : body.dimension]
        held = Held(_everywhere, tuple(range(body.dimension)), lambda x, g=moved: x @ g.T)  # type: ignore[misc]
        stress = Statics(body, {"body": _STEEL}).solve(Loads(), Supports(held=(held,))).state.stress
        spread = np.abs(stress - stress[0, 0]).max() / np.abs(stress).max()
        source = f"linear displacement; {len(body.cells)} skewed cells"
        yield Item.at_most(f"structure.patch.{name}", ROUNDING, float(spread), "", source)


def _rotations() -> Iterator[Item]:
    """A small rotation strains nothing; a body turned by a large one has the same stress, plastic flow included."""
    for name, body in _bodies().items():
        x = body.block_position
        turned = np.zeros_like(x)
        turned[:, 0], turned[:, 1] = -x[:, 1], x[:, 0]
        strain = float(np.abs(body.strain(1e-3 * turned.ravel())).max()) / 1e-3
        yield Item.at_most(f"structure.rotation.strain-{name}", 1e-12, strain, "", "rotation as displacement; rounding")
    axis, angle = np.array([1.0, 2.0, 2.0]) / 3.0, 0.7
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
    hardening = elastic("steel", 210e9, 0.3, yield_stress=240e6, hardening_modulus=2e9)
    found = []
    for rotation in (np.eye(3), turn):
        mesh = bench_volumes.brick((2, 2, 3), lambda unit, q=rotation: unit @ q.T)  # type: ignore[misc]
        statics = Statics(VolumeSolid(mesh), {"body": hardening})
        held = Supports(held=(Held("bottom", (0, 1, 2)),))
        result = statics.solve(Loads(pressure={"top": 260e6}), held, shares=(0.5, 0.9, 1.0))
        found.append((mises(result.node_stress), result.peak_plastic_strain.max()))
    difference = float(np.abs(found[1][0] - found[0][0]).max() / found[0][0].max())
    source = f"block turned by 40 deg with its load, plastic strain {found[0][1]:.1e}; 12 hexahedra"
    yield Item.at_most("structure.rotation.stress", 1e-7, difference, "", source)  # Newton stops at 1e-8 of the load


# --- manufactured solutions: on r in (1, 2), z in (0, 1) u_r = s, u_z = s / 2; in the unit cube u = s (1, 1/2, -1)

_LAMBDA, _MU = 1.0, 0.7  # Pa, any values
_UNIT = elastic("unit", _MU * (3.0 * _LAMBDA + 2.0 * _MU) / (_LAMBDA + _MU), _LAMBDA / (2.0 * (_LAMBDA + _MU)))


def _section_stress(r: Any, z: Any) -> tuple[Any, Any, Any, Any]:
    p = np.pi
    across, up = np.sin(p * (r - 1.0)), np.sin(p * z)
    d_across, d_up = p * np.cos(p * (r - 1.0)), p * np.cos(p * z)
    rr, tt, zz = d_across * up, across * up / r, 0.5 * across * d_up
    shear = across * d_up + 0.5 * d_across * up
    volume = _LAMBDA * (rr + tt + zz)
    return volume + 2.0 * _MU * rr, volume + 2.0 * _MU * zz, volume + 2.0 * _MU * tt, _MU * shear


def section_force(r: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Force density that has the manufactured solution: minus the divergence, derivatives by complex step (exact)."""
    h = 1e-30
    by_r = [np.imag(s) / h for s in _section_stress(r + 1j * h, z)]
    by_z = [np.imag(s) / h for s in _section_stress(r, z + 1j * h)]
    rr, _, tt, rz = _section_stress(r, z)
    return -(by_r[0] + by_z[3] + (rr - tt) / r), -(by_r[3] + by_z[1] + rz / r)


def _manufactured_section() -> Iterator[Item]:
    lines = ("inner", "outer", "bottom", "top")
    sizes, errors = [], []
    for count in (4, 8, 16):
        statics = Statics(rectangle(count, count, r=(1.0, 2.0)), {"body": _UNIT}, degree=4)
        result = statics.solve(Loads(force_density=section_force), Supports(radial=lines, axial=lines))
        r, z = np.moveaxis(statics.body.position, -1, 0)
        exact = (np.sin(np.pi * (r - 1.0)) * np.sin(np.pi * z))[..., None] * [1.0, 0.5]
        sizes.append(1.0 / count)
        errors.append(_mean_error(statics.body, result.state.displacement, exact))
    yield _order("structure.manufactured.axisymmetric", sizes, errors, "32 to 512 quadratic triangles")


_DIRECTION = np.array([1.0, 0.5, -1.0])


def _volume_stress(x: Any) -> Any:
    """(3, 3, ...) stress of u = s (1, 1/2, -1), s = sin(pi x) sin(pi y) sin(pi z), at x (3, ...)."""
    p = np.pi
    sine, cosine = np.sin(p * x), p * np.cos(p * x)
    slope = [cosine[0] * sine[1] * sine[2], sine[0] * cosine[1] * sine[2], sine[0] * sine[1] * cosine[2]]
    g = np.array([[d * s for s in slope] for d in _DIRECTION])
    volume = _LAMBDA * (g[0, 0] + g[1, 1] + g[2, 2])
    stress = _MU * (g + np.swapaxes(g, 0, 1))
    for i in range(3):
        stress[i, i] += volume
    return stress


def volume_force(*place: Floats) -> tuple[Floats, ...]:
    """Force density of the manufactured solution in the cube, derivatives by complex step (exact)."""
    x = np.array(place)
    force = np.zeros_like(x)
    for direction in range(3):
        step = np.zeros((3, *[1] * (x.ndim - 1)), dtype=complex)
        step[direction] = 1e-30j
        force -= np.imag(_volume_stress(x + step)[:, direction]) / 1e-30
    return tuple(force)


def _manufactured_volume() -> Iterator[Item]:
    held = Supports(held=(Held(_everywhere, (0, 1, 2)),))
    for name, tetrahedra, counts in (("tetrahedra", True, (2, 4, 7)), ("hexahedra", False, (2, 4, 8))):
        sizes, errors = [], []
        for count in counts:
            mesh = bench_volumes.brick((count, count, count), tetrahedra=tetrahedra)
            statics = Statics(VolumeSolid(mesh, degree=4), {"body": _UNIT})
            result = statics.solve(Loads(force_density=volume_force), held)
            exact = np.prod(np.sin(np.pi * statics.body.position), axis=-1)[..., None] * _DIRECTION
            sizes.append(1.0 / count)
            errors.append(_mean_error(statics.body, result.state.displacement, exact))
        cells = [count**3 * (6 if tetrahedra else 1) for count in (counts[0], counts[-1])]
        yield _order(f"structure.manufactured.{name}", sizes, errors, f"{cells[0]} to {cells[1]} quadratic {name}")


def _mean_error(body: SolidElements, displacement: Floats, exact: Floats) -> float:
    squares = ((body.displacement_at_points(displacement) - exact) ** 2).sum(axis=-1)
    return float(np.sqrt((squares * body.weights).sum() / body.weights.sum()))


def _order(name: str, sizes: list[float], errors: list[float], mesh: str) -> Item:
    """Order p + 1 = 3 of the displacement in the mean, within 0.1; more is no fault."""
    order = fitted_order(sizes, errors)
    shortfall = max(3.0 - order, 0.0)
    source = f"manufactured solution, at least p + 1; {mesh}"
    return Item(f"{name}.order", 3.0, order, shortfall, 0.1, "", source, shortfall <= 0.1)
