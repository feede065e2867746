"""Compiled one-point hexahedra with four hourglass modes, viscous or elastic: total Lagrangian, logarithmic strains.

The gradients are means over the reference element, B_a = 1/V int grad_X N_a dV, so that any shape passes the patch
test (D. Flanagan and T. Belytschko, IJNME 17 (1981) 679). In the corner patterns of the parent (signs s, hourglass
Gamma; corner a = i + 2 j + 4 k, as in DOLFINx): B_a = C s_a/8 + D Gamma_a, D = 0 for parallelepipeds. With J = dx/dxi
at the centre and X = sum of x_a Gamma_a: F = J C' + X D', f_a = w tau F^-T B_a.

The modes are h_k = F^-1 X_k - X_k at the start, in axes along the edges of the reference. Elastic control gives them
the energy of the bending and torsion they stand for, h' K h / 2, with assumed strains: normal strains in plane stress,
shear without what bending brings with it (T. Belytschko and L. Bindeman, CMAME 105 (1993) 225). One layer of hexahedra
then bends as a plate does. It holds for what stays elastic; what yields or crushes resists by viscosity.

Elements of one material go through in blocks (`explicit_lanes`): gather corners, kinematics of all lanes, stress of one
after another as it branches, forces of all lanes, scatter.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_bound import gradient_sums, paced
from containment.structure.explicit_lanes import LANES, corners, four, nine, put_nine, put_six, six, three
from containment.structure.explicit_laws import (
    HELD,
    HOURGLASS,
    METAL,
    OPTIONS,
    PLASTIC,
    VISCOUS,
    bulk_viscosity,
    root,
)
from containment.structure.explicit_tensor import (
    SMALL,
    cayley,
    invert,
    large_half_log,
    multiply,
    push,
    small_half_log,
    square_sum,
    square_sum_all,
    strain_stress,
    stress_flux,
)

# Rows of a block's work: corners and their speeds, F^-1, rate of F, y of the logarithm, strain, stress; J, trace and
# square of the velocity gradient, gradient sums; power and energy of the modes, power and diffusivity of viscosity.
_X, _V, _INVERSE, _RATE, _Y, _STRAIN, _TAU = (LANES * row for row in (0, 24, 48, 57, 66, 72, 78))
_JACOBIAN, _DILATION, _SWIFT, _SLOPES, _LARGEST = (LANES * row for row in (84, 85, 86, 87, 88))
_POWER, _HELD, _SQUEEZE, _DAMP, _END = (LANES * row for row in (89, 90, 91, 92, 93))
_STATE, _FORCE = _TAU, _X  # what is done with makes room
_C, _D, _SPREAD, _SHAPE, _EDGES, _PLATE, _WEIGHT = (LANES * row for row in (0, 9, 21, 22, 34, 37, 41))  # of `grad`


@njit(inline="always", **OPTIONS)
def _slopes(p):  # type: ignore[no-untyped-def]
    """Derivatives of one component by the parent coordinates."""
    d0, d1, d2, d3 = p[7] - p[0], p[6] - p[1], p[5] - p[2], p[4] - p[3]
    return 0.125 * (d0 - d1 + d2 - d3), 0.125 * (d0 + d1 - d2 - d3), 0.125 * (d0 + d1 + d2 + d3)


@njit(inline="always", **OPTIONS)
def _hours(p):  # type: ignore[no-untyped-def]
    """Hourglass sums of one component: eta zeta, zeta xi, xi eta, xi eta zeta."""
    d0, d1, d2, d3 = p[7] - p[0], p[6] - p[1], p[5] - p[2], p[4] - p[3]
    s0, s1, s2, s3 = p[7] + p[0], p[6] + p[1], p[5] + p[2], p[4] + p[3]
    return s0 + s1 - s2 - s3, s0 - s1 + s2 - s3, s0 - s1 - s2 + s3, d0 - d1 - d2 + d3


@njit(inline="always", **OPTIONS)
def _gradient(work, row, g, k):  # type: ignore[no-untyped-def]
    """sum of y_a B_a of the nodal field at `row`: C and D times its slopes in the parent and hourglass sums."""
    x, y, z = corners(work, row, k), corners(work, row + LANES, k), corners(work, row + 2 * LANES, k)
    a, b, c = _slopes(x), _slopes(y), _slopes(z)
    m = nine(g, _C, k)
    f = multiply(
        (a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2]), (m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8])
    )
    (i, j, m), h = (four(g, _D, k), four(g, _D + 4 * LANES, k), four(g, _D + 8 * LANES, k)), _hours(x)
    xx, xy, xz = f[0] + _along(h, i), f[1] + _along(h, j), f[2] + _along(h, m)
    h = _hours(y)
    yx, yy, yz = f[3] + _along(h, i), f[4] + _along(h, j), f[5] + _along(h, m)
    h = _hours(z)
    return xx, xy, xz, yx, yy, yz, f[6] + _along(h, i), f[7] + _along(h, j), f[8] + _along(h, m)


@njit(inline="always", **OPTIONS)
def _along(a, b):  # type: ignore[no-untyped-def]
    """Product of two vectors of four."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


