"""Stage "impact": the nominal landing in explicit finite elements (rung 2), beside the chain that carries the samples.

Runs at the nominal values only. Tumbling landings are not axisymmetric and are left to the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.materials import library
from containment.meshing.mesh import SectionMesh
from containment.result import Check, Response, StageResult
from containment.structure import impact_capsule, impact_pictures, impact_vessels, landing_branches, landing_vessels
from containment.structure.explicit import SAFETY, Control, Run, Terrain, simulate
from containment.structure.explicit_terrain import SphereRock
from containment.structure.impact_capsule import Impactor
from containment.structure.impact_vessels import WallAnswer
from containment.structure.landing_vessels import VESSELS
from containment.structure.soil import Ground
from containment.structure.strain_limit import Ductility, ductility

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.landing import Landing
    from containment.case.schema import Case

Floats = NDArray[np.float64]

G0 = 9.80665  # m/s^2, standard gravity, CGPM 1901
_LEDGER, _HOURGLASS, _ADDED = 1e-3, 0.02, 5e-3  # of initial energy, of internal energy, of a vessel's mass
_STEPS = (1.0, 0.5, 0.25)  # of the bounded step: the ledger's error is of first order in it where absorber locks up
_FRAME = 5e-5  # s between frames: a tenth of the shortest sensible filter window
_AFTER = 1.5e-3  # s the run goes on when the chain has all but stopped
_STOPPED = 0.05  # of the impact speed
_RIGID = Ground(1e30, 0.0, 0.0, 1e15)


@dataclass(frozen=True)
class Impact:
    """One run with its filtered peaks (m/s^2), the chain's peak for the same landing, and its walls.

    `rock`: radius of the round rock under the nose, m, None on ground.
    """

    run: Run
    speed: float
    rock: float | None
    peaks: Mapping[str, float]
    chain: float
    walls: Mapping[str, WallAnswer]

    @property
    def difference(self) -> float:
        """The chain's peak over that of the finite elements, less 1."""
        return self.chain / self.peaks["os"] - 1.0


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Land nose-first on the hardest and the likeliest surfaces. Needs [landing] with its interface, [geometry],
    [vehicle] and the stages mesh, entry and landing.

    Raises DataError for missing parts, SolverError when a run breaks its energy ledger or is not finite.
    """
    landing, vehicle, geometry = case.landing, case.vehicle, case.geometry
    lacking = [name for name in ("mesh", "entry", "landing") if name not in upstream]
    if landing is None or vehicle is None or geometry is None or lacking:
        raise DataError(
            f"the impact needs [landing], [vehicle], [geometry], stages mesh, entry and landing, lacks {lacking}",
            advice="add the missing sections",
        )
    section = SectionMesh.from_dataset(upstream["mesh"].data)
    content = landing_branches.inside(section, upstream["mesh"])
    temperatures = landing_vessels.temperatures(upstream)
    body = impact_capsule.build(
        landing, vehicle, geometry, section, upstream["mesh"], content, temperatures, fidelity
    )  # fmt: skip
    limits = _ductilities(case)
    impacts: dict[str, Impact] = {}
    chosen = _branches(landing, upstream["landing"], fidelity.impact_branches) if landing.interface else []
    for name in chosen:  # without bond the vessel leaves a coarse absorber on hard ground: no run to be shown
        speed = landing_branches.impact_speed(landing.branches[name], landing, vehicle, upstream["entry"])
        if speed > 0.0:
            impacts[name] = _impact(body, landing, name, speed, upstream["landing"], limits)
    responses: dict[str, Response] = {}
    checks = _masses(body)
    for name, impact in impacts.items():
        responses |= _responses(name, impact, body)
        checks[f"{name}_energy"] = Check.at_most(impact.run.ledger_error, _LEDGER)
        checks[f"{name}_hourglass"] = Check.at_most(impact.run.hourglass_share(), _HOURGLASS)
    data = _dataset(impacts, landing.filter_window.value, upstream["landing"])
    if impacts:
        rocks = {name: i.rock for name, i in impacts.items() if i.rock is not None}
        data = data.merge(impact_pictures.film(body.made, {name: i.run for name, i in impacts.items()}, rocks))
    if fields is not None:
        for name, impact in impacts.items():
            impact_pictures.write(fields / f"impact-{name}", body.made, impact.run)
    return StageResult("impact", responses, data, checks, tuple(_notes(landing, impacts, body)))


def _branches(landing: Landing, done: StageResult, most: int) -> list[str]:
    """Nose-first branches in the order of the case: the hardest by the chain, then the likeliest ones."""
    stable = [name for name, branch in landing.branches.items() if branch.attitude == "stable"]
    chance = landing.probabilities()
    stable.sort(key=lambda name: -chance[name])
    hardest = sorted(stable, key=lambda name: -done.value(f"{name}.os_acceleration"))[:1]
    chosen = [*hardest, *(name for name in stable if name not in hardest)][:most]
    return [name for name in landing.branches if name in chosen]


def _impact(
    body: Impactor, landing: Landing, name: str, speed: float, done: StageResult, limits: Mapping[str, Ductility]
) -> Impact:  # fmt: skip
    """One landing, until the chain has stopped."""
    made, window = body.made, landing.filter_window.value
    one = done.data.sel(branch=name)
    # after its end a branch is held in the histories, and its acceleration left out
    lands = np.isfinite(one["os_acceleration"].to_numpy()) & (one["os_speed"].to_numpy() > _STOPPED * speed)
    moving = one["time"].to_numpy()[lands]
    end = float(moving.max()) + _AFTER
    surface = landing.surfaces[landing.branches[name].surface]
    terrain, ground, rock = Terrain(), _RIGID, None
    if surface.kind == "soil":
        ground = landing_branches.ground(surface)
    elif surface.rock_radius is not None:
        rock = surface.rock_radius.value
        terrain = Terrain(rocks=[SphereRock((0.0, -rock), rock)])
    start = np.zeros_like(made.body.points)
    start[:, 1] = -speed
    found = _balanced(
        lambda control: simulate(
            made.body, start, end, control=control, contact=made.ground, ground=None if terrain.rocks else ground,
            terrain=terrain, groups={part: np.array([kind]) for part, kind in made.kinds.items()}, parts=made.parts,
            frame_times=np.linspace(0.0, end, int(end / _FRAME) + 1),
        )
    )  # fmt: skip
    walls: dict[str, WallAnswer] = {
        vessel: impact_vessels.wall(
            made.body, found, made.walls[vessel], body.metals[vessel], body.thickness[vessel],
            landing.vessels[vessel].seam, window, limits.get(vessel),
        )
        for vessel in VESSELS
    }  # fmt: skip
    peaks = {part: found.peak(part, window) for part in ("shell", *VESSELS, "os")}
    return Impact(found, speed, rock, peaks, done.value(f"{name}.os_acceleration"), walls)


def _balanced(launch: Callable[[Control], Run]) -> Run:
    """The run at the longest step whose ledger holds; at the shortest one as it came out, for the check to judge."""
    for share in _STEPS[:-1]:
        try:
            found = launch(Control(safety=share * SAFETY))
        except SolverError:
            continue
        if found.ledger_error <= _LEDGER:
            return found
    return launch(Control(safety=_STEPS[-1] * SAFETY))


def _ductilities(case: Case) -> dict[str, Ductility]:
    """Strain limits of the vessels whose group is named in [stress] and whose card says enough."""
    found: dict[str, Ductility] = {}
    for name in VESSELS:
        group = case.stress.metals.get(name) if case.stress is not None else None
        if group is None or case.geometry is None:
            continue
        card = library.load(case.geometry.regions[name].material).initial
        wanted = ("yield_strength", "ultimate_strength", "elongation")
        if all(card.has(key) for key in wanted):
            found[name] = ductility(group, *(card.at(key, landing_vessels.ROOM_TEMPERATURE) for key in wanted))
    return found


def _masses(body: Impactor) -> dict[str, Check]:
    """No mass is added for a larger step; what the mesh makes of a part's mass is checked all the same."""
    made = body.made
    checks = {}
    for name, wanted in body.masses.items():
        weighs = float(made.body.node_mass(np.array([made.kinds[name]])).sum())
        checks[f"{name}_added_mass"] = Check.at_most(abs(weighs / wanted - 1.0), _ADDED)
    return checks


