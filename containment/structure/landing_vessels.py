"""What the landing forces do to the two vessels: load states from the chain, stress, plastic strain, seams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from containment.materials import library
from containment.meshing.mesh import SectionMesh
from containment.structure.chain import Landing as History
from containment.structure.landing_branches import Inside
from containment.structure.seal import braze_utilisation, opening
from containment.structure.solid import solid
from containment.structure.vessel import Seats, Vessel

if TYPE_CHECKING:
    from containment.case.geometry import Geometry
    from containment.case.landing import Landing, Seam
    from containment.result import StageResult

Floats = NDArray[np.float64]

VESSELS: tuple[Literal["scv", "pcv"], ...] = ("scv", "pcv")
ROOM_TEMPERATURE = 293.15  # K, vessels without a soak stage
_EVERY = 5  # of the stored states enters the vessels: 0.1 ms, a fifth of the shortest sensible filter window


def temperatures(upstream: Mapping[str, StageResult]) -> dict[str, float]:
    """Temperature of each vessel at landing, K."""
    soak = upstream.get("soak")
    if soak is None:
        return dict.fromkeys(VESSELS, ROOM_TEMPERATURE)
    return {vessel: soak.value(f"{vessel}_seal_temperature_at_landing") for vessel in VESSELS}


@dataclass(frozen=True)
class VesselAnswer:
    """Figures of one vessel on one branch, the largest over its load states; `worst_*` belong to the worst state."""

    utilisation: float
    plastic_strain: float
    solved: bool
    seam_utilisation: float
    seal_opening: float
    worst_forces: Floats
    worst_cells: Floats


def vessels(
    section: SectionMesh, geometry: Geometry, landing: Landing, content: Inside, temperatures: Mapping[str, float]
) -> dict[str, Vessel]:
    """Both vessels with their unit solutions. The wall takes its density from the region's mass (equivalent bodies)."""
    nests = landing.contacts
    seats = {
        "scv": Seats(np.pi / 2, nests["pcv"].seat_angle.value, outer_uniform=True),
        "pcv": Seats(nests["pcv"].seat_angle.value, nests["os"].seat_angle.value, outer_uniform=False),
    }
    found: dict[str, Vessel] = {}
    for name in VESSELS:
        card = solid(library.load(geometry.regions[name].material).initial)
        material = replace(
            card,
            yield_stress=card.yield_stress * landing.vessels[name].yield_factor.value,
            density=content.masses[name] / section.region_volume(name),
        )
        found[name] = Vessel(section, name, f"{name}_seal", material, temperatures[name], seats[name])
    return found


def forces(history: History, window: float, factor: float) -> dict[str, Floats]:
    """(time, 4) filtered forces on each vessel in the order of vessel.FORCES, N.

    The filter is the same moving mean as for accelerations; `factor` is the model factor of the chain.
    """
    filtered = {
        "absorber": _mean(history.time, history.absorber_force, window),
        "pcv": _mean(history.time, history.contact_forces[0], window),
        "os": _mean(history.time, history.contact_forces[1], window),
    }
    push = {name: factor * np.maximum(values, 0.0)[::_EVERY] for name, values in filtered.items()}
    pull = {name: factor * np.maximum(-values, 0.0)[::_EVERY] for name, values in filtered.items()}
    none = np.zeros_like(push["os"])
    return {
        "scv": np.column_stack([push["absorber"], push["pcv"], none, pull["pcv"]]),
        "pcv": np.column_stack([push["pcv"], push["os"], pull["pcv"], pull["os"]]),
    }


def _mean(time: Floats, values: Floats, window: float) -> Floats:
    """Moving mean over the window that ends at each time; before the first contact the force is zero."""
    step = np.diff(time, prepend=time[0])
    total = np.cumsum(values * step)
    return np.asarray((total - np.interp(time - window, time, total, left=0.0)) / window)


def answer(vessel: Vessel, seam: Seam, load: Floats) -> VesselAnswer:
    """Stress, plastic strain and seam of one vessel over its load states."""
    response = vessel.respond(load)
    worst = load[response.worst]
    strain, solved = vessel.strain_beyond_yield(worst)
    return VesselAnswer(
        response.peak, strain, solved, float(braze_utilisation(response.traction, seam).max()),
        float(opening(response.traction, seam).max()), worst, vessel.utilisation(worst),
    )  # fmt: skip
