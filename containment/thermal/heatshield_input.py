"""What the case and the entry say of the heat shield, as stack, wall and boundary histories of the solvers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from containment.errors import DataError, UsageError
from containment.thermal.bprime import BPrimeTable, from_card
from containment.thermal.cards import material
from containment.thermal.charring import contact, radiating_gap
from containment.thermal.history import ADIABATIC, BackFace
from containment.thermal.stack import Layer, Stack, build
from containment.thermal.surface import WallHistory, WallModel

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.heatshield import Heatshield
    from containment.materials import Card
    from containment.result import StageResult

GRADING = 20.0  # last over first cell of the ablator: 0.06 mm at the wall of 30 mm in 60 cells
BACKING_CELLS = 8
GAP_CELLS = 16  # the trapezoidal mean of T^3 across them errs by 0.1 % at a temperature ratio of two
CONTACT_LAYER = 1.0e-5  # m, written thickness of a contact resistance; it stores nothing


@dataclass(frozen=True)
class Air:
    """Stagnation heating against time; factors on convection, radiation and pressure of each station."""

    time: np.ndarray
    film: np.ndarray
    enthalpy: np.ndarray
    radiation: np.ndarray
    pressure: np.ndarray
    factors: Mapping[str, tuple[float, float, float]]


def air_of(section: Heatshield, upstream: Mapping[str, StageResult]) -> Air:
    """Heating from the entry, or from the file the case names. Raises UsageError, DataError."""
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
    return Air(entry["time"].to_numpy(), film, enthalpy, radiation, pressure, factors)


_HEATING = {
    "time": "s", "film_coefficient": "kg/m^2/s", "recovery_enthalpy": "J/kg", "pressure": "Pa",
    "radiative_flux": "W/m^2",
}  # fmt: skip
_BEHIND = {"time": "s", "temperature": "K"}


def _from_file(file: Path, stations: list[str]) -> Air:
    table = _columns(file, _HEATING, least=4)
    radiation = table[:, 4] if table.shape[1] > 4 else np.zeros(len(table))
    factors = dict.fromkeys(stations, (1.0, 1.0, 1.0))
    return Air(table[:, 0], table[:, 1], table[:, 2], radiation, table[:, 3], factors)


def _columns(file: Path, units: Mapping[str, str], least: int) -> np.ndarray:
    """Rows of a CSV with columns `name [unit]`, of which those beyond `least` may be left out. Raises DataError naming
    the file and the row."""
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error})", advice="check the path") from error
    head = [name.strip() for name in lines[0].split(",")] if lines else []
    expected = [f"{name} [{unit}]" for name, unit in units.items()]
    if head[:least] != expected[:least] or head[least:] not in ([], expected[least:]):
        optional = " (the last may be left out)" if least < len(expected) else ""
        raise DataError(
            f"{file}: found the columns {', '.join(head) or 'none'}, expected {', '.join(expected)}{optional}",
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
    return np.array(rows).reshape(len(rows), len(head))


def _behind(file: Path, time: np.ndarray) -> np.ndarray:
    """Temperature (K) behind the last layer at the times (s) of the heating. Raises DataError."""
    table = _columns(file, _BEHIND, least=2)
    if len(table) < 2 or not np.all(np.diff(table[:, 0]) > 0) or not np.all(table[:, 1] > 0):
        raise DataError(
            f"{file}: found fewer than two rows, times that do not increase or a temperature not above zero,"
            " expected a history",
            advice="correct the rows",
        )
    if time[0] < table[0, 0] or time[-1] > table[-1, 0]:
        raise DataError(
            f"{file}: found {table[0, 0]:g} to {table[-1, 0]:g} s, expected a history from {time[0]:g} to"
            f" {time[-1]:g} s",
            advice="give the temperature for the whole flight",
        )
    return np.asarray(np.interp(time, table[:, 0], table[:, 1]))


@cache
def _card(name: str) -> Card:
    """A card, read once per process: an ensemble asks for the same ones in every sample."""
    from containment.materials import load

    return load(name)


@cache
def _surface_table(name: str, table: str) -> BPrimeTable:
    return from_card(_card(name).bprime(table))


def stack_of(section: Heatshield, fidelity: Fidelity) -> Stack:
    """Layers, gaps and contacts of the sample with their grid."""
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


def wall_of(section: Heatshield) -> WallModel:
    """How the ablator's surface reacts."""
    o = section.oxidation
    limit = (o.pre_exponential.value, o.activation_energy.value, o.order.value) if o else None
    table = _surface_table(section.ablator.material, section.surface_table)
    return WallModel(table, section.blowing.value, True, limit)


def heating_of(air: Air, factors: tuple[float, float, float], section: Heatshield) -> WallHistory:
    """Boundary history where convection, radiation and pressure are these shares of the stagnation point's."""
    convective, radiative, pressure = factors
    back = section.back.history if section.back else None
    return WallHistory(
        air.time, film_coefficient=air.film * convective, recovery_enthalpy=air.enthalpy,
        pressure=air.pressure * pressure, radiative_flux=air.radiation * radiative,
        background_temperature=section.background_temperature.value,
        back_temperature=None if back is None else _behind(Path(back), air.time),
    )  # fmt: skip


def back_of(section: Heatshield) -> BackFace:
    """What is behind the last layer; where a history gives its temperature, `heating_of` has it."""
    back = section.back
    if back is None:
        return ADIABATIC
    constant = back.temperature.value if back.temperature else section.initial_temperature.value
    return BackFace(back.film.value, constant, back.emissivity.value)
