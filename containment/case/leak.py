"""The `[leak]` section: gas, pressures, leak paths of the two vessels."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from containment.case.values import LeakRate, Length, Pressure, Section, Temperature, fault, quantity

Gap: Any = quantity("m", minimum=0.0)
PressureOrVacuum: Any = quantity("Pa", minimum=0.0)


class SealPath(Section):
    """Where a vessel can leak: an as-built path always there, and the seam where it opens or its seal degrades."""

    as_built: LeakRate = Field(description="helium, 1 atm to vacuum, at the temperature of the test")
    seam_radius: Length
    land: Length = Field(description="length of the path through the seal")
    recovery: Gap = Field(description="opening the closed seal follows without leaking, cold")
    temperature_limit: Temperature = Field(description="where the recovery is used up")
    degradation_width: Temperature = Field(description="further warming until the seal is lost")
    lost_gap: Gap = Field(description="gap of a lost seal")


class Leak(Section):
    """Leak of the vessels after landing, as helium standard leak, as inflow of air, and as equivalent bore."""

    test_temperature: Temperature
    bore_length: Length = Field(description="length of the equivalent single capillary")
    outside_pressure: Pressure
    inside_pressure: PressureOrVacuum
    paths: dict[Literal["pcv", "scv"], SealPath]

    @model_validator(mode="after")
    def _both(self) -> Self:
        if missing := {"pcv", "scv"} - set(self.paths):
            raise fault(f"no {sorted(missing)}", "a path for pcv and scv", "add it", key="paths")
        return self
