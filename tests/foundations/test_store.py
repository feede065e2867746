"""The run folder: round trips, keys, resuming, and what happens when the disk or the folder is not as hoped."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from containment.errors import StorageError
from containment.result import Check, Response, StageResult
from containment.store import RunFolder, atomic, content_hash, stage_key


def some_result(peak: float = 1234.5) -> StageResult:
    time = xr.Variable("time", [0.0, 0.5, 1.0], {"units": "s", "long_name": "time from entry interface"})
    data = xr.Dataset(
        {
            "altitude": ("time", np.array([125e3, np.nan, 1.0 / 3.0]), {"units": "m", "long_name": "altitude"}),
            "region": ("cell", np.arange(20_000, dtype=np.int64) % 7, {"units": ""}),
            "touched": ("station", np.array([True, False])),
        },
        coords={"time": time, "station": ["stagnation", "flank"]},
        attrs={"atmosphere": "US Standard 1976"},
    )
    return StageResult(
        stage="entry",
        responses={
            "entry.peak_deceleration": Response(peak, "m/s^2", 1),
            "entry.clay.speed": Response(-np.inf, "m/s", 2),
        },
        data=data,
        checks={"energy": Check.at_most(1e-4, 1e-3)},
        notes=("the drag table ends at Mach 0.3: °, µ and — survive",),
    )


def test_stage_result_comes_back_as_it_was(tmp_path: Path) -> None:
    before = some_result()
    with RunFolder(tmp_path / "run").writing() as run:
        run.save_stage(before, "k1")
        after = run.load_stage("entry", "k1")
    assert after is not None
    xr.testing.assert_identical(after.data, before.data)
    assert after.data["region"].dtype == np.int64
    assert (after.stage, after.responses, after.checks, after.notes) == (
        before.stage, before.responses, before.checks, before.notes,
    )  # fmt: skip


def test_result_without_checks_notes_and_data_comes_back(tmp_path: Path) -> None:
    before = StageResult(stage="leak", responses={}, data=xr.Dataset())
    with RunFolder(tmp_path / "run").writing() as run:
        run.save_stage(before, "k")
        after = run.load_stage("leak", "k")
    assert after is not None
    assert (dict(after.responses), dict(after.checks), after.notes) == ({}, {}, ())


def test_stage_file_opens_without_this_program(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run").writing() as run:
        run.save_stage(some_result(), "k1")
    with xr.open_dataset(tmp_path / "run/entry.nc", engine="h5netcdf", decode_times=False) as data:
        assert data["altitude"].attrs["units"] == "m"
    with xr.open_dataset(tmp_path / "run/entry.nc", engine="h5netcdf", group="responses") as table:
        assert table["name"].values[0] == "entry.peak_deceleration"


def test_key_changes_with_each_thing_a_stage_depends_on() -> None:
    base = ("soak", {"a": {"x": 1.0, "y": 2.0}}, {"steps": 80}, "code", ["k1", "k2"])
    same = ("soak", {"a": {"y": 2.0, "x": 1.0}}, {"steps": 80}, "code", ("k1", "k2"))
    assert stage_key(*base) == stage_key(*same)
    others = [
        ("leak", *base[1:]),
        (base[0], {"a": {"x": np.nextafter(1.0, 2.0), "y": 2.0}}, *base[2:]),
        (*base[:2], {"steps": 81}, *base[3:]),
        (*base[:3], "code2", base[4]),
        (*base[:4], ["k2", "k1"]),
    ]
    assert len({stage_key(*other) for other in (base, *others)}) == 6


def test_content_hash_takes_what_cases_are_made_of_and_refuses_the_rest() -> None:
    from containment.case.fidelity import defaults

    assert content_hash(defaults("screening")) != content_hash(defaults("standard"))
    assert content_hash({"x": np.float64(0.1), "p": Path("a")}) == content_hash({"p": "a", "x": 0.1})
    with pytest.raises(TypeError):
        content_hash(object())


@pytest.mark.parametrize("damage", ["truncated", "one bit", "empty", "gone", "index"])
def test_damaged_stage_counts_as_absent(tmp_path: Path, damage: str) -> None:
    with RunFolder(tmp_path / "run").writing() as run:
        run.save_stage(some_result(), "k1")
        file = run / "entry.nc"
        content = bytearray(file.read_bytes())
        if damage == "truncated":
            file.write_bytes(content[: len(content) // 2])
        elif damage == "one bit":
            content[len(content) // 2] ^= 1
            file.write_bytes(content)
        elif damage == "empty":
            file.write_bytes(b"")
        elif damage == "gone":
            file.unlink()
        else:
            (run / "contents.json").write_text("{half")
        assert run.load_stage("entry", "k1") is None
        run.save_stage(some_result(7.0), "k1")
        again = run.load_stage("entry", "k1")
    assert again is not None and again.value("peak_deceleration") == 7.0


def test_stale_stage_counts_as_absent(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run").writing() as run:
        run.save_stage(some_result(), "k1")
        assert run.load_stage("entry", "k2") is None
        assert run.load_stage("entry") is not None
        assert run.load_stage("soak", "k1") is None


def test_table_and_tree_round_trip_with_units(tmp_path: Path) -> None:
    columns = {"entry.landing_speed": np.array([40.0, np.nan]), "outcome": np.array(["ok", "failed"])}
    tree = xr.DataTree.from_dict({"/posterior": xr.Dataset({"mu": (("chain", "draw"), np.ones((2, 3)))})})
    with RunFolder(tmp_path / "run").writing() as run:
        run.write_table("responses.parquet", columns, {"entry.landing_speed": "m/s"})
        back, units = run.read_table("responses.parquet")
        run.save_tree("posterior.nc", tree, "k")
        assert run.load_tree("posterior.nc", "k").identical(tree)
        assert run.load_tree("posterior.nc", "other") is None
    np.testing.assert_array_equal(back["entry.landing_speed"], columns["entry.landing_speed"])
    assert list(back["outcome"]) == ["ok", "failed"]
    assert units == {"entry.landing_speed": "m/s", "outcome": ""}


def test_json_is_strict_and_damage_is_named(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run").writing() as run:
        run.write_json("result.json", {"p": np.float64(1e-7), "bad": float("nan"), "n": np.int64(3), "t": (1, 2)})
        text = (run / "result.json").read_text()
        assert json.loads(text, parse_constant=pytest.fail) == {"p": 1e-7, "bad": None, "n": 3, "t": [1, 2]}
        (run / "result.json").write_text(text[:-5])
        with pytest.raises(StorageError, match=r"result\.json.*damaged"):
            run.read_json("result.json")
        with pytest.raises(StorageError, match=r"provenance\.json"):
            run.read_json("provenance.json")


def test_failed_write_leaves_the_former_file_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    target.write_text("former")
    with pytest.raises(RuntimeError), atomic(target) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert target.read_text() == "former"
    assert os.listdir(tmp_path) == ["result.json"]


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_full_disk_is_explained_whichever_call_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with RunFolder(tmp_path / "run").writing() as run:
        run.write_text("case.toml", "former")
        with monkeypatch.context() as patch:
            if step == "write":
                patch.setattr(Path, "write_bytes", full)
            else:
                patch.setattr(os, step, full)
            with pytest.raises(StorageError, match=r"case\.toml.*full.*MB free") as caught:
                run.write_text("case.toml", "new")
        assert "--out" in caught.value.advice
        assert caught.value.exit_code == 3
        assert (run / "case.toml").read_text() == "former"
        assert not list(run.path.glob(".*.tmp"))


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A file system of 200 kB; needs the right to mount."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small file system; the same is tested with patched calls")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=200k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("this machine does not let root mount; the same is tested with patched calls")
    yield place
    subprocess.run(["umount", place], check=True)


def test_really_full_disk(tiny_disk: Path) -> None:
    with RunFolder(tiny_disk / "run").writing() as run:
        run.save_stage(some_result(), "k1")
        noise = np.random.default_rng(1).random(40_000)  # 320 kB that no compression makes smaller
        large = StageResult("soak", {}, xr.Dataset({"x": ("i", noise)}))
        with pytest.raises(StorageError, match="full"):
            run.save_stage(large, "k2")
        records = run.samples("s")
        records.append({"index": 0})
        with pytest.raises(StorageError, match="full"):
            records.append({"index": 1, "noise": noise})
        assert records.load() == [{"index": 0}]
        assert run.load_stage("entry", "k1") is not None
        assert not list(run.path.rglob(".*.tmp"))
        assert not (run / "soak.nc").exists()


def test_command_on_a_full_disk_ends_with_exit_3_and_nothing_half_written(tiny_disk: Path) -> None:
    program = Path(sys.executable).parent / "containment"
    command = [program, "entry", "msr-ees", "--out", tiny_disk / "run", "-q"]
    done = subprocess.run(command, cwd=tiny_disk, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done.stderr
    assert "full" in done.stderr and "--out" in done.stderr and "Traceback" not in done.stderr
    assert not list((tiny_disk / "run").rglob(".*.tmp"))
    assert not (tiny_disk / "run/entry.nc").exists()


@pytest.mark.parametrize("place", ["/proc/no-such-place/run", "file/run", "file"])
def test_unusable_folder_is_explained(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="cannot use") as caught, RunFolder(tmp_path / place).writing():
        pass
    assert "--out" in caught.value.advice


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission_is_explained(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="Permission denied"), RunFolder(tmp_path / "run").writing():
        pass


def test_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StorageError, match="other files"), RunFolder(tmp_path).writing():
        pass
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_only_run_folders_are_read(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no such folder"):
        RunFolder.existing(tmp_path / "none")
    with pytest.raises(StorageError, match="without a run"):
        RunFolder.existing(tmp_path)
    with RunFolder(tmp_path).writing() as run:
        run.write_text("case.toml", "x")
    assert RunFolder.existing(tmp_path).read_bytes("case.toml") == b"x"


def test_second_writer_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    with (
        RunFolder(tmp_path / "run").writing(),
        pytest.raises(StorageError, match=f"process {os.getpid()}"),
        RunFolder(tmp_path / "run").writing(),
    ):
        pass
    with RunFolder(tmp_path / "run").writing():
        pass


def _save_many(path: str, first: int) -> None:
    for number in range(first, first + 20):
        RunFolder(path).save(f"{number}.bin", b"x", "k")


def test_workers_of_the_writer_save_beside_it(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with RunFolder(tmp_path / "run").writing() as run:
        workers = [spawn.Process(target=_save_many, args=(str(run.path), first)) for first in (100, 200)]
        for worker in workers:
            worker.start()
        _save_many(str(run.path), 0)
        for worker in workers:
            worker.join(60)
        found = [run.load(f"{number}.bin", "k") for first in (0, 100, 200) for number in range(first, first + 20)]
    assert found == [b"x"] * 60


def _write_and_die(path: str) -> None:
    with RunFolder(path).writing() as run:
        run.save_stage(some_result(), "k1")
        with atomic(run / "soak.nc") as temporary:
            temporary.write_bytes(b"half")
            os.kill(os.getpid(), 9)


def test_killed_writer_leaves_a_folder_to_go_on_with(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(str(tmp_path / "run"),))
    process.start()
    process.join(60)
    assert process.exitcode == -9
    assert list((tmp_path / "run").glob(".*.tmp"))
    with RunFolder(tmp_path / "run").writing() as run:
        assert run.load_stage("entry", "k1") is not None
        assert run.load_stage("soak") is None
        assert not list(run.path.glob(".*.tmp"))


def test_records_survive_a_line_cut_off(tmp_path: Path) -> None:
    records = RunFolder(tmp_path).samples("s")
    assert records.load() == []
    records.append({"index": 0, "value": float("inf")})
    records.append({"index": 1})
    whole = records.path.read_bytes()
    records.path.write_bytes(whole[:-4])
    assert records.load() == [{"index": 0, "value": float("inf")}]
    records.append({"index": 2})
    assert [record["index"] for record in records.load()] == [0, 2]
