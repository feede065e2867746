"""What a soak is asked: the watched places, their peaks, when these come, and how long stated limits are exceeded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.lines import chain, nearest
from containment.meshing.mesh import SectionMesh
from containment.result import Response

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.soak import Soak

Floats = NDArray[np.float64]
Limits = Mapping[str, Mapping[str, float]]  # by place and name, K

# Name of the place, tagged line or region of the section, words for the report.
_NAMED = (
    ("scv_seal", "scv_seal", "hottest point of the seal of the secondary vessel"),
    ("pcv_seal", "pcv_seal", "hottest point of the seal of the primary vessel"),
    ("sample", "os", "hottest point of the sample container"),
    ("bondline", "bondline", "hottest point of the bond between ablator and structure"),
)
_CONTAINER, _SURFACE = "os", "os_outer"


@dataclass(frozen=True)
class Place:
    """Where the hottest point is followed: nodes (n,) of the section, words for the report."""

    nodes: NDArray[np.int64]
    words: str


def watched(section: SectionMesh, soak: Soak) -> dict[str, Place]:
    """The named places the section has, the sample tubes in the container, and every region."""
    known = section.regions | section.facet_names
    found = {name: Place(_nodes(section, part), words) for name, part, words in _NAMED if part in known}
    if _CONTAINER in section.regions:
        found["tubes"] = Place(tubes(section, soak.tube_depth.value), "hottest point of the sample tubes")
    return found | {
        name: Place(section.region_nodes(name), f"hottest point of {name}")
        for name in section.regions
        if name not in found
    }


def _nodes(section: SectionMesh, part: str) -> NDArray[np.int64]:
    return section.facet_nodes(part) if part in section.facet_names else section.region_nodes(part)


def tubes(section: SectionMesh, depth: float) -> NDArray[np.int64]:
    """Nodes of the container at least `depth` (m) below its outer line. Raises DataError where none is."""
    nodes = section.region_nodes(_CONTAINER)
    if depth == 0.0:
        return nodes
    below, _, _ = nearest(section.points[nodes], chain(section, _SURFACE))
    inside = nodes[below >= depth]
    if not inside.size:
        raise DataError(
            f"no part of {_CONTAINER!r} lies {depth:g} m below {_SURFACE!r}, the deepest node {below.max():g} m",
            advice="correct soak.tube_depth",
        )
    return inside


def stated_limits(soak: Soak, places: Mapping[str, Place], service: Mapping[str, float]) -> Limits:
    """Limits of the case, and those of the materials' cards (`service`, by region). DataError for an unknown place."""
    unknown = [name for name in soak.limits if name not in places]
    if unknown:
        raise DataError(
            f"soak.limits names {unknown[0]!r}, the section has {', '.join(places)}", advice="correct or remove it"
        )
    found = {name: {"service": limit} for name, limit in service.items()}
    for place, limits in soak.limits.items():
        found[place] = found.get(place, {}) | {name: limit.value for name, limit in limits.items()}
    return found


def responses(time: Floats, histories: Mapping[str, Floats], landing: float, limits: Limits) -> dict[str, Response]:
    """Peak and time of the peak of every place, its temperature at landing and lowest one for seals, and seconds above
    every limit. `time` (n,) s, histories (n,) K by place."""
    found: dict[str, Response] = {}
    for place, values in histories.items():
        name = f"{place}_temperature"
        found[f"soak.peak_{name}"] = Response(float(values.max()), "K")
        found[f"soak.time_of_peak_{name}"] = Response(float(time[values.argmax()]), "s")
        if place.endswith("seal"):
            found[f"soak.{name}_at_landing"] = Response(float(np.interp(landing, time, values)), "K")
            found[f"soak.lowest_{name}"] = Response(float(values.min()), "K")
        for limit, kelvin in limits.get(place, {}).items():
            found[f"soak.{place}_time_above_{limit}"] = Response(time_above(time, values, kelvin), "s")
    return found


def exceeded(found: Mapping[str, Response], limits: Limits) -> list[str]:
    """A sentence for every limit that is exceeded."""
    return [
        f"soak: {place} is above its limit {name!r} ({kelvin:.0f} K) for {seconds:.0f} s"
        for place, stated in limits.items()
        for name, kelvin in stated.items()
        if (seconds := found[f"soak.{place}_time_above_{name}"].value) > 0.0
    ]


def time_above(time: Floats, values: Floats, limit: float) -> float:
    """Seconds that a history linear between its points spends above a limit."""
    a, b = values[:-1] - limit, values[1:] - limit
    above = np.where((a > 0.0) & (b > 0.0), 1.0, 0.0)
    crossing = (a > 0.0) != (b > 0.0)
    above[crossing] = np.maximum(a, b)[crossing] / np.abs(a - b)[crossing]
    return float((above * np.diff(time)).sum())


def add_histories(
    data: xr.Dataset, time: Floats, histories: Mapping[str, Floats], places: Mapping[str, Place], limits: Limits
) -> xr.Dataset:
    """`data` with the history of every place; its limits stand in its attributes as `limit_<name>`, K."""
    data = data.assign_coords(time=("time", time, {"units": "s", "long_name": "time from entry interface"}))
    for place, values in histories.items():
        stated = {f"limit_{name}": kelvin for name, kelvin in limits.get(place, {}).items()}
        attributes = {"units": "K", "long_name": places[place].words} | stated
        data[f"{place}_temperature"] = ("time", values, attributes)
    return data
