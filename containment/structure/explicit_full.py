"""Compiled axisymmetric quads with 2 x 2 points: the standard element, which locks, and its cure by mean dilatation.

Both are controls of the one-point quad. Mean dilatation scales F to the volume ratio of the whole element
(F-bar; E. de Souza Neto et al., IJSS 33 (1996) 3277) and pushes its Cauchy stress through the actual F.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_kernel import material
from containment.structure.explicit_laws import METAL, OPTIONS, PLASTIC, VISCOUS, bulk_viscosity

_NEAR = 0.5 / np.sqrt(3.0)
# (point, corner) bilinear functions at the Gauss points, corners counter-clockwise from (-1, -1)
SHAPE = np.array(
    [[(0.5 + a * s) * (0.5 + b * t) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
     for s, t in ((-_NEAR, -_NEAR), (_NEAR, -_NEAR), (_NEAR, _NEAR), (-_NEAR, _NEAR))]
)  # fmt: skip


@njit(**OPTIONS)
def _deformations(x, quad, grad, hoop_0, weight, first, out):  # type: ignore[no-untyped-def]
    """F of the four points into `out` (4, 6): rr, rz, zr, zz, hoop, radius; returns the volume ratio of the element."""
    volume, reference = 0.0, 0.0
    for p in range(4):
        f11, f12, f21, f22, radius = 0.0, 0.0, 0.0, 0.0, 0.0
        for a in range(4):
            i = quad[a]
            gr, gz = grad[first + p, 2 * a], grad[first + p, 2 * a + 1]
            f11 += x[i, 0] * gr
            f12 += x[i, 0] * gz
            f21 += x[i, 1] * gr
            f22 += x[i, 1] * gz
            radius += SHAPE[p, a] * x[i, 0]
        hoop = radius / hoop_0[first + p]
        out[p, 0], out[p, 1], out[p, 2], out[p, 3], out[p, 4], out[p, 5] = f11, f12, f21, f22, hoop, radius
        volume += weight[first + p] * (f11 * f22 - f12 * f21) * hoop
        reference += weight[first + p]
    return volume / reference


@njit(**OPTIONS)
def full_quads(  # type: ignore[no-untyped-def]
    x, v, force, quads, grad, weight, hoop_0, kind, laws, curves, strain_step, state, step, control, loss, mean,
):  # fmt: skip
    """As `elements`, with 4 rows of `grad` (8 gradients), `weight`, `hoop_0` and `state` per quad; `mean`: the cure."""
    fastest, stored = 0.0, 0.0
    deformation, slope = np.zeros((4, 6)), np.zeros((4, 2))
    for e in range(quads.shape[0]):
        law, curve = laws[kind[e]], curves[kind[e]]
        bulk, shear = (law[2], law[3]) if law[0] == METAL else (0.0, 0.5 * law[2])
        dilated = _deformations(x, quads[e], grad, hoop_0, weight, 4 * e, deformation)
        wave = np.sqrt((bulk + 2.0 * shear) / law[1])
        omega2, viscous, total = 0.0, 0.0, 0.0
        for p in range(4):
            k = 4 * e + p
            f11, f12, f21, f22, hoop, radius = deformation[p]
            plane = f11 * f22 - f12 * f21
            i11, i12, i21, i22 = f22 / plane, -f12 / plane, -f21 / plane, f11 / plane
            dilation, grr, gzz, grz, ring = 0.0, 0.0, 0.0, 0.0, 0.0
            for a in range(4):
                gr, gz = grad[k, 2 * a], grad[k, 2 * a + 1]
                slope[a, 0], slope[a, 1] = gr * i11 + gz * i21, gr * i12 + gz * i22
                i = quads[e, a]
                dilation += v[i, 0] * (slope[a, 0] + SHAPE[p, a] / radius) + v[i, 1] * slope[a, 1]
                grr, gzz = grr + slope[a, 0] ** 2, gzz + slope[a, 1] ** 2
                grz, ring = grz + slope[a, 0] * slope[a, 1], ring + (SHAPE[p, a] / radius) ** 2
            scale, back = 1.0, 1.0
            if mean:
                back = plane * hoop / dilated
                scale = back ** (-1.0 / 3.0)
            trr, tzz, trz, ttt, energy, work = material(
                law, curve, strain_step, state[k], step, dilation, scale * f11, scale * f12, scale * f21, scale * f22,
                scale * hoop,
            )  # fmt: skip
            w = weight[k]
            stored += w * energy
            loss[PLASTIC] += w * work
            trr, tzz, trz, ttt = trr * back, tzz * back, trz * back, ttt * back
            if dilation < 0.0:
                size = 1.0 / np.sqrt(grr + gzz)
                q, diffusive = bulk_viscosity(law[1], wave, size, dilation, control[1], control[2])
                trr, tzz, ttt = trr + q, tzz + q, ttt + q
                loss[VISCOUS] += w * q * dilation * step
                viscous = max(viscous, 2.0 * diffusive * (grr + gzz + ring))
            for a in range(4):
                i = quads[e, a]
                force[i, 0] -= w * (trr * slope[a, 0] + trz * slope[a, 1] + ttt * SHAPE[p, a] / radius)
                force[i, 1] -= w * (trz * slope[a, 0] + tzz * slope[a, 1])
            omega2 += w * (bulk * (grr + gzz + ring) + 2.0 * shear * (max(grr, gzz) + abs(grz) + ring))
            total += w
        omega2 *= 4.0 / (law[1] * total)
        fastest = max(fastest, viscous + np.sqrt(viscous * viscous + omega2))
    return (fastest, 0.0, 0.0), stored
