"""Stage "sterilisation": heat that closes and sterilises a vessel's seam, by the soak's conduction on the vessel alone.

The wall of the seam's region takes the power, most at the seam and nothing from `zone` away, until the coldest point of
the seam is hot enough; then the vessel radiates. Kill at a point of the seam counts units of a law of thermal death,

    L = int dt / t(T),   log10 t = log10 t_0 - (T - T_0) / z,   T not above what the law is credited for

(D and z values: Bigelow, J. Infect. Dis. 29 (1921) 528); what the coldest point got is the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, UsageError
from containment.materials import load
from containment.meshing.mesh import SectionMesh
from containment.result import Check, Response, StageResult
from containment.thermal.soak_answers import time_above, tubes
from containment.thermal.soak_conduction import SectionConduction, SurfaceExchange
from containment.thermal.soak_march import CLOSURE_LIMIT, March, graded_times, march
from containment.thermal.soak_properties import Filling, conductor, property_grid, reached

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case
    from containment.case.sterilisation import Lethality, Sterilisation

Floats = NDArray[np.float64]
_TOLERANCE = 1e-5  # K, of a stage's iteration: little heat goes through, what iterations leave should be less
_NEAR = 0.1  # K below the wanted temperature of the joint at which power ends: it is closed in on, never overshot
_CLOSER = 0.8  # share of the way left that a step may take
_GROWTH = 1.3  # of one step to the next


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Temperatures of seam and samples, kill at the seam. Raises DataError, SolverError, UsageError."""
    settings = case.sterilisation
    if settings is None or "mesh" not in upstream:
        raise UsageError("the case has no section [sterilisation] or no mesh", advice="add [geometry], [sterilisation]")
    mesh = upstream["mesh"].data
    section = part(SectionMesh.from_dataset(mesh), tuple(settings.regions))
    system = _system(section, mesh, settings)
    closure = Closure(system, settings, case.soak.tube_depth.value if case.soak else 0.0)
    closure.heat(fidelity.soak_steps)
    closure.cool(fidelity.soak_steps)
    limits = case.soak.limits.get("tubes", {}) if case.soak else {}
    return _result(closure, settings, {name: limit.value for name, limit in limits.items()})


