"""Stage "soak": from the cold of the cruise through entry, descent and landing to recovery, axisymmetric.

Until hand-over the ablator has the temperatures of the one-dimensional heat shield; then it is released with that
field, its final recession and its char, and the section is left to conduction, air, soil and sky.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.mesh import SectionMesh
from containment.result import Check, Response, StageResult
from containment.thermal.soak_cavity import cavity
from containment.thermal.soak_conduction import SectionConduction, SurfaceExchange
from containment.thermal.soak_input import Inputs, read_inputs
from containment.thermal.soak_march import CLOSURE_LIMIT, March, Surroundings, graded_times, march
from containment.thermal.soak_properties import reached
from containment.thermal.soak_shield import shield_temperature
from containment.thermal.soak_surface import exchange_in_flight, exchange_on_ground

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case

Floats = NDArray[np.float64]

# What is watched: response name, tagged line or region of the section, words for the report.
_WATCHED = (
    ("scv_seal_temperature", "scv_seal", "hottest point of the seal of the secondary vessel"),
    ("pcv_seal_temperature", "pcv_seal", "hottest point of the seal of the primary vessel"),
    ("sample_temperature", "os", "hottest point of the sample container"),
    ("bondline_temperature", "bondline", "hottest point of the bond between ablator and structure"),
)


@dataclass(frozen=True)
class Timeline:
    """When what happens, s from the entry interface, and the time steps of the three phases."""

    handover: float
    landing: float
    end: float
    entry: Floats
    descent: Floats
    ground: Floats
    snapshots: tuple[float, ...]


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Temperatures of seals, samples and bond against time. Raises SolverError, DataError, UsageError."""
    inputs = read_inputs(case, upstream)
    line = timeline(inputs, fidelity.soak_steps, upstream["entry"].value("time_of_peak_deceleration"))
    surfaces = inputs.soak.surfaces
    cavities = [
        cavity(inputs.section, {line: surfaces[line].emissivity.value for line in hollow.lines})
        for hollow in inputs.soak.cavities.values()
    ]
    system = SectionConduction(inputs.section, inputs.grid, inputs.filling, tuple(surfaces), cavities=cavities)
    record = _through_phases(system, inputs, line)
    return _result(inputs, line, record, fields)


