"""Drawing a section for gmsh: points merged by position, curves and surfaces named, then meshed in one go.

A thin layer over gmsh's built-in kernel. What is drawn is also kept here, so that the exact volume of every region can
be held against the mesh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from containment.errors import MissingPartError, SolverError
from containment.meshing.mesh import Floats, SectionMesh

_MERGE = 1e-9  # m; points closer than this are one
_ARC_POINTS = 721  # per arc for exact volumes: relative chord error (pi/2/720)^2 / 8, below 1e-6

Point = tuple[float, float]


@contextmanager
def gmsh_session() -> Iterator[Any]:
    """gmsh, quiet, single-threaded and without its signal handler, in a model of its own. Raises MissingPartError."""
    try:
        import gmsh
    except (ImportError, OSError) as error:  # OSError: a system library it needs is absent
        raise MissingPartError(
            f"gmsh cannot be loaded: {error}",
            advice="pip install 'containment[fe]'; on a bare system also apt-get install libglu1-mesa libxrender1 "
            "libxcursor1 libxft2 libxinerama1",
        ) from error
    ours = not gmsh.isInitialized()
    if ours:
        gmsh.initialize(interruptible=False)
    try:
        for option in ("General.Terminal", "Mesh.MeshSizeFromPoints", "Mesh.MeshSizeExtendFromBoundary"):
            gmsh.option.setNumber(option, 0)
        gmsh.option.setNumber("General.NumThreads", 1)
        gmsh.option.setNumber("Mesh.Algorithm", 6)  # frontal Delaunay: the best shaped triangles of gmsh in the plane
        gmsh.model.add("section")
        yield gmsh
    finally:
        gmsh.model.remove()
        if ours:
            gmsh.finalize()


@dataclass
class Drawing:
    """Curves and surfaces of one section under construction. Curve numbers are signed: minus runs backwards."""

    gmsh: Any
    _points: dict[tuple[int, int], int] = field(default_factory=dict)
    _places: dict[int, Point] = field(default_factory=dict)
    _curves: dict[tuple[int, int, int], int] = field(default_factory=dict)
    _samples: dict[int, Floats] = field(default_factory=dict)
    _surfaces: dict[str, list[tuple[int, list[int]]]] = field(default_factory=dict)
    _lines: dict[str, list[int]] = field(default_factory=dict)

    def point(self, place: Point) -> int:
        """The point at (r, z)."""
        key = (round(place[0] / _MERGE), round(place[1] / _MERGE))
        if key not in self._points:
            number = self.gmsh.model.geo.addPoint(place[0], place[1], 0.0)
            self._points[key], self._places[number] = number, place
        return self._points[key]

    def curve(self, start: Point, end: Point, centre: Point | None = None) -> int:
        """A straight line, or an arc below 180 degrees around `centre`; asked for again, the same curve."""
        a, b = self.point(start), self.point(end)
        c = self.point(centre) if centre else 0
        if (b, a, c) in self._curves:
            return -self._curves[b, a, c]
        if (a, b, c) not in self._curves:
            geo = self.gmsh.model.geo
            number = geo.addCircleArc(a, c, b) if centre else geo.addLine(a, b)
            self._curves[a, b, c] = number
            self._samples[number] = _sampled(start, end, centre)
        return self._curves[a, b, c]

    def surface(self, region: str, loop: Sequence[int]) -> int:
        """A face of a region inside a closed loop of curves."""
        geo = self.gmsh.model.geo
        number = int(geo.addPlaneSurface([geo.addCurveLoop(list(loop))]))
        self._surfaces.setdefault(region, []).append((number, list(loop)))
        return number

    def block(
        self,
        region: str,
        along: tuple[int, int],
        through: tuple[int, int],
        counts: tuple[int, int],
        growth: float = 1.0,
    ) -> None:
        """A four-sided face in regular rows: `along` the near and far side, `through` the lines that join them.

        `counts` elements along and through; `growth` of the element size from the near to the far side.
        """
        near, far = along
        corners = [self._end(near, 0), self._end(near, 1), self._end(far, 1), self._end(far, 0)]
        face = self.patch(region, along, through, counts, growth)
        self.gmsh.model.geo.mesh.setTransfiniteSurface(face, "Alternate", corners)

    def patch(
        self,
        region: str,
        along: tuple[int, int],
        through: tuple[int, int],
        counts: tuple[int, int],
        growth: float = 1.0,
    ) -> int:
        """As `block`, regular on its outline only: for shapes too skew for rows."""
        near, far = along
        first, last = through
        mesh = self.gmsh.model.geo.mesh
        for curve in along:
            mesh.setTransfiniteCurve(abs(curve), counts[0] + 1)
        for curve in through:
            ratio = growth if curve > 0 else 1.0 / growth
            mesh.setTransfiniteCurve(abs(curve), counts[1] + 1, "Progression", ratio)
        return self.surface(region, [near, last, -far, -first])

    def _end(self, curve: int, which: int) -> int:
        a, b = next((a, b) for (a, b, _), number in self._curves.items() if number == abs(curve))
        return (a, b)[which] if curve > 0 else (b, a)[which]

    def name(self, line: str, curves: Iterable[int]) -> None:
        """Tag curves as a named line of the section."""
        self._lines.setdefault(line, []).extend(abs(curve) for curve in curves)

    def volume(self, region: str) -> float:
        """Volume of a region of revolution from its outline: pi int r^2 dz around every face, m3."""
        total = 0.0
        for _, loop in self._surfaces[region]:
            path = np.vstack([self._samples[abs(c)] if c > 0 else self._samples[abs(c)][::-1] for c in loop])
            r, z = path[:, 0], path[:, 1]
            dz = np.diff(z, append=z[:1])
            after = np.roll(r, -1)
            # exact for straight pieces: the mean of r^2 along a piece is (r0^2 + r0 r1 + r1^2) / 3
            total += abs(float(np.pi * np.sum((r * r + r * after + after * after) / 3.0 * dz)))
        return total

    def sizes(self, near: Sequence[tuple[Iterable[int], float]], far: float, reach: float) -> None:
        """Edge lengths in the free regions: given ones at curves, growing to `far` over the distance `reach`."""
        fields = self.gmsh.model.mesh.field
        limits = []
        for curves, size in near:
            distance = fields.add("Distance")
            fields.setNumbers(distance, "CurvesList", [abs(curve) for curve in curves])
            fields.setNumber(distance, "Sampling", 200)
            limit = fields.add("Threshold")
            for key, value in (
                ("InField", distance), ("SizeMin", size), ("SizeMax", far), ("DistMin", size), ("DistMax", reach),
            ):  # fmt: skip
                fields.setNumber(limit, key, value)
            limits.append(limit)
        least = fields.add("Min")
        fields.setNumbers(least, "FieldsList", limits)
        fields.setAsBackgroundMesh(least)

    def meshed(self, regions: Sequence[str], lines: Sequence[str]) -> SectionMesh:
        """Mesh what is drawn; regions and lines are numbered in the given order from 1 and from 101.

        Raises SolverError with gmsh's words when it fails.
        """
        model = self.gmsh.model
        try:
            model.geo.synchronize()
            model.mesh.generate(2)
        except Exception as error:  # gmsh raises bare Exception
            raise SolverError(f"gmsh could not mesh the section: {error}", advice="change the mesh size") from error
        tags, flat, _ = model.mesh.getNodes()
        place = np.zeros(int(tags.max()) + 1, dtype=np.int64)
        place[tags] = np.arange(len(tags))
        points = flat.reshape(-1, 3)[:, :2]
        numbers = {name: count for count, name in enumerate(regions, start=1)}
        marks = {name: count for count, name in enumerate(lines, start=101)}
        cells = {name: [face for face, _ in self._surfaces[name]] for name in regions}
        triangles, region = self._elements(2, 2, cells, numbers, place)
        facets, facet = self._elements(1, 1, {name: self._lines[name] for name in lines}, marks, place)
        points[np.abs(points[:, 0]) < _MERGE, 0] = 0.0  # arcs that end on the axis: rounding must not leave r < 0
        return SectionMesh.of_used_points(points, triangles, region, facets, facet, numbers, marks)

    def _elements(
        self, dim: int, kind: int, entities: dict[str, list[int]], numbers: dict[str, int], place: Any
    ) -> tuple[Any, Any]:
        """Corners and number of all elements of gmsh type `kind` (1 line, 2 triangle), entity by entity."""
        corners, tags = [], []
        for name, entity in entities.items():
            for number in entity:
                _, nodes = self.gmsh.model.mesh.getElementsByType(kind, number)
                corners.append(place[nodes.astype(np.int64)].reshape(-1, dim + 1))
                tags.append(np.full(len(corners[-1]), numbers[name]))
        return np.vstack(corners), np.concatenate(tags)


def _sampled(start: Point, end: Point, centre: Point | None) -> Floats:
    """Points along a curve, end points included."""
    if centre is None:
        return np.array([start, end])
    middle = np.array(centre)
    a, b = np.array(start) - middle, np.array(end) - middle
    first = np.arctan2(a[1], a[0])
    turn = np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b)  # signed angle, below 180 degrees
    angle = first + turn * np.linspace(0.0, 1.0, _ARC_POINTS)
    return np.asarray(middle + np.linalg.norm(a) * np.column_stack([np.cos(angle), np.sin(angle)]))
