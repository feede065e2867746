"""Meshes of DOLFINx from ours, with tags, and values between the two numberings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from containment.errors import SolverError
from containment.fem.stack import MPI, basix, dolfinx

if TYPE_CHECKING:
    from containment.meshing.mesh import SectionMesh

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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
