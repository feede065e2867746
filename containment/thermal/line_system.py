"""The linear system of one Newton iteration of the 1-D stack: P1 elements assembled by DOLFINx, PETSc LU.

Forms never mention the material: they see quadrature values filled by the kernel, at the vertices of every cell
    R = int c E v + (k T' + F) v' dx,   J = int c E' u v + k u' v' + F' u v' dx
(c = c0/dt). Values are written straight into the packed coefficient arrays of the forms, so that an iteration costs two
calls of the compiled assembly and one factorisation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from containment.errors import SolverError
from containment.fem import MPI, PETSc, basix, dolfinx, ufl


class LineSystem:
    """P1 elements on a line of `cells` cells with moving nodes; node j is at position[j]."""

    def __init__(self, cells: int, prescribed: bool) -> None:
        mesh = dolfinx.mesh.create_interval(MPI.COMM_SELF, cells, (0.0, 1.0))
        self._mesh = mesh
        space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1))
        points = np.array([[0.0], [1.0]])
        corner = basix.ufl.quadrature_element("interval", points=points, weights=np.array([0.5, 0.5]))
        corners = dolfinx.fem.functionspace(mesh, corner)
        measure = ufl.Measure("dx", mesh, metadata={"quadrature_rule": "vertex", "quadrature_degree": 1})
        names = ("energy", "d_energy", "conductivity", "flux", "d_flux")
        q = {name: dolfinx.fem.Function(corners, name=name) for name in names}
        self._temperature = dolfinx.fem.Function(space, name="temperature")
        self._rate = dolfinx.fem.Constant(mesh, 1.0)
        u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
        residual = self._rate * q["energy"] * v * measure
        residual += (q["conductivity"] * self._temperature.dx(0) + q["flux"]) * v.dx(0) * measure
        jacobian = self._rate * q["d_energy"] * u * v * measure
        jacobian += (q["conductivity"] * u.dx(0) + q["d_flux"] * u) * v.dx(0) * measure
        self._residual, self._jacobian = dolfinx.fem.form(residual), dolfinx.fem.form(jacobian)
        self._number(space)
        self._columns_r, self._packed_r = self._layout(
            self._residual, {"energy": q["energy"], "conductivity": q["conductivity"], "temperature": self._temperature,
                             "flux": q["flux"]},
        )  # fmt: skip
        self._columns_j, self._packed_j = self._layout(
            self._jacobian, {name: q[name] for name in ("d_energy", "conductivity", "d_flux")}
        )
        node = np.array([self._dof_of_node[0]], dtype=np.int32)
        value = dolfinx.fem.Constant(mesh, 0.0)
        self._fixed = [dolfinx.fem.dirichletbc(value, node, space)] if prescribed else []
        self.prescribed = prescribed
        self._matrix = dolfinx.fem.petsc.create_matrix(self._jacobian)
        self._vector = dolfinx.fem.petsc.create_vector(space)
        self._solution = self._vector.duplicate()
        self._solver = PETSc.KSP().create(MPI.COMM_SELF)
        self._solver.setType("preonly")
        self._solver.getPC().setType("lu")
        self._solver.setOperators(self._matrix)

    def _number(self, space: Any) -> None:
        """Nodes from the wall inwards, whatever order the mesh library chose."""
        mesh = self._mesh
        x = space.tabulate_dof_coordinates()[:, 0]
        self._node_order = np.argsort(x)  # dof of node
        self._dof_of_node = self._node_order
        self._geometry_of_node = np.argsort(mesh.geometry.x[:, 0])
        cells = mesh.topology.index_map(1).size_local
        middle = mesh.geometry.x[mesh.geometry.dofmaps[0]][:, :, 0]
        self._cell_order = np.argsort(middle.mean(axis=1))
        self._plain = bool(
            np.all(self._dof_of_node == np.arange(cells + 1)) and np.all(self._cell_order == np.arange(cells))
        )
        if not self._plain or not np.all(np.diff(middle, axis=1) > 0):
            raise SolverError(
                "the finite-element stack numbers a line of cells in an unexpected order",
                advice="install the locked version of the finite-element stack",
            )

    def _layout(self, form: Any, functions: dict[str, Any]) -> tuple[dict[str, slice], Any]:
        """Columns each coefficient has in the packed array of `form`, found by packing a marker."""
        columns: dict[str, slice] = {}
        for name, function in functions.items():
            function.x.array[:] = 1.0
            packed = next(iter(dolfinx.cpp.fem.pack_coefficients(form._cpp_object).values()))
            found = np.flatnonzero(packed[0] == 1.0)
            columns[name] = slice(int(found[0]), int(found[-1]) + 1)
            function.x.array[:] = 0.0
        return columns, dict(dolfinx.cpp.fem.pack_coefficients(form._cpp_object))

    def move(self, position: np.ndarray) -> None:
        """Put the nodes where they are now."""
        self._mesh.geometry.x[self._geometry_of_node, 0] = position

    def residual(self, work: Any, temperature: np.ndarray, rate: float) -> np.ndarray:
        """int c E v + (k T' + F) v' dx at the nodes (N,), before histories and boundary fluxes."""
        key, packed = next(iter(self._packed_r.items()))
        columns = self._columns_r
        packed[:, columns["energy"]] = work.energy
        packed[:, columns["conductivity"]] = work.conductivity
        packed[:, columns["flux"]] = work.flux
        packed[:, columns["temperature"].start] = temperature[:-1]
        packed[:, columns["temperature"].start + 1] = temperature[1:]
        out = np.zeros(temperature.size)
        dolfinx.cpp.fem.assemble_vector(out, self._residual._cpp_object, np.array([rate]), {key: packed})
        return out

    def solve(self, work: Any, right: np.ndarray, rate: float, at_wall: float, at_back: float) -> np.ndarray:
        """Newton update: (J + boundary derivatives) d = right; `at_wall`, `at_back` are added to the diagonal."""
        key, packed = next(iter(self._packed_j.items()))
        columns = self._columns_j
        packed[:, columns["d_energy"]] = work.d_energy
        packed[:, columns["conductivity"]] = work.conductivity
        packed[:, columns["d_flux"]] = work.d_flux
        matrix = self._matrix
        matrix.zeroEntries()
        fixed = [bc._cpp_object for bc in self._fixed]
        dolfinx.cpp.fem.petsc.assemble_matrix(
            matrix, self._jacobian._cpp_object, np.array([rate]), {key: packed}, fixed
        )
        last = right.size - 1
        if self.prescribed:
            matrix.setValue(0, 0, 1.0, PETSc.InsertMode.ADD_VALUES)
            right = right.copy()
            right[0] = 0.0
        else:
            matrix.setValue(0, 0, at_wall, PETSc.InsertMode.ADD_VALUES)
        matrix.setValue(last, last, at_back, PETSc.InsertMode.ADD_VALUES)
        matrix.assemble()
        self._vector.array[:] = right
        self._solver.setOperators(matrix)
        self._solver.solve(self._vector, self._solution)
        return np.array(self._solution.array)
