"""Two like items failing together: the alpha factor of a pair from counted failures, and the beta factor it implies.

Of the failure events of a pair the fraction `both` (alpha_2) takes both items. Events counted: n_1 with one, n_2 with
both; the prior is a beta, so the posterior is Beta(a + n_2, b + n_1). Not staggered, as for items made, flown and
inspected together, beta = 2 alpha_2 / (alpha_1 + 2 alpha_2) (Mosleh et al., NUREG/CR-5485, 1998, ch. 5).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.evidence.mixture import beta_prior
from containment.evidence.model import Built, Draws, Exact, need, two_sided
from containment.evidence.register import EvidenceSet


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `common-cause`. Raises DataError for another kind or a prior that is no beta."""
    from scipy import stats

    need(data, use)
    a, b = beta_prior("both", prior["both"])
    weight = np.array([use.relevance.get(str(item), 1.0) for item in data["item"]])
    one, two = data["alone"], data["both"]

    def exact(size: int, rng: np.random.Generator) -> Exact:
        alpha = rng.beta(a + float(weight @ two), b + float(weight @ one), size)
        inside = np.clip(alpha, 1e-300, 1.0 - 1e-16)[:, None]
        rows = weight * (two * np.log(inside) + one * np.log1p(-inside))
        return Exact({"both": alpha}, rows, stats.beta(a, b).logpdf(inside[:, 0]))

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        total = int(one.sum() + two.sum())
        return {"events with both": two_sided(rng.binomial(total, draws["both"]).astype(float), float(two.sum()))}

    return Built(None, {"both": prior["both"]}, tuple(map(str, data["item"])), _deliver, check, exact)


def _deliver(draws: Draws, output: str, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(2.0 * draws["both"] / (1.0 + draws["both"]))  # alpha_1 = 1 - alpha_2
