"""Curves through tabulated points for the compiled core: monotone where the points are, twice differentiable."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def smooth_pieces(x: ArrayLike, y: ArrayLike) -> Array:
    """Quintics (n - 1, 6) through n points, ascending powers of the distance from the left point of each interval.

    Slopes are those of the monotone cubic (Fritsch & Carlson 1980, `scipy.interpolate.PchipInterpolator`); the
    curvature at a point is the smaller one of the two cubics that meet there, zero if they bend opposite ways. A cubic
    alone would leave a jump of the curvature at each point, where an integrator of order 5 loses accuracy unseen.
    """
    from scipy.interpolate import PchipInterpolator

    x, y = np.asarray(x, float), np.asarray(y, float)
    slope = PchipInterpolator(x, y).derivative()(x)
    h = np.diff(x)
    mean = np.diff(y) / h
    at_left = (6 * mean - 4 * slope[:-1] - 2 * slope[1:]) / h
    at_right = (2 * slope[:-1] + 4 * slope[1:] - 6 * mean) / h
    bend = np.zeros_like(x)
    same = at_right[:-1] * at_left[1:] > 0
    bend[1:-1] = np.where(same, np.sign(at_left[1:]) * np.minimum(np.abs(at_right[:-1]), np.abs(at_left[1:])), 0.0)
    # what is left of value, slope and curvature at the right point after the parabola of the left one
    value = np.diff(y) - slope[:-1] * h - 0.5 * bend[:-1] * h**2
    first = np.diff(slope) - bend[:-1] * h
    second = np.diff(bend)
    return np.column_stack(
        [
            y[:-1], slope[:-1], 0.5 * bend[:-1],
            10 * value / h**3 - 4 * first / h**2 + 0.5 * second / h,
            -15 * value / h**4 + 7 * first / h**3 - second / h**2,
            6 * value / h**5 - 3 * first / h**4 + 0.5 * second / h**3,
        ]
    )  # fmt: skip


def evaluate(x: Array, pieces: Array, at: ArrayLike) -> Array:
    """Values of the curve through points at `x` at places within them (any shape)."""
    at = np.asarray(at, float)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(pieces) - 1)
    distance = at - x[i]
    value = np.zeros_like(distance)
    for power in range(pieces.shape[1] - 1, -1, -1):
        value = value * distance + pieces[i, power]
    return value
