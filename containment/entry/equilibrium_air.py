"""Equilibrium air behind the shock, after Hansen, NASA TR R-50 (1959): composition in closed form, enthalpy, density.

0.8 N2 + 0.2 O2 dissociate and ionise in three steps that Hansen treats one after the other (nitric oxide is left out);
partition functions of the species with the energy levels he lists. Arrays throughout, SI.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

GAS_CONSTANT = 8.314462618  # J/mol/K
MOLAR_MASS = 28.96e-3  # kg/mol of cold air
_ATMOSPHERE = 101325.0  # Pa
_DISSOCIATION = {"O2": 59_000.0, "N2": 113_200.0}  # K, energies over k (TR R-50)
_IONISATION = {"O": 158_000.0, "N": 168_800.0}  # K
_MASS = {"N2": 28.0, "O2": 32.0, "N": 14.0, "O": 16.0, "N+": 14.0, "O+": 16.0, "e": 5.4858e-4}  # u
_ROTATION = {"N2": 2 * 2.88, "O2": 2 * 2.08}  # K, symmetry number times rotational temperature
_VIBRATION = {"N2": 3390.0, "O2": 2270.0}  # K
# degeneracies and energies over k (K) of the electronic levels
_LEVELS = {
    "N2": ((1, 0.0),),
    "O2": ((3, 0.0), (2, 11_390.0), (1, 18_990.0)),
    "N": ((4, 0.0), (10, 27_700.0), (6, 41_500.0)),
    "O": ((5, 0.0), (3, 228.0), (1, 326.0), (5, 22_800.0), (1, 48_600.0)),
    "N+": ((1, 0.0), (3, 70.6), (5, 188.9), (5, 22_000.0), (1, 47_000.0), (5, 67_900.0)),
    "O+": ((4, 0.0), (10, 38_600.0), (6, 58_200.0)),
    "e": ((2, 0.0),),
}
_TRANSLATION = -3.6649  # ln of (2 pi u k / h^2)^1.5 k / 1 atm, 1/K^2.5: the Sackur-Tetrode constant at 1 atm


def _ln_partition(name: str, temperature: Array) -> Array:
    """ln of the partition function at 1 atm, zero of energy in the ground state of the species."""
    t = temperature
    total = _TRANSLATION + 1.5 * np.log(_MASS[name]) + 2.5 * np.log(t)
    if name in _ROTATION:
        total = total + np.log(t / _ROTATION[name]) - np.log1p(-np.exp(-_VIBRATION[name] / t))
    return np.asarray(total + np.log(sum(g * np.exp(-e / t) for g, e in _LEVELS[name])))


def _enthalpy(name: str, temperature: Array) -> Array:
    """Enthalpy over R (K) above the ground state of the species."""
    step = 1e-4 * temperature
    slope = (_ln_partition(name, temperature + step) - _ln_partition(name, temperature - step)) / (2 * step)
    return np.asarray(temperature**2 * slope)


def composition(pressure: ArrayLike, temperature: ArrayLike) -> dict[str, Array]:
    """Moles of each species from one mole of cold air at a pressure (Pa) and temperature (K)."""
    p, t = np.asarray(pressure, float) / _ATMOSPHERE, np.asarray(temperature, float)
    ln = {name: _ln_partition(name, t) for name in _MASS}
    k1 = np.exp(2 * ln["O"] - ln["O2"] - _DISSOCIATION["O2"] / t)
    k2 = np.exp(2 * ln["N"] - ln["N2"] - _DISSOCIATION["N2"] / t)
    k3 = 0.2 * np.exp(ln["O+"] + ln["e"] - ln["O"] - _IONISATION["O"] / t)
    k3 = k3 + 0.8 * np.exp(ln["N+"] + ln["e"] - ln["N"] - _IONISATION["N"] / t)
    a, b = 1 + 4 * p / np.maximum(k1, 1e-300), 1 + 4 * p / np.maximum(k2, 1e-300)
    oxygen = (-0.8 + np.sqrt(0.64 + 0.8 * a)) / (2 * a)
    nitrogen = (-0.4 + np.sqrt(0.16 + 3.84 * b)) / (2 * b)
    ions = 1 / np.sqrt(1 + p / np.maximum(k3, 1e-300))
    return {
        "N2": 0.8 - nitrogen, "O2": 0.2 - oxygen, "N": 2 * nitrogen * (1 - ions), "O": 2 * oxygen * (1 - ions),
        "N+": 2 * nitrogen * ions, "O+": 2 * oxygen * ions, "e": 2 * (nitrogen + oxygen) * ions,
    }  # fmt: skip


def enthalpy(pressure: ArrayLike, temperature: ArrayLike) -> Array:
    """Enthalpy in J/kg above the ground state of the molecules (cold air at 298.15 K has 0.30 MJ/kg)."""
    t = np.asarray(temperature, float)
    formation = {
        "N": _DISSOCIATION["N2"] / 2, "O": _DISSOCIATION["O2"] / 2,
        "N+": _DISSOCIATION["N2"] / 2 + _IONISATION["N"], "O+": _DISSOCIATION["O2"] / 2 + _IONISATION["O"],
    }  # fmt: skip
    moles = composition(pressure, t)
    total = sum(n * (_enthalpy(name, t) + formation.get(name, 0.0)) for name, n in moles.items())
    return np.asarray(total * GAS_CONSTANT / MOLAR_MASS)


def dissociation_enthalpy(pressure: ArrayLike, temperature: ArrayLike) -> Array:
    """Part of the enthalpy that is bound in atoms, J/kg; ions count as their atoms."""
    moles = composition(pressure, temperature)
    nitrogen, oxygen = moles["N"] + moles["N+"], moles["O"] + moles["O+"]
    bound = 0.5 * (nitrogen * _DISSOCIATION["N2"] + oxygen * _DISSOCIATION["O2"])
    return np.asarray(bound * GAS_CONSTANT / MOLAR_MASS)


def density(pressure: ArrayLike, temperature: ArrayLike) -> Array:
    """Density in kg/m^3."""
    moles = sum(composition(pressure, temperature).values())
    return np.asarray(np.asarray(pressure, float) * MOLAR_MASS / (moles * GAS_CONSTANT * np.asarray(temperature)))


def temperature(pressure: ArrayLike, wanted: ArrayLike) -> Array:
    """Temperature (K) at which air of a pressure has an enthalpy (bisection, 50 to 40 000 K)."""
    p, h = np.broadcast_arrays(np.asarray(pressure, float), np.asarray(wanted, float))
    low, high = np.full(p.shape, 50.0), np.full(p.shape, 40_000.0)
    for _ in range(50):
        middle = 0.5 * (low + high)
        above = enthalpy(p, middle) > h
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(0.5 * (low + high))
