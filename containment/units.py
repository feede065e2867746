"""Units at the border: strings such as "25 mm" become SI floats here and nowhere else.

The only user of pint, which is asked only for what is not an SI unit, prefixed or not: it takes half a second to start.
Inside the program every number is an SI float.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from containment.errors import DataError

if TYPE_CHECKING:
    import pint

_NUMBER = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf)\s*(.*?)\s*$")
# A decimal prefix on the first symbol of a unit scales all of it, unless that symbol is raised to a power.
_PREFIX = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9}
_FIRST = re.compile(r"(?:m|s|K|N|Pa|J|W)(?:[*/].*)?")


class UnitError(DataError):
    """A text that is not a number with a fitting unit. `found` and `expected` are phrases for a message."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found = found
        self.expected = expected


@cache
def _registry() -> pint.UnitRegistry:
    import pint

    registry = pint.UnitRegistry(cache_folder=None)
    registry.define("percent = 0.01 = %")
    return registry


@cache
def dimension_name(unit: str) -> str:
    """Words for the kind of quantity a unit measures, for messages: "m/s" -> "a speed (m/s)"."""
    words = {
        "m": "a length", "kg": "a mass", "s": "a time", "K": "a temperature", "Pa": "a pressure or stress",
        "m/s": "a speed", "m/s^2": "an acceleration", "kg/m^3": "a density", "rad": "an angle",
        "W/m^2": "a heat flux", "J/kg": "a specific energy", "W/m/K": "a conductivity", "J/kg/K": "a heat capacity",
        "Pa*m^3/s": "a leak rate", "": "a plain number",
    }  # fmt: skip
    name = words.get(unit, "a quantity")
    return f"{name} in {unit} or a compatible unit" if unit else name


@cache
def _factor(unit_text: str, si_unit: str) -> tuple[float, float]:
    """(factor, offset) with SI = factor * value + offset."""
    if unit_text == si_unit:
        return 1.0, 0.0
    if unit_text[1:] == si_unit and unit_text[0] in _PREFIX and _FIRST.fullmatch(si_unit):
        return _PREFIX[unit_text[0]], 0.0
    registry = _registry()
    try:
        source, target = registry.Unit(unit_text), registry.Unit(si_unit)
        zero = registry.Quantity(0.0, source).to(target).magnitude
        one = registry.Quantity(1.0, source).to(target).magnitude
    except Exception as error:  # pint raises many kinds, all meaning "not this unit"
        raise UnitError(f"the unit {unit_text!r}", dimension_name(si_unit)) from error
    # Rounding guards the exactness of decimal prefixes: 1 mm must be 0.001, not 0.0010000000000000002.
    return float(f"{one - zero:.15g}"), float(f"{zero:.15g}")


def parse(text: object, si_unit: str, *, difference: bool = False) -> tuple[float, str]:
    """SI value and written unit of `text` ("25 mm" -> 0.025, "mm"); plain numbers only where `si_unit` is "".

    `difference` reads a spread or step: "15 K" is fine, an offset unit such as degC is refused.
    Raises UnitError.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(repr(text), dimension_name(si_unit))
    if not isinstance(text, str):
        if si_unit:
            raise UnitError(
                f"the bare number {text!r}", f'{dimension_name(si_unit)}, written as text: "{text} {si_unit}"'
            )
        return float(text), ""
    match = _NUMBER.match(text)
    if match is None:
        raise UnitError(repr(text), dimension_name(si_unit))
    number, unit = float(match[1]), match[2]
    if not unit and si_unit:
        raise UnitError(f"{text!r} without a unit", dimension_name(si_unit))
    factor, offset = _factor(unit, si_unit)
    if difference and offset:
        raise UnitError(repr(text), f"a difference, so {si_unit} rather than {unit}")
    # Dividing by the inverse keeps decimal prefixes exact (40 / 1000, not 40 * 0.001).
    inverse = 1.0 / factor
    scaled = (
        number / round(inverse) if factor < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse else number * factor
    )
    return scaled + offset, unit


def convert(value: float, si_unit: str, unit: str) -> float:
    """An SI value expressed in `unit`."""
    factor, offset = _factor(unit, si_unit)
    return (value - offset) / factor


def show(value: float, si_unit: str, unit: str = "", digits: int = 4) -> str:
    """Text for a person: 0.025, "m", "mm" -> "25 mm"."""
    unit = unit or si_unit
    return f"{convert(value, si_unit, unit):.{digits}g} {unit}".rstrip()


_PLEASANT = {
    "m/s^2": "g_0", "W/m^2": "W/cm^2", "J/m^2": "kJ/cm^2", "rad": "deg", "K": "degC",
}  # fmt: skip
_SHOWN = {"degC": "°C", "g_0": "g", "deg": "°", "hour": "h", "W/cm^2": "W/cm²", "kJ/cm^2": "kJ/cm²"}


UNRESOLVED = 1e-12  # probabilities below this say nothing: no distribution of the chain is known that far out


def probability(value: float) -> str:
    """Text of a probability; what lies below anything the chain resolves is only bounded."""
    return f"< {UNRESOLVED:.0e}" if value < UNRESOLVED else f"{value:.2e}"


def pleasant(value: float, si_unit: str, digits: int = 4) -> str:
    """Text in the unit people of the field use: m/s^2 as g, K as °C, Pa as MPa where large, m as mm where small."""
    unit = _PLEASANT.get(si_unit, si_unit)
    if si_unit == "Pa":
        unit = "MPa" if abs(value) >= 1e6 else "kPa" if abs(value) >= 1e3 else "Pa"
    elif si_unit == "m" and value != 0.0:
        unit = "nm" if abs(value) < 1e-6 else "mm" if abs(value) < 0.5 else "m" if abs(value) < 1e4 else "km"
    elif si_unit == "s" and abs(value) >= 7200:
        unit = "hour"
    return f"{convert(value, si_unit, unit):.{digits}g} {_SHOWN.get(unit, unit)}".rstrip()