@njit(inline="always", **OPTIONS)
def _turn(m, x, y, z):  # type: ignore[no-untyped-def]
    """Matrix (rows) times vector."""
    return m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z


@njit(inline="always", **OPTIONS)
def _back(i, x, y, z):  # type: ignore[no-untyped-def]
    """Transpose of a matrix (rows) times vector."""
    return i[0] * x + i[3] * y + i[6] * z, i[1] * x + i[4] * y + i[7] * z, i[2] * x + i[5] * y + i[8] * z


@njit(**OPTIONS)
def _gather(x, v, cells, state, block, work):  # type: ignore[no-untyped-def]
    """Corners, their speeds and Cp^-1 of a block's elements into its rows."""
    for k in range(LANES):
        e = block[k] if block[k] >= 0 else block[0]
        for a in range(8):
            node = cells[e, a]
            for i in range(3):
                work[_X + (3 * a + i) * LANES + k] = x[node, i]
                work[_V + (3 * a + i) * LANES + k] = v[node, i]
        for i in range(6):
            work[_STATE + i * LANES + k] = state[e, i]


@njit(**OPTIONS)
def _kinematics(g, work):  # type: ignore[no-untyped-def]
    """Deformation, velocity gradient and trial strain of a block."""
    for k in range(LANES):
        f, rate = _gradient(work, _X, g, k), _gradient(work, _V, g, k)
        inverse, jacobian = invert(f)
        along = multiply(rate, inverse)  # velocity gradient
        put_nine(work, _INVERSE, k, inverse)
        put_nine(work, _RATE, k, rate)
        work[_JACOBIAN + k], work[_DILATION + k] = jacobian, along[0] + along[4] + along[8]
        work[_SWIFT + k] = square_sum_all(along)
        c = nine(g, _C, k)
        slopes, largest = gradient_sums(multiply((c[0], c[3], c[6], c[1], c[4], c[7], c[2], c[5], c[8]), inverse))
        work[_SLOPES + k], work[_LARGEST + k] = g[_SPREAD + k] * slopes, g[_SPREAD + k] * largest
        y = cayley(push(f, six(work, _STATE, k)))
        put_six(work, _Y, k, y)
        put_six(work, _STRAIN, k, small_half_log(y))


@njit(inline="always", **OPTIONS)
def _swing(rate, c, hour):  # type: ignore[no-untyped-def]
    """Speed of an hourglass mode whose shape pulled back is `c`."""
    x, y, z = _turn(rate, c[0], c[1], c[2])
    return hour[0] - x, hour[1] - y, hour[2] - z


