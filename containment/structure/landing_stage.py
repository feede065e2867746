"""Stage "landing": every branch by the chain (rung 1), then the vessels and their seams in finite elements (rung 2)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.mesh import SectionMesh
from containment.result import Check, Response, StageResult
from containment.structure import chain, landing_branches, landing_oblique, landing_vessels
from containment.structure.chain import Chain
from containment.structure.chain import Landing as History
from containment.structure.chain_capsule import Capsule
from containment.structure.chain_capsule_kernel import LEDGER
from containment.structure.landing_oblique import Oblique
from containment.structure.landing_vessels import VESSELS, VesselAnswer
from containment.structure.vessel import Vessel

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case

Floats = NDArray[np.float64]

_STORED = 1e-4  # s between stored states of the histories
_DRIFT = 1e-6  # of a unit load: the pin holds nothing when loads are in balance, rounding of the solve is 1e-11


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Land on every branch of the case. Needs [landing], [geometry], [vehicle] and the stages mesh and entry.

    Raises DataError for missing parts, SolverError when a chain breaks its energy ledger.
    """
    landing, vehicle, geometry = case.landing, case.vehicle, case.geometry
    if landing is None or vehicle is None or geometry is None:
        raise DataError("a landing needs [landing], [vehicle] and [geometry]", advice="add the missing section")
    mesh, entry = _upstream(upstream, "mesh"), _upstream(upstream, "entry")
    section = SectionMesh.from_dataset(mesh.data)
    content = landing_branches.inside(section, mesh)
    temperatures = landing_vessels.temperatures(upstream)
    walls = landing_vessels.vessels(section, geometry, landing, content, temperatures)
    responses: dict[str, Response] = {}
    histories: dict[str, History] = {}
    factors: dict[str, float] = {}
    answers: dict[str, dict[str, VesselAnswer]] = {}
    checks: dict[str, Check] = {}
    notes: list[str] = []
    window = landing.filter_window.value
    for name, branch in landing.branches.items():
        speed = landing_branches.impact_speed(branch, landing, vehicle, entry)
        body = landing_branches.build(branch, landing, vehicle, content, fidelity.landing_masses)
        history = landing_branches.land(body, speed, landing.duration.value)
        factors[name] = landing.acceleration_factor(name) * landing_branches.correction(body, speed)
        if oblique := landing_oblique.land(branch, landing, vehicle, content, speed):
            factors[name] *= oblique.factor
            responses |= _oblique(name, oblique)
            checks[f"{name}_oblique_energy"] = Check.at_most(oblique.rest.ledger_error, chain.LEDGER_LIMIT)
        load = landing_vessels.forces(history, window, factors[name])
        answers[name] = {
            vessel: landing_vessels.answer(walls[vessel], landing.vessels[vessel].seam, load[vessel])
            for vessel in VESSELS
        }
        histories[name] = history
        responses |= _responses(name, speed, body, history, window, factors[name], answers[name])
        checks[f"{name}_energy"] = Check.at_most(history.ledger_error, chain.LEDGER_LIMIT)
        notes += _notes(name, responses, answers[name])
    for vessel, wall in walls.items():
        checks[f"{vessel}_balance"] = Check.at_most(float(wall.pin_reactions.max()), _DRIFT)
    data = _dataset(histories, window, factors)
    worst = max(answers, key=lambda name: max(answer.utilisation for answer in answers[name].values()))
    data = data.merge(_picture(section, walls, answers[worst], worst))
    if fields is not None:
        _write_fields(fields, section, data)
    notes.append(f"accelerations and forces are moving means over {1e3 * window:g} ms")
    if "soak" not in upstream:
        notes.append(f"no soak stage: vessels land at {landing_vessels.ROOM_TEMPERATURE:g} K")
    return StageResult("landing", responses, data, checks, tuple(notes))


def _upstream(upstream: Mapping[str, StageResult], name: str) -> StageResult:
    if name not in upstream:
        raise DataError(f"the landing needs the result of stage {name}", advice=f"add the sections of stage {name}")
    return upstream[name]


def _responses(
    name: str, speed: float, body: Chain | Capsule, history: History, window: float, factor: float,
    answers: Mapping[str, VesselAnswer],
) -> dict[str, Response]:  # fmt: skip
    available = landing_branches.stroke_available(body)
    found = {
        "impact_speed": Response(speed, "m/s", 1),
        "os_acceleration": Response(factor * history.peak(-1, window), "m/s^2", 1),
        "shell_acceleration": Response(factor * history.peak(0, window), "m/s^2", 1),
        "stroke_fraction": Response(float(history.stroke.max()) / available, "", 1),
        "penetration": Response(max(float(history.penetration.max()), 0.0), "m", 1),
    }
    for vessel, answer in answers.items():
        found[f"{vessel}_utilisation"] = Response(answer.utilisation, "", 2)
        found[f"{vessel}_plastic_strain"] = Response(answer.plastic_strain, "", 2)
        found[f"{vessel}_seam_utilisation"] = Response(answer.seam_utilisation, "", 2)
        found[f"{vessel}_seal_opening"] = Response(answer.seal_opening, "m", 2)
    return {f"landing.{name}.{key}": value for key, value in found.items()}


