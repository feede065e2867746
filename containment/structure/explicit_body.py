"""Bodies of the explicit solver: materials, meshes in the half plane (quads) or in space (hexahedra, tetrahedra)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure import explicit_lanes
from containment.structure.crushable import CURVE_END, CURVE_POINTS, Foam
from containment.structure.explicit_bound import Assembly, assembly
from containment.structure.explicit_full import SHAPE
from containment.structure.explicit_laws import FOAM, METAL
from containment.structure.explicit_march import FULL_QUAD, HEX, MEAN_QUAD, QUAD, TET, Elements
from containment.structure.explicit_soil import SoilSolid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NEVER = 1e30  # Pa, cut-off or strength that is not reached
_GAUSS = 1.0 / np.sqrt(3.0)
# Corner patterns of a hexahedron (corner i + 2 j + 4 k): signs of xi eta zeta, and the hourglass products of them.
_SIGNS = np.array([[(a >> j & 1) * 2.0 - 1.0 for j in range(3)] for a in range(8)])
_GAMMA = np.column_stack(
    [_SIGNS[:, [1, 2]].prod(1), _SIGNS[:, [2, 0]].prod(1), _SIGNS[:, [0, 1]].prod(1), _SIGNS.prod(1)]
)
_QUAD_SIGNS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
_HEX_SLOPES = np.array(
    [[[_SIGNS[a, j] / 8.0 * np.prod([1.0 + _SIGNS[a, m] * point[m] for m in range(3) if m != j]) for j in range(3)]
      for a in range(8)] for point in _SIGNS * _GAUSS]
)  # fmt: skip


@dataclass(frozen=True)
class Metal:
    """J2 metal, Johnson-Cook form: (A + B alpha^n)(1 + C ln(rate/rate_0))(1 - T*^m). B alpha alone: n = 1, C = 0.

    Raises DataError for what is no material, among it a curve that softens with strain or rate.
    """

    density: float
    youngs_modulus: float
    poissons_ratio: float
    yield_stress: float
    hardening: float = 0.0
    exponent: float = 1.0
    rate_factor: float = 0.0
    reference_rate: float = 1.0
    thermal_exponent: float = 1.0
    melting: float = 0.0
    start: float = 293.15
    heat_capacity: float = 0.0

    def __post_init__(self) -> None:
        faults = [
            (self.density > 0, f"density {self.density:g} kg/m^3", "a positive density"),
            (self.youngs_modulus > 0, f"modulus {self.youngs_modulus:g} Pa", "a positive modulus"),
            (-1 < self.poissons_ratio < 0.5, f"Poisson ratio {self.poissons_ratio:g}", "-1 to 0.5"),
            (self.yield_stress > 0, f"yield stress {self.yield_stress:g} Pa", "a positive yield stress"),
            (self.hardening >= 0, f"hardening {self.hardening:g} Pa", "a curve that does not soften (>= 0)"),
            (self.exponent > 0, f"hardening exponent {self.exponent:g}", "a positive exponent"),
            (self.rate_factor >= 0, f"rate factor {self.rate_factor:g}", "no rate softening (>= 0)"),
        ]
        for good, found, expected in faults:
            if not good:
                raise DataError(f"metal: found {found}, expected {expected}", advice="correct the material")

    def row(self) -> list[float]:
        """Row of the kernel's `laws`."""
        shear = self.youngs_modulus / (2.0 * (1.0 + self.poissons_ratio))
        bulk = 2.0 * shear * self.poissons_ratio / (1.0 - 2.0 * self.poissons_ratio)
        return [
            METAL, self.density, bulk, shear, self.yield_stress, self.hardening, self.exponent, self.rate_factor,
            self.reference_rate, self.thermal_exponent, self.melting, self.start, self.heat_capacity,
        ]  # fmt: skip


@dataclass(frozen=True)
class FoamSolid:
    """A crushable in three dimensions: its one-dimensional law, and the tensile stress at which it parts (Pa)."""

    foam: Foam
    tension: float = _NEVER

    def row(self) -> list[float]:
        """Row of the kernel's `laws`."""
        f = self.foam
        return [FOAM, f.density, f.modulus, self.tension, f.rate_coefficient, f.reference_rate] + [0.0] * 7


