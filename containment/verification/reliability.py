"""Benchmarks of reliability: rare events against recomputed references, the nested posterior, the fault tree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from containment.verification.bench_rare_events import PROBLEMS
from containment.verification.catalogue import Item

_SOURCE = "recomputed by quadrature or two importance-sampling runs; definitions in bench_rare_events.py"
_SLOW = ("rastrigin", "rp31", "rp63")  # half a minute each: see the coverage table instead


def items() -> Iterator[Item]:
    """One seed of each rare-event problem (coverage over many seeds: bench_rare_events), and exact small cases."""
    yield from _rare_events()
    yield from _common_cause()


def _rare_events() -> Iterator[Item]:
    from containment.reliability import failure_probability

    for name, problem in PROBLEMS.items():
        if name in _SLOW:
            continue
        found = failure_probability(
            problem.g, problem.marginals, target_cov=0.05, budget=1000, rng=np.random.default_rng(1)
        )
        # three of the wanted standard errors
        yield Item.relative(f"reliability.{name}", problem.reference, found.probability, 0.15, "", _SOURCE)
        if name in _CALLS:
            yield Item.at_most(
                f"reliability.{name}.calls", _CALLS[name], found.model_calls, "calls", "acceptance target of the method"
            )


_CALLS = {"four-branch-modes": 60, "four-branch": 120, "oscillator-0.60": 90, "two-masses-27.5": 1000}


def _common_cause() -> Iterator[Item]:
    from containment.barriers import compile_tree, failure_probability_given_demand, split_common_cause
    from containment.case.barriers import FaultTree

    tree = FaultTree.model_validate(
        {
            "top": "loss", "gates": {"loss": {"and": ["a", "b"]}}, "barriers": {"a": "a", "b": "b"},
            "common_causes": {"c": {"members": ["a", "b"], "beta": 0.1}},
        }
    )  # fmt: skip
    p = {"a": np.array(1e-3), "b": np.array(1e-4)}
    split = split_common_cause(p, tree, {"c": np.array(0.1)})
    common = 0.1 * 1e-4
    own = [(x - common) / (1 - common) for x in (1e-3, 1e-4)]
    exact = common + (1 - common) * own[0] * own[1]
    ours = float(compile_tree(tree).probability("top", split))
    yield Item.relative("reliability.beta-factor", exact, ours, 1e-12, "", "closed form")
    margin = failure_probability_given_demand(
        np.array(40.0), stats.norm(100, 6), scatter=8.0, logarithmic=False, fails_above=True
    )
    yield Item.relative(
        "reliability.stress-strength", float(stats.norm.sf(6.0)), float(margin), 1e-12, "", "Phi(-60 / hypot(6, 8))"
    )
