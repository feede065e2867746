"""Samples in worker processes: same answers for any number of workers, every failure recorded, kills survived."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from containment.call import ProcessDied
from containment.ensemble import cores, generator, in_worker, map_samples
from containment.errors import SolverError, StorageError
from containment.store import RunFolder


def draw(sample: Mapping[str, int]) -> dict[str, float]:
    rng = generator(sample["seed"], sample["number"])
    return {"draw": rng.normal(), "number": sample["number"]}


def numbered(count: int) -> list[dict[str, int]]:
    return [{"seed": 7, "number": i} for i in range(count)]


def troubled(sample: Mapping[str, int]) -> dict[str, float]:
    """Number 1 does not converge, 2 divides by zero, 3 aborts natively, 4 gives no number, 5 exits; the rest is ok."""
    match sample["number"]:
        case 1:
            raise SolverError("no convergence at 3.2 s", history=[1.0, 0.5], advice="halve the step")
        case 2:
            return {"x": 1 / 0}
        case 3:
            os.abort()
        case 4:
            return {"x": float("nan"), "y": 1.0}
        case 5:
            sys.exit(3)
        case number:
            time.sleep(0.02)
            return {"x": float(number)}


def environment(_: object) -> dict[str, float]:
    return {"threads": float(os.environ["OMP_NUM_THREADS"]), "pid": os.getpid(), "numpy": float("numpy" in sys.modules)}


def noisy(_: object) -> dict[str, float]:
    os.write(1, b"a native library says hello\n")
    return {}


def test_same_answer_for_any_number_of_workers_and_samples() -> None:
    one = map_samples(draw, numbered(5), workers=1)
    two = map_samples(draw, numbered(9), workers=2)
    with ThreadPoolExecutor(3) as threads:
        three = map_samples(draw, numbered(9), executor=threads)
    assert [o.values for o in one] == [o.values for o in two[:5]]
    assert [o.values for o in two] == [o.values for o in three]
    assert [o.index for o in two] == list(range(9))
    assert len({o.values["draw"] for o in two if o.values}) == 9


def test_every_failure_is_recorded_with_its_reason_and_the_rest_finishes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="containment"):
        outcomes = map_samples(troubled, numbered(12), workers=2)
    kinds = {o.index: o.error.kind for o in outcomes if o.error}
    assert kinds == {1: "SolverError", 2: "ZeroDivisionError", 3: "Aborted", 4: "NotANumber", 5: "SystemExit"}
    messages = {o.index: o.error.message for o in outcomes if o.error}
    assert "halve the step" in messages[1] and "last residuals: 1, 0.5" in messages[1]
    assert "test_ensemble.py:" in messages[2]
    assert "SIGABRT" in messages[3]
    assert "x" in messages[4] and "y" not in messages[4]
    assert {o.index: o.values for o in outcomes if o.ok} == {i: {"x": float(i)} for i in (0, *range(6, 12))}
    assert "5 failed" in caplog.text and "1 SolverError" in caplog.text
    assert any("12 of 12" in record.getMessage() for record in caplog.records)


def test_workers_have_one_thread_each_and_load_nothing_they_do_not_need() -> None:
    before = dict(os.environ)
    (outcome,) = map_samples(environment, [0], workers=1)
    assert outcome.values is not None
    assert (outcome.values["threads"], outcome.values["numpy"]) == (1.0, 0.0)
    assert outcome.values["pid"] != os.getpid()
    assert dict(os.environ) == before


def test_processes_are_replaced_after_their_share_of_samples() -> None:
    outcomes = map_samples(environment, list(range(5)), workers=1, tasks_per_worker=2)
    pids = [o.values["pid"] for o in outcomes if o.values]
    assert len(set(pids)) == 3 and pids[0] == pids[1] != pids[2]


def test_what_a_sample_took_is_measured() -> None:
    (busy,) = map_samples(busy_and_large, [0], workers=1)
    assert busy.cpu_s > 0.1 and busy.wall_s > 0.1
    assert busy.peak_rss > 100e6
    (small,) = map_samples(noisy, [0], workers=1)
    assert 0 < small.peak_rss < 100e6  # an interpreter and rich take 20-40 MB


def busy_and_large(_: object) -> dict[str, float]:
    block = b"x" * 100_000_000
    start = time.process_time()
    while time.process_time() - start < 0.15:
        pass
    return {"size": float(len(block))}


def test_native_output_of_workers_stays_off_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    map_samples(noisy, [0], workers=1)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "hello" in captured.err


def counted(sample: Mapping[str, str]) -> dict[str, float]:
    with Path(sample["log"]).open("a") as log:
        log.write("x")
    if sample["fail"]:
        raise SolverError("never converges")
    return {"x": 1.0}


def test_second_run_computes_nothing_and_a_longer_one_only_what_is_new(tmp_path: Path) -> None:
    log = tmp_path / "calls"
    samples = [{"log": str(log), "number": str(i), "fail": "yes" if i == 1 else ""} for i in range(4)]
    with RunFolder(tmp_path / "run").writing() as run:
        first = map_samples(counted, samples[:3], workers=1, store=run, key="k")
        assert log.read_text() == "xxx"
        second = map_samples(counted, samples[:3], workers=2, store=run, key="k")
        assert log.read_text() == "xxx"
        assert second == first and all(o.resumed for o in second) and not any(o.resumed for o in first)
        longer = map_samples(counted, [samples[3], *samples[:3]], workers=2, store=run, key="k")
        assert log.read_text() == "xxxx"
        assert [(o.index, o.ok) for o in longer] == [(0, True), (1, True), (2, False), (3, True)]
        map_samples(counted, samples[:1], workers=1, store=run, key="other code")
        assert log.read_text() == "xxxxx"


def slow(sample: Mapping[str, str]) -> dict[str, float]:
    if int(sample["number"]) >= 2:
        time.sleep(60)
    return {"pid": float(os.getpid())}


_SCRIPT = """
import signal
import sys
from containment.ensemble import map_samples
from containment.store import RunFolder
from tests.foundations.test_ensemble import slow
if __name__ == "__main__":
    # a job started in the background ignores SIGINT and hands that on: here it is asked for
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with RunFolder(sys.argv[1]).writing() as run:
        map_samples(slow, [{"number": str(i)} for i in range(4)], workers=2, store=run, key="k")
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_stopped_run_leaves_no_process_and_resumes(tmp_path: Path, sign: signal.Signals) -> None:
    script = tmp_path / "study.py"
    script.write_text(_SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, script, tmp_path / "run"], env=environment, stderr=subprocess.PIPE, text=True
    )
    records = RunFolder(tmp_path / "run").samples("k")
    _until(lambda: len(records.load()) == 2, 30)
    process.send_signal(sign)
    _, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert errors.count("KeyboardInterrupt") == (1 if sign is signal.SIGINT else 0)
    pids = {int(record["values"]["pid"]) for record in records.load()}
    _until(lambda: not any(_alive(pid) for pid in pids), 10)
    with RunFolder(tmp_path / "run").writing() as run:
        kept = map_samples(slow, [{"number": str(i)} for i in range(2)], workers=1, store=run, key="k")
    assert all(o.resumed for o in kept)


