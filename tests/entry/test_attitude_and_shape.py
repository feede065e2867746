"""Drag over the angle of attack, nose recession, correlation choice, station factors, navigation covariance."""

import math

import numpy as np
import pytest

from containment.case.load import load_case
from containment.entry import distribution, ensemble, equilibrium_air, fay_riddell, heating, observe, setup, trajectory
from containment.entry import stage as entry_stage
from containment.errors import CaseError, DataError

CASE = load_case("msr-ees")


def run(overrides):
    case = load_case("msr-ees", overrides)
    return entry_stage.run(case, {}, case.settings("screening"))


def test_newtonian_drag_of_a_cone_over_incidence_is_the_surface_integral():
    """Pressure 2 cos^2 of the local angle integrated over a 60 degree cone at 12 degrees of incidence."""
    vehicle, t, a = CASE.vehicle, math.radians(60), math.radians(12)
    around = np.linspace(0, 2 * math.pi, 20_001)[:-1]
    normal = np.stack([np.full_like(around, math.sin(t)), math.cos(t) * np.cos(around), math.cos(t) * np.sin(around)])
    wind = np.array([math.cos(a), math.sin(a), 0.0])
    facing = wind @ normal
    drag = np.mean(facing**2 * facing) / math.sin(t)  # force along the wind, area of a generator strip over base area
    straight = math.sin(t) ** 2
    assert facing.min() > 0
    assert float(setup.incidence_ratio(vehicle, a)) == pytest.approx(drag / straight, rel=1e-9)


def test_incidence_acts_in_the_nominal_and_in_ensembles_alike():
    case = load_case("msr-ees", ['vehicle.incidence="8 deg"'])
    ratio = float(setup.incidence_ratio(case.vehicle, math.radians(8)))
    assert 0.95 < ratio < 1.0
    alone = setup.fly(case.vehicle, case.entry, 1e-9).summary
    assert np.array_equal(ensemble.fly(case, {}, 1, tolerance=1e-9)[0], alone)
    nominal = setup.fly(CASE.vehicle, CASE.entry).summary[observe.LANDING_SPEED]
    assert alone[observe.LANDING_SPEED] / nominal == pytest.approx(ratio**-0.5, rel=1e-3)


def test_a_table_over_incidence_takes_the_place_of_newton():
    table = ['vehicle.drag.incidence=["0 deg", "10 deg", "20 deg"]', "vehicle.drag.incidence_ratio=[1.0, 0.97, 0.9]"]
    vehicle = load_case("msr-ees", table).vehicle
    assert float(setup.incidence_ratio(vehicle, math.radians(10))) == pytest.approx(0.97)
    with pytest.raises(DataError, match="up to 20 deg"):
        setup.incidence_ratio(vehicle, math.radians(25))
    with pytest.raises(CaseError, match="rising from 0"):
        load_case("msr-ees", ['vehicle.drag.incidence=["5 deg", "1 deg"]', "vehicle.drag.incidence_ratio=[1.0, 1.0]"])


def test_lees_falls_from_the_stagnation_point_as_the_receding_nose_assumes():
    assert (1 - float(distribution.lees_sphere(0.05, 20.0))) / 0.05**2 == pytest.approx(heating.LEES_FALL, rel=1e-3)


def test_receded_radius_is_the_curvature_of_the_receded_shape():
    radius, depth, speed = 0.3, 0.01, 1e-3  # the pulse is over: erf has reached 1
    t = np.linspace(-0.01, 0.01, 21)
    polar = radius - depth * (1 - heating.LEES_FALL * t**2)
    x, z = polar * np.sin(t), polar * np.cos(t)
    curvature = -2 * np.polynomial.Polynomial.fit(x, z, 4).deriv(2)(0.0) / 2
    assert heating.receded_radius(radius, depth, speed, 11e3) == pytest.approx(1 / curvature, rel=1e-4)
    assert heating.receded_radius(radius, depth, 11e3, 11e3) == radius


def test_share_of_the_pulse_behind_a_speed_is_that_of_the_flown_load():
    flight = setup.fly(CASE.vehicle, CASE.entry)
    when = np.linspace(0, 60, 6001)
    rows = flight.observed(when)
    load = np.cumsum(rows[:, observe.CONVECTIVE]) / np.sum(rows[:, observe.CONVECTIVE])
    entry_speed = rows[0, observe.SPEED]
    fast = (rows[:, observe.SPEED] < 0.999 * entry_speed) & (rows[:, observe.SPEED] > 2000)
    share = np.array([math.erf(math.sqrt(2 * math.log(entry_speed / v))) for v in rows[fast, observe.SPEED]])
    # closed form without gravity (which adds speed before drag does), with constant drag and no bridging
    assert np.max(np.abs(share - load[fast])) < 0.04


