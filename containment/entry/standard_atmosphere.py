"""US Standard Atmosphere 1976 from its defining equations, 0 to 1000 km.

Source of every equation and constant: NOAA-S/T 76-1562 (NASA-TM-X-74335). Below 86 km: layers linear in molecular
temperature over geopotential altitude. Above: the temperature profile of the standard and its diffusion equations for
N2, O, O2, Ar, He and H, integrated on a fine grid. Altitudes are geometric, in metres, unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GAS_CONSTANT = 8314.32  # J/kmol/K, the value of the standard (not the present CODATA one)
AVOGADRO = 6.022169e26  # 1/kmol, the value of the standard
BOLTZMANN = 1.380622e-23  # J/K, the value of the standard
GRAVITY = 9.80665  # m/s^2 at sea level
EARTH_RADIUS = 6356766.0  # m, effective radius of the standard
MOLAR_MASS = 28.9644  # kg/kmol below 80 km
HEAT_RATIO = 1.4
LAYER_BASE = np.array([0.0, 11e3, 20e3, 32e3, 47e3, 51e3, 71e3])  # m geopotential, table 4
LAYER_LAPSE = np.array([-6.5e-3, 0.0, 1e-3, 2.8e-3, 0.0, -2.8e-3, -2e-3])  # K/m
TOP_OF_LAYERS = 86e3  # m geometric
# Ratio of molar mass to MOLAR_MASS from 80 to 86 km, every 0.5 km (table 8)
_MASS_RATIO = np.array(
    [1.0, 0.999996, 0.999989, 0.999971, 0.999941, 0.999909, 0.999870, 0.999829, 0.999786, 0.999741, 0.999694, 0.999641,
     0.999579]
)  # fmt: skip
# Species above 86 km: molar mass, thermal diffusion factor, a and b of D = a/N (T/273.15)^b, number density at 86 km
_SPECIES = ("N2", "O", "O2", "Ar", "He")
_MOLAR = {"N2": 28.0134, "O": 15.9994, "O2": 31.9988, "Ar": 39.948, "He": 4.0026, "H": 1.00797}
_AT_86 = {"N2": 1.129794e20, "O": 8.6e16, "O2": 3.030898e19, "Ar": 1.351400e18, "He": 7.5817e14}
_THERMAL = {"O": 0.0, "O2": 0.0, "Ar": 0.0, "He": -0.40, "H": -0.25}
_DIFFUSION = {"O": (6.986e20, 0.750), "O2": (4.863e20, 0.750), "Ar": (4.487e20, 0.870), "He": (1.700e21, 0.691),
              "H": (3.305e21, 0.500)}  # fmt: skip
# Vertical transport v/(D+K): Q, U, W and, for O below 97 km, q, u, w (km units; table 7)
_TRANSPORT = {"O": (-5.809644e-4, 56.90311, 2.706240e-5), "O2": (1.366212e-4, 86.0, 8.333333e-5),
              "Ar": (9.434079e-5, 86.0, 8.333333e-5), "He": (-2.457369e-4, 86.0, 6.666667e-4)}  # fmt: skip
_TRANSPORT_LOW_O = (-3.416248e-3, 97.0, 5.008765e-4)
_HYDROGEN_FLUX = 7.2e11  # 1/m^2/s
_HYDROGEN_AT_500 = 8.0e10  # 1/m^3


@dataclass(frozen=True)
class AirState:
    """Density kg/m^3, temperature K (kinetic), pressure Pa, speed of sound m/s on the altitudes asked for."""

    density: Array
    temperature: Array
    pressure: Array
    speed_of_sound: Array


def geopotential(altitude: Array) -> Array:
    """Geopotential altitude, m: r0 z/(r0 + z)."""
    return EARTH_RADIUS * altitude / (EARTH_RADIUS + altitude)


def geometric(geopotential_altitude: Array) -> Array:
    """Geometric altitude of a geopotential one, m."""
    return EARTH_RADIUS * geopotential_altitude / (EARTH_RADIUS - geopotential_altitude)


def lower(altitude: Array) -> AirState:
    """State from -5 to 86 km. Pressure p = p_b (T_b/T)^(g M/(R L)) or p_b exp(-g M h/(R T_b))."""
    height = geopotential(np.asarray(altitude, float))
    base_temperature, base_pressure = _layer_bases()
    layer = np.clip(np.searchsorted(LAYER_BASE, height, side="right") - 1, 0, LAYER_BASE.size - 1)
    lapse, above = LAYER_LAPSE[layer], height - LAYER_BASE[layer]
    molecular = base_temperature[layer] + lapse * above
    pressure = base_pressure[layer] * _pressure_ratio(base_temperature[layer], lapse, above)
    density = pressure * MOLAR_MASS / (GAS_CONSTANT * molecular)
    ratio = np.interp(altitude, np.linspace(80e3, 86e3, 13), _MASS_RATIO)
    sound = np.sqrt(HEAT_RATIO * GAS_CONSTANT * molecular / MOLAR_MASS)
    return AirState(density, molecular * ratio, pressure, sound)


def _pressure_ratio(base: Array, lapse: Array, above: Array) -> Array:
    hydrostatic = GRAVITY * MOLAR_MASS / GAS_CONSTANT
    safe = np.where(lapse == 0, 1.0, lapse)
    sloped = (base / (base + lapse * above)) ** (hydrostatic / safe)
    return np.where(lapse == 0, np.exp(-hydrostatic * above / base), sloped)


def _layer_bases() -> tuple[Array, Array]:
    temperature, pressure = np.full(7, 288.15), np.full(7, 101325.0)
    for i in range(6):
        step = LAYER_BASE[i + 1] - LAYER_BASE[i]
        temperature[i + 1] = temperature[i] + LAYER_LAPSE[i] * step
        pressure[i + 1] = (
            pressure[i] * _pressure_ratio(temperature[i : i + 1], LAYER_LAPSE[i : i + 1], np.array([step]))[0]
        )
    return temperature, pressure


def upper_temperature(altitude: Array) -> Array:
    """Kinetic temperature from 86 to 1000 km, K (equations 25, 27, 29, 31)."""
    z = np.asarray(altitude, float) / 1e3
    ellipse = 263.1905 - 76.3232 * np.sqrt(np.clip(1 - ((z - 91) / -19.9429) ** 2, 0, None))
    xi = (z - 120) * (6356.766 + 120) / (6356.766 + z)
    above = 1000.0 - (1000.0 - 360.0) * np.exp(-0.01875 * xi)
    return np.select([z <= 91, z <= 110, z <= 120], [np.full_like(z, 186.8673), ellipse, 240 + 12 * (z - 110)], above)


def _upper_slope(z: Array) -> Array:
    """dT/dz above 86 km, K/km."""
    ellipse = 76.3232 / 19.9429 * ((z - 91) / 19.9429) / np.sqrt(np.clip(1 - ((z - 91) / 19.9429) ** 2, 1e-12, None))
    xi = (z - 120) * (6356.766 + 120) / (6356.766 + z)
    above = 0.01875 * 640.0 * ((6356.766 + 120) / (6356.766 + z)) ** 2 * np.exp(-0.01875 * xi)
    return np.select([z <= 91, z <= 110, z <= 120], [np.zeros_like(z), ellipse, np.full_like(z, 12.0)], above)


def _running(z: Array, integrand: Array) -> Array:
    """Integral from the first point (trapezoid), z in km."""
    return np.concatenate([[0.0], np.cumsum(0.5 * (integrand[1:] + integrand[:-1]) * np.diff(z))])


def upper_grid() -> tuple[Array, AirState]:
    """Altitudes from 86 to 1000 km and the state there (sum of the species, equations 32 to 40)."""
    z = np.concatenate([np.arange(86.0, 150.0, 0.01), np.arange(150.0, 1000.0 + 0.05, 0.1)])
    temperature, slope = upper_temperature(z * 1e3), _upper_slope(z)
    gravity = GRAVITY * (6356.766 / (6356.766 + z)) ** 2
    number = _number_densities(z, temperature, slope, gravity)
    total = np.sum(list(number.values()), axis=0)
    density = np.sum([number[name] * _MOLAR[name] for name in number], axis=0) / AVOGADRO
    sound = np.sqrt(HEAT_RATIO * GAS_CONSTANT * temperature * total / (density * AVOGADRO))
    return z * 1e3, AirState(density, temperature, total * BOLTZMANN * temperature, sound)


def _number_densities(z: Array, temperature: Array, slope: Array, gravity: Array) -> dict[str, Array]:
    """Number density of each species, 1/m^3, on the grid z (km)."""
    scale = gravity / (GAS_CONSTANT * temperature) * 1e3  # 1/km per kg/kmol
    cooling = temperature[0] / temperature
    mixed = np.where(z <= 100, MOLAR_MASS, _MOLAR["N2"])
    number = {"N2": _AT_86["N2"] * cooling * np.exp(-_running(z, scale * mixed))}
    eddy = _eddy(z)
    for name in ("O", "O2", "Ar", "He"):
        # O and O2 diffuse through N2; Ar and He through N2, O and O2
        background = number["N2"] if name in ("O", "O2") else number["N2"] + number["O"] + number["O2"]
        if name in ("O", "O2"):
            mean = mixed
        else:
            mass = sum(number[k] * _MOLAR[k] for k in ("N2", "O", "O2"))
            mean = np.where(z <= 100, MOLAR_MASS, mass / background)
        a, b = _DIFFUSION[name]
        molecular = a / background * (temperature / 273.15) ** b
        part = molecular / (molecular + eddy)
        separate = scale * part * (_MOLAR[name] + mean * eddy / molecular) + part * _THERMAL[name] * slope / temperature
        number[name] = _AT_86[name] * cooling * np.exp(-_running(z, separate + _vertical_transport(name, z)))
    number["H"] = _hydrogen(z, temperature, scale, np.sum(list(number.values()), axis=0))
    return number


def _eddy(z: Array) -> Array:
    """Eddy diffusion coefficient, m^2/s (equation 7)."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        falling = 120.0 * np.exp(1 - 400 / (400 - (z - 95) ** 2))
    return np.select([z <= 95, z < 115], [np.full_like(z, 120.0), falling], 0.0)


