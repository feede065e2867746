"""Measured or modelled air: a radiosonde or GRAM profile as a table beside its card, standard above it.

Card keys: `table` (a file with a header line; commas, semicolons or blanks between columns; levels rising or falling),
optional `format = "gram"` for the column names of the GRAM Suite, optional `[columns.<quantity>]` with `column` and
`unit` where the file does not already use our names and SI, optional `largest_gap`. Quantities: altitude, temperature,
and pressure or density; wind_east and wind_north, or wind_speed and wind_from (the direction it blows from).
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.entry import atmosphere
from containment.entry.interpolation import evaluate, smooth_pieces
from containment.entry.kernel import Air
from containment.errors import DataError
from containment.units import UnitError, parse

Array = NDArray[np.float64]

AIR_CONSTANT = 287.0529  # J/kg/K, R/M of the standard atmosphere
UNITS = {
    "altitude": "m", "temperature": "K", "pressure": "Pa", "density": "kg/m^3", "wind_east": "m/s", "wind_north": "m/s",
    "wind_speed": "m/s", "wind_from": "rad",
}  # fmt: skip
# Column names by format; those of the GRAM Suite as recalled from its comma-separated output
FORMATS: dict[str, dict[str, dict[str, str]]] = {
    "": {},
    "gram": {
        "altitude": {"column": "Height_km", "unit": "km"},
        "temperature": {"column": "Temperature_K", "unit": "K"},
        "pressure": {"column": "Pressure_Pa", "unit": "Pa"},
        "density": {"column": "Density_kgm3", "unit": "kg/m^3"},
        "wind_east": {"column": "EWWind_ms", "unit": "m/s"},
        "wind_north": {"column": "NSWind_ms", "unit": "m/s"},
    },
}
FADE = 20e3  # m above its top over which a profile passes into the standard atmosphere
FINEST = 125.0  # m, longest interval of the cubics the curves through the levels are cut into
LARGEST_GAP = 3e3  # m between two levels, below which a cubic of ln(density) errs by less than 1 %


def air_of(card: dict[str, Any], path: Path) -> Air:
    """The air table of a profile card. Raises DataError for anything that cannot be flown through."""
    form = str(card.get("format", ""))
    if form not in FORMATS:
        expected = ", ".join(name for name in FORMATS if name)
        raise DataError(f"{path}: format: found {form!r}, expected {expected} or none", advice="correct the card")
    levels = read(path.parent / str(card.get("table", "")), {**FORMATS[form], **card.get("columns", {})})
    gap = float(card.get("largest_gap", LARGEST_GAP))
    _refuse_holes(levels["altitude"], gap, path)
    return _joined(levels)


def read(file: Path, columns: dict[str, dict[str, str]]) -> dict[str, Array]:
    """The quantities of a profile in SI, lowest level first; density, pressure and wind completed."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{file}: {error.strerror or 'cannot be read'}", advice="correct `table` in the card"
        ) from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    rows = [_cells(line) for _, line in lines]
    if len(rows) < 6:
        raise DataError(
            f"{file}: found {max(len(rows) - 1, 0)} levels, expected at least 5", advice="give the whole profile"
        )
    header = [name.strip() for name in rows[0]]
    found: dict[str, Array] = {}
    for quantity, si in UNITS.items():
        wanted = columns.get(quantity, {})
        name, unit = wanted.get("column", quantity), wanted.get("unit", si)
        if name in header:
            place = header.index(name)
            found[quantity] = np.array(
                [
                    _number(row, place, unit, si, f"{file}:{line[0]}: {name}")
                    for row, line in zip(rows[1:], lines[1:], strict=True)
                ]
            )
        elif quantity in columns:
            raise DataError(
                f"{file}: found no column {name!r}, expected one of {', '.join(header)}", advice="correct the card"
            )
    return _completed(found, file)


def _cells(line: str) -> list[str]:
    for mark in (",", ";"):
        if mark in line:
            return next(csv.reader([line], delimiter=mark))
    return line.split()


