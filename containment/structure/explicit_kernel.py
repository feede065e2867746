"""Compiled axisymmetric one-point quads: total Lagrangian, logarithmic strains, two hourglass modes.

Per element: F from the reference shape functions at the centre, hoop stretch r/R; trial elastic left Cauchy-Green
be = F Cp^-1 F^T; logarithmic strains in principal axes; return map in Kirchhoff stress tau; nodal forces
f_a = w tau grad_x N_a, w = 2 pi R A the reference volume (S. Simo, CMAME 99 (1992) 61; D. Flanagan and T. Belytschko,
IJNME 17 (1981) 679 for the one-point element with its hourglass control). Laws: `explicit_laws`.

The hourglass mode of a quad with half edges a, b along its axes, h = F^-1 X - X at rest, X = sum of x_a (1, -1, 1, -1)
(rotation and uniform strain leave it at 0), is bending in the half plane: strains h_1 eta / 4a and h_2 xi / 4b. Its
energy h K h / 2, K_11 = V E' / 48 a^2, E' = E / (1 - nu^2), is held in plane stress across, with no strain along the
hoop and without the shear that bending brings with it (T. Belytschko and L. Bindeman, CMAME 88 (1991) 311). The stress
at the surface, s^2 = 6 E' U / V, ends at the moment of a plastic section in plane strain whose middle bears the Mises
stress q, M = Y t^2 / (2 sqrt(3)) (1 - q^2/Y^2): U <= V Y^2 (1 - q^2/Y^2)^2 / 2 E'. Foam, soil, and metal while its
middle flows meet viscosity only. All that is held, and all that is lost to either, counts as hourglass energy. The
kernel writes h in the diagonals D of the reference: h = sum of D_a (y_a - y_a at rest), y_a = X . grad_x N_a, a = 1, 2.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_bound import paced
from containment.structure.explicit_laws import (
    FOAM,
    HELD,
    HOURGLASS,
    METAL,
    OPTIONS,
    PLASTIC,
    VISCOUS,
    bulk_viscosity,
    flow_stress,
    foam,
    log,
    metal,
)
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
def _room(law, here, flows, trr, tzz, trz, ttt):  # type: ignore[no-untyped-def]
    """What the middle of a metal leaves of the squared plastic moment, (Y^2 - q^2)^2 over Y^2; while it flows, 0."""
    if flows:
        return 0.0, 1.0
    yields = law[4] + law[5] * here[4]
    if law[6] != 1.0 or law[7] > 0.0 or law[10] > 0.0:
        yields = flow_stress(law, here[4], 0.0, here[5], 1.0)[0]
    rr, zz, tt = trr - tzz, tzz - ttt, ttt - trr
    square = yields * yields
    left = max(square - 0.5 * (rr * rr + zz * zz + tt * tt) - 3.0 * trz * trz, 0.0)
    return left * left, square


@njit(inline="always", **OPTIONS)
def _held(g, rest, room, step, y1, y2, rate1, rate2):  # type: ignore[no-untyped-def]
    """Elastic forces on the modes `y`, their energy, and what they lose beyond the energy of the plastic moment.

    Beyond it they return radially: their values at rest follow. The loss is the mean force of the step times that.
    """
    u1, u2 = y1 - rest[0], y2 - rest[1]
    q1, q2 = g[4] * u1 + g[5] * u2, g[5] * u1 + g[6] * u2
    energy, lost = 0.5 * (q1 * u1 + q2 * u2), 0.0
    most = g[7] * room[0]
    if room[1] * energy > most:
        keep = np.sqrt(most / (room[1] * energy)) if most > 0.0 else 0.0
        gone = 1.0 - keep
        lost = 0.5 * gone * (q1 * ((1.0 + keep) * u1 - step * rate1) + q2 * ((1.0 + keep) * u2 - step * rate2))
        rest[0] += gone * u1
        rest[1] += gone * u2
        q1, q2, energy = keep * q1, keep * q2, keep * keep * energy
    return q1, q2, energy, lost


@njit(inline="always", **OPTIONS)
def _hourglass(x, v, a, b, c, d, g, rest, holds, room, drag, step, p1r, p1z, p2r, p2z):  # type: ignore[no-untyped-def]
    """Resistance to the two hourglass modes of a quad: elastic up to `room` where it `holds`, viscous with `drag`.

    Returns the force on X, the modes y, and the energy held and lost.
    """
    hr, hz = x[a, 0] - x[b, 0] + x[c, 0] - x[d, 0], x[a, 1] - x[b, 1] + x[c, 1] - x[d, 1]
    y1, y2 = hr * p1r + hz * p1z, hr * p2r + hz * p2z
    mr = v[a, 0] - v[b, 0] + v[c, 0] - v[d, 0] - y1 * (v[a, 0] - v[c, 0]) - y2 * (v[b, 0] - v[d, 0])
    mz = v[a, 1] - v[b, 1] + v[c, 1] - v[d, 1] - y1 * (v[a, 1] - v[c, 1]) - y2 * (v[b, 1] - v[d, 1])
    fr, fz, held, lost = drag * mr, drag * mz, 0.0, (mr * mr + mz * mz) * drag * step
    if holds:
        rate1, rate2 = mr * p1r + mz * p1z, mr * p2r + mz * p2z
        q1, q2, held, left = _held(g, rest, room, step, y1, y2, rate1, rate2)
        fr, fz, lost = fr + p1r * q1 + p2r * q2, fz + p1z * q1 + p2z * q2, lost + left
    return fr, fz, y1, y2, held, lost


@njit(**OPTIONS)
def elements(  # type: ignore[no-untyped-def]
    x, v, force, quads, grad, rest, weight, hoop_0, kind, laws, curves, strain_step, state, step, control, loss,
):  # fmt: skip
    """Add the forces of all elements; returns the worst of them (`paced`) as they stand, and the elastic energy.

    `grad` (e, 8): reference gradients of nodes 1 and 2, those of 3 and 4 are their negatives; stiffness 11, 12, 22 of
    the hourglass modes y (J, 0: viscous resistance) and volume over twice the modulus of a plate, m^3/Pa; `rest` (e, 2)
    their values without force (they follow when the modes yield); `hoop_0` reference radius of the centre; `state`
    (e, 6) as in `material`. `control`: hourglass, linear and quadratic bulk viscosity.
    """
    pace, stored, bent = (0.0, 0.0, 0.0), 0.0, 0.0
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
        holds, room = grad[e, 7] > 0.0, (0.0, 1.0)
        if holds:
            room = _room(law, state[e], work > 0.0, trr, tzz, trz, ttt)
        stored += w * energy
        loss[PLASTIC] += w * work
        bulk, shear = (law[2], law[3]) if law[0] != FOAM else (0.0, 0.5 * law[2])
        density = law[1]
        wave, size = np.sqrt((bulk + 2.0 * shear) / density), np.sqrt(0.5 * area2)
        viscous = 0.0
        if dilation < 0.0:
            q, viscous = bulk_viscosity(density, wave, size, dilation, control[1], control[2])
            trr, tzz, ttt = trr + q, tzz + q, ttt + q
            loss[VISCOUS] += w * q * dilation * step
        drag = 0.25 * control[0] * density * w * wave / size if room[0] == 0.0 else 0.0
        fr, fz, y1, y2, held, lost = _hourglass(
            x, v, a, b, c, d, grad[e], rest[e], holds, room, drag, step, p1r, p1z, p2r, p2z
        )
        q1r, q1z = w * (trr * p1r + trz * p1z) - y1 * fr, w * (trz * p1r + tzz * p1z) - y1 * fz
        q2r, q2z = w * (trr * p2r + trz * p2z) - y2 * fr, w * (trz * p2r + tzz * p2z) - y2 * fz
        hoop = 0.25 * w * ttt / radius
        force[a, 0] -= hoop + fr + q1r
        force[a, 1] -= fz + q1z
        force[c, 0] -= hoop + fr - q1r
        force[c, 1] -= fz - q1z
        force[b, 0] -= hoop - fr + q2r
        force[b, 1] += fz - q2z
        force[d, 0] -= hoop - fr - q2r
        force[d, 1] += fz + q2z
        bent += held
        loss[HOURGLASS] += lost
        rate = lrr * lrr + lzz * lzz + lrz * lrz + lzr * lzr + ltt * ltt
        pace = bound(bulk, shear, density, radius, viscous, p1r, p1z, p2r, p2z, rate, pace)
    loss[HELD] = bent
    return pace, stored
