"""Posteriors whose moments others published: what the sampler of this room makes of them.

Data, models and reference draws: posteriordb (Magnusson et al., github.com/stan-dev/posteriordb, commit 28f8d3d,
BSD-3-Clause); the reference of each quantity is the mean and the sd of its 10 x 1000 reference draws with their Monte
Carlo standard errors. The models are written here anew from their densities.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from containment.case.evidence import Gate
from containment.evidence import sampling

# posterior -> quantity -> (mean, its error, sd, its error)
REFERENCES: Mapping[str, Mapping[str, tuple[float, float, float, float]]] = {
    "eight-schools": {
        "mu": (4.41052, 0.0330, 3.30913, 0.0238), "tau": (3.60206, 0.0319, 3.19832, 0.0455),
        "theta_1": (6.1505, 0.0557, 5.61558, 0.0622), "theta_7": (6.31717, 0.0499, 5.00261, 0.0464),
    },
    "process-regression": {
        "rho": (6.87435, 0.0128, 1.26569, 0.00939), "alpha": (2.44240, 0.00776, 0.781794, 0.00692),
        "sigma": (1.82873, 0.00503, 0.504991, 0.00408),
    },
    "warming": {
        "alpha": (-60.7123, 0.307, 29.9632, 0.225), "beta": (0.0175836, 7.7e-5, 0.00752384, 5.64e-5),
        "sigma": (1.13167, 0.00106, 0.107814, 0.000825),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """One moment of one quantity: reference and ours with their Monte Carlo standard errors."""

    quantity: str
    moment: str
    reference: float
    reference_error: float
    ours: float
    error: float

    @property
    def allowed(self) -> float:
        """Three standard errors of the difference."""
        return 3.0 * float(np.hypot(self.reference_error, self.error))


def moments(name: str, *, draws: int, seed: int) -> list[Moment]:
    """Mean and sd of every quantity of one posterior. Raises SamplerError where the gate is not passed."""
    model = sampling.freeze(_MODELS[name]())
    states = sampling.seeds(seed, name, sampling.CHAINS)
    tree = sampling.run_chains(model, draws=draws, states=states, target_accept=sampling.TARGET_ACCEPT[1])
    sampling.require(sampling.convergence(tree, Gate(), name), name)
    posterior = tree["posterior"].to_dataset()
    found = []
    for quantity, (mean, mean_error, sd, sd_error) in REFERENCES[name].items():
        ours = estimates(posterior[quantity])
        found.append(Moment(quantity, "mean", mean, mean_error, *ours["mean"]))
        found.append(Moment(quantity, "sd", sd, sd_error, *ours["sd"]))
    return found


def estimates(draws: Any) -> dict[str, tuple[float, float]]:
    """Mean, sd, 5 and 95 % of draws (chain, draw), each with its Monte Carlo standard error."""
    import arviz as az

    found = {
        "mean": (float(draws.mean()), float(az.mcse(draws, method="mean"))),
        "sd": (float(draws.std()), float(az.mcse(draws, method="sd"))),
    }
    for level in (0.05, 0.95):
        error = float(az.mcse(draws, method="quantile", prob=level))
        found[f"p{100 * level:02.0f}"] = float(draws.quantile(level)), error
    return found


def _schools() -> Any:
    """Rubin's eight schools, non-centred; school effects under their numbers."""
    import pymc as pm

    effect = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    error = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
    with pm.Model() as model:
        mu, tau = pm.Normal("mu", 0.0, np.float64(5.0)), pm.HalfCauchy("tau", np.float64(5.0))
        theta = mu + tau * pm.Normal("score", 0.0, 1.0, shape=8)
        for school in (1, 7):
            pm.Deterministic(f"theta_{school}", theta[school - 1])
        pm.Normal("effect", theta, error, observed=effect)
    return model


def _process() -> Any:
    """Gaussian process regression with squared exponential kernel; sigma is the variance of the noise."""
    import pymc as pm
    import pytensor.tensor as pt

    x = np.linspace(-10.0, 10.0, 11)
    y = np.array(
        [4.75906, 1.59423, 2.99548, 5.27501, 1.66472, 2.24347, 2.8914, 4.08681, 4.60588, 0.802364, 3.92136]
    )  # fmt: skip
    square = (x[:, None] - x[None, :]) ** 2
    with pm.Model() as model:
        rho = pm.Gamma("rho", np.float64(25.0), np.float64(4.0))
        alpha, sigma = pm.HalfNormal("alpha", np.float64(2.0)), pm.HalfNormal("sigma", np.float64(1.0))
        root = pt.linalg.cholesky(alpha**2 * pt.exp(-0.5 * square / rho**2) + sigma * np.eye(x.size))
        score = pt.linalg.solve_triangular(root, y, lower=True)
        pm.Potential("likelihood", -0.5 * pt.sum(score**2) - pt.sum(pt.log(pt.diagonal(root))))
    return model


def _warming() -> Any:
    """Linear trend of 62 summer temperatures at Kilpisjarvi, sampled about the middle of the record."""
    import pymc as pm

    y = np.array(
        [8.3, 10.9, 9.4, 8.1, 8.1, 7.7, 8.6, 9.1, 11, 10.1, 7.6, 8.8, 8.3, 7.2, 9.3, 8.8, 7.6, 10.5, 11, 8.9, 11.3, 10,
         10.1, 6.4, 8.2, 8.4, 9.5, 9.9, 10.6, 7.6, 7.7, 8.1, 8.4, 9.7, 9.5, 7.3, 10.3, 9.6, 10.3, 9.8, 9, 9.1, 9.5, 8.7,
         9.9, 10.5, 9.4, 9, 9, 9.7, 11.4, 10.7, 10.1, 10.8, 10.4, 10.3, 8.8, 9.8, 8.8, 10.8, 8.6, 11.1]
    )  # fmt: skip
    x = np.arange(3952.0, 4014.0)
    with pm.Model() as model:
        beta, middle = pm.Normal("beta", 0.0, np.float64(1 / 30)), pm.Flat("middle")
        sigma = pm.math.exp(pm.Flat("sigma_ln"))
        pm.Deterministic("sigma", sigma)
        alpha = pm.Deterministic("alpha", middle - beta * x.mean())
        pm.Potential("flat in sigma", pm.math.log(sigma))
        pm.Potential("prior of alpha", pm.logp(pm.Normal.dist(np.float64(9.31290322580645), np.float64(100.0)), alpha))
        pm.Normal("y", middle + beta * (x - x.mean()), sigma, observed=y)
    return model


_MODELS: dict[str, Callable[[], Any]] = {
    "eight-schools": _schools, "process-regression": _process, "warming": _warming,
}  # fmt: skip
