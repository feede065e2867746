"""From a case and its section to the chain of one landing branch: masses, absorber, surface, nose, speed.

Nose-first the chain is `chain_capsule`, which knows the shape; tumbling, on its rim, the single column of `chain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from containment.case.landing import Branch, Landing, Soil
from containment.errors import DataError
from containment.meshing.mesh import SectionMesh
from containment.structure import chain, chain_calibration, chain_capsule, soil
from containment.structure.chain import Chain, Play, foam_elements
from containment.structure.chain import Landing as History
from containment.structure.chain_capsule import Block, Capsule, Forebody
from containment.structure.crushable import Foam

if TYPE_CHECKING:
    from containment.case.entry import Vehicle
    from containment.result import StageResult

PARTS = ("shell", "scv", "pcv", "os")  # order of the speeds in a Landing of this chain
GRAVITY = 9.80665  # m/s^2, standard gravity, CGPM 1901; the local value differs by 0.1 %
_LEAST_COLUMN = 0.2  # part of the column that is left however oblique the impact, an engineering floor


@dataclass(frozen=True)
class Inside:
    """What the section says about the inside: masses kg, vessel radius m, shell in front of the absorber m, absorber on
    the axis, its radius and its reach aft of the vessel's centre m, kg/m^3 and kg."""

    masses: Mapping[str, float]
    vessel_radius: float
    shell_thickness: float
    column: float
    block_radius: float
    reach: float
    foam_density: float
    foam_mass: float


def inside(section: SectionMesh, mesh: StageResult) -> Inside:
    """Read masses from the mesh stage and the foam column from the section.

    The contents of the gaps ride with the vessel around them. Raises DataError when a part is missing.
    """
    masses = {}
    for part, regions in {"scv": ("scv", "scv_gap"), "pcv": ("pcv", "pcv_gap"), "os": ("os",)}.items():
        masses[part] = sum(_mass(mesh, name) for name in regions if name in section.regions or name == part)
    vessel = section.points[section.region_nodes("scv")]
    foam = section.points[section.region_nodes("absorber")]
    radius = float(vessel[:, 0].max())
    near = 0.25 * radius  # the axis may carry no node of a user's mesh
    front, back = float(vessel[:, 1].min()), float(vessel[:, 1].max())
    ahead = foam[(foam[:, 0] <= near) & (foam[:, 1] <= front + 1e-9)]
    start = float(ahead[:, 1].min()) if len(ahead) else front
    column = front - start
    if not column > 0:
        raise DataError(
            "found no absorber in front of the secondary vessel, expected a crushable column on the axis",
            advice="give the absorber a thickness in [geometry], or check the region names of the mesh",
        )
    foam_mass, reach = _mass(mesh, "absorber"), float(foam[:, 1].max()) - 0.5 * (front + back)
    return Inside(  # z counts from the nose, so that the absorber starts where the shell ends
        masses, radius, start, column, float(foam[:, 0].max()), reach,
        foam_mass / section.region_volume("absorber"), foam_mass,
    )  # fmt: skip


def _mass(mesh: StageResult, region: str) -> float:
    name = f"mesh.{region}_mass"
    if name not in mesh.responses:
        raise DataError(f"the mesh stage gives no {name}", advice=f"name a region {region!r} in [geometry.regions]")
    return mesh.responses[name].value


def ground(surface: Soil) -> soil.Ground:
    """Column law of a soil."""
    return soil.Ground(
        surface.resistance.value * surface.site_factor.value, surface.gradient.value,
        surface.inertia_factor.value * surface.density.value, surface.unloading_stiffness.value,
    )  # fmt: skip


def foam(landing: Landing, density: float) -> Foam:
    """Crush law of the absorber."""
    a = landing.absorber
    return Foam(
        a.crush_stress.value, a.modulus.value, density, a.densification_strain.value, a.hardening.value,
        a.locking.value, a.sharpness.value, a.rate_coefficient.value, a.reference_rate.value,
    )  # fmt: skip


def impact_speed(branch: Branch, landing: Landing, vehicle: Vehicle, entry: StageResult) -> float:
    """Speed at the ground, m/s: that of the entry stage, or the terminal speed of the tumbling vehicle.

    v = sqrt(2 m g / (rho C_D A)) with the density of the last point of the trajectory.
    """
    if branch.attitude == "stable" or landing.tumbling is None:
        return entry.value("landing_speed")
    density = float(entry.data["density"].values[-1])
    drag = landing.tumbling.drag_coefficient.value * vehicle.frontal_area
    return float(np.sqrt(2.0 * vehicle.entry_mass * GRAVITY / (density * drag)))


