"""The 1-D solvers against closed forms, published codes and each other; how they fail."""

from __future__ import annotations

import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.materials import load
from containment.thermal import twin
from containment.thermal.bprime import from_card
from containment.thermal.cards import material
from containment.thermal.charring import contact, inert, radiating_gap
from containment.thermal.heatshield import Shield
from containment.thermal.history import BackFace, History
from containment.thermal.stack import Layer, build
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallHistory, WallModel
from containment.verification import bench_heatshield as bench

SOLID = inert("solid", 1000.0, [200.0, 3000.0], 1000.0, 1.0)
BOTH = pytest.mark.parametrize("solver", list(bench.SOLVERS.values()), ids=list(bench.SOLVERS))


@BOTH
def test_semi_infinite_body_follows_the_error_function(solver: bench.Solver) -> None:
    from scipy.special import erfc

    stack = build([Layer("tps", SOLID, 0.1, 100, 20.0)])
    heating = WallHistory(np.array([0.0, 100.0]), wall_temperature=500.0)
    rules = Stepping(first=1e-4, largest=1.0, tolerance=0.02)
    ours = solver(stack, heating, WallModel(), 100.0, temperature=300.0, rules=rules)
    exact = 300.0 + 200.0 * erfc(stack.grid.depth / (2 * np.sqrt(1e-6 * 100.0)))
    assert np.abs(ours.temperature[-1] - exact).max() < 0.1  # 0.05 % of the step in temperature


@BOTH
def test_steady_conduction_through_layers_and_a_contact(solver: bench.Solver) -> None:
    # 1 mm of 0.1 W/m/K, a contact of 0.005 m2 K/W, 2 mm of 1 W/m/K, 50 W/m2/K behind: resistances in series
    thin = inert("thin", 1000.0, [200.0, 3000.0], 1000.0, 0.1)
    layers = [Layer("tps", thin, 0.001, 8), Layer("gap", contact("gap", 0.005, 1e-5), 1e-5, 1)]
    stack = build([*layers, Layer("back", SOLID, 0.002, 8)])
    heating = WallHistory(np.array([0.0, 2000.0]), wall_temperature=400.0)
    rules = Stepping(first=0.01, largest=50.0, growth=1.8, tolerance=0.1)
    if solver is twin.run:
        ours = twin.run(stack, heating, WallModel(), 2000.0, temperature=300.0, back=BackFace(50.0, 300.0), rules=rules)
    else:
        shield = Shield(
            stack, heating, WallModel(), temperature=300.0, back=BackFace(50.0, 300.0), rules=rules
        )  # fmt: skip
        ours = shield.run(2000.0)
    flux = 100.0 / (0.01 + 0.005 + 0.002 + 0.02)
    assert ours.temperature[-1, -1] == pytest.approx(300.0 + flux * 0.02, abs=0.01)  # what is left of the transient
    assert ours.wall_flux[-1] == pytest.approx(flux, rel=1e-3)


def test_both_solvers_agree_on_the_same_steps() -> None:
    a = bench.series_two(3, 40, Stepping(0.005, 0.5), bench.finite_elements)
    b = bench.series_two(3, 40, Stepping(0.005, 0.5), twin.run)
    assert a.iterations == b.iterations
    assert np.abs(a.temperature - b.temperature).max() < 1e-7  # rounding of two linear solvers over 290 steps
    assert a.recession[-1] == pytest.approx(b.recession[-1], rel=1e-10)
    assert a.closure.steps == pytest.approx(b.closure.steps, rel=1e-6)
    assert max(a.closure.energy, b.closure.energy) < 1e-8  # what the iterations leave


