"""Stage `heatshield`: charring, recession and temperatures through the shield at the stations of the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from containment.errors import DataError, SolverError, UsageError
from containment.result import Check, Response, StageResult
from containment.thermal import twin
from containment.thermal.bprime import BPrimeTable, from_card
from containment.thermal.cards import material
from containment.thermal.charring import contact, radiating_gap
from containment.thermal.heatshield import Shield
from containment.thermal.heatshield_data import dataset
from containment.thermal.history import ADIABATIC, ENERGY_LIMIT, BackFace, History
from containment.thermal.stack import Layer, Stack, build
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallHistory, WallModel

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.heatshield import Heatshield
    from containment.case.schema import Case
    from containment.materials import Card

MASS_LIMIT = 5.0e-3  # decomposition is carried with the moving nodes by interpolation, so mass closes to its error only
GRADING = 20.0  # last over first cell of the ablator: 0.06 mm at the wall of 30 mm in 60 cells
BACKING_CELLS = 8
GAP_CELLS = 16  # the trapezoidal mean of T^3 across them errs by 0.1 % at a temperature ratio of two
TOLERANCE = 0.1  # K, local error per step: recession within 0.1 % of steps ten times finer, energy within 0.05 %
FINER = 0.05  # share of it for a second try where energy does not close
NOTED_SHARE = 1.0e-3  # of the convective heat, outside the pressures of the B' table, before the report says so
CONTACT_LAYER = 1.0e-5  # m, written thickness of a contact resistance; it stores nothing


@dataclass(frozen=True)
class _Air:
    """Stagnation heating against time and the factors of each station."""

    time: np.ndarray
    film: np.ndarray
    enthalpy: np.ndarray
    radiation: np.ndarray
    pressure: np.ndarray
    factors: Mapping[str, tuple[float, float, float]]


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """March the stack of every station from the entry interface to the ground.

    Raises DataError for cards and histories that do not fit, SolverError where a station does not converge or its
    energy does not close.
    """
    section = case.heatshield
    if section is None:
        raise UsageError("the case has no section [heatshield]", advice="add it, or extend a case that has it")
    air = _air(section, upstream)
    stack, wall = _stack(section, fidelity), _wall(section)
    histories = {name: _station(name, section, air, stack, wall, fidelity) for name in section.stations}
    return _result(section, stack, air, histories, _outside_pressures(air, wall), fidelity.heatshield_rung)


def _station(
    name: str, section: Heatshield, air: _Air, stack: Stack, wall: WallModel, fidelity: Fidelity
) -> History:  # fmt: skip
    """One station, with finer steps if the first do not resolve its heat to 0.1 %. Raises SolverError if none do."""
    duration = float(air.time[-1] - air.time[0])
    heating, where = _heating(air, name, section), f"station {name}"
    start, back = section.initial_temperature.value, _back(section)
    for tolerance in (TOLERANCE, FINER * TOLERANCE):
        rules = Stepping(first=0.01, largest=10.0 * fidelity.heatshield_step, growth=1.8, tolerance=tolerance)
        if fidelity.heatshield_rung == 1:
            found = twin.run(stack, heating, wall, duration, temperature=start, back=back, rules=rules, where=where)
        else:
            found = Shield(stack, heating, wall, temperature=start, back=back, rules=rules, where=where).run(duration)
        if found.closure.steps <= ENERGY_LIMIT:
            return found
    raise SolverError(
        f"{where}: the heat through its surfaces, summed over the steps, misses what is stored by"
        f" {found.closure.steps:.2%}, expected {ENERGY_LIMIT:.1%}",
        advice="raise heatshield_cells or lower heatshield_step of the fidelity",
    )


def _back(section: Heatshield) -> BackFace:
    if section.back is None:
        return ADIABATIC
    return BackFace(section.back.film.value, section.back.temperature.value, section.back.emissivity.value)


def _air(section: Heatshield, upstream: Mapping[str, StageResult]) -> _Air:
    if section.environment is not None:
        return _from_file(Path(section.environment.file), list(section.stations))
    if "entry" not in upstream:
        raise UsageError(
            "the heat shield has no heating",
            advice="add [vehicle] and [entry], or [heatshield.environment] with a file",
        )
    entry = upstream["entry"].data
    factors = {}
    for name in section.stations:
        one = entry[["flux_factor", "radiative_factor", "pressure_factor"]].sel(station=name)
        factors[name] = (float(one["flux_factor"]), float(one["radiative_factor"]), float(one["pressure_factor"]))
    film, enthalpy, radiation, pressure = (
        entry[name].to_numpy()
        for name in ("film_coefficient", "recovery_enthalpy", "radiative_flux", "stagnation_pressure")
    )
    return _Air(entry["time"].to_numpy(), film, enthalpy, radiation, pressure, factors)


def _from_file(file: Path, stations: list[str]) -> _Air:
    """Columns `name [unit]` in any order. Raises DataError naming the file and the row."""
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error})", advice="check the path") from error
    units = {
        "time": "s", "film_coefficient": "kg/m^2/s", "recovery_enthalpy": "J/kg", "pressure": "Pa",
        "radiative_flux": "W/m^2",
    }  # fmt: skip
    head = [name.strip() for name in lines[0].split(",")] if lines else []
    expected = [f"{name} [{unit}]" for name, unit in units.items()]
    if head[:4] != expected[:4] or head[4:] not in ([], expected[4:]):
        raise DataError(
            f"{file}: found the columns {', '.join(head) or 'none'}, expected {', '.join(expected)}"
            " (the last may be left out)",
            advice="correct the header",
        )
    rows = []
    for number, line in enumerate(lines[1:], start=1):
        try:
            row = [float(x) for x in line.split(",")]
        except ValueError:
            row = []
        if len(row) != len(head):
            raise DataError(
                f"{file}: row {number}: found {line!r}, expected {len(head)} numbers", advice="correct the row"
            )
        rows.append(row)
    table = np.array(rows).reshape(len(rows), len(head))
    radiation = table[:, 4] if table.shape[1] > 4 else np.zeros(len(rows))
    factors = dict.fromkeys(stations, (1.0, 1.0, 1.0))
    return _Air(table[:, 0], table[:, 1], table[:, 2], radiation, table[:, 3], factors)


@cache
def _card(name: str) -> Card:
    """A card, read once per process: an ensemble asks for the same ones in every sample."""
    from containment.materials import load

    return load(name)


@cache
def _surface_table(name: str, table: str) -> BPrimeTable:
    return from_card(_card(name).bprime(table))


def _stack(section: Heatshield, fidelity: Fidelity) -> Stack:
    layers: list[Layer] = []
    for name, layer in section.layers.items():
        made = material(_card(layer.material))
        if not layers:
            made = made.scaled(
                density=section.density_factor.value,
                conductivity=section.conductivity_factor.value,
                heat_capacity=section.heat_capacity_factor.value,
                emissivity=section.emissivity.value if section.emissivity else None,
            )
            layers.append(Layer(name, made, layer.thickness.value, fidelity.heatshield_cells, GRADING))
            continue
        if layer.gap:
            width = layer.gap.width.value
            made_gap = radiating_gap(f"gap {name}", layer.gap.emissivity.value, width)
            layers.append(Layer(f"gap {name}", made_gap, width, GAP_CELLS))
        resistance = layer.contact_resistance.value
        if resistance > 0:
            joint = f"contact {name}"
            layers.append(Layer(joint, contact(joint, resistance, CONTACT_LAYER), CONTACT_LAYER, 1))
        layers.append(Layer(name, made, layer.thickness.value, BACKING_CELLS))
    return build(layers)


def _wall(section: Heatshield) -> WallModel:
    o = section.oxidation
    limit = (o.pre_exponential.value, o.activation_energy.value, o.order.value) if o else None
    table = _surface_table(section.ablator.material, section.surface_table)
    return WallModel(table, section.blowing.value, True, limit)


def _heating(air: _Air, station: str, section: Heatshield) -> WallHistory:
    convective, radiative, pressure = air.factors[station]
    return WallHistory(
        air.time, film_coefficient=air.film * convective, recovery_enthalpy=air.enthalpy,
        pressure=air.pressure * pressure, radiative_flux=air.radiation * radiative,
        background_temperature=section.background_temperature.value,
    )  # fmt: skip


def _outside_pressures(air: _Air, wall: WallModel) -> tuple[str, ...]:
    """A sentence if some of the convective heat arrives at pressures the B' table does not reach at any station."""
    low, high = np.exp(wall.arrays.log_pressure[[0, -1]])
    if wall.arrays.log_pressure.size == 1:
        return ()
    heat = air.film * np.maximum(air.enthalpy, 0.0)
    share = np.zeros(air.time.size)
    for _, _, factor in air.factors.values():
        share = np.maximum(share, (air.pressure * factor < low) | (air.pressure * factor > high))
    outside = np.trapezoid(heat * share, air.time) / max(np.trapezoid(heat, air.time), 1e-300)
    if outside < NOTED_SHARE:
        return ()
    return (
        f"heat shield: {outside:.1%} of the convective heat arrives at wall pressures outside the B' table"
        f" ({low:.3g} to {high:.3g} Pa); its nearest pressure was used there",
    )


