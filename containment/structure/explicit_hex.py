"""Compiled one-point hexahedra with four viscous hourglass modes: total Lagrangian, logarithmic strains.

The gradients are means over the reference element, B_a = 1/V int grad_X N_a dV, so that any shape passes the patch
test (D. Flanagan and T. Belytschko, IJNME 17 (1981) 679). In the corner patterns of the parent (signs s, hourglass
Gamma; corner a = i + 2 j + 4 k, as in DOLFINx): B_a = C s_a/8 + D Gamma_a, D = 0 for parallelepipeds. With J = dx/dxi
at the centre and X = sum of x_a Gamma_a: F = J C' + X D', f_a = w tau F^-T B_a.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_laws import HOURGLASS, METAL, OPTIONS, PLASTIC, VISCOUS
from containment.structure.explicit_tensor import invert, multiply, solid_stress, stress_flux, trace_product


@njit(inline="always", **OPTIONS)
def gradient_sums(i):  # type: ignore[no-untyped-def]
    """Trace and largest row of i' i; for i = C' F^-1 (or J^-1) a share of M = sum of g g' over the corners.

    omega^2 <= n/rho (lambda tr M + 2 G lambda_max(M)) for n corners of equal mass; lambda_max is at most a row.
    """
    xx, yy = i[0] * i[0] + i[3] * i[3] + i[6] * i[6], i[1] * i[1] + i[4] * i[4] + i[7] * i[7]
    zz = i[2] * i[2] + i[5] * i[5] + i[8] * i[8]
    xy, yz = abs(i[0] * i[1] + i[3] * i[4] + i[6] * i[7]), abs(i[1] * i[2] + i[4] * i[5] + i[7] * i[8])
    zx = abs(i[2] * i[0] + i[5] * i[3] + i[8] * i[6])
    total = xx + yy + zz
    return total, min(max(xx + xy + zx, max(yy + xy + yz, zz + zx + yz)), total)


@njit(inline="always", **OPTIONS)
def bulk_viscosity(density, wave, size, dilation, control):  # type: ignore[no-untyped-def]
    """Pressure of the linear and quadratic bulk viscosity under compression (negative), and its diffusivity, m^2/s."""
    quadratic = control[2] * control[2] * size * -dilation
    return density * size * dilation * (quadratic + control[1] * wave), size * (2.0 * quadratic + control[1] * wave)


@njit(inline="always", **OPTIONS)
def _modes(y, c, i):  # type: ignore[no-untyped-def]
    """Component `i` of a nodal field: derivatives by the parent coordinates, and the four hourglass sums."""
    p0, p1, p2, p3, p4, p5, p6, p7 = (
        y[c[0], i], y[c[1], i], y[c[2], i], y[c[3], i], y[c[4], i], y[c[5], i], y[c[6], i], y[c[7], i],
    )  # fmt: skip
    d0, d1, d2, d3 = p7 - p0, p6 - p1, p5 - p2, p4 - p3
    s0, s1, s2, s3 = p7 + p0, p6 + p1, p5 + p2, p4 + p3
    slopes = 0.125 * (d0 - d1 + d2 - d3), 0.125 * (d0 + d1 - d2 - d3), 0.125 * (d0 + d1 + d2 + d3)
    # eta zeta, zeta xi, xi eta, xi eta zeta
    return slopes, (s0 + s1 - s2 - s3, s0 - s1 + s2 - s3, s0 - s1 - s2 + s3, d0 - d1 - d2 + d3)


@njit(inline="always", **OPTIONS)
def _scatter(force, c, i, flux, q):  # type: ignore[no-untyped-def]
    """Take s_a/8 flux + Gamma_a q off component `i` of the corner forces: `_modes` transposed."""
    x, y, z = 0.125 * flux[0], 0.125 * flux[1], 0.125 * flux[2]
    odd0, odd1, odd2, odd3 = x + y + z + q[3], z + y - x - q[3], x - y + z - q[3], z - x - y + q[3]
    even0, even1, even2, even3 = q[0] + q[1] + q[2], q[0] - q[1] - q[2], q[1] - q[0] - q[2], q[2] - q[0] - q[1]
    force[c[7], i] -= even0 + odd0
    force[c[0], i] -= even0 - odd0
    force[c[6], i] -= even1 + odd1
    force[c[1], i] -= even1 - odd1
    force[c[5], i] -= even2 + odd2
    force[c[2], i] -= even2 - odd2
    force[c[4], i] -= even3 + odd3
    force[c[3], i] -= even3 - odd3


@njit(inline="always", **OPTIONS)
def _along(shape, g, k):  # type: ignore[no-untyped-def]
    """Hourglass sums of one component times a row of D."""
    return shape[0] * g[k] + shape[1] * g[k + 1] + shape[2] * g[k + 2] + shape[3] * g[k + 3]


@njit(inline="always", **OPTIONS)
def _gradient(slopes, shapes, g):  # type: ignore[no-untyped-def]
    """sum of y_a B_a of a nodal field from its slopes in the parent (9) and hourglass sums (3 rows of 4)."""
    linear = multiply(slopes, (g[0], g[3], g[6], g[1], g[4], g[7], g[2], g[5], g[8]))
    x, y, z = shapes
    return (
        linear[0] + _along(x, g, 9), linear[1] + _along(x, g, 13), linear[2] + _along(x, g, 17),
        linear[3] + _along(y, g, 9), linear[4] + _along(y, g, 13), linear[5] + _along(y, g, 17),
        linear[6] + _along(z, g, 9), linear[7] + _along(z, g, 13), linear[8] + _along(z, g, 17),
    )  # fmt: skip


@njit(inline="always", **OPTIONS)
def _resist(drag, k, rate, inverse, shapes, hours):  # type: ignore[no-untyped-def]
    """Drag on hourglass mode `k` (3 components), and c = F^-1 X_k (3) by which it acts through the gradients."""
    a, b, c = shapes[0][k], shapes[1][k], shapes[2][k]
    i = inverse
    c0, c1, c2 = i[0] * a + i[1] * b + i[2] * c, i[3] * a + i[4] * b + i[5] * c, i[6] * a + i[7] * b + i[8] * c
    q0 = drag * (hours[0][k] - rate[0] * c0 - rate[1] * c1 - rate[2] * c2)
    q1 = drag * (hours[1][k] - rate[3] * c0 - rate[4] * c1 - rate[5] * c2)
    q2 = drag * (hours[2][k] - rate[6] * c0 - rate[7] * c1 - rate[8] * c2)
    return q0, q1, q2, c0, c1, c2


@njit(inline="always", **OPTIONS)
def _spread(force, cell, g, drag, flux, rate, inverse, shapes, hours):  # type: ignore[no-untyped-def]
    """All corner forces of an element: stress and viscous resistance to its four modes; returns their power."""
    r = _resist(drag, 0, rate, inverse, shapes, hours)
    s = _resist(drag, 1, rate, inverse, shapes, hours)
    t = _resist(drag, 2, rate, inverse, shapes, hours)
    u = _resist(drag, 3, rate, inverse, shapes, hours)
    power = 0.0
    for i in range(3):
        power += r[i] * r[i] + s[i] * s[i] + t[i] * t[i] + u[i] * u[i]
        x = flux[3 * i] - r[i] * r[3] - s[i] * s[3] - t[i] * t[3] - u[i] * u[3]
        y = flux[3 * i + 1] - r[i] * r[4] - s[i] * s[4] - t[i] * t[4] - u[i] * u[4]
        z = flux[3 * i + 2] - r[i] * r[5] - s[i] * s[5] - t[i] * t[5] - u[i] * u[5]
        through = (x * g[0] + y * g[3] + z * g[6], x * g[1] + y * g[4] + z * g[7], x * g[2] + y * g[5] + z * g[8])
        along = (
            r[i] + x * g[9] + y * g[13] + z * g[17], s[i] + x * g[10] + y * g[14] + z * g[18],
            t[i] + x * g[11] + y * g[15] + z * g[19], u[i] + x * g[12] + y * g[16] + z * g[20],
        )  # fmt: skip
        _scatter(force, cell, i, through, along)
    return power / drag if drag > 0.0 else 0.0


@njit(**OPTIONS)
def hexes(  # type: ignore[no-untyped-def]
    x, v, force, cells, grad, weight, kind, laws, curves, strain_step, state, step, control, loss,
):  # fmt: skip
    """Add the forces of all hexahedra; returns 2 over the bounded step of the mesh, and the elastic energy.

    `grad` (e, 22): C (3, 3), D (3, 4), and by how much D raises the squared gradients at most; `weight` (e,) volumes;
    `state` (e, 8): Cp^-1 xx yy zz xy yz zx, equivalent plastic strain, temperature. `control`: hourglass, linear and
    quadratic bulk viscosity.
    """
    fastest, stored = 0.0, 0.0
    for e in range(cells.shape[0]):
        law, w, cell, g = laws[kind[e]], weight[e], cells[e], grad[e]
        bulk, shear = (law[2], law[3]) if law[0] == METAL else (0.0, 0.5 * law[2])
        density = law[1]
        (ax, ay, az), shape0 = _modes(x, cell, 0)
        (bx, by, bz), shape1 = _modes(x, cell, 1)
        (cx, cy, cz), shape2 = _modes(x, cell, 2)
        shapes = (shape0, shape1, shape2)
        f = _gradient((ax, ay, az, bx, by, bz, cx, cy, cz), shapes, g)
        (ax, ay, az), hour0 = _modes(v, cell, 0)
        (bx, by, bz), hour1 = _modes(v, cell, 1)
        (cx, cy, cz), hour2 = _modes(v, cell, 2)
        hours = (hour0, hour1, hour2)
        rate = _gradient((ax, ay, az, bx, by, bz, cx, cy, cz), hours, g)
        inverse, jacobian = invert(f)
        dilation = trace_product(rate, inverse)
        tau, energy, work = solid_stress(
            law, curves[kind[e]], strain_step, state[e], step, -dilation, f, inverse, jacobian, True
        )
        stored += w * energy
        loss[PLASTIC] += w * work
        slopes, largest = gradient_sums(multiply((g[0], g[3], g[6], g[1], g[4], g[7], g[2], g[5], g[8]), inverse))
        slopes, largest = g[21] * slopes, g[21] * largest
        wave, size = np.sqrt((bulk + 2.0 * shear) / density), np.sqrt(12.0 / slopes)  # edge of a cube
        damp = 0.0
        if dilation < 0.0:
            q, viscous = bulk_viscosity(density, wave, size, dilation, control)
            tau = (tau[0] + q, tau[1] + q, tau[2] + q, tau[3], tau[4], tau[5])
            loss[VISCOUS] += w * q * dilation * step
            damp = 0.5 * viscous * slopes
        drag = 0.0625 * control[0] * density * w * wave / size
        loss[HOURGLASS] += step * _spread(
            force, cell, g, drag, stress_flux(w, tau, inverse), rate, inverse, shapes, hours
        )
        square = (bulk * slopes + 2.0 * shear * largest) / density
        if square + 2.0 * damp * fastest > fastest * fastest:
            fastest = max(fastest, damp + np.sqrt(damp * damp + square))
    return fastest, stored
