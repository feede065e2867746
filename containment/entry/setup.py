"""From the sections of a case to a flight: air, body, interface, heating of one sample."""

from __future__ import annotations

import numpy as np

from containment.case.entry import Entry, Vehicle
from containment.case.schema import Case
from containment.entry import atmosphere, trajectory
from containment.entry.kernel import Air, Body
from containment.entry.observe import Heat
from containment.entry.trajectory import Interface, Trajectory
from containment.errors import CaseError, Problem


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
    """Mass, area and drag of a vehicle."""
    return trajectory.drag_body(
        vehicle.entry_mass, vehicle.frontal_area, np.array(vehicle.drag.mach), np.array(vehicle.drag.coefficient),
        vehicle.subsonic_drag_factor.value, vehicle.hypersonic_drag_factor.value,
    )  # fmt: skip


def interface_of(entry: Entry) -> Interface:
    """State at the interface, navigation errors added, altitude above the ellipsoid."""
    altitude = entry.altitude.value
    if entry.altitude_above == "equatorial radius":
        altitude = trajectory.altitude_over_equatorial_radius(altitude, entry.latitude.value)
    return Interface(
        entry.speed.value + entry.speed_error.value, entry.flight_path_angle.value + entry.angle_error.value,
        entry.azimuth.value, altitude, entry.latitude.value, entry.longitude.value, entry.velocity == "inertial",
    )  # fmt: skip


def heat_of(vehicle: Vehicle) -> Heat:
    """Effective nose radius and heating factors."""
    radius = vehicle.nose_radius.value * vehicle.effective_nose_factor.value
    return Heat(radius, vehicle.convective_factor.value, vehicle.radiative_factor.value)


def fly(vehicle: Vehicle, entry: Entry, tolerance: float = 1e-9) -> Trajectory:
    """The flight of one sample to the ground. Raises SolverError if it skips out, never enters or does not converge."""
    flight = trajectory.fly(
        trajectory.initial_states(interface_of(entry)), body_of(vehicle), air_of(entry), heat_of(vehicle),
        ground_altitude=entry.ground_altitude.value, tolerance=tolerance,
    )  # fmt: skip
    return trajectory.landed(flight)
