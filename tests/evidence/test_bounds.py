"""Closed forms of what tests alone can show: the published arithmetic, limits, and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from containment.errors import UsageError
from containment.evidence import bounds
from containment.verification.catalogue import Item, run
from containment.verification.evidence import closed_forms

ITEMS = list(closed_forms())


@pytest.mark.parametrize("item", ITEMS, ids=[item.name for item in ITEMS])
def test_benchmark(item: Item) -> None:
    assert item.ok, item


@pytest.mark.slow
def test_posteriors_of_the_catalogue() -> None:
    missed = [item for item in run(["evidence"]) if not item.ok]
    assert not missed


def test_jeffreys_trials_are_where_the_posterior_crosses() -> None:
    n = bounds.jeffreys_trials_needed(1e-3, 0.95)
    assert stats.beta(0.5, n + 0.5).cdf(1e-3) == pytest.approx(0.95, rel=1e-9)  # root to 1e-12
    assert bounds.jeffreys_trials_needed(0.5, 0.4) == 0.0  # the prior alone says 0.5


def test_conservative_prior_is_the_worst_of_many() -> None:
    n, bound, claimed, confidence = 2000, 1e-3, 1e-4, 0.8
    worst = bounds.conservative_assurance(n, bound, claimed, confidence)
    rng = np.random.default_rng(5)
    for _ in range(200):  # random discrete priors that hold the stated confidence
        inside, outside = rng.uniform(0, claimed, 4), rng.uniform(claimed, 1e-2, 6)
        p = np.concatenate([inside, outside])
        prior = np.concatenate([confidence * rng.dirichlet(np.ones(4)), (1 - confidence) * rng.dirichlet(np.ones(6))])
        posterior = prior * (1 - p) ** n
        assert posterior[p <= bound].sum() / posterior.sum() >= worst
    trials = bounds.conservative_trials_needed(bound, claimed, confidence, 0.95)
    assert bounds.conservative_assurance(trials, bound, claimed, confidence) == pytest.approx(0.95, rel=1e-9)
    assert bounds.conservative_trials_needed(bound, claimed, 0.99, 0.9) == 0.0
    assert bounds.conservative_trials_needed(bound, bound, 0.5, 0.9) == np.inf  # tests cannot tell the two apart


def test_tolerance_factor_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(17)
    n, factor = 8, bounds.tolerance_factor(8, 1e-3, 0.9)
    x = rng.standard_normal((40_000, n))
    bound = x.mean(axis=1) - factor * x.std(axis=1, ddof=1)
    covered = np.mean(bound <= stats.norm.ppf(1e-3))
    assert covered == pytest.approx(0.9, abs=0.006)  # 4 sd of 40 000 repeats


def test_attribute_plan_against_simulation() -> None:
    rng = np.random.default_rng(23)
    p = rng.beta(0.5, 30.0, 2000)
    ours = bounds.attribute_plan(p, 200, 0.03, 0.9)
    failures = rng.binomial(200, p)
    shown = stats.beta(failures + 0.5, 200 - failures + 0.5).cdf(0.03) >= 0.9
    assert ours == pytest.approx(shown.mean(), abs=0.03)  # 4 sd of 2000 repeats: 0.028 at 0.1 variance
    assert bounds.attribute_plan(p, 5, 1e-6, 0.95) == 0.0  # five trials can never show it


def test_variables_plan_against_simulation() -> None:
    rng = np.random.default_rng(29)
    index = rng.normal(7.0, 0.8, 4000)
    ours = bounds.variables_plan(index, 12, 1e-4, 0.9)
    x = index[:, None] + rng.standard_normal((4000, 12))
    shown = x.mean(axis=1) / x.std(axis=1, ddof=1) >= bounds.tolerance_factor(12, 1e-4, 0.9)
    assert ours == pytest.approx(shown.mean(), abs=0.03)  # 4 sd of 4000 repeats: 0.03
    assert bounds.variables_plan(index, 60, 1e-4, 0.9) > ours  # more tests, better prospects


@pytest.mark.parametrize(
    "call",
    [
        lambda: bounds.trials_needed(0.0, 0.9), lambda: bounds.trials_needed(1e-6, 1.0),
        lambda: bounds.jeffreys(3, 4), lambda: bounds.tolerance_factor(1, 1e-6, 0.9),
        lambda: bounds.conservative_assurance(10, 1e-7, 1e-6, 0.9), lambda: bounds.tolerated_doubt(0.5, 1e-6, 0.1),
    ],
)  # fmt: skip
def test_impossible_questions(call: object) -> None:
    with pytest.raises(UsageError):
        call()  # type: ignore[operator]


def test_variables_plan_with_thousands_of_measurements() -> None:
    factor = bounds.tolerance_factor(3000, 1e-6, 0.95)
    exact = float(stats.nct.sf(factor * np.sqrt(3000), 2999, 4.9 * np.sqrt(3000)))
    # 200 points of quadrature over the deviation
    assert bounds.variables_plan([4.9], 3000, 1e-6, 0.95) == pytest.approx(exact, rel=1e-6)
    # far from the factor the series of the non-central t does not converge, which scipy only warns of
    assert bounds.variables_plan([2.86, 3.26, 4.43], 10000, 1e-6, 0.95) == pytest.approx(0.0, abs=1e-12)
