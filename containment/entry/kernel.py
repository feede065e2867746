# mypy: disable-error-code="untyped-decorator,no-any-return"
"""Compiled core of the entry: air and drag look-up, equations of motion, Dormand-Prince 5(4), dense output.

Everything that numba compiles for the trajectory stands in this one file, because numba's cache on disk looks only at
the file a function is written in. State y = (x, y, z, vx, vy, vz): position and velocity relative to the Earth, in the
Earth-fixed frame (x through the Greenwich meridian, z north), SI. No pole or vertical is singular in it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Columns of the air table
LN_DENSITY, SOUND, TEMPERATURE, LN_PRESSURE, WIND_EAST, WIND_NORTH = range(6)
# How a flight ends
LANDED, SKIPPED_OUT, TOO_MANY_STEPS, STEP_TOO_SMALL, OUT_OF_TIME = range(5)
NEAR_CORNER, NEAR_POINT = 1.0, 1e-3  # m and Mach number by which a step may run over a kink
# Without reference counts (`_nrt`): numba would count every array of Air at every call, which costs more than the
# equations. A function compiled so must not make arrays.
COMPILED: dict[str, Any] = {
    "cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}, "_nrt": False
}  # fmt: skip
VACUUM = -690.0  # ln of a density that drags on nothing (1e-300 kg/m^3)


class Planet(NamedTuple):
    """Gravity mu (m^3/s^2), rotation rate (rad/s), ellipsoid radii (m), J2."""

    mu: float
    rotation: float
    equatorial_radius: float
    polar_radius: float
    j2: float


class Air(NamedTuple):
    """Piecewise cubic columns over geometric altitude, and a perturbation of this sample on an even coarse grid.

    nodes (n+1,) m; first (bins,) interval in which an even bin starts; coefficients (n, 6, 4) ascending powers of the
    distance from the node; perturbation (m, 3): d ln density, wind east, wind north every `spacing` m from 0. At the
    rising `corners` (m) the profile has a kink.
    """

    nodes: Array
    first: Array
    bin_width: float
    coefficients: Array
    windy: bool
    perturbed: bool
    spacing: float
    perturbation: Array
    corners: Array


class Body(NamedTuple):
    """Mass kg, frontal area m^2, drag table as piecewise quintics over Mach, and its two factors."""

    mass: float
    area: float
    mach: Array
    coefficients: Array
    subsonic_factor: float
    hypersonic_factor: float


class Control(NamedTuple):
    """When to stop and how accurately: tolerance relative, times in s, altitudes in m above the ellipsoid."""

    tolerance: float
    ground_altitude: float
    exit_altitude: float
    first_step: float
    longest_step: float
    longest_time: float


@njit(**COMPILED)
def geodetic(x: float, y: float, z: float, planet: Planet) -> tuple[float, float, float]:
    """(altitude, sin latitude, cos latitude) above the ellipsoid; Bowring's form, better than 1e-6 m to 1000 km."""
    a, b = planet.equatorial_radius, planet.polar_radius
    p = math.sqrt(x * x + y * y)
    if p < 1e-6:
        return abs(z) - b, math.copysign(1.0, z), 0.0
    e2 = 1.0 - (b / a) ** 2
    second = (a / b) ** 2 - 1.0
    t = z * a / (p * b)
    c = 1.0 / math.sqrt(1.0 + t * t)
    s = t * c
    up = z + second * b * s * s * s
    out = p - e2 * a * c * c * c
    n = math.sqrt(up * up + out * out)
    sin_lat, cos_lat = up / n, out / n
    return p * cos_lat + z * sin_lat - a * math.sqrt(1.0 - e2 * sin_lat * sin_lat), sin_lat, cos_lat


@njit(inline="always", **COMPILED)
def air_interval(altitude: float, air: Air) -> int:
    """Index of the interval of the air table, -1 above its top; below its bottom the first one."""
    above = altitude - air.nodes[0]
    if altitude >= air.nodes[-1]:
        return -1
    if above <= 0.0:
        return 0
    i = air.first[int(above / air.bin_width)]
    while air.nodes[i + 1] <= altitude:
        i += 1
    return i


@njit(inline="always", **COMPILED)
def air_value(altitude: float, interval: int, column: int, air: Air) -> float:
    """One column of the air table in its interval."""
    x = altitude - air.nodes[interval]
    c = air.coefficients  # indexed whole: a row taken out of it would cost more than the polynomial
    i, j = interval, column
    return c[i, j, 0] + x * (c[i, j, 1] + x * (c[i, j, 2] + x * c[i, j, 3]))


