"""From the evidence a case names to posterior draws of its epistemic inputs.

posterior = infer(case, draws=1000, seed=case.study.seed)
posterior.updates["landing.surfaces.clay.resistance"]      # (4 * draws,), SI; row i belongs to row i of all others
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import Evidence, EvidenceUse, Gate, update_faults
from containment.case.schema import Case
from containment.case.values import Quantity
from containment.errors import CaseError, DataError, Problem
from containment.evidence import priors, sampling, sensitivity
from containment.evidence.model import Built, Draws, priors_of, read_sets
from containment.evidence.register import EvidenceSet
from containment.evidence.sensitivity import Influence, PriorSensitivity
from containment.result import Check

if TYPE_CHECKING:
    import xarray as xr

_LOG = logging.getLogger(__name__)
_PRIOR_DRAWS = 4000  # prior quantiles to about 1 % of the spread, prior tails of 0.005 seen 20 times
_SUMMARY = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Summary:
    """One quantity before and after the evidence: mean and 5, 50, 95 % quantiles in SI; `path` where it updates one."""

    set: str
    name: str
    unit: str
    path: str
    prior: tuple[float, float, float, float]
    posterior: tuple[float, float, float, float]


@dataclass(frozen=True)
class Posterior:
    """What the evidence says.

    `tree`: per entry of the case one ArviZ tree (posterior, sample_stats, log_likelihood, log_prior, prior,
    observed_data), and everything else here, so that `of_tree` gives it back.
    `updates`: joint draws of the inputs by path, all (4 * draws,); `before`: the same under the priors that were in
    force, (4000,): a model that delivers an input replaces the case's own distribution of it.
    `checks`: gate and predictive checks.
    """

    tree: xr.DataTree
    updates: Mapping[str, NDArray[np.float64]]
    before: Mapping[str, NDArray[np.float64]]
    checks: Mapping[str, Check]
    summaries: tuple[Summary, ...]
    prior_sensitivity: tuple[PriorSensitivity, ...]
    influence: tuple[Influence, ...]


def of_tree(tree: xr.DataTree) -> Posterior:
    """A posterior from its tree as it was stored."""
    facts = json.loads(tree.attrs["containment"])
    return Posterior(
        tree=tree,
        updates=_by_path(tree, "updates"),
        before=_by_path(tree, "before"),
        checks={key: Check(**value) for key, value in facts["checks"].items()},
        summaries=tuple(
            Summary(**{**row, "prior": tuple(row["prior"]), "posterior": tuple(row["posterior"])})
            for row in facts["summaries"]
        ),
        prior_sensitivity=tuple(PriorSensitivity(**row) for row in facts["prior_sensitivity"]),
        influence=tuple(Influence(**row) for row in facts["influence"]),
    )


def _by_path(tree: xr.DataTree, group: str) -> dict[str, NDArray[np.float64]]:
    drawn = tree[group].to_dataset().data_vars.values() if group in tree.children else ()
    return {str(variable.attrs["path"]): np.asarray(variable.values) for variable in drawn}


def infer(case: Case, *, draws: int, seed: int, cores: int = 1, folder: Path | None = None) -> Posterior:
    """Posterior of everything the case's evidence updates: 4 chains of `draws` for each entry.

    The draws of an entry depend on the seed and its name alone. `folder` is where the case lies (for evidence sets
    beside it). Raises CaseError for updates the case cannot take, DataError for a set that cannot be believed and
    also where the prior excludes the data; SamplerError when a posterior does not pass the gate.
    """
    import xarray as xr

    _refuse(case)
    values = dict(case.quantities())
    evidence = case.evidence or Evidence()
    parts: list[_Part] = []
    # Every set is read before the first is sampled: a fault in the last must not cost the time of the others.
    read = read_sets(evidence, folder)
    for name, use in evidence.sets.items():
        data = read[name]
        prior = priors_of(use, values)
        built = build(data, use, prior)
        parts.append(_learn(evidence.gate, name, use, built, data, draws=draws, seed=seed, cores=cores))
    checks = {key: check for part in parts for key, check in part.checks.items()}
    updates = {path: values for part in parts for path, values in part.updates.items()}
    summaries = tuple(summary for part in parts for summary in part.summaries)
    prior_rows = tuple(row for part in parts for row in part.prior_sensitivity)
    influence = tuple(row for part in parts for row in part.influence)
    nodes = {f"/{part.name}": xr.Dataset(attrs=part.tree.attrs) for part in parts}
    nodes |= {
        f"/{part.name}/{group}": node.to_dataset() for part in parts for group, node in part.tree.children.items()
    }
    tree = xr.DataTree.from_dict(nodes)
    before = {path: values for part in parts for path, values in part.before.items()}
    if updates:
        tree["updates"] = xr.DataTree(_updates_dataset(updates, values))
        tree["before"] = xr.DataTree(_updates_dataset(before, values))
    tree.attrs["containment"] = json.dumps(
        {
            "checks": {key: asdict(check) for key, check in checks.items()},
            "summaries": [asdict(summary) for summary in summaries],
            "prior_sensitivity": [asdict(row) for row in prior_rows],
            "influence": [asdict(row) for row in influence],
        }
    )
    return Posterior(tree, updates, before, checks, summaries, prior_rows, influence)


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The PyMC model of one entry. Raises DataError where the set is not of the kind the model reads."""
    from containment.evidence import ageing, demands, discrepancy, experts, landings, leaks, mixture, pairs, rates
    from containment.evidence import strengths as strength_models

    sampling.load_backend()
    builders: dict[str, Callable[[EvidenceSet, EvidenceUse, Mapping[str, Quantity]], Built]] = {
        "censored-lognormal": leaks.build, "beta-binomial": demands.build, "rigid-nose-landing": landings.build,
        "gamma-poisson": rates.build, "mixture-binomial": mixture.build, "current-status-weibull": ageing.build,
        "alpha-pair": pairs.build, "expert-pool": experts.build, "margin-discrepancy": discrepancy.build,
        **{f"strength-{family}": strength_models.build for family in strength_models.FAMILIES},
    }  # fmt: skip
    built = builders[use.model](data, use, prior)
    # Frozen, everything is compiled once, however often it is sampled.
    return replace(built, model=sampling.freeze(built.model)) if built.exact is None else built


