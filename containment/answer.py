"""result.json: the answer of a run, put together from assurance, nominal flight, ensemble and evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from containment import provenance
from containment.case.dump import to_toml
from containment.store import content_hash

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case
    from containment.evidence.infer import Posterior
    from containment.refinement import Discretisation
    from containment.reliability.result import Assurance
    from containment.stages import Chain
    from containment.store import RunFolder
    from containment.study import Study

SCHEMA = 1

LIMITS = (
    "P(loss) is conditional on the models, priors and assumed values listed in this report; loss modes that are not in"
    " the fault tree are not in the number.",
    "Landing is a chain of crushable masses on soil columns (rung 1), calibrated on explicit finite elements; these run"
    " at the nominal values only, and the chain's error enters only as the declared model factors.",
    "The heat shield is one-dimensional at each station; the shoulder is not resolved, a crater only where a case asks"
    " for one, and what it does is not in P(loss).",
    "Samples of landing and leak beyond the ensemble take seal temperatures from surrogates of the soak.",
    "A response surface fitted to the ensemble stands between finite elements and the probability; its leave-one-out"
    " error is carried as extra scatter, and what lies outside the range of the ensemble is extrapolated.",
)


def key(case: Case, settings: Fidelity, seed: int, study: Study, posterior: Posterior) -> str:
    """Content key of the assurance."""
    updates = {path: [float(v.mean()), float(v.std()), len(v)] for path, v in posterior.updates.items()}
    outcomes = [
        (o.index, o.values and {k: v for k, v in o.values.items() if not k.startswith("cost.")}) for o in study.outcomes
    ]
    code = provenance.code_hash("answer", "refinement", "reliability", "barriers")
    return content_hash([to_toml(case), settings.model_dump(), seed, updates, outcomes, study.reasons(), code])


def write(
    folder: RunFolder, key: str, case: Case, settings: Fidelity, chain: Chain, study: Study, posterior: Posterior,
    assurance: Assurance, resolved: Sequence[Discretisation],
) -> dict[str, Any]:  # fmt: skip
    """Write assurance.nc and result.json; returns the latter."""
    from containment.evidence.infer import summary_table
    from containment.evidence.sensitivity import leaning_table

    answer: dict[str, Any] = {"schema": SCHEMA, "fidelity": settings.name, **assurance.to_result_json()}
    answer["discretisation"] = [_discretisation(row) for row in resolved]
    answer["conditional_on"] = _conditional_on(case)
    answer["doubts"] = _doubts(case, assurance)
    answer["responses"] = {
        name: {"value": r.value, "unit": r.unit, "rung": r.rung}
        for result in chain.results.values()
        for name, r in result.responses.items()
    }
    answer["evaluations"] = _evaluations(chain, study)
    answer["checks"] = _checks(chain, posterior, answer["checks"])
    answer["evidence"] = summary_table(posterior)
    answer["evidence_leans_on"] = leaning_table(posterior.prior_sensitivity, posterior.influence)
    answer["evidence_effects"] = _effects(posterior, assurance)
    answer |= _beside(case, posterior, assurance)
    answer["failures"] = [{"index": index, "reason": reason} for index, reason in study.reasons()]
    answer["limits"] = list(LIMITS)
    folder.save_tree("assurance.nc", _draws(assurance), key)
    folder.write_json("result.json", answer)
    return answer


def _discretisation(row: Discretisation) -> dict[str, Any]:
    """Plain values; an assumed error has nothing it was measured on."""
    return {name: value for name, value in asdict(row).items() if value != "" and value == value}


def _draws(assurance: Assurance) -> Any:
    import xarray as xr

    attrs = {"long_name": "posterior draws of P(loss), per mission", "units": "1"}
    return xr.DataTree(xr.Dataset({"probability_of_loss": ("draw", assurance.loss, attrs)}))


def _conditional_on(case: Case) -> str:
    values = [quantity.confidence for _, quantity in case.quantities()]
    return (
        f"the models of this chain, the priors, {values.count('assumed')} assumed values of {len(values)} in the case,"
        " and on the fault tree being complete"
    )


def _doubts(case: Case, assurance: Assurance) -> dict[str, Any]:
    """The doubt ledger beside the analysed mean, and the one sentence that may be said of both."""
    from containment.evidence import doubt

    book = doubt.ledger(
        float(assurance.loss.mean()), assurance.requirement, case.evidence.doubts if case.evidence else {}
    )
    return {**asdict(book), "sentence": doubt.sentence(book, assurance.requirement)}


def _effects(posterior: Posterior, assurance: Assurance) -> list[dict[str, Any]]:
    """P(loss) without each item of evidence, and with priors counted half and twice."""
    from containment.evidence import effects

    if not posterior.updates:
        return []
    asked = (posterior, assurance.rows, assurance.loss, assurance.requirement)
    return [asdict(effect) for effect in (*effects.leave_one_out(*asked), *effects.other_priors(*asked))]


def _beside(case: Case, posterior: Posterior, assurance: Assurance) -> dict[str, Any]:
    """What stands beside the analysis: tests alone, the worst prior that may be held, what further tests would show."""
    from containment.evidence import alone, planner

    asked = (assurance.requirement, assurance.wanted)
    tested = alone.tests_alone(posterior, *asked)
    beliefs = case.evidence.beliefs if case.evidence else {}
    return {
        "tests_alone": [asdict(row) for row in tested],
        "worst_prior": asdict(alone.worst_prior(beliefs, assurance.loss, tested, *asked)),
        "test_plan": [asdict(row) for row in planner.plan_of_loss(assurance.loss, *asked)],
    }


def _evaluations(chain: Chain, study: Study) -> dict[str, dict[str, float]]:
    total = {name: {"count": 1, "wall_s": cost.wall_s, "cpu_s": cost.cpu_s} for name, cost in chain.costs.items()}
    for name, row in study.costs().items():
        before = total.get(name, {"count": 0, "wall_s": 0.0, "cpu_s": 0.0})
        total[name] = {part: before[part] + row[part] for part in ("count", "wall_s", "cpu_s")}
    return total


def _checks(chain: Chain, posterior: Posterior, assurance: Mapping[str, Any]) -> dict[str, Any]:
    stages = {f"{n}.{k}": asdict(c) for n, result in chain.results.items() for k, c in result.checks.items()}
    evidence = {name: asdict(check) for name, check in posterior.checks.items()}
    return {**stages, **evidence, **assurance}
