"""From a case and its section to the chain of one landing branch: masses, column, surface, nose, speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from containment.case.landing import Branch, HardGround, Landing, Soil
from containment.errors import DataError
from containment.meshing.mesh import SectionMesh
from containment.structure import soil
from containment.structure.chain import Chain, Play, foam_elements
from containment.structure.crushable import Foam

if TYPE_CHECKING:
    from containment.case.entry import Vehicle
    from containment.result import StageResult

PARTS = ("shell", "scv", "pcv", "os")  # order of the speeds in a Landing of this chain
_GRAVITY = 9.80665  # m/s^2, standard gravity, CGPM 1901; the local value differs by 0.1 %
_LEAST_COLUMN = 0.2  # part of the column that is left however oblique the impact, an engineering floor


@dataclass(frozen=True)
class Inside:
    """What the section says about the inside: masses kg, vessel radius m, foam in front of it (m, kg/m^3)."""

    masses: Mapping[str, float]
    vessel_radius: float
    column: float
    foam_density: float


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
    front = float(vessel[:, 1].min())
    ahead = foam[(foam[:, 0] <= near) & (foam[:, 1] <= front + 1e-9)]
    column = front - float(ahead[:, 1].min()) if len(ahead) else 0.0
    if not column > 0:
        raise DataError(
            "found no absorber in front of the secondary vessel, expected a crushable column on the axis",
            advice="give the absorber a thickness in [geometry], or check the region names of the mesh",
        )
    return Inside(masses, radius, column, _mass(mesh, "absorber") / section.region_volume("absorber"))


def _mass(mesh: StageResult, region: str) -> float:
    name = f"mesh.{region}_mass"
    if name not in mesh.responses:
        raise DataError(f"the mesh stage gives no {name}", advice=f"name a region {region!r} in [geometry.regions]")
    return mesh.responses[name].value


def ground(surface: Soil | HardGround, vehicle: Vehicle) -> soil.Ground:
    """Column law of a surface. Hard ground: the half-space under a flat punch of the nose's tangent radius a,
    2 E / ((1 - nu^2) pi a) per area (K. L. Johnson, Contact Mechanics, 3.4), up to the crush strength of the forebody.
    """
    if isinstance(surface, Soil):
        return soil.Ground(
            surface.resistance.value * surface.site_factor.value, surface.gradient.value,
            surface.inertia_factor.value * surface.density.value, surface.unloading_stiffness.value,
        )  # fmt: skip
    radius = vehicle.nose_radius.value * np.cos(vehicle.cone_half_angle.value)
    bed = 2.0 * surface.modulus.value / ((1.0 - surface.poisson_ratio.value**2) * np.pi * radius)
    return soil.Ground(surface.forebody_crush_strength.value, 0.0, 0.0, float(bed))


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
    return float(np.sqrt(2.0 * vehicle.entry_mass * _GRAVITY / (density * drag)))


def build(branch: Branch, landing: Landing, vehicle: Vehicle, content: Inside, masses: int) -> Chain:
    """The chain of one branch.

    Oblique impact in stable flight costs foam: with the resultant angle of drift and attitude one side of the vessel
    is nearer to the shell, on average over that half disc by 4 R sin(angle)/(3 pi), and so much is not counted. On hard
    ground only the footprint of the shell brakes with the nose: the shell is not stiff enough to stop as one body.
    """
    parts = tuple(content.masses[name] for name in PARTS[1:])
    if branch.attitude == "tumbling" and landing.tumbling is not None:
        nose = soil.edge_on(vehicle.diameter.value, landing.tumbling.rim_width.value)
        column = landing.tumbling.absorber_thickness.value
    else:
        nose = soil.sphere_cone(vehicle.nose_radius.value, vehicle.cone_half_angle.value, vehicle.diameter.value)
        angle = float(np.hypot(landing.impact.drift_angle.value, landing.impact.attitude_angle.value))
        nearer = 4.0 / (3.0 * np.pi) * content.vessel_radius * np.sin(min(angle, np.pi / 2))
        left = 1.0 - nearer / content.column
        column = content.column * max(float(left), _LEAST_COLUMN)
    area = np.pi * content.vessel_radius**2 * landing.absorber.area_factor.value
    crushable = foam(landing, content.foam_density)
    shell = vehicle.entry_mass - sum(parts) - crushable.density * area * column
    hard = landing.surfaces[branch.surface]
    if isinstance(hard, HardGround):
        shell *= hard.footprint_share.value
    plays = tuple(
        Play(c.stiffness.value, c.damping.value, c.play.value, c.play.value)
        for c in (landing.contacts["pcv"], landing.contacts["os"])
    )
    elements = foam_elements(masses, parts)
    surface = ground(landing.surfaces[branch.surface], vehicle)
    return Chain(shell, parts, plays, crushable, area, column, elements, nose, surface)
