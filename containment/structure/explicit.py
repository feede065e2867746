"""Explicit impact of bodies in the half plane or in space: metals and crushable foam on ground of columns and rocks.

    body = Body(points, quads, kind, materials)
    run = simulate(body, speed, end=0.02)

Bodies fly towards -z. Serial: one sample per core. The energy ledger has independent terms, and a run whose ledger does
not close or that is no longer finite raises SolverError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.structure.explicit_body import Body, FoamSolid, Mesh, Metal, Solid
from containment.structure.explicit_contact import ROCK_WIDTH, Surface
from containment.structure.explicit_faces import FaceContact, face_pairs
from containment.structure.explicit_laws import LEDGER
from containment.structure.explicit_march import COLLAPSED, DONE, Records, march
from containment.structure.explicit_parts import PartContact, pairs
from containment.structure.explicit_terrain import Terrain
from containment.structure.soil import Ground

__all__ = ["LEDGER", "Body", "ContactLine", "Control", "FoamSolid", "Metal", "Run", "Solid", "Terrain", "simulate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAFETY = 0.9  # of the bounded step; the bound knows stiffness and bulk viscosity, not that they change within a step
# Of the initial energy, beyond it a run does not count: capsules stay below 1e-3, Taylor bars at 1.3e-3, eight cells
# on a stiff rock at 4e-3.
LEDGER_LIMIT = 5e-3


@dataclass(frozen=True)
class ContactLine:
    """Nodes that meet the ground, and the area (m^2) across the ground's normal that each of them stands for."""

    nodes: Ints
    area: Floats

    @classmethod
    def along(cls, points: Floats, nodes: Ints) -> ContactLine:
        """Half plane: rings between the middles of neighbouring nodes, in order of their radius."""
        order = nodes[np.argsort(points[nodes, 0])]
        radius = points[order, 0]
        edges = np.concatenate([radius[:1], 0.5 * (radius[1:] + radius[:-1]), radius[-1:]])
        return cls(order, np.pi * np.diff(edges**2))

    @classmethod
    def on_faces(cls, points: Floats, faces: Ints, normal: Floats) -> ContactLine:
        """Space: a quarter of each quadrilateral (corners around it) that faces the ground, by its projected area."""
        p, q = points[faces[:, 2]] - points[faces[:, 0]], points[faces[:, 3]] - points[faces[:, 1]]
        share = 0.25 * np.maximum(0.5 * np.cross(p, q) @ -np.asarray(normal), 0.0)
        area = np.bincount(faces.ravel(), np.repeat(share, 4), len(points))
        nodes = np.unique(faces)
        return cls(nodes, area[nodes])


@dataclass(frozen=True)
class Run:
    """Result: `points` and `speeds` at the end, `time` (t,) s, `ground_force` N (axial), mean axial `means` m/s and
    mean velocities `velocities` (t, dim) by group, plastic strain (e,), `energy` J at the end by name, ledger error
    of the initial energy, steps; `frames` (k, n, dim) m and the state of every point (k, points, width) at
    `frame_times`; `torn` (s,): damage of the bonds of all contact nodes of parts, in their order."""

    points: Floats
    speeds: Floats
    time: Floats
    ground_force: Floats
    means: Mapping[str, Floats]
    velocities: Mapping[str, Floats]
    plastic_strain: Floats
    energy: Mapping[str, float]
    ledger_error: float
    steps: int
    least_step: float
    frame_times: Floats
    frames: Floats
    frame_states: Floats
    torn: Floats

    @property
    def frame_strain(self) -> Floats:
        """(k, e) largest equivalent plastic strain of each cell's points in the frames."""
        count, cells = len(self.frames), len(self.plastic_strain)
        return np.asarray(self.frame_states[..., -2].reshape(count, cells, -1).max(axis=2, initial=0.0))

    def peak(self, group: str, window: float) -> float:
        """Largest mean deceleration of a group over a window, m/s^2."""
        moved = self.velocities[group]
        before = np.column_stack([np.interp(self.time - window, self.time, part) for part in moved.T])
        return float(np.max(np.linalg.norm(moved - before, axis=1)) / window)

    def hourglass_share(self) -> float:
        """Hourglass over internal energy."""
        internal = sum(self.energy[name] for name in ("elastic", "plastic", "hourglass", "viscous"))
        return self.energy["hourglass"] / internal


@dataclass(frozen=True)
class Control:
    """Hourglass (viscous), linear and quadratic bulk viscosity, part of the bounded step, hold of nodes.

    `fixed_side`: nodes that stay in their plane of symmetry y = const (space only).
    """

    hourglass: float = 0.1
    bulk_linear: float = 0.06
    bulk_quadratic: float = 1.2
    safety: float = SAFETY
    fixed_axial: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    fixed_radial: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    fixed_side: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def free(self, body: Mesh) -> Floats:
        """(n, dim) 1 where a node moves; the axis of a half plane holds itself."""
        free = np.ones_like(body.points)
        if isinstance(body, Body):
            free[body.points[:, 0] <= 1e-12 * np.ptp(body.points[:, 0]), 0] = 0.0
        elif self.fixed_side.size:
            free[self.fixed_side, 1] = 0.0
        free[self.fixed_axial, -1] = 0.0
        free[self.fixed_radial, 0] = 0.0
        return free


