"""Solids in space: meshes of tetrahedra or hexahedra with named regions and surfaces, second-order elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import DataError
from containment.fem import dolfinx, ufl
from containment.structure.elements import SolidElements

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CELLS = {4: "tetrahedron", 8: "hexahedron"}


@dataclass(frozen=True)
class VolumeMesh:
    """Points (n, 3) m; cells (m, 4) tetrahedra or (m, 8) hexahedra, the corners of a hexahedron with the first
    coordinate running fastest; region number (m,) of each; surfaces by name, corner numbers (k, 3) or (k, 4) of outer
    facets in any order. Raises DataError when arrays do not fit or a cell has no volume.
    """

    points: Floats
    cells: Ints
    region: Ints
    regions: dict[str, int]
    surfaces: dict[str, Ints]

    def __post_init__(self) -> None:
        corners = self.cells.shape[1] if self.cells.ndim == 2 else 0
        if corners not in _CELLS or self.points.ndim != 2 or self.points.shape[1] != 3:
            raise DataError(
                f"found cells {self.cells.shape} and points {self.points.shape}, expected (m, 4) or (m, 8) and (n, 3)",
                advice="give tetrahedra or hexahedra in space",
            )
        if self.region.shape != (len(self.cells),):
            raise DataError(f"{self.region.shape} region numbers for {len(self.cells)} cells", advice="one a cell")
        empty = [name for name, number in self.regions.items() if not (self.region == number).any()]
        if empty or not set(np.unique(self.region).tolist()) <= set(self.regions.values()):
            raise DataError(
                f"regions {', '.join(empty) or 'without a name'} do not match the cells of the mesh",
                advice="name every region that has cells, and no other",
            )
        first = self.points[self.cells[:, [1, 2, 4 if corners == 8 else 3]]] - self.points[self.cells[:, :1]]
        scale = np.linalg.norm(first, axis=2).prod(axis=1)
        flat = np.abs(np.linalg.det(first)) <= 1e-10 * scale  # lost to rounding in double precision
        if flat.any():
            raise DataError(
                f"{int(flat.sum())} cells of the mesh have no volume, the first is number {int(np.argmax(flat))}",
                advice="repair the mesh; points of it coincide or lie in one plane",
            )

    @property
    def kind(self) -> str:
        """Shape of the cells."""
        return _CELLS[self.cells.shape[1]]


class VolumeSolid(SolidElements):
    """Quadratic tetrahedra or hexahedra; components xx, yy, zz, xy, yz, zx.

    `degree` of the quadrature: 2 has four points in a tetrahedron (free of locking in plastic flow), 4 has 27 in a
    hexahedron, without which it has modes of no energy.
    """

    components = 6

    def __init__(self, mesh: VolumeMesh, *, degree: int | None = None) -> None:
        self.mesh, self.regions = mesh, mesh.regions
        facets = {name: fem.Facets(number, corner) for number, (name, corner) in enumerate(mesh.surfaces.items())}
        target, self._tags = fem.volume(mesh.points, mesh.cells, mesh.kind, list(facets.values()))
        self._surfaces = {name: facet.number for name, facet in facets.items()}
        standard = 2 if mesh.kind == "tetrahedron" else 4
        super().__init__(target, quadrature=degree or standard)
        self.cell_region = mesh.region[self.cells]

    def _form_strain(self, w: Any) -> Any:
        g = ufl.grad(w)
        return ufl.as_vector([g[0, 0], g[1, 1], g[2, 2], g[0, 1] + g[1, 0], g[1, 2] + g[2, 1], g[2, 0] + g[0, 2]])

    def _form_tensor(self, stress: Any) -> Any:
        xx, yy, zz, xy, yz, zx = (stress[i] for i in range(6))
        return ufl.as_matrix([[xx, xy, zx], [xy, yy, yz], [zx, yz, zz]])

    def strain(self, displacement: Floats) -> Floats:
        """(cell, point, 6) strains xx, yy, zz, 2 xy, 2 yz, 2 zx of a displacement vector."""
        g = self.gradient(displacement)
        normal = [g[:, :, i, i] for i in range(3)]
        shear = [g[:, :, i, j] + g[:, :, j, i] for i, j in ((0, 1), (1, 2), (2, 0))]
        return np.ascontiguousarray(np.stack([*normal, *shear], axis=2))

    def _facets(self, name: str) -> tuple[int, Ints]:
        if name not in self._surfaces:
            raise DataError(
                f"no surface {name!r} in the mesh; it has {', '.join(self._surfaces)}", advice="tag it or map its name"
            )
        return self._surfaces[name], np.asarray(self._tags.find(self._surfaces[name]))

    def named_blocks(self, name: str) -> Ints:
        """Blocks of all nodes on a tagged surface."""
        found = dolfinx.fem.locate_dofs_topological(self._space, 2, self._facets(name)[1])
        return np.asarray(found, dtype=np.int64)

    def pressure(self, name: str, pressure: float | Floats) -> Floats:
        """Nodal forces of an even pressure on an outer surface, Pa."""
        if np.ndim(pressure):
            raise DataError(f"found {np.shape(pressure)} pressures on surface {name!r}, expected one number")
        return self._on_surface(name, -float(pressure) * ufl.FacetNormal(self._mesh))

    def traction(self, name: str, traction: tuple[float, ...]) -> Floats:
        """Nodal forces of a constant traction (3,) Pa on an outer surface."""
        return self._on_surface(name, ufl.as_vector([ufl.as_ufl(float(t)) for t in traction]))

    def _on_surface(self, name: str, traction: Any) -> Floats:
        number, _ = self._facets(name)
        ds = ufl.Measure("ds", self._mesh, subdomain_data=self._tags)(number)
        form = dolfinx.fem.form(ufl.inner(traction, ufl.TestFunction(self._space)) * ds)
        force: Floats = np.zeros(self.size)
        dolfinx.fem.assemble_vector(force, form)
        return force
