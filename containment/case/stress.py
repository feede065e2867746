"""The `[stress]` section: shell and vessels under the peak load of the entry."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from containment.case.values import Factor, Fraction, Number, Pressure, Section, Temperature, fault, given, quantity

Expansion: Any = quantity("1/K")


class ShellLaminate(Section):
    """Elastic constants of the shell along its meridian, through the wall and around, in place of its card's.

    Poisson's ratio of two directions is the strain in the second under stress in the first. The meridian of a cell is
    that of the nearest piece of the load line.
    """

    modulus_along: Pressure
    modulus_through: Pressure
    modulus_around: Pressure
    shear_along_through: Pressure
    shear_through_around: Pressure
    shear_around_along: Pressure = Field(description="in the plane of the laminate")
    poisson_along_through: Number
    poisson_along_around: Number
    poisson_through_around: Number
    expansion_along: Expansion
    expansion_through: Expansion
    expansion_around: Expansion


class Stress(Section):
    """Thermo-elastic statics of the section at peak deceleration: pressure, inertia, temperatures of the soak.

    Regions in `passive` press with their mass and pass the pressure on, but carry no load (a charred ablator); their
    mass is added to the shell. What the section does not show of the vehicle's mass is shared out by `unmodelled_mass`.
    """

    stress_free_temperature: Temperature = Field(description="where the parts were joined without stress")
    shell: str = Field("structure", description="region of the load-carrying shell")
    passive: tuple[str, ...] = Field(("tps",), description="regions that carry no load")
    unmodelled_mass: dict[str, Fraction] = Field(
        description="share of the mass that is not in the section carried by each region; they add up to 1"
    )
    heated_line: str = Field("outer", description="tagged line the flow presses on")
    load_line: str = Field("bondline", description="outer line of the load-carrying part, where the pressure arrives")
    base_pressure_factor: Fraction = Field(
        given(1.0, "", "ambient pressure behind the body"), description="base over ambient pressure"
    )
    pressure_factor: Factor = Field(
        given(1.0, "", "modified Newtonian as it is"), description="true over modified Newtonian pressure"
    )
    buckling_knockdown: Fraction = Field(
        given(0.75, "", "NASA SP-8019 for cones under external pressure, as recalled"),
        description="on the classical buckling pressure of the cone",
    )

    buckling_held: tuple[str, ...] = Field(
        (), description="tagged lines a ring holds round while the shell buckles; a free rim buckles first"
    )
    laminate: ShellLaminate | None = Field(None, description="the shell as an orthotropic laminate")
    metals: dict[str, Literal["ferritic", "stainless", "aluminium", "titanium"]] = Field(
        {}, description="group of the metal of a region, whose used ductility is reported (ASME VIII-3 KD-232)"
    )

    @model_validator(mode="after")
    def _all_mass_shared(self) -> Self:
        total = sum(share.value for share in self.unmodelled_mass.values())
        if abs(total - 1.0) > 1e-6:  # written in decimals
            raise fault(f"shares of {total:g} in all", "shares that add up to 1", "correct them", key="unmodelled_mass")
        for name in self.unmodelled_mass:
            if name in self.passive:
                raise fault(
                    f"mass on the passive region {name!r}", "regions that carry load", "move it", key="unmodelled_mass"
                )
        if self.shell in self.passive:
            raise fault(f"the shell {self.shell!r} in passive", "a shell that carries load", "remove it", key="passive")
        return self