@dataclass(frozen=True)
class _Part:
    """Outcome of one entry."""

    name: str
    tree: xr.DataTree
    updates: dict[str, NDArray[np.float64]]
    before: dict[str, NDArray[np.float64]]
    checks: dict[str, Check]
    summaries: list[Summary]
    prior_sensitivity: list[PriorSensitivity]
    influence: list[Influence]


def _refuse(case: Case) -> None:
    problems = [
        Problem(f"case {case.name}", 0, 0, fault.path, fault.found, fault.expected, fault.advice)
        for fault in update_faults(case)
    ]
    if problems:
        raise CaseError(problems)


def _learn(
    gate: Gate, name: str, use: EvidenceUse, built: Built, data: EvidenceSet, *, draws: int, seed: int, cores: int
) -> _Part:
    """Check the prior, sample, pass the gate, then everything that follows from the draws."""
    import xarray as xr

    state = sampling.seeds(seed, f"{name}/after", 3)
    before = {
        key: priors.draws(quantity, _PRIOR_DRAWS, np.random.default_rng([state[0], i]))
        for i, (key, quantity) in enumerate(built.priors.items())
    }
    checks = _predicted(f"evidence.{name}.prior_predictive", built, before, gate.min_tail, state[1])
    _refuse_prior(checks, name, data)
    for target in sampling.TARGET_ACCEPT:
        tree = sampling.sample(built, name=name, draws=draws, seed=seed, cores=cores, target_accept=target)
        found = sampling.convergence(tree, gate, name)
        if all(check.ok for check in found.values()):
            break
        _LOG.info("evidence %s: not converged at a target acceptance of %g", name, target)
    checks |= found
    learnt = sampling.flat(tree, built.priors)
    constant = {key: q.value for key, q in built.priors.items() if key not in learnt}
    after = {
        **sampling.flat(tree, [str(key) for key in tree["posterior"].data_vars]),
        **{key: np.full(draws * sampling.CHAINS, value) for key, value in constant.items()},
    }
    checks |= _predicted(f"evidence.{name}.predictive", built, after, gate.min_tail, state[1])
    sampling.require(checks, name)
    outputs = _outputs(use, built, before, after, state[2])
    tree["prior"] = xr.DataTree(xr.Dataset({key: (("chain", "draw"), value[None, :]) for key, value in before.items()}))
    tree["observed_data"] = xr.DataTree(_observed(data))
    for key, unit in use.facts.parameters.items():
        if key in tree["posterior"]:
            tree["posterior"][key].attrs["units"] = unit
    tree.attrs.update(
        model=use.model, target_accept=target, evidence_set=data.name, sha256=data.sha256, source=data.source
    )
    return _Part(
        name, tree, {o.path: o.after for o in outputs if o.path}, {o.path: o.before for o in outputs if o.path}, checks,
        [Summary(name, o.name, o.unit, o.path, _summary(o.before), _summary(o.after)) for o in outputs],
        sensitivity.prior_sensitivity(tree, name, list(learnt)), sensitivity.leave_one_out(tree, name, learnt),
    )  # fmt: skip


