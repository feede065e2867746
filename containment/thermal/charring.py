"""Materials of the 1-D stack as plain arrays: a charring ablator, or an inert layer (one phase, no reactions)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from containment.errors import DataError

REFERENCE_TEMPERATURE = 298.0  # K, where the tabulated TACOT char enthalpy is zero (nasa/pato, TACOT char table)


def _column(values: object) -> np.ndarray:
    return np.asarray(values, dtype=float)


@dataclass(frozen=True)
class Phase:
    """Virgin or char solid against temperature (n,) K: heat capacity J/kg/K, conductivity W/m/K, emissivity."""

    temperature: np.ndarray
    heat_capacity: np.ndarray
    conductivity: np.ndarray
    emissivity: np.ndarray
    enthalpy_298: float = 0.0


@dataclass(frozen=True)
class CharringMaterial:
    """A material of the stack. Densities kg/m3; reactions as arrays (R,), empty for an inert material.

    share: part of the released mass (sum 1); pre_exponential 1/s; activation_energy J/mol; order; threshold K;
    temperature_exponent n of A T^n exp(-E/RT), none given = 0. Gas enthalpy J/kg and molar mass kg/mol (P, n) at
    gas_pressure (P,) Pa and gas_temperature (n,) K; porosity of virgin and char (0: no gas is stored in the pores).
    Raises DataError for tables or kinetics no material can have.
    """

    name: str
    virgin_density: float
    char_density: float
    virgin: Phase
    char: Phase
    share: np.ndarray = field(default_factory=lambda: np.zeros(0))
    pre_exponential: np.ndarray = field(default_factory=lambda: np.zeros(0))
    activation_energy: np.ndarray = field(default_factory=lambda: np.zeros(0))
    order: np.ndarray = field(default_factory=lambda: np.zeros(0))
    threshold: np.ndarray = field(default_factory=lambda: np.zeros(0))
    gas_pressure: np.ndarray = field(default_factory=lambda: np.array([101325.0]))
    gas_temperature: np.ndarray = field(default_factory=lambda: np.array([0.0, 1.0e4]))
    gas_enthalpy: np.ndarray = field(default_factory=lambda: np.zeros((1, 2)))
    gas_molar_mass: np.ndarray = field(default_factory=lambda: np.zeros((1, 2)))
    porosity: tuple[float, float] = (0.0, 0.0)
    temperature_exponent: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if self.temperature_exponent.size != self.share.size:
            object.__setattr__(self, "temperature_exponent", np.zeros(self.share.size))
        for name, phase in (("virgin", self.virgin), ("char", self.char)):
            self._check_phase(name, phase)
        if not 0 < self.char_density <= self.virgin_density:
            raise DataError(
                f"{self.name}: found a char density of {self.char_density:g} kg/m3, expected a positive one not above"
                f" the virgin density {self.virgin_density:g}",
                advice="correct the densities of the card",
            )
        self._check_kinetics()
        if not all(0 <= x < 1 for x in self.porosity) or not np.all(self.gas_molar_mass >= 0):
            raise DataError(
                f"{self.name}: found porosities {self.porosity} and a molar mass of {self.gas_molar_mass.min():g}"
                " kg/mol, expected porosities from 0 to below 1 and a molar mass that is not negative",
                advice="correct the card",
            )
        if not (np.all(np.diff(self.gas_temperature) > 0) and np.all(np.isfinite(self.gas_enthalpy))):
            raise DataError(
                f"{self.name}: found a gas table that is not in order of temperature or not finite",
                advice="sort the rows and fill the gaps",
            )

    def _check_phase(self, name: str, phase: Phase) -> None:
        t = phase.temperature
        if t.size < 2 or not np.all(np.diff(t) > 0) or not t[0] > 0:
            raise DataError(
                f"{self.name}: found {name} temperatures that do not rise, expected at least two increasing ones in K",
                advice="sort the table",
            )
        for label, column in (("heat capacity", phase.heat_capacity), ("conductivity", phase.conductivity)):
            # A contact between layers stores nothing: a heat capacity of zero is allowed there.
            bad = ~np.isfinite(column) | (column < 0) | ((column == 0) & (label == "conductivity"))
            if column.shape != t.shape or bad.any():
                where = f"{column[bad][0]:g} at {t[bad][0]:g} K" if column.shape == t.shape else "a wrong length"
                raise DataError(
                    f"{self.name}: found a {name} {label} of {where}, expected positive values",
                    advice="correct the table",
                )

    def _check_kinetics(self) -> None:
        if self.share.size == 0:
            return
        limits = (
            ("activation energy", self.activation_energy, " J/mol"),
            ("pre-exponential factor", self.pre_exponential, " 1/s"),
            ("reaction order", self.order, ""), ("released share", self.share, ""),
        )  # fmt: skip
        for label, column, unit in limits:
            bad = ~(column > 0)
            if bad.any():
                raise DataError(
                    f"{self.name}: reaction {int(np.argmax(bad)) + 1}: found a {label} of {column[bad][0]:g}{unit},"
                    " expected a positive value",
                    advice="correct the kinetics of the card",
                )
        if abs(self.share.sum() - 1.0) > 1e-6:  # shares are fractions written with 6 digits
            raise DataError(
                f"{self.name}: found released shares that add up to {self.share.sum():g}, expected 1",
                advice="correct the kinetics",
            )

    @property
    def activation_temperature(self) -> np.ndarray:
        """E/R in K; R as used with the published TACOT constants (nasa/pato)."""
        return self.activation_energy / GAS_CONSTANT

    @property
    def low(self) -> float:
        """Lowest temperature every table of the material reaches, K."""
        starts = [self.virgin.temperature[0], self.char.temperature[0]]
        return float(max([*starts, self.gas_temperature[0]] if self.share.size else starts))

    @property
    def high(self) -> float:
        """Highest temperature every table of the material reaches, K."""
        ends = [self.virgin.temperature[-1], self.char.temperature[-1]]
        return float(min([*ends, self.gas_temperature[-1]] if self.share.size else ends))

    def scaled(
        self,
        density: float = 1.0,
        conductivity: float = 1.0,
        heat_capacity: float = 1.0,
        emissivity: float | None = None,
    ) -> CharringMaterial:
        """The same material with factors on density, conductivity and heat capacity, and another emissivity."""

        def phase(p: Phase) -> Phase:
            e = p.emissivity if emissivity is None else np.full_like(p.emissivity, emissivity)
            return replace(
                p,
                heat_capacity=p.heat_capacity * heat_capacity,
                conductivity=p.conductivity * conductivity,
                emissivity=e,
            )

        return replace(
            self, virgin_density=self.virgin_density * density, char_density=self.char_density * density,
            virgin=phase(self.virgin), char=phase(self.char),
        )  # fmt: skip


STEFAN_BOLTZMANN = 5.670374419e-8  # W/m2/K4, CODATA 2018
GAS_CONSTANT = 8.31447147  # J/mol/K, nasa/pato (branch pato-3.1); the TACOT activation energies belong to it


def inert(
    name: str, density: float, temperature: object, heat_capacity: object, conductivity: object, emissivity: float = 0.8
) -> CharringMaterial:
    """A layer that does not decompose; scalars are constant over `temperature`."""
    t = _column(temperature)
    phase = Phase(
        t,
        np.broadcast_to(_column(heat_capacity), t.shape).copy(),
        np.broadcast_to(_column(conductivity), t.shape).copy(),
        np.full(t.shape, emissivity),
    )
    return CharringMaterial(name=name, virgin_density=density, char_density=density, virgin=phase, char=phase)


def radiating_gap(name: str, emissivity: float, thickness: float, gas_conductivity: float = 0.0) -> CharringMaterial:
    """An empty gap between two faces as a layer that stores no heat; give it several cells.

    Its conductivity 4 e sigma T^3 thickness (+ that of a gas, W/m/K) integrates to e sigma (T1^4 - T2^4) across it;
    `emissivity` is the effective one, 1/(1/e1 + 1/e2 - 1).
    """
    if not 0 < emissivity <= 1:
        raise DataError(
            f"{name}: found an effective emissivity of {emissivity:g}, expected one above 0 and up to 1",
            advice="give 1/(1/e1 + 1/e2 - 1) of the two faces",
        )
    t = np.linspace(1.0, 4000.0, 401)
    return inert(name, 1.0, t, 0.0, 4.0 * emissivity * STEFAN_BOLTZMANN * t**3 * thickness + gas_conductivity)


def contact(name: str, resistance: float, thickness: float) -> CharringMaterial:
    """A contact resistance (m2 K/W) written as a layer of `thickness` that stores no heat."""
    if not resistance > 0:
        raise DataError(
            f"{name}: found a contact resistance of {resistance:g} m2 K/W, expected a positive value",
            advice="correct it",
        )
    return inert(name, 1.0, [1.0, 1.0e4], 0.0, thickness / resistance)
