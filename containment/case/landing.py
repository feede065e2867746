"""The `[landing]` section: what is struck, in which attitude, what crushes, what touches what, what the seams bear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from containment.case.values import (
    Angle,
    Density,
    Factor,
    Fraction,
    Length,
    Pressure,
    Section,
    Time,
    fault,
    quantity,
)

if TYPE_CHECKING:
    import numpy as np

Stiffness: Any = quantity("N/m", positive=True)
BedStiffness: Any = quantity("Pa/m", positive=True)
Gradient: Any = quantity("Pa/m", minimum=0.0)
NotNegative: Any = quantity("", minimum=0.0)
StressOrNone: Any = quantity("Pa", minimum=0.0)
Rate: Any = quantity("1/s", positive=True)
PitchRate: Any = quantity("rad/s")
Gap: Any = quantity("m", minimum=0.0)


class Soil(Section):
    """Ground that gives way: p = resistance * site_factor + gradient * depth + inertia_factor * density * speed^2."""

    kind: Literal["soil"]
    density: Density
    resistance: Pressure = Field(description="quasi-static penetration resistance, mean of the site")
    site_factor: Factor = Field(description="resistance at the point of impact over the mean of the site")
    gradient: Gradient = Field(description="growth of the resistance with depth")
    inertia_factor: NotNegative = Field(description="form factor of the inertial resistance")
    unloading_stiffness: BedStiffness = Field(description="stiffness of a column when it unloads")


class HardGround(Section):
    """Rock, road, target: rigid. What gives way is the forebody and the absorber."""

    kind: Literal["hard"]
    rock_radius: Length | None = Field(None, description="of a round rock under the nose; left out: a plane")
    model_factor: Factor = Field(
        description="true over modelled acceleration on such ground, on top of landing.model_factor"
    )


class Forebody(Section):
    """Heat shield and shell as one homogeneous layer of their thickness that yields and folds onto the ground."""

    modulus: Pressure
    strength: Pressure = Field(description="stress at which the layer yields")
    hardening: StressOrNone = Field(description="growth of that stress per plastic strain")


class Absorber(Section):
    """Crush curve of the energy absorber; density, area and thickness come from the mesh."""

    crush_stress: Pressure
    modulus: Pressure
    densification_strain: Fraction
    hardening: StressOrNone = Field(description="linear rise of the curve up to densification")
    locking: StressOrNone = Field(description="scale of the logarithmic rise towards densification")
    sharpness: Factor = Field(description="exponent of that rise, >= 1; high = late and sudden")
    rate_coefficient: NotNegative = Field(description="growth of the stress per e-fold of strain rate")
    reference_rate: Rate
    tension: Pressure = Field(description="stress at which the foam parts")


class Interface(Section):
    """What holds the absorber on the outer vessel, and friction between parts; for the explicit finite elements."""

    normal_strength: Pressure
    shear_strength: Pressure
    opening: Length = Field(description="at which nothing is left; fracture energy = strength x opening / 2")
    friction: NotNegative = Field(description="Coulomb, between all parts that touch")


class Impact(Section):
    """How the vehicle meets the ground in stable flight."""

    drift_angle: Angle = Field(description="velocity off the vertical (wind)")
    attitude_angle: Angle = Field(description="axis off the velocity")


class Oblique(Section):
    """Rigid body in six degrees of freedom on columns of soil: what obliqueness does to the peak, and the rest."""

    slope: Angle = Field(description="of the ground, falling in the direction of the drift")
    pitch_rate: PitchRate = Field(description="at first contact, the nose moving in the direction of the drift")
    friction: NotNegative = Field(description="Coulomb, of the forebody on soil")
    ploughing: Fraction = Field(
        description="part of the pressure along the ground that bears: 0 columns along its normal, 1 normal to the body"
    )
    damping: NotNegative = Field(description="of critical, of the body on unloading soil (waves that run off)")
    model_factor: Factor = Field(description="true over modelled change of the peak by obliqueness")


class Tumbling(Section):
    """What is assumed when the vehicle has lost its attitude: speed from this drag, contact with the rim."""

    drag_coefficient: Factor = Field(description="effective, on the frontal area")
    rim_width: Length = Field(description="mean width of the body that meets the ground edge-on")
    absorber_thickness: Length = Field(description="absorber between outer vessel and shell, sideways")
    area_factor: Factor = Field(description="crushed area over projected area of the outer vessel (shear, bond, walls)")


class Contact(Section):
    """Play and stiffness between two nested parts."""

    stiffness: Stiffness
    damping: NotNegative = Field(description="of critical")
    play: Gap = Field(description="free travel to each side")
    seat_angle: Angle = Field(description="half angle of the cap over which the inner part presses on the outer")


class Seam(Section):
    """The closure of a vessel. `braze`: opens when its strength is exceeded. `preloaded`: when its preload is."""

    kind: Literal["braze", "preloaded"]
    normal_strength: Pressure
    shear_strength: Pressure
    strength_factor: Fraction = Field(description="real over ideal strength (process)")
    void_fraction: Fraction
    preload: StressOrNone = Field(description="mean contact pressure of the closed seam")
    stiffness: BedStiffness = Field(description="traction per opening beyond that")


class Vessel(Section):
    """Landing properties of one vessel beyond its geometry and material card."""

    yield_factor: Factor = Field(description="yield strength over that of the material card")
    seam: Seam


class Chance(Section):
    """Probability of a branch: a share among the ordinary branches, or an event that displaces them all.

    `dirichlet` is the count of this branch; `beta` the two counts (occurs, does not occur).
    """

    dirichlet: float | None = Field(None, gt=0)
    beta: tuple[float, float] | None = None
    source: str = ""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.dirichlet is None) == (self.beta is None):
            raise fault("both or neither of dirichlet and beta", "exactly one of them", "keep one")
        if self.beta is not None and min(self.beta) <= 0:
            raise fault(f"beta counts {self.beta}", "two positive counts", "correct them", key="beta")
        return self


class Branch(Section):
    """One way to land: a surface and an attitude with the chance that they occur."""

    surface: str
    attitude: Literal["stable", "tumbling"] = "stable"
    probability: Chance
    note: str = ""


class Landing(Section):
    """Landing without a parachute; every branch is one node of the common cause."""

    duration: Time = Field(description="latest end of the simulation")
    filter_window: Time = Field(description="accelerations are means over this window")
    model_factor: Factor = Field(description="true over modelled acceleration of the chain")
    impact: Impact
    oblique: Oblique | None = Field(None, description="left out: the peak on soil only grows with obliqueness")
    tumbling: Tumbling | None = None
    surfaces: dict[str, Annotated[Soil | HardGround, Field(discriminator="kind")]]
    forebody: Forebody
    absorber: Absorber
    interface: Interface | None = Field(None, description="for the explicit impact, which needs it")
    contacts: dict[Literal["pcv", "os"], Contact] = Field(
        description="pcv: in the outer vessel; os: sample container in the inner vessel"
    )
    vessels: dict[Literal["scv", "pcv"], Vessel]
    branches: dict[str, Branch]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name, branch in self.branches.items():
            if branch.surface not in self.surfaces:
                raise fault(
                    f"surface {branch.surface!r}", "one of " + ", ".join(sorted(self.surfaces)),
                    "name a surface of [landing.surfaces]", key=f"branches.{name}.surface",
                )  # fmt: skip
            if branch.attitude == "tumbling" and self.tumbling is None:
                raise fault(
                    "no [landing.tumbling]", "its drag and contact", "add it or drop the branch",
                    key=f"branches.{name}.attitude",
                )  # fmt: skip
        if not any(branch.probability.dirichlet for branch in self.branches.values()):
            raise fault("no branch with a dirichlet count", "at least one", "add the ordinary branches", key="branches")
        for what, table, wanted in (
            ("contacts", self.contacts, {"pcv", "os"}), ("vessels", self.vessels, {"scv", "pcv"}),
        ):  # fmt: skip
            if missing := wanted - set(table):
                raise fault(f"no {sorted(missing)}", f"{what} for {sorted(wanted)}", "add it", key=what)
        if self.absorber.sharpness.value < 1.0:
            raise fault(f"{self.absorber.sharpness.value:g}", "at least 1", "correct it", key="absorber.sharpness")
        return self

    def acceleration_factor(self, branch: str) -> float:
        """True over modelled acceleration of the chain on a branch: that of the model, and of hard ground."""
        surface = self.surfaces[self.branches[branch].surface]
        hard = surface.model_factor.value if isinstance(surface, HardGround) else 1.0
        return float(self.model_factor.value * hard)

    def probabilities(self) -> dict[str, float]:
        """Mean probability of each branch; they add to 1."""
        events = {n: b.probability.beta for n, b in self.branches.items() if b.probability.beta}
        counts = {n: b.probability.dirichlet for n, b in self.branches.items() if b.probability.dirichlet}
        left, found = 1.0, {}
        for name, (yes, no) in events.items():
            found[name] = left * yes / (yes + no)
            left -= found[name]
        total = sum(counts.values())
        return {n: found[n] if n in found else left * counts[n] / total for n in self.branches}

    def draw_probabilities(self, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
        """`count` draws of the branch probabilities from their Dirichlet and Beta laws (epistemic); each sums to 1."""
        import numpy as np

        left, found = np.ones(count), {}
        for name, branch in self.branches.items():
            if branch.probability.beta:
                found[name] = left * rng.beta(*branch.probability.beta, size=count)
                left = left - found[name]
        counts = {n: b.probability.dirichlet for n, b in self.branches.items() if b.probability.dirichlet}
        shares = rng.dirichlet(list(counts.values()), size=count)
        for column, name in enumerate(counts):
            found[name] = left * shares[:, column]
        return {name: found[name] for name in self.branches}
