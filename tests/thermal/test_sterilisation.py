"""Closing a vessel's seam with heat: the joint gets hot, its kill is counted, the samples stay cold."""

import dataclasses

import numpy as np
import pytest

from containment.case.load import load_case
from containment.case.sterilisation import Lethality
from containment.errors import CaseError, DataError, UsageError
from containment.meshing import stage as mesh_stage
from containment.thermal import sterilisation
from containment.verification import bench_sterilisation

LAW = Lethality.model_validate(
    {"reference_temperature": "398.15 K", "time": "0.5 h", "z_value": "21 K", "highest_temperature": "443 K"}
)


@pytest.fixture(scope="module")
def case():
    return load_case("msr-ees", [])


@pytest.fixture(scope="module")
def coarse(case):
    return case.settings("screening").model_copy(update={"soak_steps": 30})


@pytest.fixture(scope="module")
def mesh(case, coarse):
    return mesh_stage.run(case, {}, coarse)


def closed(case, mesh, coarse, **values):
    return sterilisation.run(case.at({f"sterilisation.{k}": v for k, v in values.items()}), {"mesh": mesh}, coarse)


@pytest.fixture(scope="module")
def result(case, mesh, coarse):
    return closed(case, mesh, coarse)


def test_benchmarks_of_the_closure_pass():
    assert not [f"{i.name}: {i.ours:g} against {i.reference:g}" for i in bench_sterilisation.items() if not i.ok]


def test_the_joint_is_hot_and_the_samples_stay_cold(result):
    assert result.value("seam_temperature") == pytest.approx(800.0, abs=0.2)  # closed in on to 0.1 K
    assert result.value("peak_tubes_temperature") < result.value("peak_container_temperature") < 313.0
    assert result.value("tubes_time_above_wanted") == 0.0
    assert result.checks["energy_closure"].ok
    assert result.value("treatment_lethality") > 1.0
    assert result.data["spores_lethality"].values[-1] == result.value("spores_lethality")


def test_hotter_joint_kills_more_and_warms_the_samples_more(case, mesh, coarse, result):
    hotter = closed(case, mesh, coarse, joint_temperature=850.0)
    assert hotter.value("treatment_lethality") > result.value("treatment_lethality")
    assert hotter.value("peak_tubes_temperature") > result.value("peak_tubes_temperature")


def test_too_little_power_is_said_and_counts(case, mesh, coarse):
    weak = closed(case, mesh, coarse, power=500.0)
    assert weak.value("seam_temperature") < 700.0
    assert weak.value("heating_time") == pytest.approx(300.0)
    assert any("800 K are wanted" in note for note in weak.notes)
    assert weak.value("treatment_lethality") < 1.0


def test_kill_at_a_held_temperature_and_on_a_ramp():
    time = np.array([0.0, 600.0, 1800.0])
    assert sterilisation.kill(time, np.full(3, 398.15), LAW)[-1] == pytest.approx(1.0)
    assert sterilisation.kill(time, np.full(3, 419.15), LAW)[-1] == pytest.approx(10.0)
    assert sterilisation.kill(time, np.full(3, 900.0), LAW)[-1] == pytest.approx(10.0 ** ((443.0 - 398.15) / 21.0))
    ramp = np.linspace(358.0, 430.0, 7)
    exact = 21.0 / np.log(10.0) * np.diff(10.0 ** ((ramp[[0, -1]] - 398.15) / 21.0))[0] / 1800.0  # 1 K/s
    assert sterilisation.kill(ramp - ramp[0], ramp, LAW)[-1] == pytest.approx(exact)


def test_bad_input_is_refused(case, mesh, coarse):
    with pytest.raises(CaseError, match="above the initial temperature"):
        load_case("msr-ees", ['sterilisation.joint_temperature="250 K"'])
    with pytest.raises(CaseError, match="no-such-card"):
        load_case("msr-ees", ["sterilisation.regions.os.material=no-such-card"])
    with pytest.raises(UsageError, match=r"no section \[sterilisation\]"):
        sterilisation.run(case.only(()), {"mesh": mesh}, coarse)
    with pytest.raises(DataError, match="scv_seal"):
        other = case.model_copy(update={"sterilisation": case.sterilisation.model_copy(update={"seam": "scv_seal"})})
        sterilisation.run(other, {"mesh": mesh}, coarse)
    with pytest.raises(DataError, match=r"gap-closure reaches \d+ K"):
        closed(case, mesh, coarse, joint_temperature=1400.0, power=2e4)


def test_a_lost_joule_ends_the_run(case, mesh, coarse, monkeypatch):
    whole = sterilisation.SectionConduction.solve_stage

    def leaking(self, guess, target, tau, max_iterations=20):
        stage = whole(self, guess, target, tau, max_iterations)
        return dataclasses.replace(stage, supplied=1.01 * stage.supplied)

    monkeypatch.setattr(sterilisation.SectionConduction, "solve_stage", leaking)
    with pytest.raises(Exception, match="energy does not close"):
        closed(case, mesh, coarse)
