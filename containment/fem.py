"""The one place that knows the finite-element stack (DOLFINx 0.11, PETSc, MPI); every other room imports it from here.

Order matters: MPI and PETSc must be up before DOLFINx, PETSc must not catch signals (it would answer SIGTERM of a
stopped run with MPI_Abort), and the form compiler's time limit of 10 s is too short where several workers compile.
One process solves one sample, so meshes live on MPI.COMM_SELF.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from containment.errors import MissingPartError, SolverError, StorageError

if TYPE_CHECKING:
    from containment.meshing.mesh import SectionMesh

# Seconds a worker waits for another one compiling the same form; 1-4 s of work, slower on an oversubscribed machine.
_JIT_PATIENCE = 60
_VERSION = "0.11"
_INSTALL = "pip install 'containment[fe]'"

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _load() -> tuple[Any, Any, Any, Any, Any]:
    """Import MPI, PETSc, DOLFINx, UFL, Basix in the order that works. Raises MissingPartError."""
    # PETSc opens its HDF5 for the whole process; h5py, which keeps our results, works only if it found its own before.
    with suppress(ImportError):
        importlib.import_module("h5py")
    try:
        importlib.import_module("dolfinx_solver")  # orders MPI before the compiled modules of the PyPI wheel
    except ModuleNotFoundError as error:
        if error.name != "dolfinx_solver":
            raise _missing(error) from error
    except ImportError as error:
        raise _missing(error) from error
    try:
        petsc4py = importlib.import_module("petsc4py")
        petsc4py.init(["containment", "-no_signal_handler"])
        petsc = importlib.import_module("petsc4py.PETSc")
        mpi = importlib.import_module("mpi4py.MPI")
        dolfinx = importlib.import_module("dolfinx")
        for part in ("dolfinx.fem.petsc", "dolfinx.geometry", "dolfinx.io", "dolfinx.jit", "dolfinx.mesh", "basix.ufl"):
            importlib.import_module(part)
        ufl, basix = importlib.import_module("ufl"), importlib.import_module("basix")
    except ImportError as error:
        raise _missing(error) from error
    if not dolfinx.__version__.startswith(_VERSION):
        raise MissingPartError(f"found DOLFINx {dolfinx.__version__}, expected {_VERSION}", advice=_INSTALL)
    if not np.issubdtype(petsc.ScalarType, np.floating):
        raise MissingPartError("found PETSc with complex numbers, expected real ones", advice=_INSTALL)
    return dolfinx, ufl, basix, petsc, mpi


def _missing(error: ImportError) -> MissingPartError:
    return MissingPartError(f"the finite-element part cannot be loaded: {error}", advice=_INSTALL)


dolfinx, ufl, basix, PETSc, MPI = _load()


def _prepare_compiler() -> None:
    """Give the form compiler patience, a folder it may write to, and no half-made file of a killed process."""
    options = dolfinx.jit.DOLFINX_DEFAULT_JIT_OPTIONS
    options["timeout"] = (_JIT_PATIENCE, options["timeout"][1])
    folder = Path(str(options["cache_dir"][0]))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        folder = Path(tempfile.gettempdir()) / f"containment-forms-{os.getuid()}"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        options["cache_dir"] = (str(folder), options["cache_dir"][1])
    for source in folder.glob("libffcx_*.c"):
        # The compiler waits for "<name>.c.cached"; a source older than its patience without it never finishes.
        try:
            if not source.with_suffix(".c.cached").exists() and time.time() - source.stat().st_mtime > _JIT_PATIENCE:
                source.unlink()
        except FileNotFoundError:  # another worker was faster
            continue


_prepare_compiler()


# --- the mesh


class FeMesh(NamedTuple):
    """A DOLFINx mesh with its region tags (cells) and facet tags; numbers as in the SectionMesh."""

    mesh: Any
    cell_tags: Any
    facet_tags: Any


def to_dolfinx(section: SectionMesh) -> FeMesh:
    """The section as a DOLFINx mesh (first order, one process) with cell and facet tags, interior facets included."""
    element = basix.ufl.element("Lagrange", "triangle", 1, shape=(2,))
    mesh = dolfinx.mesh.create_mesh(MPI.COMM_SELF, section.triangles, element, section.points)
    tdim = mesh.topology.dim
    cells = np.arange(len(section.triangles), dtype=np.int32)
    region = section.region[mesh.topology.original_cell_index].astype(np.int32)
    cell_tags = dolfinx.mesh.meshtags(mesh, tdim, cells, region)
    cell_tags.name = "region"
    vertex_of_point = np.empty(len(section.points), dtype=np.int32)
    vertices = mesh.topology.connectivity(tdim, 0).array.reshape(-1, 3)
    vertex_of_point[mesh.geometry.input_global_indices[mesh.geometry.dofmaps[0]]] = vertices
    mesh.topology.create_connectivity(tdim - 1, tdim)
    mesh.topology.create_connectivity(tdim - 1, 0)
    mesh.topology.create_connectivity(0, tdim - 1)
    facet_tags = _facet_tags(mesh, vertex_of_point[section.facets], section.facet)
    return FeMesh(mesh, cell_tags, facet_tags)


def cells_at(section: SectionMesh, points: Floats) -> list[Ints]:
    """For each point (k, 2) the triangles of the section it lies in, edges included."""
    mesh = to_dolfinx(section).mesh
    tree = dolfinx.geometry.bb_tree(mesh, 2)
    space = np.column_stack([points, np.zeros(len(points))])
    found = dolfinx.geometry.compute_colliding_cells(
        mesh, dolfinx.geometry.compute_collisions_points(tree, space), space
    )
    number = np.asarray(mesh.topology.original_cell_index, dtype=np.int64)
    return [number[found.links(index)] for index in range(len(points))]


class Facets(NamedTuple):
    """Facets of one number, each by the mesh points of its corners (k, n)."""

    number: int
    corners: Ints


def volume(points: Floats, cells: Ints, kind: str, surfaces: Sequence[Facets]) -> tuple[Any, Any]:
    """A DOLFINx mesh of tetrahedra or hexahedra (first order, one process) and its facet tags."""
    element = basix.ufl.element("Lagrange", kind, 1, shape=(3,))
    mesh = dolfinx.mesh.create_mesh(MPI.COMM_SELF, cells, element, points)
    mesh.topology.create_connectivity(2, 3)
    mesh.topology.create_connectivity(2, 0)
    mesh.topology.create_connectivity(3, 0)
    vertex_of_point = np.empty(len(points), dtype=np.int32)
    corners = cells.shape[1]
    vertices = mesh.topology.connectivity(3, 0).array.reshape(-1, corners)
    vertex_of_point[mesh.geometry.input_global_indices[mesh.geometry.dofmaps[0]]] = vertices
    ends = [vertex_of_point[surface.corners] for surface in surfaces]
    values = [np.full(len(end), surface.number) for surface, end in zip(surfaces, ends, strict=True)]
    if not ends:
        ends, values = [np.empty((0, 4 if kind == "hexahedron" else 3), np.int32)], [np.empty(0, np.int64)]
    return mesh, _facet_tags(mesh, np.concatenate(ends), np.concatenate(values))


def _facet_tags(mesh: Any, ends: npt.NDArray[np.int32], values: Ints) -> Any:
    """Tag mesh facets by their vertices (k, n); every asked facet must exist."""
    tdim = mesh.topology.dim
    all_ends = np.sort(mesh.topology.connectivity(tdim - 1, 0).array.reshape(-1, ends.shape[1]), axis=1)
    # one row of bytes for each facet, so that whole rows can be looked up
    known, wanted = (_rows(np.sort(rows, axis=1)) for rows in (all_ends, ends))
    order = np.argsort(known)
    place = np.searchsorted(known, wanted, sorter=order)
    found = order[np.minimum(place, len(order) - 1)]
    if len(wanted) and not np.array_equal(known[found], wanted):
        raise SolverError("a tagged facet is no facet of any cell", advice="check the facets of the mesh")
    facets, first = np.unique(found, return_index=True)
    tags = dolfinx.mesh.meshtags(mesh, tdim - 1, facets.astype(np.int32), values[first].astype(np.int32))
    tags.name = "facet"
    return tags


def _rows(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Rows of numbers below 2^32 as sortable bytes."""
    rows = np.ascontiguousarray(numbers, dtype=">u4")
    return rows.view(f"S{4 * rows.shape[1]}").ravel() if rows.size else np.empty(0, dtype="S1")


