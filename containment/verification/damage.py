"""Benchmarks of the two-dimensional heat shield: the one-dimensional limit, a manufactured moving mesh, energy."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from containment.thermal.charring import REFERENCE_TEMPERATURE, inert
from containment.thermal.contour import flat, spaced
from containment.thermal.heatshield import Shield
from containment.thermal.shield2d import Drive, Shield2D
from containment.thermal.shield2d_run import DamageHistory, run
from containment.thermal.stack import Layer, build
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallHistory, WallModel
from containment.verification import bench_contour
from containment.verification.bench_heatshield import tacot
from containment.verification.bench_sections import fitted_order
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
_CELLS = 60
_RULES = Stepping(first=0.005, largest=0.5)
_WIDTH, _DEPTH, _DEEP, _RADIUS = 0.08, 0.02, 0.042, 0.02  # m


def items() -> Iterator[Item]:
    """All benchmarks of the two-dimensional heat shield, in seconds of CPU time."""
    yield from _one_dimension()
    yield from _orders()
    yield from _crater()
    yield from bench_contour.items()


@cache
def damaged(depth: float, spines: int, plane: bool, duration: float = 120.0) -> DamageHistory:
    """50 mm of TACOT with a crater (or, plane, a gap) of `depth` m; layers conduct twice as well along the surface."""
    heating, wall = bench_contour.heating(60.0, 120.0)
    stack = build([Layer("tps", tacot(), 0.05, _CELLS, 10.0)])
    contour = flat(spaced(_RADIUS, _WIDTH, spines), plane=plane).damaged(depth, _RADIUS)
    shield = Shield2D(
        stack, contour, heating, wall, temperature=300.0, rules=_RULES, ratio=np.full(_CELLS, 2.0)
    )  # fmt: skip
    return run(shield, duration)


def _one_dimension() -> Iterator[Item]:
    """Without damage every spine is the one-dimensional stack on the same cells and steps."""
    heating, wall = bench_contour.heating(60.0, 120.0)
    stack = build([Layer("tps", tacot(), 0.05, _CELLS, 10.0)])
    one = Shield(stack, heating, wall, temperature=300.0, rules=_RULES).run(120.0)
    for name, plane in (("plane", True), ("axisymmetric", False)):
        two = damaged(0.0, 4, plane)
        time, source = np.array(two.time), "1-D solver, case 2.3, same cells and steps"
        for place, node in (("wall", 0), ("bond", -1)):
            expected = np.interp(time, one.time, one.temperature[:, node])
            apart = float(np.abs(two.temperature[:, :, node] - expected[:, None]).max())
            # 0.3 K: what the two 1-D solvers may differ by
            yield Item.at_most(f"damage.flat-{name}.{place}", 0.3, apart, "K", source)
        yield Item.relative(
            f"damage.flat-{name}.recession", float(one.recession[-1]), float(two.recession[-1].max()), 1e-4, "m", source
        )


# --- manufactured solution: an inert body whose surface recedes unevenly, layers conducting twice as well along it

_START, _WIDE, _THICK, _END = 0.5, 1.0, 1.0, 1000.0  # m, m, m, s
_RHO, _CP, _K, _RATIO = 2000.0, 1000.0, 400.0, 2.0


def _surface(r: Floats, t: float) -> tuple[Floats, Floats, Floats]:
    """Depth of the surface (m), its slope and its speed (m/s)."""
    a = np.pi * (r - _START) / _WIDE
    grown = 0.15 * t / _END
    return (
        grown * (1.0 + 0.5 * np.cos(a)),
        -0.5 * grown * np.pi / _WIDE * np.sin(a),
        0.15 / _END * (1.0 + 0.5 * np.cos(a)),
    )


def _field(x: Floats, t: float) -> tuple[Floats, Floats, Floats]:
    """Exact temperature (K) and its gradient."""
    a, b = np.pi * (x[..., 0] - _START) / _WIDE, np.pi * x[..., 1] / _THICK
    size = 150.0 * (1.0 + 0.5 * np.sin(2.0 * t / _END))
    return (
        600.0 + size * np.cos(a) * np.cos(b), -size * np.pi / _WIDE * np.sin(a) * np.cos(b),
        -size * np.pi / _THICK * np.cos(a) * np.sin(b),
    )  # fmt: skip


def moving(count: int, steps: int, *, plane: bool) -> tuple[Floats, Floats]:
    """(spine, node) temperatures after END and their errors, K, on count x count quads in so many steps."""

    def source(x: Floats, t: float) -> Floats:
        now, by_r, _ = _field(x, t)
        wave = now - 600.0
        rate = wave * np.cos(2.0 * t / _END) / _END / (1.0 + 0.5 * np.sin(2.0 * t / _END))
        curved = -wave * np.pi**2 * (_RATIO / _WIDE**2 + 1.0 / _THICK**2)
        curved = curved + (0.0 if plane else _RATIO * by_r / x[..., 0])
        return np.asarray(_RHO * _CP * rate - _K * curved)

    def wall(x: Floats, t: float) -> Floats:
        now, by_r, by_z = _field(x, t)
        _, slope, speed = _surface(x[:, 0], t)
        energy = _RHO * _CP * (now - REFERENCE_TEMPERATURE)
        return np.asarray((_K * (_RATIO * by_r * slope - by_z) - energy * speed) / np.sqrt(1.0 + slope**2))

    r = np.linspace(_START, _START + _WIDE, count + 1)
    still = flat(r, plane=plane)
    body = inert("body", _RHO, [200.0, 1400.0], _CP, _K)
    stack = build([Layer("tps", body, _THICK, count)])
    x = np.stack(np.broadcast_arrays(r[:, None], stack.grid.depth[None, :]), axis=-1)
    shield = Shield2D(
        stack, still, WallHistory(np.array([0.0, _END])), WallModel(), temperature=_field(x, 0.0)[0],
        rules=Stepping(first=_END / steps, largest=_END / steps, newton=1e-6), ratio=np.full(count, _RATIO),
        drive=Drive(lambda t: _surface(r, t)[0], wall, source),
    )  # fmt: skip
    run(shield, _END)
    return shield.temperature, shield.temperature - _field(shield.shape.x, _END)[0]


def _rms(values: Floats) -> float:
    return float(np.sqrt((values**2).mean()))


def _orders() -> Iterator[Item]:
    """Corner quadrature on bilinear quads: second order in space; BDF2: second order in time; on the moving mesh."""
    counts = [5, 10, 20]
    sizes = [1.0 / n for n in counts]
    source = "manufactured solution on a receding surface"
    # 0.2: meshes this coarse are not quite in the asymptotic range
    for name, plane in (("plane", True), ("axisymmetric", False)):
        # 80 steps leave an error in time of a tenth of the finest error in space
        order = fitted_order(sizes, [_rms(moving(n, 80, plane=plane)[1]) for n in counts])
        yield Item.absolute(f"damage.manufactured.{name}.order-space", 2.0, order, 0.2, "", source)
        finest = moving(6, 200, plane=plane)[0]
        order = fitted_order(sizes, [_rms(moving(6, 2 * n, plane=plane)[0] - finest) for n in counts])
        yield Item.absolute(f"damage.manufactured.{name}.order-time", 2.0, order, 0.2, "", source + ", to 200 steps")


def _crater() -> Iterator[Item]:
    """A crater of 20 mm depth and radius: energy closes, and halving the distance of the spines moves little."""
    coarse, fine = damaged(_DEPTH, 20, False), damaged(_DEPTH, 40, False)
    source = "limit of every run, crater of 20 mm in 50 mm of TACOT"
    yield Item.at_most("damage.crater.energy-closure", 1e-3, fine.closure.energy, "", source)
    peaks = [found.peak_bond - 300.0 for found in (fine, coarse)]
    # 2 %: second order would leave a quarter of it
    yield Item.relative("damage.crater.bond-rise", peaks[0], peaks[1], 0.02, "K", "20 against 40 spines")
    losses = [damaged(_DEEP, spines, False).loss for spines in (30, 60)]
    times = [loss.time if loss else np.nan for loss in losses]
    # 2 %: second order would leave a quarter of it
    yield Item.relative("damage.crater.burn-through", times[1], times[0], 0.02, "s", "30 against 60 spines, 42 mm deep")
