"""Pictures of the answer at its edges: nothing resolved, all below the requirement, one row, infinite worth."""

from __future__ import annotations

import re

import numpy as np
import pytest

from containment.report import result_figures
from containment.report.style import as_file, styled, svg


def answer(draws: np.ndarray, goal: float) -> dict:
    loss = {"mean": draws.mean(), "median": np.median(draws), "p05": np.quantile(draws, 0.05)}
    loss |= {"p95": np.quantile(draws, 0.95), "prob_below_requirement": float(np.mean(draws <= goal))}
    return {"probability_of_loss": loss, "requirement": {"probability": goal}}


def texts(figure) -> str:
    axes = figure.axes[0]
    return " ".join(
        t.get_text() for t in [axes.title, axes.xaxis.label, *axes.texts, axes._left_title, *axes.get_yticklabels()]
    )


@pytest.mark.parametrize(
    ("draws", "share"),
    [
        (np.zeros(200), "requirement 1 "),  # nothing lost in any draw: drawn at the left edge, not at minus infinity
        (np.full(200, 1e-9), "requirement 1 "),
        (np.geomspace(1e-8, 1e-4, 200), "requirement 0.5 "),
        (np.ones(200), "requirement 0 "),
    ],
)
@styled()
def test_verdict_says_how_much_lies_below_the_requirement(draws, share):
    figure = result_figures.verdict(draws, answer(draws, 1e-6))
    assert share in texts(figure)
    low, high = figure.axes[0].get_xlim()
    assert np.isfinite([low, high]).all() and low < -6 < high


@styled()
def test_verdict_areas_are_the_shares():
    draws = np.geomspace(1e-8, 1e-4, 2000)
    figure = result_figures.verdict(draws, answer(draws, 1e-6))
    from matplotlib.colors import to_hex

    areas: dict[str, float] = {}
    for bar in figure.axes[0].patches:
        colour = to_hex(bar.get_facecolor())
        areas[colour] = areas.get(colour, 0.0) + bar.get_height() * bar.get_width()
    good = areas[result_figures.GOOD.lower()]
    assert good / sum(areas.values()) == pytest.approx(0.5, abs=0.03)  # one bin of sixty straddles the requirement


@styled()
def test_importance_takes_numbers_and_posteriors_and_sorts_them():
    rows = {"a": {"fussell_vesely": 0.2}, "b": {"fussell_vesely": {"mean": 0.7}}, "c_d": {"fussell_vesely": 0.1}}
    figure = result_figures.importance(rows)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["c d", "a", "b"]


@styled()
def test_prior_and_posterior_over_decades_are_drawn_in_logarithms():
    prior = np.geomspace(1e-9, 1e-3, 500)
    figure = result_figures.prior_posterior([("leak", prior, prior[100:200]), ("width", prior + 1, prior + 1)])
    assert figure.axes[0].get_title(loc="left").startswith("log10 leak")
    assert figure.axes[1].get_title(loc="left") == "width"


def test_svg_of_the_same_figure_is_the_same_text():
    def drawn() -> str:
        with styled():
            return svg(result_figures.intervals({"pcv": {"p05": 1e-7, "mean": 1e-6, "p95": 1e-5}}, "barriers"))

    assert drawn() == drawn()
    assert re.match(r"<\?xml[^>]*\?>\n<svg", as_file(drawn()))


@styled()
def test_map_names_each_kind_once_and_keeps_scales_equal_at_its_centre():
    ring = [[-113.0, 40.0], [-112.9, 40.0], [-112.9, 40.1], [-113.0, 40.0]]
    zones = {name: {"kind": kind, "rings": [ring]} for name, kind in [("a", "rock"), ("b", "rock"), ("c", "range")]}
    ellipse = {"outline": ring, "probability": 0.99, "latitude": 60.0}
    found = {"zones": zones, "ellipse": ellipse, "landings": [[-113.0, 40.05]], "samples": 1}
    axes = result_figures.landing_map(found).axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["rock", "range", "landings", "99 % ellipse"]
    assert axes.get_aspect() == pytest.approx(2.0)  # a degree of longitude is half as long as one of latitude
