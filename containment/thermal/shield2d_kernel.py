# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""Compiled sums of the two-dimensional heat shield: bilinear quads between spines, corner quadrature.

Node (i, j) is layer node j of spine i. At a corner of a quad the gradients of temperature and of the test functions
need only the neighbour along the spine and the one across, so that a field that does not vary from spine to spine sees
exactly the one-dimensional scheme of `step`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

Array = Any  # numba sees plain arrays; shapes are in the docstrings


class Ends(NamedTuple):
    """What `step.prepare` found at the ends of every cell of every spine, (spine, cell, 2): energy J/m3 and its slope,
    conductivity W/m/K, flux E w + h_g M along the spine W/m2 and the slope of all fluxes along it."""

    energy: Array
    d_energy: Array
    conductivity: Array
    flux: Array
    d_flux: Array


@njit(cache=True, error_model="numpy")
def _corner(x: Array, i: int, c: int, p: int, q: int, plane: bool, at: Array, g: Array) -> float:
    """Nodes `at` (3, 2) of corner (p, q) of quad (i, c): itself, across, along; gradients g (3, 2); returns the volume
    of the quarter at the corner, m^3 per radian (at the radius of its middle) or per metre of depth."""
    at[0, 0], at[0, 1] = i + p, c + q
    at[1, 0], at[1, 1] = i + 1 - p, c + q
    at[2, 0], at[2, 1] = i + p, c + 1 - q
    r0, z0 = x[i + p, c + q]
    ar, az = x[at[1, 0], at[1, 1], 0] - r0, x[at[1, 0], at[1, 1], 1] - z0
    br, bz = x[at[2, 0], at[2, 1], 0] - r0, x[at[2, 0], at[2, 1], 1] - z0
    det = ar * bz - az * br
    g[1, 0], g[1, 1] = bz / det, -br / det
    g[2, 0], g[2, 1] = -az / det, ar / det
    g[0, 0], g[0, 1] = -g[1, 0] - g[2, 0], -g[1, 1] - g[2, 1]
    return 0.25 * abs(det) * (1.0 if plane else r0 + 0.25 * (ar + br))


@njit(cache=True, error_model="numpy")
def balance(
    x: Array, inward: Array, ratio: Array, temperature: Array, ends: Ends, plane: bool, stored: Array, flow: Array,
    volume: Array,
) -> None:  # fmt: skip
    """Fill (spine, node) arrays: stored energy, int (K grad T + F d) . grad v, and nodal volume.

    x (spine, node, 2) m; `inward` d (spine, 2) unit vectors; `ratio` (cell,) conductivity across spines over along.
    """
    stored[:] = 0.0
    flow[:] = 0.0
    volume[:] = 0.0
    at, g = np.empty((3, 2), np.int64), np.empty((3, 2))
    for i in range(x.shape[0] - 1):
        for c in range(x.shape[1] - 1):
            for p in range(2):
                for q in range(2):
                    w = _corner(x, i, c, p, q, plane, at, g)
                    s, n = i + p, c + q
                    stored[s, n] += w * ends.energy[s, c, q]
                    volume[s, n] += w
                    fr = fz = 0.0
                    for m in range(3):
                        t = temperature[at[m, 0], at[m, 1]]
                        fr += g[m, 0] * t
                        fz += g[m, 1] * t
                    dr, dz = inward[s]
                    along = fr * dr + fz * dz
                    k, more = ends.conductivity[s, c, q], ratio[c]
                    fr, fz = k * (more * fr + (1.0 - more) * along * dr), k * (more * fz + (1.0 - more) * along * dz)
                    fr += ends.flux[s, c, q] * dr
                    fz += ends.flux[s, c, q] * dz
                    for m in range(3):
                        flow[at[m, 0], at[m, 1]] += w * (fr * g[m, 0] + fz * g[m, 1])


@njit(cache=True, error_model="numpy")
def matrix(
    x: Array, inward: Array, ratio: Array, ends: Ends, rate: float, plane: bool, places: Array, values: Array
) -> None:
    """Fill `values`: derivative of rate * stored + flow; `places` (spine - 1, cell, 2, 2, 9) of the corner pairs."""
    values[:] = 0.0
    at, g = np.empty((3, 2), np.int64), np.empty((3, 2))
    for i in range(x.shape[0] - 1):
        for c in range(x.shape[1] - 1):
            for p in range(2):
                for q in range(2):
                    w = _corner(x, i, c, p, q, plane, at, g)
                    s = i + p
                    dr, dz = inward[s]
                    k, more, slope = ends.conductivity[s, c, q], ratio[c], ends.d_flux[s, c, q]
                    place = places[i, c, p, q]
                    values[place[0]] += w * rate * ends.d_energy[s, c, q]
                    for m in range(3):
                        along = g[m, 0] * dr + g[m, 1] * dz
                        values[place[3 * m]] += w * slope * along
                        for n in range(3):
                            other = g[n, 0] * dr + g[n, 1] * dz
                            dot = g[m, 0] * g[n, 0] + g[m, 1] * g[n, 1]
                            values[place[3 * m + n]] += w * k * (more * dot + (1.0 - more) * along * other)
