# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg"
"""Compiled sums over points, triangles and edges: what `soak_conduction` assembles.

A *point* is a node as one material sees it: nodes of an interface have one for each side. Storage and conductivity live
at points; a triangle conducts with the mean of its three points, weighted with their shares of its volume.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

Array = Any  # numba sees plain arrays; shapes are in the docstrings
SIGMA = 5.670374419e-8  # W/m^2/K^4, CODATA 2018
# Three Gauss points on (0, 1), exact to degree 5: r T^4 of an edge is of that degree
_GAUSS = np.array([0.5 - np.sqrt(0.15), 0.5, 0.5 + np.sqrt(0.15)])
_WEIGHT = np.array([5.0, 8.0, 5.0]) / 18.0
FILM, FILM_T, EMISSIVITY, RADIATION_T, CONTACT, CONTACT_T, CONTACT_Z, FLUX = range(8)  # columns of an exchange table


class Points(NamedTuple):
    """`node` (p,), rows `first` and `second` of the grid with `share` (p,) of the second, `volume` (p,) m^3/rad."""

    node: Array
    first: Array
    second: Array
    share: Array
    volume: Array


class Cells(NamedTuple):
    """Triangles: `node` and `point` (m, 3), `volume` (m, 3) of the corners m^3/rad, and `link` (m, 3) the integrals of
    grad phi_i M grad phi_j over the triangle per volume, 1/m^2, of the pairs 01, 12, 20."""

    node: Array
    point: Array
    volume: Array
    link: Array


class Edges(NamedTuple):
    """Edges with heat exchange: `node` (k, 2), radii and heights of the ends (k, 2) m, length (k,) m, `surface` (k,)
    the row of the exchange table, places (k, 4) of the pairs of ends in the matrix."""

    node: Array
    radius: Array
    height: Array
    length: Array
    surface: Array
    place: Array


@njit(cache=True)
def properties(temperature: Array, points: Points, start: float, step: float, tables: Array, out: Array) -> None:
    """Fill `out` (4, p): enthalpy J/m^3, capacity J/m^3/K, conductivity W/m/K and its slope W/m/K^2, from the tables
    (3, material, n) of enthalpy, capacity and conductivity over start + i step, K; linear in capacity, held beyond."""
    last = tables.shape[2] - 2
    node, first, second, share = points.node, points.first, points.second, points.share
    inverse = 1.0 / step
    for p in range(node.size):
        x = (temperature[node[p]] - start) * inverse
        i = min(max(int(np.floor(x)), 0), last)
        d = x - i
        e = c = k = s = 0.0
        for turn in range(2):
            weight = share[p] if turn else 1.0 - share[p]
            if weight == 0.0:
                continue
            row = second[p] if turn else first[p]
            c0, dc = tables[1, row, i], tables[1, row, i + 1] - tables[1, row, i]
            k0, dk = tables[2, row, i], tables[2, row, i + 1] - tables[2, row, i]
            e += weight * (tables[0, row, i] + step * d * (c0 + 0.5 * d * dc))
            c += weight * (c0 + d * dc)
            k += weight * (k0 + d * dk)
            s += weight * dk * inverse
        out[0, p], out[1, p], out[2, p], out[3, p] = e, c, k, s


@njit(cache=True)
def gather(values: Array, points: Points, out: Array) -> None:
    """Sums of values times volume of the points of each node."""
    out[:] = 0.0
    node, volume = points.node, points.volume
    for p in range(node.size):
        out[node[p]] += values[p] * volume[p]


@njit(cache=True, fastmath={"contract", "nsz"})
def conduction(temperature: Array, cells: Cells, conductivity: Array, out: Array) -> None:
    """Add the heat conducted to each node, W/rad."""
    node, point, volume, link = cells.node, cells.point, cells.volume, cells.link
    for m in range(node.shape[0]):
        a, b, c = node[m, 0], node[m, 1], node[m, 2]
        k = (
            volume[m, 0] * conductivity[point[m, 0]]
            + volume[m, 1] * conductivity[point[m, 1]]
            + volume[m, 2] * conductivity[point[m, 2]]
        )
        ta, tb, tc = temperature[a], temperature[b], temperature[c]
        ab, bc, ca = k * link[m, 0] * (tb - ta), k * link[m, 1] * (tc - tb), k * link[m, 2] * (ta - tc)
        out[a] += ca - ab
        out[b] += ab - bc
        out[c] += bc - ca


@njit(cache=True)
def _at(edges: Edges, table: Array, temperature: Array, e: int, g: int) -> tuple:
    """Heat gained and its loss per kelvin, W/rad and W/K/rad, of Gauss point g of edge e, and its place on the edge."""
    x, now = _GAUSS[g], table[edges.surface[e]]
    t = (1.0 - x) * temperature[edges.node[e, 0]] + x * temperature[edges.node[e, 1]]
    r = (1.0 - x) * edges.radius[e, 0] + x * edges.radius[e, 1]
    z = (1.0 - x) * edges.height[e, 0] + x * edges.height[e, 1]
    area = _WEIGHT[g] * edges.length[e] * r
    contact = now[CONTACT] if z < now[CONTACT_Z] else 0.0
    q = now[FLUX] + now[FILM] * (now[FILM_T] - t) + contact * (now[CONTACT_T] - t)
    q += now[EMISSIVITY] * SIGMA * (now[RADIATION_T] ** 4 - t**4)
    return area * q, area * (now[FILM] + contact + 4.0 * now[EMISSIVITY] * SIGMA * t**3), x


@njit(cache=True)
def exchange(temperature: Array, edges: Edges, table: Array, out: Array) -> float:
    """Add the heat exchanged at surfaces to each node, W/rad; returns the sum. `table` (surface, 8)."""
    total = 0.0
    for e in range(edges.length.size):
        for g in range(3):
            q, _, x = _at(edges, table, temperature, e, g)
            out[edges.node[e, 0]] += (1.0 - x) * q
            out[edges.node[e, 1]] += x * q
            total += q
    return total


@njit(cache=True)
def matrix(
    temperature: Array, points: Points, cells: Cells, edges: Edges, table: Array, found: Array, tau: float,
    fixed: Array, diagonal: Array, places: Array, values: Array,
) -> None:  # fmt: skip
    """Fill `values`: d(stored / tau - heat rate) / dT; rows and columns of `fixed` nodes (n,) bool are those of one.

    `found` (4, p) from `properties`; `diagonal` (n,) and `places` (m, 9) say where in `values` an entry is.
    """
    values[:] = 0.0
    for p in range(points.node.size):
        values[diagonal[points.node[p]]] += found[1, p] * points.volume[p] / tau
    conductivity, slope = found[2], found[3]
    g = np.empty((3, 3))
    flow = np.empty(3)
    for m in range(cells.node.shape[0]):
        k = 0.0
        for i in range(3):
            k += cells.volume[m, i] * conductivity[cells.point[m, i]]
        for i in range(3):
            j = (i + 1) % 3
            g[i, j] = g[j, i] = cells.link[m, i]
        for i in range(3):
            g[i, i] = -g[i, (i + 1) % 3] - g[i, (i + 2) % 3]
            flow[i] = 0.0
            for j in range(3):
                flow[i] += g[i, j] * temperature[cells.node[m, j]]
        for i in range(3):
            for j in range(3):
                more = flow[i] * cells.volume[m, j] * slope[cells.point[m, j]]
                values[places[m, 3 * i + j]] += k * g[i, j] + more
    _surfaces(temperature, edges, table, values)
    if fixed.any():
        for m in range(cells.node.shape[0]):
            for i in range(3):
                for j in range(3):
                    if fixed[cells.node[m, i]] or fixed[cells.node[m, j]]:
                        values[places[m, 3 * i + j]] = 0.0
        for n in range(fixed.size):
            if fixed[n]:
                values[diagonal[n]] = 1.0


@njit(cache=True)
def _surfaces(temperature: Array, edges: Edges, table: Array, values: Array) -> None:
    for e in range(edges.length.size):
        for g in range(3):
            _, loss, x = _at(edges, table, temperature, e, g)
            values[edges.place[e, 0]] += (1.0 - x) * (1.0 - x) * loss
            values[edges.place[e, 1]] += (1.0 - x) * x * loss
            values[edges.place[e, 2]] += (1.0 - x) * x * loss
            values[edges.place[e, 3]] += x * x * loss
