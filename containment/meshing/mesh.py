"""The tagged axisymmetric section: triangles in the (r, z) half plane with named regions and facets.

Plain numpy, so that every room can read it. z points from the nose (z = 0 at the stagnation point) aft; r >= 0.
Volumes are those of the full body of revolution.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from containment.errors import DataError

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A triangle flatter than this (area over squared longest edge) has lost its area to rounding in double precision.
_FLAT = 1e-10


@dataclass(frozen=True)
class SectionMesh:
    """Triangles of the section with a region number per cell and a name per tagged facet.

    points: (n, 2) r and z in m; triangles: (m, 3) point numbers, counter-clockwise; region: (m,) region number;
    facets: (k, 2) point numbers of tagged edges, boundary or interior; facet: (k,) facet number;
    regions, facet_names: name -> number. Raises DataError when arrays do not fit together.
    """

    points: Floats
    triangles: Ints
    region: Ints
    facets: Ints
    facet: Ints
    regions: dict[str, int]
    facet_names: dict[str, int]

    def __post_init__(self) -> None:
        for name in ("points", "triangles", "region", "facets", "facet"):
            kind = np.float64 if name == "points" else np.int64
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        self._check_shapes()
        self._check_content()
        # A clockwise triangle is the same triangle: turn it, so that areas are positive everywhere.
        clockwise = _signed_area(self.points, self.triangles) < 0
        if clockwise.any():
            turned = self.triangles.copy()
            turned[clockwise] = turned[clockwise][:, ::-1]
            object.__setattr__(self, "triangles", turned)

    def _check_shapes(self) -> None:
        cells, tagged = len(self.triangles), len(self.facets)
        fits = (
            self.points.ndim == 2 and self.points.shape[1] == 2 and self.triangles.shape == (cells, 3)
            and self.region.shape == (cells,) and self.facets.shape == (tagged, 2) and self.facet.shape == (tagged,)
        )  # fmt: skip
        if not fits or not cells:
            raise DataError(
                f"mesh arrays do not fit together: points {self.points.shape}, triangles {self.triangles.shape}, "
                f"region {self.region.shape}, facets {self.facets.shape}, facet {self.facet.shape}",
                advice="give points (n, 2), triangles (m, 3), region (m,), facets (k, 2), facet (k,) with m > 0",
            )

    def _check_content(self) -> None:
        count = len(self.points)
        if not np.isfinite(self.points).all():
            raise DataError("mesh has points that are not finite", advice="write the mesh file again")
        used = np.zeros(count, dtype=bool)
        for name, index in (("triangles", self.triangles), ("facets", self.facets)):
            if index.size and (index.min() < 0 or index.max() >= count):
                raise DataError(
                    f"{name} of the mesh name point {index.max()}, but there are {count} points",
                    advice="the file is truncated or its numbering is broken; export it again",
                )
        used[self.triangles] = True
        if not used.all():
            raise DataError(
                f"{int((~used).sum())} of {count} mesh points belong to no triangle",
                advice="remove them (SectionMesh.of_used_points does)",
            )
        scale = float(np.ptp(self.points, axis=0).max())
        if self.points[:, 0].min() < -1e-9 * scale:  # rounding of an exporter, relative to the size of the section
            raise DataError(
                f"mesh reaches to r = {self.points[:, 0].min():.4g} m; the section is a half plane with r >= 0",
                advice="mesh one side of the axis, r in the first and z in the second coordinate",
            )
        longest = _edge_lengths(self.points, self.triangles).max(axis=1)
        flat = np.abs(_signed_area(self.points, self.triangles)) <= _FLAT * longest**2
        if flat.any():
            raise DataError(
                f"{int(flat.sum())} triangles of the mesh have no area, the first is number {int(np.argmax(flat))}",
                advice="repair the mesh; two of its points coincide or lie on one line",
            )
        for what, numbers, names in (("region", self.region, self.regions), ("facet", self.facet, self.facet_names)):
            unknown = sorted(set(np.unique(numbers).tolist()) - set(names.values()))
            if unknown:
                raise DataError(f"{what} numbers {unknown} of the mesh have no name", advice=f"name every {what}")
            empty = sorted(set(names.values()) - set(np.unique(numbers).tolist()))
            if empty:
                lost = sorted(name for name, number in names.items() if number in empty)
                raise DataError(
                    f"no cell or edge of the mesh is tagged {what} {lost}", advice="tag it or drop the name"
                )

    # --- measures

    def areas(self) -> Floats:
        """(m,) area of every triangle, m2."""
        return _signed_area(self.points, self.triangles)

    def volumes(self) -> Floats:
        """(m,) volume swept by every triangle in the full turn, m3: 2 pi r_c A, exact for a triangle (Pappus)."""
        return self._volumes

    @cached_property
    def _volumes(self) -> Floats:
        centre = self.points[self.triangles, 0].mean(axis=1)
        found = np.asarray(2.0 * np.pi * centre * self.areas())
        found.flags.writeable = False
        return found

    def region_volume(self, name: str) -> float:
        """Volume of a named region, full body of revolution, m3."""
        return float(self.volumes()[self.region == self.region_number(name)].sum())

    def facet_area(self, name: str) -> float:
        """Area swept by the facets of one name, m2: 2 pi r_mid L (a cone frustum each)."""
        ends = self.points[self.facets[self.facet == self.facet_number(name)]]
        length = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
        return float((2.0 * np.pi * ends[:, :, 0].mean(axis=1) * length).sum())

    def quality(self) -> Floats:
        """(m,) radius ratio 2 r_in / r_out of every triangle: 1 equilateral, 0 flat.

        With edges a, b, c: 8 (s-a)(s-b)(s-c) / (a b c), s half the perimeter.
        """
        edge = _edge_lengths(self.points, self.triangles)
        half = 0.5 * edge.sum(axis=1, keepdims=True)
        return np.asarray(8.0 * np.prod(half - edge, axis=1) / np.prod(edge, axis=1))

    def free_edges(self) -> Ints:
        """(f, 2) edges that belong to one triangle only: the outline of the section, axis included."""
        edges = np.sort(self.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        keys, count = np.unique(edges @ [len(self.points), 1], return_counts=True)  # rows as such sort ten times slower
        return np.stack(np.divmod(keys[count == 1], len(self.points)), axis=1)

    def untagged_outline(self) -> float:
        """Part of the outline, by length and without the axis, that carries no facet name."""
        free = self.free_edges()
        free = free[(self.points[free, 0] > 0.0).any(axis=1)]
        tagged = np.sort(self.facets, axis=1)
        free_keys, tagged_keys = (edges[:, 0] * len(self.points) + edges[:, 1] for edges in (free, tagged))
        length = np.linalg.norm(self.points[free[:, 1]] - self.points[free[:, 0]], axis=1)
        return float(length[~np.isin(free_keys, tagged_keys)].sum() / length.sum())

    # --- names

    def region_number(self, name: str) -> int:
        """Number of a region; DataError naming those that exist."""
        return _number(name, self.regions, "region")

    def facet_number(self, name: str) -> int:
        """Number of a facet set; DataError naming those that exist."""
        return _number(name, self.facet_names, "facet set")

    def region_nodes(self, name: str) -> Ints:
        """Sorted point numbers of a region."""
        return np.unique(self.triangles[self.region == self.region_number(name)])

    def facet_nodes(self, name: str) -> Ints:
        """Sorted point numbers of a facet set."""
        return np.unique(self.facets[self.facet == self.facet_number(name)])

    def cell_names(self) -> npt.NDArray[np.str_]:
        """(m,) region name of every triangle."""
        by_number = {number: name for name, number in self.regions.items()}
        return np.array([by_number[number] for number in self.region.tolist()])

    # --- building and storing

    @classmethod
    def of_used_points(
        cls, points: npt.ArrayLike, triangles: npt.ArrayLike, region: npt.ArrayLike, facets: npt.ArrayLike,
        facet: npt.ArrayLike, regions: dict[str, int], facet_names: dict[str, int],
    ) -> SectionMesh:  # fmt: skip
        """A mesh without the points no triangle uses (gmsh keeps construction points), the others in order."""
        cells = np.asarray(triangles, dtype=np.int64)
        used = np.unique(cells)
        new = np.full(len(np.asarray(points)), -1, dtype=np.int64)
        new[used] = np.arange(len(used))
        edges = np.asarray(facets, dtype=np.int64).reshape(-1, 2)
        return cls(
            np.asarray(points, dtype=np.float64)[used], new[cells], np.asarray(region), new[edges],
            np.asarray(facet), regions, facet_names,
        )  # fmt: skip

    def to_dataset(self) -> xr.Dataset:
        """The mesh as an xarray Dataset (dims node, cell, corner, facet, end); names in the attrs as JSON."""
        import xarray as xr

        return xr.Dataset(
            {
                "node_r": ("node", self.points[:, 0], {"units": "m", "long_name": "radius of node"}),
                "node_z": (
                    "node",
                    self.points[:, 1],
                    {"units": "m", "long_name": "axial position of node, aft positive"},
                ),
                "triangle": (("cell", "corner"), self.triangles, {"units": "1", "long_name": "nodes of cell"}),
                "cell_region": ("cell", self.region, {"units": "1", "long_name": "region number of cell"}),
                "facet_nodes": (("facet", "end"), self.facets, {"units": "1", "long_name": "nodes of tagged edge"}),
                "facet_tag": ("facet", self.facet, {"units": "1", "long_name": "facet set number of tagged edge"}),
            },
            attrs={"regions": json.dumps(self.regions), "facet_names": json.dumps(self.facet_names)},
        )

    @classmethod
    def from_dataset(cls, data: xr.Dataset) -> SectionMesh:
        """The mesh back from `to_dataset` (or from the data of stage "mesh"); DataError when something is missing."""
        wanted = ("node_r", "node_z", "triangle", "cell_region", "facet_nodes", "facet_tag")
        missing = [name for name in wanted if name not in data] + [
            name for name in ("regions", "facet_names") if name not in data.attrs
        ]
        if missing:
            raise DataError(
                f"stored mesh lacks {', '.join(missing)}", advice="remove the stored mesh and run the stage again"
            )
        return cls(
            np.column_stack([data["node_r"].values, data["node_z"].values]), data["triangle"].values,
            data["cell_region"].values, data["facet_nodes"].values, data["facet_tag"].values,
            json.loads(data.attrs["regions"]), json.loads(data.attrs["facet_names"]),
        )  # fmt: skip


def _number(name: str, names: dict[str, int], what: str) -> int:
    if name not in names:
        raise DataError(
            f"no {what} {name!r} in the mesh; it has {', '.join(sorted(names))}", advice="tag it or map its name"
        )
    return names[name]


def _signed_area(points: Floats, triangles: Ints) -> Floats:
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    u, v = b - a, c - a
    return np.asarray(0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]))


def _edge_lengths(points: Floats, triangles: Ints) -> Floats:
    corner = points[triangles]
    return np.asarray(np.linalg.norm(corner - np.roll(corner, -1, axis=1), axis=2))
