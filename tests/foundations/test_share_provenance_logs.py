"""Shipped files are found in the promised order, code hashes change just where they should, logs go to their place."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from containment import logs, provenance, share
from containment.errors import DataError, StorageError


def _file(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_places_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = share.find("cases", "msr-ees")
    assert shipped == share.shipped("cases") / "msr-ees.toml"
    path = _file(tmp_path / "elsewhere/cases/msr-ees.toml")
    monkeypatch.setenv("CONTAINMENT_PATH", f"{tmp_path / 'none'}:{tmp_path / 'elsewhere'}")
    assert share.find("cases", "msr-ees") == path
    beside = _file(tmp_path / "mine/msr-ees.toml")
    case = _file(tmp_path / "mine/heavier.toml")
    assert share.find("cases", "msr-ees", beside=case) == beside
    assert share.find("cases", "msr-ees", beside=case.parent) == beside
    explicit = _file(tmp_path / "cwd/msr-ees.toml")
    monkeypatch.chdir(explicit.parent)
    assert share.find("cases", "msr-ees.toml", beside=case) == explicit
    assert share.find("cases", str(beside)) == beside
    assert share.find("cases", "msr-ees") == path  # a bare name is never a file of the current folder


def test_a_case_does_not_extend_itself_by_name(tmp_path: Path) -> None:
    mine = _file(tmp_path / "msr-ees.toml")
    assert share.find("cases", "msr-ees", beside=mine) == share.shipped("cases") / "msr-ees.toml"


def test_folders_count_only_as_evidence(tmp_path: Path) -> None:
    case = _file(tmp_path / "case.toml")
    (tmp_path / "drops").mkdir()
    with pytest.raises(DataError):
        share.find("materials", "drops", beside=case)
    assert share.find("evidence", "drops", beside=case) == tmp_path / "drops"


def test_absent_file_names_the_nearest_and_the_places(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'msr-es'") as caught:
        share.find("cases", "msr-es", beside=tmp_path / "case.toml")
    assert caught.value.exit_code == 3
    assert "msr-ees" in caught.value.advice and str(tmp_path) in caught.value.advice
    with pytest.raises(DataError, match="there are:"):
        share.find("cases", "qqqqqqq")


def test_every_kind_has_its_folder() -> None:
    for kind in ("cases", "materials", "evidence", "meshes", "reports"):
        assert share.shipped(kind).is_dir(), kind
    assert "msr-ees" in share.cases()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small package in the place of ours: soak needs materials and (inside a function) fem, entry needs neither."""
    root = tmp_path / "containment"
    _file(root / "__init__.py", "def __getattr__(name):\n from containment import flow")
    _file(root / "flow.py", "import containment.thermal.soak\nimport containment.entry.stage")
    _file(root / "fem.py", "import importlib\nx = importlib.import_module('dolfinx')")
    _file(root / "result.py")
    _file(root / "materials/__init__.py")
    _file(root / "materials/card.py", "from containment.result import x\nimport containment.materials.laws")
    _file(root / "materials/laws.py")
    _file(root / "thermal/__init__.py")
    _file(root / "thermal/soak.py", "from containment.materials import card\ndef f():\n from containment import fem")
    _file(
        root / "entry/stage.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n import containment.thermal.soak\nelse:\n import numpy",
    )
    monkeypatch.setattr(provenance, "_PACKAGE", root)
    provenance._imports.cache_clear()
    yield root
    provenance._imports.cache_clear()


@pytest.mark.parametrize(
    ("changed", "touches_soak", "touches_entry"),
    [
        ("thermal/soak.py", True, False),
        ("materials/laws.py", True, False),
        ("materials/__init__.py", True, False),
        ("fem.py", True, False),
        ("__init__.py", True, True),
        ("flow.py", False, False),
        ("entry/stage.py", False, True),
    ],
)
def test_code_hash_follows_imports(package: Path, changed: str, touches_soak: bool, touches_entry: bool) -> None:
    before = provenance.code_hash("thermal"), provenance.code_hash("containment.entry.stage")
    assert before == (provenance.code_hash("containment.thermal.soak", "thermal"), provenance.code_hash("entry"))
    with (package / changed).open("a") as file:
        file.write("\n# a change")
    provenance._imports.cache_clear()
    after = provenance.code_hash("thermal"), provenance.code_hash("containment.entry.stage")
    assert (before[0] != after[0], before[1] != after[1]) == (touches_soak, touches_entry)


