"""Doubts beside the analysed number."""

from __future__ import annotations

import numpy as np
import pytest

from containment.case.evidence import Doubt
from containment.errors import UsageError
from containment.evidence.bounds import tolerated_doubt
from containment.evidence.doubt import ledger, sentence, unconditional


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
    with pytest.raises(UsageError, match="empty doubt ledger"):
        unconditional(ledger(3e-8, 1e-6, {}))
    assert "doubts on record (1)" in within
