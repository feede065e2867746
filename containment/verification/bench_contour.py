"""Benchmarks of the two-dimensional heat shield on curved contours and of conduction that differs along its layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import j0, jn_zeros

from containment.thermal.charring import REFERENCE_TEMPERATURE, inert
from containment.thermal.contour import Contour, flat, sphere_cone
from containment.thermal.heatshield import Shield
from containment.thermal.shield2d import Drive, Shield2D
from containment.thermal.shield2d_run import DamageHistory, run
from containment.thermal.stack import Layer, build
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallHistory, WallModel
from containment.verification.bench_heatshield import tacot
from containment.verification.bench_sections import fitted_order
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
_RADIUS, _ANGLE, _THICK, _END = 1.0, 1.2, 0.4, 1000.0  # m, rad, m, s; a sphere (or cylinder) from its axis on
_RHO, _CP, _K, _RATIO = 2000.0, 1000.0, 100.0, 2.0
_CELLS, _SHIELD = 40, 0.03  # of the ablator, m
_RULES = Stepping(first=0.005, largest=0.5)


def items() -> Iterator[Item]:
    """Orders on a curved contour, closed forms of anisotropic conduction, limits in which strips do not interact."""
    yield from _orders()
    yield from _anisotropic()
    yield from _uniform_shell()
    yield from _strips()


def _surface(angle: Floats, t: float) -> tuple[Floats, Floats, Floats]:
    """Depth of the surface (m), its slope along the surface and its speed (m/s)."""
    a, grown = np.pi * angle / _ANGLE, 0.06 * t / _END
    s = grown * (1.0 + 0.5 * np.cos(a))
    return s, -0.5 * grown * np.pi / _ANGLE * np.sin(a) / (_RADIUS - s), s * _END / max(t, 1e-300) / _END


def _polar(x: Floats) -> tuple[Floats, Floats]:
    """Distance from the centre (m) and angle from the axis (rad)."""
    return np.hypot(x[..., 0], _RADIUS - x[..., 1]), np.arctan2(x[..., 0], _RADIUS - x[..., 1])


def _wave(x: Floats, t: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Size of the wave (K), cosines along the contour and through it, distance from the centre."""
    rho, angle = _polar(x)
    size = 150.0 * (1.0 + 0.5 * np.sin(2.0 * t / _END))
    return np.asarray(size), np.pi * angle / _ANGLE, np.pi * (_RADIUS - rho) / _THICK, rho


def _exact(x: Floats, t: float) -> Floats:
    size, a, b, _ = _wave(x, t)
    return np.asarray(600.0 + size * np.cos(a) * np.cos(b))


def curved(count: int, steps: int, *, plane: bool) -> tuple[Floats, Floats]:
    """(spine, node) temperatures after END and their errors, K: a receding sphere or cylinder, axis included."""
    p, q = np.pi / _ANGLE, np.pi / _THICK

    def source(x: Floats, t: float) -> Floats:
        size, a, b, rho = _wave(x, t)
        rate = 150.0 * np.cos(2.0 * t / _END) / _END * np.cos(a) * np.cos(b)
        through = size * np.cos(a) * (-(q**2) * np.cos(b) + (1.0 if plane else 2.0) * q * np.sin(b) / rho)
        angle = a / p
        turning = np.where(angle > 1e-9, np.sin(a) / np.tan(np.maximum(angle, 1e-9)), p)
        along = -size * np.cos(b) * (p**2 * np.cos(a) + (0.0 if plane else p * turning)) / rho**2
        return np.asarray(_RHO * _CP * rate - _K * (through + _RATIO * along))

    def wall(x: Floats, t: float) -> Floats:
        size, a, b, rho = _wave(x, t)
        _, slope, speed = _surface(a / p, t)
        inwards, tangent = -size * np.cos(a) * q * np.sin(b), -size * p * np.sin(a) * np.cos(b) / rho
        energy = _RHO * _CP * (_exact(x, t) - REFERENCE_TEMPERATURE)
        return np.asarray((_K * (_RATIO * tangent * slope - inwards) - energy * speed) / np.sqrt(1.0 + slope**2))

    angle = np.linspace(0.0, _ANGLE, count + 1)
    contour = replace(sphere_cone(_RADIUS, 0.1, _RADIUS * angle), plane=plane)
    drive = Drive(lambda t: _surface(angle, max(t, 1e-9))[0], wall, source)
    shield = _inert(contour, _THICK, count, drive, lambda x: _exact(x, 0.0), _END, steps)
    return shield.temperature, shield.temperature - _exact(shield.shape.x, _END)


