"""Results of the 1-D heat shield as the labelled histories other rooms read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from containment.thermal.history import History
from containment.thermal.stack import Stack, graded

if TYPE_CHECKING:
    import xarray as xr

POINTS = 61  # of the temperature profile, finest at the wall
GRADING = 20.0
INTERVAL = 1.0  # s between rows
_PROFILE, _HISTORY, _ABLATOR = ("station", "time", "depth_fraction"), ("station", "time"), ("station", "layer_point")
_VARIABLES = {
    "time_intact": (("station",), "s", "when the shield was lost; the end where it never was"),
    "wall_temperature": (_HISTORY, "K", "temperature of the heated wall"),
    "bondline_temperature": (_HISTORY, "K", "temperature behind the ablator"),
    "recession": (_HISTORY, "m", "depth of the surface below the original one, as computed"),
    "pyrolysis_flux": (_HISTORY, "kg/m^2/s", "pyrolysis gas through the wall"),
    "char_flux": (_HISTORY, "kg/m^2/s", "char removed at the wall"),
    "temperature": (_PROFILE, "K", "temperature through the stack"),
    "depth": (_PROFILE, "m", "depth from the original surface"),
    "char_fraction": (_ABLATOR, "1", "charred part of the ablator at the end"),
    "char_depth": (_ABLATOR, "m", "depth from the original surface of char_fraction"),
}


def dataset(stack: Stack, names: list[str], histories: list[History], start: float, end: float) -> xr.Dataset:
    """Histories every second and temperature profiles from the surface of the moment to the back of the stack.

    After the loss of a station's shield its last values are held; `time_intact` tells when that was.

    attrs: thickness of the ablator and of the whole stack as built, m.
    """
    import xarray as xr

    time = np.unique(np.concatenate([np.arange(start, end, INTERVAL), [end]]))
    fraction = np.concatenate([[0.0], np.cumsum(graded(1.0, POINTS - 1, GRADING))])
    fraction[-1] = 1.0  # the sum of the parts is 1 to rounding only
    columns: dict[str, list[Any]] = {name: [] for name in _VARIABLES}
    for h in histories:
        for name, values in _station(stack, h, time, fraction).items():
            columns[name].append(values)
    variables = {
        name: (dims, np.array(columns[name]), {"units": unit, "long_name": text})
        for name, (dims, unit, text) in _VARIABLES.items()
    }
    coordinates = {
        "station": names,
        "time": ("time", time, {"units": "s", "long_name": "time from the entry interface"}),
        "depth_fraction": (
            "depth_fraction", fraction, {"units": "1", "long_name": "from the surface of the moment to the back"},
        ),
    }  # fmt: skip
    attributes = {"thickness": stack.grid.ablator_depth, "stack_thickness": float(stack.grid.depth[-1])}
    return xr.Dataset(variables, coordinates, attrs=attributes)


def _station(stack: Stack, h: History, time: np.ndarray, fraction: np.ndarray) -> dict[str, Any]:
    bond = stack.layers[0].cells
    histories = {
        "wall_temperature": h.temperature[:, 0], "bondline_temperature": h.temperature[:, bond],
        "recession": h.recession, "pyrolysis_flux": h.gas_flux, "char_flux": h.char_flux,
    }  # fmt: skip
    found: dict[str, Any] = {name: np.interp(time, h.time, values) for name, values in histories.items()}
    nodes, place = (
        np.array([np.interp(time, h.time, column) for column in table.T]).T for table in (h.temperature, h.depth)
    )
    surface = found["recession"][:, None]
    found["depth"] = surface + fraction * (stack.grid.depth[-1] - surface)
    found["temperature"] = np.array([np.interp(d, x, t) for d, x, t in zip(found["depth"], place, nodes, strict=True)])
    virgin, char = stack.tables.virgin_density[0], stack.tables.char_density[0]
    solid = h.density[: bond + 1]
    found["char_fraction"] = (virgin - solid) / (virgin - char) if virgin > char else np.zeros(bond + 1)
    found["char_depth"] = h.depth[-1, : bond + 1]
    found["time_intact"] = h.time[-1]
    return found