@njit(**COMPILED)
def perturbation(altitude: float, column: int, air: Air) -> float:
    """Perturbation of a sample: quintics through an even grid, slopes and curvatures by central differences there.

    End values are held outside.
    """
    grid = air.perturbation
    last = grid.shape[0] - 1
    u = altitude / air.spacing
    if u <= 0.0:
        return grid[0, column]
    if u >= last:
        return grid[last, column]
    i = int(u)
    f = u - i
    p1, p2 = grid[i, column], grid[i + 1, column]
    p0 = grid[i - 1, column] if i > 0 else p1
    p3 = grid[i + 2, column] if i + 2 <= last else p2
    third = p3 - p0 + 3.0 * (p1 - p2)
    return p1 + 0.5 * f * (p2 - p0 + f * (p2 - 2.0 * p1 + p0 - third * f * (3.0 - f * (5.0 - 2.0 * f))))


@njit(inline="always", **COMPILED)
def density_and_sound(altitude: float, air: Air) -> tuple[float, float, int]:
    """(density, speed of sound, interval); no air above the table."""
    i = air_interval(altitude, air)
    if i < 0:
        return 0.0, 1.0, i
    ln_density = air_value(altitude, i, LN_DENSITY, air)
    if air.perturbed:
        ln_density += perturbation(altitude, 0, air)
    if ln_density < VACUUM:
        return 0.0, air_value(altitude, i, SOUND, air), i
    return math.exp(ln_density), air_value(altitude, i, SOUND, air), i


@njit(**COMPILED)
def wind(altitude: float, interval: int, air: Air) -> tuple[float, float]:
    """(east, north) wind, m/s."""
    east = air_value(altitude, interval, WIND_EAST, air) if interval >= 0 and air.windy else 0.0
    north = air_value(altitude, interval, WIND_NORTH, air) if interval >= 0 and air.windy else 0.0
    if air.perturbed:
        east += perturbation(altitude, 1, air)
        north += perturbation(altitude, 2, air)
    return east, north


@njit(**COMPILED)
def drag_coefficient(mach: float, body: Body) -> float:
    """Drag table times its factors: the subsonic one below Mach 1, the hypersonic one above Mach 3, smooth between."""
    nodes = body.mach
    m = min(max(mach, nodes[0]), nodes[-1])
    i = 0
    while i < nodes.size - 2 and nodes[i + 1] <= m:
        i += 1
    x = m - nodes[i]
    c = body.coefficients
    u = min(max(0.5 * (mach - 1.0), 0.0), 1.0)
    factor = body.subsonic_factor + (body.hypersonic_factor - body.subsonic_factor) * u * u * (3.0 - 2.0 * u)
    return factor * (c[i, 0] + x * (c[i, 1] + x * (c[i, 2] + x * (c[i, 3] + x * (c[i, 4] + x * c[i, 5])))))


@njit(inline="always", **COMPILED)
def air_velocity(
    y: Array, altitude: float, sin_lat: float, cos_lat: float, interval: int, air: Air
) -> tuple[float, float, float]:
    """Velocity relative to the air, in the Earth-fixed frame."""
    if not (air.windy or air.perturbed):
        return y[3], y[4], y[5]
    east, north = wind(altitude, interval, air)
    p = math.sqrt(y[0] * y[0] + y[1] * y[1])
    cos_lon, sin_lon = (y[0] / p, y[1] / p) if p > 1e-6 else (1.0, 0.0)
    wx = -sin_lon * east - sin_lat * cos_lon * north
    wy = cos_lon * east - sin_lat * sin_lon * north
    return y[3] - wx, y[4] - wy, y[5] - cos_lat * north


@njit(**COMPILED)
def derivative(y: Array, planet: Planet, air: Air, body: Body, out: Array) -> None:
    """dy/dt = (v, g(r) + J2 + centrifugal + Coriolis + drag), drag = -rho C_D S |w| w/(2 m), w against the air."""
    px, py, pz = y[0], y[1], y[2]
    r2 = px * px + py * py + pz * pz
    r = math.sqrt(r2)
    central = planet.mu / (r2 * r)
    flat = 1.5 * planet.j2 * (planet.equatorial_radius * planet.equatorial_radius) / r2
    tilt = 5.0 * pz * pz / r2
    across = planet.rotation * planet.rotation - central * (1.0 + flat * (1.0 - tilt))
    gx = across * px + 2.0 * planet.rotation * y[4]
    gy = across * py - 2.0 * planet.rotation * y[3]
    gz = -central * (1.0 + flat * (3.0 - tilt)) * pz
    altitude, sin_lat, cos_lat = geodetic(px, py, pz, planet)
    density, sound, interval = density_and_sound(altitude, air)
    out[0], out[1], out[2] = y[3], y[4], y[5]
    if density > 0.0:
        wx, wy, wz = air_velocity(y, altitude, sin_lat, cos_lat, interval, air)
        w = math.sqrt(wx * wx + wy * wy + wz * wz)
        k = 0.5 * density * w * body.area * drag_coefficient(w / sound, body) / body.mass
        gx, gy, gz = gx - k * wx, gy - k * wy, gz - k * wz
    out[3], out[4], out[5] = gx, gy, gz


