"""CPU time of one plastic Newton iteration of the statics: python -m containment.verification.bench_statics

A thick sphere and a thick-walled block, both yielding, each with about 50 000 degrees of freedom: material update,
assembly, factorisation and solve. The bar is 4 s an iteration on one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from containment.structure.loads import Held, Loads, Supports
from containment.structure.solid import elastic
from containment.structure.statics import Statics, StaticsResult
from containment.structure.volume import VolumeSolid
from containment.verification import bench_volumes
from containment.verification.bench_sections import hollow_sphere

LIMIT = 4.0  # s CPU per iteration
_STEEL = elastic("steel", 210e9, 0.3, yield_stress=240e6, hardening_modulus=1e9)


def _sphere() -> tuple[Statics, Loads, Supports]:
    section = hollow_sphere(45, 138, 0.1, 0.2)
    return Statics(section, {"body": _STEEL}), Loads(pressure={"inner": 280e6}), Supports(axial=("equator",))


def _block(tetrahedra: bool) -> tuple[Statics, Loads, Supports]:
    counts = (12, 12, 12) if tetrahedra else (12, 12, 13)
    mesh = bench_volumes.brick(counts, tetrahedra=tetrahedra)
    statics = Statics(VolumeSolid(mesh), {"body": _STEEL})
    return statics, Loads(pressure={"top": 250e6}), Supports(held=(Held("bottom", (0, 1, 2)),))


def measure(build: Callable[[], tuple[Statics, Loads, Supports]]) -> tuple[int, int, float, StaticsResult]:
    """Degrees of freedom, iterations, CPU seconds per iteration, and the answer; compiled code and forms are warm."""
    statics, loads, supports = build()
    statics.solve(Loads(), supports)  # compiles
    start = time.process_time()
    answer = statics.solve(loads, supports, shares=(0.5, 1.0))
    return statics.body.size, answer.iterations, (time.process_time() - start) / answer.iterations, answer


def main() -> None:
    """Print one line a body."""
    bodies: dict[str, Callable[[], tuple[Statics, Loads, Supports]]] = {
        "sphere, quadratic triangles of revolution": _sphere,
        "block, quadratic tetrahedra": lambda: _block(True),
        "block, hexahedra of 27 nodes": lambda: _block(False),
    }
    for name, build in bodies.items():
        size, iterations, seconds, answer = measure(build)
        verdict = "met" if seconds <= LIMIT else "missed"
        sys.stdout.write(
            f"{name}: {size} unknowns, {iterations} iterations, plastic strain {answer.peak_plastic_strain.max():.2e}, "
            f"{seconds:.2f} s CPU an iteration; {LIMIT:g} s {verdict}\n"
        )


if __name__ == "__main__":
    main()
