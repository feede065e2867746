"""Set-up of the capsule benchmarks: the baseline capsule, its inner parts one stiff sphere, on clay, crust, rock."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from containment.structure.crushable import Foam
from containment.structure.explicit import FoamSolid, Metal, Run, Terrain, simulate
from containment.structure.explicit_capsule import ABSORBER, SHELL, VESSEL, CapsuleShape, capsule
from containment.structure.explicit_half import Arrival, half_capsule
from containment.structure.explicit_nest import Layer, Sphere, nested
from containment.structure.explicit_parts import Bond
from containment.structure.soil import Ground

FOAM = Foam(1.2e6, 90e6, 60.9, 0.67, 0.1e6, 0.3e6, 6.0, 0.02, 1.0)  # absorber of the shipped baseline
RIGID = Ground(1e30, 0.0, 0.0, 1e18)
GROUNDS = {"clay": Ground(5e5, 0.0, 320.0, 3e8), "crust": Ground(2e6, 0.0, 360.0, 1e9)}
SPEED = 40.0
TIMED = {0.0038: 20, 0.0019: 100}  # edge length m of 3 k and 12 k quads: CPU s they may take for 20 ms
_TENSION = 1.3e6  # Pa, at which the absorber parts


def parts(ground: str, size: float) -> tuple[CapsuleShape, FoamSolid, Metal, Metal]:
    """Dimensions, absorber, shell and vessel with edges of `size`; on rock the shell yields."""
    shape = CapsuleShape(1.25, 0.3, np.pi / 3, 0.033, 75.0, 0.092, 0.24, 0.09, 0.152, 0.006, 19.1, size)
    shell = Metal(1700.0, 20e9, 0.3, 60e6, 100e6) if ground == "rock" else Metal(1700.0, 20e9, 0.3, 1e30)
    return shape, FoamSolid(FOAM, _TENSION), shell, Metal(11000.0, 110e9, 0.3, 1e30)


@cache
def land(ground: str, size: float, end: float = 0.012) -> tuple[Run, int]:
    """The run at 40 m/s and the number of quads; "rock": rigid ground, yielding shell."""
    made = capsule(*parts(ground, size))
    start = np.zeros_like(made.body.points)
    start[:, 1] = -SPEED
    groups = {"shell": np.array([SHELL]), "absorber": np.array([ABSORBER]), "vessel": np.array([VESSEL])}
    surface = GROUNDS.get(ground, Ground(1e30, 0.0, 0.0, 1e15))
    run = simulate(made.body, start, end, contact=made.contact, ground=surface, groups=groups)
    return run, len(made.body.cells)


@cache
def land_half(
    ground: str, size: float, arrival: Arrival, slope: float = 0.0, end: float = 0.012, braced: bool = True
) -> tuple[Run, int]:  # fmt: skip
    """Half of the capsule in space, friction 0.3 (assumed, soil on a heat shield), and the number of hexahedra.

    `braced`: elastic hourglass control of shell and vessel; without it viscous.
    """
    terrain = Terrain(slope, 0.3)
    made = half_capsule(*parts(ground, size), arrival, terrain)
    groups = {"shell": np.array([SHELL]), "absorber": np.array([ABSORBER]), "vessel": np.array([VESSEL])}
    run = simulate(
        replace(made.body, braced=braced), made.velocity, end, control=made.control, contact=made.contact,
        ground=GROUNDS[ground], terrain=terrain, groups=groups,
    )  # fmt: skip
    return run, len(made.body.cells)


@cache
def land_loose(ground: str, size: float, end: float = 0.012) -> tuple[Run, Run]:
    """The same capsule nose first with a ball loose in its vessel: half of it in space, and the body of revolution.

    5 kg of vessel, 14.1 kg of ball, 1 mm of play, friction 0.2 (assumed, metal on metal); the foam holds the vessel.
    """
    shape, foam, shell, vessel = parts(ground, size)
    shape, surface, play = replace(shape, vessel_mass=5.0), GROUNDS[ground], 1e-3
    ball = Sphere((Layer("os", 0.03, 3, Metal(8000.0, 110e9, 0.3, 1e30), 14.1),))
    half = half_capsule(shape, foam, shell, vessel, Arrival(SPEED), Terrain(0.0, 0.3), [ball], play, 0.2)
    groups = {"vessel": np.array([VESSEL]), "os": np.array([VESSEL + 1])}
    solid = simulate(
        half.body, half.velocity, end, control=half.control, contact=half.contact, ground=surface,
        terrain=Terrain(0.0, 0.3), groups=groups, parts=half.parts,
    )  # fmt: skip
    outer = Sphere((Layer("vessel", 0.006, 2, vessel, 5.0),), play)
    turned = nested(shape, foam, shell, [outer, ball], Bond(1e9, 1e9, 1e-3), 0.2)  # a bond that does not tear
    start = np.zeros_like(turned.body.points)
    start[:, 1] = -SPEED
    flat = simulate(
        turned.body, start, end, contact=turned.ground, ground=surface, groups=groups, parts=turned.parts
    )  # fmt: skip
    return solid, flat