def node_dofs(space: Any) -> Ints:
    """(n,) dof (block) of every point of the SectionMesh in a continuous first-order space; its inverse maps back."""
    mesh = space.mesh
    points = mesh.geometry.input_global_indices[mesh.geometry.dofmaps[0]]
    dofs = np.empty(mesh.geometry.x.shape[0], dtype=np.int64)
    dofs[points] = space.dofmap.list
    return dofs


def cell_dofs(space: Any) -> Ints:
    """(m,) dof of every triangle of the SectionMesh in a piecewise constant space."""
    dofs = np.empty(len(space.mesh.topology.original_cell_index), dtype=np.int64)
    dofs[space.mesh.topology.original_cell_index] = space.dofmap.list[:, 0]
    return dofs


def node_values(function: Any) -> Floats:
    """Nodal values of a first-order function in the point order of the SectionMesh: (n,), or (n, size) for vectors."""
    return _blocks(function)[node_dofs(function.function_space)]


def cell_values(function: Any) -> Floats:
    """Values of a piecewise constant function in the triangle order of the SectionMesh: (m,) or (m, size)."""
    return _blocks(function)[cell_dofs(function.function_space)]


def set_node_values(function: Any, values: npt.ArrayLike) -> None:
    """Fill a first-order function from values in the point order of the SectionMesh."""
    _blocks(function)[node_dofs(function.function_space)] = np.asarray(values, dtype=np.float64)
    function.x.scatter_forward()