def simulate(
    body: Mesh, speed: Floats, end: float, *, control: Control | None = None, contact: ContactLine | None = None,
    ground: Ground | None = None, terrain: Terrain | None = None, groups: Mapping[str, Ints] | None = None,
    record_step: float = 2e-5, frame_times: Floats | None = None, parts: Sequence[PartContact | FaceContact] = (),
) -> Run:  # fmt: skip
    """Move a body from `speed` (n, dim) m/s for `end` s.

    `terrain`: slope, friction and rocks; `groups`: material numbers whose mean velocity is recorded; `parts`:
    contact between parts, along lines in the half plane and on faces in space. Raises DataError without energy, with
    contact but nothing to meet, or in penetration at the start; SolverError when the state is not finite or the ledger
    does not close.
    """
    control = control or Control()
    mass = body.node_mass()
    if not float(mass @ np.sum(np.asarray(speed) ** 2, axis=1)) > 0.0:
        raise DataError("found a body at rest, expected one that moves", advice="give a landing speed > 0")
    groups = groups or {"all": np.arange(len(body.materials))}
    free = control.free(body)
    x, v = body.points.copy(), np.array(speed, dtype=np.float64) * free
    mesh = body.elements(np.array([control.hourglass, control.bulk_linear, control.bulk_quadratic]))
    surface = _surface(body, mass, contact, ground, terrain)
    lines = [part for part in parts if isinstance(part, PartContact)]
    faces = [part for part in parts if isinstance(part, FaceContact)]
    if (x.shape[1] == 3 and lines) or (x.shape[1] == 2 and faces):
        raise DataError(
            f"found contact between parts on {'lines' if lines else 'faces'}, expected lines in the half plane and "
            "faces in space", advice="give PartContact for a Body and FaceContact for a Solid",
        )  # fmt: skip
    step = control.safety * body.step_estimate()
    touching, facing = pairs(x, mass, step, lines), face_pairs(x, mass, step, faces)
    dim, frame_times = x.shape[1], np.sort(np.empty(0) if frame_times is None else frame_times)
    records = Records(
        np.array([body.node_mass(g) for g in groups.values()]), record_step,
        np.zeros((int(end / record_step) + 8, 2 + dim * len(groups))), frame_times,
        np.zeros((frame_times.size, *x.shape)), np.zeros((frame_times.size, *mesh.state.shape)), np.zeros(len(LEDGER)),
    )  # fmt: skip
    count, steps, worst, status, least = march(
        x,
        v,
        mass,
        free,
        mesh,
        body.assembly(free, mass),
        surface,
        touching,
        facing,
        records,
        control.safety,
        float(end),
    )
    _judge(status, steps, worst, least, x, records.energy)
    history = records.history[:count]
    velocities = {name: history[:, 2 + dim * i : 2 + dim * (i + 1)].copy() for i, name in enumerate(groups)}
    strain = mesh.state[:, -2].reshape(len(body.cells), -1).max(axis=1)
    return Run(
        x, v, history[:, 0].copy(), history[:, 1].copy(), {name: moved[:, -1] for name, moved in velocities.items()},
        velocities, strain, dict(zip(LEDGER, records.energy.tolist(), strict=True)), float(worst), int(steps),
        float(least), frame_times, records.frames, records.frame_states,
        touching.damage,
    )  # fmt: skip


def _judge(status: int, steps: int, worst: float, least: float, x: Floats, energy: Floats) -> None:
    """Raise SolverError for a run that is none."""
    if status == COLLAPSED:
        raise SolverError(
            f"explicit run: the step fell to {least:.2g} s after {steps} steps, an element is about to turn over",
            history=energy.tolist(), advice="refine or coarsen where the foam shears, or strengthen the part",
        )  # fmt: skip
    if status != DONE or not np.all(np.isfinite(x)) or not worst <= LEDGER_LIMIT:
        raise SolverError(
            f"explicit run ended after {steps} steps with an energy error of {worst:.2g}, limit {LEDGER_LIMIT:g}",
            history=energy.tolist(), advice="look for inverted elements; refine where the foam is crushed",
        )  # fmt: skip


def _surface(
    body: Mesh, mass: Floats, contact: ContactLine | None, ground: Ground | None, terrain: Terrain | None
) -> Surface:
    """Contact arrays of the kernel. A column is at most as stiff as m/(2 dt^2): that costs 7 % of the step, and is the
    stiffness of a few elements; softer ground keeps its own. A rock is as stiff as that."""
    terrain = terrain or Terrain()
    dim = body.points.shape[1]
    if contact is None:
        contact = ContactLine(np.empty(0, dtype=np.int64), np.empty(0))
    elif ground is None and not terrain.rocks:
        raise DataError("found contact nodes without a ground", advice="give ground= or rocks")
    penalty = 0.5 * mass[contact.nodes] / (SAFETY * body.step_estimate()) ** 2
    points = body.points[contact.nodes]
    normal = terrain.upward(dim)
    rows = np.array([rock.row(dim) for rock in terrain.rocks]).reshape(-1, ROCK_WIDTH)
    values, bed = np.array([-1e30, 0.0, 0.0, 0.0]), penalty.copy()
    if ground is not None and len(points):
        bed = np.minimum(ground.stiffness * contact.area, penalty)
        # a node that stands for no area never bears; its line must not divide by zero
        bed = np.maximum(bed, 1e-9 * penalty)
        values = np.array([terrain.level(points), ground.strength, ground.depth_gradient, ground.inertia])
    terrain.refuse_penetration(points)
    return Surface(
        contact.nodes.astype(np.int64), contact.area, bed, values, normal, terrain.friction, rows, penalty,
        np.zeros(len(points)), np.zeros(len(points)),
    )  # fmt: skip
