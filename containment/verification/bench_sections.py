"""Small section meshes from arrays, for benchmarks with closed forms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from containment.meshing.mesh import SectionMesh

Floats = NDArray[np.float64]


def rectangle(
    across: int, along: int, *, r: tuple[float, float] = (0.0, 1.0), z: tuple[float, float] = (0.0, 1.0)
) -> SectionMesh:
    """Rectangle of `across` by `along` pairs of triangles; region "body", lines "inner", "outer", "bottom", "top".

    A body that starts on the axis has no "inner" surface there: the line is then tagged "axis".
    """
    radius, height = np.linspace(*r, across + 1), np.linspace(*z, along + 1)
    grid = np.stack(np.meshgrid(radius, height, indexing="ij"), axis=-1)
    return mapped(grid, ("axis" if r[0] == 0.0 else "inner", "outer", "bottom", "top"))


def hollow_sphere(through: int, around: int, inner: float, outer: float) -> SectionMesh:
    """Upper half of a hollow sphere, graded towards the inside; lines "inner", "outer", "pole" (axis), "equator"."""
    radius = np.geomspace(inner, outer, through + 1)
    angle = np.linspace(0.0, np.pi / 2.0, around + 1)
    grid = radius[:, None, None] * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    grid[:, 0, 0] = 0.0
    grid[:, -1, 1] = 0.0
    return mapped(grid, ("inner", "outer", "pole", "equator"))


def between(inner: Floats, outer: Floats, through: int) -> SectionMesh:
    """A body between two lines of as many points (n, 2) each; lines "inner", "outer", "bottom" (first), "top"."""
    share = np.linspace(0.0, 1.0, through + 1)[:, None, None]
    return mapped((1.0 - share) * inner[None] + share * outer[None])


def four_sided(first: Floats, last: Floats, start: Floats, end: Floats) -> SectionMesh:
    """A body inside four lines: `first` and `last` (n, 2) of as many points, `start` joins their first points, `end`
    their last ones; lines "inner", "outer", "bottom", "top" in this order (transfinite interpolation)."""
    u = np.linspace(0.0, 1.0, len(start))[:, None, None]
    v = np.linspace(0.0, 1.0, len(first))[None, :, None]
    corners = (1 - u) * ((1 - v) * first[0] + v * first[-1]) + u * ((1 - v) * last[0] + v * last[-1])
    grid = (1 - u) * first[None] + u * last[None] + (1 - v) * start[:, None] + v * end[:, None] - corners
    return mapped(grid)


def together(first: SectionMesh, second: SectionMesh, names: tuple[str, str]) -> SectionMesh:
    """Two bodies with nodes of their own in one mesh: regions `names`, lines "<name>_<line>"."""
    points, tags = len(first.points), max(first.facet_names.values()) + 1
    lines = {f"{names[0]}_{line}": tag for line, tag in first.facet_names.items()}
    lines |= {f"{names[1]}_{line}": tag + tags for line, tag in second.facet_names.items()}
    return SectionMesh(
        np.concatenate([first.points, second.points]), np.concatenate([first.triangles, second.triangles + points]),
        np.repeat([0, 1], [len(first.triangles), len(second.triangles)]),
        np.concatenate([first.facets, second.facets + points]), np.concatenate([first.facet, second.facet + tags]),
        {names[0]: 0, names[1]: 1}, lines,
    )  # fmt: skip


def mapped(grid: Floats, lines: tuple[str, ...] = ("inner", "outer", "bottom", "top")) -> SectionMesh:
    """Triangles on a mapped grid (i, j, 2) with lines at i = 0, i = last, j = 0, j = last; diagonals alternate."""
    rows, columns = grid.shape[0] - 1, grid.shape[1] - 1
    i, j = (index.ravel() for index in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    a = i * (columns + 1) + j
    b, c, d = a + columns + 1, a + columns + 2, a + 1
    even = (i + j) % 2 == 0
    first = np.where(even[:, None], np.column_stack([a, b, c]), np.column_stack([a, b, d]))
    second = np.where(even[:, None], np.column_stack([a, c, d]), np.column_stack([b, c, d]))
    number = np.arange(grid.shape[0] * grid.shape[1]).reshape(grid.shape[:2])
    edges = [np.column_stack([line[:-1], line[1:]]) for line in (number[0], number[-1], number[:, 0], number[:, -1])]
    tags = np.repeat(np.arange(4), [len(edge) for edge in edges])
    triangles = np.concatenate([first, second])
    return SectionMesh(
        grid.reshape(-1, 2), triangles, np.zeros(len(triangles), dtype=np.int64), np.concatenate(edges), tags,
        {"body": 0}, {name: tag for tag, name in enumerate(lines)},
    )  # fmt: skip


def node_at(section: SectionMesh, r: float, z: float) -> int:
    """Number of the node nearest to a place."""
    return int(np.linalg.norm(section.points - [r, z], axis=1).argmin())


def fitted_order(sizes: list[float], errors: list[float]) -> float:
    """Slope of log(error) over log(size): the observed order of convergence."""
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])
