"""A mesh the user brings: any format meshio reads, its names or numbers mapped to ours.

Where the names come from: gmsh physical groups, Abaqus element and node sets, MED families, Nastran property numbers
(cards PSHELL/PLPLANE as "nastran:ref"), for VTK an integer cell array. A line set may be line elements or, as in
Abaqus, a set of nodes: then it is every edge of the triangles with both ends in the set.
"""

from __future__ import annotations

import contextlib
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from containment.case.geometry import UserMesh
from containment.errors import DataError
from containment.meshing.mesh import Floats, Ints, SectionMesh

_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "inch": 0.0254}
_TRIANGLES = ("triangle", "triangle6", "triangle7")
_LINES = ("line", "line3")
_QUADS = ("quad", "quad8", "quad9")
# cell arrays that number the parts of a mesh, by format; for VTK any other integer array will do
_TAG_ARRAYS = ("gmsh:physical", "cell_tags", "nastran:ref", "medit:ref", "flac3d:group", "tetgen:ref")
_LISTED = 12  # names shown in a message


@dataclass(frozen=True)
class _Raw:
    """What the file holds: points (n, 3), triangles (m, 3), lines (k, 2), and named sets of each."""

    points: Floats
    triangles: Ints
    lines: Ints
    cell_sets: Mapping[str, Ints]
    line_sets: Mapping[str, Ints]
    node_sets: Mapping[str, Ints]


def read(wanted: UserMesh) -> SectionMesh:
    """The user's mesh in metres with our names. Raises DataError naming what the file has when something is missing."""
    path = Path(wanted.file)
    raw = _read_file(path, wanted.tag)
    region = np.zeros(len(raw.triangles), dtype=np.int64)
    regions = {name: count for count, name in enumerate(wanted.regions, start=1)}
    for name, theirs in wanted.regions.items():
        cells = _found(path, "region", name, theirs, raw.cell_sets)
        if (region[cells] > 0).any():
            other = next(key for key, number in regions.items() if number == region[cells].max())
            raise DataError(f"{path}: regions {other!r} and {name!r} share triangles", advice="correct the sets")
        region[cells] = regions[name]
    if (region == 0).any():
        named = _listed(set(raw.cell_sets) - {str(theirs) for theirs in wanted.regions.values()})
        raise DataError(
            f"{path}: {int((region == 0).sum())} of {len(region)} triangles belong to no mapped region",
            advice=f"map every part in [geometry.mesh.regions]; not mapped yet: {named}",
        )
    facets, facet, names = _facets(path, wanted, raw)
    axes = [_coordinate(raw.points, axis) for axis in (wanted.radial, wanted.axial)]
    points = _METRES[wanted.length_unit] * np.column_stack(axes)
    points[np.abs(points[:, 0]) < 1e-9 * np.ptp(points), 0] = 0.0  # rounding of an exporter on the axis
    try:
        return SectionMesh.of_used_points(points, raw.triangles, region, facets, facet, regions, names)
    except DataError as error:
        raise DataError(f"{path}: {error.message}", advice=error.advice) from error


def _coordinate(points: Floats, axis: str) -> Floats:
    sign = -1.0 if axis.startswith("-") else 1.0
    return sign * points[:, "xyz".index(axis[-1])]


def _read_file(path: Path, tag: str | None) -> _Raw:
    import meshio

    if not path.is_file():
        raise DataError(f"found no mesh file {path}", advice="correct geometry.mesh.file; it counts from the case file")
    try:
        # meshio prints warnings of its own and exits on some broken files: keep both away from the user
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            mesh = meshio.read(path)
    except (Exception, SystemExit) as error:
        text = str(error).strip() or type(error).__name__
        raise DataError(
            f"{path}: cannot be read as a mesh: {text}",
            advice="the file is truncated or of another format than its ending says; export it again",
        ) from error
    return _sorted_out(path, mesh, tag)


def _sorted_out(path: Path, mesh: Any, tag: str | None) -> _Raw:
    kinds = [block.type for block in mesh.cells]
    if any(kind in _QUADS for kind in kinds):
        raise DataError(f"{path}: found quadrilaterals, expected triangles", advice="export the section in triangles")
    triangles = _stack(mesh, _TRIANGLES, 3)
    if not len(triangles):
        raise DataError(
            f"{path}: found no triangles (it has {', '.join(sorted(set(kinds))) or 'no elements'})",
            advice="export the axisymmetric section as triangles",
        )
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    lines = _stack(mesh, _LINES, 2)
    return _Raw(
        points, triangles, lines, _sets(mesh, _TRIANGLES, tag), _sets(mesh, _LINES, tag),
        {str(name): np.asarray(nodes, dtype=np.int64) for name, nodes in _node_sets(mesh).items()},
    )  # fmt: skip


def _stack(mesh: Any, kinds: tuple[str, ...], corners: int) -> Ints:
    blocks = [block.data[:, :corners] for block in mesh.cells if block.type in kinds]
    return np.vstack(blocks).astype(np.int64) if blocks else np.zeros((0, corners), dtype=np.int64)


