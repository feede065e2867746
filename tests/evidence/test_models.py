"""The models of closed form and the likelihoods of the others, against scipy and quadrature, without sampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from containment.errors import DataError
from containment.evidence import ageing, discrepancy, experts, infer, mixture
from containment.evidence.model import Built, priors_of
from containment.evidence.register import load

from . import entries
from .helpers import case_with, uncertain, write_set


def built(folder: Path, model: str, **changes: Any) -> Built:
    entry = entries.written(folder, model)
    entry["assumptions"] = {**entry["assumptions"], **changes}
    use = case_with({"e": entry}).evidence.sets["e"]
    return infer.build(load(Path(use.set)), use, priors_of(use, {}))


def rows(model: Built, **latent: Any) -> np.ndarray:
    import pytensor

    given = {model.model[name]: np.asarray(value, dtype=float) for name, value in latent.items()}
    return np.asarray(pytensor.function([], model.model["log_likelihood"], givens=given, mode="FAST_COMPILE")())


def test_rates_of_missions_are_integrated_out(tmp_path: Path) -> None:
    ours = rows(built(tmp_path, "gamma-poisson", mean_rate="3e-4 1/h", likeness=2.5))
    for row, k, hours in zip(ours, (0, 2, 1, 0), (2000, 9000, 1500, 500), strict=True):
        law = stats.gamma(2.5, scale=3e-4 * hours / 2.5)
        exact, _ = integrate.quad(lambda m, k=k, law=law: stats.poisson.pmf(k, m) * law.pdf(m), 0, 60, limit=200)
        assert row == pytest.approx(np.log(exact), rel=1e-7)  # quadrature


def test_inspections_are_binomial_in_the_weibull_law(tmp_path: Path) -> None:
    law = {"life": "40 year", "activation_temperature": "9000 K", "shape": 2.0}
    ours = rows(built(tmp_path, "current-status-weibull", **law))
    day, year = 86400.0, 365.25 * 86400.0
    for row, fahrenheit, days, n, k in zip(ours, (350, 300, 200), (570, 570, 900), (8, 6, 20), (7, 1, 0), strict=True):
        kelvin = (fahrenheit - 32) / 1.8 + 273.15
        life = 40 * year * np.exp(9000.0 * (1 / kelvin - 1 / 350.0))
        survival = stats.weibull_min(2.0, scale=life).logsf(days * day)
        survival = max(survival, -np.exp(6.0))  # as the model is bounded
        expected = k * np.log(-np.expm1(survival)) + (n - k) * survival
        assert row == pytest.approx(expected, rel=1e-6, abs=1e-12)  # length of the year


def test_discrepancy_of_known_size_is_the_conditional_of_a_normal(tmp_path: Path) -> None:
    known = {"calibration": 0.3, "discrepancy_sd": 0.06, "length": 0.4}
    model = built(tmp_path, "margin-discrepancy", **known)
    x, y = np.array([0.1, 0.5, 0.8]), np.array([0.55, 0.4, 0.36])
    ours = rows(model, discrepancy_score=np.zeros(4))
    mean = 0.5 - 0.3 * x + 0.2 * 0.3 + 0.05 * x * 0.3
    assert ours == pytest.approx(stats.norm(mean, 0.03).logpdf(y), rel=1e-6)  # the runs are written with six digits
    # prior draws: delta has its sd at the setting of the flight; the margin is the stage there plus delta
    draws = {name: np.full(20_000, value) for name, value in known.items()}
    delta = model.deliver(draws, "discrepancy", np.random.default_rng(1))
    margin = model.deliver(draws, "margin", np.random.default_rng(1))
    assert delta.std() == pytest.approx(0.06, rel=0.02)  # 4 sd of 20 000 draws
    assert margin - delta == pytest.approx(np.full(20_000, 0.5 - 0.3 + 0.06 + 0.015), rel=1e-5)


@pytest.mark.parametrize(
    ("rows_of_runs", "words"),
    [
        ("r,run,0,0,0.5,,found,p\nt,test,0,,0.5,0.1,found,p", "expected over 6"),
        ("\n".join(f"r{i},run,{i},1,0.5,,found,p" for i in range(8)) + "\nt,test,0,,0.5,0.1,found,p", "do not tell"),
        ("r,run,0,0,0.5,,found,p", "no test"),
        ("r,guess,0,0,0.5,,found,p", "role 'guess'"),
    ],
)
def test_comparisons_that_cannot_calibrate(tmp_path: Path, rows_of_runs: str, words: str) -> None:
    entry = entries.written(tmp_path, "margin-discrepancy")
    header = entries.ENTRIES["margin-discrepancy"][1]
    folder = write_set(tmp_path / "bad", "comparisons", rows_of_runs, header=header, units="")
    use = case_with({"e": {**entry, "set": str(folder)}}).evidence.sets["e"]
    with pytest.raises(DataError, match=words) as error:
        infer.build(load(folder), use, priors_of(use, {}))
    assert error.value.exit_code == 3


def test_mixture_is_the_posterior_by_quadrature(tmp_path: Path) -> None:
    model = built(tmp_path, "mixture-binomial")
    found = model.exact(200_000, np.random.default_rng(2))
    p = model.deliver(found.draws, "failure_probability", np.random.default_rng(3))

    def prior(x: float) -> float:
        return 0.7 * stats.beta(2, 98).pdf(x) + 0.3 * stats.beta(0.5, 0.5).pdf(x)

    def moment(power: int) -> float:
        return sum(
            integrate.quad(lambda x: x**power * prior(x) * x * (1 - x) ** 29, a, b)[0] for a, b in ((0, 0.2), (0.2, 1))
        )

    mean = moment(1) / moment(0)
    assert p.mean() == pytest.approx(mean, rel=0.01)  # 4 sd of 200 000 draws: 0.7 %
    assert p.std() == pytest.approx(np.sqrt(moment(2) / moment(0) - mean**2), rel=0.02)
    # data against what was known: 10 of 30 leave next to nothing of the informed prior
    shapes = {"informed": (2.0, 98.0), "vague": (0.5, 0.5)}
    assert mixture.informed_weight(shapes, 0.7, 30.0, 10.0) < 1e-4 < mixture.informed_weight(shapes, 0.7, 30.0, 1.0)


def test_pair_is_the_conjugate_beta(tmp_path: Path) -> None:
    pair = built(tmp_path, "alpha-pair")
    found = pair.exact(100_000, np.random.default_rng(4)).draws["both"]
    assert stats.kstest(found, stats.beta(1 + 1, 9 + 23).cdf).pvalue > 1e-3  # fixed seed
    # two items, not staggered: beta = 2 alpha_2 / (alpha_1 + 2 alpha_2), nothing in common without common failures
    shared = pair.deliver({"both": np.array([0.0, 0.25, 1.0])}, "beta_factor", np.random.default_rng(0))
    assert shared == pytest.approx([0.0, 0.5 / 1.25, 1.0], rel=1e-12)


def test_closed_forms_want_their_priors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a beta"):
        built(tmp_path, "alpha-pair", both=uncertain(0.1, "uniform", low=0.0, high=1.0))
    with pytest.raises(DataError, match="expected a probability"):
        built(tmp_path, "mixture-binomial", trust=1.5)


# --- experts ----------------------------------------------------------------------------------------------------------

HEADER = "item,question,p05,p50,p95,truth,status,source"


def judgements(folder: Path, text: str) -> Any:
    return load(write_set(folder / "j", "judgements", text, header=HEADER, units=""))


def test_every_quantile_an_expert_states_is_met() -> None:
    said = np.log([[1e-4, 1e-3, 3e-2]])
    x = experts.value(np.repeat(said, 3, axis=0), stats.norm.ppf([0.05, 0.5, 0.95]))
    assert x == pytest.approx([1e-4, 1e-3, 3e-2], rel=1e-12)  # round-off


def test_pool_without_seeds_is_the_even_mixture(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    judgements(tmp_path, "ann,chance,1e-4,1e-3,1e-2,,found,p\nbob,chance,1e-2,1e-1,5e-1,,found,p")
    case = case_with({"e": {"set": str(folder), "model": "expert-pool"}})
    found = infer.infer(case, draws=1000, seed=1)
    row = next(row for row in found.summaries if row.name == "pooled")
    x = np.geomspace(1e-9, 10, 200_001)
    cdf = 0.5 * stats.norm.cdf(np.log(x / 1e-3) / (np.log(10) / 1.6449))
    low, high = np.log(10) / 1.6449, np.log(5) / 1.6449
    cdf += 0.5 * stats.norm.cdf(np.where(x < 0.1, np.log(x / 0.1) / low, np.log(x / 0.1) / high))
    for ours, level in zip(row.posterior[1:], (0.05, 0.5, 0.95), strict=True):
        assert ours == pytest.approx(np.interp(level, cdf, x), rel=0.2)  # 4000 draws over three decades
    assert not found.prior_sensitivity and not found.influence


def test_seeds_tell_the_calibrated_expert(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    lines = ["good,asked,0.1,1,10,,found,p", "sure,asked,0.9,1,1.1,,found,p"]
    for i, truth in enumerate(np.exp(rng.standard_normal(20))):
        lines.append(f"good,seed {i},{np.exp(-1.645)},1,{np.exp(1.645)},{truth},found,p")
        lines.append(f"sure,seed {i},0.9,1,1.1,{truth},found,p")  # much too narrow
    weight = experts.weights(judgements(tmp_path, "\n".join(lines)), ("good", "sure"))
    assert weight.sum() == pytest.approx(1.0) and weight[0] > 0.999


def test_judgements_that_cannot_be_pooled(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="p05 <= p50"):
        judgements(tmp_path, "ann,asked,0.2,0.1,0.3,,found,p")
    data = judgements(tmp_path, "ann,asked,0.1,0.2,0.3,,found,p\nann,also,0.1,0.2,0.3,,found,p")
    use = case_with({"e": {"set": "x", "model": "expert-pool"}}).evidence.sets["e"]
    with pytest.raises(DataError, match="2 questions without a truth"):
        experts.build(data, use, {})
    data = judgements(tmp_path, "ann,asked,0.1,0.2,0.3,,found,p\nann,s,0.1,0.2,0.3,0.2,found,p")
    with pytest.raises(DataError, match="0 answers of 'bob'"):
        experts.weights(data, ("ann", "bob"))


def test_hazard_and_surrogate_agree_with_their_definitions() -> None:
    v = {"life": 1e8, "activation_temperature": 8000.0, "shape": 1.7}
    score = ageing.log_hazard(v, 1e8 * np.e, 350.0, 350.0)
    assert score == pytest.approx(1.7, rel=1e-12)
    assert discrepancy.stage(np.arange(6.0), 2.0, 3.0) == pytest.approx(0 + 2 + 2 * 3 + 3 * 4 + 4 * 6 + 5 * 9)
