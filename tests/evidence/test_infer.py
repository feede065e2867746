"""Posteriors: conjugate cases, the gate, the shipped evidence, what a case may ask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from containment import share
from containment.case.evidence import EvidenceUse
from containment.case.load import load_case
from containment.case.schema import Case
from containment.errors import CaseError, DataError, SamplerError
from containment.evidence import sampling
from containment.evidence.infer import Posterior, build, infer, of_tree, summary_table
from containment.evidence.model import priors_of
from containment.evidence.register import load
from containment.result import Check

from .helpers import case_with, demands, leaks, uncertain, write_set


def test_leaving_one_out_is_the_posterior_without_it(tmp_path: Path) -> None:
    def influence(rows: str) -> dict[str, Any]:
        folder = write_set(tmp_path / "pairs", "common-cause", rows, header="item,alone,both,status,source", units="")
        entry = {
            "set": str(folder),
            "model": "alpha-pair",
            "assumptions": {"both": uncertain(0.1, "beta", a=1.0, b=9.0)},
        }
        return {row.item: row for row in infer(case_with({"e": entry}), draws=1000, seed=11).influence}

    found = influence("pumps,9,1,found,p\nvalves,14,0,found,p")
    # Beta(1, 23) and Beta(2, 18) remain; 14 clean rows less leave some hundred effective draws: 4 sd are 12 %
    assert found["pumps"].reliable and found["pumps"].mean_without == pytest.approx(1 / 24, rel=0.12)
    assert found["valves"].reliable and found["valves"].mean_without == pytest.approx(2 / 20, rel=0.12)
    # without its only data a parameter is back at its prior, which reweighting cannot reach: it has to say so
    assert not influence("pumps,300,0,found,p")["pumps"].reliable


def small(tmp_path: Path) -> Case:
    folder = write_set(tmp_path / "t", "demands", "cans,closure,40,3,1,found,p\ndrops,landing,10,0,1,found,p")
    return case_with({"trials": demands(folder)})


def test_same_seed_same_draws_and_the_gate_stops_short_runs(tmp_path: Path) -> None:
    case = small(tmp_path)
    use = case.evidence.sets["trials"]
    built = build(load(Path(use.set)), use, priors_of(use, {}))
    one, two = (sampling.sample(built, name="a", draws=60, seed=5) for _ in range(2))
    assert one.identical(two)  # draws, statistics and attributes: nothing of the clock is in it
    assert not set(sampling.seeds(5, "a", 4)) & set(sampling.seeds(5, "b", 4))  # an entry has its own stream
    checks = sampling.convergence(
        one, case.evidence.gate, "a"
    )  # 240 draws cannot have 400 effective ones in both tails
    with pytest.raises(SamplerError, match=r"ess_tail .*limit 400") as error:
        sampling.require(checks, "a")
    assert error.value.exit_code == 4


def test_gate_sees_chains_apart_divergences_and_nan(tmp_path: Path) -> None:
    import xarray as xr

    gate = small(tmp_path).evidence.gate
    rng = np.random.default_rng(3)
    good = rng.standard_normal((4, 1000))
    shift = np.arange(4)[:, None]  # four chains around four values
    for draws, diverging, bad in [
        (good, 0, ""),
        (good + shift, 0, "rhat"),
        (good, 1, "divergences"),
        (good * np.nan, 0, "rhat"),
    ]:
        tree = xr.DataTree.from_dict(
            {
                "posterior": xr.Dataset({"x": (("chain", "draw"), draws)}),
                "sample_stats": xr.Dataset(
                    {"diverging": (("chain", "draw"), np.arange(4000).reshape(4, 1000) < diverging)}
                ),
            }
        )
        failed = [key for key, check in sampling.convergence(tree, gate, "m").items() if not check.ok]
        assert (f"sampler.m.{bad}" in failed) if bad else not failed


def test_prior_that_excludes_the_data_is_said_before_sampling(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "t", "demands", "cans,closure,200,80,1,found,p")
    case = case_with({"trials": demands(folder, mean_closure=uncertain(1e-4, "beta", a=0.5, b=5000.0))})
    with pytest.raises(DataError, match=r"the prior excludes the data .* failures at closure") as error:
        infer(case, draws=1000, seed=1)
    assert error.value.exit_code == 3 and "widen the prior" in str(error.value)


def test_wrong_kind_of_data_and_relevance_of_nobody(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "t", "demands", "cans,closure,200,80,1,found,p")
    with pytest.raises(DataError, match="found kind 'demands', expected 'leak-rates'"):
        infer(case_with({"x": leaks(folder)}), draws=100, seed=1)
    with pytest.raises(DataError, match="relevance for 'tins'"):
        infer(case_with({"x": {**demands(folder), "relevance": {"tins": 0.1}}}), draws=100, seed=1)
    folder = write_set(tmp_path / "u", "demands", "cans,weather,200,80,1,found,p")
    with pytest.raises(DataError, match="question 'weather'"):
        infer(case_with({"x": demands(folder)}), draws=100, seed=1)


def test_case_without_evidence_has_an_empty_posterior() -> None:
    posterior = infer(Case(schema=1, name="bare"), draws=100, seed=1)
    assert not posterior.updates and not posterior.checks and not summary_table(posterior)
    assert of_tree(posterior.tree).updates == {}


# --- the shipped case -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> Posterior:
    return infer(load_case("msr-ees"), draws=400, seed=20260101)


def test_shipped_evidence_updates_inputs_of_the_case(shipped: Posterior) -> None:
    case = load_case("msr-ees")
    assert {
        "landing.surfaces.clay.resistance", "landing.model_factor", "events.pcv_closure_defect.probability",
        "events.scv_closure_defect.probability",
    } <= set(shipped.updates)  # fmt: skip
    for path, draws in shipped.updates.items():
        assert draws.shape == (1600,) and np.all(np.isfinite(draws)) and np.all(draws >= 0), path
    pcv, scv = (shipped.updates[f"events.{v}_closure_defect.probability"] for v in ("pcv", "scv"))
    assert not np.array_equal(pcv, scv) and max(pcv.max(), scv.max()) <= 1
    # two vessels of one population, closed and inspected alike: what is not known of one is not known of the other
    assert stats.spearmanr(pcv, scv).statistic > 0.1
    assert all(case.inputs()[path].uncertainty.kind == "epistemic" for path in shipped.updates)


def test_shipped_posteriors_say_what_the_data_say(shipped: Posterior) -> None:
    rows = {(row.set, row.name): row for row in shipped.summaries}
    median = rows["tubes", "median"].posterior
    # geometric middle of six tubes 2.0e-16 Pa m^3/s; two exact and four interval readings, sd of the log about 1.2
    assert 1e-16 < median[2] < 4e-16
    assert 1.3 < rows["tubes", "sigma_ln"].posterior[2] < 3.5  # range of six spans 6.3 in ln: 2.5 sigma of a normal
    # ln(1.4e-13 / 1.7e-15) over 1/222.15 - 1/315.15 gives 3321 K
    assert rows["tubes", "activation_temperature"].posterior[2] == pytest.approx(3321, rel=0.02)  # repeatability 0.2
    # a bound from above on the acceleration can only soften the ground
    assert rows["ground", "resistance"].posterior[2] < rows["ground", "resistance"].prior[2]
    failure = rows["vessels", "landing_failure"].posterior
    assert 0.02 < failure[0] < 0.2  # no failure in seven landings, weighted: of the order of 1/16


def test_prior_sensitivity_tells_data_from_assumption(shipped: Posterior) -> None:
    rows = {(row.set, row.parameter): row for row in shipped.prior_sensitivity}
    assert rows["vessels", "undetected"].diagnosis == "rests on its prior"  # no row of the data looks at it
    assert rows["tubes", "median"].likelihood > rows["tubes", "median"].prior  # six tubes against nine decades


def test_posterior_survives_storage_and_arviz_reads_it(shipped: Posterior) -> None:
    pytest.importorskip("h5py")
    from containment import netcdf

    stored = netcdf.from_bytes(netcdf.to_bytes(shipped.tree))
    again = of_tree(stored)
    assert again.checks == shipped.checks and again.summaries == shipped.summaries
    assert again.influence == shipped.influence and again.prior_sensitivity == shipped.prior_sensitivity
    assert all(np.array_equal(again.updates[path], draws) for path, draws in shipped.updates.items())
    assert stored["ground"].attrs["evidence_set"] == "landings" and len(stored["ground"].attrs["sha256"]) == 64
    assert "resistance" in az.summary(stored["ground"], ci_prob=0.9, ci_kind="eti").index


def test_checks_are_named_and_hold(shipped: Posterior) -> None:
    assert all(isinstance(check, Check) and check.ok for check in shipped.checks.values())
    for name in ("tubes", "vessels", "ground"):
        assert {f"sampler.{name}.{what}" for what in ("rhat", "ess_bulk", "ess_tail", "divergences")} <= set(
            shipped.checks
        )
        assert any(key.startswith(f"evidence.{name}.prior_predictive.") for key in shipped.checks)


def test_every_parameter_has_exactly_one_prior(tmp_path: Path) -> None:
    entry = demands(tmp_path)
    for change, words in [
        ({"updates": {"a.b": "likeness"}}, "two priors for 'likeness'"),
        (
            {"assumptions": {k: v for k, v in entry["assumptions"].items() if k != "likeness"}},
            "no prior for 'likeness'",
        ),
    ]:
        with pytest.raises(ValidationError, match=words):
            EvidenceUse.model_validate({**entry, **change})


SHIPPED = share.shipped("cases") / "msr-ees.toml"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ('evidence.sets.ground.model="magic"', "one of censored-lognormal"),
        ('evidence.sets.ground.set="nowhere"', "a card in evidence"),
        ('evidence.sets.vessels.updates={"events.nothing.probability"="closure_defect"}', "the path of a value"),
        ('evidence.sets.vessels.updates={"landing.impact.drift_angle"="closure_defect"}', "not epistemic"),
        ('evidence.sets.vessels.updates={"landing.surfaces.crust.resistance"="closure_defect"}', "in Pa"),
        ('evidence.sets.vessels.updates={"landing.model_factor"="closure_defect"}', "updated by"),
        ('evidence.sets.vessels.updates={"landing.model_factor"="luck"}', "'luck'"),
        ('evidence.sets.tubes.assumptions.sigma_ln="3 m"', "a plain number"),
        ("evidence.sets.tubes.assumptions.colour=1", "'colour'"),
        ("evidence.gate.max_rhat=0.9", "greater than 1"),
    ],
)
def test_a_case_that_asks_for_what_is_not_there(override: str, words: str) -> None:
    with pytest.raises(CaseError) as error:
        load_case(SHIPPED, [override])
    assert error.value.exit_code == 3 and words in str(error.value) and "evidence" in str(error.value)


def test_kernels_are_kept_between_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert sampling.kernel_cache() == sampling.kernel_cache()
    assert tmp_path in sampling.kernel_cache().parents
    (tmp_path / "file").write_text("")  # a home that cannot be written to
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert sampling.kernel_cache() != sampling.kernel_cache()


def test_generated_source_is_not_left_in_the_temporary_folder() -> None:
    sampling.load_backend()
    import pytensor

    if "PYTENSOR_FLAGS" not in os.environ:  # which win
        assert pytensor.config.generated_src_dir == str(sampling.kernel_cache() / "source")


@pytest.mark.slow
def test_kept_kernels_draw_what_new_ones_do(tmp_path: Path) -> None:
    import hashlib
    import os
    import subprocess
    import sys

    script = (
        "from containment.case.load import load_case; from containment.evidence.infer import infer; import hashlib\n"
        "found = infer(load_case('msr-ees'), draws=400, seed=5)\n"
        "print(hashlib.sha256(b''.join(found.updates[p].tobytes() for p in sorted(found.updates))).hexdigest())"
    )
    answers = []
    for _ in range(2):  # the first compiles, the second reads the kernels back
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
        answers.append(done.stdout.decode().strip())
    assert answers[0] == answers[1] and len(answers[0]) == 2 * hashlib.sha256().digest_size
