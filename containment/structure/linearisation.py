"""Stress through a wall split into membrane, bending and the rest, as pressure-vessel codes judge it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.lines import paths
from containment.meshing.mesh import SectionMesh
from containment.structure.plasticity import mises

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class WallStress:
    """Components along the wall: through (t), meridional (m), hoop (h), shear (s), each Pa: `membrane` (4,) and
    `bending` (4,) at the start of the line; the bending at its end is the opposite."""

    thickness: float
    membrane: Floats
    bending: Floats

    @property
    def membrane_mises(self) -> float:
        """Mises stress of the membrane part, Pa."""
        return float(mises(self.membrane))

    @property
    def surface_mises(self) -> float:
        """Larger Mises stress of membrane plus bending at the two surfaces, Pa."""
        return float(max(mises(self.membrane + self.bending), mises(self.membrane - self.bending)))


def linearised(section: SectionMesh, node_stress: Floats, line: str) -> WallStress:
    """Linearised stress along a tagged straight line through a wall (E. Hechmer and G. L. Hollinger, WRC 429, 1998).

    Membrane: the mean over the thickness, (1/t) int s dx; bending: (6/t^2) int s (t/2 - x) dx; the meridional component
    is weighted by the radius, since a force per radian is what equilibrium knows. `node_stress` (node, 4) Pa in rr, zz,
    tt, rz. Raises DataError for a line that is not one open piece.
    """
    pieces = paths(section, line)
    if len(pieces) != 1 or pieces[0][0] == pieces[0][-1]:
        raise DataError(f"the line {line!r} does not cross one wall", advice="tag one line from surface to surface")
    points = section.points[pieces[0]]
    place = np.linalg.norm(points - points[0], axis=1)
    thickness = float(place[-1])
    through = (points[-1] - points[0]) / thickness
    stress = _turned(node_stress[pieces[0]], through)
    weight = np.ones((len(points), 4))
    weight[:, 1] = points[:, 0] / (0.5 * (points[0, 0] + points[-1, 0]))
    membrane = np.trapezoid(stress * weight, place, axis=0) / thickness
    lever = (0.5 * thickness - place)[:, None]
    bending = 6.0 / thickness**2 * np.trapezoid(stress * weight * lever, place, axis=0)
    bending[[0, 3]] = 0.0  # through-wall stress and shear do not bend a wall
    return WallStress(thickness, membrane, bending)


def _turned(stress: Floats, through: Floats) -> Floats:
    """Components rr, zz, tt, rz turned into through, meridional, hoop, shear for a unit vector through the wall."""
    c, s = through
    rr, zz, tt, rz = stress.T
    across = c * c * rr + s * s * zz + 2.0 * c * s * rz
    along = s * s * rr + c * c * zz - 2.0 * c * s * rz
    shear = c * s * (zz - rr) + (c * c - s * s) * rz
    return np.column_stack([across, along, tt, shear])
