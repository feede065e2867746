"""What a posterior leans on: power-scaling of prior and likelihood, and leaving out one item of evidence at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

# Kallioinen et al., Stat. Comput. 34 (2024) 57: a change above 0.05 per doubling of a power is worth a look.
_NOTABLE = 0.05
# Vehtari et al., JMLR 25 (2024): above 0.7 importance weights say nothing reliable.
RELIABLE = 0.7


@dataclass(frozen=True)
class PriorSensitivity:
    """How far one parameter moves when its prior or its likelihood counts a little more (cumulative Jensen-Shannon)."""

    set: str
    parameter: str
    prior: float
    likelihood: float
    diagnosis: str


@dataclass(frozen=True)
class Influence:
    """Mean of one parameter without one item of evidence, by reweighting; not `reliable`: refit to know."""

    set: str
    item: str
    parameter: str
    mean: float
    mean_without: float
    pareto_k: float
    reliable: bool


def prior_sensitivity(tree: xr.DataTree, name: str, parameters: list[str]) -> list[PriorSensitivity]:
    """Power-scaling sensitivity of each parameter (ArviZ `psense`)."""
    import arviz as az

    if not parameters:  # nothing but what is delivered, such as a pool of experts
        return []
    change = {group: az.psense(tree, var_names=parameters, group=group) for group in ("prior", "likelihood")}
    found = []
    for parameter in parameters:
        prior, likelihood = (float(change[group][parameter]) for group in ("prior", "likelihood"))
        found.append(PriorSensitivity(name, parameter, prior, likelihood, _diagnosis(prior, likelihood)))
    return found


def _diagnosis(prior: float, likelihood: float) -> str:
    if prior > _NOTABLE and likelihood > _NOTABLE:
        return "prior and data both count"
    if prior > _NOTABLE:
        return "rests on its prior"
    return "led by the data" if likelihood > _NOTABLE else "hardly moved by either"


def leave_one_out(tree: xr.DataTree, name: str, draws: Mapping[str, NDArray[np.float64]]) -> list[Influence]:
    """Mean of every parameter without each row of the data."""
    found = []
    for item in tree["log_likelihood"].to_dataset()["row"].values:
        weight, k = weights_without(tree, str(item))
        for parameter, values in draws.items():
            mean, without = float(values.mean()), float(np.sum(weight * values))
            found.append(Influence(name, str(item), parameter, mean, without, k, k < RELIABLE))
    return found


def leaning_table(
    sensitivity: Sequence[PriorSensitivity], influence: Sequence[Influence]
) -> list[dict[str, str | float | bool | None]]:
    """Rows for a table: each parameter, how far prior and data move it, and the item that moves its mean most.

    `without` is the mean without that item over the mean (None where no item is on record or the mean is zero).
    """
    rows: list[dict[str, str | float | bool | None]] = []
    for row in sensitivity:
        items = [i for i in influence if (i.set, i.parameter) == (row.set, row.parameter) and i.mean != 0.0]
        most = max(items, key=lambda i: abs(i.mean_without - i.mean), default=None)
        rows.append({
            "evidence": row.set, "parameter": row.parameter, "prior": row.prior, "data": row.likelihood,
            "diagnosis": row.diagnosis, "moved_most_by": most.item if most else None,
            "without": most.mean_without / most.mean if most else None, "reliable": most.reliable if most else None,
        })  # fmt: skip
    return rows


def weights_without(tree: xr.DataTree, item: str) -> tuple[NDArray[np.float64], float]:
    """Weights (4 * draws,) that turn the posterior of an entry into the one without `item`, and their Pareto shape.

    The weights go with the rows of `Posterior.updates`: the effect of one item on anything computed per draw, P(loss)
    too, is a weighted mean. With a shape above 0.7 it has to be sampled again.
    """
    rows = tree["log_likelihood"].to_dataset()["rows"]
    return smoothed(-rows.sel(row=item).values.reshape(-1))


def smoothed(log_weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Normalised Pareto-smoothed importance weights and the shape of their tail; constant weights have shape 0."""
    if np.ptp(log_weight) < 1e-10:
        return np.full(log_weight.size, 1.0 / log_weight.size), 0.0
    from arviz_stats.base.array import BaseArray

    # psislw takes log-likelihoods and turns their sign itself
    smooth, k = BaseArray().psislw(-log_weight)  # type: ignore[no-untyped-call]
    weight = np.exp(smooth - np.max(smooth))
    weight = weight / weight.sum()
    # Where nearly all weights are equal no tail can be fitted; the effective sample then speaks for itself.
    shape = float(k) if np.isfinite(k) else (0.0 if 1.0 / np.sum(weight**2) > 0.5 * weight.size else 1.0)
    return weight, shape
