"""Two-dimensional heat shield, plane or axisymmetric: recession along the contour, and damage.

Spines go from the original surface through all layers; every spine carries the material of the one-dimensional stack
(`shield2d_spines`: charring, pore gas, wall balance, recession) and its nodes slide along it as the surface recedes
(the method of spines, Kistler and Scriven 1983). Between spines heat is conducted, with its own conductivity:

    d/dt int E v + int [ K grad T + (E w + h_g M) d ] . grad v = int_wall q v - int_back q_b v,   d the way inwards.

BDF2 as in one dimension. Damage is surface that is already gone at the start. Gas leaves along the spines: that holds
for shallow damage, not for the wall of a deep narrow slot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.thermal import shield2d_kernel as kernel
from containment.thermal import shield2d_spines as spines
from containment.thermal import step, stepping
from containment.thermal.contour import Contour
from containment.thermal.heatshield import LARGEST_CHANGE, SURFACE_CHANGE, check_boundary
from containment.thermal.history import ADIABATIC, BackFace
from containment.thermal.node_matrix import NodeMatrix
from containment.thermal.stack import Stack
from containment.thermal.stepping import DEFAULT, Stepping
from containment.thermal.surface import WallHistory, WallModel, back_at, back_loss

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drive:
    """For manufactured solutions: recession(t) (spine,) m instead of the wall's own, heat through the moving wall
    wall(x (spine, 2), t) (spine,) W/m^2 and heat released source(x (spine, node, 2), t) W/m^3."""

    recession: Callable[[float], Floats]
    wall: Callable[[Floats, float], Floats]
    source: Callable[[Floats, float], Floats]


class Solved(NamedTuple):
    """A converged step: temperatures with the last change already added, that change (spine, node), recession (spine,),
    heat supplied W and mass lost kg/s, per radian or metre."""

    temperature: Floats
    change: Floats
    recession: Floats
    supplied: float
    lost: float


class Shield2D:
    """A heat shield with spines under a contour, at rest at one temperature (K) or given ones (spine, node).

    `ratio` (cell,) is the conductivity across spines over that along them, cell by cell of the stack; `shape.x`
    (spine, node, 2) is where the nodes are. Raises DataError.
    """

    def __init__(
        self, stack: Stack, contour: Contour, heating: WallHistory, wall: WallModel, *, temperature: float | Floats,
        ratio: Floats | None = None, back: BackFace = ADIABATIC, rules: Stepping = DEFAULT, drive: Drive | None = None,
        where: str = "2-D heat shield",
    ) -> None:  # fmt: skip
        check_boundary(heating, wall, where)
        _check_damage(stack, contour, where)
        grid, count = stack.grid, len(contour.points)
        cells, nodes = grid.cell_points.shape[0], grid.depth.size
        self.stack, self.contour, self.heating, self.wall, self.drive = stack, contour, heating, wall, drive
        self.rules, self.where, self.back = rules.numbers(), where, back.numbers()
        self._ratio = np.ones(cells) if ratio is None else np.asarray(ratio, float)
        self._times, self._rows = np.array(heating.time, float), heating.table()
        self.row, self._numbers = np.zeros(self._rows.shape[1]), wall.numbers()
        reactions = stack.tables.kinetics.shape[1]
        start = np.array(np.broadcast_to(temperature, (count, nodes)), dtype=float)
        self.states: step.State = spines.stacked([step.new_state(grid, reactions, t) for t in start])
        self.works: step.Work = spines.stacked([step.new_work(grid, reactions)] * count)
        self.shape = spines.Shape(
            np.ascontiguousarray(contour.points, float), np.ascontiguousarray(contour.inward, float), contour.plane,
            np.zeros((count, nodes, 2)), np.zeros((count, nodes)), np.zeros(count), np.zeros(count),
        )  # fmt: skip
        self._stored, self._flow, self._volume = (np.zeros((count, nodes)) for _ in range(3))
        self._matrix, self._places = _pattern(count, nodes)
        self.states.recession[:] = contour.gone[:, None]
        self._at_time(self.start)
        spines.initialise(stack.tables, grid, self.states, self.works, self.row[3] * contour.factors[:, 2])
        surface = self.recession if drive is None else drive.recession(self.start)
        self._prepare(start, 1e-9, (1.0, -1.0, 0.0), surface)
        _check_spines(self.shape, where)
        self._energy, self._energy_older = self._stored.copy(), self._stored.copy()
        self.iterations = 0

    @property
    def start(self) -> float:
        """First time of the boundary history, s."""
        return float(self._times[0])

    @property
    def temperature(self) -> Floats:
        """(spine, node) temperatures now, K."""
        return np.asarray(self.states.temperature)

    @property
    def recession(self) -> Floats:
        """(spine,) depth of the surface below the original one now, m."""
        return np.array(self.states.recession[:, 0])

    @property
    def energy(self) -> float:
        """Stored in the section, J per radian or metre."""
        return float(self._energy.sum())

    def mass(self) -> float:
        """Of solid and pore gas, kg per radian or metre."""
        m = self.works.points
        ends = (m.density + m.extent[:, :, -1])[:, self.stack.grid.cell_points]
        return float(self._sums(np.zeros_like(self._flow), self._ends()._replace(energy=ends))[0].sum())

    def _at_time(self, time: float) -> None:
        """Put the boundary history where the step ends."""
        step.row_at(self._times, self._rows, time, self.row)
        back_at(self.back, self.row)

    def _ends(self) -> kernel.Ends:
        w = self.works
        return kernel.Ends(w.energy, w.d_energy, w.conductivity, w.flux, w.d_flux)

    def _sums(self, t: Floats, ends: kernel.Ends) -> tuple[Floats, Floats, Floats]:
        """(spine, node) stored, flow and volume of `shield2d_kernel.balance`."""
        found = (np.zeros_like(t), np.zeros_like(t), np.zeros_like(t))
        kernel.balance(self.shape.x, self.shape.inward, self._ratio, t, ends, self.shape.plane, *found)
        return found

    def _prepare(self, t: Floats, dt: float, bdf: tuple[float, float, float], s: Floats) -> Floats:
        """Everything at this iterate; returns the recession that the char flux implies."""
        implied = np.empty_like(s)
        spines.prepare(
            self.stack.tables, self.stack.grid, self.states, self.works, self.shape, t, dt, bdf, s, self.row,
            self.contour.factors, self._numbers, self.wall.arrays, implied,
        )  # fmt: skip
        self._stored, self._flow, self._volume = self._sums(t, self._ends())
        return implied

    def _heat(self, t: Floats, time: float) -> tuple[Floats, Floats, Floats]:
        """(spine, node) heat from outside, W per radian or metre, and its slopes at wall and back (spine,)."""
        heat, area = np.zeros_like(t), self.shape.wall
        if self.drive is not None:
            heat += self._volume * self.drive.source(self.shape.x, time)
            heat[:, 0] += area * self.drive.wall(self.shape.x[:, 0], time)
            return heat, np.zeros(len(t)), np.zeros(len(t))
        heat[:, 0] += area * self.works.wall[:, 0]
        loss = np.array([back_loss(self.back, value) for value in t[:, -1]])
        heat[:, -1] -= self.shape.back * loss[:, 0]
        return heat, area * self.works.wall[:, 1], -self.shape.back * loss[:, 1]

    def attempt(self, time: float, dt: float, dt_old: float, guess: Floats) -> tuple[Solved | None, list[float]]:
        """Newton for the step that ends at `time` from the guess (spine node,), which ends as the solution; None if it
        does not converge, and the largest change of every iteration, K."""
        self._at_time(time)
        t, deepest = guess.reshape(self.temperature.shape), (1.0 - step.THINNEST) * self.stack.grid.ablator_depth
        bdf = stepping.coefficients(dt, dt_old)
        rate, known = bdf[0] / dt, (bdf[1] * self._energy + bdf[2] * self._energy_older) / dt
        s = self._guessed_recession(time, dt, dt_old)
        recedes = self.drive is not None or (self.wall.recedes and self.wall.table is not None)
        spines.begin(self.stack.grid, self.states, self.works, recedes)
        sizes: list[float] = []
        for _ in range(self.rules.iterations):
            implied = self._prepare(t, dt, bdf, s)
            heat, at_wall, at_back = self._heat(t, time)
            change = self._correction(heat - self._flow - rate * self._stored - known, rate, at_wall, at_back)
            largest = float(np.abs(change).max())
            sizes.append(largest)
            if not np.isfinite(largest) or (self.drive is None and implied.max() > deepest):
                break
            moved = float(np.abs(implied - s).max()) if self.drive is None else 0.0
            if moved < SURFACE_CHANGE and stepping.converged(self.rules, largest, sizes[-2] if len(sizes) > 1 else 0.0):
                supplied = float(heat.sum() + (at_wall * change[:, 0] + at_back * change[:, -1]).sum())
                lost = float((self.shape.wall * (self.works.wall[:, 2] + self.works.wall[:, 3])).sum())
                self.iterations += len(sizes)
                guess[:] = (t + change).ravel()
                return Solved(guess.reshape(t.shape).copy(), change, s, supplied, lost), sizes
            t = t + change * min(1.0, LARGEST_CHANGE / max(largest, 1e-300))
            s = implied if self.drive is None else s
        return None, sizes

    def _guessed_recession(self, time: float, dt: float, dt_old: float) -> Floats:
        if self.drive is not None:
            return self.drive.recession(time)
        s = self.recession
        return s if dt_old <= 0.0 else s + (s - self.states.recession[:, 1]) * dt / dt_old

    def _correction(self, residual: Floats, rate: float, at_wall: Floats, at_back: Floats) -> Floats:
        """(spine, node) Newton change, K."""
        m, nodes = self._matrix, residual.shape[1]
        kernel.matrix(
            self.shape.x, self.shape.inward, self._ratio, self._ends(), rate, self.shape.plane, self._places, m.values
        )
        m.values[m.diagonal[::nodes]] -= at_wall
        m.values[m.diagonal[nodes - 1 :: nodes]] -= at_back
        m.changed()
        return m.solve(residual.ravel()).reshape(residual.shape)

    def accept(self, solved: Solved) -> None:
        """Make the step history; the energy follows the last change to first order."""
        slopes = self._sums(np.zeros_like(self._flow), self._ends()._replace(energy=self.works.d_energy))[0]
        self._energy_older, self._energy = self._energy, self._stored + slopes * solved.change
        spines.accept(
            self.stack.grid, self.states, self.works, solved.temperature, solved.change, solved.recession
        )  # fmt: skip


def _check_damage(stack: Stack, contour: Contour, where: str) -> None:
    deepest, thickness = float(contour.gone.max()), stack.grid.ablator_depth
    if deepest >= (1.0 - step.BURNT_THROUGH) * thickness:
        raise DataError(
            f"{where}: found damage of {deepest:.4g} m, expected less than {1.0 - step.BURNT_THROUGH:.0%} of the"
            f" ablator's {thickness:.4g} m",
            advice="a shield that is already through needs no run",
        )


def _check_spines(shape: spines.Shape, where: str) -> None:
    """Refuse spines that cross: the contour is bent tighter than the stack is thick, or its points are out of order."""
    along, across = np.diff(shape.x, axis=1)[:-1], np.diff(shape.x, axis=0)[:, :-1]
    turn = across[..., 0] * along[..., 1] - across[..., 1] * along[..., 0]
    if not ((turn > 0.0).all() or (turn < 0.0).all()):
        i = int(np.argmin(np.abs(turn).min(axis=1)))
        raise DataError(
            f"{where}: spines {i} and {i + 1} meet inside the stack, expected spines that stay apart",
            advice="the contour must not be bent tighter than the stack is thick; check the order of its points",
        )


def _pattern(count: int, nodes: int) -> tuple[NodeMatrix, NDArray[np.int32]]:
    """Matrix of the quads, and the places of the pairs (itself, across, along) of their corners."""
    number = np.arange(count * nodes).reshape(count, nodes)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    parts = [np.stack(three, axis=-1).reshape(-1, 3) for three in ((a, b, c), (a, c, d), (a, b, d), (b, c, d))]
    matrix = NodeMatrix(np.concatenate(parts), count * nodes, tolerance=1e-6)
    i, j, p, q = np.ix_(np.arange(count - 1), np.arange(nodes - 1), np.arange(2), np.arange(2))
    corner = np.stack(
        np.broadcast_arrays(number[i + p, j + q], number[i + 1 - p, j + q], number[i + p, j + 1 - q]), axis=-1
    )
    pairs = [matrix.places(corner[..., m], corner[..., n]) for m in range(3) for n in range(3)]
    return matrix, np.ascontiguousarray(np.stack(pairs, axis=-1))
