"""Flights to look at: scores of the aleatory inputs, half from their law, half moved to where limits are reached.

Defensive mixture importance sampling (Hesterberg 1995; balance heuristic of Veach & Guibas 1995): weights never exceed
2, so a moved component that is not needed costs half the samples and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_FARTHEST = 6.0  # longest shift, standard deviations: P = 1e-9
_MOST = 10  # shifted components
_STRETCH = 1.5  # of a moved component along its shift: unknowns make the limit nearer or farther


@dataclass(frozen=True)
class Flights:
    """Normal scores (M, d) of the aleatory unknowns and their importance weights (M,), which add to M on average."""

    scores: Array
    weights: Array


def mixture(base: Array, shifts: Sequence[Array]) -> Flights:
    """Flights from independent normal scores `base` (M, d): every second one moved by one of `shifts` in turn."""
    if not shifts:
        return Flights(base, np.ones(len(base)))
    moved = base.copy()
    odd = np.arange(len(base)) % 2 == 1
    turn = (np.arange(len(base)) // 2) % len(shifts)
    lengths = np.array([np.linalg.norm(shift) for shift in shifts])
    directions = np.asarray(shifts) / lengths[:, None]
    along = np.einsum("ij,ij->i", base[odd], directions[turn[odd]])
    moved[odd] += directions[turn[odd]] * (lengths[turn[odd]] + (_STRETCH - 1.0) * along)[:, None]
    # density of the mixture over that of the law, component by component as they were dealt out
    share = np.bincount(turn[odd], minlength=len(shifts)) / len(base)
    ratio = np.full(len(base), 1.0 - odd.mean())
    for part, direction, length in zip(share, directions, lengths, strict=True):
        a = moved @ direction
        exponent = 0.5 * (a**2 - ((a - length) / _STRETCH) ** 2)
        ratio += part / _STRETCH * np.exp(np.minimum(exponent, 500.0))
    return Flights(moved, 1.0 / ratio)


def failure_shift(response: Callable[[Array], Array], limit: float, spread: float, dimension: int) -> Array:
    """Most likely failing point of `response(u) >= limit` where the response carries extra scatter `spread`.

    Rackwitz-Fiessler iteration with finite differences on a surrogate (u of shape (n, d) -> (n,)); the scatter takes
    its part of the way, so the point is nearer than without. Returns zeros where nothing is to be moved.
    """
    u = np.zeros(dimension)
    if dimension == 0:
        return u
    step = 0.05
    for _ in range(30):
        value = response(np.vstack([u, u + step * np.eye(dimension)]))
        slope = (value[1:] - value[0]) / step
        squared = float(slope @ slope) + spread**2
        if squared <= 0.0 or not np.isfinite(value).all():
            return np.zeros(dimension)
        new = slope * (limit - value[0] + float(slope @ u)) / squared
        length = float(np.linalg.norm(new))
        if length > _FARTHEST:
            new *= _FARTHEST / length
        if np.linalg.norm(new - u) < 1e-3:
            break
        u = 0.5 * (u + new)
    return u


def distinct(shifts: Sequence[Array]) -> list[Array]:
    """Shifts that are worth a component: longer than half a standard deviation, not close to an earlier one."""
    kept: list[Array] = []
    for shift in sorted(shifts, key=lambda s: float(np.linalg.norm(s))):
        if np.linalg.norm(shift) > 0.5 and all(np.linalg.norm(shift - other) > 1.0 for other in kept):
            kept.append(shift)
    return kept[:_MOST]
