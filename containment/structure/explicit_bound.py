"""Compiled bound of the largest frequency of a mesh as it stands, from its assembled stiffness.

For lumped masses omega^2 is the largest eigenvalue of M^-1/2 K M^-1/2, at most that of the norms of its nodal blocks
N_ij = |K_ij| / sqrt(m_i m_j), which for any w > 0 is at most max_i (N w)_i / w_i; each w <- N w lowers it (Collatz and
Wielandt; R. Varga, Matrix Iterative Analysis, 2000, section 2.1). Elements of low frequency are not assembled: as
x_e' K_e x_e <= omega_e^2 sum m_ea |x_a|^2 they stand on the diagonal with omega_e^2 m_ea / m_a, as springs of contacts
do. Blocks are bilinear in the gradients g, and a step turns g into (1 - dt L)' g with the velocity gradient L: after
s = sum dt |L| the bound is A + (exp(2 s) - 1) E, with E the same sum without what cancels between elements.

Central differences bear dt^2 K + 2 dt C <= 4 M. Bulk viscosity C obeys C_e <= 2 d_e M_e, so that they bear
dt = 2 / (D + sqrt(D^2 + A)) with D the largest d_e.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.structure.explicit_laws import FOAM, OPTIONS
from containment.structure.explicit_tensor import invert

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LOW = 0.4  # of the highest omega_e^2: the diagonal then holds 0.4 at most, and assembled meshes reach 0.4 to 0.8
_SWEEPS = 6  # of w <- N w: within 1 % of the largest eigenvalue of N on the meshes of the benchmarks
_NEWTON = 5  # to the largest eigenvalue of a block, from above; a double one halves its error each time
_COST = 1.0, 20.0  # in steps: of a look at every element, and of all blocks of the mesh
_CONTACT = 2.7  # of the frequency of a contact: its ledger error grows as the square of the step, to 4e-3 at this
_LEAST = 0.1  # weights start from those of last time, but at least here: the worst place may be another one by now


class Assembly(NamedTuple):
    """Arrays of the bound. `gradients` (e, corners, dim) of the reference, `whole` (e,): all its stiffness is in them;
    `hoop` 1 in the half plane; pairs of nodes (p,) `first` <= `second`, and the pair `slots` (e, corners, corners) of
    corners in that order; `share` (e, corners) of an element in the mass of its corner; `free` (n, dim), `mass`, and
    `own` (n,) 1/s^2 of contacts. Work: `omega2` (e,), `blocks` (p, dim, dim), `loose`, `norms`, `used` (p,), `rest`,
    `weights`, `row` (n,)."""

    gradients: Floats
    whole: NDArray[np.bool_]
    hoop: float
    first: Ints
    second: Ints
    slots: Ints
    share: Floats
    free: Floats
    mass: Floats
    own: Floats
    omega2: Floats
    blocks: Floats
    loose: Floats
    norms: Floats
    used: Ints
    rest: Floats
    weights: Floats
    row: Floats


def assembly(
    gradients: Floats | None, whole: NDArray[np.bool_], cells: Ints, lumps: Floats, free: Floats, mass: Floats
) -> Assembly:
    """Arrays for `cells` with a mass of `lumps` (e,) at each corner; without `gradients` nothing is assembled."""
    n, dim = free.shape
    given = gradients if gradients is not None else np.empty((0, 0, dim))
    cells, lumps = cells[: len(given)], lumps[: len(given)]
    left, right = cells[:, :, None], cells[:, None, :]
    key, slots = np.unique(np.minimum(left, right) * n + np.maximum(left, right), return_inverse=True)
    slots = np.where(left <= right, slots.reshape(len(cells), *cells.shape[1:] * 2), -1)
    return Assembly(
        given, whole, float(dim == 2), key // n, key % n, slots, lumps[:, None] / mass[cells], free, mass, np.zeros(n),
        np.zeros(len(cells)), np.zeros((len(key), dim, dim)), np.zeros(len(key)), np.zeros(len(key)),
        np.zeros(len(key), dtype=np.int64), np.zeros(n), np.ones(n), np.zeros(n),
    )  # fmt: skip


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
def paced(pace, square, damp, rate):  # type: ignore[no-untyped-def]
    """The worst of the elements so far and of one more: 2 over its step, damping d, |L|^2."""
    fastest = pace[0]
    if square + 2.0 * damp * fastest > fastest * fastest:
        fastest = max(fastest, damp + np.sqrt(damp * damp + square))
    return fastest, max(pace[1], damp), max(pace[2], rate)


@njit(**OPTIONS)
def _current(x, cell, given, f, g):  # type: ignore[no-untyped-def]
    """Gradients of the corners in the current shape into `g` (corners, 3): F^-T B_a with F = sum of x_a B_a (`f`)."""
    dim = given.shape[1]
    for i in range(dim):
        for j in range(dim):
            total = 0.0
            for a in range(cell.size):
                total += x[cell[a], i] * given[a, j]
            f[i, j] = total
    i, _ = invert((f[0, 0], f[0, 1], f[0, 2], f[1, 0], f[1, 1], f[1, 2], f[2, 0], f[2, 1], f[2, 2]))
    for a in range(cell.size):
        x0, x1, x2 = given[a, 0], given[a, 1], given[a, 2] if dim == 3 else 0.0
        g[a, 0] = i[0] * x0 + i[3] * x1 + i[6] * x2
        g[a, 1] = i[1] * x0 + i[4] * x1 + i[7] * x2
        g[a, 2] = i[2] * x0 + i[5] * x1 + i[8] * x2


@njit(**OPTIONS)
def _hoop(x, cell, hoop):  # type: ignore[no-untyped-def]
    """Hoop strain of each corner's radial motion in one-point quads, 1/(4 r); 0 in space."""
    radius = 0.0
    for a in range(cell.size):
        radius += x[cell[a], 0]
    return hoop / radius if hoop > 0.0 else 0.0


