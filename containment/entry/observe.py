# mypy: disable-error-code="untyped-decorator,no-any-return"
"""What a flown trajectory shows, compiled: histories at given times, and peaks and loads of a whole flight.

After a change in kernel.py or heating.py delete numba's cache of this file (`rm containment/entry/__pycache__/*.nb*`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.entry import heating, kernel
from containment.entry.kernel import Air, Body, Control, Planet

Array = NDArray[np.float64]

# Columns of an observation
(
    DECELERATION, DYNAMIC_PRESSURE, STAGNATION_PRESSURE, CONVECTIVE, RADIATIVE, TOTAL_FLUX, ALTITUDE, SPEED, AIRSPEED,
    MACH, DENSITY, AIR_TEMPERATURE, PRESSURE, RECOVERY_ENTHALPY, FILM, RADIATION_VALID,
) = range(16)  # fmt: skip
COLUMNS = 16
SUPERSONIC = 3.0  # Mach number down to which a peak of the stagnation pressure is sought
PEAKS = 6  # the first columns are those a peak is sought of
# Summary of a flight: 6 peaks, 6 times of peaks, then
(
    CONVECTIVE_LOAD, RADIATIVE_LOAD, RADIATIVE_LOAD_VALID, DURATION, LANDING_SPEED, LANDING_VERTICAL_SPEED, 
    LANDING_LATITUDE, LANDING_LONGITUDE, LOWEST_ALTITUDE, OUTCOME,
) = range(12, 22)  # fmt: skip
SUMMARY = 22
MOST_STEPS = 4000  # of a flight of an ensemble, 30 times what one takes at its tolerance
_GAUSS = (0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15))  # three-point Gauss-Legendre on (0, 1)
_WEIGHT = (5 / 18, 8 / 18, 5 / 18)
QUIET = 250.0  # m/s, below which only step ends are looked at: heating is 1e-5 of the load, no peak is left
SCAN = 16  # parts of the bracket of a peak looked at before the golden section
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


class Heat(NamedTuple):
    """Nose radius m and the factors on convective and radiative heating."""

    nose_radius: float
    convective_factor: float
    radiative_factor: float


@njit(cache=True, nogil=True, error_model="numpy")
def observe(y: Array, planet: Planet, air: Air, body: Body, heat: Heat, out: Array) -> None:
    """Fill one row of observations of state y (columns above, SI)."""
    altitude, sin_lat, cos_lat = kernel.geodetic(y[0], y[1], y[2], planet)
    density, sound, interval = kernel.density_and_sound(altitude, air)
    wx, wy, wz = kernel.air_velocity(y, altitude, sin_lat, cos_lat, interval, air)
    w = math.sqrt(wx * wx + wy * wy + wz * wz)
    mach = w / sound if density > 0.0 else 0.0
    temperature = kernel.air_value(altitude, interval, kernel.TEMPERATURE, air) if interval >= 0 else 0.0
    # A denser sample of the same temperature has a pressure higher by the same factor.
    excess = kernel.perturbation(altitude, 0, air) if air.perturbed else 0.0
    pressure = (
        math.exp(kernel.air_value(altitude, interval, kernel.LN_PRESSURE, air) + excess) if density > 0.0 else 0.0
    )
    dynamic = 0.5 * density * w * w
    film = heat.convective_factor * heating.film_coefficient(density, w, heat.nose_radius)
    enthalpy = heating.recovery_enthalpy(temperature, w)
    convective = film * (enthalpy - heating.COLD_WALL_ENTHALPY)
    radiative = heat.radiative_factor * heating.radiative_flux(density, w, heat.nose_radius)
    out[DECELERATION] = dynamic * body.area * kernel.drag_coefficient(mach, body) / body.mass
    out[DYNAMIC_PRESSURE] = dynamic
    out[STAGNATION_PRESSURE] = heating.stagnation_pressure(pressure, dynamic, mach)
    out[CONVECTIVE], out[RADIATIVE], out[TOTAL_FLUX] = convective, radiative, convective + radiative
    out[ALTITUDE] = altitude
    out[SPEED] = math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
    out[AIRSPEED], out[MACH] = w, mach
    out[DENSITY], out[AIR_TEMPERATURE], out[PRESSURE] = density, temperature, pressure
    out[RECOVERY_ENTHALPY], out[FILM] = enthalpy, film
    out[RADIATION_VALID] = 1.0 if heating.radiation_is_valid(density, w, heat.nose_radius) else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def history(states: Array, planet: Planet, air: Air, body: Body, heat: Heat) -> Array:
    """Observations (n, 16) of states (n, 6)."""
    out = np.empty((states.shape[0], COLUMNS))
    for i in range(states.shape[0]):
        observe(states[i], planet, air, body, heat, out[i])
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def summarise(
    times: Array,
    dense: Array,
    steps: int,
    last_step: float,
    outcome: int,
    planet: Planet,
    air: Air,
    body: Body,
    heat: Heat,
    out: Array,
) -> None:
    """Peaks (golden section on the dense output), loads (Gauss in each step) and the landing of one flight."""
    y, row = np.empty(6), np.empty(COLUMNS)
    best = np.full(PEAKS, -1.0)
    place = np.zeros((PEAKS, 3))  # time before, at and after the best sample
    out[:] = 0.0
    out[LOWEST_ALTITUDE] = 1e30
    before = 0.0
    waiting = np.zeros(PEAKS, dtype=np.bool_)
    for i in range(steps):
        length = last_step if i == steps - 1 else times[i + 1] - times[i]
        flown = times[i + 1] - times[i]
        for j in range(3 if row[AIRSPEED] < QUIET and i > 0 else 0, 4):
            fraction = _GAUSS[j] * flown / length if j < 3 else flown / length
            now = times[i] + fraction * length
            kernel.inside(dense[i], fraction, y)
            observe(y, planet, air, body, heat, row)
            # Near the ground the air itself presses harder than a shallow entry ever did: that is not the peak sought.
            fast = row[MACH] > SUPERSONIC
            for p in range(PEAKS):
                if waiting[p]:
                    place[p, 2], waiting[p] = now, False
                if row[p] > best[p] and (fast or p != STAGNATION_PRESSURE):
                    best[p], place[p, 0], place[p, 1], place[p, 2], waiting[p] = row[p], before, now, now, True
            if j < 3:
                weight = _WEIGHT[j] * flown
                out[CONVECTIVE_LOAD] += weight * max(row[CONVECTIVE], 0.0)
                out[RADIATIVE_LOAD] += weight * row[RADIATIVE]
                out[RADIATIVE_LOAD_VALID] += weight * row[RADIATIVE] * row[RADIATION_VALID]
            before = now
            out[LOWEST_ALTITUDE] = min(out[LOWEST_ALTITUDE], row[ALTITUDE])
    for p in range(PEAKS):
        out[p], out[PEAKS + p] = _sharpen(p, place[p], times, dense, steps, last_step, planet, air, body, heat)
    kernel.inside(dense[steps - 1], (times[steps] - times[steps - 1]) / last_step, y)
    observe(y, planet, air, body, heat, row)
    _, sin_lat, cos_lat = kernel.geodetic(y[0], y[1], y[2], planet)
    p_xy = math.sqrt(y[0] * y[0] + y[1] * y[1])
    out[DURATION], out[LANDING_SPEED], out[OUTCOME] = times[steps], row[SPEED], outcome
    out[LANDING_VERTICAL_SPEED] = -(cos_lat * (y[0] * y[3] + y[1] * y[4]) / max(p_xy, 1e-9) + sin_lat * y[5])
    out[LANDING_LATITUDE] = math.atan2(sin_lat, cos_lat)
    out[LANDING_LONGITUDE] = math.atan2(y[1], y[0])


@njit(cache=True, nogil=True, error_model="numpy")
def _sharpen(
    column: int,
    place: Array,
    times: Array,
    dense: Array,
    steps: int,
    last_step: float,
    planet: Planet,
    air: Air,
    body: Body,
    heat: Heat,
) -> tuple[float, float]:
    """(value, time) of the maximum of one column between the neighbours of its best sample."""
    y, row = np.empty(6), np.empty(COLUMNS)
    margin = 0.5 * (place[2] - place[0])
    low, high = max(place[0] - margin, 0.0), min(place[2] + margin, times[steps])
    # The corners of the Tauber-Sutton table give the flux several summits: look first which is the highest.
    spacing = (high - low) / SCAN
    top, summit = -1.0, low
    for j in range(1, SCAN):
        value = _at(low + j * spacing, column, times, dense, steps, last_step, planet, air, body, heat, y, row)
        if value > top:
            top, summit = value, low + j * spacing
    low, high = max(summit - spacing, 0.0), min(summit + spacing, times[steps])
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left = _at(left, column, times, dense, steps, last_step, planet, air, body, heat, y, row)
    at_right = _at(right, column, times, dense, steps, last_step, planet, air, body, heat, y, row)
    for _ in range(40):
        if high - low < 2e-4:  # s; the value is then exact to the square of it over the width of the peak
            break
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = _at(left, column, times, dense, steps, last_step, planet, air, body, heat, y, row)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = _at(right, column, times, dense, steps, last_step, planet, air, body, heat, y, row)
    middle = 0.5 * (low + high)
    value = _at(middle, column, times, dense, steps, last_step, planet, air, body, heat, y, row)
    at_best = _at(place[1], column, times, dense, steps, last_step, planet, air, body, heat, y, row)
    return (value, middle) if value >= at_best else (at_best, place[1])


@njit(cache=True, nogil=True, error_model="numpy")
def _at(
    when: Array,
    column: int,
    times: Array,
    dense: Array,
    steps: int,
    last_step: float,
    planet: Planet,
    air: Air,
    body: Body,
    heat: Heat,
    y: Array,
    row: Array,
) -> float:
    i = min(max(int(np.searchsorted(times[: steps + 1], when)) - 1, 0), steps - 1)
    length = last_step if i == steps - 1 else times[i + 1] - times[i]
    kernel.inside(dense[i], (when - times[i]) / length, y)
    observe(y, planet, air, body, heat, row)
    return row[column]


@njit(cache=True, nogil=True, error_model="numpy")
def fly_many(
    starts: Array, factors: Array, grids: Array, spacing: float, planet: Planet, air: Air, body: Body, control: Control,
    out: Array,
) -> None:  # fmt: skip
    """Summaries (n, 22) of n flights, one after the other.

    starts (n, 6); factors (n, 6): mass, subsonic drag, hypersonic drag, nose radius, convective, radiative; grids
    (n, m, 3): perturbations of the air every `spacing` m, or (0, m, 3) for air as tabulated.
    """
    times, dense = np.empty(MOST_STEPS + 1), np.empty((MOST_STEPS, 5, 6))
    for i in range(starts.shape[0]):
        f = factors[i]
        flown = Body(f[0], body.area, body.mach, body.coefficients, f[1], f[2])
        if grids.shape[0] > 0:
            met = Air(
                air.nodes, air.first, air.bin_width, air.coefficients, air.windy, True, spacing, grids[i], air.corners
            )  # fmt: skip
        else:
            met = air
        exit_altitude = kernel.geodetic(starts[i, 0], starts[i, 1], starts[i, 2], planet)[0] + 1.0
        limits = Control(
            control.tolerance, control.ground_altitude, exit_altitude, control.first_step, control.longest_step,
            control.longest_time,
        )  # fmt: skip
        steps, outcome, last = kernel.fly(starts[i], planet, met, flown, limits, times, dense)
        if steps == 0:
            out[i, :] = np.nan
            out[i, OUTCOME] = outcome
            continue
        if outcome != kernel.LANDED:
            last = times[steps] - times[steps - 1]
        summarise(times, dense, steps, last, outcome, planet, met, flown, Heat(f[3], f[4], f[5]), out[i])
