"""Air tables for the compiled core: the US Standard Atmosphere 1976 or a measured profile."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import share
from containment.entry import standard_atmosphere as standard
from containment.entry.kernel import Air
from containment.errors import DataError

Array = NDArray[np.float64]

_BIN = 100.0  # m, width of the even bins that find an interval
SPACING = 2.5e3  # m, grid of the perturbations of a sample
_NO_PERTURBATION = np.zeros((2, 3))


def piecewise(nodes: Array, columns: Array, corners: Sequence[float] = ()) -> Air:
    """Air table from columns (6, n, 4) sampled in each of n intervals at the fractions 0, 1/3, 2/3, 1.

    Each interval gets the cubic through its four samples, so a corner of the profile at a node stays a corner.
    """
    inverse = np.linalg.inv(np.vander([0.0, 1 / 3, 2 / 3, 1.0], increasing=True))
    length = np.diff(nodes)
    scaled = np.einsum("ab,cnb->nca", inverse, columns)
    coefficients = scaled / length[:, None, None] ** np.arange(4)
    starts = nodes[0] + _BIN * np.arange(int((nodes[-1] - nodes[0]) / _BIN) + 1)
    first = np.clip(np.searchsorted(nodes, starts, side="right") - 1, 0, length.size - 1)
    kinks = np.sort(np.asarray(corners, float))
    windy = bool(np.any(columns[4:] != 0))
    return Air(nodes, first, _BIN, np.ascontiguousarray(coefficients), windy, False, 1e9, _NO_PERTURBATION, kinks)


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
    return piecewise(nodes, standard_columns(at), [*bases, 86e3, 91e3, 110e3, 120e3])


def standard_columns(at: Array) -> Array:
    """Columns (6, n, 4) of the standard atmosphere at altitudes (n, 4)."""
    grid, upper = standard.upper_grid()
    low = standard.lower(np.minimum(at, standard.TOP_OF_LAYERS))
    high = (at > standard.TOP_OF_LAYERS) | (at[:, :1] >= standard.TOP_OF_LAYERS)
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


def card_of(name: str) -> dict[str, Any]:
    """An atmosphere card as it is written."""
    return _card(Path(share.find("atmospheres", name)))


def _card(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: found a card that cannot be read ({error})", advice="correct the card") from error


@cache
def _load(path: str) -> Air:
    from containment.entry import msis, profile

    card = _card(Path(path))
    match card.get("kind"):
        case "us-standard-1976":
            return us_standard_1976()
        case "profile":
            return profile.air_of(card, Path(path))
        case "nrlmsis":
            return msis.air_of(card, Path(path))
        case other:
            expected = '"us-standard-1976", "profile" or "nrlmsis"'
            raise DataError(f"{path}: kind: found {other!r}, expected {expected}", advice="correct the card")


def exponential(sea_level_density: float, scale_height: float, top: float = 1.0e6) -> Air:
    """rho0 exp(-h/H) at constant temperature 250 K: the air of the closed forms (NACA R-1381)."""
    nodes = np.arange(-1e3, top + 1.0, 1e3)
    at = samples_of(nodes)
    columns = np.zeros((6, *at.shape))
    columns[0] = np.log(sea_level_density) - at / scale_height
    columns[1], columns[2] = np.sqrt(1.4 * 287.053 * 250.0), 250.0  # 287.053 J/kg/K: gas constant of air
    columns[3] = columns[0] + np.log(287.053 * 250.0)
    return piecewise(nodes, columns)


def factor_grids(low: Array, high: Array) -> Array:
    """Perturbation grids (n, 61, 3), every SPACING m: ln of `low` (n,) below 70 km, of `high` (n,) above 90 km.

    The logarithm passes smoothly from one to the other between.
    """
    altitude = SPACING * np.arange(61)
    u = np.clip((altitude - 70e3) / 20e3, 0.0, 1.0)
    share = u * u * (3 - 2 * u)
    grids = np.zeros((low.size, altitude.size, 3))
    grids[:, :, 0] = np.log(low)[:, None] * (1 - share) + np.log(high)[:, None] * share
    return grids


def with_factors(air: Air, low: float, high: float) -> Air:
    """The same air with the density factors of one sample (see `factor_grids`)."""
    if low == 1.0 and high == 1.0:
        return air
    return air._replace(
        perturbed=True, spacing=SPACING, perturbation=factor_grids(np.array([low]), np.array([high]))[0]
    )
