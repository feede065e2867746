"""Ensembles of flights: the same samples for any number of samples and workers, the same flights as the nominal."""

import numpy as np
import pytest

from containment.case.load import load_case
from containment.entry import ensemble, kernel, observe, setup
from containment.errors import FailedSamplesError, UsageError

CASE = load_case("msr-ees")


def summaries(samples, *, case=CASE, seed=7, **options):
    return np.concatenate([batch.summaries for batch in ensemble.stream_flights(case, samples, seed, **options)])


def test_one_flight_of_an_ensemble_is_the_nominal_flight():
    alone = setup.fly(CASE.vehicle, CASE.entry, tolerance=1e-9).summary
    assert np.array_equal(ensemble.fly(CASE, {}, 1, tolerance=1e-9)[0], alone)


def test_a_sample_is_the_flight_of_its_case():
    batch = next(ensemble.stream_flights(CASE, 5, 7))
    sample = {path: float(values[3]) for path, values in batch.values.items()}
    case = CASE.at(sample)
    alone = setup.fly(case.vehicle, case.entry, tolerance=ensemble.TOLERANCE).summary
    assert batch.summaries[3] == pytest.approx(alone, rel=1e-12)


def test_samples_depend_neither_on_their_number_nor_on_workers():
    few, many = summaries(30), summaries(1100)
    assert np.array_equal(few, many[:30])
    assert np.array_equal(many, summaries(1100, workers=2))
    assert not np.array_equal(few, summaries(30, seed=8))


def test_an_input_more_moves_nothing():
    narrow = '{ value = "0 deg", uncertainty = { kind = "aleatory", distribution = "normal", sd = "1e-9 deg" } }'
    more = load_case("msr-ees", [f"entry.azimuth={narrow}"])
    with_it, without = (next(ensemble.stream_flights(c, 20, 7)) for c in (more, CASE))
    assert all(np.array_equal(with_it.values[path], drawn) for path, drawn in without.values.items())
    # the added input itself moves the landing by 1e-11 of a radian; peaks are placed within 2e-4 s of 15 s
    assert with_it.summaries == pytest.approx(without.summaries, rel=2e-5)


def test_scatter_of_a_linear_response_matches_its_closed_form():
    held = [path for path in CASE.inputs() if path.startswith(("vehicle.", "entry.")) and "speed_error" not in path]
    s = summaries(3000, held=held)
    slope = _slope()
    spread = s[:, observe.DECELERATION].std(ddof=1)
    # a standard deviation of 3000 samples is known to 1.3 %; 4 standard errors
    assert spread == pytest.approx(abs(slope) * 1.0, rel=0.052)


def _slope():
    up = ensemble.fly(CASE, {"entry.speed_error": np.array([1.0])}, 1, tolerance=1e-11)[0, observe.DECELERATION]
    down = ensemble.fly(CASE, {"entry.speed_error": np.array([-1.0])}, 1, tolerance=1e-11)[0, observe.DECELERATION]
    return (up - down) / 2


def test_skip_out_is_an_outcome_not_a_crash():
    wide = '{ value = "0 deg", uncertainty = { kind = "aleatory", distribution = "normal", sd = "1 deg" } }'
    case = load_case("stardust", [f"entry.angle_error={wide}"])
    batch = next(ensemble.stream_flights(case, 200, 3))
    lost = batch.outcome != kernel.LANDED
    assert 0 < np.count_nonzero(lost) < 100
    assert set(batch.outcome[lost]) == {kernel.SKIPPED_OUT}
    assert len(ensemble.landed(batch)) == np.count_nonzero(~lost)


def test_too_few_landings_are_an_error():
    case = load_case("stardust", ['entry.flight_path_angle="-5 deg"'])
    with pytest.raises(FailedSamplesError, match="do not land"):
        ensemble.landed(next(ensemble.stream_flights(case, 20, 3)))


def test_held_inputs_must_exist():
    with pytest.raises(UsageError, match="sped"):
        next(ensemble.stream_flights(CASE, 5, 7, held=["entry.sped"]))
