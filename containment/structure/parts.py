"""Whether the mesh is the body that was drawn: every part there, none lying in another, none loose."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import DataError
from containment.meshing.mesh import SectionMesh

Ints = NDArray[np.int64]


def check_parts(section: SectionMesh, expected: Iterable[str]) -> None:
    """Raise DataError when a part was lost in meshing, when parts overlap, or when one touches no other."""
    lost = [name for name in expected if name not in section.regions]
    if lost:
        raise DataError(
            f"the mesh has no cells of {', '.join(lost)}; it has {', '.join(section.regions)}",
            advice="the part was lost in meshing: check its shape and place, then mesh again",
        )
    _check_overlap(section)
    _check_loose(section)


def _check_overlap(section: SectionMesh) -> None:
    """The centre of a cell lies in no other cell; of two that overlap, the smaller one's lies in the greater's."""
    centres = section.points[section.triangles].mean(axis=1)
    inside = fem.cells_at(section, centres)
    cells = np.repeat(np.arange(len(centres)), [len(found) for found in inside])
    others = np.concatenate(inside)
    apart = cells != others
    if not apart.any():
        return
    names = section.cell_names()
    pairs = sorted({tuple(sorted(pair)) for pair in zip(names[cells[apart]], names[others[apart]], strict=True)})
    where = centres[cells[apart][0]]
    text = " and ".join(pairs[0]) if pairs[0][0] != pairs[0][1] else f"{pairs[0][0]} with itself"
    raise DataError(
        f"parts of the mesh overlap: {text}, first at r = {where[0]:.4g} m, z = {where[1]:.4g} m "
        f"({int(apart.sum())} cells)",
        advice="draw the parts side by side, or cut one out of the other",
    )


def _check_loose(section: SectionMesh) -> None:
    """Every part hangs together with the rest by common nodes."""
    pieces = _pieces(section)
    if pieces.max() == 0:
        return
    names = section.cell_names()
    sizes = np.bincount(pieces)
    loose = sorted({str(name) for name in names[pieces != int(sizes.argmax())]})
    raise DataError(
        f"the mesh is in {len(sizes)} pieces without common nodes; {', '.join(loose)} is loose",
        advice="give neighbours a common line, or join them by a contact",
    )


def _pieces(section: SectionMesh) -> Ints:
    """(m,) number of the connected piece each cell is in."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = section.triangles[:, [0, 1]].ravel(), section.triangles[:, [1, 2]].ravel()
    count = len(section.points)
    graph = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    return np.asarray(labels[section.triangles[:, 0]], dtype=np.int64)