def timeline(inputs: Inputs, steps: int, peak_deceleration: float) -> Timeline:
    """Hand-over by the heating, landing by the trajectory, end by the recovery; a third of the steps for each phase.

    Steps are even while the heat shield drives the section; after hand-over and after landing they grow from a second
    (at 80 steps; own choice: film and soil change over seconds). Snapshot times are put onto the grid.
    """
    flight = inputs.flight
    landing = float(flight.time[-1])
    end = landing + inputs.soak.recovery_time.value
    warm = flight.heating > inputs.soak.handover_flux.value
    if not warm.any():
        raise DataError(
            f"stagnation heating never exceeds the hand-over flux of {inputs.soak.handover_flux.value:.3g} W/m^2 "
            f"(its peak is {flight.heating.max():.3g})",
            advice="lower soak.handover_flux",
        )
    last = int(np.flatnonzero(warm)[-1])
    handover = float(min(flight.time[min(last + 1, flight.time.size - 1)], inputs.history.time[-1]))
    later = [landing + after for after in (600.0, 3600.0) if landing + after < end]
    snapshots = (peak_deceleration, handover, landing, *later, end)
    third, first = max(steps // 3, 2), 80.0 / steps
    phases = [np.linspace(0.0, handover, third + 1)]
    if landing > handover:
        phases.append(graded_times(handover, landing, first, max(steps // 4, 2)))
    else:
        phases.append(np.array([landing]))
    phases.append(graded_times(landing, end, first, max(steps - third - steps // 4, 2)))
    entry, descent, ground = (_with(times, snapshots) for times in phases)
    return Timeline(handover, landing, end, entry, descent, ground, snapshots)


def _with(times: Floats, wanted: tuple[float, ...]) -> Floats:
    """`times` with the inner point nearest to each wanted time moved onto it (added where two would meet)."""
    inside = [t for t in wanted if times[0] < t < times[-1]]
    kept = times.copy()
    for t in inside:
        nearest = int(np.abs(kept - t).argmin())
        if 0 < nearest < kept.size - 1 and kept[nearest] not in inside:
            kept[nearest] = t
        else:
            kept = np.sort(np.append(kept, t))
    return kept


def _through_phases(system: SectionConduction, inputs: Inputs, line: Timeline) -> March:
    soak, nodes, section = inputs.soak, inputs.nodes, inputs.section
    watched = {name: _nodes(section, part) for name, (part, _) in _watched(section).items()}
    lowest, highest = np.full(len(inputs.states), np.inf), np.full(len(inputs.states), -np.inf)

    def observe(time: float, temperature: Floats) -> dict[str, float]:
        low, high = reached(temperature, section.triangles, inputs.filling, inputs.grid, f"at t = {time:.4g} s")
        np.minimum(lowest, low, out=lowest)
        np.maximum(highest, high, out=highest)
        return {name: float(temperature[at].max()) for name, at in watched.items()}

    inside = {line for hollow in soak.cavities.values() for line in hollow.lines}

    def meet(name: str, exchange: SurfaceExchange) -> None:
        system.set_exchange(name, replace(exchange, emissivity=0.0) if name in inside else exchange)

    def in_flight(hot: bool) -> Surroundings:
        def put(time: float, temperature: Floats) -> None:
            system.outside = float(np.interp(time, inputs.flight.time, inputs.flight.temperature))
            for name, surface in soak.surfaces.items():
                meet(name, exchange_in_flight(surface, inputs.flight, time, inputs.diameter, hot))

        return put

    def on_ground(time: float, temperature: Floats) -> None:
        system.outside = soak.ground.air_temperature.value
        for name, surface in soak.surfaces.items():
            meet(name, exchange_on_ground(surface, soak, time - line.landing))

    def imposed(time: float) -> tuple[NDArray[np.int64], Floats]:
        return nodes.node, shield_temperature(nodes, inputs.history, time)

    temperature = np.full(len(section.points), inputs.initial_temperature)
    system.fix(nodes.node)
    temperature, record = march(
        system, temperature, line.entry, in_flight(True), imposed=imposed, observe=observe, snapshots=line.snapshots
    )
    system.fix(np.zeros(0, dtype=np.int64))
    for times, surroundings in ((line.descent, in_flight(False)), (line.ground, on_ground)):
        temperature, record = march(
            system, temperature, times, surroundings, observe=observe, snapshots=line.snapshots, into=record
        )
    inputs.note_range(lowest, highest)
    return record


def _watched(section: SectionMesh) -> dict[str, tuple[str, str]]:
    """Part of the section and words for every history: the named places, and the hottest point of each region."""
    known = section.regions | section.facet_names
    named = {name: (part, words) for name, part, words in _WATCHED if part in known}
    regions = {f"{name}_temperature": (name, f"hottest point of {name}") for name in section.regions}
    return named | regions


def _nodes(section: SectionMesh, part: str) -> NDArray[np.int64]:
    return section.facet_nodes(part) if part in section.facet_names else section.region_nodes(part)


def _result(inputs: Inputs, line: Timeline, record: March, fields: Path | None) -> StageResult:
    time = np.array(record.time)
    histories = {name: np.array([row[name] for row in record.history]) for name in record.history[0]}
    responses: dict[str, Response] = {}
    for name, values in histories.items():
        responses[f"soak.peak_{name}"] = Response(float(values.max()), "K")
        if name.endswith("seal_temperature"):
            responses[f"soak.{name}_at_landing"] = Response(float(np.interp(line.landing, time, values)), "K")
            responses[f"soak.time_of_peak_{name}"] = Response(float(time[values.argmax()]), "s")
            responses[f"soak.lowest_{name}"] = Response(float(values.min()), "K")
    for region, limit in inputs.service.items():
        seconds = _time_above(time, histories[f"{region}_temperature"], limit)
        responses[f"soak.{region}_time_above_service"] = Response(seconds, "s")
        if seconds > 0.0:
            inputs.notes.append(
                f"soak: {region} is above the service temperature of its material ({limit:.0f} K) for {seconds:.0f} s"
            )
    responses["soak.handover_time"] = Response(line.handover, "s")
    checks = {"energy_closure": Check.at_most(record.account.require(), CLOSURE_LIMIT)}
    if fields is not None:
        _write_fields(fields, inputs, record)
    return StageResult("soak", responses, _dataset(inputs, record, time, histories), checks, tuple(inputs.notes))


def _time_above(time: Floats, values: Floats, limit: float) -> float:
    """Seconds that a history linear between its points spends above a limit."""
    a, b = values[:-1] - limit, values[1:] - limit
    above = np.where((a > 0.0) & (b > 0.0), 1.0, 0.0)
    crossing = (a > 0.0) != (b > 0.0)
    above[crossing] = np.maximum(a, b)[crossing] / np.abs(a - b)[crossing]
    return float((above * np.diff(time)).sum())


def _dataset(inputs: Inputs, record: March, time: Floats, histories: Mapping[str, Floats]) -> xr.Dataset:
    words = {name: text for name, (_, text) in _watched(inputs.section).items()}
    data = inputs.section.to_dataset()
    data = data.assign_coords(
        time=("time", time, {"units": "s", "long_name": "time from entry interface"}),
        snapshot_time=("snapshot", [t for t, _ in record.snapshots], {"units": "s", "long_name": "time of snapshot"}),
    )
    for name, values in histories.items():
        data[name] = ("time", values, {"units": "K", "long_name": words[name]})
    data["temperature_snapshot"] = (
        ("snapshot", "node"), np.array([t for _, t in record.snapshots]), {"units": "K", "long_name": "temperature"},
    )  # fmt: skip
    return data


def _write_fields(folder: Path, inputs: Inputs, record: March) -> None:
    from containment import fem

    mesh = fem.to_dolfinx(inputs.section).mesh
    function = fem.dolfinx.fem.Function(fem.dolfinx.fem.functionspace(mesh, ("Lagrange", 1)))
    folder.mkdir(parents=True, exist_ok=True)
    with fem.FieldFile(folder / "soak.xdmf", mesh) as file:
        for time, temperature in record.snapshots:
            fem.set_node_values(function, temperature)
            file.write({"temperature": function}, time)
