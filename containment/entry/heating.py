# mypy: disable-error-code="untyped-decorator,no-any-return"
"""Stagnation-point heating and pressure, compiled: Sutton-Graves, free-molecular bridging, Tauber-Sutton, pitot.

All take scalars in SI. Enthalpies are measured from air at 298.15 K, the zero of the surface-chemistry tables.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.entry.kernel import COMPILED

Array = NDArray[np.float64]

SUTTON_GRAVES = 1.7415e-4  # kg^0.5/m, Earth; flight form of NASA TR R-376 (TFAWS 2012 aerothermodynamics course)
HEAT_CAPACITY = 1004.7  # J/kg/K of air, 7/2 R/M
REFERENCE_TEMPERATURE = 298.15  # K, zero of enthalpy
COLD_WALL = 300.0  # K, wall temperature of the flux called cold-wall (NASA TR R-376 used 300 K)
COLD_WALL_ENTHALPY = HEAT_CAPACITY * (COLD_WALL - REFERENCE_TEMPERATURE)

# Tauber & Sutton, J. Spacecraft & Rockets 28(1), 1991, 40-42: velocity function for Earth
_TS_SPEED = np.array(
    [9000.0, 9250, 9500, 9750, 10000, 10250, 10500, 10750, 11000, 11500, 12000, 12500, 13000, 13500, 14000, 14500,
     15000, 15500, 16000]
)  # fmt: skip
_TS_FUNCTION = np.array(
    [1.5, 4.3, 9.7, 19.5, 35, 55, 81, 115, 151, 238, 359, 495, 660, 850, 1065, 1313, 1550, 1780, 2040]
)  # fmt: skip
LEES_FALL = 0.721  # 1/rad^2, q/q0 = 1 - a t^2 at the stagnation point (Lees at Mach 20, see the tests)
TABLE_DENSITY = (-9.0, 0.25)  # log10 of kg/m^3, ends of the even axis of a table of ratios
TABLE_SPEED = (250.0, 16_000.0)  # m/s, the same
RADIATIVE_SPEED = (10e3, 16e3)  # m/s, validity stated by the authors
RADIATIVE_DENSITY = (6.66e-5, 6.31e-4)  # kg/m^3
RADIATIVE_RADIUS = (0.3, 3.0)  # m


@njit(**COMPILED)
def film_coefficient(density: float, speed: float, nose_radius: float, ratio: float = 1.0) -> float:
    """Stagnation film coefficient rho_e u_e C_H, kg/m^2/s, unblown.

    Continuum: Sutton-Graves q = k sqrt(rho/R) V^3 over the enthalpy difference V^2/2 it was fitted with, times the
    ratio of another correlation to it; bridged to the free-molecular limit rho V (accommodation 1) by
    1 - exp(-limit/continuum) (Matting).
    """
    if density <= 0.0 or speed <= 0.0:
        return 0.0
    continuum = 2.0 * SUTTON_GRAVES * ratio * math.sqrt(density / nose_radius) * speed
    return continuum * (1.0 - math.exp(-density * speed / continuum))


@njit(**COMPILED)
def from_table(density: float, speed: float, table: Array) -> float:
    """Ratio of another correlation to Sutton-Graves, bilinear in log10 density and speed, end values held."""
    if density <= 0.0:
        return 1.0
    rows, columns = table.shape
    x = (math.log10(density) - TABLE_DENSITY[0]) / (TABLE_DENSITY[1] - TABLE_DENSITY[0]) * (rows - 1)
    z = (speed - TABLE_SPEED[0]) / (TABLE_SPEED[1] - TABLE_SPEED[0]) * (columns - 1)
    x, z = min(max(x, 0.0), rows - 1.0), min(max(z, 0.0), columns - 1.0)
    i, j = min(int(x), rows - 2), min(int(z), columns - 2)
    x, z = x - i, z - j
    low = table[i, j] + z * (table[i, j + 1] - table[i, j])
    return low + x * (table[i + 1, j] + z * (table[i + 1, j + 1] - table[i + 1, j]) - low)


@njit(**COMPILED)
def receded_radius(nose_radius: float, recession: float, speed: float, entry_speed: float) -> float:
    """Radius of curvature at the stagnation point while the nose recedes, m.

    The share of the pulse behind a flight that has slowed to V is erf(sqrt(2 ln(V_E/V))) (Allen & Eggers with
    q = k sqrt(rho) V^3). Recession s falls off along the sphere as the heating does, s (1 - a t^2) with a of Lees near
    t = 0, so the curvature becomes (1 - 2 a s/r)/r with r = R - s.
    """
    share = math.erf(math.sqrt(2.0 * math.log(entry_speed / speed))) if 0.0 < speed < entry_speed else 0.0
    s = share * recession
    r = nose_radius - s
    return r / (1.0 - 2.0 * LEES_FALL * s / r)


@njit(**COMPILED)
def recovery_enthalpy(temperature: float, speed: float) -> float:
    """Stagnation enthalpy V^2/2 + c_p (T - 298.15 K), J/kg."""
    return 0.5 * speed * speed + HEAT_CAPACITY * (temperature - REFERENCE_TEMPERATURE)


@njit(**COMPILED)
def velocity_function(speed: float) -> float:
    """Tauber-Sutton f(V), linear between the points; falls to 0 at 8750 m/s, goes on straight above 16 km/s."""
    if speed <= 9000.0:
        return max(0.0, 1.5 * (speed - 8750.0) / 250.0)
    i = 1
    while i < _TS_SPEED.size - 1 and _TS_SPEED[i] < speed:
        i += 1
    share = (speed - _TS_SPEED[i - 1]) / (_TS_SPEED[i] - _TS_SPEED[i - 1])
    return _TS_FUNCTION[i - 1] + share * (_TS_FUNCTION[i] - _TS_FUNCTION[i - 1])


@njit(**COMPILED)
def radiative_flux(density: float, speed: float, nose_radius: float) -> float:
    """Tauber-Sutton stagnation radiation q = 4.736e8 W/m^2 R^a rho^1.22 f(V), evaluated outside its range too.

    a = 1.072e6 V^-1.88 rho^-0.325, at most 1 (0.6 for R from 1 to 2 m, 0.5 above). Ask `radiation_is_valid` as well.
    """
    f = velocity_function(speed)
    if f <= 0.0 or density <= 0.0:
        return 0.0
    limit = 1.0 if nose_radius < 1.0 else (0.6 if nose_radius <= 2.0 else 0.5)
    a = min(limit, 1.072e6 * speed**-1.88 * density**-0.325)
    return 4.736e8 * nose_radius**a * density**1.22 * f


@njit(**COMPILED)
def radiation_is_valid(density: float, speed: float, nose_radius: float) -> bool:
    """Whether speed, density and radius all lie in the range Tauber and Sutton give."""
    return (
        RADIATIVE_SPEED[0] <= speed <= RADIATIVE_SPEED[1]
        and RADIATIVE_DENSITY[0] <= density <= RADIATIVE_DENSITY[1]
        and RADIATIVE_RADIUS[0] <= nose_radius <= RADIATIVE_RADIUS[1]
    )


@njit(**COMPILED)
def stagnation_pressure(pressure: float, dynamic_pressure: float, mach: float) -> float:
    """Pressure at the stagnation point behind a normal shock (Rayleigh pitot), isentropic below Mach 1, Pa.

    C_p,max with an effective heat-capacity ratio that goes from 1.4 at Mach 3 to 1.15 at Mach 12 and stays (assumed:
    equilibrium air gives density ratios of 14 to 18 there, so C_p,max 1.93; the perfect-gas limit is 1.84).
    """
    if mach <= 1.0:
        return pressure * (1.0 + 0.2 * mach * mach) ** 3.5
    u = min(max((mach - 3.0) / 9.0, 0.0), 1.0)
    g = 1.4 - 0.25 * u * u * (3.0 - 2.0 * u)
    m2 = mach * mach
    ratio = ((g + 1) ** 2 * m2 / (4 * g * m2 - 2 * (g - 1))) ** (g / (g - 1)) * (1 - g + 2 * g * m2) / (g + 1)
    return pressure + dynamic_pressure * (ratio - 1.0) / (0.5 * g * m2)