def _until(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_full_disk_in_mid_run_stops_the_run_and_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from containment.store import SampleRecords

    append = SampleRecords.append

    def full(self: SampleRecords, record: Mapping[str, object]) -> None:
        if record["index"] == 1:
            raise StorageError("the disk is full")
        append(self, record)

    monkeypatch.setattr(SampleRecords, "append", full)
    samples = [{"number": str(i)} for i in (0, 1, 5, 6)]  # the last two would sleep for a minute
    start = time.monotonic()
    with RunFolder(tmp_path / "run").writing() as run:
        with pytest.raises(StorageError, match="full"):
            map_samples(slow, samples, workers=2, store=run, key="k")
        assert time.monotonic() - start < 30
        assert [record["index"] for record in run.samples("k").load()] in ([0], [])


class _Breaks(ThreadPoolExecutor):
    """Somebody's cluster that goes away after the second sample."""

    count = 0

    def submit(self, *args, **kwargs):
        self.count += 1
        if self.count > 3:
            raise BrokenProcessPool("gone")
        if self.count == 3:
            lost: Future = Future()
            lost.set_exception(BrokenProcessPool("gone"))
            return lost
        return super().submit(*args, **kwargs)


def test_executor_that_breaks_drops_no_sample_and_is_not_remembered(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run").writing() as run:
        with _Breaks(1) as executor:
            outcomes = map_samples(draw, numbered(5), executor=executor, store=run, key="k")
        assert [o.error.kind if o.error else "" for o in outcomes] == ["", "", "Aborted", "Aborted", "Aborted"]
        again = map_samples(draw, numbered(5), workers=1, store=run, key="k")
    assert [o.resumed for o in again] == [True, True, False, False, False] and all(o.ok for o in again)


def test_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    script.write_text("from containment.ensemble import map_samples\nimport math\nmap_samples(dict, [{}], workers=1)\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "do not start" in done.stderr and '__name__ == "__main__"' in done.stderr


def talkative(number: int) -> dict[str, float]:
    logging.getLogger("containment.entry").warning("number %d is odd", number)
    return {"number": float(number), "threads": float(os.environ["OMP_NUM_THREADS"])}


def unpicklable(_: int) -> None:
    class Local(Exception):
        pass

    raise Local("from within")


def test_one_call_in_a_worker_brings_back_value_and_log(caplog: pytest.LogCaptureFixture) -> None:
    assert in_worker(talkative, 3).result() == {"number": 3.0, "threads": 1.0}
    assert [(r.name, r.levelname, r.getMessage()) for r in caplog.records] == [
        ("containment.entry", "WARNING", "number 3 is odd")
    ]


def test_one_call_in_a_worker_raises_what_it_raised() -> None:
    with pytest.raises(SolverError, match="no convergence") as ours:
        in_worker(troubled, {"number": 1}).result()
    assert ours.value.history == (1.0, 0.5)
    with pytest.raises(ZeroDivisionError) as theirs:
        in_worker(troubled, {"number": 2}).result()
    assert "test_ensemble.py" in theirs.value.__notes__[0]
    with pytest.raises(RuntimeError, match="from within"):
        in_worker(unpicklable, 0).result()
    with pytest.raises(ProcessDied, match="SIGABRT") as died:
        in_worker(troubled, {"number": 3}).result()
    assert died.value.exit_code == 4 and not died.value.from_outside


def test_leaving_the_block_ends_the_call() -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match="something else"), in_worker(time.sleep, 60) as call:
        raise ValueError("something else went wrong meanwhile")
    assert time.monotonic() - start < 10
    assert not call._process.is_alive()


def test_no_samples_start_no_process() -> None:
    assert map_samples(draw, []) == []


def test_cores_are_those_we_may_use() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