def test_temperatures_of_case_one_are_those_of_fiat() -> None:
    ours = bench.hot_wall(bench.tacot(), 298.0, 100, bench.BENCHMARK)
    theirs = bench.reference("ablation-1.0-fiat")
    for probe in ("1 mm", "2 mm", "4 mm", "8 mm", "16 mm", "50 mm"):
        difference, _ = bench.difference(ours, theirs, probe, 1.0, 60.0)
        assert np.abs(difference).max() < 20.0  # K, difference of the models in the first seconds (PATO: 13.8 K)
        assert np.sqrt(np.mean(difference**2)) < 8.0  # K, spread of codes


def test_case_with_recession_and_its_balances() -> None:
    ours = bench.series_two(3, 60, bench.CONTROLLED, twin.run)
    finer = bench.series_two(3, 200, Stepping(0.002, 2.0, 1.8, 0.02), twin.run)
    assert ours.recession[-1] == pytest.approx(finer.recession[-1], rel=2e-3)  # cells and steps
    assert ours.closure.energy < 1e-3
    assert ours.closure.mass < 5e-3
    assert np.all(np.diff(ours.recession) >= 0)
    assert np.all(np.diff(ours.depth, axis=1) > 0)


def test_gas_and_char_account_for_the_lost_mass() -> None:
    ours = bench.series_two(2, 80, bench.CONTROLLED, twin.run)
    out = np.trapezoid(ours.gas_flux + ours.char_flux, ours.time)
    x, rho = ours.depth[-1], ours.density[: ours.depth.shape[1]]
    left = np.trapezoid(rho, x)
    assert 280.0 * 0.05 - left == pytest.approx(out, rel=5e-3)  # interpolation of the moving char front


def test_manufactured_solution_has_second_order_in_space_and_time() -> None:
    def error(cells: int, steps: int) -> float:
        ours, exact = bench.manufactured(cells, steps)
        return float(np.abs(ours.temperature[-1] - exact).max())

    assert np.log2(error(10, 400) / error(20, 400)) == pytest.approx(2.0, abs=0.1)
    finest, _ = bench.manufactured(20, 640)
    e = [np.abs(bench.manufactured(20, n)[0].temperature[-1] - finest.temperature[-1]).max() for n in (20, 40)]
    assert np.log2(e[0] / e[1]) == pytest.approx(2.0, abs=0.15)


def test_steady_ablation_keeps_its_profile() -> None:
    ours, wall, rate, _ = bench.steady_ablation(60, Stepping(0.005, 0.5, tolerance=0.25), twin.run)
    assert ours.temperature[-1, 0] == pytest.approx(wall, rel=2e-3)  # transient left after ten time constants
    assert ours.char_flux[-1] / 500.0 == pytest.approx(rate, rel=1e-6)


# --- the end of a shield

ABLATING = bench.WallModel(bench.from_card(bench.load("tacot").bprime("test-series")))
TORCH = WallHistory(np.array([0.0, 60.0]), film_coefficient=0.3, recovery_enthalpy=2.5e7)


@BOTH
def test_burn_through_is_an_outcome_with_its_time(solver: bench.Solver) -> None:
    def thin(rules: Stepping) -> History:
        stack = build([Layer("tps", bench.tacot(), 0.005, 30, 10.0)])
        return solver(stack, TORCH, ABLATING, 60.0, temperature=300.0, rules=rules)

    ours, finer = thin(bench.CONTROLLED), thin(Stepping(0.001, 0.05))
    for found in (ours, finer):
        assert found.loss is not None and found.loss.burnt_through
        assert found.time[-1] == found.loss.time
        assert found.recession[-1] == pytest.approx(0.97 * 0.005, rel=1e-12)  # three per cent are left
        assert found.closure.energy < 1e-6
    assert 10.0 < finer.time[-1] < 30.0
    assert ours.time[-1] == pytest.approx(finer.time[-1], rel=2e-3)  # steps controlled to 0.1 K, 5 s at most
    fast = solver(
        build([Layer("tps", bench.tacot(), 0.005, 30, 10.0)]), TORCH, ABLATING, 60.0, temperature=300.0,
        rules=Stepping(first=0.1, largest=20.0, growth=4.0),
    )  # fmt: skip
    assert fast.recession[-1] == pytest.approx(0.97 * 0.005, rel=1e-12)  # steps longer than the ablator lasts


