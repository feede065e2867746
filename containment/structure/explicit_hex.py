"""Compiled one-point hexahedra with four hourglass modes, viscous or elastic: total Lagrangian, logarithmic strains.

The gradients are means over the reference element, B_a = 1/V int grad_X N_a dV, so that any shape passes the patch
test (D. Flanagan and T. Belytschko, IJNME 17 (1981) 679). In the corner patterns of the parent (signs s, hourglass
Gamma; corner a = i + 2 j + 4 k, as in DOLFINx): B_a = C s_a/8 + D Gamma_a, D = 0 for parallelepipeds. With J = dx/dxi
at the centre and X = sum of x_a Gamma_a: F = J C' + X D', f_a = w tau F^-T B_a.

The modes are h_k = F^-1 X_k - X_k at the start, in axes along the edges of the reference. Elastic control gives them
the energy of the bending and torsion they stand for, h' K h / 2, with assumed strains: normal strains in plane stress,
shear without what bending brings with it (T. Belytschko and L. Bindeman, CMAME 105 (1993) 225). One layer of hexahedra
then bends as a plate does. It holds for what stays elastic; what yields or crushes resists by viscosity.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_bound import paced
from containment.structure.explicit_laws import HELD, HOURGLASS, METAL, OPTIONS, PLASTIC, VISCOUS
from containment.structure.explicit_tensor import invert, multiply, solid_stress, square_sum_all, stress_flux


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
def _turn(m, x, y, z):  # type: ignore[no-untyped-def]
    """Matrix (rows) times vector."""
    return m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z


@njit(inline="always", **OPTIONS)
def _back(inverse, x, y, z):  # type: ignore[no-untyped-def]
    """F^-T times vector."""
    i = inverse
    return i[0] * x + i[3] * y + i[6] * z, i[1] * x + i[4] * y + i[7] * z, i[2] * x + i[5] * y + i[8] * z


@njit(inline="always", **OPTIONS)
def _drag(drag, k, rate, c, hours):  # type: ignore[no-untyped-def]
    """Viscous force on hourglass mode `k`, whose shape pulled back is `c`."""
    x, y, z = _turn(rate, c[0], c[1], c[2])
    return drag * (hours[0][k] - x), drag * (hours[1][k] - y), drag * (hours[2][k] - z)


@njit(inline="always", **OPTIONS)
def _held(g, inverse, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """Elastic forces on the four hourglass modes, and their energy: bending and torsion without shear locking."""
    a, b, c, plate, cross, shear, rod = g[34], g[35], g[36], g[37], g[38], g[39], g[40]
    h11, h12, h13 = c0[0] - g[22], c0[1] - g[23], c0[2] - g[24]
    h21, h22, h23 = c1[0] - g[25], c1[1] - g[26], c1[2] - g[27]
    h31, h32, h33 = c2[0] - g[28], c2[1] - g[29], c2[2] - g[30]
    h41, h42, h43 = c3[0] - g[31], c3[1] - g[32], c3[2] - g[33]
    # normal strains that grow along one direction: the two across it, none of its own (plane stress)
    ex, ey, fx, fz, gy, gz = a * h21, b * h12, a * h31, c * h13, b * h32, c * h23
    q21, q12 = a * (plate * ex + cross * ey), b * (plate * ey + cross * ex)
    q31, q13 = a * (plate * fx + cross * fz), c * (plate * fz + cross * fx)
    q32, q23 = b * (plate * gy + cross * gz), c * (plate * gz + cross * gy)
    xy, xz, yz = shear * (b * h11 + a * h22), shear * (c * h11 + a * h33), shear * (c * h22 + b * h33)
    q11, q22, q33 = b * xy + c * xz, a * xy + c * yz, a * xz + b * yz
    q41, q42, q43 = rod * a * a * h41, rod * b * b * h42, rod * c * c * h43
    energy = q11 * h11 + q12 * h12 + q13 * h13 + q21 * h21 + q22 * h22 + q23 * h23
    energy += q31 * h31 + q32 * h32 + q33 * h33 + q41 * h41 + q42 * h42 + q43 * h43
    return (
        _back(inverse, q11, q12, q13), _back(inverse, q21, q22, q23), _back(inverse, q31, q32, q33),
        _back(inverse, q41, q42, q43), 0.5 * energy,
    )  # fmt: skip


@njit(inline="always", **OPTIONS)
def _spread(force, cell, g, drag, flux, rate, inverse, shapes, hours):  # type: ignore[no-untyped-def]
    """All corner forces of an element: stress, and what resists its four modes; returns its power, and energy held."""
    c0 = _turn(inverse, shapes[0][0], shapes[1][0], shapes[2][0])
    c1 = _turn(inverse, shapes[0][1], shapes[1][1], shapes[2][1])
    c2 = _turn(inverse, shapes[0][2], shapes[1][2], shapes[2][2])
    c3 = _turn(inverse, shapes[0][3], shapes[1][3], shapes[2][3])
    power, held = 0.0, 0.0
    if g[37] > 0.0:
        r, s, t, u, held = _held(g, inverse, c0, c1, c2, c3)
    else:
        r, s = _drag(drag, 0, rate, c0, hours), _drag(drag, 1, rate, c1, hours)
        t, u = _drag(drag, 2, rate, c2, hours), _drag(drag, 3, rate, c3, hours)
        if drag > 0.0:
            for i in range(3):
                power += r[i] * r[i] + s[i] * s[i] + t[i] * t[i] + u[i] * u[i]
            power /= drag
    for i in range(3):
        x = flux[3 * i] - r[i] * c0[0] - s[i] * c1[0] - t[i] * c2[0] - u[i] * c3[0]
        y = flux[3 * i + 1] - r[i] * c0[1] - s[i] * c1[1] - t[i] * c2[1] - u[i] * c3[1]
        z = flux[3 * i + 2] - r[i] * c0[2] - s[i] * c1[2] - t[i] * c2[2] - u[i] * c3[2]
        through = (x * g[0] + y * g[3] + z * g[6], x * g[1] + y * g[4] + z * g[7], x * g[2] + y * g[5] + z * g[8])
        along = (
            r[i] + x * g[9] + y * g[13] + z * g[17], s[i] + x * g[10] + y * g[14] + z * g[18],
            t[i] + x * g[11] + y * g[15] + z * g[19], u[i] + x * g[12] + y * g[16] + z * g[20],
        )  # fmt: skip
        _scatter(force, cell, i, through, along)
    return power, held


@njit(**OPTIONS)
def hexes(  # type: ignore[no-untyped-def]
    x, v, force, cells, grad, weight, kind, laws, curves, strain_step, state, step, control, loss,
):  # fmt: skip
    """Add the forces of all hexahedra; returns the worst of them (`paced`), and the elastic energy.

    `grad` (e, 41): C (3, 3), D (3, 4), by how much D raises the squared gradients at most, X at the start (4, 3), and
    what hold it: one over the half edges (3), stiffness of plates, between their directions, of shear, of rods (0:
    viscous resistance); `weight` (e,) volumes;
    `state` (e, 8): Cp^-1 xx yy zz xy yz zx, equivalent plastic strain, temperature. `control`: hourglass, linear and
    quadratic bulk viscosity.
    """
    pace, stored, bent = (0.0, 0.0, 0.0), 0.0, 0.0
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
        along = multiply(rate, inverse)  # velocity gradient
        dilation, swift = along[0] + along[4] + along[8], square_sum_all(along)
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
        power, held = _spread(force, cell, g, drag, stress_flux(w, tau, inverse), rate, inverse, shapes, hours)
        loss[HOURGLASS] += step * power
        bent += held
        square = (bulk * slopes + 2.0 * shear * largest) / density
        pace = paced(pace, square, damp, swift)
    loss[HELD] = bent
    return pace, stored
