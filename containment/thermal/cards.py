"""Material cards as the arrays the 1-D stack works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from containment.errors import DataError
from containment.thermal.charring import CharringMaterial, Phase

if TYPE_CHECKING:
    from containment.materials import Card, PropertySet, Table

COLDEST, HOTTEST = 1.0, 6000.0  # K, how far a table whose card holds its ends is continued
BLACKEST = 0.85  # used where a card states no emissivity: inner layers never radiate in the 1-D stack


def _open(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Points of a table, continued where its card holds the end value."""
    t, v = table.temperature, table.values
    if "below" in table.holds:
        t, v = np.concatenate([[COLDEST], t]), np.concatenate([v[:1], v])
    if "above" in table.holds:
        t, v = np.concatenate([t, [HOTTEST]]), np.concatenate([v, v[-1:]])
    return t, v


def _phase(state: PropertySet, enthalpy_298: float = 0.0) -> Phase:
    """Heat capacity, conductivity and emissivity on the union of their points, over the range all of them cover."""
    names = ["heat_capacity", "conductivity"] + (["emissivity"] if state.has("emissivity") else [])
    tables = [_open(state.table(name)) for name in names]
    low, high = max(t[0] for t, _ in tables), min(t[-1] for t, _ in tables)
    if not low < high:
        raise DataError(
            f"{state.owner}: found tables of {', '.join(names)} without a common range of temperature",
            advice="extend the tables of the card",
        )
    points = np.unique(np.concatenate([t for t, _ in tables]))
    points = points[(points >= low) & (points <= high)]
    columns = [np.interp(points, t, v) for t, v in tables]
    if len(columns) == 2:
        columns.append(np.full(points.size, BLACKEST))
    return Phase(points, columns[0], columns[1], columns[2], enthalpy_298)


def material(card: Card) -> CharringMaterial:
    """A card as a charring or an inert material. Raises DataError for what the card lacks."""
    if not card.charring:
        phase, density = _phase(card), card.density()
        return CharringMaterial(card.name, density, density, phase, phase)
    virgin, char, gas = card.virgin, card.char, card.gas
    kinetics = card.arrhenius()
    enthalpy = gas.grid("enthalpy")
    mass = gas.grid("molar_mass") if _stores_gas(card) else None
    if mass and not (np.array_equal(mass.pressure, enthalpy.pressure) and mass.values.shape == enthalpy.values.shape):
        raise DataError(
            f"{card.owner}: found the molar mass of the gas on another grid than its enthalpy, expected one grid",
            advice="put both columns in one table",
        )
    return CharringMaterial(
        card.name, virgin.value("density"), char.value("density"),
        _phase(virgin, virgin.value("enthalpy_reference")), _phase(char, char.value("enthalpy_reference")),
        kinetics["fraction"] / kinetics["fraction"].sum(), kinetics["frequency"], kinetics["activation_energy"],
        kinetics["order"], kinetics["minimum_temperature"], enthalpy.pressure, enthalpy.temperature, enthalpy.values,
        mass.values if mass else np.zeros_like(enthalpy.values),
        (virgin.value("porosity"), char.value("porosity")) if mass else (0.0, 0.0), kinetics["temperature_exponent"],
    )  # fmt: skip


def _stores_gas(card: Card) -> bool:
    """Whether the card says how much gas the pores hold."""
    return card.virgin.has("porosity") and card.char.has("porosity") and card.gas.has("molar_mass")
