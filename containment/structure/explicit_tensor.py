"""Compiled tensors of space, as tuples (they stay in registers), and the stress at a point of a solid.

Logarithms without principal axes: ln b = 2 artanh(y) and exp(2 e) = (1 + u)/(1 - u) with y = (b - 1)/(b + 1),
u = tanh(e), in series of y and e: elastic strains stay small, so the terms kept give 1e-6 of a strain of 0.2 and
rounding for metals. Symmetric tensors: xx yy zz xy yz zx; others by rows.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_laws import METAL, OPTIONS, crush_stress, radial_return

SMALL = 1e-5  # y : y up to which two terms of a series do

# Inlined where a solid's element would spend half of its time in calls.


@njit(inline="always", **OPTIONS)
def invert(j):  # type: ignore[no-untyped-def]
    """Inverse of a matrix, and its determinant."""
    c0, c1, c2 = j[4] * j[8] - j[5] * j[7], j[5] * j[6] - j[3] * j[8], j[3] * j[7] - j[4] * j[6]
    determinant = j[0] * c0 + j[1] * c1 + j[2] * c2
    o = 1.0 / determinant
    return (
        c0 * o, (j[2] * j[7] - j[1] * j[8]) * o, (j[1] * j[5] - j[2] * j[4]) * o,
        c1 * o, (j[0] * j[8] - j[2] * j[6]) * o, (j[2] * j[3] - j[0] * j[5]) * o,
        c2 * o, (j[1] * j[6] - j[0] * j[7]) * o, (j[0] * j[4] - j[1] * j[3]) * o,
    ), determinant  # fmt: skip


@njit(inline="always", **OPTIONS)
def multiply(a, b):  # type: ignore[no-untyped-def]
    """Product of two matrices."""
    return (
        a[0] * b[0] + a[1] * b[3] + a[2] * b[6], a[0] * b[1] + a[1] * b[4] + a[2] * b[7],
        a[0] * b[2] + a[1] * b[5] + a[2] * b[8], a[3] * b[0] + a[4] * b[3] + a[5] * b[6],
        a[3] * b[1] + a[4] * b[4] + a[5] * b[7], a[3] * b[2] + a[4] * b[5] + a[5] * b[8],
        a[6] * b[0] + a[7] * b[3] + a[8] * b[6], a[6] * b[1] + a[7] * b[4] + a[8] * b[7],
        a[6] * b[2] + a[7] * b[5] + a[8] * b[8],
    )  # fmt: skip


@njit(inline="always", **OPTIONS)
def square_sum_all(a):  # type: ignore[no-untyped-def]
    """Sum of the squares of a matrix."""
    first = a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + a[3] * a[3] + a[4] * a[4]
    return first + a[5] * a[5] + a[6] * a[6] + a[7] * a[7] + a[8] * a[8]


@njit(inline="always", **OPTIONS)
def push(f, s):  # type: ignore[no-untyped-def]
    """f s f^T of a symmetric s."""
    a0, a1 = f[0] * s[0] + f[1] * s[3] + f[2] * s[5], f[0] * s[3] + f[1] * s[1] + f[2] * s[4]
    a2 = f[0] * s[5] + f[1] * s[4] + f[2] * s[2]
    b0, b1 = f[3] * s[0] + f[4] * s[3] + f[5] * s[5], f[3] * s[3] + f[4] * s[1] + f[5] * s[4]
    b2 = f[3] * s[5] + f[4] * s[4] + f[5] * s[2]
    c0, c1 = f[6] * s[0] + f[7] * s[3] + f[8] * s[5], f[6] * s[3] + f[7] * s[1] + f[8] * s[4]
    c2 = f[6] * s[5] + f[7] * s[4] + f[8] * s[2]
    return (
        a0 * f[0] + a1 * f[1] + a2 * f[2], b0 * f[3] + b1 * f[4] + b2 * f[5], c0 * f[6] + c1 * f[7] + c2 * f[8],
        a0 * f[3] + a1 * f[4] + a2 * f[5], b0 * f[6] + b1 * f[7] + b2 * f[8], c0 * f[0] + c1 * f[1] + c2 * f[2],
    )  # fmt: skip


@njit(inline="always", **OPTIONS)
def stress_flux(w, tau, inverse):  # type: ignore[no-untyped-def]
    """w tau J^-T of a symmetric tau: forces along the parent's directions."""
    t = (w * tau[0], w * tau[3], w * tau[5], w * tau[3], w * tau[1], w * tau[4], w * tau[5], w * tau[4], w * tau[2])
    i = inverse
    return multiply(t, (i[0], i[3], i[6], i[1], i[4], i[7], i[2], i[5], i[8]))


