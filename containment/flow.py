"""The whole analysis, in order. Each step is one call; data goes one way, through the run folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containment import ensemble, logs, provenance, stages
from containment.case.dump import to_toml, values_of
from containment.errors import FailedSamplesError
from containment.store import RunFolder, content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from containment.case.fidelity import Fidelity, FidelityName
    from containment.case.schema import Case
    from containment.evidence.infer import Posterior
    from containment.study import Study

_LOG = logging.getLogger(__name__)


def run(
    case: Case, out: Path | str, *, fidelity: FidelityName = "screening", workers: int | None = None,
    scheduler: str | None = None, seed: int | None = None, executor: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Everything: nominal flight, evidence, ensemble, assurance, report. Returns what stands in result.json.

    Run again with the same folder to resume: whatever is there and still valid is not computed again.
    """
    settings, seed = case.settings(fidelity), case.study.seed if seed is None else seed
    with opened(case, out, seed) as folder, ensemble.in_worker(nominal_flight, case, settings, folder) as nominal:
        posterior = learn(case, settings, folder, seed)  # in this process, while the nominal flies in a worker
        chain = nominal.result()
        study = fly(case, settings, folder, seed, workers=workers, scheduler=scheduler, executor=executor)
        answer = judge(case, settings, folder, seed, chain, study, posterior)
        document(folder)
    return answer


def nominal_flight(case: Case, settings: Fidelity, folder: RunFolder) -> stages.Chain:
    """Every stage at the nominal values, with histories and fields."""
    return stages.run_chain(case, settings, stages.available(case), folder, folder / "fields")


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
    case: Case, settings: Fidelity, folder: RunFolder, seed: int, *, names: Sequence[str] | None = None,
    design: str | None = None, sweep: Sequence[str] = (), workers: int | None = None, scheduler: str | None = None,
    executor: Any = None,
) -> Study:  # fmt: skip
    """The ensemble: samples of all uncertain inputs carried through the stages."""
    from containment import study

    names = list(names or stages.available(case))
    samples = study.samples(case, names, settings.samples, seed, design or case.study.design, sweep)
    key = content_hash([stages.keys(case, settings, names), provenance.code_hash("containment.stages")])
    with study.executor(scheduler, executor) as pool:
        outcomes = ensemble.map_samples(
            partial(stages.evaluate, case, settings, names), samples.rows, executor=pool, workers=workers,
            store=folder, key=key, label="samples",
        )  # fmt: skip
    done = study.Study(samples, tuple(outcomes))
    done.save(folder)
    if done.failed_fraction > case.study.max_failed_fraction:
        raise FailedSamplesError(
            f"{done.failed} of {len(outcomes)} samples failed, expected at most {case.study.max_failed_fraction:.0%};"
            f" the first: {done.reasons()[0][1]}",
            advice=f"see {folder / 'failures.json'}; mend the case or allow more under study.max_failed_fraction",
        )
    return done


def judge(
    case: Case, settings: Fidelity, folder: RunFolder, seed: int, chain: stages.Chain, study: Study,
    posterior: Posterior,
) -> dict[str, Any]:  # fmt: skip
    """P(loss) with its posterior, from the ensemble, the evidence and the fault tree."""
    from containment import answer
    from containment.reliability.assurance import assurance

    key = answer.key(case, settings, seed, study, posterior)
    if folder.load("assurance.nc", key) is not None:
        return folder.read_json("result.json")
    _LOG.info("assurance: %d epistemic draws of %d flights each", settings.epistemic_draws, settings.aleatory_draws)
    found = assurance(case, study.finished(), posterior.updates, settings, seed=seed)
    return answer.write(folder, key, case, settings, chain, study, posterior, found)


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
