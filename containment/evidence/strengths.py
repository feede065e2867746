"""Measured strengths by lots and laboratories: normal, lognormal or Weibull, scattered about a common median.

ln m = ln median + lot_scatter e_lot + laboratory_scatter e_laboratory,  e ~ N(0, 1).
Within a lot of median m, with scatter s about the sd of ln y:
    normal     y ~ N(m, s m)
    lognormal  ln y ~ N(ln m, s)
    Weibull    y / lambda ~ Weibull(k),  k = pi / (sqrt(6) s),  lambda = m (ln 2)^(-1/k)
The three agree in the middle and part in the tail, where containment lives: fit all three and look at `compare`.
Rows may be censored: a proof load that was borne is a bound from below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.evidence import priors
from containment.evidence.model import Built, Draws, finish, given, log_cdf, log_interval, need, two_sided
from containment.evidence.register import EvidenceSet

if TYPE_CHECKING:
    import xarray as xr

FAMILIES = ("normal", "lognormal", "weibull")


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `strengths` (Pa); the family is the last word of the model's name."""
    import pymc as pm
    import pytensor.tensor as pt

    need(data, use)
    family = use.model.rsplit("-", 1)[1]
    lots, lot = np.unique(data["lot"], return_inverse=True)
    column = data.columns.get("laboratory", np.full(len(data), ""))
    laboratories, laboratory = np.unique(column, return_inverse=True)
    weight = np.array([use.relevance.get(str(item), 1.0) for item in data["item"]])
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in prior.items()}
        offset = pm.Normal("lot_offset", 0.0, 1.0, shape=lots.size)
        median = (v["median"] * pt.exp(v["lot_scatter"] * offset))[lot]
        latent = ["lot_offset"]
        if laboratories.size > 1:  # one laboratory cannot be told from the lots it measured
            latent.append("laboratory_offset")
            offset = pm.Normal("laboratory_offset", 0.0, 1.0, shape=laboratories.size)
            median = median * pt.exp(v["laboratory_scatter"] * offset)[laboratory]
        rows = _rows(family, data["value_low"], data["value_high"], median, v["scatter"])
        finish(weight * rows, latent=tuple(latent))
    read = data["value_low"] == data["value_high"]
    labels = tuple(f"{item} ({line})" for item, line in zip(data["item"], data.lines, strict=True))
    return Built(
        model,
        prior,
        labels,
        _deliver(family),
        _predictive(family, data["value_low"][read], lot[read], laboratory[read]),
    )


def _rows(family: str, low: NDArray[np.float64], high: NDArray[np.float64], median: Any, scatter: Any) -> Any:
    """Log-likelihood (n,) of values read (low = high) or bounded, density with respect to y in Pa."""
    import pytensor.tensor as pt

    parts, order = [], []
    read, above = low == high, (low > 0) & np.isinf(high)
    below = (low == 0) & np.isfinite(high)
    for kind, mask in (("read", read), ("above", above), ("below", below), ("between", ~(read | above | below))):
        if (i := np.flatnonzero(mask)).size:
            term = _weibull if family == "weibull" else _normal
            bounds = given(f"{kind}_low", low[i]), given(f"{kind}_high", high[i])
            parts.append(term(kind, *bounds, median[i], scatter, logarithmic=family == "lognormal"))
            order.append(i)
    return pt.concatenate(parts)[np.argsort(np.concatenate(order))]


def _normal(kind: str, low: Any, high: Any, m: Any, s: Any, *, logarithmic: bool) -> Any:
    import pytensor.tensor as pt

    def score(y: Any) -> Any:
        return pt.log(y / m) / s if logarithmic else (y - m) / (s * m)

    match kind:
        case "read":
            width = pt.log(s * low) if logarithmic else pt.log(s * m)
            return -0.5 * score(low) ** 2 - width - 0.5 * np.log(2.0 * np.pi)
        case "above":
            return log_cdf(-score(low))
        case "below":
            return log_cdf(score(high))
        case _:
            return log_interval(score(low), score(high))


def _weibull(kind: str, low: Any, high: Any, m: Any, s: Any, *, logarithmic: bool) -> Any:
    import pytensor.tensor as pt

    shape = np.pi / (np.sqrt(6.0) * s)

    def hazard(y: Any) -> Any:  # cumulative hazard: -log of the survival
        return np.log(2.0) * (y / m) ** shape

    match kind:
        case "read":
            return pt.log(shape * hazard(low) / low) - hazard(low)
        case "above":
            return -hazard(low)
        case "below":
            return pt.log1mexp(-hazard(high))
        case _:
            return -hazard(low) + pt.log1mexp(hazard(low) - hazard(high))


