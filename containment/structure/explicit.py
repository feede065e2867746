"""Explicit impact of axisymmetric bodies: meshes of one-point quads, metals and crushable foam, ground of columns.

    body = Body(points, quads, kind, materials)
    run = simulate(body, speed=40.0, end=0.02)

Bodies fly towards -z. Serial: one sample per core. The energy ledger has independent terms, and a run whose ledger does
not close or that is no longer finite raises SolverError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.structure.crushable import CURVE_END, CURVE_POINTS, Foam
from containment.structure.explicit_kernel import FOAM, LEDGER, METAL, march
from containment.structure.soil import Ground

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAFETY = 0.9  # of the bounded step; the bound knows stiffness and bulk viscosity, not that they change within a step
LEDGER_LIMIT = 0.02  # of the initial energy: beyond it a run does not count; capsules reach 1e-4, Taylor bars 1e-3
_NEVER = 1e30  # Pa, cut-off or strength that is not reached


@dataclass(frozen=True)
class Metal:
    """J2 metal, Johnson-Cook form: (A + B alpha^n)(1 + C ln(rate/rate_0))(1 - T*^m). B alpha alone: n = 1, C = 0."""

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


@dataclass(frozen=True)
class Body:
    """Mesh of quads (counter-clockwise, m) with a material number per quad.

    Raises DataError for quads turned over, on the wrong side of the axis, or without material.
    """

    points: Floats
    quads: Ints
    kind: Ints
    materials: Sequence[Metal | FoamSolid]

    def __post_init__(self) -> None:
        if np.any(self.points[:, 0] < -1e-12):
            raise DataError("found nodes with r < 0, expected a half plane r >= 0", advice="mesh one side of the axis")
        bad = np.flatnonzero(self.areas() <= 0.0)
        if bad.size:
            raise DataError(
                f"found {bad.size} quads without positive area, the first is number {bad[0]}",
                advice="number the corners counter-clockwise and repair slivers",
            )
        if self.kind.min() < 0 or self.kind.max() >= len(self.materials):
            raise DataError(
                f"found material numbers {self.kind.min()} to {self.kind.max()} for {len(self.materials)} materials",
                advice="give every quad a material",
            )

    def areas(self) -> Floats:
        """(e,) areas in the half plane, m^2."""
        a, b, c, d = (self.points[self.quads[:, i]] for i in range(4))
        p, q = a - c, b - d
        return np.asarray(0.5 * (p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]))

    def weights(self) -> Floats:
        """(e,) volumes of the one-point rule, 2 pi R A, m^3."""
        return np.asarray(2.0 * np.pi * self.points[self.quads, 0].mean(axis=1) * self.areas())

    def node_mass(self, only: Ints | None = None) -> Floats:
        """(n,) lumped masses, a quarter of each quad's to each corner; `only` some material numbers."""
        density = np.array([m.row()[1] for m in self.materials])[self.kind]
        share = 0.25 * density * self.weights()
        if only is not None:
            share = np.where(np.isin(self.kind, only), share, 0.0)
        return np.bincount(self.quads.ravel(), np.repeat(share, 4), len(self.points))


@dataclass(frozen=True)
class ContactLine:
    """Nodes that meet the ground, and the horizontal area (m^2) each of them stands for."""

    nodes: Ints
    area: Floats

    @classmethod
    def along(cls, points: Floats, nodes: Ints) -> ContactLine:
        """Rings between the middles of neighbouring nodes, in order of their radius."""
        order = nodes[np.argsort(points[nodes, 0])]
        radius = points[order, 0]
        edges = np.concatenate([radius[:1], 0.5 * (radius[1:] + radius[:-1]), radius[-1:]])
        return cls(order, np.pi * np.diff(edges**2))


@dataclass(frozen=True)
class Run:
    """Result: `points` and `speeds` at the end, `time` (t,) s, `ground_force` N, mean axial `means` m/s by group,
    equivalent plastic strain (e,), `energy` J at the end by name, ledger error of the initial energy, steps."""

    points: Floats
    speeds: Floats
    time: Floats
    ground_force: Floats
    means: Mapping[str, Floats]
    plastic_strain: Floats
    energy: Mapping[str, float]
    ledger_error: float
    steps: int
    least_step: float

    def peak(self, group: str, window: float) -> float:
        """Largest mean deceleration of a group over a window, m/s^2."""
        speed = self.means[group]
        before = np.interp(self.time - window, self.time, speed)
        return float(np.max(np.abs(speed - before)) / window)


@dataclass(frozen=True)
class Control:
    """Hourglass (viscous), linear and quadratic bulk viscosity, part of the bounded step, hold of nodes."""

    hourglass: float = 0.1
    bulk_linear: float = 0.06
    bulk_quadratic: float = 1.2
    safety: float = SAFETY
    fixed_axial: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    fixed_radial: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))


