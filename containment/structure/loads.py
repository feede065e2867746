"""What acts on a solid and what holds it, turned into nodal forces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.axisymmetric import AxisymmetricSolid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Loads:
    """Everything that acts.

    `temperature` (node,) K; `reference_temperature` K, where there is no thermal strain; `acceleration` m/s^2 of the
    body along +z, felt as the force -density * acceleration; `pressure` by the name of a tagged outer line, Pa on the
    surface, one number or one per edge in the order of the line's edges in `section.facets`; `mass_factor` by region
    multiplies its density, for mass the section carries but does not show; `force_density` gives N/m^3 in r and z from
    r and z.
    """

    temperature: Floats | None = None
    reference_temperature: float = 293.15
    acceleration: float = 0.0
    pressure: Mapping[str, float | Floats] = field(default_factory=dict)
    mass_factor: Mapping[str, float] = field(default_factory=dict)
    force_density: Callable[[Floats, Floats], tuple[Floats, Floats]] | None = None


@dataclass(frozen=True)
class Supports:
    """What is held: the displacement in r or z is zero on tagged lines, and in z at the node `pin`.

    The pin is for bodies whose loads are in balance and would drift; its reaction is then zero, and is reported. The
    axis is always held in r.
    """

    radial: tuple[str, ...] = ()
    axial: tuple[str, ...] = ()
    pin: int | None = None


def external_force(solid: AxisymmetricSolid, density: Floats, loads: Loads) -> Floats:
    """Nodal forces per radian of inertia and pressure; `density` (cell,) kg/m^3 in the solid's cell order."""
    section = solid.section
    factor = np.ones(len(section.triangles))
    for name, value in loads.mass_factor.items():
        factor[section.region == section.region_number(name)] = value
    weight = (density * factor[solid.cells])[:, None] * np.ones(solid.radius.shape[1])
    force = solid.body_force(-weight * loads.acceleration)
    if loads.force_density is not None:
        radial, axial = loads.force_density(solid.radius, solid.height)
        force += solid.body_force(axial, radial)
    for name, pressure in loads.pressure.items():
        force += pressure_force(solid, name, pressure)
    return force


def pressure_force(solid: AxisymmetricSolid, line: str, pressure: float | Floats) -> Floats:
    """Nodal forces per radian of a pressure on an outer line: int p n . v r ds, n into the body.

    Three-point Gauss along each edge: exact for a quadratic shape function times the radius. Raises DataError for a
    line inside the body, where "outside" has no meaning.
    """
    ends, middle, opposite, beside = solid.edges(line)
    if (beside > 1).any():
        raise DataError(f"pressure on line {line!r}, which lies inside the body", advice="name an outer line")
    a, b = solid.section.points[ends[:, 0]], solid.section.points[ends[:, 1]]
    along = b - a
    normal = np.column_stack([along[:, 1], -along[:, 0]])  # length of the edge included
    inward = solid.section.points[opposite] - a
    normal *= np.sign(np.einsum("ki,ki->k", normal, inward))[:, None]
    size = np.broadcast_to(np.asarray(pressure, dtype=np.float64), (len(ends),))
    blocks = np.column_stack([solid.node_blocks(ends[:, 0]), solid.node_blocks(ends[:, 1]), middle])
    total = np.zeros((solid.size // 2, 2))
    points, weights = np.polynomial.legendre.leggauss(3)
    for x, weight in zip(0.5 * (points + 1.0), 0.5 * weights, strict=True):
        shape = np.array([(1.0 - x) * (1.0 - 2.0 * x), x * (2.0 * x - 1.0), 4.0 * x * (1.0 - x)])
        radius = (1.0 - x) * a[:, 0] + x * b[:, 0]
        strength = (weight * size * radius)[:, None] * normal
        np.add.at(total, blocks, shape[None, :, None] * strength[:, None, :])
    return total.ravel()


def held_dofs(solid: AxisymmetricSolid, supports: Supports) -> Ints:
    """Degrees of freedom that do not move, 2 * block + component."""
    radial = [solid.axis_blocks(), *(solid.line_blocks(name) for name in supports.radial)]
    axial = [solid.line_blocks(name) for name in supports.axial]
    if supports.pin is not None:
        axial.append(solid.node_blocks(np.array([supports.pin])))
    blocks = [2 * np.concatenate(radial), *(2 * block + 1 for block in axial)]
    return np.unique(np.concatenate(blocks)).astype(np.int64)
