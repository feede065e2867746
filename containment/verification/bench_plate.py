"""Set-up of bending with one layer of hexahedra: free vibration of a clamped strip, as thin as a shell's wall."""

from __future__ import annotations

import numpy as np

from containment.structure.explicit import Control, Metal, Solid, simulate
from containment.structure.explicit_meshes import draw_out

_STEEL = Metal(8000.0, 200e9, 0.3, 1e30)
_LENGTH, _WIDTH, _THICKNESS = 0.2, 0.02, 0.004
_ROOT = 1.875104068711961  # first root of cos x cosh x = -1
_SPEED = 1.0  # m/s of the tip: it moves by a hundredth of the length


def period() -> float:
    """First period of a clamped Euler beam, s."""
    stiffness = np.sqrt(_STEEL.youngs_modulus / _STEEL.density) * _THICKNESS / np.sqrt(12.0)
    return float(2.0 * np.pi * _LENGTH**2 / (_ROOT**2 * stiffness))


def vibrate(*, braced: bool) -> tuple[float, float]:
    """(period s, ledger error) of 20 x 2 hexahedra set off in the first mode; infinite when it never turns back."""
    grid = np.array([[x, y] for x in np.linspace(0.0, _LENGTH, 21) for y in np.linspace(0.0, _WIDTH, 3)])
    n = np.arange(len(grid)).reshape(21, 3)
    quads = np.column_stack([n[:-1, :-1].ravel(), n[1:, :-1].ravel(), n[1:, 1:].ravel(), n[:-1, 1:].ravel()])
    points, cells = draw_out(grid, quads, np.array([0.0, _THICKNESS]))
    body = Solid(points, cells, np.zeros(len(cells), dtype=np.int64), [_STEEL], braced=braced)
    k, x = _ROOT / _LENGTH, points[:, 0]
    share = (np.sinh(_ROOT) - np.sin(_ROOT)) / (np.cosh(_ROOT) + np.cos(_ROOT))
    mode = np.cosh(k * x) - np.cos(k * x) - share * (np.sinh(k * x) - np.sin(k * x))
    speed = np.zeros_like(points)
    speed[:, 2] = _SPEED * mode / np.abs(mode).max()
    wall = np.flatnonzero(x < 1e-9)
    control = Control(hourglass=0.0, fixed_axial=wall, fixed_radial=wall, fixed_side=wall)
    run = simulate(body, speed, 0.9 * period(), control=control, record_step=2e-5)
    turns = run.time[1:][np.diff(np.sign(run.means["all"])) != 0.0]
    return (2.0 * float(turns[1] - turns[0]) if len(turns) > 1 else np.inf), run.ledger_error
