"""Stage "leak": on each landing branch, what the seams let through and how large a particle could follow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from containment.errors import DataError
from containment.leak.flow import AIR, ATMOSPHERE, HELIUM, capillary, equivalent_bore, slot
from containment.result import Response, StageResult

if TYPE_CHECKING:
    from containment.case.fidelity import Fidelity
    from containment.case.leak import Leak, SealPath
    from containment.case.schema import Case

VESSELS: tuple[Literal["pcv", "scv"], ...] = ("pcv", "scv")
_ROOM_TEMPERATURE = 293.15  # K, seals without a soak stage


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Leak rates, gaps and equivalent bores of both vessels on every branch of the landing.

    Leak rates are helium from 1 atm to vacuum at the test temperature, so that they compare with tests. `fidelity` and
    `fields` have no effect: closed forms. Raises DataError without [leak] or without a landing.
    """
    leak = case.leak
    if leak is None or "landing" not in upstream:
        raise DataError("the leak needs [leak] and the result of stage landing", advice="add the missing sections")
    landing, soak = upstream["landing"], upstream.get("soak")
    branches = [str(name) for name in landing.data["branch"].values]
    responses: dict[str, Response] = {}
    for branch in branches:
        for vessel in VESSELS:
            opened = landing.value(f"{branch}.{vessel}_seal_opening")
            hottest = soak.value(f"peak_{vessel}_seal_temperature") if soak else _ROOM_TEMPERATURE
            found = path(leak, leak.paths[vessel], opened, hottest)
            if case.requirement is not None:
                size = case.requirement.particle.value
                excluded = size / max(found["bore"].value, 1e-12)  # an atom's width: below it there is no bore
                found["size_exclusion"] = Response(excluded, "", 0)
            responses |= {f"leak.{branch}.{vessel}_{key}": value for key, value in found.items()}
    notes = [
        "a bore below the particle size excludes it by size; above, transmission is taken as certain: deposition, "
        "plugging and the inward pressure difference are not credited",
    ]
    if leak.inside_pressure.value < leak.outside_pressure.value:
        notes.append("vessels are below ambient pressure after landing: gas flows in, not out")
    return StageResult("leak", responses, _dataset(responses, branches), {}, tuple(notes))


def path(leak: Leak, seal: SealPath, opened: float, hottest: float) -> dict[str, Response]:
    """Gap m, helium standard leak Pa m^3/s, inflow of air Pa m^3/s, equivalent bore m.

    The seal follows an opening up to its recovery, which is used up at its temperature limit:

        gap = max(0, opening - recovery min(1, (T_limit - T)/(T_limit - T_test))) + lost_gap (T - T_limit)/width

    with the last factor between 0 and 1. `opened` m from the landing, `hottest` K of the seal.
    """
    limit, test = seal.temperature_limit.value, leak.test_temperature.value
    if not limit > test:
        raise DataError(
            f"found a seal limit of {limit:g} K at a test temperature of {test:g} K, expected a seal that works cold",
            advice="correct temperature_limit in [leak.paths]",
        )
    resilience = float(np.clip((limit - hottest) / (limit - test), 0.0, 1.0))
    lost = float(np.clip((hottest - limit) / seal.degradation_width.value, 0.0, 1.0))
    gap = max(0.0, opened - seal.recovery.value * resilience) + seal.lost_gap.value * lost
    width, land = 2.0 * np.pi * seal.seam_radius.value, seal.land.value
    standard = seal.as_built.value + slot(gap, width, land, ATMOSPHERE, 0.0, test, HELIUM)
    bore = equivalent_bore(standard, leak.bore_length.value, test)
    inflow = _inflow(leak, seal, gap, width)
    return {
        "gap": Response(gap, "m", 0),
        "leak_rate": Response(standard, "Pa*m^3/s", 0),
        "inflow": Response(inflow, "Pa*m^3/s", 0),
        "bore": Response(bore, "m", 0),
    }


def _inflow(leak: Leak, seal: SealPath, gap: float, width: float) -> float:
    """Air into the vessel after landing, Pa m^3/s (negative: out of it): the same paths under the real pressures."""
    test, length = leak.test_temperature.value, leak.bore_length.value
    outside, inside = leak.outside_pressure.value, leak.inside_pressure.value
    bore = equivalent_bore(seal.as_built.value, length, test)
    through_bore = capillary(min(bore, 0.999 * length), length, outside, inside, test, AIR)
    return through_bore + slot(gap, width, seal.land.value, outside, inside, test, AIR)


def _dataset(responses: Mapping[str, Response], branches: list[str]) -> xr.Dataset:
    """(branch, vessel) tables of the responses."""
    keys = {"gap": "gap of the seal", "leak_rate": "helium standard leak rate", "inflow": "inflow of air after landing",
            "bore": "bore of the single capillary with the same leak"}  # fmt: skip
    data = xr.Dataset(coords={"branch": branches, "vessel": list(VESSELS)})
    for key, words in keys.items():
        table = [[responses[f"leak.{b}.{v}_{key}"].value for v in VESSELS] for b in branches]
        unit = responses[f"leak.{branches[0]}.{VESSELS[0]}_{key}"].unit
        data[key] = (("branch", "vessel"), np.array(table), {"units": unit, "long_name": words})
    return data