Material = Metal | FoamSolid | SoilSolid


@dataclass(frozen=True)
class Mesh:
    """What both kinds of body share: points (n, dim) m, cells, a material number per cell."""

    points: Floats
    cells: Ints
    kind: Ints
    materials: Sequence[Material]

    def __post_init__(self) -> None:
        bad = np.flatnonzero(self.sizes() <= 0.0)
        if bad.size:
            raise DataError(
                f"found {bad.size} cells without positive area or volume, the first is number {bad[0]}",
                advice="number the corners in the stated order, repair slivers, give every part a thickness",
            )
        if self.kind.min() < 0 or self.kind.max() >= len(self.materials):
            raise DataError(
                f"found material numbers {self.kind.min()} to {self.kind.max()} for {len(self.materials)} materials",
                advice="give every cell a material",
            )
        missing = set(range(len(self.materials))) - set(np.unique(self.kind).tolist())
        if missing:
            raise DataError(
                f"found no cell of material {min(missing)}, expected every part in the mesh",
                advice="a part is missing after meshing: check its dimensions against the edge length",
            )

    def sizes(self) -> Floats:
        """(e,) areas or volumes by the one-point rule."""
        raise NotImplementedError

    def elements(self, control: Floats) -> Elements:
        """Arrays of the kernel."""
        raise NotImplementedError

    def _plates(self) -> tuple[Floats, Floats]:
        """(e,) modulus E / (1 - nu^2) of a plate of each cell's metal, Pa, and its Poisson ratio."""
        bulk, shear = self.laws()[self.kind, 2:4].T
        poisson = 0.5 * bulk / np.maximum(bulk + shear, 1e-300)
        return np.asarray(2.0 * shear / (1.0 - poisson)), np.asarray(poisson)

    def weights(self) -> Floats:
        """(e,) volumes, m^3."""
        return self.sizes()

    def lumps(self) -> Floats:
        """(e,) mass that a cell gives each of its corners, kg."""
        return np.asarray(self.laws()[self.kind, 1] * self.weights() / self.cells.shape[1])

    def node_mass(self, only: Ints | None = None) -> Floats:
        """(n,) lumped masses, an equal share of each cell's to each corner; `only` some material numbers."""
        corners, share = self.cells.shape[1], self.lumps()
        if only is not None:
            share = np.where(np.isin(self.kind, only), share, 0.0)
        return np.bincount(self.cells.ravel(), np.repeat(share, corners), len(self.points))

    def gradient_squares(self) -> Floats:
        """(e,) n sum |g|^2 over the n corners of each cell, 1/m^2: its squared frequency over stiffness / density."""
        raise NotImplementedError

    def corner_gradients(self) -> Floats | None:
        """(e, corners, dim) gradients in the reference that make F; None for more than one point in a cell."""
        raise NotImplementedError

    def held(self) -> NDArray[np.bool_]:
        """(e,) cells with stiffness beside that of their gradients."""
        return np.zeros(len(self.cells), dtype=bool)

    def assembly(self, free: Floats, mass: Floats) -> Assembly:
        """Arrays of the bound of the frequency."""
        return assembly(self.corner_gradients(), ~self.held(), self.cells, self.lumps(), free, mass)

    def step_estimate(self) -> float:
        """2 over the largest frequency of the cells as they stand, s."""
        laws = self.laws()[self.kind]
        stiff = np.where(laws[:, 0] != FOAM, laws[:, 2] + 2.0 * laws[:, 3], laws[:, 2]) / laws[:, 1]
        return float(2.0 / np.sqrt(np.max(stiff * self.gradient_squares())))

    def laws(self) -> Floats:
        """(m, 13) rows of the kernel."""
        return np.array([m.row() for m in self.materials])

    def _pack(self, form: int, control: Floats, points: int = 1, **given: Any) -> Elements:
        """The kernel's arrays, at rest and unstrained."""
        if form != QUAD and any(isinstance(m, SoilSolid) for m in self.materials):
            raise DataError("found soil in space or in 2 x 2 points, expected one-point quads", advice="mesh those")
        solid = self.points.shape[1] == 3
        state = np.zeros((points * len(self.cells), 8 if solid else 6))
        state[:, [0, 1, 2] if solid else [0, 2, 3]] = 1.0
        laws = self.laws()
        state[:, -1] = np.repeat(laws[self.kind, 11], points)
        curves = np.array(
            [m.foam.solid_curve() if isinstance(m, FoamSolid) else np.zeros(CURVE_POINTS) for m in self.materials]
        )
        none, no_slots = np.empty(0), np.empty((0, 4), dtype=np.int64)
        arrays: dict[str, Any] = {
            "lanes": no_slots,
            "blocks": np.empty((0, 0)),
            "grad": np.empty((0, 0)),
            "slots": no_slots,
            "slot_volume": none,
            "slot_bulk": none,
            "pressure": none,
            "hoop": none,
            "rest": np.empty((0, 2)),
        } | given
        return Elements(
            form=form, cells=np.ascontiguousarray(self.cells, dtype=np.int64), kind=self.kind.astype(np.int64),
            laws=laws, curves=curves, strain_step=CURVE_END / (CURVE_POINTS - 1), state=state, control=control,
            **arrays,
        )  # fmt: skip


