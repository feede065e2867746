"""Set-up of the capsule benchmarks: the baseline capsule, its inner parts one stiff sphere, on clay, crust, rock."""

from __future__ import annotations

from functools import cache

import numpy as np

from containment.structure.crushable import Foam
from containment.structure.explicit import FoamSolid, Metal, Run, simulate
from containment.structure.explicit_capsule import ABSORBER, SHELL, VESSEL, Capsule, CapsuleShape, capsule
from containment.structure.soil import Ground

FOAM = Foam(1.2e6, 90e6, 60.9, 0.67, 0.1e6, 0.3e6, 6.0, 0.02, 1.0)  # absorber of the shipped baseline
RIGID = Ground(1e30, 0.0, 0.0, 1e18)
GROUNDS = {"clay": Ground(5e5, 0.0, 320.0, 3e8), "crust": Ground(2e6, 0.0, 360.0, 1e9)}
SPEED = 40.0
TIMED = {0.0038: 20, 0.0019: 100}  # edge length m of 3 k and 12 k quads: CPU s they may take for 20 ms
_TENSION = 1.3e6  # Pa, at which the absorber parts


def mesh(ground: str, size: float) -> Capsule:
    """The capsule with edges of `size`; on rock its shell yields."""
    shape = CapsuleShape(1.25, 0.3, np.pi / 3, 0.033, 75.0, 0.092, 0.24, 0.09, 0.152, 0.006, 19.1, size)
    shell = Metal(1700.0, 20e9, 0.3, 60e6, 100e6) if ground == "rock" else Metal(1700.0, 20e9, 0.3, 1e30)
    return capsule(shape, FoamSolid(FOAM, _TENSION), shell, Metal(11000.0, 110e9, 0.3, 1e30))


@cache
def land(ground: str, size: float, end: float = 0.012) -> tuple[Run, int]:
    """The run at 40 m/s and the number of quads; "rock": rigid ground, yielding shell."""
    made = mesh(ground, size)
    start = np.zeros_like(made.body.points)
    start[:, 1] = -SPEED
    parts = {"shell": np.array([SHELL]), "absorber": np.array([ABSORBER]), "vessel": np.array([VESSEL])}
    surface = GROUNDS.get(ground, Ground(1e30, 0.0, 0.0, 1e15))
    run = simulate(made.body, start, end, contact=made.contact, ground=surface, groups=parts)
    return run, len(made.body.cells)
