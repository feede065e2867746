"""Air of the empirical NRLMSIS models through the optional package pymsis.

The package is MIT; the models 2.x in it have terms of their own for commercial use, so NRLMSISE-00 is the default. Card
keys: `date` (UTC), `latitude`, `longitude`, solar flux `f107` and its mean `f107a` (1e-22 W/m^2/Hz), magnetic index
`ap`, `version` ("00", "2.0", "2.1"). There is no wind in it.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from containment.entry import atmosphere
from containment.entry.kernel import Air
from containment.errors import DataError, MissingPartError
from containment.units import UnitError, parse

BOLTZMANN = 1.380649e-23  # J/K
_VERSIONS = ("00", "2.0", "2.1")


def air_of(card: dict[str, Any], path: Path) -> Air:
    """The air table of an NRLMSIS card, 0 to 1000 km. Raises DataError, and MissingPartError without pymsis."""
    date, place, solar, version = _read(card, path)
    try:
        pymsis: Any = importlib.import_module("pymsis")
    except ImportError as error:
        raise MissingPartError(
            f"{path}: the Python package 'pymsis' is not installed",
            advice="pip install pymsis, or use the atmosphere us-standard-1976",
        ) from error
    nodes = np.concatenate([np.arange(0, 120e3, 500.0), np.arange(120e3, 200e3, 1e3), np.arange(200e3, 1001e3, 5e3)])
    at = atmosphere.samples_of(nodes)
    table = pymsis.calculate(
        np.array([date]), [place[1]], [place[0]], at.ravel() / 1e3, f107s=[solar[0]], f107as=[solar[1]],
        aps=[[solar[2]] * 7], version=version,
    ).reshape(*at.shape, -1).astype(float)  # fmt: skip
    density, temperature = table[..., pymsis.Variable.MASS_DENSITY], table[..., pymsis.Variable.TEMPERATURE]
    number = np.nansum(table[..., pymsis.Variable.N2 : pymsis.Variable.TEMPERATURE], axis=-1)
    pressure = number * BOLTZMANN * temperature
    columns = np.zeros((6, *at.shape))
    columns[:4] = np.log(density), np.sqrt(1.4 * pressure / density), temperature, np.log(pressure)
    return atmosphere.piecewise(nodes, columns)


def _read(
    card: dict[str, Any], path: Path
) -> tuple[np.datetime64, tuple[float, float], tuple[float, float, float], str]:
    """Date, place (latitude, longitude in deg), solar indices and version of a card."""
    try:
        date = np.datetime64(str(card["date"]).replace(" ", "T").removesuffix("Z"), "m")
        latitude, longitude = (float(np.degrees(parse(card[key], "rad")[0])) for key in ("latitude", "longitude"))
        flux, mean, index = (float(card[key]) for key in ("f107", "f107a", "ap"))
    except KeyError as error:
        raise DataError(f"{path}: found no {error.args[0]}", advice="add the key to the card") from error
    except (ValueError, TypeError, UnitError) as error:
        raise DataError(f"{path}: found a value that cannot be read ({error})", advice="correct the card") from error
    version = str(card.get("version", "00"))
    if version not in _VERSIONS or not abs(latitude) <= 90 or min(flux, mean) <= 0 or index < 0:
        raise DataError(
            f"{path}: found version {version}, latitude {latitude:g} deg, f107 {flux:g}, f107a {mean:g}, ap {index:g}; "
            f"expected a version of {', '.join(_VERSIONS)}, a latitude up to 90 deg, positive fluxes and ap >= 0",
            advice="correct the card",
        )
    return date, (latitude, longitude), (flux, mean, index), version
