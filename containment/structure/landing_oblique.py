"""From a case to the rigid body of an oblique landing: mass properties, approach, what it does to the peak.

The chain of masses lands upright. On soil a rigid body in six degrees of freedom says by how much drift, attitude,
slope and pitch rate change its peak, how deep the vehicle goes and how it comes to rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.case.landing import Branch, Landing, Soil
from containment.structure import landing_branches, rigid_landing
from containment.structure.landing_branches import Inside
from containment.structure.rigid_landing import Approach, Bed, Rest, RigidBody
from containment.structure.rigid_surface import Patches, revolved, sphere_cone_outline

if TYPE_CHECKING:
    from containment.case.entry import Vehicle

Floats = NDArray[np.float64]

_SECTORS = 16  # 24 move peak and depth by 0.1 %
_SPHERE = 12  # points of the vessel's section that close the outline aft


@dataclass(frozen=True)
class Oblique:
    """`factor`: peak of the content over that of an upright landing at the same speed, true over modelled included."""

    factor: float
    rest: Rest


def land(branch: Branch, landing: Landing, vehicle: Vehicle, content: Inside, speed: float) -> Oblique | None:
    """The oblique landing of a branch; None where it has none (no [landing.oblique], tumbling, hard ground, speed 0).

    Velocity lies off the vertical by the drift angle towards +x, the axis off the velocity by the attitude angle,
    across that plane. Raises DataError and SolverError as `rigid_landing.land` does.
    """
    surface, chosen = landing.surfaces[branch.surface], landing.oblique
    if chosen is None or branch.attitude == "tumbling" or not isinstance(surface, Soil) or speed == 0.0:
        return None
    drift = landing.impact.drift_angle.value
    approach = Approach(
        speed * float(np.cos(drift)), speed * float(np.sin(drift)), drift, landing.impact.attitude_angle.value,
        chosen.pitch_rate.value,
    )  # fmt: skip
    bed = Bed(
        landing_branches.ground(surface), chosen.slope.value, chosen.friction.value, chosen.ploughing.value,
        chosen.damping.value,
    )  # fmt: skip
    body = rigid_body(vehicle, content)
    offset = _centre(content) - body.station
    factor, rest = rigid_landing.knock_down(body, bed, approach, speed, landing.filter_window.value, offset)
    return Oblique(factor * chosen.model_factor.value, rest)


def _centre(content: Inside) -> float:
    """Centre of the vessels aft of the nose, m."""
    return content.shell_thickness + content.column + content.vessel_radius


def rigid_body(vehicle: Vehicle, content: Inside) -> RigidBody:
    """Mass, centre of gravity and moments: contents as a solid sphere of the outer vessel, absorber as a cylinder
    around it, all other mass even on the forebody (as the chain has it); aft the vessel closes the outline."""
    centre, radius = _centre(content), content.vessel_radius
    angle = np.linspace(0.0, np.pi, _SPHERE + 1)
    tail = np.column_stack([radius * np.sin(angle), centre - radius * np.cos(angle)])
    shape = (vehicle.nose_radius.value, vehicle.cone_half_angle.value, vehicle.diameter.value)
    surface = revolved(sphere_cone_outline(*shape, tail), _SECTORS)
    front = revolved(sphere_cone_outline(*shape, tail[:0]), _SECTORS)
    shell = _forebody(front)
    inner, foam = sum(content.masses[name] for name in landing_branches.PARTS[1:]), content.foam_mass
    rest = vehicle.entry_mass - inner - foam
    length = content.column + radius + content.reach
    across = (3.0 * content.block_radius**2 + length**2) / 12.0
    parts = (  # mass, station, moments per mass across and along the axis
        (inner, centre, 0.4 * radius**2, 0.4 * radius**2),
        (foam, content.shell_thickness + 0.5 * length, across, 0.5 * content.block_radius**2),
        (rest, *shell),
    )
    mass = sum(part[0] for part in parts)
    station = sum(part[0] * part[1] for part in parts) / mass
    cross = sum(m * (t + (z - station) ** 2) for m, z, t, _ in parts)
    return RigidBody(mass, (cross, cross, sum(m * a for m, _, _, a in parts)), station, surface)


def _forebody(front: Patches) -> tuple[float, float, float]:
    """Station of the centroid of an even layer on the forebody m, and its moments per mass about it, m^2."""
    forward = front.normals[:, 2] < -1e-9
    share = front.areas[forward] / front.areas[forward].sum()
    points = front.points[forward]
    station = float(share @ points[:, 2])
    along = float(share @ np.sum(points[:, :2] ** 2, axis=1))
    return station, 0.5 * along + float(share @ (points[:, 2] - station) ** 2), along
