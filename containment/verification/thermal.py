"""Benchmarks of the heat shield: published codes, closed forms, orders, the twin, speed."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from containment.thermal import twin
from containment.thermal.history import ENERGY_LIMIT, History
from containment.thermal.stepping import Stepping
from containment.verification import bench_back_face
from containment.verification import bench_heatshield as bench
from containment.verification.bench_sections import fitted_order
from containment.verification.bench_yardstick import within
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
_PROBES = ("1 mm", "2 mm", "4 mm", "8 mm", "12 mm", "16 mm", "24 mm", "50 mm")
_FIAT_PROBES = ("1 mm", "2 mm", "4 mm", "8 mm", "16 mm", "50 mm")
_PATO = "nasa/pato branch pato-3.1, regression output"
_FINEST = Stepping(first=0.0005, largest=2.0, growth=1.8, tolerance=0.01)


def items() -> Iterator[Item]:
    """All benchmarks of the heat shield, about a minute of CPU time."""
    yield from _conduction()
    yield from _fixed_wall()
    yield from _chemistry_off()
    yield from _no_recession()
    yield from _recession()
    yield from _iso_q()
    yield from _burn_through()
    yield from _closed_forms()
    yield from _orders()
    yield from _twins()
    yield from _twin_errors()
    yield from bench_back_face.items()
    yield from _speed()


def _closure(name: str, ours: History, *, resolved: bool) -> Iterator[Item]:
    """Energy of one run; `resolved`: the trapezoidal sum of the fluxes has to close as well."""
    source = "stored against what went in, summed as the time scheme does"
    yield Item.at_most(f"{name}.energy", ENERGY_LIMIT, ours.closure.energy, "", source)
    if resolved:
        source = "stored against what went in by the trapezoidal rule: how well the steps resolve the fluxes"
        yield Item.at_most(f"{name}.energy-steps", ENERGY_LIMIT, ours.closure.steps, "", source)


def _errors(ours: History, theirs: str, columns: Sequence[str], *spans: tuple[float, float]) -> tuple[Floats, Floats]:
    """Differences (K) and reference values of several columns and time spans together."""
    curve = bench.reference(theirs)
    parts = [bench.difference(ours, curve, column, *span) for column in columns for span in spans]
    return np.concatenate([d for d, _ in parts]), np.concatenate([v for _, v in parts])


def _worst(name: str, limit: float, errors: Floats, source: str) -> Item:
    return Item.at_most(name, limit, float(np.abs(errors).max()), "K", source)


def _rms(name: str, limit: float, errors: Floats, source: str) -> Item:
    return Item.at_most(name, limit, float(np.sqrt(np.mean(errors**2))), "K", source)


def _curve(ours: History, theirs: str, name: str, low: float, high: float) -> tuple[Floats, Floats]:
    """Difference and reference of a history such as gas_flux or virgin_depth."""
    curve = bench.reference(theirs)
    keep = (curve["time"] >= low) & (curve["time"] <= high)
    found = np.interp(curve["time"][keep], ours.time, getattr(ours, name))
    return found - curve[name][keep], curve[name][keep]


def _relative(name: str, limit: float, ours: History, theirs: str, column: str, span: tuple[float, float]) -> Item:
    difference, value = _curve(ours, theirs, column, *span)
    return Item.at_most(
        name, limit, float(np.abs(difference / value).max()), "", f"{theirs}: {column}, {span[0]:g} s on"
    )


def _conduction() -> Iterator[Item]:
    """Non-linear conduction; limits from an independent solver against PATO (steps of 0.1 s there)."""
    ours = bench.hot_wall(bench.virgin_only(), 298.0)
    for span, limit in (((10.0, 60.0), 2.0), ((65.0, 120.0), 4.0)):
        errors, _ = _errors(ours, "conduction-pato", _PROBES, span)
        yield _worst(f"thermal.conduction.pato.{span[0]:g}s", limit, errors, _PATO + " of PureConduction")
    yield from _closure("thermal.conduction", ours, resolved=False)


def _fixed_wall() -> Iterator[Item]:
    """Case 1.0: limits are the spread between established codes."""
    name = "thermal.ablation-1.0"
    ours = bench.hot_wall(bench.tacot(), 298.0)
    errors, _ = _errors(ours, "ablation-1.0-fiat", _FIAT_PROBES, (1.0, 60.0))
    source = "FIAT, ablation test case 1.0, six depths, 1 s on"
    yield _worst(f"{name}.fiat.max", 20.0, errors, source)
    yield _rms(f"{name}.fiat.rms", 5.5, errors, source)
    errors, values = _errors(ours, "ablation-1.0-fiat", _FIAT_PROBES, (5.0, 60.0))
    share = errors / np.maximum(15.0, 0.015 * values)
    source = "FIAT, over the larger of 15 K and 1.5 %, 5 s on"
    yield Item.at_most(f"{name}.fiat.later", 1.0, float(np.abs(share).max()), "", source)
    yield _rms(f"{name}.fiat.later-rms", 6.0, errors, "FIAT, ablation test case 1.0, six depths, 5 s on")
    yield _relative(f"{name}.fiat.gas-flux", 0.03, ours, "ablation-1.0-fiat-fronts", "gas_flux", (5.0, 59.9))
    yield from _fronts(name + ".fiat", ours, "ablation-1.0-fiat-fronts")
    yield from _closure(name, ours, resolved=True)
    ours = bench.hot_wall(bench.tacot(), 300.0)
    errors, _ = _errors(ours, "ablation-1.0-pato", _PROBES, (1.0, 120.0))
    yield _worst(f"{name}.pato.max", 10.0, errors, _PATO + " of case 1.0, 1 s on")
    yield _rms(f"{name}.pato.rms", 2.5, errors, _PATO + " of case 1.0, 1 s on")
    yield _relative(f"{name}.pato.gas-flux", 0.03, ours, "ablation-1.0-pato", "gas_flux", (5.0, 59.9))


def _fronts(name: str, ours: History, theirs: str) -> Iterator[Item]:
    """98 % virgin front within 2 % or 0.1 mm, 2 % char front within 0.1 mm (half a cell of the references)."""
    difference, value = _curve(ours, theirs, "virgin_depth", 5.0, 59.9)
    share = float(np.abs(difference / np.maximum(0.02 * value, 1e-4)).max())
    yield Item.at_most(f"{name}.virgin-front", 1.0, share, "", f"{theirs}, over the larger of 2 % and 0.1 mm")
    difference, _ = _curve(ours, theirs, "char_depth", 5.0, 59.9)
    yield Item.at_most(f"{name}.char-front", 1e-4, float(np.abs(difference).max()), "m", theirs)


def _chemistry_off() -> Iterator[Item]:
    """Convection without chemistry; limits of an independent solver against PATO.

    While it cools, PATO's wall gains heat its balance does not have (`bench.lag_of_pato`); without it the item misses.
    """
    name, theirs = "thermal.chemistry-off.pato", "ablation-chemistry-off-pato"
    columns, source = ("wall", *_PROBES), _PATO + " of 2.x_chemistryOff"
    ours = bench.chemistry_off()
    errors, _ = _errors(ours, theirs, columns, (5.0, 59.0))
    yield _worst(f"{name}.5s", 6.3, errors, source)
    plain, _ = _errors(ours, theirs, columns, (65.0, 120.0))
    yield _worst(f"{name}.65s", 4.5, plain, source)
    cooled = bench.chemistry_off(lag=bench.lag_of_pato())
    errors, _ = _errors(cooled, theirs, columns, (65.0, 120.0))
    yield _worst(f"{name}.65s.lagged", 4.5, errors, source + "; our wall with the step lag of PATO")
    yield from _closure("thermal.chemistry-off", ours, resolved=False)


def _no_recession() -> Iterator[Item]:
    """Case 2.1 against Amaryllis.

    Its wall is at 948 K after 0.1 s: that is a ramp of the enthalpy alone (947 K here); with the film coefficient
    rising as well, as the definition says, it would be 844 K. From 5 s on that no longer matters.
    """
    name, theirs = "thermal.ablation-2.1.amaryllis", "ablation-2.1-amaryllis"
    ramp = bench.series_two(1)
    wall, _ = _errors(ramp, theirs, ("wall",), (5.0, 59.9))
    source = "Amaryllis, case 2.1, wall, 5 to 59.9 s; film and enthalpy rise over 0.1 s, as defined"
    yield _worst(f"{name}.defined.wall.max", 6.0, wall, source)
    yield _rms(f"{name}.defined.wall.rms", 1.0, wall, source)
    early, _ = _errors(ramp, theirs, ("wall",), (1.0, 59.9))
    without = f" (as defined {np.abs(early).max():.1f} K, rms {np.sqrt(np.mean(early**2)):.1f} K)"
    source = "Amaryllis, case 2.1, {}; enthalpy alone rises over 0.1 s"
    ours = bench.series_two(1, full_film=True)
    wall, _ = _errors(ours, theirs, ("wall",), (0.1, 0.1))
    yield _worst(f"{name}.wall.ramp", 6.0, wall, source.format("wall at 0.1 s"))
    wall, _ = _errors(ours, theirs, ("wall",), (1.0, 59.9))
    yield _worst(f"{name}.wall.max", 6.0, wall, source.format("wall, 1 to 59.9 s") + without)
    yield _rms(f"{name}.wall.rms", 1.0, wall, source.format("wall, 1 to 59.9 s") + without)
    probes, _ = _errors(ours, theirs, _PROBES, (1.0, 59.9))
    yield _rms(f"{name}.probes.rms", 2.5, probes, source.format("eight depths, 1 to 59.9 s"))
    both, values = _errors(ramp, theirs, ("wall", *_PROBES), (5.0, 59.9), (62.0, 120.0))
    share = float(np.abs(both / np.maximum(15.0, 0.015 * values)).max())
    yield Item.at_most(
        f"{name}.defined.all", 1.0, share, "", "Amaryllis, case 2.1, as defined, over the larger of 15 K and 1.5 %"
    )
    yield _rms(f"{name}.defined.all-rms", 8.0, both, "Amaryllis, case 2.1, as defined, wall and eight depths")
    yield _relative(f"{name}.gas-flux", 0.03, ramp, theirs, "gas_flux", (5.0, 59.9))
    yield from _fronts(name, ramp, theirs)
    yield from _closure("thermal.ablation-2.1", ramp, resolved=True)


def _recession() -> Iterator[Item]:
    """Cases with recession: what cells and steps change, and the balances."""
    runs: dict[str, Callable[..., History]] = {
        "ablation-2.2": partial(bench.series_two, 2), "ablation-2.3": partial(bench.series_two, 3),
        "ablation-2.2-multi-material": partial(bench.series_two, 2, backing=True), "stardust": bench.stardust,
    }  # fmt: skip
    for name, make in runs.items():
        ours = make(cells=100, rules=bench.CONTROLLED)
        finest = make(cells=400, rules=_FINEST, solver=twin.run)
        yield Item.relative(
            f"thermal.{name}.recession", float(finest.recession[-1]), float(ours.recession[-1]), 2e-3, "m",
            "own run with four times the cells, steps controlled to 0.01 K",
        )  # fmt: skip
        yield Item.absolute(
            f"thermal.{name}.wall", float(finest.temperature[:, 0].max()), float(ours.temperature[:, 0].max()), 2.0,
            "K",
            "own run with four times the cells, steps controlled to 0.01 K",
        )  # fmt: skip
        yield from _closure(f"thermal.{name}", ours, resolved=True)
        yield Item.at_most(
            f"thermal.{name}.mass", 5e-3, ours.closure.mass, "", "solid lost against gas and char removed"
        )


def _iso_q() -> Iterator[Item]:
    """Apex of case 3.x in depth only: no side heating, so while it is heated; one code, a loose comparison."""
    ours = bench.iso_q()
    errors, values = _errors(ours, "ablation-3.x-apex-pato", ("wall",), (2.0, 40.0))
    share = float(np.abs(errors / values).max())
    yield Item.at_most(
        "thermal.ablation-3.x.apex", 0.05, share, "", _PATO + " of 3.x (two dimensions), wall, 2 to 40 s"
    )
    finest = bench.iso_q(400, _FINEST, twin.run)
    source = "own run with twice the cells, steps controlled to 0.01 K"
    yield Item.relative(
        "thermal.ablation-3.x.recession", float(finest.recession[-1]), float(ours.recession[-1]), 2e-3, "m", source
    )
    yield from _closure("thermal.ablation-3.x", ours, resolved=True)


def _burn_through() -> Iterator[Item]:
    """10 mm of TACOT lost while it is heated: an outcome with its time, the same from both solvers."""
    finest = bench.torched(200, _FINEST, twin.run)
    reference = finest.loss.time if finest.loss else float("nan")
    for name, solver in bench.SOLVERS.items():
        ours = bench.torched(60, bench.CONTROLLED, solver)
        found = ours.loss.time if ours.loss else float("nan")
        source = "own run with three times the cells, steps controlled to 0.01 K; case 2.3, 10 mm"
        yield Item.relative(f"thermal.burn-through.{name}", reference, found, 2e-3, "s", source)
        yield from _closure(f"thermal.burn-through.{name}", ours, resolved=True)


def _closed_forms() -> Iterator[Item]:
    """Ablation at a constant rate after ten times its time constant; Neumann's melting front in cells of 0.4 mm."""
    rules = Stepping(first=0.005, largest=0.5, tolerance=0.1)
    ours, wall, rate, diffusivity = bench.steady_ablation(100, rules)
    source = "closed form: T - T0 = (Tw - T0) exp(-s' x/alpha)"
    yield from _closure("thermal.steady-ablation", ours, resolved=False)
    yield Item.relative("thermal.steady-ablation.wall", wall, float(ours.temperature[-1, 0]), 2e-3, "K", source)
    late = (ours.recession[-1] - np.interp(300.0, ours.time, ours.recession)) / (ours.time[-1] - 300.0)
    yield Item.relative("thermal.steady-ablation.rate", rate, float(late), 1e-6, "m/s", source)
    depth = ours.depth[-1] - ours.depth[-1, 0]
    exact = 298.0 + (wall - 298.0) * np.exp(-rate * depth / diffusivity)
    worst = float(np.abs(ours.temperature[-1] - exact).max())
    yield Item.at_most("thermal.steady-ablation.profile", 5.0, worst, "K", source + "; 0.5 % of the rise")
    ours, front, depth_front = bench.melting(120, Stepping(first=0.01, largest=0.5))
    found = float(np.interp(-front, -ours.temperature[-1], ours.depth[-1]))
    yield Item.relative("thermal.melting-front", depth_front, found, 0.01, "m", "Neumann's solution, Stefan number 1")
    yield from _closure("thermal.melting-front", ours, resolved=False)