@njit(**COMPILED)
def step(y: Array, h: float, k: Array, planet: Planet, air: Air, body: Body, new: Array, dense: Array) -> float:
    """One Dormand-Prince step (J. Comp. Appl. Math. 6, 1980); k[0] holds f(y). Fills new, k[6], dense; returns |error|.

    The error is relative to 1e5 m of position and to the speed, or to 300 m/s once slower: there drag damps it.
    Dense output: Hairer, Norsett, Wanner, Solving ODEs I, II.6 (order 4).
    """
    n = y.size
    for i in range(n):
        new[i] = y[i] + h * k[0, i] / 5
    derivative(new, planet, air, body, k[1])
    for i in range(n):
        new[i] = y[i] + h * (3 / 40 * k[0, i] + 9 / 40 * k[1, i])
    derivative(new, planet, air, body, k[2])
    for i in range(n):
        new[i] = y[i] + h * (44 / 45 * k[0, i] - 56 / 15 * k[1, i] + 32 / 9 * k[2, i])
    derivative(new, planet, air, body, k[3])
    for i in range(n):
        new[i] = y[i] + h * (
            19372 / 6561 * k[0, i] - 25360 / 2187 * k[1, i] + 64448 / 6561 * k[2, i] - 212 / 729 * k[3, i]
        )
    derivative(new, planet, air, body, k[4])
    for i in range(n):
        new[i] = y[i] + h * (
            9017 / 3168 * k[0, i] - 355 / 33 * k[1, i] + 46732 / 5247 * k[2, i] + 49 / 176 * k[3, i]
            - 5103 / 18656 * k[4, i]
        )  # fmt: skip
    derivative(new, planet, air, body, k[5])
    for i in range(n):
        new[i] = y[i] + h * (
            35 / 384 * k[0, i] + 500 / 1113 * k[2, i] + 125 / 192 * k[3, i] - 2187 / 6784 * k[4, i] + 11 / 84 * k[5, i]
        )
    derivative(new, planet, air, body, k[6])
    speed = max(300.0, math.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5]))
    worst, spoiled = 0.0, 0.0
    for i in range(n):
        error = h * (
            71 / 57600 * k[0, i] - 71 / 16695 * k[2, i] + 71 / 1920 * k[3, i] - 17253 / 339200 * k[4, i]
            + 22 / 525 * k[5, i] - 1 / 40 * k[6, i]
        )  # fmt: skip
        worst = max(worst, abs(error) / (1e5 if i < 3 else speed))
        spoiled += 0.0 * error  # max() drops a NaN, a sum keeps it
        change = new[i] - y[i]
        bend = h * k[0, i] - change
        dense[0, i], dense[1, i], dense[2, i], dense[3, i] = y[i], change, bend, change - h * k[6, i] - bend
        dense[4, i] = h * (
            -12715105075 / 11282082432 * k[0, i] + 87487479700 / 32700410799 * k[2, i]
            - 10690763975 / 1880347072 * k[3, i] + 701980252875 / 199316789632 * k[4, i]
            - 1453857185 / 822651844 * k[5, i] + 69997945 / 29380423 * k[6, i]
        )  # fmt: skip
    return worst + spoiled


@njit(**COMPILED)
def inside(dense: Array, fraction: float, out: Array) -> None:
    """State at a fraction (0 to 1) of a step."""
    t, s = fraction, 1.0 - fraction
    for i in range(out.size):
        out[i] = dense[0, i] + t * (dense[1, i] + s * (dense[2, i] + t * (dense[3, i] + s * dense[4, i])))


