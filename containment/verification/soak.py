"""Benchmarks of the soak: NAFEMS, manufactured solutions with their orders, independent codes, energy, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from containment.errors import ContainmentError
from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_cavity import cavity
from containment.thermal.soak_conduction import Balance, SectionConduction, SurfaceExchange
from containment.thermal.soak_kernel import SIGMA as STEFAN_BOLTZMANN
from containment.thermal.soak_march import March, march
from containment.thermal.soak_properties import Conductor, Filling, constant, property_grid, reached
from containment.thermal.soak_surface import Flight
from containment.thermal.soak_view import view_factors
from containment.verification import bench_soak_codes, bench_sterilisation
from containment.verification.bench_sections import fitted_order, hollow_sphere, node_at, rectangle
from containment.verification.bench_soak_orders import RAMP, error
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
_ZERO = 273.15  # K at 0 degC


def items() -> Iterator[Item]:
    """All benchmarks of the soak, in seconds of CPU time."""
    yield from _nafems_radiation()
    yield from _nafems_transient()
    yield from _nafems_convection()
    yield from _orders()
    yield from _energy()
    yield from bench_soak_codes.forms()
    yield from bench_soak_codes.scikit_fem()
    yield from bench_soak_codes.calculix()
    yield from _refusals()
    yield from _view_factors()
    yield from _spheres_in_each_other()
    yield from bench_sterilisation.items()


def conduction(section: SectionMesh, material: Conductor, *surfaces: str, tolerance: float = 1e-6) -> SectionConduction:
    """A section of one material with exchange on the named lines."""
    filling = Filling.plain(np.zeros(len(section.triangles), dtype=np.int32))
    return SectionConduction(section, property_grid([material]), filling, surfaces, tolerance=tolerance)


def _no_change(time: float, temperature: Floats) -> None:
    """Surroundings that stay as they are."""


def _nafems_radiation() -> Iterator[Item]:
    """NAFEMS T2: a bar of 0.1 m, 1000 K at one end, radiating to 300 K at the other; steady."""
    section = rectangle(1, 10, r=(0.0, 0.01), z=(0.0, 0.1))
    system = conduction(section, constant("bar", 1e6, 55.6), "top")
    system.set_exchange("top", SurfaceExchange(emissivity=0.98, radiation_temperature=300.0))
    hot = section.facet_nodes("bottom")
    system.fix(hot)
    start = np.full(len(section.points), 1000.0)
    end, _ = march(
        system, start, np.linspace(0.0, 1e6, 5), _no_change, imposed=lambda t: (hot, np.full(len(hot), 1000.0))
    )
    ours = float(end[node_at(section, 0.0, 0.1)]) - _ZERO
    # 0.1 % is what codes reach; the closed form of the balance gives 653.86
    yield Item.relative("soak.nafems-t2", 653.85, ours, 1e-3, "degC", "NAFEMS T2, as recalled; root of the balance")


def _nafems_transient() -> Iterator[Item]:
    """NAFEMS T3: a bar of 0.1 m, one end at 0, the other at 100 sin(pi t / 40) degC."""
    section = rectangle(1, 40, r=(0.0, 0.01), z=(0.0, 0.1))
    system = conduction(section, constant("bar", 7200.0 * 440.5, 35.0))
    cold, driven = section.facet_nodes("bottom"), section.facet_nodes("top")
    nodes = np.concatenate([cold, driven])

    def imposed(time: float) -> tuple[NDArray[np.int64], Floats]:
        end = _ZERO + 100.0 * np.sin(np.pi * time / 40.0)
        return nodes, np.concatenate([np.full(len(cold), _ZERO), np.full(len(driven), end)])

    system.fix(nodes)
    end, _ = march(system, np.full(len(section.points), _ZERO), np.linspace(0.0, 32.0, 65), _no_change, imposed=imposed)
    ours = float(end[node_at(section, 0.0, 0.08)]) - _ZERO
    yield Item.relative("soak.nafems-t3", 36.60, ours, 0.01, "degC", "NAFEMS T3; series solution 36.603")


def _nafems_convection() -> Iterator[Item]:
    """NAFEMS T4: plate 0.6 x 1.0 m, base at 100 degC, film 750 W/m^2/K on two sides; plane, so far from the axis."""
    far = 1e4  # m; the curvature is then 6e-5 over the plate
    section = rectangle(30, 50, r=(far, far + 0.6), z=(0.0, 1.0))
    system = conduction(section, constant("plate", 1e5, 52.0), "outer", "top")
    for side in ("outer", "top"):
        system.set_exchange(side, SurfaceExchange(film=750.0, film_temperature=_ZERO))
    base = section.facet_nodes("bottom")
    system.fix(base)
    end, _ = march(
        system, np.full(len(section.points), _ZERO), np.linspace(0.0, 1e6, 5), _no_change,
        imposed=lambda t: (base, np.full(len(base), _ZERO + 100.0)),
    )  # fmt: skip
    ours = float(end[node_at(section, far + 0.6, 0.2)]) - _ZERO
    yield Item.relative("soak.nafems-t4", 18.25, ours, 0.01, "degC", "NAFEMS T4, as recalled; series 18.253")


def _view_factors() -> Iterator[Item]:
    """Two equal coaxial discs at distances of half, one and two radii."""
    count = 20
    radius = np.linspace(0.0, 1.0, count + 1)
    for distance in (0.5, 1.0, 2.0):
        low, high = (np.column_stack([radius, np.full(count + 1, z)]) for z in (0.0, distance))
        view = view_factors(
            np.concatenate([low[:-1], high[:-1]]), np.concatenate([low[1:], high[1:]]),
            np.repeat([[0.0, 1.0], [0.0, -1.0]], count, axis=0),
        )  # fmt: skip
        ours = float(view.area[:count] @ view.factor[:count, count:].sum(axis=1) / view.area[:count].sum())
        x = 2.0 + distance**2
        exact = 0.5 * (x - np.sqrt(x**2 - 4.0))
        # 1 %: the noise of 1024 rays per ring
        yield Item.relative(f"soak.view-discs-{distance:g}", exact, ours, 0.01, "", "Siegel and Howell, C-41")


def _spheres_in_each_other() -> Iterator[Item]:
    """Grey concentric spheres at 600 and 300 K: heat by the closed form of the two-surface enclosure."""
    pieces = [(hollow_sphere(1, 20, *radii), line) for radii, line in (((0.4, 0.5), "outer"), ((1.0, 1.2), "inner"))]
    points: list[Floats] = []
    triangles, edges, tags = [], [], []
    for tag, (half, line) in enumerate(pieces):
        for side in (1.0, -1.0):  # the lower half is the mirror image
            shift = sum(len(p) for p in points)
            points.append(half.points * [1.0, side])
            triangles.append(half.triangles + shift)
            edges.append(half.facets[half.facet == half.facet_number(line)] + shift)
            tags.append(np.full(len(edges[-1]), tag))
    cells = np.concatenate(triangles)
    both = SectionMesh(
        np.concatenate(points), cells, np.zeros(len(cells), dtype=np.int64), np.concatenate(edges),
        np.concatenate(tags), {"body": 0}, {"hot": 0, "cold": 1},
    )  # fmt: skip
    hollow = cavity(both, {"hot": 0.8, "cold": 0.3})
    temperature = np.where(np.linalg.norm(both.points[hollow.nodes], axis=1) < 0.7, 600.0, 300.0)
    heat = hollow.heat(temperature, 300.0)
    ours = -2.0 * np.pi * float(heat[temperature > 500.0].sum())
    area = (both.facet_area("hot"), both.facet_area("cold"))
    resistance = 1.0 / 0.8 + area[0] / area[1] * (1.0 / 0.3 - 1.0)
    exact = area[0] * STEFAN_BOLTZMANN * (600.0**4 - 300.0**4) / resistance
    source = "two-surface enclosure, Siegel and Howell ch. 6"
    yield Item.relative("soak.grey-spheres", exact, ours, 0.01, "W", source)


def _orders() -> Iterator[Item]:
    """Linear elements: second order in space; SDIRK2: second order in time; both fitted."""
    counts = [8, 16, 32]
    for name, plane in (("plane", True), ("axisymmetric", False)):
        # 64 steps leave an error in time of a hundredth of the finest error in space
        order = fitted_order([1.0 / n for n in counts], [error(n, 64, plane=plane) for n in counts])
        # 0.15: meshes this coarse are not quite in the asymptotic range
        yield Item.absolute(f"soak.manufactured.{name}.order-space", 2.0, order, 0.15, "", "manufactured solution, P1")
        order = fitted_order([1.0 / n for n in counts], [error(n, 2 * n, plane=plane) for n in counts])
        source = "manufactured solution, P1 and SDIRK2 refined together"
        yield Item.absolute(f"soak.manufactured.{name}.order-space-and-time", 2.0, order, 0.15, "", source)
    yield Item.absolute("soak.order-time", 2.0, _order_in_time(), 0.15, "", "against 320 steps, SDIRK2, radiating")


def _order_in_time() -> float:
    """Order against a much finer march on the same mesh, with radiation and temperature-dependent properties."""
    ends = {steps: _cooling(steps)[0] for steps in (10, 20, 40, 320)}
    counts = [10, 20, 40]
    return fitted_order([1.0 / n for n in counts], [float(np.abs(ends[n] - ends[320]).max()) for n in counts])


def _cooling(steps: int) -> tuple[Floats, March]:
    """A cylinder of 0.1 m at 900 K that radiates and is cooled by air for 2000 s, smoothly switched on."""
    section = rectangle(10, 10, r=(0.0, 0.1), z=(0.0, 0.1))
    system = conduction(section, RAMP, "outer", "top")

    def surroundings(time: float, temperature: Floats) -> None:
        grown = 1.0 - np.exp(-((time / 400.0) ** 2))
        for name in ("outer", "top"):
            system.set_exchange(name, SurfaceExchange(200.0 * grown, 300.0, 0.9 * grown, 300.0))

    return march(system, np.full(len(section.points), 900.0), np.linspace(0.0, 2e3, steps + 1), surroundings)


def _energy() -> Iterator[Item]:
    _, record = _cooling(20)
    source = "heat through surfaces against stored heat, limit of the stage"
    yield Item.at_most("soak.energy-closure", 1e-6, record.account.closure, "", source)


class _Leaking(SectionConduction):
    """A solver that loses one part in five hundred of the heat it is given."""

    def solve_stage(self, guess: Floats, target: Floats, tau: float, max_iterations: int = 20) -> Balance:
        stage = super().solve_stage(guess, target, tau, max_iterations)
        return replace(stage, supplied=1.002 * stage.supplied)


def _refusals() -> Iterator[Item]:
    """Bad input and bad runs end with the exit code of their error, never with a number."""
    section = rectangle(2, 2)
    start = 300.0 + 100.0 * section.points[:, 1]
    now = np.array([0.0, 1.0])

    def leaking() -> None:
        filling = Filling.plain(np.zeros(len(section.triangles), dtype=np.int32))
        system = _Leaking(section, property_grid([RAMP]), filling, ("outer",))
        system.set_exchange("outer", SurfaceExchange(film=100.0, film_temperature=900.0))
        march(system, start, now, _no_change)[1].account.require()

    def beyond_the_card() -> None:
        system = conduction(section, RAMP)
        reached(start + 700.0, section.triangles, system.filling, system.grid, "at t = 0 s")

    air = np.array([0.0, 2.0, 1.0])
    attempts: tuple[tuple[str, int, Callable[[], object]], ...] = (
        ("energy-lost", 4, leaking),
        (
            "step-that-does-not-converge",
            4,
            lambda: march(conduction(section, RAMP, tolerance=0.0), start, now, _no_change),
        ),
        ("temperature-outside-the-card", 3, beyond_the_card),
        ("times-going-back", 3, lambda: march(conduction(section, RAMP), start, now[::-1], _no_change)),
        ("flight-going-back", 3, lambda: Flight(air, air, air, air, air, air)),
        ("card-out-of-order", 3, lambda: Conductor("x", np.array([400.0, 300.0]), np.ones(2), np.ones(2))),
    )
    for name, code, attempt in attempts:
        found = 0.0
        try:
            attempt()
        except ContainmentError as error:
            found = float(error.exit_code)
        yield Item.absolute(f"soak.refuses.{name}", float(code), found, 0.0, "exit code", "the error the user meets")
