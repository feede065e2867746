"""Set-ups of the impact benchmarks: Taylor bars of every element form, and mapped cylinders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from containment.structure.explicit import Body, Control, Metal, Run, Solid, simulate
from containment.structure.explicit_meshes import draw_out, quarter_disc, tetrahedra

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COPPER = Metal(8930.0, 117e9, 0.35, 400e6, 100e6)
# 42CrMo4 with Johnson-Cook constants, start 20 degC, melting 1540 degC
STEEL = Metal(7830.0, 206.9e9, 0.3, 806e6, 614e6, 0.168, 0.0089, 1.0, 1.1, 1813.15, 293.15, 460.0)
RADIUS, LENGTH, DURATION = 3.2e-3, 32.4e-3, 80e-6
_RECORD = 1e-6  # s


@dataclass(frozen=True)
class Bar:
    """A Taylor bar after its impact: the run, its length and the radius of its foot in m."""

    run: Run
    length: float
    foot: float


def cylinder(radius: float, length: float, across: int, along: int) -> tuple[Floats, Ints, Ints]:
    """Points, quads and node numbers (row along the axis, column across) of a regular cylinder."""
    r, z = np.linspace(0.0, radius, across + 1), np.linspace(0.0, length, along + 1)
    points = np.array([[a, b] for b in z for a in r])
    n = np.arange(len(points)).reshape(along + 1, across + 1)
    quads = np.column_stack([n[:-1, :-1].ravel(), n[:-1, 1:].ravel(), n[1:, 1:].ravel(), n[1:, :-1].ravel()])
    return points, quads, n


def taylor_bar(
    metal: Metal, speed: float, across: int, along: int, rule: Literal["reduced", "full", "mean"] = "reduced"
) -> Bar:
    """A bar of revolution on a frictionless wall for 80 us."""
    points, quads, n = cylinder(RADIUS, LENGTH, across, along)
    body = Body(points, quads, np.zeros(len(quads), dtype=np.int64), [metal], rule)
    start = np.zeros_like(points)
    start[:, 1] = -speed
    run = simulate(body, start, DURATION, control=Control(fixed_axial=n[0]), record_step=_RECORD)
    return Bar(run, float(run.points[:, 1].max()), float(run.points[n[0, -1], 0]))


def quarter_bar(side: int, rings: int, along: int) -> tuple[Floats, Ints]:
    """Points and hexahedra of a quarter of the bar. The facets lie as far inside the circle as outside: true volume."""
    angle = np.pi / (4.0 * side)  # of a facet of the rim
    points, quads = quarter_disc(RADIUS * np.sqrt(angle / np.sin(angle)), side, rings)
    return draw_out(points, quads, np.linspace(0.0, LENGTH, along + 1))


def taylor_solid(
    metal: Metal, speed: float, size: tuple[int, int, int], form: Literal["hex", "tet", "tet-plain"] = "hex"
) -> Bar:
    """A quarter of the bar in space; `size`: cells of the core's side, rings around it, layers along the axis."""
    points, cells = quarter_bar(*size)
    if form != "hex":
        cells = tetrahedra(cells)
    kind = np.zeros(len(cells), dtype=np.int64)
    body = Solid(points, cells, kind, [metal], averaged=form != "tet-plain")
    start = np.zeros_like(points)
    start[:, 2] = -speed
    planes = [np.flatnonzero(points[:, i] < 1e-9 * LENGTH) for i in range(3)]
    control = Control(fixed_radial=planes[0], fixed_side=planes[1], fixed_axial=planes[2])
    run = simulate(body, start, DURATION, control=control, record_step=_RECORD)
    foot = run.points[planes[2]]
    # nodes of the rim lie on a slightly larger circle than the disc of the same area
    rim = np.sqrt(np.sin(np.pi / (4 * size[0])) / (np.pi / (4 * size[0])))
    return Bar(run, float(run.points[:, 2].max()), float(np.hypot(foot[:, 0], foot[:, 1]).max() * rim))