def _orders() -> Iterator[Item]:
    """Observed orders by manufactured solutions, and of the whole ablation problem by its own finest run."""
    errors = []
    for cells in (10, 20, 40):
        ours, exact = bench.manufactured(cells, 1000)
        errors.append(float(np.abs(ours.temperature[-1] - exact).max()))
    order = fitted_order([1 / 10, 1 / 20, 1 / 40], errors)
    yield Item.absolute("thermal.order.space", 2.0, order, 0.1, "", "manufactured solution, k and c linear in T")
    finest, _ = bench.manufactured(40, 1600)
    errors = [
        float(np.abs(bench.manufactured(40, n)[0].temperature[-1] - finest.temperature[-1]).max()) for n in (20, 40, 80)
    ]
    order = fitted_order([1 / 20, 1 / 40, 1 / 80], errors)
    yield Item.absolute("thermal.order.time", 2.0, order, 0.1, "", "manufactured solution against 1600 steps")
    reference = bench.smooth_ablation(60, 3200).recession[-1]
    errors = [abs(float(bench.smooth_ablation(60, n).recession[-1] - reference)) for n in (100, 200, 400)]
    order = fitted_order([1 / 100, 1 / 200, 1 / 400], errors)
    # Kinks of tables and reaction thresholds leave the order of a real material around 2, not at it.
    yield Item.absolute(
        "thermal.order.recession", 2.0, order, 0.4, "", "TACOT receding under smooth heating, 3200 steps"
    )


