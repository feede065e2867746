"""Conditional failure probabilities against closed forms and quadrature; limit states that make no sense."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import integrate, stats

from containment.barriers import failure_probability_given_demand, margin
from containment.case.barriers import Event, LimitState


def given(demand, capacity, scatter=0.0, logarithmic=False, above=True):
    return failure_probability_given_demand(
        np.asarray(demand, float), capacity, scatter=scatter, logarithmic=logarithmic, fails_above=above
    )


def test_normal_capacity_and_additive_error_is_the_stress_strength_formula():
    value = given([70.0, 90.0], stats.norm(100, 3), scatter=4.0)
    assert value == pytest.approx(stats.norm.cdf([-6.0, -2.0]), rel=1e-12)  # rounding


def test_lognormal_capacity_and_logarithmic_error():
    value = given(50.0, stats.lognorm(0.3, scale=100), scatter=0.4, logarithmic=True)
    assert value == pytest.approx(stats.norm.cdf(np.log(0.5) / 0.5), rel=1e-12)  # rounding


@pytest.mark.parametrize("above", [True, False])
def test_fixed_capacity(above):
    assert given([1.0, 3.0], 2.0, above=above).tolist() == ([0.0, 1.0] if above else [1.0, 0.0])
    value = given(1.0, 2.0, scatter=0.25, above=above)
    assert value == pytest.approx(stats.norm.sf(4.0) if above else stats.norm.cdf(4.0), rel=1e-12)


@pytest.mark.parametrize("capacity", [stats.norm(100, 6), stats.weibull_min(12, scale=100)])
@pytest.mark.parametrize("demand", [40.0, 55.0, 80.0])
def test_mixed_laws_agree_with_quadrature_far_into_the_tail(capacity, demand):
    def integrand(e):
        return stats.norm.pdf(e) * capacity.cdf(demand * np.exp(0.08 * e))

    expected, _ = integrate.quad(integrand, -9, 9, epsabs=0, epsrel=1e-10, limit=400, points=[0, 3, 6])
    demands = np.linspace(35, 85, 400)
    curve = given(np.append(demands, demand), capacity, scatter=0.08, logarithmic=True)
    assert curve[-1] == pytest.approx(expected, rel=1e-2)  # table in normal scores, 8 points per error width
    assert np.all(np.diff(curve[:-1]) > 0)


def test_lower_limits_are_the_mirror_of_upper_ones():
    cold = given(250.0, stats.norm(248, 3), scatter=2.0, above=False)
    assert cold == pytest.approx(stats.norm.sf(2 / np.hypot(3, 2)), rel=1e-12)
    assert margin(np.array(250.0), np.array(248.0), 1.0, fails_above=False) == pytest.approx(2.0)
    assert margin(np.array(2.0), np.array(5.0), 1.1, fails_above=True) == pytest.approx(2.8)


def limit_state(**changes):
    base = {"barrier": "pcv", "phase": "landing", "demand": "landing.{branch}.os_acceleration", "capacity": "3000 g0"}
    return LimitState.model_validate(base | changes)


def test_capacity_is_read_in_the_unit_of_the_demand():
    assert limit_state().capacity.value == pytest.approx(3000 * 9.80665)
    assert limit_state(demand="soak.scv_seal_temperature_at_landing", capacity="0 degC").capacity.si_unit == "K"
    assert limit_state().response("clay") == "landing.clay.os_acceleration"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"capacity": "300 K"}, "'300 K'"),
        ({"demand": "landing.{branch}.os_acelleration"}, "os_acelleration"),
        ({"capacity": {"source": "none"}}, "no value"),
    ],
)
def test_limit_states_that_compare_unlike_things_are_refused(changes, found):
    with pytest.raises(ValidationError, match=found):
        limit_state(**changes)


def test_probability_of_an_event_is_not_aleatory():
    spread = {"kind": "aleatory", "distribution": "beta", "a": 1.0, "b": 9.0}
    with pytest.raises(ValidationError, match="epistemic"):
        Event.model_validate({"phase": "entry", "probability": {"value": 0.1, "uncertainty": spread}})
