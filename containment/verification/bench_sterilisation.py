"""Benchmark of a seam's closure: heat released at a line of a long thin tube against the closed form."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from containment.case.sterilisation import Sterilisation
from containment.thermal.soak_conduction import SectionConduction
from containment.thermal.soak_properties import Filling, constant, property_grid
from containment.thermal.sterilisation import Closure
from containment.verification.bench_sections import rectangle, together
from containment.verification.catalogue import Item

_RADIUS, _WALL, _CAPACITY, _CONDUCTIVITY = 0.145, 0.002, 2.4e6, 10.0  # m, m, J/m^3/K, W/m/K: a titanium vessel
_POWER, _RISE, _ZONE = 1500.0, 500.0, 2e-3  # W, K, m


def items() -> Iterator[Item]:
    """Time until the joint of an endless insulated wall is so much warmer: a steady source in a plane, seen from it.

    T - T0 = 2 q sqrt(t / (pi k c)) - q x / k with q the flux to each side (Carslaw and Jaeger 2.9) and x = zone / 3 the
    mean distance from the seam at which it is released, small against the depth that the heat reaches.
    """
    area = np.pi * ((_RADIUS + _WALL) ** 2 - _RADIUS**2)
    flux = 0.5 * _POWER / area
    exact = np.pi * _CONDUCTIVITY * _CAPACITY * ((_RISE + flux * _ZONE / 3.0 / _CONDUCTIVITY) / (2.0 * flux)) ** 2
    wall = rectangle(1, 400, r=(_RADIUS, _RADIUS + _WALL), z=(0.0, 0.2))
    section = together(wall, rectangle(2, 2, r=(0.0, 0.05), z=(0.0, 0.05)), ("wall", "os"))
    grid = property_grid([constant("x", _CAPACITY, _CONDUCTIVITY)])
    system = SectionConduction(section, grid, Filling.plain(np.zeros(len(section.triangles), np.int32)), tolerance=1e-6)
    settings = Sterilisation.model_validate({
        "regions": {"wall": {"material": "ti-6al-4v"}, "os": {"material": "os-equivalent"}}, "seam": "wall_bottom",
        "initial_temperature": "300 K", "surroundings": "300 K", "emissivity": 0.0, "power": f"{0.5 * _POWER} W",
        "zone": f"{_ZONE} m", "joint_temperature": f"{300.0 + _RISE} K", "longest_heating": "600 s", "cooling": "1 h",
        "lethality": {"x": {
            "reference_temperature": "400 K", "time": "1 h", "z_value": "20 K", "highest_temperature": "450 K"
        }},
    })  # fmt: skip
    closure = Closure(system, settings, 0.0)
    closure.heat(80)
    yield Item.relative(
        "soak.seam-heating-time", exact, closure.record.time[-1], 0.01, "s", "plane source, Carslaw and Jaeger 2.9"
    )
    yield Item.at_most(
        "soak.seam-energy-closure", 1e-6, closure.record.account.closure, "", "heat released against stored"
    )
