"""An ensemble: which samples are run, what became of them, and the table that is kept."""

from __future__ import annotations

import itertools
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from containment.case.barriers import response_unit
from containment.case.inputs import inputs_of
from containment.errors import DataError, FailedSamplesError, UsageError
from containment.stages import STAGES
from containment.units import UnitError, parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from containment.case.schema import Case
    from containment.ensemble import Outcome
    from containment.reliability.assurance import Ensemble
    from containment.store import RunFolder


@dataclass(frozen=True)
class Samples:
    """Values (SI) of the inputs of each sample, by path."""

    rows: tuple[dict[str, float], ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The inputs that vary."""
        return tuple(self.rows[0]) if self.rows else ()


@dataclass(frozen=True)
class Study:
    """Samples and their outcomes."""

    samples: Samples
    outcomes: tuple[Outcome, ...]
    whole: int  # the first so many went through every stage, the others through landing and leak alone

    @property
    def failed(self) -> int:
        """How many samples have no answer."""
        return sum(not outcome.ok for outcome in self.outcomes)

    @property
    def failed_fraction(self) -> float:
        """Share of samples without an answer."""
        return self.failed / max(1, len(self.outcomes))

    def reasons(self) -> list[tuple[int, str]]:
        """(sample, reason) of every failure."""
        return [(o.index, f"{o.error.kind}: {o.error.message}") for o in self.outcomes if o.error]

    def inputs(self) -> NDArray[np.float64]:
        """Input values (n, d), columns as `samples.paths`."""
        return np.array([[row[path] for path in self.samples.paths] for row in self.samples.rows], dtype=float)

    def responses(self) -> dict[str, NDArray[np.float64]]:
        """Each response over the samples (n,), NaN where a sample failed."""
        names = dict.fromkeys(name for o in self.outcomes if o.values for name in o.values)
        return {
            name: np.array([(o.values or {}).get(name, np.nan) for o in self.outcomes])
            for name in names
            if not name.startswith("cost.")
        }

    def finished(self) -> Ensemble:
        """The samples that have an answer, as reliability reads them."""
        from containment.reliability.assurance import Ensemble

        done = np.array([outcome.ok for outcome in self.outcomes])
        responses = self.responses()
        table = np.column_stack(list(responses.values()))[done] if responses else np.empty((int(done.sum()), 0))
        return Ensemble(
            self.samples.paths, self.inputs()[done], tuple(responses), table, self.units(), dict(self.reasons()),
            int(done[: self.whole].sum()),
        )  # fmt: skip

    def costs(self) -> dict[str, dict[str, float]]:
        """Evaluations, wall and CPU time of each stage over all samples."""
        found: dict[str, dict[str, float]] = {}
        for stage in STAGES:
            wall = [
                o.values[f"cost.{stage}.wall_s"]
                for o in self.outcomes
                if o.values and f"cost.{stage}.wall_s" in o.values
            ]
            cpu = [
                o.values[f"cost.{stage}.cpu_s"] for o in self.outcomes if o.values and f"cost.{stage}.cpu_s" in o.values
            ]
            if wall:
                found[stage] = {"count": len(wall), "wall_s": sum(wall), "cpu_s": sum(cpu)}
        return found

    def units(self) -> dict[str, str]:
        """SI units of the responses, from the last word of their names."""
        return {name: response_unit(name) or "" for name in self.responses()}

    def extended(self, rows: Sequence[Mapping[str, Mapping[str, float]]], outcomes: Sequence[Outcome]) -> Study:
        """This study with further samples of some stages."""
        first = len(self.outcomes)
        further = [replace(outcome, index=first + i) for i, outcome in enumerate(outcomes)]
        samples = Samples((*self.samples.rows, *(dict(row["inputs"]) for row in rows)))
        return Study(samples, (*self.outcomes, *further), self.whole)

    def kept(self, folder: RunFolder, allowed: float) -> Study:
        """Write the study; refuse to go on where more than the allowed share of samples failed."""
        self.save(folder)
        if self.failed_fraction > allowed:
            raise FailedSamplesError(
                f"{self.failed} of {len(self.outcomes)} samples failed, expected at most {allowed:.0%};"
                f" the first: {self.reasons()[0][1]}",
                advice=f"see {folder / 'failures.json'}; mend the case or allow more (study.max_failed_fraction)",
            )
        return self

    @classmethod
    def read(cls, case: Case, folder: RunFolder) -> Study:
        """The study a run folder holds, as `save` wrote it; costs are not among it."""
        from containment.ensemble import Failure, Outcome

        columns, _ = folder.read_table("responses.parquet")
        reasons = folder.read_json("failures.json")
        uncertain = case.inputs()
        paths = [name for name in columns if name in uncertain]
        names = [name for name in columns if "." in name and name not in uncertain]
        rows = tuple({path: float(columns[path][i]) for path in paths} for i in range(len(columns["sample"])))
        outcomes = []
        for i, status in enumerate(columns["status"]):
            values = {name: float(columns[name][i]) for name in names if np.isfinite(columns[name][i])}
            kind, _, message = str(reasons.get(str(i), "")).partition(": ")
            outcomes.append(Outcome(i, values) if status == "ok" else Outcome(i, None, Failure(kind, message)))
        return cls(Samples(rows), tuple(outcomes), int(np.sum(columns["stages"] == "all")))

    def save(self, folder: RunFolder) -> None:
        """Write responses.parquet (inputs, responses, status) and failures.json."""
        columns: dict[str, Any] = {"sample": np.arange(len(self.outcomes))}
        columns["status"] = np.array(["ok" if o.ok else "failed" for o in self.outcomes])
        columns["stages"] = np.array(["all" if i < self.whole else "landing" for i in range(len(self.outcomes))])
        columns |= {path: self.inputs()[:, j] for j, path in enumerate(self.samples.paths)} | self.responses()
        columns["peak_memory_bytes"] = np.array([float(o.peak_rss) for o in self.outcomes])
        folder.write_table("responses.parquet", columns, self.units())
        folder.write_json("failures.json", {str(index): reason for index, reason in self.reasons()})


def samples(
    case: Case, stages: Sequence[str], count: int, seed: int, design: str, sweep: Sequence[str] = ()
) -> Samples:
    """Samples of the inputs the stages read; sample i does not depend on how many there are.

    `sweep` holds "path=a,b,c": every combination is run, at the nominal values with design "grid", else with `count`
    samples of everything else. The study's samples leave out inputs that only the fault tree reads.
    """
    sections = {section for stage in stages for section in STAGES[stage].reads}
    combinations = [dict(pairs) for pairs in itertools.product(*(_swept(case, text) for text in sweep))]
    if design == "grid":
        if not sweep:
            raise UsageError("design grid without --sweep", advice="give --sweep key=a,b,c")
        return Samples(tuple(combinations))
    inputs = inputs_of(case)
    values = inputs.values(count, seed, design="sobol" if design == "sobol" else "lhs")
    keep = [j for j, path in enumerate(inputs.paths) if path.split(".")[0] in sections]
    rows = ({inputs.paths[j]: float(row[j]) for j in keep} for row in values)
    return Samples(tuple(row | combination for row in rows for combination in combinations))


def landings(case: Case, done: Study, count: int, seed: int, design: str) -> list[dict[str, dict[str, float]]]:
    """Further samples for landing and leak alone: what these need of the soak comes from surrogates of the study.

    Landing is cheap and decides most; its response has kinks (the absorber bottoms out) that need many samples.
    """
    inputs = inputs_of(case)
    values = inputs.values(done.whole + count, seed, design="sobol" if design == "sobol" else "lhs")[done.whole :]
    columns = [inputs.index(path) for path in done.samples.paths]
    return soak_given(case, done, values[:, columns])


def soak_given(case: Case, done: Study, values: NDArray[np.float64]) -> list[dict[str, dict[str, float]]]:
    """Samples with the inputs `values` (n, d, in SI, columns as `done.samples.paths`) whose soak responses are given by
    surrogates fitted to the study."""
    from containment.case.inputs import to_score
    from containment.reliability.draws import relevant
    from containment.reliability.surrogate import fit_surrogate

    inputs, finished = inputs_of(case), done.finished()
    columns = [inputs.index(path) for path in done.samples.paths]

    def scores(table: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([to_score(inputs.marginals[j], table[:, k]) for k, j in enumerate(columns)])

    known, wanted = scores(finished.inputs), scores(values)
    predicted = {}
    for k, name in enumerate(finished.names):
        if name.startswith("soak."):
            candidates = relevant(name, done.samples.paths, case)
            response = finished.responses[: finished.whole, k]
            predicted[name] = fit_surrogate(known[: finished.whole], response, candidates)(wanted)
    return [
        {
            "inputs": {path: float(row[k]) for k, path in enumerate(done.samples.paths)},
            "given": {name: float(column[i]) for name, column in predicted.items()},
        }
        for i, row in enumerate(values)
    ]


def _swept(case: Case, text: str) -> list[tuple[str, float]]:
    path, sign, values = text.partition("=")
    quantity = dict(case.quantities()).get(path)
    if not sign or quantity is None:
        raise UsageError(
            f"found --sweep {text!r}, expected PATH=A,B,C with the path of a value", advice="see `containment check`"
        )
    try:
        parts = [part.strip() for part in values.split(",")]
        plain = [float(part) if not quantity.si_unit else part for part in parts]
        return [(path, parse(part, quantity.si_unit)[0]) for part in plain]
    except (UnitError, ValueError) as error:
        raise UsageError(
            f"--sweep {path}: {error}", advice='write each value with its unit: --sweep a.b="1 m,2 m"'
        ) from error


def read_sample(path: Path) -> dict[str, float]:
    """One sample from a TOML or JSON file: input path -> value in SI, nested tables or dotted keys."""
    try:
        text = path.read_text(encoding="utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as a sample: {error}", advice="write path = value lines in SI"
        ) from error
    return dict(_flat(table, str(path)))


def _flat(table: Mapping[str, Any], file: str, head: str = "") -> Iterator[tuple[str, float]]:
    for key, value in table.items():
        path = f"{head}.{key}" if head else key
        if isinstance(value, Mapping):
            yield from _flat(value, file, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield path, float(value)
        else:
            raise DataError(f"{file}: {path}: found {value!r}, expected a number in SI", advice="give a plain number")
