"""Stagnation-point convection after Fay & Riddell (J. Aero. Sci. 25, 1958), as a ratio to Sutton-Graves for the core.

q = 0.763 Pr^-0.6 (rho_w mu_w)^0.1 (rho_s mu_s)^0.4 sqrt(du/dx) (h_s - h_w) [1 + (Le^0.52 - 1) h_D/h_s],
du/dx = sqrt(2 (p_s - p)/rho_s)/R; equilibrium boundary layer, Pr 0.71, Le 1.4, Sutherland viscosity as they assumed.
Their computations reach to 7 km/s; above that the formula is extrapolated.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from containment.entry import equilibrium_air as air
from containment.entry import heating

Array = NDArray[np.float64]

PRANDTL, LEWIS = 0.71, 1.4  # of the authors
FASTEST = 7_000.0  # m/s (22 800 ft/s), end of their computations
STAGNATION = 0.965  # p_s/(rho V^2): C_p,max 1.93 of equilibrium air
DENSITIES = np.linspace(*heating.TABLE_DENSITY, 38)  # log10 of kg/m^3, axes of the table
SPEEDS = np.linspace(*heating.TABLE_SPEED, 64)  # m/s


def viscosity(temperature: ArrayLike) -> Array:
    """Sutherland viscosity of air, Pa s (constants of the US Standard Atmosphere 1976)."""
    t = np.asarray(temperature, float)
    return np.asarray(1.458e-6 * t**1.5 / (t + 110.4))


def film_coefficient(density: ArrayLike, speed: ArrayLike, nose_radius: float) -> Array:
    """rho_e u_e C_H = q/(h_s - h_w) in kg/m^2/s to a wall at 300 K; density kg/m^3, speed m/s, radius m."""
    rho, v = np.asarray(density, float), np.asarray(speed, float)
    pressure = STAGNATION * rho * v**2
    wall = air.enthalpy(101325.0, heating.COLD_WALL)
    enthalpy = 0.5 * v**2 + wall  # the air ahead is about as cold as the wall
    hot = air.temperature(pressure, enthalpy)
    rho_s = air.density(pressure, hot)
    outer = rho_s * viscosity(hot)
    inner = pressure * air.MOLAR_MASS / (air.GAS_CONSTANT * heating.COLD_WALL) * viscosity(heating.COLD_WALL)
    gradient = np.sqrt(2 * pressure / rho_s) / nose_radius
    lewis = 1 + (LEWIS**0.52 - 1) * air.dissociation_enthalpy(pressure, hot) / enthalpy
    return np.asarray(0.763 * PRANDTL**-0.6 * inner**0.1 * outer**0.4 * np.sqrt(gradient) * lewis)


@cache
def ratio_table() -> Array:
    """Fay-Riddell over Sutton-Graves on DENSITIES x SPEEDS; the nose radius cancels."""
    rho, v = 10 ** DENSITIES[:, None], SPEEDS[None, :]
    sutton_graves = 2 * heating.SUTTON_GRAVES * np.sqrt(rho) * v
    return np.ascontiguousarray(film_coefficient(rho, v, 1.0) / sutton_graves)
