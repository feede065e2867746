"""P(loss) of a stored run without response surfaces of landing and leak.

Flights are drawn from the same joint posterior, the stages themselves run for each, the case's limit states and fault
tree evaluated on what they answer:

    P(loss) = sum_b E[w_b] E[ tree(p_1, ..., p_m) | branch b ],   p_j = P(capacity_j < factor_j demand_j)

over everything unknown and everything that differs from flight to flight; scatter of capacities in closed form. Entry,
heat shield (fast twin), landing on every branch and leak are run; seal temperatures and stresses at entry come from
surrogates of the run's own ensemble, as they do there. The run's response surfaces only say where to look: flights are
taken from many candidates with

    q = 0.4 / K + 0.15 sum_b p_b / sum p_b       p_b: chance of loss on branch b by the surrogates, errors included,

so that no weight is above 2.5 and the estimate is unbiased whatever the surrogates say.

`python -m containment.verification.bench_brute_force RUN --store FILE [--flights N] [--publish FILE]`: flights go to
the store one by one, those it holds are not run again; P by branch and limit state beside what the surrogates say of
the same, and of loss what the run said, as the table that `containment verify reliability` judges.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from containment.barriers import failure_probability_given_demand, split_common_cause
from containment.case.dump import to_toml
from containment.errors import ContainmentError, UsageError
from containment.reliability.draws import features
from containment.store import RunFolder, SampleRecords, content_hash

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case
    from containment.reliability.evaluation import Model
    from containment.study import Study

Array = NDArray[np.float64]
PUBLISHED = Path(__file__).parent / "data" / "brute-force.csv"
CANDIDATES = 100_000
_SEED = 20_000  # added to the run's own, so that nothing here is drawn as it was there
_DEFENSIVE = 0.4
_RUN = ("mesh", "entry", "heatshield", "landing", "leak")


@dataclass(frozen=True)
class Stored:
    """A finished run: its case, settings, ensemble, and K joint draws of every input with the run's surrogates."""

    case: Case
    settings: Fidelity
    study: Study
    model: Model
    scores: Array
    answer: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path, candidates: int = CANDIDATES) -> Stored:
        """From a run folder; `scores` (K, d) are normal scores of all inputs of the case."""
        from containment.case.load import load_case
        from containment.evidence import infer
        from containment.reliability.assurance import model_of
        from containment.study import Study

        folder = RunFolder(path)
        case, answer = load_case(path / "case.toml"), folder.read_json("result.json")
        tree = folder.load_tree("posterior.nc")
        if tree is None:
            raise UsageError(f"{path}: no posterior.nc", advice="give the folder of a finished run")
        settings, seed = case.settings(answer["fidelity"]), int(folder.read_json("provenance.json")["seed"]) + _SEED
        study, many = Study.read(case, folder), settings.model_copy(update={"epistemic_draws": candidates})
        measured = {row["response"]: row["error"] for row in answer["discretisation"] if "response" in row}
        updates = infer.of_tree(tree).updates
        model = model_of(case, study.finished(), updates, many, measured, seed, resamples=0)
        aleatory = model.inputs.scores(candidates, seed, purpose="brute force")
        aleatory[:, [kind == "epistemic" for kind in model.inputs.kinds]] = 0.0
        return cls(case, settings, study, model, model.draws.scores + aleatory, answer)

    @property
    def branches(self) -> tuple[str, ...]:
        """Landing branches."""
        return tuple(self.model.draws.weights)

    def weight(self, branch: str) -> float:
        """Mean probability of a branch; it is independent of everything else."""
        return float(self.model.draws.weights[branch].mean())

    @cached_property
    def key(self) -> str:
        """Hash of what the answer of a flight depends on: case, settings, ensemble, and which candidate is which."""
        candidates = [self.model.draws.seed, len(self.scores)]
        return content_hash([to_toml(self.case), self.settings, candidates, self.study.finished().responses])

    @cached_property
    def predicted(self) -> dict[str, Array]:
        """Demands by the surrogates (K,) by response."""
        table = features(self.model.inputs, self.scores)
        return {name: fitted(table) for name, fitted in self.model.surrogates.items()}

    @cached_property
    def guessed(self) -> dict[str, dict[str, Array]]:
        """Chance of every limit state and of loss (key "loss") on each branch (K,), by the surrogates and their
        errors, these independent of each other."""
        return {branch: self.chances(branch, self.predicted, slice(None)) for branch in self.branches}

    def chances(
        self, branch: str, demands: Mapping[str, Array], rows: Any, exact: Sequence[str] = ()
    ) -> dict[str, Array]:
        """Chance of every limit state and of loss for candidates `rows` with these demands on one branch; the responses
        `exact` carry no error of a surrogate."""
        model = self.model
        p: dict[str, Array] = {name: chance[rows] for name, chance in model.event_probability.items()}
        for name, state in model.limit_states.items():
            response, fails_above = state.response(branch), state.fails == "above"
            fitted, factor, law = model.surrogates[response], model.factors[name][rows], model.capacities[name]
            scatter = 0.0 if response in exact else fitted.scatter
            demand = demands[response] * factor
            width = scatter if fitted.logarithmic else scatter * float(np.median(factor))
            if isinstance(law, np.ndarray):
                demand, law, width = demand / law[rows], 1.0, width if fitted.logarithmic else width / np.median(law)
            p[name] = failure_probability_given_demand(
                demand, law, scatter=float(width), logarithmic=fitted.logarithmic, fails_above=fails_above
            )
        split = split_common_cause(p, model.tree, {name: beta[rows] for name, beta in model.beta.items()})
        top = np.broadcast_to(model.diagram.probability("top", split), np.shape(demand))
        return {name: p[name] for name in model.limit_states} | {"loss": np.asarray(top)}

    @cached_property
    def density(self) -> Array:
        """q (K,)."""
        parts = [guess["loss"] / guess["loss"].sum() for guess in self.guessed.values()]
        return np.asarray(_DEFENSIVE / len(self.scores) + (1.0 - _DEFENSIVE) * np.mean(parts, axis=0))

    def chosen(self, count: int) -> NDArray[np.int64]:
        """Candidates to fly (n,), the first so many whatever n; one may come up twice."""
        rng = np.random.default_rng(self.model.draws.seed)
        total = np.cumsum(self.density)
        return np.asarray(np.searchsorted(total, rng.random(count) * total[-1]), dtype=np.int64)


