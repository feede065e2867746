"""The same question twice: a second run from other points, by surrogates of another kernel, as witness of the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.inputs import Inputs
from containment.reliability.learner import Settings
from containment.reliability.problem import System
from containment.reliability.rare_event import failure_probability
from containment.reliability.result import Estimate

Array = NDArray[np.float64]
_APART = 1.96  # stated standard errors of both runs together
_WORTH = 0.05  # share of P from which a mode must be known to both
_MARGIN = 0.3  # standard deviations by which two runs may place one mode differently


def twin_run(
    limit_state: Callable[[Array], Array], inputs: Inputs | Sequence[Any], *, target_cov: float = 0.05,
    budget: int = 1000, rng: np.random.Generator, correlation: Array | None = None, system: System = "series",
    settings: Settings | None = None,
) -> Estimate:  # fmt: skip
    """`failure_probability` and its witness, each with its own budget; arguments and errors as there.

    The answer is that of the first run with the calls of both. Where the two disagree, in P or in a mode that carries
    more than 5 % of it, the answer is hard, its interval spans both, and `diagnostics["warnings"]` says why;
    `diagnostics["witness"]` is the witness's estimate.
    """
    chosen = settings or Settings()
    runs = [
        failure_probability(
            limit_state, inputs, target_cov=target_cov, budget=budget, rng=rng, correlation=correlation, system=system,
            settings=replace(chosen, kernel=kernel),
        )
        for kernel in ("matern 5/2", "matern 3/2")
    ]  # fmt: skip
    first, witness = runs
    reasons = [
        *_far_apart(first, witness),
        *_lost_modes(first, witness, "first"),
        *_lost_modes(witness, first, "witness"),
    ]
    low, high = first.interval
    if reasons:
        low, high = min(low, witness.interval[0]), max(high, witness.interval[1])
    log = {**first.diagnostics, "witness": witness, "warnings": [*first.diagnostics["warnings"], *reasons]}
    return replace(
        first, interval=(low, high), model_calls=first.model_calls + witness.model_calls, diagnostics=log,
        hard=first.hard or witness.hard or bool(reasons),
    )  # fmt: skip


def _far_apart(first: Estimate, witness: Estimate) -> list[str]:
    if not (np.isfinite(first.cov) and np.isfinite(witness.cov)):
        return []  # no failure seen: the bounds speak for themselves
    gap = abs(np.log(first.probability / witness.probability))
    spread = float(np.sqrt(np.log1p(first.cov**2) + np.log1p(witness.cov**2)))
    if gap <= _APART * spread:
        return []
    return [
        f"the witness disagrees: {witness.probability:.3g} against {first.probability:.3g}, {gap / spread:.1f} sigma"
    ]


def _lost_modes(mine: Estimate, other: Estimate, name: str) -> list[str]:
    """Modes of the other run in whose half space this one sees less than half of what the other does."""
    if "failing_scores" not in mine.diagnostics:
        return []
    u, weight = mine.diagnostics["failing_scores"], mine.diagnostics["failing_weights"]
    lost = []
    for mode in other.diagnostics.get("modes", ()):
        alpha = np.array(mode.scores) / max(mode.beta, 1e-300)
        share = float(np.sum(weight * (u @ alpha >= mode.beta - _MARGIN)) / np.sum(weight))
        if mode.share > _WORTH and share < 0.5 * mode.share:
            lost.append(f"the {name} run hardly knows a mode at {mode.beta:.2f} sd: {share:.0%}, not {mode.share:.0%}")
    return lost
