"""Correction by true calls: what its draws are expected to vary by, and whether the interval made of it is honest."""

import numpy as np
import pytest
from scipy import stats

from containment.reliability.correction import _combine, _draw_density, _scatter

SIZE, DRAWS, REPEATS = 20_000, 20, 400


def population(rng):
    """Weights of points at a flat limit 4.8 sd out, the surrogate's verdict on them, and its chance to be wrong."""
    along = 4.8 + 0.3 * rng.standard_normal(SIZE)
    weight = np.exp(stats.norm.logpdf(along) - stats.norm.logpdf(along, 4.8, 0.3)) / stats.norm.sf(4.8)
    return weight, (along > 4.8).astype(float), stats.norm.sf(np.abs(along - 4.8) / 0.05)


def corrected(rng, weight, failed, wrong, mismatch):
    """Terms of one correction where the surrogate is wrong at `mismatch`, and the mismatches expected of the draws."""
    share = _draw_density(weight, failed, wrong)
    picks = rng.choice(SIZE, size=DRAWS, p=share / share.sum())
    sizes = weight[picks] * share.mean() / share[picks]
    return sizes * mismatch[picks] * (1.0 - 2.0 * failed[picks]), float(wrong[picks].sum())


def test_draws_vary_by_what_is_expected_of_them():
    rng = np.random.default_rng(1)
    weight, failed, wrong = population(rng)
    share = _draw_density(weight, failed, wrong)
    expected = _scatter(weight, wrong, share / share.sum())
    terms = np.concatenate([
        corrected(rng, weight, failed, wrong, rng.random(SIZE) < wrong)[0] for _ in range(REPEATS)
    ])  # fmt: skip
    # second moment of 8000 draws, every fourth or so a mismatch: 2 to 3 %
    assert np.sqrt(np.mean(terms**2)) == pytest.approx(expected, rel=0.1)


def covers(rng, true_wrong, *, expected_scatter):
    """Share of intervals that hold the truth, and their median width, where mismatches come with chance `true_wrong`
    of the surrogate's own."""
    weight, failed, wrong = population(rng)
    share = _draw_density(weight, failed, wrong)
    base, doubt = float(np.mean(weight * failed)), float(np.mean(weight * wrong))
    scatter = _scatter(weight, wrong, share / share.sum()) if expected_scatter else None
    held, width = [], []
    for _ in range(REPEATS):
        mismatch = rng.random(SIZE) < true_wrong(wrong)
        truth = float(np.mean(weight * np.where(mismatch, 1.0 - failed, failed)))
        terms, expected = corrected(rng, weight, failed, wrong, mismatch)
        found = _combine(base, 0.0, terms, expected, doubt, scatter, [])
        held.append(found["low"] <= truth <= found["high"])
        width.append(found["cov"])
    return np.mean(held), np.median(width)


def test_interval_holds_the_truth_where_surrogates_know_their_doubt_and_where_they_are_too_sure():
    rng = np.random.default_rng(2)
    known, narrow = covers(rng, lambda wrong: wrong, expected_scatter=True)
    _, wide = covers(rng, lambda wrong: wrong, expected_scatter=False)
    assert known >= 0.95
    assert narrow < wide
    sure, _ = covers(rng, lambda wrong: np.minimum(4.0 * wrong, 1.0), expected_scatter=True)
    assert sure >= 0.93
