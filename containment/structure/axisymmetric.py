"""The axisymmetric solid: displacement (u_r, u_z), strains rr, zz, tt (hoop), 2 rz; forces per radian."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.fem import ufl
from containment.structure.section_solid import SectionSolid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class AxisymmetricSolid(SectionSolid):
    """A body of revolution on its section in r and z."""

    turn = 2.0 * np.pi

    @property
    def radius(self) -> Floats:
        """(cell, point) radius of the integration points."""
        return self.position[:, :, 0]

    def weight_at(self, first: Floats) -> Floats:
        """The radius."""
        return first

    def _form_weight(self) -> Any:
        return ufl.SpatialCoordinate(self._mesh)[0]

    def _form_strain(self, w: Any) -> Any:
        r = ufl.SpatialCoordinate(self._mesh)[0]
        return ufl.as_vector([w[0].dx(0), w[1].dx(1), w[0] / r, w[0].dx(1) + w[1].dx(0)])

    def strain(self, displacement: Floats) -> Floats:
        """(cell, point, 4) strains rr, zz, tt, 2 rz of a displacement vector."""
        gradient = self.gradient(displacement)
        u = displacement.reshape(-1, 2)[self._dofs]
        hoop = np.einsum("pn,cn->cp", self._values, u[:, :, 0]) / self.radius
        shear = gradient[:, :, 0, 1] + gradient[:, :, 1, 0]
        return np.ascontiguousarray(np.stack([gradient[:, :, 0, 0], gradient[:, :, 1, 1], hoop, shear], axis=2))

    def axis_blocks(self) -> Ints:
        """Blocks on the axis r = 0, where the radial displacement vanishes."""
        on_axis = self.section.points[:, 0] <= 1e-12 * np.ptp(self.section.points)
        nodes = self._nodes
        middles = [
            self._dofs[:, 3 + i][on_axis[nodes[:, a]] & on_axis[nodes[:, b]]]
            for i, (a, b) in enumerate(((1, 2), (0, 2), (0, 1)))
        ]
        return np.unique(np.concatenate([self._at_node[on_axis], *middles]))
