"""Items of the capsule's chain for the topic `landing`: rigid body, ledger, resolution, speed, finite elements."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from containment.structure import chain_calibration, soil
from containment.structure.chain import Play
from containment.structure.chain_calibration import Calibration
from containment.structure.chain_capsule import Block, Capsule, Forebody, Tuning, land
from containment.structure.crushable import Foam
from containment.structure.soil import Ground
from containment.verification import bench_landing_samples as samples
from containment.verification.bench_yardstick import within
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]

_SEED = 90210  # other capsules than those of the calibration
_RUNS = 60  # about 0.8 s of finite elements each: forty on rigid ground know an rms of 5 % to 0.6 %
_G0 = 9.80665  # m/s^2, standard gravity, CGPM 1901
_FOAM = Foam(1.2e6, 90e6, 60.9, 0.67, 0.1e6, 0.3e6, 6.0, 0.02, 1.0)  # absorber of the shipped baseline
_SIXTY = np.pi / 3


def items() -> Iterator[Item]:
    """All items, about a minute of CPU time."""
    yield from _rigid_body()
    yield from _resolution()
    yield from _speed()
    yield from _finite_elements()


def baseline(ground: Ground | None, strength: float = 60e6) -> Capsule:
    """A capsule like the shipped baseline (shell, absorber, three nested parts with play) on a ground."""
    plays = (Play(9e7, 0.1, 5e-4, 5e-4), Play(9e7, 0.1, 5e-4, 5e-4))
    shell = Forebody(1.25, 0.3, _SIXTY, 0.033, 73.0, 20e9, strength, 1e8)
    block = Block(_FOAM, 0.092, 0.24, 0.09, 1.3e6)
    tuning = chain_calibration.load().tuning
    return Capsule(shell, block, 0.152, (2.64, 2.44, 14.0), plays, ground, tuning=tuning)


def _rigid_body() -> Iterator[Item]:
    """A shell and foam that never yield move as one body: the rung-zero integral of a sphere-cone in soil."""
    ground = Ground(3e5, 0.0, 160.0, 3e8)
    shell = Forebody(1.25, 0.3, _SIXTY, 0.033, 73.0, 20e9, 1e12, 0.0)
    block = Block(replace(_FOAM, plateau=5e7), 0.092, 0.24, 0.09, 5e7)
    body = Capsule(shell, block, 0.152, (19.0,), (), ground)
    history = land(body, 30.0)
    mass = 73.0 + 19.0 + 2.2
    depth, peak = soil.rigid_penetration(mass, 30.0, soil.sphere_cone(0.3, _SIXTY, 1.25), ground)
    source = "energy of a rigid sphere-cone in soil, integrated in depth"
    # 3 %: 11 rings wet their areas one after the other; 1 mm of elastic ground adds to the depth
    yield Item.relative("landing.capsule.rigid.depth", depth, float(history.penetration.max()), 0.03, "m", source)
    slowest = float(np.max(history.acceleration(0, 4e-3)))
    yield Item.relative("landing.capsule.rigid.peak", peak, slowest, 0.03, "m/s^2", source + "; mean over 4 ms")


def _resolution() -> Iterator[Item]:
    for name, ground in {"clay": Ground(5e5, 0.0, 320.0, 3e8), "hard": None}.items():
        whole, half = (land(baseline(ground), 40.0, gravity=_G0, factor=factor) for factor in (1.0, 0.5))
        worst = max(whole.ledger_error, half.ledger_error)
        yield Item.at_most(f"landing.capsule.{name}.ledger", 1e-3, worst, "", "independent energy terms, <= 0.1 %")
        found = (half.peak(-1, samples.WINDOW), whole.peak(-1, samples.WINDOW))
        # 3 %: the change that counts as converged
        yield Item.relative(f"landing.capsule.{name}.half-step", *found, 0.03, "m/s^2", "step against half of it")


def _speed() -> Iterator[Item]:
    for name, ground in {"clay": Ground(5e5, 0.0, 320.0, 3e8), "hard": None}.items():
        body, spent = baseline(ground), []
        for _ in range(30):
            start = time.process_time()
            land(body, 40.0, gravity=_G0)
            spent.append(time.process_time() - start)
        source = "CPU time of one landing with its set-up, least of 30"
        yield within(f"landing.capsule.{name}.time", 2e-3, min(spent), source)


@cache
def held_out() -> tuple[tuple[bool, ...], Floats, Floats]:
    """Which samples are on rigid ground; ln(chain / finite elements) before and after calibration."""
    group = samples.design(_RUNS, np.random.default_rng(_SEED))
    truth = np.array([samples.finite_elements(sample, 0.01) for sample in group])
    found = []
    for calibration in (Calibration(Tuning(), 0.0, 0.0, 0.0), chain_calibration.load()):
        factor = [calibration.correction(samples.as_chain(s, calibration.tuning), s.speed) for s in group]
        found.append(np.log(np.array(factor) * [samples.chain_peak(s, calibration.tuning) for s in group] / truth))
    return tuple(sample.hard for sample in group), found[0], found[1]


def _finite_elements() -> Iterator[Item]:
    hard, before, after = held_out()
    for ground, chosen in (("hard", np.array(hard)), ("soil", ~np.array(hard))):
        for state, errors, bar in (("before", before, 0.10), ("after", after, 0.05)):
            left = errors[chosen & np.isfinite(errors)]
            source = (
                f"peak acceleration, chain against explicit finite elements on {left.size} capsules not calibrated on: "
                f"rms of ln ratio, {state} calibration; median {100 * np.median(np.abs(left)):.1f} %, "
                f"worst {100 * np.abs(left).max():.0f} %"
            )
            yield Item.at_most(
                f"landing.capsule.{ground}.{state}", bar, float(np.sqrt(np.mean(left**2))), "", source
            )  # fmt: skip