@dataclass(frozen=True)
class Body(Mesh):
    """Quads (counter-clockwise) of a body of revolution. `rule`: one point with hourglass control ("reduced"), 2 x 2
    points ("full", locks), or those with the mean dilatation of the quad ("mean"). `braced`: the hourglass control of
    metal is elastic up to the plastic moment; without it viscous, as for all others. Raises DataError for r < 0.
    """

    rule: Literal["reduced", "full", "mean"] = "reduced"
    braced: bool = True

    def __post_init__(self) -> None:
        if np.any(self.points[:, 0] < -1e-12):
            raise DataError("found nodes with r < 0, expected a half plane r >= 0", advice="mesh one side of the axis")
        super().__post_init__()

    @property
    def quads(self) -> Ints:
        """(e, 4) corners."""
        return self.cells

    def sizes(self) -> Floats:
        """(e,) areas in the half plane, m^2."""
        p, q = self._diagonals()
        return np.asarray(0.5 * (p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]))

    def areas(self) -> Floats:
        """(e,) areas in the half plane, m^2."""
        return self.sizes()

    def weights(self) -> Floats:
        """(e,) volumes of the one-point rule, 2 pi R A, m^3."""
        return np.asarray(2.0 * np.pi * self.points[self.cells, 0].mean(axis=1) * self.sizes())

    def gradients(self) -> Floats:
        """(e, 4) reference gradients of corners 1 and 2 at the centre; 3 and 4 have their negatives."""
        p, q = self._diagonals()
        return np.column_stack([q[:, 1], -q[:, 0], -p[:, 1], p[:, 0]]) / (2.0 * self.sizes())[:, None]

    def gradient_squares(self) -> Floats:
        """(e,) 4 sum |g|^2."""
        return np.asarray(8.0 * np.sum(self.gradients() ** 2, axis=1))

    def _hold(self) -> Floats:
        """(e, 4) stiffness 11, 12, 22 of the hourglass modes (in the diagonals, J), and volume over twice the modulus
        of a plate; 0: viscous."""
        left, size, right = np.linalg.svd(np.einsum("eai,aj->eij", self.points[self.cells], _QUAD_SIGNS / 4.0))
        axes, squares = left @ right, np.einsum("eij,ei->ej", right**2, size**2)  # of half edges
        weights, metal = self.weights(), self.laws()[self.kind, 0] == METAL
        plate = np.where(self.braced & metal, self._plates()[0], 0.0)
        across = np.einsum("eji,eja->eia", axes, np.stack(self._diagonals(), axis=2))  # diagonals in these axes
        hold = np.einsum("eia,ei,eib->eab", across, (weights * plate / 48.0)[:, None] / squares, across)
        soft = np.where(plate > 0.0, 0.5 * weights / np.maximum(plate, 1e-300), 0.0)
        return np.column_stack([hold[:, 0, 0], hold[:, 0, 1], hold[:, 1, 1], soft])

    def corner_gradients(self) -> Floats | None:
        """(e, 4, 2) as `gradients`; None for 2 x 2 points."""
        half = self.gradients()
        return np.stack([half[:, :2], half[:, 2:], -half[:, :2], -half[:, 2:]], 1) if self.rule == "reduced" else None

    def _diagonals(self) -> tuple[Floats, Floats]:
        a, b, c, d = (self.points[self.cells[:, i]] for i in range(4))
        return a - c, b - d

    def elements(self, control: Floats) -> Elements:
        """Arrays of the kernel."""
        corners = self.points[self.cells]
        if self.rule == "reduced":
            radius = corners[:, :, 0].mean(axis=1)
            grad = self.gradients()
            shape = corners[:, 0] - corners[:, 1] + corners[:, 2] - corners[:, 3]
            rest = np.einsum("eai,ei->ea", grad.reshape(-1, 2, 2), shape)
            grad = np.column_stack([grad, self._hold()])
            return self._pack(QUAD, control, grad=grad, rest=rest, weight=self.weights(), hoop=radius)
        signs = _QUAD_SIGNS
        slopes = np.empty((4, 4, 2))  # point, corner, direction
        for p, (s, t) in enumerate(signs * _GAUSS):
            slopes[p, :, 0] = 0.25 * signs[:, 0] * (1.0 + t * signs[:, 1])
            slopes[p, :, 1] = 0.25 * signs[:, 1] * (1.0 + s * signs[:, 0])
        jacobian = np.einsum("eai,paj->epij", corners, slopes)
        radius = np.einsum("ea,pa->ep", corners[:, :, 0], SHAPE)
        grad = np.einsum("paj,epji->epai", slopes, np.linalg.inv(jacobian))
        weight = 2.0 * np.pi * radius * np.linalg.det(jacobian)
        form = MEAN_QUAD if self.rule == "mean" else FULL_QUAD
        return self._pack(form, control, 4, grad=grad.reshape(-1, 8).copy(), weight=weight.ravel(), hoop=radius.ravel())


