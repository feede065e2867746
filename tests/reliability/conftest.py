"""A two-barrier case small enough to have closed answers."""

import numpy as np
import pytest
from scipy import stats

from containment.case.barriers import Event, FaultTree, LimitState
from containment.case.fidelity import defaults
from containment.case.inputs import inputs_of
from containment.case.schema import Case
from containment.reliability.assurance import Ensemble, assurance


def spread(kind, distribution, **parameters):
    return {"kind": kind, "distribution": distribution, **parameters}


def small_case(limit_states, events=None, gates=None, barriers=None, **changes):
    """A case whose only stage inputs are the mass (epistemic) and the diameter's error (aleatory) of a vehicle."""
    air = {"value": 1.0, "uncertainty": spread("aleatory", "normal", sd=0.04)}
    mass = {"value": "95 kg", "uncertainty": spread("epistemic", "normal", sd="5 kg")}
    vehicle = {
        "diameter": "1.25 m", "nose_radius": "0.3 m", "cone_half_angle": "60 deg", "mass": mass,
        "drag": {"mach": [0.0, 10.0], "coefficient": [0.9, 1.5]}, "hypersonic_drag_factor": air,
    }  # fmt: skip
    requirement = {"probability": 1e-3, "particle": "10 nm", "assurance": 0.9}
    gates = gates or {"loss": {"or": [*limit_states, *(events or {})]}}
    return Case.model_validate(
        {
            "schema": 1, "name": "small", "requirement": requirement, "vehicle": vehicle,
            "limit_states": {k: LimitState.model_validate(v) for k, v in limit_states.items()},
            "events": {k: Event.model_validate(v) for k, v in (events or {}).items()},
            "fault_tree": FaultTree.model_validate(
                {"top": "loss", "gates": gates, "barriers": barriers or {"shell": "loss"}}
            ),
            **changes,
        }
    )  # fmt: skip


def state(demand, capacity, **changes):
    return {
        "barrier": "shell", "phase": "entry", "demand": demand, "capacity": capacity, "discretisation": 0.0, **changes
    }  # fmt: skip


def run(case, responses, *, samples=48, fidelity="screening", posterior=None, failed=None, seed=None, **settings):
    """Assurance on an ensemble whose responses are functions of the normal scores {path: (n,)}."""
    inputs = inputs_of(case)
    scores = inputs.scores(samples, case.study.seed)
    z = {path: scores[:, j] for j, path in enumerate(inputs.paths)}
    names = tuple(responses)
    table = np.column_stack([np.broadcast_to(f(z), samples) for f in responses.values()])
    ensemble = Ensemble(inputs.paths, inputs.physical(scores), names, table, failed=failed or {})
    fine = defaults(fidelity).model_copy(update=settings)
    return assurance(case, ensemble, posterior or {}, fine, seed=seed)


@pytest.fixture
def normal_capacity():
    return {"value": "500 K", "uncertainty": spread("aleatory", "normal", sd="10 K")}


def phi(x):
    return stats.norm.cdf(x)
