"""Seams and seals: traction across the seam line, braze interaction, opening beyond preload or strength.

Through the wall the traction is linearised into membrane and bending, as pressure-vessel codes do (ASME VIII-2, 5-A):
a mean and a moment over the seam line of length t,

    membrane = 1/t int sigma ds,    bending = 6/t^2 int sigma (s - t/2) ds,

both from nodal forces, so that they are in equilibrium with the loads on any mesh.

Braze under mixed stress (Flom's lower bound): (sigma/sigma_0 + |tau|/tau_0) / ((1 - void) factor) <= 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.axisymmetric import AxisymmetricSolid

if TYPE_CHECKING:
    from containment.case.landing import Seam

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SeamCut:
    """The cut along a seam: its blocks of freedom (k,), their place s - t/2 across the wall (k,), unit normal and unit
    tangent (2,), wall thickness t, mean radius, and the cells (solid's order) of the side the normal points to."""

    blocks: NDArray[np.int64]
    place: Floats
    normal: Floats
    tangent: Floats
    thickness: float
    radius: float
    beyond: NDArray[np.bool_]


def seam_cut(solid: AxisymmetricSolid, line: str) -> SeamCut:
    """Find a seam by the name of its tagged line, straight and through the wall. Raises DataError when it is not."""
    ends, middles, _, beside = solid.edges(line)
    points = solid.section.points
    if (beside != 2).any():
        raise DataError(
            f"seam {line!r} has edges on the surface of its vessel, expected a line through the wall",
            advice="tag the seam across the wall of the vessel only",
        )
    nodes = np.unique(ends)
    apart = points[nodes][:, None] - points[nodes][None, :]
    i, j = np.unravel_index(np.argmax(np.sum(apart**2, axis=2)), (len(nodes), len(nodes)))
    inner, outer = sorted((points[nodes[i]], points[nodes[j]]), key=lambda p: float(p[0]))
    thickness = float(np.linalg.norm(outer - inner))
    tangent = (outer - inner) / thickness
    normal = np.array([-tangent[1], tangent[0]])  # along +z where the tangent points outward
    length = np.linalg.norm(points[ends[:, 1]] - points[ends[:, 0]], axis=1).sum()
    if length > 1.05 * thickness:
        raise DataError(
            f"seam {line!r} is {length:.4g} m long over a wall of {thickness:.4g} m, expected a straight cut",
            advice="tag a straight line across the wall",
        )
    centre = 0.5 * (inner + outer)
    blocks = np.concatenate([solid.node_blocks(nodes), middles])
    where = np.concatenate([points[nodes], 0.5 * (points[ends[:, 0]] + points[ends[:, 1]])])
    centroids = points[solid.section.triangles[solid.cells]].mean(axis=1)
    return SeamCut(
        np.asarray(blocks, dtype=np.int64), (where - centre) @ tangent, normal, tangent, thickness, float(centre[0]),
        (centroids - centre) @ normal > 0.0,
    )  # fmt: skip


@dataclass(frozen=True)
class Traction:
    """Linearised traction of a seam, Pa: `membrane` and `bending` of the normal stress (+ tension), mean `shear`."""

    membrane: Floats
    bending: Floats
    shear: Floats

    @property
    def edge_tension(self) -> Floats:
        """Largest normal stress over the wall, membrane + |bending|."""
        return self.membrane + np.abs(self.bending)


def traction(solid: AxisymmetricSolid, cut: SeamCut, stress: Floats, body: Floats) -> Traction:
    """Traction of the cut from the forces its nodes carry, exact in equilibrium whatever the mesh beside it.

    `stress` (cell, point, 4) and axial body force `body` (cell, point) N/m^3 of the solid: with the side beyond alone,
    internal minus body forces at the seam are what the other side exerts, -sigma . n.
    """
    only = cut.beyond[:, None]
    given = solid.body_force(None, np.where(only, body, 0.0))
    force = (given - solid.internal_force(np.where(only[..., None], stress, 0.0))).reshape(-1, 2)[cut.blocks]
    normal, across = force @ cut.normal, force @ cut.tangent
    area = cut.thickness * cut.radius  # per radian
    return Traction(
        np.asarray(normal.sum() / area), np.asarray(6.0 * (normal @ cut.place) / (area * cut.thickness)),
        np.asarray(across.sum() / area),
    )  # fmt: skip


def braze_utilisation(found: Traction, seam: Seam) -> Floats:
    """(sigma/sigma_0 + |tau|/tau_0) / ((1 - void) factor); compression does not load the seam. 1 is failure."""
    left = (1.0 - seam.void_fraction.value) * seam.strength_factor.value
    if not left > 0:
        raise DataError("found a seam without any sound area", advice="void_fraction < 1 and strength_factor > 0")
    tension = np.maximum(found.edge_tension, 0.0) / seam.normal_strength.value
    return np.asarray((tension + np.abs(found.shear) / seam.shear_strength.value) / left)


def opening(found: Traction, seam: Seam) -> Floats:
    """Gap at the worse edge of the seam, m: tension beyond what holds it closed over the stiffness of the joint.

    A preloaded joint is held by its preload, a braze by its remaining strength.
    """
    if seam.kind == "preloaded":
        held = seam.preload.value
    else:
        held = seam.normal_strength.value * (1.0 - seam.void_fraction.value) * seam.strength_factor.value
    return np.asarray(np.maximum(found.edge_tension - held, 0.0) / seam.stiffness.value)