@njit(**OPTIONS)
def _moduli(law):  # type: ignore[no-untyped-def]
    """lambda and G of an element at most."""
    return (0.0, 0.5 * law[2]) if law[0] == FOAM else (law[2], law[3])


@njit(**OPTIONS)
def _frequency(law, g, ring):  # type: ignore[no-untyped-def]
    """omega_e^2 <= n/rho (lambda (tr M + n h^2) + 2 G (lambda_max(M) + n h^2)), M = sum of g g', by a row of M."""
    n = g.shape[0]
    bulk, shear = _moduli(law)
    trace, largest, hoops = 0.0, 0.0, n * ring * ring
    for i in range(3):
        row = 0.0
        for j in range(3):
            entry = 0.0
            for a in range(n):
                entry += g[a, i] * g[a, j]
            row += abs(entry)
            if i == j:
                trace += entry
        largest = max(largest, row)
    return n * (bulk * (trace + hoops) + 2.0 * shear * (min(largest, trace) + hoops)) / law[1]


@njit(**OPTIONS)
def _add_blocks(cell, w, bulk, shear, g, ring, slots, b, count):  # type: ignore[no-untyped-def]
    """Stiffness of one element onto its pairs of nodes; returns how many pairs are in use."""
    dim = b.free.shape[1]
    for a in range(cell.size):
        size = ring + np.sqrt(g[a, 0] ** 2 + g[a, 1] ** 2 + g[a, 2] ** 2)
        for c in range(cell.size):
            p = slots[a, c]
            if p < 0:
                continue
            if b.loose[p] == 0.0:
                b.used[count] = p
                count += 1
                b.blocks[p] = 0.0
            other = ring + np.sqrt(g[c, 0] ** 2 + g[c, 1] ** 2 + g[c, 2] ** 2)
            b.loose[p] += w * (abs(bulk) + 2.0 * shear) * size * other
            dot = g[a, 0] * g[c, 0] + g[a, 1] * g[c, 1] + g[a, 2] * g[c, 2]
            for i in range(dim):
                first = g[a, i] + (ring if i == 0 else 0.0)
                for j in range(dim):
                    second = g[c, j] + (ring if j == 0 else 0.0)
                    b.blocks[p, i, j] += w * (bulk * first * second + shear * g[c, i] * g[a, j])
                b.blocks[p, i, i] += w * shear * dot
            b.blocks[p, 0, 0] += 2.0 * w * shear * ring * ring
    return count


