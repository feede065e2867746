"""Compiled linear tetrahedra whose pressure is a nodal average, which does not lock; or their own, which does.

The pressure comes from the volume ratio of nodal patches, U = kappa/2 (ln J)^2 per reference volume of the patch; the
element takes the mean of its four patches, the derivative of that energy (J. Bonet and A. Burton, Commun. Numer. Meth.
Eng. 14 (1998) 437). A patch holds the elements of one metal at one node; a tetrahedron that is its own patch is the
standard element (the negative control). Crushables have no pressure of their own to average: they are standard.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_bound import gradient_sums, paced
from containment.structure.explicit_laws import METAL, OPTIONS, PLASTIC, VISCOUS, bulk_viscosity
from containment.structure.explicit_tensor import (
    half_log,
    invert,
    multiply,
    push,
    square_sum_all,
    strain_stress,
    stress_flux,
)


@njit(inline="always", **OPTIONS)
def _edges(y, c):  # type: ignore[no-untyped-def]
    """Edges from corner 0 as columns of a matrix."""
    x0, y0, z0 = y[c[0], 0], y[c[0], 1], y[c[0], 2]
    return (
        y[c[1], 0] - x0, y[c[2], 0] - x0, y[c[3], 0] - x0, y[c[1], 1] - y0, y[c[2], 1] - y0, y[c[3], 1] - y0,
        y[c[1], 2] - z0, y[c[2], 2] - z0, y[c[3], 2] - z0,
    )  # fmt: skip


@njit(**OPTIONS)
def _patch_pressures(x, cells, slots, slot_volume, slot_bulk, pressure):  # type: ignore[no-untyped-def]
    """Cauchy pressure (tension positive) of every patch; returns their elastic energy."""
    pressure[:] = 0.0
    for e in range(cells.shape[0]):
        m = _edges(x, cells[e])
        quarter = m[0] * (m[4] * m[8] - m[5] * m[7]) + m[1] * (m[5] * m[6] - m[3] * m[8])
        quarter = (quarter + m[2] * (m[3] * m[7] - m[4] * m[6])) / 24.0
        for a in range(4):
            pressure[slots[e, a]] += quarter
    stored = 0.0
    for s in range(slot_volume.size):
        ratio = pressure[s] / slot_volume[s]
        size = np.log(ratio)
        stored += 0.5 * slot_bulk[s] * slot_volume[s] * size * size
        pressure[s] = slot_bulk[s] * size / ratio
    return stored


@njit(**OPTIONS)
def tets(  # type: ignore[no-untyped-def]
    x, v, force, cells, slots, slot_volume, slot_bulk, pressure, grad, weight, kind, laws, curves, strain_step, state,
    step, control, loss,
):  # fmt: skip
    """Add the forces of all tetrahedra; as `hexes`, with `grad` (e, 9) J_0^-1, `weight` (e,) det J_0 / 6, and `slots`
    (e, 4) the patches."""
    pace, stored = (0.0, 0.0, 0.0), _patch_pressures(x, cells, slots, slot_volume, slot_bulk, pressure)
    for e in range(cells.shape[0]):
        law, w, cell = laws[kind[e]], weight[e], cells[e]
        is_metal = law[0] == METAL
        bulk, shear = (law[2], law[3]) if is_metal else (0.0, 0.5 * law[2])
        density = law[1]
        map_, rate = _edges(x, cell), _edges(v, cell)
        inverse, volume = invert(map_)
        jacobian = volume / (6.0 * w)
        along = multiply(rate, inverse)  # velocity gradient
        dilation, swift = along[0] + along[4] + along[8], square_sum_all(along)
        f = multiply(map_, grad[e])
        tau, energy, work = strain_stress(
            law, curves[kind[e]], strain_step, state[e], step, -dilation, half_log(push(f, state[e])), invert(f)[0],
            jacobian, False,
        )  # fmt: skip
        stored += w * energy
        loss[PLASTIC] += w * work
        mean = 0.0
        if is_metal:
            s = slots[e]
            mean = 0.25 * (pressure[s[0]] + pressure[s[1]] + pressure[s[2]] + pressure[s[3]]) * jacobian
        # the gradients are the rows of J^-1 and minus their sum
        slopes, largest = gradient_sums(inverse)
        i0, i1 = inverse[0] + inverse[3] + inverse[6], inverse[1] + inverse[4] + inverse[7]
        i2 = inverse[2] + inverse[5] + inverse[8]
        last = i0 * i0 + i1 * i1 + i2 * i2
        slopes, largest = slopes + last, largest + last
        damp = 0.0
        if dilation < 0.0:
            size = np.sqrt(1.5 / slopes)  # half of the edge of a regular tetrahedron
            wave = np.sqrt((bulk + 2.0 * shear) / density)
            q, viscous = bulk_viscosity(density, wave, size, dilation, control[1], control[2])
            mean += q
            loss[VISCOUS] += w * q * dilation * step
            damp = 2.0 * viscous * slopes
        flux = stress_flux(w, (tau[0] + mean, tau[1] + mean, tau[2] + mean, tau[3], tau[4], tau[5]), inverse)
        for i in range(3):
            force[cell[1], i] -= flux[3 * i]
            force[cell[2], i] -= flux[3 * i + 1]
            force[cell[3], i] -= flux[3 * i + 2]
            force[cell[0], i] += flux[3 * i] + flux[3 * i + 1] + flux[3 * i + 2]
        square = 4.0 * (bulk * slopes + 2.0 * shear * largest) / density
        pace = paced(pace, square, damp, swift)
    return pace, stored
