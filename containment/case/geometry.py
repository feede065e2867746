"""The `[geometry]` section: dimensions of the axisymmetric section or the user's own mesh, and what fills it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from containment.case.values import (
    CardName,
    Fraction,
    Length,
    Mass,
    Material,
    Section,
    fault,
    given,
    quantity,
)

Recipe = Annotated[str, CardName("meshes")]
LengthOrZero: Any = quantity("m", minimum=0.0)
MassOrZero: Any = quantity("kg", minimum=0.0)
Axis = Literal["x", "y", "z", "-x", "-y", "-z"]


class Region(Section):
    """What fills one region of the section, and what it should weigh."""

    material: Material
    mass: Mass | None = Field(None, description="expected mass of the full body of revolution")
    tolerance: Fraction = Field(given(0.05, "", "default"), description="of the meshed mass against the expected one")
    density_from_mass: bool = Field(
        False, description="an equivalent body: its density is the expected mass over the volume, not the card's"
    )

    @model_validator(mode="after")
    def _mass_for_density(self) -> Self:
        if self.density_from_mass and self.mass is None:
            raise fault("density_from_mass without a mass", "the mass it follows from", "add mass", key="mass")
        return self


class Shape(Section):
    """Dimensions of the recipe "sphere-cone-capsule". Outer shape: see [vehicle]. Radii count from the axis.

    From the outside in: tps, structure, absorber, secondary vessel (scv), gap, primary vessel (pcv), gap, container.
    Vessels are spheres, or with `cylinder_length` capsules along the axis; their seam is at half height.
    """

    shoulder_radius: Length = Field(description="radius of the rounded edge at the largest diameter")
    tps_thickness: Length | None = Field(None, description="left out: that of [heatshield.layers.tps]")
    structure_thickness: Length | None = Field(None, description="left out: that of [heatshield.layers.structure]")
    absorber_thickness: Length = Field(description="in front of the secondary vessel, on the axis")
    absorber_radius: Length = Field(description="outer radius of the absorber block")
    absorber_reach: Length = Field(description="how far the block reaches aft of the vessels' seam")
    scv_wall: Length
    scv_gap: Length = Field(description="between secondary and primary vessel")
    pcv_wall: Length
    pcv_gap: Length = Field(description="between primary vessel and container")
    os_diameter: Length = Field(description="outer diameter of the orbiting-sample container")
    cylinder_length: LengthOrZero = Field(
        given(0.0, "m", "spherical vessels"), description="straight part of container and vessels, 0 for spheres"
    )


class UserMesh(Section):
    """A mesh file of the user: any format meshio reads; its names or numbers mapped to ours."""

    file: str
    length_unit: Literal["m", "cm", "mm", "inch"]
    regions: dict[str, str | int] = Field(description='our region = name or number in the file: tps = "TPS_ELEMENTS"')
    facets: dict[str, str | int] = Field(default_factory=dict, description="our facet set = name or number in the file")
    tag: str | None = Field(None, description="cell array with the region numbers, where the format has no names (VTK)")
    radial: Axis = Field("x", description="coordinate of the file that is the radius")
    axial: Axis = Field("y", description="coordinate of the file that points aft")

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not self.regions:
            raise fault("no region", "at least one region mapped", "name what the file calls it", key="regions")
        if self.radial.lstrip("-") == self.axial.lstrip("-"):
            raise fault(f"{self.radial} for both", "two different coordinates", "correct radial or axial", key="axial")
        return self


class Geometry(Section):
    """The section: `shape` for the shipped recipe, or `mesh` for the user's own file."""

    recipe: Recipe = "sphere-cone-capsule"
    shape: Shape | None = None
    mesh: UserMesh | None = None
    regions: dict[str, Region] = Field(description="by the names of the recipe, or those mapped in [geometry.mesh]")
    unmodelled_mass: MassOrZero | None = Field(
        None, description="of the vehicle but not in the section, held against its mass; left out: the remainder"
    )
    mass_tolerance: Fraction = Field(
        given(0.02, "", "default"), description="of all regions plus unmodelled mass against the mass of the vehicle"
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.shape is None) == (self.mesh is None):
            found = "both shape and mesh" if self.shape else "neither shape nor mesh"
            raise fault(found, "one of them", "give [geometry.shape] for the recipe or [geometry.mesh] for a file")
        if self.mesh is not None:
            _same_names(set(self.regions), set(self.mesh.regions), "the regions mapped in [geometry.mesh.regions]")
        return self


def _same_names(found: set[str], expected: set[str], what: str) -> None:
    for name in sorted(found ^ expected):
        text = f"no region {name!r}" if name in expected else f"the region {name!r}"
        raise fault(text, f"{what}: {', '.join(sorted(expected))}", "add or remove it", key=f"regions.{name}")
