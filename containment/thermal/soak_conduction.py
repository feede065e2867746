"""Heat conduction in a section: the weak form and the solution of one implicit stage.

Per radian, with r the radius (1 for a plane section) and v the test function (linear triangles):

    int D_t E(T) v r dx + int k(T) M grad T . grad v r dx
        = int Q v r dx + sum_surfaces int [ q + h (T_f - T) + eps sigma (T_r^4 - T^4) + g (T_c - T) [z < z_c] ] v r ds

M is a tensor of layers. Storage and conductivity use the corner rule int f v_i r dx = sum f_i A/3 (r_i + 3 r_m)/4, r_m
the mean radius of a triangle, i.e. storage is lumped by rows: nothing ahead of a heat front cools, and nodal enthalpies
add up exactly. The sums are compiled (`soak_kernel`); that they are those of this form is an item of the benchmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import SolverError
from containment.meshing.mesh import SectionMesh
from containment.thermal import soak_kernel as kernel
from containment.thermal.node_matrix import NodeMatrix, numbering
from containment.thermal.soak_cavity import Cavity
from containment.thermal.soak_properties import Filling, PropertyGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Own choices, by the time of a march on 18 500 nodes (0.02 to 0.2 cost the same within 8 %): a matrix is kept while an
# iteration takes the change below KEPT of the last one, and on to stages whose length differs by less than SIMILAR.
KEPT, SIMILAR = 0.05, 0.1


@dataclass(frozen=True)
class SurfaceExchange:
    """Heat exchange of one tagged surface at one time: `film` h W/m^2/K to `film_temperature` K, `emissivity` to
    `radiation_temperature` K, `contact` g W/m^2/K to `contact_temperature` K where z < `contact_height` m, and `flux` q
    W/m^2 whatever the surface temperature."""

    film: float = 0.0
    film_temperature: float = 300.0
    emissivity: float = 0.0
    radiation_temperature: float = 300.0
    contact: float = 0.0
    contact_temperature: float = 300.0
    contact_height: float = 0.0
    flux: float = 0.0


@dataclass(frozen=True)
class Balance:
    """A solved stage: `temperature` (node,) K, `stored` (node,) J/rad, heat `supplied` from outside (surfaces, sources
    and what holds imposed temperatures) W/rad, Newton `iterations`."""

    temperature: Floats
    stored: Floats
    supplied: float
    iterations: int


class SectionConduction:
    """Discrete heat conduction on a section mesh. Nodal arrays are in the order of `section.points`.

    `surfaces` are the facet names with heat exchange (on the outline of the section); `tolerance` (K) ends the Newton
    iteration of a stage; a `plane` section has unit depth instead of a radius.
    """

    def __init__(
        self,
        section: SectionMesh,
        grid: PropertyGrid,
        filling: Filling,
        surfaces: Sequence[str] = (),
        *,
        cavities: Sequence[Cavity] = (),
        tolerance: float = 1e-3,  # K; two orders below the smallest temperature difference reported
        plane: bool = False,
    ) -> None:
        self.section, self.grid, self.filling, self.tolerance = section, grid, filling, tolerance
        count = len(section.points)
        self._node = numbering(section.triangles, count)  # what a place in the equations is in the section
        self._place = np.argsort(self._node)  # and the way back
        radius = np.ones(count) if plane else section.points[:, 0]
        self._radius = radius
        self._points, self._cells = self._geometry(filling, radius)
        self._matrix = NodeMatrix(self._cells.node, count)
        self._tables = np.stack([grid.enthalpy, grid.capacity, grid.conductivity])
        self._found = np.zeros((4, self._points.node.size))
        self._surface = {name: row for row, name in enumerate(surfaces)}
        self._table = np.array([astuple(SurfaceExchange()) for _ in surfaces]).reshape(-1, 8)
        self._edges = self._outline(surfaces, radius)
        self._cavities = [(self._place[c.nodes], c) for c in cavities]
        self.outside = 300.0  # K, what the openings of all cavities look at; the march sets it
        self._source = np.zeros(count)
        self._fixed = np.zeros(count, dtype=np.bool_)
        self._tau, self._contraction = 0.0, 1.0  # stage length of the matrix (0: none yet), contraction seen with it

    def _geometry(self, filling: Filling, radius: Floats) -> tuple[kernel.Points, kernel.Cells]:
        """Points of all nodes and materials, and triangles, in the numbering of the equations."""
        s = self.section
        corner = s.points[s.triangles]
        # gradients of the linear shapes: the edge opposite to a corner turned by 90 degrees, over twice the area
        opposite = corner[:, [2, 0, 1]] - corner[:, [1, 2, 0]]
        gradient = np.stack([-opposite[:, :, 1], opposite[:, :, 0]], axis=2) / (2.0 * s.areas())[:, None, None]
        m = filling.stretch
        tensor = np.stack([m[:, [0, 1]], m[:, [1, 2]]], axis=1)
        product = np.einsum("cia,cab,cjb->cij", gradient, tensor, gradient)
        at_corner = radius[s.triangles]
        volume = s.areas()[:, None] / 3.0 * (0.25 * at_corner + 0.75 * at_corner.mean(axis=1, keepdims=True))
        node = self._place[s.triangles]
        rows = np.column_stack([
            node.ravel(), np.repeat(filling.first, 3), np.repeat(filling.second, 3), filling.share.ravel()
        ])  # fmt: skip
        unique, point = np.unique(rows, axis=0, return_inverse=True)
        where, first, second = unique[:, :3].astype(np.int32).T.copy()
        total = np.bincount(point.ravel(), weights=volume.ravel())
        points = kernel.Points(where, first, second, unique[:, 3].copy(), total)
        order = np.argsort(node.min(axis=1), kind="stable")  # triangles near each other in memory as in the section
        link = product[:, [0, 1, 2], [1, 2, 0]][order]
        point = point.reshape(-1, 3)[order].astype(np.int32)
        return points, kernel.Cells(node[order].astype(np.int32), point, volume[order], link)

    def _outline(self, surfaces: Sequence[str], radius: Floats) -> kernel.Edges:
        """Edges with heat exchange; tagged edges inside the section have none."""
        s, count = self.section, len(self.section.points)
        number = np.array([s.facet_number(name) for name in surfaces], dtype=np.int64)
        free = s.free_edges()
        ends = np.sort(s.facets, axis=1)
        kept = np.isin(s.facet, number) & np.isin(ends @ [count, 1], free @ [count, 1])
        ends = ends[kept]
        surface = np.argmax(s.facet[kept][:, None] == number, axis=1) if len(ends) else np.zeros(0)
        node = self._place[ends]
        pairs = [self._matrix.places(node[:, i], node[:, j]) for i in (0, 1) for j in (0, 1)]
        length = np.linalg.norm(np.diff(s.points[ends], axis=1)[:, 0], axis=1)
        return kernel.Edges(
            node.astype(np.int32), radius[ends], s.points[ends, 1], length, surface.astype(np.int32),
            np.column_stack(pairs),
        )  # fmt: skip

    # --- what the march sets

    def set_exchange(self, surface: str, exchange: SurfaceExchange) -> None:
        """Put the heat exchange of one surface."""
        self._table[self._surface[surface]] = astuple(exchange)

    def deform(self, stretch: Floats) -> None:
        """From now on cells conduct by these tensors (cell, 3), on the mesh as it was."""
        self.filling = replace(self.filling, stretch=stretch)
        self._points, self._cells = self._geometry(self.filling, self._radius)
        self._tau = 0.0

    def fix(self, nodes: Ints) -> None:
        """From now on the temperatures of these nodes are imposed (none: an empty array)."""
        self._fixed[:] = False
        self._fixed[self._place[np.asarray(nodes, np.int64)]] = True
        self._tau = 0.0

    def release(self, heat: Floats) -> None:
        """Heat (node,) released at the nodes whatever their temperature, W/rad."""
        self._source[:] = heat[self._node]

    def volumes(self) -> Floats:
        """(node,) volume that belongs to each node, m^3/rad."""
        return np.asarray(np.bincount(self._points.node, weights=self._points.volume)[self._place])

    # --- nodal vectors, per radian

    def stored(self, temperature: Floats) -> Floats:
        """(node,) enthalpy belonging to each node, J/rad, relative to the start of the property grid."""
        return self._stored(temperature[self._node])[self._place]

    def heat(self, temperature: Floats) -> Floats:
        """(node,) heat that flows to each node from neighbours and outside, W/rad."""
        self._load(temperature[self._node])
        return self._rate(temperature[self._node])[0][self._place]

    def solve_stage(self, guess: Floats, target: Floats, tau: float, max_iterations: int = 20) -> Balance:
        """Temperatures T with stored(T) - target = tau * heat(T) at all nodes that are not imposed.

        `guess` (node,) K holds the imposed values; `target` (node,) J/rad. The iteration ends when what is still to
        come is below the tolerance, judged by the contraction seen last, which is trusted less from stage to stage
        until it is seen again (Hairer and Wanner, Solving ODEs II, IV.8). Raises SolverError with the history of
        changes.
        """
        t, goal = guess[self._node], target[self._node]
        changes: list[float] = []
        contraction = self._contraction**0.8 if self._tau else 1.0
        if not abs(tau - self._tau) <= SIMILAR * tau:
            self._tau = 0.0
        for iteration in range(max_iterations):
            residual = (goal - self._stored(t)) / tau
            residual += self._rate(t)[0]
            residual[self._fixed] = 0.0
            if self._tau == 0.0 or (contraction > KEPT and iteration):
                self._assemble(t, tau)
            change = self._matrix.solve(residual)
            t += change
            changes.append(float(np.abs(change).max()))
            if not np.isfinite(changes[-1]):
                break
            if iteration:
                contraction = changes[-1] / changes[-2] if changes[-2] else 0.0
            # changes in a geometric series still add up to contraction / (1 - contraction) times the last one
            to_come = changes[-1] * min(contraction / (1.0 - contraction), 1.0) if contraction < 0.9 else changes[-1]
            if to_come <= self.tolerance:
                self._contraction = max(contraction, 1e-6)
                return self._balance(t, goal, tau, iteration + 1)
        self._tau = 0.0
        raise SolverError(
            f"temperatures still change by {changes[-1]:.3g} K after {len(changes)} iterations of a {tau:.3g} s stage",
            history=changes,
            advice="raise soak_steps, or look for a material whose properties jump",
        )

    def _balance(self, t: Floats, goal: Floats, tau: float, iterations: int) -> Balance:
        stored = self._stored(t)
        if self._fixed.any():
            # at imposed nodes storage and conduction do not balance: the difference is what holds them there
            rate, supplied = self._rate(t)
            supplied += float(((stored - goal) / tau - rate)[self._fixed].sum())
        else:
            supplied = self._from_outside(t, np.zeros(t.size))
        return Balance(t[self._place], stored[self._place], supplied, iterations)

    def _load(self, t: Floats) -> None:
        kernel.properties(t, self._points, self.grid.start, self.grid.step, self._tables, self._found)

    def _stored(self, t: Floats) -> Floats:
        """(n,) J/rad; leaves the properties of these temperatures behind."""
        self._load(t)
        out = np.empty(t.size)
        kernel.gather(self._found[0], self._points, out)
        return out

    def _rate(self, t: Floats) -> tuple[Floats, float]:
        """(n,) heat to each node and that from outside, W/rad; properties are loaded."""
        rate = np.zeros(t.size)
        kernel.conduction(t, self._cells, self._found[2], rate)
        return rate, self._from_outside(t, rate)

    def _from_outside(self, t: Floats, rate: Floats) -> float:
        """Add what comes through surfaces and cavities and from sources; returns the sum."""
        total = float(kernel.exchange(t, self._edges, self._table, rate)) + float(self._source.sum())
        rate += self._source
        for at, inside in self._cavities:
            heat = inside.heat(t[at], self.outside)
            rate[at] += heat
            total += float(heat.sum())
        return total

    def _assemble(self, t: Floats, tau: float) -> None:
        m = self._matrix
        kernel.matrix(
            t, self._points, self._cells, self._edges, self._table, self._found, tau, self._fixed, m.diagonal, m.cells,
            m.values,
        )  # fmt: skip
        for at, inside in self._cavities:  # a node's own emission; what others send it back is left to the iteration
            m.values[m.diagonal[at]] += np.where(self._fixed[at], 0.0, inside.loss(t[at]))
        m.changed()
        self._tau = tau
