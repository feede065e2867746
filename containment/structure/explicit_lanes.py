"""Elements side by side: blocks of LANES elements of one material, whose rows one instruction takes four at a time.

A loop over the lanes of a block becomes such instructions where it has no call and no branch, and where every row
stands at a distance the compiler knows: rows are one flat array, row n from n LANES on.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.structure.explicit_laws import OPTIONS

LANES = 32  # of 8, 16 and 32 the fastest; rows and gradients of a block (24 and 11 kB) then fill the first cache


def lanes(kind: NDArray[np.int64]) -> NDArray[np.int64]:
    """(b, LANES) numbers of the elements of each block, of one material; -1 where a block has no more."""
    blocks = []
    for material in np.unique(kind):
        own = np.flatnonzero(kind == material)
        blocks.append(np.pad(own, (0, -own.size % LANES), constant_values=-1).reshape(-1, LANES))
    return np.concatenate(blocks)


def blocked(rows: NDArray[np.float64], lanes: NDArray[np.int64]) -> NDArray[np.float64]:
    """(b, k, LANES) of (e, k) rows of the elements; where a block has no more, those of its first."""
    return np.swapaxes(rows[np.where(lanes < 0, lanes[:, :1], lanes)], 1, 2).reshape(len(lanes), -1)


@njit(inline="always", **OPTIONS)
def three(work, row, k):  # type: ignore[no-untyped-def]
    """Three rows from `row` on, in lane `k`."""
    return work[row + k], work[row + LANES + k], work[row + 2 * LANES + k]


@njit(inline="always", **OPTIONS)
def four(work, row, k):  # type: ignore[no-untyped-def]
    """Four rows."""
    return work[row + k], work[row + LANES + k], work[row + 2 * LANES + k], work[row + 3 * LANES + k]


@njit(inline="always", **OPTIONS)
def six(work, row, k):  # type: ignore[no-untyped-def]
    """Six rows."""
    (a, b, c), (d, e, f) = three(work, row, k), three(work, row + 3 * LANES, k)
    return a, b, c, d, e, f


@njit(inline="always", **OPTIONS)
def nine(work, row, k):  # type: ignore[no-untyped-def]
    """Nine rows."""
    (a, b, c), (d, e, f) = three(work, row, k), three(work, row + 3 * LANES, k)
    g, h, i = three(work, row + 6 * LANES, k)
    return a, b, c, d, e, f, g, h, i


@njit(inline="always", **OPTIONS)
def corners(work, row, k):  # type: ignore[no-untyped-def]
    """One component of a field at eight corners, of which each has three rows."""
    (a, b), (c, d) = _apart(work, row, k), _apart(work, row + 6 * LANES, k)
    (e, f), (g, h) = _apart(work, row + 12 * LANES, k), _apart(work, row + 18 * LANES, k)
    return a, b, c, d, e, f, g, h


@njit(inline="always", **OPTIONS)
def _apart(work, row, k):  # type: ignore[no-untyped-def]
    """A row, and the third after it."""
    return work[row + k], work[row + 3 * LANES + k]


@njit(inline="always", **OPTIONS)
def put_three(work, row, k, a, b, c):  # type: ignore[no-untyped-def]
    """Fill three rows."""
    work[row + k], work[row + LANES + k], work[row + 2 * LANES + k] = a, b, c


@njit(inline="always", **OPTIONS)
def put_six(work, row, k, s):  # type: ignore[no-untyped-def]
    """Fill six rows."""
    put_three(work, row, k, s[0], s[1], s[2])
    put_three(work, row + 3 * LANES, k, s[3], s[4], s[5])


@njit(inline="always", **OPTIONS)
def put_nine(work, row, k, m):  # type: ignore[no-untyped-def]
    """Fill nine rows."""
    put_six(work, row, k, (m[0], m[1], m[2], m[3], m[4], m[5]))
    put_three(work, row + 6 * LANES, k, m[6], m[7], m[8])
