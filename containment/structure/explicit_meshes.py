"""Mapped meshes in space for the explicit solver: quarter discs drawn out to bars, sections turned about the axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Six tetrahedra of a hexahedron (corner i + 2 j + 4 k) around the diagonal 0-7: neighbours in a grid match.
_SPLIT = np.array([[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]])


def quarter_disc(radius: float, side: int, rings: int) -> tuple[Floats, Ints]:
    """Points (n, 2) and quads (counter-clockwise) of a quarter disc: a square of `side` cells and `rings` around it."""
    core = 0.5 * radius * (1.0 if rings else 2.0)  # half of the radius leaves the best corners
    grid = np.linspace(0.0, 1.0, side + 1)
    u, v = np.meshgrid(grid, grid, indexing="ij")
    bulge = 1.0 - 0.15 * u * v  # the corner drawn in, between a square and a circle
    square = core * np.stack([u * bulge, v * bulge], axis=-1)
    rim = np.concatenate([square[-1, :], square[-2::-1, -1]])
    angle = np.linspace(0.0, np.pi / 2, 2 * side + 1)
    circle = radius * np.column_stack([np.cos(angle), np.sin(angle)])
    circle[-1, 0] = 0.0
    share = np.linspace(0.0, 1.0, rings + 1)[:, None, None]
    ring = (1.0 - share) * rim + share * circle
    points = np.concatenate([square.reshape(-1, 2), ring[1:].reshape(-1, 2)])
    n = np.arange((side + 1) ** 2).reshape(side + 1, side + 1)
    first = np.concatenate([n[-1, :], n[-2::-1, -1]])
    table = np.vstack([first, (side + 1) ** 2 + np.arange(rings * (2 * side + 1)).reshape(rings, -1)])
    return points, np.concatenate([_cells(n), _cells(table)])


def _cells(n: Ints) -> Ints:
    return np.column_stack([n[:-1, :-1].ravel(), n[1:, :-1].ravel(), n[1:, 1:].ravel(), n[:-1, 1:].ravel()])


def draw_out(points: Floats, quads: Ints, heights: Floats) -> tuple[Floats, Ints]:
    """Hexahedra of a plane mesh drawn along z to the given heights (layers of points, bottom first)."""
    count = len(points)
    solid = np.concatenate([np.column_stack([points, np.full(count, z)]) for z in heights])
    base = quads[:, [0, 1, 3, 2]]
    layers = [np.hstack([base + k * count, base + (k + 1) * count]) for k in range(len(heights) - 1)]
    return solid, np.concatenate(layers)


def tetrahedra(hexes: Ints) -> Ints:
    """Six tetrahedra of each hexahedron; grids of equally turned hexahedra stay conforming."""
    return np.asarray(hexes[:, _SPLIT].reshape(-1, 4))
