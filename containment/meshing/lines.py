"""Tagged lines of a section as geometry: in order, with outward normals, and what is nearest to a point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.mesh import SectionMesh

Floats = NDArray[np.float64]


def paths(section: SectionMesh, name: str) -> list[list[int]]:
    """Node numbers along every connected piece of a tagged line; a closed piece comes back to its first node.

    Raises DataError where the line branches.
    """
    edges = section.facets[section.facet == section.facet_number(name)]
    neighbours: dict[int, list[int]] = {}
    for a, b in edges.tolist():
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    if any(len(near) > 2 for near in neighbours.values()):
        raise DataError(f"the line tagged {name!r} branches, expected lines without branches", advice="tag them apart")
    found: list[list[int]] = []
    left = set(neighbours)
    ends = [node for node, near in neighbours.items() if len(near) == 1]
    # nearest to the axis first, so that an open line starts there
    for start in sorted(ends, key=lambda node: float(section.points[node, 0])) + sorted(left):
        if start not in left:
            continue
        path = [start]
        left.discard(start)
        while onward := [node for node in neighbours[path[-1]] if node in left]:
            path.append(onward[0])
            left.discard(onward[0])
        if len(neighbours[start]) == 2:
            path.append(start)
        found.append(path)
    return found


def chain(section: SectionMesh, name: str) -> Floats:
    """(n, 2) points of a tagged line in order along it, starting nearest to the axis. Raises DataError if not one."""
    pieces = paths(section, name)
    if len(pieces) != 1 or pieces[0][0] == pieces[0][-1]:
        raise DataError(
            f"the line tagged {name!r} has {len(pieces)} pieces, expected one open line",
            advice="tag one connected line",
        )
    return np.asarray(section.points[pieces[0]])


def nearest(points: Floats, line: Floats) -> tuple[Floats, Floats, Floats]:
    """Distance, arc length along `line` (n, 2) and foot (m, 2) of the nearest point of the line for `points` (m, 2)."""
    start, edge = line[:-1], np.diff(line, axis=0)
    length = np.linalg.norm(edge, axis=1)
    along = np.einsum("mnk,nk->mn", points[:, None] - start, edge) / length**2
    foot = start + np.clip(along, 0.0, 1.0)[:, :, None] * edge
    distance = np.linalg.norm(points[:, None] - foot, axis=2)
    best = distance.argmin(axis=1)
    rows = np.arange(len(points))
    arc = np.concatenate([[0.0], np.cumsum(length)])[best] + np.clip(along[rows, best], 0.0, 1.0) * length[best]
    return distance[rows, best], arc, foot[rows, best]


def edge_normals(section: SectionMesh, line: str) -> tuple[Floats, Floats, Floats]:
    """Outward unit normals (k, 2), lengths (k,) and mid radii (k,) of the edges of a line, in the order of the section.

    Outward is away from the cell beside the edge; for a line between regions, away from the first cell found.
    """
    ends = section.facets[section.facet == section.facet_number(line)]
    a, b = section.points[ends[:, 0]], section.points[ends[:, 1]]
    length = np.linalg.norm(b - a, axis=1)
    normal = np.column_stack([(b - a)[:, 1], -(b - a)[:, 0]]) / length[:, None]
    count = len(section.points)
    edges = np.sort(np.concatenate([section.triangles[:, pair] for pair in ([0, 1], [1, 2], [0, 2])]), axis=1) @ [
        count,
        1,
    ]
    order = np.argsort(edges, kind="stable")
    beside = order[np.searchsorted(edges, np.sort(ends, axis=1) @ [count, 1], sorter=order)] % len(section.triangles)
    centre = section.points[section.triangles[beside]].mean(axis=1)
    normal *= np.sign(np.einsum("ki,ki->k", normal, 0.5 * (a + b) - centre))[:, None]
    return normal, length, 0.5 * (a + b)[:, 0]
