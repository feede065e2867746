"""Samples that never depend on company; distributions as the case means them; correlation that is possible."""

import numpy as np
import pytest
from scipy import stats

from containment.case.inputs import Inputs, correlation_matrix, marginal, to_physical, to_score
from containment.case.schema import Correlation
from containment.case.values import Quantity, Uncertainty
from containment.errors import CaseError, UsageError


def quantity(value, distribution, **parameters):
    spread = Uncertainty(kind="aleatory", distribution=distribution, parameters=parameters)
    return Quantity(value=value, unit="m", si_unit="m", uncertainty=spread)


def plain(*paths, correlation=None):
    matrix = np.eye(len(paths)) if correlation is None else np.array(correlation, float)
    return Inputs(paths, ("aleatory",) * len(paths), tuple(stats.norm() for _ in paths), matrix)


@pytest.mark.parametrize("design", ["lhs", "sobol"])
def test_a_sample_depends_on_neither_the_number_of_samples_nor_the_other_inputs(design):
    few = plain("vehicle.mass", "entry.speed").scores(20, 7, design=design)
    many = plain("entry.speed", "extra.unused", "vehicle.mass").scores(50, 7, design=design)
    assert np.array_equal(few[:, 0], many[:20, 2])
    assert np.array_equal(few[:, 1], many[:20, 0])
    assert not np.array_equal(few, plain("vehicle.mass", "entry.speed").scores(20, 8, design=design))


def test_the_growing_hypercube_is_latin_at_powers_of_two():
    u = stats.norm.cdf(plain("a.b", "c.d").scores(64, 3))
    for n in (8, 16, 32, 64):
        for column in u[:n].T:
            assert sorted(np.floor(column * n).astype(int)) == list(range(n))


def test_inputs_of_the_hypercube_are_not_aligned():
    scores = plain(*[f"a.x{i}" for i in range(12)]).scores(256, 1)
    off = np.corrcoef(scores.T)[np.triu_indices(12, 1)]
    assert np.abs(off).max() < 4 / np.sqrt(256)  # four standard errors of a correlation, 66 pairs


@pytest.mark.parametrize(
    ("item", "law"),
    [
        (quantity(2.0, "normal", sd=0.3), stats.norm(2, 0.3)),
        (quantity(2.0, "lognormal", sigma_ln=0.3), stats.lognorm(0.3, scale=2)),
        (quantity(2.0, "uniform", low=1.0, high=4.0), stats.uniform(1, 3)),
        (quantity(2.0, "loguniform", low=1.0, high=4.0), stats.loguniform(1, 4)),
        (quantity(2.0, "triangular", low=1.0, high=4.0), stats.triang(1 / 3, 1, 3)),
        (quantity(0.1, "beta", a=2.0, b=18.0), stats.beta(2, 18)),
        (quantity(0.1, "weibull", shape=1.8, scale=4.5), stats.weibull_min(1.8, scale=4.5)),
        (quantity(0.1, "rayleigh", scale=0.06), stats.rayleigh(scale=0.06)),
    ],
)
def test_marginals_and_their_scores(item, law):
    found = marginal(item)
    levels = np.array([1e-12, 1e-3, 0.5, 0.999])
    assert found.ppf(levels) == pytest.approx(law.ppf(levels), rel=1e-12)
    z = np.array([-7.0, -2.0, 0.0, 3.0])
    assert to_physical(found, z) == pytest.approx(law.ppf(stats.norm.cdf(z)), rel=1e-9)
    # the distance of x from a bound of order one is known to 1e-16 only, that is 5e-5 of the score at -7
    assert to_score(found, to_physical(found, z)) == pytest.approx(z, abs=1e-4)


def test_correlated_scores_follow_the_matrix_and_leave_others_alone():
    alone = plain("a.a", "b.b", "c.c").scores(4096, 5)
    both = plain("a.a", "b.b", "c.c", correlation=[[1, 0.8, 0], [0.8, 1, 0], [0, 0, 1]]).scores(4096, 5)
    assert np.corrcoef(both[:, :2].T)[0, 1] == pytest.approx(0.8, abs=4 * 0.36 / 64)  # four standard errors
    assert np.array_equal(alone[:, 2], both[:, 2])


@pytest.mark.parametrize(
    ("inputs", "matrix", "found"),
    [
        (("a.a", "b.b", "c.c"), ((1, 0.9, -0.9), (0.9, 1, 0.9), (-0.9, 0.9, 1)), "smallest eigenvalue"),
        (("a.a", "b.b"), ((1, 0.9), (0.8, 1)), "shape"),
    ],
)
def test_impossible_correlations_are_refused(inputs, matrix, found):
    groups = {"air": Correlation(inputs=inputs, matrix=matrix)}
    with pytest.raises(CaseError, match=found):
        correlation_matrix(("a.a", "b.b", "c.c"), ("aleatory",) * 3, groups)


def test_correlation_between_kinds_is_refused():
    groups = {"air": Correlation(inputs=("a.a", "b.b"), matrix=((1, 0.5), (0.5, 1)))}
    with pytest.raises(CaseError, match="one kind"):
        correlation_matrix(("a.a", "b.b"), ("aleatory", "epistemic"), groups)


def test_no_samples_is_a_usage_error():
    with pytest.raises(UsageError):
        plain("a.a").scores(0, 1)


def test_a_fixed_value_leaves_its_correlation_group():
    groups = {
        "air": Correlation(inputs=("a.a", "fixed.value", "b.b"), matrix=((1, 0.2, 0.5), (0.2, 1, 0.1), (0.5, 0.1, 1)))
    }
    matrix = correlation_matrix(("a.a", "b.b"), ("aleatory", "aleatory"), groups)
    assert np.array_equal(matrix, [[1, 0.5], [0.5, 1]])
