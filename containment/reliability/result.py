"""What reliability hands on: one probability with its interval, and the assurance of a whole case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from containment.result import Check

Array = NDArray[np.float64]
Verdict = Literal["demonstrated", "not demonstrated", "violated"]


@dataclass(frozen=True)
class Estimate:
    """A failure probability: `cov` standard error over itself, `interval` a 95 % pair, `model_calls` true calls of g.

    `hard` says that the method does not vouch for completeness and names why in `diagnostics["warnings"]`.
    """

    probability: float
    cov: float
    interval: tuple[float, float]
    model_calls: int
    method: str
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    hard: bool = False


@dataclass(frozen=True)
class Spread:
    """Posterior of a probability: mean, median, 5 % and 95 % points."""

    mean: float
    median: float
    p05: float
    p95: float

    @classmethod
    def of(cls, draws: Array) -> Spread:
        """Summary of draws (K,)."""
        low, mid, high = np.quantile(draws, [0.05, 0.5, 0.95])
        return cls(float(draws.mean()), float(mid), float(low), float(high))

    def to_json(self) -> dict[str, float]:
        """Plain numbers."""
        return {"mean": self.mean, "median": self.median, "p05": self.p05, "p95": self.p95}


@dataclass(frozen=True)
class LimitStateResult:
    """Posterior of P(failure) of one limit state; `cov` of the mean from flights and draws; `q2` of its surrogates."""

    barrier: str
    phase: str
    spread: Spread
    cov: float
    method: str
    model_calls: int
    q2: float
    beyond_ensemble: float


@dataclass(frozen=True)
class Importance:
    """Of one event or limit state, on the mean of P over all draws:

    Fussell-Vesely 1 - P(loss | never) / P(loss); risk achievement worth P(loss | always) / P(loss); risk reduction
    worth P(loss) / P(loss | never), infinite where nothing else leads to loss; Birnbaum P(loss | always) -
    P(loss | never).
    `p05`, `p95` are those of Fussell-Vesely over the draws.
    """

    fussell_vesely: float
    risk_achievement_worth: float
    risk_reduction_worth: float
    birnbaum: float
    p05: float
    p95: float

    def to_json(self) -> dict[str, float | str]:
        """Plain numbers; infinity as text, which JSON can carry."""
        numbers = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value if np.isfinite(value) else "infinity" for name, value in numbers.items()}


@dataclass(frozen=True)
class FailedSamples:
    """Samples without an answer: P(loss) if all of them were safe, and if all of them were lost."""

    count: int
    of: int
    probability_if_safe: float
    probability_if_lost: float
    reasons: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assurance:
    """Posterior of P(loss) and where it comes from. `loss` are its draws (K,), `rows` (K,) their rows of the posterior.

    `interval_parts`: standard deviations of ln P(loss) due to unknown inputs, to mesh and time step, to the surrogates,
    to sampling.
    `drivers`: rank correlation of P(loss) with each unknown input (which one to know better), strongest first.
    """

    requirement: float
    particle: float
    wanted: float
    verdict: Verdict
    rule: str
    loss: Array
    below_requirement: float
    barriers: Mapping[str, Spread]
    phases: Mapping[str, float]
    limit_states: Mapping[str, LimitStateResult]
    events: Mapping[str, Spread]
    importance: Mapping[str, Importance]
    cut_sets: tuple[tuple[tuple[str, ...], float], ...]
    branches: Mapping[str, Mapping[str, float]]
    failed: FailedSamples
    interval_parts: Mapping[str, float]
    drivers: Mapping[str, float]
    checks: Mapping[str, Check]
    rows: NDArray[np.int64]

    def to_result_json(self) -> dict[str, Any]:
        """The part of result.json that reliability answers for (design, schema 1), with more keys added."""
        top = Spread.of(self.loss).to_json()
        return {
            "requirement": {
                "probability": self.requirement, "particle_m": self.particle, "assurance_wanted": self.wanted,
            },
            "verdict": self.verdict,
            "verdict_rule": self.rule,
            "probability_of_loss": {**top, "prob_below_requirement": self.below_requirement,
                                    "interval_parts": dict(self.interval_parts)},
            "barriers": {name: spread.to_json() for name, spread in self.barriers.items()},
            "phases": dict(self.phases),
            "limit_states": {
                name: {"barrier": r.barrier, "phase": r.phase, **r.spread.to_json(), "cov": r.cov, "method": r.method,
                       "model_calls": r.model_calls, "q2": r.q2, "beyond_ensemble": r.beyond_ensemble}
                for name, r in self.limit_states.items()
            },
            "events": {name: spread.to_json() for name, spread in self.events.items()},
            "importance": {name: item.to_json() for name, item in self.importance.items()},
            "cut_sets": [{"members": list(members), "probability": p} for members, p in self.cut_sets],
            "branches": {name: dict(row) for name, row in self.branches.items()},
            "drivers": dict(self.drivers),
            "failed_samples": {
                "count": self.failed.count, "of": self.failed.of,
                "probability_if_safe": self.failed.probability_if_safe,
                "probability_if_lost": self.failed.probability_if_lost,
            },
            "checks": {name: {"value": c.value, "limit": c.limit, "ok": c.ok} for name, c in self.checks.items()},
        }  # fmt: skip
