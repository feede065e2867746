"""The shipped capsule's section under a heat pulse: one problem for our soak, CalculiX and the speed benchmark."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from containment.materials import load
from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_conduction import SectionConduction, SurfaceExchange
from containment.thermal.soak_march import March, march
from containment.thermal.soak_properties import Filling, conductor, constant, property_grid
from containment.verification.bench_calculix import HeatProblem

Floats = NDArray[np.float64]
START = 270.0  # K
_PULSE = np.linspace(0.0, 60.0, 61)  # s; half a sine, then nothing
_COLD = 250.0  # K, air around


def capsule(size: float, times: Floats, *, linear: bool, flux: float) -> HeatProblem:
    """The baseline's section with edges of `size` m and the densities and cards of its regions (virgin ablator).

    The outer line takes the pulse of peak `flux` W/m^2 and is cooled by air; outer and rear lines radiate unless
    `linear`, where all properties are those of 300 K.
    """
    from containment.case.load import load_case
    from containment.meshing import stage

    case = load_case("msr-ees", [])
    made = stage.run(case, {}, case.settings("screening").model_copy(update={"mesh_size": size})).data
    section = SectionMesh.from_dataset(made)
    conductors = {}
    for name, file in json.loads(made.attrs["materials"]).items():
        card = load(file)
        density = float(made["region_density"].sel(region=section.regions[name]))
        full = conductor(card.virgin if card.charring else card, density)
        at = (float(np.interp(300.0, full.temperature, v)) for v in (full.capacity, full.conductivity))
        conductors[name] = constant(name, *at) if linear else full
    outer, aft = SurfaceExchange(30.0, _COLD, flux=flux), SurfaceExchange(5.0, _COLD)
    if not linear:
        outer = replace(outer, emissivity=0.85, radiation_temperature=_COLD)
        aft = replace(aft, emissivity=0.3, radiation_temperature=_COLD)
    pulse = np.append(_PULSE, 1e6), np.append(np.sin(np.pi * _PULSE / 60.0), 0.0)
    return HeatProblem(section, conductors, {"outer": outer, "aft": aft}, pulse, START, times)


def system(problem: HeatProblem, section: SectionMesh | None = None) -> SectionConduction:
    """Our solver for the problem, on a finer `section` if given."""
    section = section or problem.section
    names = list(section.regions)
    row = {section.regions[name]: i for i, name in enumerate(names)}
    filling = Filling.plain([row[number] for number in section.region.tolist()])
    grid = property_grid([problem.conductors[name] for name in names])
    return SectionConduction(section, grid, filling, tuple(problem.surfaces))


def heat(problem: HeatProblem, ours: SectionConduction, time: float) -> None:
    """Put the surroundings of a time."""
    for name, exchange in problem.surfaces.items():
        ours.set_exchange(name, replace(exchange, flux=exchange.flux * float(np.interp(time, *problem.pulse))))


def solve(problem: HeatProblem, ours: SectionConduction) -> tuple[Floats, March]:
    """The march of `soak_march` over the times of the problem."""
    start = np.full(len(ours.section.points), problem.start)
    return march(ours, start, problem.times, lambda t, temperature: heat(problem, ours, t))


def euler(problem: HeatProblem, ours: SectionConduction) -> Floats:
    """(node,) temperatures at the end by implicit Euler, the steps CalculiX takes."""
    temperature = np.full(len(ours.section.points), problem.start)
    stored = ours.stored(temperature)
    before = float(problem.times[0])
    for time in problem.times[1:].tolist():
        heat(problem, ours, time)
        stage = ours.solve_stage(temperature, stored, time - before)
        temperature, stored, before = stage.temperature, stage.stored, time
    return temperature
