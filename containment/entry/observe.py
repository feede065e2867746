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
from containment.entry.kernel import COMPILED, Air, Body, Control, Planet

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
QUIET = 250.0  # m/s, below which nothing is looked at any more: heating is 1e-5 of the load, no peak is left
SCAN = 8  # parts of the bracket of a peak looked at before it is climbed
TIME_OF_PEAK = 2e-4  # s, how well a peak is placed; its value is then exact to the square of it over the pulse width
SUTTON_GRAVES_ITSELF = np.empty((0, 0))
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)


class Heat(NamedTuple):
    """Nose radius m, factors on convective and radiative heating, and what changes the two on the way.

    The nose recedes by `recession` m over the pulse of a flight that enters at `entry_speed` m/s; `ratio` is the
    correlation over Sutton-Graves on the axes of `fay_riddell`, empty for Sutton-Graves itself.
    """

    nose_radius: float
    convective_factor: float
    radiative_factor: float
    recession: float = 0.0
    entry_speed: float = 0.0
    ratio: Array = SUTTON_GRAVES_ITSELF


class Flight(NamedTuple):
    """A flown trajectory and what it flew with."""

    times: Array
    dense: Array
    steps: int
    last_step: float
    planet: Planet
    air: Air
    body: Body
    heat: Heat


@njit(**COMPILED)
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
    radius = heat.nose_radius
    if heat.recession > 0.0:
        radius = heating.receded_radius(radius, heat.recession, w, heat.entry_speed)
    ratio = heating.from_table(density, w, heat.ratio) if heat.ratio.shape[0] > 0 else 1.0
    film = heat.convective_factor * heating.film_coefficient(density, w, radius, ratio)
    enthalpy = heating.recovery_enthalpy(temperature, w)
    convective = film * (enthalpy - heating.COLD_WALL_ENTHALPY)
    radiative = heat.radiative_factor * heating.radiative_flux(density, w, radius)
    out[DECELERATION] = dynamic * body.area * kernel.drag_coefficient(mach, body) / body.mass
    out[DYNAMIC_PRESSURE] = dynamic
    out[STAGNATION_PRESSURE] = heating.stagnation_pressure(pressure, dynamic, mach)
    out[CONVECTIVE], out[RADIATIVE], out[TOTAL_FLUX] = convective, radiative, convective + radiative
    out[ALTITUDE] = altitude
    out[SPEED] = math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
    out[AIRSPEED], out[MACH] = w, mach
    out[DENSITY], out[AIR_TEMPERATURE], out[PRESSURE] = density, temperature, pressure
    out[RECOVERY_ENTHALPY], out[FILM] = enthalpy, film
    out[RADIATION_VALID] = 1.0 if heating.radiation_is_valid(density, w, radius) else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def history(states: Array, planet: Planet, air: Air, body: Body, heat: Heat) -> Array:
    """Observations (n, 16) of states (n, 6)."""
    out = np.empty((states.shape[0], COLUMNS))
    for i in range(states.shape[0]):
        observe(states[i], planet, air, body, heat, out[i])
    return out


@njit(**COMPILED)
def summarise(
    times: Array, dense: Array, steps: int, last_step: float, outcome: int, planet: Planet, air: Air, body: Body,
    heat: Heat, work: Array, out: Array,
) -> None:  # fmt: skip
    """Peaks (Brent on the dense output), loads (Gauss in each step) and the landing of one flight.

    `work` (6, COLUMNS) is scratch: state, row, and of each peak its best value and the times around it.
    """
    y, row, best, place = work[0], work[1], work[2], work[3:]
    best[:PEAKS] = -1.0
    place[:, :PEAKS] = 0.0
    out[:] = 0.0
    out[LOWEST_ALTITUDE] = 1e30
    before = 0.0
    for i in range(steps):
        length = last_step if i == steps - 1 else times[i + 1] - times[i]
        flown = times[i + 1] - times[i]
        for j in range(3):
            now = times[i] + _GAUSS[j] * flown
            kernel.inside(dense[i], _GAUSS[j] * flown / length, y)
            observe(y, planet, air, body, heat, row)
            # Near the ground the air itself presses harder than a shallow entry ever did: that is not the peak sought.
            fast = row[MACH] > SUPERSONIC
            for p in range(PEAKS):
                if place[1, p] == before:
                    place[2, p] = now
                if row[p] > best[p] and (fast or p != STAGNATION_PRESSURE):
                    best[p], place[0, p], place[1, p], place[2, p] = row[p], before, now, now
            weight = _WEIGHT[j] * flown
            out[CONVECTIVE_LOAD] += weight * max(row[CONVECTIVE], 0.0)
            out[RADIATIVE_LOAD] += weight * row[RADIATIVE]
            out[RADIATIVE_LOAD_VALID] += weight * row[RADIATIVE] * row[RADIATION_VALID]
            before = now
            out[LOWEST_ALTITUDE] = min(out[LOWEST_ALTITUDE], row[ALTITUDE])
        if row[AIRSPEED] < QUIET:
            break
    flight = Flight(times, dense, steps, last_step, planet, air, body, heat)
    for p in range(PEAKS):
        out[p], out[PEAKS + p] = _peak(p, place[0, p], place[1, p], place[2, p], flight, y, row)
    _at(times[steps], flight, y, row)
    _, sin_lat, cos_lat = kernel.geodetic(y[0], y[1], y[2], planet)
    p_xy = math.sqrt(y[0] * y[0] + y[1] * y[1])
    out[LOWEST_ALTITUDE] = min(out[LOWEST_ALTITUDE], row[ALTITUDE])
    out[DURATION], out[LANDING_SPEED], out[OUTCOME] = times[steps], row[SPEED], outcome
    out[LANDING_VERTICAL_SPEED] = -(cos_lat * (y[0] * y[3] + y[1] * y[4]) / max(p_xy, 1e-9) + sin_lat * y[5])
    out[LANDING_LATITUDE] = math.atan2(sin_lat, cos_lat)
    out[LANDING_LONGITUDE] = math.atan2(y[1], y[0])


