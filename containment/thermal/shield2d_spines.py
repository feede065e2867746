# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""All spines of a two-dimensional heat shield at once: the one-dimensional stack of `step` under every surface point.

State and Work are those of `step` with the spine as first axis. What is new here is the area along a spine: on a curved
contour spines converge, so the gas of a slice leaves through less or more surface than it came from, and on a slope the
surface is larger than what it covers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.thermal import step
from containment.thermal.bprime import BPrimeArrays
from containment.thermal.kernel import Points
from containment.thermal.remap import prepare_remap
from containment.thermal.stack import Grid
from containment.thermal.step import State, Work
from containment.thermal.surface import WallNumbers
from containment.thermal.tables import MaterialTables

Array = Any  # numba sees plain arrays; shapes are in the docstrings


class Shape(NamedTuple):
    """Surface points and directions inwards (spine, 2), whether the section is plane, positions x (spine, node, 2);
    areas per radian or metre: across the spine at every node (spine, node), of wall and back (spine,)."""

    points: Array
    inward: Array
    plane: bool
    x: Array
    across: Array
    wall: Array
    back: Array


def stacked(parts: list[Any]) -> Any:
    """Named tuples of arrays (State, Work) of single spines as one with the spine as first axis."""
    first = parts[0]
    columns = ([part[k] for part in parts] for k in range(len(first)))
    return type(first)(*(stacked(c) if isinstance(c[0], tuple) else np.stack(c) for c in columns))


@njit(cache=True, error_model="numpy", inline="always")
def _state(s: State, i: int) -> State:
    return State(s.temperature[i], s.extent[i], s.extent_older[i], s.energy[i], s.energy_older[i], s.recession[i])


