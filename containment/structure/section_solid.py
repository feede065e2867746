"""Solids on a plane section of triangles: tagged lines, pressure on them, and the membrane and plane-strain body."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import DataError
from containment.fem import ufl
from containment.meshing.mesh import SectionMesh
from containment.structure.elements import SolidElements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SectionSolid(SolidElements):
    """Quadratic triangles on a section; components in the first and second direction, across, and in-plane shear.

    `degree` of the quadrature: 2 has three points per triangle, exact enough with the weight r and free of volumetric
    locking in plastic flow.
    """

    components = 4

    def __init__(self, section: SectionMesh, *, degree: int = 2) -> None:
        self.section = section
        self.regions = section.regions
        meshed = fem.to_dolfinx(section)
        self.facet_tags = meshed.facet_tags
        super().__init__(meshed.mesh, quadrature=degree)
        self.cell_region = section.region[self.cells]
        self._locate()

    def weight_at(self, first: Floats) -> Floats:
        """Weight of places with first coordinate (k,)."""
        raise NotImplementedError

    def _weight(self, position: Floats) -> Floats:
        return self.weight_at(position[:, :, 0])

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

    def outer_edges(self, name: str) -> tuple[Ints, Floats, Floats, Floats]:
        """Edges of a tagged outer line: blocks (k, 3) of start, end and middle, positions of start and end (k, 2), and
        the normal into the body (k, 2), as long as the edge. Raises DataError for a line inside the body, where
        "outside" has no meaning."""
        ends, middle, opposite, beside = self.edges(name)
        if (beside > 1).any():
            raise DataError(f"pressure on line {name!r}, which lies inside the body", advice="name an outer line")
        a, b = self.section.points[ends[:, 0]], self.section.points[ends[:, 1]]
        along = b - a
        normal = np.column_stack([along[:, 1], -along[:, 0]])
        inward = self.section.points[opposite] - a
        normal *= np.sign(np.einsum("ki,ki->k", normal, inward))[:, None]
        blocks = np.column_stack([self.node_blocks(ends[:, 0]), self.node_blocks(ends[:, 1]), middle])
        return blocks, a, b, normal

    @property
    def cell_blocks(self) -> Ints:
        """(cell, 6) blocks of the corners and of the edges opposite to them."""
        return self._dofs

    def node_blocks(self, nodes: Ints) -> Ints:
        """Blocks (dof pairs) of section nodes."""
        return np.asarray(self._at_node[nodes])

    def named_blocks(self, name: str) -> Ints:
        """Blocks of all nodes, corner and middle, on a tagged line."""
        ends, middle, _, _ = self.edges(name)
        return np.unique(np.concatenate([self._at_node[ends].ravel(), middle]))

    def axis_blocks(self) -> Ints:
        """Blocks that the symmetry of the body holds in the first direction."""
        return np.empty(0, dtype=np.int64)

    # --- loads

    def pressure(self, name: str, pressure: float | Floats) -> Floats:
        """Nodal forces of a pressure on an outer line: int p n . v w ds, n into the body; one number or one an edge."""
        blocks, a, b, normal = self.outer_edges(name)
        size = np.broadcast_to(np.asarray(pressure, dtype=np.float64), (len(blocks),))
        return self._along(blocks, a, b, size[:, None] * normal)

    def traction(self, name: str, traction: tuple[float, ...]) -> Floats:
        """Nodal forces of a constant traction (2,) Pa on an outer line."""
        blocks, a, b, _ = self.outer_edges(name)
        length = np.linalg.norm(b - a, axis=1)
        return self._along(blocks, a, b, length[:, None] * np.asarray(traction))

    def _along(self, blocks: Ints, a: Floats, b: Floats, force: Floats) -> Floats:
        """Nodal forces of a force (k, 2) spread evenly over each edge; three Gauss points are exact for a quadratic
        shape function times the radius."""
        total = np.zeros((self.size // 2, 2))
        points, weights = np.polynomial.legendre.leggauss(3)
        for x, weight in zip(0.5 * (points + 1.0), 0.5 * weights, strict=True):
            at = self.weight_at((1.0 - x) * a[:, 0] + x * b[:, 0])
            np.add.at(total, blocks, edge_shape(x)[None, :, None] * (weight * at[:, None] * force)[:, None, :])
        return total.ravel()


def edge_shape(x: float | Floats) -> Floats:
    """Quadratic shape functions of start, end and middle of an edge at x in 0..1."""
    return np.asarray([(1.0 - x) * (1.0 - 2.0 * x), x * (2.0 * x - 1.0), 4.0 * x * (1.0 - x)])


class PlaneSolid(SectionSolid):
    """A body of constant thickness in the x, y plane (the section's first and second coordinate).

    Components xx, yy, zz, xy. Plane strain as it stands; with `membrane` the stress across is zero (plane stress),
    which the material sees to.
    """

    def __init__(
        self, section: SectionMesh, *, thickness: float = 1.0, membrane: bool = False, degree: int = 2
    ) -> None:
        self.thickness, self.membrane = thickness, membrane
        super().__init__(section, degree=degree)

    def weight_at(self, first: Floats) -> Floats:
        """The thickness."""
        return np.full(np.shape(first), self.thickness)

    def _form_weight(self) -> Any:
        return self.thickness

    def _form_strain(self, w: Any) -> Any:
        return ufl.as_vector([w[0].dx(0), w[1].dx(1), ufl.as_ufl(0.0), w[0].dx(1) + w[1].dx(0)])

    def _form_tensor(self, stress: Any) -> Any:
        return ufl.as_matrix([[stress[0], stress[3]], [stress[3], stress[1]]])

    def strain(self, displacement: Floats) -> Floats:
        """(cell, point, 4) strains xx, yy, 0, 2 xy of a displacement vector."""
        gradient = self.gradient(displacement)
        across = np.zeros(self.shape)
        shear = gradient[:, :, 0, 1] + gradient[:, :, 1, 0]
        return np.ascontiguousarray(np.stack([gradient[:, :, 0, 0], gradient[:, :, 1, 1], across, shear], axis=2))
