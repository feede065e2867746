"""Calibration of a stage on drop tests and flights with a discrepancy of the model, additive on the margin.

Kennedy & O'Hagan (J. R. Stat. Soc. B 63 (2001) 425) on a margin without unit (capacity less demand over capacity):
    measured_i = stage(x_i, theta) + delta(x_i) + e_i,   delta ~ GP(0, sd^2 exp(-(x - x')^2 / (2 length^2)))
Rows of role `run` are computed by the stage at a setting x and a value of its parameter theta; a quadratic in both,
fitted to them, stands for the stage, and its residual scatter is added to the error of each test. Rows of role `test`
are measured. Delivered is delta at the setting of the flight, and the margin there with it. Far from every test delta
is back at its prior: that is said by the width.
theta and delta are told apart only by their priors (Brynjarsdottir & O'Hagan 2014): keep them informative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.errors import DataError
from containment.evidence import priors
from containment.evidence.model import Built, Draws, finish, given, need, two_sided
from containment.evidence.register import EvidenceSet

Array = NDArray[np.float64]
_TERMS = 6  # 1, x, theta, x^2, x theta, theta^2
_IN_FLIGHT = "discrepancy_in_flight"  # per draw, in the posterior
_JITTER = 1e-8  # of the prior variance: keeps the factorisation of close settings defined


def quadratic(x: Any, theta: Any) -> list[Any]:
    """The six terms of the surrogate."""
    one = 0.0 * x * theta + 1.0
    return [one, x * one, theta * one, x**2 * one, x * theta, theta**2 * one]


def surrogate(data: EvidenceSet) -> tuple[Array, float]:
    """Coefficients (6,) of the stage's margin and the scatter of the runs about them. Raises DataError if too few."""
    run = data["role"] == "run"
    if run.sum() <= _TERMS or np.any(np.isnan(data["parameter"][run])):
        raise DataError(
            f"{data.path / 'data.csv'}:1: found {int(run.sum())} runs, expected over {_TERMS} with parameter",
            advice="run the stage at more settings and parameters",
        )
    terms = np.column_stack(quadratic(data["setting"][run], data["parameter"][run]))
    coefficients, _, rank, _ = np.linalg.lstsq(terms, data["margin"][run], rcond=None)
    if rank < _TERMS:
        raise DataError(
            f"{data.path / 'data.csv'}:1: found runs that do not tell {_TERMS} terms apart",
            advice="vary setting and parameter over at least three values each",
        )
    residual = data["margin"][run] - terms @ coefficients
    return coefficients, float(np.sqrt(residual @ residual / (run.sum() - _TERMS)))


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `comparisons`. Raises DataError for another kind, too few runs or no test."""
    import pymc as pm
    import pytensor.tensor as pt

    need(data, use)
    test = _tests(data)
    free = {name: quantity for name, quantity in prior.items() if name in use.facts.parameters}
    coefficients, scatter = surrogate(data)
    x, labels = data["setting"][test], tuple(map(str, data["item"][test]))
    weight = np.array([use.relevance.get(label, 1.0) for label in labels])
    error = np.hypot(data["error"][test], scatter)
    at = prior["flight_setting"].value
    square = _squares(np.append(x, at))
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in free.items()}
        correlation = pt.exp(-0.5 * square / v["length"] ** 2) + _JITTER * np.eye(x.size + 1)
        score = pm.Normal("discrepancy_score", 0.0, 1.0, shape=x.size + 1)
        delta = v["discrepancy_sd"] * (pt.linalg.cholesky(correlation) @ score)
        pm.Deterministic(_IN_FLIGHT, delta[x.size])
        residual = (
            given("margin", data["margin"][test]) - stage(coefficients, x, v["calibration"]) - delta[:-1]
        ) / error
        rows = -0.5 * residual**2 - np.log(error) - 0.5 * np.log(2.0 * np.pi)
        finish(weight * rows, latent=("discrepancy_score",))
    check = _predictive(x, data["margin"][test], error, coefficients)
    return Built(model, free, labels, _deliver(coefficients, at), check)


def _tests(data: EvidenceSet) -> NDArray[np.bool_]:
    for role, line in zip(map(str, data["role"]), data.lines, strict=True):
        if role not in ("run", "test"):
            raise DataError(f"{data.path / 'data.csv'}:{line}: found role {role!r}", advice="expected run or test")
    test = data["role"] == "test"
    if not test.any() or not np.all(data["error"][test] > 0):
        raise DataError(
            f"{data.path / 'data.csv'}:1: found no test, or one without error, expected tests with their error",
            advice="give the standard error of every measured margin",
        )
    return np.asarray(test)


def stage(coefficients: Array, x: Any, theta: Any) -> Any:
    """Margin by the surrogate."""
    return sum(c * term for c, term in zip(coefficients, quadratic(x, theta), strict=True))


def _squares(x: Array) -> Array:
    return (x[:, None] - x[None, :]) ** 2


def _deliver(coefficients: Array, at: float) -> Any:
    """The discrepancy at the flight's setting, or the margin there with it."""

    def deliver(draws: Draws, output: str, rng: np.random.Generator) -> Array:
        delta = draws.get(_IN_FLIGHT)
        if delta is None:  # draws of the prior
            delta = draws["discrepancy_sd"] * rng.standard_normal(draws["discrepancy_sd"].size)
        return delta if output == "discrepancy" else np.asarray(stage(coefficients, at, draws["calibration"]) + delta)

    return deliver


def replicate(x: Array, error: Array, coefficients: Array, draws: Draws, rng: np.random.Generator) -> Array:
    """Margins (n, tests) of tests made again at settings `x`, one row for every draw."""
    sd, length = draws["discrepancy_sd"][:, None], draws["length"][:, None, None]
    root = np.linalg.cholesky(np.exp(-0.5 * _squares(x) / length**2) + _JITTER * np.eye(x.size))
    delta = sd * (root @ rng.standard_normal((sd.size, x.size, 1)))[..., 0]
    mean = stage(coefficients, x[None, :], draws["calibration"][:, None])
    return np.asarray(mean + delta + error * rng.standard_normal((sd.size, x.size)))


def _predictive(x: Array, y: Array, error: Array, coefficients: Array) -> Any:
    """Mean and scatter of the tests against tests made again."""

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        again = replicate(x, error, coefficients, draws, rng)
        tails = {"mean of the tests": two_sided(again.mean(axis=1), float(y.mean()))}
        if y.size > 1:
            tails["scatter of the tests"] = two_sided(again.std(axis=1), float(y.std()))
        return tails

    return check
