"""What acts on a solid and what holds it, turned into nodal forces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.elements import SolidElements
from containment.structure.section_solid import SectionSolid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Loads:
    """Everything that acts.

    `temperature` (node,) K; `reference_temperature` K, where there is no thermal strain; `acceleration` m/s^2 of the
    body along its last coordinate (+z), felt as the force -density * acceleration; `pressure` by the name of
    a tagged outer line or surface, Pa, one number or, on lines, one per edge in the order of the line's edges in
    `section.facets`; `traction` (dim,) Pa likewise; `mass_factor` by region multiplies its density, for mass the mesh
    carries but does not show; `force_density` gives N/m^3 by component from the coordinates.
    """

    temperature: Floats | None = None
    reference_temperature: float = 293.15
    acceleration: float = 0.0
    pressure: Mapping[str, float | Floats] = field(default_factory=dict)
    traction: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    mass_factor: Mapping[str, float] = field(default_factory=dict)
    force_density: Callable[..., tuple[Floats, ...]] | None = None


@dataclass(frozen=True)
class Held:
    """Components of the displacement given on a tagged line or surface, or where a function of positions (n, dim) is
    true: zero, or `value` (n, dim) m as a function of positions."""

    where: str | Callable[[Floats], NDArray[np.bool_]]
    components: tuple[int, ...]
    value: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True)
class Supports:
    """What is held: the displacement in r (x) or z (y) is zero on tagged lines, and in z at the node `pin`; `held` for
    anything else.

    The pin is for bodies whose loads are in balance and would drift; its reaction is then zero, and is reported. The
    axis of a body of revolution is always held in r.
    """

    radial: tuple[str, ...] = ()
    axial: tuple[str, ...] = ()
    pin: int | None = None
    held: tuple[Held, ...] = ()


def external_force(solid: SolidElements, density: Floats, loads: Loads) -> Floats:
    """Nodal forces of inertia, pressure and traction; `density` (cell,) kg/m^3 in the solid's cell order."""
    factor = np.ones(len(solid.cells))
    for name, value in loads.mass_factor.items():
        factor[solid.cell_region == region_number(solid, name)] = value
    weight = (density * factor)[:, None] * np.ones(solid.shape)
    force = solid.body_force(*[None] * (solid.dimension - 1), -weight * loads.acceleration)
    if loads.force_density is not None:
        force += solid.body_force(*loads.force_density(*np.moveaxis(solid.position, -1, 0)))
    for name, pressure in loads.pressure.items():
        force += solid.pressure(name, pressure)
    for name, traction in loads.traction.items():
        force += solid.traction(name, traction)
    return force


def region_number(solid: SolidElements, name: str) -> int:
    """Number of a region; DataError naming those that exist."""
    if name not in solid.regions:
        raise DataError(f"no region {name!r} in the mesh; it has {', '.join(solid.regions)}", advice="correct the name")
    return solid.regions[name]


def held_values(solid: SolidElements, supports: Supports) -> dict[int, float]:
    """Displacement of every degree of freedom that is given, by its number."""
    values: dict[int, float] = {}
    for held in supports.held:
        blocks = solid.blocks(held.where)
        if not blocks.size:
            raise DataError("a support holds no node of the mesh", advice="correct the place of the support")
        moved = np.zeros((len(blocks), solid.dimension))
        if held.value is not None:
            moved = held.value(solid.block_position[blocks])
        for component in held.components:
            dofs = solid.dimension * blocks + component
            values.update(zip(dofs.tolist(), moved[:, component].tolist(), strict=True))
    if isinstance(solid, SectionSolid):
        values.update(dict.fromkeys(_section_dofs(solid, supports).tolist(), 0.0))
    elif supports.radial or supports.axial or supports.pin is not None:
        raise DataError("radial, axial and pin are supports of sections", advice="hold a volume by `held`")
    return values


def held_dofs(solid: SolidElements, supports: Supports) -> Ints:
    """Degrees of freedom whose displacement is given, in ascending order."""
    return np.array(sorted(held_values(solid, supports)), dtype=np.int64)


def _section_dofs(solid: SectionSolid, supports: Supports) -> Ints:
    radial = [solid.axis_blocks(), *(solid.named_blocks(name) for name in supports.radial)]
    axial = [solid.named_blocks(name) for name in supports.axial]
    if supports.pin is not None:
        axial.append(solid.node_blocks(np.array([supports.pin])))
    blocks = [2 * np.concatenate(radial), *(2 * block + 1 for block in axial)]
    return np.unique(np.concatenate(blocks)).astype(np.int64)
