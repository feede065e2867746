"""Frames, forces and endings of a flight."""

import math

import numpy as np
import pytest

from containment.entry import atmosphere, kernel, observe, trajectory
from containment.entry.observe import Heat
from containment.entry.trajectory import EARTH, Interface
from containment.errors import DataError, SolverError

HEAT = Heat(0.3, 1.0, 1.0)


def capsule(mass=95.0):
    return trajectory.drag_body(mass, 1.2272, np.array([0.0, 0.8, 1.2, 5.0]), np.array([0.88, 0.95, 1.3, 1.5]))


def flight(angle=-20.0, speed=11_560.0, azimuth=0.0, altitude=125e3, **options):
    at = Interface(speed, math.radians(angle), math.radians(azimuth), altitude, math.radians(38), math.radians(-113))
    return trajectory.fly(
        trajectory.initial_states(at), capsule(), atmosphere.us_standard_1976(), HEAT, ground_altitude=1300.0, **options
    )


@pytest.mark.parametrize("latitude", [-89.999, -60.0, 0.0, 40.0, 75.0])
@pytest.mark.parametrize("altitude", [-300.0, 1300.0, 125e3, 900e3])
def test_geodetic_inverts_the_surface_point(latitude, altitude):
    point = trajectory.surface_point(math.radians(latitude), 1.0, altitude)
    height, sine, cosine = kernel.geodetic(*point, EARTH)
    assert height == pytest.approx(altitude, abs=2e-6 if altitude < 2e5 else 1e-3)
    assert math.degrees(math.atan2(sine, cosine)) == pytest.approx(latitude, abs=1e-8 if altitude < 2e5 else 1e-7)


def test_inertial_state_becomes_relative_by_the_vector_difference():
    # Stardust: 12.9 km/s, -8.2 deg, azimuth 102.9 deg at 41.5 deg N becomes 12.56 km/s, -8.43 deg
    latitude = math.radians(41.5)
    altitude = trajectory.altitude_over_equatorial_radius(125_003.0, latitude)
    state = trajectory.initial_states(
        Interface(12_900.0, math.radians(-8.2), math.radians(102.9), altitude, latitude, 0.0)
    )
    assert np.linalg.norm(state[:3]) == pytest.approx(6_503_140.0, abs=0.01)
    speed = np.linalg.norm(state[3:])
    assert speed == pytest.approx(12_560.0, abs=5.0)
    angle = math.degrees(math.asin(state[:3] @ state[3:] / np.linalg.norm(state[:3]) / speed))
    assert angle == pytest.approx(-8.43, abs=0.01)
    inertial = state[3:] + np.cross([0, 0, EARTH.rotation], state[:3])
    assert np.linalg.norm(inertial) == pytest.approx(12_900.0, abs=1e-8)


def test_compiled_flight_agrees_with_an_independent_integrator():
    from scipy.integrate import solve_ivp

    mine = flight(tolerance=1e-11)
    air, body, out = mine.air, mine.body, np.empty(6)

    def rates(t, y):
        kernel.derivative(y, EARTH, air, body, out)
        return out.copy()

    other = solve_ivp(rates, (0, 60.0), mine.states(np.zeros(1))[0], method="DOP853", rtol=1e-11, atol=1e-7)
    end = mine.states(np.array([60.0]))[0]
    # both are accurate to about 1e-9; the corners of the drag table and the atmosphere cost the last digits
    assert np.linalg.norm(end[:3] - other.y[:3, -1]) < 0.01
    assert np.linalg.norm(end[3:] - other.y[3:, -1]) < 1e-5


def test_accuracy_of_the_ensemble_tolerance():
    from containment.entry.ensemble import TOLERANCE

    fine, coarse = flight(tolerance=1e-12), flight(tolerance=TOLERANCE)
    when = np.linspace(0, 370, 3701)
    a, b = fine.states(when), coarse.states(when)
    # the accuracy promised for ensembles: 1e-6 relative in speed and position, all the way down
    assert np.max(np.linalg.norm(a[:, 3:] - b[:, 3:], axis=1) / np.linalg.norm(a[:, 3:], axis=1)) < 1e-6
    assert np.max(np.linalg.norm(a[:, :3] - b[:, :3], axis=1) / np.linalg.norm(a[:, :3], axis=1)) < 1e-6
    assert abs(fine.summary[observe.LANDING_SPEED] / coarse.summary[observe.LANDING_SPEED] - 1) < 1e-6


