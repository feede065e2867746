"""Contact with friction between lines of a section, or of a line with a rigid plane; small sliding.

At Gauss points of the pieces into which the nodes of both lines cut the first, with the normal n of the other one and
the interference d put in at assembly:

    gap g = n . (x_1 - x_2) - d,    pressure p = max(0, -k g),    friction |q| <= mu p, q = k_t (slip - slip kept)

k is a penalty, so that parts overlap by p / k; the overlap is reported. Points on the pieces integrate the pressure
exactly on both sides, so that an even pressure passes through meshes that do not match.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.elements import Block
from containment.structure.section_solid import SectionSolid, edge_shape

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STIFFNESS = 20.0  # penalty over modulus / element length: overlap of p / (20 E) of an element
_TANGENTIAL = 0.05  # of the penalty: friction holds after a slip of friction / E of an element
_GAUSS = np.array([0.5 - np.sqrt(1.0 / 12.0), 0.5 + np.sqrt(1.0 / 12.0)])  # exact for a quadratic shape function
_SHORTEST = 1e-6  # of an edge: pieces below are rounding of nodes that lie opposite each other


@dataclass(frozen=True)
class Plane:
    """A rigid plane through `point` with the outward normal `normal` (unit)."""

    point: tuple[float, float]
    normal: tuple[float, float]


@dataclass(frozen=True)
class Touching:
    """State of a contact at its points: `position` (k, 2) m, `area` (k,) m^2 of the whole body, `gap` m before the
    overlap of the penalty, `pressure` and `friction` Pa, `slipping`, and the `edge` each point is on."""

    position: Floats
    area: Floats
    gap: Floats
    pressure: Floats
    friction: Floats
    slipping: NDArray[np.bool_]
    edge: Ints

    def edge_pressure(self) -> Floats:
        """(edge,) mean pressure of each edge of the first line, Pa: without the scatter of single points."""
        return np.asarray(np.bincount(self.edge, self.pressure * self.area) / np.bincount(self.edge, self.area))

    @property
    def force(self) -> float:
        """Normal force on the contact, N."""
        return float(self.pressure @ self.area)


class Contact:
    """A joint of a section's body: line `first` against line `second` or a rigid plane, with `friction` and
    `interference` m (what the parts would overlap if they were not pressed apart).

    `modulus` Pa scales the penalty. The interference is there as soon as there is any load: a share of 1e-6 is the
    assembled state. Raises DataError when the lines overlap in the mesh or do not face each other.
    """

    def __init__(
        self, solid: SectionSolid, first: str, second: str | Plane, modulus: float, *, friction: float = 0.0,
        interference: float = 0.0, stiffness: float = STIFFNESS,
    ) -> None:  # fmt: skip
        self.solid, self.friction, self.interference = solid, friction, interference
        blocks, a, b, inward = solid.outer_edges(first)
        length = np.linalg.norm(b - a, axis=1)
        other = None if isinstance(second, Plane) else solid.outer_edges(second)
        edge, x, share = _pieces(a, b, np.empty((0, 2)) if other is None else np.concatenate(other[1:3]))
        self.position = (1.0 - x)[:, None] * a[edge] + x[:, None] * b[edge]
        self._edge = edge
        self._weight = share * length[edge] * solid.weight_at(self.position[:, 0])
        self._penalty = stiffness * modulus / float(np.median(length))
        self._blocks, self._shape = blocks[edge], edge_shape(x).T
        if isinstance(second, Plane):
            self._normal = np.tile(np.asarray(second.normal), (len(edge), 1))
            self._start_gap = (self.position - np.asarray(second.point)) @ np.asarray(second.normal)
        elif other is not None:
            self._on_line(second, other, inward[edge] / length[edge][:, None])
        self._operators()
        self._check(float(length.max()))
        solid.join(tuple(self._dofs))

    def _on_line(self, second: str, other: tuple[Ints, Floats, Floats, Floats], inward: Floats) -> None:
        """Foot of every point on the edges of the other line, and the edge's shape functions there."""
        blocks, a, b, into = other
        along = b - a
        squares = (along**2).sum(axis=1)
        x = np.einsum("pki,ki->pk", self.position[:, None] - a, along) / squares
        foot = a + np.clip(x, 0.0, 1.0)[..., None] * along
        distance = np.linalg.norm(self.position[:, None] - foot, axis=2)
        best = distance.argmin(axis=1)
        rows = np.arange(len(best))
        normal = -into[best] / np.linalg.norm(into[best], axis=1)[:, None]
        facing = np.einsum("pi,pi->p", normal, inward)
        if float(np.median(facing)) < 0.0:
            raise DataError(
                f"line {second!r} does not face the other line of its contact",
                advice="name lines of two parts that lie opposite each other, with nodes of their own",
            )
        self._normal = normal
        self._start_gap = np.einsum("pi,pi->p", self.position - foot[rows, best], normal)
        self._blocks = np.concatenate([self._blocks, blocks[best]], axis=1)
        self._shape = np.concatenate([self._shape, -edge_shape(np.clip(x[rows, best], 0.0, 1.0)).T], axis=1)

    def _operators(self) -> None:
        """Rows that give normal opening and slip of each point from its dofs."""
        tangent = np.column_stack([-self._normal[:, 1], self._normal[:, 0]])
        count = len(self._blocks)
        self._dofs = (2 * self._blocks[:, :, None] + np.arange(2)).reshape(count, -1)
        self._open = (self._shape[:, :, None] * self._normal[:, None, :]).reshape(count, -1)
        self._slide = (self._shape[:, :, None] * tangent[:, None, :]).reshape(count, -1)

    def _check(self, length: float) -> None:
        worst = float(self._start_gap.min())
        if worst < -1e-3 * length:
            raise DataError(
                f"the parts of a contact overlap by {-worst:.3g} m in the mesh",
                advice="draw them touching or apart and give the overlap as interference",
            )

    def start(self) -> Floats:
        """(point, 2) slip m and friction Pa without load."""
        return np.zeros((len(self._blocks), 2))

    def _state(self, displacement: Floats, memory: Floats) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
        moved = displacement[self._dofs]
        gap = self._start_gap - self.interference + np.einsum("pd,pd->p", self._open, moved)
        slip = np.einsum("pd,pd->p", self._slide, moved)
        pressure = self._penalty * np.maximum(-gap, 0.0)
        trial = memory[:, 1] + _TANGENTIAL * self._penalty * (slip - memory[:, 0])
        limit = self.friction * pressure
        slipping = np.abs(trial) > limit
        return gap, slip, pressure, np.clip(trial, -limit, limit), slipping

    def respond(self, displacement: Floats, memory: Floats, share: float) -> tuple[Floats, tuple[Block, ...], Floats]:
        """Nodal forces that resist, their derivatives, and the new slip and friction."""
        _, slip, pressure, friction, slipping = self._state(displacement, memory)
        weight = self._weight
        local = (weight * friction)[:, None] * self._slide - (weight * pressure)[:, None] * self._open
        force = np.zeros(self.solid.size)
        np.add.at(force, self._dofs, local)
        blocks = []
        for p in np.flatnonzero(pressure > 0.0):
            block = self._penalty * np.outer(self._open[p], self._open[p])
            if self.friction > 0.0 and slipping[p]:
                turn = -self.friction * self._penalty * np.sign(friction[p])
                block += turn * np.outer(self._slide[p], self._open[p])
            elif self.friction > 0.0:
                block += _TANGENTIAL * self._penalty * np.outer(self._slide[p], self._slide[p])
            blocks.append((self._dofs[p], weight[p] * block))
        return force, tuple(blocks), np.column_stack([slip, friction])

    def touching(self, displacement: Floats, memory: Floats) -> Touching:
        """State at an answer: `result.state.displacement` and `result.state.joint`."""
        gap, _, pressure, _, _ = self._state(displacement, memory)
        friction = memory[:, 1]
        slipping = np.abs(friction) >= self.friction * pressure * (1.0 - 1e-9)
        return Touching(
            self.position, self.solid.turn * self._weight, gap, pressure, friction, slipping & (pressure > 0.0),
            self._edge,
        )  # fmt: skip


def _pieces(a: Floats, b: Floats, cuts: Floats) -> tuple[Ints, Floats, Floats]:
    """Gauss points on edges from a to b (k, 2), cut where points of the other line (m, 2) are nearest: the edge of each
    point, its place in 0..1, and its share of the edge's length."""
    edges, places, shares = [], [], []
    for index, (start, end) in enumerate(zip(a, b, strict=True)):
        along = end - start
        x = (cuts - start) @ along / (along @ along)
        aside = np.linalg.norm(cuts - start - x[:, None] * along, axis=1)
        near = (x > _SHORTEST) & (x < 1.0 - _SHORTEST) & (aside < np.linalg.norm(along))
        ends = np.unique(np.concatenate([[0.0], x[near], [1.0]]))
        ends = ends[np.concatenate([[True], np.diff(ends) > _SHORTEST])]
        for low, high in itertools.pairwise(ends.tolist()):
            edges += [index] * len(_GAUSS)
            places.append(low + (high - low) * _GAUSS)
            shares += [(high - low) / len(_GAUSS)] * len(_GAUSS)
    return np.array(edges, dtype=np.int64), np.concatenate(places), np.array(shares)
