"""The likelihoods inside the models against closed forms and brute force, without sampling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from containment.case.inputs import marginal
from containment.case.values import Quantity, Uncertainty
from containment.evidence import infer, landings, priors
from containment.evidence.model import log_interval, priors_of, two_sided
from containment.evidence.register import load

from .helpers import case_with, demands, leaks, write_set


def evaluated(tensor: Any, model: Any = None) -> np.ndarray:
    """Value of a tensor with Python as the linker: nothing to compile."""
    import pytensor

    return np.asarray(pytensor.function([], tensor, mode="FAST_COMPILE")())


def rows_at(entry: dict[str, Any], **point: float) -> np.ndarray:
    """Log-likelihood of each row of an entry at parameters given as constants."""
    case = case_with({"e": entry})
    use = case.evidence.sets["e"]
    built = infer.build(load(Path(use.set)), use, priors_of(use, {}))
    return evaluated(built.model["log_likelihood"])


def test_every_kind_of_reading_is_its_closed_form(tmp_path: Path) -> None:
    rows = (
        "exact,ms,3e-10,3e-10,20,1,found,p\nbelow,ms,,2e-10,20,2,found,p\nabove,ms,5e-10,,20,1,found,p\n"
        "low,ms,1e-11,1e-11,20,1,found,p\nbetween,ms,2e-11,2e-10,20,3,found,p"
    )
    entry = leaks(write_set(tmp_path / "s", "leak-rates", rows), median="1e-10 Pa*m^3/s", sigma_ln=1.3)
    log = stats.norm(np.log(1e-10), 1.3)
    x = np.log([3e-10, 2e-10, 5e-10, 1e-11, 2e-11])
    expected = [
        log.logpdf(x[0]), 2 * log.logcdf(x[1]), log.logsf(x[2]), log.logpdf(x[3]),
        3 * np.log(log.cdf(x[1]) - log.cdf(x[4])),
    ]  # fmt: skip
    assert rows_at(entry) == pytest.approx(expected, rel=1e-10)  # double precision of erfc


def test_intervals_keep_their_digits_far_out() -> None:
    low, high = np.array([-40.0, 8.0, -1.0, 30.0]), np.array([-39.0, 9.0, 2.0, 31.0])
    # log of the integral of the density over the interval, by quadrature relative to the end nearer to zero
    nearer = np.where(np.abs(low) < np.abs(high), low, high)
    nearer[2] = 0.0
    expected = [
        stats.norm.logpdf(c)
        + np.log(integrate.quad(lambda t, c=c: np.exp((c**2 - t**2) / 2), a, b, epsabs=0, limit=400)[0])
        for a, b, c in zip(low, high, nearer, strict=True)
    ]
    assert evaluated(log_interval(low, high)) == pytest.approx(expected, rel=1e-9)  # quadrature


def test_range_of_six_is_the_density_of_two_order_statistics(tmp_path: Path) -> None:
    rows = "min,ms,1e-12,1e-12,20,1,found,p\nfour,ms,1e-12,1e-9,20,4,found,p\nmax,ms,1e-9,1e-9,20,1,found,p"
    entry = leaks(write_set(tmp_path / "s", "leak-rates", rows), median="5e-11 Pa*m^3/s", sigma_ln=2.5)
    density = np.exp(rows_at(entry).sum()) * 6 * 5  # n (n - 1) ways to be the smallest and the largest
    rng = np.random.default_rng(7)
    six = np.log(5e-11) + 2.5 * rng.standard_normal((1_500_000, 6))
    width = 0.3
    near = (np.abs(six.min(axis=1) - np.log(1e-12)) < width) & (np.abs(six.max(axis=1) - np.log(1e-9)) < width)
    brute = near.mean() / (2 * width) ** 2
    # some 1e4 hits: 1 % noise; the box of half width 0.3 (0.12 sigma) bends the density by some 1 %
    assert density == pytest.approx(brute, rel=0.03)


def test_temperature_series_uses_differences_only(tmp_path: Path) -> None:
    header = "item,tube,method,rate_low,rate_high,temperature,count,status,source"
    values = [(-51.0, 1.7e-15), (0.0, 1e-14), (42.0, 1.4e-13)]
    rows = "\n".join(f"r,one,ms,{q},{q},{t},1,found,p" for t, q in values)
    entry = leaks(
        write_set(tmp_path / "s", "leak-rates", rows, header=header), activation_temperature="3000 K", repeatability=0.3
    )
    x = np.array([1 / 293.15 - 1 / (t + 273.15) for t, _ in values])
    y = np.log([q for _, q in values])
    # level integrated out with a flat prior: the density of the n - 1 contrasts, up to a constant
    flat, _ = integrate.quad(
        lambda level: np.exp(stats.norm.logpdf(y, level + 3000 * x, 0.3).sum()), -60, 0, points=[-32]
    )
    constant = -0.5 * np.log(3) - np.log(2 * np.pi)  # sqrt(2 pi / n) of the level over (2 pi)^(n/2)
    assert rows_at(entry)[0] == pytest.approx(np.log(flat) - constant, rel=1e-7)  # quadrature


def test_groups_are_integrated_out_and_relevance_is_a_power(tmp_path: Path) -> None:
    rows = "cans,closure,20,2,1,found,p\ndrops,landing,4,0,0.5,found,p"
    entry = demands(write_set(tmp_path / "s", "demands", rows), mean_closure=0.1, mean_landing=0.2, likeness=30.0)
    expected = [stats.betabinom.logpmf(2, 20, 3, 27), 0.5 * stats.betabinom.logpmf(0, 4, 6, 24)]
    assert rows_at(entry) == pytest.approx(expected, rel=1e-10)  # gamma functions
    entry["relevance"] = {"cans": 0.25}
    assert rows_at(entry)[0] == pytest.approx(0.25 * expected[0], rel=1e-10)


@pytest.mark.parametrize("inertia", [0.0, 160.0, 800.0])
def test_landing_closed_form_against_the_equation_of_motion(inertia: float) -> None:
    mass, speed, strength, radius, angle = 50.0, 30.0, 4e5, 0.45, np.radians(60.0)

    def motion(_: float, state: np.ndarray) -> list[float]:
        area = np.pi * min(max(state[0], 0.0) * np.tan(angle), radius) ** 2
        return [state[1], -(strength + inertia * state[1] ** 2) * area / mass]

    stop = lambda t, state: state[1] - 1e-6  # noqa: E731
    stop.terminal = True
    path = integrate.solve_ivp(motion, (0, 0.5), [0.0, speed], events=stop, rtol=1e-9, atol=1e-9, max_step=1e-4)
    peak = max(-motion(0.0, state)[1] for state in path.y.T)
    ours = landings.peak_acceleration(mass, speed, strength, inertia, radius, angle)
    assert ours == pytest.approx(peak, rel=1e-4)  # peak read at steps of 0.1 ms
    depth = path.y[0, -1]
    cone = radius / np.tan(angle)
    volume = np.pi * radius**2 * (min(depth, cone) ** 3 / (3 * cone**2) + max(depth - cone, 0.0))
    assert landings.stopping_volume(mass, speed, strength, inertia) == pytest.approx(volume, rel=1e-5)  # ODE tolerance


def test_landing_formula_gives_the_published_checks() -> None:
    # 50 kg at 30 m/s into 0.6 MPa under a 60 degree cone: 0.23 m and 602 g; 95 kg, 40 m/s, 0.5 MPa: about 670 g
    wide = 10.0  # m, so wide that the rim never touches
    g = landings.GRAVITY
    assert landings.peak_acceleration(50, 30, 6e5, 0.0, wide, np.pi / 3) / g == pytest.approx(602, abs=1)  # as rounded
    assert landings.peak_acceleration(95, 40, 5e5, 0.0, wide, np.pi / 3) / g == pytest.approx(670, abs=5)  # "about"


DISTRIBUTIONS = [
    ("normal", {"sd": 0.3}, 2.0), ("lognormal", {"sigma_ln": 0.4}, 2.0), ("uniform", {"low": 1.0, "high": 3.0}, 2.0),
    ("loguniform", {"low": 0.1, "high": 10.0}, 2.0), ("triangular", {"low": 1.0, "high": 4.0}, 2.0),
    ("beta", {"a": 2.0, "b": 5.0}, 0.3), ("weibull", {"shape": 1.8, "scale": 4.5}, 2.0),
    ("rayleigh", {"scale": 1.5}, 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "value"), DISTRIBUTIONS, ids=[d[0] for d in DISTRIBUTIONS])
def test_prior_is_the_distribution_of_the_case(name: str, parameters: dict[str, float], value: float) -> None:
    import pymc as pm

    spread = Uncertainty(kind="epistemic", distribution=name, parameters=parameters)
    quantity = Quantity(value=value, unit="", si_unit="", uncertainty=spread)
    with pm.Model() as model:
        variable = priors.variable("x", quantity)
    if name == "loguniform":  # sampled as ln x: density of ln x is x f(x)
        density = pm.logp(model["x_ln"], np.float64(np.log(value))) - np.log(value)
    else:
        density = pm.logp(variable, np.float64(value))
    assert float(evaluated(density)) == pytest.approx(marginal(quantity).logpdf(value), rel=1e-9)  # same formula


def test_two_sided_tail_shares_ties() -> None:
    replicates = np.array([0.0, 0.0, 1.0, 2.0])
    assert two_sided(replicates, 0.0) == 0.5  # half of the two ties below: 2 * 0.25
    assert two_sided(replicates, 5.0) == 0.0
