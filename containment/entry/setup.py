"""From the sections of a case to a flight: air, body, interface, heating of one sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from containment.case.entry import Entry, Vehicle
from containment.case.schema import Case
from containment.entry import atmosphere, fay_riddell, observe, trajectory
from containment.entry.interpolation import evaluate, smooth_pieces
from containment.entry.kernel import Air, Body
from containment.entry.observe import Heat
from containment.entry.trajectory import Interface, Trajectory
from containment.errors import CaseError, DataError, Problem

Array = NDArray[np.float64]


def sections(case: Case) -> tuple[Vehicle, Entry]:
    """The two sections a flight needs; CaseError where one is missing."""
    if case.vehicle is None or case.entry is None:
        missing = "vehicle" if case.vehicle is None else "entry"
        raise CaseError([Problem(case.name, 0, 0, missing, "no such section", f"[{missing}]", "add the section")])
    return case.vehicle, case.entry


def air_of(entry: Entry) -> Air:
    """The atmosphere of a case with the density factors of this sample."""
    base = atmosphere.load(entry.atmosphere)
    return atmosphere.with_factors(base, entry.density_factor.value, entry.upper_density_factor.value)


def body_of(vehicle: Vehicle) -> Body:
    """Mass, area and drag of a vehicle at its incidence."""
    ratio = float(incidence_ratio(vehicle, vehicle.incidence.value))
    return trajectory.drag_body(
        vehicle.entry_mass, vehicle.frontal_area, np.array(vehicle.drag.mach), np.array(vehicle.drag.coefficient),
        vehicle.subsonic_drag_factor.value * ratio, vehicle.hypersonic_drag_factor.value * ratio,
    )  # fmt: skip


def incidence_ratio(vehicle: Vehicle, incidence: ArrayLike) -> Array:
    """Drag at a total angle of attack (rad) over drag at 0: the case's table, or Newtonian flow on a cone.

    All of a cone of half angle t sees the flow up to an incidence of t, so
    C_A = C_p (sin^2 t cos^2 a + cos^2 t sin^2 a/2), C_N = C_p cos^2 t sin a cos a, C_D = C_A cos a + C_N sin a.
    Raises DataError beyond the table or beyond t.
    """
    a, t = np.abs(np.asarray(incidence, float)), vehicle.cone_half_angle.value
    table = [angle.value for angle in vehicle.drag.incidence]
    largest = table[-1] if table else t
    if np.any(a > largest):
        raise DataError(
            f"found an incidence of {np.degrees(a.max()):.4g} deg, expected up to {np.degrees(largest):.4g} deg",
            advice="extend vehicle.drag.incidence, or describe lost attitude as a branch",
        )
    if table:
        return evaluate(np.array(table), smooth_pieces(table, vehicle.drag.incidence_ratio), a)
    axial = np.sin(t) ** 2 * np.cos(a) ** 2 + 0.5 * np.cos(t) ** 2 * np.sin(a) ** 2
    return np.asarray((axial * np.cos(a) + np.cos(t) ** 2 * np.sin(a) ** 2 * np.cos(a)) / np.sin(t) ** 2)


def interface_of(entry: Entry) -> Interface:
    """State at the interface, navigation errors added, altitude above the ellipsoid."""
    altitude = entry.altitude.value
    if entry.altitude_above == "equatorial radius":
        altitude = trajectory.altitude_over_equatorial_radius(altitude, entry.latitude.value)
    return Interface(
        entry.speed.value + entry.speed_error.value, entry.flight_path_angle.value + entry.angle_error.value,
        entry.azimuth.value, altitude, entry.latitude.value, entry.longitude.value, entry.velocity == "inertial",
    )  # fmt: skip


def ratio_of(vehicle: Vehicle) -> Array:
    """Table of the correlation over Sutton-Graves; empty for Sutton-Graves."""
    if vehicle.convection == "sutton-graves":
        return observe.SUTTON_GRAVES_ITSELF
    return fay_riddell.ratio_table()


def heat_of(vehicle: Vehicle, entry_speed: float) -> Heat:
    """Effective nose radius, its recession over a flight that enters at a speed (m/s), factors and correlation."""
    radius = vehicle.nose_radius.value * vehicle.effective_nose_factor.value
    return Heat(
        radius, vehicle.convective_factor.value, vehicle.radiative_factor.value, vehicle.nose_recession.value,
        entry_speed, ratio_of(vehicle),
    )  # fmt: skip


def fly(vehicle: Vehicle, entry: Entry, tolerance: float = 1e-9) -> Trajectory:
    """The flight of one sample to the ground. Raises SolverError if it skips out, never enters or does not converge."""
    start = trajectory.initial_states(interface_of(entry))
    flight = trajectory.fly(
        start, body_of(vehicle), air_of(entry), heat_of(vehicle, float(np.linalg.norm(start[3:]))),
        ground_altitude=entry.ground_altitude.value, tolerance=tolerance,
    )  # fmt: skip
    return trajectory.landed(flight)
