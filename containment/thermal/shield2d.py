"""Two-dimensional heat shield, plane or axisymmetric: recession along the contour, and damage.

Spines go from the original surface through all layers; every spine carries the material of the one-dimensional stack
(`step.prepare`: charring, pore gas, wall balance, recession) and its nodes slide along it as the surface recedes (the
method of spines, Kistler and Scriven 1983). Between spines heat is conducted, with its own conductivity:

    d/dt int E v + int [ K grad T + (E w + h_g M) d ] . grad v = int_wall q v - int_back q_b v,   d the way inwards.

BDF2 as in one dimension. Damage is surface that is already gone at the start. Gas leaves along the spines, and the wall
balance of a slope takes the gas of its plan area: both hold for shallow damage, not for the wall of a deep narrow slot.
A point on the axis of an axisymmetric section has no volume of its own with corner quadrature: start at a small radius.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.thermal import shield2d_kernel as kernel
from containment.thermal import step, stepping
from containment.thermal.heatshield import LARGEST_CHANGE, SURFACE_CHANGE, check_boundary
from containment.thermal.history import ADIABATIC, ENERGY_LIMIT, BackFace
from containment.thermal.node_matrix import NodeMatrix
from containment.thermal.remap import prepare_remap
from containment.thermal.stack import Stack
from containment.thermal.stepping import DEFAULT, Stepping
from containment.thermal.surface import WallHistory, WallModel, back_loss

Floats = NDArray[np.float64]
BURNT_THROUGH = 0.03  # share of the ablator's thickness left; own choice: thinner cells than that are slivers


@dataclass(frozen=True)
class Contour:
    """The original outer surface: points (spine, 2) r and z in m, unit vectors inwards (spine, 2), depth already gone
    (spine,) m and factor on all heating (spine,). In a plane section r is a length along the surface."""

    points: Floats
    inward: Floats
    gone: Floats
    heating: Floats
    plane: bool = False


@dataclass(frozen=True)
class Drive:
    """For manufactured solutions: recession(t) (spine,) m instead of the wall's own, heat through the moving wall
    wall(x (spine, 2), t) (spine,) W/m^2 and heat released source(x (spine, node, 2), t) W/m^3."""

    recession: Callable[[float], Floats]
    wall: Callable[[Floats, float], Floats]
    source: Callable[[Floats, float], Floats]


@dataclass
class Damage:
    """Histories (time,) s and (time, spine): recession m, wall and bond temperature K; the spine and time of
    burn-through (nan: none), energy closure (relative to the heat that went through), Newton iterations."""

    time: list[float] = field(default_factory=list)
    recession: list[Floats] = field(default_factory=list)
    wall: list[Floats] = field(default_factory=list)
    bond: list[Floats] = field(default_factory=list)
    burn_through: float = float("nan")
    burnt_spine: int = -1
    closure: float = 0.0
    iterations: int = 0


def flat(width: float, spines: int, gone: Callable[[Floats], Floats], *, first: float = 1e-4, **kind: bool) -> Contour:
    """A flat piece from r = `first` to `width` m with spines closer towards the middle; `gone(r)` is the damage."""
    r = first + (width - first) * np.linspace(0.0, 1.0, spines) ** 1.5
    points = np.column_stack([r, np.zeros(spines)])
    return Contour(points, np.tile([0.0, 1.0], (spines, 1)), gone(r), np.ones(spines), **kind)


def crater(depth: float, radius: float) -> Callable[[Floats], Floats]:
    """A bowl of `depth` and `radius` m: cosine-squared, so that its rim is smooth."""
    return lambda r: np.where(r < radius, depth * np.cos(0.5 * np.pi * r / radius) ** 2, 0.0)


class Shield2D:
    """A heat shield with spines under a contour, at rest at one temperature (K) or given ones (spine, node).

    `ratio` (cell,) is the conductivity across spines over that along them, cell by cell of the stack. Raises DataError.
    """

    def __init__(
        self, stack: Stack, contour: Contour, heating: WallHistory, wall: WallModel, *, temperature: float | Floats,
        ratio: Floats | None = None, back: BackFace = ADIABATIC, rules: Stepping = DEFAULT, drive: Drive | None = None,
    ) -> None:  # fmt: skip
        check_boundary(heating, wall, "heat shield")
        grid, count = stack.grid, len(contour.points)
        if (contour.gone >= (1.0 - BURNT_THROUGH) * grid.ablator_depth).any() or (contour.gone < 0.0).any():
            raise DataError(
                f"damage: found {contour.gone.max():.4g} m gone, expected less than the ablator's "
                f"{grid.ablator_depth:.4g} m",
                advice="a shield that is already through needs no run",
            )
        self.stack, self.contour, self.wall, self.drive = stack, contour, wall, drive
        self.rules, self._back, self._breaks = rules.numbers(), back.numbers(), heating.breaks
        cells, nodes = grid.cell_points.shape[0], grid.depth.size
        self._ratio = np.ones(cells) if ratio is None else np.asarray(ratio, float)
        self._times, self._rows = np.array(heating.time, float), heating.table()
        self._row = np.zeros(self._rows.shape[1])
        reactions = stack.tables.kinetics.shape[1]
        start_t = np.array(np.broadcast_to(temperature, (count, nodes)), dtype=float)
        self._states = [step.new_state(grid, reactions, values) for values in start_t]
        self._works = [step.new_work(grid, reactions) for _ in range(count)]
        self.x = np.zeros((count, nodes, 2))
        self._ends = kernel.Ends(*(np.zeros((count, cells, 2)) for _ in range(5)))
        self._stored, self._flow, self._volume = (np.zeros((count, nodes)) for _ in range(3))
        self._area, self._area_back = np.zeros(count), np.zeros(count)
        self._matrix, self._places = _pattern(count, nodes)
        for state, work, gone in zip(self._states, self._works, contour.gone, strict=True):
            state.recession[:] = gone
            step.initialise(stack.tables, grid, state, work, self._rows[0, 3])
        step.row_at(self._times, self._rows, float(self._times[0]), self._row)
        start = self._recession() if drive is None else drive.recession(float(self._times[0]))
        self._prepare(start_t, 1e-9, (1.0, -1.0, 0.0), start)
        self._energy, self._energy_older = self._stored.copy(), self._stored.copy()
        self.iterations = 0

    @property
    def temperature(self) -> Floats:
        """(spine, node) temperatures now, K; `x` (spine, node, 2) is where they are."""
        return np.array([state.temperature for state in self._states])

    def _recession(self) -> Floats:
        return np.array([state.recession[0] for state in self._states])

    def _prepare(self, t: Floats, dt: float, bdf: tuple[float, float, float], s: Floats) -> Floats:
        """Everything at this iterate: spines by the kernel of one dimension, then the sums; returns the recession that
        the char flux implies (on a slope the spine is longer than the way along the normal)."""
        c0, c1, c2 = bdf
        numbers, table, tables, grid = self.wall.numbers(), self.wall.arrays, self.stack.tables, self.stack.grid
        implied = s.copy()
        row = self._row.copy()
        slope = np.gradient(s, np.linalg.norm(self.contour.points - self.contour.points[0], axis=1))
        longer = np.sqrt(1.0 + slope**2)
        for i, (state, work) in enumerate(zip(self._states, self._works, strict=True)):
            row[[1, 4, 5]] = self._row[[1, 4, 5]]
            row[[1, 4]] *= self.contour.heating[i]
            row[6] = self._row[6]
            step.prepare(tables, grid, state, work, t[i], dt, c0, c1, c2, float(s[i]), row, numbers, table)
            found = (work.energy, work.d_energy, work.conductivity, work.flux, work.d_flux)
            for mine, theirs in zip(self._ends, found, strict=True):
                mine[i] = theirs
            advance = dt * longer[i] * work.wall[3] / max(work.wall[4], 1e-9)
            implied[i] = max((advance - c1 * state.recession[0] - c2 * state.recession[1]) / c0, state.recession[0])
            self.x[i] = self.contour.points[i] + work.position[:, None] * self.contour.inward[i]
        plane = self.contour.plane
        kernel.balance(
            self.x, self.contour.inward, self._ratio, t, self._ends, plane, self._stored, self._flow, self._volume
        )
        kernel.line_areas(self.x, 0, plane, self._area)
        kernel.line_areas(self.x, self.x.shape[1] - 1, plane, self._area_back)
        return implied

    def _heat(self, t: Floats, time: float) -> tuple[Floats, Floats, Floats]:
        """(spine, node) heat from outside, W per radian or metre, and its slopes at wall and back (spine,)."""
        heat = np.zeros_like(t)
        if self.drive is not None:
            heat += self._volume * self.drive.source(self.x, time)
            heat[:, 0] += self._area * self.drive.wall(self.x[:, 0], time)
            return heat, np.zeros(len(t)), np.zeros(len(t))
        q = np.array([work.wall[:2] for work in self._works])
        heat[:, 0] += self._area * q[:, 0]
        loss = np.array([back_loss(self._back, value) for value in t[:, -1]])
        heat[:, -1] -= self._area_back * loss[:, 0]
        return heat, self._area * q[:, 1], -self._area_back * loss[:, 1]

    def _attempt(self, time: float, dt: float, dt_old: float, t: Floats) -> tuple[Floats, Floats, Floats, float] | None:
        """Newton: temperatures, last change, recession and heat supplied (W), or None."""
        bdf = stepping.coefficients(dt, dt_old)
        rate, known = bdf[0] / dt, (bdf[1] * self._energy + bdf[2] * self._energy_older) / dt
        s = self._recession()
        recedes = self.drive is not None or (self.wall.recedes and self.wall.table is not None)
        if self.drive is not None:
            s = self.drive.recession(time)
        for state, work in zip(self._states, self._works, strict=True):
            prepare_remap(self.stack.grid, state, work, recedes)
        before = 0.0
        for _ in range(self.rules.iterations):
            self.iterations += 1
            implied = self._prepare(t, dt, bdf, s)
            heat, at_wall, at_back = self._heat(t, time)
            residual = heat - self._flow - rate * self._stored - known
            m, count = self._matrix, t.shape[1]
            kernel.matrix(
                self.x, self.contour.inward, self._ratio, self._ends, rate, self.contour.plane, self._places, m.values
            )
            m.values[m.diagonal[::count]] -= at_wall
            m.values[m.diagonal[count - 1 :: count]] -= at_back
            m.changed()
            change = m.solve(residual.ravel()).reshape(t.shape)
            largest = float(np.abs(change).max())
            if not np.isfinite(largest):
                return None
            moved = float(np.abs(implied - s).max()) if self.drive is None else 0.0
            if moved < SURFACE_CHANGE and stepping.converged(self.rules, largest, before):
                supplied = float(heat.sum() + (at_wall * change[:, 0] + at_back * change[:, -1]).sum())
                return t + change, change, s, supplied
            t = t + change * min(1.0, LARGEST_CHANGE / max(largest, 1e-300))
            s = implied if self.drive is None else s
            before = largest
        return None

    def run(self, duration: float) -> Damage:
        """March from the first boundary time for `duration` s or until burnt through. Raises SolverError."""
        rules, grid, found = self.rules, self.stack.grid, Damage()
        time = float(self._times[0])
        stops = stepping.stops(self._breaks, time, time + duration)
        t = self.temperature
        past_t, past = np.zeros(3), np.zeros((3, t.size))
        count = stepping.remember(past_t, past, 0, time, t.ravel())
        dt, dt_old, stop, failures = rules.first, 0.0, 0, 0
        bond, missing, through = self.stack.layers[0].cells, 0.0, 0.0
        self._note(found, time, t, bond)
        guess = np.zeros(t.size)
        while stop < stops.size:
            dt = stepping.fitted(dt, stops[stop] - time)
            dt_old = 0.0 if dt > stepping.STABLE_GROWTH * dt_old else dt_old
            step.row_at(self._times, self._rows, time + dt, self._row)
            stepping.predicted(past_t, past, count, time + dt, dt_old, guess)
            solved = self._attempt(time + dt, dt, dt_old, guess.reshape(t.shape).copy())
            if solved is None:
                failures, dt, dt_old = failures + 1, 0.25 * dt, 0.0
                count = stepping.forget(past_t, past, count)
                if failures > rules.retries:
                    raise SolverError(f"2-D heat shield: no convergence at {time:.4f} s", advice="refine the spines")
                continue
            t, change, s, supplied = solved
            bdf = stepping.coefficients(dt, dt_old)
            missing += self._accept(t, change, s, bdf) - dt * supplied
            through += dt * abs(supplied)
            failures, time = 0, time + dt
            count = stepping.remember(past_t, past, count, time, t.ravel())
            self._note(found, time, t, bond)
            left = 1.0 - s / grid.ablator_depth
            if left.min() < BURNT_THROUGH:
                found.burn_through, found.burnt_spine = time, int(left.argmin())
                break
            dt_old, dt = dt, min(dt * rules.growth, rules.largest)
            if stops[stop] - time < 1e-9 * max(1.0, time):
                stop, dt, dt_old = stop + 1, rules.first, 0.0
                count = stepping.forget(past_t, past, count)
        found.iterations = self.iterations
        found.closure = abs(missing) / max(through, 1e-300)
        if found.closure > ENERGY_LIMIT:
            raise SolverError(f"2-D heat shield: energy closes to {found.closure:.2%}, expected {ENERGY_LIMIT:.1%}")
        return found

    def _note(self, found: Damage, time: float, t: Floats, bond: int) -> None:
        found.time.append(time)
        found.recession.append(self._recession())
        found.wall.append(t[:, 0].copy())
        found.bond.append(t[:, bond].copy())

    def _accept(self, t: Floats, change: Floats, s: Floats, bdf: tuple[float, float, float]) -> float:
        """Make the step history; returns what the formula stored, J per radian or metre."""
        slopes = self._slope_of_energy()
        new = self._stored + slopes * change
        stored = float((bdf[0] * new + bdf[1] * self._energy + bdf[2] * self._energy_older).sum())
        self._energy_older, self._energy = self._energy, new
        for i, (state, work) in enumerate(zip(self._states, self._works, strict=True)):
            step.accept(self.stack.grid, state, work, t[i], -change[i], float(s[i]))
        return stored

    def _slope_of_energy(self) -> Floats:
        """(spine, node) d(stored)/dT, by the sums of `balance` with the slope in place of the energy."""
        stored, flow, volume = (np.zeros_like(self._stored) for _ in range(3))
        ends = self._ends._replace(energy=self._ends.d_energy)
        kernel.balance(
            self.x,
            self.contour.inward,
            self._ratio,
            np.zeros_like(flow),
            ends,
            self.contour.plane,
            stored,
            flow,
            volume,
        )
        return stored


def _pattern(spines: int, nodes: int) -> tuple[NodeMatrix, NDArray[np.int32]]:
    """Matrix of the quads, and the places of the pairs (itself, across, along) of their corners."""
    number = np.arange(spines * nodes).reshape(spines, nodes)
    a, b, c, d = number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]
    parts = [np.stack(three, axis=-1).reshape(-1, 3) for three in ((a, b, c), (a, c, d), (a, b, d), (b, c, d))]
    matrix = NodeMatrix(np.concatenate(parts), spines * nodes, tolerance=1e-6)
    i, j, p, q = np.ix_(np.arange(spines - 1), np.arange(nodes - 1), np.arange(2), np.arange(2))
    corner = np.stack(
        np.broadcast_arrays(number[i + p, j + q], number[i + 1 - p, j + q], number[i + p, j + 1 - q]), axis=-1
    )
    pairs = [matrix.places(corner[..., m], corner[..., n]) for m in range(3) for n in range(3)]
    return matrix, np.ascontiguousarray(np.stack(pairs, axis=-1))
