"""A vessel under the forces of the landing: unit loads solved once, histories superposed, plasticity.

Four forces act on the wall: the absorber or the outer vessel on its front (pushing aft), its content on the front
inside (pushing forward) and, after rebound, the outer vessel on its rear and its content on the rear inside. What they
do not balance accelerates the vessel; inertia acts as a body force, so each load is in equilibrium by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.meshing.mesh import SectionMesh
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.loads import Loads, Supports, external_force, held_dofs
from containment.structure.seal import Traction, seam_cut, traction
from containment.structure.solid import Solid
from containment.structure.statics import Statics, StaticsResult, part

Floats = NDArray[np.float64]

UNIT = 1.0e5  # N, size of the unit loads: of the order of a landing, so that residual tolerances mean the same
FORCES = ("outer_front", "inner_front", "outer_rear", "inner_rear")
_PAIRS = np.triu_indices(len(FORCES))


@dataclass(frozen=True)
class Seats:
    """Half angles (rad, from the front axis, or the rear one) of the caps on which the forces press.

    `outer_uniform`: even pressure over the outer cap (crushed foam) instead of one falling with the cosine (a nest).
    """

    outer: float
    inner: float
    outer_uniform: bool


@dataclass(frozen=True)
class VesselResponse:
    """Answer of one vessel over k load states: largest Mises over yield (k,), seam traction (k,)."""

    peaks: Floats
    traction: Traction

    @property
    def peak(self) -> float:
        """Largest utilisation."""
        return float(self.peaks.max())

    @property
    def worst(self) -> int:
        """Number of the worst state."""
        return int(np.argmax(self.peaks))


class Vessel:
    """The part of the section that is one vessel, with its seam line, at one temperature (K)."""

    def __init__(
        self, section: SectionMesh, region: str, seam: str, material: Solid, temperature: float, seats: Seats
    ) -> None:
        mesh, self.nodes, self.cells = part(section, (region,))
        self.region, self.temperature, self.material = region, temperature, material
        tagged, caps = _with_caps(mesh, seats)
        self._mesh, self._caps, self.seats = tagged, caps, seats
        self.mass = float(material.density * tagged.volumes().sum())
        self._pin = _pole(tagged)
        self.yield_stress = float(np.interp(temperature, material.temperature, material.yield_stress))
        self._statics = Statics(tagged, {region: material})
        self._solve_units(seam)

    def _solve_units(self, seam: str) -> None:
        """Elastic answers to each force alone: cell stress, displacement, seam traction, what the pin holds (of 1)."""
        solid, supports = self._statics.solid, Supports(pin=self._pin)
        cut, fixed = seam_cut(solid, seam), held_dofs(solid, supports)
        stiffness = np.broadcast_to(_isotropic(self.material, self.temperature), (*solid.radius.shape, 4, 4))
        weight = np.full(solid.radius.shape[0], self.material.density)
        solid.factor(stiffness, fixed)
        stresses, displacements, tractions, pins = [], [], [], []
        for unit in UNIT * np.eye(len(FORCES)):
            loads = self.loads(unit)
            force = external_force(solid, weight, loads)
            u = solid.solve_again(force, fixed)
            stress = np.einsum("cpij,cpj->cpi", stiffness, solid.strain(u))
            body = np.full(solid.radius.shape, -self.material.density * loads.acceleration)
            stresses.append(solid.mean(stress))
            displacements.append(solid.nodal(u))
            tractions.append(traction(solid, cut, stress, body))
            pins.append(self._pin_share(solid, force, stress))
        self.unit_displacement = np.array(displacements)
        self._unit_squares = _mises_products(np.array(stresses))
        self.unit_traction = np.array([[t.membrane, t.bending, t.shear] for t in tractions])
        self.pin_reactions = np.array(pins)

    def _pin_share(self, solid: AxisymmetricSolid, force: Floats, stress: Floats) -> float:
        dof = 2 * int(solid.node_blocks(np.array([self._pin]))[0]) + 1
        return abs(2.0 * np.pi * float((solid.internal_force(stress) - force)[dof])) / UNIT

    def loads(self, forces: Floats) -> Loads:
        """Loads of `forces` (4,) N in the order of FORCES, with the inertia that balances them."""
        scaled = {name: self._caps[name].pressure * forces[i] for i, name in enumerate(FORCES)}
        axial = sum(self._caps[name].direction * forces[i] for i, name in enumerate(FORCES))
        nodes = np.full(len(self._mesh.points), self.temperature)
        return Loads(
            temperature=nodes, reference_temperature=self.temperature, acceleration=float(axial) / self.mass,
            pressure=scaled,
        )  # fmt: skip

    def respond(self, forces: Floats) -> VesselResponse:
        """Elastic answer to load states `forces` (k, 4) N."""
        membrane, bending, shear = (forces / UNIT @ self.unit_traction).T
        return VesselResponse(self._utilisation(self._squares(forces).max(axis=1)), Traction(membrane, bending, shear))

    def utilisation(self, forces: Floats) -> Floats:
        """(cell,) elastic Mises over yield under forces (4,) N."""
        return self._utilisation(self._squares(forces[None, :])[0])

    def _squares(self, forces: Floats) -> Floats:
        """(k, cell) squared Mises stress."""
        i, j = _PAIRS
        units = forces / UNIT
        return np.asarray((units[:, i] * units[:, j]) @ self._unit_squares)

    def _utilisation(self, squares: Floats) -> Floats:
        # rounding leaves squares below 0 where forces cancel
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)) / self.yield_stress)

    def displacement(self, forces: Floats) -> Floats:
        """(node, 2) elastic displacement under forces (4,) N, m, in the order of `nodes`."""
        return np.asarray(np.tensordot(forces / UNIT, self.unit_displacement, axes=1))

    def yielding(self, forces: Floats) -> StaticsResult:
        """Elasto-plastic answer to one load state. Raises SolverError when it has no static equilibrium."""
        return self._statics.solve(self.loads(forces), Supports(pin=self._pin), shares=(0.5, 1.0))

    def strain_beyond_yield(self, forces: Floats) -> tuple[float, bool]:
        """(largest plastic strain, whether by statics): plastic statics, or Neuber's rule where that is smaller.

        Neuber, sigma eps = (K sigma_n)^2 / E with stress held at yield: eps_p = (u^2 - 1) sigma_y / E, u the elastic
        utilisation. Statics under a held force runs away at collapse (or has no answer); a landing brings only so much
        energy, and the wall's own inertia resists, so the energy-like estimate is taken there.
        """
        found = self.respond(forces[None, :]).peak
        if found <= 1.0:
            return 0.0, True
        modulus = float(np.interp(self.temperature, self.material.temperature, self.material.youngs_modulus))
        neuber = (found**2 - 1.0) * self.yield_stress / modulus
        try:
            static = float(self.yielding(forces).peak_plastic_strain.max())
        except SolverError:
            return neuber, False
        return min(static, neuber), static <= neuber


def _mises_products(stresses: Floats) -> Floats:
    """(pair, cell) products of the unit stresses (force, cell, 4), so that the squared Mises stress under forces f, in
    units, is the sum over pairs i <= j of f_i f_j times them: 20 operations a cell in one matrix product."""
    rr, zz, tt, rz = np.moveaxis(stresses, -1, 0)
    parts = [np.sqrt(0.5) * (rr - zz), np.sqrt(0.5) * (zz - tt), np.sqrt(0.5) * (tt - rr), np.sqrt(3.0) * rz]
    i, j = _PAIRS
    twice = np.where(i == j, 1.0, 2.0)[:, None]
    return np.asarray(twice * sum(part[i] * part[j] for part in parts))


def _isotropic(material: Solid, temperature: float) -> Floats:
    """(4, 4) elastic stiffness for strains rr, zz, tt, 2 rz at a temperature."""
    young = float(np.interp(temperature, material.temperature, material.youngs_modulus))
    poisson = float(np.interp(temperature, material.temperature, material.poissons_ratio))
    shear = young / (2.0 * (1.0 + poisson))
    stiffness = np.zeros((4, 4))
    stiffness[:3, :3] = young * poisson / ((1.0 + poisson) * (1.0 - 2.0 * poisson))
    stiffness[[0, 1, 2], [0, 1, 2]] += 2.0 * shear
    stiffness[3, 3] = shear
    return stiffness


@dataclass(frozen=True)
class _Cap:
    """Pressure per edge for 1 N of axial resultant, and the direction of that resultant (+1 aft)."""

    pressure: Floats
    direction: float


def _with_caps(mesh: SectionMesh, seats: Seats) -> tuple[SectionMesh, dict[str, _Cap]]:
    """Tag the loaded caps of a closed vessel as lines and give their pressures."""
    edges, normal = _surface(mesh)
    a, b = mesh.points[edges[:, 0]], mesh.points[edges[:, 1]]
    middle, length = 0.5 * (a + b), np.linalg.norm(b - a, axis=1)
    centre = np.array([0.0, 0.5 * (mesh.points[:, 1].min() + mesh.points[:, 1].max())])
    away = middle - centre
    outside = np.einsum("ki,ki->k", normal, away) > 0
    front = np.arctan2(away[:, 0], -away[:, 1])
    picks = {
        "outer_front": (outside & (front <= seats.outer), front, 1.0),
        "inner_front": (~outside & (front <= seats.inner), front, -1.0),
        "outer_rear": (outside & (np.pi - front <= seats.outer), np.pi - front, -1.0),
        "inner_rear": (~outside & (np.pi - front <= seats.inner), np.pi - front, 1.0),
    }
    names, facets, tags = dict(mesh.facet_names), [mesh.facets], [mesh.facet]
    caps: dict[str, _Cap] = {}
    for name, (chosen, angle, direction) in picks.items():
        shape = np.cos(angle[chosen])
        if name == "outer_front" and seats.outer_uniform:
            shape = np.ones_like(shape)
        into = -normal[chosen, 1] * 2.0 * np.pi * middle[chosen, 0] * length[chosen]  # axial area, + pushes aft
        resultant = float(shape @ into)
        if not resultant * direction > 0.0:
            raise DataError(
                f"found no surface for the force {name!r} on the vessel within its seat angle",
                advice="widen seat_angle in [landing.contacts] or refine the mesh of the vessel",
            )
        caps[name] = _Cap(shape / abs(resultant), direction)
        number = max(names.values(), default=0) + 1
        names[name] = number
        facets.append(edges[chosen])
        tags.append(np.full(int(chosen.sum()), number))
    tagged = replace(mesh, facets=np.concatenate(facets), facet=np.concatenate(tags), facet_names=names)
    return tagged, caps


def _surface(mesh: SectionMesh) -> tuple[NDArray[np.int64], Floats]:
    """Surface edges (k, 2) off the axis and their outward unit normals."""
    t = mesh.triangles
    edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]])  # counter-clockwise: outward is to the right
    key = np.sort(edges, axis=1) @ [len(mesh.points), 1]
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    edges = edges[first[count == 1]]
    axis = 1e-9 * np.ptp(mesh.points)
    edges = edges[~np.all(mesh.points[edges, 0] <= axis, axis=1)]
    along = mesh.points[edges[:, 1]] - mesh.points[edges[:, 0]]
    normal = np.column_stack([along[:, 1], -along[:, 0]])
    return edges, normal / np.linalg.norm(normal, axis=1)[:, None]


def _pole(mesh: SectionMesh) -> int:
    """The rearmost node on the axis, held against drifting off."""
    on_axis = np.flatnonzero(mesh.points[:, 0] <= 1e-9 * np.ptp(mesh.points))
    if on_axis.size == 0:
        raise DataError("found a vessel that does not reach the axis, expected a closed one", advice="check the mesh")
    return int(on_axis[np.argmax(mesh.points[on_axis, 1])])
