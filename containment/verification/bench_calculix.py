"""CalculiX as an independent code: the same section, materials and surroundings written as its deck, run, read back.

CalculiX (GPL, Debian package `calculix-ccx`) is not a dependency; without the programme `ccx` the comparisons say so.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from containment.errors import SolverError
from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_conduction import SurfaceExchange
from containment.thermal.soak_kernel import SIGMA as STEFAN_BOLTZMANN
from containment.thermal.soak_properties import Conductor

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PATIENCE = 1800.0  # s; several times what the largest comparison takes


@dataclass(frozen=True)
class HeatProblem:
    """Heat in a section: a conductor per region, exchange of surfaces whose `flux` follows `pulse` (time s, factor)."""

    section: SectionMesh
    conductors: Mapping[str, Conductor]
    surfaces: Mapping[str, SurfaceExchange]
    pulse: tuple[Floats, Floats]
    start: float
    times: Floats


@dataclass(frozen=True)
class Answer:
    """Temperatures at the end (node,) K, and the seconds of processor time of the whole programme."""

    temperature: Floats
    seconds: float


def available() -> bool:
    """Whether the programme `ccx` is on the path."""
    return shutil.which("ccx") is not None


def quadratic(section: SectionMesh) -> tuple[Floats, Ints]:
    """Points and six-node triangles (corners, then middles of edges 12, 23, 31) with straight edges."""
    corner = section.triangles
    pairs = np.sort(np.concatenate([corner[:, [0, 1]], corner[:, [1, 2]], corner[:, [2, 0]]]), axis=1)
    edges, number = np.unique(pairs, axis=0, return_inverse=True)
    middles = section.points[edges].mean(axis=1)
    mid = len(section.points) + number.reshape(3, -1).T
    return np.concatenate([section.points, middles]), np.column_stack([corner, mid])


def halved(section: SectionMesh) -> SectionMesh:
    """Every triangle cut in four: the points of the six-node triangles as a mesh of three-node triangles."""
    points, six = quadratic(section)
    parts = ([0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5])
    middle: dict[tuple[int, int], int] = {}
    for a, b, m in ((0, 1, 3), (1, 2, 4), (2, 0, 5)):
        low, high = np.sort(six[:, [a, b]], axis=1).T
        middle.update(zip(zip(low.tolist(), high.tolist(), strict=True), six[:, m].tolist(), strict=True))
    cut = np.array([middle[min(a, b), max(a, b)] for a, b in section.facets.tolist()])
    facets = np.concatenate(
        [np.column_stack([section.facets[:, 0], cut]), np.column_stack([cut, section.facets[:, 1]])]
    )
    return SectionMesh(
        points, np.concatenate([six[:, p] for p in parts]), np.tile(section.region, 4), facets,
        np.tile(section.facet, 2), section.regions, section.facet_names,
    )  # fmt: skip


def solve(problem: HeatProblem, *, order: int = 1) -> Answer:
    """Run CalculiX on the section's triangles (order 1: CAX3, 2: CAX6 with straight edges), implicit Euler.

    Raises SolverError where CalculiX fails.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        points = _write(problem, order, folder / "soak.inp")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            ["ccx", "soak"], cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=False,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = folder / "soak.frd"
        if done.returncode or not result.exists():
            raise SolverError(f"CalculiX failed: {done.stdout[-300:]}", advice="look at the deck")
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Answer(_last_temperatures(result, points), seconds)


