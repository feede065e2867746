"""What is read from the stress of the entry: used ductility, the state of the seams, buckling of the shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.meshing.mesh import SectionMesh
from containment.result import Response
from containment.structure.laminate import Laminate, along_line
from containment.structure.linearisation import linearised
from containment.structure.loads import Loads, Supports, region_number
from containment.structure.plasticity import mises
from containment.structure.seal import opening, seam_cut, traction
from containment.structure.shell_buckling import Buckling, buckling
from containment.structure.statics import Statics, StaticsResult
from containment.structure.strain_limit import damage, ductility

if TYPE_CHECKING:
    from containment.case.landing import Seam
    from containment.case.stress import ShellLaminate
    from containment.materials.card import PropertySet
    from containment.structure.equilibrium import Orthotropic

Floats = NDArray[np.float64]

_SHARES = (0.25, 0.5, 0.75, 1.0)  # increments of plastic flow whose damage is added up
_FIRST_WAVES, _STRIDE = 8, 2  # a shell of R/t = 200 buckles in about so many waves


def composite(mesh: SectionMesh, shell: str, line: str, given: ShellLaminate) -> Orthotropic:
    """The shell's laminate in its cells."""
    g = given
    constants = Laminate(
        (g.modulus_along.value, g.modulus_through.value, g.modulus_around.value), g.shear_along_through.value,
        g.shear_through_around.value, g.shear_around_along.value, g.poisson_along_through.value,
        g.poisson_along_around.value, g.poisson_through_around.value,
        (g.expansion_along.value, g.expansion_through.value, g.expansion_around.value),
    )  # fmt: skip
    return along_line(mesh, shell, line, constants)


def walls(mesh: SectionMesh, answer: StaticsResult) -> dict[str, Response]:
    """Stress across the wall at each seam: membrane, and membrane with bending, as pressure-vessel codes judge it."""
    found = {}
    for line in ("scv_seal", "pcv_seal"):
        if line in mesh.facet_names:
            wall = linearised(mesh, answer.node_stress, line)
            found[f"stress.{line}_membrane_stress"] = Response(wall.membrane_mises, "Pa")
            found[f"stress.{line}_surface_stress"] = Response(wall.surface_mises, "Pa")
    return found


def seams(statics: Statics, answer: StaticsResult, loads: Loads, closures: Mapping[str, Seam]) -> dict[str, Response]:
    """Opening of each vessel's seam and what is left of the pressure that holds it, from the forces its wall carries.

    `closures` by region of the vessel, whose seam is the line "<region>_seal".
    """
    solid, found = statics.solid, {}
    for region, seam in closures.items():
        line = f"{region}_seal"
        if region not in solid.regions or line not in solid.section.facet_names:
            continue
        mine = (solid.cell_region == solid.regions[region])[:, None]
        weight = np.where(mine[:, 0], statics.points.density * loads.mass_factor.get(region, 1.0), 0.0)
        body = np.repeat(-weight[:, None] * loads.acceleration, solid.shape[1], axis=1)
        stress = np.where(mine[..., None], answer.state.stress, 0.0)
        pulled = traction(solid, seam_cut(solid, line), stress, body)
        found[f"stress.{line}_opening"] = Response(float(opening(pulled, seam)), "m")
        if seam.kind == "preloaded":
            left = max(seam.preload.value - float(pulled.edge_tension), 0.0)
            found[f"stress.{line}_contact_pressure"] = Response(left, "Pa")
    return found


def used_ductility(
    yielding: Statics, elastic: StaticsResult, loads: Loads, supports: Supports, cards: Mapping[str, PropertySet],
    metals: Mapping[str, str],
) -> dict[str, Response]:  # fmt: skip
    """Strain-limit damage of each metal: none where none yields, else from a solution in which the metals of `yielding`
    flow; the others stay elastic.

    Raises DataError for a metal whose card lacks ultimate strength or elongation, SolverError at collapse.
    """
    for region in metals:
        missing = [
            name for name in ("yield_strength", "ultimate_strength", "elongation") if not cards[region].has(name)
        ]
        if missing:
            raise DataError(
                f"{cards[region].owner}: no {', '.join(missing)}, expected for the strain limit of {region}",
                advice="add it to the card from a source, or take the region out of stress.metals",
            )
    names = {region: f"stress.{region}_strain_limit_damage" for region in metals}
    points = mises(elastic.state.stress)
    body = yielding.body
    mine = {region: body.cell_region == region_number(body, region) for region in metals}
    yields = yielding.yield_stress(loads)
    if all(float((points[cells] / yields[cells]).max()) <= 1.0 for cells in mine.values()):
        return {name: Response(0.0, "") for name in names.values()}
    answer = yielding.solve(loads, supports, shares=_SHARES)
    found = {}
    for region, name in names.items():
        card, cells = cards[region], mine[region]
        limit = ductility(
            metals[region], card.at("yield_strength", 293.15), card.at("ultimate_strength", 293.15),
            card.at("elongation", 293.15),
        )  # fmt: skip
        path = [(state.stress[cells], state.plastic[cells]) for state in answer.states]
        found[name] = Response(float(damage(limit, path).max()), "")
    return found


def shell_buckling(statics: Statics, answer: StaticsResult, loads: Loads, held: tuple[str, ...], most: int) -> Buckling:
    """Lowest factor on the load at which the shell buckles, among up to `most` waves: downhill from eight, two waves a
    step, then the neighbours of the lowest."""
    supports = Supports(radial=held, pin=int(statics.solid.section.points[:, 1].argmax()))
    tried: dict[int, Buckling] = {}

    def factor(waves: int) -> float:
        if not 2 <= waves <= most:
            return np.inf
        if waves not in tried:
            tried[waves] = buckling(statics, answer, supports, (waves,), pressure=loads.pressure)
        return tried[waves].factor

    best = min(_FIRST_WAVES, most)
    for stride in (_STRIDE, 1):
        while (nearer := min((best - stride, best + stride), key=factor)) and factor(nearer) < factor(best):
            best = nearer
    return Buckling({n: found.factor for n, found in sorted(tried.items())}, tried[best].mode)
