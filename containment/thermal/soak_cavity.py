"""Radiation between the surfaces of a cavity: grey, diffuse, with reflections, and an opening to the surroundings.

Ring i emits and reflects J_i = e_i E_i + (1 - e_i) (sum_j F_ij J_j + F_i0 E_0), E = sigma T^4 (Siegel and Howell,
Thermal Radiation Heat Transfer, ch. 6); its net gain is A_i e_i (sum_j F_ij J_j + F_i0 E_0 - E_i). Eliminating J leaves
constant matrices, so that the heat to the nodes is

    Q = B sigma T_0^4 - R sigma T^4     (W per radian),     R symmetric, R 1 = B: what one gains another loses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.meshing.lines import edge_normals, paths
from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_kernel import SIGMA as STEFAN_BOLTZMANN
from containment.thermal.soak_view import view_factors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Own choice: rings of a fortieth of the cavity's lines, no more than 15 degrees of turn; finer meshes are grouped, as
# rays cost the square of the number of rings and a flux does not change over a few centimetres.
RINGS, TURN = 40, np.radians(15.0)


@dataclass(frozen=True)
class Cavity:
    """Exchange matrices of one cavity: its `nodes` (n,), `exchange` R (n, n) m^2/rad, `opening` B (n,) m^2/rad."""

    nodes: Ints
    exchange: Floats
    opening: Floats

    def heat(self, temperature: Floats, outside: float) -> Floats:
        """(n,) heat to the nodes, W/rad, from their temperatures (n,) K and that of the surroundings."""
        return np.asarray(STEFAN_BOLTZMANN * (self.opening * outside**4 - self.exchange @ temperature**4))

    def loss(self, temperature: Floats) -> Floats:
        """(n,) how much less heat a node gains per kelvin of its own, W/K/rad."""
        return np.asarray(4.0 * STEFAN_BOLTZMANN * np.diag(self.exchange) * temperature**3)


def cavity(section: SectionMesh, emissivity: Mapping[str, float]) -> Cavity:
    """The cavity bounded by tagged outer lines, each with its emissivity (0 to 1, not 0)."""
    ends: list[list[int]] = []
    grey: list[float] = []
    normal: list[Floats] = []
    longest = _total_length(section, emissivity) / RINGS
    for name, value in emissivity.items():
        rings = _rings(section, name, longest)
        ends += rings
        grey += [value] * len(rings)
        normal += _ring_normals(section, name, rings)
    start = section.points[[ring[0] for ring in ends]]
    end = section.points[[ring[-1] for ring in ends]]
    view = view_factors(start, end, np.array(normal))
    e = np.array(grey)
    # J = M^-1 (e E + (1 - e) F0 E0); gain = A e (F J + F0 E0 - E)
    matrix = np.eye(len(e)) - (1.0 - e)[:, None] * view.factor
    emitted = np.linalg.solve(matrix, np.diag(e))
    gain = (view.area * e)[:, None] * (view.factor @ emitted - np.eye(len(e)))
    gain = 0.5 * (gain + gain.T)  # symmetric by reciprocity up to rounding
    nodes, spread = _spread(section, ends)
    exchange = -spread.T @ gain @ spread
    return Cavity(nodes, exchange, exchange.sum(axis=1))


def _total_length(section: SectionMesh, lines: Mapping[str, float]) -> float:
    edges = np.concatenate([section.facets[section.facet == section.facet_number(name)] for name in lines])
    ends = section.points[edges]
    return float(np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1).sum())


def _rings(section: SectionMesh, name: str, longest: float) -> list[list[int]]:
    """Groups of consecutive edges of a line, as node paths that share their end nodes."""
    rings: list[list[int]] = []
    for path in paths(section, name):
        step = np.diff(section.points[path], axis=0)
        length, angle = np.linalg.norm(step, axis=1), np.arctan2(step[:, 1], step[:, 0])
        ring, begun, covered = [path[0]], angle[0], 0.0
        for node, more, heading in zip(path[1:], length, angle, strict=True):
            turn = abs((heading - begun + np.pi) % (2.0 * np.pi) - np.pi)
            if len(ring) > 1 and (covered + more > longest or turn > TURN):
                rings.append(ring)
                ring, begun, covered = [ring[-1]], heading, 0.0
            ring.append(node)
            covered += more
        rings.append(ring)
    return rings


def _ring_normals(section: SectionMesh, name: str, rings: list[list[int]]) -> list[Floats]:
    """Unit normals of the straight rings, each on the side of the outward normal of its first edge."""
    outward, _, _ = edge_normals(section, name)
    edges = np.sort(section.facets[section.facet == section.facet_number(name)], axis=1)
    number = {(int(a), int(b)): i for i, (a, b) in enumerate(edges)}
    normals = []
    for ring in rings:
        chord = section.points[ring[-1]] - section.points[ring[0]]
        normal = np.array([chord[1], -chord[0]]) / np.linalg.norm(chord)
        low, high = sorted(ring[:2])
        normals.append(normal if normal @ outward[number[low, high]] > 0.0 else -normal)
    return normals


def _spread(section: SectionMesh, rings: list[list[int]]) -> tuple[Ints, Floats]:
    """Nodes of the rings, and (ring, node) weights: the share of a ring's area that belongs to each of its nodes."""
    nodes = np.unique(np.concatenate(rings))
    weights = np.zeros((len(rings), len(nodes)))
    for row, ring in enumerate(rings):
        at = np.searchsorted(nodes, ring)
        r = section.points[ring, 0]
        length = np.linalg.norm(np.diff(section.points[ring], axis=0), axis=1)
        np.add.at(weights[row], at[:-1], length * (2.0 * r[:-1] + r[1:]) / 6.0)
        np.add.at(weights[row], at[1:], length * (r[:-1] + 2.0 * r[1:]) / 6.0)
    return nodes, weights / weights.sum(axis=1, keepdims=True)
