"""Posterior draws of P(loss) turned into the assurance: spreads, importance, bounds for failed samples, the verdict."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from containment.case.schema import Case
from containment.errors import UsageError
from containment.reliability.evaluation import GROUPS, INNER_STRIDE, Model, Outcome, prior_scores
from containment.reliability.result import (
    Assurance,
    FailedSamples,
    Importance,
    LimitStateResult,
    Spread,
    Verdict,
)
from containment.result import Check

Array = NDArray[np.float64]
_SMALLEST = 1e-300
_DRIVERS = 12
_METHOD = "surrogate, conditional Monte Carlo"

RULE = (
    "demonstrated: P(loss), with every failed sample counted as lost, is below the requirement with at least the "
    "wanted probability, and so is its mean; violated: P(loss), with every failed sample counted as safe, is above the "
    "requirement with at least the wanted probability; else not demonstrated"
)


def verdict(loss: Array, failed_fraction: float, requirement: float, wanted: float) -> Verdict:
    """Verdict on draws of P(loss) (K,), after RULE."""
    if_lost = failed_fraction + (1.0 - failed_fraction) * loss
    if_safe = (1.0 - failed_fraction) * loss
    if np.mean(if_lost < requirement) >= wanted and if_lost.mean() < requirement:
        return "demonstrated"
    return "violated" if np.mean(if_safe > requirement) >= wanted else "not demonstrated"


def summarise(
    case: Case, model: Model, full: Outcome, inner: Outcome, resolved: Outcome, failed: Mapping[int, str], total: int
) -> Assurance:
    """Put the outcome of all draws into words and numbers; `inner` has exact surrogates, `resolved` exact meshes."""
    if case.requirement is None:
        raise UsageError("the case has no requirement", advice="add [requirement]")
    required, wanted = case.requirement.probability.value, case.requirement.assurance.value
    error = _sampling_error(full)
    # the error of the simulated flights is one more unknown of each draw
    jitter = error * model.draws.standard_normal("sampling")
    loss = np.clip(full.top * np.exp(jitter - 0.5 * error**2), 0.0, 1.0)
    share = len(failed) / max(1, total)
    parts = _interval_parts(loss, full.top, inner.top, resolved.top, error)
    return Assurance(
        requirement=required,
        particle=case.requirement.particle.value,
        wanted=wanted,
        verdict=verdict(loss, share, required, wanted),
        rule=RULE,
        loss=loss,
        below_requirement=float(np.mean(loss < required)),
        barriers={name: Spread.of(p) for name, p in full.barriers.items()},
        phases=_phases(case, model, full),
        limit_states={name: _limit_state(model, full, name) for name in model.limit_states},
        events={name: Spread.of(p) for name, p in model.event_probability.items()},
        importance={name: _importance(full, name) for name in model.diagram.variables},
        cut_sets=tuple(
            (tuple(sorted(members)), p) for members, p in sorted(full.cut_sets.items(), key=lambda item: -item[1])[:20]
        ),
        branches={
            name: {
                "probability": float(model.draws.weights[name].mean()), "loss": float(p.mean()),
                "loss_given_branch": float(p.mean() / max(_SMALLEST, float(model.draws.weights[name].mean()))),
            }
            for name, p in full.branches.items()
        },
        rows=model.draws.rows,
        failed=FailedSamples(
            len(failed), total, float((1 - share) * loss.mean()), float(share + (1 - share) * loss.mean()), dict(failed)
        ),
        interval_parts=parts,
        drivers=_drivers(model, full.top),
        checks={
            "surrogate": Check.at_most(parts["surrogate"], 1.0),
            "sampling": Check.at_most(parts["sampling"], 0.3),
        },
    )  # fmt: skip


def _sampling_error(outcome: Outcome) -> Array:
    """Relative standard error of each draw's P from batches of flights (K,), at most 1."""
    spread = outcome.groups.std(axis=1, ddof=1) / np.sqrt(GROUPS)
    return np.asarray(np.clip(spread / np.maximum(outcome.top, _SMALLEST), 0.0, 1.0))


