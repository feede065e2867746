"""Stage "damage": the heat shield around a crater in two dimensions, from the entry interface to the ground.

The piece of shield is flat and round about the crater: what is struck out is small beside the nose. Heating, layers and
wall are those of stage heatshield at the station; far from the crater the two must agree, which is a check.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import UsageError
from containment.materials import load
from containment.result import Check, Response, StageResult
from containment.thermal.contour import Contour, flat, spaced
from containment.thermal.heatshield_input import air_of, back_of, heating_of, stack_of, wall_of
from containment.thermal.history import ENERGY_LIMIT
from containment.thermal.shield2d import Shield2D
from containment.thermal.shield2d_run import DamageHistory, places
from containment.thermal.shield2d_run import run as march
from containment.thermal.soak_properties import in_plane_ratio
from containment.thermal.stepping import Stepping

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.damage import Damage
    from containment.case.fidelity import Fidelity
    from containment.case.heatshield import Heatshield
    from containment.case.schema import Case
    from containment.thermal.stack import Stack

Floats = NDArray[np.float64]
TOLERANCE = 0.1  # K, local error per step, as in one dimension
WIDTH = 4.0  # piece of shield in radii of the crater, and
THICKNESSES = 3.0  # in thicknesses of the stack at least: there the crater is no longer felt
SOUND = 0.01  # of the depth eaten away, by which the sound shield far off may differ from the one-dimensional station


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """How hot the bond under the crater gets, and when the shield is lost there. Raises DataError, SolverError."""
    damage, section = case.damage, case.heatshield
    if damage is None or section is None:
        raise UsageError("the case has no section [damage] or [heatshield]", advice="add both")
    if damage.station not in section.stations:
        raise UsageError(
            f"damage.station names {damage.station!r}, expected one of {', '.join(section.stations)}",
            advice="correct it, or add [heatshield.stations." + damage.station + "]",
        )
    air, stack = air_of(section, upstream), stack_of(section, fidelity)
    shield = Shield2D(
        stack, _contour(damage, section, fidelity), heating_of(air, air.factors[damage.station], section),
        wall_of(section), temperature=section.initial_temperature.value, ratio=_across(stack, section),
        back=back_of(section), where=f"damage at station {damage.station}",
        rules=Stepping(first=0.01, largest=10.0 * fidelity.heatshield_step, growth=1.8, tolerance=TOLERANCE),
    )  # fmt: skip
    history = march(shield, float(air.time[-1] - air.time[0]))
    if fields is not None:
        _write_fields(fields, shield, history)
    return _result(shield, history, damage, section, upstream)


def _contour(damage: Damage, section: Heatshield, fidelity: Fidelity) -> Contour:
    radius = damage.radius.value
    width = max(WIDTH * radius, THICKNESSES * section.thickness)
    spines = max(fidelity.heatshield_cells // 2, 16)
    return flat(spaced(radius, width, spines)).damaged(damage.depth.value, radius, damage.floor_heating.value)


def _across(stack: Stack, section: Heatshield) -> Floats:
    """(cell,) conductivity along the layers over that across them."""
    ratios = {}
    for name, layer in section.layers.items():
        card = load(layer.material)
        ratios[name] = in_plane_ratio(card.virgin if card.charring else card)[0]
    return np.concatenate([np.full(layer.cells, ratios.get(layer.name, 1.0)) for layer in stack.layers])


def _result(
    shield: Shield2D, history: DamageHistory, damage: Damage, section: Heatshield, upstream: Mapping[str, StageResult]
) -> StageResult:
    thickness, bond = section.ablator.thickness.value, history.temperature[:, :, history.bond]
    lost, loss = history.recession[-1], history.loss
    values = {
        "remaining_thickness": (float(thickness - lost.max()), "m"),
        "peak_bondline_temperature": (float(bond.max()), "K"),
        "peak_sound_bondline_temperature": (float(bond[:, -1].max()), "K"),
        "burnt_through": (float(loss is not None and loss.burnt_through), ""),
        "above_table": (float(loss is not None and not loss.burnt_through), ""),
        "time_intact": (float(history.time[-1]), "s"),
    }
    notes = [f"damage: crater of {1e3 * damage.depth.value:.3g} mm, {2e3 * damage.radius.value:.3g} mm wide, on a flat"
             " piece of shield; gas leaves along its spines"]  # fmt: skip
    checks = {"energy": Check.at_most(history.closure.energy, ENERGY_LIMIT)}
    if loss is not None:
        place = f"{1e3 * shield.contour.points[loss.spine, 0]:.1f} mm from the middle"
        notes.append(f"damage: {loss.why}, at {loss.time:.1f} s, {place}; what follows is not computed")
    elif "heatshield" in upstream:
        sound = float(upstream["heatshield"].data["recession"].sel(station=damage.station)[-1])
        checks["sound_recession"] = Check.at_most(abs(float(lost[-1]) / sound - 1.0), SOUND)
    responses = {f"damage.{name}": Response(value, unit, 2) for name, (value, unit) in values.items()}
    return StageResult("damage", responses, _dataset(shield, history), checks, tuple(notes))


def _dataset(shield: Shield2D, history: DamageHistory) -> xr.Dataset:
    import xarray as xr

    hottest = int(history.temperature[:, 0, history.bond].argmax())
    data = xr.Dataset(coords={"time": ("time", history.time, {"units": "s", "long_name": "time from entry interface"})})
    bond, sound = history.temperature[:, 0, history.bond], history.temperature[:, -1, history.bond]
    columns = {
        "recession_middle": (history.recession[:, 0], "m", "surface in the middle of the crater below the original"),
        "recession_sound": (history.recession[:, -1], "m", "recession far from the crater"),
        "bondline_middle": (bond, "K", "bond line under the crater"),
        "bondline_sound": (sound, "K", "bond line far from the crater"),
        "wall_middle": (history.temperature[:, 0, 0], "K", "floor of the crater"),
    }
    for name, (series, unit, words) in columns.items():
        data[name] = ("time", series, {"units": unit, "long_name": words})
    x = places(shield, history.recession[hottest])
    for i, name in enumerate(("node_r", "node_z")):
        data[name] = (("spine", "node"), x[..., i], {"units": "m", "long_name": f"{name[-1]} of the nodes"})
    words = f"temperature at {history.time[hottest]:.0f} s, when the bond under the crater is hottest"
    data["temperature_hottest"] = (("spine", "node"), history.temperature[hottest], {"units": "K", "long_name": words})
    return data


def _write_fields(folder: Path, shield: Shield2D, history: DamageHistory) -> None:
    from containment import fem

    spines, nodes = history.temperature.shape[1:]
    number = np.arange(spines * nodes).reshape(spines, nodes)
    quads = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(-1, 4)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = np.unique(np.searchsorted(history.time, np.linspace(history.time[0], history.time[-1], 40)))
    with fem.MotionFile(folder / "damage.xdmf", quads) as file:
        for i in chosen:
            points = places(shield, history.recession[i]).reshape(-1, 2)
            temperature = history.temperature[i].reshape(-1)[quads].mean(axis=1)
            file.write(points, {"temperature": temperature}, float(history.time[i]))
