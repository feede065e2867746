"""Common-cause failures counted: alpha factors with their Dirichlet posterior, and the beta factor they imply.

alpha_k is the fraction of failure events of a group of m like items in which exactly k fail together. With counts n_k
and prior Dirichlet(a_1..a_m) the posterior is Dirichlet(a + n) (Mosleh et al., NUREG/CR-5485, 1998, ch. 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError


def alpha_draws(
    counts: Sequence[float], prior: Sequence[float], size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draws (size, m) of alpha_1..alpha_m from event counts n_1..n_m and prior parameters a_1..a_m."""
    n, a = np.asarray(counts, dtype=float), np.asarray(prior, dtype=float)
    if n.shape != a.shape or n.ndim != 1 or n.size < 2:
        raise DataError(
            f"found {n.size} counts and {a.size} prior parameters, expected as many of both, for 1 to m items",
            advice="give one of each for every number of items failing together, from one to all",
        )
    if np.any(n < 0) or np.any(a <= 0) or not np.all(np.isfinite(n + a)):
        raise DataError(
            "found a negative or infinite count, or a prior parameter that is not positive, expected counts >= 0",
            advice="correct the counts",
        )
    return rng.dirichlet(n + a, size=size)


def multiplicity_probabilities(
    alpha: NDArray[np.float64], total: NDArray[np.float64] | float, *, staggered: bool
) -> NDArray[np.float64]:
    """Q_k (n, m): probability that a particular set of k items fails together, from alpha (n, m) and Q_total (n,).

    Staggered testing: Q_k = alpha_k Q_t / C(m-1, k-1); otherwise Q_k = k alpha_k Q_t / (alpha_t C(m-1, k-1)) with
    alpha_t = sum k alpha_k.
    """
    m = alpha.shape[1]
    k = np.arange(1, m + 1)
    ways = np.array([math.comb(m - 1, int(i) - 1) for i in k], dtype=float)
    scale = 1.0 if staggered else k / np.sum(k * alpha, axis=1, keepdims=True)
    return np.asarray(scale * alpha / ways * np.reshape(total, (-1, 1)))


def beta_factor(alpha: NDArray[np.float64], *, staggered: bool) -> NDArray[np.float64]:
    """Fraction (n,) of the failure probability of one item that is shared with at least one other: 1 - Q_1 / Q_t."""
    return 1.0 - multiplicity_probabilities(alpha, 1.0, staggered=staggered)[:, 0]
