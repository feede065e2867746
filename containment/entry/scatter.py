"""Random air: density and wind that scatter from flight to flight, correlated over altitude.

Model: for the logarithm of the density and for each wind component a first-order Markov sequence over altitude,
x(z + dz) = a x(z) + sqrt(1 - a^2) e, a = exp(-dz/L(z)), times a standard deviation s(z). Density and the two winds are
independent of each other. The standard deviations and correlation lengths stand in the `[scatter]` table of the
atmosphere card with their source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.inputs import stream
from containment.entry.atmosphere import SPACING
from containment.errors import DataError
from containment.units import UnitError, parse

Array = NDArray[np.float64]

LEVELS = 61  # of the perturbation grid, 0 to 150 km
_UNITS = {"altitude": "m", "density": "", "wind": "m/s", "correlation_length": "m"}


@dataclass(frozen=True)
class Scatter:
    """Standard deviations of ln density and wind (m/s) and correlation length (m) on the perturbation grid (61,)."""

    density: Array
    wind: Array
    correlation_length: Array

    def grids(self, n: int, seed: int, purpose: str) -> Array:
        """Perturbations (n, 61, 3) of ln density, east and north wind; one stream per component."""
        fields = [
            markov(stream(seed, f"entry.scatter.{name}", purpose).standard_normal((n, LEVELS)), self.correlation_length)
            for name in ("density", "wind_east", "wind_north")
        ]
        spread = np.stack([self.density, self.wind, self.wind], axis=-1)
        return np.stack(fields, axis=-1) * spread


def markov(noise: Array, length: Array) -> Array:
    """Unit-variance sequences (n, m) over the grid from independent normals (n, m)."""
    keep = np.exp(-SPACING / length)
    out = np.empty_like(noise)
    out[:, 0] = noise[:, 0]
    for i in range(1, noise.shape[1]):
        out[:, i] = keep[i] * out[:, i - 1] + np.sqrt(1.0 - keep[i] ** 2) * noise[:, i]
    return out


def of_card(card: dict[str, Any]) -> Scatter:
    """The scatter of an atmosphere card, linear between its altitudes. Raises DataError if there is none."""
    name = card.get("name", "the atmosphere")
    table = card.get("scatter")
    if not isinstance(table, dict):
        raise DataError(f"{name}: found no [scatter] table", advice="add one, or fly the ensemble without scatter")
    read: dict[str, Array] = {}
    for key, unit in _UNITS.items():
        try:
            read[key] = np.array([parse(item, unit)[0] for item in table.get(key, [])])
        except UnitError as error:
            raise DataError(f"{name}: scatter.{key}: {error.message}", advice="correct the card") from error
    altitude = read["altitude"]
    sizes = {key: values.size for key, values in read.items()}
    if altitude.size < 2 or len(set(sizes.values())) > 1 or np.any(np.diff(altitude) <= 0):
        expected = "equally many values of each over rising altitudes"
        raise DataError(f"{name}: scatter: found {sizes}, expected {expected}", advice="correct the card")
    if np.any(read["density"] < 0) or np.any(read["wind"] < 0) or np.any(read["correlation_length"] <= 0):
        raise DataError(f"{name}: scatter: found a negative spread or length", advice="correct the card")
    grid = SPACING * np.arange(LEVELS)
    return Scatter(*(np.interp(grid, altitude, read[key]) for key in ("density", "wind", "correlation_length")))