def test_steps_end_at_the_corners_of_the_atmosphere():
    one = flight()
    ends = one.observed(one.times)[:, observe.ALTITUDE]
    for corner in one.air.corners[one.air.corners > 1300.0]:
        assert np.min(np.abs(ends - corner)) < 1.0


def test_peaks_are_the_maxima_of_the_dense_history():
    one = flight()
    rows = one.observed(np.linspace(0, 60, 60_001))
    for column in range(observe.PEAKS):
        assert one.summary[column] == pytest.approx(rows[:, column].max(), rel=1e-6)


def test_terminal_speed_balances_weight():
    one = flight()
    density = kernel.density_and_sound(1300.0, one.air)[0]
    expected = math.sqrt(2 * 95.0 * 9.799 / (density * 1.2272 * 0.88))  # g at 39 deg N, 1300 m: 9.799 m/s^2
    # the air gets denser on the way down, so the fall lags behind its terminal speed by 0.3 %
    assert one.summary[observe.LANDING_SPEED] == pytest.approx(expected, rel=5e-3)


def test_steady_wind_carries_the_vehicle():
    air = atmosphere.us_standard_1976()
    grid = np.zeros((2, 3))
    grid[:, 1] = 10.0
    at = Interface(11_560.0, math.radians(-20), 0.0, 125e3, math.radians(38), math.radians(-113))
    start = trajectory.initial_states(at)
    calm = trajectory.fly(start, capsule(), air, HEAT, ground_altitude=1300.0)
    windy = trajectory.fly(
        start, capsule(), air._replace(perturbed=True, spacing=1e6, perturbation=grid), HEAT, ground_altitude=1300.0
    )
    assert windy.summary[observe.LANDING_SPEED] == pytest.approx(math.hypot(40.1, 10.0), abs=0.3)
    east = (
        (windy.summary[observe.LANDING_LONGITUDE] - calm.summary[observe.LANDING_LONGITUDE]) * 6.378e6 * math.cos(0.7)
    )
    # nearly at rest in the air for the last 330 s of 375 s
    assert 0.85 * 3300 < east < 1.1 * 3700


def test_shallow_entry_skips_out_and_says_so():
    one = flight(angle=-4.0, speed=12_500.0)
    assert one.outcome == kernel.SKIPPED_OUT
    with pytest.raises(SolverError, match="skips out: lowest altitude"):
        trajectory.landed(one)


def test_orbit_that_never_enters_says_so():
    one = flight(angle=-1.0, speed=11_560.0, altitude=400e3)
    assert one.outcome == kernel.SKIPPED_OUT
    with pytest.raises(SolverError, match="never enters"):
        trajectory.landed(one)


def test_time_limit_is_an_ending():
    one = flight(longest_time=30.0)
    assert one.outcome == kernel.OUT_OF_TIME and one.duration == pytest.approx(30.0)
    with pytest.raises(SolverError, match="does not reach the ground"):
        trajectory.landed(one)


def test_not_a_number_is_refused():
    with pytest.raises(SolverError, match="could not take its first step"):
        flight(speed=math.nan)


@pytest.mark.parametrize("mach", [[0.0, 2.0, 2.0], [0.0, 3.0, 1.0], [1.0]])
def test_mach_table_must_rise(mach):
    with pytest.raises(DataError, match="strictly increasing"):
        trajectory.drag_body(95.0, 1.0, np.array(mach), np.ones(len(mach)))


def test_ground_below_the_air_is_refused():
    with pytest.raises(DataError, match="starts at -1000 m"):
        at = Interface(11_000.0, -0.3, 0.0, 125e3, 0.5, 0.0)
        trajectory.fly(
            trajectory.initial_states(at), capsule(), atmosphere.us_standard_1976(), HEAT, ground_altitude=-2000.0
        )


def test_drag_factors_act_on_their_side_of_the_speed_of_sound():
    body = capsule()._replace(subsonic_factor=1.1, hypersonic_factor=0.9)
    assert kernel.drag_coefficient(0.3, body) == pytest.approx(1.1 * kernel.drag_coefficient(0.3, capsule()))
    assert kernel.drag_coefficient(20.0, body) == pytest.approx(0.9 * 1.5)