def _twins() -> Iterator[Item]:
    """Same nodes and steps, two assemblies and two linear solvers."""
    made = bench.tacot()
    runs: dict[str, Callable[[bench.Solver], History]] = {
        "1.0": lambda solver: bench.hot_wall(made, 298.0, 100, bench.BENCHMARK, solver),
        "2.3": lambda solver: bench.series_two(3, 100, bench.BENCHMARK, solver),
    }
    for name, make in runs.items():
        a, b = (make(solver) for solver in bench.SOLVERS.values())
        same = a.temperature.shape == b.temperature.shape
        worst = float(np.abs(a.temperature - b.temperature).max()) if same else float("inf")
        yield Item.at_most(
            f"thermal.twin.{name}", 0.3, worst, "K", "finite volumes against finite elements, same steps"
        )
        yield from _closure(f"thermal.twin.{name}.elements", a, resolved=False)
        yield from _closure(f"thermal.twin.{name}.volumes", b, resolved=False)


def _twin_errors() -> Iterator[Item]:
    """Mesh and step error of the twin by class of sample: heating of the station, cells of the fidelity."""
    for place, share in (("stagnation", 1.0), ("shoulder", 0.4)):
        finest = bench.flight(share, 400, Stepping(first=0.001, largest=2.0, growth=1.8, tolerance=0.01))
        bond = finest.temperature.shape[1] - 17  # 8 cells each of bond and structure behind it
        for rung, cells, step in (("screening", 60, 5.0), ("standard", 100, 2.5), ("review", 200, 1.0)):
            ours = bench.flight(share, cells, Stepping(first=0.01, largest=step, growth=1.8, tolerance=0.1))
            name = f"thermal.twin.error.{place}.{rung}"
            source = f"flight pulse, {cells} cells, steps controlled to 0.1 K; own run with 400 cells, 0.01 K"
            at = ours.temperature.shape[1] - 17
            pairs = (("bondline", bond, at, 0.5), ("wall", 0, 0, 15.0))
            for what, theirs_at, ours_at, limit in pairs:
                theirs, found = float(finest.temperature[:, theirs_at].max()), float(ours.temperature[:, ours_at].max())
                yield Item.absolute(f"{name}.{what}", theirs, found, limit, "K", source)
            theirs, found = float(finest.recession[-1]), float(ours.recession[-1])
            yield Item.relative(f"{name}.recession", theirs, found, 5e-3, "m", source)
            yield from _closure(name, ours, resolved=True)


