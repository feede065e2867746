"""Benchmarks of the explicit finite elements: Taylor bars, elastic bar, crush front, capsule beside the chain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from containment.structure import chain
from containment.structure.crushable import Foam
from containment.structure.explicit import Body, ContactLine, Control, FoamSolid, Metal, Run, simulate
from containment.structure.explicit_capsule import ABSORBER, SHELL, VESSEL, CapsuleShape, capsule
from containment.structure.soil import Ground, sphere_cone
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_COPPER = Metal(8930.0, 117e9, 0.35, 400e6, 100e6)
# 42CrMo4 with Johnson-Cook constants, start 20 degC, melting 1540 degC
_STEEL = Metal(7830.0, 206.9e9, 0.3, 806e6, 614e6, 0.168, 0.0089, 1.0, 1.1, 1813.15, 293.15, 460.0)
_FOAM = Foam(1.2e6, 90e6, 60.9, 0.67, 0.1e6, 0.3e6, 6.0, 0.02, 1.0)  # absorber of the shipped baseline
_RIGID = Ground(1e30, 0.0, 0.0, 1e18)
_WINDOW = 5e-4  # s, filter of accelerations


def items() -> Iterator[Item]:
    """All benchmarks, about 10 s of CPU time."""
    yield from _taylor_linear()
    yield from _taylor_johnson_cook()
    yield from _bar_wave()
    yield from _crush_front()
    yield from _capsule()


def cylinder(radius: float, length: float, across: int, along: int) -> tuple[Floats, Ints, Ints]:
    """Points, quads and node numbers (row along the axis, column across) of a regular cylinder."""
    r, z = np.linspace(0.0, radius, across + 1), np.linspace(0.0, length, along + 1)
    points = np.array([[a, b] for b in z for a in r])
    n = np.arange(len(points)).reshape(along + 1, across + 1)
    quads = np.column_stack([n[:-1, :-1].ravel(), n[:-1, 1:].ravel(), n[1:, 1:].ravel(), n[1:, :-1].ravel()])
    return points, quads, n


def taylor_bar(metal: Metal, speed: float, across: int, along: int) -> tuple[Run, float, float]:
    """A bar 32.4 mm x 3.2 mm on a frictionless wall for 80 us: the run, its length and foot radius in m."""
    points, quads, n = cylinder(3.2e-3, 32.4e-3, across, along)
    body = Body(points, quads, np.zeros(len(quads), dtype=np.int64), [metal])
    start = np.zeros_like(points)
    start[:, 1] = -speed
    run = simulate(body, start, 80e-6, control=Control(fixed_axial=n[0]), record_step=1e-6)
    return run, float(run.points[:, 1].max()), float(run.points[n[0, -1], 0])


def _taylor_linear() -> Iterator[Item]:
    run, length, foot = taylor_bar(_COPPER, 227.0, 10, 50)
    name, source = "explicit.taylor-copper", "Taylor bar with linear hardening: Foulk 2021, Simo 1992, Zienkiewicz 1998"
    yield Item.absolute(f"{name}.length", 21.45e-3, length, 0.05e-3, "m", source)  # published 21.4 to 21.5
    yield Item.absolute(f"{name}.foot", 7.1e-3, foot, 0.1e-3, "m", source)  # published 7.0 to 7.2
    strain = float(run.plastic_strain.max())
    yield Item.absolute(f"{name}.plastic-strain", 2.75, strain, 0.25, "", source)  # 2.5 to 3.0, mesh dependent
    yield Item.at_most(f"{name}.ledger", 1e-3, run.ledger_error, "", "independent energy terms, <= 0.1 %")
    share = run.energy["hourglass"] / (run.energy["plastic"] + run.energy["elastic"])
    yield Item.at_most(f"{name}.hourglass", 0.02, share, "", "hourglass <= 2 % of internal energy")


def _taylor_johnson_cook() -> Iterator[Item]:
    run, length, foot = taylor_bar(_STEEL, 287.0, 10, 100)
    name, source = "explicit.taylor-42crmo4", "DynELA and Abaqus: 26.52-26.56 mm, 11.15-11.22 mm, 1.78-1.84"
    yield Item.relative(f"{name}.length", 26.54e-3, length, 0.005, "m", source)
    yield Item.relative(f"{name}.foot-diameter", 11.18e-3, 2.0 * foot, 0.005, "m", source)
    yield Item.relative(f"{name}.plastic-strain", 1.81, float(run.plastic_strain.max()), 0.1, "", source)
    yield Item.at_most(f"{name}.ledger", 1e-3, run.ledger_error, "", "independent energy terms, <= 0.1 %")


def _bar_wave() -> Iterator[Item]:
    """Elastic bar held sideways on a rigid wall: contact 2 L / c, force rho c V A (Code_Aster SDNV100, V5.03.100)."""
    radius, length, speed = 0.01, 0.2, 100.0
    metal = Metal(8000.0, 200e9, 0.3, 1e30)
    points, quads, n = cylinder(radius, length, 1, 200)
    body = Body(points, quads, np.zeros(len(quads), dtype=np.int64), [metal])
    start = np.zeros_like(points)
    start[:, 1] = -speed
    run = simulate(
        body, start, 1.2e-4, control=Control(fixed_radial=np.arange(len(points))), ground=_RIGID, record_step=2e-7,
        contact=ContactLine.along(points, n[0]),
    )  # fmt: skip
    wave, area = 5801.0, np.pi * radius**2  # m/s, sqrt((lambda + 2 G)/rho)
    plateau = float(np.median(run.ground_force[(run.time > 1e-5) & (run.time < 5.5e-5)]))
    touching = run.time[run.ground_force > 0.05 * run.ground_force.max()]
    source = "one-dimensional wave: contact 2 L/c, force rho c V A; Code_Aster SDNV100"
    contact = float(touching[-1] - touching[0])
    yield Item.relative("explicit.bar-wave.contact", 2.0 * length / wave, contact, 0.02, "s", source)
    # finite strain: 1.7 % of compression stiffens the bar by about that
    yield Item.relative("explicit.bar-wave.force", 8000.0 * wave * speed * area, plateau, 0.02, "N", source)


def _crush_front() -> Iterator[Item]:
    """A heavy mass drives foam against a wall: sigma + rho v^2 / e_D there, sigma at the mass (Reid and Peng 1997)."""
    foam, speed, radius = Foam(0.5e6, 10e9, 400.0, 0.6), 60.0, 0.003
    points, quads, n = cylinder(radius, 0.3, 1, 100)
    kind = np.zeros(len(quads), dtype=np.int64)
    kind[-5:] = 1
    body = Body(points, quads, kind, [FoamSolid(foam), Metal(4e5, 200e9, 0.3, 1e30)])
    start = np.zeros_like(points)
    start[:, 1] = -speed
    run = simulate(
        body, start, 1.8e-3, control=Control(fixed_radial=np.arange(len(points))), ground=_RIGID, record_step=5e-6,
        contact=ContactLine.along(points, n[0]),
    )  # fmt: skip
    late = run.time > 0.6e-3
    wall = float(run.ground_force[late].mean()) / (np.pi * radius**2)
    source = "rigid, perfectly plastic, locking foam: Reid and Peng, Int. J. Impact Eng. 19 (1997) 531"
    # 4 %: a front some elements wide and its bulk viscosity
    yield Item.relative("explicit.crush-front.wall", 0.5e6 + 400.0 * speed**2 / 0.6, wall, 0.04, "Pa", source)


_GROUNDS = {"clay": Ground(5e5, 0.0, 320.0, 3e8), "crust": Ground(2e6, 0.0, 360.0, 1e9)}
_STROKE_AREA = 2.3  # crushed over projected area, the chain's nominal area_factor


@cache
def capsule_run(ground: str, size: float) -> Run:
    """The baseline capsule with its inner parts as one stiff sphere, 40 m/s; "rock": rigid ground, yielding shell."""
    shape = CapsuleShape(1.25, 0.3, np.pi / 3, 0.033, 75.0, 0.092, 0.24, 0.09, 0.152, 0.006, 19.1, size)
    shell = Metal(1700.0, 20e9, 0.3, 60e6 if ground == "rock" else 1e30, 100e6 if ground == "rock" else 0.0)
    made = capsule(shape, FoamSolid(_FOAM, 1.3e6), shell, Metal(11000.0, 110e9, 0.3, 1e30))
    start = np.zeros_like(made.body.points)
    start[:, 1] = -40.0
    parts = {"shell": np.array([SHELL]), "absorber": np.array([ABSORBER]), "vessel": np.array([VESSEL])}
    surface = _GROUNDS.get(ground, Ground(1e30, 0.0, 0.0, 1e15))
    return simulate(made.body, start, 0.012, contact=made.contact, ground=surface, groups=parts)


def capsule_chain(ground: str) -> chain.Landing:
    """The same capsule as a chain of 24 masses."""
    rock = Ground(6e7, 0.0, 0.0, 4.5e10)
    shell = 75.0 * (0.3 if ground == "rock" else 1.0)
    body = chain.Chain(
        shell, (19.1,), (), _FOAM, np.pi * 0.152**2 * _STROKE_AREA, 0.092, 22, sphere_cone(0.3, np.pi / 3, 1.25),
        _GROUNDS.get(ground, rock),
    )  # fmt: skip
    return chain.land(body, 40.0)


def _capsule() -> Iterator[Item]:
    for ground in _GROUNDS:
        coarse, fine = capsule_run(ground, 0.010), capsule_run(ground, 0.005)
        name, source = f"explicit.capsule-{ground}", "0.5 k against 2 k quads; chain of 24 masses against 2 k quads"
        peak = fine.peak("vessel", _WINDOW)
        yield Item.relative(f"{name}.mesh", peak, coarse.peak("vessel", _WINDOW), 0.03, "m/s^2", source)
        # 5 %: goal of the chain after calibration
        yield Item.relative(f"{name}.chain", peak, capsule_chain(ground).peak(-1, _WINDOW), 0.05, "m/s^2", source)
        yield Item.at_most(f"{name}.ledger", 1e-3, fine.ledger_error, "", "independent energy terms, <= 0.1 %")
        internal = sum(fine.energy[key] for key in ("elastic", "plastic", "contact_loss"))
        share = fine.energy["hourglass"] / internal
        yield Item.at_most(f"{name}.hourglass", 0.02, share, "", "hourglass <= 2 % of what is absorbed")
    coarse, fine = capsule_run("rock", 0.010), capsule_run("rock", 0.005)
    peak = fine.peak("vessel", _WINDOW)
    source = "rigid ground, absorber bottoms out: what the chain misses there is landing.surfaces.hard.model_factor"
    yield Item.relative("explicit.capsule-rock.mesh", peak, coarse.peak("vessel", _WINDOW), 0.03, "m/s^2", source)
    # exp(0.5) - 1: one standard deviation of that factor
    yield Item.relative(
        "explicit.capsule-rock.chain", peak, capsule_chain("rock").peak(-1, _WINDOW), 0.65, "m/s^2", source
    )  # fmt: skip
    yield Item.at_most(
        "explicit.capsule-rock.ledger", 1e-3, fine.ledger_error, "", "independent energy terms, <= 0.1 %"
    )
