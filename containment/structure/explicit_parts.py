"""Compiled contact between parts in the half plane: nodes of one part against edges of another, with an optional bond.

A node feels the chain of edges it is given, from the left of their direction, with a penalty and Coulomb friction; both
sides share the force, so momentum is kept. A bond holds the node where it started: linear up to its strength in normal
and shear (quadratic interaction), then softening to nothing at a given opening; what is lost is its fracture energy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure.explicit_laws import CONTACT_LOSS, OPTIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOUCH = 1e-9  # m, rounding of parts meshed against each other
STIFF = 0.1  # of m/dt^2: costs some per cent of the step


class Pairs(NamedTuple):
    """Contact nodes (s,) with their chains. `edges` (m,): nodes of all chains in order; `first`, `last` (s,): first and
    last edge a node may meet; `place` (s,): the one it is at. `penalty` N/m, `friction`. Bonds: `strength` (s, 2) N
    normal and shear, `opening` m where nothing is left (0: no bond), `anchor` (s,) edge and `share` (s,) along it,
    `offset` (s, 2) m at the start across and along, `damage` (s,). `dragged` (s,): friction of the last step, N.
    `omega2` (n,) 1/s^2: bound of what all this adds to a
    node of the mesh."""

    nodes: Ints
    edges: Ints
    first: Ints
    last: Ints
    place: Ints
    penalty: Floats
    friction: Floats
    strength: Floats
    opening: Floats
    anchor: Ints
    share: Floats
    offset: Floats
    damage: Floats
    dragged: Floats
    omega2: Floats


@njit(inline="always", **OPTIONS)
def _edge(x, a, b):  # type: ignore[no-untyped-def]
    """Unit vector along an edge, and its length."""
    er, ez = x[b, 0] - x[a, 0], x[b, 1] - x[a, 1]
    length = np.sqrt(er * er + ez * ez)
    return er / length, ez / length, length


@njit(inline="always", **OPTIONS)
def _push(force, i, a, b, t, fr, fz):  # type: ignore[no-untyped-def]
    """A force on node `i` and its opposite on the edge."""
    force[i, 0] += fr
    force[i, 1] += fz
    force[a, 0] -= (1.0 - t) * fr
    force[a, 1] -= (1.0 - t) * fz
    force[b, 0] -= t * fr
    force[b, 1] -= t * fz


@njit(**OPTIONS)
def _hold(x, force, p, k, loss):  # type: ignore[no-untyped-def]
    """The bond of contact node `k`; returns its elastic energy."""
    i, a, b, t = p.nodes[k], p.edges[p.anchor[k]], p.edges[p.anchor[k] + 1], p.share[k]
    er, ez, _ = _edge(x, a, b)
    dr = x[i, 0] - (1.0 - t) * x[a, 0] - t * x[b, 0]
    dz = x[i, 1] - (1.0 - t) * x[a, 1] - t * x[b, 1]
    across, along = -ez * dr + er * dz - p.offset[k, 0], er * dr + ez * dz - p.offset[k, 1]
    opened, stiff = max(across, 0.0), p.penalty[k]
    size = stiff * np.sqrt((opened / p.strength[k, 0]) ** 2 + (along / p.strength[k, 1]) ** 2)
    square = opened * opened + along * along
    if size > 1.0:
        end = max(p.opening[k] * stiff / p.strength[k, 0], 1.01)
        damage = min(end * (size - 1.0) / (size * (end - 1.0)), 1.0)
        if damage > p.damage[k]:
            # trapezoidal work of a step: the product of the old and the new opening
            before = end / (end - p.damage[k] * (end - 1.0)) / size
            loss[CONTACT_LOSS] += 0.5 * stiff * square * before * (damage - p.damage[k])
            p.damage[k] = damage
    left = (1.0 - p.damage[k]) * stiff
    fn, ft = -left * opened, -left * along
    _push(force, i, a, b, t, -ez * fn + er * ft, er * fn + ez * ft)
    return 0.5 * left * square


@njit(**OPTIONS)
def meet(x, v, mass, force, p, step, loss):  # type: ignore[no-untyped-def]
    """Forces between parts; returns their elastic energy."""
    stored = 0.0
    for k in range(p.nodes.size):
        i, c = p.nodes[k], p.place[k]
        if p.opening[k] > 0.0 and p.damage[k] < 1.0:
            stored += _hold(x, force, p, k, loss)
        t, er, ez, length = 0.0, 0.0, 0.0, 0.0
        for _ in range(4):  # walks an edge or two; a corner that would send it back and forth ends it
            a, b = p.edges[c], p.edges[c + 1]
            er, ez, length = _edge(x, a, b)
            t = ((x[i, 0] - x[a, 0]) * er + (x[i, 1] - x[a, 1]) * ez) / length
            if t < 0.0 and c > p.first[k]:
                c -= 1
            elif t > 1.0 and c < p.last[k]:
                c += 1
            else:
                break
        p.place[k] = c
        a, b = p.edges[c], p.edges[c + 1]
        gap = -(x[i, 0] - x[a, 0]) * ez + (x[i, 1] - x[a, 1]) * er
        if gap < 0.0 and gap > -length and -0.01 < t < 1.01:
            t = min(max(t, 0.0), 1.0)
            f = -p.penalty[k] * gap
            slip = er * (v[i, 0] - (1.0 - t) * v[a, 0] - t * v[b, 0])
            slip += ez * (v[i, 1] - (1.0 - t) * v[a, 1] - t * v[b, 1])
            drag = min(p.friction[k] * f, 0.25 * mass[i] * abs(slip) / step)
            drag = drag if slip < 0.0 else -drag
            loss[CONTACT_LOSS] -= 0.5 * (drag + p.dragged[k]) * slip * step
            p.dragged[k] = drag
            _push(force, i, a, b, t, -ez * f + er * drag, er * f + ez * drag)
            stored += 0.5 * f * -gap
        else:
            p.dragged[k] = 0.0
    return stored


@dataclass(frozen=True)
class Bond:
    """Strength in normal and shear (Pa), opening (m) at which nothing is left; its energy is strength x opening / 2."""

    normal: float
    shear: float
    opening: float

    def __post_init__(self) -> None:
        if not min(self.normal, self.shear, self.opening) > 0.0:
            raise DataError(f"found {self}, expected strengths and an opening > 0", advice="leave the bond out instead")


@dataclass(frozen=True)
class PartContact:
    """Nodes of one part, with the area (m^2) each stands for, that may meet a chain of nodes of another.

    The part of the nodes lies to the left of the chain's direction.
    """

    nodes: Ints
    area: Floats
    chain: Ints
    friction: float = 0.0
    bond: Bond | None = None


def pairs(points: Floats, mass: Floats, step: float, contacts: Sequence[PartContact]) -> Pairs:
    """Arrays of the kernel. Raises DataError for parts that start in penetration."""
    none, count = np.empty(0), sum(len(c.nodes) for c in contacts)
    edges = np.concatenate([c.chain for c in contacts]) if contacts else np.empty(0, dtype=np.int64)
    rows: dict[str, list[Any]] = {name: [] for name in ("nodes", "first", "last", "place", "share", "offset")}
    start = 0
    for number, c in enumerate(contacts):
        place, share, offset = _nearest(points[c.nodes], points[c.chain])
        over = np.flatnonzero((offset[:, 0] < -TOUCH) & (offset[:, 1] == 0.0))
        if over.size:
            raise DataError(
                f"found contact {number} of parts that starts {-offset[over, 0].min():.3g} m in penetration, expected "
                "parts that touch or lie apart", advice="correct the gap between the parts",
            )  # fmt: skip
        limits = np.full(len(place), start), np.full(len(place), start + len(c.chain) - 2)
        for name, values in zip(rows, (c.nodes, *limits, start + place, share, offset), strict=True):
            rows[name].append(values)
        start += len(c.chain)
    flat: dict[str, Any] = {name: np.concatenate(values) if values else none for name, values in rows.items()}
    nodes, place = flat["nodes"].astype(np.int64), flat["place"].astype(np.int64)
    ends = np.stack([nodes, edges[place], edges[place + 1]]) if count else np.empty((3, 0), dtype=np.int64)
    penalty = STIFF * mass[ends].min(axis=0) / step**2
    load = np.bincount(ends.ravel(), np.tile(penalty, 3), len(mass))
    bonds = [c.bond for c in contacts for _ in c.nodes]
    area = np.concatenate([c.area for c in contacts]) if contacts else none
    strength = np.array([[b.normal, b.shear] if b else [1.0, 1.0] for b in bonds]).reshape(-1, 2)
    return Pairs(
        nodes, edges.astype(np.int64), flat["first"].astype(np.int64), flat["last"].astype(np.int64), place, penalty,
        np.array([c.friction for c in contacts for _ in c.nodes]), strength * area[:, None],
        np.array([b.opening if b else 0.0 for b in bonds]), place.copy(), flat["share"],
        flat["offset"].reshape(-1, 2), np.zeros(count), np.zeros(count), 2.0 * load / mass,
    )  # fmt: skip


def _nearest(nodes: Floats, chain: Floats) -> tuple[Ints, Floats, Floats]:
    """Nearest edge of each node, the share along it, and the offset (across, beyond its ends)."""
    start, edge = chain[:-1], np.diff(chain, axis=0)
    length = np.linalg.norm(edge, axis=1)
    unit = edge / length[:, None]
    away = nodes[:, None, :] - start
    along = np.einsum("sej,ej->se", away, unit)
    across = -away[..., 0] * unit[:, 1] + away[..., 1] * unit[:, 0]
    share = np.clip(along / length, 0.0, 1.0)
    beyond = along - share * length
    place = np.argmin(across**2 + beyond**2, axis=1)
    pick = np.arange(len(nodes)), place
    return place, share[pick], np.column_stack([across[pick], beyond[pick]])
