"""Stress at every integration point: thermo-elasticity and J2 plasticity by radial return, compiled.

Three normal components, then the shears: rr, zz, tt (hoop), rz of a section, or xx, yy, zz, xy, yz, zx of a volume;
strains carry the engineering shear.
Small strain, isotropic hardening, temperature-dependent constants (J. C. Simo, T. J. R. Hughes, Computational
Inelasticity, box 3.2 and eq. 3.3.16; same in de Souza Neto et al., Computational Methods for Plasticity, box 7.4).
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

PRECISION = 1e-12  # of the yield stress: rounding of the trial stress


@numba.njit(cache=True, inline="always")  # type: ignore[misc]
def _flow(yield_stress, plastic, strain_points, factor):  # type: ignore[no-untyped-def]
    """Flow stress and its slope at an equivalent plastic strain."""
    last = strain_points.size - 1
    if plastic >= strain_points[last]:
        return yield_stress * factor[last], 0.0
    i = np.searchsorted(strain_points, plastic, side="right") - 1
    i = min(max(i, 0), last - 1)
    slope = (factor[i + 1] - factor[i]) / (strain_points[i + 1] - strain_points[i])
    return yield_stress * (factor[i] + slope * (plastic - strain_points[i])), yield_stress * slope


@numba.njit(cache=True)  # type: ignore[misc]
def increment(trial, shear, yield_stress, plastic, strain_points, factor):  # type: ignore[no-untyped-def]
    """Plastic strain increment d with trial - 3 G d = flow(plastic + d), and the hardening slope there.

    The flow stress is piecewise linear and does not fall: Newton's method with bisection as safeguard, `trial` the
    Mises stress of the elastic trial (Pa).
    """
    low, high = 0.0, trial / (3.0 * shear)
    d = 0.0
    slope = 0.0
    for _ in range(100):
        flow, slope = _flow(yield_stress, plastic + d, strain_points, factor)
        gap = trial - 3.0 * shear * d - flow
        if abs(gap) <= PRECISION * yield_stress:
            break
        if gap > 0.0:
            low = d
        else:
            high = d
        new = d + gap / (3.0 * shear + slope)
        d = new if low < new < high else 0.5 * (low + high)
    return d, slope


@numba.njit(cache=True)  # type: ignore[misc]
def update(  # type: ignore[no-untyped-def]
    strain, temperature, reference, row, start, step, modulus, poisson, thermal, yields, strain_points, hardening,
    plastic_strain, plastic, stress, tangent, new_plastic_strain, new_plastic, yield_now,
):  # fmt: skip
    """Stress and consistent tangent at all points.

    strain (cell, point, n), n = 4 or 6, temperature (cell, point) K, `reference` K the temperature without thermal
    strain, row (cell,) material; tables as in SolidGrid; plastic_strain (cell, point, n) and plastic (cell, point) at
    the start of the increment. Fills stress (cell, point, n) Pa, tangent (cell, point, n, n) Pa, the new plastic state
    and the initial yield stress at the momentary temperature.
    """
    last = modulus.shape[1] - 2
    size = strain.shape[2]
    e = np.empty(size)
    s = np.empty(size)
    for cell in range(strain.shape[0]):
        m = row[cell]
        x = (reference - start) / step
        i = min(max(int(np.floor(x)), 0), last)
        thermal_reference = thermal[m, i] + (x - i) * (thermal[m, i + 1] - thermal[m, i])
        for point in range(strain.shape[1]):
            x = (temperature[cell, point] - start) / step
            i = min(max(int(np.floor(x)), 0), last)
            w = x - i
            young = modulus[m, i] + w * (modulus[m, i + 1] - modulus[m, i])
            nu = poisson[m, i] + w * (poisson[m, i + 1] - poisson[m, i])
            free = thermal[m, i] + w * (thermal[m, i + 1] - thermal[m, i]) - thermal_reference
            sy = yields[m, i] + w * (yields[m, i + 1] - yields[m, i])
            yield_now[cell, point] = sy
            bulk, shear = young / (3.0 * (1.0 - 2.0 * nu)), young / (2.0 * (1.0 + nu))
            for c in range(size):
                e[c] = strain[cell, point, c] - plastic_strain[cell, point, c] - (free if c < 3 else 0.0)
            volume = e[0] + e[1] + e[2]
            squares = 0.0
            for c in range(size):
                s[c] = 2.0 * shear * (e[c] - volume / 3.0) if c < 3 else shear * e[c]
                squares += s[c] ** 2 * (1.0 if c < 3 else 2.0)
            norm = np.sqrt(squares)
            mises = np.sqrt(1.5) * norm
            old = plastic[cell, point]
            flow, _ = _flow(sy, old, strain_points, hardening[m])
            d = 0.0
            kept, rank_one = 1.0, 0.0
            if mises > flow * (1.0 + PRECISION):
                d, slope = increment(mises, shear, sy, old, strain_points, hardening[m])
                kept = 1.0 - 3.0 * shear * d / mises
                rank_one = 6.0 * shear**2 * (d / mises - 1.0 / (3.0 * shear + slope)) / norm**2
            new_plastic[cell, point] = old + d
            for c in range(size):
                grown = 1.5 * d * s[c] / mises * (1.0 if c < 3 else 2.0) if d > 0.0 else 0.0
                new_plastic_strain[cell, point, c] = plastic_strain[cell, point, c] + grown
                stress[cell, point, c] = kept * s[c] + (bulk * volume if c < 3 else 0.0)
                for k in range(size):
                    value = rank_one * s[c] * s[k]
                    if c < 3 and k < 3:
                        value += bulk + 2.0 * shear * kept * ((1.0 if c == k else 0.0) - 1.0 / 3.0)
                    elif c == k:
                        value += shear * kept
                    tangent[cell, point, c, k] = value


def mises(stress: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mises stress of (..., n) components, three normal and then the shears."""
    first, second, third = (stress[..., i] for i in range(3))
    normal = (first - second) ** 2 + (second - third) ** 2 + (third - first) ** 2
    return np.asarray(np.sqrt(0.5 * normal + 3.0 * (stress[..., 3:] ** 2).sum(axis=-1)))
