"""The assurance of small cases whose posterior of P(loss) is known in closed form."""

import json

import numpy as np
import pytest
from scipy import stats

from containment.errors import DataError, FailedSamplesError, UsageError
from containment.reliability.summary import verdict
from tests.reliability.conftest import phi, run, small_case, spread, state

MASS, DRAG = "vehicle.mass", "vehicle.hypersonic_drag_factor"
HOT = "soak.peak_temperature"


def temperature(z):
    return 450.0 + 6.0 * z[MASS] + 8.0 * z[DRAG]


def known(level):
    """P at a quantile of the epistemic input: capacity N(500, 10), demand N(450 + 6 e, 8)."""
    return phi((450.0 + 6.0 * stats.norm.ppf(level) - 500.0) / np.hypot(10.0, 8.0))


def test_stress_strength_posterior_is_matched_at_5_50_95_percent(normal_capacity):
    found = run(
        small_case({"hot": state(HOT, normal_capacity)}), {HOT: temperature}, epistemic_draws=1000, aleatory_draws=4000
    )
    for level in (0.05, 0.5, 0.95):
        # 5 % is the stated acceptance; stratified draws and 4000 flights leave about 2 %
        assert np.quantile(found.loss, level) == pytest.approx(known(level), rel=0.05)
    mean = phi(-50.0 / np.sqrt(10.0**2 + 8.0**2 + 6.0**2))
    assert found.loss.mean() == pytest.approx(mean, rel=0.12)  # carried by the upper tail: cov 6 of one draw
    assert found.below_requirement == pytest.approx(phi((stats.norm.ppf(1e-3) * np.hypot(10, 8) + 50) / 6), abs=0.01)
    assert found.drivers[MASS] > 0.99  # the only unknown


def test_one_in_a_billion_needs_no_rare_samples(normal_capacity):
    case = small_case({"hot": state(HOT, normal_capacity)})
    found = run(case, {HOT: lambda z: 423.0 + 0.001 * z[MASS] + 8.0 * z[DRAG]})
    assert found.loss.mean() == pytest.approx(phi(-77.0 / np.hypot(10, 8)), rel=0.05)  # 9.3e-10; error shown below
    assert found.limit_states["hot"].cov < 0.05


def test_what_the_terms_leave_out_is_scatter_not_loss_of_scatter(normal_capacity):
    noise = np.random.default_rng(3).standard_normal(200)
    noise *= 8.0 / noise.std()
    found = run(
        small_case({"hot": state(HOT, normal_capacity)}), {HOT: lambda z: 440.0 + 6.0 * z[MASS] + noise}, samples=200
    )
    mean = phi(-60.0 / np.sqrt(10.0**2 + 8.0**2 + 6.0**2))
    assert found.loss.mean() == pytest.approx(mean, rel=0.4)  # 3 % of scatter from cross-validation is 20 % of P
    assert found.interval_parts["surrogate"] > 0.1


def test_two_limit_states_in_one_flight_are_not_independent(normal_capacity):
    other = "soak.other_temperature"
    case = small_case(
        {"hot": state(HOT, normal_capacity), "hotter": state(other, normal_capacity)},
        gates={"loss": {"and": ["hot", "hotter"]}},
    )
    found = run(case, {HOT: lambda z: 450 + 20.0 * z[DRAG], other: lambda z: 450 + 20.0 * z[DRAG]})
    z = np.linspace(-9, 9, 20001)
    joint = np.trapezoid(stats.norm.pdf(z) * phi((20.0 * z - 50.0) / 10.0) ** 2, z)
    single = phi(-50.0 / np.hypot(10, 20))
    assert found.loss.mean() == pytest.approx(joint, rel=0.05)
    assert joint > 20 * single**2
    assert found.limit_states["hot"].spread.mean == pytest.approx(single, rel=0.05)


def test_residuals_that_several_responses_share_stay_shared():
    common = np.random.default_rng(5).standard_normal(256)
    other, limit = "soak.other_temperature", "500 K"
    case = small_case(
        {"hot": state(HOT, limit), "hotter": state(other, limit)}, gates={"loss": {"and": ["hot", "hotter"]}}
    )
    found = run(case, {HOT: lambda z: 480 + 10 * common, other: lambda z: 480 + 10 * common}, samples=256)
    single = phi(-2.0)
    assert found.loss.mean() > 0.3 * single  # independent errors would give 0.02 of it


EVENTS = {
    "a": {"phase": "entry", "probability": 0.1},
    "b": {"phase": "entry", "probability": 0.2},
    "c": {"phase": "cruise", "probability": 0.05},
}


def event_case(gates, **changes):
    calm = {"calm": state(HOT, "1000 K")}
    return small_case(calm, EVENTS, gates=gates | {"never": {"and": ["calm", "a"]}}, **changes)


def test_importance_by_hand():
    gates = {"loss": {"or": ["ab", "c", "never"]}, "ab": {"and": ["a", "b"]}}
    found = run(event_case(gates), {HOT: lambda z: 300.0})
    total = 1 - (1 - 0.02) * (1 - 0.05)
    assert found.loss == pytest.approx(total)
    a, c = found.importance["a"], found.importance["c"]
    assert a.fussell_vesely == pytest.approx(1 - 0.05 / total)
    assert a.risk_reduction_worth == pytest.approx(total / 0.05)
    assert a.risk_achievement_worth == pytest.approx((1 - 0.8 * 0.95) / total)
    assert a.birnbaum == pytest.approx(0.2 * 0.95)
    assert c.risk_achievement_worth == pytest.approx(1 / total)
    assert found.cut_sets[0] == (("c",), pytest.approx(0.05))
    assert found.phases["cruise"] == pytest.approx(0.05 * 0.98)


