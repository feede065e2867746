"""Set-ups of bending with one layer: clamped strip of hexahedra or, as a wide ring, quads; moment of the bent ring."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from containment.structure.explicit import Body, Control, Metal, Solid, simulate
from containment.structure.explicit_meshes import draw_out
from containment.verification.bench_residual import forces

Floats = NDArray[np.float64]
Form = Literal["hex", "quad"]

_STEEL = Metal(8000.0, 200e9, 0.3, 1e30)
_YIELD = 400e6  # Pa
_LENGTH, _WIDTH, _THICKNESS = 0.2, 0.02, 0.004
_RADIUS = 1e3  # m of the ring: a strip whose hoop bears no strain (2e-4 of the strip's own)
_CELLS = 20  # along the strip
_ROOT = 1.875104068711961  # first root of cos x cosh x = -1
_SPEED = 1.0  # m/s of the tip: it moves by a hundredth of the length


def period(form: Form) -> float:
    """First period of a clamped Euler beam, s; the ring bends in plane strain."""
    stiffness = np.sqrt(_STEEL.youngs_modulus / _STEEL.density) * _THICKNESS / np.sqrt(12.0)
    if form == "quad":
        stiffness /= np.sqrt(1.0 - _STEEL.poissons_ratio**2)
    return float(2.0 * np.pi * _LENGTH**2 / (_ROOT**2 * stiffness))


def ring(metal: Metal, braced: bool = True) -> Body:
    """One layer of quads across the thickness, at a great radius."""
    along = np.linspace(0.0, _LENGTH, _CELLS + 1)
    points = np.array([[_RADIUS + x, z] for z in (0.0, _THICKNESS) for x in along])
    n = np.arange(len(points)).reshape(2, -1)
    quads = np.column_stack([n[0, :-1], n[0, 1:], n[1, 1:], n[1, :-1]])
    return Body(points, quads, np.zeros(len(quads), dtype=np.int64), [metal], braced=braced)


def _strip(braced: bool) -> Solid:
    """20 x 2 hexahedra, one layer."""
    grid = np.array([[x, y] for x in np.linspace(0.0, _LENGTH, _CELLS + 1) for y in np.linspace(0.0, _WIDTH, 3)])
    n = np.arange(len(grid)).reshape(_CELLS + 1, 3)
    quads = np.column_stack([n[:-1, :-1].ravel(), n[1:, :-1].ravel(), n[1:, 1:].ravel(), n[:-1, 1:].ravel()])
    points, cells = draw_out(grid, quads, np.array([0.0, _THICKNESS]))
    return Solid(points, cells, np.zeros(len(cells), dtype=np.int64), [_STEEL], braced=braced)


def vibrate(form: Form, *, braced: bool) -> tuple[float, float]:
    """(period s, ledger error) of one layer set off in the first mode; infinite when it never turns back."""
    body = _strip(braced) if form == "hex" else ring(_STEEL, braced)
    x = body.points[:, 0] - body.points[:, 0].min()
    k = _ROOT / _LENGTH
    share = (np.sinh(_ROOT) - np.sin(_ROOT)) / (np.cosh(_ROOT) + np.cos(_ROOT))
    mode = np.cosh(k * x) - np.cos(k * x) - share * (np.sinh(k * x) - np.sin(k * x))
    speed = np.zeros_like(body.points)
    speed[:, -1] = _SPEED * mode / np.abs(mode).max()
    wall = np.flatnonzero(x < 1e-9)
    control = Control(hourglass=0.0, fixed_axial=wall, fixed_radial=wall, fixed_side=wall)
    run = simulate(body, speed, 0.9 * period(form), control=control, record_step=2e-5)
    turns = run.time[1:][np.diff(np.sign(run.means["all"])) != 0.0]
    return (2.0 * float(turns[1] - turns[0]) if len(turns) > 1 else np.inf), run.ledger_error


def moments(bend: float) -> tuple[float, float]:
    """Moment per length of the ring bent to a strain `bend` of its surface, and what a plate takes, N: elastic, in
    plane strain, at most the plastic moment Y t^2 / (2 sqrt 3)."""
    metal = Metal(_STEEL.density, _STEEL.youngs_modulus, _STEEL.poissons_ratio, _YIELD)
    body = ring(metal)
    curve = 2.0 * bend / _THICKNESS
    along, across = body.points[:, 0] - _RADIUS, body.points[:, 1] - 0.5 * _THICKNESS
    # chords of unchanged length and thickness, so that the middles of the one-point cells see no strain
    cell = _LENGTH / _CELLS
    half, angle = 0.5 * cell * curve, along * curve
    radius, across = 0.5 * cell / np.sin(half), across / np.cos(half)
    x = np.column_stack([(radius - across) * np.sin(angle), radius - (radius - across) * np.cos(angle)])
    force = forces(body, x + np.array([_RADIUS, 0.0]))
    end = np.flatnonzero(along == 0.0)
    arm = x[end] - x[end].mean(axis=0)
    found = np.sum(arm[:, 0] * force[end, 1] - arm[:, 1] * force[end, 0]) / (2.0 * np.pi * _RADIUS)
    plate = metal.youngs_modulus / (1.0 - metal.poissons_ratio**2) * bend * _THICKNESS**2 / 6.0
    return abs(float(found)), min(plate, _YIELD * _THICKNESS**2 / (2.0 * np.sqrt(3.0)))
