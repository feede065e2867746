"""What the soak needs, gathered from the case and the stages before: section, materials, flight, heat shield."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.case.heatshield import Heatshield
from containment.case.soak import Soak
from containment.errors import DataError, UsageError
from containment.materials import load
from containment.materials.card import PropertySet
from containment.meshing.mesh import SectionMesh
from containment.result import StageResult
from containment.thermal.soak_properties import (
    Conductor,
    Filling,
    PropertyGrid,
    conductor,
    held_notes,
    in_plane_ratio,
    isotropic,
    layered,
    property_grid,
)
from containment.thermal.soak_shield import (
    LEAST_REMAINING,
    ShieldHistory,
    ShieldNodes,
    along_line,
    char_share,
    receded,
    shield_nodes,
)
from containment.thermal.soak_surface import Flight

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.schema import Case

Floats = NDArray[np.float64]
SHIELD, BOND = "tps", "bondline"  # region the heat shield stage speaks of, and its inner line


@dataclass
class Inputs:
    """One sample's soak: the section after recession, its filling, the flight, the shield's history, the settings,
    and by region the temperature (K) its material is good for."""

    section: SectionMesh
    grid: PropertyGrid
    filling: Filling
    nodes: ShieldNodes
    history: ShieldHistory
    flight: Flight
    soak: Soak
    diameter: float
    initial_temperature: float
    states: list[PropertySet]
    service: dict[str, float]
    notes: list[str] = field(default_factory=list)

    def note_range(self, low: Floats, high: Floats) -> None:
        """Say where cards were held beyond their tables, given the extreme temperatures of each material (K)."""
        for state, coldest, hottest in zip(self.states, low, high, strict=True):
            if coldest <= hottest:  # in use at all
                self.notes.extend(held_notes(state, float(coldest), float(hottest)))


def read_inputs(case: Case, upstream: Mapping[str, StageResult]) -> Inputs:
    """Gather and check. Raises UsageError for stages the case has no sections for, DataError for unfit data."""
    missing = [name for name in ("mesh", "entry", "heatshield") if name not in upstream]
    if missing or case.soak is None or case.vehicle is None or case.heatshield is None:
        raise UsageError(
            f"the soak needs results of {', '.join(missing) or 'all stages before it'}",
            advice="add the sections [geometry], [vehicle], [entry] and [heatshield] to the case",
        )
    section = SectionMesh.from_dataset(upstream["mesh"].data)
    entry, shield = upstream["entry"].data, upstream["heatshield"].data
    history = shield_history(shield, entry)
    nodes = shield_nodes(section, SHIELD, bond=BOND)
    moved, remaining = receded(section, nodes, history)
    conductors, states, filling, notes = _fill(section, nodes, history, upstream["mesh"].data, case.heatshield)
    inputs = Inputs(
        moved, property_grid(conductors), filling, nodes, history, flight_of(entry), case.soak,
        case.vehicle.diameter.value, _initial(case.soak, history), states, _service(upstream["mesh"].data), notes,
    )  # fmt: skip
    for station, time in zip(shield["station"].values, shield["time_intact"].values, strict=True):
        if time < float(shield["time"][-1]):
            inputs.notes.append(
                f"soak: the heat shield is lost at station {station} at {time:.1f} s; its last temperatures are held"
                " until the hand-over, hot gas behind it is not computed"
            )
    if remaining < LEAST_REMAINING:
        inputs.notes.append(
            f"soak: recession leaves {remaining:.0%} of the ablator somewhere; there the section keeps "
            f"{LEAST_REMAINING:.0%}"
        )
    return inputs


def _fill(
    section: SectionMesh, nodes: ShieldNodes, history: ShieldHistory, mesh: xr.Dataset, shield: Heatshield
) -> tuple[list[Conductor], list[PropertySet], Filling, list[str]]:
    """Materials by row, who fills which cell, and notes; the ablator mixes virgin and char by its final state.

    Cards and densities are those of the mesh, except that the ablator's follow the sample of the heat shield. Layers of
    a card with `conductivity_in_plane` are taken parallel to the bond line.
    """
    cards: dict[str, str] = json.loads(mesh.attrs["materials"])
    if cards[SHIELD] != shield.ablator.material:
        raise DataError(
            f"region {SHIELD!r} is made of {cards[SHIELD]!r}, the heat shield of {shield.ablator.material!r}",
            advice=f"give geometry.regions.{SHIELD} and the first of heatshield.layers the same material",
        )
    states: list[PropertySet] = []
    conductors: list[Conductor] = []
    notes: list[str] = []
    count = len(section.triangles)
    first, stretch = np.zeros(count, dtype=np.int32), isotropic(count)
    second = np.zeros_like(first)
    for name, number in section.regions.items():
        cells, card = section.region == number, load(cards[name])
        first[cells] = second[cells] = len(states)
        if card.charring:
            conductors += [_ablator(state, shield) for state in (card.virgin, card.char)]
            states += [card.virgin, card.char]
            second[cells] += 1
            continue
        conductors.append(conductor(card, float(mesh["region_density"].sel(region=number))))
        states.append(card)
        ratio, note = in_plane_ratio(card)
        if ratio != 1.0:
            stretch[cells] = layered(along_line(section, cells, BOND), ratio)
        notes += [note] if note else []
    charred = np.zeros(len(section.points))
    charred[nodes.node] = char_share(nodes, history)
    share = np.zeros((count, 3))
    share[second != first] = charred[section.triangles[second != first]]
    return conductors, states, Filling(first, second, share, stretch), notes


def ahead_of(section: SectionMesh, region: str, vessel: str) -> NDArray[np.bool_]:
    """(cell,) of a region: within the radius of the vessel and on the nose's side of its widest point."""
    for name in (region, vessel):
        section.region_number(name)
    hull = section.points[section.region_nodes(vessel)]
    radius, height = hull[hull[:, 0].argmax()]
    middle = section.points[section.triangles].mean(axis=1)
    return np.asarray((section.region == section.regions[region]) & (middle[:, 0] < radius) & (middle[:, 1] < height))


