"""Small motions of an elastic body: frequencies, and the share of a load at which it buckles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import SolverError
from containment.structure.loads import Supports, held_dofs
from containment.structure.statics import Statics, StaticsResult

Floats = NDArray[np.float64]


def _free(statics: Statics, supports: Supports) -> NDArray[np.int64]:
    return np.setdiff1d(np.arange(statics.body.size), held_dofs(statics.body, supports))


def frequencies(statics: Statics, supports: Supports, count: int, temperature: float = 293.15) -> Floats:
    """The lowest frequencies of free vibration, Hz: K u = (2 pi f)^2 M u with a consistent mass, ascending.

    Rigid motions that the supports leave come out as 0. Raises SolverError.
    """
    body = statics.body
    tangent = statics.elastic_tangent(temperature)
    stiffness, mass = body.stiffness(tangent), body.mass(statics.points.density)
    # shifted below zero by a thousandth of the stiffest rigid-free scale, so that a free body can be factored too
    diagonal = stiffness.getDiagonal().array.mean() / mass.getDiagonal().array.mean()
    values, _ = fem.eigenvalues(stiffness, mass, _free(statics, supports), count, nearest=-1e-9 * float(diagonal))
    return np.asarray(np.sqrt(np.maximum(np.sort(values), 0.0)) / (2.0 * np.pi))


def buckling_factors(statics: Statics, answer: StaticsResult, supports: Supports, count: int = 1) -> Floats:
    """The lowest factors on the loads of an elastic `answer` at which the body buckles, ascending:
    (K + factor K_s) u = 0, K_s the stiffness of the stress. For plane bodies and volumes; loads keep their direction.

    Raises SolverError when the stress is such that nothing buckles.
    """
    body = statics.body
    stiffness = body.stiffness(answer.state.tangent)
    pushed = body.stress_stiffness(answer.state.stress)
    pushed.scale(-1.0)
    values, _ = fem.eigenvalues(pushed, stiffness, _free(statics, supports), count)
    if values[0] <= 0.0:
        raise SolverError("the loads pull only: no factor on them makes the body buckle", advice="check their sign")
    return np.asarray(1.0 / values)
