"""Set-ups of contact between parts with closed forms: one bar strikes its twin, two bonded bars are torn apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from containment.structure.explicit import Body, Control, Metal, Run, Solid, simulate
from containment.structure.explicit_faces import FaceContact
from containment.structure.explicit_meshes import draw_out
from containment.structure.explicit_parts import Bond, PartContact
from containment.verification.bench_taylor import cylinder

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RADIUS, LENGTH, SPEED = 0.01, 0.2, 20.0
STEEL = Metal(8000.0, 200e9, 0.3, 1e30)
STEEL_AGAIN = Metal(8000.0, 200e9, 0.3, 1e31)  # another part of the same elastic metal
BOND = Bond(50e6, 40e6, 1e-3)


def bars(upper: float, lower: float, end: float, bond: Bond | None = None, gap: float = 0.0) -> Run:
    """Two bars of 100 quads, one on the other, held sideways, with these axial speeds."""
    points, quads, n = cylinder(RADIUS, LENGTH, 1, 100)
    both = np.concatenate([points, points + np.array([0.0, LENGTH + gap])])
    body = Body(both, np.concatenate([quads, quads + len(points)]), np.repeat([0, 1], len(quads)), [STEEL, STEEL_AGAIN])
    speed = np.zeros_like(both)
    speed[: len(points), 1], speed[len(points) :, 1] = lower, upper
    face, top = n[0] + len(points), n[-1][::-1]
    # the upper part lies to the left of a chain that runs outward
    area = np.pi * RADIUS**2 * np.array([0.5, 0.5])  # as the masses
    contact = PartContact(face, area, top[::-1].copy(), 0.0, bond)
    return simulate(
        body, speed, end, control=Control(fixed_radial=np.arange(len(both))), parts=[contact], record_step=1e-6,
        groups={"lower": np.array([0]), "upper": np.array([1])},
    )  # fmt: skip


def twins() -> Run:
    """The upper bar meets the lower one at rest: in one dimension they change places."""
    return bars(-SPEED, 0.0, 1.2e-4)


def torn() -> Run:
    """Bonded bars fly apart: what is lost is strength x opening / 2 x area."""
    return bars(8.0, -8.0, 1e-3, BOND)


def blocks(velocity: tuple[float, float, float], friction: float, end: float = 4e-5) -> tuple[Solid, Run]:
    """A cube of 30 mm in flight meets a free one of 60 mm in space, over edges and corners that do not match."""
    (small, cells), (large, others) = _cube(0.03, 3), _cube(0.06, 4)
    points = np.concatenate([small + np.array([0.0131, 0.0117, 0.06]), large])
    cells = np.concatenate([cells, others + len(small)])
    body = Solid(points, cells, np.repeat([0, 1], [27, 64]), [STEEL, STEEL_AGAIN])
    upper = np.arange(len(points)) < len(small)
    speed = np.where(upper[:, None], np.array(velocity), 0.0)
    under = np.flatnonzero(upper & (points[:, 2] < 0.06 + 1e-9))
    top = np.flatnonzero(~upper & (points[:, 2] > 0.06 - 1e-9))
    contact = FaceContact(under, _faces(cells, top), friction)
    run = simulate(
        body, speed, end, parts=[contact], groups={"upper": np.array([0]), "lower": np.array([1])}, record_step=1e-6,
        control=Control(hourglass=0.02),
    )  # fmt: skip
    return body, run


def _cube(edge: float, count: int) -> tuple[Floats, Ints]:
    """Points and hexahedra of a cube with one corner at the origin."""
    line = np.linspace(0.0, edge, count + 1)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    n = np.arange((count + 1) ** 2).reshape(count + 1, count + 1)
    quads = np.column_stack([n[:-1, :-1].ravel(), n[1:, :-1].ravel(), n[1:, 1:].ravel(), n[:-1, 1:].ravel()])
    return draw_out(grid, quads, line)


def _faces(cells: Ints, nodes: Ints) -> Ints:
    """Upper faces of hexahedra whose four corners are among the nodes, counter-clockwise from above."""
    tops = cells[:, [4, 5, 7, 6]]
    return np.asarray(tops[np.isin(tops, nodes).all(axis=1)])
