"""Compiled axisymmetric one-point quads: total Lagrangian, logarithmic strains, viscous hourglass control.

Per element: F from the reference shape functions at the centre, hoop stretch r/R; trial elastic left Cauchy-Green
be = F Cp^-1 F^T; logarithmic strains in principal axes; return map in Kirchhoff stress tau; nodal forces
f_a = w tau grad_x N_a, w = 2 pi R A the reference volume (S. Simo, CMAME 99 (1992) 61; D. Flanagan and T. Belytschko,
IJNME 17 (1981) 679 for the one-point element with its hourglass control). Laws: `explicit_laws`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_bound import paced
from containment.structure.explicit_laws import FOAM, HOURGLASS, METAL, OPTIONS, PLASTIC, VISCOUS, foam, log, metal
from containment.structure.explicit_soil import soil

# Parts of the element are inlined: as calls they add half.


@njit(inline="always", **OPTIONS)
def material(law, curve, strain_step, here, step, dilation, f11, f12, f21, f22, f33):  # type: ignore[no-untyped-def]
    """Stress at one point from its deformation; advances the state when it flows.

    Returns Kirchhoff stresses rr, zz, rz, tt, elastic energy and plastic work per reference volume. `here`: Cp^-1 rr,
    rz, zz, tt, equivalent plastic strain, temperature.
    """
    plane = f11 * f22 - f12 * f21
    k11, k12, k22 = here[0], here[1], here[2]
    h11, h12 = f11 * k11 + f12 * k12, f11 * k12 + f12 * k22
    h21, h22 = f21 * k11 + f22 * k12, f21 * k12 + f22 * k22
    b11, b12, b22 = h11 * f11 + h12 * f12, h11 * f21 + h12 * f22, h21 * f21 + h22 * f22
    mean, half = 0.5 * (b11 + b22), 0.5 * (b11 - b22)
    apart = np.sqrt(half * half + b12 * b12)
    cos2, sin2 = (half / apart, b12 / apart) if apart > 1e-300 else (1.0, 0.0)
    e1, e2, e3 = 0.5 * log(mean + apart), 0.5 * log(mean - apart), 0.5 * log(here[3] * f33 * f33)
    if law[0] != FOAM:
        if law[0] == METAL:
            n1, n2, n3, t1, t2, t3, work, flowed = metal(law, e1, e2, e3, here, step)
        else:
            n1, n2, n3, t1, t2, t3, work, flowed = soil(law, plane * f33, e1, e2, e3, here)
        energy = 0.5 * law[2] * (n1 + n2 + n3) ** 2 + law[3] * (n1 * n1 + n2 * n2 + n3 * n3)
    else:
        n1, n2, n3, t1, t2, t3, work, flowed = foam(law, curve, strain_step, plane * f33, -dilation, e1, e2, e3)
        energy = 0.5 * law[2] * (n1 * n1 + n2 * n2 + n3 * n3)
    if flowed:
        s1, s2 = np.exp(2.0 * n1), np.exp(2.0 * n2)
        mean, half = 0.5 * (s1 + s2), 0.5 * (s1 - s2)
        b11, b22, b12 = mean + half * cos2, mean - half * cos2, half * sin2
        i11, i12, i21, i22 = f22 / plane, -f12 / plane, -f21 / plane, f11 / plane
        h11, h12 = i11 * b11 + i12 * b12, i11 * b12 + i12 * b22
        h21, h22 = i21 * b11 + i22 * b12, i21 * b12 + i22 * b22
        here[0], here[1], here[2] = h11 * i11 + h12 * i12, h11 * i21 + h12 * i22, h21 * i21 + h22 * i22
        here[3] = np.exp(2.0 * n3) / (f33 * f33)
    mean, half = 0.5 * (t1 + t2), 0.5 * (t1 - t2)
    return mean + half * cos2, mean - half * cos2, half * sin2, t3, energy, work


@njit(inline="always", **OPTIONS)
def bound(bulk, shear, density, radius, viscous, p1r, p1z, p2r, p2z, rate, pace):  # type: ignore[no-untyped-def]
    """The worst of the elements so far (`pace`) and of this one, as `paced`.

    omega^2 <= 4/rho (lambda (|g|^2 + 1/4r^2) + 2 G (lambda_max(g g') + 1/4r^2)) with the four gradients g, a rigorous
    bound of the one-point element; bulk viscosity adds a damping rate.
    """
    grr, gzz, grz = 2.0 * (p1r * p1r + p2r * p2r), 2.0 * (p1z * p1z + p2z * p2z), 2.0 * (p1r * p1z + p2r * p2z)
    ring = 0.25 / (radius * radius)
    omega2 = 4.0 * (bulk * (grr + gzz + ring) + 2.0 * shear * (max(grr, gzz) + abs(grz) + ring)) / density
    damp = 2.0 * viscous * (grr + gzz + ring)
    return paced(pace, omega2, damp, rate)


@njit(inline="always", **OPTIONS)
def _hourglass(x, v, force, a, b, c, d, drag, p1r, p1z, p2r, p2z):  # type: ignore[no-untyped-def]
    """Viscous resistance to the two hourglass modes of a quad; returns the power it takes."""
    hr, hz = x[a, 0] - x[b, 0] + x[c, 0] - x[d, 0], x[a, 1] - x[b, 1] + x[c, 1] - x[d, 1]
    y1, y2 = hr * p1r + hz * p1z, hr * p2r + hz * p2z
    mr = v[a, 0] - v[b, 0] + v[c, 0] - v[d, 0] - y1 * (v[a, 0] - v[c, 0]) - y2 * (v[b, 0] - v[d, 0])
    mz = v[a, 1] - v[b, 1] + v[c, 1] - v[d, 1] - y1 * (v[a, 1] - v[c, 1]) - y2 * (v[b, 1] - v[d, 1])
    fr, fz = drag * mr, drag * mz
    force[a, 0] -= (1.0 - y1) * fr
    force[a, 1] -= (1.0 - y1) * fz
    force[c, 0] -= (1.0 + y1) * fr
    force[c, 1] -= (1.0 + y1) * fz
    force[b, 0] += (1.0 + y2) * fr
    force[b, 1] += (1.0 + y2) * fz
    force[d, 0] += (1.0 - y2) * fr
    force[d, 1] += (1.0 - y2) * fz
    return fr * mr + fz * mz


@njit(**OPTIONS)
def elements(  # type: ignore[no-untyped-def]
    x, v, force, quads, grad, weight, hoop_0, kind, laws, curves, strain_step, state, step, control, loss,
):  # fmt: skip
    """Add the forces of all elements; returns the worst of them (`paced`) as they stand, and the elastic energy.

    `grad` (e, 4): reference gradients of nodes 1 and 2, those of 3 and 4 are their negatives; `hoop_0` reference radius
    of the centre; `state` (e, 6) as in `material`. `control`: hourglass, linear and quadratic bulk viscosity.
    """
    pace, stored = (0.0, 0.0, 0.0), 0.0
    for e in range(quads.shape[0]):
        a, b, c, d = quads[e, 0], quads[e, 1], quads[e, 2], quads[e, 3]
        r13, z13, r24, z24 = x[a, 0] - x[c, 0], x[a, 1] - x[c, 1], x[b, 0] - x[d, 0], x[b, 1] - x[d, 1]
        g1r, g1z, g2r, g2z = grad[e, 0], grad[e, 1], grad[e, 2], grad[e, 3]
        radius = 0.25 * (x[a, 0] + x[b, 0] + x[c, 0] + x[d, 0])
        area2 = r13 * z24 - r24 * z13  # twice the area, counter-clockwise
        inverse = 1.0 / area2  # gradients in the current shape
        p1r, p1z, p2r, p2z = z24 * inverse, -r24 * inverse, -z13 * inverse, r13 * inverse
        s13, w13, s24, w24 = v[a, 0] - v[c, 0], v[a, 1] - v[c, 1], v[b, 0] - v[d, 0], v[b, 1] - v[d, 1]
        lrr, lzz = s13 * p1r + s24 * p2r, w13 * p1z + w24 * p2z  # velocity gradient
        lrz, lzr = s13 * p1z + s24 * p2z, w13 * p1r + w24 * p2r
        ltt = 0.25 * (v[a, 0] + v[b, 0] + v[c, 0] + v[d, 0]) / radius
        dilation = lrr + lzz + ltt
        law, w = laws[kind[e]], weight[e]
        trr, tzz, trz, ttt, energy, work = material(
            law, curves[kind[e]], strain_step, state[e], step, dilation, r13 * g1r + r24 * g2r, r13 * g1z + r24 * g2z,
            z13 * g1r + z24 * g2r, z13 * g1z + z24 * g2z, radius / hoop_0[e],
        )  # fmt: skip
        stored += w * energy
        loss[PLASTIC] += w * work
        bulk, shear = (law[2], law[3]) if law[0] != FOAM else (0.0, 0.5 * law[2])
        density = law[1]
        wave, size = np.sqrt((bulk + 2.0 * shear) / density), np.sqrt(0.5 * area2)
        viscous = 0.0
        if dilation < 0.0:
            quadratic = control[2] * control[2] * size * -dilation
            q = density * size * dilation * (quadratic + control[1] * wave)
            trr, tzz, ttt = trr + q, tzz + q, ttt + q
            loss[VISCOUS] += w * q * dilation * step
            viscous = size * (2.0 * quadratic + control[1] * wave)
        hoop = 0.25 * w * ttt / radius
        q1r, q1z = w * (trr * p1r + trz * p1z), w * (trz * p1r + tzz * p1z)
        q2r, q2z = w * (trr * p2r + trz * p2z), w * (trz * p2r + tzz * p2z)
        force[a, 0] -= q1r + hoop
        force[a, 1] -= q1z
        force[c, 0] -= hoop - q1r
        force[c, 1] += q1z
        force[b, 0] -= q2r + hoop
        force[b, 1] -= q2z
        force[d, 0] -= hoop - q2r
        force[d, 1] += q2z
        drag = 0.25 * control[0] * density * w * wave / size
        loss[HOURGLASS] += _hourglass(x, v, force, a, b, c, d, drag, p1r, p1z, p2r, p2z) * step
        rate = lrr * lrr + lzz * lzz + lrz * lrz + lzr * lzr + ltt * ltt
        pace = bound(bulk, shear, density, radius, viscous, p1r, p1z, p2r, p2z, rate, pace)
    return pace, stored
