"""Second-order solid elements of any shape: strains at integration points, nodal forces and stiffness from stress and
tangent given as arrays. What differs between a section, a membrane and a volume is in the subclasses.

    internal force  int sigma . eps(v) w dx,     stiffness  int eps(v) . C eps(u) w dx

with w the weight of a point: the radius (per radian), the thickness, or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import SolverError
from containment.fem import basix, dolfinx, ufl

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Block = tuple[Ints, Floats]  # dofs (n,) and the dense matrix (n, n) added there


class SolidElements:
    """Discrete operators on one mesh. Vectors are in the order of degrees of freedom, (dim * node,), the components of
    a node in turn; point arrays are (cell, point, ...) in the order of `cells`, the cell numbers of the caller's mesh.

    `components` of stress: the three normal ones, then the shears; strains carry the engineering shear. `quadrature` is
    the degree that is integrated exactly on straight cells.
    """

    components: int
    regions: dict[str, int]
    cell_region: Ints  # (cell,) in the order of `cells`
    turn = 1.0  # what a nodal force is multiplied with to be that of the whole body

    def __init__(self, mesh: Any, *, quadrature: int) -> None:
        self._mesh = mesh
        self.dimension = int(mesh.geometry.dim)
        self.cells: Ints = np.asarray(mesh.topology.original_cell_index, dtype=np.int64)
        self._space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (self.dimension,)))
        self._dofs = np.asarray(self._space.dofmap.list)
        self._nodes = mesh.geometry.input_global_indices[mesh.geometry.dofmaps[0]]
        self.size = self.dimension * int(self._dofs.max() + 1)
        self.block_position: Floats = self._space.tabulate_dof_coordinates()[:, : self.dimension]
        self._tabulate(quadrature)
        self._compile(quadrature)

    # --- what a subclass says

    def _weight(self, position: Floats) -> Floats:
        """(cell, point) weight at positions (cell, point, dim)."""
        return np.ones(position.shape[:2])

    def _form_weight(self) -> Any:
        """The same weight in the form language."""
        return 1.0

    def _form_strain(self, w: Any) -> Any:
        """Strain components of a displacement in the form language."""
        raise NotImplementedError

    def _form_tensor(self, stress: Any) -> Any:
        """The stress components as a tensor over the directions of the mesh, in the form language."""
        raise NotImplementedError

    def strain(self, displacement: Floats) -> Floats:
        """(cell, point, components) strains of a displacement vector."""
        raise NotImplementedError

    # --- set-up

    def _tabulate(self, degree: int) -> None:
        """Shape functions, their gradients and the places of the integration points."""
        kind = getattr(basix.CellType, self._mesh.basix_cell().name)
        points, weights = basix.make_quadrature(kind, degree)
        straight, second = (
            basix.create_element(basix.ElementFamily.P, kind, order, basix.LagrangeVariant.gll_warped)
            for order in (1, 2)
        )
        corner = self._mesh.geometry.x[self._mesh.geometry.dofmaps[0]][:, :, : self.dimension]
        shape = straight.tabulate(1, points)[:, :, :, 0]
        jacobian = np.einsum("kpv,cvi->cpik", shape[1:], corner)
        table = second.tabulate(1, points)[:, :, :, 0]
        self._values = table[0]
        self._gradients = np.ascontiguousarray(np.einsum("kpn,cpki->cpin", table[1:], np.linalg.inv(jacobian)))
        self._linear = shape[0]
        self.position: Floats = np.einsum("pv,cvi->cpi", self._linear, corner)
        self._weights = weights * np.abs(np.linalg.det(jacobian)) * self._weight(self.position)

    def _compile(self, degree: int) -> None:
        cells, points = self.shape
        cell = self._mesh.basix_cell().name
        rule = {"scheme": "default", "degree": degree}
        size = self.components
        spaces = [
            dolfinx.fem.functionspace(self._mesh, basix.ufl.quadrature_element(cell, value_shape=shape, **rule))
            for shape in ((size,), (size, size))
        ]
        for space in spaces:
            if not np.array_equal(space.dofmap.list, np.arange(cells * points).reshape(cells, points)):
                raise SolverError("integration points are not numbered cell by cell", advice="report this as a bug")
        self._stress, self._tangent = (dolfinx.fem.Function(space) for space in spaces)
        metadata = {"quadrature_degree": degree, "quadrature_scheme": "default"}
        dx = self._dx = ufl.Measure("dx", self._mesh, metadata=metadata)
        u, v = ufl.TrialFunction(self._space), ufl.TestFunction(self._space)
        w = self._form_weight()
        force = ufl.dot(self._stress, self._form_strain(v)) * w * dx
        stiffness = ufl.dot(ufl.dot(self._tangent, self._form_strain(u)), self._form_strain(v)) * w * dx
        self._force_form, self._matrix_form = dolfinx.fem.form(force), dolfinx.fem.form(stiffness)
        self.join(())

    def join(self, couplings: tuple[Ints, ...]) -> None:
        """Make room for dense matrices over groups of dofs, which `solve` may then join."""
        self._matrix = fem.matrix(self._matrix_form, couplings)
        self._right, self._solution = self._matrix.createVecRight(), self._matrix.createVecRight()
        self._solver = fem.LinearSolver(self._matrix, method="lu")

    @property
    def mesh_in_forms(self) -> Any:
        """The mesh the forms live on."""
        return self._mesh

    # --- fields at points

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of cells and of integration points in each."""
        cells, points = self._weights.shape
        return int(cells), int(points)

    @property
    def weights(self) -> Floats:
        """(cell, point) weights of the integration points: volume, or volume per radian."""
        return np.asarray(self._weights)

    def gradient(self, displacement: Floats) -> Floats:
        """(cell, point, component, direction) gradient of a displacement vector."""
        u = displacement.reshape(-1, self.dimension)[self._dofs]
        return np.asarray(np.einsum("cpin,cnk->cpki", self._gradients, u, optimize=True))

    def at_points(self, nodal: Floats) -> Floats:
        """(cell, point) values of a nodal field of the caller's mesh, linear along edges."""
        return np.ascontiguousarray(np.einsum("pv,cv->cp", self._linear, nodal[self._nodes]))

    def displacement_at_points(self, displacement: Floats) -> Floats:
        """(cell, point, dim) displacement at the integration points."""
        u = displacement.reshape(-1, self.dimension)[self._dofs]
        return np.asarray(np.einsum("pn,cnk->cpk", self._values, u))

    def body_force(self, *densities: Floats | None) -> Floats:
        """Nodal forces of force densities (cell, point), N/m^3, one for each component; None is no force."""
        total = np.zeros((self.size // self.dimension, self.dimension))
        for component, density in enumerate(densities):
            if density is not None:
                local = np.einsum("pn,cp->cn", self._values, self._weights * density)
                np.add.at(total[:, component], self._dofs, local)
        return total.ravel()

    def mean(self, values: Floats) -> Floats:
        """Cell means, weighted by volume, of (cell, point, ...) arrays, in the cell order of the caller's mesh."""
        share = self._weights / self._weights.sum(axis=1, keepdims=True)
        result = np.empty((values.shape[0], *values.shape[2:]))
        result[self.cells] = np.einsum("cp,cp...->c...", share, values)
        return result

    def at_nodes(self, values: Floats, region: str | None = None) -> Floats:
        """(node, ...) values from (cell, point, ...) ones: the linear field through a cell's points, read at its
        corners, averaged over the cells of a node by volume. Stresses at surfaces are meant to be read here.

        With `region` only its cells count, for fields that jump; nodes outside it are NaN.
        """
        to_corners = np.linalg.pinv(self._linear)
        corner = np.einsum("kp,cp...->ck...", to_corners, values)
        volume = self._weights.sum(axis=1)
        if region is not None:
            volume = np.where(self.cell_region == self.regions[region], volume, 0.0)
        weight = np.broadcast_to(volume[:, None], self._nodes.shape)
        count = len(self._mesh.geometry.input_global_indices)
        total = np.zeros((count, *values.shape[2:]))
        np.add.at(total, self._nodes, corner * weight.reshape(*weight.shape, *([1] * (corner.ndim - 2))))
        share = np.zeros(count)
        np.add.at(share, self._nodes, weight)
        with np.errstate(invalid="ignore"):
            return np.asarray(total / share.reshape(-1, *([1] * (total.ndim - 1))))

    def nodal(self, displacement: Floats) -> Floats:
        """(node, dim) displacement at the nodes of the caller's mesh."""
        blocks = np.empty(len(self._mesh.geometry.input_global_indices), dtype=np.int64)
        blocks[self._nodes] = self._dofs[:, : self._nodes.shape[1]]
        return displacement.reshape(-1, self.dimension)[blocks].copy()

    # --- places

    def named_blocks(self, name: str) -> Ints:
        """Blocks (nodes' groups of dofs) on a tagged line or surface."""
        raise NotImplementedError

    def blocks(self, where: str | Callable[[Floats], NDArray[np.bool_]]) -> Ints:
        """Blocks on a tagged line or surface, or where a function of their positions (n, dim) is true."""
        return self.named_blocks(where) if isinstance(where, str) else np.flatnonzero(where(self.block_position))

    def pressure(self, name: str, pressure: float | Floats) -> Floats:
        """Nodal forces of a pressure on a tagged outer line or surface, Pa."""
        raise NotImplementedError

    def traction(self, name: str, traction: tuple[float, ...]) -> Floats:
        """Nodal forces of a constant traction (dim,) on a tagged outer line or surface, Pa."""
        raise NotImplementedError

    # --- forces and stiffness

    def internal_force(self, stress: Floats) -> Floats:
        """Nodal forces of stresses (cell, point, components)."""
        self._stress.x.array[:] = stress.ravel()
        force: Floats = np.zeros(self.size)
        dolfinx.fem.assemble_vector(force, self._force_form)
        return force

    def solve(self, tangent: Floats, residual: Floats, fixed: Ints, joined: tuple[Block, ...] = ()) -> Floats:
        """Change of displacement for a residual with tangent (cell, point, components, components); `fixed` dofs do not
        move; `joined` adds dense matrices, over groups of dofs made known to `join`. Raises SolverError."""
        self.factor(tangent, fixed, joined)
        return self.solve_again(residual, fixed)

    def factor(self, tangent: Floats, fixed: Ints, joined: tuple[Block, ...] = ()) -> None:
        """The stiffness of `solve`, for as many residuals as are then given to `solve_again`."""
        self._assemble(tangent, fixed, joined)
        self._solver.refresh()

    def solve_again(self, residual: Floats, fixed: Ints) -> Floats:
        """Change of displacement with the stiffness last made; `fixed` as it was made with. Raises SolverError."""
        self._right.array[:] = residual
        self._right.array[fixed] = 0.0
        self._solver.solve(self._right, self._solution)
        return np.array(self._solution.array)

    def _assemble(self, tangent: Floats, fixed: Ints, joined: tuple[Block, ...] = ()) -> None:
        self._tangent.x.array[:] = tangent.ravel()
        self._matrix.zeroEntries()
        held = fem.held(self._space, fixed)
        dolfinx.fem.petsc.assemble_matrix(self._matrix, self._matrix_form, bcs=held)
        self._matrix.assemble()
        free = np.ones(self.size, dtype=bool)
        free[fixed] = False
        for dofs, block in joined:
            mine = free[dofs]
            rows = dofs[mine].astype(np.int32)
            self._matrix.setValues(rows, rows, block[np.ix_(mine, mine)], addv=True)
        if joined:
            self._matrix.assemble()

    def stiffness(self, tangent: Floats) -> Any:
        """The stiffness as a matrix of its own, nothing held."""
        self._assemble(tangent, np.empty(0, dtype=np.int64))
        return self._matrix.copy()

    def mass(self, density: Floats) -> Any:
        """Consistent mass matrix for densities (cell,) kg/m^3 in the order of `cells`."""
        constant = dolfinx.fem.Function(dolfinx.fem.functionspace(self._mesh, ("DG", 0)))
        constant.x.array[:] = density  # one dof a cell, numbered as the cells
        u, v = ufl.TrialFunction(self._space), ufl.TestFunction(self._space)
        return fem.assembled(constant * ufl.inner(u, v) * self._form_weight() * ufl.Measure("dx", self._mesh))

    def stress_stiffness(self, stress: Floats) -> Any:
        """Stiffness of a stress (cell, point, components) that turns with the body, int S_ij u_k,i v_k,j w dx."""
        self._stress.x.array[:] = stress.ravel()
        u, v = ufl.TrialFunction(self._space), ufl.TestFunction(self._space)
        turned = ufl.grad(u) * self._form_tensor(self._stress)
        return fem.assembled(ufl.inner(turned, ufl.grad(v)) * self._form_weight() * self._dx)
