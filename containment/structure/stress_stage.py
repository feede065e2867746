"""Stage "stress": thermo-elastic statics of shell and vessels at the peak deceleration of the entry.

The flow presses on the forebody, every part pushes back with its inertia, temperatures are those of the soak at that
time. The acceleration follows from the pressure and the mass of the vehicle, so that the loads are in balance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, UsageError
from containment.materials import load as load_card
from containment.meshing.mesh import SectionMesh
from containment.result import Check, Response, StageResult
from containment.structure.entry_load import FlowState, cone_buckling_pressure, transferred
from containment.structure.loads import Loads, Supports
from containment.structure.parts import check_parts
from containment.structure.solid import NEVER_YIELDS, Solid, solid
from containment.structure.statics import Statics, StaticsResult, part
from containment.structure.stress_answers import composite, seams, shell_buckling, used_ductility, walls

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.entry import Vehicle
    from containment.case.fidelity import Fidelity
    from containment.case.landing import Seam
    from containment.case.schema import Case
    from containment.case.stress import Stress
    from containment.materials.card import PropertySet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BALANCE_LIMIT = 1e-6  # pin reaction over the braking force: the loads are in balance up to rounding
DECELERATION_LIMIT = 0.15  # Newtonian pressure against the drag table: better than 10 % above Mach 10, worse below


@dataclass(frozen=True)
class _Model:
    """The load-carrying part: its mesh, its nodes and cells in the whole section, cards, materials, mass over the
    card's, and the mass kg that moves with the shell."""

    section: SectionMesh
    mesh: SectionMesh
    nodes: Ints
    cells: Ints
    cards: Mapping[str, PropertySet]
    solids: Mapping[str, Solid]
    mass_factor: Mapping[str, float]
    shell_mass: float


