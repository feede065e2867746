"""The stages in the order of the flow: what each reads, what it follows, and how one sample is carried through them."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from containment.case.dump import values_of
from containment.errors import CaseError, ContainmentError, Problem, UsageError

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case
    from containment.result import StageResult
    from containment.store import RunFolder

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """One step of the chain.

    `module` holds `run(case, upstream, fidelity, *, fields)`; `needs` are the sections without which it cannot run,
    `reads` all sections it looks at; `after` the stages whose results it uses where the case has them; `settings`
    the numbers of the fidelity it depends on; a `nominal` stage is not for samples.
    """

    module: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    after: tuple[str, ...]
    settings: tuple[str, ...]
    nominal: bool = False


STAGES: dict[str, Stage] = {
    "mesh": Stage(
        "containment.meshing.stage", ("geometry",), ("geometry", "vehicle", "heatshield"), (), ("mesh_size",)
    ),
    "sterilisation": Stage(
        "containment.thermal.sterilisation", ("sterilisation", "geometry"), ("sterilisation", "geometry", "soak"),
        ("mesh",), ("soak_steps",),
    ),
    "entry": Stage("containment.entry.stage", ("vehicle", "entry"), ("vehicle", "entry", "heatshield"), (), ()),
    "heatshield": Stage(
        "containment.thermal.heatshield_stage", ("heatshield",), ("heatshield", "geometry"), ("entry",),
        ("heatshield_cells", "heatshield_step", "heatshield_rung"),
    ),
    "damage": Stage(
        "containment.thermal.damage_stage", ("damage", "heatshield"), ("damage", "heatshield"), ("entry", "heatshield"),
        ("heatshield_cells", "heatshield_step"), nominal=True,
    ),
    "soak": Stage(
        "containment.thermal.soak_stage", ("soak", "geometry"), ("soak", "geometry", "heatshield", "vehicle"),
        ("mesh", "entry", "heatshield"), ("soak_steps",),
    ),
    "stress": Stage(
        "containment.structure.stress_stage", ("stress", "geometry"), ("stress", "geometry", "vehicle"),
        ("mesh", "entry", "soak"), (),
    ),
    "landing": Stage(
        "containment.structure.landing_stage", ("landing", "geometry"), ("landing", "geometry", "vehicle", "entry"),
        ("mesh", "entry", "soak"), ("landing_masses",),
    ),
    "impact": Stage(
        "containment.structure.impact_stage", ("landing", "geometry", "vehicle"),
        ("landing", "geometry", "vehicle", "entry", "stress"), ("mesh", "entry", "soak", "landing"),
        ("impact_size", "impact_layers", "impact_branches"), nominal=True,
    ),
    "leak": Stage(
        "containment.leak.stage", ("leak",), ("leak", "requirement", "landing"), ("soak", "landing"), ()
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What one stage took."""

    wall_s: float
    cpu_s: float
    cached: bool = False


@dataclass(frozen=True)
class Chain:
    """Results of the stages run for one sample."""

    results: dict[str, StageResult]
    costs: dict[str, Cost]

    def responses(self) -> dict[str, float]:
        """Every response in SI."""
        return {name: r.value for result in self.results.values() for name, r in result.responses.items()}

    def with_further(self, other: Chain) -> Chain:
        """This sample with the stages of another chain, in the order of the flow."""
        results, costs = self.results | other.results, self.costs | other.costs
        names = [name for name in STAGES if name in results]
        return Chain({name: results[name] for name in names}, {name: costs[name] for name in names})


def available(case: Case, *, nominal: bool = False) -> list[str]:
    """Stages this case has the sections for, in order; with `nominal` also those that are not for samples."""
    return [
        name
        for name, stage in STAGES.items()
        if (nominal or not stage.nominal) and all(getattr(case, section) is not None for section in stage.needs)
    ]


def asked(case: Case) -> list[str]:
    """Stages for samples that the limit states ask for, and those these follow, in order; all without limit states."""
    demanded = {state.demand.split(".")[0] for state in case.limit_states.values()} & set(STAGES)
    wanted = {name for last in demanded for name in needed(case, last)}
    return [name for name in available(case) if name in wanted or not demanded]


