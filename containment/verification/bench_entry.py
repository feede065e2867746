"""Speed of the entry, with ratios from one run: `python -m containment.verification.bench_entry [--amat PYTHON]`.

The AMAT package (GPL-3) is never a dependency: give the Python of an environment of its own in which it is installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

from containment.case.load import load_case
from containment.entry import ensemble, footprint, kernel, observe, setup, standard_atmosphere, trajectory
from containment.entry.trajectory import EARTH

# The same entry for AMAT: planar interface of the baseline, ballistic, its own atmosphere and heating
_AMAT = """
import time
from AMAT.planet import Planet
from AMAT.vehicle import Vehicle
planet = Planet("EARTH")
planet.loadAtmosphereModel("{atmosphere}", 0, 1, 2, 3)
planet.h_low = 1300.0
vehicle = Vehicle("capsule", {mass}, {beta}, 0.0, {area}, 0.0, {nose}, planet)
vehicle.setInitialState(125.0, -113.2, 37.98, {speed}, 0.0, -20.0, 0.0, 0.0)
vehicle.setSolverParams({tolerance})
vehicle.propogateEntry(60.0 * 10, 0.1, 0.0)
start = time.process_time()
for _ in range({repeats}):
    vehicle.propogateEntry(60.0 * 10, 0.1, 0.0)
print((time.process_time() - start) / {repeats})
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--amat", help="Python of an environment with the AMAT package")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--footprint", type=int, default=0, metavar="FLIGHTS", help="also time a whole footprint")
    parser.add_argument("--workers", type=int, default=2, help="of the footprint")
    options = parser.parse_args()
    ours = _ours(options.samples)
    lines = [
        f"compiled ensemble         {1e3 * ours:9.3f} ms per trajectory, {1 / ours:7.0f} per second and core (CPU)",
        f"largest error             {_error():9.2e} relative in speed and position against tolerance 1e-12",
    ]
    alone, scipy = _trajectory_alone(), _scipy()
    lines.append(f"trajectory alone          {1e3 * alone:9.3f} ms, without peaks and loads, one call from Python each")
    lines.append(
        f"scipy DOP853, same rates  {1e3 * scipy:9.3f} ms, ratio {scipy / alone:5.0f} to the trajectory alone,"
        f" {scipy / ours:.0f} to a sample with its draws, peaks and loads"
    )
    if options.amat:
        amat = _amat(options.amat)
        lines.append(
            f"AMAT                      {1e3 * amat:9.3f} ms with heating, ratio {amat / ours:5.0f} to the ensemble"
        )
    if options.footprint:
        lines.append(_footprint(options.footprint, options.workers))
    sys.stdout.write("\n".join(lines) + "\n")


def _ours(samples: int) -> float:
    case = load_case("msr-ees")
    list(ensemble.stream_flights(case, 2, 1))  # compiles or loads
    start = time.process_time()
    list(ensemble.stream_flights(case, samples, 1))
    return (time.process_time() - start) / samples