def _refuse_prior(checks: Mapping[str, Check], name: str, data: EvidenceSet) -> None:
    """A prior under which the data could hardly have come about is a fault of the case, said before any sampling."""
    bad = [f"{key.rsplit('.', 1)[1]} {check.value:.2g}" for key, check in checks.items() if not check.ok]
    if bad:
        limit = next(iter(checks.values())).limit
        raise DataError(
            f"evidence {name!r}: the prior excludes the data of {data.name}: tail probability of {', '.join(bad)},"
            f" expected at least {limit:g}",
            advice="widen the prior in [evidence], correct the data or drop the set",
        )


def _predicted(prefix: str, built: Built, draws: Draws, limit: float, seed: int) -> dict[str, Check]:
    tails = built.predictive(draws, np.random.default_rng(seed))
    return {f"{prefix}.{what}": Check.at_least(tail, limit) for what, tail in tails.items()}


@dataclass(frozen=True)
class _Output:
    name: str
    path: str
    unit: str
    before: NDArray[np.float64]
    after: NDArray[np.float64]


def _outputs(use: EvidenceUse, built: Built, before: Draws, after: Draws, seed: int) -> list[_Output]:
    """Every parameter and everything delivered, once for each input it updates; without one, once all the same."""
    paths: dict[str, list[str]] = {output: [] for output in use.facts.outputs}
    for path, output in use.updates.items():
        paths[output].append(path)
    found = []
    for index, (output, unit) in enumerate(use.facts.outputs.items()):
        if output in use.facts.parameters:
            if built.priors[output].uncertainty is not None:
                found += [_Output(output, path, unit, before[output], after[output]) for path in paths[output] or [""]]
            continue
        for item, path in enumerate(paths[output] or [""]):
            prior, posterior = (
                built.deliver(draws, output, np.random.default_rng([seed, index, item, side]))
                for side, draws in enumerate((before, after))
            )
            found.append(_Output(output, path, unit, prior, posterior))
    return found


def _summary(values: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, median, high = np.quantile(values, _SUMMARY)
    return float(values.mean()), float(low), float(median), float(high)


def _observed(data: EvidenceSet) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset(
        {
            name: (
                "row",
                values if values.dtype.kind == "f" else values.astype(str),
                {"units": data.units.get(name, "")},
            )
            for name, values in data.columns.items()
        }
    )


def _updates_dataset(updates: Mapping[str, NDArray[np.float64]], values: Mapping[str, Quantity]) -> xr.Dataset:
    import xarray as xr

    # netCDF names may hold dots, but not every reader takes them: the path itself is an attribute.
    return xr.Dataset(
        {
            path.replace(".", "__"): ("sample", draws, {"path": path, "units": values[path].si_unit})
            for path, draws in updates.items()
        }
    )


def summary_table(posterior: Posterior) -> list[dict[str, Any]]:
    """Rows for a table: entry, quantity, unit, the input it updates, mean and 5/50/95 % before and after."""
    columns = ("mean", "p05", "p50", "p95")
    return [
        {
            "evidence": row.set, "quantity": row.name, "unit": row.unit, "updates": row.path,
            **{f"prior_{key}": value for key, value in zip(columns, row.prior, strict=True)},
            **{f"posterior_{key}": value for key, value in zip(columns, row.posterior, strict=True)},
        }
        for row in posterior.summaries
    ]  # fmt: skip
