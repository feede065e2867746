"""The `[sterilisation]` section: heat that closes and sterilises the seam of a vessel while the samples stay cold."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from containment.case.values import Fraction, Length, Material, Section, Temperature, Time, fault, quantity

Power: Any = quantity("W", positive=True)
TemperatureDifference: Any = quantity("K", positive=True)


class Lethality(Section):
    """Thermal death: a unit of kill takes `time` at a reference temperature, a tenth of it z kelvin above.

    The unit is one decimal reduction of spores (D value), or one whole treatment that counts as sterilising.
    """

    reference_temperature: Temperature
    time: Time = Field(description="of one unit at the reference temperature")
    z_value: TemperatureDifference = Field(description="kelvin that make it ten times faster")
    highest_temperature: Temperature = Field(description="above it no faster death is credited than there")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.highest_temperature.value < self.reference_temperature.value:
            raise fault(
                f"{self.highest_temperature.value:g} K", "at least the reference temperature", "raise it",
                key="highest_temperature",
            )  # fmt: skip
        return self


class Filled(Section):
    """A region that is there when the seam is closed."""

    material: Material = Field(description="its density follows [geometry] where the card is the same there")


class Sterilisation(Section):
    """Closure of a vessel in space: power near its seam until all of the joint is hot, then cooling by radiation."""

    regions: dict[str, Filled] = Field(description="regions of the section that are there, by name")
    seam: str = Field("pcv_seal", description="tagged line of the joint")
    surface: str = Field("pcv_outer", description="tagged line that radiates to the surroundings")
    initial_temperature: Temperature
    surroundings: Temperature = Field(description="what the vessel radiates to")
    emissivity: Fraction = Field(description="of the surface, hemispherical, grey")
    power: Power = Field(description="heat released in the wall near the seam")
    zone: Length = Field(description="distance from the seam where it has fallen to nothing, linearly")
    joint_temperature: Temperature = Field(description="the coldest point of the seam reaches it, then power ends")
    longest_heating: Time = Field(description="the power ends then at the latest")
    cooling: Time = Field(description="how long it is followed afterwards")
    lethality: dict[str, Lethality] = Field(description="laws of thermal death held against the seam, by name")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for key in ("regions", "lethality"):
            if not getattr(self, key):
                raise fault("none", "at least one", "add it", key=key)
        if self.joint_temperature.value <= self.initial_temperature.value:
            raise fault(
                f"{self.joint_temperature.value:g} K", "above the initial temperature", "raise it",
                key="joint_temperature",
            )  # fmt: skip
        return self