def fly(stored: Stored, rows: NDArray[np.int64], store: Path, block: int = 200) -> dict[int, dict[str, float] | None]:
    """Responses of candidates, None where a stage failed; kept in `store` as they come."""
    records, kept = SampleRecords(store), SampleRecords(store).load()
    if any(record["run"] != stored.key for record in kept):
        raise UsageError(f"{store} holds flights of another run", advice="give each run a store of its own")
    done: dict[int, dict[str, float] | None] = {int(record["flight"]): record["responses"] for record in kept}
    todo = [row for row in dict.fromkeys(rows.tolist()) if row not in done]
    for start in range(0, len(todo), block):
        part = todo[start : start + block]
        for row, sample in zip(part, _samples(stored, part), strict=True):
            done[row] = _responses(stored, sample)
            records.append({"run": stored.key, "flight": row, "responses": done[row]})
    return done


def _samples(stored: Stored, rows: Sequence[int]) -> list[dict[str, dict[str, float]]]:
    from containment import study

    inputs = stored.model.inputs
    columns = [inputs.index(path) for path in stored.study.samples.paths]
    return study.soak_given(stored.case, stored.study, inputs.physical(stored.scores[rows])[:, columns])


def _responses(stored: Stored, sample: Mapping[str, Mapping[str, float]]) -> dict[str, float] | None:
    from containment import stages

    twin = stored.settings.model_copy(update={"heatshield_rung": 1})
    names = [name for name in stages.available(stored.case) if name in _RUN]
    try:
        found = stages.evaluate(stored.case, twin, names, sample)
    except ContainmentError as error:
        sys.stderr.write(f"{error.message}\n")
        return None
    return {name: found[name] for name in stored.model.responses if name in found}


@dataclass(frozen=True)
class Row:
    """P of one thing on one branch: by the stages (with its relative standard error), by the surrogates over all
    candidates, and the ratio of both over the same flights with its standard error."""

    branch: str
    name: str
    probability: float
    error: float
    surrogate: float
    ratio: float
    ratio_error: float