@dataclass(frozen=True)
class _Load:
    """The flow's pressure on the edges of the load line, its resultant N, what it does to the vehicle m/s^2, heat."""

    pressure: Floats
    force: float
    acceleration: float
    temperature: Floats


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Stresses at peak deceleration; see the module for the model. Raises UsageError, DataError, SolverError."""
    settings = case.stress
    missing = [name for name in ("mesh", "entry", "soak") if name not in upstream]
    if settings is None or case.vehicle is None or case.geometry is None or missing:
        raise UsageError(
            f"stage stress lacks its sections or the results of {', '.join(missing) or 'no stage'}",
            advice="add [stress], [vehicle], [geometry] and the sections of the stages before",
        )
    model = _model(case.vehicle, settings, upstream["mesh"].data)
    load = _load(case.vehicle, settings, model, upstream["entry"], upstream["soak"].data)
    loads = Loads(
        temperature=load.temperature,
        reference_temperature=settings.stress_free_temperature.value,
        acceleration=load.acceleration,
        pressure={settings.load_line: load.pressure},
        mass_factor=model.mass_factor,
    )
    statics, supports = _statics(settings, model), Supports(pin=int(model.mesh.points[:, 1].argmax()))
    answer = statics.solve(loads, supports)
    yields = _yield_stress(model, load.temperature)
    if fields is not None:
        _write_fields(fields, model.mesh, answer)
    flown = float(np.interp(upstream["entry"].value("time_of_peak_deceleration"), *_deceleration(upstream["entry"])))
    checks = {
        "load_balance": Check.at_most(abs(answer.pin_reaction) / load.force, BALANCE_LIMIT),
        "deceleration": Check.at_most(abs(load.acceleration / flown - 1.0), DECELERATION_LIMIT),
    }
    found = _responses(case.vehicle, settings, model, load, answer, yields) | walls(model.mesh, answer)
    if case.landing is not None:
        closures: dict[str, Seam] = {name: vessel.seam for name, vessel in case.landing.vessels.items()}
        found |= seams(statics, answer, loads, closures)
    if settings.metals:
        yielding = _statics(settings, model, tuple(settings.metals))
        found |= used_ductility(yielding, answer, loads, supports, model.cards, settings.metals)
    data = _dataset(model, answer, yields)
    if fidelity.buckling_waves:
        buckled = shell_buckling(statics, answer, loads, settings.buckling_held, fidelity.buckling_waves)
        share = 1.0 / (settings.buckling_knockdown.value * buckled.factor)
        found["stress.shell_linear_buckling_utilisation"] = Response(share, "")
        found["stress.shell_buckling_waves"] = Response(float(buckled.waves), "")
        data["buckling_mode"] = (
            "node", np.linalg.norm(buckled.mode, axis=1), {"units": "1", "long_name": "buckling mode, largest 1"},
        )  # fmt: skip
    return StageResult("stress", found, data, checks, _notes(settings, model))


def _deceleration(entry: StageResult) -> tuple[Floats, Floats]:
    return entry.data["time"].values, entry.data["deceleration"].values


def _model(vehicle: Vehicle, settings: Stress, data: xr.Dataset) -> _Model:
    """Split the section into what carries load and what only weighs, and share out all mass of the vehicle."""
    section = SectionMesh.from_dataset(data)
    check_parts(section, json.loads(data.attrs["materials"]))
    for name in (settings.shell, *settings.passive, *settings.unmodelled_mass):
        section.region_number(name)
    active = tuple(name for name in section.regions if name not in settings.passive)
    mesh, nodes, cells = part(section, active)
    materials: dict[str, str] = json.loads(data.attrs["materials"])
    masses = {name: float(data["region_mass"].sel(region=number)) for name, number in section.regions.items()}
    unmodelled = vehicle.entry_mass - sum(masses.values())
    if unmodelled < 0.0:
        raise DataError(
            f"the section weighs {sum(masses.values()):.4g} kg, expected at most the vehicle's "
            f"{vehicle.entry_mass:.4g} kg",
            advice="correct the geometry, the densities or vehicle.mass",
        )
    weighing = dict(masses)
    weighing[settings.shell] += sum(masses[name] for name in settings.passive)
    for name, share in settings.unmodelled_mass.items():
        weighing[name] += share.value * unmodelled
    cards = {name: load_card(materials[name]) for name in active}
    solids = {name: solid(card) for name, card in cards.items()}
    factors = {name: weighing[name] / (solids[name].density * mesh.region_volume(name)) for name in active}
    return _Model(section, mesh, nodes, cells, cards, solids, factors, weighing[settings.shell])


def _statics(settings: Stress, model: _Model, yielding: tuple[str, ...] = ()) -> Statics:
    """The part, elastic whatever the stress but for regions in `yielding`, its shell a laminate if the case says so."""
    composites = {}
    if settings.laminate is not None:
        composites[settings.shell] = composite(model.mesh, settings.shell, settings.load_line, settings.laminate)
    solids = {name: s if name in yielding else s.unyielding() for name, s in model.solids.items()}
    return Statics(model.mesh, solids, composites=composites)


def _load(vehicle: Vehicle, settings: Stress, model: _Model, entry: StageResult, soak: xr.Dataset) -> _Load:
    time = entry.value("time_of_peak_deceleration")
    at = {
        name: float(np.interp(time, entry.data["time"].values, entry.data[name].values))
        for name in ("stagnation_pressure", "static_pressure", "dynamic_pressure")
    }
    flow = FlowState(at["stagnation_pressure"], at["static_pressure"], at["dynamic_pressure"])
    base = settings.base_pressure_factor.value * flow.ambient
    pressure, force = transferred(
        model.section, model.mesh, settings.heated_line, settings.load_line, flow, base, settings.pressure_factor.value
    )
    when = soak["snapshot_time"].values
    nearest = int(np.abs(when - time).argmin())
    if abs(when[nearest] - time) > 1e-6 * max(time, 1.0):  # the soak keeps a snapshot at exactly this time
        raise DataError(f"the soak has no temperatures at {time:.4g} s", advice="run the soak again")
    temperature = soak["temperature_snapshot"].values[nearest][model.nodes]
    return _Load(pressure, force, force / vehicle.entry_mass, temperature)


def _yield_stress(model: _Model, temperature: Floats) -> Floats:
    """(cell,) yield stress at the mean temperature of each cell of the part, Pa."""
    mean = temperature[model.mesh.triangles].mean(axis=1)
    result = np.empty(len(mean))
    for name, number in model.mesh.regions.items():
        mine = model.mesh.region == number
        result[mine] = np.interp(mean[mine], model.solids[name].temperature, model.solids[name].yield_stress)
    return result


def _responses(
    vehicle: Vehicle, settings: Stress, model: _Model, load: _Load, answer: StaticsResult, yields: Floats
) -> dict[str, Response]:
    utilisation = answer.von_mises / yields
    names = {settings.shell: "shell"} | {name: name for name in ("scv", "pcv") if name in model.mesh.regions}
    found: dict[str, Response] = {}
    for region, name in names.items():
        mine = model.mesh.region == model.mesh.region_number(region)
        found[f"stress.{name}_utilisation"] = Response(float(utilisation[mine].max()), "")
        found[f"stress.{name}_peak_stress"] = Response(float(answer.von_mises[mine].max()), "Pa")
    found["stress.axial_acceleration"] = Response(load.acceleration, "m/s^2")
    critical = _shell_buckling_pressure(vehicle, settings, model, load)
    # what the shell's own inertia takes never becomes membrane force: the rest is what buckles it
    crushing = (load.force - model.shell_mass * load.acceleration) / vehicle.frontal_area
    found["stress.shell_buckling_utilisation"] = Response(crushing / critical, "", rung=0)
    return found


def _shell_buckling_pressure(vehicle: Vehicle, settings: Stress, model: _Model, load: _Load) -> float:
    """Critical pressure of the shell as a bare cone from nose to largest radius, Pa, without the absorber behind."""
    cells = model.mesh.triangles[model.mesh.region == model.mesh.region_number(settings.shell)]
    shell = model.solids[settings.shell]
    modulus = float(np.interp(load.temperature[cells].max(), shell.temperature, shell.youngs_modulus))
    thickness = model.mesh.region_volume(settings.shell) / model.mesh.facet_area(settings.load_line)
    angle, nose = vehicle.cone_half_angle.value, vehicle.nose_radius.value
    return cone_buckling_pressure(
        modulus, thickness, angle, nose * np.cos(angle), 0.5 * vehicle.diameter.value, settings.buckling_knockdown.value
    )


def _notes(settings: Stress, model: _Model) -> tuple[str, ...]:
    endless = [name for name, s in model.solids.items() if s.yield_stress.min() >= NEVER_YIELDS]
    notes = []
    if settings.passive:
        notes.append(f"stress: {', '.join(settings.passive)} carries no load; its mass is on {settings.shell}")
    if endless:
        notes.append(f"stress: no yield strength in the cards of {', '.join(endless)}; not judged")
    return tuple(notes)


def _dataset(model: _Model, answer: StaticsResult, yields: Floats) -> xr.Dataset:
    data = model.mesh.to_dataset()
    data["von_mises"] = ("cell", answer.von_mises, {"units": "Pa", "long_name": "von Mises stress"})
    data["utilisation"] = (
        "cell",
        answer.von_mises / yields,
        {"units": "1", "long_name": "von Mises over yield stress"},
    )
    for component, name in enumerate(("radial", "axial")):
        values = answer.displacement[:, component]
        data[f"displacement_{name}"] = ("node", values, {"units": "m", "long_name": f"{name} displacement"})
    return data


def _write_fields(folder: Path, mesh: SectionMesh, answer: StaticsResult) -> None:
    from containment import fem

    target = fem.to_dolfinx(mesh).mesh
    stress = fem.dolfinx.fem.Function(fem.dolfinx.fem.functionspace(target, ("DG", 0)))
    moved = fem.dolfinx.fem.Function(fem.dolfinx.fem.functionspace(target, ("Lagrange", 1, (2,))))
    fem.set_cell_values(stress, answer.von_mises)
    fem.set_node_values(moved, answer.displacement)
    folder.mkdir(parents=True, exist_ok=True)
    fem.write_fields(folder / "stress.xdmf", target, {"von_mises": stress, "displacement": moved})
