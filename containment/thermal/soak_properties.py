"""Heat storage and conduction of every material on one temperature grid, looked up at the corners of every cell.

Changing a material changes these arrays and nothing else: the weak form never mentions a property.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.materials.card import PropertySet

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Conductor:
    """What conduction needs of one material over its own range of temperature.

    `temperature` (n,) K ascending; `capacity` (n,) J/m^3/K, density times specific heat; `conductivity` (n,) W/m/K.
    A material is not used outside the first and last temperature. Raises DataError for tables that cannot be.
    """

    name: str
    temperature: Floats
    capacity: Floats
    conductivity: Floats

    def __post_init__(self) -> None:
        t = np.asarray(self.temperature, float)
        if t.ndim != 1 or t.size < 2 or not np.all(np.diff(t) > 0):
            raise DataError(
                f"material {self.name!r}: found temperatures that do not rise, expected at least two rising values",
                advice="order the rows of the card by temperature",
            )
        for label, values in (("heat capacity", self.capacity), ("conductivity", self.conductivity)):
            v = np.asarray(values, float)
            if v.shape != t.shape or not np.all(np.isfinite(v)) or not np.all(v > 0):
                raise DataError(
                    f"material {self.name!r}: found a {label} table with missing or non-positive values, "
                    "expected one positive number per temperature",
                    advice="correct the card",
                )


def constant(name: str, capacity: float, conductivity: float, low: float = 1.0, high: float = 5000.0) -> Conductor:
    """A material whose volumetric heat capacity (J/m^3/K) and conductivity (W/m/K) do not depend on temperature."""
    return Conductor(name, np.array([low, high]), np.full(2, capacity), np.full(2, conductivity))


@dataclass(frozen=True)
class PropertyGrid:
    """Every material on one uniform grid of temperature: start (K), step (K), arrays (material, point).

    `capacity` is linear between grid points, `enthalpy` (J/m^3, zero at the start of the grid) its exact integral,
    so that a Newton method sees a smooth residual; `low`, `high` (material,) bound each material's own table.
    """

    names: tuple[str, ...]
    start: float
    step: float
    enthalpy: Floats
    capacity: Floats
    conductivity: Floats
    low: Floats
    high: Floats


GRID_STEP = 2.0  # K; own choice: halving it moves a 3000 K ramp by less than 0.01 K


def property_grid(materials: Sequence[Conductor], *, step: float = GRID_STEP) -> PropertyGrid:
    """Tabulate `materials` on a common grid; beyond its own table a material keeps its end values, and
    `reached` refuses any use there."""
    low = np.array([m.temperature[0] for m in materials])
    high = np.array([m.temperature[-1] for m in materials])
    start = float(np.floor(low.min()))
    count = int(np.ceil((high.max() - start) / step)) + 2
    t = start + step * np.arange(count)
    capacity = np.array([np.interp(t, m.temperature, m.capacity) for m in materials])
    conductivity = np.array([np.interp(t, m.temperature, m.conductivity) for m in materials])
    rise = 0.5 * step * (capacity[:, 1:] + capacity[:, :-1])
    enthalpy = np.concatenate([np.zeros((len(materials), 1)), np.cumsum(rise, axis=1)], axis=1)
    return PropertyGrid(
        tuple(m.name for m in materials), start, step, enthalpy, capacity, conductivity, low, high
    )  # fmt: skip


@dataclass(frozen=True)
class Filling:
    """What every cell is made of.

    `first`, `second` (cell,) rows of the grid and `share` (cell, 3) of `second` at the corners: a plain material has
    share 0, partly charred ablator mixes virgin (first) and char (second). `stretch` (cell, 3): components rr, rz, zz
    of the tensor that multiplies the conductivity, (1, 0, 1) for a material that conducts alike in all directions.
    """

    first: Ints
    second: Ints
    share: Floats
    stretch: Floats

    @classmethod
    def plain(cls, material: Sequence[int] | NDArray[np.integer]) -> Filling:
        """Cells of one isotropic material each."""
        rows = np.ascontiguousarray(material, np.int32)
        return cls(rows, rows, np.zeros((rows.size, 3)), isotropic(rows.size))


def isotropic(cells: int) -> Floats:
    """(cell, 3) unit tensors."""
    return np.tile([1.0, 0.0, 1.0], (cells, 1))


def layered(direction: Floats, ratio: float) -> Floats:
    """(cell, 3) tensors I + (ratio - 1) d d of layers along unit vectors d (cell, 2): `ratio` times the conductivity
    along the layers, once across them."""
    r, z = direction.T
    more = ratio - 1.0
    return np.column_stack([1.0 + more * r * r, more * r * z, 1.0 + more * z * z])


def compressed(stretch: Floats, cells: NDArray[np.bool_], strain: float) -> Floats:
    """(cell, 3) tensors `stretch`, those of `cells` pushed together along z by `strain` on the mesh they had before.

    With F = diag(1, L), L = 1 - strain, the tensor K of the changed body is L F^-1 K F^-T on the mesh before it, and
    a cellular solid conducts in proportion to its density, 1/L (Gibson and Ashby, Cellular Solids, 1997, eq. 7.4, the
    solid's part): rr stays, rz grows by 1/L and zz by 1/L^2. Mass and stored heat are those of before.
    """
    left = 1.0 - strain
    out = stretch.copy()
    out[cells, 1] /= left
    out[cells, 2] /= left**2
    return out


def reached(
    temperature: Floats, corners: NDArray[np.integer], filling: Filling, grid: PropertyGrid, where: str
) -> tuple[Floats, Floats]:
    """Lowest and highest temperature of every material (row of the grid), K; +inf and -inf for one that is not used.

    Raises DataError when a cell is hotter or colder than the card of its material; nothing is extrapolated.
    """
    coldest, hottest = temperature[corners].min(axis=1), temperature[corners].max(axis=1)
    used_second = filling.share.max(axis=1) > 0.0
    low, high = np.full(len(grid.names), np.inf), np.full(len(grid.names), -np.inf)
    for rows, mine in ((filling.first, slice(None)), (filling.second, used_second)):
        np.minimum.at(low, rows[mine], coldest[mine])
        np.maximum.at(high, rows[mine], hottest[mine])
    for row, name in enumerate(grid.names):
        if low[row] < grid.low[row] or high[row] > grid.high[row]:
            worst = low[row] if low[row] < grid.low[row] else high[row]
            raise DataError(
                f"{name} reaches {worst:.0f} K {where}, expected its card to cover it "
                f"(it covers {grid.low[row]:.0f} to {grid.high[row]:.0f} K)",
                advice="extend the card with sourced values, or choose a material that stands this temperature",
            )
    return low, high


# Where a card holds its end values for a stated reason, the grid goes on so far; no solid of a capsule lives outside.
_HELD_LOW, _HELD_HIGH = 50.0, 6000.0  # K


def conductor(
    properties: PropertySet, density: float, *, capacity_factor: float = 1.0, conductivity_factor: float = 1.0
) -> Conductor:
    """Conduction properties of one state of a material card; capacity = density * heat_capacity(T).

    The density (kg/m^3) does not depend on temperature, so that the mass of a cell is kept. Raises DataError naming
    card and property.
    """
    heat, conduction = properties.table("heat_capacity"), properties.table("conductivity")
    low = max(_HELD_LOW if "below" in t.holds else t.low for t in (heat, conduction))
    high = min(_HELD_HIGH if "above" in t.holds else t.high for t in (heat, conduction))
    inner = np.union1d(heat.temperature, conduction.temperature)
    at = np.unique(np.concatenate([[low], inner[(inner > low) & (inner < high)], [high]]))
    return Conductor(properties.owner, at, capacity_factor * density * heat(at), conductivity_factor * conduction(at))


def in_plane_ratio(properties: PropertySet) -> tuple[float, str]:
    """Conductivity along the layers over that across them at 20 degC, 1 for a card without `conductivity_in_plane`; and
    a sentence for the report where the ratio changes with temperature."""
    if not properties.has("conductivity_in_plane"):
        return 1.0, ""
    across, along = properties.table("conductivity"), properties.table("conductivity_in_plane")
    low, high = max(across.low, along.low), min(across.high, along.high)
    at = np.linspace(low, high, 50)
    ratio = along(at) / across(at)
    here = float(np.interp(293.15, at, ratio))
    if np.ptp(ratio) <= 0.1 * here:  # within the scatter of any conductivity
        return here, ""
    return here, (
        f"{properties.owner}: conductivity along over across the layers goes from {ratio.min():.3g} to "
        f"{ratio.max():.3g}; the soak uses {here:.3g}, that of 20 degC"
    )


def held_notes(properties: PropertySet, low: float, high: float) -> list[str]:
    """Sentences for the report where a card's end values were used beyond its table, between low and high K."""
    notes = [properties.table(name).held_note(low, high) for name in ("heat_capacity", "conductivity")]
    return [note for note in notes if note]
