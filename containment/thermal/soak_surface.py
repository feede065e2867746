"""What the capsule's skin meets after the heating: air that cools it in flight; soil, air and sky on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.case.soak import Soak, SoakSurface
from containment.errors import DataError
from containment.thermal.soak_conduction import SurfaceExchange

Floats = NDArray[np.float64]

_GAMMA = 1.4  # diatomic gas, below the temperatures where air vibrates
_PRANDTL = 0.71  # air, 250-600 K; Incropera et al., table A.4
_HEAT_CAPACITY = 1005.0  # J/kg/K, air at 300 K; Incropera et al., table A.4


@dataclass(frozen=True)
class Flight:
    """Air along the way: time s, speed m/s, density kg/m^3, temperature K, mach, and stagnation
    heating W/m^2 (convective cold-wall and radiative); all (time,)."""

    time: Floats
    speed: Floats
    density: Floats
    temperature: Floats
    mach: Floats
    heating: Floats

    def __post_init__(self) -> None:
        back = np.flatnonzero(~(np.diff(self.time) > 0.0))
        if back.size:
            a, b = self.time[back[0]], self.time[back[0] + 1]
            raise DataError(
                f"flight: found time {b:g} s after {a:g} s, expected times that increase", advice="sort the history"
            )


def viscosity(temperature: float) -> float:
    """Air, Sutherland's law as in the US Standard Atmosphere 1976 (eq. 51), Pa s."""
    return float(1.458e-6 * temperature**1.5 / (temperature + 110.4))


def recovery_temperature(temperature: float, mach: float) -> float:
    """Adiabatic wall temperature with a turbulent boundary layer, K: T (1 + Pr^(1/3) (gamma - 1)/2 M^2)."""
    return float(temperature * (1.0 + _PRANDTL ** (1.0 / 3.0) * 0.5 * (_GAMMA - 1.0) * mach**2))


def descent_film(speed: float, density: float, temperature: float, length: float) -> float:
    """Mean film coefficient of a turbulent boundary layer, W/m^2/K: Nu = 0.037 Re^(4/5) Pr^(1/3) on the diameter.

    Flat plate with tripped boundary layer (Incropera et al., eq. 7.38 without laminar start), taken for a rough ablated
    forebody; where a surface differs its film factor says by how much.
    """
    mu = viscosity(temperature)
    reynolds = density * speed * length / mu
    conductivity = mu * _HEAT_CAPACITY / _PRANDTL
    return float(0.037 * reynolds**0.8 * _PRANDTL ** (1.0 / 3.0) * conductivity / length)


def soil_contact(soil_effusivity: float, contact: float, since: float) -> float:
    """Conductance W/m^2/K from surface to undisturbed soil `since` seconds after landing.

    A half space whose surface takes a steady step responds with b / sqrt(pi t), b = sqrt(k rho c) (Carslaw and Jaeger,
    2.4); in series with the contact itself.
    """
    if contact == 0.0:
        return 0.0
    return float(1.0 / (1.0 / contact + np.sqrt(np.pi * max(since, 0.0)) / soil_effusivity))


def exchange_in_flight(
    surface: SoakSurface, flight: Flight, time: float, diameter: float, hot: bool
) -> SurfaceExchange:
    """Heat exchange in flight: radiation to the air around, and the heat of the flow.

    While entry heating lasts (`hot`) that is a share of the stagnation heating; afterwards convection to the recovery
    temperature, where a perfect gas describes the flow.
    """
    speed, density, air, mach, heating = (
        float(np.interp(time, flight.time, values))
        for values in (flight.speed, flight.density, flight.temperature, flight.mach, flight.heating)
    )
    emissivity = surface.emissivity.value
    if hot:
        return SurfaceExchange(
            emissivity=emissivity, radiation_temperature=air, flux=surface.entry_heating_share.value * heating
        )
    film = surface.film_factor.value * descent_film(speed, density, air, diameter)
    return SurfaceExchange(film, recovery_temperature(air, mach), emissivity, air)


def exchange_on_ground(surface: SoakSurface, soak: Soak, since: float) -> SurfaceExchange:
    """Air and sky on the ground, and the soil where the surface is buried."""
    ground = soak.ground
    contact = soil_contact(ground.soil_effusivity.value, ground.contact_conductance.value, since)
    return SurfaceExchange(
        ground.film.value,
        ground.air_temperature.value,
        surface.emissivity.value,
        ground.sky_temperature.value,
        contact if surface.buried else 0.0,
        ground.soil_temperature.value,
        ground.burial_depth.value,
    )