@njit(**(COMPILED | {"_nrt": True}))
def fly(
    start: Array, planet: Planet, air: Air, body: Body, control: Control, times: Array, dense: Array
) -> tuple[int, int, float]:
    """Integrate from `start` to the ground; returns (number of steps, how it ended, length of the last step).

    times (max+1,) and dense (max, 5, 6) are filled; the last time is the landing, inside the last step; its full
    length is the third value, because the dense output is scaled by it. Steps end at corners of the air and at points
    of the drag table: a kink inside a step would escape its error estimate.
    """
    y, new, k = start.copy(), np.empty(6), np.empty((7, 6))
    t, h, previous = 0.0, control.first_step, 1e-4
    times[0] = 0.0
    derivative(y, planet, air, body, k[0])
    done = 0
    height, mach = height_and_mach(y, planet, air)
    corner, point = highest_below(air.corners, height), highest_below(body.mach, mach)
    while done < dense.shape[0]:
        error = step(y, h, k, planet, air, body, new, dense[done]) / control.tolerance
        whole = h
        altitude, slower = height_and_mach(new, planet, air)
        share = 1.0
        if altitude < corner - NEAR_CORNER:
            share = _fraction_at(dense[done], 0, corner, height, altitude, planet, air, new)
        if slower < point - NEAR_POINT:
            share = min(share, _fraction_at(dense[done], 1, point, mach, slower, planet, air, new))
        if share < 1.0:
            h *= share
            error = step(y, h, k, planet, air, body, new, dense[done]) / control.tolerance
            altitude, slower = height_and_mach(new, planet, air)
        if not error <= 1.0:
            h *= max(0.2, 0.9 * error**-0.2) if error == error else 0.2
            if h < 1e-9:
                return done, STEP_TOO_SMALL, h
            continue
        if altitude <= control.ground_altitude:
            landing = _fraction_at(dense[done], 0, control.ground_altitude, height, altitude, planet, air, new)
            times[done + 1] = t + h * landing
            return done + 1, LANDED, h
        t += h
        done += 1
        times[done] = t
        rising = new[0] * new[3] + new[1] * new[4] + new[2] * new[5] > 0.0
        if rising and altitude > control.exit_altitude:
            return done, SKIPPED_OUT, h
        if t >= control.longest_time:
            return done, OUT_OF_TIME, h
        y[:] = new
        k[0, :] = k[6]
        height, mach = altitude, slower
        corner, point = highest_below(air.corners, height), highest_below(body.mach, mach)
        error = max(error, 1e-10)
        h *= min(5.0, max(0.2, 0.9 * error**-0.17 * previous**0.04))
        h = max(h, 0.5 * whole)  # a step cut short says little about the next
        h = min(h, control.longest_step, max(control.longest_time - t, 1e-6))
        previous = max(error, 1e-4)
    return done, TOO_MANY_STEPS, h


@njit(**COMPILED)
def height_and_mach(y: Array, planet: Planet, air: Air) -> tuple[float, float]:
    """(altitude, Mach number); no Mach number above the air counts as an endless one."""
    altitude, sin_lat, cos_lat = geodetic(y[0], y[1], y[2], planet)
    i = air_interval(altitude, air)
    if i < 0:
        return altitude, 1e9
    wx, wy, wz = air_velocity(y, altitude, sin_lat, cos_lat, i, air)
    return altitude, math.sqrt(wx * wx + wy * wy + wz * wz) / air_value(altitude, i, SOUND, air)


@njit(**COMPILED)
def highest_below(rising: Array, level: float) -> float:
    """Largest of the rising values that lies clearly below a level, -1e9 without one."""
    i = rising.size - 1
    while i >= 0 and rising[i] >= level - 1e-4 * abs(level):
        i -= 1
    return rising[i] if i >= 0 else -1e9


@njit(**COMPILED)
def _fraction_at(
    dense: Array, which: int, level: float, before: float, after: float, planet: Planet, air: Air, work: Array
) -> float:
    """Fraction of a step at which altitude (0) or Mach number (1) falls to a level; just below it (Illinois method)."""
    low, high, f_low, f_high, side = 0.0, 1.0, before - level, after - level, 0
    for _ in range(60):
        middle = high - f_high * (high - low) / (f_high - f_low)
        if not low < middle < high or high - low < 1e-9:
            break
        inside(dense, middle, work)
        f = height_and_mach(work, planet, air)[which] - level
        if f > 0.0:
            low, f_low = middle, f
            f_high *= 0.5 if side == 1 else 1.0
            side = 1
        else:
            high, f_high = middle, f
            f_low *= 0.5 if side == -1 else 1.0
            side = -1
        if f <= 0.0 and -f <= 1e-10 * abs(level):
            break
    inside(dense, high, work)
    return high


@njit(**COMPILED)
def sample(when: Array, times: Array, dense: Array, steps: int, last_step: float, out: Array) -> None:
    """States (n, 6) at ascending times `when` inside the flight."""
    i = 0
    for j in range(when.size):
        while i < steps - 1 and times[i + 1] < when[j]:
            i += 1
        length = last_step if i == steps - 1 else times[i + 1] - times[i]
        inside(dense[i], (when[j] - times[i]) / length, out[j])