def _result(
    section: Heatshield, stack: Stack, air: _Air, histories: Mapping[str, History], notes: tuple[str, ...],
    rung: int,
) -> StageResult:  # fmt: skip
    bond = stack.layers[0].cells
    thickness = section.ablator.thickness.value
    responses: dict[str, Response] = {}
    checks: dict[str, Check] = {}
    for name, h in histories.items():
        lost = section.recession_factor.value * float(h.recession[-1])
        values = {
            "recession": (lost, "m"), "remaining_thickness": (thickness - lost, "m"),
            "peak_wall_temperature": (float(h.temperature[:, 0].max()), "K"),
            "peak_bondline_temperature": (float(h.temperature[:, bond].max()), "K"),
            "char_depth": (float(h.char_depth[-1]), "m"),
        }  # fmt: skip
        responses |= {f"heatshield.{name}.{key}": Response(value, unit, rung) for key, (value, unit) in values.items()}
        checks[f"energy_{name}"] = Check.at_most(h.closure.energy, ENERGY_LIMIT)
        checks[f"energy_steps_{name}"] = Check.at_most(h.closure.steps, ENERGY_LIMIT)
        checks[f"mass_{name}"] = Check.at_most(h.closure.mass, MASS_LIMIT)
    peaks = [r.value for key, r in responses.items() if key.endswith("peak_bondline_temperature")]
    lefts = [r.value for key, r in responses.items() if key.endswith("remaining_thickness")]
    responses["heatshield.peak_bondline_temperature"] = Response(max(peaks), "K", rung)
    responses["heatshield.min_remaining_thickness"] = Response(min(lefts), "m", rung)
    notes += tuple(note for h in histories.values() for note in h.notes)
    data = dataset(stack, list(histories), list(histories.values()), float(air.time[0]), float(air.time[-1]))
    return StageResult("heatshield", responses, data, checks, notes)
