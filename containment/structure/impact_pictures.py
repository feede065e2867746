"""Pictures of an explicit impact: frames for the film strip of the report, and files for ParaView."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from containment.structure.explicit import Body, Run
from containment.structure.explicit_capsule import ABSORBER
from containment.structure.explicit_nest import NestedCapsule

Floats = NDArray[np.float64]

_FRAMES = 8  # of the film strip
_SHOWN = 60  # most times in a file for ParaView
_CRATER = 200  # points of the ground's surface
_WIDTH = 1.2  # of the capsule's radius


def crush(body: Body, points: Floats) -> Floats:
    """(e,) part of its volume each absorber cell has lost; 0 elsewhere."""
    moved = 2.0 * np.pi * points[body.cells, 0].mean(axis=1) * _areas(points, body)
    return np.where(body.kind == ABSORBER, 1.0 - moved / body.weights(), 0.0)


def _areas(points: Floats, body: Body) -> Floats:
    a, b, c, d = (points[body.cells[:, i]] for i in range(4))
    p, q = a - c, b - d
    return np.asarray(0.5 * (p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]))


def film(made: NestedCapsule, runs: Mapping[str, Run], rocks: Mapping[str, float]) -> xr.Dataset:
    """Eight frames of each run: points, plastic strain of metal, crush of the absorber, surface of the ground.

    `rocks`: radius (m) of the round rock under the nose of those runs that strike one.
    """
    body = made.body
    radius = np.linspace(0.0, _WIDTH * float(body.points[:, 0].max()), _CRATER)
    found: dict[str, list[Floats]] = {"time": [], "points": [], "strain": [], "crush": [], "ground": []}
    for name, run in runs.items():
        picks = np.linspace(0, len(run.frames) - 1, _FRAMES).round().astype(int)
        if name in rocks:
            floor = np.tile(_rock(rocks[name], radius), (len(run.frames), 1))
        else:
            floor = np.minimum.accumulate([_reach(made, frame, radius) for frame in run.frames])
        found["time"].append(run.frame_times[picks])
        found["points"].append(run.frames[picks])
        found["strain"].append(np.where(body.kind == ABSORBER, 0.0, run.frame_strain[picks]))
        found["crush"].append(np.array([crush(body, run.frames[i]) for i in picks]))
        found["ground"].append(floor[picks])
    dims = {
        "time": ("branch", "frame"), "points": ("branch", "frame", "node", "axis"),
        "strain": ("branch", "frame", "cell"), "crush": ("branch", "frame", "cell"),
        "ground": ("branch", "frame", "ground_point"),
    }  # fmt: skip
    words = {
        "time": ("s", "time of frame"), "points": ("m", "radius and height of node above the ground"),
        "strain": ("1", "equivalent plastic strain"), "crush": ("1", "volume lost by the absorber"),
        "ground": ("m", "height of the ground's surface"),
    }  # fmt: skip
    data = xr.Dataset(
        {
            f"film_{key}": (dims[key], np.array(values), {"units": words[key][0], "long_name": words[key][1]})
            for key, values in found.items()
        },
        coords={"branch": list(runs)},
    )
    data["film_radius"] = ("ground_point", radius, {"units": "m", "long_name": "radius of point of the ground"})
    data["quad"] = (("cell", "corner"), body.cells, {"units": "1", "long_name": "nodes of cell"})
    data["cell_part"] = (
        "cell",
        body.kind,
        {"units": "1", "long_name": "number of part", "parts": ",".join(made.kinds)},
    )
    return data


def _reach(made: NestedCapsule, points: Floats, radius: Floats) -> Floats:
    """Height of the capsule's outer surface over each radius, at most the undisturbed ground."""
    nose = points[made.ground.nodes]
    order = np.argsort(nose[:, 0])
    return np.asarray(np.minimum(np.interp(radius, nose[order, 0], nose[order, 1], right=0.0), 0.0))


def _rock(size: float, radius: Floats) -> Floats:
    """Height of a sphere of radius `size` with its top at 0; nothing beside it bears, so none is drawn."""
    return np.where(radius < size, np.sqrt(np.maximum(size**2 - radius**2, 0.0)) - size, np.nan)


def write(path: Path, made: NestedCapsule, run: Run) -> None:
    """The run as a time series that ParaView opens."""
    from containment import fem

    body = made.body
    with fem.MotionFile(path, body.cells) as file:
        for i in np.unique(np.linspace(0, len(run.frames) - 1, _SHOWN).round().astype(int)):
            fields = {
                "plastic_strain": np.where(body.kind == ABSORBER, 0.0, run.frame_strain[i]),
                "crush": crush(body, run.frames[i]), "part": body.kind.astype(np.float64),
            }  # fmt: skip
            file.write(run.frames[i], fields, float(run.frame_times[i]))