def _sets(mesh: Any, kinds: tuple[str, ...], tag: str | None) -> dict[str, Ints]:
    """Named sets of the elements of some kinds, counted through all their blocks."""
    chosen = [number for number, block in enumerate(mesh.cells) if block.type in kinds]
    starts = np.cumsum([0, *(len(mesh.cells[number].data) for number in chosen)])
    found: dict[str, list[Ints]] = {}
    for name, blocks in mesh.cell_sets.items():
        if str(name).startswith("gmsh:"):
            continue  # bounding entities, not names a user gave
        parts = [
            np.asarray(blocks[n], dtype=np.int64) + start
            for n, start in zip(chosen, starts, strict=False)
            if blocks[n] is not None
        ]
        if sum(len(part) for part in parts):
            found.setdefault(str(name), []).extend(parts)
    for array, values in mesh.cell_data.items():
        numbers = [np.asarray(values[number]).ravel() for number in chosen]
        if not _is_tag(array, numbers, tag):
            continue
        flat = np.concatenate(numbers) if numbers else np.zeros(0)
        for value in np.unique(flat):
            for name in _names_of(mesh, array, int(value), kinds):
                found.setdefault(name, [np.flatnonzero(flat == value)])
    return {name: np.unique(np.concatenate(parts)) for name, parts in found.items()}


def _is_tag(array: str, numbers: list[Any], tag: str | None) -> bool:
    if tag is not None:
        return array == tag
    if array in _TAG_ARRAYS:
        return True
    whole = all(np.issubdtype(part.dtype, np.integer) for part in numbers)
    return whole and not array.startswith("gmsh:")


def _names_of(mesh: Any, array: str, value: int, kinds: tuple[str, ...]) -> list[str]:
    """The number itself and the name the format gives it."""
    names = [str(value)]
    if array == "gmsh:physical":
        dim = 2 if kinds is _TRIANGLES else 1
        names += [str(name) for name, data in mesh.field_data.items() if int(data[0]) == value and int(data[1]) == dim]
    elif array == "cell_tags":  # MED: a family has several group names
        names += [str(name).strip() for name in getattr(mesh, "cell_tags", {}).get(value, [])]
    return names


def _node_sets(mesh: Any) -> dict[str, Any]:
    sets = dict(mesh.point_sets)
    tags = mesh.point_data.get("point_tags")
    for value, groups in getattr(mesh, "point_tags", {}).items():  # MED
        for name in groups if tags is not None else ():
            sets[str(name).strip()] = np.flatnonzero(np.asarray(tags).ravel() == value)
    return sets


def _found(path: Path, what: str, ours: str, theirs: str | int, sets: Mapping[str, Ints]) -> Ints:
    if str(theirs) not in sets:
        lower = {name.lower(): name for name in sets}
        near = difflib.get_close_matches(str(theirs).lower(), list(lower), n=1, cutoff=0.5)
        hint = f"did you mean {lower[near[0]]!r}?" if near else "map one of these names or numbers, or tag the mesh"
        raise DataError(
            f"{path}: no {what} {str(theirs)!r} (for our {ours!r}); the file has {_listed(set(sets))}", advice=hint
        )
    return sets[str(theirs)]


def _listed(names: set[str]) -> str:
    shown = sorted(names, key=lambda name: (name.lstrip("-").isdigit(), name))[:_LISTED]  # names before numbers
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return (", ".join(shown) or "none") + more


def _facets(path: Path, wanted: UserMesh, raw: _Raw) -> tuple[Ints, Ints, dict[str, int]]:
    """Tagged edges: lines of the file, or triangle edges between the nodes of a set."""
    ends, tags, names = [], [], {}
    for number, (name, theirs) in enumerate(wanted.facets.items(), start=101):
        if str(theirs) in raw.line_sets:
            chosen = raw.lines[raw.line_sets[str(theirs)]]
        else:
            both = {**raw.line_sets, **raw.node_sets}
            inside = np.zeros(len(raw.points), dtype=bool)
            inside[_found(path, "line set", name, theirs, both)] = True
            chosen = _edges_between(raw, inside)
        if not len(chosen):
            raise DataError(
                f"{path}: line set {str(theirs)!r} (for our {name!r}) has no edge of a triangle",
                advice="select neighbouring nodes along the line",
            )
        names[name] = number
        ends.append(chosen)
        tags.append(np.full(len(chosen), number))
    if not ends:
        return np.zeros((0, 2), dtype=np.int64), np.zeros(0, dtype=np.int64), {}
    return np.vstack(ends), np.concatenate(tags), names


def _edges_between(raw: _Raw, inside: npt.NDArray[np.bool_]) -> Ints:
    """Edges of triangles with both ends among the nodes of a line.

    Where a line turns a corner, one triangle has all three corners on it: its third edge cuts the corner and is left
    out. That is the one inside the body if the other two are free, else the longest.
    """
    edges = np.sort(raw.triangles[:, [[0, 1], [1, 2], [2, 0]]], axis=2)
    unique, place, count = np.unique(edges.reshape(-1, 2), axis=0, return_inverse=True, return_counts=True)
    chosen = inside[unique].all(axis=1)
    place = place.reshape(-1, 3)
    length = np.linalg.norm(np.diff(raw.points[unique], axis=1)[:, 0], axis=1)
    for triangle in np.flatnonzero(inside[raw.triangles].all(axis=1)):
        own = place[triangle]
        within = own[count[own] > 1]
        if len(within):
            chosen[within[np.argmax(length[within])]] = False
    return np.asarray(unique[chosen])
