"""Statics of a section, a membrane or a volume: temperature, inertia and pressure, elastic or with J2 plasticity.

int sigma(eps(u), T) : eps(v) w dx = - int rho a . v w dx - sum_lines int p n . v w ds       for all v

w is the radius of a body of revolution (forces per radian), the thickness of a plane one, 1 in a volume.

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
from containment.structure.elements import SolidElements
from containment.structure.equilibrium import Course, Joint, MaterialPoints, Orthotropic, State, equilibrium
from containment.structure.loads import Loads, Supports, external_force, held_values
from containment.structure.plasticity import mises
from containment.structure.section_solid import SectionSolid
from containment.structure.solid import Solid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StaticsResult:
    """Answer of one solution, arrays in the order of the mesh's nodes and cells.

    `displacement` (node, dim) m; `node_stress` (node, n) Pa, the components of the body (rr, zz, tt, rz of a section),
    extrapolated to nodes and averaged there. Cell means: `stress` (cell, n) Pa, `von_mises` Pa, initial `yield_stress`
    Pa at the cell's temperature, equivalent `plastic_strain`; `peak_plastic_strain` is the largest of a cell's
    integration points. `pin_reaction` N (full turn, along +z) on the pinned node; `reaction` N (full turn) of all
    supports by component; `iterations` of Newton; `path` the nodal displacement at each load share asked for;
    `states` at the integration points likewise.
    """

    displacement: Floats
    node_stress: Floats
    stress: Floats
    von_mises: Floats
    yield_stress: Floats
    plastic_strain: Floats
    peak_plastic_strain: Floats
    pin_reaction: float
    reaction: Floats
    iterations: int
    path: tuple[Floats, ...]
    states: tuple[State, ...]

    @property
    def state(self) -> State:
        """State at the integration points, at the end."""
        return self.states[-1]

    @property
    def utilisation(self) -> Floats:
        """(cell,) Mises stress over the yield stress at the cell's temperature; above 1 only with hardening."""
        return self.von_mises / self.yield_stress


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
    """A body with its materials, ready to be loaded as often as wanted.

    `body` is a section, taken as a body of revolution, or any solid; `solids` by region name; `composites` replace the
    elasticity of their regions. Raises DataError when materials and regions do not match.
    """

    def __init__(
        self, body: SectionMesh | SolidElements, solids: Mapping[str, Solid], *, degree: int = 2,
        composites: Mapping[str, Orthotropic] | None = None,
    ) -> None:  # fmt: skip
        self.body = AxisymmetricSolid(body, degree=degree) if isinstance(body, SectionMesh) else body
        self.points = MaterialPoints(self.body, solids, composites)

    @property
    def solid(self) -> AxisymmetricSolid:
        """The body of revolution. Raises DataError for any other body."""
        if not isinstance(self.body, AxisymmetricSolid):
            raise DataError("the body is none of revolution", advice="use `body`")
        return self.body

    def yield_stress(self, loads: Loads) -> Floats:
        """(cell, point) yield stress at the temperatures of the loads, Pa."""
        warm = self._course(loads, Supports(), None).warm
        at_rest = np.zeros(self.body.size)
        return self.points.respond(at_rest, State.empty(self.body), warm, loads.reference_temperature).yield_stress

    def elastic_tangent(self, temperature: float) -> Floats:
        """(cell, point, n, n) elastic constants at one temperature, Pa."""
        warm = np.full(self.body.shape, temperature)
        self.points.check_range(warm)
        return self.points.respond(np.zeros(self.body.size), State.empty(self.body), warm, temperature).tangent

    def solve(
        self, loads: Loads, supports: Supports, *, shares: tuple[float, ...] = (1.0,), halvings: int = 6,
        joint: Joint | None = None,
    ) -> StaticsResult:  # fmt: skip
        """Equilibrium under `loads`, put on together in the ascending `shares` (1 is all of it).

        A step whose Newton iteration fails is halved, at most `halvings` times over. Raises SolverError with the
        residuals when there is no equilibrium (collapse, or a part without support), DataError outside a card's tables.
        """
        course = self._course(loads, supports, joint)
        state = State.empty(self.body, None if joint is None else joint.start())
        reached, iterations, states = 0.0, 0, []
        for share in shares:
            step, halved = share - reached, 0
            while share - reached > 1e-12:  # rounding of repeated halving
                goal = min(reached + step, share)
                try:
                    state, count = equilibrium(self.points, state, course, goal)
                except SolverError as error:
                    halved += 1
                    if halved > halvings:
                        error.message = f"{error.message}, at {goal:.4g} of the load"
                        raise
                    step *= 0.5
                    continue
                iterations += count
                reached = goal
            states.append(state)
        return self._result(tuple(states), course.force * shares[-1], supports, iterations)

    def _course(self, loads: Loads, supports: Supports, joint: Joint | None) -> Course:
        reference, nodal = loads.reference_temperature, loads.temperature
        warm = np.full(self.body.shape, reference) if nodal is None else self.body.at_points(nodal)
        self.points.check_range(warm)
        values = held_values(self.body, supports)
        fixed = np.array(sorted(values), dtype=np.int64)
        moved = np.array([values[dof] for dof in fixed.tolist()])
        force = external_force(self.body, self.points.density, loads)
        return Course(force, warm, reference, fixed, moved, joint)

    def _result(self, states: tuple[State, ...], force: Floats, supports: Supports, iterations: int) -> StaticsResult:
        body, state = self.body, states[-1]
        reaction = body.turn * (body.internal_force(state.stress) - force)
        pinned = 0.0
        if supports.pin is not None and isinstance(body, SectionSolid):
            pinned = float(reaction[2 * int(body.node_blocks(np.array([supports.pin]))[0]) + 1])
        peak = np.empty(len(body.cells))
        peak[body.cells] = state.plastic.max(axis=1)
        return StaticsResult(
            displacement=body.nodal(state.displacement),
            node_stress=body.at_nodes(state.stress),
            stress=body.mean(state.stress),
            von_mises=body.mean(mises(state.stress)),
            yield_stress=body.mean(state.yield_stress),
            plastic_strain=body.mean(state.plastic),
            peak_plastic_strain=peak,
            pin_reaction=pinned,
            reaction=reaction.reshape(-1, body.dimension).sum(axis=0),
            iterations=iterations,
            path=tuple(body.nodal(reached.displacement) for reached in states),
            states=states,
        )