def _inert(contour: Contour, thick: float, count: int, drive: Drive, start, end: float, steps: int) -> Shield2D:  # type: ignore[no-untyped-def]
    """An inert body that conducts RATIO times as well along its surface, marched to the end."""
    stack = build([Layer("body", inert("body", _RHO, [200.0, 1400.0], _CP, _K), thick, count)])
    x = contour.points[:, None] + stack.grid.depth[None, :, None] * contour.inward[:, None]
    shield = Shield2D(
        stack, contour, WallHistory(np.array([0.0, end])), WallModel(), temperature=start(x),
        rules=Stepping(first=end / steps, largest=end / steps, newton=1e-6), ratio=np.full(count, _RATIO), drive=drive,
    )  # fmt: skip
    run(shield, end)
    return shield


def _rms(values: Floats) -> float:
    return float(np.sqrt((values**2).mean()))


def _orders() -> Iterator[Item]:
    counts, source = [8, 16, 32], "manufactured solution on a receding curved surface, axis included"
    for name, plane in (("cylinder", True), ("sphere", False)):
        order = fitted_order([1.0 / n for n in counts], [_rms(curved(n, 160, plane=plane)[1]) for n in counts])
        yield Item.absolute(f"damage.curved.{name}.order-space", 2.0, order, 0.2, "", source)
        finest = curved(8, 320, plane=plane)[0]
        steps = [10, 20, 40]
        order = fitted_order([1.0 / n for n in steps], [_rms(curved(8, n, plane=plane)[0] - finest) for n in steps])
        yield Item.absolute(f"damage.curved.{name}.order-time", 2.0, order, 0.2, "", source + ", to 320 steps")


def _still(count: int) -> Floats:
    return np.zeros(count)


def _anisotropic() -> Iterator[Item]:
    """Decaying modes of a body that conducts twice as well along its layers, and the steady polar-orthotropic ring."""
    width, thick, count = 1.0, 0.5, 32
    zero = Drive(lambda t: _still(count + 1), lambda x, t: _still(len(x)), lambda x, t: np.zeros(x.shape[:2]))
    for name, plane in (("plane", True), ("axisymmetric", False)):
        p = np.pi / width if plane else float(jn_zeros(1, 1)[0]) / width
        shape = np.cos if plane else j0

        def mode(x: Floats, p: float = p, shape=shape) -> Floats:  # type: ignore[no-untyped-def]
            return np.asarray(shape(p * x[..., 0]) * np.cos(np.pi * x[..., 1] / thick))

        rate = _K * (_RATIO * p**2 + (np.pi / thick) ** 2) / (_RHO * _CP)
        contour = flat(np.linspace(0.0, width, count + 1), plane=plane)
        end = 1.0 / rate
        shield = _inert(contour, thick, count, zero, lambda x: 600.0 + 150.0 * mode(x), end, 160)
        kept = mode(shield.shape.x)
        found = float(((shield.temperature - 600.0) * kept).sum() / (150.0 * kept**2).sum())
        source = "mode of cos(pi r) or J0 and cos(pi z/L) decays at k (2 p^2 + q^2)/(rho c)"
        yield Item.relative(f"damage.anisotropic.{name}", float(np.exp(-1.0)), found, 0.002, "", source)
    yield _ring(32)


def _ring(count: int) -> Item:
    """T = (rho^b + inner^2b rho^-b) cos(n angle), b = n sqrt(2): no heat through the inner side; steady."""
    n = 2.0
    b, inner = n * np.sqrt(_RATIO), _RADIUS - _THICK
    angle = np.linspace(0.0, np.pi / n, count + 1)
    contour = replace(sphere_cone(_RADIUS, 0.5 * np.pi - angle[-1] - 0.01, _RADIUS * angle), plane=True)

    def exact(x: Floats) -> Floats:
        rho, a = _polar(x)
        return np.asarray(600.0 + 100.0 * (rho**b + inner ** (2 * b) * rho**-b) * np.cos(n * a))

    def wall(x: Floats, t: float) -> Floats:
        rho, a = _polar(x)
        return np.asarray(_K * 100.0 * b * (rho**b - inner ** (2 * b) * rho**-b) / rho * np.cos(n * a))

    drive = Drive(lambda t: _still(count + 1), wall, lambda x, t: np.zeros(x.shape[:2]))
    shield = _inert(contour, _THICK, count, drive, exact, 2e5, 40)
    apart = float(np.abs(shield.temperature - exact(shield.shape.x)).max() / np.ptp(exact(shield.shape.x)))
    return Item.at_most("damage.anisotropic.ring", 0.002, apart, "", "polar-orthotropic ring, share of the range")