@BOTH
def test_a_layer_behind_that_leaves_its_card_is_an_outcome(solver: bench.Solver) -> None:
    behind = inert("bond", 1000.0, [200.0, 560.0], 1000.0, 0.3)
    stack = build([Layer("tps", bench.tacot(), 0.01, 30, 10.0), Layer("bond", behind, 0.001, 4)])
    found = solver(stack, TORCH, ABLATING, 60.0, temperature=300.0, rules=bench.CONTROLLED)
    assert found.loss is not None and not found.loss.burnt_through
    assert found.loss.why == "layer bond is hotter than the 560.0 K up to which bond is known"
    assert found.temperature[-1, 30:].max() == pytest.approx(560.0, abs=1e-9)
    assert found.time[-1] == found.loss.time < 60.0


# --- failures


@BOTH
def test_temperature_outside_the_tables_is_an_error(solver: bench.Solver) -> None:
    short = inert("short", 1000.0, [250.0, 600.0], 1000.0, 1.0)
    heating = WallHistory(np.array([0.0, 10.0]), wall_temperature=np.array([300.0, 900.0]))
    with pytest.raises(DataError, match=r"layer tps: found 6\d\d.\d K, expected .* short \(250.0 to 600.0 K\)"):
        solver(build([Layer("tps", short, 0.01, 10)]), heating, WallModel(), 10.0, temperature=300.0, rules=Stepping())


@BOTH
def test_start_outside_the_tables_is_an_error(solver: bench.Solver) -> None:
    stack = build([Layer("tps", bench.tacot(), 0.03, 20)])
    heating = WallHistory(np.array([0.0, 10.0]), heat_transfer=1.0)
    with pytest.raises(DataError, match=r"found 250.0 K"):
        solver(stack, heating, WallModel(), 10.0, temperature=250.0, rules=Stepping())


@BOTH
def test_film_without_chemistry_is_an_error(solver: bench.Solver) -> None:
    heating = WallHistory(np.array([0.0, 10.0]), film_coefficient=0.1, recovery_enthalpy=1e7)
    with pytest.raises(DataError, match="B' table"):
        solver(build([Layer("tps", SOLID, 0.03, 20)]), heating, WallModel(), 10.0, temperature=300.0, rules=Stepping())


@BOTH
def test_a_step_that_does_not_converge_is_repeated_and_then_named(solver: bench.Solver) -> None:
    stack = build([Layer("tps", bench.tacot(), 0.03, 20)])
    heating = WallHistory(np.array([0.0, 10.0]), film_coefficient=0.3, recovery_enthalpy=2.5e7)
    hopeless = Stepping(iterations=2, newton=1e-13, retries=3)
    with pytest.raises(SolverError, match=r"no convergence at 0.0000 s with steps down to 7.8e-05 s") as caught:
        solver(stack, heating, ABLATING, 10.0, temperature=300.0, rules=hopeless)
    assert len(caught.value.history) == 2
    assert caught.value.exit_code == 4


@BOTH
def test_a_hard_step_is_shortened_until_it_converges(solver: bench.Solver) -> None:
    stack = build([Layer("tps", bench.tacot(), 0.03, 20)])
    heating = WallHistory(np.array([0.0, 1.0]), film_coefficient=0.3, recovery_enthalpy=2.5e7)
    tight = Stepping(first=1.0, largest=1.0, iterations=4, newton=0.1)
    ours = solver(stack, heating, ABLATING, 1.0, temperature=300.0, rules=tight)
    assert ours.time[1] < 1.0
    assert ours.time[-1] == pytest.approx(1.0)


