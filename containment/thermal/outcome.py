"""What ends a run of the heat shield before its time: the ablator is through, a layer behind it too hot for its card.

Both are outcomes of the shield, with a time and a place, not errors. Temperatures that the ablator's own tables do not
cover, layers colder than their tables and walls colder than the B' table are faults of the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.thermal.stack import Stack
from containment.thermal.step import BURNT_THROUGH
from containment.thermal.surface import WallModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Loss:
    """How the shield was lost: time s, the spine where (0 in one dimension), and a clause that says what happened.

    Not `burnt_through`: a layer behind the ablator became hotter than its card is known.
    """

    time: float
    burnt_through: bool
    why: str
    spine: int = 0


class Moment(NamedTuple):
    """State at a time s: recession (spine,) m, temperature (spine, node) K."""

    time: float
    recession: Floats
    temperature: Floats


def loss_between(
    stack: Stack, wall: WallModel | None, where: str, row: Floats, before: Moment, after: Moment
) -> Loss | None:
    """The first loss in a step that ended with the boundary `row`; its time is linear in the step.

    `wall` None: it does not react. Raises DataError for temperatures outside the tables that are no loss.
    """
    high, inner = _limits(stack)[1], stack.grid.point_material > 0
    at = after.temperature[:, stack.grid.point_node]
    over = (at > high) & inner
    fault = outside_tables(stack, where, after.temperature, after.time, but=over)
    fault = fault or (None if wall is None else _too_cold(where, wall, after, row))
    if fault:
        raise fault
    found = [_burnt(stack, before, after)]
    if over.any():
        found.append(_overheated(stack, over, high, before, after))
    return min((loss for loss in found if loss), key=lambda loss: loss.time, default=None)


def _burnt(stack: Stack, before: Moment, after: Moment) -> Loss | None:
    was, now = (1.0 - moment.recession / stack.grid.ablator_depth for moment in (before, after))
    spine = int(now.argmin())
    if now[spine] >= BURNT_THROUGH:
        return None
    share = float((was[spine] - BURNT_THROUGH) / (was[spine] - now[spine]))
    return Loss(after.time - (after.time - before.time) * (1.0 - share), True, "the ablator is through", spine)


def _overheated(stack: Stack, over: Floats, high: Floats, before: Moment, after: Moment) -> Loss:
    node = stack.grid.point_node
    at, was = after.temperature[:, node], before.temperature[:, node]
    share = np.where(over, (high - was) / np.where(over, at - was, 1.0), np.inf)
    spine, point = (int(i) for i in np.unravel_index(int(share.argmin()), share.shape))
    layer = stack.layers[int(stack.grid.point_material[point])]
    why = (
        f"layer {layer.name} is hotter than the {layer.material.high:.1f} K up to which {layer.material.name} is known"
    )
    time = before.time + max(float(share[spine, point]), 0.0) * (after.time - before.time)
    return Loss(time, False, why, spine)


def ended_at(loss: Loss | None, time: Floats, *columns: Floats) -> tuple[Floats, ...]:
    """time (S,) and columns (S, ...) with the last step cut at the loss."""
    if loss is None:
        return (time, *columns)
    share = (loss.time - time[-2]) / (time[-1] - time[-2])
    cut = [np.concatenate([c[:-1], [c[-2] + share * (c[-1] - c[-2])]]) for c in columns]
    return (np.append(time[:-1], loss.time), *cut)


def _limits(stack: Stack) -> tuple[Floats, Floats]:
    """(point,) temperatures between which the tables hold, K."""
    material = stack.grid.point_material
    return stack.tables.low[material], stack.tables.high[material]


def outside_tables(
    stack: Stack, where: str, temperature: Floats, time: float, but: NDArray[np.bool_] | None = None
) -> DataError | None:
    """The fault if a node (spine, node) is outside the tables of its material, points in `but` excepted, else None."""
    low, high = _limits(stack)
    at = np.atleast_2d(temperature)[:, stack.grid.point_node]
    outside = (at < low) | (at > high)
    if but is not None:
        outside &= ~but
    if not outside.any():
        return None
    spine, p = (int(i) for i in np.unravel_index(int(outside.argmax()), outside.shape))
    layer = stack.layers[int(stack.grid.point_material[p])]
    place = f"{where}, spine {spine}" if len(at) > 1 else where
    return DataError(
        f"{place}, {time:.3f} s, layer {layer.name}: found {at[spine, p]:.1f} K, expected a temperature inside the"
        f" tables of {layer.material.name} ({layer.material.low:.1f} to {layer.material.high:.1f} K)",
        advice="extend the card with measured values, or correct the heating or the initial temperature",
    )


def _too_cold(where: str, wall: WallModel, now: Moment, row: Floats) -> DataError | None:
    """The fault if chemistry is asked of a wall below the coldest row of its table, else None.

    With a rate limit the wall does not react there and the table has no weight.
    """
    coldest, found = wall.arrays.low, float(now.temperature[:, 0].min())
    if wall.table is None or wall.oxidation or not row[1] > 0 or np.isfinite(row[0]) or found >= coldest:
        return None
    return DataError(
        f"{where}, {now.time:.3f} s: found a wall of {found:.1f} K, expected at least {coldest:.1f} K, the coldest"
        f" row of the B' table {wall.table.name}",
        advice="give the rate of oxidation ([heatshield.oxidation]), a table for colder walls, or a warmer start",
    )


def not_converged(where: str, time: float, dt: float, wall: float, residuals: list[float], advice: str) -> SolverError:
    """The end of a march whose step at `time` (s) does not converge however short; wall K, residuals K."""
    return SolverError(
        f"{where}: no convergence at {time:.4f} s with steps down to {dt:.2g} s (wall {wall:.0f} K)",
        history=residuals, advice=advice,
    )  # fmt: skip