def part(section: SectionMesh, regions: tuple[str, ...]) -> SectionMesh:
    """The named regions of a section alone, with the tagged lines that touch them."""
    kept = np.isin(section.region, [section.region_number(name) for name in regions])
    cells = section.triangles[kept]
    edges = np.sort(cells[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    count = len(section.points)
    tagged = np.isin(np.sort(section.facets, axis=1) @ [count, 1], edges @ [count, 1])
    lines = {name: n for name, n in section.facet_names.items() if (section.facet[tagged] == n).any()}
    return SectionMesh.of_used_points(
        section.points, cells, section.region[kept], section.facets[tagged], section.facet[tagged],
        {name: section.regions[name] for name in regions}, lines,
    )  # fmt: skip


def _system(section: SectionMesh, mesh: xr.Dataset, settings: Sterilisation) -> SectionConduction:
    """Conduction on the vessel, its surface radiating; densities of the mesh where the card is that of the mesh."""
    cards = json.loads(mesh.attrs["materials"])
    row = {section.regions[name]: i for i, name in enumerate(settings.regions)}
    conductors = []
    for name, filled in settings.regions.items():
        card, same = load(filled.material), cards[name] == filled.material
        density = float(mesh["region_density"].sel(region=section.regions[name])) if same else card.density()
        conductors.append(conductor(card, density))
    filling = Filling.plain([row[number] for number in section.region.tolist()])
    system = SectionConduction(section, property_grid(conductors), filling, (settings.surface,), tolerance=_TOLERANCE)
    around = settings.surroundings.value
    system.set_exchange(
        settings.surface, SurfaceExchange(emissivity=settings.emissivity.value, radiation_temperature=around)
    )
    return system


class Closure:
    """One closure as it goes on: temperatures (node,) K now, the march's record, every temperature of the seam."""

    def __init__(self, system: SectionConduction, settings: Sterilisation, tube_depth: float) -> None:
        self.system, self.settings, self.section = system, settings, system.section
        self.seam = self.section.facet_nodes(settings.seam)
        self.tubes, self.container = tubes(self.section, tube_depth), tubes(self.section, 0.0)
        self.now = np.full(len(self.section.points), settings.initial_temperature.value)
        self.record, self.along_seam = March(), list[Floats]()

    @property
    def joint(self) -> float:
        """Coldest point of the seam, K."""
        return float(self.now[self.seam].min())

    def heat(self, steps: int) -> None:
        """Power until the joint is hot, or for the longest heating; a step warms it by a share of the way at most."""
        settings = self.settings
        goal, longest = settings.joint_temperature.value, settings.longest_heating.value
        self.system.release(settings.power.value / (2.0 * np.pi) * self._shares())
        most = (goal - self.joint) / steps
        time, step = 0.0, 1e-3 * longest
        while time < longest and self.joint < goal - _NEAR:
            before, end = self.joint, min(time + step, longest)
            self._march(np.array([time, end]))
            rate = (self.joint - before) / (end - time)
            wanted = min(most, _CLOSER * (goal - self.joint)) / rate if rate > 0.0 else np.inf
            time, step = end, min(_GROWTH * step, max(wanted, 1e-6 * longest))
        self.record.snapshots.append((time, self.now))

    def cool(self, steps: int) -> None:
        """Radiation alone."""
        self.system.release(np.zeros(len(self.section.points)))
        start = self.record.time[-1]
        self._march(graded_times(start, start + self.settings.cooling.value, start / steps, 2 * steps))
        self.record.snapshots.append((self.record.time[-1], self.now))

    def _march(self, times: Floats) -> None:
        self.now, _ = march(self.system, self.now, times, _still, observe=self._observe, into=self.record)

    def _observe(self, time: float, now: Floats) -> dict[str, float]:
        reached(now, self.section.triangles, self.system.filling, self.system.grid, f"at t = {time:.4g} s of closure")
        self.along_seam.append(now[self.seam])
        return {
            "seam": float(now[self.seam].min()), "tubes": float(now[self.tubes].max()),
            "container": float(now[self.container].max()),
        }  # fmt: skip

    def _shares(self) -> Floats:
        """(node,) share of the power: falls linearly away from the seam, in its region. Raises DataError if none is."""
        section, seam = self.section, self.seam
        owners = [name for name in section.regions if np.isin(seam, section.region_nodes(name)).all()]
        if not owners:
            raise DataError(
                f"found no region that holds the whole line {self.settings.seam!r}, expected the wall it joins",
                advice="give sterilisation.seam and sterilisation.regions that belong together",
            )
        cells = section.region == section.regions[owners[0]]
        volume = np.zeros(len(section.points))
        np.add.at(volume, section.triangles[cells], section.volumes()[cells, None] / 3.0)
        wall = section.region_nodes(owners[0])
        away = np.full(len(section.points), np.inf)
        away[wall] = np.linalg.norm(section.points[wall][:, None] - section.points[seam][None], axis=2).min(axis=1)
        volume *= np.maximum(1.0 - away / self.settings.zone.value, 0.0)
        return np.asarray(volume / volume.sum())


def _still(time: float, temperature: Floats) -> None:
    """Surroundings that stay as they are."""


def kill(time: Floats, temperature: Floats, law: Lethality) -> Floats:
    """(n, ...) units of a law up to each time (n,) s of histories (n, ...) K, the rate exponential between points."""
    credited = np.minimum(temperature, law.highest_temperature.value)
    rate = 10.0 ** ((credited - law.reference_temperature.value) / law.z_value.value) / law.time.value
    a, b = rate[:-1], rate[1:]
    same = np.isclose(a, b, rtol=1e-6)  # there the mean of the two is as exact
    mean = np.where(same, 0.5 * (a + b), (b - a) / np.where(same, 1.0, np.log(b / a)))
    step = np.diff(time).reshape(-1, *([1] * (temperature.ndim - 1)))
    return np.concatenate([np.zeros_like(rate[:1]), np.cumsum(mean * step, axis=0)])


def _result(closure: Closure, settings: Sterilisation, limits: Mapping[str, float]) -> StageResult:
    record, along = closure.record, np.array(closure.along_seam)
    time = np.array(record.time)
    histories = {f"{name}_temperature": np.array([row[name] for row in record.history]) for name in record.history[0]}
    tube = histories["tubes_temperature"]
    seam = float(along.max(axis=0).min())
    found = {
        "seam_temperature": Response(seam, "K"),
        "peak_tubes_temperature": Response(float(tube.max()), "K"),
        "time_of_peak_tubes_temperature": Response(float(time[tube.argmax()]), "s"),
        "peak_container_temperature": Response(float(histories["container_temperature"].max()), "K"),
        "heating_time": Response(record.snapshots[0][0], "s"),
    }
    for name, kelvin in limits.items():
        found[f"tubes_time_above_{name}"] = Response(time_above(time, tube, kelvin), "s")
    kills = {name: kill(time, along, law).min(axis=1) for name, law in settings.lethality.items()}
    found |= {f"{name}_lethality": Response(float(units[-1]), "") for name, units in kills.items()}
    checks = {"energy_closure": Check.at_most(record.account.require(), CLOSURE_LIMIT)}
    wanted = settings.joint_temperature.value
    notes: tuple[str, ...] = ()
    if seam < wanted - 2.0 * _NEAR:
        notes = (
            f"sterilisation: the seam reaches {seam:.0f} K, {wanted:.0f} K are wanted; the longest heating ends it",
        )
    responses = {f"sterilisation.{name}": response for name, response in found.items()}
    return StageResult("sterilisation", responses, _dataset(closure, histories, kills), checks, notes)


def _dataset(closure: Closure, histories: Mapping[str, Floats], kills: Mapping[str, Floats]) -> xr.Dataset:
    words = {
        "seam_temperature": "coldest point of the seam that is closed",
        "tubes_temperature": "hottest point of the sample tubes while the seam is closed",
        "container_temperature": "hottest point of the sample container while the seam is closed",
    }
    record = closure.record
    data = closure.section.to_dataset().assign_coords(
        time=("time", record.time, {"units": "s", "long_name": "time from the start of the heating"}),
        snapshot_time=("snapshot", [t for t, _ in record.snapshots], {"units": "s", "long_name": "time of snapshot"}),
    )
    for name, values in histories.items():
        data[name] = ("time", values, {"units": "K", "long_name": words[name]})
    for name, units in kills.items():
        data[f"{name}_lethality"] = ("time", units, {"units": "1", "long_name": f"kill at the seam by the law {name}"})
    data["temperature_snapshot"] = (
        ("snapshot", "node"), np.array([t for _, t in record.snapshots]), {"units": "K", "long_name": "temperature"},
    )  # fmt: skip
    return data
