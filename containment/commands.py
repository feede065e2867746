"""What the commands for parts of the flow do: one stage, a study, the posterior, a stored run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from containment import dispersion, ensemble, flow, stages
from containment.case.load import load_case
from containment.errors import StorageError, UsageError
from containment.store import RunFolder
from containment.workforce import Workforce

if TYPE_CHECKING:
    from containment.case.fidelity import FidelityName
    from containment.case.schema import Case
    from containment.evidence.infer import Posterior
    from containment.result import StageResult


def check(case: Case) -> Case:
    """The case, when the evidence it names can be read too; what posteriors make of it is not looked at."""
    from containment.evidence.model import read_sets

    if case.evidence is not None:
        read_sets(case.evidence)
    return case


def stage(
    case: Case, name: str, out: Path, *, fidelity: FidelityName = "screening", sample: Path | None = None,
    seed: int | None = None,
) -> tuple[StageResult, list[Path]]:  # fmt: skip
    """One stage, and those it follows, at the nominal sample or the one in a file; its result and figures."""
    from containment.study import read_sample

    names = stages.needed(case, name)
    flown = case.at(read_sample(sample)) if sample else case
    with flow.opened(case, out, case.study.seed if seed is None else seed) as folder:
        settings = case.settings(fidelity)
        chain = ensemble.in_worker(stages.run_chain, flown, settings, names, folder, folder / "fields").result()
        from containment.report import stage_figures
        from containment.report.style import as_file, svg

        figures = stage_figures.figures(chain.results[name])
        files = [folder.write_text(f"figures/{key}.svg", as_file(svg(figure))) for key, figure in figures.items()]
    return chain.results[name], files


def footprint(
    case: Case, out: Path, *, samples: int | None = None, seed: int | None = None, workers: int | None = None
) -> tuple[dict[str, Any], list[Path]]:
    """Where the vehicle comes down; numbers and the files written."""
    seed = case.study.seed if seed is None else seed
    with flow.opened(case, out, seed) as folder:
        found = dispersion.footprint(case, folder, seed, samples=samples, workers=workers)
        from containment.report.result_figures import landing_map
        from containment.report.style import as_file, styled, svg

        with styled():
            drawing = folder.write_text("figures/footprint.svg", as_file(svg(landing_map(found))))
        return found, [folder / dispersion.FILE, drawing]


def infer(
    case: Case, out: Path, *, fidelity: FidelityName, seed: int | None = None
) -> tuple[Posterior, list[dict[str, Any]]]:
    """The posterior alone, and what the pass-fail tests behind it show without it (none without a requirement)."""
    from containment.evidence.alone import tests_alone

    seed = case.study.seed if seed is None else seed
    with flow.opened(case, out, seed) as folder:
        posterior = flow.learn(case, case.settings(fidelity), folder, seed)
    if case.requirement is None:
        return posterior, []
    wanted = case.requirement
    tested = tests_alone(posterior, wanted.probability.value, wanted.assurance.value)
    return posterior, [asdict(row) for row in tested]


def plan(path: Path, numbers: Sequence[int]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What further tests would show, by the draws of P(loss) of a stored run; and the worst prior after those there."""
    from containment.evidence.planner import plan_of_loss

    folder, answer = RunFolder.existing(path), result(path)
    draws = folder.load_tree("assurance.nc")
    if draws is None or "worst_prior" not in answer:
        raise StorageError(f"{path} has no draws of P(loss) to plan by", advice="run the case to its end again")
    wanted = answer["requirement"]
    loss = draws["probability_of_loss"].to_numpy()
    rows = plan_of_loss(loss, wanted["probability"], wanted["assurance_wanted"], numbers)
    return [asdict(row) for row in rows], answer["worst_prior"]


def study(
    case: Case, out: Path, *, fidelity: FidelityName, samples: int | None = None, names: Sequence[str] = (),
    design: str | None = None, sweep: Sequence[str] = (), seed: int | None = None, workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """An ensemble alone; counts and quantiles of every response."""
    unknown = [name for name in names if name not in stages.STAGES]
    if unknown:
        raise UsageError(f"no stage {unknown[0]!r}", advice=f"stages are {', '.join(stages.STAGES)}")
    wanted = {upstream for name in names for upstream in stages.needed(case, name)}
    chosen = [name for name in stages.STAGES if name in wanted] or stages.available(case)
    settings = case.settings(fidelity)
    settings = settings.model_copy(update={"samples": samples}) if samples else settings
    seed = case.study.seed if seed is None else seed
    with flow.opened(case, out, seed) as folder:
        done = flow.fly(
            case, settings, folder, seed, Workforce(workers, scheduler), names=chosen, design=design, sweep=sweep
        )
    units = done.units()
    quantiles = {
        name: (*np.nanquantile(values, [0.05, 0.5, 0.95]), units.get(name, ""))
        for name, values in done.responses().items()
        if np.isfinite(values).any()
    }
    reused = sum(outcome.resumed for outcome in done.outcomes)
    counts = {"samples": len(done.outcomes), "done": len(done.outcomes) - done.failed, "failed": done.failed}
    return {**counts, "reused": reused, "responses": quantiles}


def reliability(path: Path, *, seed: int | None = None) -> dict[str, Any]:
    """Assurance of a stored run: its stages, ensemble and posterior must be there."""
    folder = RunFolder.existing(path)
    facts, result = folder.read_json("provenance.json"), folder.read_json("result.json")
    return flow.run(load_case(path / "case.toml"), path, fidelity=result["fidelity"], seed=seed or facts["seed"])


def report(path: Path) -> list[Path]:
    """Render a stored run."""
    folder = RunFolder.existing(path)
    if not (folder / "result.json").exists():
        raise StorageError(f"{path} has no result.json", advice="run the case to its end first")
    with folder.writing():
        return flow.document(folder)


def result(path: Path) -> dict[str, Any]:
    """The answer of a stored run."""
    return RunFolder.existing(path).read_json("result.json")