def build(branch: Branch, landing: Landing, vehicle: Vehicle, content: Inside, masses: int) -> Chain | Capsule:
    """The chain of one branch; `masses` counts those of the single column (tumbling).

    Raises DataError for an absorber without thickness, parts without mass, a surface that a branch cannot be on.
    """
    if branch.attitude == "tumbling" and landing.tumbling is not None:
        return _on_rim(branch, landing, vehicle, content, masses)
    return _nose_first(branch, landing, vehicle, content)


def _parts(content: Inside) -> tuple[float, ...]:
    return tuple(content.masses[name] for name in PARTS[1:])


def _plays(landing: Landing) -> tuple[Play, ...]:
    contacts = (landing.contacts["pcv"], landing.contacts["os"])
    return tuple(Play(c.stiffness.value, c.damping.value, c.play.value, c.play.value) for c in contacts)


def _nose_first(branch: Branch, landing: Landing, vehicle: Vehicle, content: Inside) -> Capsule:
    """Oblique impact costs foam: with the resultant angle of drift and attitude one side of the vessel is nearer to the
    shell, on average over that half disc by 4 R sin(angle)/(3 pi), and so much is not counted. On soil with
    [landing.oblique] the chain lands upright; `landing_oblique` says what obliqueness changes."""
    angle = float(np.hypot(landing.impact.drift_angle.value, landing.impact.attitude_angle.value))
    if landing.oblique is not None and isinstance(landing.surfaces[branch.surface], Soil):
        angle = 0.0
    nearer = 4.0 / (3.0 * np.pi) * content.vessel_radius * np.sin(min(angle, np.pi / 2))
    column = content.column * max(float(1.0 - nearer / content.column), _LEAST_COLUMN)
    parts, front = _parts(content), landing.forebody
    shell = Forebody(
        vehicle.diameter.value, vehicle.nose_radius.value, vehicle.cone_half_angle.value, content.shell_thickness,
        vehicle.entry_mass - sum(parts) - content.foam_mass, front.modulus.value, front.strength.value,
        front.hardening.value,
    )  # fmt: skip
    absorber = foam(landing, content.foam_density)
    block = Block(absorber, column, content.block_radius, content.reach, landing.absorber.tension.value)
    surface = landing.surfaces[branch.surface]
    tuning = chain_calibration.load().tuning
    if isinstance(surface, Soil):
        return Capsule(shell, block, content.vessel_radius, parts, _plays(landing), ground(surface), tuning=tuning)
    rock = surface.rock_radius.value if surface.rock_radius else np.inf
    return Capsule(shell, block, content.vessel_radius, parts, _plays(landing), None, rock, tuning)


def _on_rim(branch: Branch, landing: Landing, vehicle: Vehicle, content: Inside, masses: int) -> Chain:
    """The tumbling vehicle on its rim: a rigid edge on the ground, one column of absorber sideways."""
    surface, tumbling = landing.surfaces[branch.surface], landing.tumbling
    if tumbling is None or not isinstance(surface, Soil):
        raise DataError(
            f"found a tumbling landing on {branch.surface!r}, "
            "expected a soil (a rigid edge on rigid ground has no answer)",
            advice="name a soil as the surface of the branch",
        )
    parts, crushable = _parts(content), foam(landing, content.foam_density)
    area = np.pi * content.vessel_radius**2 * tumbling.area_factor.value
    column = tumbling.absorber_thickness.value
    shell = vehicle.entry_mass - sum(parts) - crushable.density * area * column
    nose = soil.edge_on(vehicle.diameter.value, tumbling.rim_width.value)
    elements = foam_elements(masses, parts)
    return Chain(shell, parts, _plays(landing), crushable, area, column, elements, nose, ground(surface))


def land(body: Chain | Capsule, speed: float, end: float) -> History:
    """The landing of either chain at `speed` m/s under gravity, to `end` s at most."""
    if isinstance(body, Capsule):
        return chain_capsule.land(body, speed, gravity=GRAVITY, end=end)
    return chain.land(body, speed, gravity=GRAVITY, end=end)


def correction(body: Chain | Capsule, speed: float) -> float:
    """True over modelled acceleration by the calibration against finite elements; 1 for the single column."""
    return chain_calibration.load().correction(body, speed) if isinstance(body, Capsule) else 1.0


def stroke_available(body: Chain | Capsule) -> float:
    """Stroke of the absorber up to densification, m."""
    if isinstance(body, Capsule):
        return body.block.foam.densification_strain * body.block.thickness
    return body.foam.densification_strain * body.foam_length
