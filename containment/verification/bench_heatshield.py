"""Set-ups of the heat-shield benchmarks: published test cases and bodies with closed forms, for either solver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from containment.materials import load
from containment.thermal import twin
from containment.thermal.bprime import BPrimeTable, from_card
from containment.thermal.cards import material
from containment.thermal.charring import CharringMaterial, inert
from containment.thermal.heatshield import Shield
from containment.thermal.history import History
from containment.thermal.stack import Layer, Stack, build, graded
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallHistory, WallModel

Floats = NDArray[np.float64]
_DATA = Path(__file__).parent / "data"
THICKNESS = 0.05  # m, TACOT of the test series (nasa/pato)
GRADING = 10.0  # last over first cell, as in nasa/pato
_TIMES = np.array([0.0, 0.1, 60.0, 60.1, 120.0])
BREAKS = (0.1, 60.0, 60.1)
PATO_STEP = 0.005  # s, maxDeltaT of the 2.x cases (nasa/pato)
FINE = Stepping(first=0.005, largest=0.1)
BENCHMARK = Stepping(first=0.005, largest=0.5)
CONTROLLED = Stepping(first=0.002, largest=5.0, growth=1.8, tolerance=0.1)
Solver = Callable[..., History]


def reference(name: str) -> dict[str, Floats]:
    """Columns of a reference curve without their units: "time", "wall", "1 mm", "gas_flux", ..."""
    lines = [line for line in (_DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    names = [column.split(" [")[0] for column in lines[0].split(",")]
    table = np.array([[float(x) for x in line.split(",")] for line in lines[1:]])
    return dict(zip(names, table.T, strict=True))


def finite_elements(
    stack: Stack, heating: WallHistory, wall: WallModel, duration: float, *, temperature: float, rules: Stepping
) -> History:
    """A run with DOLFINx, called as the twin is."""
    return Shield(stack, heating, wall, temperature=temperature, rules=rules).run(duration)


SOLVERS: dict[str, Solver] = {"finite-elements": finite_elements, "twin": twin.run}


def tacot() -> CharringMaterial:
    """The charring material of the test series."""
    return material(load("tacot"))


def virgin_only() -> CharringMaterial:
    """Virgin TACOT that does not decompose."""
    full = tacot()
    return CharringMaterial("virgin TACOT", full.virgin_density, full.virgin_density, full.virgin, full.virgin)


def _one_layer(made: CharringMaterial, cells: int) -> Stack:
    return build([Layer("tps", made, THICKNESS, cells, GRADING)])


def hot_wall(
    made: CharringMaterial, start: float, cells: int = 200, rules: Stepping = FINE, solver: Solver = finite_elements
) -> History:
    """Wall from `start` to 1644 K in 0.1 s, held to 60 s, back at 60.1 s (PureConduction, case 1.0), to 120 s."""
    wall = WallHistory(_TIMES, wall_temperature=np.array([start, 1644.0, 1644.0, start, start]), breaks=BREAKS)
    return solver(_one_layer(made, cells), wall, WallModel(), 120.0, temperature=start, rules=rules)


def chemistry_off(
    cells: int = 200, rules: Stepping = FINE, solver: Solver = finite_elements,
    lag: tuple[Floats, Floats] | None = None,
) -> History:  # fmt: skip
    """Case 2.x_chemistryOff: 300 W/m2/K to 2800 K from 0.1 to 60 s; `lag`: heat W/m2 a fully charred wall gains more
    at times s (`lag_of_pato`)."""
    times = _TIMES if lag is None else np.union1d(_TIMES, lag[0])
    on = np.interp(times, _TIMES, [0.0, 1.0, 1.0, 0.0, 0.0])
    gained = 0.0 if lag is None else np.interp(times, *lag, left=0.0) / float(tacot().char.emissivity[-1])
    heating = WallHistory(
        times, heat_transfer=1.0 + 299.0 * on, edge_temperature=300.0 + 2500.0 * on, radiative_flux=gained,
        breaks=BREAKS,
    )  # fmt: skip
    return solver(_one_layer(tacot(), cells), heating, WallModel(), 120.0, temperature=300.0, rules=rules)


def lag_of_pato() -> tuple[Floats, Floats]:
    """(times s, heat W/m2) by which the wall of PATO gains more than its balance while case 2.x_chemistryOff cools.

    Once a step (0.005 s) PATO sets T_wall = T_cell + q d/k, d from the wall to the middle of the first cell, with
    T_cell of the step before, and holds it: the body gains q - (k/d) (T_cell - T_cell before), as if the wall had a
    heat capacity k step/d of its own (nasa/pato, BprimeBoundaryConditions.C, updateTemperatureBC; system/controlDict).
    """
    char, middle = tacot().char, 0.5 * graded(THICKNESS, 100, GRADING)[0]
    times = np.concatenate([[60.0], 60.0 + np.geomspace(0.005, 60.0, 200)])
    heat = np.zeros(times.size)
    for _ in range(6):  # each pass takes the wall of the one before; the last changes it by less than 0.02 K
        ours = chemistry_off(solver=twin.run, lag=(times, heat))
        wall = np.interp(times, ours.time, ours.temperature[:, 0])
        heat = -np.interp(wall, char.temperature, char.conductivity) * PATO_STEP / middle * np.gradient(wall, times)
        heat[0] = 0.0  # steady until then
    return times, heat


def series_two(
    number: int, cells: int = 200, rules: Stepping = FINE, solver: Solver = finite_elements, backing: bool = False,
    full_film: bool = False,
) -> History:  # fmt: skip
    """Cases 2.1 (no recession), 2.2 (h_r 1.5 MJ/kg) and 2.3 (25 MJ/kg); `backing` = the 2.2 multi-material stack.

    full_film: the film coefficient is all there from the start, only the recovery enthalpy rises over 0.1 s.
    """
    enthalpy = {1: 1.5e6, 2: 1.5e6, 3: 2.5e7}[number]
    film = np.array([0.3 if full_film else 0.003, 0.3, 0.3, 0.0, 0.0])
    total = np.array([0.0, enthalpy, enthalpy, 0.0, 0.0])
    heating = WallHistory(_TIMES, film_coefficient=film, recovery_enthalpy=total, breaks=BREAKS)
    wall = WallModel(from_card(load("tacot").bprime("test-series")), recedes=number > 1)
    stack = _backed(cells) if backing else _one_layer(tacot(), cells)
    return solver(stack, heating, wall, 120.0, temperature=300.0, rules=rules)


def _backed(cells: int) -> Stack:
    """58 mm TACOT on 1.4 mm and 12.7 mm of a generic material (multi-material and Stardust cases of nasa/pato)."""
    generic = inert("generic", 1000.0, [200.0, 4000.0], 1000.0, 1.0)
    return build(
        [
            Layer("tps", tacot(), 0.058, cells, GRADING),
            Layer("second", generic, 0.0014, 8),
            Layer("third", generic, 0.0127, 16),
        ]
    )


def stardust(cells: int = 200, rules: Stepping = CONTROLLED, solver: Solver = finite_elements) -> History:
    """Stagnation point of the Stardust capsule over TACOT, 0 to 133 s, with the dense pressure table."""
    air = reference("stardust-environment")
    heating = WallHistory(
        air["time"], film_coefficient=air["film_coefficient"], recovery_enthalpy=air["recovery_enthalpy"],
        pressure=np.maximum(air["pressure"], 10.0), background_temperature=294.261,
    )  # fmt: skip
    # The table begins at 300 K and the body at 260 K: below 800 K the wall does not react at all here.
    wall = WallModel(from_card(load("tacot").bprime("air")), oxidation=(3.29e9, 184.1e3, 0.5))
    return solver(_backed(cells), heating, wall, float(air["time"][-1]), temperature=260.0, rules=rules)


def iso_q(cells: int = 200, rules: Stepping = CONTROLLED, solver: Solver = finite_elements) -> History:
    """Apex of case 3.x (iso-q body) in depth: 100 mm TACOT, C_H 0.1 at 25 MJ/kg and 10 132.5 Pa from 0.1 to 40 s."""
    times = np.array([0.0, 0.1, 40.0, 40.1, 120.0])
    heating = WallHistory(
        times, film_coefficient=np.array([0.001, 0.1, 0.1, 0.0, 0.0]), breaks=(0.1, 40.0, 40.1),
        recovery_enthalpy=np.array([0.0, 2.5e7, 2.5e7, 0.0, 0.0]),
        pressure=np.array([405.3, 10132.5, 10132.5, 405.3, 405.3]),
    )  # fmt: skip
    wall = WallModel(from_card(load("tacot").bprime("air")))
    stack = build([Layer("tps", tacot(), 0.1, cells, 50.0)])
    return solver(stack, heating, wall, 120.0, temperature=300.0, rules=rules)


def flight(share: float, cells: int, rules: Stepping, thickness: float = 0.03) -> History:
    """Twin under `share` of an entry pulse with 5 MW/m2 at its peak, 30 mm TACOT on a bond and a structure, 160 s."""
    t = np.linspace(0.0, 160.0, 321)
    pulse = np.exp(-(((t - 18.0) / 7.0) ** 2))
    heating = WallHistory(
        t, film_coefficient=share * 0.12 * pulse, recovery_enthalpy=6.0e7 * np.exp(-t / 18.0) + 1e4,
        pressure=3e4 * pulse + 1e3, radiative_flux=share * 5e5 * pulse, background_temperature=250.0,
    )  # fmt: skip
    wall = WallModel(from_card(load("tacot").bprime("air")), oxidation=(3.29e9, 184.1e3, 0.5))
    layers = [Layer("tps", tacot(), thickness, cells, 20.0)]
    layers.append(Layer("bond", material(load("rtv-560")), 0.0004, 8))
    layers.append(Layer("structure", material(load("carbon-carbon")), 0.003, 8))
    return twin.run(build(layers), heating, wall, 160.0, temperature=280.0, rules=rules)


def ensemble(samples: int, generator: np.random.Generator) -> list[History]:
    """Case 1.0 with the twin for samples of density, conductivity and heat capacity, 100 cells and 286 steps each."""
    factors = np.exp(generator.normal(0.0, [0.03, 0.15, 0.07], (samples, 3)))
    made = tacot()
    return [hot_wall(made.scaled(*(float(f) for f in row)), 298.0, 100, BENCHMARK, twin.run) for row in factors]


def torched(cells: int, rules: Stepping, solver: Solver = finite_elements) -> History:
    """10 mm of TACOT under the heating of case 2.3 (25 MJ/kg at 0.3 kg/m2/s) for a minute: it burns through."""
    heating = WallHistory(np.array([0.0, 60.0]), film_coefficient=0.3, recovery_enthalpy=2.5e7)
    stack = build([Layer("tps", tacot(), 0.01, cells, GRADING)])
    wall = WallModel(from_card(load("tacot").bprime("test-series")))
    return solver(stack, heating, wall, 60.0, temperature=300.0, rules=rules)


def first_step() -> History:
    """A step of case 1.0 with finite elements: what a process needs before it can do anything."""
    heating = WallHistory(np.array([0.0, 1.0]), wall_temperature=np.array([298.0, 1644.0]))
    stack = _one_layer(tacot(), 100)
    return finite_elements(stack, heating, WallModel(), 0.005, temperature=298.0, rules=BENCHMARK)


def difference(ours: History, theirs: dict[str, Floats], column: str, low: float, high: float) -> tuple[Floats, Floats]:
    """(ours - theirs, theirs) of one column of temperatures ("wall", "8 mm") for times from low to high."""
    keep = (theirs["time"] >= low) & (theirs["time"] <= high) & np.isfinite(theirs[column])
    time, values = theirs["time"][keep], theirs[column][keep]
    found = (
        np.interp(time, ours.time, ours.temperature[:, 0])
        if column == "wall"
        else ours.at_depth(1e-3 * float(column.split()[0]), time)
    )
    return found - values, values


def steady_ablation(
    cells: int, rules: Stepping, solver: Solver = finite_elements
) -> tuple[History, float, float, float]:
    """A wall that ablates at a constant rate: (history, wall temperature, recession rate, diffusivity) expected.

    B'c = b everywhere, no blowing, no radiation, gas at the wall with the enthalpy of the solid: the balance gives
    c (T_w - 298 K) = h_r/(1 + b), and far from the start T - T_0 = (T_w - T_0) exp(-s' x/alpha).
    """
    rho, cp, k, b, film, enthalpy = 500.0, 1000.0, 0.2, 0.5, 0.1, 1.5e6
    t = np.array([200.0, 4000.0])
    rows = [[101325.0, g, x, b, cp * (x - 298.0)] for g in (0.0, 10.0) for x in np.linspace(200.0, 4000.0, 39)]
    wall = WallModel(BPrimeTable("constant", np.array(rows)), blowing=0.0)
    stack = build([Layer("tps", inert("solid", rho, t, cp, k, emissivity=0.0), 0.08, cells, 20.0)])
    heating = WallHistory(np.array([0.0, 400.0]), film_coefficient=film, recovery_enthalpy=enthalpy)
    history = solver(stack, heating, wall, 400.0, temperature=298.0, rules=rules)
    return history, 298.0 + enthalpy / (1.0 + b) / cp, film * b / rho, k / (rho * cp)


def melting(cells: int, rules: Stepping, solver: Solver = finite_elements) -> tuple[History, float, float]:
    """Neumann's problem by an apparent heat capacity: (history, temperature of the front, its depth at the end).

    Solid just below the melting interval of 1 K, wall 100 K above: lambda exp(lambda^2) erf(lambda) = Ste/sqrt(pi).
    """
    from scipy.optimize import brentq
    from scipy.special import erf

    rho, cp, k, latent, melt, wide, end = 1000.0, 1000.0, 1.0, 1.0e5, 500.0, 1.0, 400.0
    t = np.array([490.0, melt - 1e-3, melt, melt + wide, melt + wide + 1e-3, 610.0])
    c = np.array([cp, cp, cp + latent / wide, cp + latent / wide, cp, cp])
    stack = build([Layer("tps", inert("melting", rho, t, c, k), 0.05, cells, 1.0)])
    heating = WallHistory(np.array([0.0, end]), wall_temperature=melt + 100.0)
    history = solver(stack, heating, WallModel(), end, temperature=melt - 0.01, rules=rules)
    stefan = cp * 100.0 / latent
    root = brentq(lambda x: x * np.exp(x * x) * erf(x) - stefan / np.sqrt(np.pi), 1e-6, 5.0)
    return history, melt + 0.5 * wide, float(2.0 * root * np.sqrt(k / (rho * cp) * end))


def manufactured(cells: int, steps: int) -> tuple[History, Floats]:
    """T = 600 + 200 exp(-t/20) cos(pi x/L), k and c linear in T, to 10 s: (history, exact temperatures at the end)."""
    size, rho, end = 0.02, 1000.0, 10.0
    t = np.array([200.0, 1000.0])
    cp, k = 1000.0 * (1.0 + 4e-4 * (t - 600.0)), 1.0 + 1e-3 * (t - 600.0)

    def exact(x: Floats, time: float) -> Floats:
        return np.asarray(600.0 + 200.0 * np.exp(-time / 20.0) * np.cos(np.pi * x / size))

    def source(x: Floats, time: float) -> Floats:
        amplitude, wave = 200.0 * np.exp(-time / 20.0), np.pi / size
        above = amplitude * np.cos(wave * x)
        storage = rho * 1000.0 * (1.0 + 4e-4 * above) * -above / 20.0
        bend = -(wave**2) * above * (1.0 + 1e-3 * above) + 1e-3 * (amplitude * wave * np.sin(wave * x)) ** 2
        return np.asarray(storage - bend)

    stack = build([Layer("tps", inert("manufactured", rho, t, cp, k), size, cells)])
    times = np.linspace(0.0, end, 20001)  # interpolation of the wall temperature errs by 6e-9 K
    heating = WallHistory(times, wall_temperature=600.0 + 200.0 * np.exp(-times / 20.0))
    dt = end / steps
    rules = Stepping(first=dt, largest=dt, growth=1.0, newton=1e-9)
    shield = Shield(
        stack, heating, WallModel(), temperature=exact(stack.grid.depth, 0.0), rules=rules, source=source
    )  # fmt: skip
    return shield.run(end), exact(stack.grid.depth, end)


def smooth_ablation(cells: int, steps: int, solver: Solver = twin.run) -> History:
    """TACOT charring and receding under a heating that rises smoothly, 10 s in equal steps."""
    t = np.linspace(0.0, 10.0, 4001)
    heating = WallHistory(t, film_coefficient=0.2 * np.sin(0.05 * np.pi * t) ** 2 + 1e-3, recovery_enthalpy=2.0e7)
    wall = WallModel(from_card(load("tacot").bprime("air")), oxidation=(3.29e9, 184.1e3, 0.5))
    dt = 10.0 / steps
    rules = Stepping(first=dt, largest=dt, growth=1.0, newton=1e-7)
    return solver(
        build([Layer("tps", tacot(), 0.02, cells, 20.0)]), heating, wall, 10.0, temperature=300.0, rules=rules
    )
