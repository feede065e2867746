"""Orthotropic shells of revolution: laminates with axes along the meridian, through the wall and around.

Ply to laminate by classical lamination theory (membrane part): Q_bar = sum share Q(angle); the wall is then one
orthotropic material whose axes turn with the shell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.lines import chain, nearest
from containment.meshing.mesh import SectionMesh
from containment.structure.equilibrium import Orthotropic

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Laminate:
    """Elastic constants along the meridian (1), through the wall (2) and around (3): moduli and shear moduli Pa,
    Poisson's ratios nu_ij (strain j under stress i), mean thermal expansion 1/K. Raises DataError when no material can
    have them."""

    moduli: tuple[float, float, float]
    shear_12: float
    shear_23: float
    shear_31: float
    poisson_12: float
    poisson_13: float
    poisson_23: float
    expansion: tuple[float, float, float]

    def __post_init__(self) -> None:
        if min(self.shear_12, self.shear_23, self.shear_31, *self.moduli) <= 0.0:
            raise DataError("a modulus of the laminate is not above 0", advice="correct the laminate")
        if np.linalg.eigvalsh(self.compliance()).min() <= 0.0:
            raise DataError(
                f"Poisson's ratios {self.poisson_12:g}, {self.poisson_13:g}, {self.poisson_23:g} give energy by "
                "straining, expected nu_ij^2 < E_i / E_j",
                advice="correct the laminate; nu_ij is the strain along j under stress along i",
            )

    def compliance(self) -> Floats:
        """(3, 3) normal strains under normal stresses, 1/Pa."""
        e1, e2, e3 = self.moduli
        a, b, c = -self.poisson_12 / e1, -self.poisson_13 / e1, -self.poisson_23 / e2
        return np.array([[1.0 / e1, a, b], [a, 1.0 / e2, c], [b, c, 1.0 / e3]])


@dataclass(frozen=True)
class Ply:
    """Unidirectional ply at an angle to the meridian, rad, with its share of the thickness; Pa, 1/K."""

    angle: float
    share: float
    along: float
    across: float
    poisson: float
    shear: float
    expansion_along: float = 0.0
    expansion_across: float = 0.0


def laminate(plies: Sequence[Ply], through: float, shear_through: float, poisson_through: float = 0.3,
             expansion_through: float = 0.0) -> Laminate:  # fmt: skip
    """Smeared constants of a balanced laminate; through the wall as given (Pa), which plies do not tell.

    Raises DataError when the shares do not add up to 1 or the laminate is not balanced (shear couples with stretch).
    """
    total = sum(ply.share for ply in plies)
    if abs(total - 1.0) > 1e-6:
        raise DataError(f"shares of the plies add up to {total:g}, expected 1", advice="correct them")
    stiffness, thermal = np.zeros((3, 3)), np.zeros(3)
    for ply in plies:
        turned, grown = _turned_ply(ply)
        stiffness += ply.share * turned
        thermal += ply.share * turned @ grown
    if np.abs(stiffness[:2, 2]).max() > 1e-6 * stiffness[0, 0]:
        raise DataError(
            "the laminate is not balanced: it shears when stretched", advice="pair each angle with minus it"
        )
    s = np.linalg.inv(stiffness)
    along, around = 1.0 / s[0, 0], 1.0 / s[1, 1]
    grown = s @ thermal
    # strain through the wall under stress in its plane is `poisson_through`; the other way round by symmetry
    return Laminate(
        (along, through, around), shear_through, shear_through, 1.0 / s[2, 2], poisson_through, -s[0, 1] * along,
        poisson_through * through / around, (float(grown[0]), expansion_through, float(grown[1])),
    )  # fmt: skip


def _turned_ply(ply: Ply) -> tuple[Floats, Floats]:
    """Plane-stress stiffness (3, 3) and thermal strain (3,) per kelvin in the laminate's axes, engineering shear."""
    minor = ply.poisson * ply.across / ply.along
    scale = 1.0 / (1.0 - ply.poisson * minor)
    own = np.array(
        [[ply.along * scale, minor * ply.along * scale, 0.0], [minor * ply.along * scale, ply.across * scale, 0.0],
         [0.0, 0.0, ply.shear]]
    )  # fmt: skip
    c, s = np.cos(ply.angle), np.sin(ply.angle)
    strain = np.array([[c * c, s * s, c * s], [s * s, c * c, -c * s], [-2 * c * s, 2 * c * s, c * c - s * s]])
    grown = np.linalg.solve(strain, np.array([ply.expansion_along, ply.expansion_across, 0.0]))
    return strain.T @ own @ strain, grown


def along_line(section: SectionMesh, region: str, line: str, given: Laminate) -> Orthotropic:
    """The laminate in the cells of a region, its meridian along the nearest piece of a tagged line."""
    cells = section.region == section.region_number(region)
    centres = section.points[section.triangles[cells]].mean(axis=1)
    points = chain(section, line)
    arc = nearest(centres, points)[1]
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    piece = np.clip(np.searchsorted(length, arc, side="right") - 1, 0, len(points) - 2)
    direction = np.diff(points, axis=0)[piece]
    return turned(given, direction / np.linalg.norm(direction, axis=1)[:, None])


def turned(given: Laminate, meridian: Floats) -> Orthotropic:
    """The laminate with its meridian along unit vectors (cell, 2) in r and z, in components rr, zz, tt, rz."""
    c, s = meridian.T
    count = len(c)
    own = np.zeros((4, 4))  # along, through, around, shear along-through
    own[:3, :3] = np.linalg.inv(given.compliance())
    own[3, 3] = given.shear_12
    strain = np.zeros((count, 4, 4))
    strain[:, 0, [0, 1, 3]] = np.stack([c * c, s * s, c * s], axis=1)
    strain[:, 1, [0, 1, 3]] = np.stack([s * s, c * c, -c * s], axis=1)
    strain[:, 2, 2] = 1.0
    strain[:, 3, [0, 1, 3]] = np.stack([-2.0 * c * s, 2.0 * c * s, c * c - s * s], axis=1)
    grown = np.linalg.solve(strain, np.tile([*given.expansion, 0.0], (count, 1))[..., None])[..., 0]
    turn = np.stack([np.stack([c, s], axis=1), np.stack([-s, c], axis=1)], axis=1)
    out_of_section = np.diag([given.shear_31, given.shear_23])
    return Orthotropic(
        np.einsum("cki,kl,clj->cij", strain, own, strain), grown,
        np.einsum("cki,kl,clj->cij", turn, out_of_section, turn),
    )  # fmt: skip