def set_cell_values(function: Any, values: npt.ArrayLike) -> None:
    """Fill a piecewise constant function from values in the triangle order of the SectionMesh."""
    _blocks(function)[cell_dofs(function.function_space)] = np.asarray(values, dtype=np.float64)
    function.x.scatter_forward()


def _blocks(function: Any) -> Floats:
    size = function.function_space.dofmap.bs
    array = function.x.array
    return array if size == 1 else array.reshape(-1, size)  # type: ignore[no-any-return]


# --- linear algebra


def matrix(form: Any, couplings: Sequence[Ints] = ()) -> Any:
    """A PETSc matrix for a form, with room for dense blocks over groups of degrees of freedom besides."""
    if not couplings:
        return dolfinx.fem.petsc.create_matrix(form)
    pattern = dolfinx.fem.create_sparsity_pattern(form)
    block = form.function_spaces[0].dofmap.index_map_bs
    for dofs in couplings:
        blocks = np.unique(dofs // block).astype(np.int32)
        pattern.insert(blocks, blocks)
    pattern.finalize()
    result = dolfinx.cpp.la.petsc.create_matrix(MPI.COMM_SELF, pattern)
    for dofs in couplings:  # the first assembly gives back what nothing was written to
        rows = dofs.astype(np.int32)
        result.setValues(rows, rows, np.zeros((len(rows), len(rows))), addv=True)
    dolfinx.fem.petsc.assemble_matrix(result, form)
    result.assemble()
    return result


def assembled(form: Any) -> Any:
    """The PETSc matrix of a form in the form language, nothing held."""
    compiled = dolfinx.fem.form(form)
    result = dolfinx.fem.petsc.create_matrix(compiled)
    dolfinx.fem.petsc.assemble_matrix(result, compiled)
    result.assemble()
    return result


def held(space: Any, fixed: Ints) -> list[Any]:
    """Conditions that hold single components of a vector space at zero; dofs are size * block + component."""
    size = space.dofmap.index_map_bs
    split = [np.ascontiguousarray(fixed[fixed % size == component], np.int32) for component in range(size)]
    return [dolfinx.fem.dirichletbc(0.0, dofs, space.sub(i)) for i, dofs in enumerate(split) if dofs.size]


def eigenvalues(
    left: Any, right: Any, free: Ints, count: int, *, nearest: float | None = None, tolerance: float = 1e-9
) -> tuple[Floats, Floats]:
    """Eigenvalues of left x = value right x and their vectors (count, dof), zero outside the `free` dofs.

    Both matrices symmetric, `right` positive definite on the free dofs. The `count` largest, or those nearest to a
    value (shift and invert). Krylov-Schur of SLEPc. Raises SolverError when fewer converge, MissingPartError without
    SLEPc.
    """
    try:
        slepc = importlib.import_module("slepc4py.SLEPc")
    except ImportError as error:
        raise _missing(error) from error
    rows = PETSc.IS().createGeneral(free.astype(np.int32), comm=MPI.COMM_SELF)
    solver = slepc.EPS().create(MPI.COMM_SELF)
    solver.setOperators(left.createSubMatrix(rows, rows), right.createSubMatrix(rows, rows))
    solver.setProblemType(slepc.EPS.ProblemType.GHEP)
    solver.setDimensions(count, max(2 * count, count + 20))
    solver.setTolerances(tolerance, 500)
    transform = solver.getST()
    if nearest is None:
        solver.setWhichEigenpairs(slepc.EPS.Which.LARGEST_REAL)
    else:
        transform.setType(slepc.ST.Type.SINVERT)
        solver.setTarget(nearest)
        solver.setWhichEigenpairs(slepc.EPS.Which.TARGET_MAGNITUDE)
    inner = transform.getKSP()
    inner.setType("preonly")
    inner.getPC().setType("lu")
    inner.getPC().setFactorSolverType("mumps")
    try:
        solver.solve()
    except PETSc.Error as error:
        raise SolverError(
            f"eigenvalues of {len(free)} unknowns failed: {error}", advice="look for a loose part"
        ) from error
    found = solver.getConverged()
    if found < count:
        raise SolverError(f"{found} of {count} eigenvalues converged", advice="look for a part without support")
    values, vectors = np.empty(count), np.zeros((count, left.getSize()[0]))
    vector = PETSc.Vec().createSeq(len(free), comm=MPI.COMM_SELF)
    for index in range(count):
        values[index] = solver.getEigenpair(index, vector).real
        vectors[index, free] = vector.array
    return values, vectors


class LinearSolver:
    """A PETSc solver for one matrix: `solve` as often as wanted, `refresh` after the matrix has changed.

    Keep the mesh the matrix comes from: its communicator goes with it, and PETSc then fails with an MPI error.

    method "lu": factored once, exact; "gmres": GMRES with ILU(1), which suits mass-dominated transient matrices (from
    20 000 unknowns on less time than BiCGStab with ILU(0), measured), and falls back to LU for the step where it does
    not converge. Raises SolverError with PETSc's reason and residuals.
    """

    def __init__(self, matrix: Any, *, method: str = "lu", tolerance: float = 1e-10, iterations: int = 200) -> None:
        self._matrix = matrix
        self.fallbacks = 0
        self._direct: Any = None
        self._iterative: Any = None
        if method == "gmres":
            self._iterative = _ksp(matrix, "gmres", "ilu")
            self._iterative.getPC().setFactorLevels(1)
            self._iterative.setTolerances(rtol=tolerance, max_it=iterations)
            self._iterative.setInitialGuessNonzero(True)
            self._iterative.setConvergenceHistory(iterations + 1)
        elif method == "lu":
            self._direct = _ksp(matrix, "preonly", "lu")
        else:
            raise SolverError(f"found linear solver {method!r}, expected lu or gmres")

    def refresh(self) -> None:
        """The matrix has new values: factor again at the next solve."""
        for solver in (self._direct, self._iterative):
            if solver is not None:
                solver.setOperators(self._matrix)

    def solve(self, right: Any, solution: Any) -> None:
        """Solve into the PETSc vector `solution` (its content is the first guess of the iterative method)."""
        history: Sequence[float] = ()
        if self._iterative is not None:
            if self._run(self._iterative, right, solution):
                return
            history = list(self._iterative.getConvergenceHistory())
            self.fallbacks += 1
            if self._direct is None:
                self._direct = _ksp(self._matrix, "preonly", "lu")
            self._direct.setOperators(self._matrix)
        if not self._run(self._direct, right, solution):
            reason, unknowns = self._direct.getConvergedReason(), self._matrix.getSize()[0]
            raise SolverError(
                f"linear solve with {unknowns} unknowns failed, PETSc reason {reason}",
                history=history,
                advice="look for a region without material or a part without support",
            )

    @staticmethod
    def _run(solver: Any, right: Any, solution: Any) -> bool:
        try:
            solver.solve(right, solution)
        except PETSc.Error:  # a zero pivot is raised, not reported
            return False
        return bool(solver.getConvergedReason() > 0 and np.isfinite(solution.norm()))


def _ksp(matrix: Any, kind: str, preconditioner: str) -> Any:
    solver = PETSc.KSP().create(matrix.getComm())
    solver.setOperators(matrix)
    solver.setType(kind)
    pc = solver.getPC()
    pc.setType(preconditioner)
    # MUMPS overtakes PETSc's own LU at about ten thousand unknowns (measured: 5k equal, 20k half the time)
    if preconditioner == "lu" and matrix.getSize()[0] > 10_000:
        pc.setFactorSolverType("mumps")
    return solver


# --- files for ParaView


class FieldFile:
    """A file ParaView opens: one mesh, any number of fields over time, first-order or piecewise constant.

    XDMF with its numbers in an HDF5 file beside it, all fields on one grid. Use as a context manager.
    """

    def __init__(self, path: Path, mesh: Any) -> None:
        self._path = path.with_suffix(".xdmf")
        self._mesh = mesh
        self._steps: list[str] = []

    def __enter__(self) -> FieldFile:
        import h5py  # type: ignore[import-untyped]

        with _storing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._data = h5py.File(self._path.with_suffix(".h5"), "w")
        geometry = self._mesh.geometry
        points = np.empty_like(geometry.x)
        points[geometry.input_global_indices] = geometry.x
        triangles = np.empty(geometry.dofmaps[0].shape, dtype=np.int64)
        triangles[self._mesh.topology.original_cell_index] = geometry.input_global_indices[geometry.dofmaps[0]]
        count = f'TopologyType="Triangle" NumberOfElements="{len(triangles)}"'
        self._grid = f"<Topology {count}>{self._item('triangles', triangles)}</Topology>"
        self._grid += f'<Geometry GeometryType="XYZ">{self._item("points", points)}</Geometry>'
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        series = f'<Grid Name="fields" GridType="Collection" CollectionType="Temporal">{"".join(self._steps)}</Grid>'
        with _storing(self._path):
            self._data.close()
            self._path.write_text(f'<?xml version="1.0"?>\n<Xdmf Version="3.0"><Domain>{series}</Domain></Xdmf>\n')

    def write(self, functions: Mapping[str, Any], time: float = 0.0) -> None:
        """Append fields at a time, s; the keys become their names. Raises SolverError for functions of higher order."""
        parts = [f'<Grid Name="section"><Time Value="{time!r}"/>', self._grid]
        for name, function in functions.items():
            layout = function.function_space.dofmap.dof_layout
            dofs = [len(layout.entity_dofs(dim, 0)) for dim in range(3)]
            if dofs not in ([1, 0, 0], [0, 0, 1]):
                raise SolverError(f"field {name!r} is neither first order nor piecewise constant")
            centre = "Node" if dofs[0] else "Cell"
            values = _in_space(node_values(function) if dofs[0] else cell_values(function))
            kind = "Vector" if values.ndim == 2 else "Scalar"
            item = self._item(f"{name}_{len(self._steps)}", values)
            parts.append(f'<Attribute Name="{name}" AttributeType="{kind}" Center="{centre}">{item}</Attribute>')
        self._steps.append("".join([*parts, "</Grid>"]))

    def _item(self, name: str, values: npt.NDArray[Any]) -> str:
        """Store an array and say where."""
        with _storing(self._path):
            self._data.create_dataset(name, data=values, compression="gzip")
        kind = "Int" if np.issubdtype(values.dtype, np.integer) else "Float"
        shape = " ".join(map(str, values.shape))
        head = f'Format="HDF" NumberType="{kind}" Precision="8" Dimensions="{shape}"'
        return f"<DataItem {head}>{self._path.stem}.h5:/{name}</DataItem>"


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    """Turns what the system says about a file into an error for the user."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error}", advice="free space or choose another folder with --out"
        ) from error


def _in_space(values: Floats) -> Floats:
    """Vectors of the half plane with a third component 0, as ParaView wants them."""
    flat = values.ndim == 2 and values.shape[1] == 2
    return np.column_stack([values, np.zeros(len(values))]) if flat else values


def write_fields(path: Path, mesh: Any, functions: Mapping[str, Any], time: float = 0.0) -> None:
    """Write fields at one time to `path` (.xdmf with .h5 beside it)."""
    with FieldFile(path, mesh) as file:
        file.write(functions, time)
