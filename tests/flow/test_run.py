"""The whole chain on the baseline, coarse enough for every day: one run, looked at from all sides."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from containment import commands, flow, screen, stages
from containment.case.load import load_case
from containment.case.schema import Case
from containment.compare import differences
from containment.errors import FailedSamplesError, UsageError
from containment.workforce import Workforce

COARSE = {
    "samples": 12, "landings": 24, "mesh_size": 0.03, "heatshield_cells": 30, "heatshield_step": 1.0, "soak_steps": 20,
    "landing_masses": 12, "impact_branches": 1, "epistemic_draws": 100, "aleatory_draws": 200, "posterior_draws": 1000,
    "refinement": 1.5,
}  # fmt: skip


def coarse_case(*overrides: str) -> Case:
    return load_case("msr-ees", [*(f"fidelity.screening.{key}={value}" for key, value in COARSE.items()), *overrides])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "msr-ees"
    flow.run(coarse_case(), folder, workers=2)
    return folder


def answer(folder: Path) -> dict:
    return json.loads((folder / "result.json").read_text())


def test_answer_has_the_agreed_keys(finished):
    result = answer(finished)
    assert result["schema"] == 1
    assert result["verdict"] in ("demonstrated", "not demonstrated", "violated")
    assert set(result["requirement"]) == {"probability", "particle_m", "assurance_wanted"}
    loss = result["probability_of_loss"]
    assert 0 <= loss["p05"] <= loss["median"] <= loss["p95"] <= 1
    assert 0 <= loss["prob_below_requirement"] <= 1
    assert {"aeroshell", "scv", "pcv"} <= set(result["barriers"])
    assert len(result["limit_states"]) >= 8
    for row in result["limit_states"].values():
        assert {"barrier", "phase", "mean", "p05", "p95", "cov", "method", "model_calls"} <= set(row)
    for row in result["importance"].values():
        assert {"fussell_vesely", "risk_achievement_worth"} <= set(row)
    assert {"value", "unit"} <= set(result["responses"]["entry.landing_speed"])
    assert {"count", "of", "probability_if_safe", "probability_if_lost"} <= set(result["failed_samples"])
    assert result["failed_samples"]["of"] == COARSE["samples"] + COARSE["landings"]
    flown = stages.asked(coarse_case())
    for name, row in result["evaluations"].items():
        assert row["count"] >= (1 + COARSE["samples"] if name in flown else 1)
    for check in result["checks"].values():
        assert set(check) >= {"value", "limit", "ok"}


def test_samples_fly_what_limit_states_ask_for():
    flown = stages.asked(coarse_case())
    assert "sterilisation" in stages.available(coarse_case()) and "sterilisation" not in flown
    assert flown == [name for name in stages.STAGES if name in flown] and {"mesh", "soak", "landing"} <= set(flown)
    more = coarse_case('limit_states.pcv_seam_hot.demand="sterilisation.tube_peak_temperature"')
    assert set(stages.asked(more)) == {*flown, "sterilisation"}
    assert stages.asked(load_case("stardust")) == stages.available(load_case("stardust"))  # no limit states


def test_error_of_the_meshes_is_measured_at_the_design_points_or_said_to_be_assumed(finished):
    result = answer(finished)
    rows = {row["limit_state"]: row for row in result["discretisation"]}
    assert set(rows) == set(result["limit_states"])
    measured = {name: row for name, row in rows.items() if row["confidence"] == "measured"}
    assert {row["response"].split(".")[0] for row in measured.values()} >= {"heatshield", "soak", "stress", "landing"}
    for row in measured.values():
        order = 2.0 if row["response"].split(".")[0] in ("heatshield", "soak") else 1.0
        change = abs(row["fine"] - row["coarse"]) / row["fine"]
        # half of Roache's index of the coarser mesh, factor 3
        assert row["error"] == pytest.approx(1.5 * 1.5**order / (1.5**order - 1.0) * change, rel=1e-9)
        assert row["error"] > 0.0
    assert all(
        row["confidence"] == "assumed" and "response" not in row for name, row in rows.items() if name not in measured
    )
    assert 0.0 < result["probability_of_loss"]["interval_parts"]["discretisation"] < 1.0
    assert "grid convergence index" in (finished / "report.html").read_text()


def test_nominal_flight_is_inside_the_cross_check(finished):
    """A planar run of others with the same entry state: 107 g, 9.0 kJ/cm2, 379 s; public pages say 40 m/s."""
    values = {name: row["value"] for name, row in answer(finished)["responses"].items()}
    assert values["entry.landing_speed"] == pytest.approx(40.0, abs=1.5)
    assert values["entry.peak_deceleration"] == pytest.approx(107 * 9.80665, rel=0.2)
    assert values["entry.heat_load"] == pytest.approx(9.0e7, rel=0.2)
    assert values["entry.duration"] == pytest.approx(380.0, abs=15.0)


def test_run_folder_is_complete_and_self_describing(finished):
    for name in ("case.toml", "provenance.json", "result.json", "responses.parquet", "posterior.nc", "log.jsonl"):
        assert (finished / name).stat().st_size > 0, name
    for stage in ("mesh", "entry", "heatshield", "soak", "stress", "landing", "leak"):
        assert (finished / f"{stage}.nc").exists(), stage
    assert any((finished / "fields").iterdir())
    again = load_case(finished / "case.toml")
    assert [q.value for _, q in again.quantities()] == [q.value for _, q in coarse_case().quantities()]
    facts = json.loads((finished / "provenance.json").read_text())
    assert facts["seed"] == again.study.seed


def test_report_stands_alone_and_marks_what_is_assumed(finished):
    html = (finished / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!#)(?!data:)[^"]*//', html), "nothing is fetched from elsewhere"
    assert html.count("<svg") >= 8
    case = load_case(finished / "case.toml")
    for path, quantity in case.quantities():
        assert f"<td>{path}</td>" in html, path
        assert quantity.confidence in html
    assumed = sum(q.confidence == "assumed" for _, q in case.quantities())
    assert f"{assumed} of " in html
    for number in (answer(finished)["probability_of_loss"][key] for key in ("mean", "p05", "p95")):
        assert f"{number:.2e}" in html
    position = [html.index(f'id="{part}"') for part in ("barriers", "limit-states", "histories", "evidence", "inputs")]
    assert html.index('class="verdict') < min(position), "the verdict comes first"


def test_tests_alone_worst_prior_and_plan_stand_beside_the_answer(finished, capsys):
    result = answer(finished)
    landing = next(row for row in result["tests_alone"] if row["question"] == "landing")
    # the shipped set: 4 drops that count half and 3 landings, none failed; Jeffreys mean 0.5 / (5 + 1)
    assert (landing["trials"], landing["failures"]) == (5.0, 0.0)
    assert landing["mean"] == pytest.approx(0.5 / 6.0, rel=1e-12)
    assert [row[2] for row in result["worst_prior"]["held"]] == [0.5, 0.95]  # no beliefs in the case: its own claim
    html = (finished / "report.html").read_text()
    leans = {(row["evidence"], row["parameter"]): row for row in result["evidence_leans_on"]}
    assert "What each posterior leans on" in html and "What each item does to P(loss)" in html
    # twelve parameters of three sets; the judged probability of an unseen anomaly has no data at all
    assert len(leans) >= 12 and leans["vessels", "undetected"]["diagnosis"] == "rests on its prior"
    assert {row["change"].split()[0] for row in result["evidence_effects"]} == {"without", "priors"}
    assert "Beside the analysis" in html and "The worst prior" in html
    assert re.search(r"\de-0[5-9]\*", html)  # what is below 1e-4 carries the mark of its condition
    rows, worst = commands.plan(finished, [30, 1000])
    screen.plan(rows, worst)
    assert worst == result["worst_prior"] and {row["tests"] for row in rows} == {30, 1000}
    assert all(row["demonstrated"] == 0.0 for row in rows if row["kind"] == "pass-fail")  # 1.9e6 would be needed
    assert "P(requirement demonstrated)" in capsys.readouterr().out
    with pytest.raises(UsageError, match="2 or more"):
        commands.plan(finished, [1])


def test_second_run_computes_nothing_again(finished):
    kept = ("entry.nc", "soak.nc", "landing.nc", "posterior.nc", "assurance.nc", "result.json")
    before = {name: (finished / name).stat().st_mtime_ns for name in kept}
    samples = {p.name: p.read_bytes() for p in (finished / "samples").iterdir()}
    flow.run(coarse_case(), finished, workers=2)
    assert {name: (finished / name).stat().st_mtime_ns for name in kept} == before
    assert {p.name: p.read_bytes() for p in (finished / "samples").iterdir()} == samples


def test_one_worker_after_a_kill_gives_the_same_answer(finished, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(finished, folder)
    (folder / "result.json").unlink()
    (folder / "assurance.nc").unlink()
    (folder / "stress.nc").write_bytes(b"cut short")
    records = max((folder / "samples").iterdir(), key=lambda p: p.read_text().count("scv_seal_temperature"))
    lines = records.read_bytes().splitlines(keepends=True)
    records.write_bytes(b"".join(lines[:-2]) + lines[-2][:100])  # killed while it wrote the last but one
    flow.run(coarse_case(), folder, workers=1)
    first, second = answer(finished), answer(folder)
    assert first["probability_of_loss"] == second["probability_of_loss"]
    assert first["limit_states"] == second["limit_states"]
    assert not differences(finished, folder)["answers"]


def test_table_of_responses_opens_anywhere(finished):
    import pyarrow.parquet as pq

    table = pq.read_table(finished / "responses.parquet")
    assert table.num_rows == COARSE["samples"] + COARSE["landings"]
    column = {field.name: field for field in table.schema}
    assert column["landing.clay.os_acceleration"].metadata[b"unit"] == b"m/s^2"
    whole = np.array(table["stages"].to_pylist()) == "all"
    assert np.isfinite(np.array(table["soak.peak_scv_seal_temperature"])[whole]).all()
    assert np.isfinite(np.array(table["landing.hard.os_acceleration"])).all()


def test_units_of_the_table_are_those_of_the_stages(finished):
    import pyarrow.parquet as pq

    units = {
        f.name: (f.metadata or {}).get(b"unit", b"").decode() for f in pq.read_schema(finished / "responses.parquet")
    }
    for name, row in answer(finished)["responses"].items():
        if name.split(".")[0] in stages.asked(coarse_case()):  # what no sample computes is in no row
            assert units[name] == row["unit"], name


def test_too_many_failed_samples_end_the_run(tmp_path):
    """An entry so shallow that the capsule skips out: every sample fails with its reason, and the run says so."""
    case = coarse_case("fidelity.screening.samples=8", 'entry.flight_path_angle="-1 deg"')
    with (
        pytest.raises(FailedSamplesError, match="8 of 8 samples failed") as caught,
        flow.opened(case, tmp_path / "run", 1) as folder,
    ):
        flow.fly(case, case.settings("screening"), folder, 1, Workforce(2), names=["entry"])
    assert caught.value.exit_code == 5
    reasons = json.loads((tmp_path / "run/failures.json").read_text())
    assert len(reasons) == 8
    assert all("SolverError: stage entry" in reason for reason in reasons.values())
