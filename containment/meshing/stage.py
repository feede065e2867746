"""Stage "mesh": the tagged section of one sample, its region masses held against the case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from containment import materials
from containment.case.geometry import Geometry, Region
from containment.case.section_shape import dimensions
from containment.errors import CaseError, DataError, Problem
from containment.meshing import recipe, user_mesh
from containment.meshing.mesh import SectionMesh
from containment.result import Check, Response, StageResult

if TYPE_CHECKING:
    import xarray as xr

    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case

# Radius ratio of the worst triangle. Below this, gradients of linear elements are off by more than a factor of two
# (right triangle of aspect 12 has 0.16; thin walls on a coarse mesh reach that).
_LEAST_QUALITY = 0.1
# Meshed against drawn volume. An arc in n chords loses (angle / n)^2 / 6 of its area: 0.2 % at 4 mm on the vessels.
_VOLUME_TOLERANCE = 0.01


@dataclass(frozen=True)
class _Filled:
    """One region with what fills it."""

    name: str
    material: str
    volume: float
    density: float

    @property
    def mass(self) -> float:
        return self.volume * self.density


def run(
    case: Case, upstream: Mapping[str, StageResult], fidelity: Fidelity, *, fields: Path | None = None
) -> StageResult:
    """Mesh the section (recipe or user's file), check regions, volumes and masses.

    Responses `mesh.<region>_mass` and `mesh.unmodelled_mass`, kg; data: the SectionMesh with density and material by
    region. Raises DataError for what does not fit, SolverError when the mesher fails.
    """
    geometry = case.geometry
    if geometry is None:
        raise CaseError([Problem(case.name, 0, 0, "geometry", "no section", "[geometry]", "add it")])
    checks: dict[str, Check] = {}
    section = _section(case, geometry, fidelity, checks)
    filled = [_filled(section, name, region) for name, region in geometry.regions.items()]
    for item in filled:
        _check_mass(item, geometry.regions[item.name], checks)
    checks["min_quality"] = Check.at_least(float(section.quality().min()), _LEAST_QUALITY)
    # Heat and pressure act on named lines only: an edge without a name is insulated and free, so none should be left.
    checks["untagged_outline"] = Check.at_most(section.untagged_outline(), 0.0)
    responses = {f"mesh.{item.name}_mass": Response(item.mass, "kg") for item in filled}
    notes = _totals(case, geometry, sum(item.mass for item in filled), responses, checks)
    if fields is not None:
        _write(section, filled, fields)
    return StageResult("mesh", responses, _dataset(section, filled), checks, notes)


def _section(case: Case, geometry: Geometry, fidelity: Fidelity, checks: dict[str, Check]) -> SectionMesh:
    """The mesh from either source; for a recipe, with every region present in its drawn volume."""
    if geometry.mesh is not None:
        return user_mesh.read(geometry.mesh)
    if case.vehicle is None or geometry.shape is None:
        problem = Problem(case.name, 0, 0, "vehicle", "no section", "[vehicle] with the outer shape", "add it")
        raise CaseError([problem])
    description = recipe.describe(geometry.recipe)
    unknown = set(geometry.regions) ^ set(description.regions)
    if unknown:
        raise DataError(
            f"geometry.regions: found {', '.join(geometry.regions)}, expected {', '.join(description.regions)}",
            advice=f"add or remove {', '.join(sorted(unknown))}",
        )
    meshed = recipe.build(dimensions(geometry.shape, case.vehicle, case.heatshield), fidelity.mesh_size, description)
    for name, drawn in meshed.volumes.items():
        lost = abs(meshed.section.region_volume(name) / drawn - 1.0)
        checks[f"volume_{name}"] = Check.at_most(lost, _VOLUME_TOLERANCE)
        if not checks[f"volume_{name}"].ok:
            found = meshed.section.region_volume(name)
            raise DataError(
                f"region {name!r} of the mesh has {found:.4g} m3, drawn were {drawn:.4g} m3",
                advice="take a smaller mesh size",
            )
    return meshed.section


def _filled(section: SectionMesh, name: str, region: Region) -> _Filled:
    volume = section.region_volume(name)
    if region.density_from_mass and region.mass is not None:
        density = region.mass.value / volume
    else:
        density = materials.load(region.material).density()
    return _Filled(name, region.material, volume, density)


def _check_mass(item: _Filled, region: Region, checks: dict[str, Check]) -> None:
    if region.mass is None:
        return
    off = abs(item.mass / region.mass.value - 1.0)
    check = checks[f"mass_{item.name}"] = Check.at_most(off, region.tolerance.value)
    if not check.ok:
        raise DataError(
            f"region {item.name!r} weighs {item.mass:.4g} kg ({item.volume:.4g} m3 of {item.material} at "
            f"{item.density:.4g} kg/m3), geometry.regions.{item.name}.mass says {region.mass.value:.4g} kg "
            f"within {100 * region.tolerance.value:.3g} %",
            advice="correct its dimensions, its material or the expected mass",
        )


def _totals(
    case: Case, geometry: Geometry, modelled: float, responses: dict[str, Response], checks: dict[str, Check]
) -> tuple[str, ...]:
    """Mass of the whole vehicle: what the section carries, and what it leaves out."""
    if case.vehicle is None:
        return ()
    vehicle, stated = case.vehicle.entry_mass, geometry.unmodelled_mass
    if modelled > vehicle:
        raise DataError(
            f"the regions weigh {modelled:.4g} kg together, the vehicle {vehicle:.4g} kg (vehicle.mass)",
            advice="correct vehicle.mass, dimensions or materials",
        )
    responses["mesh.unmodelled_mass"] = Response(vehicle - modelled, "kg")
    why = "the remainder: back shell, equipment, fasteners"
    if stated is not None:
        off = abs(modelled + stated.value - vehicle) / vehicle
        checks["mass_total"] = Check.at_most(off, geometry.mass_tolerance.value)
        why = f"{stated.confidence}: {stated.source}"
    left = vehicle - modelled
    return (f"Of {vehicle:.4g} kg the section carries {modelled:.4g} kg; {left:.4g} kg are not modelled ({why}).",)


def _dataset(section: SectionMesh, filled: list[_Filled]) -> xr.Dataset:
    data = section.to_dataset()
    order = sorted(filled, key=lambda item: section.region_number(item.name))
    data["region_volume"] = (
        "region",
        [item.volume for item in order],
        {"units": "m3", "long_name": "volume of region"},
    )
    data["region_density"] = (
        "region", [item.density for item in order], {"units": "kg/m3", "long_name": "density of region at 20 degC"},
    )  # fmt: skip
    data["region_mass"] = ("region", [item.mass for item in order], {"units": "kg", "long_name": "mass of region"})
    data = data.assign_coords(region=("region", [section.region_number(item.name) for item in order]))
    data.attrs["materials"] = json.dumps({item.name: item.material for item in order})
    return data


def _write(section: SectionMesh, filled: list[_Filled], folder: Path) -> None:
    """The section for ParaView, with region numbers and densities."""
    from containment import fem

    mesh = fem.to_dolfinx(section).mesh
    space = fem.dolfinx.fem.functionspace(mesh, ("DG", 0))
    fields = {name: fem.dolfinx.fem.Function(space) for name in ("region", "density")}
    fem.set_cell_values(fields["region"], section.region)
    by_number = {section.region_number(item.name): item.density for item in filled}
    fem.set_cell_values(fields["density"], [by_number[number] for number in section.region.tolist()])
    fem.write_fields(folder / "mesh", mesh, fields)