def test_recession_lowers_the_convective_load():
    plain, receded = (run(o).value("convective_load") for o in ([], ['vehicle.nose_recession="10 mm"']))
    # radius grows from 0.3 to 0.305 m over the pulse, so the load falls by less than sqrt(0.3/0.305)
    grown = heating.receded_radius(0.3, 0.01, 1.0, 11e3)
    assert math.sqrt(0.3 / grown) < receded / plain < 1.0


def test_hansen_air():
    # limits the closed form must have: cold air, all dissociated, all ionised
    assert float(equilibrium_air.density(101325.0, 288.15)) == pytest.approx(1.225, rel=1e-3)
    assert float(equilibrium_air.enthalpy(101325.0, 300.0)) == pytest.approx(3.5 * 8.314 / 0.02896 * 300, rel=5e-3)
    assert sum(equilibrium_air.composition(101325.0, 9500.0).values()) == pytest.approx(2.0, rel=0.03)
    assert sum(equilibrium_air.composition(1.0, 30_000.0).values()) == pytest.approx(4.0, rel=1e-3)
    hot = equilibrium_air.temperature(1e5, 3e7)
    assert float(equilibrium_air.enthalpy(1e5, hot)) == pytest.approx(3e7, rel=1e-9)


def test_fay_riddell_flies_from_its_table():
    result, plain = run(['vehicle.convection="fay-riddell"']), run([])
    ratio = result.value("peak_convective_flux") / plain.value("peak_convective_flux")
    assert 1.0 < ratio < 1.1
    assert any("extrapolated" in note for note in result.notes)
    table = fay_riddell.ratio_table()
    exact = fay_riddell.film_coefficient(3.3e-4, 9123.0, 0.4) / heating.film_coefficient(3.3e-4, 9123.0, 0.4, 1.0)
    # the bridging of the second is 2e-4 of it there; bilinear in a table of a quarter decade by 250 m/s
    assert heating.from_table(3.3e-4, 9123.0, table) == pytest.approx(float(exact), rel=1e-3)


def test_turbulent_and_shoulder_factors_act_where_they_say():
    plain = run([]).data
    factors = run(["vehicle.turbulent_factor=1.5", "vehicle.shoulder_factor=1.3"]).data
    ratio = factors.body_flux_factor / plain.body_flux_factor
    assert float(ratio[0]) == pytest.approx(1.0)
    assert float(ratio[45]) == pytest.approx(1.5)
    assert float(ratio[-1]) == pytest.approx(1.5 * 1.3)


def covariance(position=0.0, velocity=0.0):
    matrix = np.zeros((6, 6))
    matrix[:3, :3] += np.eye(3) * position**2
    matrix[3:, 3:] += np.eye(3) * velocity**2
    return matrix


def with_navigation(matrix):
    still = ['entry.speed_error="0 m/s"', 'entry.angle_error="0 deg"']
    return load_case("msr-ees", [*still, f"entry.navigation.covariance={np.asarray(matrix).tolist()}"])


def test_navigation_errors_have_their_covariance():
    matrix = covariance(100.0, 0.1)
    matrix[0, 3] = matrix[3, 0] = 0.8 * 100.0 * 0.1
    errors = np.concatenate([ensemble.navigation_errors(with_navigation(matrix), i, 3) for i in range(20)])
    scale = np.sqrt(np.diag(matrix))
    # correlations of 20 000 samples are known within 0.007; 5 standard errors
    assert np.cov((errors / scale).T) == pytest.approx(matrix / np.outer(scale, scale), abs=0.035)


def test_displaced_states_are_displaced_as_said():
    start = trajectory.initial_states(setup.interface_of(CASE.entry))[None]
    moved = trajectory.displaced(start, np.array([[0.0, 0.0, 50.0, 0.0, 2.0, 0.0]]), inertial=False)[0]
    assert moved[:3] @ start[0, :3] / np.linalg.norm(start[0, :3]) == pytest.approx(50.0)
    assert np.linalg.norm(moved[3:]) == pytest.approx(2.0) and moved[5] > 0
    inertial = trajectory.displaced(start, np.array([[50.0, 0, 0, 0, 0, 0]]), inertial=True)[0]
    assert np.linalg.norm(inertial[3:]) == pytest.approx(50.0 * 7.292115e-5)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(5), "6 rows of 6"),
        (np.eye(6) + np.eye(6, k=1), "not symmetric"),
        (np.eye(6) - 2 * np.eye(6)[[5, 1, 2, 3, 4, 0]], "negative eigenvalue"),
    ],
)
def test_what_is_no_covariance_is_refused(matrix, message):
    with pytest.raises(CaseError, match=message):
        with_navigation(matrix)


def test_covariance_and_scatter_of_the_same_errors_are_refused():
    with pytest.raises(CaseError, match="one of them"):
        load_case("msr-ees", [f"entry.navigation.covariance={covariance(1, 1).tolist()}"])