@njit(inline="always", **OPTIONS)
def _inverse(a, b, c, d, e, f):  # type: ignore[no-untyped-def]
    """Inverse of a symmetric tensor."""
    xx, xy, zx = b * c - e * e, e * f - d * c, d * e - b * f
    o = 1.0 / (a * xx + d * xy + f * zx)
    return xx * o, (a * c - f * f) * o, (a * b - d * d) * o, xy * o, (d * f - a * e) * o, zx * o


@njit(inline="always", **OPTIONS)
def _product(a, b):  # type: ignore[no-untyped-def]
    """Product of two symmetric tensors that commute."""
    return (
        a[0] * b[0] + a[3] * b[3] + a[5] * b[5], a[3] * b[3] + a[1] * b[1] + a[4] * b[4],
        a[5] * b[5] + a[4] * b[4] + a[2] * b[2], a[0] * b[3] + a[3] * b[1] + a[5] * b[4],
        a[3] * b[5] + a[1] * b[4] + a[4] * b[2], a[5] * b[0] + a[4] * b[3] + a[2] * b[5],
    )  # fmt: skip


@njit(inline="always", **OPTIONS)
def _add(a, k, b):  # type: ignore[no-untyped-def]
    """a + k b."""
    return a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2], a[3] + k * b[3], a[4] + k * b[4], a[5] + k * b[5]


@njit(inline="always", **OPTIONS)
def square_sum(a):  # type: ignore[no-untyped-def]
    """a : a of a symmetric tensor."""
    return a[0] * a[0] + a[1] * a[1] + a[2] * a[2] + 2.0 * (a[3] * a[3] + a[4] * a[4] + a[5] * a[5])


@njit(inline="always", **OPTIONS)
def cayley(b):  # type: ignore[no-untyped-def]
    """y = (b - 1)/(b + 1) of a left Cauchy-Green tensor."""
    h = _inverse(b[0] + 1.0, b[1] + 1.0, b[2] + 1.0, b[3], b[4], b[5])
    return 1.0 - 2.0 * h[0], 1.0 - 2.0 * h[1], 1.0 - 2.0 * h[2], -2.0 * h[3], -2.0 * h[4], -2.0 * h[5]


@njit(inline="always", **OPTIONS)
def small_half_log(y):  # type: ignore[no-untyped-def]
    """ln(b)/2 = y + y^3/3 while y : y <= SMALL: y^5/5 is then 1e-11 of y."""
    return _add(y, 1.0 / 3.0, _product(_product(y, y), y))


@njit(**OPTIONS)
def large_half_log(y):  # type: ignore[no-untyped-def]
    """ln(b)/2 = y + y^3/3 + y^5/5 + y^7/7 + y^9/9."""
    z = _product(y, y)
    fourth = _product(z, z)
    series = _add(_add((z[0] / 3.0, z[1] / 3.0, z[2] / 3.0, z[3] / 3.0, z[4] / 3.0, z[5] / 3.0), 0.2, fourth),
                  1.0 / 7.0, _product(fourth, z))  # fmt: skip
    return _add(y, 1.0, _product(_add(series, 1.0 / 9.0, _product(fourth, fourth)), y))


@njit(inline="always", **OPTIONS)
def half_log(b):  # type: ignore[no-untyped-def]
    """Logarithmic strain ln(b)/2 of a left Cauchy-Green tensor near 1."""
    y = cayley(b)
    strain = small_half_log(y)
    if square_sum(y) > SMALL:
        strain = large_half_log(y)
    return strain


@njit(inline="always", **OPTIONS)
def exp_twice(e):  # type: ignore[no-untyped-def]
    """exp(2 e) of a small symmetric tensor."""
    z = _product(e, e)
    cube = _product(z, e)
    u = _add(e, -1.0 / 3.0, cube)  # tanh e = e - e^3/3 + 2 e^5/15 - 17 e^7/315 + 62 e^9/2835
    if z[0] + z[1] + z[2] > SMALL:
        fifth = _product(cube, z)
        seventh = _product(fifth, z)
        u = _add(_add(u, 2.0 / 15.0, fifth), -17.0 / 315.0, seventh)
        u = _add(u, 62.0 / 2835.0, _product(seventh, z))
    h = _inverse(1.0 - u[0], 1.0 - u[1], 1.0 - u[2], -u[3], -u[4], -u[5])
    return 2.0 * h[0] - 1.0, 2.0 * h[1] - 1.0, 2.0 * h[2] - 1.0, 2.0 * h[3], 2.0 * h[4], 2.0 * h[5]


