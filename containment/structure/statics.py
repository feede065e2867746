"""Axisymmetric statics of a section or a part of it: temperature, inertia and pressure, elastic or with J2 plasticity.

int sigma(eps(u), T) : eps(v) r dx = - int rho a v_z r dx - sum_lines int p n . v r ds       for all v

solids = {"scv": solid(card), ...}
answer = Statics(section, solids).solve(Loads(pressure={"scv_outer": 1e6}), Supports(pin=0))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.meshing.mesh import SectionMesh
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.loads import Loads, Supports, external_force, held_dofs
from containment.structure.plasticity import mises, update
from containment.structure.solid import Solid, check_range, solid_grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESIDUAL = 1e-8  # of the load: far below the discretisation error, far above rounding of the assembly
MAX_ITERATIONS = 25


@dataclass(frozen=True)
class StaticsResult:
    """Answer of one solution, arrays in the order of the section's nodes and cells.

    `displacement` (node, 2) m; `node_stress` (node, 4) Pa (rr, zz, tt, rz), extrapolated to nodes and averaged there.
    Cell means: `stress` (cell, 4) Pa, `von_mises` Pa, initial `yield_stress` Pa at the cell's temperature, equivalent
    `plastic_strain`; `peak_plastic_strain` is the largest of a cell's integration points. `pin_reaction` N (full turn,
    along +z) on the pinned node; `iterations` of Newton; `path` the nodal displacement at each load share asked for.
    """

    displacement: Floats
    node_stress: Floats
    stress: Floats
    von_mises: Floats
    yield_stress: Floats
    plastic_strain: Floats
    peak_plastic_strain: Floats
    pin_reaction: float
    iterations: int
    path: tuple[Floats, ...]

    @property
    def utilisation(self) -> Floats:
        """(cell,) Mises stress over the yield stress at the cell's temperature; above 1 only with hardening."""
        return self.von_mises / self.yield_stress


@dataclass
class _State:
    """Displacement and plastic state at points, and the stress and tangent that go with them."""

    displacement: Floats
    plastic_strain: Floats
    plastic: Floats
    stress: Floats
    tangent: Floats
    yield_stress: Floats

    @classmethod
    def empty(cls, size: int, points: tuple[int, int]) -> _State:
        return cls(
            np.zeros(size), np.zeros((*points, 4)), np.zeros(points), np.zeros((*points, 4)), np.zeros((*points, 4, 4)),
            np.zeros(points),
        )  # fmt: skip


def part(section: SectionMesh, regions: tuple[str, ...]) -> tuple[SectionMesh, Ints, Ints]:
    """The mesh of some regions, with the numbers its nodes and its cells have in the whole section.

    A tagged line that bounded another region becomes an outer line of the part.
    """
    cells = np.flatnonzero(np.isin(section.region, [section.region_number(name) for name in regions]))
    triangles = section.triangles[cells]
    ends = np.sort(np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [0, 2])]), axis=1)
    count = len(section.points)
    mine = np.isin(np.sort(section.facets, axis=1) @ [count, 1], ends @ [count, 1])
    tags = set(section.facet[mine].tolist())
    mesh = SectionMesh.of_used_points(
        section.points, triangles, section.region[cells], section.facets[mine], section.facet[mine],
        {name: section.regions[name] for name in regions},
        {name: number for name, number in section.facet_names.items() if number in tags},
    )  # fmt: skip
    return mesh, np.unique(triangles), cells