def _service(mesh: xr.Dataset) -> dict[str, float]:
    """Temperature up to which a region's material is in service, K, for the cards that state one."""
    cards = {name: load(card) for name, card in json.loads(mesh.attrs["materials"]).items()}
    return {name: c.value("service_temperature") for name, c in cards.items() if c.has("service_temperature")}


def _ablator(state: PropertySet, shield: Heatshield) -> Conductor:
    density = shield.density_factor.value * state.value("density")
    return conductor(
        state, density, capacity_factor=shield.heat_capacity_factor.value,
        conductivity_factor=shield.conductivity_factor.value,
    )  # fmt: skip


def _initial(soak: Soak, history: ShieldHistory) -> float:
    """Uniform temperature at the start; what the case says must be what the heat shield started from."""
    shield = float(history.temperature[:, 0].mean())
    if soak.initial_temperature is None:
        return shield
    if abs(soak.initial_temperature.value - shield) > 0.5:  # K; a jump that would send a wave through the section
        raise DataError(
            f"soak.initial_temperature is {soak.initial_temperature.value:g} K, the heat shield starts at {shield:g} K",
            advice="give both the same value or leave out soak.initial_temperature",
        )
    return float(soak.initial_temperature.value)


def flight_of(entry: xr.Dataset) -> Flight:
    """Air along the way from the data of stage "entry"."""
    heating = entry["convective_flux"].values + entry["radiative_flux"].values
    return Flight(
        entry["time"].values, entry["speed"].values, entry["density"].values, entry["temperature_inf"].values,
        entry["mach"].values, heating,
    )  # fmt: skip


def shield_history(shield: xr.Dataset, entry: xr.Dataset) -> ShieldHistory:
    """Station histories from the data of stage "heatshield", placed by the arc lengths of stage "entry"."""
    at = (
        entry["arc_length"].sel(station=shield["station"])
        if "station" in entry["arc_length"].coords
        else entry["arc_length"]
    )
    order = np.argsort(at.values)
    temperature = shield["temperature"].transpose("station", "time", "depth_fraction")
    depth = shield["depth"].broadcast_like(temperature).transpose(*temperature.dims)
    char = shield["char_fraction"]
    inner = next(str(dim) for dim in char.dims if dim != "station")
    char_depth = shield["char_depth"] if "char_depth" in shield else shield[inner]
    char_depth = char_depth.broadcast_like(char).transpose("station", inner)
    return ShieldHistory(
        np.asarray(at.values)[order], float(shield.attrs["thickness"]), shield["time"].values, depth.values[order],
        temperature.values[order], shield["recession"].transpose("station", "time").values[order, -1],
        char_depth.values[order], char.transpose("station", inner).values[order],
    )  # fmt: skip