def _footprint(flights: int, workers: int) -> str:
    """Draws, random air, flights, zones, ellipse of the baseline; memory is what the process grew by."""
    case = load_case("msr-ees")
    footprint.of_case(case, samples=10, workers=workers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock, cpu = time.perf_counter(), time.process_time()
    found = footprint.of_case(case, samples=flights, workers=workers)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    axes = f"{found.ellipse.semi_major / 1e3:.1f} x {found.ellipse.semi_minor / 1e3:.1f}"
    missed = f"{found.outside.probability:.2g}" if found.outside else "not asked"
    return (
        f"footprint                 {flights} flights on {workers} cores in {clock:.1f} s ({cpu:.1f} s CPU), "
        f"{grown:.0f} MiB more; 99 % ellipse {axes} km, outside the range {missed}"
    )


def _error() -> float:
    case = load_case("msr-ees")
    vehicle, entry = setup.sections(case)
    fine = setup.fly(vehicle, entry, 1e-12)
    coarse = setup.fly(vehicle, entry, ensemble.TOLERANCE)
    when = np.linspace(0, 370, 3701)
    a, b = fine.states(when), coarse.states(when)
    parts = [
        np.max(np.linalg.norm(a[:, s] - b[:, s], axis=1) / np.linalg.norm(a[:, s], axis=1))
        for s in (slice(0, 3), slice(3, 6))
    ]
    return float(max(parts))


def _trajectory_alone(repeats: int = 300) -> float:
    vehicle, entry = setup.sections(load_case("msr-ees"))
    air, body = setup.air_of(entry), setup.body_of(vehicle)
    start = trajectory.initial_states(setup.interface_of(entry))
    times, dense = np.empty(observe.MOST_STEPS + 1), np.empty((observe.MOST_STEPS, 5, 6))
    ground, top = entry.ground_altitude.value, entry.altitude.value + 1.0
    control = kernel.Control(ensemble.TOLERANCE, ground, top, 0.1, 20.0, 20_000.0)
    kernel.fly(start, EARTH, air, body, control, times, dense)
    begin = time.process_time()
    for _ in range(repeats):
        kernel.fly(start, EARTH, air, body, control, times, dense)
    return (time.process_time() - begin) / repeats


def _scipy(repeats: int = 5) -> float:
    """DOP853 on the compiled rates, stopped at the ground, at the same accuracy of the landing (rtol 1e-8)."""
    from scipy.integrate import solve_ivp

    vehicle, entry = setup.sections(load_case("msr-ees"))
    air, body = setup.air_of(entry), setup.body_of(vehicle)
    start = trajectory.initial_states(setup.interface_of(entry))

    def rates(_: float, y: np.ndarray) -> np.ndarray:
        out = np.empty(6)
        kernel.derivative(y, EARTH, air, body, out)
        return out

    def ground(_: float, y: np.ndarray) -> float:
        return float(kernel.geodetic(y[0], y[1], y[2], EARTH)[0] - entry.ground_altitude.value)

    ground.terminal = True  # type: ignore[attr-defined]
    scale = np.array([1e-2, 1e-2, 1e-2, 1e-5, 1e-5, 1e-5])
    begin = time.process_time()
    for _ in range(repeats):
        solve_ivp(rates, (0, 1000), start, method="DOP853", rtol=1e-8, atol=scale, events=ground, dense_output=True)
    return (time.process_time() - begin) / repeats


def _amat(python: str, repeats: int = 3) -> float:
    vehicle, entry = setup.sections(load_case("msr-ees"))
    drag = observe.history(
        trajectory.initial_states(setup.interface_of(entry))[None], EARTH, setup.air_of(entry), setup.body_of(vehicle),
        setup.heat_of(vehicle, 0.0),
    )  # fmt: skip
    speed = float(drag[0, observe.SPEED])
    altitude = np.arange(0.0, 150.1e3, 250.0)
    state = [np.interp(altitude, *columns) for columns in _standard()]
    with tempfile.NamedTemporaryFile("w", suffix=".dat") as table:
        np.savetxt(table, np.column_stack([altitude, *state]))
        table.flush()
        text = _AMAT.format(
            atmosphere=table.name, mass=vehicle.entry_mass, area=vehicle.frontal_area,
            beta=vehicle.entry_mass / (1.5 * vehicle.frontal_area), nose=vehicle.nose_radius.value, speed=speed / 1e3,
            tolerance=1e-6, repeats=repeats,
        )  # fmt: skip
        done = subprocess.run(
            [python, "-c", text], check=True, capture_output=True, text=True, env={**os.environ, "MPLBACKEND": "Agg"}
        )
    return float(done.stdout.split()[-1])


def _standard() -> list[tuple[np.ndarray, np.ndarray]]:
    """(altitude, value) of temperature, pressure and density of the standard atmosphere."""
    low_altitude = np.arange(0.0, 86e3, 100.0)
    low = standard_atmosphere.lower(low_altitude)
    high_altitude, high = standard_atmosphere.upper_grid()
    altitude = np.concatenate([low_altitude, high_altitude])
    return [
        (altitude, np.concatenate([getattr(low, name), getattr(high, name)]))
        for name in ("temperature", "pressure", "density")
    ]


if __name__ == "__main__":
    main()
