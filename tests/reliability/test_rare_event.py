"""Rare events: accuracy for few calls, honest ends (P = 0, P = 1, unknown, hard), invariance, resumption, bad input."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from containment.errors import CaseError, DataError, UsageError
from containment.reliability import failure_probability, sensitivities, twin_run
from containment.reliability.design_points import local_design_points
from containment.reliability.learner import Sentinels
from containment.reliability.modes import chance_to_meet
from containment.reliability.proposals import Particles, about
from containment.verification.bench_coverage import coverage
from containment.verification.bench_rare_events import PROBLEMS

NORMAL = [stats.norm(), stats.norm()]


def run(g, inputs=NORMAL, seed=1, target_cov=0.05, budget=1000, **more):
    return failure_probability(g, inputs, target_cov=target_cov, budget=budget, rng=np.random.default_rng(seed), **more)


def plane(x):
    return 4.0 - (x[:, 0] + x[:, 1]) / np.sqrt(2)


@pytest.mark.parametrize(
    ("name", "calls"),
    [("four-branch-modes", 60), ("four-branch", 120), ("oscillator-0.60", 95), ("rp14", 120), ("rp54", 150)],
)
def test_public_problems_for_few_calls(name, calls):
    problem = PROBLEMS[name]
    found = run(problem.g, problem.marginals)
    assert found.probability == pytest.approx(problem.reference, rel=0.15)  # three wanted standard errors
    assert found.interval[0] < problem.reference * 1.001
    assert found.interval[1] > problem.reference * 0.999
    assert found.model_calls <= calls
    assert not found.hard


def test_the_trap_is_not_missed():
    problem = PROBLEMS["rp110"]  # a false gradient leads to 1 % of the failing mass
    found = run(problem.g, problem.marginals)
    assert found.probability == pytest.approx(problem.reference, rel=0.15)


def test_parallel_and_free_systems():
    def modes(x):
        return np.column_stack([2.0 - x[:, 0], 2.5 - x[:, 1]])

    both = stats.norm.sf(2.0) * stats.norm.sf(2.5)
    assert run(modes, system="parallel").probability == pytest.approx(both, rel=0.15)
    assert run(modes, system=lambda g: g.max(axis=1)).probability == pytest.approx(both, rel=0.15)
    either = 1 - stats.norm.cdf(2.0) * stats.norm.cdf(2.5)
    assert run(modes).probability == pytest.approx(either, rel=0.15)


def test_correlated_inputs():
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    found = run(lambda x: 6.0 - x[:, 0] - x[:, 1], correlation=matrix)
    assert found.probability == pytest.approx(stats.norm.sf(6 / np.sqrt(3)), rel=0.15)
    with pytest.raises(CaseError, match="positive definite"):
        run(plane, correlation=np.array([[1.0, 1.0], [1.0, 1.0]]))


def test_unit_of_g_and_unused_inputs_do_not_matter():
    exact = stats.norm.sf(4.0)
    for found in (run(lambda x: 1e9 * plane(x)), run(lambda x: 1e-9 * plane(x)), run(plane, [*NORMAL, stats.norm()])):
        assert found.probability == pytest.approx(exact, rel=0.05)
    assert run(plane).probability == run(lambda x: 2.0 * plane(x)).probability


def test_same_generator_same_answer_and_no_call_twice(tmp_path):
    ledger, seen = tmp_path / "calls.jsonl", []

    def counted(x):
        seen.append(len(x))
        return plane(x)

    first = run(counted, ledger=ledger)
    assert sum(seen) == first.model_calls
    lines = ledger.read_text().splitlines()
    ledger.write_text("\n".join(lines[:30]) + '\n{"u": "00')  # killed while writing
    seen.clear()
    again = run(counted, ledger=ledger)
    assert sum(seen) == first.model_calls - 30
    assert (again.probability, again.interval) == (first.probability, first.interval)


def test_failure_that_cannot_be_seen_is_bounded_from_above():
    found = run(lambda x: 30.0 + x[:, 0], budget=400)
    assert found.probability == 0.0
    assert found.interval[0] == 0.0
    assert 1e-3 < found.interval[1] < 0.05
    assert found.hard


def test_certain_failure():
    found = run(lambda x: x[:, 0] - 30.0)
    assert found.probability == pytest.approx(1.0, abs=0.01)
    assert found.interval[1] == 1.0


def test_five_percent_without_an_answer():
    def sometimes(x):
        g = plane(x)
        lost = (np.abs(x[:, 0] * 1e4) % 1.0) < 0.05
        return np.where(lost, np.nan, g)

    for seed in range(3):
        found = run(sometimes, seed=seed)
        assert found.interval[0] <= stats.norm.sf(4.0) <= found.interval[1]
        assert found.diagnostics["unknown_calls"] > 0


def test_a_point_that_raises_is_unknown_not_the_end():
    def fragile(x):
        if np.any(np.abs(x[:, 0] * 1e4) % 1.0 < 0.03):
            raise ValueError("mesh tangled")
        return plane(x)

    found = run(fragile)
    assert found.interval[0] <= stats.norm.sf(4.0) <= found.interval[1]


def test_noise_is_declared_hard_or_wide():
    def noise(x):
        return np.sin(1e3 * x[:, 0]) * np.cos(777.0 * x[:, 1]) - 0.2

    found = run(noise, budget=200)
    truth = np.mean(noise(np.random.default_rng(0).standard_normal((200_000, 2))) <= 0)
    assert found.hard or found.interval[0] <= truth <= found.interval[1]


@pytest.mark.parametrize(
    ("g", "error", "text"),
    [
        (lambda x: np.ones(len(x)), DataError, "constant"),
        (lambda x: np.full(len(x), np.nan), DataError, "no number"),
        (lambda x: np.ones((3, 3, 3)), DataError, "shape"),
    ],
)
def test_limit_states_that_say_nothing(g, error, text):
    with pytest.raises(error, match=text) as refused:
        run(g)
    said = str(refused.value)
    assert all(words in said for words in ("limit state", "found", "expected", "what to do")), said


@pytest.mark.parametrize("matrix", [np.ones((2, 2)), np.array([[1.0, 1.2], [1.2, 1.0]])])
def test_correlation_that_is_none(matrix):
    with pytest.raises(CaseError, match="positive definite") as refused:
        run(plane, correlation=matrix)
    said = str(refused.value)
    assert all(words in said for words in ("correlations", "found smallest eigenvalue", "expected", "reduce")), said


@pytest.mark.parametrize("changes", [{"budget": 5}, {"target_cov": 0.0}, {"inputs": []}, {"inputs": [3.0]}])
def test_questions_that_make_no_sense(changes):
    with pytest.raises(UsageError):
        run(plane, **changes)


def test_a_mode_the_first_points_say_nothing_about_is_not_lost():
    def modes(x):
        bent = 5.0 - x[:, 0] - 0.35 * np.maximum(x[:, 1] - 1.0, 0.0) ** 2  # near 5 sd along x0, nearer along x1
        return np.column_stack([4.0 - x.sum(axis=1) / np.sqrt(6), bent])

    found = run(modes, [stats.norm()] * 6)
    base = np.random.default_rng(5).standard_normal((400_000, 6)) * 2.0
    weight = np.exp(-0.5 * np.sum(base**2, axis=1) * (1 - 0.25)) * 2.0**6
    truth = np.mean(weight * (modes(base).min(axis=1) <= 0))  # standard error 2 %
    assert found.interval[0] / 1.04 <= truth <= found.interval[1] * 1.04


def test_a_limit_state_that_only_says_failed_or_safe():
    found = run(lambda x: np.where(x.sum(axis=1) > 3.0, -1.0, 1.0), budget=300)
    assert found.hard or found.interval[0] <= stats.norm.sf(3.0 / np.sqrt(2)) <= found.interval[1]


def test_modes_in_different_units_and_their_smaller_one():
    def joined(x):
        return np.minimum(1e5 * (4.0 - x[:, 0]), 4.2 - x[:, 1])

    found = run(joined, budget=200)
    truth = stats.norm.sf(4.0) + stats.norm.sf(4.2)
    assert found.hard or found.interval[0] <= truth <= found.interval[1]


def test_discretisation_error_of_g_widens_the_interval_by_what_it_does_to_p():
    plain, wide = run(plane), run(plane, discretisation=0.05)
    slope = stats.norm.pdf(4.0) / stats.norm.sf(4.0)
    part = wide.diagnostics["interval_parts"]["discretisation"]
    assert part == pytest.approx(0.05 * slope, rel=0.1)  # the curvature of ln P adds 4 %
    assert wide.probability == plain.probability
    assert wide.interval[1] / wide.interval[0] > np.exp(2 * 1.9 * part)


def test_sensitivities_against_closed_forms():
    inputs = [stats.norm(10, 2), stats.norm(), stats.norm(5, 1)]
    found = sensitivities(run(lambda x: 4.0 - 0.3 * (x[:, 0] - 10) - 0.8 * x[:, 1], inputs), inputs)
    slope = stats.norm.pdf(4.0) / stats.norm.sf(4.0)
    assert [row.input for row in found] == ["x1", "x0", "x2"]
    assert found[0].shift == pytest.approx(0.8 * slope, rel=0.02)  # thousands of failing samples
    assert found[1].parameters["loc"] == pytest.approx(0.3 * slope, rel=0.02)
    assert abs(found[2].shift) < 0.05


def test_sensitivities_with_correlated_inputs():
    inputs, matrix = [stats.norm(), stats.lognorm(0.3)], np.array([[1.0, 0.5], [0.5, 1.0]])
    found = sensitivities(
        run(lambda x: 6.0 - x[:, 0] - np.log(x[:, 1]) / 0.3, inputs, correlation=matrix), inputs, correlation=matrix
    )
    beta = 6.0 / np.sqrt(3.0)  # g is normal with deviation sqrt 3
    for row in found:
        assert row.shift == pytest.approx(stats.norm.pdf(beta) / stats.norm.sf(beta) / np.sqrt(3.0), rel=0.02)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    names = ["four-branch-modes", "four-branch", "oscillator-0.60", "rp8", "rp14", "rp28", "rp111", "rp110"]
    rows = list(coverage(names, range(20)))
    assert np.mean([row.cover for row in rows]) >= 0.93
    assert sum(row.silent for row in rows) == 0


def test_a_black_box_tells_which_modes_it_was_found_to_have():
    problem = PROBLEMS["four-branch"]
    found = run(problem.g, problem.marginals).diagnostics
    assert [round(mode.beta, 1) for mode in found["modes"]] == [3.0, 3.0, 3.5, 3.5]
    assert sum(mode.share for mode in found["modes"]) == pytest.approx(1.0, abs=0.02)  # the rest stays unexplained
    assert all(mode.called for mode in found["modes"])
    assert sum(look.calls for look in found["sentinels"]) >= 10


def test_chance_to_meet_a_flat_mode_by_counting_directions():
    d, reach, p = 14, 7.6, 1e-6
    direction = np.random.default_rng(0).standard_normal((1_000_000, d))
    cosine = direction[:, 0] / np.linalg.norm(direction, axis=1)
    seen = np.mean(reach * cosine > -stats.norm.ppf(p))  # 8e-3, counted to 1.1 %
    expected = 1.0 - (1.0 - seen) ** 30
    looks = [Sentinels(10, reach, False), Sentinels(20, reach, False)]
    assert chance_to_meet(looks, d, p) == pytest.approx(expected, rel=0.04)
    assert chance_to_meet([Sentinels(3, 5.0, False)], 1, p) == 1.0 - 0.5**3  # one of two directions
    assert chance_to_meet([Sentinels(10, 4.0, False)], d, p) == 0.0  # none went as far as the limit


def test_a_black_box_of_many_inputs_says_what_its_sentinels_cannot_exclude():
    def sum_of(x):
        return 4.0 - x.sum(axis=1) / np.sqrt(x.shape[1])

    def warned(found):
        return any("black box of" in text for text in found.diagnostics["warnings"])

    many = run(sum_of, [stats.norm()] * 10)
    assert warned(many)
    assert not many.hard
    assert not warned(run(sum_of))
    # another limit well out of the way, so that the modes are given
    given = run(lambda x: np.column_stack([sum_of(x), 9.0 - x[:, 0]]), [stats.norm()] * 10)
    assert not warned(given)


def test_a_witness_of_another_kernel_agrees_or_says_so():
    problem = PROBLEMS["rp111"]
    found = twin_run(problem.g, problem.marginals, rng=np.random.default_rng(3))
    assert not found.hard
    assert found.interval[0] <= problem.reference <= found.interval[1]
    assert found.model_calls > found.diagnostics["witness"].model_calls

    asked = 0

    def changing(x):  # not the same limit state in the second run
        nonlocal asked
        asked += len(x)
        return plane(x) + (0.3 if asked > first else 0.0)

    first = run(plane, seed=5).model_calls
    found = twin_run(changing, NORMAL, rng=np.random.default_rng(5))
    assert found.hard
    assert any("witness disagrees" in text for text in found.diagnostics["warnings"])


def test_a_cheaper_rung_saves_calls_and_a_useless_one_costs_no_honesty():
    inputs = [stats.norm()] * 15

    def parts(x):
        return x.sum(axis=1) / np.sqrt(15), (x[:, 0] - x[:, 1]) / np.sqrt(2)

    def costly(x):
        along, across = parts(x)
        return 4.0 - along + 0.4 * across**2

    def cheap(x):
        along, across = parts(x)
        return 3.5 - 1.2 * along + 0.4 * across**2 + 0.1 * np.sin(x[:, 2])

    across = np.linspace(-8, 8, 2001)  # along and across are independent standard normals
    truth = np.trapezoid(stats.norm.pdf(across) * stats.norm.sf(4.0 + 0.4 * across**2), across)
    plain = run(costly, inputs, budget=60)
    helped = run(costly, inputs, budget=60, trend=cheap)
    assert helped.interval[0] < truth < helped.interval[1]
    assert helped.cov < 0.5 * plain.cov or helped.model_calls < plain.model_calls
    assert helped.diagnostics["rung_correlation"][0] > 0.9
    useless = run(costly, inputs, budget=200, trend=lambda x: np.cos(7.0 * x[:, 3]))
    assert useless.interval[0] < truth < useless.interval[1]
    with pytest.raises(DataError, match="cheap rung"):
        run(costly, inputs, budget=60, trend=lambda x: np.ones(len(x)))


def test_particles_about_design_points_find_the_region_a_cloud_lost():
    d, beta = 14, 4.9
    rng = np.random.default_rng(2)

    def margin(u):
        return beta - np.maximum(u[:, 0], u[:, 1])

    def chance(u, extra):
        return stats.norm.sf(margin(u) / np.hypot(0.01, extra))

    lost = rng.standard_normal((1000, d))
    lost[:, 0] = beta + rng.exponential(1.0 / beta, 1000)
    centres = local_design_points(margin, 3.0 * np.vstack([np.eye(d), -np.eye(d)]))
    # nearest first; the corner between both may come after them
    assert np.allclose(np.sort(centres[:2, :2], axis=0), [[0.0, 0.0], [beta, beta]], atol=1e-2)
    found = about(chance, Particles(lost, stats.norm.sf(beta)), centres, rng)
    # 4000 points about three centres: a coefficient of variation of 4 %
    assert found.mass == pytest.approx(2.0 * stats.norm.sf(beta), rel=0.12)
    assert np.mean(found.u[:, 0] < found.u[:, 1]) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("workers", [1, 3])
def test_who_carries_the_calls_does_not_matter(workers):
    def carried(x):
        with ThreadPoolExecutor(workers) as pool:
            tasks = [pool.submit(plane, row[None]) for row in x[::-1]]
        return np.concatenate([task.result() for task in tasks[::-1]])

    one, many = run(plane), run(carried)
    assert (many.probability, many.interval, many.model_calls) == (one.probability, one.interval, one.model_calls)
