"""Fault trees against closed forms and against brute enumeration of all states."""

import itertools

import numpy as np
import pytest

from containment.barriers import common_event, compile_tree, split_common_cause
from containment.case.barriers import FaultTree, tree_faults


def tree(gates, barriers=None, common=None, top="top"):
    return FaultTree.model_validate(
        {"top": top, "gates": gates, "barriers": barriers or {"all": top}, "common_causes": common or {}}
    )


REPEATED = {
    "top": {"and": ["left", "right"]},
    "left": {"or": ["shared", "a", "b"]},
    "right": {"or": ["shared", "c", "ab"]},
    "ab": {"and": ["a", "b"]},
}


def truth(gates, name, state):
    if name in gates:
        values = [truth(gates, child, state) for kind in ("and", "or") for child in gates[name].get(kind, [])]
        return all(values) if "and" in gates[name] else any(values)
    return state[name]


def enumerated(gates, p):
    total = 0.0
    for states in itertools.product([False, True], repeat=len(p)):
        state = dict(zip(p, states, strict=True))
        if truth(gates, "top", state):
            total += np.prod([p[n] if on else 1 - p[n] for n, on in state.items()])
    return total


def test_repeated_events_are_counted_exactly():
    p = {"shared": 0.01, "a": 0.2, "b": 0.3, "c": 0.05}
    diagram = compile_tree(tree(REPEATED))
    value = diagram.probability("top", {k: np.array(v) for k, v in p.items()})
    assert value == pytest.approx(enumerated(REPEATED, p), rel=1e-13)  # rounding of a dozen products


def test_arrays_of_probabilities_keep_their_shape():
    rng = np.random.default_rng(1)
    p = {name: rng.random((4, 1) if name == "a" else (4, 7)) for name in ("shared", "a", "b", "c")}
    diagram = compile_tree(tree(REPEATED))
    value = diagram.probability("top", p)
    assert value.shape == (4, 7)
    full = {k: np.broadcast_to(v, (4, 7)) for k, v in p.items()}
    assert value[2, 5] == pytest.approx(enumerated(REPEATED, {k: v[2, 5] for k, v in full.items()}), rel=1e-12)


def test_tiny_probabilities_lose_no_digits():
    diagram = compile_tree(tree({"top": {"and": ["x", "y"]}, "x": {"or": ["a", "b"]}, "y": {"or": ["c", "d"]}}))
    value = diagram.probability("top", {n: np.array(1e-9) for n in "abcd"})
    assert value == pytest.approx(4e-18, rel=1e-8)  # (2e-9 - 1e-18)^2


def test_birnbaum_is_the_difference_between_always_and_never():
    p = {"shared": 0.01, "a": 0.2, "b": 0.3, "c": 0.05}
    diagram = compile_tree(tree(REPEATED))
    _, slope = diagram.probability_and_birnbaum("top", {k: np.array(v) for k, v in p.items()})
    for name in p:
        difference = enumerated(REPEATED, {**p, name: 1.0}) - enumerated(REPEATED, {**p, name: 0.0})
        assert slope[name] == pytest.approx(difference, rel=1e-12)  # rounding


def test_minimal_cut_sets():
    found = compile_tree(tree(REPEATED)).minimal_cut_sets("top")
    assert set(found) == {frozenset(s) for s in ({"shared"}, {"a", "c"}, {"b", "c"}, {"a", "b"})}


def test_common_cause_keeps_totals_and_spans_independent_to_coinciding():
    common = {"impact": {"members": ["a", "b"], "beta": 0.3}}
    shape = tree({"top": {"and": ["a", "b"]}}, common=common)
    diagram = compile_tree(shape)
    p = {"a": np.array(0.2), "b": np.array(0.05)}
    for beta, expected in ((0.0, 0.2 * 0.05), (1.0, 0.05)):
        split = split_common_cause(p, shape, {"impact": np.array(beta)})
        assert diagram.probability("top", split) == pytest.approx(expected, rel=1e-12)
    split = split_common_cause(p, shape, {"impact": np.array(0.3)})
    for name in "ab":
        total = 1 - (1 - split[name]) * (1 - split[common_event("impact")])
        assert total == pytest.approx(p[name], rel=1e-12)


@pytest.mark.parametrize(
    ("gates", "key", "found"),
    [
        ({"top": {"and": ["a", "tpo"]}}, "fault_tree.gates.top.and", "'tpo'"),
        ({"top": {"and": ["a", "g"]}, "g": {"or": ["b", "top"]}}, "fault_tree.gates.top", "a circle: top -> g -> top"),
        ({"top": {"or": ["a"]}}, "limit_states.b", "not used by any gate below the top"),
    ],
)
def test_faults_name_the_key(gates, key, found):
    from containment.case.barriers import LimitState

    state = LimitState.model_validate(
        {"barrier": "all", "phase": "entry", "demand": "soak.peak_temperature", "capacity": "400 K"}
    )
    faults = list(tree_faults({"a": state, "b": state}, {}, tree(gates)))
    assert (key, found) in {(f[0], f[1]) for f in faults}


def test_a_sound_tree_has_no_fault():
    from containment.case.barriers import Event

    event = Event.model_validate({"probability": 0.1, "phase": "entry"})
    assert not list(tree_faults({}, dict.fromkeys(("shared", "a", "b", "c"), event), tree(REPEATED)))
