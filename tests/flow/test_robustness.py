"""A finer mesh or more samples move P(loss) by less than its stated interval (minutes of CPU time)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from containment import flow
from containment.case.fidelity import defaults
from containment.case.load import load_case

BASE = defaults("screening")


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline") / "run"
    flow.run(load_case("msr-ees"), folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"mesh_size": BASE.mesh_size / 2},
        {"samples": 2 * BASE.samples, "landings": 2 * BASE.landings},
        {"heatshield_cells": 2 * BASE.heatshield_cells, "heatshield_step": BASE.heatshield_step / 2,
         "soak_steps": 2 * BASE.soak_steps, "landing_masses": 2 * BASE.landing_masses},
    ],
    ids=["half the mesh size", "twice the samples", "half the steps"],
)  # fmt: skip
def test_answer_moves_less_than_its_interval(baseline, tmp_path, change):
    folder = tmp_path / "run"
    folder.mkdir()
    for kept in ("posterior.nc", "contents.json", ".containment.lock", "samples"):
        source = baseline / kept
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / kept)
    case = load_case("msr-ees", [f"fidelity.screening.{key}={value}" for key, value in change.items()])
    before = flow.run(load_case("msr-ees"), baseline)["probability_of_loss"]
    after = flow.run(case, folder)["probability_of_loss"]
    for key in ("mean", "median"):
        assert before["p05"] <= after[key] <= before["p95"], (key, before, after)
        assert after["p05"] <= before[key] <= after["p95"], (key, before, after)
