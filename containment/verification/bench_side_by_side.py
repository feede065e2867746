"""Rare events side by side with OpenTURNS, pystra and UQpy, on the same problems with the same seeds, in one run.

`python -m containment.verification.bench_side_by_side [--seeds 20] [--pystra PYTHON] [--uqpy PYTHON] [--publish FILE]`
prints one table: calls, RMSE, true against reported coefficient of variation, share of 95 % intervals that hold the
reference. The other packages are no dependencies and their licences stay theirs: each runs as a process of its own, in
an environment of its own, given by its Python (or CONTAINMENT_PYSTRA, CONTAINMENT_UQPY, CONTAINMENT_OPENTURNS; the
last one is this Python where not given). What is absent is said. Runs in the store are not repeated.

Interval of the others: p (1 -+ 1.96 coefficient of variation), as each reports it; first order reports none.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from containment.verification import bench_side_by_side_worker as worker
from containment.verification.bench_rare_events import PROBLEMS
from containment.verification.catalogue import Item

PUBLISHED = Path(__file__).parent / "data" / "rare-event-side-by-side.csv"
NAMES = ("four-branch", "oscillator-0.60", "rp107", "rp63", "rp110", "two-masses-27.5")
FIRST = 2000  # seed; none of these was ever looked at while the method was built
SECONDS = 30.0  # of processor time for one run of another package
OURS = "containment"
_METHOD = "failure_probability"
_EXACT = 1e-3  # relative: an interval that ends nearer than this to the reference misses nothing
TARGET_COV, BUDGET = 0.05, 1000  # ours, as in bench_coverage


@dataclass(frozen=True)
class Run:
    """One run; `cov` is what the package reports (NaN: nothing), `error` what it said instead of an answer."""

    package: str
    version: str
    problem: str
    method: str
    seed: int
    probability: float
    cov: float
    low: float
    high: float
    calls: int
    hard: bool
    seconds: float
    error: str

    @property
    def ratio(self) -> float:
        """Probability over reference."""
        return self.probability / PROBLEMS[self.problem].reference

    @property
    def covers(self) -> bool:
        """Whether the interval holds the reference, itself known to a relative error; exact answers have no width."""
        problem = PROBLEMS[self.problem]
        slack = 1.0 + max(2.0 * problem.error, _EXACT)
        return self.low <= problem.reference * slack and problem.reference <= self.high * slack


@dataclass(frozen=True)
class Row:
    """Runs of one method on one problem: `answered` of `runs`; medians of calls and reported coefficient of variation;
    mean and RMSE relative to the reference over the answers; cover over all runs that claim an interval (NaN: none)."""

    problem: str
    package: str
    method: str
    runs: int
    answered: int
    calls: float
    mean: float
    rmse: float
    true_cov: float
    reported: float
    cover: float
    hard: float
    seconds: float
    error: str

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Row:
        """Summary of the runs of one method on one problem."""
        first, done = runs[0], [run for run in runs if not run.error]
        ratio = np.array([run.ratio for run in done])
        claims = [run for run in done if not math.isnan(run.low)]
        reported = [run.cov for run in done if math.isfinite(run.cov)]
        errors = [run.error for run in runs if run.error]
        return cls(
            first.problem, first.package, first.method, len(runs), len(done),
            float(np.median([run.calls for run in done or runs])), float(ratio.mean()) if done else math.nan,
            float(np.sqrt(np.mean((ratio - 1.0) ** 2))) if done else math.nan,
            float(ratio.std() / ratio.mean()) if len(done) > 1 and ratio.mean() > 0 else math.nan,
            float(np.median(reported)) if reported else math.nan,
            float(np.mean([run.covers for run in claims])) if claims else math.nan,
            float(np.mean([run.hard for run in runs])), float(np.mean([run.seconds for run in runs])),
            max(errors, key=errors.count) if errors else "",
        )  # fmt: skip


def items() -> Iterator[Item]:
    """The published runs, judged: ours cover, and no other method with cover has both fewer calls and less error."""
    rows = table(published())
    source = "20 seeds no setting was chosen by, verification/data/rare-event-side-by-side.csv"
    for name in NAMES:
        here = [row for row in rows if row.problem == name]
        ours = next(row for row in here if row.package == OURS)
        key = f"reliability.side-by-side.{name}"
        yield Item.at_most(f"{key}.not-covered", 0.10, 1.0 - ours.cover, "share of runs", source)
        better = [
            row for row in here
            if row.package != OURS and row.cover >= 0.9 and row.rmse <= ours.rmse and row.calls <= ours.calls
        ]  # fmt: skip
        unit = "methods with no more calls, no larger error and cover >= 0.9"
        yield Item.at_most(f"{key}.better", 0, len(better), unit, source)
    absent = len({OURS, *worker.METHODS} - {row.package for row in rows})
    yield Item.at_most("reliability.side-by-side.packages-absent", 0, absent, "packages", source)


# --- running ----------------------------------------------------------------------------------------------------------


def ours(problem: str, seed: int) -> Run:
    """One run of this package."""
    from importlib.metadata import version

    from containment.reliability import failure_probability

    asked, started = PROBLEMS[problem], time.process_time()
    found = failure_probability(
        asked.g, asked.marginals, target_cov=TARGET_COV, budget=BUDGET, rng=np.random.default_rng(seed)
    )
    stands_on = f"{version('containment')} (numpy {version('numpy')}, scikit-learn {version('scikit-learn')})"
    return Run(
        OURS, stands_on, problem, _METHOD, seed, found.probability, found.cov, *found.interval, found.model_calls,
        found.hard, time.process_time() - started, "",
    )  # fmt: skip


def theirs(package: str, python: str, problem: str, method: str, seeds: Sequence[int]) -> Iterator[Run]:
    """Runs of another package in its own environment; raises CalledProcessError where that has no such package."""
    seeds = seeds[:1] if method in worker.WITHOUT_SEED else seeds
    command = [python, worker.__file__, package, method, problem, str(SECONDS), *map(str, seeds)]
    alone = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**alone, "OMP_NUM_THREADS": "1"},
        timeout=60.0 + 10.0 * SECONDS * len(seeds),
    )  # fmt: skip
    said, *rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    version = ", ".join(f"{name} {number}" for name, number in said["versions"].items())
    for row in rows:
        error = row["error"] or ("NaN" if math.isnan(row["probability"]) else "")
        spread = 1.96 * row["cov"] * row["probability"]  # NaN where nothing is reported
        yield Run(
            package, version, problem, method, row["seed"], row["probability"], row["cov"], row["probability"] - spread,
            row["probability"] + spread, row["calls"], False, row["seconds"], error,
        )  # fmt: skip


def run_all(names: Sequence[str], seeds: Sequence[int], pythons: Mapping[str, str], store: Path) -> list[str]:
    """Runs the store does not hold, appended to it; returns what was absent, in words."""
    done = {(run.package, run.problem, run.method) for run in stored(store)}
    absent = []
    for name in names:
        if (OURS, name, _METHOD) not in done:
            _append(store, [ours(name, seed) for seed in seeds])
    for package, methods in worker.METHODS.items():
        try:
            for name in names:
                for method in methods:
                    if (package, name, method) not in done:
                        _append(store, list(theirs(package, pythons[package], name, method, seeds)))
        except (OSError, KeyError, subprocess.SubprocessError) as error:
            reason = (getattr(error, "stderr", None) or "no Python with it given").strip().splitlines()[-1]
            absent.append(f"{package}: not run ({reason})")
    return absent


def _append(store: Path, runs: Sequence[Run]) -> None:
    with store.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(run)) + "\n" for run in runs)


def stored(store: Path) -> list[Run]:
    """Runs of a store; none where there is no file."""
    if not store.exists():
        return []
    return [Run(**json.loads(line)) for line in store.read_text(encoding="utf-8").splitlines()]


# --- telling ----------------------------------------------------------------------------------------------------------


def publish(runs: Sequence[Run], path: Path) -> None:
    """The runs as a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f.name for f in fields(Run)])
        for run in runs:
            writer.writerow([_short(value) for value in asdict(run).values()])


