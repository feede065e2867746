"""Exact evaluation of a small coherent fault tree on arrays of probabilities.

The tree becomes a binary decision diagram (Bryant 1986; Rauzy 1993), so events that appear several times are counted
exactly and no rare-event approximation is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.case.barriers import FaultTree

Array = NDArray[np.float64]
_FALSE, _TRUE = 0, 1


@dataclass(frozen=True)
class Diagram:
    """Decision diagram: node i asks `variable[i]`, goes to `high[i]` when it is true, `low[i]` when not.

    Nodes 0 and 1 are false and true; children always have a smaller index than their parent. `roots` holds the node
    of each named function (the top and the barriers).
    """

    variables: tuple[str, ...]
    variable: tuple[int, ...]
    high: tuple[int, ...]
    low: tuple[int, ...]
    roots: Mapping[str, int]

    def probability(self, root: str, p: Mapping[str, Array]) -> Array:
        """P(root) for independent basic events of probability `p` (each of one common shape or broadcastable)."""
        return self._values(self.roots[root], p)[self.roots[root]]

    def probability_and_birnbaum(self, root: str, p: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
        """P(root) and dP(root)/dp of every basic event: P(root | event) - P(root | not event), Birnbaum 1969.

        Because P is linear in each p, P(root | event) = P + (1 - p) * I and P(root | not event) = P - p * I.
        """
        top = self.roots[root]
        value = self._values(top, p)
        one = np.ones_like(value[top])
        reach: dict[int, Array] = {top: one}
        slope = {name: np.zeros_like(one) for name in self.variables}
        for node in range(top, 1, -1):
            if node not in reach:
                continue
            arrive = reach.pop(node)
            name = self.variables[self.variable[node]]
            chance = p[name]
            slope[name] = slope[name] + arrive * (value[self.high[node]] - value[self.low[node]])
            for child, share in ((self.high[node], chance), (self.low[node], 1.0 - chance)):
                if child > _TRUE:
                    reach[child] = reach[child] + arrive * share if child in reach else arrive * share
        return value[top], slope

    def _values(self, top: int, p: Mapping[str, Array]) -> dict[int, Array]:
        shape = np.broadcast_shapes(*(np.shape(p[name]) for name in self.variables)) if self.variables else ()
        value: dict[int, Array] = {_FALSE: np.zeros(shape), _TRUE: np.ones(shape)}
        for node in sorted(self._reachable(top)):
            chance = p[self.variables[self.variable[node]]]
            low = value[self.low[node]]
            # low + p (high - low) keeps full relative accuracy: in a coherent tree high >= low
            value[node] = low + chance * (value[self.high[node]] - low)
        return value

    def _reachable(self, top: int) -> set[int]:
        found: set[int] = set()
        stack = [top]
        while stack:
            node = stack.pop()
            if node > _TRUE and node not in found:
                found.add(node)
                stack += [self.high[node], self.low[node]]
        return found

    def minimal_cut_sets(self, root: str) -> tuple[frozenset[str], ...]:
        """Smallest sets of basic events that together make `root` true, fewest members first."""
        memo: dict[int, set[frozenset[str]]] = {_FALSE: set(), _TRUE: {frozenset()}}

        def cuts(node: int) -> set[frozenset[str]]:
            if node not in memo:
                name = self.variables[self.variable[node]]
                without = cuts(self.low[node])
                # Rauzy 1993: a solution that needs this event must not contain one that does not
                added = {s for s in cuts(self.high[node]) if not any(t <= s for t in without)}
                memo[node] = without | {s | {name} for s in added}
            return memo[node]

        return tuple(sorted(cuts(self.roots[root]), key=lambda s: (len(s), sorted(s))))


class _Builder:
    def __init__(self, order: Sequence[str]) -> None:
        self.rank = {name: i for i, name in enumerate(order)}
        self.variable, self.high, self.low = [len(order)] * 2, [0, 1], [0, 1]
        self.unique: dict[tuple[int, int, int], int] = {}
        self.computed: dict[tuple[str, int, int], int] = {}

    def node(self, variable: int, high: int, low: int) -> int:
        if high == low:
            return high
        key = (variable, high, low)
        if key not in self.unique:
            self.unique[key] = len(self.variable)
            self.variable.append(variable)
            self.high.append(high)
            self.low.append(low)
        return self.unique[key]

    def combine(self, kind: str, a: int, b: int) -> int:
        """a and b, a or b, by Shannon expansion on the earlier variable."""
        if a > b:
            a, b = b, a
        if a == b or (kind == "or" and a == _FALSE) or (kind == "and" and a == _TRUE):
            return b
        if a == _FALSE or (a == _TRUE and kind == "or"):
            return a
        key = (kind, a, b)
        if key not in self.computed:
            v = min(self.variable[a], self.variable[b])
            ah, al = (self.high[a], self.low[a]) if self.variable[a] == v else (a, a)
            bh, bl = (self.high[b], self.low[b]) if self.variable[b] == v else (b, b)
            high, low = self.combine(kind, ah, bh), self.combine(kind, al, bl)
            self.computed[key] = self.node(v, high, low)
        return self.computed[key]


def common_event(cause: str) -> str:
    """Name of the basic event that stands for a common cause."""
    return f"common_cause.{cause}"


def compile_tree(tree: FaultTree) -> Diagram:
    """Decision diagram of the top and every barrier; members of a common cause become (own part or common event)."""
    shared = {member: common_event(cause) for cause, group in tree.common_causes.items() for member in group.members}
    order: list[str] = []

    def collect(name: str) -> None:
        if name in tree.gates:
            for child in tree.gates[name].inputs:
                collect(child)
        else:
            order.extend(n for n in (shared.get(name), name) if n and n not in order)

    for name in (tree.top, *tree.barriers.values()):
        collect(name)
    builder = _Builder(order)
    memo: dict[str, int] = {}

    def build(name: str) -> int:
        if name not in memo:
            if name in tree.gates:
                gate = tree.gates[name]
                kind = "and" if gate.and_ else "or"
                node = build(gate.inputs[0])
                for child in gate.inputs[1:]:
                    node = builder.combine(kind, node, build(child))
            else:
                node = builder.node(builder.rank[name], _TRUE, _FALSE)
                if name in shared:
                    common = builder.node(builder.rank[shared[name]], _TRUE, _FALSE)
                    node = builder.combine("or", common, node)
            memo[name] = node
        return memo[name]

    roots = {"top": build(tree.top)} | {f"barrier.{name}": build(gate) for name, gate in tree.barriers.items()}
    # construction is depth first, children before parents: the index order is already topological
    return Diagram(tuple(order), tuple(builder.variable), tuple(builder.high), tuple(builder.low), roots)


def split_common_cause(p: Mapping[str, Array], tree: FaultTree, beta: Mapping[str, Array]) -> dict[str, Array]:
    """Probabilities of own parts and common events from total probabilities.

    P(C) = beta * min(p), own = (p - P(C)) / (1 - P(C)), so that 1 - (1 - own)(1 - P(C)) = p.
    """
    split = dict(p)
    for cause, group in tree.common_causes.items():
        lowest = p[group.members[0]]
        for member in group.members[1:]:
            lowest = np.minimum(lowest, p[member])
        common = beta[cause] * lowest
        split[common_event(cause)] = common
        for member in group.members:
            # where C is certain the own part does not matter
            split[member] = np.where(
                common < 1.0, (p[member] - common) / np.where(common < 1.0, 1.0 - common, 1.0), 0.0
            )
    return split
