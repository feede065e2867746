"""Heat conduction in the axisymmetric section: the weak form and the solution of one implicit stage.

Per radian, with r the radius and v the test function (linear triangles):

    int D_t E(T) v r dx + int k(T) M grad T . grad v r dx
        = int Q v r dx + sum_surfaces int [ q + h (T_f - T) + eps sigma (T_r^4 - T^4) + g (T_c - T) [z < z_c] ] v r ds

E, its slope and k are arrays at the corners of every cell (`soak_properties.evaluate`), M a tensor of layers. Storage
and conduction use the corner rule, i.e. storage is lumped: nothing ahead of a heat front cools, and nodal enthalpies
add up exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import SolverError
from containment.fem import PETSc, dolfinx, ufl
from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_cavity import STEFAN_BOLTZMANN, Cavity
from containment.thermal.soak_properties import Filling, PropertyGrid, evaluate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SurfaceExchange:
    """Heat exchange of one tagged surface at one time: `film` h W/m^2/K to `film_temperature` K, `emissivity` to
    `radiation_temperature` K, `contact` g W/m^2/K to `contact_temperature` K where z < `contact_height` m, and `flux` q
    W/m^2 whatever the surface temperature."""

    film: float = 0.0
    film_temperature: float = 300.0
    emissivity: float = 0.0
    radiation_temperature: float = 300.0
    contact: float = 0.0
    contact_temperature: float = 300.0
    contact_height: float = 0.0
    flux: float = 0.0


_EXCHANGE = tuple(f.name for f in fields(SurfaceExchange))


@dataclass(frozen=True)
class Balance:
    """A solved stage: `temperature` (node,) K, `stored` (node,) J/rad, `rate` (node,) W/rad, Newton `iterations`."""

    temperature: Floats
    stored: Floats
    rate: Floats
    iterations: int


class SectionConduction:
    """Discrete heat conduction on a section mesh. Nodal arrays are in the order of `section.points`.

    `surfaces` are the facet names with heat exchange; `tolerance` (K) ends the Newton iteration of a stage.
    """

    def __init__(
        self,
        section: SectionMesh,
        grid: PropertyGrid,
        filling: Filling,
        surfaces: Sequence[str] = (),
        *,
        cavities: Sequence[Cavity] = (),
        tolerance: float = 1e-4,  # K; two orders below the smallest temperature difference reported
    ) -> None:
        self.section, self.grid, self.tolerance = section, grid, tolerance
        mesh, _, facet_tags = fem.to_dolfinx(section)
        self._space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1))
        corner_space = dolfinx.fem.functionspace(mesh, ("DG", 1))
        self._number(mesh, filling)
        cells = self._corners.shape[0]
        if not np.array_equal(corner_space.dofmap.list, np.arange(3 * cells).reshape(cells, 3)):
            raise SolverError("corner values are not numbered cell by cell", advice="report this as a bug")
        self._t = dolfinx.fem.Function(self._space)
        self._at_corners = [dolfinx.fem.Function(corner_space) for _ in range(5)]
        self._views = [f.x.array.reshape(cells, 3) for f in self._at_corners]
        self._surfaces = {
            name: {key: dolfinx.fem.Constant(mesh, 0.0) for key in _EXCHANGE} for name in surfaces
        }  # fmt: skip
        self._tau = dolfinx.fem.Constant(mesh, 1.0)
        self._compile(mesh, facet_tags)
        self._cavities = [(self._dof_of_node[c.nodes], c) for c in cavities]
        self.outside = 300.0  # K, what the openings of all cavities look at; the march sets it
        self._diagonal = self._matrix.createVecRight()
        self._fixed = np.zeros(0, dtype=np.int32)
        self._conditions: list[Any] = []

    def _number(self, mesh: Any, filling: Filling) -> None:
        """Maps between nodes of the section and degrees of freedom, and the filling in the order of dolfinx cells."""
        dofs = self._space.dofmap.list
        node = np.empty(dofs.max() + 1, dtype=np.int64)
        node[dofs] = mesh.geometry.input_global_indices[mesh.geometry.dofmaps[0]]
        self._node_of_dof = node
        self._dof_of_node = np.argsort(node)
        order = mesh.topology.original_cell_index
        corner = np.argmax(self.section.triangles[order][:, None, :] == node[dofs][:, :, None], axis=2)
        self._corners = np.ascontiguousarray(dofs, np.int32)
        self._filling = Filling(
            np.ascontiguousarray(filling.first[order], np.int32),
            np.ascontiguousarray(filling.second[order], np.int32),
            np.ascontiguousarray(np.take_along_axis(filling.share[order], corner, axis=1)),
            filling.stretch[order],
        )
        self._cell_order, self._corner_order = order, corner

    def _compile(self, mesh: Any, facet_tags: Any) -> None:
        v, u, t = ufl.TestFunction(self._space), ufl.TrialFunction(self._space), self._t
        stored, slope, k, dk, source = self._at_corners
        r = ufl.SpatialCoordinate(mesh)[0]
        dx = ufl.Measure("dx", mesh, metadata={"quadrature_rule": "vertex", "quadrature_degree": 1})
        # int phi_i r dx = A/3 (r_i + 3 r_centroid)/4: the corner rule with this radius is exact row-sum lumping.
        middle = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("DG", 0)))
        middle.x.array[:] = self.section.points[self.section.triangles[self._cell_order], 0].mean(axis=1)
        w = 0.25 * r + 0.75 * middle
        stretch = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("DG", 0, (3,))))
        stretch.x.array[:] = self._filling.stretch.ravel()
        tensor = ufl.as_matrix([[stretch[0], stretch[1]], [stretch[1], stretch[2]]])

        def flow(field: Any) -> Any:
            return ufl.dot(tensor * ufl.grad(field), ufl.grad(v))

        rate = -k * flow(t) * w * dx + source * v * w * dx
        matrix = slope * u * v / self._tau * w * dx + k * flow(u) * w * dx
        matrix += dk * u * flow(t) * w * dx
        # degree 4: v r T^4 varies little along one edge; the surface integral of T^4 is exact to 1e-6 at 100 K per edge
        ds = ufl.Measure("ds", mesh, subdomain_data=facet_tags, metadata={"quadrature_degree": 4})
        for name, c in self._surfaces.items():
            on = ds(self.section.facet_number(name))
            touching = ufl.conditional(ufl.lt(ufl.SpatialCoordinate(mesh)[1], c["contact_height"]), c["contact"], 0.0)
            flux = c["flux"] + c["film"] * (c["film_temperature"] - t) + touching * (c["contact_temperature"] - t)
            flux += c["emissivity"] * STEFAN_BOLTZMANN * (c["radiation_temperature"] ** 4 - t**4)
            loss = c["film"] + touching + 4.0 * c["emissivity"] * STEFAN_BOLTZMANN * t**3
            rate += flux * v * r * on
            matrix += loss * u * v * r * on
        self._stored_form, self._rate_form = dolfinx.fem.form(stored * v * w * dx), dolfinx.fem.form(rate)
        self._matrix_form = dolfinx.fem.form(matrix)
        self._matrix = dolfinx.fem.petsc.create_matrix(self._matrix_form)
        self._right = self._matrix.createVecRight()
        self._step = self._matrix.createVecRight()
        # BiCGStab with ILU(0): the transient matrix is dominated by storage and needs a handful of iterations;
        # 1e-6 of the residual per Newton iteration keeps the contraction of the Newton method
        self._solver = fem.LinearSolver(self._matrix, method="bicgstab", tolerance=1e-6)

    # --- what the march sets

    def set_exchange(self, surface: str, exchange: SurfaceExchange) -> None:
        """Put the heat exchange of one surface."""
        for key in _EXCHANGE:
            self._surfaces[surface][key].value = getattr(exchange, key)

    def fix(self, nodes: NDArray[np.int64]) -> None:
        """From now on the temperatures of these nodes are imposed (none: an empty array)."""
        self._fixed = np.ascontiguousarray(self._dof_of_node[np.asarray(nodes, np.int64)], np.int32)
        self._conditions = [dolfinx.fem.dirichletbc(0.0, self._fixed, self._space)] if self._fixed.size else []

    def set_source(self, density: Callable[[Floats, Floats], Floats]) -> None:
        """Heat released per volume (W/m^3) as a function of r and z."""
        corner = self.section.points[self.section.triangles[self._cell_order]]
        corner = np.take_along_axis(corner, self._corner_order[:, :, None], axis=1)
        self._views[4][:] = density(corner[:, :, 0], corner[:, :, 1])

    # --- nodal vectors, per radian

    def _load(self, temperature: Floats) -> None:
        """Put nodal temperatures (dof order) in and evaluate the properties."""
        self._t.x.array[:] = temperature
        g, f, (e, c, k, d, _) = self.grid, self._filling, self._views
        evaluate(
            temperature, self._corners, f.first, f.second, f.share, g.start, g.step, g.enthalpy, g.capacity,
            g.conductivity, e, c, k, d,
        )  # fmt: skip

    def _vector(self, form: Any) -> Floats:
        values: Floats = np.zeros(self._node_of_dof.size)
        dolfinx.fem.assemble_vector(values, form)
        return values

    def stored(self, temperature: Floats) -> Floats:
        """(node,) enthalpy belonging to each node, J/rad, relative to the start of the property grid."""
        self._load(temperature[self._node_of_dof])
        return np.asarray(self._vector(self._stored_form)[self._dof_of_node])

    def solve_stage(self, guess: Floats, target: Floats, tau: float, max_iterations: int = 20) -> Balance:
        """Temperatures T with stored(T) - target = tau * rate(T) at all nodes that are not fixed.

        `guess` (node,) K holds the imposed values at fixed nodes; `target` (node,) J/rad. The matrix is kept while the
        iteration contracts well; it ends when what is still to come is below the tolerance. Raises SolverError with the
        history of changes.
        """
        t = guess[self._node_of_dof]
        goal = target[self._node_of_dof]
        self._tau.value = tau
        changes: list[float] = []
        contraction = 1.0
        for iteration in range(max_iterations):
            self._load(t)
            residual = self._rate(t) - (self._vector(self._stored_form) - goal) / tau
            residual[self._fixed] = 0.0
            # a change falling to less than a fifth is worth more than a new matrix
            if iteration == 0 or (len(changes) > 1 and contraction > 0.2):
                self._assemble(t)
            change = self._linear_solve(residual)
            t = t + change
            changes.append(float(np.abs(change).max()))
            if not np.isfinite(changes[-1]):
                break
            contraction = changes[-1] / changes[-2] if iteration else 1.0
            # changes in a geometric series still add up to contraction / (1 - contraction) times the last one
            to_come = changes[-1] * min(contraction / (1.0 - contraction), 1.0) if contraction < 0.9 else changes[-1]
            if to_come <= self.tolerance:
                return self._balance(t, iteration + 1)
        raise SolverError(
            f"temperatures still change by {changes[-1]:.3g} K after {len(changes)} iterations of a {tau:.3g} s stage",
            history=changes,
            advice="raise soak_steps, or look for a material whose properties jump",
        )

    def _balance(self, t: Floats, iterations: int) -> Balance:
        self._load(t)
        stored, rate = self._vector(self._stored_form), self._rate(t)
        at = self._dof_of_node
        return Balance(t[at], stored[at], rate[at], iterations)

    def _rate(self, t: Floats) -> Floats:
        """Heat flowing to each node (dof order), W/rad; properties are loaded."""
        rate = self._vector(self._rate_form)
        for at, inside in self._cavities:
            rate[at] += inside.heat(t[at], self.outside)
        return rate

    def _assemble(self, t: Floats) -> None:
        self._matrix.zeroEntries()
        dolfinx.fem.petsc.assemble_matrix(self._matrix, self._matrix_form, bcs=self._conditions)
        self._matrix.assemble()
        if self._cavities:  # a node's own emission; what others send it back is left to the iteration
            self._diagonal.set(0.0)
            for at, inside in self._cavities:
                self._diagonal.array[at] += inside.loss(t[at])
            self._diagonal.array[self._fixed] = 0.0
            self._matrix.setDiagonal(self._diagonal, addv=PETSc.InsertMode.ADD_VALUES)
            self._matrix.assemble()
        self._solver.refresh()

    def _linear_solve(self, residual: Floats) -> Floats:
        self._right.array[:] = residual
        self._step.set(0.0)
        self._solver.solve(self._right, self._step)
        return np.array(self._step.array)