@njit(inline="always", **OPTIONS)
def _held(work, g, k, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """Elastic forces on the four hourglass modes: bending and torsion without shear locking; keeps their energy."""
    (a, b, c), (plate, cross, shear, rod) = three(g, _EDGES, k), four(g, _PLATE, k)
    r0, r1 = three(g, _SHAPE, k), three(g, _SHAPE + 3 * LANES, k)
    r2, r3 = three(g, _SHAPE + 6 * LANES, k), three(g, _SHAPE + 9 * LANES, k)
    h11, h12, h13 = c0[0] - r0[0], c0[1] - r0[1], c0[2] - r0[2]
    h21, h22, h23 = c1[0] - r1[0], c1[1] - r1[1], c1[2] - r1[2]
    h31, h32, h33 = c2[0] - r2[0], c2[1] - r2[1], c2[2] - r2[2]
    h41, h42, h43 = c3[0] - r3[0], c3[1] - r3[1], c3[2] - r3[2]
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
    work[_POWER + k], work[_HELD + k], i = 0.0, 0.5 * energy, nine(work, _INVERSE, k)
    return _back(i, q11, q12, q13), _back(i, q21, q22, q23), _back(i, q31, q32, q33), _back(i, q41, q42, q43)


@njit(inline="always", **OPTIONS)
def _shapes(work, row, k):  # type: ignore[no-untyped-def]
    """Hourglass sums of the nodal field at `row`: a vector for each of the four modes."""
    x, y, z = (
        _hours(corners(work, row, k)),
        _hours(corners(work, row + LANES, k)),
        _hours(corners(work, row + 2 * LANES, k)),
    )
    return (x[0], y[0], z[0]), (x[1], y[1], z[1]), (x[2], y[2], z[2]), (x[3], y[3], z[3])


@njit(inline="always", **OPTIONS)
def _spread(work, row, k, flux, q):  # type: ignore[no-untyped-def]
    """s_a/8 flux + Gamma_a q at the corners, one component: slopes and sums transposed."""
    x, y, z = 0.125 * flux[0], 0.125 * flux[1], 0.125 * flux[2]
    odd0, odd1, odd2, odd3 = x + y + z + q[3], z + y - x - q[3], x - y + z - q[3], z - x - y + q[3]
    even0, even1, even2, even3 = q[0] + q[1] + q[2], q[0] - q[1] - q[2], q[1] - q[0] - q[2], q[2] - q[0] - q[1]
    work[row + k], work[row + 21 * LANES + k] = even0 - odd0, even0 + odd0
    work[row + 3 * LANES + k], work[row + 18 * LANES + k] = even1 - odd1, even1 + odd1
    work[row + 6 * LANES + k], work[row + 15 * LANES + k] = even2 - odd2, even2 + odd2
    work[row + 9 * LANES + k], work[row + 12 * LANES + k] = even3 - odd3, even3 + odd3


@njit(inline="always", **OPTIONS)
def _corner_force(work, row, g, k, flux, q, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """One component of the forces at the corners from stress (3) and what resists the modes (4)."""
    c = nine(g, _C, k)
    d0, d1, d2 = four(g, _D, k), four(g, _D + 4 * LANES, k), four(g, _D + 8 * LANES, k)
    x = flux[0] - q[0] * c0[0] - q[1] * c1[0] - q[2] * c2[0] - q[3] * c3[0]
    y = flux[1] - q[0] * c0[1] - q[1] * c1[1] - q[2] * c2[1] - q[3] * c3[1]
    z = flux[2] - q[0] * c0[2] - q[1] * c1[2] - q[2] * c2[2] - q[3] * c3[2]
    through = (x * c[0] + y * c[3] + z * c[6], x * c[1] + y * c[4] + z * c[7], x * c[2] + y * c[5] + z * c[8])
    along = (
        q[0] + x * d0[0] + y * d1[0] + z * d2[0], q[1] + x * d0[1] + y * d1[1] + z * d2[1],
        q[2] + x * d0[2] + y * d1[2] + z * d2[2], q[3] + x * d0[3] + y * d1[3] + z * d2[3],
    )  # fmt: skip
    _spread(work, row, k, through, along)


@njit(inline="always", **OPTIONS)
def _corner_forces(work, g, k, f, r, s, t, u, c0, c1, c2, c3):  # type: ignore[no-untyped-def]
    """Forces at the corners from the stress and from what resists each mode."""
    _corner_force(work, _FORCE, g, k, (f[0], f[1], f[2]), (r[0], s[0], t[0], u[0]), c0, c1, c2, c3)
    _corner_force(work, _FORCE + LANES, g, k, (f[3], f[4], f[5]), (r[1], s[1], t[1], u[1]), c0, c1, c2, c3)
    _corner_force(work, _FORCE + 2 * LANES, g, k, (f[6], f[7], f[8]), (r[2], s[2], t[2], u[2]), c0, c1, c2, c3)


@njit(inline="always", **OPTIONS)
def _size(work, k):  # type: ignore[no-untyped-def]
    """Edge of a cube with the gradients of the element."""
    return root(12.0 / work[_SLOPES + k])


@njit(inline="always", **OPTIONS)
def _flux(work, g, k, density, wave, linear, quadratic):  # type: ignore[no-untyped-def]
    """Stress with bulk viscosity as flux along the parent's directions; keeps what viscosity takes."""
    tau, w, dilation = six(work, _TAU, k), g[_WEIGHT + k], work[_DILATION + k]
    q, viscous = bulk_viscosity(density, wave, _size(work, k), dilation, linear, quadratic)
    work[_SQUEEZE + k], work[_DAMP + k] = w * q * dilation, 0.5 * viscous * work[_SLOPES + k]
    tau = (tau[0] + q, tau[1] + q, tau[2] + q, tau[3], tau[4], tau[5])
    return stress_flux(w, tau, nine(work, _INVERSE, k))


@njit(inline="always", **OPTIONS)
def _pulled_back(work, k):  # type: ignore[no-untyped-def]
    """Shapes of the four modes in the reference, F^-1 X."""
    (a, b, c, d), i = _shapes(work, _X, k), nine(work, _INVERSE, k)
    return (
        _turn(i, a[0], a[1], a[2]), _turn(i, b[0], b[1], b[2]), _turn(i, c[0], c[1], c[2]), _turn(i, d[0], d[1], d[2]),
    )  # fmt: skip


@njit(**OPTIONS)
def _forces_dragged(g, work, density, wave, hourglass, linear, quadratic):  # type: ignore[no-untyped-def]
    """Corner forces of a block whose modes meet viscosity."""
    for k in range(LANES):
        flux, (c0, c1, c2, c3) = _flux(work, g, k, density, wave, linear, quadratic), _pulled_back(work, k)
        drag = 0.0625 * hourglass * density * g[_WEIGHT + k] * wave / _size(work, k)
        rate, (h0, h1, h2, h3) = nine(work, _RATE, k), _shapes(work, _V, k)
        r, s, t, u = _swing(rate, c0, h0), _swing(rate, c1, h1), _swing(rate, c2, h2), _swing(rate, c3, h3)
        power = r[0] * r[0] + r[1] * r[1] + r[2] * r[2] + s[0] * s[0] + s[1] * s[1] + s[2] * s[2]
        power += t[0] * t[0] + t[1] * t[1] + t[2] * t[2] + u[0] * u[0] + u[1] * u[1] + u[2] * u[2]
        work[_POWER + k], work[_HELD + k] = drag * power, 0.0
        r, s = (drag * r[0], drag * r[1], drag * r[2]), (drag * s[0], drag * s[1], drag * s[2])
        t, u = (drag * t[0], drag * t[1], drag * t[2]), (drag * u[0], drag * u[1], drag * u[2])
        _corner_forces(work, g, k, flux, r, s, t, u, c0, c1, c2, c3)


@njit(**OPTIONS)
def _forces_held(g, work, density, wave, linear, quadratic):  # type: ignore[no-untyped-def]
    """Corner forces of a block whose modes are held elastically."""
    for k in range(LANES):
        flux, (c0, c1, c2, c3) = _flux(work, g, k, density, wave, linear, quadratic), _pulled_back(work, k)
        r, s, t, u = _held(work, g, k, c0, c1, c2, c3)
        _corner_forces(work, g, k, flux, r, s, t, u, c0, c1, c2, c3)


@njit(**OPTIONS)
def _stress(g, work, block, law, curve, strain_step, state, step, loss):  # type: ignore[no-untyped-def]
    """Kirchhoff stress of a block, one by one; advances the state, returns the elastic energy."""
    stored = 0.0
    for k in range(LANES):
        e = block[k]
        if e < 0:
            break
        strain = six(work, _STRAIN, k)
        y = six(work, _Y, k)
        if square_sum(y) > SMALL:
            strain = large_half_log(y)
        tau, energy, plastic = strain_stress(
            law, curve, strain_step, state[e], step, -work[_DILATION + k], strain, nine(work, _INVERSE, k),
            work[_JACOBIAN + k], True,
        )  # fmt: skip
        put_six(work, _TAU, k, tau)
        stored += g[_WEIGHT + k] * energy
        loss[PLASTIC] += g[_WEIGHT + k] * plastic
    return stored


@njit(**OPTIONS)
def _scatter(work, cells, block, law, bulk, shear, step, force, pace, loss):  # type: ignore[no-untyped-def]
    """Take a block's corner forces off the nodes and add its losses; returns the worst so far and the energy held."""
    held = 0.0
    for k in range(LANES):
        e = block[k]
        if e < 0:
            break
        for a in range(8):
            node = cells[e, a]
            for i in range(3):
                force[node, i] -= work[_FORCE + (3 * a + i) * LANES + k]
        held += work[_HELD + k]
        loss[HOURGLASS] += step * work[_POWER + k]
        loss[VISCOUS] += step * work[_SQUEEZE + k]
        square = (bulk * work[_SLOPES + k] + 2.0 * shear * work[_LARGEST + k]) / law[1]
        damp = work[_DAMP + k] if work[_DILATION + k] < 0.0 else 0.0
        pace = paced(pace, square, damp, work[_SWIFT + k])
    return pace, held


@njit(**OPTIONS)
def hexes(  # type: ignore[no-untyped-def]
    x, v, force, cells, lanes, grad, kind, laws, curves, strain_step, state, step, control, loss,
):  # fmt: skip
    """Add the forces of all hexahedra; returns the worst of them (`paced`), and the elastic energy.

    `lanes` (b, LANES) and `grad` (b, 42 LANES) as of `explicit_lanes`; its rows: C (3, 3), D (3, 4), by how much D
    raises the squared gradients at most, X at the start (4, 3), and what hold it: one over the half edges (3),
    stiffness of plates, between their directions, of shear, of rods (0: viscous resistance); volume.
    `state` (e, 8): Cp^-1 xx yy zz xy yz zx, equivalent plastic strain, temperature. `control`: hourglass, linear and
    quadratic bulk viscosity.
    """
    pace, stored, bent = (0.0, 0.0, 0.0), 0.0, 0.0
    work = np.zeros(_END)
    for b in range(lanes.shape[0]):
        block, g, number = lanes[b], grad[b], kind[lanes[b, 0]]
        law = laws[number]
        bulk, shear = (law[2], law[3]) if law[0] == METAL else (0.0, 0.5 * law[2])
        density, wave = law[1], root((bulk + 2.0 * shear) / law[1])
        _gather(x, v, cells, state, block, work)
        _kinematics(g, work)
        stored += _stress(g, work, block, law, curves[number], strain_step, state, step, loss)
        if g[_PLATE] > 0.0:
            _forces_held(g, work, density, wave, control[1], control[2])
        else:
            _forces_dragged(g, work, density, wave, control[0], control[1], control[2])
        pace, held = _scatter(work, cells, block, law, bulk, shear, step, force, pace, loss)
        bent += held
    loss[HELD] = bent
    return pace, stored
