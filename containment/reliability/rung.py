"""A cheaper rung of the same limit state as what the surrogates of the costly one are built upon.

The cheap answer is one more input of the surrogate, and may be its whole trend:

    g(u) = a + b f(u) + Z(u, f(u)),   Z a Gaussian process

(autoregressive co-kriging of Kennedy & O'Hagan 2000, Z over the cheap answer too after Perdikaris et al. 2017), so
that where the rungs run in parallel few costly calls are left to make. Leave-one-out decides against the surrogate
without it: a cheap rung that tells nothing costs nothing but its own time. It is asked wherever a surrogate is, about a
million times in a run.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError

Array = NDArray[np.float64]
_PROBE = 512  # standard normal points that give the size of the cheap answer


class CheapRung:
    """Scale of a surrogate: normal scores u (n, d) and the cheap answer in its own deviations -> (n, d + 1)."""

    def __init__(self, of_scores: Callable[[Array], Array], mode: int, probe: Array) -> None:
        if not np.isfinite(probe[:, mode]).all() or np.ptp(probe[:, mode]) == 0:
            raise DataError(
                "the cheap rung gives no number, or a constant, for inputs as they are expected",
                advice="give trend=f with f(x) of shape (n,) or (n, k) for x of shape (n, d), or leave it out",
            )
        self._of_scores, self._mode = of_scores, mode
        self._centre, self._width = float(np.median(probe[:, mode])), float(np.std(probe[:, mode]))

    def __call__(self, u: Array) -> Array:
        """Inputs of the surrogate at u (n, d)."""
        return np.column_stack([u, (self._of_scores(u)[:, self._mode] - self._centre) / self._width])

    def correlation(self, u: Array, g: Array) -> float:
        """Correlation of the cheap answer with the costly one g (n,) where both are known."""
        return float(np.corrcoef(self(u)[:, -1], g)[0, 1])


def cheap_rungs(of_scores: Callable[[Array], Array], dimension: int) -> tuple[CheapRung, ...]:
    """One rung for each column of the cheap answer at normal scores."""
    probe = of_scores(np.random.default_rng(0).standard_normal((_PROBE, dimension)))
    return tuple(CheapRung(of_scores, mode, probe) for mode in range(probe.shape[1]))
