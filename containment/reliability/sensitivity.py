"""What moves a failure probability: score-function slopes from the failing samples of an estimate, no new call of g.

    d ln P / d theta = E[d ln f(x; theta) / d theta | failure]        (Rubinstein 1986; Wu 1994)

For each input the shift of its normal score (delta: z -> N(delta, 1)) and the stretch of it, which every distribution
has, and the parameters of its own distribution where they do not move the ends of its range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.inputs import Inputs, to_score
from containment.errors import DataError
from containment.reliability.problem import named_inputs
from containment.reliability.result import Estimate

Array = NDArray[np.float64]
_STEP = 1e-4  # relative, of the central differences


@dataclass(frozen=True)
class Sensitivity:
    """Of one input: `shift` d ln P for one standard deviation of its score, `stretch` d ln P / d ln(spread of the
    score), `parameters` d ln P / d theta by name (shape0.., loc, scale), `share` of the squared shifts of all inputs:
    the larger, the better this input should be known."""

    input: str
    shift: float
    stretch: float
    share: float
    parameters: dict[str, float]


def sensitivities(
    estimate: Estimate, inputs: Inputs | Sequence[Any], *, correlation: Array | None = None
) -> tuple[Sensitivity, ...]:
    """Sensitivities of an estimate to every input, largest share first. Raises DataError without failing samples."""
    if "failing_scores" not in estimate.diagnostics:
        raise DataError("the estimate saw no failure", advice="sensitivities need failing samples: a larger budget")
    known = inputs if isinstance(inputs, Inputs) else named_inputs(inputs, correlation)
    u, weight = estimate.diagnostics["failing_scores"], estimate.diagnostics["failing_weights"]
    weight = weight / weight.sum()
    z = known.correlate(u)
    x = known.physical(z)
    inverse = np.linalg.inv(known.correlation)
    # with a Gaussian copula the score of a shift of z_j alone is (R^-1 z)_j
    pull = z @ inverse
    shifts = weight @ pull
    stretches = weight @ (pull * z - 1.0)
    total = float(shifts @ shifts) or 1.0
    rows = [
        Sensitivity(
            name, float(shifts[j]), float(stretches[j]), float(shifts[j] ** 2) / total,
            _parameters(known.marginals[j], x[:, j], z, j, inverse, weight),
        )
        for j, name in enumerate(known.paths)
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: -row.share))


def _parameters(law: Any, x: Array, z: Array, j: int, inverse: Array, weight: Array) -> dict[str, float]:
    shapes, loc, scale = law.dist._parse_args(*law.args, **law.kwds)
    values = [*map(float, shapes), float(loc), float(scale)]
    names = [*(f"shape{i}" for i in range(len(shapes))), "loc", "scale"]
    found = {}
    for i, name in enumerate(names):
        step = _STEP * (float(law.std()) if name == "loc" else abs(values[i]))
        logs = []
        for side in (step, -step):
            moved = [*values[:i], values[i] + side, *values[i + 1 :]]
            changed = law.dist(*moved[:-2], loc=moved[-2], scale=moved[-1])
            with np.errstate(divide="ignore", invalid="ignore"):
                logs.append(changed.logpdf(x) + _copula(changed, x, z, j, inverse))
        slope = (logs[0] - logs[1]) / (2.0 * step)
        if np.isfinite(slope).all():  # else the ends of the range move, and densities cannot tell what that does
            found[name] = float(weight @ slope)
    return found


def _copula(law: Any, x: Array, z: Array, j: int, inverse: Array) -> Array | float:
    """ln of the Gaussian copula's density as far as input j changes it."""
    if not np.any(inverse - np.eye(len(inverse))):
        return 0.0
    moved = z.copy()
    moved[:, j] = to_score(law, x)
    extra = inverse - np.eye(len(inverse))
    return np.asarray(-0.5 * np.einsum("ni,ij,nj->n", moved, extra, moved))
