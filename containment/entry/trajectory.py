"""One ballistic flight from the entry interface to the ground: inputs in, a trajectory that can be sampled out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from containment.entry import kernel, observe
from containment.entry.interpolation import smooth_pieces
from containment.entry.kernel import Air, Body, Control, Planet
from containment.entry.observe import Heat
from containment.errors import DataError, SolverError

Array = NDArray[np.float64]

# WGS-84 (NIMA TR8350.2): mu, rotation, ellipsoid; J2 = -sqrt(5) C20 of EGM96
EARTH = Planet(3.986004418e14, 7.292115e-5, 6378137.0, 6356752.314245, 1.0826267e-3)
MAX_STEPS = 20_000
LEAST_ENTRY = 0.5  # m/s^2 (0.05 g): a pass that never decelerates this much did not enter


@dataclass(frozen=True)
class Interface:
    """States at the entry interface (numbers or arrays); rad, m/s, altitude in m above the ellipsoid."""

    speed: ArrayLike
    flight_path_angle: ArrayLike
    azimuth: ArrayLike
    altitude: ArrayLike
    latitude: ArrayLike
    longitude: ArrayLike
    inertial: bool = True


def drag_body(
    mass: float,
    area: float,
    mach: Array,
    coefficient: Array,
    subsonic_factor: float = 1.0,
    hypersonic_factor: float = 1.0,
) -> Body:
    """A body with its drag table as smooth monotone pieces over Mach; DataError where that is no table."""
    mach, coefficient = np.asarray(mach, float), np.asarray(coefficient, float)
    if mach.size != coefficient.size or mach.size < 2 or not np.all(np.diff(mach) > 0):
        raise DataError(
            f"found a drag table with Mach numbers {np.array2string(mach, threshold=8)}, expected at least two "
            "strictly increasing ones with a coefficient each",
            advice="sort the table and remove repeated points",
        )
    return Body(mass, area, mach, smooth_pieces(mach, coefficient), subsonic_factor, hypersonic_factor)


def surface_point(latitude: ArrayLike, longitude: ArrayLike, altitude: ArrayLike, planet: Planet = EARTH) -> Array:
    """Earth-fixed positions (..., 3) of geodetic points, m."""
    latitude, longitude, altitude = np.broadcast_arrays(latitude, longitude, altitude)
    e2 = 1.0 - (planet.polar_radius / planet.equatorial_radius) ** 2
    normal = planet.equatorial_radius / np.sqrt(1.0 - e2 * np.sin(latitude) ** 2)
    across = (normal + altitude) * np.cos(latitude)
    return np.stack(
        [across * np.cos(longitude), across * np.sin(longitude), (normal * (1 - e2) + altitude) * np.sin(latitude)], -1
    )


def initial_states(at: Interface, planet: Planet = EARTH) -> Array:
    """Earth-fixed states (..., 6) of interfaces whose fields may be arrays.

    V_relative = V_inertial - w x r; angles against the plane normal to r.
    """
    position = surface_point(at.latitude, at.longitude, at.altitude, planet)
    up = position / np.linalg.norm(position, axis=-1, keepdims=True)
    longitude = np.broadcast_to(at.longitude, up.shape[:-1])
    east = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros_like(longitude)], -1)
    north = np.cross(up, east)
    azimuth, angle, speed = (np.asarray(a, float)[..., None] for a in (at.azimuth, at.flight_path_angle, at.speed))
    level = np.sin(azimuth) * east + np.cos(azimuth) * north
    velocity = speed * (np.sin(angle) * up + np.cos(angle) * level)
    if at.inertial:
        velocity = velocity - np.cross([0.0, 0.0, planet.rotation], position)
    return np.concatenate([position, velocity], axis=-1)


def displaced(states: Array, errors: Array, inertial: bool, planet: Planet = EARTH) -> Array:
    """Changes (n, 6) of Earth-fixed states by errors (n, 6): position and velocity east, north, up (geocentric).

    Errors of an inertial velocity lose w x (position error) in the turning frame.
    """
    up = states[:, :3] / np.linalg.norm(states[:, :3], axis=1, keepdims=True)
    east = np.cross([0.0, 0.0, 1.0], up)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    axes = np.stack([east, np.cross(up, east), up], axis=1)
    place, velocity = (np.einsum("na,nax->nx", errors[:, part], axes) for part in (slice(0, 3), slice(3, 6)))
    if inertial:
        velocity = velocity - np.cross([0.0, 0.0, planet.rotation], place)
    return np.concatenate([place, velocity], axis=1)


def altitude_over_equatorial_radius(altitude: ArrayLike, latitude: ArrayLike, planet: Planet = EARTH) -> Array:
    """Altitude above the ellipsoid of points at a geodetic latitude whose radius is a + `altitude`, m."""
    wanted = np.asarray(altitude, float)
    above = wanted
    for _ in range(6):  # converges by a factor ~1e-3 each time
        radius = np.linalg.norm(surface_point(latitude, 0.0, above, planet), axis=-1)
        above = above - (radius - planet.equatorial_radius - wanted)
    return np.asarray(above)


@dataclass(frozen=True)
class Trajectory:
    """A flight with dense output; `summary` as in `observe`."""

    times: Array
    dense: Array
    last_step: float
    outcome: int
    summary: Array
    planet: Planet
    air: Air
    body: Body
    heat: Heat

    @property
    def duration(self) -> float:
        """Time from the interface to the ground (or to the end of the flight), s."""
        return float(self.times[-1])

    def states(self, when: Array) -> Array:
        """Earth-fixed states (n, 6) at ascending times within the flight."""
        out = np.empty((len(when), 6))
        kernel.sample(
            np.ascontiguousarray(when, float), self.times, self.dense, len(self.dense), self.last_step, out
        )  # fmt: skip
        return out

    def observed(self, when: Array) -> Array:
        """Observations (n, 16) at ascending times, columns as in `observe`."""
        return np.asarray(observe.history(self.states(when), self.planet, self.air, self.body, self.heat))

    def crossing(self, column: int, level: float) -> float:
        """First time an observed column falls through a level, s. Raises SolverError if it never does."""
        from scipy.optimize import brentq

        fine = np.linspace(0.0, self.duration, 4 * len(self.times))
        values = self.observed(fine)[:, column] - level
        falls = np.nonzero((values[:-1] > 0) & (values[1:] <= 0))[0]
        if falls.size == 0:
            raise SolverError(
                f"the flight never falls through {level:g}", advice="ask for a level between the first and last value"
            )
        low, high = fine[falls[0]], fine[falls[0] + 1]
        return float(brentq(lambda t: self.observed(np.array([t]))[0, column] - level, low, high, xtol=1e-9))


def fly(
    start: Array, body: Body, air: Air, heat: Heat, *, ground_altitude: float, planet: Planet = EARTH,
    tolerance: float = 1e-9, longest_step: float = 20.0, longest_time: float = 20_000.0, first_step: float = 0.1,
) -> Trajectory:  # fmt: skip
    """Integrate one flight. Any ending is an outcome here; `landed` turns the others into errors."""
    bottom = float(air.nodes[0])
    if ground_altitude < bottom:
        raise DataError(
            f"found an atmosphere that starts at {bottom:g} m, expected one that reaches the "
            f"ground at {ground_altitude:g} m",
            advice="extend the profile downwards or raise entry.ground_altitude",
        )
    times, dense = np.empty(MAX_STEPS + 1), np.empty((MAX_STEPS, 5, 6))
    exit_altitude = float(kernel.geodetic(start[0], start[1], start[2], planet)[0]) + 1.0
    control = Control(tolerance, ground_altitude, exit_altitude, first_step, longest_step, longest_time)
    steps, outcome, last = kernel.fly(np.asarray(start, float), planet, air, body, control, times, dense)
    summary = np.zeros(observe.SUMMARY)
    if steps == 0:
        raise SolverError(
            f"the trajectory could not take its first step (last size {last:.3g} s)",
            advice="look for a value that is not a number in vehicle and entry",
        )
    times, dense = times[: steps + 1].copy(), dense[:steps].copy()
    if outcome != kernel.LANDED:
        last = times[-1] - times[-2]
    observe.summarise(
        times, dense, steps, last, outcome, planet, air, body, heat, np.empty((6, observe.COLUMNS)), summary
    )
    return Trajectory(times, dense, float(last), int(outcome), summary, planet, air, body, heat)


def explain(outcome: int, summary: Array) -> str:
    """Words for an ending that is not a landing."""
    lowest, peak = summary[observe.LOWEST_ALTITUDE] / 1e3, summary[observe.DECELERATION]
    if outcome == kernel.SKIPPED_OUT and peak < LEAST_ENTRY:
        return f"never enters: it passes at {lowest:.1f} km with at most {peak / 9.80665:.2g} g"
    if outcome == kernel.SKIPPED_OUT:
        return f"skips out: lowest altitude {lowest:.1f} km, {peak / 9.80665:.2g} g, then it climbs back out"
    if outcome == kernel.OUT_OF_TIME:
        return f"does not reach the ground in the time allowed; lowest altitude {lowest:.1f} km"
    return "could not be integrated: " + ("too many steps" if outcome == kernel.TOO_MANY_STEPS else "step too small")


def landed(flight: Trajectory) -> Trajectory:
    """The same flight if it reached the ground, otherwise SolverError with the reason."""
    if flight.outcome == kernel.LANDED:
        return flight
    raise SolverError(
        f"the vehicle {explain(flight.outcome, flight.summary)}",
        advice="make entry.flight_path_angle steeper, or correct entry.speed and entry.altitude",
    )