def _number(row: list[str], place: int, unit: str, si: str, where: str) -> float:
    text = row[place].strip() if place < len(row) else ""
    try:
        value = parse(f"{text} {unit}", si)[0] if text else math.nan
    except UnitError as error:
        raise DataError(f"{where}: {error.message}", advice="correct the entry or the unit in the card") from error
    if not math.isfinite(value):
        raise DataError(f"{where}: found {text or 'nothing'!r}, expected a number", advice="fill or remove the level")
    return value


def _completed(found: dict[str, Array], file: Path) -> dict[str, Array]:
    for needed in ("altitude", "temperature"):
        if needed not in found:
            raise DataError(f"{file}: found no {needed}", advice=f"add the column or map it with [columns.{needed}]")
    if "density" not in found and "pressure" not in found:
        raise DataError(f"{file}: found neither density nor pressure", advice="add one of the two columns")
    if np.all(np.diff(found["altitude"]) < 0):
        found = {name: values[::-1].copy() for name, values in found.items()}
    temperature = found["temperature"]
    if "density" not in found:
        found["density"] = found["pressure"] / (AIR_CONSTANT * temperature)
    if "pressure" not in found:
        found["pressure"] = found["density"] * AIR_CONSTANT * temperature
    if "wind_speed" in found and "wind_from" in found:
        found["wind_east"] = -found["wind_speed"] * np.sin(found["wind_from"])
        found["wind_north"] = -found["wind_speed"] * np.cos(found["wind_from"])
    for wind in ("wind_east", "wind_north"):
        found.setdefault(wind, np.zeros_like(temperature))
    for name, low, high in (("temperature", 100.0, 2000.0), ("density", 1e-16, 2.0), ("pressure", 1e-9, 1.2e5)):
        wrong = np.nonzero((found[name] < low) | (found[name] > high))[0]
        if wrong.size:
            value, at = found[name][wrong[0]], found["altitude"][wrong[0]]
            expected = f"{low:g} to {high:g} {UNITS[name]}"
            raise DataError(
                f"{file}: found {name} {value:g} {UNITS[name]} at {at:g} m, expected {expected}",
                advice="check the unit of the column in the card",
            )
    return found


def _refuse_holes(altitude: Array, gap: float, path: Path) -> None:
    step = np.diff(altitude)
    if np.any(step <= 0):
        at = altitude[int(np.argmax(step <= 0))]
        raise DataError(f"{path}: found levels that do not rise above {at:g} m", advice="sort them, drop repeated ones")
    if np.any(step > gap):
        i = int(np.argmax(step))
        raise DataError(
            f"{path}: found a hole from {altitude[i]:g} to {altitude[i + 1]:g} m, expected steps up to {gap:g} m",
            advice="fill the hole, end the profile below it, or set `largest_gap` in the card",
        )


def _joined(levels: dict[str, Array]) -> Air:
    """Smooth curves through the levels; above the top the difference to the standard atmosphere fades over 20 km."""
    altitude, top = levels["altitude"], float(levels["altitude"][-1])
    standard = atmosphere.us_standard_1976()
    parts = np.maximum(np.ceil(np.diff(altitude) / FINEST).astype(int), 1)
    within = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(altitude, altitude[1:], parts, strict=False)]
    nodes = np.concatenate(
        [*within, [top], np.arange(top + 250.0, top + FADE, 250.0), standard.nodes[standard.nodes >= top + FADE]]
    )
    at = atmosphere.samples_of(nodes)
    curves = [
        np.log(levels["density"]), np.sqrt(1.4 * AIR_CONSTANT * levels["temperature"]), levels["temperature"],
        np.log(levels["pressure"]), levels["wind_east"], levels["wind_north"],
    ]  # fmt: skip
    base = atmosphere.standard_columns(at)
    at_top = atmosphere.standard_columns(np.full((1, 4), top))[:, 0, 0]
    u = np.clip((at - top) / FADE, 0.0, 1.0)
    fade = 1.0 - u * u * (3.0 - 2.0 * u)
    inside = at <= top
    columns = np.empty_like(base)
    for c, values in enumerate(curves):
        columns[c] = base[c] + fade * (values[-1] - at_top[c])
        columns[c][inside] = evaluate(altitude, smooth_pieces(altitude, values), at[inside])
    return atmosphere.piecewise(nodes, columns, [top, *standard.corners[standard.corners > top]])
