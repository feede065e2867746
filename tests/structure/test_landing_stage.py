import numpy as np
import pytest
import xarray as xr

from containment import cli, commands
from containment.case.load import load_case
from containment.errors import DataError
from containment.leak import stage as leak_stage
from containment.result import Response, StageResult
from containment.structure import chain_capsule, landing_stage

from .landing_section import mesh_stage, section

G0 = 9.80665
MASSES = {"scv": 2.6, "pcv": 2.4, "os": 14.0, "absorber": 2.3}
PER_BRANCH = (
    "impact_speed", "os_acceleration", "stroke_fraction", "penetration", "pcv_utilisation", "scv_utilisation",
    "pcv_plastic_strain", "scv_plastic_strain", "pcv_seam_utilisation", "scv_seal_opening",
)  # fmt: skip


def upstream(speed=40.0, mesh=None):
    air = xr.Dataset({"density": ("time", np.array([1.0e-4, 1.079]))})
    entry = StageResult("entry", {"entry.landing_speed": Response(speed, "m/s", 1)}, air)
    mesh = mesh or section(scv=0.152, pcv=0.146, column=0.092)
    return {"mesh": mesh_stage(mesh, MASSES), "entry": entry}


@pytest.fixture(scope="module")
def case():
    return load_case("msr-ees")


@pytest.fixture(scope="module")
def result(case):
    return landing_stage.run(case, upstream(), case.settings("screening"))


def test_every_branch_delivers_the_agreed_responses(case, result):
    for branch in case.landing.branches:
        for name in PER_BRANCH:
            assert np.isfinite(result.value(f"{branch}.{name}"))
    assert all(check.ok for check in result.checks.values())
    for name in ("os_acceleration", "soil_force", "penetration", "stroke", "von_mises"):
        assert {"units", "long_name"} <= set(result.data[name].attrs)


def test_branches_are_in_their_physical_order(result):
    def g(branch):
        return result.value(f"{branch}.os_acceleration") / G0

    assert 500 < g("clay") < 900  # a rigid cone in soil of 0.5 MPa: about 670 g, some amplification through the play
    assert g("clay") < g("crust") < g("hard")
    assert result.value("clay.penetration") > result.value("crust.penetration") > result.value("hard.penetration")
    # terminal speed of a tumbling vehicle (about 71 m/s with C_D 0.28 on the frontal area, from Genesis)
    assert result.value("tumbling.impact_speed") == pytest.approx(71.0, abs=1.0)


def test_laid_down_at_no_speed(case):
    still = landing_stage.run(case, upstream(speed=0.0), case.settings("screening"))
    assert still.value("clay.os_acceleration") == 0.0 and still.value("hard.scv_utilisation") == 0.0


def test_weak_and_fast_sample_fails_visibly(case, tmp_path):
    sample = case.at(
        {
            "landing.absorber.crush_stress": 0.6e6, "landing.forebody.strength": 25e6,
            "landing.vessels.scv.yield_factor": 0.5,
        }
    )  # fmt: skip
    found = landing_stage.run(sample, upstream(speed=50.0), case.settings("screening"), fields=tmp_path)
    assert found.value("hard.stroke_fraction") > 1.0 and found.value("hard.scv_utilisation") > 1.0
    assert found.value("hard.scv_plastic_strain") > 0.0
    assert any("bottoms out" in note for note in found.notes) and any("scv yields" in note for note in found.notes)
    assert (tmp_path / "landing.xdmf").exists()


def test_oblique_attitude_costs_stroke(case, result):
    tilted = case.at({"landing.impact.attitude_angle": 0.2})
    found = landing_stage.run(tilted, upstream(), case.settings("screening"))
    assert found.value("hard.stroke_fraction") > result.value("hard.stroke_fraction")
    assert found.value("hard.os_acceleration") > result.value("hard.os_acceleration")


def test_missing_parts_are_named(case):
    with pytest.raises(DataError, match="stage mesh"):
        landing_stage.run(case, {}, case.settings("screening"))
    lacking = upstream()
    lacking["mesh"] = mesh_stage(section(), {"scv": 2.6, "pcv": 2.4, "absorber": 2.3})
    with pytest.raises(DataError, match=r"mesh\.os_mass"):
        landing_stage.run(case, lacking, case.settings("screening"))
    with pytest.raises(DataError, match="no absorber in front"):
        landing_stage.run(case, upstream(mesh=section(column=-0.05)), case.settings("screening"))


def test_branch_probabilities(case):
    mean = case.landing.probabilities()
    assert sum(mean.values()) == pytest.approx(1.0, abs=1e-12)
    assert mean["tumbling"] == pytest.approx(0.5 / 500.5, rel=1e-12)
    assert mean["clay"] == pytest.approx((1 - mean["tumbling"]) * 0.9, rel=1e-12)
    draws = case.landing.draw_probabilities(np.random.default_rng(7), 20000)
    assert np.allclose(sum(draws.values()), 1.0, atol=1e-12)
    for name, value in mean.items():
        error = draws[name].std() / np.sqrt(20000)
        assert draws[name].mean() == pytest.approx(value, abs=5 * error)  # five standard errors of the mean


def test_leak_follows_the_seals(case, result):
    found = leak_stage.run(case, upstream() | {"landing": result}, case.settings("screening"))
    assert found.value("clay.pcv_leak_rate") == pytest.approx(case.leak.paths["pcv"].as_built.value, rel=1e-12)
    assert found.value("clay.pcv_bore") < found.value("clay.scv_bore") < 1e-6
    # a bore of more than 10 nm does not exclude the particle of the requirement by size
    assert found.value("clay.pcv_size_exclusion") < 1.0
    assert found.data["bore"].dims == ("branch", "vessel")


def test_leak_opens_with_gap_and_heat(case):
    seal = case.leak.paths["scv"]
    shut = leak_stage.path(case.leak, seal, 0.1e-3, 300.0)
    wide = leak_stage.path(case.leak, seal, 0.5e-3, 300.0)
    hot = leak_stage.path(case.leak, seal, 0.1e-3, 460.0)
    lost = leak_stage.path(case.leak, seal, 0.0, 600.0)
    assert shut["gap"].value == 0.0 and shut["leak_rate"].value == seal.as_built.value
    # 0.2 mm of recovery, shrunk by (473 - 300)/(473 - 293)
    assert wide["gap"].value == pytest.approx(0.5e-3 - 0.2e-3 * 173 / 180, rel=1e-9)
    assert wide["leak_rate"].value > 1e3 * shut["leak_rate"].value
    assert hot["gap"].value > 0.0 and lost["gap"].value == pytest.approx(seal.lost_gap.value, rel=1e-12)
    with pytest.raises(DataError, match="seal limit"):
        leak_stage.path(
            case.leak, seal.model_copy(update={"temperature_limit": seal.temperature_limit.at(250.0)}), 0, 300
        )


def test_a_landing_that_is_not_finite_ends_the_command_with_code_4(case, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(chain_capsule, "_BULK_LINEAR", float("nan"))  # the first crushed lump turns all to NaN
    monkeypatch.setattr(
        commands, "stage", lambda *_a, **_k: landing_stage.run(case, upstream(), case.settings("screening"))
    )
    monkeypatch.setattr("sys.argv", ["containment", "landing", "msr-ees", "--out", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 4
    assert "no longer finite" in capsys.readouterr().err