@njit(cache=True, error_model="numpy", inline="always")
def _work(w: Work, i: int) -> Work:
    m = w.points
    points = Points(
        m.energy[i], m.d_energy[i], m.conductivity[i], m.d_conductivity[i], m.gas_enthalpy[i], m.d_gas_enthalpy[i],
        m.production[i], m.density[i], m.emissivity[i], m.extent[i],
    )  # fmt: skip
    return Work(
        w.position[i], w.velocity[i], w.shifted_temperature[i], w.shifted_extent[i], w.shifted_extent_older[i],
        w.slopes[i], w.point_temperature[i], w.point_old[i], points, w.energy[i], w.d_energy[i], w.conductivity[i],
        w.flux[i], w.d_flux[i], w.wall[i], w.moved[i], w.behind[i],
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def initialise(tables: MaterialTables, grid: Grid, states: State, works: Work, pressures: Array) -> None:
    """Pore gas of the initial state at the pressure (spine,) of each wall."""
    for i in range(pressures.size):
        step.initialise(tables, grid, _state(states, i), _work(works, i), pressures[i])


@njit(cache=True, error_model="numpy")
def begin(grid: Grid, states: State, works: Work, recedes: bool) -> None:
    """What a step needs once, before its iterations."""
    for i in range(states.temperature.shape[0]):
        prepare_remap(grid, _state(states, i), _work(works, i), recedes)


@njit(cache=True, error_model="numpy")
def accept(grid: Grid, states: State, works: Work, temperature: Array, change: Array, recession: Array) -> None:
    """Make the step just computed the history of the next; `change` (spine, node) K was added last."""
    for i in range(states.temperature.shape[0]):
        step.accept(grid, _state(states, i), _work(works, i), temperature[i], -change[i], recession[i])


@njit(cache=True, error_model="numpy", inline="always")
def _placed(shape: Shape, i: int, position: Array) -> None:
    for j in range(position.size):
        for k in range(2):
            shape.x[i, j, k] = shape.points[i, k] + position[j] * shape.inward[i, k]


@njit(cache=True, error_model="numpy")
def areas(shape: Shape) -> None:
    """Fill the areas: half of the line to each neighbour, at the radius of the middle of that half; across a spine it
    is what of the line is square to the mean direction of the two spines, all of it on an even contour."""
    x, inward = shape.x, shape.inward
    shape.across[:] = 0.0
    shape.wall[:] = 0.0
    shape.back[:] = 0.0
    last = x.shape[1] - 1
    for i in range(x.shape[0] - 1):
        ur, uz = inward[i, 0] + inward[i + 1, 0], inward[i, 1] + inward[i + 1, 1]
        mean = np.hypot(ur, uz)
        for j in range(last + 1):
            dr, dz = x[i + 1, j, 0] - x[i, j, 0], x[i + 1, j, 1] - x[i, j, 1]
            size = 0.5 * np.hypot(dr, dz)
            for s in range(2):
                n = i + s
                r = 1.0 if shape.plane else x[n, j, 0] + (0.25 - 0.5 * s) * dr
                shape.across[n, j] += 0.5 * abs(dr * uz - dz * ur) / mean * r
                if j == 0:
                    shape.wall[n] += size * r
                elif j == last:
                    shape.back[n] += size * r


@njit(cache=True, error_model="numpy")
def _fluxes(grid: Grid, work: Work, temperature: Array, across: Array) -> float:
    """As in one dimension, with the area (node,) along the spine; returns the gas flux through the area at the wall."""
    m, x, velocity, cells = work.points, work.position, work.velocity, grid.cell_points
    gas = 0.0  # kg/s per radian or metre
    for c in range(cells.shape[0] - 1, -1, -1):
        a, b = cells[c, 0], cells[c, 1]
        h = x[c + 1] - x[c]
        slope = (temperature[c + 1] - temperature[c]) / h
        for q in range(1, -1, -1):
            p = b if q == 1 else a
            w, through = velocity[c + q], gas / across[c + q]
            work.energy[c, q], work.d_energy[c, q], work.conductivity[c, q] = (
                m.energy[p],
                m.d_energy[p],
                m.conductivity[p],
            )
            work.flux[c, q] = m.energy[p] * w + m.gas_enthalpy[p] * through
            work.d_flux[c, q] = m.d_conductivity[p] * slope + m.d_energy[p] * w + m.d_gas_enthalpy[p] * through
            if q == 1:
                gas += 0.5 * h * (m.production[a] * across[c] + m.production[b] * across[c + 1])
    return gas / across[0]


@njit(cache=True, error_model="numpy")
def prepare(
    tables: MaterialTables, grid: Grid, states: State, works: Work, shape: Shape, temperature: Array, dt: float,
    bdf: tuple, recession: Array, row: Array, factors: Array, wall: WallNumbers, table: BPrimeArrays, implied: Array,
) -> None:  # fmt: skip
    """Everything at the iterate `temperature` (spine, node) and `recession` (spine,) m, as `step.prepare` for each one.

    `row` is that of the boundary history, `factors` (spine, 3) multiply its film coefficient, radiative flux and
    pressure. Fills the works, the shape and the recession `implied` (spine,) by the char flux: along a spine that meets
    a slope the surface recedes faster than along its normal.
    """
    c0, c1, c2 = bdf
    for i in range(recession.size):
        work = _work(works, i)
        step.properties(
            tables, grid, _state(states, i), work, temperature[i], dt, c0, c1, c2, recession[i], row[3] * factors[i, 2]
        )
        _placed(shape, i, work.position)
    areas(shape)
    mine = row.copy()
    for i in range(recession.size):
        work = _work(works, i)
        mine[1], mine[4], mine[3] = row[1] * factors[i, 0], row[4] * factors[i, 1], row[3] * factors[i, 2]
        gas = _fluxes(grid, work, temperature[i], shape.across[i])
        longer = shape.wall[i] / shape.across[i, 0]
        implied[i] = step.react(
            _state(states, i), work, temperature[i, 0], gas / longer, dt * longer, c0, c1, c2, mine, wall, table
        )
