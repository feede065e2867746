"""Off-nominal entries: tumbling, backward with or without recovery, targeting errors, retained mass."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from containment.case.entry import Departure, Entry, Vehicle
from containment.entry import kernel, observe, setup, trajectory
from containment.entry.kernel import Body
from containment.entry.observe import Heat
from containment.entry.trajectory import Trajectory
from containment.result import Response

Array = NDArray[np.float64]

RUNG = 1
TUMBLING_SHARE = 0.5  # of the stagnation heating that either side sees while tumbling (assumed: exposed half the time)


def responses(vehicle: Vehicle, entry: Entry) -> tuple[dict[str, Response], list[str]]:
    """Responses "entry.<branch>.<name>" of every off-nominal branch of the case, and words on those that do not land.

    Not to land is an outcome of a branch: its `landed` is 0, what belongs to the landing is not a number.
    """
    found: dict[str, Response] = {}
    lost = []
    for name, departure in entry.branches.items():
        values, ending = fly(vehicle, entry, departure)
        if ending:
            lost.append(f"Branch {name}: the vehicle {ending}.")
        found |= {f"entry.{name}.{key}": Response(float(value), unit, RUNG) for key, (value, unit) in values.items()}
    return found, lost


def fly(vehicle: Vehicle, entry: Entry, departure: Departure) -> tuple[dict[str, tuple[float, str]], str]:
    """(value, unit) of the responses of one branch: loads, heating of nose and backshell, landing; and words on an
    ending that is not a landing (empty for a landing)."""
    moved = entry.model_copy(
        update={
            "speed_error": entry.speed_error.at(entry.speed_error.value + departure.speed_change.value),
            "angle_error": entry.angle_error.at(entry.angle_error.value + departure.angle_change.value),
        }
    )
    nominal = setup.body_of(vehicle)
    body = nominal._replace(mass=nominal.mass + departure.mass_change.value)
    start, ground = trajectory.initial_states(setup.interface_of(moved)), entry.ground_altitude.value
    heat = setup.heat_of(vehicle, float(np.linalg.norm(start[3:])))
    match departure.attitude:
        case "tumbling":
            whole = _leg(start, tumbling(vehicle, departure, body), entry, heat, ground)
            always = departure.lost_below_mach.value >= float(whole.observed(np.zeros(1))[0, observe.MACH])
            nose = TUMBLING_SHARE if always else 1.0
            back = TUMBLING_SHARE if always else departure.afterbody_share.value
            return _values([whole], [nose], [back])
        case "backward":
            return _backward(start, body, entry, departure, heat, ground)
        case _:
            whole = _leg(start, body, entry, heat, ground)
            return _values([whole], [1.0], [departure.afterbody_share.value])


def tumbling(vehicle: Vehicle, departure: Departure, body: Body) -> Body:
    """The body with the tumbling drag coefficient up to the Mach number at which attitude is lost."""
    coefficient_lost = departure.drag.value if departure.drag else 1.0
    lost, table = departure.lost_below_mach.value, vehicle.drag
    kept = [(m, c) for m, c in zip(table.mach, table.coefficient, strict=True) if m > 1.02 * lost]
    mach = np.array([0.0, lost, *(m for m, _ in kept)])
    coefficient = np.array([coefficient_lost, coefficient_lost, *(c for _, c in kept)])
    # the subsonic factor belongs to the nose-first table
    return trajectory.drag_body(body.mass, body.area, mach, coefficient, 1.0, body.hypersonic_factor if kept else 1.0)


def _backward(
    start: Array, body: Body, entry: Entry, departure: Departure, heat: Heat, ground: float
) -> tuple[dict[str, tuple[float, str]], str]:
    drag = departure.drag.value if departure.drag else 1.0
    radius = departure.backshell_radius.value if departure.backshell_radius else heat.nose_radius
    turned = trajectory.drag_body(body.mass, body.area, np.array([0.0, 100.0]), np.array([drag, drag]))
    lowest = departure.recovers_at.value if departure.recovers_at else ground
    first = _leg(start, turned, entry, heat._replace(nose_radius=radius), lowest)
    share = departure.afterbody_share.value
    if departure.recovers_at is None or first.outcome != kernel.LANDED:
        return _values([first], [share], [1.0])
    second = _leg(first.states(np.array([first.duration]))[0], body, entry, heat, ground)
    return _values([first, second], [share, 1.0], [1.0, share])


def _leg(start: Array, body: Body, entry: Entry, heat: Heat, down_to: float) -> Trajectory:
    return trajectory.fly(start, body, setup.air_of(entry), heat, ground_altitude=down_to, tolerance=1e-8)


def _values(legs: list[Trajectory], nose: list[float], back: list[float]) -> tuple[dict[str, tuple[float, str]], str]:
    """Largest peaks and summed loads over the legs; `nose` and `back` are the shares of the heating of each leg."""
    s = np.array([leg.summary for leg in legs])
    flux = s[:, observe.TOTAL_FLUX]
    load = s[:, observe.CONVECTIVE_LOAD] + s[:, observe.RADIATIVE_LOAD]
    down = legs[-1].outcome == kernel.LANDED
    values = {
        "landed": (float(down), ""),
        "peak_deceleration": (s[:, observe.DECELERATION].max(), "m/s^2"),
        "peak_heat_flux": ((flux * nose).max(), "W/m^2"),
        "heat_load": (float(load @ nose), "J/m^2"),
        "backshell_peak_heat_flux": ((flux * back).max(), "W/m^2"),
        "backshell_heat_load": (float(load @ back), "J/m^2"),
        "landing_speed": (s[-1, observe.LANDING_SPEED] if down else math.nan, "m/s"),
        "duration": (s[:, observe.DURATION].sum() if down else math.nan, "s"),
    }
    return values, "" if down else trajectory.explain(legs[-1].outcome, legs[-1].summary)
