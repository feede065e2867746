"""The stage: its contract with the other stages, the baseline against its cross-check, the shipped cases, bad input."""

import math

import numpy as np
import pytest

from containment.case.load import load_case
from containment.entry import stage
from containment.errors import CaseError, SolverError

ENTRY_CASES = ["stardust", "genesis", "osiris-rex", "hayabusa", "hayabusa2", "mmeev-2000", "fire-ii"]
HISTORIES = {
    "altitude", "speed", "flight_path_angle", "mach", "density", "temperature_inf", "static_pressure",
    "dynamic_pressure", "stagnation_pressure", "deceleration", "latitude", "longitude", "convective_flux",
    "radiative_flux", "recovery_enthalpy", "film_coefficient",
}  # fmt: skip


def run(name, overrides=()):
    case = load_case(name, overrides)
    return stage.run(case, {}, case.settings("screening"))


@pytest.fixture(scope="module")
def baseline():
    return run("msr-ees")


def test_baseline_meets_its_cross_check(baseline):
    # planar run without rotation at 11.56 km/s, -20 deg; 20 % of each is the accepted difference of methods
    assert baseline.value("peak_deceleration") == pytest.approx(107 * 9.80665, rel=0.2)
    assert baseline.value("peak_heat_flux") == pytest.approx(9.89e6, rel=0.2)
    assert baseline.value("heat_load") == pytest.approx(9.0e7, rel=0.2)
    assert baseline.value("landing_speed") == pytest.approx(40.0, abs=1.5)
    assert baseline.value("duration") == pytest.approx(380.0, abs=15.0)
    assert 40.4 < math.degrees(baseline.value("landing_latitude")) < 40.5
    assert -113.6 < math.degrees(baseline.value("landing_longitude")) < -113.0


def test_data_keep_the_contract(baseline):
    data = baseline.data
    assert set(data.data_vars) >= HISTORIES
    for name in data.data_vars:
        assert data[name].dtype == np.float64 and {"units", "long_name"} <= set(data[name].attrs)
        assert np.all(np.isfinite(data[name]))
    assert data.time[0] == 0.0 and float(data.time[-1]) == pytest.approx(baseline.value("duration"))
    assert float(data.altitude[-1]) == pytest.approx(1300.0, abs=1e-3)
    assert float(data.flight_path_angle[0]) == pytest.approx(math.radians(-20), abs=5e-3)
    assert float(data.flight_path_angle[-1]) == pytest.approx(-math.pi / 2, abs=1e-2)
    assert all(check.ok for check in baseline.checks.values())


def test_flux_is_the_film_coefficient_times_the_enthalpy_difference(baseline):
    data = baseline.data
    flux = data.film_coefficient * (data.recovery_enthalpy - 1004.7 * 1.85)
    assert np.allclose(flux, data.convective_flux)


def test_body_distribution_starts_at_one_and_reaches_the_shoulder(baseline):
    data = baseline.data
    assert float(data.body_flux_factor[0]) == pytest.approx(1.0)
    assert float(data.body_radius[-1]) == pytest.approx(0.625)
    assert np.all(np.diff(data.body_flux_factor) < 0)


def test_radiation_outside_its_range_is_said():
    assert any("outside the range of Tauber-Sutton" in note for note in run("stardust").notes)


@pytest.mark.parametrize("name", ENTRY_CASES)
def test_shipped_cases_fly_to_the_ground(name):
    result = run(name)
    assert all(check.ok for check in result.checks.values())
    assert 30 < result.value("landing_speed") < 80


def test_the_same_sample_gives_the_same_answer(baseline):
    again = run("msr-ees")
    assert {k: v.value for k, v in again.responses.items()} == {k: v.value for k, v in baseline.responses.items()}


@pytest.mark.parametrize(
    ("override", "response", "ratio", "within"),
    [
        # local sensitivities of the cross-check: +10 % mass: stagnation pressure +11 %, landing speed +4.9 %
        ('vehicle.mass="104.5 kg"', "peak_stagnation_pressure", 1.10, 0.02),
        ('vehicle.mass="104.5 kg"', "landing_speed", 1.049, 0.002),
        # +1 % speed: peak deceleration +1.9 %, radiation +15 %
        ('entry.speed="11675.6 m/s"', "peak_deceleration", 1.019, 0.003),
        ('entry.speed="11675.6 m/s"', "peak_radiative_flux", 1.15, 0.02),
        ("vehicle.convective_factor=1.2", "convective_load", 1.2, 1e-9),
        ("vehicle.radiative_factor=0.7", "radiative_load", 0.7, 1e-9),
        ("entry.density_factor.value=1.05", "landing_speed", 1.05**-0.5, 1e-3),
        ("vehicle.subsonic_drag_factor=0.9", "landing_speed", 0.9**-0.5, 1e-3),
        ('vehicle.mass_as_built="9.5 kg"', "landing_speed", 1.049, 0.002),
    ],
)
def test_factors_move_what_they_should(baseline, override, response, ratio, within):
    assert run("msr-ees", [override]).value(response) / baseline.value(response) == pytest.approx(ratio, abs=within)


def test_skip_out_is_a_named_error():
    with pytest.raises(SolverError, match="skips out"):
        run("stardust", ['entry.flight_path_angle="-6 deg"'])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("vehicle.drag.mach=[0.0, 2.0, 1.5]", "coefficient"),
        ("vehicle.drag.coefficient=[-1.0]", "coefficient"),
        ('entry.flight_path_angle="5 deg"', "negative is down"),
        ('entry.altitude="1 km"', "above the ground"),
        ('vehicle.nose_radius="3 m"', "inside the diameter"),
        ('vehicle.cone_half_angle="2 deg"', "between 10 and 85"),
        ('entry.latitude="100 deg"', "-90 to 90"),
        ('vehicle.mass_as_built="-200 kg"', "positive mass"),
        ('entry.atmosphere="mars"', "atmospheres"),
    ],
)
def test_bad_input_is_refused_with_its_place(override, message):
    with pytest.raises(CaseError, match=message):
        load_case("stardust", [override])


def test_mach_table_that_does_not_rise_is_refused():
    table = ["vehicle.drag.mach=[0.0, 2.0, 1.5]", "vehicle.drag.coefficient=[1.0, 1.0, 1.0]"]
    with pytest.raises(CaseError, match="strictly increasing"):
        load_case("stardust", table)
