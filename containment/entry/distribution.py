"""Heating and pressure along a sphere-cone at zero incidence, relative to the stagnation point.

Laminar convection: Lees, Jet Propulsion 26(4), 1956, on a modified-Newtonian pressure. Arrays over arc length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RADIATION_EXPONENT = 1.22  # density exponent of Tauber-Sutton, applied to the local pressure ratio (assumed)


@dataclass(frozen=True)
class SphereCone:
    """Nose radius and base radius in m, cone half angle in rad."""

    nose_radius: float
    base_radius: float
    cone_half_angle: float

    @property
    def tangency_arc(self) -> float:
        """Arc length at which the sphere ends, m."""
        return self.nose_radius * (math.pi / 2 - self.cone_half_angle)

    @property
    def length(self) -> float:
        """Arc length from the stagnation point to the full radius, m."""
        tangent_radius = self.nose_radius * math.cos(self.cone_half_angle)
        return self.tangency_arc + (self.base_radius - tangent_radius) / math.sin(self.cone_half_angle)

    def body_angle(self, arc: ArrayLike) -> Array:
        """Angle between the axis and the surface normal, rad."""
        return np.minimum(np.asarray(arc, float) / self.nose_radius, math.pi / 2 - self.cone_half_angle)

    def radius(self, arc: ArrayLike) -> Array:
        """Distance from the axis, m."""
        arc = np.asarray(arc, float)
        on_cone = np.maximum(arc - self.tangency_arc, 0.0)
        return self.nose_radius * np.sin(self.body_angle(arc)) + on_cone * math.sin(self.cone_half_angle)


def pressure_ratio(body: SphereCone, arc: ArrayLike, mach: float, gamma: float = 1.4) -> Array:
    """p/p_stagnation = (1 - e) cos^2(body angle) + e with e = 1/(gamma M^2) (modified Newtonian)."""
    e = 1.0 / (gamma * mach**2)
    return (1 - e) * np.cos(body.body_angle(arc)) ** 2 + e


def lees_sphere(angle: ArrayLike, mach: float, gamma: float = 1.4) -> Array:
    """q/q_stagnation on a sphere at an angle (rad) from the stagnation point.

    2 t sin t [(1-e) cos^2 t + e]/sqrt(D),
    D = (1-e)(t^2 - t sin 4t/2 + (1 - cos 4t)/8) + 4e (t^2 - t sin 2t + (1 - cos 2t)/2)
    """
    t = np.abs(np.asarray(angle, float))
    e = 1.0 / (gamma * mach**2)
    small = 0.02  # rad; nearer to the stagnation point D is a difference of nearly equal numbers, q is a parabola there
    safe = np.maximum(t, small)
    value = 2 * safe * np.sin(safe) * ((1 - e) * np.cos(safe) ** 2 + e) / np.sqrt(_lees_integral(safe, e))
    at_small = 2 * small * math.sin(small) * ((1 - e) * math.cos(small) ** 2 + e) / math.sqrt(_lees_integral(small, e))
    return np.where(t < small, 1 - (1 - at_small) * (t / small) ** 2, value)


def _lees_integral(angle: ArrayLike, e: float) -> Array:
    t = np.asarray(angle, float)
    return np.asarray(
        (1 - e) * (t**2 - t * np.sin(4 * t) / 2 + (1 - np.cos(4 * t)) / 8)
        + 4 * e * (t**2 - t * np.sin(2 * t) + (1 - np.cos(2 * t)) / 2)
    )


def lees_cone(apex_distance: ArrayLike, cone_half_angle: float, mach: float, gamma: float = 1.4) -> Array:
    """q/q_stagnation on the cone; `apex_distance` = distance from the virtual apex over the nose radius.

    A s/sqrt(B + s^3), t = pi/2 - cone angle, P = (1-e) sin^2(cone angle) + e, A = sqrt(3)/2 sqrt(P t),
    B = (3/16) D(t)/(t P sin^2) - cot^3: constant pressure and edge velocity on the cone, continuous at tangency.
    """
    s, e = np.asarray(apex_distance, float), 1.0 / (gamma * mach**2)
    sine, t = math.sin(cone_half_angle), math.pi / 2 - cone_half_angle
    p = (1 - e) * sine**2 + e
    b = 3 / 16 * _lees_integral(t, e) / (t * p * sine**2) - 1 / math.tan(cone_half_angle) ** 3
    return np.asarray(math.sqrt(3) / 2 * math.sqrt(p * t) * s / np.sqrt(b + s**3))


def convective_ratio(
    body: SphereCone, arc: ArrayLike, mach: float, flank_factor: float = 1.0, shoulder_factor: float = 1.0
) -> Array:
    """Local over stagnation convective heating (film coefficient) along the body.

    The factor for what laminar similarity leaves out (turbulence, sonic line) grows linearly over the sphere and is in
    full force on the cone; the one of the shoulder grows linearly over the last tenth of the arc.
    """
    arc = np.asarray(arc, float)
    tangency = body.tangency_arc
    apex = (np.maximum(arc - tangency, 0.0) + body.nose_radius / math.tan(body.cone_half_angle)) / body.nose_radius
    laminar = np.where(
        arc <= tangency, lees_sphere(body.body_angle(arc), mach), lees_cone(apex, body.cone_half_angle, mach)
    )
    edge = np.clip(10.0 * arc / body.length - 9.0, 0.0, 1.0)
    return laminar * (1 + (flank_factor - 1) * np.minimum(arc / tangency, 1.0)) * (1 + (shoulder_factor - 1) * edge)


def radiative_ratio(body: SphereCone, arc: ArrayLike, mach: float) -> Array:
    """Local over stagnation radiative heating: pressure ratio to the density exponent of the correlation (assumed)."""
    return pressure_ratio(body, arc, mach) ** RADIATION_EXPONENT