def _interval_parts(loss: Array, top: Array, inner: Array, resolved: Array, error: Array) -> dict[str, float]:
    """Standard deviations of ln P over the draws: unknown inputs, mesh and time step (same inputs, resolved or not),
    surrogates (the same, exact or not), sampling of flights, and all of it."""
    exact = np.log(np.maximum(inner, _SMALLEST))
    limit = np.log(np.maximum(resolved, _SMALLEST))
    resampled = np.log(np.maximum(top[::INNER_STRIDE], _SMALLEST))
    return {
        "inputs": float(np.std(limit)),
        "discretisation": float(np.std(exact - limit)),
        "surrogate": float(np.std(resampled - exact)),
        "sampling": float(np.sqrt(np.mean(error**2))),
        "total": float(np.std(np.log(np.maximum(loss, _SMALLEST)))),
    }


def _limit_state(model: Model, full: Outcome, name: str) -> LimitStateResult:
    state, draws = model.limit_states[name], full.limit_states[name]
    mean = max(float(draws.mean()), _SMALLEST)
    flights = float(full.limit_groups[name].mean(axis=0).std(ddof=1)) / np.sqrt(GROUPS) / mean
    unknowns = float(draws.std(ddof=1)) / np.sqrt(len(draws)) / mean if len(draws) > 1 else 0.0
    branches = tuple(model.draws.weights) if state.is_branched else ("",)
    fits = [model.surrogates[state.response(branch)] for branch in branches]
    q2 = min(fit.q2 for fit in fits)
    calls = min(int(np.isfinite(fit.residual).sum()) for fit in fits)
    return LimitStateResult(
        state.barrier, state.phase, Spread.of(draws), float(np.hypot(flights, unknowns)), _METHOD, calls, float(q2),
        float(full.beyond[name].mean() / mean),
    )  # fmt: skip


def _importance(full: Outcome, name: str) -> Importance:
    top, never, always = float(full.top.mean()), float(full.never[name].mean()), float(full.always[name].mean())
    if top <= 0.0:
        return Importance(0.0, float("inf") if always > 0 else 1.0, 1.0, always, 0.0, 0.0)
    never = never if never > 1e-12 * top else 0.0  # rounding of a difference of equal numbers
    each = 1.0 - full.never[name] / np.maximum(full.top, _SMALLEST)
    low, high = np.quantile(np.clip(each, 0.0, 1.0), [0.05, 0.95])
    worth = top / never if never > 0 else float("inf")
    return Importance(1.0 - never / top, always / top, worth, always - never, float(low), float(high))


def _phases(case: Case, model: Model, full: Outcome) -> dict[str, float]:
    """Sum of P(loss) lost when the contributors of one phase cannot happen, one at a time (Fussell-Vesely times P)."""
    phases: dict[str, float] = {}
    phase_of = {name: state.phase for name, state in model.limit_states.items()}
    phase_of |= {name: event.phase for name, event in case.events.items()}
    for name in model.diagram.variables:
        if name in phase_of:
            drop = max(0.0, float(np.mean(full.top - full.never[name])))
            phases[phase_of[name]] = phases.get(phase_of[name], 0.0) + drop
    return phases


def _drivers(model: Model, top: Array) -> dict[str, float]:
    """Rank correlation of P(loss) with each unknown of the case over the draws, strongest first."""
    if np.ptp(top) <= 0:
        return {}
    rank = stats.rankdata(top)
    found = {
        path: float(np.corrcoef(stats.rankdata(score), rank)[0, 1])
        for path, score in prior_scores(model).items()
        if np.ptp(score) > 0
    }
    return dict(sorted(found.items(), key=lambda item: -abs(item[1]))[:_DRIVERS])
