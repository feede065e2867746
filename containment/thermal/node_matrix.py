"""A sparse matrix over the nodes of triangles whose values compiled code fills in place, with its PETSc solver."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.fem import MPI, PETSc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class NodeMatrix:
    """Compressed rows (n, n) with an entry for every pair of nodes that share a triangle.

    `values` (entries,) is what compiled code writes; `cells` (m, 9) are the places in it of the pairs (i, j), row by
    row, of every triangle, `diagonal` (n,) those of the nodes. The solver is flexible GMRES with ILU(2), to a
    hundredth of the right-hand side: a transient matrix is dominated by storage, and a Newton iteration corrects what
    is left. Number the nodes with `numbering` first, which keeps neighbours together.
    """

    def __init__(self, triangles: Ints, count: int, *, tolerance: float = 1e-2) -> None:
        row, column = np.repeat(triangles, 3, axis=1), np.tile(triangles, (1, 3))
        keys, place = np.unique(row.astype(np.int64) * count + column, return_inverse=True)
        self._keys, self._count = keys, count
        self.cells = place.reshape(-1, 9).astype(np.int32)
        self.values: Floats = np.zeros(keys.size)
        starts = np.searchsorted(keys, np.arange(count + 1, dtype=np.int64) * count).astype(PETSc.IntType)
        self._rows = (starts, (keys % count).astype(PETSc.IntType))  # PETSc reads these arrays: they must stay
        self.diagonal = self.places(np.arange(count), np.arange(count))
        shape = (count, count)
        self._matrix = PETSc.Mat().createAIJWithArrays(shape, (*self._rows, self.values), comm=MPI.COMM_SELF)
        self._right, self._step = self._matrix.createVecs()
        self._solver = fem.LinearSolver(self._matrix, method="gmres", tolerance=tolerance)

    def places(self, row: Ints, column: Ints) -> NDArray[np.int32]:
        """Places in `values` of pairs of nodes that share a triangle."""
        return np.searchsorted(self._keys, row.astype(np.int64) * self._count + column).astype(np.int32)

    def changed(self) -> None:
        """The values are new: the next solve factors them."""
        self._matrix.stateIncrease()
        self._matrix.assemble()
        self._solver.refresh()

    def solve(self, right: Floats) -> Floats:
        """(n,) solution for a right-hand side (n,). Raises SolverError."""
        self._right.array[:] = right
        self._solver.solve(self._right, self._step)
        return np.array(self._step.array)


def numbering(triangles: Ints, count: int) -> Ints:
    """(n,) old numbers of the nodes in an order of small bandwidth (reverse Cuthill and McKee)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    row, column = np.repeat(triangles, 3, axis=1).ravel(), np.tile(triangles, (1, 3)).ravel()
    graph = coo_matrix((np.ones(row.size, dtype=np.int8), (row, column)), shape=(count, count)).tocsr()
    return np.asarray(reverse_cuthill_mckee(graph, symmetric_mode=True), dtype=np.int64)
