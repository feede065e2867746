"""Manufactured solutions of the soak: conductivity and capacity depend on temperature; plane and axisymmetric."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from containment.thermal.soak_conduction import SectionConduction
from containment.thermal.soak_march import march
from containment.thermal.soak_properties import Conductor, Filling, property_grid
from containment.verification.bench_sections import rectangle

Floats = NDArray[np.float64]
RAMP = Conductor("ramp", np.array([200.0, 1000.0]), np.array([2e6, 6e6]), np.array([10.0, 50.0]))
END = 3e3  # s


def exact(r: Floats, z: Floats, time: float) -> Floats:
    """500 + 200 cos(pi r) cos(pi z) cos(t / END): no flux through any side of the unit square, K."""
    return np.asarray(500.0 + 200.0 * np.cos(np.pi * r) * np.cos(np.pi * z) * np.cos(time / END))


def source(r: Floats, z: Floats, time: float, *, plane: bool) -> Floats:
    """c(T) dT/dt - div(k(T) grad T) of the exact solution, W/m^3; off the plane with the 1/r term."""
    p, w = np.pi, 1.0 / END
    turn = 200.0 * np.cos(time * w)
    t = exact(r, z, time)
    capacity, k, slope = 2e6 + 5e3 * (t - 200.0), 10.0 + 0.05 * (t - 200.0), 0.05
    rate = -200.0 * w * np.sin(time * w) * np.cos(p * r) * np.cos(p * z)
    by_r, by_z = -p * turn * np.sin(p * r) * np.cos(p * z), -p * turn * np.cos(p * r) * np.sin(p * z)
    laplacian = -2.0 * p * p * turn * np.cos(p * r) * np.cos(p * z)
    if not plane:
        laplacian = laplacian - p * p * turn * np.sinc(r) * np.cos(p * z)  # (dT/dr) / r, finite on the axis
    return np.asarray(capacity * rate - k * laplacian - slope * (by_r**2 + by_z**2))


def error(count: int, steps: int, *, plane: bool, material: Conductor = RAMP) -> float:
    """Root mean square error in K at END on a count x count mesh in so many steps."""
    section = rectangle(count, count)
    filling = Filling.plain(np.zeros(len(section.triangles), dtype=np.int32))
    system = SectionConduction(section, property_grid([material]), filling, tolerance=1e-6, plane=plane)
    (r, z), volumes = section.points.T, system.volumes()

    def surroundings(time: float, temperature: Floats) -> None:
        system.release(source(r, z, time, plane=plane) * volumes)

    end, _ = march(system, exact(r, z, 0.0), np.linspace(0.0, END, steps + 1), surroundings)
    return float(np.sqrt(((end - exact(r, z, END)) ** 2).mean()))