def _write(problem: HeatProblem, order: int, path: Path) -> int:
    """The deck; returns the number of nodes. CalculiX counts from 1, r is x and the axis is y."""
    section = problem.section
    points, cells = (section.points, section.triangles) if order == 1 else quadratic(section)
    lines = ["*NODE, NSET=ALL"]
    lines += [f"{i}, {r:.12g}, {z:.12g}, 0" for i, (r, z) in enumerate(points, start=1)]
    for name, number in section.regions.items():
        lines.append(f"*ELEMENT, TYPE=CAX{3 * order}, ELSET={name}")
        lines += [", ".join(map(str, (c + 1, *(cells[c] + 1)))) for c in np.flatnonzero(section.region == number)]
    for name in section.regions:
        lines += _material(name, problem.conductors[name])
    lines += ["*PHYSICAL CONSTANTS, ABSOLUTE ZERO=0", f"*PHYSICAL CONSTANTS, STEFAN BOLTZMANN={STEFAN_BOLTZMANN}"]
    pulse = np.column_stack(problem.pulse)
    lines += ["*AMPLITUDE, NAME=PULSE", *(f"{t:.9g}, {f:.9g}" for t, f in pulse)]
    lines += ["*INITIAL CONDITIONS, TYPE=TEMPERATURE", f"ALL, {problem.start:g}"]
    steps = np.diff(problem.times)
    if np.ptp(steps) > 1e-9 * steps.mean():
        raise SolverError("found steps of several lengths, CalculiX is run with equal ones")
    lines += [
        f"*STEP, INC={len(steps)}",
        "*HEAT TRANSFER, DIRECT",
        f"{steps.mean():.12g}, {np.ptp(problem.times):.12g}",
    ]
    for name, exchange in problem.surfaces.items():
        lines += _exchange(_faces(section, name), exchange)
    lines += [f"*NODE FILE, OUTPUT=2D, FREQUENCY={len(steps)}", "NT", "*END STEP", ""]
    path.write_text("\n".join(lines), encoding="ascii")
    return len(points)


def _material(name: str, conductor: Conductor) -> list[str]:
    """Tables of one region; the density is 1, so that the specific heat is the heat capacity per volume."""
    rows = list(zip(conductor.temperature, conductor.conductivity, conductor.capacity, strict=True))
    return [
        f"*MATERIAL, NAME={name}", "*DENSITY", "1", "*CONDUCTIVITY", *(f"{k:.9g}, {t:.9g}" for t, k, _ in rows),
        "*SPECIFIC HEAT", *(f"{c:.9g}, {t:.9g}" for t, _, c in rows),
        f"*SOLID SECTION, ELSET={name}, MATERIAL={name}",
    ]  # fmt: skip


def _faces(section: SectionMesh, line: str) -> list[tuple[int, int]]:
    """(element, face) of every edge of a tagged line, counted from 1; face k goes from corner k to the next."""
    wanted = np.sort(section.facets[section.facet == section.facet_number(line)], axis=1)
    count = len(section.points)
    keys = wanted[:, 0] * count + wanted[:, 1]
    faces = []
    for side, (a, b) in enumerate(((0, 1), (1, 2), (2, 0)), start=1):
        ends = np.sort(section.triangles[:, [a, b]], axis=1)
        faces += [(int(cell) + 1, side) for cell in np.flatnonzero(np.isin(ends[:, 0] * count + ends[:, 1], keys))]
    return faces


def _exchange(faces: list[tuple[int, int]], now: SurfaceExchange) -> list[str]:
    lines: list[str] = []
    if now.flux:
        lines += ["*DFLUX, AMPLITUDE=PULSE", *(f"{e}, S{s}, {now.flux:.9g}" for e, s in faces)]
    if now.film:
        lines += ["*FILM", *(f"{e}, F{s}, {now.film_temperature:.9g}, {now.film:.9g}" for e, s in faces)]
    if now.emissivity:
        lines += ["*RADIATE", *(f"{e}, R{s}, {now.radiation_temperature:.9g}, {now.emissivity:.9g}" for e, s in faces)]
    return lines


def _last_temperatures(path: Path, count: int) -> Floats:
    """(count,) nodal temperatures of the last block of a result file (fixed columns: key 3, node 10, value 12)."""
    values = np.full(count, np.nan)
    inside = False
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(" -4"):
            inside = line.split()[1] == "NDTEMP"
        elif line.startswith(" -3"):
            inside = False
        elif inside and line.startswith(" -1"):
            values[int(line[3:13]) - 1] = float(line[13:25])
    if not np.isfinite(values).all():
        raise SolverError("CalculiX gave no temperature for some nodes", advice="look at the deck")
    return values