def new_items(family: str, median: Any, scatter: Any, rng: np.random.Generator) -> Any:
    """Items of lots with these medians, Pa, of the common shape of the arguments."""
    shape = np.broadcast_shapes(np.shape(median), np.shape(scatter))
    if family == "weibull":
        inverse = np.sqrt(6.0) * scatter / np.pi
        return median * (rng.standard_exponential(shape) / np.log(2.0)) ** inverse
    noise = scatter * rng.standard_normal(shape)
    return median * np.exp(noise) if family == "lognormal" else median * (1.0 + noise)


def _deliver(family: str) -> Any:
    """One more item of one more lot, Pa, without the error of a laboratory."""

    def deliver(draws: Draws, output: str, rng: np.random.Generator) -> NDArray[np.float64]:
        median = draws["median"] * np.exp(draws["lot_scatter"] * rng.standard_normal(draws["median"].size))
        return np.asarray(new_items(family, median, draws["scatter"], rng))

    return deliver


def _predictive(
    family: str, observed: NDArray[np.float64], lot: NDArray[np.int64], laboratory: NDArray[np.int64]
) -> Any:
    """Weakest item and scatter of all items against what was measured, lots and laboratories drawn anew."""

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        if observed.size < 2:
            return {}
        size = draws["median"].size
        offset = draws["lot_scatter"][:, None] * rng.standard_normal((size, int(lot.max()) + 1))
        place = draws["laboratory_scatter"][:, None] * rng.standard_normal((size, int(laboratory.max()) + 1))
        median = draws["median"][:, None] * np.exp(offset[:, lot] + place[:, laboratory] * (laboratory.max() > 0))
        replicate = new_items(family, median, draws["scatter"][:, None], rng)
        return {
            "weakest item": two_sided(replicate.min(axis=1), float(observed.min())),
            "scatter of items": two_sided(replicate.std(axis=1), float(observed.std())),
        }

    return check


def families(tree: xr.DataTree, tail: float = 0.01) -> dict[str, list[FamilyRow]]:
    """Every set of strengths read by more than one family, by the set's name: the families compared, best first.

    `tree` is that of a whole posterior; `tail` as in `compare`.
    """
    fitted: dict[str, dict[str, xr.DataTree]] = {}
    for child in tree.children.values():
        model = str(child.attrs.get("model", ""))
        if model.startswith("strength-"):
            fitted.setdefault(str(child.attrs["evidence_set"]), {})[model.removeprefix("strength-")] = child
    found = {}
    for name, trees in fitted.items():
        if len(trees) < 2:
            continue
        new = {}
        for family, child in trees.items():
            posterior = child["posterior"].to_dataset()
            draws = {key: posterior[key].values.reshape(-1) for key in ("median", "scatter", "lot_scatter")}
            new[family] = _deliver(family)(draws, "new_item", np.random.default_rng(0))  # the same noise for each
        found[name] = compare(trees, new, tail)
    return found


@dataclass(frozen=True)
class FamilyRow:
    """One family: expected log density of a new row (leave-one-out), what the best leads by, weak quantile."""

    name: str
    elpd: float
    behind: float
    behind_error: float
    pareto_k: float
    weak_quantile: float


def compare(trees: Mapping[str, xr.DataTree], new: Mapping[str, NDArray[np.float64]], tail: float) -> list[FamilyRow]:
    """Families, best first: `trees` as sampled, `new` their draws of a new item (n,), `tail` a probability >= 10 / n.

    The data speak of the middle; where families differ at `tail` much more than in `behind`, the tail is assumed.
    """
    import arviz as az

    found = {name: az.loo(tree, pointwise=True, var_name="rows") for name, tree in trees.items()}
    pointwise = {name: np.asarray(loo.elpd_i).ravel() for name, loo in found.items()}
    best = max(pointwise, key=lambda name: float(pointwise[name].sum()))
    rows = []
    for name, loo in found.items():
        lead = pointwise[best] - pointwise[name]
        error = float(np.sqrt(lead.size) * lead.std())
        k = float(np.max(np.asarray(loo.pareto_k)))
        quantile = float(np.quantile(new[name], tail))
        rows.append(FamilyRow(name, float(pointwise[name].sum()), float(lead.sum()), error, k, quantile))
    return sorted(rows, key=lambda row: row.behind)