def needed(case: Case, last: str) -> list[str]:
    """The stages that must run to deliver `last`, in order; those the case has no sections for are left out."""
    if last not in STAGES:
        raise UsageError(f"no stage {last!r}", advice=f"stages are {', '.join(STAGES)}")
    present = available(case, nominal=True)
    if last not in present:
        lacking = [section for section in STAGES[last].needs if getattr(case, section) is None]
        problem = Problem(case.name, 0, 0, lacking[0], "no such section", f"[{lacking[0]}] for stage {last}", "add it")
        raise CaseError([problem])
    wanted = {last}
    for name in reversed(list(STAGES)):
        if name in wanted:
            wanted.update(set(STAGES[name].after) & set(present))
    return [name for name in STAGES if name in wanted]


def keys(case: Case, fidelity: Fidelity, names: list[str]) -> dict[str, str]:
    """Content key of each stage: its part of the case, its settings, its code and the keys of what it follows."""
    from containment import provenance
    from containment.store import stage_key

    found: dict[str, str] = {}
    for name in names:
        stage = STAGES[name]
        found[name] = stage_key(
            name,
            values_of(case, stage.reads),
            {setting: getattr(fidelity, setting) for setting in stage.settings},
            provenance.code_hash(stage.module),
            [found[upstream] for upstream in stage.after if upstream in found],
        )
    return found


def run_chain(
    case: Case, fidelity: Fidelity, names: list[str], folder: RunFolder | None = None, fields: Path | None = None,
    given: Mapping[str, StageResult] | None = None,
) -> Chain:  # fmt: skip
    """Carry one sample (a resolved case) through stages; with a folder, stages already there are not run again.

    `given` are results that stand in for stages that are not run.
    """
    results: dict[str, StageResult] = dict(given or {})
    costs: dict[str, Cost] = {}
    hashes = keys(case, fidelity, [name for name in STAGES if name in results or name in names]) if folder else {}
    for name in names:
        start, cpu = time.perf_counter(), time.process_time()
        stored = folder.load_stage(name, hashes[name]) if folder else None
        if stored is None:
            result = _run_one(name, case, results, fidelity, fields)
            if folder:
                folder.save_stage(result, hashes[name])
        results[name] = stored or result
        cost = costs[name] = Cost(time.perf_counter() - start, time.process_time() - cpu, stored is not None)
        if folder:  # the nominal flight; an ensemble has its own progress
            _LOG.info("%s: %s", name, "kept from an earlier run" if cost.cached else f"{cost.wall_s:.1f} s")
    return Chain({name: results[name] for name in names}, costs)


def _run_one(
    name: str, case: Case, results: Mapping[str, StageResult], fidelity: Fidelity, fields: Path | None
) -> StageResult:
    upstream = {key: results[key] for key in STAGES[name].after if key in results}
    try:
        module = importlib.import_module(STAGES[name].module)
        # Only what the key of the stage covers is handed over, so that nothing else can slip into a stored result.
        result: StageResult = module.run(case.only(STAGES[name].reads), upstream, fidelity, fields=fields)
    except ContainmentError as error:
        error.message = f"stage {name}: {error.message}"
        raise
    return result


def evaluate(
    case: Case, fidelity: Fidelity, names: list[str], sample: Mapping[str, Mapping[str, float]]
) -> dict[str, float]:
    """Responses of one sample (run in a worker); costs come along as "cost.<stage>.wall_s" and ".cpu_s".

    `sample["inputs"]` are values by path; `sample["given"]`, where present, responses of stages that are not run.
    """
    chain = run_chain(case.at(sample["inputs"]), fidelity, names, given=_stand_ins(sample.get("given", {})))
    costs = {
        f"cost.{name}.{part}": value
        for name, cost in chain.costs.items()
        for part, value in (("wall_s", cost.wall_s), ("cpu_s", cost.cpu_s))
    }
    return chain.responses() | costs


def _stand_ins(responses: Mapping[str, float]) -> dict[str, StageResult]:
    """Results that hold nothing but scalar responses."""
    import xarray as xr

    from containment.result import Response, StageResult

    stages = dict.fromkeys(name.split(".")[0] for name in responses)
    return {
        stage: StageResult(
            stage, {n: Response(v, "", 0) for n, v in responses.items() if n.startswith(f"{stage}.")}, xr.Dataset()
        )
        for stage in stages
    }
