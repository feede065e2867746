"""What a landing must refuse by name, or answer as physics does: lost or overlapping parts, penetration, softening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from containment.errors import SolverError
from containment.structure.chain_capsule import land
from containment.structure.crushable import Foam
from containment.structure.explicit import Body, ContactLine, Control, Metal, Terrain, simulate
from containment.structure.explicit_capsule import capsule
from containment.structure.explicit_nest import Layer, Sphere, nested
from containment.structure.soil import Ground
from containment.verification import bench_capsule, bench_contact
from containment.verification.bench_capsule_chain import baseline
from containment.verification.bench_refusals import named
from containment.verification.bench_taylor import COPPER, cylinder
from containment.verification.catalogue import Item

_SOIL = Ground(2e6, 0.0, 0.0, 3e9)


def items() -> Iterator[Item]:
    """One item for each input: 1 when the error names what is wrong."""
    for name, (words, act) in _CASES.items():
        yield Item.absolute(f"landing.refusal.{name}", 1.0, float(named(words, act)), 0.0, "", f"names {words!r}")
    still = land(baseline(None), 0.0, gravity=9.80665)
    yield Item.absolute(
        "landing.speed-0", 0.0, still.peak(-1, 5e-4) + float(np.ptp(still.speeds)), 0.0, "", "laid down: nothing moves"
    )
    yield Item.absolute(
        "landing.not-finite", 4.0, float(_unstable()), 0.0, "", "exit code of a run at three times the stable step"
    )


def _block() -> tuple[Body, ContactLine]:
    points, quads, rows = cylinder(0.01, 0.04, 2, 4)
    body = Body(points, quads, np.zeros(len(quads), dtype=np.int64), [COPPER])
    return body, ContactLine.along(points, rows[0])


def _struck(speed: float, terrain: Terrain) -> object:
    body, contact = _block()
    start = np.tile([0.0, -speed], (len(body.points), 1))
    return simulate(body, start, 1e-5, contact=contact, ground=_SOIL, terrain=terrain)


def _unstable() -> int:
    """Exit code of a run that blows up; 0 where it counts as finished."""
    body, contact = _block()
    start = np.tile([0.0, -300.0], (len(body.points), 1))
    try:
        simulate(body, start, 1e-3, contact=contact, ground=_SOIL, control=Control(safety=3.0))
    except SolverError as error:
        return error.exit_code
    return 0


def _lost_part() -> Body:
    body, _ = _block()
    return Body(body.points, body.cells, body.kind, [COPPER, COPPER])


def _nested(inner: float) -> object:
    """The vessel with a ball inside it whose wall is `inner` m thick."""
    shape, foam, shell, vessel = bench_capsule.parts("clay", 0.02)
    wall = Layer("scv", shape.vessel_wall, 1, vessel, shape.vessel_mass)
    ball = Layer("os", inner, 2, vessel, 10.0)
    return nested(shape, foam, shell, [Sphere((wall,), 5e-4), Sphere((ball,))], None, 0.3)


def _without_absorber() -> object:
    shape, foam, shell, vessel = bench_capsule.parts("clay", 0.02)
    return capsule(replace(shape, absorber_thickness=0.0), foam, shell, vessel)


_CASES: dict[str, tuple[str, Callable[[], object]]] = {
    "lost-part": ("part", _lost_part),
    "parts-that-do-not-fit": ("thickness that fits", lambda: _nested(0.2)),
    "overlapping-parts": ("penetration", lambda: bench_contact.bars(-20.0, 0.0, 1e-5, gap=-1e-3)),
    "ground-in-penetration": ("penetration", lambda: _struck(10.0, Terrain(height=1e-3))),
    "absorber-without-thickness": ("absorber_thickness 0", _without_absorber),
    "absorber-without-thickness-chain": ("thickness 0 m", lambda: replace(baseline(None).block, thickness=0.0)),
    "speed-0": ("at rest", lambda: _struck(0.0, Terrain())),
    "speed-not-a-number": ("landing speed", lambda: land(baseline(None), float("nan"))),
    "soil-without-strength": ("without strength", lambda: Ground(0.0, 0.0, 0.0, 1e8)),
    "softening-metal": ("soften", lambda: Metal(8000.0, 200e9, 0.3, 1e9, hardening=-1e8)),
    "softening-absorber": ("soften", lambda: Foam(1e6, 90e6, 60.0, 0.67, hardening=-1e5)),
}
