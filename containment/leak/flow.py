"""Gas through a straight capillary or an annular slot, molecular to viscous.

Throughputs in Pa m^3/s at the gas temperature.

Molecular (Knudsen): Q = sqrt(2 pi)/6 sqrt(R T/M) d^3/L (p1 - p2)            capillary, L >> d
Viscous (Poiseuille): Q = pi d^4 (p1^2 - p2^2) / (256 mu L)                  capillary
                      Q = w h^3 (p1^2 - p2^2) / (24 mu L)                    slot of gap h and width w
Between: Q = Q_viscous + Z Q_molecular with Knudsen's factor Z = (1 + x)/(1 + 1.24 x), x = d p_mean sqrt(M/(R T))/mu
(M. Knudsen, Ann. Phys. 333 (1909) 75; as in K. Jousten, Handbook of Vacuum Technology, ch. 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from containment.errors import DataError

GAS_CONSTANT = 8.314462618  # J/mol/K, CODATA 2018 (exact)
ATMOSPHERE = 101325.0  # Pa, standard atmosphere
_KNUDSEN = 1.24  # limit of Z is 1/1.24 (Knudsen 1909)


@dataclass(frozen=True)
class Gas:
    """Molar mass kg/mol and viscosity Pa s at 293.15 K with its power of temperature."""

    molar_mass: float
    viscosity_293: float
    power: float

    def viscosity(self, temperature: float) -> float:
        """mu(T) = mu_293 (T / 293.15 K)^power, Pa s."""
        return float(self.viscosity_293 * (temperature / 293.15) ** self.power)


HELIUM = Gas(4.0026e-3, 1.96e-5, 0.66)  # CRC Handbook: 19.6 uPa s at 20 degC; exponent fits 200-500 K within 1 %
AIR = Gas(28.965e-3, 1.82e-5, 0.76)  # CRC Handbook: 18.2 uPa s at 20 degC; exponent fits 200-400 K within 1 %


def molecular_capillary(bore: float, length: float, drop: float, temperature: float, gas: Gas) -> float:
    """Free-molecular throughput of a long capillary under the pressure drop `drop` (Pa)."""
    thermal = np.sqrt(GAS_CONSTANT * temperature / gas.molar_mass)
    return float(np.sqrt(2.0 * np.pi) / 6.0 * thermal * bore**3 / length * drop)


def viscous_capillary(bore: float, length: float, inlet: float, outlet: float, temperature: float, gas: Gas) -> float:
    """Laminar compressible throughput of a capillary between two pressures (Pa)."""
    return float(np.pi * bore**4 * (inlet**2 - outlet**2) / (256.0 * gas.viscosity(temperature) * length))


def transition_factor(size: float, mean_pressure: float, temperature: float, gas: Gas) -> float:
    """Knudsen's Z: 1 in the molecular limit, 1/1.24 in the viscous one; minimum of the total flow lies between."""
    thermal = np.sqrt(gas.molar_mass / (GAS_CONSTANT * temperature))
    x = size * mean_pressure * thermal / gas.viscosity(temperature)
    return float((1.0 + x) / (1.0 + _KNUDSEN * x))


def capillary(bore: float, length: float, inlet: float, outlet: float, temperature: float, gas: Gas) -> float:
    """Throughput of one straight capillary at any pressure, Pa m^3/s (negative: from outlet to inlet)."""
    if not 0.0 <= bore < length:
        raise DataError(
            f"found a bore of {bore:g} m in a length of {length:g} m, expected a capillary longer than wide",
            advice="use the slot for wide gaps, or give the real length of the path",
        )
    z = transition_factor(bore, 0.5 * (inlet + outlet), temperature, gas)
    return viscous_capillary(bore, length, inlet, outlet, temperature, gas) + z * molecular_capillary(
        bore, length, inlet - outlet, temperature, gas
    )


def slot_transmission(ratio: float) -> float:
    """Molecular transmission probability between parallel plates of length/gap = `ratio`.

    Variational formula of A. S. Berman, J. Appl. Phys. 36 (1965) 3356, within 0.1 % of the exact solution; beyond
    ratio 300 its differences cancel in double precision and the long-slot limit (ln(2 r) - 1/2)/r is used.
    """
    if ratio <= 0.0:
        return 1.0
    if ratio > 300.0:
        return float((np.log(2.0 * ratio) - 0.5) / ratio)
    root = np.sqrt(1.0 + ratio**2)
    upper = 1.5 * (ratio - np.log(ratio + root)) ** 2
    lower = ratio**3 + 3.0 * ratio**2 + 4.0 - (ratio**2 + 4.0) * root
    return float(0.5 * (1.0 + root - ratio) - upper / lower)


def slot(gap: float, width: float, length: float, inlet: float, outlet: float, temperature: float, gas: Gas) -> float:
    """Throughput of a slot (annulus unrolled: width = circumference), Pa m^3/s; never above choked flow.

    Laminar viscous flow overestimates wide gaps; the flow of an orifice at the speed of sound (air 0.685, helium 0.726
    of A p / sqrt(R T / M), gas dynamics of an ideal gas) bounds it.
    """
    if gap < 0.0 or not min(width, length) > 0.0:
        raise DataError(
            f"found a slot of gap {gap:g} m, width {width:g} m, length {length:g} m, "
            "expected gap >= 0 and the others > 0",
            advice="correct the seal in [leak.paths]",
        )
    if gap == 0.0:
        return 0.0
    thermal = float(np.sqrt(GAS_CONSTANT * temperature / gas.molar_mass))
    viscous = width * gap**3 * (inlet**2 - outlet**2) / (24.0 * gas.viscosity(temperature) * length)
    arrivals = thermal / np.sqrt(2.0 * np.pi) * width * gap * (inlet - outlet)  # quarter of mean speed times area
    z = transition_factor(gap, 0.5 * (inlet + outlet), temperature, gas)
    total = viscous + z * arrivals * slot_transmission(length / gap)
    choked = 0.73 * width * gap * max(inlet, outlet) * thermal
    return float(np.clip(total, -choked, choked))


def equivalent_bore(leak: float, length: float, temperature: float, gas: Gas = HELIUM) -> float:
    """Bore of the single capillary that leaks `leak` Pa m^3/s from 1 atm to vacuum, m. Bisection on a monotone law.

    A leak larger than that of a bore equal to the length is no capillary any more: the length is returned.
    """
    if not leak >= 0.0:
        raise DataError(f"found a leak rate of {leak:g} Pa m^3/s, expected >= 0", advice="correct the leak rate")
    low, high = np.log(1e-12), np.log(length * (1.0 - 1e-9))
    if leak == 0.0:
        return 0.0
    if capillary(float(np.exp(high)), length, ATMOSPHERE, 0.0, temperature, gas) <= leak:
        return length
    for _ in range(60):  # 20 e-folds halved 60 times: below rounding
        middle = 0.5 * (low + high)
        flow = capillary(float(np.exp(middle)), length, ATMOSPHERE, 0.0, temperature, gas)
        low, high = (middle, high) if flow < leak else (low, middle)
    return float(np.exp(high))
