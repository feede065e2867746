"""Speed of the two-dimensional soak: `python -m containment.verification.bench_soak`.

Processor seconds on one core, by `process_time` and the children's usage; every ratio comes from this one run.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from containment.thermal.soak_march import March
from containment.verification import bench_calculix, bench_soak_capsule
from containment.verification.bench_sections import fitted_order

SIZES = (0.0084, 0.0037, 0.00175)  # m: about 5 000, 20 000 and 80 000 nodes of the capsule's section
STEPS = 240  # of 1 s
CALCULIX_STEPS = 60  # of the same second: one CalculiX step costs as much as a hundred of ours
SECONDS, ITERATIONS, EXPONENT, RATIO = 25.0, 4.0, 1.1, 50.0  # bars
_FLUX = 8e5  # W/m^2; brings the virgin surface to 1850 K


@dataclass(frozen=True)
class Timing:
    """One march: nodes, processor seconds of set-up and march, its record."""

    nodes: int
    set_up: float
    march: float
    record: March


def timing(size: float, steps: int) -> Timing:
    """Steps of one second on the capsule's section with edges of `size` m; compiled code is warm."""
    problem = bench_soak_capsule.capsule(size, np.arange(steps + 1.0), linear=False, flux=_FLUX)
    begun = time.process_time()
    ours = bench_soak_capsule.system(problem)
    ready = time.process_time()
    _, record = bench_soak_capsule.solve(problem, ours)
    return Timing(len(problem.section.points), ready - begun, time.process_time() - ready, record)


def _against_calculix(size: float) -> str:
    if not bench_calculix.available():
        return "CalculiX: programme ccx not found (Debian package calculix-ccx); comparison not run"
    problem = bench_soak_capsule.capsule(size, np.arange(CALCULIX_STEPS + 1.0), linear=False, flux=_FLUX)
    theirs = bench_calculix.solve(problem)
    begun = time.process_time()
    ours = bench_soak_capsule.system(problem)
    end, _ = bench_soak_capsule.solve(problem, ours)
    seconds = time.process_time() - begun
    ratio, apart = theirs.seconds / seconds, end - theirs.temperature
    return (
        f"{len(end)} nodes, {CALCULIX_STEPS} steps: CalculiX (CAX3, implicit Euler) {theirs.seconds:.2f} s, ours with"
        f" set-up {seconds:.3f} s: {ratio:.0f} times faster (bar {RATIO:.0f}) {_mark(ratio >= RATIO)};"
        f" rms difference {np.sqrt((apart**2).mean()):.2f} K of {end.max():.0f} K"
    )


def _mark(good: bool) -> str:
    return "ok" if good else "MISSED"


def report() -> list[str]:
    """Lines of the benchmark."""
    timing(SIZES[0], 5)  # compiles
    found = [timing(size, STEPS) for size in SIZES]
    lines = []
    for t in found:
        iterations = t.record.iterations / STEPS
        lines.append(
            f"{t.nodes} nodes, {STEPS} steps: march {t.march:.2f} s, set-up {t.set_up:.2f} s, {iterations:.2f} Newton"
            f" iterations a step (bar {ITERATIONS:.0f}) {_mark(iterations <= ITERATIONS)}, energy closure"
            f" {t.record.account.closure:.1e}"
        )
    middle = found[1].march + found[1].set_up
    lines.append(f"{found[1].nodes} nodes in {middle:.2f} s (bar {SECONDS:.0f} s) {_mark(middle <= SECONDS)}")
    exponent = fitted_order([t.nodes for t in found], [t.march + t.set_up for t in found])
    lines.append(f"cost grows as nodes^{exponent:.2f} (bar {EXPONENT}) {_mark(exponent <= EXPONENT)}")
    lines += [_against_calculix(size) for size in SIZES[:2]]
    return lines


if __name__ == "__main__":
    print("\n".join(report()))  # noqa: T201 - a programme of its own
