"""Ground under a rigid nose: how the contact area grows, what pressure the ground bears, closed forms to check against.

The ground is a bed of vertical columns. Each column bears at most

    p = strength + depth_gradient * depth + inertia * speed^2          (depth below its own first contact)

unloads along a stiff line and keeps its plastic depth. Under a rigid nose all columns share one displacement, so
their sum needs only the contact area A(z) and the displaced volume V(z) = integral of A.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from containment.errors import DataError

_POINTS = 2048  # depth table: with 1 m of depth a step of 0.5 mm; linear interpolation of A(z) is then exact to 1e-6


@dataclass(frozen=True)
class Nose:
    """Horizontal contact area (m^2) and displaced volume (m^3) against penetration, on an even depth grid (m)."""

    step: float
    area: np.ndarray
    volume: np.ndarray

    def area_at(self, depth: float) -> float:
        """Contact area at a depth, m^2; constant beyond the table (the body is then immersed to its widest part)."""
        return float(np.interp(depth, self.step * np.arange(self.area.size), self.area))

    def volume_at(self, depth: float) -> float:
        """Displaced volume at a depth, m^3."""
        beyond = max(0.0, depth - self.step * (self.area.size - 1)) * self.area[-1]
        return float(np.interp(depth, self.step * np.arange(self.area.size), self.volume) + beyond)


@dataclass(frozen=True)
class Ground:
    """What the surface bears. All SI.

    `strength` Pa and `depth_gradient` Pa/m: quasi-static resistance; `inertia` kg/m^3: factor of speed squared
    (form factor times density); `stiffness` Pa/m: loading and unloading line of a column.
    """

    strength: float
    depth_gradient: float
    inertia: float
    stiffness: float

    def __post_init__(self) -> None:
        values = (self.strength, self.depth_gradient, self.inertia, self.stiffness)
        if not np.all(np.isfinite(values)) or min(values) < 0:
            raise DataError(
                f"found ground parameters {values}, expected finite numbers >= 0",
                advice="correct the surface in [landing.surfaces]",
            )
        if not self.strength + self.inertia > 0 or not self.stiffness > 0:
            raise DataError(
                "found a surface without strength, inertia or stiffness, expected a ground that can stop a body",
                advice="give strength, or inertia for a fluid, and a stiffness > 0 in [landing.surfaces]",
            )


def _tabulated(area: Callable[[np.ndarray], np.ndarray], depth: float) -> Nose:
    z = np.linspace(0.0, depth, _POINTS)
    a = area(z)
    volume = np.concatenate([[0.0], np.cumsum(0.5 * (a[1:] + a[:-1]) * np.diff(z))])
    return Nose(float(z[1]), a, volume)


def sphere_cone(nose_radius: float, half_angle: float, diameter: float) -> Nose:
    """Nose-first sphere-cone: spherical cap to the tangent circle, then the cone to the shoulder, then constant.

    `half_angle` (rad) is measured from the axis. Tangent circle: r = R cos(half_angle), z = R (1 - sin(half_angle)).
    """
    tangent_z = nose_radius * (1.0 - np.sin(half_angle))
    tangent_r = nose_radius * np.cos(half_angle)
    if not 0.0 <= tangent_r < diameter / 2 or not 0 < half_angle < np.pi / 2:
        raise DataError(
            f"found nose radius {nose_radius:g} m and half angle {half_angle:g} rad under a "
            f"diameter of {diameter:g} m, expected a cap smaller than the body",
            advice="correct the nose radius or the diameter",
        )
    depth = tangent_z + (diameter / 2 - tangent_r) / np.tan(half_angle)

    def area(z: np.ndarray) -> np.ndarray:
        radius = tangent_r + (z - tangent_z) * np.tan(half_angle)
        cap = 2.0 * nose_radius * z - z**2
        return np.asarray(np.pi * np.where(z < tangent_z, cap, radius**2))

    return _tabulated(area, depth)


def sphere(radius: float) -> Nose:
    """Sphere (penetrometers): A = pi (2 R z - z^2) to its widest section."""
    return _tabulated(lambda z: np.asarray(np.pi * (2.0 * radius * z - z**2)), radius)


def edge_on(diameter: float, width: float) -> Nose:
    """Disc-like body striking with its rim: chord of the circle times a mean width, to the full diameter.

    A(z) = 2 sqrt(D z - z^2) * width. A crude picture of a tumbling capsule; `width` is an assumption of the case.
    """
    return _tabulated(lambda z: 2.0 * np.sqrt(np.maximum(diameter * z - z**2, 0.0)) * width, diameter / 2)


def cone_in_constant_resistance(mass: float, speed: float, resistance: float, half_angle: float) -> tuple[float, float]:
    """(penetration m, peak deceleration m/s^2) of a rigid sharp cone in a ground of constant resistance.

    A = pi tan^2(half_angle) z^2 and energy m v^2 / 2 = p pi tan^2 z^3 / 3. For 60 degrees
    z = (m v^2 / (2 pi p))^(1/3), a = 3 pi p z^2 / m.
    """
    spread = np.pi * np.tan(half_angle) ** 2
    depth = (1.5 * mass * speed**2 / (spread * resistance)) ** (1.0 / 3.0)
    return float(depth), float(resistance * spread * depth**2 / mass)


def poncelet(mass: float, speed: float, strength: float, inertia: float, area: float) -> tuple[float, float]:
    """(penetration, peak deceleration) with p = strength + inertia v^2 on a constant area.

    z = m / (2 c1 A) ln(1 + c1 v^2 / c0), a = (c0 + c1 v^2) A / m.
    """
    depth = mass / (2.0 * inertia * area) * np.log1p(inertia * speed**2 / strength)
    return float(depth), float((strength + inertia * speed**2) * area / mass)


def crushed_cap(mass: float, speed: float, stress: float, radius: float) -> tuple[float, float]:
    """(stroke, peak deceleration) of a sphere of crushable material stopping itself on a hard plane.

    F = sigma pi (2 R d - d^2); energy sigma pi (R d^2 - d^3 / 3) = m v^2 / 2, by bisection (monotone to d = 2 R).
    Raises DataError when even 2 R does not absorb the energy.
    """
    energy = 0.5 * mass * speed**2

    def absorbed(stroke: float) -> float:
        return float(stress * np.pi * (radius * stroke**2 - stroke**3 / 3.0))

    low, high = 0.0, 2.0 * radius
    if absorbed(high) < energy:
        raise DataError(
            f"found {energy:.4g} J to absorb, expected at most {absorbed(high):.4g} J (the whole sphere crushed)",
            advice="raise the crush stress or the radius",
        )
    for _ in range(80):  # halves a metre 80 times: below rounding
        middle = 0.5 * (low + high)
        low, high = (middle, high) if absorbed(middle) < energy else (low, middle)
    return high, float(stress * np.pi * (2.0 * radius * high - high**2) / mass)


def rigid_penetration(
    mass: float, speed: float, nose: Nose, ground: Ground, *, gravity: float = 0.0, steps: int = 4000
) -> tuple[float, float]:
    """(penetration, peak deceleration) of a rigid body: rung 0 for any nose.

    The speed falls with depth: d(v^2/2)/dz = g - F(z, v)/m, F = strength A + gradient V + inertia v^2 A, integrated in
    depth with the inertia term exact in each depth step (it is linear in v^2).
    """
    reach = nose.step * (nose.area.size - 1)
    width = reach / steps
    middles = (np.arange(20 * steps) + 0.5) * width
    grid = nose.step * np.arange(nose.area.size)
    areas = np.interp(middles, grid, nose.area)
    volumes = np.interp(middles, grid, nose.volume) + np.maximum(middles - reach, 0.0) * nose.area[-1]
    static = (ground.strength * areas + ground.depth_gradient * volumes) / mass - gravity
    drag = 2.0 * ground.inertia * areas / mass
    decay = np.exp(-drag * width)
    lost = static * np.where(drag * width < 1e-12, width, -np.expm1(-drag * width) / np.maximum(drag, 1e-300))
    kinetic, peak = 0.5 * speed**2, 0.0  # per unit mass
    for i in range(middles.size):
        peak = max(peak, float(static[i] + drag[i] * kinetic))
        new = kinetic * float(decay[i]) - float(lost[i])
        if new <= 0.0:
            return float(i * width + width * kinetic / (kinetic - new)), peak
        kinetic = new
    raise DataError(
        f"found a body still moving {20.0 * reach:.3g} m below the surface, expected it to stop",
        advice="the ground is too weak for this mass and speed: check strength and inertia",
    )
