"""Rare events by another package, in an environment of its own: one line of JSON for its versions, then one per run.

`PYTHON bench_side_by_side_worker.py PACKAGE METHOD PROBLEM SECONDS SEED...` with the Python of that environment, in
which `containment` need not be installed: the problems are read from the file beside this one. Every method sees g in
standard normal space, where its calls are counted. A run that takes longer than SECONDS of processor time ends the
series, and so do four times that in all. Settings are the packages' own defaults; stated are sample sizes and the
wanted coefficient of variation.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import json
import math
import signal
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

Array = Any  # numpy's typing differs between the environments this runs in
Answer = tuple[float, float]  # probability, coefficient of variation as the package reports it (NaN: it reports none)
WANTED_COV = 0.10  # where a method stops by its own coefficient of variation
MOST_CALLS = 1_000_000
SERIES = 4  # times what one run may take: a series of seeds ends there, with the runs it has
START = 0.1  # standard deviations in each input: at the origin itself some gradients vanish and OpenTURNS gives up


class LimitState:
    """g of standard normal scores u (n, d) -> (n,), counting its calls."""

    def __init__(self, name: str) -> None:
        path = Path(__file__).with_name("bench_rare_events.py")
        spec = importlib.util.spec_from_file_location("rare_event_problems", path)
        if spec is None or spec.loader is None:
            raise ImportError(str(path))
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        self.problem = module.PROBLEMS[name]
        self.dimension = len(self.problem.marginals)
        self.calls = 0

    def __call__(self, u: Array) -> Array:
        """Values of g, one call a row."""
        u = np.atleast_2d(np.asarray(u, dtype=float))
        self.calls += len(u)
        tail = special.ndtr(-np.abs(u))  # the smaller tail, so that 1 - p loses no digits
        columns = [
            np.where(u[:, j] > 0, law.isf(tail[:, j]), law.ppf(tail[:, j]))
            for j, law in enumerate(self.problem.marginals)
        ]
        return np.asarray(self.problem.g(np.column_stack(columns)), dtype=float).reshape(len(u))


# --- OpenTURNS --------------------------------------------------------------------------------------------------------


def _turns(g: LimitState, seed: int) -> tuple[Any, Any]:
    ot = importlib.import_module("openturns")
    ot.RandomGenerator.SetSeed(seed)
    function = ot.PythonFunction(g.dimension, 1, func_sample=lambda u: g(u)[:, None])
    vector = ot.CompositeRandomVector(function, ot.RandomVector(ot.Normal(g.dimension)))
    return ot, ot.ThresholdEvent(vector, ot.LessOrEqual(), 0.0)


def _turns_form(g: LimitState, seed: int) -> tuple[Any, Any, Any]:
    ot, event = _turns(g, seed)
    solver = ot.AbdoRackwitz()
    solver.setStartingPoint([START] * g.dimension)
    search = ot.FORM(solver, event)
    search.run()
    return ot, event, search.getResult()


def turns_form(g: LimitState, seed: int) -> Answer:
    """First order, search from beside the origin."""
    return float(_turns_form(g, seed)[2].getEventProbability()), math.nan


def turns_importance(g: LimitState, seed: int) -> Answer:
    """Normal density about the first-order design point."""
    ot, event, found = _turns_form(g, seed)
    about = ot.Normal(found.getStandardSpaceDesignPoint(), ot.CovarianceMatrix(g.dimension))
    return _turns_until(ot.ProbabilitySimulationAlgorithm(event, ot.ImportanceSamplingExperiment(about)), 10)


def turns_directional(g: LimitState, seed: int) -> Answer:
    """Roots along random directions."""
    ot, event = _turns(g, seed)
    return _turns_until(ot.DirectionalSampling(event), 1)


def turns_monte_carlo(g: LimitState, seed: int) -> Answer:
    """Plain samples."""
    ot, event = _turns(g, seed)
    return _turns_until(ot.ProbabilitySimulationAlgorithm(event, ot.MonteCarloExperiment()), 5000)


def turns_subset(g: LimitState, seed: int, each: int) -> Answer:
    """Subset simulation, `each` samples a level."""
    ot, event = _turns(g, seed)
    algorithm = ot.SubsetSampling(event)
    algorithm.setMaximumOuterSampling(each // 100)
    algorithm.setBlockSize(100)
    algorithm.run()
    return _turns_answer(algorithm.getResult())


def turns_nais(g: LimitState, seed: int) -> Answer:
    """Non-parametric adaptive importance sampling, 2000 samples a step."""
    ot, event = _turns(g, seed)
    algorithm = ot.NAIS(event, 0.1)
    algorithm.setMaximumOuterSampling(20)
    algorithm.setBlockSize(100)
    algorithm.run()
    return _turns_answer(algorithm.getResult())


def _turns_until(algorithm: Any, block: int) -> Answer:
    algorithm.setMaximumCoefficientOfVariation(WANTED_COV)
    algorithm.setBlockSize(block)
    algorithm.setMaximumOuterSampling(MOST_CALLS // block)
    algorithm.run()
    return _turns_answer(algorithm.getResult())


def _turns_answer(result: Any) -> Answer:
    spread = float(result.getCoefficientOfVariation())  # negative where no failure was seen
    return float(result.getProbabilityEstimate()), spread if spread >= 0.0 else math.nan


# --- pystra -----------------------------------------------------------------------------------------------------------


def _pystra(g: LimitState) -> tuple[Any, Any, Any]:
    ra = importlib.import_module("pystra")
    model, names = ra.StochasticModel(), [f"x{j}" for j in range(g.dimension)]
    for name in names:
        model.add_variable(ra.Normal(name, 0.0, 1.0, start_point=START))

    def limit_state(**values: Array) -> Array:
        columns = np.broadcast_arrays(*(np.atleast_1d(np.asarray(values[name], dtype=float)) for name in names))
        return g(np.column_stack([column.ravel() for column in columns]))

    return ra, model, ra.LimitState(limit_state)


def pystra_form(g: LimitState, _: int) -> Answer:
    """First order from the origin."""
    ra, model, state = _pystra(g)
    return float(ra.FORM(model, state).run().failure_probability), math.nan


def pystra_sorm(g: LimitState, _: int) -> Answer:
    """Second order (Breitung's formula, curvatures by the default fit)."""
    ra, model, state = _pystra(g)
    return float(ra.SORM(model, state).run().failure_probability), math.nan


def pystra_importance(g: LimitState, seed: int) -> Answer:
    """Normal density about the first-order design point."""
    ra, model, state = _pystra(g)
    options = ra.SimulationOptions(n_samples=100_000, block_size=100, target_cov=WANTED_COV)
    return _pystra_answer(ra.ImportanceSampling(model, state, options=options, rng=seed).run())


def pystra_lines(g: LimitState, seed: int) -> Answer:
    """100 lines along the first-order direction."""
    ra, model, state = _pystra(g)
    return _pystra_answer(ra.LineSampling(model, state, options=ra.SimulationOptions(n_samples=100), rng=seed).run())


def pystra_subset(g: LimitState, seed: int) -> Answer:
    """Subset simulation, 1000 samples a level."""
    ra, model, state = _pystra(g)
    options = ra.SimulationOptions(n_samples=1000)
    return _pystra_answer(ra.SubsetSimulation(model, state, options=options, rng=seed).run())


def pystra_kriging(g: LimitState, seed: int) -> Answer:
    """Kriging, learning function U, importance sampling about the first-order design point (AK-IS)."""
    ra, model, state = _pystra(g)
    learning = importlib.import_module("pystra.active_learning")
    point = np.asarray(ra.FORM(model, state).run().design_point_u, dtype=float).reshape(1, -1)
    estimator = learning.ImportanceSamplingEstimator(centers=point)
    found = learning.ActiveLearning(model, state, surrogate="kriging", estimator=estimator, rng=seed).run()
    return float(found.failure_probability), float(found.sampling_cov)


def _pystra_answer(found: Any) -> Answer:
    return float(found.failure_probability), float(found.coefficient_of_variation)


# --- UQpy -------------------------------------------------------------------------------------------------------------


def _uqpy(g: LimitState) -> Any:
    _without_torch()
    run_model = importlib.import_module("UQpy.run_model")
    importlib.import_module("UQpy.reliability")

    def limit_state(u: Array) -> float:
        return float(g(u)[0])

    model = types.ModuleType("rare_event_model")
    model.__dict__["limit_state"] = limit_state
    sys.modules[model.__name__] = model
    python_model = run_model.PythonModel(model_script="rare_event_model.py", model_object_name="limit_state")
    return run_model.RunModel(model=python_model)


def _without_torch() -> None:
    """An empty stand-in for torch: UQpy names its tensor class at import, its reliability methods never use it."""
    if "torch" not in sys.modules and importlib.util.find_spec("torch") is None:
        torch = types.ModuleType("torch")
        torch.__dict__["Tensor"] = type("Tensor", (), {})
        sys.modules["torch"] = torch


def uqpy_form(g: LimitState, _: int) -> Answer:
    """First order from the origin."""
    model = _uqpy(g)
    laws = importlib.import_module("UQpy.distributions")
    form = importlib.import_module("UQpy.reliability").FORM(
        distributions=[laws.Normal(0.0, 1.0)] * g.dimension, runmodel_object=model
    )
    form.run(seed_u=np.full(g.dimension, START))
    found = form.failure_probability
    return float(np.atleast_1d(np.asarray(found, dtype=float))[-1]), math.nan


def uqpy_subset(g: LimitState, seed: int, each: int) -> Answer:
    """Subset simulation, `each` samples a level, component-wise Metropolis with the default proposal."""
    model, rng = _uqpy(g), np.random.RandomState(seed)
    sampling = importlib.import_module("UQpy.sampling")
    marginals = [lambda x: np.exp(-0.5 * np.asarray(x) ** 2).ravel()] * g.dimension
    chain = sampling.ModifiedMetropolisHastings(
        dimension=g.dimension, pdf_target=marginals, n_chains=each // 10, random_state=rng
    )
    found = importlib.import_module("UQpy.reliability").SubsetSimulation(
        runmodel_object=model, sampling=chain, samples_init=rng.standard_normal((each, g.dimension)),
        nsamples_per_subset=each,
    )  # fmt: skip
    return float(found.failure_probability), float(found.dependent_chains_CoV)


METHODS: dict[str, dict[str, Callable[[LimitState, int], Answer]]] = {
    "openturns": {
        "FORM": turns_form,
        "FORM + importance sampling": turns_importance,
        "subset simulation, 1000": lambda g, seed: turns_subset(g, seed, 1000),
        "subset simulation, 10000": lambda g, seed: turns_subset(g, seed, 10_000),
        "NAIS, 2000": turns_nais,
        "directional sampling": turns_directional,
        "Monte Carlo": turns_monte_carlo,
    },
    "pystra": {
        "FORM": pystra_form,
        "SORM": pystra_sorm,
        "FORM + importance sampling": pystra_importance,
        "line sampling, 100": pystra_lines,
        "subset simulation, 1000": pystra_subset,
        "kriging + importance sampling": pystra_kriging,
    },
    "uqpy": {
        "FORM": uqpy_form,
        "subset simulation, 1000": lambda g, seed: uqpy_subset(g, seed, 1000),
        "subset simulation, 5000": lambda g, seed: uqpy_subset(g, seed, 5000),
    },
}
WITHOUT_SEED = ("FORM", "SORM")  # the same answer for every seed
_LATE = "time limit reached"
_DISTRIBUTIONS = {"openturns": "openturns", "pystra": "pystra", "uqpy": "UQpy"}


def versions(package: str) -> dict[str, str]:
    """Version of the package and of what it stands on; raises PackageNotFoundError where it is not installed."""
    from importlib.metadata import version

    found = {_DISTRIBUTIONS[package]: version(_DISTRIBUTIONS[package]), "numpy": version("numpy")}
    found |= {"scipy": version("scipy"), "python": sys.version.split()[0]}
    if package == "uqpy" and importlib.util.find_spec("torch") is None:
        found["torch"] = "absent, an empty stand-in named at import"
    return found


def one_run(package: str, method: str, problem: str, seed: int, seconds: float) -> dict[str, Any]:
    """One run; `error` holds the first line of what the package raised, `seconds` processor time."""
    g, started = LimitState(problem), time.process_time()
    row: dict[str, Any] = {"probability": math.nan, "cov": math.nan, "error": ""}
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            row["probability"], row["cov"] = METHODS[package][method](g, seed)
    except Exception as error:  # whatever a foreign package raises is its answer to this problem
        row["error"] = (str(error).strip().splitlines() or [type(error).__name__])[0][:80]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
    late = _LATE in row["error"]
    if late:
        row["error"] = f"not done in {seconds:g} s"
    return {**row, "seed": seed, "calls": g.calls, "seconds": time.process_time() - started, "late": late}


def _too_long(*_: object) -> None:
    raise TimeoutError(_LATE)


def main(arguments: list[str]) -> None:
    """Versions, then a line per seed."""
    import warnings

    warnings.simplefilter("ignore")
    package, method, problem, seconds, *seeds = arguments
    sys.stdout.write(json.dumps({"versions": versions(package)}) + "\n")
    spent = 0.0
    for seed in seeds:
        row = one_run(package, method, problem, int(seed), float(seconds))
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
        spent += row["seconds"]
        if row["late"] or spent > SERIES * float(seconds):
            return


if __name__ == "__main__":
    main(sys.argv[1:])
