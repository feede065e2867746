"""Simulation-based calibration: simulated data look like the model says, ranks are uniform."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from containment import share
from containment.case.load import load_case
from containment.evidence import calibration, priors, simulation
from containment.evidence.model import priors_of
from containment.evidence.register import load

from . import entries
from .helpers import case_with


def entry(name: str):  # type: ignore[no-untyped-def]
    case = load_case("msr-ees")
    use = case.evidence.sets[name]
    return load(share.find("evidence", use.set)), use, priors_of(use, dict(case.quantities()))


def test_uniformity_tells_flat_from_wrong_ranks() -> None:
    rng = np.random.default_rng(1)
    z = rng.standard_normal(60)
    # where the truth lies in a posterior of half, right and double width, and in one shifted by 0.7 sd
    ranks = {s: np.floor(51 * stats.norm.cdf(z * w + d)).astype(int) for s, w, d in CASES}
    p = {name: calibration.uniformity(values, 50) for name, values in ranks.items()}
    assert p["right"] > 0.01 and max(p["half"], p["double"], p["shifted"]) < 0.01, p


CASES = [("half", 2.0, 0.0), ("right", 1.0, 0.0), ("double", 0.5, 0.0), ("shifted", 1.0, 0.7)]


def test_simulated_tubes_keep_the_shape_of_the_record() -> None:
    data, _, prior = entry("tubes")
    rng = np.random.default_rng(2)
    truth = {name: float(priors.draws(quantity, 1, rng)[0]) for name, quantity in prior.items()} | {
        "median": 1e-15, "sigma_ln": 1.5, "activation_temperature": 3000.0, "repeatability": 0.01,
    }  # fmt: skip
    logs, slopes = [], []
    for _ in range(400):
        new = simulation.leaks_like(data, truth, rng)
        low, high = new["rate_low"], new["rate_high"]
        assert low[0] == high[0] == low[1] < high[1] == low[2] == high[2]  # smallest, the four between, largest
        logs.append((np.log(low[0]), np.log(high[2])))
        slopes.append(np.log(high[4] / high[3]) / (1 / 222.15 - 1 / 315.15))
    # expected extremes of six standard normals: -+1.2672 (Teichroew 1956); error of 400 repeats 0.05
    assert np.mean(logs, axis=0) == pytest.approx(np.log(1e-15) + 1.5 * np.array([-1.2672, 1.2672]), abs=0.2)
    assert np.mean(slopes) == pytest.approx(3000.0, rel=0.01)  # repeatability 0.01 over a lever of 0.0013 / K


def test_simulated_demands_have_the_mean_of_the_model() -> None:
    data, _, prior = entry("vessels")
    rng = np.random.default_rng(3)
    truth = {name: quantity.value for name, quantity in prior.items()} | {
        "mean_closure": 0.1, "mean_landing": 0.3, "likeness": 20.0,
    }  # fmt: skip
    share_failed = np.mean(
        [simulation.demands_like(data, truth, rng)["failures"] / data["demands"] for _ in range(800)], axis=0
    )
    assert share_failed == pytest.approx(
        [0.1, 0.1, 0.3, 0.3], abs=0.04
    )  # sd of a group of 3: 0.28; 4 sd of 800 repeats


def test_simulated_landings_keep_or_break_their_bounds() -> None:
    data, _, prior = entry("ground")
    rng = np.random.default_rng(4)
    nominal = {name: quantity.value for name, quantity in prior.items()} | {"place_scatter": 1e-9}
    soft = simulation.landings_like(data, nominal | {"resistance": 1e5}, rng)
    hard = simulation.landings_like(data, nominal | {"resistance": 5e7}, rng)
    assert np.array_equal(soft["acceleration_high"], data["acceleration_high"])
    assert np.all(hard["acceleration_low"][:2] == data["acceleration_high"][:2]) and np.isinf(
        hard["acceleration_high"][0]
    )
    assert soft["penetration"][2] > 10 * hard["penetration"][2]  # 500 times the resistance, less what inertia takes


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tubes", "vessels", "ground"])
def test_ranks_are_uniform_on_what_is_shipped(name: str) -> None:
    data, use, prior = entry(name)
    result = calibration.calibrate(data, use, prior, repeats=100, seed=20260101)
    assert result.holds(0.99), result.p_values


@pytest.mark.slow
@pytest.mark.parametrize("model", entries.MODELS)
def test_ranks_are_uniform(model: str, tmp_path: Path) -> None:
    use = case_with({"e": entries.written(tmp_path, model)}).evidence.sets["e"]
    result = calibration.calibrate(load(Path(use.set)), use, priors_of(use, {}), repeats=100, seed=20260101)
    assert result.holds(0.99), result.p_values
