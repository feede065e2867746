"""The `[heatshield]` section: layers from the outside in, stations on the forebody, how the wall reacts."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from containment.case.values import (
    Factor,
    Fraction,
    HeatTransfer,
    Length,
    Material,
    Section,
    Temperature,
    fault,
    given,
    quantity,
)

ContactResistance: Any = quantity("m^2*K/W", minimum=0.0)
ActivationEnergy: Any = quantity("J/mol", positive=True)
MassFlux: Any = quantity("kg/m^2/s", positive=True)


class RadiatingGap(Section):
    """An empty gap that heat crosses by radiation."""

    width: Length
    emissivity: Fraction = Field(description="effective, 1/(1/e1 + 1/e2 - 1) of the two faces")


class Layer(Section):
    """One layer of the stack; the first is the ablator."""

    material: Material
    thickness: Length
    contact_resistance: ContactResistance = Field(
        given(0.0, "m^2*K/W", "perfect contact"), description="between this layer and the one outside it"
    )
    gap: RadiatingGap | None = Field(None, description="empty space between this layer and the one outside it")


class Station(Section):
    """A place on the forebody where the stack is computed."""

    arc_fraction: Fraction = Field(description="arc length from the stagnation point over that of the shoulder")


class Oxidation(Section):
    """Rate limit of char oxidation, A exp(-E/RT) (p_O2/1 atm)^n, in series with equilibrium."""

    pre_exponential: MassFlux
    activation_energy: ActivationEnergy
    order: Factor


class BackFace(Section):
    """Convection and radiation to one of `temperature` and `history` behind the last layer; left out: adiabatic."""

    film: HeatTransfer = Field(description="large: the back is held at the temperature behind it")
    temperature: Temperature | None = Field(None, description="behind the last layer, all the time")
    history: str | None = Field(
        None,
        description="CSV with the columns time [s], temperature [K] behind the last layer, such as an earlier soak's",
    )
    emissivity: Fraction = Field(given(0.0, "", "no radiation"), description="effective, 1/(1/e1 + 1/e2 - 1)")

    @model_validator(mode="after")
    def _one_temperature(self) -> Self:
        if (self.temperature is None) == (self.history is None):
            raise fault("both or none of temperature and history", "one of them", "give one", key="temperature")
        return self


class Environment(Section):
    """Heating from a file instead of a trajectory.

    Columns time, film_coefficient, recovery_enthalpy, pressure and, if there is any, radiative_flux.
    """

    file: str = Field(description="CSV with a header that gives each column its unit in brackets")


class Heatshield(Section):
    """Charring and heating through the shield at some stations. Factors multiply what the ablator's card says."""

    initial_temperature: Temperature = Field(description="uniform, at the entry interface")
    background_temperature: Temperature = Field(
        given(250.0, "K", "sky and Earth seen by the forebody; no effect at flight temperatures"),
        description="what the wall radiates to",
    )
    surface_table: str = Field("air", description="name of the B' table in the ablator's card")
    blowing: Fraction = Field(
        given(0.5, "", "laminar boundary layer; nasa/pato TACOT series"),
        description="factor lambda of the blowing law",
    )
    oxidation: Oxidation | None = Field(None, description="left out: equilibrium at any wall temperature")
    emissivity: Fraction | None = Field(None, description="of the wall; left out: as in the card")
    density_factor: Factor = given(1.0, "", "card as it is")
    conductivity_factor: Factor = given(1.0, "", "card as it is")
    heat_capacity_factor: Factor = given(1.0, "", "card as it is")
    recession_factor: Factor = Field(
        given(1.0, "", "model as it is"),
        description="true over predicted recession; counts for the thickness left, no credit in temperatures",
    )
    layers: dict[str, Layer] = Field(description="from the outside in; the first is the ablator")
    stations: dict[str, Station] = Field(description="where the stack is computed")
    back: BackFace | None = None
    environment: Environment | None = Field(None, description="used instead of the results of stage entry")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not self.layers:
            raise fault("no layer", "at least the ablator", "add [heatshield.layers.tps]", key="layers")
        if not self.stations:
            raise fault("no station", "at least one", "add [heatshield.stations.stagnation]", key="stations")
        return self

    @property
    def ablator(self) -> Layer:
        """The outermost layer."""
        return next(iter(self.layers.values()))

    @property
    def thickness(self) -> float:
        """All layers and gaps together, m."""
        gaps = sum(layer.gap.width.value for layer in self.layers.values() if layer.gap)
        return float(gaps + sum(layer.thickness.value for layer in self.layers.values()))
