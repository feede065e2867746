"""Matrices, linear solvers and eigenvalues of PETSc and SLEPc."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from containment.errors import SolverError
from containment.fem.stack import MPI, PETSc, dolfinx, missing

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
        raise missing(error) from error
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

    method "lu": factored once, exact; "gmres": flexible GMRES with ILU(2), which suits mass-dominated transient
    matrices: one or two iterations up to 80 000 unknowns where ILU(1) takes three, and one application of the
    preconditioner less than the plain method (measured: 14 % of a soak). It falls back to LU for the step where it does
    not converge. Raises SolverError with PETSc's reason and residuals.
    """

    def __init__(self, matrix: Any, *, method: str = "lu", tolerance: float = 1e-10, iterations: int = 200) -> None:
        self._matrix = matrix
        self.fallbacks = 0
        self._direct: Any = None
        self._iterative: Any = None
        if method == "gmres":
            self._iterative = _ksp(matrix, "fgmres", "ilu")
            self._iterative.getPC().setFactorLevels(2)
            self._iterative.setTolerances(rtol=tolerance, max_it=iterations)
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
        """Solve into the PETSc vector `solution`."""
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
