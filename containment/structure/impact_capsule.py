"""From a case and its section to the capsule of the explicit impact: shell, absorber, vessels with pads, container.

The idealisation is the chain's (homogeneous shell, spheres of the section's radii, play of [landing.contacts]); what
the chain lumps is meshed: walls of their card's metal, pads in the gaps, the container as a hollow sphere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from containment.materials import library
from containment.materials.card import PropertySet
from containment.structure import landing_branches
from containment.structure.explicit import FoamSolid, Metal
from containment.structure.explicit_capsule import CapsuleShape
from containment.structure.explicit_nest import Layer, NestedCapsule, Sphere, nested
from containment.structure.explicit_parts import Bond
from containment.structure.landing_branches import Inside
from containment.structure.landing_vessels import VESSELS
from containment.structure.solid import NEVER_YIELDS, solid

if TYPE_CHECKING:
    from containment.case.entry import Vehicle
    from containment.case.fidelity import Fidelity
    from containment.case.geometry import Geometry
    from containment.case.landing import Landing
    from containment.meshing.mesh import SectionMesh
    from containment.result import StageResult

INNER: Mapping[str, Literal["pcv", "os"]] = {"scv": "pcv", "pcv": "os"}  # what is nested in each vessel
_HOLLOW = 0.35  # of the container's radius left empty: rays need no centre; 4 % of its volume
_ACROSS = 4  # least cells through the container


@dataclass(frozen=True)
class Impactor:
    """The meshed capsule with what its answers need: the walls' metals and thicknesses, masses kg wanted by part,
    whether the vessels are spheres."""

    made: NestedCapsule
    metals: Mapping[str, Metal]
    thickness: Mapping[str, float]
    masses: Mapping[str, float]
    spheres: bool


def build(
    landing: Landing, vehicle: Vehicle, geometry: Geometry, section: SectionMesh, mesh: StageResult, content: Inside,
    temperatures: Mapping[str, float], fidelity: Fidelity,
) -> Impactor:  # fmt: skip
    """The capsule nose-first. Raises DataError for what does not fit."""
    radii = {name: _radii(section, name) for name in (*VESSELS, "os")}
    metals: dict[str, Metal] = {name: _metal(geometry, landing, name, temperatures[name]) for name in VESSELS}
    parts: list[Sphere] = []
    masses: dict[str, float] = {}
    for name in VESSELS:
        inner = INNER[name]
        outer, bore = radii[name][:2]
        play = landing.contacts[inner].play.value
        room = bore - radii[inner][0]
        pads = room - play
        filled = pads > 0.1 * room and f"{name}_gap" in section.regions
        wall = mesh.value(f"{name}_mass") if filled else content.masses[name]
        layers = [Layer(name, outer - bore, fidelity.impact_layers, metals[name], wall)]
        if filled:
            card = library.load(geometry.regions[f"{name}_gap"].material).initial
            layers.append(Layer(f"{name}_pads", pads, 1, _pads(card), mesh.value(f"{name}_gap_mass")))
        parts.append(Sphere(tuple(layers), play if filled else room))
        masses[name] = wall
    radius = radii["os"][0]
    through = max(_ACROSS, round((1.0 - _HOLLOW) * radius / fidelity.impact_size))
    container = _container(geometry)
    parts.append(Sphere((Layer("os", (1.0 - _HOLLOW) * radius, through, container, content.masses["os"]),)))
    masses["os"] = content.masses["os"]
    made = nested(*_front(landing, vehicle, content, radii["scv"], fidelity.impact_size), parts, *_hold(landing))
    thickness: dict[str, float] = {name: radii[name][0] - radii[name][1] for name in VESSELS}
    return Impactor(made, metals, thickness, masses, all(round_ for _, _, round_ in radii.values()))


def _radii(section: SectionMesh, region: str) -> tuple[float, float, bool]:
    """Outer and inner radius of a region around its own centre, m, and whether it is as long as it is wide."""
    points = section.points[section.region_nodes(region)]
    low, high = float(points[:, 1].min()), float(points[:, 1].max())
    outer = float(points[:, 0].max())
    waist = points[np.abs(points[:, 1] - 0.5 * (low + high)) < 0.25 * outer]  # cylinders keep their radius here
    inner = float(np.hypot(waist[:, 0], waist[:, 1] - 0.5 * (low + high)).min()) if len(waist) else 0.0
    return outer, inner, abs(0.5 * (high - low) / outer - 1.0) < 0.02


def _front(
    landing: Landing, vehicle: Vehicle, content: Inside, vessel: tuple[float, float, bool], size: float
) -> tuple[CapsuleShape, FoamSolid, Metal]:
    """Dimensions of the capsule, absorber and shell."""
    parts = sum(content.masses.values())
    front = landing.forebody
    shape = CapsuleShape(
        vehicle.diameter.value, vehicle.nose_radius.value, vehicle.cone_half_angle.value, content.shell_thickness,
        vehicle.entry_mass - parts - content.foam_mass, content.column, content.block_radius, content.reach,
        vessel[0], vessel[0] - vessel[1], content.masses["scv"], size,
    )  # fmt: skip
    foam = FoamSolid(landing_branches.foam(landing, content.foam_density), landing.absorber.tension.value)
    # the density follows from the mass
    return shape, foam, Metal(1.0, front.modulus.value, 0.3, front.strength.value, front.hardening.value)


def _hold(landing: Landing) -> tuple[Bond | None, float]:
    """Bond of the absorber and friction."""
    held = landing.interface
    if held is None:
        return None, 0.0
    return Bond(held.normal_strength.value, held.shear_strength.value, held.opening.value), held.friction.value


def _metal(geometry: Geometry, landing: Landing, vessel: str, temperature: float) -> Metal:
    """The wall's metal at its temperature, linear hardening from the card; rate dependence is left out (safe side)."""
    card = solid(library.load(geometry.regions[vessel].material).initial)
    at = {
        name: float(np.interp(temperature, card.temperature, getattr(card, name)))
        for name in ("youngs_modulus", "poissons_ratio", "yield_stress")
    }
    yields = at["yield_stress"] * landing.vessels["scv" if vessel == "scv" else "pcv"].yield_factor.value
    rise = 0.0
    if card.plastic_strain.size > 1:
        rise = yields * float(card.hardening[1] - 1.0) / float(card.plastic_strain[1])
    return Metal(card.density, at["youngs_modulus"], at["poissons_ratio"], yields, rise)


def _pads(card: PropertySet) -> Metal:
    """Pads stay elastic: one cell through, they would be squeezed out where their strength is smeared over the gap."""
    return Metal(
        card.at("density", 293.15), card.at("youngs_modulus", 293.15), card.at("poissons_ratio", 293.15), NEVER_YIELDS
    )


def _container(geometry: Geometry) -> Metal:
    """The container's equal solid."""
    card = solid(library.load(geometry.regions["os"].material).initial)
    at = [
        float(np.interp(293.15, card.temperature, values))
        for values in (card.youngs_modulus, card.poissons_ratio, card.yield_stress)
    ]
    return Metal(card.density, *at)