def _responses(name: str, impact: Impact, body: Impactor) -> dict[str, Response]:
    nose = impact.run.frames[:, body.made.ground.nodes, 1]  # from the axis outward
    if impact.rock is not None:
        nose = nose[:, :1]  # beside a rock the shell hangs below its top without having met anything
    found = {f"{part}_acceleration": Response(peak, "m/s^2") for part, peak in impact.peaks.items()}
    found["impact_speed"] = Response(impact.speed, "m/s", 1)
    found["chain_difference"] = Response(impact.difference, "")
    found["penetration"] = Response(max(-float(nose.min()), 0.0), "m")
    torn = impact.run.torn[: len(body.made.parts[0].nodes)]
    found["absorber_debonded"] = Response(float(body.made.parts[0].area @ torn / body.made.parts[0].area.sum()), "")
    for vessel, wall in impact.walls.items():
        found[f"{vessel}_plastic_strain"] = Response(wall.plastic_strain, "")
        found[f"{vessel}_seam_traction"] = Response(float(wall.traction.edge_tension.max()), "Pa")
        found[f"{vessel}_seam_shear"] = Response(float(np.abs(wall.traction.shear).max()), "Pa")
        found[f"{vessel}_seam_utilisation"] = Response(float(wall.utilisation.max()), "")
        found[f"{vessel}_seal_opening"] = Response(float(wall.opening.max()), "m")
        if np.isfinite(wall.damage):
            found[f"{vessel}_damage"] = Response(wall.damage, "")
    return {f"impact.{name}.{key}": value for key, value in found.items()}


