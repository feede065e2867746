"""Meshed ground under a rigid body: the cap continuum of `explicit_soil` penetrated as in two real landings.

A block of one-point quads, even under the body and growing outward, against a sphere-cone that is stiff and has the
mass asked for; nodes of either side meet the edges of the other. One soil for both: clay of 100 kPa undrained strength.

    python -m containment.verification.bench_ground      # other strengths and meshes
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from containment.errors import SolverError
from containment.structure import soil
from containment.structure.explicit import Body, Control, Metal, Run, simulate
from containment.structure.explicit_capsule import grid_quads
from containment.structure.explicit_parts import PartContact
from containment.structure.explicit_soil import SoilSolid
from containment.structure.soil import Ground
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_G0 = 9.80665  # m/s^2, standard gravity, CGPM 1901
_WINDOW = 5e-4  # s, filter of accelerations
_GROWTH = 1.12  # from cell to cell outside the even part
_STIFF = 2e9  # Pa, of the body: waves cross it in half a millisecond, and it bends by less than a millimetre
_HOURGLASS = 0.02  # a fifth of the metals': soil flows where they are held
_COLUMN = Ground(5e5, 0.0, 320.0, 3e8)  # clay of the shipped baseline: 0.5 MPa, factor 0.2 of 1600 kg/m^3
_UNDRAINED = 1e5  # Pa


@dataclass(frozen=True)
class Fall:
    """What falls: kg, m/s, nose radius m, half angle rad, diameter m, thickness m; the block's even part, radius and
    depth m; edge m; when it is over, s."""

    mass: float
    speed: float
    nose: float
    half_angle: float
    diameter: float
    thickness: float
    even: float
    radius: float
    depth: float
    size: float
    end: float


# mass and size of the drops are not published: the middle of what `landing.soil_calibration` draws
UTTR = Fall(50.0, 30.0, 0.25, np.pi / 3, 1.1, 0.12, 0.8, 1.6, 1.3, 0.02, 0.03)
# Genesis came down on the rim of a disc; a ball of the same section, 1.52 x 0.5 m, on a shaft is a body of revolution
GENESIS = Fall(205.6, 86.4, 0.49, 0.15, 0.98, 0.15, 1.2, 3.0, 2.6, 0.05, 0.045)


def clay(undrained: float) -> SoilSolid:
    """Sandy clay: Mises strength 2 c_u at any pressure, cap at 5 c_u hardening to 30 % of air; modulus of its
    half-space (37 MPa, see the case's unloading stiffness). Ratios assumed."""
    return SoilSolid(1600.0, 37e6, 0.3, 2.0 * undrained, 0.0, 1e9, 5.0 * undrained, 50.0 * undrained, 0.3, 50e3)


def _body(fall: Fall) -> tuple[Floats, Ints]:
    """Points and grid (along the outline, towards the nose) of the falling body, nose at z = 0."""
    tilt = np.pi / 2 - fall.half_angle
    angle = np.linspace(0.0, tilt, max(3, round(fall.nose * tilt / fall.size)) + 1)
    cap = fall.nose * np.column_stack([np.sin(angle), 1.0 - np.cos(angle)])
    count = max(4, round((fall.diameter / 2 - cap[-1, 0]) / np.cos(tilt) / fall.size))
    r = np.linspace(cap[-1, 0], fall.diameter / 2, count + 1)[1:]
    flank = np.column_stack([r, cap[-1, 1] + (r - cap[-1, 0]) / np.tan(fall.half_angle)])
    outline = np.concatenate([cap, flank])
    layers = max(2, round(fall.thickness / fall.size))
    heights = fall.thickness * np.arange(layers, -1, -1) / layers
    points = np.concatenate([outline + np.array([0.0, height]) for height in heights])
    return points, np.arange(len(points)).reshape(layers + 1, len(outline)).T


def _block(fall: Fall) -> tuple[Floats, Ints]:
    """Points and grid (outward, upward) of the ground, surface at z = 0."""

    def axis(even: float, total: float) -> Floats:
        places, width = list(np.arange(0.0, even + 0.5 * fall.size, fall.size)), fall.size
        while places[-1] < total:
            width *= _GROWTH
            places.append(places[-1] + width)
        return np.array(places)

    r, z = axis(fall.even, fall.radius), -axis(0.75 * fall.even, fall.depth)[::-1]
    grid = np.stack(np.meshgrid(r, z, indexing="ij"), axis=-1)
    return grid.reshape(-1, 2), np.arange(len(r) * len(z)).reshape(len(r), len(z))


@cache
def penetrate(fall: Fall, undrained: float = _UNDRAINED) -> Run:
    """The body in the meshed clay, friction 0.3. Raises SolverError where the mesh does not bear the penetration."""
    ground, table = _block(fall)
    points, grid = _body(fall)
    a, b, c, d = table[:-1, :-1], table[1:, :-1], table[1:, 1:], table[:-1, 1:]
    quads = np.column_stack([a.ravel(), b.ravel(), c.ravel(), d.ravel()])
    both = np.concatenate([ground, points + np.array([0.0, 1e-6])])
    cells = np.concatenate([quads, grid_quads(grid) + len(ground)])
    kind = np.repeat([0, 1], [len(quads), len(cells) - len(quads)])
    law = clay(undrained)
    rough = Body(both, cells, kind, [law, Metal(1000.0, _STIFF, 0.3, 1e30)])
    density = fall.mass / float(rough.weights()[kind == 1].sum())
    body = Body(both, cells, kind, [law, Metal(density, _STIFF, 0.3, 1e30)])
    speed = np.zeros_like(both)
    speed[len(ground) :, 1] = -fall.speed
    top, front = table[:, -1], grid[:, -1] + len(ground)
    under = top[ground[top, 0] < fall.diameter]
    # either side lies to the left of the other's chain
    parts = [
        PartContact(under, np.ones(len(under)), front[::-1].copy(), 0.3),
        PartContact(front, np.ones(len(front)), top.copy(), 0.3),
    ]
    hold = Control(hourglass=_HOURGLASS, fixed_axial=table[:, 0], fixed_radial=table[-1, :])
    return simulate(
        body, speed, fall.end, control=hold, parts=parts, groups={"body": np.array([1])}, record_step=1e-4
    )  # fmt: skip


def depth(run: Run) -> float:
    """Deepest the body came, m."""
    speed = -run.means["body"]
    return float(np.max(np.cumsum(0.5 * (speed[1:] + speed[:-1]) * np.diff(run.time))))


def items() -> Iterator[Item]:
    """Both landings in the meshed clay, and the columns of the baseline beside them; 12 s of CPU time."""
    drop, crash = penetrate(UTTR), penetrate(GENESIS)
    source = "meshed cap continuum, 100 kPa; two full-scale drops at 30 m/s, < 600 g (Kellas 2017, abstract)"
    peak = drop.peak("body", _WINDOW)
    yield Item.at_most("explicit.ground.uttr.peak", 600.0 * _G0, peak, "m/s^2", source)
    source = "the same clay; Genesis, 86.4 m/s, about half of 1.52 m buried, as a ball of the same section"
    # 25 %: mean width of the disc's rim 0.35 to 0.65 m, by which the section and so the depth is known
    yield Item.relative("explicit.ground.genesis.depth", 0.76, depth(crash), 0.25, "m", source)
    noses = {"uttr": soil.sphere_cone(UTTR.nose, UTTR.half_angle, UTTR.diameter), "genesis": soil.sphere(GENESIS.nose)}
    for name, fall, run in (("uttr", UTTR, drop), ("genesis", GENESIS, crash)):
        column, _ = soil.rigid_penetration(fall.mass, fall.speed, noses[name], _COLUMN)
        source = "columns of the baseline's clay against the meshed one, rigid body"
        # 30 %: one standard deviation of resistance and site (ln 0.5, 0.25) moves a depth by up to exp(0.56 / 2)
        yield Item.relative(f"explicit.ground.{name}.columns", depth(run), column, 0.3, "m", source)
        yield Item.at_most(f"explicit.ground.{name}.ledger", 1e-3, run.ledger_error, "", "independent terms, <= 0.1 %")


def main() -> None:
    """Print depth and peak of both falls over the strength of the clay, and over the mesh."""
    from dataclasses import replace

    rows = [(name, fall, s) for s in (4e4, 8e4, 1e5, 1.2e5) for name, fall in (("UTTR", UTTR), ("Genesis", GENESIS))]
    rows += [("UTTR", replace(UTTR, size=size), _UNDRAINED) for size in (0.03, 0.025, 0.015)]
    rows += [("Genesis", replace(GENESIS, size=size), _UNDRAINED) for size in (0.06, 0.04)]
    for name, fall, strength in rows:
        try:
            run = penetrate(fall, strength)
        except SolverError as error:
            sys.stdout.write(f"{name:8s}{strength / 1e3:6.0f} kPa {1e3 * fall.size:4.0f} mm  {error.args[0]}\n")
            continue
        sys.stdout.write(
            f"{name:8s}{strength / 1e3:6.0f} kPa {1e3 * fall.size:4.0f} mm  depth {depth(run):.3f} m  "
            f"peak {run.peak('body', _WINDOW) / _G0:.0f} g  ledger {run.ledger_error:.1e}  "
            f"hourglass / internal {100.0 * run.hourglass_share():.1f} %\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
