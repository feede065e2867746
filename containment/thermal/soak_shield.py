"""The heat shield's one-dimensional histories laid onto the section: who is where under the surface, and how hot.

A node of the ablator is named by its place along the body (arc length from the stagnation point) and by its share of
the local thickness, 0 at the surface and 1 at the bond. Recession is carried by moving the nodes: at share x the depth
below the original surface is s + x (L - s), with s the final recession and L the local thickness. Before hand-over the
temperatures at these material points are imposed, so the geometry of the section can be the final one throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.lines import chain, nearest
from containment.meshing.mesh import SectionMesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Own choice: a layer thinner than this share of the original makes slivers; the report says when it is held there.
LEAST_REMAINING = 0.1


@dataclass(frozen=True)
class ShieldHistory:
    """One-dimensional results at stations along the body.

    `arc_length` (station,) m ascending; `thickness` m of the ablator; `time` (time,) s; `depth` (station, time, point)
    m below the original surface, ascending in point; `temperature` (station, time, point) K; `recession` (station,) m
    at the end; `char_depth`, `char_fraction` (station, point) at the end, 1 = all char.
    """

    arc_length: Floats
    thickness: float
    time: Floats
    depth: Floats
    temperature: Floats
    recession: Floats
    char_depth: Floats
    char_fraction: Floats


@dataclass(frozen=True)
class ShieldNodes:
    """Nodes of the ablator: their numbers, place along the body (m), share of thickness, local thickness (m) and the
    way to the bond (node, 2), a unit vector."""

    node: Ints
    arc: Floats
    share: Floats
    thickness: Floats
    inward: Floats


def along_line(section: SectionMesh, cells: NDArray[np.bool_], name: str) -> Floats:
    """(m, 2) unit vectors along a tagged line, at the place nearest to the centre of each of the chosen cells."""
    line = chain(section, name)
    _, arc, _ = nearest(section.points[section.triangles[cells]].mean(axis=1), line)
    edge = np.diff(line, axis=0)
    length = np.linalg.norm(edge, axis=1)
    at = np.clip(np.searchsorted(np.cumsum(length), arc), 0, len(length) - 1)
    return np.asarray((edge / length[:, None])[at])


def shield_nodes(
    section: SectionMesh, region: str = "tps", surface: str = "outer", bond: str = "bondline"
) -> ShieldNodes:
    """Place of every node of the ablator between its surface and its bond."""
    node = section.region_nodes(region)
    points = section.points[node]
    out, arc, outer_foot = nearest(points, chain(section, surface))
    into, _, inner_foot = nearest(points, chain(section, bond))
    thickness = out + into
    way = inner_foot - outer_foot
    size = np.linalg.norm(way, axis=1, keepdims=True)
    return ShieldNodes(node, arc, out / thickness, thickness, way / np.where(size > 0, size, 1.0))


def receded(section: SectionMesh, nodes: ShieldNodes, history: ShieldHistory) -> tuple[SectionMesh, float]:
    """The section after recession, and the least remaining share of thickness anywhere before it was limited.

    The ablator keeps at least a tenth of its thickness, so that a burn-through still leaves a mesh; the heat shield
    stage reports what remains.
    """
    s = np.interp(nodes.arc, history.arc_length, history.recession)
    remaining = 1.0 - s / nodes.thickness
    lost = np.minimum(s, (1.0 - LEAST_REMAINING) * nodes.thickness)
    points = section.points.copy()
    points[nodes.node] += (lost * (1.0 - nodes.share))[:, None] * nodes.inward
    points[:, 0] = np.where(section.points[:, 0] == 0.0, 0.0, points[:, 0])
    moved = SectionMesh(
        points, section.triangles, section.region, section.facets, section.facet, section.regions, section.facet_names
    )
    if not np.array_equal(moved.triangles, section.triangles):
        raise DataError(
            "recession turns triangles of the ablator inside out",
            advice="refine the ablator near its edge, or give it a smoother inner line",
        )
    return moved, float(remaining.min())


def _across(arc: Floats, station_arc: Floats, values: Floats) -> Floats:
    """Linear between stations; the first and last station hold beyond their place. `values` (station, node)."""
    if station_arc.size == 1:
        return np.asarray(values[0])
    right = np.clip(np.searchsorted(station_arc, arc), 1, station_arc.size - 1)
    a, b = station_arc[right - 1], station_arc[right]
    weight = np.clip((arc - a) / (b - a), 0.0, 1.0)
    column = np.arange(arc.size)
    return np.asarray((1.0 - weight) * values[right - 1, column] + weight * values[right, column])


def material_depth(nodes: ShieldNodes, history: ShieldHistory) -> Floats:
    """(station, node) depth below the original surface of each node's material in each station's stack, m."""
    s = history.recession[:, None]
    return np.asarray(s + nodes.share[None, :] * np.maximum(history.thickness - s, 0.0))


def shield_temperature(nodes: ShieldNodes, history: ShieldHistory, time: float) -> Floats:
    """(node,) imposed temperature at a time, K: linear in time, depth and arc length.

    Material above the momentary surface cannot occur (the final surface is the deepest). Raises DataError for a time
    beyond the history.
    """
    if not history.time[0] - 1e-9 <= time <= history.time[-1] + 1e-9:
        raise DataError(
            f"heat shield temperatures end at {history.time[-1]:.4g} s, asked for {time:.4g} s",
            advice="run the heat shield at least to the hand-over",
        )
    right = int(np.clip(np.searchsorted(history.time, time), 1, history.time.size - 1))
    a, b = history.time[right - 1], history.time[right]
    weight = (time - a) / (b - a)
    place = material_depth(nodes, history)
    at = np.empty_like(place)
    for station in range(history.arc_length.size):
        before = np.interp(place[station], history.depth[station, right - 1], history.temperature[station, right - 1])
        after = np.interp(place[station], history.depth[station, right], history.temperature[station, right])
        at[station] = (1.0 - weight) * before + weight * after
    return _across(nodes.arc, history.arc_length, at)


def char_share(nodes: ShieldNodes, history: ShieldHistory) -> Floats:
    """(node,) share of char at the end, 0 virgin to 1 char."""
    place = material_depth(nodes, history)
    at = [
        np.interp(place[i], history.char_depth[i], history.char_fraction[i]) for i in range(history.arc_length.size)
    ]  # fmt: skip
    return np.clip(_across(nodes.arc, history.arc_length, np.array(at)), 0.0, 1.0)