def simulate(
    body: Body, speed: Floats, end: float, *, control: Control | None = None, contact: ContactLine | None = None,
    ground: Ground | None = None, groups: Mapping[str, Ints] | None = None, record_step: float = 2e-5,
) -> Run:  # fmt: skip
    """Move a body from `speed` (n, 2) m/s for `end` s.

    `groups`: material numbers whose mean axial speed is recorded. Raises DataError without energy or with contact but
    no ground, SolverError when the state is not finite or the ledger does not close.
    """
    control = control or Control()
    mass = body.node_mass()
    if not float(mass @ np.sum(np.asarray(speed) ** 2, axis=1)) > 0.0:
        raise DataError("found a body at rest, expected one that moves", advice="give a landing speed > 0")
    groups = groups or {"all": np.arange(len(body.materials))}
    free = np.ones((len(mass), 2))
    free[body.points[:, 0] <= 1e-12 * np.ptp(body.points[:, 0]), 0] = 0.0
    free[control.fixed_axial, 1] = 0.0
    free[control.fixed_radial, 0] = 0.0
    x, v = body.points.copy(), np.array(speed, dtype=np.float64) * free
    weight, grad = body.weights(), _gradients(body)
    state = np.zeros((len(body.quads), 6))
    state[:, [0, 2, 3]] = 1.0
    laws = np.array([m.row() for m in body.materials])
    state[:, 5] = laws[body.kind, 11]
    damping = np.array([control.hourglass, control.bulk_linear, control.bulk_quadratic])
    curves = np.array(
        [m.foam.solid_curve() if isinstance(m, FoamSolid) else np.zeros(CURVE_POINTS) for m in body.materials]
    )  # fmt: skip
    nodes, area, bed, surface = _ground(body, mass, contact, ground, laws, grad)
    records = np.zeros((int(end / record_step) + 8, 2 + len(groups)))
    energy = np.zeros(len(LEDGER))
    count, steps, worst, status, least = march(
        x, v, mass, free, body.quads, grad, weight, body.points[body.quads, 0].mean(axis=1), body.kind, laws, curves,
        CURVE_END / (CURVE_POINTS - 1), state, damping,
        control.safety, float(end), nodes, area, bed, surface, np.array([body.node_mass(g) for g in groups.values()]),
        record_step, records, energy,
    )  # fmt: skip
    if status == 3:
        raise SolverError(
            f"explicit run: the step fell to {least:.2g} s after {steps} steps, an element is about to turn over",
            history=energy.tolist(), advice="refine or coarsen where the foam shears, or strengthen the part",
        )  # fmt: skip
    if status != 0 or not np.all(np.isfinite(x)) or not worst <= LEDGER_LIMIT:
        raise SolverError(
            f"explicit run ended after {steps} steps with an energy error of {worst:.2g}, limit {LEDGER_LIMIT:g}",
            history=energy.tolist(), advice="look for inverted elements; refine where the foam is crushed",
        )  # fmt: skip
    means = {name: records[:count, 2 + i].copy() for i, name in enumerate(groups)}
    return Run(
        x, v, records[:count, 0].copy(), records[:count, 1].copy(), means, state[:, 4].copy(),
        dict(zip(LEDGER, energy.tolist(), strict=True)), float(worst), int(steps), float(least),
    )  # fmt: skip


def _gradients(body: Body) -> Floats:
    """(e, 4) reference gradients of corners 1 and 2 at the centre."""
    a, b, c, d = (body.points[body.quads[:, i]] for i in range(4))
    double = 2.0 * body.areas()
    p, q = a - c, b - d
    return np.column_stack([q[:, 1], -q[:, 0], -p[:, 1], p[:, 0]]) / double[:, None]


def _ground(
    body: Body, mass: Floats, contact: ContactLine | None, ground: Ground | None, laws: Floats, grad: Floats
) -> tuple[Ints, Floats, Floats, Floats]:
    """Contact arrays of the kernel. A column is at most as stiff as m/(2 dt^2): that costs 7 % of the step, and is the
    stiffness of a few elements; softer ground keeps its own."""
    if contact is None:
        none = np.empty(0)
        return np.empty(0, dtype=np.int64), none, none, np.zeros(4)
    if ground is None:
        raise DataError("found contact nodes without a ground", advice="give ground=")
    stiffness = np.where(laws[:, 0] == METAL, laws[:, 2] + 2.0 * laws[:, 3], laws[:, 2])[body.kind]
    slope = 2.0 * np.sum(grad**2, axis=1)
    step = SAFETY / np.sqrt(np.max(stiffness * slope / laws[body.kind, 1]))
    bed = np.minimum(ground.stiffness * contact.area, 0.5 * mass[contact.nodes] / step**2)
    surface = float(body.points[contact.nodes, 1].min())
    return contact.nodes, contact.area, bed, np.array([surface, ground.strength, ground.depth_gradient, ground.inertia])
