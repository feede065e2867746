"""Air tables for the compiled core: the US Standard Atmosphere 1976 or a measured profile."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from containment import share
from containment.entry import standard_atmosphere as standard
from containment.entry.kernel import Air
from containment.errors import DataError

Array = NDArray[np.float64]

_BIN = 100.0  # m, width of the even bins that find an interval
_NO_PERTURBATION = np.zeros((2, 3))


def piecewise(nodes: Array, columns: Array) -> Air:
    """Air table from columns (6, n, 4) sampled in each of n intervals at the fractions 0, 1/3, 2/3, 1.

    Each interval gets the cubic through its four samples, so a corner of the profile at a node stays a corner.
    """
    inverse = np.linalg.inv(np.vander([0.0, 1 / 3, 2 / 3, 1.0], increasing=True))
    length = np.diff(nodes)
    scaled = np.einsum("ab,cnb->nca", inverse, columns)
    coefficients = scaled / length[:, None, None] ** np.arange(4)
    starts = nodes[0] + _BIN * np.arange(int((nodes[-1] - nodes[0]) / _BIN) + 1)
    first = np.clip(np.searchsorted(nodes, starts, side="right") - 1, 0, length.size - 1)
    windy = bool(np.any(columns[4:] != 0))
    return Air(nodes, first, _BIN, np.ascontiguousarray(coefficients), windy, False, 1e9, _NO_PERTURBATION)


def samples_of(nodes: Array) -> Array:
    """Altitudes (n, 4) at which `piecewise` wants its columns."""
    return np.asarray(nodes[:-1, None] + np.diff(nodes)[:, None] * np.array([0.0, 1 / 3, 2 / 3, 1.0]))


@cache
def us_standard_1976() -> Air:
    """The standard atmosphere from -1 to 1000 km; within 1e-8 of its equations below 86 km (see the tests)."""
    bases = standard.geometric(standard.LAYER_BASE[1:])
    below = np.unique(np.concatenate([np.arange(-1e3, 86e3, 250.0), bases, [86e3], np.arange(80e3, 86e3, 500.0)]))
    above = np.concatenate(
        [np.arange(86.5e3, 120e3, 500.0), np.arange(120e3, 200e3, 1e3), np.arange(200e3, 1001e3, 5e3)]
    )
    nodes = np.concatenate([below, above])
    at = samples_of(nodes)
    return piecewise(nodes, _standard_columns(at))


def _standard_columns(at: Array) -> Array:
    grid, upper = standard.upper_grid()
    low = standard.lower(np.minimum(at, standard.TOP_OF_LAYERS))
    high = at[:, 3] > standard.TOP_OF_LAYERS
    columns = np.zeros((6, *at.shape))
    columns[:4] = np.log(low.density), low.speed_of_sound, low.temperature, np.log(low.pressure)
    for column, values in (
        (0, np.log(upper.density)), (1, upper.speed_of_sound), (2, upper.temperature), (3, np.log(upper.pressure))
    ):  # fmt: skip
        columns[column, high] = np.interp(at[high], grid, values)
    return columns


def load(name: str) -> Air:
    """The air table of an atmosphere card, by name or file. Raises DataError."""
    return _load(str(share.find("atmospheres", name)))


@cache
def _load(path: str) -> Air:
    card = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    if card.get("kind") == "us-standard-1976":
        return us_standard_1976()
    raise DataError(f'{path}: kind: found {card.get("kind")!r}, expected "us-standard-1976"', advice="correct the card")


def exponential(sea_level_density: float, scale_height: float, top: float = 1.0e6) -> Air:
    """rho0 exp(-h/H) at constant temperature 250 K: the air of the closed forms (NACA R-1381)."""
    nodes = np.arange(-1e3, top + 1.0, 1e3)
    at = samples_of(nodes)
    columns = np.zeros((6, *at.shape))
    columns[0] = np.log(sea_level_density) - at / scale_height
    columns[1], columns[2] = np.sqrt(1.4 * 287.053 * 250.0), 250.0  # 287.053 J/kg/K: gas constant of air
    columns[3] = columns[0] + np.log(287.053 * 250.0)
    return piecewise(nodes, columns)


def with_factors(air: Air, low: float, high: float) -> Air:
    """The same air, denser by `low` below 70 km and by `high` above 90 km; the logarithm passes smoothly between."""
    if low == 1.0 and high == 1.0:
        return air
    altitude = np.arange(0.0, 150.1e3, 2.5e3)
    u = np.clip((altitude - 70e3) / 20e3, 0.0, 1.0)
    share = u * u * (3 - 2 * u)
    grid = np.zeros((altitude.size, 3))
    grid[:, 0] = (1 - share) * np.log(low) + share * np.log(high)
    return air._replace(perturbed=True, spacing=2.5e3, perturbation=grid)
