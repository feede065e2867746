"""Pictures of the answer: P(loss) with the requirement, barriers, limit states, importance, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from containment.report.style import BAD, COLOURS, DOUBT, GOOD, new
from containment.units import UNRESOLVED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What the ground is made of, in colours of maps
_GROUND = {
    "range": "#000000", "playa": "#E8D9A8", "rock": "#D55E00", "road": "#CC79A7", "structure": "#CC0000",
    "water": "#56B4E9",
}  # fmt: skip
FLOOR = UNRESOLVED  # probabilities below this are drawn at the left edge


def verdict(draws: np.ndarray, result: Mapping[str, Any]) -> Figure:
    """Posterior of P(loss): one curve over a logarithmic axis, the requirement as a line, mean and 5-95 % marked.

    `draws` (n,) are posterior draws of P(loss).
    """
    loss, goal = result["probability_of_loss"], result["requirement"]["probability"]
    figure, (axes,) = new(height=2.7)
    x = np.log10(np.clip(draws, FLOOR, 1.0))
    low, high = min(x.min(), np.log10(goal)) - 0.3, max(x.max(), np.log10(goal)) + 0.3
    edges = np.linspace(low, high, 61)
    counts, _ = np.histogram(x, edges, density=True)
    middle = 0.5 * (edges[1:] + edges[:-1])
    below = edges[1:] <= np.log10(goal)
    axes.bar(middle[below], counts[below], width=edges[1] - edges[0], color=GOOD, alpha=0.75)
    axes.bar(middle[~below], counts[~below], width=edges[1] - edges[0], color=BAD, alpha=0.75)
    axes.axvline(np.log10(goal), color="black", lw=1.6)
    axes.text(np.log10(goal), axes.get_ylim()[1], f" requirement {goal:.0e}", va="top", ha="left")
    marks = [np.log10(max(loss[key], FLOOR)) for key in ("p05", "median", "p95")]
    height = -0.06 * axes.get_ylim()[1]
    axes.plot([marks[0], marks[2]], [height, height], color="black", lw=2.2, solid_capstyle="butt", clip_on=False)
    axes.plot(marks[1], height, "|", color="black", ms=10, mew=2, clip_on=False)
    axes.plot(np.log10(max(loss["mean"], FLOOR)), height, "D", color=DOUBT, ms=5, clip_on=False, label="mean")
    share = loss["prob_below_requirement"]
    axes.set_title(
        f"posterior of P(loss): share below the requirement {share:.3g} (bar 5-95 %, tick median, diamond mean)"
    )
    axes.set_yticks([])
    axes.set_xlabel("P(loss of containment), per mission")
    _power_ticks(axes, low, high)
    return figure


def _power_ticks(axes: Any, low: float, high: float) -> None:
    ticks = np.arange(np.ceil(low), np.floor(high) + 1)
    step = max(1, len(ticks) // 9)
    axes.set_xticks(ticks[::step], [f"$10^{{{int(t)}}}$" for t in ticks[::step]])
    axes.set_xlim(low, high)


def intervals(rows: Mapping[str, Mapping[str, float]], title: str, limit: int = 16) -> Figure:
    """Mean and 5-95 % interval of several probabilities on one logarithmic axis, largest first."""
    ranked = sorted(rows.items(), key=lambda item: item[1]["mean"])[-limit:]
    figure, (axes,) = new(height=0.6 + 0.24 * len(ranked))
    values = np.array([[max(r[k], FLOOR) for k in ("p05", "mean", "p95")] for _, r in ranked])
    logs = np.log10(values)
    for y, (low, mean, high) in enumerate(logs):
        axes.plot([low, high], [y, y], color=COLOURS[0], lw=2.5, solid_capstyle="butt")
        axes.plot(mean, y, "D", color=DOUBT, ms=5)
    axes.set_yticks(range(len(ranked)), [name.replace("_", " ") for name, _ in ranked])
    axes.set_title(title)
    _power_ticks(axes, float(np.floor(logs.min())) - 0.2, float(np.ceil(logs.max())) + 0.2)
    axes.set_xlabel("probability, per mission")
    return figure


def importance(rows: Mapping[str, Mapping[str, Any]], limit: int = 12) -> Figure:
    """Fussell-Vesely importance, largest first."""

    def middle(row: Mapping[str, Any]) -> float:
        value = row["fussell_vesely"]
        return float(value["mean"] if isinstance(value, Mapping) else value)

    ranked = sorted(rows.items(), key=lambda item: middle(item[1]))[-limit:]
    figure, (axes,) = new(height=0.6 + 0.24 * len(ranked))
    axes.barh(range(len(ranked)), [middle(row) for _, row in ranked], color=COLOURS[0])
    axes.set_yticks(range(len(ranked)), [name.replace("_", " ") for name, _ in ranked])
    axes.set(xlabel="share of P(loss) that involves the event", title="Fussell-Vesely importance", xlim=(0, 1))
    return figure


def landing_map(found: Mapping[str, Any]) -> Figure:
    """Landings, their ellipse and the zones of the ground, in degrees, with equal scales at the centre."""
    from matplotlib.patches import Polygon

    figure, (axes,) = new(height=4.6)
    kinds: dict[str, str] = {}
    for name, zone in found["zones"].items():
        colour = _GROUND.get(zone["kind"], COLOURS[7])
        label = zone["kind"] if kinds.setdefault(zone["kind"], name) == name else None
        for ring in zone["rings"]:
            filled = zone["kind"] != "range"
            patch = Polygon(
                ring, closed=True, fill=filled, facecolor=colour, edgecolor=colour, alpha=0.5 if filled else 1.0,
                lw=1.6, label=label,
            )  # fmt: skip
            axes.add_patch(patch)
            label = None
    points, outline = np.array(found["landings"]), np.array(found["ellipse"]["outline"])
    axes.plot(points[:, 0], points[:, 1], ".", color="#333333", ms=1.5, alpha=0.5, rasterized=True, label="landings")
    share = found["ellipse"]["probability"]
    axes.plot(outline[:, 0], outline[:, 1], color=COLOURS[0], lw=1.6, label=f"{100 * share:g} % ellipse")
    axes.autoscale_view()
    axes.locator_params(axis="x", nbins=6)
    axes.set_aspect(1.0 / np.cos(np.radians(found["ellipse"]["latitude"])))
    axes.set(xlabel="longitude, deg east", ylabel="latitude, deg north", title=f"{found['samples']} dispersed entries")
    axes.legend(loc="best")
    return figure


def prior_posterior(pairs: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> Figure:
    """Prior and posterior densities of what the evidence updated; (label, prior draws, posterior draws) each."""
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    figure, axes = new(columns, rows, height=2.0)
    for axis, (label, prior, posterior) in zip(axes, pairs, strict=False):
        both = np.concatenate([prior, posterior])
        positive = bool(np.all(both > 0)) and both.max() / both.min() > 30
        a, b = (np.log10(prior), np.log10(posterior)) if positive else (prior, posterior)
        low, high = np.quantile(np.concatenate([a, b]), [0.002, 0.998])
        edges = np.linspace(low, high, 41).tolist()
        axis.hist(a, edges, density=True, color="#bbbbbb", label="prior")
        axis.hist(b, edges, density=True, color=COLOURS[0], alpha=0.7, label="posterior")
        axis.set_title(("log10 " if positive else "") + label, fontsize=8)
        axis.set_yticks([])
    for axis in axes[len(pairs) :]:
        axis.set_visible(False)
    axes[0].legend()
    return figure
