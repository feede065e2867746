"""The entry stage: one sample of vehicle, interface and air -> histories, station factors, named responses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from containment.case.entry import Vehicle
from containment.case.fidelity import Fidelity
from containment.case.schema import Case
from containment.entry import branches, distribution, fay_riddell, heating, observe, setup
from containment.entry.distribution import SphereCone
from containment.entry.trajectory import Trajectory
from containment.result import Check, Response, StageResult

if TYPE_CHECKING:
    import xarray as xr


Array = NDArray[np.float64]

RUNG = 1
OUTPUT_STEP = 0.25  # s; 1/40 of the width of the heating pulse
BODY_POINTS = 61
HYPERSONIC = 5.0  # Mach number below which the hypersonic distributions are not asked for
# name in the data set -> column, unit, long name
HISTORIES: dict[str, tuple[int, str, str]] = {
    "altitude": (observe.ALTITUDE, "m", "altitude above the ellipsoid"),
    "speed": (observe.SPEED, "m/s", "speed relative to the Earth"),
    "airspeed": (observe.AIRSPEED, "m/s", "speed relative to the air"),
    "mach": (observe.MACH, "", "Mach number"),
    "density": (observe.DENSITY, "kg/m^3", "density of the air"),
    "temperature_inf": (observe.AIR_TEMPERATURE, "K", "temperature of the air"),
    "static_pressure": (observe.PRESSURE, "Pa", "pressure of the air"),
    "dynamic_pressure": (observe.DYNAMIC_PRESSURE, "Pa", "dynamic pressure"),
    "stagnation_pressure": (observe.STAGNATION_PRESSURE, "Pa", "pressure at the stagnation point"),
    "deceleration": (observe.DECELERATION, "m/s^2", "deceleration by drag"),
    "convective_flux": (observe.CONVECTIVE, "W/m^2", "convective flux to a 300 K wall at the stagnation point"),
    "radiative_flux": (observe.RADIATIVE, "W/m^2", "radiative flux at the stagnation point"),
    "recovery_enthalpy": (observe.RECOVERY_ENTHALPY, "J/kg", "recovery enthalpy above air at 298.15 K"),
    "film_coefficient": (observe.FILM, "kg/m^2/s", "unblown film coefficient rho_e u_e C_H at the stagnation point"),
    "radiation_in_range": (
        observe.RADIATION_VALID,
        "",
        "1 where speed, density and radius lie in the range of Tauber-Sutton",
    ),
}


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Fly the sample of `case`; see the module and `containment.result.StageResult`."""
    vehicle, entry = setup.sections(case)
    flight = setup.fly(vehicle, entry)
    coarse = setup.fly(vehicle, entry, tolerance=1e-7)
    data = _data(case, vehicle, flight)
    change = np.abs(coarse.summary[_CONVERGED] / flight.summary[_CONVERGED] - 1.0).max()
    off_nominal, lost = branches.responses(vehicle, entry)
    return StageResult(
        "entry",
        {**_responses(flight), **off_nominal},
        data,
        # 100 times the tolerance may move no response by more than 1e-4, far below what any input does
        checks={"trajectory_convergence": Check.at_most(float(change), 1e-4)},
        notes=(*_notes(vehicle, flight), *lost),
    )


_CONVERGED = [
    observe.DECELERATION,
    observe.TOTAL_FLUX,
    observe.CONVECTIVE_LOAD,
    observe.DURATION,
    observe.LANDING_SPEED,
]


def _responses(flight: Trajectory) -> dict[str, Response]:
    s = flight.summary
    values = {
        "peak_deceleration": (s[observe.DECELERATION], "m/s^2"),
        "peak_heat_flux": (s[observe.TOTAL_FLUX], "W/m^2"),
        "peak_convective_flux": (s[observe.CONVECTIVE], "W/m^2"),
        "peak_radiative_flux": (s[observe.RADIATIVE], "W/m^2"),
        "heat_load": (s[observe.CONVECTIVE_LOAD] + s[observe.RADIATIVE_LOAD], "J/m^2"),
        "convective_load": (s[observe.CONVECTIVE_LOAD], "J/m^2"),
        "radiative_load": (s[observe.RADIATIVE_LOAD], "J/m^2"),
        "radiative_load_in_range": (s[observe.RADIATIVE_LOAD_VALID], "J/m^2"),
        "peak_stagnation_pressure": (s[observe.STAGNATION_PRESSURE], "Pa"),
        "peak_dynamic_pressure": (s[observe.DYNAMIC_PRESSURE], "Pa"),
        "landing_speed": (s[observe.LANDING_SPEED], "m/s"),
        "landing_vertical_speed": (s[observe.LANDING_VERTICAL_SPEED], "m/s"),
        "duration": (s[observe.DURATION], "s"),
        "landing_latitude": (s[observe.LANDING_LATITUDE], "rad"),
        "landing_longitude": (s[observe.LANDING_LONGITUDE], "rad"),
        "time_of_peak_deceleration": (s[observe.PEAKS + observe.DECELERATION], "s"),
        "time_of_peak_heat_flux": (s[observe.PEAKS + observe.TOTAL_FLUX], "s"),
    }
    return {f"entry.{name}": Response(float(value), unit, RUNG) for name, (value, unit) in values.items()}