def _oblique(name: str, oblique: Oblique) -> dict[str, Response]:
    """What the rigid body says: change of the peak, depth, attitude and time of its rest (to 2 s at most)."""
    found = {
        "oblique_factor": Response(oblique.factor, "", 1),
        "rigid_penetration": Response(oblique.rest.depth, "m", 1),
        "rest_attitude": Response(oblique.rest.attitude, "rad", 1),
        "rest_time": Response(oblique.rest.rest_time, "s", 1),
    }
    return {f"landing.{name}.{key}": value for key, value in found.items()}


def _notes(name: str, responses: Mapping[str, Response], answers: Mapping[str, VesselAnswer]) -> list[str]:
    notes = []
    if responses[f"landing.{name}.stroke_fraction"].value > 1.0:
        notes.append(f"branch {name}: the absorber bottoms out; the peak then depends on its lock-up stiffness")
    for vessel, answer in answers.items():
        if answer.utilisation > 1.0:
            how = "" if answer.solved else " by Neuber's rule: near or beyond static collapse under the peak force"
            notes.append(f"branch {name}: {vessel} yields, plastic strain {answer.plastic_strain:.2g}{how}")
    return notes


def _dataset(histories: Mapping[str, History], window: float, factors: Mapping[str, float]) -> xr.Dataset:
    """Histories on one time grid (s from first contact); after the end of a branch held, accelerations left out."""
    end = max(history.time[-1] for history in histories.values())
    time = np.arange(0.0, end + _STORED, _STORED)

    def rows(pick: Any) -> Floats:
        return np.array([np.interp(time, history.time, pick(history)) for history in histories.values()])

    accelerations = [
        np.interp(time, h.time, factors[name] * h.acceleration(-1, window), right=np.nan)
        for name, h in histories.items()
    ]

    both = ("branch", "time")
    variables = {
        "os_acceleration": (np.array(accelerations), "m/s^2", "filtered OS deceleration"),
        "os_speed": (rows(lambda h: h.speeds[-1]), "m/s", "speed of the OS"),
        "shell_speed": (rows(lambda h: h.speeds[0]), "m/s", "speed of the shell"),
        "stroke": (rows(lambda h: h.stroke), "m", "stroke of the absorber"),
        "penetration": (rows(lambda h: h.penetration), "m", "depth of the nose below the surface"),
        "soil_force": (rows(lambda h: h.ground_force), "N", "force of the ground"),
        "absorber_force": (rows(lambda h: h.absorber_force), "N", "force of the absorber on the outer vessel"),
    }
    data = xr.Dataset(
        {key: (both, values, {"units": unit, "long_name": words}) for key, (values, unit, words) in variables.items()},
        coords={
            "branch": list(histories),
            "time": ("time", time, {"units": "s", "long_name": "time from first contact"}),
            "energy_term": list(LEDGER),
        },
    )
    ledger = np.array([[history.energy.get(term, 0.0) for term in LEDGER] for history in histories.values()])
    data["energy"] = (("branch", "energy_term"), ledger, {"units": "J", "long_name": "energy ledger at the end"})
    errors = np.array([history.ledger_error for history in histories.values()])
    data["ledger_error"] = ("branch", errors, {"units": "1", "long_name": "largest imbalance of the energy ledger"})
    return data


def _picture(
    section: SectionMesh, walls: Mapping[str, Vessel], answers: Mapping[str, VesselAnswer], branch: str
) -> xr.Dataset:
    """Mises stress and displacement of the vessels in their worst state of the worst branch; NaN elsewhere."""
    mises = np.full(len(section.triangles), np.nan)
    displacement = np.full((len(section.points), 2), np.nan)
    for name, wall in walls.items():
        answer = answers[name]
        mises[wall.cells] = answer.worst_cells * wall.yield_stress
        displacement[wall.nodes] = wall.displacement(answer.worst_forces)
    picture = section.to_dataset()[["node_r", "node_z", "triangle", "cell_region"]]
    picture["von_mises"] = ("cell", mises, {"units": "Pa", "long_name": f"Mises stress, branch {branch}"})
    for i, axis in enumerate("rz"):
        words = f"displacement in {axis}, branch {branch}"
        picture[f"displacement_{axis}"] = ("node", displacement[:, i], {"units": "m", "long_name": words})
    return picture


def _write_fields(folder: Path, section: SectionMesh, data: xr.Dataset) -> None:
    """The picture as a file for ParaView."""
    from containment import fem

    mesh = fem.to_dolfinx(section).mesh
    stress = fem.dolfinx.fem.Function(fem.dolfinx.fem.functionspace(mesh, ("Discontinuous Lagrange", 0)))
    fem.set_cell_values(stress, np.nan_to_num(data["von_mises"].values))
    fem.write_fields(folder / "landing", mesh, {"von_mises": stress})