def test_an_event_without_which_nothing_is_lost_has_infinite_reduction_worth():
    gates = {"loss": {"and": ["a", "bc"]}, "bc": {"or": ["b", "c", "never"]}}
    found = run(event_case(gates), {HOT: lambda z: 300.0})
    assert found.importance["a"].fussell_vesely == 1.0
    assert found.importance["a"].risk_reduction_worth == float("inf")
    assert json.loads(json.dumps(found.to_result_json()))["importance"]["a"]["risk_reduction_worth"] == "infinity"


def test_nothing_can_fail():
    found = run(small_case({"calm": state(HOT, "1000 K")}), {HOT: lambda z: 300.0})
    assert found.loss.max() == 0.0
    assert found.verdict == "demonstrated"
    assert json.dumps(found.to_result_json(), allow_nan=False)


def test_posterior_draws_replace_the_prior_and_stay_joint(normal_capacity):
    case = small_case({"hot": state(HOT, normal_capacity)})
    draws = np.full(300, 95.0 + 5.0)  # the mass is known: one standard deviation above its prior mean
    found = run(case, {HOT: temperature}, posterior={MASS: draws})
    assert found.loss.mean() == pytest.approx(phi((456.0 - 500.0) / np.hypot(10, 8)), rel=0.03)
    assert np.std(np.log(found.loss)) < 0.1


def test_failed_samples_bound_the_answer_from_both_sides(normal_capacity):
    case = small_case({"hot": state(HOT, normal_capacity)})
    found = run(case, {HOT: temperature}, failed={48: "solver", 49: "solver"})
    assert found.failed.count == 2
    assert found.failed.of == 50
    assert found.failed.probability_if_safe == pytest.approx(0.96 * found.loss.mean())
    assert found.failed.probability_if_lost == pytest.approx(0.04 + 0.96 * found.loss.mean())
    with pytest.raises(FailedSamplesError, match="solver"):
        run(case, {HOT: temperature}, failed=dict.fromkeys(range(20), "solver"))


def test_same_seed_same_answer_and_more_samples_stay_inside_the_interval(normal_capacity):
    def curved(z):
        return temperature(z) + 1.5 * z[DRAG] * z[MASS] + 2.0 * np.sin(3.0 * z[DRAG])

    case = small_case({"hot": state(HOT, normal_capacity)})
    first, again = (run(case, {HOT: curved}).loss for _ in range(2))
    assert np.array_equal(first, again)
    doubled = run(case, {HOT: curved}, samples=96)
    low, high = np.quantile(first, [0.05, 0.95])
    assert low < np.median(doubled.loss) < high
    assert abs(np.log(doubled.loss.mean() / first.mean())) < 0.5  # a third of the interval's width in ln P


@pytest.mark.parametrize(
    ("loss", "failed", "expected"),
    [
        (np.full(100, 1e-7), 0.0, "demonstrated"),
        (np.full(100, 1e-7), 0.01, "not demonstrated"),
        (np.full(100, 1e-3), 0.0, "violated"),
        (np.r_[np.full(97, 1e-7), np.full(3, 1e-3)], 0.0, "not demonstrated"),
        (np.r_[np.full(50, 1e-7), np.full(50, 1e-5)], 0.0, "not demonstrated"),
    ],
)
def test_verdict_follows_its_rule(loss, failed, expected):
    assert verdict(loss, failed, 1e-6, 0.95) == expected


def test_result_json_has_the_keys_of_the_contract(normal_capacity):
    result = run(small_case({"hot": state(HOT, normal_capacity)}), {HOT: temperature}).to_result_json()
    assert set(result) >= {
        "requirement", "verdict", "probability_of_loss", "barriers", "limit_states", "importance", "failed_samples",
        "checks",
    }  # fmt: skip
    assert set(result["probability_of_loss"]) >= {"mean", "median", "p05", "p95", "prob_below_requirement"}
    keys = {"barrier", "phase", "mean", "p05", "p95", "cov", "method", "model_calls"}
    assert set(result["limit_states"]["hot"]) >= keys
    assert set(result["importance"]["hot"]) >= {"fussell_vesely", "risk_achievement_worth"}
    assert set(result["failed_samples"]) == {"count", "of", "probability_if_safe", "probability_if_lost"}


def test_what_cannot_be_answered_is_refused(normal_capacity):
    case = small_case({"hot": state(HOT, normal_capacity)})
    with pytest.raises(DataError, match="does not hold"):
        run(case, {"soak.another": temperature})
    with pytest.raises(DataError, match="not a number"):
        run(case, {HOT: lambda z: np.where(z[MASS] > 1, np.nan, 1.0)})
    with pytest.raises(DataError, match="aleatory"):
        run(case, {HOT: temperature}, posterior={DRAG: np.ones(10)})
    with pytest.raises(DataError, match="no input of this case"):
        run(case, {HOT: temperature}, posterior={"vehicle.colour": np.ones(10)})
    with pytest.raises(DataError, match="finished samples"):
        run(case, {HOT: temperature}, samples=4)
    with pytest.raises(UsageError):
        run(case.model_copy(update={"fault_tree": None}), {HOT: temperature})


def test_epistemic_capacity_moves_the_curve_not_the_scatter():
    capacity = {"value": "500 K", "uncertainty": spread("epistemic", "normal", sd="10 K")}
    found = run(small_case({"hot": state(HOT, capacity)}), {HOT: lambda z: 480 + 8.0 * z[DRAG]})
    for level in (0.05, 0.5, 0.95):
        expected = phi((480 - (500 + 10 * stats.norm.ppf(1 - level))) / 8.0)
        # no capacity scatter smooths the flights here: 1000 of them know P = 1e-5 to some 10 %
        assert np.quantile(found.loss, level) == pytest.approx(expected, rel=0.15)
