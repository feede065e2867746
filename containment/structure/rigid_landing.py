"""Oblique landing of a rigid body in six degrees of freedom on columns of soil.

    x'' = F/m + g,   L' = M,   F and M summed over the patches of `rigid_surface`, compiled in `rigid_kernel`

A patch below the ground bears p = strength + gradient depth + inertia v^2 (v its speed of sinking) on its projected
area: the columns of `soil`, with elastic unloading, memory and a gap where they have been pushed away. Friction is
Coulomb's against sliding along the ground. In space z is up and gravity points down; `soil.rigid_penetration` is the
answer for a vertical landing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.structure.rigid_kernel import LEDGER, NOT_FINITE, RESTED, WIDTH, march
from containment.structure.rigid_surface import Patches
from containment.structure.soil import Ground

Floats = NDArray[np.float64]

LEDGER_LIMIT = 1e-3  # of the initial energy, as for the chain of masses
_SAFETY = 0.9  # of the bounded step; the bound is rigorous, this covers rounding
_TRAVEL = 2e-3  # m a patch moves in a step at most: a twentieth of the wetting of a ring of the shipped outline
_HALVINGS = 3  # of the step while the ledger is open
_RECORD = 2e-5  # s between records at least: 25 in the filter window
_ROWS = 8192
_PEAK = 0.05  # s, by when the peak of an upright landing has passed


@dataclass(frozen=True)
class RigidBody:
    """`mass` kg, principal moments `inertia` (3) kg m^2 about the centre of gravity, which lies on the axis `station` m
    aft of the nose, and the outer surface (origin at the nose)."""

    mass: float
    inertia: tuple[float, float, float]
    station: float
    surface: Patches

    def __post_init__(self) -> None:
        values = np.array([self.mass, *self.inertia])
        if not np.all(np.isfinite(values)) or not values.min() > 0.0:
            raise DataError(
                f"found a rigid body of {self.mass:g} kg with moments {self.inertia} kg m^2, expected all > 0",
                advice="correct the masses of the parts",
            )


@dataclass(frozen=True)
class Bed:
    """What the body lands on: column law, slope (rad, falling towards +x), Coulomb friction.

    `ploughing`: share of the pressure along the ground that a patch feels (0: columns push along the ground's normal as
    those of the chain and of the finite elements do; 1: along the patch's own normal, as in a body that ploughs).
    `damping`: of critical for the whole body on its full section; soil radiates waves.
    """

    ground: Ground
    slope: float = 0.0
    friction: float = 0.0
    ploughing: float = 0.0
    damping: float = 0.3


@dataclass(frozen=True)
class Approach:
    """Speed down and along +x, m/s; axis off the vertical (rad): nose towards +x by `pitch`, then towards +y by `yaw`;
    `pitch_rate` rad/s, growing."""

    speed: float
    drift: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    pitch_rate: float = 0.0


@dataclass(frozen=True)
class Rest:
    """History and end of a landing. `time` (t,) s; `velocity`, `rate`, `axis` (t, 3) in space (the axis points from the
    nose aft); `force` (t,) N of the ground; `depth` m, the deepest a point came below the surface; `attitude` rad, of
    the axis off the vertical at the end (0 nose down, pi on its back); `rest_time` s; `rested` False: it still moved at
    the end; `energy` J by name."""

    time: Floats
    velocity: Floats
    rate: Floats
    axis: Floats
    force: Floats
    depth: float
    attitude: float
    rest_time: float
    rested: bool
    energy: dict[str, float]
    ledger_error: float
    steps: int

    def peak(self, window: float, offset: float = 0.0) -> float:
        """Largest mean deceleration over `window` s, m/s^2, of the point `offset` m aft of the centre of gravity."""
        moved = self.velocity + offset * np.cross(self.rate, self.axis)
        before = np.column_stack([np.interp(self.time - window, self.time, part) for part in moved.T])
        return float(np.max(np.linalg.norm(moved - before, axis=1)) / window)


def land(body: RigidBody, bed: Bed, approach: Approach, *, gravity: float = 9.80665, end: float = 2.0) -> Rest:
    """The landing from first contact until the body rests, or to `end` s.

    Raises DataError for a speed that does not meet the ground, SolverError when the energy ledger (after halving the
    step) or finiteness fails.
    """
    up = np.array([np.sin(bed.slope), 0.0, np.cos(bed.slope)])
    velocity = np.array([approach.drift, 0.0, -approach.speed])
    if not np.all(np.isfinite(velocity)) or not velocity @ up < 0.0:
        raise DataError(
            f"found a velocity of {velocity} m/s over ground with normal {up}, expected one into the ground",
            advice="check landing speed, drift and slope",
        )
    safety, travel = _SAFETY, _TRAVEL
    for _ in range(_HALVINGS + 1):
        found = _marched(body, bed, approach, up, gravity, end, safety, travel)
        if found.ledger_error <= LEDGER_LIMIT:
            return found
        safety, travel = 0.5 * safety, 0.5 * travel
    raise SolverError(
        f"rigid landing at {approach.speed:.4g} m/s: energy ledger off by {found.ledger_error:.2g} of the initial "
        f"energy, limit {LEDGER_LIMIT:g}",
        history=list(found.energy.values()), advice="soften extreme stiffness ratios of ground and body",
    )  # fmt: skip


def _viscosity(body: RigidBody, bed: Bed) -> float:
    """Pa s/m of a column: `damping` of the critical one of the body on its full section."""
    area = float(np.sum(np.maximum(-body.surface.normals[:, 2], 0.0) * body.surface.areas))
    return float(2.0 * bed.damping * np.sqrt(bed.ground.stiffness * body.mass / area))


def _marched(
    body: RigidBody, bed: Bed, approach: Approach, up: Floats, gravity: float, end: float, safety: float, travel: float
) -> Rest:  # fmt: skip
    """One pass of the kernel."""
    patches, ground = body.surface.about(body.station), bed.ground
    q = np.array(orientation(approach.pitch, approach.yaw))
    turn = rotation(q)
    spin = turn @ (np.array(body.inertia) * (turn.T @ [0.0, -approach.pitch_rate, 0.0]))
    lowest = float((patches.points @ turn.T @ up - 0.5 * np.abs(patches.edges @ turn.T @ up).sum(axis=1)).min())
    place, velocity = np.zeros(3), np.array([approach.drift, 0.0, -approach.speed])
    records, energy = np.empty((_ROWS, WIDTH)), np.zeros(len(LEDGER))
    count, steps, worst, status, rest_time, depth = march(
        patches.points, patches.normals, patches.areas, patches.edges,
        (ground.strength, ground.depth_gradient, ground.inertia, ground.stiffness, _viscosity(body, bed),
         float(bed.friction), float(bed.ploughing)),
        up, lowest, body.mass, np.array(body.inertia), place, velocity, q, spin, float(gravity), safety, travel,
        float(end), _RECORD, records, energy,
    )  # fmt: skip
    if status == NOT_FINITE:
        raise SolverError(
            f"rigid landing at {approach.speed:.4g} m/s: the state is no longer finite after {steps} steps",
            history=energy.tolist(), advice="an input is out of range; check ground, masses and moments",
        )  # fmt: skip
    rows = records[:count].copy()
    return Rest(
        rows[:, 0], rows[:, 1:4], rows[:, 4:7], rows[:, 7:10], rows[:, 11], depth,
        float(np.arccos(np.clip(rotation(q)[2, 2], -1.0, 1.0))), rest_time, status == RESTED,
        dict(zip(LEDGER, energy.tolist(), strict=True)), worst, steps,
    )  # fmt: skip


def orientation(pitch: float, yaw: float) -> tuple[float, float, float, float]:
    """Quaternion of a body whose nose points down, moved towards +x by `pitch` about y and then +y by `yaw` about x."""
    a, b = np.cos(-0.5 * pitch), np.sin(-0.5 * pitch)  # the nose is at -z: a turn by -pitch about y takes it to +x
    c, s = np.cos(0.5 * yaw), np.sin(0.5 * yaw)
    return float(c * a), float(s * a), float(c * b), float(s * b)


def rotation(q: Floats) -> Floats:
    """(3, 3) from body axes into space."""
    w, (x, y, z) = q[0], q[1:]
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + 2.0 * w * cross + 2.0 * cross @ cross)


def knock_down(
    body: RigidBody, bed: Bed, approach: Approach, speed: float, window: float, offset: float
) -> tuple[float, Rest]:
    """Peak of the point `offset` m aft of the centre of gravity over that of the same body upright on level ground at
    `speed` m/s (exactly 1 where the approach is that), and the landing."""
    found = land(body, bed, approach)
    upright = Approach(speed)
    if approach == upright and bed.slope == 0.0:
        return 1.0, found
    level = land(body, replace(bed, slope=0.0), upright, end=_PEAK)
    return found.peak(window, offset) / level.peak(window, offset), found