def heating(until: float = 20.0, end: float = 60.0) -> tuple[WallHistory, WallModel]:
    """Case 2.3 of the ablation series, 25 MJ/kg at 0.3 kg/m2/s, up to a time (s), then none to the end."""
    from containment.materials import load
    from containment.thermal.bprime import from_card

    off = until + 0.1
    history = WallHistory(
        np.array([0.0, 0.1, until, off, end]), film_coefficient=np.array([0.003, 0.3, 0.3, 0.0, 0.0]),
        recovery_enthalpy=np.array([0.0, 2.5e7, 2.5e7, 0.0, 0.0]), breaks=(0.1, until, off),
    )  # fmt: skip
    return history, WallModel(from_card(load("tacot").bprime("test-series")))


def _tacot(contour: Contour) -> DamageHistory:
    history, wall = heating()
    stack = build([Layer("tps", tacot(), _SHIELD, _CELLS, 10.0)])
    return run(Shield2D(stack, contour, history, wall, temperature=300.0, rules=_RULES), 60.0)


@cache
def strip(factor: float) -> tuple[float, float]:
    """Recession (m) and final bond temperature (K) of the 1-D solver with so much of the heating."""
    history, wall = heating()
    stack = build([Layer("tps", tacot(), _SHIELD, _CELLS, 10.0)])
    scaled = replace(history, film_coefficient=np.asarray(history.film_coefficient) * factor)
    one = Shield(stack, scaled, wall, temperature=300.0, rules=_RULES).run(60.0)
    return float(one.recession[-1]), float(one.temperature[-1, -1])


def _uniform_shell() -> Iterator[Item]:
    """A uniformly heated sphere is the 1-D stack in the limit of a large radius; the difference falls with 1/radius."""
    recession, bond = strip(1.0)
    radii = [0.3, 3.0, 30.0]
    found = [_tacot(sphere_cone(r, 0.5, r * np.linspace(0.0, 0.1, 6))) for r in radii]
    source = "1-D solver, case 2.3 for 20 s"
    rise = [float(two.temperature[-1, :, -1].mean()) for two in found]
    yield Item.relative(
        "damage.sphere-30m.recession", recession, float(found[-1].recession[-1].max()), 1e-3, "m", source
    )
    yield Item.absolute("damage.sphere-30m.bond", bond, rise[-1], 0.3, "K", source)
    yield Item.relative(
        "damage.sphere-0.3m.recession", recession, float(found[0].recession[-1].max()), 0.05, "m", source
    )
    order = fitted_order([1.0 / r for r in radii], [abs(t - bond) for t in rise])
    yield Item.absolute("damage.sphere.order-in-curvature", 1.0, order, 0.1, "", "bond against the flat stack")
    yield Item.at_most("damage.sphere.uneven", 1e-6, float(np.ptp(found[0].recession[-1])), "m", "same on every spine")
    yield Item.at_most("damage.sphere.mass", 5e-3, found[0].closure.mass, "", "mass lost against the fluxes, 0.3 m")


def _strips() -> Iterator[Item]:
    """Heating that varies along the contour: wide against its thickness every spine is a 1-D strip of its own."""
    spread = []
    for width in (0.3, 3.0):
        contour = flat(np.linspace(0.0, width, 9))
        factors = contour.factors.copy()
        factors[:, 0] = 0.75 + 0.25 * np.cos(np.pi * contour.points[:, 0] / width)
        two = _tacot(replace(contour, factors=factors))
        expected = np.array([strip(float(f))[0] for f in factors[:, 0]])
        spread.append(float(np.abs(two.recession[-1] / expected - 1.0).max()))
    source = "1-D solver at each spine's own heating (1 to 0.5), 30 mm thick"
    yield Item.at_most("damage.strips-0.3m.recession", 0.02, spread[0], "", source)
    yield Item.at_most("damage.strips-3m.recession", 1e-3, spread[1], "", source)
