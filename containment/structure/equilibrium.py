"""Equilibrium of a body at its integration points: the material's answer to a displacement, and Newton's method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.structure.elements import Block, SolidElements
from containment.structure.loads import region_number
from containment.structure.plasticity import update
from containment.structure.section_solid import PlaneSolid
from containment.structure.solid import Solid, check_range, solid_grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESIDUAL = 1e-8  # of the load: far below the discretisation error, far above rounding of the assembly
MAX_ITERATIONS = 25
_ACROSS = 1e-10  # of the largest stress: what a membrane may keep across its plane


@dataclass(frozen=True)
class Orthotropic:
    """An elastic region whose axes turn with its cells: `stiffness` (cell, n, n) Pa and thermal strain per kelvin
    `expansion` (cell, n) for the cells of the region, in the order of the caller's mesh, in the body's components.
    `twist` (cell, 2, 2) Pa of a body of revolution: shear out of the section, components rt and zt."""

    stiffness: Floats
    expansion: Floats
    twist: Floats


@dataclass
class State:
    """Displacement and plastic state at points, the stress and tangent that go with them, and the memory of joints."""

    displacement: Floats
    plastic_strain: Floats
    plastic: Floats
    stress: Floats
    tangent: Floats
    yield_stress: Floats
    joint: Floats

    @classmethod
    def empty(cls, body: SolidElements, joint: Floats | None = None) -> State:
        """The state without load."""
        points, n = body.shape, body.components
        return cls(
            np.zeros(body.size), np.zeros((*points, n)), np.zeros(points), np.zeros((*points, n)),
            np.zeros((*points, n, n)), np.zeros(points), np.zeros(0) if joint is None else joint,
        )  # fmt: skip


class Joint(Protocol):
    """Forces between parts of a body that depend on its displacement: contact, friction."""

    def start(self) -> Floats:
        """Memory of the joint without load."""

    def respond(self, displacement: Floats, memory: Floats, share: float) -> tuple[Floats, tuple[Block, ...], Floats]:
        """Nodal forces the joint resists with, their derivatives, and the new memory, at a share of its preload."""


class MaterialPoints:
    """The materials of a body at its integration points, by region name.

    Raises DataError for a region without material and for a material whose region the mesh lacks.
    """

    def __init__(
        self, body: SolidElements, solids: Mapping[str, Solid], composites: Mapping[str, Orthotropic] | None = None
    ) -> None:
        missing = [name for name in body.regions if name not in solids]
        if missing:
            raise DataError(f"no material for region {', '.join(missing)}", advice="give every region a card")
        absent = [name for name in solids if name not in body.regions]
        if absent:
            raise DataError(
                f"the mesh has no cells of {', '.join(absent)}, expected {', '.join(solids)}",
                advice="the part was lost in meshing: check its shape and place, then mesh again",
            )
        self.body = body
        self._grid = solid_grid([solids[name] for name in body.regions])
        rows = {number: row for row, number in enumerate(body.regions.values())}
        self._row = np.array([rows[n] for n in body.cell_region.tolist()], dtype=np.int32)
        self._composites = [self._placed(name, given) for name, given in (composites or {}).items()]

    def _placed(self, name: str, given: Orthotropic) -> tuple[NDArray[np.bool_], Orthotropic]:
        """Which cells are of the composite, and its constants in the order of the body's cells."""
        mine = self.body.cell_region == region_number(self.body, name)
        n = self.body.components
        if given.stiffness.shape != (int(mine.sum()), n, n) or given.expansion.shape != (int(mine.sum()), n):
            raise DataError(f"composite {name!r}: found constants of {given.stiffness.shape}, expected one a cell")
        place = np.empty(len(mine), dtype=np.int64)
        place[np.sort(self.body.cells[mine])] = np.arange(int(mine.sum()))
        order = place[self.body.cells[mine]]
        return mine, Orthotropic(given.stiffness[order], given.expansion[order], given.twist[order])

    @property
    def density(self) -> Floats:
        """(cell,) kg/m^3 in the body's cell order."""
        return np.asarray(self._grid.density[self._row])

    def check_range(self, temperature: Floats) -> None:
        """Raise DataError when a temperature (cell, point) leaves the tables of its material."""
        check_range(self._grid, self._row, temperature)

    def respond(self, displacement: Floats, old: State, warm: Floats, reference: float) -> State:
        """Stress, tangent and plastic state for a displacement, from the state at the start of the increment."""
        strain = self.body.strain(displacement)
        new = State.empty(self.body, old.joint)
        new.displacement = displacement
        self._update(strain, old, new, warm, reference)
        if isinstance(self.body, PlaneSolid) and self.body.membrane:
            self._free_across(strain, old, new, warm, reference)
        return new

    def _update(self, strain: Floats, old: State, new: State, warm: Floats, reference: float) -> None:
        g = self._grid
        update(
            strain, warm, reference, self._row, g.start, g.step, g.youngs_modulus, g.poissons_ratio, g.thermal_strain,
            g.yield_stress, g.plastic_strain, g.hardening, old.plastic_strain, old.plastic, new.stress, new.tangent,
            new.plastic_strain, new.plastic, new.yield_stress,
        )  # fmt: skip
        for mine, constants in self._composites:
            heated = (warm[mine] - reference)[..., None] * constants.expansion[:, None, :]
            new.stress[mine] = np.einsum("cij,cpj->cpi", constants.stiffness, strain[mine] - heated)
            new.tangent[mine] = constants.stiffness[:, None]
            new.plastic_strain[mine], new.plastic[mine] = 0.0, 0.0

    def twist(self, elastic: State) -> Floats:
        """(cell, point, 2, 2) shear stiffness out of the section (rt, zt) of a body of revolution, Pa."""
        result = elastic.tangent[..., 3, 3, None, None] * np.eye(2)
        for mine, constants in self._composites:
            result[mine] = constants.twist[:, None]
        return np.asarray(result)

    def _free_across(self, strain: Floats, old: State, new: State, warm: Floats, reference: float) -> None:
        """The strain across a membrane for which its stress vanishes, and the tangent with it eliminated."""
        for _ in range(MAX_ITERATIONS):
            across = new.stress[..., 2]
            if float(np.abs(across).max()) <= _ACROSS * max(float(np.abs(new.stress).max()), 1e-300):
                break
            strain[..., 2] -= across / new.tangent[..., 2, 2]
            self._update(strain, old, new, warm, reference)
        else:
            raise SolverError("no strain across the membrane frees it of stress", advice="reduce the load step")
        coupling, stiff = new.tangent[..., :, 2], new.tangent[..., 2, 2]
        new.tangent -= coupling[..., :, None] * coupling[..., None, :] / stiff[..., None, None]