def _vertical_transport(name: str, z: Array) -> Array:
    """v/(D + K), 1/km (equation 37)."""
    q, u, w = _TRANSPORT[name]
    term = q * (z - u) ** 2 * np.exp(-w * (z - u) ** 3)
    if name == "O":
        q, u, w = _TRANSPORT_LOW_O
        low = u - np.minimum(z, u)
        term = term + q * low**2 * np.exp(-w * low**3)
    return term


def _hydrogen(z: Array, temperature: Array, scale: Array, background: Array) -> Array:
    """Atomic hydrogen, from 150 km up by the escaping flux (equation 39); none below."""
    start = int(np.searchsorted(z, 150.0))
    at_500 = int(np.searchsorted(z, 500.0))
    a, b = _DIFFUSION["H"]
    diffusion = a / background * (temperature / 273.15) ** b
    tau = _running(z, scale * _MOLAR["H"])
    tau = tau - tau[at_500]
    ratio = (temperature / temperature[at_500]) ** (1 + _THERMAL["H"])
    flux = _running(z, _HYDROGEN_FLUX / diffusion * ratio * np.exp(tau) * 1e3)
    number = (_HYDROGEN_AT_500 - (flux - flux[at_500])) / ratio * np.exp(-tau)
    number[:start] = 0.0
    return np.asarray(number)
