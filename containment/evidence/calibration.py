"""Simulation-based calibration of the evidence models: are their intervals as wide as they say?

Parameters are drawn from the prior, data like those on record from the parameters, and the posterior of these data is
sampled as in a run. Over many repeats the rank of the true parameter among its posterior draws is uniform if, and
hardly unless, model, simulation and sampler agree (Talts et al., arXiv:1804.06788).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.errors import UsageError
from containment.evidence import priors, sampling
from containment.evidence.infer import build
from containment.evidence.model import Built
from containment.evidence.register import EvidenceSet
from containment.evidence.simulation import SIMULATORS

_RANKS = 63  # posterior draws kept for a rank: thinned so far that they are as good as independent
_CHAINS, _DRAWS, _TUNE = 2, 300, 500


@dataclass(frozen=True)
class Calibration:
    """Ranks (repeats,) from 0 to `top` of every uncertain parameter, and the p value of their uniformity."""

    ranks: Mapping[str, NDArray[np.int64]]
    top: int
    p_values: Mapping[str, float]

    def holds(self, level: float = 0.99) -> bool:
        """Whether all parameters together are inside the band of this level (Bonferroni)."""
        return self.least > 1.0 - level

    @property
    def least(self) -> float:
        """Smallest p value times the number of parameters: outside the 99 % band where below 0.01."""
        return min(1.0, min(self.p_values.values()) * len(self.p_values))


def calibrate(
    data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity], *, repeats: int, seed: int
) -> Calibration:
    """Ranks over `repeats` simulated data sets of the shape of `data`; relevance weights are taken as one.

    A weighted likelihood is a judgement, not a sampling model: it cannot be calibrated this way.
    """
    if repeats < 10:
        raise UsageError(f"found {repeats} repeats, expected at least 10", advice="a rank histogram needs more")
    use = use.model_copy(update={"relevance": {str(item): 1.0 for item in data["item"]}})
    uncertain = [name for name, quantity in prior.items() if quantity.uncertainty is not None]
    ranks: dict[str, list[int]] = {name: [] for name in uncertain}
    compiled: dict[tuple[Any, ...], Built] = {}
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        truth = {name: float(priors.draws(quantity, 1, rng)[0]) for name, quantity in prior.items()}
        simulated = SIMULATORS[use.model](data, truth, rng)
        built = build(simulated, use, prior)
        built = _with_data_of(built, compiled.setdefault(_shape(simulated), built))
        for name, draws in _posterior(built, uncertain, sampling.seeds(seed, f"repeat {repeat}", _CHAINS)).items():
            ranks[name].append(int(np.sum(_thinned(draws) < truth[name])))
    found = {name: np.array(values) for name, values in ranks.items()}
    return Calibration(found, _RANKS, {name: uniformity(values, _RANKS) for name, values in found.items()})


def _posterior(built: Built, names: list[str], states: list[int]) -> dict[str, NDArray[np.float64]]:
    if built.exact is not None:
        draws = built.exact(_CHAINS * _DRAWS, np.random.default_rng(states)).draws
        return {name: draws[name] for name in names}
    tree = sampling.run_chains(built.model, draws=_DRAWS, tune=_TUNE, states=states, names=names)
    return sampling.flat(tree, names)


def _shape(data: EvidenceSet) -> tuple[Any, ...]:
    """What of a data set is built into the model's graph: which rows are read, which are bounded, from which side."""
    numbers = {name: values for name, values in data.columns.items() if values.dtype.kind == "f"}
    known = [np.isfinite(values) for values in numbers.values()]
    exact = [values == numbers[name[:-4] + "_high"] for name, values in numbers.items() if name.endswith("_low")]
    empty = [values == 0.0 for name, values in numbers.items() if name.endswith("_low")]
    return tuple(mask.tobytes() for mask in (*known, *exact, *empty))


def _with_data_of(new: Built, compiled: Built) -> Built:
    """The model compiled before, on the data of the new one."""
    if compiled is not new and compiled.exact is None:
        for variable in new.model.data_vars:
            compiled.model[variable.name].set_value(variable.get_value())
        return compiled
    return new


def _thinned(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(draws[np.linspace(0, draws.size - 1, _RANKS).astype(int)])


def uniformity(ranks: NDArray[np.int64], top: int) -> float:
    """p value of ranks 0..top being uniform: shape (Kolmogorov-Smirnov), bias and width of the normal scores, combined.

    The scores z of uniform ranks are standard normal: sum z^2 is chi-squared (too large: posteriors too narrow) and the
    mean z normal (away from zero: posteriors shifted). Three tests, so three times the least p value.
    """
    from scipy import stats

    u = (ranks + 0.5) / (top + 1.0)
    z = stats.norm.ppf(u)
    width = float(stats.chi2.cdf(np.sum(z**2), z.size))
    bias = float(stats.norm.sf(abs(z.mean()) * z.size**0.5))
    shape = float(stats.kstest(u, "uniform").pvalue)
    return min(1.0, 3.0 * min(shape, 2.0 * min(width, 1.0 - width), 2.0 * bias))
