"""Material kernel, wall balance and the faults they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from containment.errors import DataError
from containment.materials import Grid, load
from containment.thermal import bprime, kernel, surface, tables
from containment.thermal.cards import material
from containment.thermal.charring import CharringMaterial, contact, inert
from containment.thermal.stack import Layer, build
from containment.thermal.surface import WallHistory, WallModel

TACOT = material(load("tacot"))


@pytest.mark.parametrize("order", [1.0, 2.5, 3.0])
def test_extent_follows_its_differential_equation(order: float) -> None:
    from scipy.integrate import solve_ivp

    a, e, t, dt = 1.2e4, 8555.0, 900.0, 0.4
    exact = solve_ivp(lambda _, y: -a * np.exp(-e / t) * y**order, (0, dt), [0.9], rtol=1e-11, atol=1e-13).y[0, -1]
    kdt = a * np.exp(-e / t) * dt
    found, slope = kernel.advance_extent(0.9, kdt, order)
    assert found == pytest.approx(exact, rel=1e-8)  # the tolerance of the integrator, with margin
    up, _ = kernel.advance_extent(0.9, 1.0001 * kdt, order)
    down, _ = kernel.advance_extent(0.9, 0.9999 * kdt, order)
    assert slope == pytest.approx((up - down) / (2e-4 * kdt), rel=1e-6)  # error of the difference quotient


def test_tabulated_rates_are_arrhenius_rates() -> None:
    made = replace(TACOT, temperature_exponent=np.array([0.5, 0.0, 0.0]))
    grid = tables.tabulate([made])
    t = np.linspace(made.low, made.high, 40001)
    rows = np.linspace(made.low, made.high, grid.rates.shape[2])
    from scipy.interpolate import CubicHermiteSpline

    reactions = zip(made.pre_exponential[:2], made.activation_temperature[:2], (0.5, 0.0), strict=True)
    for r, (a, e, n) in enumerate(reactions):
        rate, slope = grid.rates[0, r].T
        found = CubicHermiteSpline(rows, rate, slope / (rows[1] - rows[0]))(t)
        exact = a * t**n * np.exp(-e / t)
        assert (
            np.abs(
                found / np.maximum(exact, tables.SLOWEST_RATE) - exact / np.maximum(exact, tables.SLOWEST_RATE)
            ).max()
            < tables.RATE_ERROR
        )


def test_steep_rates_get_a_finer_table() -> None:
    steep = replace(TACOT, activation_energy=np.array([7e4, 1.7e5, 9e5]), pre_exponential=np.array([1e4, 5e8, 1e60]))
    assert tables.tabulate([steep]).rates_per_row > tables.tabulate([TACOT]).rates_per_row == 1


def _points(temperature: np.ndarray, old: np.ndarray, dt: float = 0.1) -> kernel.Points:
    grid = tables.tabulate([TACOT])
    reactions = grid.kinetics.shape[1]
    out = kernel.empty_points(temperature.size, reactions)
    history = np.full((temperature.size, reactions + 1), 0.8)
    index = np.zeros(temperature.size, dtype=np.int64)
    kernel.evaluate(grid, index, temperature, old, history, history, dt, 1.0, -1.0, 0.0, 101325.0, out)
    return out


def test_derivatives_of_the_kernel_are_those_of_its_values() -> None:
    # Middle of the cells of the uniform grid, so that the difference quotient stays in one of them.
    step = (TACOT.high - TACOT.low) / (tables.GRID_POINTS - 1)
    t = TACOT.low + (np.floor((np.linspace(300.0, 3200.0, 60) - TACOT.low) / step) + 0.5) * step
    old = t - 3.0
    mid, up, down = _points(t, old), _points(t + 0.05, old), _points(t - 0.05, old)
    for name in ("energy", "conductivity", "gas_enthalpy"):
        slope = (getattr(up, name) - getattr(down, name)) / 0.1
        scale = np.abs(slope).max()
        assert np.abs(getattr(mid, f"d_{name}") - slope).max() < 1e-4 * scale  # curvature of the reaction over 0.1 K


def test_enthalpy_is_the_exact_integral_of_the_heat_capacity() -> None:
    out = _points(np.array([1389.0]), np.array([1389.0]), dt=1e-12)
    t, c = TACOT.char.temperature, TACOT.char.heat_capacity
    upto = t <= 1389.0
    start = np.interp(298.0, t, c)
    knots = np.concatenate([[298.0], t[upto & (t > 298.0)]])
    char = np.trapezoid(np.concatenate([[start], c[upto & (t > 298.0)]]), knots)
    virgin = TACOT.virgin.enthalpy_298 + np.trapezoid(
        np.interp(knots, TACOT.virgin.temperature, TACOT.virgin.heat_capacity), knots
    )
    expected = 0.8 * 280.0 * virgin + 0.2 * 220.0 * char
    pores = (0.8 * 0.8 + 0.2 * 0.85) * 101325.0
    gas = load("tacot").gas
    at = [np.interp(1389.0, gas.grid(k).temperature, _at_pressure(gas.grid(k))) for k in ("molar_mass", "enthalpy")]
    expected += pores * at[0] / (8.31447147 * 1389.0) * at[1] - pores
    assert out.energy[0] == pytest.approx(expected, rel=1e-5)  # chord error of the grid, below 1e-6 of the range


def _at_pressure(grid: Grid) -> np.ndarray:
    return np.asarray(grid.values[np.argmin(np.abs(grid.pressure - 101325.0))])


def test_mixing_uses_the_virgin_mass_fraction() -> None:
    out = _points(np.array([2222.0]), np.array([2222.0]), dt=1e-12)
    w = 0.8 * 280.0 / (0.8 * 280.0 + 0.2 * 220.0)
    assert out.conductivity[0] == pytest.approx(
        w * 1.109 + (1 - w) * 0.9221, rel=3e-4
    )  # chord of the 2 K grid over a kink of the table


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"activation_energy": np.array([-7e4, 1.7e5, 1.7e5])}, "activation energy of -70000"),
        ({"order": np.array([3.0, 0.0, 3.0])}, "reaction 2: found a reaction order of 0"),
        ({"share": np.array([0.5, 0.3, 0.1])}, "add up to 0.9"),
        ({"char_density": 300.0}, "char density of 300"),
    ],
)
def test_impossible_materials_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        replace(TACOT, **change)


def test_tables_must_rise_and_be_positive() -> None:
    with pytest.raises(DataError, match="do not rise"):
        inert("layer", 1000.0, [300.0, 300.0], 1000.0, 1.0)
    with pytest.raises(DataError, match="conductivity of -1 at 300 K"):
        inert("layer", 1000.0, [300.0, 400.0], 1000.0, -1.0)
    with pytest.raises(DataError, match="contact resistance"):
        contact("joint", 0.0, 1e-5)


def test_layers_must_be_possible_and_in_order() -> None:
    solid = inert("solid", 1000.0, [300.0, 400.0], 1000.0, 1.0)
    with pytest.raises(DataError, match=r"thickness of -0.01"):
        build([Layer("tps", TACOT, -0.01, 10)])
    with pytest.raises(DataError, match="wrong order: found the charring layer tps behind bond"):
        build([Layer("bond", solid, 0.001, 4), Layer("tps", TACOT, 0.03, 10)])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"time": [0.0, 2.0, 1.0], "wall_temperature": 400.0}, "time 1 s after 2 s"),
        ({"time": [0.0, 1.0], "film_coefficient": np.array([0.1, np.nan])}, "film_coefficient = nan at 1 s"),
        ({"time": [0.0, 1.0], "pressure": -1.0}, "negative pressure"),
        ({"time": [0.0]}, "fewer than two"),
    ],
)
def test_boundary_histories_are_checked(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        WallHistory(**{**arguments, "time": np.array(arguments["time"])})


# --- wall

AIR = bprime.from_card(load("tacot").bprime("air"))
NOW = np.array([np.nan, 0.2, 3.0e7, 5.0e4, 1.0e6, 0.0, 300.0, 250.0])


def test_table_is_reproduced_at_its_points_and_between_pressures() -> None:
    arrays, card = AIR.arrays(), load("tacot").bprime("air")
    for p, g, t in ((1e4, 0.2, 2500.0), (1e4, 1.0, 3300.0), (101325.0, 0.0, 1200.0)):
        p = float(card.pressure[np.argmin(np.abs(card.pressure - p))])
        rate, enthalpy = bprime.lookup(arrays, np.log(p), g, t)
        expected = card(p, g, t)
        assert rate == pytest.approx(expected[0], rel=1e-9)
        assert enthalpy == pytest.approx(expected[1], rel=1e-9)
    low, high = (bprime.lookup(arrays, np.log(p), 0.1, 3400.0)[0] for p in (2e4, 3e4))
    between = bprime.lookup(arrays, np.log(np.sqrt(2e4 * 3e4)), 0.1, 3400.0)[0]
    assert between == pytest.approx(np.sqrt(low * high), rel=1e-9)  # logarithmic in both


def test_table_is_held_where_carbon_sublimes_without_limit() -> None:
    arrays = AIR.arrays()
    end = bprime.hottest(arrays, 1e3)
    assert end == pytest.approx(3300.0)
    assert bprime.lookup(arrays, np.log(1e3), 0.0, end + 200) == bprime.lookup(arrays, np.log(1e3), 0.0, end)


def test_wall_balance_without_gas_is_that_of_the_paper() -> None:
    wall, arrays = WallModel(AIR), AIR.arrays()
    t = 2500.0
    q, m_c = surface.wall_balance(t, 0.0, 0.0, 0.9, NOW, wall.numbers(), arrays)
    b, h_w = bprime.lookup(arrays, np.log(5e4), 0.0, t)
    g = 0.2 * np.log(1 + b) / b  # blowing factor 0.5
    radiation = 0.9 * (1e6 - 5.670374419e-8 * (t**4 - 250.0**4))
    assert m_c == pytest.approx(b * g, rel=1e-9)
    assert q == pytest.approx(g * (3e7 - h_w) - m_c * h_w + radiation, rel=1e-9)


def test_blowing_is_consistent_with_the_gas_flux() -> None:
    wall, arrays = WallModel(AIR), AIR.arrays()
    for m_g in (1e-4, 0.02, 0.3):
        b_g, b_c, _ = surface._gas_ratio(arrays, wall.numbers(), np.log(5e4), 2500.0, 0.2, m_g)
        assert b_g * 0.2 * surface.blowing_factor(b_g + b_c, 0.5) == pytest.approx(m_g, rel=1e-8)


def test_a_cold_wall_does_not_burn_when_its_rate_is_limited() -> None:
    limited, free = WallModel(AIR, oxidation=(3.29e9, 184e3, 0.5)), WallModel(AIR)
    cold = [surface.wall_balance(500.0, 0.0, 0.0, 0.9, NOW, w.numbers(), AIR.arrays())[1] for w in (limited, free)]
    hot = [surface.wall_balance(2500.0, 0.0, 0.0, 0.9, NOW, w.numbers(), AIR.arrays())[1] for w in (limited, free)]
    assert cold[0] < 1e-6 * cold[1]
    assert hot[0] == pytest.approx(hot[1], rel=1e-3)


def test_density_factor_scales_energy_and_mass_alike() -> None:
    heavy = TACOT.scaled(density=1.1, conductivity=0.9, heat_capacity=1.05, emissivity=0.8)
    assert heavy.virgin_density / TACOT.virgin_density == pytest.approx(heavy.char_density / TACOT.char_density)
    assert np.allclose(heavy.char.conductivity, 0.9 * TACOT.char.conductivity)
    assert np.all(heavy.virgin.emissivity == 0.8)
    assert isinstance(heavy, CharringMaterial)


def test_equal_reactions_are_merged() -> None:
    grid = tables.tabulate([TACOT])
    assert grid.kinetics.shape == (1, 2, 3)
    assert grid.kinetics[0, :, tables.SHARE].sum() == pytest.approx(1.0)
