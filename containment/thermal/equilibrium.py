"""Tables of B' from chemical equilibrium of char, pyrolysis gas and atmosphere; thermodynamics of Cantera's NASA set.

For each pressure, B'g and wall temperature the gas phase is in equilibrium with graphite: the chemical potential of
carbon is that of graphite (at 1 atm: a condensed phase of no volume), the other elements are those of 1 kg of
atmosphere and B'g kg of pyrolysis gas. With y_C the carbon in the gas phase, and 0 and y_C,g that of the two streams,
    B'c = [y_C + B'g (y_C - y_C,g)] / (1 - y_C), not below 0,    h_w = enthalpy of the gas phase, J/kg
(Kendall, Bartlett, Rindal & Moyer, NASA CR-1060 to 1064, 1968; convention of the open TACOT tables). Where the vapours
of pure carbon alone exceed the pressure no finite B'c exists: the row is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, MissingPartError, SolverError

Floats = NDArray[np.float64]
MASS = {"C": 12.011e-3, "H": 1.008e-3, "O": 15.999e-3, "N": 14.007e-3}  # kg/mol, IUPAC 2021 abridged
ATMOSPHERE = 101325.0  # Pa, reference pressure of graphite and of the NASA polynomials as Cantera gives them
AIR = {"N": 1.58, "O": 0.42}  # moles of atoms in 0.79 N2 + 0.21 O2
TACOT_GAS = {"C": 0.206, "H": 0.679, "O": 0.115}  # mole fractions of elements, nasa/pato
# Carbon phenolic: cured resin C7H6O (assumed) of which 40 % stays as carbon (densities of the card); the rest is gas.
RESIN, RESIN_CHAR = {"C": 7.0, "H": 6.0, "O": 1.0}, 0.4
# Of the NASA gas set: the small ones and the stable larger ones. All 145 of C, H, O, N change B'c by 0.003 at most.
SPECIES = (
    "C", "C2", "C3", "C4", "C5", "CH", "CH2", "CH3", "CH4", "CO", "CO2", "C2O", "C3O2", "HCO", "HCHO,formaldehy",
    "C2H", "C2H2,acetylene", "C2H2,vinylidene", "C2H4", "C4H2", "C6H2", "C6H6", "CN", "CCN", "CNC", "CNN", "C2N2",
    "C4N2", "NCN", "HCN", "HNC", "HNCO", "NCO", "HCCN", "H", "H2", "H2O", "OH", "HO2", "O", "O2", "N", "N2", "NO",
    "NO2", "NH", "NH2", "NH3",
)  # fmt: skip
PRESSURES = (10, 30, 100, 300, 1e3, 2e3, 3e3, 5e3, 7e3, 1e4, 1.5e4, 2e4, 3e4, 4e4, 6e4, 101325, 3e5)  # Pa
BLOWING = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10)
TEMPERATURES = (*range(300, 1000, 50), *range(1000, 2800, 100), *range(2800, 3801, 50))  # K
GAS_PRESSURES = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)  # Pa
GAS_TEMPERATURES = tuple(float(t) for t in range(250, 4001, 25))  # K
HEADS = {
    5: "pressure [Pa],gas_rate [],temperature [K],char_rate [],wall_enthalpy [J/kg]",
    4: "pressure [Pa],temperature [K],molar_mass [kg/mol],enthalpy [J/kg]",
}
_PASSES = 200
_CLOSE = 1.0e-11  # last change of an element potential: far below the five digits that are written


@dataclass(frozen=True)
class Stream:
    """Moles of atoms (any scale) of a gas that comes to the wall: the atmosphere, or the pyrolysis gas."""

    atoms: Mapping[str, float]

    def per_kilogram(self, elements: tuple[str, ...]) -> Floats:
        """Moles of the atoms of `elements` per kg. Raises DataError for elements without data."""
        unknown = sorted(set(self.atoms) - set(MASS))
        if unknown or not all(n >= 0 for n in self.atoms.values()) or not sum(self.atoms.values()) > 0:
            raise DataError(
                f"composition: found {dict(self.atoms)}, expected amounts of {', '.join(MASS)} that are not negative",
                advice="correct the composition; other elements need species of their own",
            )
        mass = sum(n * MASS[e] for e, n in self.atoms.items())
        return np.array([self.atoms.get(e, 0.0) / mass for e in elements])


def resin_gas(resin: Mapping[str, float], char_yield: float) -> Stream:
    """What a resin (moles of atoms) releases when `char_yield` of its mass stays as carbon. Raises DataError."""
    mass = sum(n * MASS[e] for e, n in resin.items())
    left = resin.get("C", 0.0) - char_yield * mass / MASS["C"]
    if not 0 <= char_yield < 1 or left < 0:
        raise DataError(
            f"resin: found a char yield of {char_yield:g}, expected one from 0 to what its carbon allows"
            f" ({resin.get('C', 0.0) * MASS['C'] / mass:.2f})",
            advice="correct the yield or the formula",
        )
    return Stream({**resin, "C": left})


class Thermodynamics:
    """Gibbs energies and enthalpies of `species` (names of Cantera's nasa_gas.yaml) and of graphite."""

    def __init__(self, species: tuple[str, ...] = SPECIES) -> None:
        try:
            import cantera
        except ImportError as error:
            raise MissingPartError(
                "B' tables are made with Cantera, which is not installed", advice="pip install 'containment[cantera]'"
            ) from error
        self._gas = {s.name: s for s in cantera.Species.list_from_file("nasa_gas.yaml") if s.name in species}
        missing = sorted(set(species) - set(self._gas))
        if missing:
            raise DataError(f"species: found no {', '.join(missing)} in the NASA set", advice="correct the names")
        condensed = cantera.Species.list_from_file("nasa_condensed.yaml")
        self._graphite = next(s for s in condensed if s.name == "C(gr)")
        self.names = species
        self.constant = cantera.gas_constant * 1e-3  # J/mol/K

    def atoms(self, elements: tuple[str, ...]) -> NDArray[np.float64]:
        """Atoms of each element in each species, (S, E)."""
        return np.array([[self._gas[name].composition.get(e, 0.0) for e in elements] for name in self.names])

    def at(self, temperature: float) -> tuple[Floats, Floats, float]:
        """(g/RT of the species at 1 atm, h J/mol of them, g/RT of graphite)."""
        r = self.constant
        thermo = [self._gas[name].thermo for name in self.names]
        h, s = (np.array([getattr(t, name)(temperature) for t in thermo]) * 1e-3 for name in ("h", "s"))
        shift = np.log(thermo[0].reference_pressure / ATMOSPHERE)
        solid = self._graphite.thermo
        g = (solid.h(temperature) - temperature * solid.s(temperature)) * 1e-3 / (r * temperature)
        return h / (r * temperature) - s / r - shift, h, float(g)


def potentials(atoms: Floats, offset: Floats, amounts: Floats, start: Floats) -> Floats | None:
    """Element potentials and ln(moles of gas), (E + 1,), with mole fractions x = exp(atoms . potentials + offset).

    Conditions: sum x = 1 and n sum atoms x = amounts (E,), Newton damped to changes of 2. None if it does not converge.
    """
    unknown = start.copy()
    for _ in range(_PASSES):
        x = np.exp(np.minimum(atoms @ unknown[:-1] + offset, 50.0))
        n = np.exp(unknown[-1])
        found = n * (atoms.T @ x)
        residual = np.concatenate([np.log(found / amounts), [np.log(x.sum())]])
        weighted = atoms * x[:, None]
        slope = np.zeros((unknown.size, unknown.size))
        slope[:-1, :-1] = n * (atoms.T @ weighted) / found[:, None]
        slope[:-1, -1] = 1.0
        slope[-1, :-1] = weighted.sum(axis=0) / x.sum()
        try:
            change = np.linalg.solve(slope, residual)
        except np.linalg.LinAlgError:
            return None
        largest = float(np.abs(change).max())
        if not np.isfinite(largest):
            return None
        unknown -= change * min(1.0, 2.0 / max(largest, 1e-300))
        if largest < _CLOSE:
            return unknown
    return None


def surface_table(
    gas: Stream, atmosphere: Stream, *, pressures: tuple[float, ...] = PRESSURES, blowing: tuple[float, ...] = BLOWING,
    temperatures: tuple[float, ...] = TEMPERATURES, species: tuple[str, ...] = SPECIES,
) -> Floats:  # fmt: skip
    """Rows (n, 5) of p Pa, B'g, T K, B'c, h_w J/kg. Raises SolverError, DataError, MissingPartError."""
    thermo = Thermodynamics(species)
    present = tuple(e for e in ("H", "O", "N") if gas.atoms.get(e, 0.0) > 0 or atmosphere.atoms.get(e, 0.0) > 0)
    elements = ("C", *present)
    all_atoms = thermo.atoms(("C", "H", "O", "N"))
    absent = [i for i, e in enumerate(("C", "H", "O", "N")) if e not in elements]
    keep = ~np.any(all_atoms[:, absent] > 0, axis=1)
    rows = []
    for temperature in temperatures:
        g, h, graphite = thermo.at(float(temperature))
        for pressure in pressures:
            offset = all_atoms[:, 0] * graphite - g - np.log(pressure / ATMOSPHERE)
            for b in blowing:
                row = _row(thermo.atoms(elements)[keep], offset[keep], h[keep], gas, atmosphere, elements, b)
                if row is not None:
                    rows.append((pressure, b, temperature, *row))
    table = np.array(rows).reshape(-1, 5)
    return np.asarray(table[np.lexsort((table[:, 2], table[:, 1], table[:, 0]))])


def _row(
    atoms: Floats, offset: Floats, enthalpy: Floats, gas: Stream, atmosphere: Stream, elements: tuple[str, ...],
    b: float,
) -> tuple[float, float] | None:  # fmt: skip
    """(B'c, h_w) or None where carbon vapour alone exceeds the pressure."""
    amounts = atmosphere.per_kilogram(elements) + b * gas.per_kilogram(elements)
    pure = ~np.any(atoms[:, 1:] > 0, axis=1)
    if np.exp(np.minimum(offset[pure], 50.0)).sum() >= 1.0:
        return None
    moles = _moles(atoms[:, 1:], offset, amounts[1:], f"the wall for B'g {b:g}")
    masses = np.array([MASS[e] for e in elements])
    carbon = float(moles @ atoms[:, 0]) * masses[0]
    mass = carbon + float(amounts[1:] @ masses[1:])
    return max(carbon - float(amounts[0]) * masses[0], 0.0), float(moles @ enthalpy) / mass


def _moles(atoms: Floats, offset: Floats, amounts: Floats, where: str) -> Floats:
    """Moles of the species (S,) that hold `amounts` of the elements; zero for species of absent elements."""
    used = amounts > 0
    keep = ~np.any(atoms[:, ~used] > 0, axis=1)
    inside = atoms[keep][:, used]
    for guess in (-2.0, -10.0, -30.0, 0.0, -60.0):
        start = np.full(int(used.sum()) + 1, guess)
        start[-1] = np.log(amounts.sum())
        solved = potentials(inside, offset[keep], amounts[used], start)
        if solved is not None:
            moles = np.zeros(offset.size)
            moles[keep] = np.exp(inside @ solved[:-1] + offset[keep] + solved[-1])
            return moles
    raise SolverError(
        f"no chemical equilibrium at {where}", history=[], advice="leave out this temperature or pressure"
    )


def gas_table(
    gas: Stream, *, pressures: tuple[float, ...] = GAS_PRESSURES, temperatures: tuple[float, ...] = GAS_TEMPERATURES,
    species: tuple[str, ...] = SPECIES,
) -> Floats:  # fmt: skip
    """Rows (n, 4) of p Pa, T K, molar mass kg/mol, enthalpy J/kg of the pyrolysis gas in equilibrium, no condensate."""
    thermo = Thermodynamics(species)
    elements = ("C", "H", "O", "N")
    atoms, amounts = thermo.atoms(elements), gas.per_kilogram(elements)
    rows = []
    for temperature in temperatures:
        g, h, _ = thermo.at(float(temperature))
        for pressure in pressures:
            where = f"{temperature:g} K and {pressure:g} Pa"
            moles = _moles(atoms, -g - np.log(pressure / ATMOSPHERE), amounts, where)
            rows.append((pressure, temperature, 1.0 / moles.sum(), float(moles @ h)))
    table = np.array(rows)
    return np.asarray(table[np.lexsort((table[:, 1], table[:, 0]))])


def write(rows: Floats, file: Path, head: str) -> None:
    """A surface table (5 columns) or a gas table (4) as a CSV beside its card, five digits; `head`: what it is."""
    lines = [f"# {line}" for line in head.splitlines()]
    lines.append(HEADS[rows.shape[1]])
    lines += [",".join([f"{x:.6g}" for x in row[:-2]] + [f"{x:.5g}" for x in row[-2:]]) for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def shipped() -> dict[str, tuple[Floats, str]]:
    """Rows and head of the tables beside the shipped cards that are made here, by file name."""
    air = Stream(AIR)
    resin = resin_gas(RESIN, RESIN_CHAR)
    how = "Chemical equilibrium with the NASA gas set of Cantera (nasa_gas.yaml), species: " + " ".join(SPECIES) + "."
    wall = (
        "Graphite at its 1-atm chemical potential; h_w per kg of gas phase. Rows are missing where carbon sublimes"
        " without limit.\n" + how + "\nMade by: python -m containment.thermal.equilibrium FOLDER"
    )  # fmt: skip
    made = how + " No condensate.\nMade by: python -m containment.thermal.equilibrium FOLDER"
    ours = "cured phenolic resin C7H6O of which 40 % stays as carbon: C:H:O 0.331:0.573:0.096 by mole of atoms"
    return {
        "tacot-bprime-air.csv": (
            surface_table(Stream(TACOT_GAS), air),
            "B'c and h_w of carbon in air (0.79 N2, 0.21 O2 by mole) with the pyrolysis gas of TACOT (C:H:O"
            f" 0.206:0.679:0.115).\n{wall}",
        ),
        "carbon-phenolic-bprime-air.csv": (
            surface_table(resin, air),
            f"B'c and h_w of carbon in air (0.79 N2, 0.21 O2 by mole) with the pyrolysis gas of {ours}.\n{wall}",
        ),
        "carbon-phenolic-gas.csv": (gas_table(resin), f"Pyrolysis gas of {ours}.\n{made}"),
    }


if __name__ == "__main__":
    import sys

    for name, (rows, head) in shipped().items():
        write(rows, Path(sys.argv[1]) / name, head)