def _notes(vehicle: Vehicle, flight: Trajectory) -> list[str]:
    s = flight.summary
    notes = []
    load, valid = s[observe.RADIATIVE_LOAD], s[observe.RADIATIVE_LOAD_VALID]
    if load > 0 and valid < 0.99 * load:
        share = s[observe.RADIATIVE_LOAD] / (s[observe.CONVECTIVE_LOAD] + load)
        notes.append(
            f"Radiative heating: {100 * (1 - valid / load):.0f} % of the radiative load ({100 * share:.0f} % of the "
            "total) is collected outside the range of Tauber-Sutton (10 to 16 km/s, 6.66e-5 to 6.31e-4 kg/m^3,"
            " nose radius 0.3 to 3 m)."
        )
    peak = flight.observed(s[[observe.PEAKS + observe.CONVECTIVE]])[0]
    name = {"sutton-graves": "Sutton-Graves", "fay-riddell": "Fay-Riddell"}[vehicle.convection]
    if vehicle.convection == "fay-riddell" and peak[observe.SPEED] > fay_riddell.FASTEST:
        name += f" (extrapolated: the peak is at {peak[observe.SPEED]:.0f} m/s, its authors computed to 7000 m/s)"
    reynolds = peak[observe.DENSITY] * peak[observe.SPEED] * vehicle.diameter.value
    reynolds /= float(fay_riddell.viscosity(peak[observe.AIR_TEMPERATURE]))
    notes.append(
        f"Convective heating: {name} at the stagnation point, Lees on the flank; published spread at 11 to 12.5 km/s "
        f"is 30 %. Reynolds number on the diameter at the peak: {reynolds:.2g} (laminar unless turbulent_factor says "
        "otherwise)."
    )
    start = float(flight.observed(np.zeros(1))[0, observe.MACH])
    if start > vehicle.drag.mach[-1]:
        notes.append(
            f"Drag above Mach {vehicle.drag.mach[-1]:g} is the last value of the table (entry at Mach {start:.0f})."
        )
    return notes


def output_times(flight: Trajectory) -> Array:
    """Every 0.25 s from the interface, and the landing."""
    return np.append(np.arange(0.0, flight.duration - 1e-6, OUTPUT_STEP), flight.duration)


def _data(case: Case, vehicle: Vehicle, flight: Trajectory) -> xr.Dataset:
    import xarray as xr

    times = output_times(flight)
    states = flight.states(times)
    rows = observe.history(states, flight.planet, flight.air, flight.body, flight.heat)
    variables: dict[str, Any] = {
        name: ("time", rows[:, column], {"units": unit, "long_name": words})
        for name, (column, unit, words) in HISTORIES.items()
    }
    for name, values, words in zip(
        ("flight_path_angle", "latitude", "longitude"), place_and_angle(states, flight), 
        ("angle of the relative velocity above the horizontal", "geodetic latitude", "longitude"), strict=True,
    ):  # fmt: skip
        variables[name] = ("time", values, {"units": "rad", "long_name": words})
    clock = {"time": ("time", times, {"units": "s", "long_name": "time from the entry interface"})}
    stations, coordinates, mach = _stations(case, vehicle, flight)
    attrs = {"mach_of_distribution": mach, "cold_wall_temperature": heating.COLD_WALL}
    return xr.Dataset(variables | stations, coords=clock | coordinates, attrs=attrs)


def place_and_angle(states: Array, flight: Trajectory) -> tuple[Array, Array, Array]:
    """Flight-path angle of the relative velocity against the geodetic horizontal, geodetic latitude, longitude; rad."""
    from containment.entry.kernel import geodetic

    sines = np.array([geodetic(x, y, z, flight.planet)[1:] for x, y, z in states[:, :3]])
    longitude = np.arctan2(states[:, 1], states[:, 0])
    up = np.stack([sines[:, 1] * np.cos(longitude), sines[:, 1] * np.sin(longitude), sines[:, 0]], axis=1)
    rise = np.sum(up * states[:, 3:], axis=1) / np.linalg.norm(states[:, 3:], axis=1)
    return np.arcsin(np.clip(rise, -1, 1)), np.arctan2(sines[:, 0], sines[:, 1]), longitude


def _stations(
    case: Case, vehicle: Vehicle, flight: Trajectory
) -> tuple[dict[str, Any], dict[str, Any], float]:  # fmt: skip
    """Distribution along the body at the Mach number of peak heating, densely and at the heat-shield stations:
    variables, coordinates, and that Mach number."""
    shape = SphereCone(vehicle.nose_radius.value, vehicle.diameter.value / 2, vehicle.cone_half_angle.value)
    at_peak = flight.observed(np.array([flight.summary[observe.PEAKS + observe.TOTAL_FLUX]]))[0]
    mach = max(float(at_peak[observe.MACH]), HYPERSONIC)
    flank, shoulder = vehicle.flank_factor.value * vehicle.turbulent_factor.value, vehicle.shoulder_factor.value
    shield = getattr(case, "heatshield", None)
    stations = {name: float(station.arc_fraction) for name, station in shield.stations.items()} if shield else {}
    stations = stations or {"stagnation": 0.0}
    places = {
        "body": np.linspace(0.0, shape.length, BODY_POINTS),
        "station": shape.length * np.array(list(stations.values())),
    }
    variables: dict[str, Any] = {}
    for dim, arc in places.items():
        prefix = "body_" if dim == "body" else ""
        convective = distribution.convective_ratio(shape, arc, mach, flank, shoulder)
        radiative = distribution.radiative_ratio(shape, arc, mach)
        for name, values, unit, words in (
            ("s" if prefix else "arc_length", arc, "m", "arc length from the stagnation point"),
            ("radius", shape.radius(arc), "m", "distance from the axis"),
            ("flux_factor", convective, "", "convective over stagnation heating"),
            ("radiative_factor", radiative, "", "radiative over stagnation heating"),
            ("pressure_factor", distribution.pressure_ratio(shape, arc, mach), "", "pressure over stagnation"),
        ):  # fmt: skip
            variables[prefix + name] = (dim, values, {"units": unit, "long_name": words})
    return variables, {"station": ("station", list(stations))}, mach