@njit(**OPTIONS)
def _add_hold(x, cell, stiff, g, slots, b):  # type: ignore[no-untyped-def]
    """What a quad's hourglass modes hold elastically (`explicit_kernel`), onto the pairs `_add_blocks` has made.

    With y_k = X . g_k of the first two corners, X = x_1 - x_2 + x_3 - x_4, and K (`stiff` 11, 12, 22): blocks
    c_a c_b K_kl g_k g_l', c = (1 - y_1, -1 - y_2, 1 + y_1, y_2 - 1). That y changes until the next bound is left to the
    0.9, as all that stress adds.
    """
    y, corner, t = np.zeros(2), np.ones(4), np.zeros((2, 2))
    for k in range(2):
        for i in range(2):
            hour = x[cell[0], i] - x[cell[1], i] + x[cell[2], i] - x[cell[3], i]
            y[k] += hour * g[k, i]
    corner[0], corner[1], corner[2], corner[3] = 1.0 - y[0], -1.0 - y[1], 1.0 + y[0], y[1] - 1.0
    for i in range(2):
        for j in range(2):
            t[i, j] = stiff[0] * g[0, i] * g[0, j] + stiff[2] * g[1, i] * g[1, j]
            t[i, j] += stiff[1] * (g[0, i] * g[1, j] + g[1, i] * g[0, j])
    size = np.sqrt((t * t).sum())
    for a in range(4):
        for c in range(4):
            p, both = slots[a, c], corner[a] * corner[c]
            if p >= 0:
                b.loose[p] += abs(both) * size
                b.blocks[p] += both * t


@njit(**OPTIONS)
def _norm(block, left, right):  # type: ignore[no-untyped-def]
    """Spectral norm of a block of what is free at both nodes: root of the largest eigenvalue of B B'."""
    solid = left.size == 3
    a0, a1, a2 = _row(block, 0, solid, left, right)
    b0, b1, b2 = _row(block, 1, solid, left, right)
    c0, c1, c2 = _row(block, 2, solid, left, right) if solid else (0.0, 0.0, 0.0)
    xy, yz, zx = a0 * b0 + a1 * b1 + a2 * b2, b0 * c0 + b1 * c1 + b2 * c2, c0 * a0 + c1 * a1 + c2 * a2
    u, v, w = a0 * a0 + a1 * a1 + a2 * a2, b0 * b0 + b1 * b1 + b2 * b2, c0 * c0 + c1 * c1 + c2 * c2
    mean = (u + v + w) / 3.0
    u, v, w = u - mean, v - mean, w - mean
    size = (u * u + v * v + w * w) / 6.0 + (xy * xy + yz * yz + zx * zx) / 3.0
    if size <= 1e-30 * mean * mean:
        return np.sqrt(max(mean, 0.0))
    third = u * (v * w - yz * yz) - xy * (xy * w - yz * zx) + zx * (xy * yz - v * zx)
    above = 2.0 * np.sqrt(size)  # the roots of t^3 - 3 size t - third are no larger, and Newton stays above them
    for _ in range(_NEWTON):
        excess = above * (above * above - 3.0 * size) - third
        if excess <= 1e-3 * above * size:
            break
        above -= excess / (3.0 * (above * above - size))
    return np.sqrt(mean + above)


@njit(inline="always", **OPTIONS)
def _row(block, i, solid, left, right):  # type: ignore[no-untyped-def]
    """Row of a block, 0 where a node is held."""
    on = left[i]
    return on * right[0] * block[i, 0], on * right[1] * block[i, 1], on * right[2] * block[i, 2] if solid else 0.0