def compared(stored: Stored, rows: NDArray[np.int64], flown: Mapping[int, dict[str, float] | None]) -> list[Row]:
    """Every limit state and loss, branch by branch, then loss over all branches (branch "")."""
    good = np.array([row for row in rows.tolist() if flown.get(row) is not None])
    kept = [flown[row] or {} for row in good.tolist()]
    weight = 1.0 / (len(stored.scores) * stored.density[good])
    names = [name for name in stored.model.responses if name in kept[0]]
    demands = {name: values[good] for name, values in stored.predicted.items()}
    demands |= {name: np.array([values[name] for values in kept]) for name in names}
    table, totals, guesses = [], np.zeros(len(good)), np.zeros(len(stored.scores))
    for branch in stored.branches:
        true, guess = stored.chances(branch, demands, good, names), stored.guessed[branch]
        table += [_row(branch, name, weight, true[name], guess[name], good) for name in true]
        totals, guesses = totals + stored.weight(branch) * true["loss"], guesses + stored.weight(branch) * guess["loss"]
    return [*table, _row("", "loss", weight, totals, guesses, good)]


def _row(branch: str, name: str, weight: Array, true: Array, guess: Array, flights: NDArray[np.int64]) -> Row:
    """Standard errors of the flights, and of the candidates they were taken from."""
    n, value, expected = len(weight), weight * true, float(guess.mean())
    p = float(value.mean())
    if p <= 0.0 or expected <= 0.0:
        return Row(branch, name, p, float("nan"), expected, float("nan"), float("nan"))
    own, candidates = value.std() / np.sqrt(n) / p, guess.std() / np.sqrt(len(guess)) / expected
    off = weight * (true - guess[flights])
    ratio = 1.0 + off.mean() / expected
    return Row(
        branch, name, p, float(np.hypot(own, candidates)), expected, float(ratio),
        float(off.std() / np.sqrt(n) / expected),
    )  # fmt: skip


def claimed(stored: Stored, draws: Array) -> Row:
    """What the run said of loss (branch "run"): mean over its draws, standard error of that mean, and as `ratio_error`
    its own figure of what the surrogates' errors add to ln P."""
    mean = float(stored.answer["probability_of_loss"]["mean"])
    error = float(draws.std(ddof=1)) / np.sqrt(len(draws)) / mean
    part = float(stored.answer["probability_of_loss"]["interval_parts"]["surrogate"])
    return Row("run", "loss", mean, float(error), float("nan"), float("nan"), part)


def published(path: Path = PUBLISHED) -> list[Row]:
    """Rows of a published table."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(row["branch"], row["name"], *(float(row[field.name]) for field in fields(Row)[2:]))
            for row in csv.DictReader(file)
        ]


def write(rows: Sequence[Row], file: TextIO) -> None:
    """The rows as a table."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([field.name for field in fields(Row)])
    for row in rows:
        writer.writerow([row.branch, row.name, *(f"{getattr(row, field.name):.4g}" for field in fields(Row)[2:])])


def main(arguments: Sequence[str]) -> None:
    """The table of a run."""
    parser = argparse.ArgumentParser(prog="python -m containment.verification.bench_brute_force", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--store", type=Path, default=Path("brute-force.jsonl"))
    parser.add_argument("--flights", type=int, default=2000)
    parser.add_argument("--publish", type=Path, help="write the table to this file, too")
    chosen = parser.parse_args(arguments)
    stored, tree = Stored.read(chosen.run), RunFolder(chosen.run).load_tree("assurance.nc")
    if tree is None:
        raise UsageError(f"{chosen.run}: no assurance.nc", advice="give the folder of a finished run")
    rows = stored.chosen(chosen.flights)
    flown = fly(stored, rows, chosen.store)
    table = [*compared(stored, rows, flown), claimed(stored, np.asarray(tree["probability_of_loss"].values))]
    write(table, sys.stdout)
    if chosen.publish is not None:
        with chosen.publish.open("w", encoding="utf-8", newline="") as file:
            write(table, file)
    used = [flown[row] for row in dict.fromkeys(rows.tolist())]
    sys.stderr.write(f"{len(used)} flights, {sum(responses is None for responses in used)} failed\n")


if __name__ == "__main__":
    main(sys.argv[1:])
