"""Brute force against closed forms: flights chosen by surrogates that are wrong give the right P all the same."""

import numpy as np
import pytest

from containment.case.fidelity import defaults
from containment.case.inputs import inputs_of
from containment.reliability.assurance import Ensemble, model_of
from containment.verification.bench_brute_force import Stored, compared
from tests.reliability.conftest import phi, small_case, spread, state

MASS, DRAG = "vehicle.mass", "vehicle.hypersonic_drag_factor"
HOT = "soak.peak_temperature"
SPREAD = {"value": "500 K", "uncertainty": spread("aleatory", "normal", sd="10 K")}


def stored(case, response, candidates=20_000):
    """A run whose ensemble answered `response` of the normal scores by path."""
    inputs = inputs_of(case)
    scores = inputs.scores(64, case.study.seed)
    values = response({path: scores[:, j] for j, path in enumerate(inputs.paths)})
    ensemble = Ensemble(inputs.paths, inputs.physical(scores), (HOT,), values[:, None])
    fidelity = defaults("screening").model_copy(update={"epistemic_draws": candidates})
    model = model_of(case, ensemble, {}, fidelity, {}, 7, resamples=0)
    aleatory = inputs.scores(candidates, 7, purpose="brute force")
    aleatory[:, [kind == "epistemic" for kind in inputs.kinds]] = 0.0
    return Stored(case, fidelity, None, model, model.draws.scores + aleatory, {})


def flown(run, response, rows):
    z = {path: run.scores[:, j] for j, path in enumerate(run.model.inputs.paths)}
    values = response(z)
    return {row: {HOT: float(values[row])} for row in set(rows.tolist())}


def test_what_the_surrogates_got_wrong_is_put_right():
    # the ensemble was colder by 6 K and blind to the drag: P by surrogates is a tenth of the true one
    run = stored(small_case({"hot": state(HOT, SPREAD)}), lambda z: 454.0 + 6.0 * z[MASS])
    rows = run.chosen(6000)
    found = compared(run, rows, flown(run, lambda z: 460.0 + 6.0 * z[MASS] + 8.0 * z[DRAG], rows))[-1]
    truth = phi(-40.0 / np.sqrt(10.0**2 + 6.0**2 + 8.0**2))
    assert found.surrogate < 0.2 * truth
    assert found.probability == pytest.approx(truth, abs=4.0 * found.error * truth)
    assert found.error < 0.1
    assert found.ratio * found.surrogate == pytest.approx(truth, abs=4.0 * found.ratio_error * found.surrogate)


def test_exact_surrogates_leave_no_difference():
    def response(z):
        return 460.0 + 6.0 * z[MASS] + 8.0 * z[DRAG]

    run = stored(small_case({"hot": state(HOT, SPREAD)}), response)
    rows = run.chosen(500)
    found = compared(run, rows, flown(run, response, rows))[-1]
    assert found.ratio == pytest.approx(1.0, abs=1e-6)  # least squares of 64 noiseless samples
    assert found.ratio_error < 1e-6


def test_no_weight_is_large_and_the_first_flights_do_not_depend_on_how_many_there_are():
    run = stored(small_case({"hot": state(HOT, SPREAD)}), lambda z: 454.0 + 6.0 * z[MASS])
    assert run.density.sum() == pytest.approx(1.0)
    assert np.max(1.0 / (len(run.scores) * run.density)) <= 2.5 * (1.0 + 1e-12)  # 1 / 0.4, rounding of the sum
    assert np.array_equal(run.chosen(100), run.chosen(300)[:100])
