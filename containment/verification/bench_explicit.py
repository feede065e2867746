"""Cost of the explicit elements, and the hexahedral Taylor bar beside CalculiX's explicit solver, measured in one run.

    python -m containment.verification.bench_explicit [--capsule]

CPU time of one core. CalculiX (`ccx` in Debian's calculix-ccx) is no dependency: without it its row is left out. The
programme CONTAINMENT_CCX names is taken, else `ccx` of the path. --capsule adds capsules of 3 k and 12 k
quads and half a capsule of 20 k hexahedra (6 min).
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from containment.structure.explicit_half import Arrival
from containment.verification import bench_capsule
from containment.verification.bench_taylor import COPPER, DURATION, Bar, quarter_bar, taylor_bar, taylor_solid

_SPEED = 227.0
_HEXES = (2, 2, 40)  # 480 hexahedra, two across the radius of the core
_CCX_CORNERS = [0, 1, 3, 2, 4, 5, 7, 6]
_CCX_STEPS = (1e-7, 3e-8, 2e-8, 1.4e-8, 1e-8)  # s; ours takes 1.8e-8 on average
_REPEATS = 3  # the best counts: other programmes can only add
_PAIRS = 5  # of runs in turns with CalculiX


def deck(path: Path, largest: float) -> None:
    """CalculiX deck of the quarter bar of 480 hexahedra with one point (C3D8R), steps up to `largest` s."""
    points, cells = quarter_bar(*_HEXES)
    lines = ["*NODE, NSET=ALL"]
    lines += [f"{i + 1}, {x:.9e}, {y:.9e}, {z:.9e}" for i, (x, y, z) in enumerate(points)]
    lines.append("*ELEMENT, TYPE=C3D8R, ELSET=BAR")
    lines += [f"{e + 1}, " + ", ".join(str(n + 1) for n in c[_CCX_CORNERS]) for e, c in enumerate(cells)]
    for name, i in (("SX", 0), ("SY", 1), ("FOOT", 2)):
        lines.append(f"*NSET, NSET={name}")
        lines += [f"{n + 1}" for n in np.flatnonzero(points[:, i] < 1e-9)]
    lines += [
        "*MATERIAL, NAME=CU", "*DENSITY", f"{COPPER.density}", "*ELASTIC",
        f"{COPPER.youngs_modulus}, {COPPER.poissons_ratio}", "*PLASTIC", f"{COPPER.yield_stress}, 0.",
        f"{COPPER.yield_stress + 10.0 * COPPER.hardening}, 10.", "*SOLID SECTION, ELSET=BAR, MATERIAL=CU",
        "*INITIAL CONDITIONS, TYPE=VELOCITY", f"ALL, 3, {-_SPEED}", "*BOUNDARY", "SX, 1, 1", "SY, 2, 2", "FOOT, 3, 3",
        "*STEP, NLGEOM, INC=10000000", "*DYNAMIC, EXPLICIT", f"{largest}, {DURATION}, 1e-15, {largest}",
        "*NODE PRINT, NSET=ALL, FREQUENCY=100000000", "U", "*END STEP",
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def calculix(program: str) -> tuple[float, float, float, float]:
    """(CPU s, length, foot radius m, largest step s) of CalculiX on the deck, at the largest step that stays finite.

    Its own step estimate turns to NaN on this bar, and it then still says "Job finished".
    """
    for largest in _CCX_STEPS:
        with tempfile.TemporaryDirectory() as folder:
            deck(Path(folder) / "bar.inp", largest)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [program, "bar"], cwd=folder, capture_output=True, text=True, check=False, timeout=600,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode != 0:
                raise RuntimeError(done.stdout[-500:])
            rows = [line.split() for line in (Path(folder) / "bar.dat").read_text().splitlines()]
        points, _ = quarter_bar(*_HEXES)
        moved = np.array([[_number(x) for x in row[1:]] for row in rows if len(row) == 4 and row[0].isdigit()])
        end = points + moved[-len(points) :]
        if np.all(np.abs(end) < 1.0):
            foot = end[points[:, 2] < 1e-9]
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return cpu, float(end[:, 2].max()), float(np.hypot(foot[:, 0], foot[:, 1]).max()), largest
    raise RuntimeError("CalculiX is not finite at any step tried")


def _number(text: str) -> float:
    """A number of CalculiX; one that has blown up loses its "E" (-8.9+232) and is none."""
    try:
        return float(text)
    except ValueError:
        return np.nan


def _once(make: Callable[[], Bar]) -> float:
    """CPU time of one run."""
    start = time.process_time()
    make()
    return time.process_time() - start


def _timed(make: Callable[[], Bar]) -> tuple[float, Bar]:
    """Least CPU time of some runs."""
    bar = make()  # compiles or loads
    return min(_once(make) for _ in range(_REPEATS)), bar


def _row(name: str, cells: int, cpu: float, bar: Bar, goal: str) -> None:
    cost = 1e6 * cpu / bar.run.steps / cells
    sys.stdout.write(
        f"{name:24s} {cells:6d} cells {bar.run.steps:6d} steps {cpu:7.2f} s  {cost:.3f} us/cell/step (goal {goal})"
        f"  L {1e3 * bar.length:.2f} foot {1e3 * bar.foot:.2f} mm\n"
    )
    sys.stdout.flush()


def _capsule_row(name: str, cells: int, steps: int, cpu: float, goal: float) -> None:
    cost = 1e6 * cpu / steps / cells
    sys.stdout.write(f"{name:24s} {cells:6d} cells {steps:6d} steps {cpu:7.2f} s")
    sys.stdout.write(f"  {cost:.3f} us/cell/step (goal {goal:g} s)\n")
    sys.stdout.flush()


def _calculix_row(program: str) -> None:
    """The same hexahedra in turns with CalculiX: median of the ratios, as shared cores change their speed."""
    ratios, length, foot, largest = [], np.nan, np.nan, np.nan
    for _ in range(_PAIRS):
        ours = float(np.median([_once(lambda: taylor_solid(COPPER, _SPEED, _HEXES)) for _ in range(_REPEATS)]))
        theirs, length, foot, largest = calculix(program)
        ratios.append(theirs / ours)
    sys.stdout.write(
        f"CalculiX explicit C3D8R       480 cells {theirs:20.2f} s  {np.median(ratios):.1f} times ours (goal 15), "
        f"{min(ratios):.1f} to {max(ratios):.1f} in {_PAIRS} pairs"
        f"  L {1e3 * length:.2f} foot {1e3 * foot:.2f} mm, steps up to {largest:g} s\n"
    )


def main() -> None:
    """Print the table."""
    cpu, bar = _timed(lambda: taylor_bar(COPPER, _SPEED, 10, 50))
    _row("quads, one point", 500, cpu, bar, "0.12; bar < 1 s")
    cpu, bar = _timed(lambda: taylor_solid(COPPER, _SPEED, _HEXES, "tet"))
    _row("tetrahedra, averaged", 2880, cpu, bar, "0.15")
    cpu, bar = _timed(lambda: taylor_solid(COPPER, _SPEED, _HEXES))
    _row("hexahedra, one point", 480, cpu, bar, "0.25")
    program = os.environ.get("CONTAINMENT_CCX") or shutil.which("ccx")
    if program is None:
        sys.stdout.write("CalculiX explicit: not installed (Debian: calculix-ccx), not compared\n")
    else:
        _calculix_row(program)
    if "--capsule" in sys.argv[1:]:
        for size, goal in bench_capsule.TIMED.items():
            start = time.process_time()
            run, cells = bench_capsule.land("crust", size, 0.02)
            cpu = time.process_time() - start
            _capsule_row("capsule, 20 ms", cells, run.steps, cpu, goal)
        start = time.process_time()
        run, cells = bench_capsule.land_half("crust", 0.0103, Arrival(bench_capsule.SPEED, 5.0, 0.1), 0.1, 0.02)
        _capsule_row("half capsule, 20 ms", cells, run.steps, time.process_time() - start, 300)


if __name__ == "__main__":
    main()
