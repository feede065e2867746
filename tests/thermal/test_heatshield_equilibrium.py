"""B' tables: against Cantera's own equilibrium, the published gas of TACOT, and what is shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from containment import share
from containment.errors import DataError, MissingPartError
from containment.materials import load
from containment.thermal import equilibrium
from containment.thermal.cards import material
from containment.thermal.equilibrium import AIR, TACOT_GAS, Stream

needs_cantera = pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("cantera"), reason="Cantera makes the tables and is optional"
)
SHIPPED = ("tacot-bprime-air.csv", "carbon-phenolic-bprime-air.csv", "carbon-phenolic-gas.csv")


def _file(name: str) -> Path:
    return share.find("materials", "tacot").parent / name


def _rows(file: Path) -> np.ndarray:
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line[0].isdigit()]
    return np.array([[float(x) for x in line.split(",")] for line in lines])


@needs_cantera
def test_equilibrium_is_that_of_cantera() -> None:
    import cantera

    p, b, t = 2.0e4, 0.3, 2900.0
    (_, _, _, b_c, h_w), = equilibrium.surface_table(
        Stream(TACOT_GAS), Stream(AIR), pressures=(p,), blowing=(b,), temperatures=(t,)
    )  # fmt: skip
    species = [s for s in cantera.Species.list_from_file("nasa_gas.yaml") if s.name in equilibrium.SPECIES]
    gas = cantera.Solution(thermo="ideal-gas", species=species)
    amounts = Stream(AIR).per_kilogram(("C", "H", "O", "N")) + b * Stream(TACOT_GAS).per_kilogram(("C", "H", "O", "N"))
    amounts[0] += b_c / equilibrium.MASS["C"]
    gas.TPX = t, p, dict(zip("CHON", amounts, strict=True))
    gas.equilibrate("TP", rtol=1e-10)
    assert gas.enthalpy_mass == pytest.approx(h_w, abs=2e3)  # J/kg of 6e6: atomic masses of two tables
    graphite = next(s for s in cantera.Species.list_from_file("nasa_condensed.yaml") if s.name == "C(gr)").thermo
    carbon = gas.chemical_potentials[gas.species_index("C")]
    assert carbon == pytest.approx(graphite.h(t) - t * graphite.s(t), rel=1e-4)


@needs_cantera
def test_gas_of_tacot_is_the_published_one() -> None:
    found = equilibrium.gas_table(Stream(TACOT_GAS), pressures=(101325.0,), temperatures=(500.0, 2000.0, 3000.0))
    gas = load("tacot").gas
    mass, enthalpy = gas.grid("molar_mass"), gas.grid("enthalpy")
    row = int(np.argmin(np.abs(mass.pressure - 101325.0)))
    for _, t, m, h in found:
        assert m == pytest.approx(np.interp(t, mass.temperature, mass.values[row]), rel=2e-3)  # four digits there
        assert h == pytest.approx(np.interp(t, enthalpy.temperature, enthalpy.values[row]), abs=1.5e4)  # other species


@needs_cantera
def test_any_composition_of_known_elements() -> None:
    mars = Stream({"C": 0.957, "O": 1.914, "N": 0.054})
    rows = equilibrium.surface_table(Stream(TACOT_GAS), mars, pressures=(1e4,), blowing=(0.0,), temperatures=(2000.0,))
    # Every CO2 takes one carbon: 12.011 per 44.009, with 2.7 % of nitrogen by mole of molecules
    assert rows[0, 3] == pytest.approx(0.957 * 12.011 / (0.957 * 44.009 + 0.054 * 14.007), rel=0.02)
    with pytest.raises(DataError, match="Si"):
        equilibrium.surface_table(Stream({"Si": 1.0}), mars, pressures=(1e4,), blowing=(0.0,), temperatures=(2000.0,))
    with pytest.raises(DataError, match=r"char yield of 0\.9"):
        equilibrium.resin_gas(equilibrium.RESIN, 0.9)


@needs_cantera
def test_no_row_where_carbon_boils() -> None:
    rows = equilibrium.surface_table(
        Stream(TACOT_GAS), Stream(AIR), pressures=(1e3,), blowing=(0.0,), temperatures=(3300.0, 3400.0)
    )  # fmt: skip
    assert rows[:, 2].tolist() == [3300.0]


def test_without_cantera_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cantera", None)
    with pytest.raises(MissingPartError, match="Cantera") as caught:
        equilibrium.Thermodynamics()
    assert caught.value.exit_code == 6


def test_shipped_tables_are_small_and_belong_to_their_cards() -> None:
    assert all(_file(name).stat().st_size <= 1_000_000 for name in SHIPPED)
    carbon = load("carbon-phenolic")
    made = material(carbon)
    assert made.gas_enthalpy.shape == (6, 151)
    assert carbon.bprime("air")(101325.0, 0.0, 2000.0)[0] == pytest.approx(0.1749, abs=1e-4)  # all oxygen to CO


@needs_cantera
@pytest.mark.slow
def test_shipped_tables_are_made_anew(tmp_path: Path) -> None:
    for name, (rows, head) in equilibrium.shipped().items():
        equilibrium.write(rows, tmp_path / name, head)
        shipped, again = _rows(_file(name)), _rows(tmp_path / name)
        assert shipped.shape == again.shape
        assert np.array_equal(shipped[:, :-2], again[:, :-2])
        scale = np.abs(shipped[:, -2:]) + np.array([1e-3, 1e3])
        assert np.all(np.abs(shipped[:, -2:] - again[:, -2:]) / scale < 1e-4)  # the five digits written
