"""The command line as users meet it: help, exit codes, messages without tracebacks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    "run", "list", "new", "check", "doctor", "mesh", "sterilisation", "entry", "heatshield", "damage", "soak",
    "stress", "landing", "impact", "leak", "footprint", "infer", "study", "reliability", "plan", "report", "show",
    "compare", "verify",
)  # fmt: skip


def containment(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from containment.cli import main; sys.argv[0] = 'containment'; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120,
        env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip


def test_help_names_every_command_and_each_has_an_example(tmp_path):
    from typer.main import get_command

    from containment.cli import app

    group = get_command(app)
    assert set(group.commands) == set(COMMANDS)
    for name, command in group.commands.items():
        assert "Example:  containment " in (command.epilog or ""), name
        assert command.help, name


def test_list_and_check_a_shipped_case(tmp_path):
    assert "msr-ees" in containment("list", cwd=tmp_path).stdout
    done = containment("check", "msr-ees", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "vehicle.mass" in done.stdout
    assert "valid" in done.stdout


def test_new_case_extends_and_is_never_overwritten(tmp_path):
    assert containment("new", "mine", cwd=tmp_path).returncode == 0
    assert containment("check", "mine.toml", cwd=tmp_path).returncode == 0
    again = containment("new", "mine", cwd=tmp_path)
    assert again.returncode == 2
    assert "already there" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check", "msr-es"], 3, "msr-ees"),
        (["check", "msr-ees", "--set", "vehicle.mass=90 km"], 3, "a mass"),
        (["check", "msr-ees", "--set", "vehicle.mas=90 kg"], 3, "did you mean 'mass'"),
        (["check", "msr-ees", "--set", 'heatshield.layers.tps.thickness="-3 mm"'], 3, "positive"),
        (["check", "msr-ees", "--set", "heatshield.layers.tps.material=tacott"], 3, "tacot"),
        (["soak", "stardust"], 3, "[soak]"),
        (["show", "nowhere"], 3, "run folder"),
        (["fly", "msr-ees"], 2, "fly"),
        (["run"], 2, "CASE"),
    ],
)
def test_exit_code_and_message(tmp_path, arguments, code, words):
    done = containment(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir()), "a refused command leaves nothing behind"


def test_entry_prints_its_table_and_writes_its_figure(tmp_path):
    done = containment("entry", "msr-ees", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "landing_speed" in done.stdout
    assert (tmp_path / "runs/msr-ees/figures/entry.svg").read_text().startswith("<?xml")
    assert (tmp_path / "runs/msr-ees/entry.nc").exists()


def test_compare_two_folders_of_one_stage(tmp_path):
    for name, mass in (("a", "95 kg"), ("b", "90 kg")):
        assert (
            containment(
                "entry", "msr-ees", "-q", "--out", name, "--set", f"vehicle.mass={mass}", cwd=tmp_path
            ).returncode
            == 0
        )
    done = containment("compare", "a", "b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "vehicle.mass" in done.stdout
    assert "entry.landing_speed" in done.stdout


def test_study_over_a_grid(tmp_path):
    sweep = "vehicle.mass=85 kg,105 kg"
    done = containment("study", "msr-ees", "--design", "grid", "--sweep", sweep, "--stages", "entry", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 of 2 samples done" in done.stdout
    assert (tmp_path / "runs/msr-ees-study/responses.parquet").exists()


def test_output_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.txt").write_text("precious")
    done = containment("entry", "msr-ees", "--out", "taken", cwd=tmp_path)
    assert done.returncode == 3
    assert "other files" in done.stderr
    assert (tmp_path / "taken/thesis.txt").read_text() == "precious"
