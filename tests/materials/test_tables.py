"""Property tables: exact at their points, errors outside, grids for kernels."""

import numpy as np
import pytest

from containment import materials
from containment.errors import DataError
from containment.materials import Bprime, Grid, Table


@pytest.fixture
def table():
    return Table("material x, conductivity", np.array([300.0, 400.0, 700.0]), np.array([1.0, 2.0, 5.0]))


def test_exact_at_points_and_linear_between(table):
    assert np.array_equal(table(table.temperature), table.values)
    assert table(550.0) == pytest.approx(3.5, abs=1e-14)  # midpoint of two points, round-off only
    assert table(np.array([[350.0], [400.0]])).shape == (2, 1)


def test_slope_is_that_of_the_interval(table):
    assert table.slope(np.array([350.0, 500.0])) == pytest.approx([0.01, 0.01], rel=1e-12)
    assert Table("x", np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 4.0])).slope(2.0) == pytest.approx(3.0)


@pytest.mark.parametrize("asked", [299.0, 701.0, float("nan")])
def test_outside_the_range_raises_with_everything_needed(table, asked):
    with pytest.raises(DataError) as caught:
        table(np.array([350.0, asked]))
    text = str(caught.value)
    assert "material x, conductivity" in text and "300 to 700 K" in text and "what to do" in text
    assert ("nan" if asked != asked else f"{asked:g}") in text


def test_held_ends_are_used_on_the_stated_side_only():
    held = Table("m, k", np.array([300.0, 400.0]), np.array([1.0, 2.0]), frozenset({"above"}), "it melts")
    assert held(900.0) == 2.0
    with pytest.raises(DataError):
        held(200.0)
    assert "it melts" in held.held_note(300.0, 900.0) and held.held_note(310.0, 390.0) == ""


def test_resampled_grid_agrees_at_its_points_and_covers_the_range(table):
    uniform = table.resampled(2.0, 300.0, 700.0)
    grid = uniform.low + uniform.step * np.arange(len(uniform.values))
    assert np.allclose(uniform.values, table(grid), rtol=0, atol=1e-14)  # same interpolation, round-off only
    assert uniform.high == 700.0 and uniform.inverse_step == 0.5
    with pytest.raises(DataError):
        table.resampled(2.0, 280.0, 700.0)


def test_integral_of_a_linear_heat_capacity_is_its_quadratic():
    heat = Table("m, cp", np.array([300.0, 500.0]), np.array([1000.0, 1400.0]))
    enthalpy = heat.integral(300.0, 5.0)
    exact = 5.0 + 1000.0 * 100.0 + 0.5 * 2.0 * 100.0**2  # c = 1000 + 2 (T - 300), integrated to 400 K
    assert float(enthalpy(400.0)) == pytest.approx(exact, rel=1e-12)  # exact at 1 K points
    assert float(enthalpy(400.5)) == pytest.approx(
        exact + 600.0 + 0.25, abs=0.26
    )  # chord error (dc/dT) / 8 = 0.25 J/kg


def test_grid_is_linear_in_log_pressure():
    grid = Grid("m, h", np.array([1e3, 1e5]), np.array([300.0, 400.0]), np.array([[0.0, 0.0], [2.0, 4.0]]))
    assert grid(1e4, 300.0) == pytest.approx(1.0, abs=1e-12)
    assert np.array_equal(grid(1e5, [300.0, 400.0]), [2.0, 4.0])
    with pytest.raises(DataError, match="pressure 1e\\+06 Pa"):
        grid(1e6, 300.0)


def test_surface_table_at_nodes_between_pressures_and_where_carbon_sublimes():
    char = np.array([[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, np.nan]]])
    table = Bprime(
        "m, bprime.air", np.array([1e3, 1e5]), np.array([0.0, 1.0]), np.array([300.0, 400.0]), char, char * 1e6
    )
    assert table(1e3, 1.0, 300.0) == pytest.approx((0.3, 0.3e6))
    assert table(1e4, 0.0, 300.0) == pytest.approx((0.3, 0.3e6))  # middle in ln p of 0.1 and 0.5
    assert table(1e5, 0.5, 300.0)[0] == pytest.approx(0.6)  # the undefined corner has no weight
    with pytest.raises(DataError, match="sublimes"):
        table(1e5, 0.5, 350.0)
    with pytest.raises(DataError, match="temperature 450"):
        table(1e5, 0.5, 450.0)


def test_tacot_surface_tables_against_the_source_rows():
    card = materials.load("tacot")
    # rows of the published tables: p = 10 Pa, B'g = 0, 300 K; and the 1-atm series at B'g 0.001, 250 K. The first table
    # is computed anew for the card: it agrees with the published row to the last printed digit or one beside it
    assert card.bprime("air")(10.0, 0.0, 300.0) == pytest.approx((0.087427, -2.6322e6), rel=2e-5)
    assert card.bprime("test-series")(5e4, 0.001, 250.0) == pytest.approx((0.0866627, -2.68742e6), rel=1e-9)
    # B'c of both agree within 0.003 below 3000 K (stated by the makers of the tables), compared at 1 atm
    ours, theirs = card.bprime("air")(101325.0, 0.1, 2500.0)[0], card.bprime("test-series")(101325.0, 0.1, 2500.0)[0]
    assert ours == pytest.approx(theirs, abs=0.003)
