"""One prior, two forms: a distribution of the case as a PyMC variable and as draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.values import Quantity


def variable(name: str, quantity: Quantity) -> Any:
    """The quantity as a PyMC variable of the model in context; a constant tensor where it has no uncertainty."""
    import pymc as pm
    import pytensor.tensor as pt

    spread, value = quantity.uncertainty, np.float64(quantity.value)
    if spread is None:
        return pt.as_tensor(value)
    # A Python float such as 2.0 would become a float32 constant, and its logarithm with it.
    p = {key: np.float64(item) for key, item in spread.parameters.items()}
    match spread.distribution:
        case "normal":
            return pm.Normal(name, value, p["sd"])
        case "lognormal":
            return pm.LogNormal(name, np.log(value), p["sigma_ln"])
        case "uniform":
            return pm.Uniform(name, p["low"], p["high"])
        case "loguniform":
            logarithm = pm.Uniform(f"{name}_ln", np.log(p["low"]), np.log(p["high"]))
            return pm.Deterministic(name, pm.math.exp(logarithm))
        case "triangular":
            return pm.Triangular(name, lower=p["low"], c=value, upper=p["high"])
        case "beta":
            return pm.Beta(name, p["a"], p["b"])
        case "weibull":
            return pm.Weibull(name, p["shape"], p["scale"])
        case _:  # a Rayleigh is a Weibull of shape 2 and scale sqrt(2) sigma
            return pm.Weibull(name, np.float64(2.0), np.sqrt(2.0) * p["scale"])


def draws(quantity: Quantity, size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """`size` draws of a quantity; constant where it has no uncertainty."""
    from containment.case.inputs import marginal

    if quantity.uncertainty is None:
        return np.full(size, quantity.value)
    return np.asarray(marginal(quantity).rvs(size=size, random_state=rng), dtype=float)
