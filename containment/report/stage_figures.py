"""Pictures of single stages: histories and fields of the section, each from the data of its StageResult."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from containment.report import impact_figures
from containment.report.style import COLOURS, REGIONS, new, styled
from containment.units import convert

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from containment.result import StageResult


@styled()  # type: ignore[untyped-decorator]
def figures(result: StageResult) -> dict[str, Figure]:
    """Every figure of a stage by name; a stage that lacks the data of a figure simply has no such figure."""
    makers: dict[str, tuple[Callable[[xr.Dataset], Figure], tuple[str, ...]]] = {
        "mesh": (_mesh, ("points", "triangles")),
        "entry": (_entry, ("altitude", "speed", "deceleration", "convective_flux")),
        "heatshield": (_heatshield, ("wall_temperature", "recession")),
        "soak": (_soak, ("scv_seal_temperature",)),
        "soak-section": (_soak_section, ("temperature_snapshot", "triangle")),
        "damage": (_damage, ("bondline_middle", "temperature_hottest")),
        "sterilisation": (_sterilisation, ("seam_temperature",)),
        "sterilisation-section": (_soak_section, ("temperature_snapshot", "triangle")),
        "stress-section": (_stress_section, ("von_mises", "triangle")),
        "landing": (_landing, ("os_acceleration",)),
        "impact": (impact_figures.histories, ("chain_os_acceleration",)),
        "impact-film": (impact_figures.film, ("film_points",)),
    }
    return {
        name: make(result.data)
        for name, (make, variables) in makers.items()
        if name.split("-")[0] == result.stage and all(v in result.data for v in variables)
    }


def _mesh(data: xr.Dataset) -> Figure:
    figure, (axes,) = new(height=4.0)
    names = {int(v): k for k, v in data.attrs.items() if str(k).startswith("region:")}
    points, triangles, region = (data[name].to_numpy() for name in ("points", "triangles", "region"))
    for i, number in enumerate(sorted(set(region.tolist()))):
        name = names.get(number, str(number)).removeprefix("region:")
        _patches(axes, points[:, 0], points[:, 1], triangles[region == number], REGIONS.get(name, COLOURS[i % 8]), name)
    _section_axes(axes)
    axes.legend(loc="lower right", ncols=2)
    return figure


def _patches(axes: Axes, r: np.ndarray, z: np.ndarray, triangles: np.ndarray, colour: str, label: str) -> None:
    from matplotlib.collections import PolyCollection

    corners = np.stack([r[triangles], z[triangles]], axis=-1)
    axes.add_collection(PolyCollection(list(corners), facecolors=colour, edgecolors="#444444", lw=0.15, label=label))


def _section_axes(axes: Axes) -> None:
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.grid(False)
    axes.set_xlabel("radius, m")
    axes.set_ylabel("distance from nose, m")
    axes.invert_yaxis()


def _entry(data: xr.Dataset) -> Figure:
    figure, axes = new(2, 2)
    t = data["time"].to_numpy()
    hot = t <= t[np.argmax(data["deceleration"].to_numpy())] * 3
    axes[0].plot(data["speed"] / 1e3, data["altitude"] / 1e3)
    axes[0].set(xlabel="speed, km/s", ylabel="altitude, km", title="trajectory")
    axes[1].plot(t, data["altitude"] / 1e3)
    axes[1].set(xlabel="time from entry interface, s", ylabel="altitude, km", title="descent")
    axes[2].plot(t[hot], data["deceleration"].to_numpy()[hot] / 9.80665)
    axes[2].set(xlabel="time, s", ylabel="deceleration, g", title="deceleration")
    axes[3].plot(t[hot], data["convective_flux"].to_numpy()[hot] / 1e4, label="convective (cold wall)")
    if "radiative_flux" in data:
        axes[3].plot(t[hot], data["radiative_flux"].to_numpy()[hot] / 1e4, label="radiative")
    axes[3].set(xlabel="time, s", ylabel="W/cm²", title="stagnation heating")
    axes[3].legend()
    return figure


def _heatshield(data: xr.Dataset) -> Figure:
    figure, axes = new(3)
    t = data["time"].to_numpy()
    for i, station in enumerate(data["station"].to_numpy()):
        one = data.sel(station=station)
        colour = COLOURS[i]
        axes[0].plot(t, one["wall_temperature"] - 273.15, color=colour, label=str(station))
        axes[1].plot(t, one["recession"] * 1e3, color=colour)
        if "bondline_temperature" in one:
            axes[2].plot(t, one["bondline_temperature"] - 273.15, color=colour)
    axes[0].set(xlabel="time, s", ylabel="°C", title="wall")
    axes[1].set(xlabel="time, s", ylabel="mm", title="recession")
    axes[2].set(xlabel="time, s", ylabel="°C", title="bondline")
    axes[0].legend()
    return figure


def _soak(data: xr.Dataset) -> Figure:
    figure, axes = new(2, height=2.8)
    names = {
        "bondline_temperature": "bondline (hottest)", "scv_seal_temperature": "SCV seal",
        "pcv_seal_temperature": "PCV seal", "tubes_temperature": "sample tubes (hottest)",
    }  # fmt: skip
    minutes = data["time"].to_numpy() / 60
    for axis, shown in zip(axes, (names, {k: v for k, v in names.items() if "bond" not in k}), strict=True):
        for variable, label in shown.items():
            if variable in data:
                colour = COLOURS[list(names).index(variable)]
                axis.plot(minutes, data[variable] - 273.15, label=label, color=colour)
        axis.set(xlabel="time from entry interface, min", ylabel="°C")
        axis.legend()
    axes[0].set_title("from entry to recovery")
    axes[1].set_title("seals and samples")
    return figure


def _sterilisation(data: xr.Dataset) -> Figure:
    figure, axes = new(3)
    t = data["time"].to_numpy()
    short = t <= 6.0 * float(data["snapshot_time"][0])  # the seam is cold again; the samples take hours
    axes[0].plot(t[short], data["seam_temperature"].to_numpy()[short] - 273.15)
    axes[0].set(xlabel="time, s", ylabel="°C", title="coldest point of the seam")
    laws = [str(name) for name in data.data_vars if str(name).endswith("_lethality")]
    for i, name in enumerate(laws):
        label = name.removesuffix("_lethality")
        axes[1].plot(t[short], data[name].to_numpy()[short], color=COLOURS[i], label=label)
    axes[1].set(xlabel="time, s", ylabel="units of each law", title="kill at the seam")
    axes[1].legend()
    for i, name in enumerate(("container", "tubes")):
        axes[2].plot(t / 60, data[f"{name}_temperature"] - 273.15, color=COLOURS[i], label=f"{name} (hottest)")
    axes[2].set(xlabel="time, min", ylabel="°C", title="samples")
    axes[2].set_xscale("symlog", linthresh=1.0)
    axes[2].legend()
    return figure


def _damage(data: xr.Dataset) -> Figure:
    figure, axes = new(3)
    t = data["time"].to_numpy()
    for i, where in enumerate(("middle", "sound")):
        label = "under the crater" if where == "middle" else "sound shield"
        axes[0].plot(t, 1e3 * data[f"recession_{where}"].to_numpy(), color=COLOURS[i], label=label)
        axes[1].plot(t, data[f"bondline_{where}"].to_numpy() - 273.15, color=COLOURS[i], label=label)
    axes[0].set(xlabel="time, s", ylabel="mm", title="surface below the original")
    axes[1].set(xlabel="time, s", ylabel="°C", title="bond line")
    axes[0].legend()
    found = data["temperature_hottest"]
    r, z = (1e3 * data[name].to_numpy() for name in ("node_r", "node_z"))
    picture = axes[2].pcolormesh(r, z, found.to_numpy() - 273.15, cmap="inferno", shading="gouraud", rasterized=True)
    axes[2].set(xlabel="mm from the middle", ylabel="depth, mm", aspect="equal")
    axes[2].set_title(str(found.attrs["long_name"]).split(",")[0].removeprefix("temperature "), fontsize="small")
    axes[2].invert_yaxis()
    figure.colorbar(picture, ax=axes[2], orientation="horizontal", label="°C")
    return figure


def _soak_section(data: xr.Dataset) -> Figure:
    times = data["snapshot_time"].to_numpy()
    chosen = np.unique(np.linspace(0, times.size - 1, min(3, times.size)).astype(int))
    figure, axes = new(len(chosen), height=2.9)
    values = data["temperature_snapshot"].to_numpy()
    for axis, index in zip(axes, chosen, strict=True):
        picture = _field(axis, data, values[index] - 273.15, "inferno")
        since = str(data["time"].attrs["long_name"]).removeprefix("time ")
        axis.set_title(f"{convert(float(times[index]), 's', 'min'):.3g} min {since}", fontsize="small")
        figure.colorbar(picture, ax=axis, orientation="horizontal", label="°C", shrink=0.9)
    return figure


def _stress_section(data: xr.Dataset) -> Figure:
    figure, axes = new(2, height=3.2)
    stress = data["von_mises"].to_numpy() / 1e6
    for axis, title in zip(axes, ("whole section", "vessels"), strict=True):
        high = float(np.quantile(stress, 0.995))
        picture = _field(axis, data, stress, "viridis", vmin=0.0, vmax=high)
        axis.set_title(f"{title}: von Mises stress")
        figure.colorbar(picture, ax=axis, orientation="horizontal", label="MPa (scale ends at the 99.5 % quantile)")
    radius = 0.2
    centre = float(np.mean(data["node_z"].to_numpy()[data["node_r"].to_numpy() < 0.05]))
    axes[1].set_xlim(0, radius)
    axes[1].set_ylim(centre + radius, centre - radius)
    return figure


def _field(axes: Axes, data: xr.Dataset, values: np.ndarray, colours: str, **limits: float):  # type: ignore[no-untyped-def]
    from matplotlib.tri import Triangulation

    r, z = data["node_r"].to_numpy(), data["node_z"].to_numpy()
    mesh = Triangulation(r, z, data["triangle"].to_numpy())
    if values.size == r.size:
        picture = axes.tripcolor(mesh, values, shading="gouraud", cmap=colours, rasterized=True, **limits)
    else:
        picture = axes.tripcolor(mesh, facecolors=values, cmap=colours, rasterized=True, **limits)
    _section_axes(axes)
    return picture


def _landing(data: xr.Dataset) -> Figure:
    figure, axes = new(2, height=2.8)
    for i, branch in enumerate(data["branch"].to_numpy()):
        one = data.sel(branch=branch)
        milliseconds = (one["time"] * 1e3).to_numpy()
        keep = np.isfinite(one["os_acceleration"].to_numpy())
        axes[0].plot(
            milliseconds[keep], one["os_acceleration"].to_numpy()[keep] / 9.80665, color=COLOURS[i], label=str(branch)
        )
        if "penetration" in one:
            axes[1].plot(milliseconds[keep], one["penetration"].to_numpy()[keep] * 1e3, color=COLOURS[i])
    axes[0].set(xlabel="time from contact, ms", ylabel="g", title="sample container, filtered deceleration")
    axes[1].set(xlabel="time from contact, ms", ylabel="mm", title="penetration into the ground")
    axes[0].legend()
    return figure
