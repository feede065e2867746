"""Heating correlations and the distribution along the body."""

import math

import numpy as np
import pytest

from containment.entry import distribution, heating
from containment.entry.distribution import SphereCone

STARDUST_AT_51_S = (2.11e-4, 10_871.0, 0.2286)  # kg/m^3, m/s, m


def test_sutton_graves_at_the_stardust_peak():
    film = heating.film_coefficient(*STARDUST_AT_51_S)
    assert film * 0.5 * 10_871.0**2 / 1e4 == pytest.approx(680.0, rel=2e-3)  # W/cm^2, three digits


def test_tauber_sutton_at_the_stardust_peak_and_its_range():
    density, speed, radius = STARDUST_AT_51_S
    assert heating.radiative_flux(density, speed, radius) / 1e4 == pytest.approx(109.0, rel=5e-3)
    assert not heating.radiation_is_valid(density, speed, radius)  # nose smaller than 0.3 m
    assert heating.radiation_is_valid(density, speed, 0.3)
    assert not heating.radiation_is_valid(7e-4, speed, 0.5)
    assert not heating.radiation_is_valid(2e-4, 9_900.0, 0.5)
    assert heating.radiative_flux(density, 8_000.0, radius) == 0.0


def test_velocity_function_passes_through_its_points():
    for speed, value in ((9000.0, 1.5), (10_000.0, 35.0), (11_500.0, 238.0), (16_000.0, 2040.0)):
        assert heating.velocity_function(speed) == pytest.approx(value)
    assert heating.velocity_function(11_250.0) == pytest.approx((151 + 238) / 2)


def test_film_coefficient_reaches_the_free_molecular_limit():
    density, speed = 1e-11, 11_000.0
    assert heating.film_coefficient(density, speed, 0.3) == pytest.approx(density * speed, rel=0.01)


@pytest.mark.parametrize(("mach", "ratio"), [(0.5, 1.18621), (1.0, 1.89293), (2.0, 5.64044), (3.0, 12.06097)])
def test_pitot_pressure_in_the_perfect_gas_range(mach, ratio):
    # NACA Report 1135 tables, gamma 1.4
    assert heating.stagnation_pressure(1.0, 0.7 * mach**2, mach) == pytest.approx(ratio, rel=2e-5)


def test_hypersonic_pitot_pressure_lies_between_perfect_gas_and_the_limit():
    coefficient = heating.stagnation_pressure(1.0, 0.7 * 900, 30.0) / (0.7 * 900)
    assert 1.84 < coefficient < 2.0


BODY = SphereCone(0.3, 0.625, math.radians(60))


def test_distribution_is_one_at_the_nose_and_continuous_at_tangency():
    arc = BODY.tangency_arc * np.array([0.0, 1 - 1e-9, 1 + 1e-9])
    for ratio in (distribution.convective_ratio(BODY, arc, 25.0, 1.2), distribution.pressure_ratio(BODY, arc, 25.0)):
        assert ratio[0] == pytest.approx(1.0)
        assert ratio[1] == pytest.approx(ratio[2], rel=1e-6)


def test_nothing_jumps_near_the_stagnation_point():
    angle = np.linspace(0, 0.1, 1001)
    ratio = distribution.lees_sphere(angle, 25.0)
    assert np.all(np.diff(ratio) <= 0) and np.max(np.abs(np.diff(ratio, 2))) < 2e-6


def test_flank_factor_acts_on_the_cone_only():
    arc = np.array([0.0, BODY.tangency_arc, BODY.length])
    ratio = distribution.convective_ratio(BODY, arc, 25.0, 1.3) / distribution.convective_ratio(BODY, arc, 25.0)
    assert ratio == pytest.approx([1.0, 1.3, 1.3])


def test_geometry_ends_at_the_base_radius():
    assert BODY.radius(BODY.length) == pytest.approx(0.625)
    # the same arc from the meridian itself
    arc = np.linspace(0, BODY.length, 20_001)
    radius = BODY.radius(arc)
    sine = np.gradient(radius, arc)
    assert np.all(sine <= 1 + 1e-9) and np.all(np.diff(radius) > 0)
