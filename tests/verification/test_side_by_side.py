"""The side by side with other packages: what a row says of its runs, and what their process is given."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from scipy import stats

from containment.verification import bench_side_by_side as bench
from containment.verification import bench_side_by_side_worker as worker
from containment.verification.bench_rare_events import PROBLEMS

REFERENCE = PROBLEMS["rp107"].reference


def run(factor: float, cov: float = 0.1, error: str = "", **more: object) -> bench.Run:
    p = factor * REFERENCE
    spread = 1.96 * cov * p
    row = {
        "package": "other", "version": "other 1", "problem": "rp107", "method": "m", "seed": 0, "probability": p,
        "cov": cov, "low": p - spread, "high": p + spread, "calls": 100, "hard": False, "seconds": 1.0, "error": error,
    }  # fmt: skip
    return bench.Run(**{**row, **more})


def test_a_row_counts_answers_errors_and_cover():
    lost = run(math.nan, math.nan, error="no gradient")
    row = bench.Row.of([run(1.0), run(1.5), run(0.9, calls=400), lost])
    assert (row.runs, row.answered, row.calls, row.error) == (4, 3, 100.0, "no gradient")
    assert row.rmse == pytest.approx(np.sqrt((0.25 + 0.01) / 3), rel=1e-12)
    assert row.cover == pytest.approx(2 / 3)  # 1.5 (1 -+ 0.196) ends above the reference
    silent = bench.Row.of([run(1.0, math.nan)])
    assert math.isnan(silent.cover) and math.isnan(silent.reported)


def test_runs_survive_their_table(tmp_path):
    runs = [run(1.0, hard=True), run(math.nan, math.nan, error="said, with a comma")]
    bench.publish(runs, tmp_path / "table.csv")
    back = bench.published(tmp_path / "table.csv")
    assert back[0].hard and back[0].probability == pytest.approx(REFERENCE, rel=1e-5)  # six digits are kept
    assert back[1].error == "said, with a comma" and math.isnan(back[1].low)


def test_published_runs_hold_every_package_and_pass():
    items = list(bench.items())
    assert len(items) == 2 * len(bench.NAMES) + 1
    rows = bench.table(bench.published())
    assert {row.package for row in rows} == {bench.OURS, *worker.METHODS}
    for name in bench.NAMES:
        ours = next(row for row in rows if (row.problem, row.package) == (name, bench.OURS))
        assert ours.runs >= 20


@pytest.mark.parametrize("name", ["oscillator-0.60", "two-masses-27.5"])
def test_the_other_process_sees_the_same_limit_state(name):
    u = np.random.default_rng(5).standard_normal((7, len(PROBLEMS[name].marginals)))
    state = worker.LimitState(name)
    x = np.column_stack([law.ppf(stats.norm.cdf(u[:, j])) for j, law in enumerate(PROBLEMS[name].marginals)])
    assert state(u) == pytest.approx(PROBLEMS[name].g(x), rel=1e-9)  # round-off of ppf against isf
    assert state.calls == 7


def test_a_run_of_another_package():
    pytest.importorskip("openturns")
    found = list(bench.theirs("openturns", sys.executable, "rp107", "FORM", range(3)))
    assert len(found) == 1  # first order has no seed
    assert found[0].ratio == pytest.approx(1.0, rel=1e-3) and math.isnan(found[0].low)  # rp107 is linear
    assert "openturns" in found[0].version


def test_what_is_absent_is_said(tmp_path):
    absent = bench.run_all(["rp107"], [], {"pystra": str(tmp_path / "nothing")}, tmp_path / "store.jsonl")
    assert [line.split(":")[0] for line in absent] == list(worker.METHODS)
    assert all("not run" in line for line in absent)
