"""From a stored ensemble to the posterior of P(loss).

For each draw of what is unknown, the surrogates carry simulated flights to every demand; capacity scatter and
surrogate error are integrated in closed form, the fault tree is evaluated exactly on each flight and landing branch:

    P(loss | k) = sum_b w_bk  mean_i  tree( p_1(flight i, branch b, draw k), ..., p_m )

Every draw uses surrogates fitted to another bootstrap resample of the ensemble, so that the spread over k holds what is
unknown about inputs and about the surrogates alike; the error of the simulated flights is added to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from containment.case.fidelity import Fidelity
from containment.case.inputs import inputs_of, to_physical, to_score
from containment.case.schema import Case
from containment.errors import DataError, FailedSamplesError, UsageError
from containment.reliability.draws import draw_epistemic, features, relevant
from containment.reliability.evaluation import BOOTSTRAPS, INNER_STRIDE, Model, evaluate, prepare
from containment.reliability.result import Assurance
from containment.reliability.summary import summarise
from containment.reliability.surrogate import Surrogate, fit_surrogate, refit, residual_factors

Array = NDArray[np.float64]
_FEWEST = 8  # below this no error of a surrogate can be measured


@dataclass(frozen=True)
class Ensemble:
    """Samples run through the stages: `inputs` (n, d) in SI by path, `responses` (n, r) in SI by name; only the samples
    that finished. `failed` maps the number of each sample that did not to the reason. The first `whole` rows went
    through every stage (None: all of them); later ones only through some, NaN standing for what was not run."""

    paths: tuple[str, ...]
    inputs: Array
    names: tuple[str, ...]
    responses: Array
    units: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[int, str] = field(default_factory=dict)
    whole: int | None = None

    @property
    def total(self) -> int:
        """Samples asked for."""
        return len(self.inputs) + len(self.failed)


def assurance(
    case: Case,
    ensemble: Ensemble,
    posterior: Mapping[str, Array],
    fidelity: Fidelity,
    *,
    mesh_error: Mapping[str, float] | None = None,
    seed: int | None = None,
) -> Assurance:
    """Posterior of P(loss) of a case.

    `posterior`: joint draws of epistemic inputs by path, all of one length; inputs without draws keep their prior.
    `mesh_error`: relative discretisation error by response where meshes were compared (replaces the case's own figure).
    Same seed, same answer: nothing here depends on workers or on the order of samples in time.
    Raises UsageError (no fault tree or requirement), DataError (responses missing, wrong unit, too few samples),
    FailedSamplesError (more than the case allows).
    """
    model = model_of(case, ensemble, posterior, fidelity, mesh_error or {}, seed, resamples=BOOTSTRAPS)
    flights = model.flights(fidelity.aleatory_draws, model.draws.seed)
    full = evaluate(model, flights, np.arange(model.draws.count), with_surrogate_error=True)
    # what remains when the surrogates, and then the meshes too, are taken as exact: a quarter of the draws tells
    some = np.arange(0, model.draws.count, INNER_STRIDE)
    inner = evaluate(model, flights, some, with_surrogate_error=False)
    resolved = evaluate(model.exactly_resolved(), flights, some, with_surrogate_error=False)
    return summarise(case, model, full, inner, resolved, ensemble.failed, ensemble.total)


@dataclass(frozen=True)
class DesignPoint:
    """Most likely failing flight of one limit state on one branch ("": none): the response that fails, the inputs in SI
    by path, and how many standard deviations of all inputs it is away from the middle."""

    limit_state: str
    branch: str
    response: str
    inputs: Mapping[str, float]
    distance: float


def design_points(
    case: Case, ensemble: Ensemble, posterior: Mapping[str, Array], fidelity: Fidelity, *, seed: int | None = None
) -> tuple[DesignPoint, ...]:
    """Where each limit state is most likely reached, by the surrogates; arguments and errors as of `assurance`."""
    model = model_of(case, ensemble, posterior, fidelity, {}, seed, resamples=0)
    found = []
    for (name, branch), scores in model.design_points().items():
        laws = zip(model.inputs.paths, model.inputs.marginals, scores, strict=True)
        values = {path: float(to_physical(law, np.array([z]))[0]) for path, law, z in laws if path in ensemble.paths}
        response = case.limit_states[name].response(branch)
        found.append(DesignPoint(name, branch, response, values, float(np.linalg.norm(scores))))
    return tuple(found)


def model_of(
    case: Case, ensemble: Ensemble, posterior: Mapping[str, Array], fidelity: Fidelity,
    mesh_error: Mapping[str, float], seed: int | None, *, resamples: int,
) -> Model:  # fmt: skip
    """Surrogates of every demand (and of `resamples` bootstraps of the ensemble), with `fidelity.epistemic_draws` draws
    of everything unknown; arguments and errors as of `assurance`."""
    if case.fault_tree is None or case.requirement is None:
        raise UsageError("the case has no requirement or no fault tree", advice="add [requirement] and [fault_tree]")
    seed = case.study.seed if seed is None else seed
    _check_ensemble(case, ensemble)
    inputs = inputs_of(case)
    draws = draw_epistemic(case, inputs, posterior, fidelity.epistemic_draws, seed)
    needed = _needed_responses(case, ensemble, tuple(draws.weights))
    scores = _scores_of(case, ensemble)
    surrogates, resampled = _fit_all(case, ensemble, needed, scores, seed, resamples)
    loadings, specific = residual_factors(np.column_stack([surrogates[name].residual for name in needed]))
    return prepare(case, inputs, draws, needed, surrogates, resampled, loadings, specific, mesh_error)


def _check_ensemble(case: Case, ensemble: Ensemble) -> None:
    share = len(ensemble.failed) / max(1, ensemble.total)
    if share > case.study.max_failed_fraction:
        reasons = sorted(set(ensemble.failed.values()))
        raise FailedSamplesError(
            f"{len(ensemble.failed)} of {ensemble.total} samples failed ({share:.0%}); first reason: {reasons[0]}",
            advice="repair the cause, or raise study.max_failed_fraction and read the bounds in the report",
        )
    if len(ensemble.inputs) < _FEWEST:
        raise DataError(
            f"{len(ensemble.inputs)} finished samples", advice=f"run at least {_FEWEST}: containment study --samples"
        )
    if not np.all(np.isfinite(ensemble.inputs)):
        raise DataError("inputs that are not numbers in the ensemble", advice="run the study again")


def _needed_responses(case: Case, ensemble: Ensemble, branches: Sequence[str]) -> tuple[str, ...]:
    from containment.case.barriers import response_unit

    needed: list[str] = []
    for name, state in case.limit_states.items():
        for branch in branches if state.is_branched else ("",):
            response = state.response(branch)
            if response not in ensemble.names:
                raise DataError(
                    f"limit state {name!r} needs the response {response!r}, which the ensemble does not hold",
                    advice="run the stage that delivers it or correct limit_states." + name + ".demand",
                )
            unit = ensemble.units.get(response)
            if unit is not None and unit.replace(" ", "") != (response_unit(state.demand) or ""):
                raise DataError(
                    f"response {response!r} comes in {unit or 'no unit'}, its limit in {response_unit(state.demand)!r}",
                    advice="compare quantities of one kind in limit_states." + name,
                )
            needed.append(response)
    return tuple(dict.fromkeys(needed))


def _scores_of(case: Case, ensemble: Ensemble) -> Array:
    """Features of the ensemble's inputs in the order of the case's inputs (n, d); columns not run are constant."""
    inputs = inputs_of(case)
    unknown = [path for path in ensemble.paths if path not in inputs.paths]
    if unknown:
        raise DataError(
            f"the ensemble varies {unknown[0]!r}, which is no uncertain input of this case",
            advice="the case has changed since the study: run it again",
        )
    scores = np.zeros((len(ensemble.inputs), len(inputs.paths)))
    for column, path in enumerate(ensemble.paths):
        j = inputs.index(path)
        scores[:, j] = to_score(inputs.marginals[j], ensemble.inputs[:, column])
    return features(inputs, scores)


def _fit_all(
    case: Case, ensemble: Ensemble, needed: Sequence[str], scores: Array, seed: int, resamples: int
) -> tuple[dict[str, Surrogate], list[dict[str, Surrogate]]]:
    """Surrogate of each response, and the same from bootstrap resamples of the samples."""
    from containment.case.inputs import stream

    paths = inputs_of(case).paths
    varied = {j for j in range(scores.shape[1]) if np.ptp(scores[:, j]) > 0}
    allowed = {name: [j for j in relevant(name, paths, case) if j in varied] for name in needed}
    whole = len(scores) if ensemble.whole is None else ensemble.whole
    data: dict[str, Array] = {}
    for name in needed:
        data[name] = ensemble.responses[:, ensemble.names.index(name)]
        if not np.all(np.isfinite(data[name][:whole])):
            raise DataError(
                f"response {name!r} is not a number in {int(np.sum(~np.isfinite(data[name][:whole])))} whole samples",
                advice="such samples must be reported as failed by the stage",
            )
    surrogates = {name: _fit(scores, data[name], allowed[name]) for name in needed}
    rng = stream(seed, "bootstrap", "assurance")
    resampled = []
    for _ in range(resamples):
        # whole samples and the rest apart, so that every resample has as many of each
        parts = [rng.integers(0, whole, whole), rng.integers(whole, max(len(scores), whole + 1), len(scores) - whole)]
        rows = np.concatenate(parts)
        fits = {}
        for name in needed:
            known = rows[np.isfinite(data[name][rows])]
            fits[name] = refit(surrogates[name], scores[known], data[name][known], allowed[name])
        resampled.append(fits)
    return surrogates, resampled


def _fit(scores: Array, response: Array, columns: list[int]) -> Surrogate:
    """Surrogate from the samples that have the response; its residual is NaN for the others."""
    known = np.isfinite(response)
    found = fit_surrogate(scores[known], response[known], columns)
    residual = np.full(len(response), np.nan)
    residual[known] = found.residual
    return replace(found, residual=residual)


__all__ = ["Assurance", "DesignPoint", "Ensemble", "Model", "assurance", "design_points", "model_of"]
