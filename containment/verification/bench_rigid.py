"""Items of the rigid body in six degrees of freedom (`landing.oblique`): free rotation, incline, cone, soil."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from containment.structure import rigid_landing, soil
from containment.structure.explicit_half import Arrival
from containment.structure.rigid_kernel import turn
from containment.structure.rigid_landing import Approach, Bed, Rest, RigidBody, land
from containment.structure.rigid_surface import revolved, sphere_cone_outline
from containment.structure.soil import Ground
from containment.verification import bench_capsule
from containment.verification.bench_yardstick import within
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]

_G0 = 9.80665  # m/s^2, standard gravity, CGPM 1901
_WINDOW = 5e-4  # s, filter of accelerations
_SIXTY = np.pi / 3
_VESSEL, _STATION = 0.277, 0.212  # m aft of the nose: centre of the vessel, centre of gravity
_INERTIA = (7.96, 7.96, 14.5)  # kg m^2 of the shipped baseline, by `landing_oblique.rigid_body`
_OBLIQUE, _SLOPE = Arrival(40.0, 5.0, 0.1), 0.1  # of the landings of half a capsule in space


def items() -> Iterator[Item]:
    """All items without finite elements, some seconds of CPU time."""
    yield from _free_rotation()
    yield from _incline()
    yield from _cone()
    yield from _upright()
    yield from _ploughing()
    yield from _speed()


def baseline() -> RigidBody:
    """The shipped baseline as one body: sphere-cone of 1.25 m, closed aft by its vessel."""
    angle = np.linspace(0.0, np.pi, 13)
    tail = np.column_stack([0.152 * np.sin(angle), _VESSEL - 0.152 * np.cos(angle)])
    return RigidBody(95.0, _INERTIA, _STATION, revolved(sphere_cone_outline(0.3, _SIXTY, 1.25, tail), 16))


def _free_rotation() -> Iterator[Item]:
    inertia, spin = np.array([2.0, 2.0, 5.0]), np.array([3.0, 0.0, 10.0])
    period = 2.0 * np.pi * inertia[0] / float(np.linalg.norm(spin))
    axis = _axis_after(inertia, spin, period, 1000)
    source = "free symmetric top: the axis comes back after 2 pi I/|L|; 1000 steps"
    # second order: steps of 6 mrad, squared and over 24, some of them adding up
    yield Item.at_most(
        "landing.oblique.free.precession", 1e-4, float(np.linalg.norm(axis - [0.0, 0.0, 1.0])), "", source
    )
    inertia, spin, q = np.array([2.0, 3.0, 5.0]), np.array([0.02, 10.0, 0.02]), (1.0, 0.0, 0.0, 0.0)
    start, drift, flipped = _energy(q, spin, inertia), 0.0, 1.0
    for _ in range(10000):
        q = turn(q, spin, inertia, 1e-3)
        drift = max(drift, abs(_energy(q, spin, inertia) / start - 1.0))
        flipped = min(flipped, float(rigid_landing.rotation(np.array(q))[1, 1]))
    source = "unstable spin about the middle axis, 10 s in 10 000 steps: kinetic energy; momentum is exact"
    yield Item.at_most("landing.oblique.free.energy", 1e-4, drift, "", source)
    yield Item.at_most("landing.oblique.free.flips", -0.9, flipped, "", "it turns over (cosine of the middle axis)")


def _axis_after(inertia: Floats, spin: Floats, duration: float, steps: int) -> Floats:
    q = (1.0, 0.0, 0.0, 0.0)
    for _ in range(steps):
        q = turn(q, spin, inertia, duration / steps)
    return np.asarray(rigid_landing.rotation(np.array(q))[:, 2])


def _energy(q: tuple[float, float, float, float], spin: Floats, inertia: Floats) -> float:
    body = rigid_landing.rotation(np.array(q)).T @ spin
    return float(0.5 * np.sum(body**2 / inertia))


def _incline() -> Iterator[Item]:
    """A sphere set rolling on an elastic incline gains 5/7 g sin(a), or slides with g (sin(a) - mu cos(a))."""
    mass, radius, slope, speed = 10.0, 0.2, 0.3, 3.0
    angle = np.linspace(0.0, np.pi, 121)
    outline = np.column_stack([radius * np.sin(angle), radius - radius * np.cos(angle)])
    outline[[0, -1], 0] = 0.0
    ball = RigidBody(mass, (0.4 * mass * radius**2,) * 3, radius, revolved(outline, 192))
    start = Approach(speed * np.sin(slope) + 0.02, speed * np.cos(slope), pitch_rate=-speed / radius)
    ground = Ground(1e9, 0.0, 0.0, 5e7)  # never yields; hardly viscous: what soil radiates is rolling resistance
    for way, friction in (("rolls", 0.5), ("slides", 0.05)):
        found = land(ball, Bed(ground, slope, friction, damping=0.05), start, end=0.9)
        gained = (_along(found, slope, 0.8) - _along(found, slope, 0.3)) / 0.5
        drive, hold = np.sin(slope), friction * np.cos(slope)
        reference = 5.0 / 7.0 * _G0 * drive if way == "rolls" else _G0 * (drive - hold)
        source = "sphere on an incline of 0.3 rad; 2 %: 23 000 flat patches of 5 mm"
        yield Item.relative(f"landing.oblique.incline.{way}", reference, gained, 0.02, "m/s^2", source)


def _along(found: Rest, slope: float, time_: float) -> float:
    """Speed down the incline at a time, m/s."""
    speed = found.velocity @ [np.cos(slope), 0.0, -np.sin(slope)]
    return float(np.interp(time_, found.time, speed))


def _cone() -> Iterator[Item]:
    mass, speed, resistance = 95.0, 40.0, 0.5e6
    sharp = revolved(sphere_cone_outline(1e-4, _SIXTY, 3.0, np.empty((0, 2)), cap=1, cone=60), 16)
    cone = RigidBody(mass, (100.0, 100.0, 100.0), 0.5, sharp)
    found = land(cone, Bed(Ground(resistance, 0.0, 0.0, 1e11), damping=0.0), Approach(speed), gravity=0.0, end=0.04)
    depth, peak = soil.cone_in_constant_resistance(mass, speed, resistance, _SIXTY)
    source = "energy of a 60 degree cone in constant resistance; rings of 14 mm"
    # 1 %: rings are wetted evenly over their height, steps of 2 mm
    yield Item.relative("landing.oblique.cone.depth", depth, found.depth, 0.01, "m", source)
    yield Item.relative("landing.oblique.cone.peak", peak, float(found.force.max()) / mass, 0.01, "m/s^2", source)


def _upright() -> Iterator[Item]:
    body = baseline()
    for name, ground in bench_capsule.GROUNDS.items():
        found = land(body, Bed(ground), Approach(40.0))
        nose = soil.sphere_cone(0.3, _SIXTY, 1.25)
        depth, peak = soil.rigid_penetration(body.mass, 40.0, nose, ground, gravity=_G0)
        source = "rigid sphere-cone, integrated in depth (what the chain is checked against, too)"
        # 1 %: elastic ground of 2 mm, rings wetted evenly over their height
        yield Item.relative(f"landing.oblique.upright.{name}.depth", depth, found.depth, 0.01, "m", source)
        yield Item.relative(f"landing.oblique.upright.{name}.peak", peak, found.peak(_WINDOW), 0.01, "m/s^2", source)
        tilted = land(body, Bed(ground, _SLOPE, 0.3, 1.0), Approach(40.0, 5.0, 0.1, 0.05, 1.0))
        for way, run in (("upright", found), ("tilted", tilted)):
            error = run.ledger_error
            yield Item.at_most(f"landing.oblique.{way}.{name}.ledger", 1e-3, error, "", "independent terms, <= 0.1 %")


def knock_down(name: str, arrival: Arrival, slope: float, ploughing: float) -> float:
    """Peak of the vessel in an oblique over that in an upright landing, rigid body, friction 0.3."""
    body, bed = baseline(), Bed(bench_capsule.GROUNDS[name], slope, 0.3, ploughing)
    approach = Approach(arrival.speed, arrival.drift, arrival.attitude, 0.0, arrival.rate)
    return rigid_landing.knock_down(body, bed, approach, arrival.speed, _WINDOW, _VESSEL - _STATION)[0]


def _ploughing() -> Iterator[Item]:
    for name in bench_capsule.GROUNDS:
        found = [knock_down(name, _OBLIQUE, _SLOPE, share) for share in (0.0, 1.0)]
        source = "pressure along the ground's normal against pressure along the body's; landing.oblique.ploughing"
        yield Item.relative(f"landing.oblique.ploughing.{name}", found[1], found[0], 0.02, "", source)


def finite_elements() -> Iterator[Item]:
    """Change of the vessel's peak by obliqueness against half a capsule in space (the same columns and friction)."""
    for name in bench_capsule.GROUNDS:
        ways = ((Arrival(bench_capsule.SPEED), 0.0), (_OBLIQUE, _SLOPE))
        peaks = [bench_capsule.land_half(name, 0.02, *way)[0].peak("vessel", _WINDOW) for way in ways]
        source = (
            "4.2 k hexahedra: drift 5 m/s, attitude and slope 0.1 rad; 10 %, the bar of the chain before calibration"
        )
        found = knock_down(name, _OBLIQUE, _SLOPE, 0.0)
        yield Item.relative(f"explicit.half-capsule-{name}.rigid", peaks[1] / peaks[0], found, 0.1, "", source)


def _speed() -> Iterator[Item]:
    body, bed = baseline(), Bed(bench_capsule.GROUNDS["clay"], 0.0, 0.3, 1.0)
    approach, spent = Approach(40.0, 2.4, 0.06, 0.07), []
    for _ in range(30):
        start = time.process_time()
        land(body, bed, approach)
        spent.append(time.process_time() - start)
    source = "CPU time of one landing until it rests, least of 30"
    yield within("landing.oblique.time", 2e-3, min(spent), source)
