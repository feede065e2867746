"""The whole analysis, in order. Each step is one call; data goes one way, through the run folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containment import dispersion, ensemble, logs, provenance, stages
from containment.case.dump import to_toml, values_of
from containment.store import RunFolder, content_hash
from containment.workforce import Workforce

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from containment.case.fidelity import Fidelity, FidelityName
    from containment.case.schema import Case
    from containment.evidence.infer import Posterior
    from containment.study import Study

_LOG = logging.getLogger(__name__)


def run(
    case: Case, out: Path | str, *, fidelity: FidelityName = "screening", workers: int | None = None,
    scheduler: str | None = None, seed: int | None = None, executor: Executor | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Everything: nominal flight, evidence, ensemble, assurance, report. Returns what stands in result.json.

    Run again with the same folder to resume: whatever is there and still valid is not computed again.
    """
    settings, seed = case.settings(fidelity), case.study.seed if seed is None else seed
    how = Workforce(workers, scheduler, executor)
    with opened(case, out, seed) as folder:
        with ensemble.in_worker(nominal_flight, case, settings, folder) as nominal:
            chain = nominal.result()
        with ensemble.in_worker(closer_look, case, settings, folder, chain) as closer:  # beside all that follows
            posterior = learn(case, settings, folder, seed)
            if case.footprint is not None:
                _LOG.info("footprint: where it comes down")
                dispersion.footprint(case, folder, seed, workers=workers)
            study = land(case, settings, folder, seed, how, fly(case, settings, folder, seed, how))
            chain = chain.with_further(closer.result())
        answer = judge(case, settings, folder, seed, how, chain, study, posterior)
        document(folder)
    return answer


def nominal_flight(case: Case, settings: Fidelity, folder: RunFolder) -> stages.Chain:
    """The stages that samples go through as well, at the nominal values, with histories and fields."""
    return stages.run_chain(case, settings, stages.available(case), folder, folder / "fields")


def closer_look(case: Case, settings: Fidelity, folder: RunFolder, flown: stages.Chain) -> stages.Chain:
    """The stages that are run for the nominal flight alone: dear, and nothing of the ensemble waits for them."""
    names = [name for name in stages.available(case, nominal=True) if name not in flown.results]
    return stages.run_chain(case, settings, names, folder, folder / "fields", flown.results)


def learn(case: Case, settings: Fidelity, folder: RunFolder, seed: int) -> Posterior:
    """What the evidence says of the epistemic inputs."""
    from containment.evidence import infer

    part = values_of(case, ("evidence",)) | {"priors": [str(q) for _, q in case.quantities()]}
    key = content_hash([part, settings.posterior_draws, seed, provenance.code_hash("evidence")])
    tree = folder.load_tree("posterior.nc", key)
    if tree is not None:
        return infer.of_tree(tree)
    _LOG.info("evidence: sampling the posterior")
    posterior = infer.infer(case, draws=settings.posterior_draws, seed=seed)
    folder.save_tree("posterior.nc", posterior.tree, key)
    return posterior


def fly(
    case: Case, settings: Fidelity, folder: RunFolder, seed: int, how: Workforce, *,
    names: Sequence[str] = (), design: str | None = None, sweep: Sequence[str] = (),
) -> Study:  # fmt: skip
    """The ensemble: samples of all uncertain inputs carried through the stages."""
    from containment import study

    names = list(names or stages.asked(case))
    drawn = study.samples(case, names, settings.samples, seed, design or case.study.design, sweep)
    outcomes = how.carry(case, settings, folder, names, [{"inputs": row} for row in drawn.rows], "samples")
    return study.Study(drawn, outcomes, len(outcomes)).kept(folder, case.study.max_failed_fraction)


def land(case: Case, settings: Fidelity, folder: RunFolder, seed: int, how: Workforce, done: Study) -> Study:
    """Many more samples of landing and leak, which are cheap and decide most; the soak is given by its surrogates."""
    from containment import study

    names = [name for name in stages.asked(case) if name in ("mesh", "entry", "landing", "leak")]
    if "landing" not in names or not settings.landings:
        return done
    rows = study.landings(case, done, settings.landings, seed, case.study.design)
    outcomes = how.carry(case, settings, folder, names, rows, "landings")
    return done.extended(rows, outcomes).kept(folder, case.study.max_failed_fraction)


def judge(
    case: Case, settings: Fidelity, folder: RunFolder, seed: int, how: Workforce, chain: stages.Chain, study: Study,
    posterior: Posterior,
) -> dict[str, Any]:  # fmt: skip
    """P(loss) with its posterior, from the ensemble, the evidence and the fault tree."""
    from containment import answer, refinement
    from containment.reliability.assurance import assurance

    key = answer.key(case, settings, seed, study, posterior)
    if folder.load("assurance.nc", key) is not None:
        return folder.read_json("result.json")
    resolved = refinement.of_study(case, settings, folder, seed, how, study, posterior.updates)
    _LOG.info("assurance: %d epistemic draws of %d flights each", settings.epistemic_draws, settings.aleatory_draws)
    measured = refinement.measured(resolved)
    found = assurance(case, study.finished(), posterior.updates, settings, mesh_error=measured, seed=seed)
    return answer.write(folder, key, case, settings, chain, study, posterior, found, resolved)


def document(folder: RunFolder) -> list[Path]:
    """The report of what the folder holds."""
    from containment.report.render import render

    _LOG.info("report")
    return render(folder)


@contextmanager
def opened(case: Case, out: Path | str, seed: int) -> Iterator[RunFolder]:
    """A run folder with the resolved case, the facts of the run and the log in it."""
    with RunFolder(out).writing() as folder, logs.to_file(folder / "log.jsonl"):
        folder.write_text("case.toml", to_toml(case))
        folder.write_json("provenance.json", provenance.facts(seed=seed))
        yield folder