class Statics:
    """A section with its materials, ready to be loaded as often as wanted.

    `solids` by region name. Raises DataError when a region has no material.
    """

    def __init__(self, section: SectionMesh, solids: Mapping[str, Solid], *, degree: int = 2) -> None:
        missing = [name for name in section.regions if name not in solids]
        if missing:
            raise DataError(f"no material for region {', '.join(missing)}", advice="give every region a card")
        self.solid = AxisymmetricSolid(section, degree=degree)
        self._grid = solid_grid([solids[name] for name in section.regions])
        rows = {number: row for row, number in enumerate(section.regions.values())}
        self._row = np.array([rows[n] for n in section.region[self.solid.cells].tolist()], dtype=np.int32)

    def solve(
        self, loads: Loads, supports: Supports, *, shares: tuple[float, ...] = (1.0,), halvings: int = 6
    ) -> StaticsResult:
        """Equilibrium under `loads`, put on together in the ascending `shares` (1 is all of it).

        A step whose Newton iteration fails is halved, at most `halvings` times over. Raises SolverError with the
        residuals when there is no equilibrium (collapse, or a part without support), DataError outside a card's tables.
        """
        reference = loads.reference_temperature
        nodal = loads.temperature
        warm = np.full(self.solid.radius.shape, reference) if nodal is None else self.solid.at_points(nodal)
        check_range(self._grid, self._row, warm)
        force = external_force(self.solid, self._grid.density[self._row], loads)
        fixed = held_dofs(self.solid, supports)
        state = _State.empty(self.solid.size, self.solid.radius.shape)
        reached, iterations, path = 0.0, 0, []
        for share in shares:
            step, halved = share - reached, 0
            while share - reached > 1e-12:  # rounding of repeated halving
                goal = min(reached + step, share)
                try:
                    state, count = self._equilibrium(
                        state, goal * force, reference + goal * (warm - reference), loads, fixed
                    )
                except SolverError as error:
                    halved += 1
                    if halved > halvings:
                        error.message = f"{error.message}, at {goal:.4g} of the load"
                        raise
                    step *= 0.5
                    continue
                iterations += count
                reached = goal
            path.append(self.solid.nodal(state.displacement))
        return self._result(state, force * shares[-1], supports, iterations, tuple(path))

    def _respond(self, displacement: Floats, old: _State, warm: Floats, reference: float) -> _State:
        """Stress, tangent and plastic state for a displacement, from the state at the start of the increment."""
        new = _State.empty(displacement.size, self.solid.radius.shape)
        new.displacement = displacement
        g = self._grid
        update(
            self.solid.strain(displacement), warm, reference, self._row, g.start, g.step, g.youngs_modulus,
            g.poissons_ratio, g.thermal_strain, g.yield_stress, g.plastic_strain, g.hardening, old.plastic_strain,
            old.plastic, new.stress, new.tangent, new.plastic_strain, new.plastic, new.yield_stress,
        )  # fmt: skip
        return new

    def _equilibrium(
        self, old: _State, force: Floats, warm: Floats, loads: Loads, fixed: Ints
    ) -> tuple[_State, int]:  # fmt: skip
        """Newton's method with the consistent tangent, started from the end of the last increment."""
        u = old.displacement
        history: list[float] = []
        scale = float(np.abs(force).max())
        for iteration in range(MAX_ITERATIONS):
            new = self._respond(u, old, warm, loads.reference_temperature)
            internal = self.solid.internal_force(new.stress)
            # heated parts without outside forces: the load is what the thermal strain would need if nothing moved
            scale = max(scale, float(np.abs(internal).max()))
            residual = force - internal
            residual[fixed] = 0.0
            size = float(np.abs(residual).max())
            history.append(size / scale if scale > 0.0 else 0.0)
            if history[-1] <= RESIDUAL:
                return new, iteration
            # a Newton method that converges is far below a tenth of the load after eight iterations
            if not np.isfinite(size) or (iteration >= 8 and history[-1] > 0.1):
                break
            try:
                u = u + self.solid.solve(new.tangent, residual, fixed)
            except SolverError:  # the tangent is singular: a mechanism, plastic or for want of a support
                break
        raise SolverError(
            f"no equilibrium after {len(history)} iterations",
            history=history,
            advice="the part may collapse plastically or lack a support: reduce the load or hold it",
        )

    def _result(
        self, state: _State, force: Floats, supports: Supports, iterations: int, path: tuple[Floats, ...]
    ) -> StaticsResult:  # fmt: skip
        reaction = 0.0
        if supports.pin is not None:
            dof = 2 * int(self.solid.node_blocks(np.array([supports.pin]))[0]) + 1
            reaction = 2.0 * np.pi * float((self.solid.internal_force(state.stress) - force)[dof])
        peak = np.empty(len(self.solid.cells))
        peak[self.solid.cells] = state.plastic.max(axis=1)
        return StaticsResult(
            displacement=self.solid.nodal(state.displacement),
            node_stress=self.solid.at_nodes(state.stress),
            stress=self.solid.mean(state.stress),
            von_mises=self.solid.mean(mises(state.stress)),
            yield_stress=self.solid.mean(state.yield_stress),
            plastic_strain=self.solid.mean(state.plastic),
            peak_plastic_strain=peak,
            pin_reaction=reaction,
            iterations=iterations,
            path=path,
        )
