"""Strength of a material over temperature, as the statics read it: elasticity, thermal strain, yield, hardening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.materials.card import PropertySet

Floats = NDArray[np.float64]

NEVER_YIELDS = 1e30  # Pa; stands for "the card states no yield strength": such a material is elastic and says so
_GRID_STEP = 10.0  # K; strength tables have points 50-100 K apart
_HELD_LOW, _HELD_HIGH = 50.0, 6000.0  # K, how far a card held for a stated reason goes on


@dataclass(frozen=True)
class Solid:
    """One material on its own range of temperature.

    `temperature` (n,) K ascending; `youngs_modulus` Pa, `poissons_ratio`, `thermal_strain` (free strain since 293.15 K)
    and `yield_stress` Pa, each (n,); `density` kg/m^3. Hardening: flow stress = yield_stress(T) * `hardening`, a factor
    over equivalent plastic strain, linear between the points `plastic_strain` (m,), constant beyond the last.
    """

    name: str
    temperature: Floats
    youngs_modulus: Floats
    poissons_ratio: Floats
    thermal_strain: Floats
    yield_stress: Floats
    density: float
    plastic_strain: Floats
    hardening: Floats

    def __post_init__(self) -> None:
        t = self.temperature
        if t.size < 2 or not np.all(np.diff(t) > 0):
            raise DataError(f"solid {self.name!r}: temperatures must rise, found {t}", advice="order the card's table")
        if not np.all(self.youngs_modulus > 0) or not np.all((self.poissons_ratio > -1) & (self.poissons_ratio < 0.5)):
            raise DataError(
                f"solid {self.name!r}: expected Young's modulus > 0 and -1 < Poisson's ratio < 0.5, found "
                f"at least {self.youngs_modulus.min():.3g} Pa and {self.poissons_ratio.min():.3g} to "
                f"{self.poissons_ratio.max():.3g}",
                advice="correct the card",
            )
        if not np.all(self.yield_stress > 0):
            raise DataError(f"solid {self.name!r}: yield strength must be positive", advice="correct the card")
        if self.plastic_strain[0] != 0 or not np.all(np.diff(self.plastic_strain) > 0) or self.hardening[0] != 1.0:
            raise DataError(f"solid {self.name!r}: hardening must start with factor 1 at 0", advice="correct the curve")
        if not np.all(np.diff(self.hardening) >= 0):
            raise DataError(
                f"solid {self.name!r}: the hardening curve softens, which has no unique answer in small-strain statics",
                advice="give a curve that rises or stays level, and judge rupture by strain",
            )

    def unyielding(self) -> Solid:
        """The same material, elastic whatever the stress."""
        return replace(self, yield_stress=np.full_like(self.yield_stress, NEVER_YIELDS))


def elastic(
    name: str, youngs_modulus: float, poissons_ratio: float, *, expansion: float = 0.0, density: float = 0.0,
    yield_stress: float = NEVER_YIELDS, hardening_modulus: float = 0.0,
) -> Solid:  # fmt: skip
    """A material that does not change with temperature; `expansion` 1/K, `hardening_modulus` Pa per plastic strain."""
    t = np.array([1.0, 5000.0])
    strain = np.array([0.0, 10.0])
    factor = 1.0 + hardening_modulus / yield_stress * strain
    return Solid(
        name, t, np.full(2, youngs_modulus), np.full(2, poissons_ratio), expansion * (t - 293.15),
        np.full(2, yield_stress), density, strain, factor,
    )  # fmt: skip


def solid(properties: PropertySet) -> Solid:
    """Strength of one state of a material card; Young's modulus and Poisson's ratio must be there.

    No thermal_expansion means none; no yield_strength means elastic. `thermal_expansion` is the mean coefficient from
    20 degC, as cards have it. Raises DataError naming card and property.
    """
    names = [n for n in ("thermal_expansion", "yield_strength") if properties.has(n)]
    tables = {n: properties.table(n) for n in ("youngs_modulus", "poissons_ratio", *names)}
    low = max(_HELD_LOW if "below" in t.holds else t.low for t in tables.values())
    high = min(_HELD_HIGH if "above" in t.holds else t.high for t in tables.values())
    if not low < high:
        raise DataError(
            f"{properties.owner}: strength tables have no common range of temperature", advice="extend the tables"
        )
    points = [t.temperature for t in tables.values()]
    inner = np.unique(np.concatenate([*points, np.arange(low, high, _GRID_STEP), [293.15]]))
    t = np.unique(np.concatenate([[low], inner[(inner > low) & (inner < high)], [high]]))
    strain = np.zeros_like(t)
    if "thermal_expansion" in tables:
        strain = tables["thermal_expansion"](t) * (t - 293.15)
    yields = tables["yield_strength"](t) if "yield_strength" in tables else np.full_like(t, NEVER_YIELDS)
    known = properties.property("density").content
    density = known if isinstance(known, float) else properties.at("density", 293.15)
    plastic, factor = _hardening(properties)
    return Solid(
        properties.owner, t, tables["youngs_modulus"](t), tables["poissons_ratio"](t), strain, yields, density, plastic,
        factor,
    )  # fmt: skip


def _hardening(properties: PropertySet) -> tuple[Floats, Floats]:
    """Factor on the yield stress over plastic strain, from whatever the card gives: Johnson-Cook, modulus, or none."""
    if properties.has("johnson_cook_b"):
        a, b, n = (properties.value(f"johnson_cook_{key}") for key in "abn")
        strain = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 60)])
        return strain, 1.0 + b / a * strain**n
    if properties.has("hardening_modulus") and properties.has("yield_strength"):
        strain = np.array([0.0, 1.0])
        return strain, 1.0 + properties.value("hardening_modulus") / properties.at("yield_strength", 293.15) * strain
    return np.array([0.0, 1.0]), np.ones(2)


@dataclass(frozen=True)
class SolidGrid:
    """Several solids on one uniform temperature grid for the kernel: arrays (solid, point); hardening (solid, point)
    over `plastic_strain`; `low`, `high` (solid,) the range of each."""

    names: tuple[str, ...]
    start: float
    step: float
    youngs_modulus: Floats
    poissons_ratio: Floats
    thermal_strain: Floats
    yield_stress: Floats
    plastic_strain: Floats
    hardening: Floats
    density: Floats
    low: Floats
    high: Floats


def solid_grid(solids: Sequence[Solid]) -> SolidGrid:
    """Tabulate solids together; beyond its range a solid keeps its end values and `check_range` refuses its use."""
    low = np.array([s.temperature[0] for s in solids])
    high = np.array([s.temperature[-1] for s in solids])
    start = float(low.min())
    t = np.arange(start, high.max() + _GRID_STEP, _GRID_STEP)
    on = {
        key: np.array([np.interp(t, s.temperature, getattr(s, key)) for s in solids])
        for key in ("youngs_modulus", "poissons_ratio", "thermal_strain", "yield_stress")
    }
    strain = np.unique(np.concatenate([s.plastic_strain for s in solids]))
    hardening = np.array([np.interp(strain, s.plastic_strain, s.hardening) for s in solids])
    density = np.array([s.density for s in solids])
    return SolidGrid(
        tuple(s.name for s in solids), start, _GRID_STEP, on["youngs_modulus"], on["poissons_ratio"],
        on["thermal_strain"], on["yield_stress"], strain, hardening, density, low, high,
    )  # fmt: skip


def check_range(grid: SolidGrid, row: NDArray[np.int32], temperature: Floats) -> None:
    """Raise DataError when a cell (row (cell,), temperature (cell, n)) leaves the strength tables of its card."""
    for index, name in enumerate(grid.names):
        mine = row == index
        if not mine.any():
            continue
        low, high = float(temperature[mine].min()), float(temperature[mine].max())
        if low < grid.low[index] - 1e-6 or high > grid.high[index] + 1e-6:
            raise DataError(
                f"{name}: found {low:.0f} to {high:.0f} K, expected temperatures within its strength tables "
                f"({grid.low[index]:.0f} to {grid.high[index]:.0f} K)",
                advice="extend the card from a source, or state hold_beyond with a reason",
            )
