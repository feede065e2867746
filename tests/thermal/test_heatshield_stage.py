"""Stage `heatshield`: from the histories of an entry to responses, profiles, checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from containment.case.fidelity import defaults
from containment.case.heatshield import Heatshield
from containment.case.load import load_case
from containment.case.schema import Case
from containment.errors import CaseError, DataError, SolverError, UsageError
from containment.result import StageResult
from containment.thermal import heatshield, heatshield_stage

COARSE = defaults("screening").model_copy(update={"heatshield_cells": 30})


def pulse() -> StageResult:
    """An entry-like pulse: 40 s of heating with a peak near 5 MW/m2, then a cool descent to 120 s."""
    t = np.linspace(0.0, 120.0, 241)
    shape = np.exp(-(((t - 18.0) / 7.0) ** 2))
    columns = {
        "film_coefficient": 0.12 * shape + 0.01 * (t > 40), "recovery_enthalpy": 6.0e7 * np.exp(-t / 18.0) + 1e4,
        "radiative_flux": 5e5 * shape, "stagnation_pressure": 3e4 * shape + 1e3,
    }  # fmt: skip
    names = ["stagnation", "flank", "shoulder"]
    factors = {
        "flux_factor": [1.0, 0.5, 0.4],
        "radiative_factor": [1.0, 0.7, 0.7],
        "pressure_factor": [1.0, 0.75, 0.75],
    }
    variables = {k: ("time", v) for k, v in columns.items()} | {k: ("station", v) for k, v in factors.items()}
    return StageResult("entry", {}, xr.Dataset(variables, {"time": t, "station": names}))


@pytest.fixture(scope="module")
def case() -> Case:
    return load_case("msr-ees")


@pytest.fixture(scope="module")
def result(case: Case) -> StageResult:
    return heatshield_stage.run(case, {"entry": pulse()}, COARSE)


def test_responses_and_checks(case: Case, result: StageResult) -> None:
    for station in ("stagnation", "flank", "shoulder"):
        for name in ("recession", "peak_wall_temperature", "peak_bondline_temperature", "char_depth"):
            assert np.isfinite(result.value(f"{station}.{name}"))
    assert result.value("stagnation.recession") > result.value("shoulder.recession") > 0
    assert result.value("peak_bondline_temperature") == max(
        result.value(f"{s}.peak_bondline_temperature") for s in ("stagnation", "flank", "shoulder")
    )
    assert case.heatshield is not None
    left = case.heatshield.ablator.thickness.value - result.value("stagnation.recession")
    assert result.value("min_remaining_thickness") == pytest.approx(left)
    assert all(check.ok for check in result.checks.values())


def test_profiles_reach_from_the_surface_to_the_back(case: Case, result: StageResult) -> None:
    data = result.data
    assert data["temperature"].dims == ("station", "time", "depth_fraction")
    assert np.allclose(data["depth"].isel(depth_fraction=0), data["recession"])
    assert case.heatshield is not None
    assert np.allclose(data["depth"].isel(depth_fraction=-1), case.heatshield.thickness)
    assert np.allclose(data["temperature"].isel(depth_fraction=0), data["wall_temperature"])
    assert data.attrs["thickness"] == pytest.approx(case.heatshield.ablator.thickness.value)
    assert all({"units", "long_name"} <= set(variable.attrs) for variable in data.data_vars.values())
    assert float(data["temperature"].isel(time=0).max()) == case.heatshield.initial_temperature.value
    assert 0 <= float(data["char_fraction"].min()) <= float(data["char_fraction"].max()) <= 1


def test_recession_factor_counts_for_what_is_left_not_for_temperatures(case: Case, result: StageResult) -> None:
    other = heatshield_stage.run(case.at({"heatshield.recession_factor": 0.4}), {"entry": pulse()}, COARSE)
    assert other.value("stagnation.recession") == pytest.approx(0.5 * result.value("stagnation.recession"))
    assert other.value("peak_bondline_temperature") == result.value("peak_bondline_temperature")
    assert np.array_equal(other.data["recession"], result.data["recession"])


def test_a_cold_descent_does_not_burn_the_char(result: StageResult) -> None:
    late = result.data["char_flux"].sel(station="stagnation").isel(time=-1)
    assert float(late) < 1e-8  # kg/m2/s: the equilibrium wall would lose 1e-3


def test_heating_from_a_file(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "air.csv"
    head = "time [s],film_coefficient [kg/m^2/s],recovery_enthalpy [J/kg],pressure [Pa]"
    file.write_text(head + "\n0,1e-3,5e7,100\n10,0.1,4e7,1e4\n20,1e-3,1e6,1e3\n")
    alone = _with(case, environment={"file": str(file)})
    found = heatshield_stage.run(alone, {}, COARSE)
    assert found.value("stagnation.peak_wall_temperature") > 2000.0
    file.write_text(head + "\n0,1e-3,5e7,100\n10,0.1,4e7\n")
    with pytest.raises(DataError, match=r"row 2: found '10,0.1,4e7', expected 4 numbers"):
        heatshield_stage.run(alone, {}, COARSE)
    file.write_text(head + "\n0,1e-3,5e7,100\n10,0.1,4e7,1e4\n5,1e-3,1e6,1e3\n")
    with pytest.raises(DataError, match="time 5 s after 10 s"):
        heatshield_stage.run(alone, {}, COARSE)
    file.write_text("t,q\n1,2\n")
    with pytest.raises(DataError, match="found the columns t, q"):
        heatshield_stage.run(alone, {}, COARSE)
    with pytest.raises(DataError, match="cannot be read"):
        heatshield_stage.run(_with(case, environment={"file": str(tmp_path / "none.csv")}), {}, COARSE)


def _with(case: Case, **changes: object) -> Case:
    assert case.heatshield is not None
    section = Heatshield.model_validate({**dict(case.heatshield), **changes})
    return case.model_copy(update={"heatshield": section})


def test_without_heating_or_section(case: Case) -> None:
    with pytest.raises(UsageError, match="no heating"):
        heatshield_stage.run(case, {}, COARSE)
    with pytest.raises(UsageError, match="heatshield"):
        heatshield_stage.run(case.model_copy(update={"heatshield": None}), {}, COARSE)


def test_a_run_whose_energy_does_not_close_fails(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(heatshield_stage, "ENERGY_LIMIT", 1e-9)
        with pytest.raises(SolverError, match="station stagnation: the heat through its surfaces"):
            heatshield_stage.run(case, {"entry": pulse()}, COARSE)
    # A flux that is not the one of the balance: the solver itself refuses the run.
    monkeypatch.setattr(heatshield.step, "tally", _leaky(heatshield.step.tally))
    with pytest.raises(SolverError, match=r"station stagnation: energy closes to 0\.[2-9]\d%") as caught:
        heatshield_stage.run(case, {"entry": pulse()}, COARSE)
    assert caught.value.exit_code == 4


def _leaky(tally: Callable[..., None]) -> Callable[..., None]:
    def leaking(ledger: object, dt: float, c0: float, c2: float, flux: float, *others: float) -> None:
        tally(ledger, dt, c0, c2, 1.005 * flux, *others)

    return leaking


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("heatshield.layers.tps.thickness", '"-3 mm"', "positive"),
        ("heatshield.layers.tps.thickness", '"3 kg"', "length"),
        ("heatshield.initial_temperature", '"-10 K"', "positive"),
        ("heatshield.stations.flank.arc_fraction", "1.4", "at most 1"),
        ("heatshield.emissivity", "1.2", "at most 1"),
        ("heatshield.layers.tps.materiel", '"tacot"', "materiel"),
        ("heatshield.oxidation.activation_energy", '"-184 kJ/mol"', "positive"),
    ],
)
def test_impossible_sections_are_refused(key: str, value: str, words: str) -> None:
    with pytest.raises(CaseError, match=words) as caught:
        load_case("msr-ees", [f"{key}={value}"])
    assert caught.value.exit_code == 3


def test_a_wall_colder_than_the_ablators_tables_is_refused(case: Case) -> None:
    with pytest.raises(DataError, match=r"found 250.0 K, expected a temperature inside the tables of tacot"):
        heatshield_stage.run(case.at({"heatshield.initial_temperature": 250.0}), {"entry": pulse()}, COARSE)


def test_gaps_contacts_and_a_cooled_back_are_part_of_the_stack(case: Case, result: StageResult) -> None:
    assert case.heatshield is not None
    layers = {name: dict(layer) for name, layer in case.heatshield.layers.items()}
    layers["bond"]["contact_resistance"] = "0.001 m^2*K/W"
    layers["structure"]["gap"] = {"width": "5 mm", "emissivity": 0.7}
    back = {"film": "5 W/m^2/K", "temperature": "270 K", "emissivity": 0.8}
    found = heatshield_stage.run(_with(case, layers=layers, back=back), {"entry": pulse()}, COARSE)
    assert found.data.attrs["stack_thickness"] == pytest.approx(result.data.attrs["stack_thickness"] + 0.005 + 1e-5)
    inside = [r.data["temperature"].sel(station="stagnation").isel(depth_fraction=-1).max() for r in (found, result)]
    assert float(inside[0]) < float(inside[1])  # the gap shields the structure
    assert all(check.ok for check in found.checks.values())


def test_the_back_follows_a_history_from_a_file(case: Case, tmp_path: Path) -> None:
    file = tmp_path / "behind.csv"
    file.write_text("time [s], temperature [K]\n0, 270\n60, 300\n120, 320\n")
    sections = [_with(case, back={"film": "1e5 W/m^2/K", "history": str(file)})]
    sections.append(_with(case, back={"film": "1e5 W/m^2/K", "temperature": "320 K"}))
    for rung in (1, 2):
        settings = COARSE.model_copy(update={"heatshield_rung": rung})
        found, constant = (heatshield_stage.run(one, {"entry": pulse()}, settings).data for one in sections)
        back = found["temperature"].sel(station="stagnation").isel(depth_fraction=-1)
        assert np.allclose(
            back, np.interp(found["time"], [0, 60, 120], [270, 300, 320]), atol=0.5
        )  # K, heat through film
        assert float(constant["temperature"].sel(station="stagnation")[1:, -1].min()) > 315.0
    file.write_text("time [s], temperature [K]\n0, 270\n60, 300\n")
    with pytest.raises(DataError, match="0 to 60 s, expected a history from 0 to 120 s"):
        heatshield_stage.run(sections[0], {"entry": pulse()}, COARSE)
    file.write_text("time [s], temperature [K]\n0, 270\n60, 300\n50, 300\n120, 300\n")
    with pytest.raises(DataError, match="times that do not increase"):
        heatshield_stage.run(sections[0], {"entry": pulse()}, COARSE)
    with pytest.raises(CaseError, match="both or none of temperature and history"):
        load_case("msr-ees", ['heatshield.back.film="5 W/m^2/K"'])


def test_heat_at_pressures_outside_the_table_is_noted(case: Case, result: StageResult) -> None:
    thin = pulse()
    thin.data["stagnation_pressure"] = thin.data["stagnation_pressure"] * 1e-4
    found = heatshield_stage.run(case, {"entry": thin}, COARSE)
    assert any("pressures outside the B' table" in note for note in found.notes)
    assert not any("pressures outside" in note for note in result.notes)


@pytest.mark.parametrize("rung", [1, 2])
def test_a_lost_shield_is_an_outcome_of_the_sample(case: Case, result: StageResult, rung: int) -> None:
    thin = case.at({"heatshield.layers.tps.thickness": 0.006})
    found = heatshield_stage.run(thin, {"entry": pulse()}, COARSE.model_copy(update={"heatshield_rung": rung}))
    assert set(found.responses) == set(result.responses)  # a column of a study for every sample
    assert found.value("stations_lost") > result.value("stations_lost") == 0.0
    assert found.value("min_remaining_thickness") == found.value("stagnation.remaining_thickness") == 0.0
    assert found.value("stagnation.time_intact") < 120.0 == result.value("stagnation.time_intact")
    assert found.value("stagnation.peak_bondline_temperature") == pytest.approx(560.0, abs=1e-6)  # end of its card
    assert any("lost at station stagnation: layer bond is hotter" in note for note in found.notes)
    assert all(np.isfinite(values).all() for values in found.data.data_vars.values())
    assert float(found.data["time_intact"].sel(station="stagnation")) == found.value("stagnation.time_intact")


def test_the_twin_gives_the_same_answers_and_says_so(case: Case, result: StageResult) -> None:
    fast = heatshield_stage.run(case, {"entry": pulse()}, COARSE.model_copy(update={"heatshield_rung": 1}))
    assert {response.rung for response in fast.responses.values()} == {1}
    assert {response.rung for response in result.responses.values()} == {2}
    for name, response in result.responses.items():
        assert fast.responses[name].value == pytest.approx(response.value, rel=5e-4)  # rounding may choose other steps
