"""The axisymmetric solid on quadratic triangles: strains at integration points, nodal forces and stiffness from stress
and tangent given as arrays.

Displacement (u_r, u_z), strains rr, zz, tt (hoop), 2 rz. Per radian, with r the radius:

    internal force  int sigma . eps(v) r dx,     stiffness  int eps(v) . C eps(u) r dx
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import DataError, SolverError
from containment.fem import basix, dolfinx, ufl
from containment.meshing.mesh import SectionMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class AxisymmetricSolid:
    """Discrete operators on one section. Vectors are in the order of degrees of freedom, (2 * node,), r and z in turn;
    point arrays are (cell, point, ...) in the order of `cells`, the section's cell numbers.

    `degree` of the quadrature: 2 has three points per triangle, exact enough with the weight r and free of volumetric
    locking in plastic flow.
    """

    def __init__(self, section: SectionMesh, *, degree: int = 2) -> None:
        self.section = section
        self._mesh = fem.to_dolfinx(section).mesh
        self.cells: Ints = np.asarray(self._mesh.topology.original_cell_index, dtype=np.int64)
        self._space = dolfinx.fem.functionspace(self._mesh, ("Lagrange", 2, (2,)))
        self._dofs = np.asarray(self._space.dofmap.list)
        geometry = self._mesh.geometry
        self._nodes = geometry.input_global_indices[geometry.dofmaps[0]]
        self.size = 2 * int(self._dofs.max() + 1)
        self._tabulate(degree)
        self._compile(degree)
        self._locate()

    def _tabulate(self, degree: int) -> None:
        """Shape functions, their gradients and the radius at the integration points."""
        points, weights = basix.make_quadrature(basix.CellType.triangle, degree)
        element = basix.create_element(
            basix.ElementFamily.P, basix.CellType.triangle, 2, basix.LagrangeVariant.gll_warped
        )  # fmt: skip
        table = element.tabulate(1, points)[:, :, :, 0]
        corner = self.section.points[self._nodes]
        jacobian = np.stack([corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]], axis=2)
        self._values = table[0]
        self._gradients = np.einsum("kpi,ckj->cpij", table[1:], np.linalg.inv(jacobian))
        self._linear = np.column_stack([1.0 - points.sum(axis=1), points])
        self.radius: Floats = np.einsum("pi,ci->cp", self._linear, corner[:, :, 0])
        self.height: Floats = np.einsum("pi,ci->cp", self._linear, corner[:, :, 1])
        self._weights = weights[None, :] * np.abs(np.linalg.det(jacobian))[:, None] * self.radius

    def _compile(self, degree: int) -> None:
        cells, points = self.radius.shape
        rule = {"scheme": "default", "degree": degree}
        spaces = [
            dolfinx.fem.functionspace(self._mesh, basix.ufl.quadrature_element("triangle", value_shape=shape, **rule))
            for shape in ((4,), (4, 4))
        ]
        for space in spaces:
            if not np.array_equal(space.dofmap.list, np.arange(cells * points).reshape(cells, points)):
                raise SolverError("integration points are not numbered cell by cell", advice="report this as a bug")
        self._stress, self._tangent = (dolfinx.fem.Function(space) for space in spaces)
        dx = ufl.Measure("dx", self._mesh, metadata={"quadrature_degree": degree, "quadrature_scheme": "default"})
        u, v = ufl.TrialFunction(self._space), ufl.TestFunction(self._space)
        r = ufl.SpatialCoordinate(self._mesh)[0]

        def strain(w: Any) -> Any:
            return ufl.as_vector([w[0].dx(0), w[1].dx(1), w[0] / r, w[0].dx(1) + w[1].dx(0)])

        self._force_form = dolfinx.fem.form(ufl.dot(self._stress, strain(v)) * r * dx)
        self._matrix_form = dolfinx.fem.form(ufl.dot(ufl.dot(self._tangent, strain(u)), strain(v)) * r * dx)
        self._matrix = dolfinx.fem.petsc.create_matrix(self._matrix_form)
        self._right, self._solution = self._matrix.createVecRight(), self._matrix.createVecRight()
        self._solver = fem.LinearSolver(self._matrix, method="lu")

    def _locate(self) -> None:
        """Degrees of freedom of section nodes and of the middles of edges, and the cells beside every edge."""
        self._at_node = np.empty(len(self.section.points), dtype=np.int64)
        self._at_node[self._nodes] = self._dofs[:, :3]
        ends = np.sort(self._nodes[:, [[1, 2], [0, 2], [0, 1]]], axis=2).reshape(-1, 2)  # edge i is opposite corner i
        keys = ends[:, 0].astype(np.int64) * len(self.section.points) + ends[:, 1]
        order = np.argsort(keys, kind="stable")
        self._edge_keys = keys[order]
        self._edge_middle = self._dofs[:, 3:].reshape(-1)[order]
        self._edge_opposite = self._nodes.reshape(-1)[order]

    # --- places

    def edges(self, name: str) -> tuple[Ints, Ints, Ints, Ints]:
        """Edges of a tagged line: their end nodes (k, 2), the dof of the middle (k,), the node opposite (k,) inside the
        first cell beside them, and how many cells are beside them (1 = outer edge)."""
        ends = self.section.facets[self.section.facet == self.section.facet_number(name)]
        low = np.sort(ends, axis=1)
        keys = low[:, 0] * len(self.section.points) + low[:, 1]
        first = np.searchsorted(self._edge_keys, keys)
        beside = np.searchsorted(self._edge_keys, keys, side="right") - first
        if (beside == 0).any():
            raise DataError(f"line {name!r} has edges of no triangle", advice="repair the facets of the mesh")
        return ends, self._edge_middle[first], self._edge_opposite[first], beside

    def node_blocks(self, nodes: Ints) -> Ints:
        """Blocks (dof pairs) of section nodes."""
        return np.asarray(self._at_node[nodes])

    def line_blocks(self, name: str) -> Ints:
        """Blocks of all nodes, corner and middle, on a tagged line."""
        ends, middle, _, _ = self.edges(name)
        return np.unique(np.concatenate([self._at_node[ends].ravel(), middle]))

    def axis_blocks(self) -> Ints:
        """Blocks on the axis r = 0, where the radial displacement vanishes."""
        on_axis = self.section.points[:, 0] <= 1e-12 * np.ptp(self.section.points)
        nodes = self._nodes
        middles = [
            self._dofs[:, 3 + i][on_axis[nodes[:, a]] & on_axis[nodes[:, b]]]
            for i, (a, b) in enumerate(((1, 2), (0, 2), (0, 1)))
        ]
        return np.unique(np.concatenate([self._at_node[on_axis], *middles]))

    # --- fields at points

    def strain(self, displacement: Floats) -> Floats:
        """(cell, point, 4) strains rr, zz, tt, 2 rz of a displacement vector."""
        u = displacement.reshape(-1, 2)[self._dofs]
        gradient = np.einsum("cpij,cik->cpkj", self._gradients, u)
        hoop = np.einsum("pi,ci->cp", self._values, u[:, :, 0]) / self.radius
        shear = gradient[:, :, 0, 1] + gradient[:, :, 1, 0]
        return np.ascontiguousarray(np.stack([gradient[:, :, 0, 0], gradient[:, :, 1, 1], hoop, shear], axis=2))

    def at_points(self, nodal: Floats) -> Floats:
        """(cell, point) values of a nodal field of the section, linear in each triangle."""
        return np.ascontiguousarray(np.einsum("pi,ci->cp", self._linear, nodal[self._nodes]))

    def body_force(self, axial: Floats, radial: Floats | None = None) -> Floats:
        """Nodal forces per radian of force densities (cell, point), N/m^3."""
        total = np.zeros((self.size // 2, 2))
        for component, density in ((0, radial), (1, axial)):
            if density is not None:
                local = np.einsum("pi,cp,cp->ci", self._values, self._weights, density)
                np.add.at(total[:, component], self._dofs, local)
        return total.ravel()

    def mean(self, values: Floats) -> Floats:
        """Cell means, weighted by volume, of (cell, point, ...) arrays, in the cell order of the section."""
        share = self._weights / self._weights.sum(axis=1, keepdims=True)
        result = np.empty((values.shape[0], *values.shape[2:]))
        result[self.cells] = np.einsum("cp,cp...->c...", share, values)
        return result

    def at_nodes(self, values: Floats) -> Floats:
        """(node, ...) values from (cell, point, ...) ones: the linear field through a triangle's points, read at its
        corners, averaged over the triangles of a node by volume. Stresses at surfaces are meant to be read here."""
        to_corners = np.linalg.pinv(self._linear)
        corner = np.einsum("kp,cp...->ck...", to_corners, values)
        weight = np.broadcast_to(self._weights.sum(axis=1)[:, None], self._nodes.shape)
        total = np.zeros((len(self.section.points), *values.shape[2:]))
        np.add.at(total, self._nodes, corner * weight.reshape(*weight.shape, *([1] * (corner.ndim - 2))))
        volume = np.zeros(len(self.section.points))
        np.add.at(volume, self._nodes, weight)
        return total / volume.reshape(-1, *([1] * (total.ndim - 1)))

    def nodal(self, displacement: Floats) -> Floats:
        """(node, 2) displacement at the section's nodes."""
        return displacement.reshape(-1, 2)[self._at_node].copy()

    # --- forces and stiffness

    def internal_force(self, stress: Floats) -> Floats:
        """Nodal forces per radian of stresses (cell, point, 4)."""
        self._stress.x.array[:] = stress.ravel()
        force: Floats = np.zeros(self.size)
        dolfinx.fem.assemble_vector(force, self._force_form)
        return force

    def solve(self, tangent: Floats, residual: Floats, fixed: Ints) -> Floats:
        """Change of displacement for a residual with tangent (cell, point, 4, 4); `fixed` dofs do not move."""
        self._tangent.x.array[:] = tangent.ravel()
        self._matrix.zeroEntries()
        dolfinx.fem.petsc.assemble_matrix(self._matrix, self._matrix_form, bcs=_held(self._space, fixed))
        self._matrix.assemble()
        self._solver.refresh()
        self._right.array[:] = residual
        self._right.array[fixed] = 0.0
        self._solver.solve(self._right, self._solution)
        return np.array(self._solution.array)


def _held(space: Any, fixed: Ints) -> list[Any]:
    """Dirichlet conditions on single components; dofs are numbered 2 * block + component."""
    split = [np.ascontiguousarray(fixed[fixed % 2 == component], np.int32) for component in (0, 1)]
    return [dolfinx.fem.dirichletbc(0.0, dofs, space.sub(i)) for i, dofs in enumerate(split) if dofs.size]