@dataclass(frozen=True)
class Solid(Mesh):
    """Hexahedra (corner i + 2 j + 4 k, as DOLFINx) or tetrahedra in space. `averaged`: tetrahedra of metal share
    their pressure at the nodes; without it they lock. `braced`: hexahedra of metal that never yields bend and twist
    against their own elasticity; all others, and these without it, against viscosity.
    """

    averaged: bool = True
    braced: bool = True

    def sizes(self) -> Floats:
        """(e,) volumes of the one-point rule, m^3."""
        if self.cells.shape[1] == 8:
            return np.asarray(np.linalg.det(self._maps()).mean(axis=1) * 8.0)
        return np.asarray(np.linalg.det(self._map()) / 6.0)

    def _maps(self) -> Floats:
        """(e, 8, 3, 3) dx/dxi of hexahedra at the 2 x 2 x 2 points."""
        return np.asarray(np.einsum("eai,paj->epij", self.points[self.cells], _HEX_SLOPES))

    def _mean_gradients(self) -> Floats:
        """(e, 41) of `explicit_hex`: the mean gradients of hexahedra in the corner patterns of the parent."""
        turn, edges = self._frames()
        mean = self._volume_means(np.einsum("eki,epkj->epij", turn, self._maps()))
        linear, bent = np.einsum("eai,am->eim", mean, _SIGNS), np.einsum("eai,ak->eik", mean, _GAMMA) / 8.0
        more = np.linalg.norm(np.linalg.solve(linear, bent), axis=(1, 2)) ** 2
        shape = np.einsum("eaj,eji,ak->eki", self.points[self.cells], turn, _GAMMA)
        return np.column_stack(
            [linear.reshape(-1, 9), bent.reshape(-1, 12), 1.0 + 64.0 * more, shape.reshape(-1, 12), 1.0 / edges,
             self._hold()]
        )  # fmt: skip

    def _frames(self) -> tuple[Floats, Floats]:
        """Axes (e, 3, 3) of each hexahedron in columns, and its half edges along them (e, 3) m."""
        left, size, right = np.linalg.svd(self._map())
        return left @ right, np.sqrt(np.einsum("eij,eij,ei->ej", right, right, size**2))

    def _hold(self) -> Floats:
        """(e, 4) stiffness of plates, between their directions, of shear, of rods; 0 for what can yield."""
        laws = self.laws()[self.kind]
        shear = laws[:, 3]
        elastic = np.where(self.braced & (laws[:, 0] == METAL) & (laws[:, 4] >= _NEVER), self.sizes(), 0.0)
        plate, poisson = self._plates()
        volume = elastic / 192.0  # squares of the modes' strains have a mean of 1/3, of the last 1/9; a mode is X/8
        rod = 2.0 * shear * (1.0 + poisson) / 3.0
        return np.column_stack([plate * volume, poisson * plate * volume, shear * volume, rod * volume])

    def held(self) -> NDArray[np.bool_]:
        """(e,) hexahedra whose hourglass modes are held elastically."""
        return np.asarray((self._hold()[:, 0] > 0.0) & (self.cells.shape[1] == 8))

    def corner_gradients(self) -> Floats:
        """(e, corners, 3) gradients in the reference, means over the volume in hexahedra."""
        if self.cells.shape[1] == 8:
            return self._volume_means(self._maps())
        inner = np.linalg.inv(self._map())
        return np.concatenate([-inner.sum(axis=1, keepdims=True), inner], axis=1)

    @staticmethod
    def _volume_means(maps: Floats) -> Floats:
        """(e, 8, 3) mean gradients of hexahedra from dx/dxi at their points."""
        volumes = np.linalg.det(maps)
        mean = np.einsum("ep,epji,paj->eai", volumes, np.linalg.inv(maps), _HEX_SLOPES)
        return np.asarray(mean / volumes.sum(axis=1)[:, None, None])

    def gradient_squares(self) -> Floats:
        """(e,) 8 or 4 times sum |g|^2."""
        inverse = np.linalg.inv(self._map())
        if self.cells.shape[1] == 8:
            return np.asarray(np.sum(inverse**2, axis=(1, 2)))
        return np.asarray(4.0 * (np.sum(inverse**2, axis=(1, 2)) + np.sum(np.sum(inverse, axis=1) ** 2, axis=1)))

    def _map(self) -> Floats:
        """(e, 3, 3) dx/dxi at the centre."""
        corners = self.points[self.cells]
        if self.cells.shape[1] == 4:
            return np.asarray(np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2))
        return np.asarray(np.einsum("eai,aj->eij", corners, _SIGNS / 8.0))

    def elements(self, control: Floats) -> Elements:
        """Arrays of the kernel."""
        weight = self.sizes()
        if self.cells.shape[1] == 8:
            lanes = explicit_lanes.lanes(self.kind)
            rows = np.column_stack([self._mean_gradients(), weight])
            return self._pack(HEX, control, lanes=lanes, blocks=explicit_lanes.blocked(rows, lanes), weight=weight)
        grad = np.linalg.inv(self._map()).reshape(-1, 9).copy()
        count = len(self.cells)
        slots = np.repeat(np.arange(count), 4).reshape(-1, 4)
        if self.averaged:
            key = self.cells * len(self.materials) + self.kind[:, None]
            slots = np.unique(key, return_inverse=True)[1].reshape(-1, 4)
        volume = np.bincount(slots.ravel(), np.repeat(0.25 * weight, 4))
        laws = self.laws()
        bulk = np.where(laws[:, 0] == METAL, laws[:, 2] + 2.0 * laws[:, 3] / 3.0, 0.0)
        slot_bulk = np.zeros(len(volume))
        slot_bulk[slots.ravel()] = np.repeat(bulk[self.kind], 4)
        return self._pack(
            TET, control, grad=grad, weight=weight, slots=slots.astype(np.int64), slot_volume=volume,
            slot_bulk=slot_bulk, pressure=np.zeros(len(volume)),
        )  # fmt: skip