@dataclass(frozen=True)
class Course:
    """What is put on a body: nodal `force`, temperature at points, dofs held and where to, joints."""

    force: Floats
    warm: Floats
    reference: float
    fixed: Ints
    moved: Floats
    joint: Joint | None = None

    def at(self, share: float) -> Course:
        """The same at a share of the load."""
        warm = self.reference + share * (self.warm - self.reference)
        return Course(share * self.force, warm, self.reference, self.fixed, share * self.moved, self.joint)


def equilibrium(points: MaterialPoints, old: State, course: Course, share: float) -> tuple[State, int]:
    """Newton's method with the consistent tangent, started from the end of the last increment: the state at a share of
    the load, and iterations. Raises SolverError with the residuals over the load."""
    body, now = points.body, course.at(share)
    u = old.displacement.copy()
    u[now.fixed] = now.moved
    history: list[float] = []
    scale = float(np.abs(now.force).max())
    for iteration in range(MAX_ITERATIONS):
        new = points.respond(u, old, now.warm, now.reference)
        internal = body.internal_force(new.stress)
        blocks: tuple[Block, ...] = ()
        if now.joint is not None:
            resisting, blocks, new.joint = now.joint.respond(u, old.joint, share)
            internal = internal + resisting
        # heated parts without outside forces: the load is what the thermal strain would need if nothing moved
        scale = max(scale, float(np.abs(internal).max()))
        residual = now.force - internal
        residual[now.fixed] = 0.0
        size = float(np.abs(residual).max())
        history.append(size / scale if scale > 0.0 else 0.0)
        if history[-1] <= RESIDUAL:
            return new, iteration
        # a Newton method that converges is far below a tenth of the load after eight iterations
        if not np.isfinite(size) or (iteration >= 8 and history[-1] > 0.1):
            break
        try:
            u = u + body.solve(new.tangent, residual, now.fixed, blocks)
        except SolverError:  # the tangent is singular: a mechanism, plastic or for want of a support
            break
    raise SolverError(
        f"no equilibrium after {len(history)} iterations",
        history=history,
        advice="the part may collapse plastically or lack a support: reduce the load or hold it",
    )