@njit(**OPTIONS)
def cut_tension(strain, limit):  # type: ignore[no-untyped-def]
    """A symmetric tensor with its principal values limited from above (cyclic Jacobi rotations)."""
    a, axes = np.zeros((3, 3)), np.eye(3)
    a[0, 0], a[1, 1], a[2, 2] = strain[0], strain[1], strain[2]
    a[0, 1] = a[1, 0] = strain[3]
    a[1, 2] = a[2, 1] = strain[4]
    a[2, 0] = a[0, 2] = strain[5]
    scale = np.abs(a).max()
    for _ in range(12):
        if abs(a[0, 1]) + abs(a[1, 2]) + abs(a[2, 0]) < 1e-15 * scale:
            break
        for p in range(3):
            q = (p + 1) % 3
            if abs(a[p, q]) < 1e-16 * scale:
                continue
            theta = (a[q, q] - a[p, p]) / (2.0 * a[p, q])
            t = (1.0 if theta >= 0.0 else -1.0) / (abs(theta) + np.sqrt(theta * theta + 1.0))
            c = 1.0 / np.sqrt(t * t + 1.0)
            s = t * c
            for k in range(3):
                a[k, p], a[k, q] = c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q]
            for k in range(3):
                a[p, k], a[q, k] = c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k]
                axes[k, p], axes[k, q] = c * axes[k, p] - s * axes[k, q], s * axes[k, p] + c * axes[k, q]
    m = np.zeros((3, 3))
    for k in range(3):
        value = min(a[k, k], limit)
        for i in range(3):
            for j in range(3):
                m[i, j] += value * axes[i, k] * axes[j, k]
    return m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[1, 2], m[2, 0]


@njit(**OPTIONS)
def _crush(law, curve, strain_step, jacobian, rate, strain):  # type: ignore[no-untyped-def]
    """The crushable in tensors, as `explicit_laws.foam`; returns strain, energy, work, flowed."""
    modulus, trial = law[2], strain
    third = (strain[0] + strain[1] + strain[2]) / 3.0
    square = square_sum(strain)
    limit = law[3] * jacobian / modulus
    flowed = False
    if third + np.sqrt(max(square - 3.0 * third * third, 0.0) / 1.5) > limit:  # largest a principal strain can be
        strain = cut_tension(strain, limit)
        square = square_sum(strain)
        flowed = True
    bound = crush_stress(law, curve, strain_step, jacobian, rate) * jacobian / modulus
    if square > bound * bound:
        share = bound / np.sqrt(square)
        square *= share * share
        strain = _add(strain, share - 1.0, strain)
        flowed = True
    work = 0.0
    if flowed:
        lost = _add(trial, -1.0, strain)
        work = strain[0] * lost[0] + strain[1] * lost[1] + strain[2] * lost[2]
        work = modulus * (work + 2.0 * (strain[3] * lost[3] + strain[4] * lost[4] + strain[5] * lost[5]))
    return strain, 0.5 * modulus * square, work, flowed


@njit(inline="always", **OPTIONS)
def strain_stress(law, curve, strain_step, here, step, rate, strain, inverse, jacobian, pressure):  # type: ignore[no-untyped-def]
    """Kirchhoff stress from the trial strain and F^-1; advances `here` (Cp^-1, equivalent plastic strain, temperature).

    Returns it with elastic energy and plastic work per reference volume. Without `pressure` the stress of a metal is
    its deviator and the energy that of shape.
    """
    double = law[2]
    if law[0] == METAL:
        volume = strain[0] + strain[1] + strain[2]
        third = volume / 3.0
        d = (strain[0] - third, strain[1] - third, strain[2] - third, strain[3], strain[4], strain[5])
        square = square_sum(d)
        double = 2.0 * law[3]
        keep, work = radial_return(law, double * np.sqrt(1.5 * square), here, step, 6, 7)
        flowed = keep < 1.0
        d = (keep * d[0], keep * d[1], keep * d[2], keep * d[3], keep * d[4], keep * d[5])
        strain = (d[0] + third, d[1] + third, d[2] + third, d[3], d[4], d[5])
        energy, mean = law[3] * square * keep * keep, 0.0
        if pressure:
            mean = (law[2] + double / 3.0) * volume
            energy += 0.5 * mean * volume
        mean /= double
    else:
        strain, energy, work, flowed = _crush(law, curve, strain_step, jacobian, rate, strain)
        d, mean = strain, 0.0
    if flowed:
        new = push(inverse, exp_twice(strain))
        here[0], here[1], here[2], here[3], here[4], here[5] = new
    tau = (
        double * (d[0] + mean), double * (d[1] + mean), double * (d[2] + mean), double * d[3], double * d[4],
        double * d[5],
    )  # fmt: skip
    return tau, energy, work
