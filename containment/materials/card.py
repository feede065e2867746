"""What a material card may say, and the card as the solvers read it (SI, checked ranges)."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from containment.errors import DataError
from containment.materials.table import Bprime, Grid, Table

Confidence = Literal["found", "derived", "assumed"]

# Every property a card may have, with its SI unit. A card gives only those it can state a source for.
PROPERTIES: dict[str, str] = {
    # heat
    "density": "kg/m^3", "heat_capacity": "J/kg/K", "conductivity": "W/m/K", "conductivity_in_plane": "W/m/K",
    "emissivity": "", "absorptivity": "", "enthalpy": "J/kg", "enthalpy_reference": "J/kg",
    "contact_conductance": "W/m^2/K", "service_temperature": "K", "melting_temperature": "K",
    # charring
    "matrix_density": "kg/m^3", "porosity": "", "permeability": "m^2", "molar_mass": "kg/mol", "viscosity": "Pa*s",
    "carbon_mass_fraction": "", "hydrogen_mass_fraction": "", "oxygen_mass_fraction": "",
    # strength; thermal_expansion is the mean from 293 K, so that strain = alpha(T) (T - 293 K)
    "youngs_modulus": "Pa", "poissons_ratio": "", "thermal_expansion": "1/K", "yield_strength": "Pa",
    "ultimate_strength": "Pa", "elongation": "", "hardening_modulus": "Pa", "shear_strength": "Pa",
    "compressive_strength": "Pa", "tensile_strength": "Pa",
    "johnson_cook_a": "Pa", "johnson_cook_b": "Pa", "johnson_cook_n": "", "johnson_cook_c": "", "johnson_cook_m": "",
    # crushing, soil, seals
    "crush_stress": "Pa", "densification_strain": "", "crush_rate_factor": "", "penetration_resistance": "Pa",
    "cold_limit": "K", "squeeze": "", "compression_set": "", "recovery": "m", "contact_pressure_to_seal": "Pa",
}  # fmt: skip


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Scatter(_Entry):
    """How a property differs from piece to piece, as its source states it."""

    distribution: Literal["normal", "lognormal", "uniform"]
    cov: float = Field(
        gt=0, description="standard deviation over mean (lognormal: of the logarithm; uniform: half width)"
    )
    source: str = Field(min_length=1)


class PropertyEntry(_Entry):
    """One property as written in a card: a value, a table over temperature, or a file with a grid."""

    unit: str
    value: float | None = None
    table: tuple[tuple[float, float], ...] | None = Field(None, description="rows [temperature, value]")
    file: str | None = Field(None, description="CSV beside the card with columns pressure, temperature and this one")
    temperature_unit: str = "K"
    range: tuple[str, str] | None = Field(None, description="temperatures between which a single value may be used")
    source: str = Field(min_length=1)
    confidence: Confidence
    scatter: Literal["not stated"] | Scatter
    hold_beyond: bool | Literal["below", "above"] = Field(
        False, description="the end values may be used beyond the range: on both sides (true), or on one"
    )
    hold_reason: str = Field("", description="why they may")
    note: str = ""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [name for name in ("value", "table", "file") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"found {' and '.join(given) or 'none'} of value, table and file, expected exactly one")
        if self.range is not None and self.value is None:
            raise ValueError("found a range, expected it only beside a single value (a table has its own)")
        if bool(self.hold_beyond) != bool(self.hold_reason):
            raise ValueError("found only one of hold_beyond and hold_reason, expected both or neither")
        return self


class ReactionEntry(_Entry):
    """One step of decomposition as written in a card."""

    name: str
    fraction: float = Field(gt=0, le=1, description="part of the matrix mass it releases, F")
    frequency: str
    activation_energy: str
    order: float = Field(gt=0)
    temperature_exponent: float
    minimum_temperature: str
    source: str = Field(min_length=1)
    confidence: Confidence
    scatter: Literal["not stated"] | Scatter
    note: str = ""


class BprimeEntry(_Entry):
    """A table of surface equilibrium as written in a card."""

    file: str
    source: str = Field(min_length=1)
    confidence: Confidence
    scatter: Literal["not stated"] | Scatter
    note: str = ""


@dataclass(frozen=True)
class Reaction:
    """dX/dt = A (1 - X)^order T^exponent exp(-E / (R T)) above the minimum temperature.

    It releases matrix_density * fraction * dX/dt of gas, kg/m3/s.
    """

    name: str
    fraction: float
    frequency: float
    activation_energy: float
    order: float
    temperature_exponent: float
    minimum_temperature: float
    confidence: Confidence
    source: str


@dataclass(frozen=True)
class Property:
    """A property in SI with where it is from. `content` is a number, a table over temperature, or reads a grid."""

    name: str
    unit: str
    written_unit: str
    content: float | Table | Callable[[], Grid]
    table: Table | None
    source: str
    confidence: Confidence
    scatter: Scatter | None
    note: str


@dataclass(frozen=True)
class PropertySet:
    """Properties of one state of a material (the material itself, or its virgin, char or gas state)."""

    owner: str
    properties: Mapping[str, Property]

    def has(self, name: str) -> bool:
        """Whether the card gives this property."""
        return name in self.properties

    def property(self, name: str) -> Property:
        """A property with its source. Raises DataError naming the card and what it has: there are no defaults."""
        if name not in self.properties:
            raise DataError(
                f"{self.owner}: no property {name!r}; the card gives {', '.join(sorted(self.properties)) or 'none'}",
                advice=f"add [{name}] with value, unit, source and confidence to the card, or name another card",
            )
        return self.properties[name]

    def value(self, name: str) -> float:
        """A property given as one number, SI. Raises DataError if it is missing or a table."""
        content = self.property(name).content
        if not isinstance(content, float):
            raise DataError(
                f"{self.owner}: {name} is a table, expected one number", advice="evaluate it at a temperature"
            )
        return content

    def table(self, name: str) -> Table:
        """A property over temperature. A single number needs a stated range. Raises DataError."""
        known = self.property(name)
        if known.table is None:
            what = "has no range of temperatures" if isinstance(known.content, float) else "depends on pressure too"
            raise DataError(
                f"{self.owner}: {name} {what}, expected a table over temperature",
                advice=f"state range (or hold_beyond with a reason) for {name} in the card",
            )
        return known.table

    def at(self, name: str, temperature: float) -> float:
        """A property at one temperature, K. Raises DataError outside its range."""
        return float(self.table(name)(temperature))

    def grid(self, name: str) -> Grid:
        """A gas property over pressure and temperature. Raises DataError if it is missing or has another form."""
        content = self.property(name).content
        if isinstance(content, float | Table):
            raise DataError(f"{self.owner}: {name} does not depend on pressure", advice="use value or table instead")
        return content()


@dataclass(frozen=True)
class Card(PropertySet):
    """A material: its own properties, for an ablator its virgin, char and gas states, reactions and surface tables."""

    name: str = ""
    title: str = ""
    description: str = ""
    file: Path = Path()
    states: Mapping[str, PropertySet] = field(default_factory=dict)
    reactions: tuple[Reaction, ...] = ()
    surface_tables: Mapping[str, Callable[[], Bprime]] = field(default_factory=dict)

    @property
    def charring(self) -> bool:
        """Whether the card describes a material that decomposes."""
        return bool(self.reactions)

    def state(self, name: Literal["virgin", "char", "gas"]) -> PropertySet:
        """One state of a charring material. Raises DataError for a material without it."""
        if name not in self.states:
            raise DataError(f"{self.owner}: no [{name}] state", advice="name the card of a charring material")
        return self.states[name]

    @property
    def virgin(self) -> PropertySet:
        """The undecomposed solid."""
        return self.state("virgin")

    @property
    def char(self) -> PropertySet:
        """The solid that is left."""
        return self.state("char")

    @property
    def gas(self) -> PropertySet:
        """What the decomposition releases."""
        return self.state("gas")

    @property
    def initial(self) -> PropertySet:
        """The state the vehicle leaves the ground in: virgin for a charring material, else the material itself."""
        return self.virgin if self.charring else self

    def density(self, temperature: float = 293.15) -> float:
        """Density of the initial state, kg/m3, at 20 degC unless another temperature is asked for."""
        known = self.initial.property("density")
        return known.content if isinstance(known.content, float) else self.initial.at("density", temperature)

    def bprime(self, name: str) -> Bprime:
        """A surface-equilibrium table by its name in the card ("air"). Raises DataError naming those there are."""
        if name not in self.surface_tables:
            known = ", ".join(self.surface_tables) or "none"
            raise DataError(f"{self.owner}: no [bprime.{name}] table; there are: {known}", advice="correct the name")
        return self.surface_tables[name]()

    def arrhenius(self) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
        """The reactions as arrays (one entry each) for kernels; keys are the fields of Reaction."""
        names = ("fraction", "frequency", "activation_energy", "order", "temperature_exponent", "minimum_temperature")
        return {name: np.array([getattr(reaction, name) for reaction in self.reactions]) for name in names}


def nearest_property(name: str) -> str:
    """Advice for an unknown property name."""
    near = difflib.get_close_matches(name, PROPERTIES, n=1)
    return f"did you mean {near[0]!r}?" if near else "remove it"