def test_code_hash_follows_versions_of_solvers(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = provenance.code_hash("thermal"), provenance.code_hash("entry")
    monkeypatch.setattr(provenance, "version", lambda name: "9.9" if name == "dolfinx" else None)
    assert provenance.code_hash("thermal") != before[0]
    with pytest.raises(ValueError, match="no module or room"):
        provenance.code_hash("thermic")


def test_a_stage_is_computed_anew_only_when_what_it_runs_changes() -> None:
    from containment.stages import STAGES

    rooms = {stage.module.split(".")[1] for stage in STAGES.values()} - {"meshing"}
    later = {"evidence", "barriers", "reliability", "report", "flow", "cli", "store", "ensemble", "stages"}
    for name, stage in STAGES.items():
        reached = {module.split(".")[1] for module in provenance._reached([stage.module])[0] if "." in module}
        assert not reached & (later | rooms - {stage.module.split(".")[1]}), name
    assert len({provenance.code_hash(stage.module) for stage in STAGES.values()}) == len(STAGES)


def test_facts_are_plain_and_name_versions_and_seed() -> None:
    facts = json.loads(json.dumps(provenance.facts(seed=3, command=["containment", "run"])))
    assert facts["seed"] == 3 and facts["command"] == ["containment", "run"]
    assert facts["packages"]["numpy"] and facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(facts["rooms"]) >= {"store", "ensemble", "case"}


def test_git_state_counts_changes_and_is_absent_outside_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path / "containment")
    assert provenance.git_state() is None
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git on this machine")
    _file(tmp_path / "containment/a.py")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "x"]):
        subprocess.run([git, "-C", tmp_path, *command], check=True)
    state = provenance.git_state()
    assert state is not None and state["modified"] == 0 and len(str(state["commit"])) == 40
    _file(tmp_path / "containment/b.py")
    assert (provenance.git_state() or {})["modified"] == 1


def test_tree_hash_knows_names_and_contents(tmp_path: Path) -> None:
    _file(tmp_path / "d/a", "1")
    first = provenance.tree_hash([tmp_path / "d"])
    _file(tmp_path / "d/a", "2")
    second = provenance.tree_hash([tmp_path / "d"])
    (tmp_path / "d/a").rename(tmp_path / "d/b")
    assert len({first, second, provenance.tree_hash([tmp_path / "d"])}) == 3


@pytest.fixture
def clean_log() -> Iterator[logging.Logger]:
    root = logging.getLogger("containment")
    state = root.handlers[:], root.level, root.propagate
    root.handlers.clear()
    yield root
    root.handlers[:], root.level, root.propagate = state


@pytest.mark.parametrize(
    ("settings", "shown"),
    [({}, ["info", "warning"]), ({"quiet": True}, ["warning"]), ({"verbose": 1}, ["debug", "info", "warning"])],
)
def test_terminal_log_goes_to_stderr_by_level(
    clean_log: logging.Logger, capsys: pytest.CaptureFixture[str], settings: dict, shown: list[str]
) -> None:
    for _ in range(2):  # twice: the second call replaces the first
        logs.to_terminal(**settings)
    log = logging.getLogger("containment.entry")
    for level in ("debug", "info", "warning"):
        log.log(getattr(logging, level.upper()), "an %s line", level)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.split()[-2] for line in captured.err.splitlines()] == shown
    assert logs.talks() == ("info" in shown)


def test_file_log_is_lines_of_json_whatever_the_terminal_shows(clean_log: logging.Logger, tmp_path: Path) -> None:
    logs.to_terminal(quiet=True)
    log = logging.getLogger("containment.entry")
    with logs.to_file(tmp_path / "log.jsonl"):
        log.info("step %d: °", 3)
        try:
            raise ValueError("why")
        except ValueError:
            log.exception("failed")
    log.info("after the end")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["message"] for line in lines] == ["step 3: °", "failed"]
    assert lines[0]["level"] == "info" and lines[0]["time"].endswith("+00:00")
    assert "ValueError: why" in lines[1]["traceback"]


def test_log_that_cannot_be_written_is_explained_and_a_full_disk_only_ends_the_log(
    clean_log: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StorageError, match="cannot write the log"), logs.to_file(tmp_path / "none/log.jsonl"):
        pass
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this machine")
    logs.to_terminal()
    with logs.to_file(Path("/dev/full")):
        for _ in range(2):
            logging.getLogger("containment.entry").info("too much")
    assert capsys.readouterr().err.count("could not be written") == 1
