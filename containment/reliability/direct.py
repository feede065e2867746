"""The simple ends: no failure seen, or nearly everything fails; plain sampling of the true limit state."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from containment.reliability.problem import Problem
from containment.reliability.result import Estimate


def never_seen(problem: Problem, rng: np.random.Generator, log: dict[str, Any]) -> Estimate:
    """No failure anywhere the surrogate led: plain draws give an upper bound, 1 - 0.05^(1/n) one-sided at 95 %."""
    count = max(1, problem.left // 2)
    g = problem(rng.standard_normal((count, problem.dimension)))
    good = np.isfinite(g).all(axis=1)
    failed = int(np.sum(problem.joined(g[good]) <= 0))
    unknown = int(np.sum(~good))
    low, high = clopper_pearson(failed, count, unknown)
    log["warnings"].append(f"no failure found by the surrogates; bound from {count} plain draws")
    mean = failed / max(1, count - unknown)
    cov = float(np.sqrt((1 - mean) / (mean * count))) if failed else float("inf")
    return Estimate(mean, cov, (low, high), problem.calls, "plain sampling", log, hard=True)


def clopper_pearson(failed: int, count: int, unknown: int = 0) -> tuple[float, float]:
    """95 % interval of a proportion; unknown outcomes count as safe below and as failed above. One-sided at 0 and n."""
    low = float(stats.beta.ppf(0.05 if failed == count else 0.025, failed, count - failed + 1)) if failed else 0.0
    top = failed + unknown
    high = float(stats.beta.ppf(0.95 if top == 0 else 0.975, top + 1, count - top)) if top < count else 1.0
    return low, high


def too_large(estimate: Estimate) -> Estimate:
    """No probability above one."""
    if estimate.probability <= 1.0 and estimate.interval[1] <= 1.0:
        return estimate
    low, high = (min(1.0, end) for end in estimate.interval)
    return Estimate(
        min(1.0, estimate.probability), estimate.cov, (low, high), estimate.model_calls, estimate.method,
        estimate.diagnostics, estimate.hard,
    )  # fmt: skip
