"""Pictures of the explicit impact: film strip of the deformed section, deceleration beside the chain's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from containment.report.style import COLOURS, new

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_SHARP = 170  # dots per inch of the sections, which are drawn as pixels
_LEAST_STRAIN, _MOST_STRAIN, _MOST_CRUSH = 1e-3, 0.3, 0.8


def histories(data: xr.Dataset) -> Figure:
    """Filtered deceleration of the container by both models, and the traction of the seams."""
    figure, axes = new(2, height=2.8)
    milliseconds = 1e3 * data["time"].to_numpy()
    for i, branch in enumerate(data["branch"].to_numpy()):
        one = data.sel(branch=branch)
        axes[0].plot(
            milliseconds, one["os_acceleration"] / 9.80665, color=COLOURS[i], label=f"{branch}, finite elements"
        )
        axes[0].plot(
            milliseconds, one["chain_os_acceleration"] / 9.80665, color=COLOURS[i], ls="--", label=f"{branch}, chain"
        )
        for vessel, style in zip(data["vessel"].to_numpy(), ("-", ":"), strict=True):
            axes[1].plot(
                milliseconds, one["seam_traction"].sel(vessel=vessel) / 1e6, color=COLOURS[i], ls=style,
                label=f"{branch}, {vessel}",
            )  # fmt: skip
    axes[0].set(xlabel="time from contact, ms", ylabel="g", title="sample container, filtered deceleration")
    axes[1].set(xlabel="time from contact, ms", ylabel="MPa", title="largest normal traction of the seams")
    for axis in axes:
        axis.legend()
    return figure


def film(data: xr.Dataset) -> Figure:
    """Frames of each branch in rows, the section mirrored at the axis."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    frames, branches = data.sizes["frame"], data["branch"].to_numpy()
    rows = int(np.ceil(frames / _COLUMNS))
    figure, axes = new(_COLUMNS, rows * len(branches), height=1.75)
    figure.set_dpi(_SHARP)
    below = colormaps["viridis_r"].with_extremes(under="#d9dee4")
    strain = ScalarMappable(LogNorm(_LEAST_STRAIN, _MOST_STRAIN), below)
    crush = ScalarMappable(Normalize(0.0, _MOST_CRUSH), "YlOrBr")
    for i, branch in enumerate(branches):
        for k in range(rows * _COLUMNS):
            axis = axes[i * rows * _COLUMNS + k]
            if k < frames:
                _frame(axis, data.sel(branch=branch).isel(frame=k), strain, crush)
                axis.set_title(f"{branch}, {1e3 * float(data['film_time'].sel(branch=branch)[k]):.2f} ms")
            axis.set_axis_off()
    for shown, label, extend in (
        (crush, "absorber: volume lost", "neither"), (strain, "other parts: plastic strain (grey: below 0.001)", "min"),
    ):  # fmt: skip
        figure.colorbar(shown, ax=axes, label=label, extend=extend, orientation="horizontal", shrink=0.4, aspect=30)
    return figure


def _frame(axis: Axes, one: xr.Dataset, strain, crush) -> None:  # type: ignore[no-untyped-def]
    """One frame: ground, then the cells of both halves."""
    from matplotlib.collections import PolyCollection

    points, quads = one["film_points"].to_numpy(), one["quad"].to_numpy()
    foam = one["cell_part"].to_numpy() == str(one["cell_part"].attrs["parts"]).split(",").index("absorber")
    colours = np.where(
        foam[:, None], crush.to_rgba(one["film_crush"]), strain.to_rgba(np.maximum(one["film_strain"], 1e-9))
    )
    radius, floor = one["film_radius"].to_numpy(), one["film_ground"].to_numpy()
    around, low = np.concatenate([-radius[::-1], radius]), -0.32
    surface = np.concatenate([floor[::-1], floor])
    axis.fill_between(around, low, surface, color="#cbb592", lw=0, rasterized=True)
    axis.plot(around, surface, color="#6b4f3a", lw=0.8, rasterized=True)
    for side in (1.0, -1.0):
        corners = points[quads] * [side, 1.0]
        axis.add_collection(
            PolyCollection(list(corners), facecolors=colours, edgecolors="face", lw=0.1, rasterized=True)
        )
    axis.set(xlim=(-0.72, 0.72), ylim=(low, 0.52), aspect="equal")
