"""What evidence and priors do to P(loss) by reweighting; plans and worst cases against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from containment.case.evidence import Belief
from containment.errors import DataError, UsageError
from containment.evidence import alone, bounds, effects, planner
from containment.evidence.infer import Posterior, Summary
from containment.report import wording


@pytest.fixture(scope="module")
def coin() -> Posterior:
    """p ~ Beta(2, 30) with two rows: one failure in 20, none in 10, drawn exactly."""
    import xarray as xr

    p = np.random.default_rng(8).beta(3.0, 59.0, (4, 5000))
    rows = np.stack([stats.binom.logpmf(1, 20, p), stats.binom.logpmf(0, 10, p)], axis=-1)
    tree = xr.DataTree.from_dict(
        {
            "/e/log_likelihood": xr.Dataset({"rows": (("chain", "draw", "row"), rows)}, coords={"row": ["a", "b"]}),
            "/e/log_prior": xr.Dataset({"log_prior": (("chain", "draw"), stats.beta(2, 30).logpdf(p))}),
            "/updates": xr.Dataset({"p": ("sample", p.reshape(-1), {"path": "p"})}),
        }
    )
    four = (0.05, 0.01, 0.05, 0.1)
    summaries = (Summary("e", "mean", "", "p", four, four), Summary("idle", "mean", "", "", four, four))
    tree["idle"] = tree["e"]
    return Posterior(tree, {"p": p.reshape(-1)}, {}, {}, summaries, (), ())


def test_leaving_an_item_out_of_p_loss(coin: Posterior) -> None:
    rows = np.random.default_rng(1).permutation(20_000)[:8000]
    loss = coin.updates["p"][rows] * 1e-3
    listed = effects.leave_one_out(coin, rows, loss, 3e-5)
    assert {effect.set for effect in listed} == {"e"}  # what updates nothing moves nothing
    found = {effect.change: effect for effect in listed}
    without = stats.beta(2.0, 40.0)
    effect = found["without a"]
    assert effect.reliable and effect.effective > 3000
    assert effect.mean == pytest.approx(1e-3 * without.mean(), rel=0.04)  # 4 sd of 5000 effective draws
    assert abs(effect.ratio - without.mean() * 62 / 3) < 4 * effect.error and 0.002 < effect.error < 0.02
    assert effect.below_requirement == pytest.approx(without.cdf(0.03), abs=0.03)
    assert effect.p95 == pytest.approx(1e-3 * without.ppf(0.95), rel=0.05)
    assert found["without b"].mean == pytest.approx(1e-3 * 3 / 52, rel=0.04)


def test_priors_counted_half_and_twice(coin: Posterior) -> None:
    rows = np.arange(20_000)
    half, twice = effects.other_priors(coin, rows, coin.updates["p"], 0.03)
    # Beta(2, 30) to the power alpha is Beta(1 + alpha, 1 + 29 alpha) without its scale
    assert half.mean == pytest.approx(stats.beta(1.5 + 1, 15.5 + 29).mean(), rel=0.04)
    assert twice.mean == pytest.approx(stats.beta(3 + 1, 59 + 29).mean(), rel=0.04)
    with pytest.raises(DataError, match="rows of a posterior"):
        effects.other_priors(coin, rows[:10], coin.updates["p"], 0.03)


def test_worst_prior_by_programme_is_the_closed_form() -> None:
    for n, bound, claimed, confidence in ((2000, 1e-3, 1e-4, 0.8), (500_000, 1e-6, 1e-7, 0.9)):
        exact = bounds.conservative_assurance(n, bound, claimed, confidence)
        # the programme has the worst mass 1e-9 above the bound and its grid ends below one
        assert bounds.worst_assurance([(claimed, confidence)], bound, n) == pytest.approx(exact, abs=1e-5)
    one = bounds.worst_assurance([(1e-4, 0.8)], 1e-3, 2000)
    assert bounds.worst_assurance([(1e-4, 0.8), (2e-3, 0.99)], 1e-3, 2000) >= one  # more held can only help
    assert bounds.worst_assurance([], 1e-3, 2000) == 0.0  # nothing held: a prior of certain failure
    with pytest.raises(UsageError):
        bounds.worst_assurance([(1e-4, 1.0)], 1e-3, 10)


def test_plans_of_candidates() -> None:
    p = stats.norm.sf(np.random.default_rng(2).normal(6.0, 0.3, 500))
    rows = planner.plan(
        [planner.Candidate("drops", "pass-fail", p), planner.Candidate("margins", "measured margin", p)],
        [30, 300], 1e-6, 0.95,
    )  # fmt: skip
    table = {(row.candidate, row.tests): row for row in rows}
    assert table["drops", 300].demonstrated == 0.0 and table["drops", 30].needed == pytest.approx(1.92e6, rel=0.03)
    assert table["margins", 300].demonstrated > table["margins", 30].demonstrated > 0.05
    with pytest.raises(UsageError):
        planner.plan([planner.Candidate("x", "luck", p)], [10], 1e-6, 0.95)  # type: ignore[arg-type]


def test_tests_alone_for_each_question() -> None:
    columns = {
        "question": np.array(["landing", "closure", "landing"]), "demands": np.array([20.0, 50.0, 20.0]),
        "failures": np.array([0.0, 1.0, 0.0]), "relevance": np.array([1.0, 1.0, 0.5]),
    }  # fmt: skip
    closure, landing = alone.of_columns(columns, 1e-6, 0.95)
    assert (closure.trials, closure.failures, landing.trials) == (50.0, 1.0, 30.0)
    assert landing.upper95 == pytest.approx(6.2e-2, rel=0.03) and landing.mean == pytest.approx(1.6e-2, rel=0.03)
    assert landing.below_requirement < 0.01


def test_worst_prior_holds_beliefs_or_the_analysis_own_claim() -> None:
    loss = np.random.default_rng(4).lognormal(np.log(2e-8), 1.0, 4000)
    tested = [alone.TestsAlone("landing", 30.0, 0.0, 0.0, 0.0, 0.0, 0.0)]
    own = alone.worst_prior({}, loss, tested, 1e-6, 0.99)
    assert [how for _, _, how in own.held] == [0.5, 0.95] and own.trials == 30.0
    # the worst prior has 95 % at the upper claim and the rest just above the requirement; 30 tests cannot tell them
    assert own.assurance == pytest.approx(0.95, abs=1e-4)
    claim = own.held[1][1]
    assert own.needed == pytest.approx(bounds.conservative_trials_needed(1e-6, claim, 0.95, 0.99), rel=1e-12)
    held = {"review": Belief.model_validate({"statement": "reviewed", "at_most": 1e-7, "confidence": 0.9})}
    stated = alone.worst_prior(held, loss, [], 1e-6, 0.95)
    assert stated.assurance == pytest.approx(0.9, abs=1e-4) and stated.needed == pytest.approx(8.3e5, rel=0.03)
    # a claim that is weaker than the requirement leaves nothing of it
    weak = alone.worst_prior({}, np.full(10, 1e-3), tested, 1e-6, 0.95)
    assert weak.assurance == pytest.approx(0.0, abs=1e-6) and weak.needed is None
    with pytest.raises(ValidationError, match="nothing is certain"):
        Belief.model_validate({"statement": "sure", "at_most": 1e-7, "confidence": 1.0})


def test_small_numbers_are_not_said_alone() -> None:
    assert wording.number(3e-8, "the models") == "3.00e-08*"
    assert wording.footnote(" the models ") == "* conditional on the models"
    assert wording.number(0.02, "") == "2.00e-02"
    for refused in (lambda: wording.number(3e-8, " "), lambda: wording.footnote("")):
        with pytest.raises(UsageError, match="without a condition"):
            refused()
