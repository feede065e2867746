"""Stage `heatshield`: charring, recession and temperatures through the shield at the stations of the case."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from containment.errors import SolverError, UsageError
from containment.result import Check, Response, StageResult
from containment.thermal import twin
from containment.thermal.heatshield import Shield
from containment.thermal.heatshield_data import dataset
from containment.thermal.heatshield_input import Air, air_of, back_of, heating_of, stack_of, wall_of
from containment.thermal.history import ENERGY_LIMIT, History
from containment.thermal.stack import Stack
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallModel

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.heatshield import Heatshield
    from containment.case.schema import Case

MASS_LIMIT = 5.0e-3  # decomposition is carried with the moving nodes by interpolation, so mass closes to its error only
TOLERANCE = 0.1  # K, local error per step: recession within 0.1 % of steps ten times finer, energy within 0.05 %
FINER = 0.05  # share of it for a second try where energy does not close
NOTED_SHARE = 1.0e-3  # of the convective heat, outside the pressures of the B' table, before the report says so


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """March the stack of every station from the entry interface to the ground, or until the shield is lost there.

    Raises DataError for cards and histories that do not fit, SolverError where a station does not converge or its
    energy does not close.
    """
    section = case.heatshield
    if section is None:
        raise UsageError("the case has no section [heatshield]", advice="add it, or extend a case that has it")
    air = air_of(section, upstream)
    stack, wall = stack_of(section, fidelity), wall_of(section)
    histories = {name: _station(name, section, air, stack, wall, fidelity) for name in section.stations}
    return _result(section, stack, air, histories, _outside_pressures(air, wall), fidelity.heatshield_rung)


def _station(
    name: str, section: Heatshield, air: Air, stack: Stack, wall: WallModel, fidelity: Fidelity
) -> History:  # fmt: skip
    """One station, with finer steps if the first do not resolve its heat to 0.1 %. Raises SolverError if none do."""
    duration = float(air.time[-1] - air.time[0])
    heating, where = heating_of(air, air.factors[name], section), f"station {name}"
    start, back = section.initial_temperature.value, back_of(section)
    for tolerance in (TOLERANCE, FINER * TOLERANCE):
        rules = Stepping(first=0.01, largest=10.0 * fidelity.heatshield_step, growth=1.8, tolerance=tolerance)
        if fidelity.heatshield_rung == 1:
            found = twin.run(stack, heating, wall, duration, temperature=start, back=back, rules=rules, where=where)
        else:
            found = Shield(stack, heating, wall, temperature=start, back=back, rules=rules, where=where).run(duration)
        if found.closure.steps <= ENERGY_LIMIT:
            return found
    raise SolverError(
        f"{where}: the heat through its surfaces, summed over the steps, misses what is stored by"
        f" {found.closure.steps:.2%}, expected {ENERGY_LIMIT:.1%}",
        advice="raise heatshield_cells or lower heatshield_step of the fidelity",
    )


def _outside_pressures(air: Air, wall: WallModel) -> tuple[str, ...]:
    """A sentence if some of the convective heat arrives at pressures the B' table does not reach at any station."""
    low, high = np.exp(wall.arrays.log_pressure[[0, -1]])
    if wall.arrays.log_pressure.size == 1:
        return ()
    heat = air.film * np.maximum(air.enthalpy, 0.0)
    share = np.zeros(air.time.size)
    for _, _, factor in air.factors.values():
        share = np.maximum(share, (air.pressure * factor < low) | (air.pressure * factor > high))
    outside = np.trapezoid(heat * share, air.time) / max(np.trapezoid(heat, air.time), 1e-300)
    if outside < NOTED_SHARE:
        return ()
    return (
        f"heat shield: {outside:.1%} of the convective heat arrives at wall pressures outside the B' table"
        f" ({low:.3g} to {high:.3g} Pa); its nearest pressure was used there",
    )


def _result(
    section: Heatshield, stack: Stack, air: Air, histories: Mapping[str, History], notes: tuple[str, ...],
    rung: int,
) -> StageResult:  # fmt: skip
    bond = stack.layers[0].cells
    thickness = section.ablator.thickness.value
    responses: dict[str, Response] = {}
    checks: dict[str, Check] = {}
    for name, h in histories.items():
        receded = section.recession_factor.value * float(h.recession[-1])
        values = {
            "recession": (receded, "m"), "remaining_thickness": (thickness - receded if h.loss is None else 0.0, "m"),
            "time_intact": (float(h.time[-1]), "s"),
            "peak_wall_temperature": (float(h.temperature[:, 0].max()), "K"),
            "peak_bondline_temperature": (float(h.temperature[:, bond].max()), "K"),
            "char_depth": (float(h.char_depth[-1]), "m"),
        }  # fmt: skip
        responses |= {f"heatshield.{name}.{key}": Response(value, unit, rung) for key, (value, unit) in values.items()}
        checks[f"energy_{name}"] = Check.at_most(h.closure.energy, ENERGY_LIMIT)
        checks[f"energy_steps_{name}"] = Check.at_most(h.closure.steps, ENERGY_LIMIT)
        checks[f"mass_{name}"] = Check.at_most(h.closure.mass, MASS_LIMIT)
    peaks = [r.value for key, r in responses.items() if key.endswith("peak_bondline_temperature")]
    lefts = [r.value for key, r in responses.items() if key.endswith("remaining_thickness")]
    responses["heatshield.peak_bondline_temperature"] = Response(max(peaks), "K", rung)
    responses["heatshield.min_remaining_thickness"] = Response(min(lefts), "m", rung)
    lost = {name: h.loss for name, h in histories.items() if h.loss}
    responses["heatshield.stations_lost"] = Response(float(len(lost)), "", rung)
    notes += tuple(
        f"heat shield: lost at station {name}: {loss.why}, at {loss.time:.1f} s; no thickness is counted there, and its"
        " last temperatures are held" for name, loss in lost.items()
    )  # fmt: skip
    notes += tuple(note for h in histories.values() for note in h.notes)
    data = dataset(stack, list(histories), list(histories.values()), float(air.time[0]), float(air.time[-1]))
    return StageResult("heatshield", responses, data, checks, notes)
