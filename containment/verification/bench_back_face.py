"""Benchmark of the heat shield's back face: coupled to a soak, the two together are one stack."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from containment.materials import load
from containment.thermal import twin
from containment.thermal.bprime import from_card
from containment.thermal.cards import material
from containment.thermal.charring import inert
from containment.thermal.history import ADIABATIC, BackFace, History
from containment.thermal.soak_conduction import SectionConduction
from containment.thermal.soak_march import march
from containment.thermal.soak_properties import Filling, conductor, constant, property_grid
from containment.thermal.stack import Layer, build
from containment.thermal.stepping import Stepping
from containment.thermal.surface import WallHistory, WallModel
from containment.verification.bench_heatshield import tacot
from containment.verification.bench_sections import node_at, rectangle
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
_START, _END = 280.0, 160.0  # K, s
_SHELL, _SLICE, _FOAM = 0.003, 0.01, 0.05  # m; the slice of foam is in both solvers
_DENSITY, _HEAT, _CONDUCTION = 60.0, 1300.0, 0.05  # of a polymer foam
_HELD = BackFace(1.0e5, _START)  # W/m2/K: holds the back at the temperature behind it to a millikelvin
_CELLS, _RULES = 60, Stepping(first=0.01, largest=2.0, growth=1.8, tolerance=0.05)


def items() -> Iterator[Item]:
    """30 mm TACOT on a shell and 50 mm of foam under a flight pulse: shield and soak in turn against one stack."""
    whole = _shield(_FOAM, ADIABATIC, None)
    alone = _shield(0.0, ADIABATIC, None)
    coupled, apart = _shield(_SLICE, ADIABATIC, None), []
    for _ in range(3):
        apart.append(_apart(coupled, whole))
        coupled = _shield(_SLICE, _HELD, _soak(coupled))
    told = ", ".join(f"{x:.2g}" for x in apart)
    source = f"one stack with all of the foam; shell alone {_apart(alone, whole):.2g} K, the passes before {told} K"
    # 0.3 K: what the two solvers of the heat shield may differ by
    yield Item.at_most("thermal.back-face.coupled-to-soak", 0.3, _apart(coupled, whole), "K", source)


def _apart(ours: History, theirs: History) -> float:
    """Largest difference of the temperature behind the ablator, K."""
    found = np.interp(theirs.time, ours.time, ours.temperature[:, _CELLS])
    return float(np.abs(found - theirs.temperature[:, _CELLS]).max())


def _shield(foam: float, back: BackFace, behind: tuple[Floats, Floats] | None) -> History:
    """Twin with so much foam (m) behind the shell; `behind`: times s and temperatures K behind that."""
    t = np.linspace(0.0, _END, 321)
    pulse = np.exp(-(((t - 18.0) / 7.0) ** 2))
    heating = WallHistory(
        t, film_coefficient=0.12 * pulse, recovery_enthalpy=6.0e7 * np.exp(-t / 18.0) + 1e4, pressure=3e4 * pulse + 1e3,
        radiative_flux=5e5 * pulse, background_temperature=250.0,
        back_temperature=None if behind is None else np.interp(t, *behind),
    )  # fmt: skip
    wall = WallModel(from_card(load("tacot").bprime("air")), oxidation=(3.29e9, 184.1e3, 0.5))
    layers = [Layer("tps", tacot(), 0.03, _CELLS, 20.0), Layer("shell", material(load("carbon-carbon")), _SHELL, 8)]
    if foam:
        made = inert("foam", _DENSITY, [200.0, 1000.0], _HEAT, _CONDUCTION)
        layers.append(Layer("foam", made, foam, round(4000 * foam)))
    return twin.run(build(layers), heating, wall, _END, temperature=_START, back=back, rules=_RULES)


def _soak(shield: History) -> tuple[Floats, Floats]:
    """(times s, temperatures K) at the depth of the slice in a soak of shell and foam, driven by the bond line."""
    section = rectangle(1, 212, r=(0.0, 0.001), z=(0.0, _SHELL + _FOAM))
    middle = section.points[section.triangles][:, :, 1].mean(axis=1)
    card = load("carbon-carbon")
    grid = property_grid(
        [conductor(card, card.value("density")), constant("foam", _DENSITY * _HEAT, _CONDUCTION)]
    )  # fmt: skip
    system = SectionConduction(section, grid, Filling.plain((middle > _SHELL).astype(np.int32)), plane=True)
    driven = section.facet_nodes("bottom")
    system.fix(driven)
    place = node_at(section, 0.0, _SHELL + _SLICE)
    _, record = march(
        system, np.full(len(section.points), _START), np.linspace(0.0, _END, 641), lambda t, temperature: None,
        imposed=lambda t: (driven, np.full(len(driven), np.interp(t, shield.time, shield.temperature[:, _CELLS]))),
        observe=lambda t, temperature: {"slice": float(temperature[place])},
    )  # fmt: skip
    return np.array(record.time), np.array([row["slice"] for row in record.history])
