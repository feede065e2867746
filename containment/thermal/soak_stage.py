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
from containment.result import Check, Response, StageResult
from containment.thermal.soak_answers import Limits, Place, add_histories, exceeded, responses, stated_limits, watched
from containment.thermal.soak_cavity import cavity
from containment.thermal.soak_conduction import SectionConduction, SurfaceExchange
from containment.thermal.soak_input import Inputs, ahead_of, read_inputs
from containment.thermal.soak_march import CLOSURE_LIMIT, March, Surroundings, graded_times, march
from containment.thermal.soak_properties import compressed, reached
from containment.thermal.soak_shield import shield_temperature
from containment.thermal.soak_surface import exchange_in_flight, exchange_on_ground

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case

Floats = NDArray[np.float64]


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
    places = watched(inputs.section, inputs.soak)
    limits = stated_limits(inputs.soak, places, inputs.service)
    record = _through_phases(system, inputs, line, places)
    return _result(inputs, line, record, places, limits, fields)


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


def _through_phases(system: SectionConduction, inputs: Inputs, line: Timeline, places: Mapping[str, Place]) -> March:
    soak, nodes, section = inputs.soak, inputs.nodes, inputs.section
    lowest, highest = np.full(len(inputs.states), np.inf), np.full(len(inputs.states), -np.inf)

    def observe(time: float, temperature: Floats) -> dict[str, float]:
        low, high = reached(temperature, section.triangles, inputs.filling, inputs.grid, f"at t = {time:.4g} s")
        np.minimum(lowest, low, out=lowest)
        np.maximum(highest, high, out=highest)
        return {name: float(temperature[place.nodes].max()) for name, place in places.items()}

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
        if surroundings is on_ground and soak.crushed:
            cells = ahead_of(section, soak.crushed.region, soak.crushed.vessel)
            system.deform(compressed(inputs.filling.stretch, cells, soak.crushed.strain.value))
        temperature, record = march(
            system, temperature, times, surroundings, observe=observe, snapshots=line.snapshots, into=record
        )
    inputs.note_range(lowest, highest)
    return record


def _result(
    inputs: Inputs, line: Timeline, record: March, places: Mapping[str, Place], limits: Limits, fields: Path | None
) -> StageResult:
    time = np.array(record.time)
    histories = {name: np.array([row[name] for row in record.history]) for name in record.history[0]}
    found = responses(time, histories, line.landing, limits)
    found["soak.handover_time"] = Response(line.handover, "s")
    checks = {"energy_closure": Check.at_most(record.account.require(), CLOSURE_LIMIT)}
    if fields is not None:
        _write_fields(fields, inputs, record)
    data = add_histories(inputs.section.to_dataset(), time, histories, places, limits)
    data = data.assign_coords(
        snapshot_time=("snapshot", [t for t, _ in record.snapshots], {"units": "s", "long_name": "time of snapshot"})
    )
    data["temperature_snapshot"] = (
        ("snapshot", "node"), np.array([t for _, t in record.snapshots]), {"units": "K", "long_name": "temperature"},
    )  # fmt: skip
    return StageResult("soak", found, data, checks, (*inputs.notes, *exceeded(found, limits)))


def _write_fields(folder: Path, inputs: Inputs, record: March) -> None:
    from containment import fem

    mesh = fem.to_dolfinx(inputs.section).mesh
    function = fem.dolfinx.fem.Function(fem.dolfinx.fem.functionspace(mesh, ("Lagrange", 1)))
    folder.mkdir(parents=True, exist_ok=True)
    with fem.FieldFile(folder / "soak.xdmf", mesh) as file:
        for time, temperature in record.snapshots:
            fem.set_node_values(function, temperature)
            file.write({"temperature": function}, time)