@njit(**COMPILED)
def _at(when: float, flight: Flight, y: Array, row: Array) -> None:
    """State and observations at one time."""
    times, low, high = flight.times, 0, flight.steps - 1
    while low < high:
        middle = (low + high + 1) // 2
        if times[middle] < when:
            low = middle
        else:
            high = middle - 1
    length = flight.last_step if low == flight.steps - 1 else times[low + 1] - times[low]
    kernel.inside(flight.dense[low], (when - times[low]) / length, y)
    observe(y, flight.planet, flight.air, flight.body, flight.heat, row)


@njit(**COMPILED)
def _peak(
    column: int, before: float, at: float, after: float, flight: Flight, y: Array, row: Array
) -> tuple[float, float]:
    """(value, time) of the maximum of one column between the neighbours of its best sample.

    The corners of the Tauber-Sutton table give the flux several summits: first the highest of a few points is sought,
    then Brent's method (parabolas, golden section where they fail) climbs it.
    """
    margin = 0.5 * (after - before)
    low, high = max(before - margin, 0.0), min(after + margin, flight.times[flight.steps])
    spacing = (high - low) / SCAN
    _at(at, flight, y, row)
    top, summit = row[column], at
    for j in range(1, SCAN):
        _at(low + j * spacing, flight, y, row)
        if row[column] > top:
            top, summit = row[column], low + j * spacing
    low, high = max(summit - spacing, 0.0), min(summit + spacing, flight.times[flight.steps])
    x = w = v = summit
    fx = fw = fv = top
    step, last = high - low, high - low
    for _ in range(40):
        middle = 0.5 * (low + high)
        if abs(x - middle) <= 2 * TIME_OF_PEAK - 0.5 * (high - low):
            break
        r, q = (x - w) * (fx - fv), (x - v) * (fx - fw)
        p, q = (x - v) * q - (x - w) * r, 2.0 * (q - r)
        p, q = (-p, q) if q > 0.0 else (p, -q)
        older, last = last, step
        if abs(p) < abs(0.5 * q * older) and p > q * (low - x) and p < q * (high - x):
            step = p / q
        else:
            last = high - x if x < middle else low - x
            step = (1.0 - _GOLDEN) * last
        u = x + (step if abs(step) >= TIME_OF_PEAK else math.copysign(TIME_OF_PEAK, step))
        _at(u, flight, y, row)
        fu = row[column]
        if fu >= fx:
            low, high = (x, high) if u >= x else (low, x)
            v, fv, w, fw, x, fx = w, fw, x, fx, u, fu
        else:
            low, high = (u, high) if u < x else (low, u)
            if fu >= fw or w == x:
                v, fv, w, fw = w, fw, u, fu
            elif fu >= fv or v == x or v == w:
                v, fv = u, fu
    return fx, x


@njit(cache=True, nogil=True, error_model="numpy")
def fly_many(
    starts: Array, factors: Array, ratio: Array, grids: Array, spacing: float, planet: Planet, air: Air, body: Body,
    control: Control, out: Array,
) -> None:  # fmt: skip
    """Summaries (n, 22) of n flights, one after the other.

    starts (n, 6); factors (n, 7): mass, subsonic drag, hypersonic drag, nose radius, convective, radiative, recession;
    `ratio` as in `Heat`; grids (n, m, 3): perturbations of the air every `spacing` m, none for air as tabulated.
    """
    times, dense, work = np.empty(MOST_STEPS + 1), np.empty((MOST_STEPS, 5, 6)), np.empty((6, COLUMNS))
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
        speed = math.sqrt(starts[i, 3] ** 2 + starts[i, 4] ** 2 + starts[i, 5] ** 2)
        heat = Heat(f[3], f[4], f[5], f[6], speed, ratio)
        summarise(times, dense, steps, last, outcome, planet, met, flown, heat, work, out[i])
