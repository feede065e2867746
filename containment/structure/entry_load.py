"""Loads at peak deceleration: the pressure of the flow on the forebody and the acceleration it gives the vehicle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.lines import edge_normals
from containment.meshing.mesh import SectionMesh

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FlowState:
    """The flow at one time: stagnation (behind the shock), ambient and dynamic pressure, Pa."""

    stagnation: float
    ambient: float
    dynamic: float

    @property
    def greatest_coefficient(self) -> float:
        """Pressure coefficient of the stagnation point."""
        return (self.stagnation - self.ambient) / self.dynamic


def newtonian(normal: Floats, flow: FlowState, base: float, factor: float = 1.0) -> Floats:
    """Pressure above the base pressure on edges with outward normals (k, 2), Pa: modified Newtonian flow along +z.

    p = p_inf + factor q C_p,max (n_z)^2 where the surface faces the flow, p_inf elsewhere (L. Lees 1955).
    """
    facing = np.minimum(normal[:, 1], 0.0)
    return np.asarray(flow.ambient - base + factor * flow.dynamic * flow.greatest_coefficient * facing**2)


def axial_force(normal: Floats, length: Floats, radius: Floats, pressure: Floats) -> float:
    """Force of a pressure on a line of revolution, full turn, positive along +z (decelerating), N."""
    return float(-(pressure * normal[:, 1] * 2.0 * np.pi * radius * length).sum())


def transferred(section: SectionMesh, loaded: SectionMesh, heated: str, line: str, flow: FlowState, base: float,
                factor: float) -> tuple[Floats, float]:  # fmt: skip
    """Pressure on the edges of `line` of the load-carrying part with the axial force of the flow on `heated`.

    The ablator between them passes the pressure on; both lines have nearly the same slope, so the distribution is the
    Newtonian one of the inner line. Returns pressures (k,) Pa and the force in N. Raises DataError without a force.
    """
    normal, length, radius = edge_normals(section, heated)
    force = axial_force(normal, length, radius, newtonian(normal, flow, base, factor))
    normal, length, radius = edge_normals(loaded, line)
    pressure = newtonian(normal, flow, base, factor)
    own = axial_force(normal, length, radius, pressure)
    if not own > 0.0 or not force > 0.0:
        raise DataError(
            f"the flow gives {force:.3g} N on line {heated!r} and {own:.3g} N on {line!r}, expected both to brake",
            advice="check the names of the lines and that z points aft",
        )
    return pressure * (force / own), force


def cone_buckling_pressure(
    youngs_modulus: float,
    thickness: float,
    half_angle: float,
    small_radius: float,
    large_radius: float,
    knockdown: float,
) -> float:
    """Critical uniform external pressure of a truncated cone, Pa (NASA SP-8019, as recalled).

    0.92 g E / [ (L / R) (R / t)^(5/2) ], R = (r1 + r2) / (2 cos a) the mean radius of curvature, L the slant length;
    the range of the fit is 10 to 75 deg of half angle.
    """
    curvature = (small_radius + large_radius) / (2.0 * np.cos(half_angle))
    slant = (large_radius - small_radius) / np.sin(half_angle)
    return float(0.92 * knockdown * youngs_modulus / ((slant / curvature) * (curvature / thickness) ** 2.5))
