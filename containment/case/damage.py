"""The `[damage]` section: a crater in the heat shield, and what the shield does with it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from containment.case.values import Factor, Length, Section, fault, given


class Damage(Section):
    """A bowl that something has struck out of the ablator before entry, at one station of the heat shield."""

    station: str = Field("stagnation", description="name in [heatshield.stations] whose heating it gets")
    depth: Length = Field(description="of the bowl in its middle")
    radius: Length = Field(description="of the bowl at the surface")
    floor_heating: Factor = Field(
        given(1.0, "", "as the sound surface"), description="convective heating of its deepest point over the surface's"
    )

    @model_validator(mode="after")
    def _a_bowl(self) -> Self:
        if self.depth.value > 3.0 * self.radius.value:
            raise fault(
                f"{self.depth.value:.4g} m deep with a radius of {self.radius.value:.4g} m",
                "a depth of three radii at most", "gas leaves along the spines: a narrow slot is outside this model",
                key="depth",
            )  # fmt: skip
        return self