def _dataset(impacts: Mapping[str, Impact], window: float, done: StageResult) -> xr.Dataset:
    """Histories on the time grid of the landing stage, as far as each run goes."""
    time = done.data["time"].to_numpy()
    time = time[time <= max((i.run.time[-1] for i in impacts.values()), default=0.0) + _FRAME]
    rows: dict[str, list[Floats]] = {"os_acceleration": [], "chain_os_acceleration": [], "ground_force": []}
    seams: dict[str, list[list[Floats]]] = {"seam_traction": [], "seam_shear": [], "seal_opening": []}
    for name, impact in impacts.items():
        found = impact.run
        before = np.interp(found.time - window, found.time, found.means["os"])
        rows["os_acceleration"].append(_held(time, found.time, (found.means["os"] - before) / window))
        chain = done.data["os_acceleration"].sel(branch=name).to_numpy()[: len(time)]
        rows["chain_os_acceleration"].append(chain)
        rows["ground_force"].append(_held(time, found.time, found.ground_force))
        for key, pick in (
            ("seam_traction", [w.traction.edge_tension for w in impact.walls.values()]),
            ("seam_shear", [w.traction.shear for w in impact.walls.values()]),
            ("seal_opening", [w.opening for w in impact.walls.values()]),
        ):
            seams[key].append([_held(time, found.frame_times, values) for values in pick])
    words = {
        "os_acceleration": ("m/s^2", "filtered OS deceleration, finite elements"),
        "chain_os_acceleration": ("m/s^2", "filtered OS deceleration, chain"),
        "ground_force": ("N", "force of the ground"), "seam_traction": ("Pa", "largest normal traction of the seam"),
        "seam_shear": ("Pa", "shear of the seam"), "seal_opening": ("m", "opening of the seal"),
    }  # fmt: skip
    shape = {key: (len(impacts), len(time)) for key in rows} | {
        key: (len(impacts), len(VESSELS), len(time)) for key in seams
    }
    dims = {2: ("branch", "time"), 3: ("branch", "vessel", "time")}
    return xr.Dataset(
        {
            key: (
                dims[len(shape[key])], np.array(values, dtype=np.float64).reshape(shape[key]),
                {"units": words[key][0], "long_name": words[key][1]},
            )
            for key, values in [*rows.items(), *seams.items()]
        },
        coords={
            "branch": list(impacts), "vessel": list(VESSELS),
            "time": ("time", time, {"units": "s", "long_name": "time from first contact"}),
        },
    )  # fmt: skip


def _held(time: Floats, given: Floats, values: Floats) -> Floats:
    """Values on another time grid, none beyond the end."""
    return np.interp(time, given, values, right=np.nan)


def _notes(landing: Landing, impacts: Mapping[str, Impact], body: Impactor) -> list[str]:
    notes = []
    for name, impact in impacts.items():
        notes.append(
            f"branch {name}, nominal: explicit finite elements {impact.peaks['os'] / G0:.0f} g, chain "
            f"{impact.chain / G0:.0f} g ({100.0 * impact.difference:+.1f} %)"
        )
    if angles := [k for k in ("drift_angle", "attitude_angle") if getattr(landing.impact, k).value != 0.0]:
        notes.append(f"explicit impact is axisymmetric: {', '.join(angles)} left out")
    if not body.spheres:
        notes.append("explicit impact: vessels and container taken as spheres of their largest radius")
    if landing.interface is None:
        notes.append("explicit impact not run: the case has no [landing.interface] between absorber and vessel")
    elif left := [n for n, b in landing.branches.items() if b.attitude == "stable" and n not in impacts]:
        notes.append(f"explicit impact not run for {', '.join(left)} at this fidelity")
    return notes
