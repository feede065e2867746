"""What each item of evidence and each prior does to P(loss), by reweighting draws: nothing is flown again.

A draw of P(loss) belongs to one row of the posterior. Leaving an item of evidence out, or counting a prior more or less
(power-scaling: density to the power alpha), is another weight for that row. The effective sample says how much is left;
where the weights have a heavy tail (Pareto shape above 0.7) or few rows carry all, only sampling again will tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.evidence.sensitivity import RELIABLE, smoothed, weights_without

if TYPE_CHECKING:
    import xarray as xr

    from containment.evidence.infer import Posterior

Array = NDArray[np.float64]
_FEWEST = 50  # effective draws below which a mean says nothing (board practice: sample again)
POWERS = (0.5, 2.0)  # a prior counted half and twice: the range of priors that stands beside every P(loss)


@dataclass(frozen=True)
class Effect:
    """P(loss) after one change of what is believed: mean, 5 and 95 %, P(P(loss) below the requirement).

    `change` is what was changed, `ratio` the mean over the mean of all draws and `error` its standard error (a change
    within two of them is none), `effective` the draws that still count; not `reliable`: sample again to know.
    """

    set: str
    change: str
    mean: float
    p05: float
    p95: float
    below_requirement: float
    ratio: float
    error: float
    effective: float
    pareto_k: float
    reliable: bool


def leave_one_out(posterior: Posterior, rows: NDArray[np.int64], loss: Array, requirement: float) -> list[Effect]:
    """P(loss) without each item of evidence, largest change first.

    `loss` (K,) are draws of P(loss), `rows` (K,) the row of the posterior each was computed from.
    """
    found = []
    for name, tree in _entries(posterior).items():
        for item in tree["log_likelihood"].to_dataset()["row"].values:
            weight, shape = weights_without(tree, str(item))
            found.append(_effect(name, f"without {item}", weight, shape, rows, loss, requirement))
    return sorted(found, key=lambda effect: -abs(np.log(max(effect.ratio, 1e-300))))


def other_priors(posterior: Posterior, rows: NDArray[np.int64], loss: Array, requirement: float) -> list[Effect]:
    """P(loss) with the priors of each entry counted half and twice."""
    found = []
    for name, tree in _entries(posterior).items():
        density = tree["log_prior"].to_dataset()["log_prior"].values.reshape(-1)
        for power in POWERS:
            weight, shape = smoothed((power - 1.0) * density)
            found.append(_effect(name, f"priors to the power {power:g}", weight, shape, rows, loss, requirement))
    return found


def _entries(posterior: Posterior) -> Mapping[str, xr.DataTree]:
    """Entries that update some input: whatever else is on record cannot move P(loss)."""
    moving = {summary.set for summary in posterior.summaries if summary.path}
    return {name: tree for name, tree in posterior.tree.children.items() if name in moving}


def _effect(
    name: str, change: str, weight: Array, shape: float, rows: NDArray[np.int64], loss: Array, requirement: float
) -> Effect:
    if rows.shape != loss.shape or rows.size == 0 or rows.max() >= weight.size:
        raise DataError(
            f"found {loss.size} draws of P(loss) from {rows.size} rows of a posterior of {weight.size}",
            advice="give the row of the posterior each draw was computed from",
        )
    w = weight[rows]
    w = w / w.sum()
    order = np.argsort(loss)
    level = np.cumsum(w[order]) - 0.5 * w[order]
    low, high = np.interp([0.05, 0.95], level, loss[order])
    mean, effective = float(w @ loss), float(1.0 / np.sum(w**2))
    every = float(loss.mean())
    below = float(w @ (loss < requirement))
    ratio = mean / every if every > 0 else 1.0
    # both means from the same draws: their errors go together
    apart = w * (loss - mean) - ratio * (loss - every) / loss.size
    error = float(np.sqrt(np.sum(apart**2))) / every if every > 0 else 0.0
    reliable = shape < RELIABLE and effective >= _FEWEST
    return Effect(name, change, mean, float(low), float(high), below, ratio, error, effective, shape, reliable)