@njit(**OPTIONS)
def _rows(b, values, count):  # type: ignore[no-untyped-def]
    """N w into `row`, of the pairs in use with these values."""
    for i in range(b.rest.size):
        b.row[i] = b.rest[i] * b.weights[i]
    for k in range(count):
        p = b.used[k]
        i, j = b.first[p], b.second[p]
        b.row[i] += values[p] * b.weights[j]
        if i != j:
            b.row[j] += values[p] * b.weights[i]


@njit(**OPTIONS)
def _worst(b):  # type: ignore[no-untyped-def]
    """Largest (N w)_i / w_i of a node that moves."""
    worst = 0.0
    for i in range(b.row.size):
        if b.weights[i] > 0.0:
            worst = max(worst, b.row[i] / b.weights[i])
    return worst


@njit(**OPTIONS)
def _collect(x, m, b):  # type: ignore[no-untyped-def]
    """Assemble the fast elements, put the others and the contacts on the diagonal; returns the pairs in use."""
    n, top, count = m.cells.shape[1], 0.0, 0
    f, g = np.eye(3), np.zeros((n, 3))
    for e in range(m.cells.shape[0]):
        _current(x, m.cells[e], b.gradients[e], f, g)
        b.omega2[e] = _frequency(m.laws[m.kind[e]], g, _hoop(x, m.cells[e], b.hoop))
        top = max(top, b.omega2[e])
    b.rest[:] = b.own
    b.loose[:] = 0.0
    for e in range(m.cells.shape[0]):
        cell = m.cells[e]
        if b.whole[e] and b.omega2[e] > _LOW * top:
            _current(x, cell, b.gradients[e], f, g)
            bulk, shear = _moduli(m.laws[m.kind[e]])
            count = _add_blocks(cell, m.weight[e], bulk, shear, g, _hoop(x, cell, b.hoop), b.slots[e], b, count)
            if b.hoop > 0.0 and m.grad[e, 4] > 0.0:
                _add_hold(x, cell, m.grad[e, 4:7], g, b.slots[e], b)
        else:
            for a in range(n):
                b.rest[cell[a]] += b.omega2[e] * b.share[e, a]
    return count


@njit(**OPTIONS)
def stiffest(x, m, b):  # type: ignore[no-untyped-def]
    """A and E of the mesh in the shape `x`, 1/s^2, and what this has cost in steps of the mesh, about."""
    if b.gradients.shape[0] == 0:
        return np.inf, 0.0, np.inf
    count = _collect(x, m, b)
    for k in range(count):
        p = b.used[k]
        i, j = b.first[p], b.second[p]
        scale = 1.0 / np.sqrt(b.mass[i] * b.mass[j])
        b.norms[p] = scale * _norm(b.blocks[p], b.free[i], b.free[j])
        b.loose[p] *= scale
    for i in range(b.rest.size):
        b.weights[i] = max(b.weights[i], _LEAST) if b.free[i].max() > 0.0 else 0.0
    for _ in range(_SWEEPS):
        _rows(b, b.norms, count)
        b.weights[:] = np.where(b.weights > 0.0, b.row / b.row.max(), 0.0)
    _rows(b, b.norms, count)
    stiff = _worst(b)
    _rows(b, b.loose, count)
    return stiff, _worst(b), _COST[0] + _COST[1] * count / b.first.size


@njit(**OPTIONS)
def fastest(pace, stiff, slack, growth, own):  # type: ignore[no-untyped-def]
    """2 over the step the mesh bears: by the worst element, or by `stiffest` and what has grown since.

    `own`: largest stiffness over mass of a contact, which accuracy keeps from steps longer than the worst element's.
    """
    element = np.sqrt(pace[0] * pace[0] + own)
    omega2 = stiff + np.expm1(2.0 * growth) * slack
    return min(element, max(pace[1] + np.sqrt(pace[1] * pace[1] + omega2), _CONTACT * np.sqrt(own)))