def _speed() -> Iterator[Item]:
    """CPU seconds on one core, compiled code warm, best of three."""

    def cpu(make: Callable[[], object]) -> float:
        spent = []
        for _ in range(3):
            start = time.process_time()
            make()
            spent.append(time.process_time() - start)
        return min(spent)

    source = "CPU time of one transient of 120 s, case 1.0"
    made = bench.tacot()
    spent = cpu(lambda: bench.hot_wall(made, 298.0, 100, bench.BENCHMARK))
    yield within("thermal.speed.finite-elements.286-steps", 0.12, spent, source)
    spent = cpu(lambda: bench.hot_wall(made, 298.0, 200, bench.FINE))
    yield within("thermal.speed.finite-elements.1232-steps", 0.5, spent, source)
    spent = cpu(lambda: bench.hot_wall(made, 298.0, 100, bench.BENCHMARK, twin.run))
    yield within("thermal.speed.twin.286-steps", 0.004, spent, source + ", tables of the material included")
    spent = cpu(lambda: bench.ensemble(50, np.random.default_rng(1))) / 50.0
    source = "CPU time per sample of 50 with other densities, conductivities, heat capacities: 250 a second and core"
    yield within("thermal.speed.twin.ensemble", 0.004, spent, source)
    source = "CPU time of a process up to its first step, caches warm"
    yield within("thermal.speed.first-step", 1.5, _start_up(), source)


def _start_up() -> float:
    """CPU seconds of a new process that makes one step with finite elements, best of three after one to warm up."""
    code = "from containment.verification import bench_heatshield as b; b.first_step()"
    spent = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent[1:])