def test_wall_hotter_than_the_table_is_noted() -> None:
    stack = build([Layer("tps", bench.tacot(), 0.03, 40, 20.0)])
    table = bench.from_card(bench.load("tacot").bprime("air"))
    rows = table.rows[table.rows[:, 2] <= 2500.0]
    wall = WallModel(bench.BPrimeTable("cut", rows))
    heating = WallHistory(np.array([0.0, 5.0]), film_coefficient=0.3, recovery_enthalpy=2.5e7)
    ours = twin.run(stack, heating, wall, 5.0, temperature=300.0, rules=bench.CONTROLLED)
    assert any("hotter than the B' table" in note for note in ours.notes)


@BOTH
def test_a_wall_colder_than_the_table_needs_a_rate(solver: bench.Solver) -> None:
    table = bench.from_card(bench.load("tacot").bprime("air"))  # begins at 300 K
    stack = build([Layer("tps", bench.tacot(), 0.03, 20)])
    heating = WallHistory(np.array([0.0, 1.0]), film_coefficient=1e-3, recovery_enthalpy=1e4)
    with pytest.raises(DataError, match=r"found a wall of 2[67]\d.\d K, expected at least 300.0 K"):
        solver(stack, heating, WallModel(table), 1.0, temperature=270.0, rules=Stepping())
    limited = WallModel(table, oxidation=(3.29e9, 184e3, 0.5))
    assert solver(stack, heating, limited, 1.0, temperature=270.0, rules=Stepping()).recession[-1] < 1e-12


def test_radiation_across_a_gap_and_from_the_back() -> None:
    metal = inert("metal", 1000.0, [200.0, 2000.0], 1000.0, 100.0)
    gap = radiating_gap("gap", 0.6, 0.004)
    stack = build([Layer("tps", metal, 0.001, 4), Layer("gap", gap, 0.004, 16), Layer("back", metal, 0.001, 4)])
    heating = WallHistory(np.array([0.0, 400.0]), wall_temperature=1000.0)
    rules = Stepping(first=0.01, largest=20.0, growth=1.8, tolerance=0.1)
    ours = twin.run(stack, heating, WallModel(), 400.0, temperature=600.0, back=BackFace(0.0, 300.0, 0.9), rules=rules)
    outer, inner = ours.temperature[-1, 4], ours.temperature[-1, 20]
    flux = 5.670374419e-8 * 0.9 * (ours.temperature[-1, -1] ** 4 - 300.0**4)
    assert 5.670374419e-8 * 0.6 * (outer**4 - inner**4) == pytest.approx(flux, rel=2e-3)  # mean of T^3 over 16 cells
    assert ours.wall_flux[-1] == pytest.approx(flux, rel=1e-3)
    same = Shield(
        stack, heating, WallModel(), temperature=600.0, back=BackFace(0.0, 300.0, 0.9), rules=rules
    ).run(400.0)  # fmt: skip
    assert np.abs(same.temperature[-1] - ours.temperature[-1]).max() < 1e-6  # two linear solvers
    with pytest.raises(DataError, match="effective emissivity of 0"):
        radiating_gap("gap", 0.0, 0.004)


def test_carbon_phenolic_chars_and_recedes() -> None:
    made = material(load("carbon-phenolic"))
    heating = WallHistory(np.array([0.0, 20.0]), film_coefficient=0.2, recovery_enthalpy=2.0e7)
    wall = WallModel(from_card(load("carbon-phenolic").bprime("air")), oxidation=(3.29e9, 184.1e3, 0.5))
    stack = build([Layer("tps", made, 0.02, 60, 20.0)])
    ours = twin.run(stack, heating, wall, 20.0, temperature=300.0, rules=bench.CONTROLLED)
    unblown = 0.175 * 0.2 * 20.0 / made.char_density  # m, all oxygen of the air to CO
    assert 0.1 * unblown < ours.recession[-1] < unblown  # its gas takes most of the oxygen
    assert ours.recession[-1] < ours.char_depth[-1] < ours.virgin_depth[-1] < 0.02
    assert ours.closure.energy < 1e-6 and ours.closure.steps < 1e-3  # the limits of every run
