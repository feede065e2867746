import numpy as np
import pytest
from scipy import stats

from containment.reliability.gaussian_process import fit_kriging
from tests.reliability.test_rare_event import run


def test_as_many_points_as_slopes_leave_no_slope_and_an_error():
    u = np.random.default_rng(0).standard_normal((6, 5))
    kriging = fit_kriging(u, 3.0 - u @ np.arange(1.0, 6.0))
    assert kriging.trend == "constant"
    mean, sd = kriging(np.array([[2.0, -2.0, 2.0, -2.0, 2.0]]))
    assert np.isfinite(mean).all()
    assert sd[0] > 0.1  # a plane through all points would claim to be exact


@pytest.mark.parametrize("budget", [20, 21, 22, 25])
def test_a_budget_that_starts_with_one_point_more_than_inputs(budget):
    found = run(lambda x: 3.0 - x.sum(axis=1) / 3.0, [stats.norm()] * 9, budget=budget)
    assert found.hard or found.interval[0] < stats.norm.sf(3.0) < found.interval[1]
