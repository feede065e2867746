"""Doubts beside the analysed number, and common causes counted."""

from __future__ import annotations

import numpy as np
import pytest

from containment.case.evidence import Doubt
from containment.errors import DataError, UsageError
from containment.evidence.bounds import tolerated_doubt
from containment.evidence.common_cause import alpha_draws, beta_factor, multiplicity_probabilities
from containment.evidence.doubt import ledger, sentence


def doubt(probability: float, loss: float) -> Doubt:
    return Doubt.model_validate({"statement": "x", "probability": probability, "loss_if_wrong": loss})


def test_ledger_bounds_the_mixture_over_all_combinations() -> None:
    doubts = {"a": doubt(0.02, 0.5), "b": doubt(0.1, 1e-3), "c": doubt(1e-3, 1.0)}
    book = ledger(1e-7, 1e-6, doubts)
    d, loss = np.array([0.02, 0.1, 1e-3]), np.array([0.5, 1e-3, 1.0])
    exact = 0.0  # with several wrong at once the worst of them decides
    for wrong in np.ndindex(2, 2, 2):
        w = np.array(wrong, dtype=bool)
        exact += np.prod(np.where(w, d, 1 - d)) * (loss[w].max() if w.any() else 1e-7)
    assert exact <= book.unconditional <= exact * 1.02  # double counting is of the order of the doubts
    assert [row.name for row in book.rows] == ["a", "c", "b"]
    # alone and leading to certain loss, the tolerated doubt is the closed form
    assert book.rows[1].tolerated == pytest.approx(tolerated_doubt(1e-7, 1e-6), rel=1e-12)


def test_wording_follows_the_ledger() -> None:
    assert "nothing unconditional is said" in sentence(ledger(3e-8, 1e-6, {}), 1e-6)
    within = sentence(ledger(3e-8, 1e-6, {"soil": doubt(1e-6, 0.1)}), 1e-6)
    assert "within" in within and "conditional on all" in within
    beyond = sentence(ledger(3e-8, 1e-6, {"soil": doubt(1e-3, 0.1), "code": doubt(1e-9, 1.0)}), 1e-6)
    assert "doubts alone exceed" in beyond and "'soil'" in beyond
    assert "already above" in sentence(ledger(1e-3, 1e-6, {"soil": doubt(1e-9, 0.1)}), 1e-6)
    with pytest.raises(UsageError):
        ledger(-1e-3, 1e-6, {})


def test_alpha_factors_are_dirichlet_and_add_up() -> None:
    rng = np.random.default_rng(3)
    alpha = alpha_draws([30, 2, 1], [1.0, 1.0, 1.0], 20_000, rng)
    assert alpha.mean(axis=0) == pytest.approx(np.array([31, 3, 2]) / 36, abs=0.002)  # 4 sd of 20 000 draws
    for staggered in (True, False):
        q = multiplicity_probabilities(alpha, 0.01, staggered=staggered)
        # an item fails alone, with one of two others, or with both: C(2, k - 1) sets hold it
        assert q @ np.array([1.0, 2.0, 1.0]) == pytest.approx(np.full(20_000, 0.01), rel=1e-12)
    assert beta_factor(alpha, staggered=True) == pytest.approx(1 - alpha[:, 0], rel=1e-12)
    # two items, not staggered: beta = 2 alpha_2 / (alpha_1 + 2 alpha_2)
    pair = alpha_draws([9, 1], [0.5, 0.5], 10, rng)
    assert beta_factor(pair, staggered=False) == pytest.approx(
        2 * pair[:, 1] / (pair[:, 0] + 2 * pair[:, 1]), rel=1e-12
    )
    independent = np.array([[1.0, 0.0]])
    assert beta_factor(independent, staggered=False)[0] == 0.0


@pytest.mark.parametrize(("counts", "prior"), [([1], [1]), ([1, 2], [1]), ([1, -1], [1, 1]), ([1, 1], [0, 1])])
def test_impossible_counts(counts: list[float], prior: list[float]) -> None:
    with pytest.raises(DataError):
        alpha_draws(counts, prior, 10, np.random.default_rng(1))
