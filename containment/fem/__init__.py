"""The one place that knows the finite-element stack (DOLFINx 0.11, PETSc, MPI); every other room imports it from here.

One process solves one sample, so meshes live on MPI.COMM_SELF.
"""

from containment.fem.algebra import LinearSolver, assembled, eigenvalues, held, matrix
from containment.fem.files import FieldFile, MotionFile, write_fields
from containment.fem.mesh import (
    Facets,
    FeMesh,
    cell_dofs,
    cell_values,
    cells_at,
    node_dofs,
    node_values,
    set_cell_values,
    set_node_values,
    to_dolfinx,
    volume,
)
from containment.fem.stack import MPI, PETSc, basix, dolfinx, ufl

__all__ = [
    "MPI", "Facets", "FeMesh", "FieldFile", "LinearSolver", "MotionFile", "PETSc", "assembled", "basix", "cell_dofs",
    "cell_values", "cells_at", "dolfinx", "eigenvalues", "held", "matrix", "node_dofs", "node_values",
    "set_cell_values", "set_node_values", "to_dolfinx", "ufl", "volume", "write_fields",
]  # fmt: skip
