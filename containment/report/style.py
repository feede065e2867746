"""One look for every figure: sizes, colours, deterministic SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib import rcsetup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Colour-blind safe set of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
GOOD, BAD, DOUBT = "#009E73", "#D55E00", "#E69F00"
REGIONS = {
    "tps": "#6b4f3a", "structure": "#3f4a5a", "absorber": "#e8d9a8", "scv": "#8fa3b8", "scv_gap": "#f4f4f4",
    "pcv": "#5f7f9f", "pcv_gap": "#f4f4f4", "os": "#c9826b",
}  # fmt: skip

RC = {
    "font.size": 9, "axes.titlesize": 9, "axes.titlelocation": "left", "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#e6e6e6", "grid.linewidth": 0.6,
    "axes.axisbelow": True, "legend.frameon": False, "legend.fontsize": 8, "lines.linewidth": 1.4,
    "svg.fonttype": "path", "svg.hashsalt": "containment", "figure.dpi": 110,
    "axes.prop_cycle": rcsetup.cycler("color", COLOURS),
}  # fmt: skip


def new(columns: int = 1, rows: int = 1, *, width: float = 7.4, height: float = 2.6) -> tuple[Figure, Sequence[Axes]]:
    """An empty figure and its axes in reading order; no display is ever needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, list(axes.flat)


def styled() -> Any:
    """The look, as a context or a decorator; figures are both made and saved inside it."""
    return matplotlib.rc_context(RC)


def svg(figure: Figure) -> str:
    """The figure as SVG text, byte-identical for the same data."""
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def as_file(drawing: str) -> str:
    """SVG text as a file of its own."""
    return '<?xml version="1.0" encoding="utf-8"?>\n' + drawing
