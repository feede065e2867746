"""Sparse surrogates: they find the terms that are there and know how wrong they are."""

import numpy as np
import pytest

from containment.errors import DataError
from containment.reliability.proposal import failure_shift, mixture
from containment.reliability.surrogate import fit_surrogate, refit, residual_factors


def sample(n=48, d=60, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def test_terms_are_found_among_many_inputs():
    z = sample()
    fitted = fit_surrogate(z, np.exp(2 + 0.5 * z[:, 3] - 0.2 * z[:, 7] + 0.1 * z[:, 3] * z[:, 7]))
    assert fitted.logarithmic
    assert set(fitted.terms) == {(3,), (7,), (3, 7)}
    test = sample(200, seed=1)
    truth = np.exp(2 + 0.5 * test[:, 3] - 0.2 * test[:, 7] + 0.1 * test[:, 3] * test[:, 7])
    assert fitted(test) == pytest.approx(truth, rel=1e-8)  # exact model: least squares to rounding
    assert fitted.q2 > 0.999999


def test_a_long_lower_tail_of_the_logarithm_is_not_mirrored_into_the_upper_one():
    # what follows a difference of two inputs is positive and spans decades, but its logarithm has no normal errors
    z, new = sample(300, 6), sample(200_000, 6, seed=4)

    def response(x):
        return 0.05 + np.abs(x[:, 0] - x[:, 1])

    fitted = fit_surrogate(z, response(z))
    assert not fitted.logarithmic
    limit = 4.0
    error = fitted.scatter * np.random.default_rng(5).standard_normal(len(new))
    said, true = np.mean(fitted(new) + error > limit), np.mean(response(new) > limit)
    assert 1.0 < said / true < 5.0  # a quadratic bends beyond the modulus: 3.4 times; over ln y 13 times


@pytest.mark.parametrize("samples", [48, 200])
def test_scatter_is_the_error_on_new_samples(samples):
    noise = np.random.default_rng(2)
    z, new = sample(samples), sample(4000, seed=3)
    fitted = fit_surrogate(z, z[:, 0] + 0.3 * noise.standard_normal(samples))
    error = new[:, 0] + 0.3 * noise.standard_normal(4000) - fitted(new)
    assert fitted.scatter == pytest.approx(error.std(), rel=0.3)  # a deviation from 48 values is known to 10 %


def test_a_response_that_never_changes():
    fitted = fit_surrogate(sample(), np.full(48, 0.0))
    assert (fitted.scatter, fitted.terms) == (0.0, ())
    assert refit(fitted, sample(), np.zeros(48)) is fitted


def test_irrelevant_columns_are_kept_out():
    z = sample()
    fitted = fit_surrogate(z, 3.0 * z[:, 5], candidates=[0, 1, 2])
    assert 5 not in fitted.active


@pytest.mark.parametrize("y", [np.ones(4), np.r_[np.ones(47), np.nan]])
def test_too_few_or_no_numbers(y):
    with pytest.raises(DataError):
        fit_surrogate(sample(len(y)), y)


def test_common_error_factors_reproduce_strong_correlation_and_ignore_chance():
    rng = np.random.default_rng(4)
    common = rng.standard_normal((200, 1))
    errors = np.hstack([common + 0.3 * rng.standard_normal((200, 3)), rng.standard_normal((200, 3))])
    loadings, specific = residual_factors(errors)
    modelled = loadings @ loadings.T + np.diag(specific**2)
    assert np.diag(modelled) == pytest.approx(np.ones(6), abs=1e-12)
    assert modelled[0, 1] > 0.7  # true 0.92
    assert np.abs(modelled[3:, 3:] - np.eye(3)).max() < 0.3
    assert residual_factors(rng.standard_normal((200, 6)))[0].shape == (6, 0)


def test_moved_flights_estimate_a_tail_without_bias():
    base = np.random.default_rng(6).standard_normal((20000, 3))
    shift = failure_shift(lambda u: u[:, 0] + u[:, 1], 6.0, 0.0, 3)
    assert shift == pytest.approx([3.0, 3.0, 0.0], abs=0.01)
    flights = mixture(base, [shift])
    chance = np.mean(flights.weights * (flights.scores[:, 0] + flights.scores[:, 1] > 6.0))
    assert chance == pytest.approx(1.105e-5, rel=0.1)  # Phi(-6/sqrt 2); standard error 2.5 %
    assert flights.weights.max() <= 2.0
    assert flights.weights.mean() == pytest.approx(1.0, abs=0.03)
