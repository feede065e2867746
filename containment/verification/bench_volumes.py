"""Small meshes of hexahedra and tetrahedra from arrays, for benchmarks of solids in space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from containment.structure.volume import VolumeMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIDES = ("left", "right", "front", "back", "bottom", "top")  # first coordinate 0 and 1, second, third
# a cube in six tetrahedra around its diagonal 0-7 (Kuhn): neighbours fit everywhere
_KUHN = np.array([[0, 1, 3, 7], [0, 3, 2, 7], [0, 2, 6, 7], [0, 6, 4, 7], [0, 4, 5, 7], [0, 5, 1, 7]])


def brick(
    counts: tuple[int, int, int], place: Callable[[Floats], Floats] | None = None, *, tetrahedra: bool = False
) -> VolumeMesh:
    """The unit cube in `counts` hexahedra along its sides (or six times as many tetrahedra), its points moved by
    `place` (n, 3) -> (n, 3); one region "body", surfaces named in SIDES."""
    axes = [np.linspace(0.0, 1.0, count + 1) for count in counts]
    z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
    unit = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    number = np.arange(len(unit)).reshape(x.shape)  # (z, y, x)
    corners = [
        number[c:, b:, a:][: counts[2], : counts[1], : counts[0]] for c in (0, 1) for b in (0, 1) for a in (0, 1)
    ]
    cells = np.stack([corner.ravel() for corner in corners], axis=1)
    if tetrahedra:
        cells = cells[:, _KUHN].reshape(-1, 4)
    points = unit if place is None else place(unit)
    surfaces = {}
    for index, name in enumerate(SIDES):
        on_side = np.abs(unit[:, index // 2] - index % 2) < 1e-12
        surfaces[name] = _facets(cells, on_side)
    return VolumeMesh(points, cells, np.zeros(len(cells), dtype=np.int64), {"body": 0}, surfaces)


def _facets(cells: Ints, on_side: NDArray[np.bool_]) -> Ints:
    """Facets of cells with all corners on one side."""
    if cells.shape[1] == 4:
        local = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    else:
        local = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 4, 5], [2, 3, 6, 7], [0, 2, 4, 6], [1, 3, 5, 7]])
    facets = cells[:, local].reshape(-1, local.shape[1])
    return np.asarray(facets[on_side[facets].all(axis=1)])


def node_at(mesh: VolumeMesh, *place: float) -> int:
    """Number of the point nearest to a place."""
    return int(np.linalg.norm(mesh.points - np.asarray(place), axis=1).argmin())
