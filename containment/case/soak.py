"""The `[soak]` section: how heat spreads through the section from entry to recovery."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from containment.case.values import (
    Factor,
    Fraction,
    HeatTransfer,
    Length,
    Section,
    Temperature,
    Time,
    fault,
    given,
    quantity,
)

HeatFlux: Any = quantity("W/m^2", positive=True)
LengthOrZero: Any = quantity("m", minimum=0.0)
Effusivity: Any = quantity("J/m^2/K/s^0.5", positive=True)


class SoakSurface(Section):
    """Heat exchange of one tagged surface of the section."""

    emissivity: Fraction = Field(description="hemispherical, grey")
    film_factor: Factor = Field(description="true over correlated mean film coefficient in flight")
    entry_heating_share: Fraction = Field(
        description="heat flux during entry over stagnation heat flux; not used where the heat shield is imposed"
    )
    buried: bool = Field(False, description="touches the soil below the burial depth after landing")


class SoakCavity(Section):
    """Surfaces that see each other: grey diffuse radiation with reflections, open to the air around."""

    lines: tuple[str, ...] = Field(description="surfaces of [soak.surfaces] that bound it; they radiate nowhere else")


class Crushed(Section):
    """An absorber that the vessel has pushed together: what lies ahead of it is thinner and denser from landing on."""

    region: str = Field("absorber", description="region of the section that is crushed")
    vessel: str = Field("scv", description="region that crushes it: what lies ahead of it and within its radius")
    strain: Fraction = Field(description="height lost over height, of what lies ahead of the vessel")

    @model_validator(mode="after")
    def _something_left(self) -> Self:
        if not self.strain.value < 1.0:
            raise fault(f"{self.strain.value:g}", "below 1: some height is left", "lower it", key="strain")
        return self


class Ground(Section):
    """The landing site: air, sky and soil, from landing to recovery."""

    air_temperature: Temperature
    sky_temperature: Temperature = Field(description="what the upper surfaces radiate to")
    film: HeatTransfer = Field(description="natural and wind convection on a capsule at rest")
    soil_temperature: Temperature
    soil_effusivity: Effusivity = Field(description="sqrt(conductivity * density * heat capacity) of the soil")
    contact_conductance: HeatTransfer = Field(description="between surface and soil; 0 = none")
    burial_depth: Length = Field(description="height above the nose that touches the soil")


class Soak(Section):
    """Two-dimensional heat soak of the whole section, from the cold of the cruise until recovery."""

    initial_temperature: Temperature | None = Field(
        None, description="uniform at the entry interface; left out: what the heat shield starts from"
    )
    handover_flux: HeatFlux = Field(
        description="when the stagnation heating has fallen below this, the ablator is released to conduction"
    )
    recovery_time: Time = Field(description="from landing until the capsule is recovered; the soak ends there")
    surfaces: dict[str, SoakSurface] = Field(description="by the names of tagged surfaces of the section")
    cavities: dict[str, SoakCavity] = Field(default_factory=dict, description="groups of surfaces that see each other")
    tube_depth: LengthOrZero = Field(
        given(0.0, "m", "tubes up to the surface of the container"),
        description="how deep below the outer line of the container the sample tubes begin",
    )
    limits: dict[str, dict[str, Temperature]] = Field(
        default_factory=dict,
        description="by watched place (tubes, scv_seal, pcv_seal, bondline or a region) and name: how long it is above",
    )
    crushed: Crushed | None = Field(None, description="absorber pushed together by the landing; left out: intact")
    ground: Ground

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not self.surfaces:
            raise fault("no surface", 'at least "outer"', "add [soak.surfaces.outer]", key="surfaces")
        used: set[str] = set()
        for name, cavity in self.cavities.items():
            for line in cavity.lines:
                key = f"cavities.{name}.lines"
                if line not in self.surfaces:
                    expected = ", ".join(self.surfaces)
                    raise fault(f"the line {line!r}", f"surfaces of the soak: {expected}", "add or correct it", key=key)
                if line in used:
                    raise fault(f"{line!r} twice", "every surface in one cavity", "remove it from one", key=key)
                if not self.surfaces[line].emissivity.value > 0.0:
                    raise fault(
                        f"{line!r} with emissivity 0", "a surface that radiates", "give its emissivity", key=key
                    )
                used.add(line)
        return self