def _short(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else f"{value:.6g}" if isinstance(value, float) else value


def published(path: Path = PUBLISHED) -> list[Run]:
    """Runs of the published table."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Run(
                row["package"], row["version"], row["problem"], row["method"], int(row["seed"]),
                float(row["probability"]), float(row["cov"]), float(row["low"]), float(row["high"]), int(row["calls"]),
                row["hard"] == "1", float(row["seconds"]), row["error"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def table(runs: Sequence[Run]) -> list[Row]:
    """One row a method, problem by problem."""
    groups: dict[tuple[str, str, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: NAMES.index(run.problem)):
        groups.setdefault((run.problem, run.package, run.method), []).append(run)
    return [Row.of(found) for found in groups.values()]


def markdown(runs: Sequence[Run]) -> Iterator[str]:
    """The table as the manual prints it, percent where a share is meant."""
    yield "| problem | package, method | answers | calls | mean / ref | RMSE | true | reported | cover | s/run |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in table(runs):
        cells = [f"{100 * value:.1f}" if math.isfinite(value) else "-" for value in (row.rmse, row.true_cov)]
        cells += [f"{100 * row.reported:.1f}" if math.isfinite(row.reported) else "none"]
        cells += [f"{row.cover:.2f}" if math.isfinite(row.cover) else "-", f"{row.seconds:.2g}"]
        mean = f"{row.mean:.3f}" if row.answered else row.error[:60]
        name = f"**{OURS}**" if row.package == OURS else f"{row.package}: {row.method}"
        answers = f"{row.answered}/{row.runs}"
        yield " | ".join(["| " + row.problem, name, answers, f"{row.calls:.0f}", mean, *cells]) + " |"


def main(arguments: Sequence[str]) -> None:
    """Run what is there, print the table and the versions."""
    parser = argparse.ArgumentParser(prog="python -m containment.verification.bench_side_by_side", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="problems; " + ", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--store", type=Path, default=Path("side-by-side.jsonl"))
    parser.add_argument("--publish", type=Path, help="write the runs of the store to this table")
    for package in worker.METHODS:
        own = sys.executable if package == "openturns" else None
        given = os.environ.get(f"CONTAINMENT_{package.upper()}", own)
        parser.add_argument(f"--{package}", metavar="PYTHON", default=given, help="Python of its environment")
    chosen = parser.parse_args(arguments)
    pythons = {package: python for package in worker.METHODS if (python := getattr(chosen, package))}
    seeds = range(FIRST, FIRST + chosen.seeds)
    absent = run_all(chosen.names or NAMES, seeds, pythons, chosen.store)
    runs = stored(chosen.store)
    if chosen.publish is not None:
        publish(runs, chosen.publish)
    versions = dict.fromkeys(f"{run.package}: {run.version}" for run in runs)
    sys.stdout.write("\n".join([*markdown(runs), "", *versions, *absent]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
