"""Set-ups of contact between parts with closed forms: one bar strikes its twin, two bonded bars are torn apart."""

from __future__ import annotations

import numpy as np

from containment.structure.explicit import Body, Control, Metal, Run, simulate
from containment.structure.explicit_parts import Bond, PartContact
from containment.verification.bench_taylor import cylinder

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
