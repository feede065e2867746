"""The recipe "sphere-cone-capsule": from the dimensions of a section to its tagged mesh."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from containment import share
from containment.case.section_shape import Dimensions
from containment.errors import DataError
from containment.meshing.drawing import Drawing, Point, gmsh_session
from containment.meshing.mesh import SectionMesh

RECIPE = "sphere-cone-capsule"
_SIZES = (
    "skin_along", "vessel_along", "bulk", "tps_through", "tps_last_over_first", "least_through", "least_through_tps",
)  # fmt: skip


@dataclass(frozen=True)
class Description:
    """What meshes/<recipe>.toml says: regions and facets with their meaning, sizes relative to the mesh size."""

    regions: Mapping[str, str]
    facets: Mapping[str, str]
    sizes: Mapping[str, float]


@dataclass(frozen=True)
class Meshed:
    """A mesh with the exact volume of each region it stands for, m3."""

    section: SectionMesh
    volumes: Mapping[str, float]


def describe(name: str = RECIPE) -> Description:
    """Read a recipe file. Raises DataError when it is not one this program can build."""
    file = share.find("meshes", name)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        found = Description(
            {str(key): str(text) for key, text in raw["regions"].items()},
            {str(key): str(text) for key, text in raw["facets"].items()},
            {key: float(raw["sizes"][key]) for key in _SIZES},
        )
    except (KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        raise DataError(f"{file}: not a recipe ({error!r})", advice=f"start from the shipped {RECIPE}.toml") from error
    if file.stem != RECIPE:
        raise DataError(f"{file}: found recipe {file.stem!r}, expected {RECIPE!r}", advice="the only one there is yet")
    return found


def build(shape: Dimensions, mesh_size: float, description: Description) -> Meshed:
    """Draw and mesh a section with edges of about `mesh_size` (m) in the bulk. Raises DataError when it cannot fit."""
    for misfit in shape.misfits():
        raise misfit._replace(key=f"geometry.shape.{misfit.key}").error()
    with gmsh_session() as gmsh:
        drawing = Drawing(gmsh)
        recipe = _Recipe(shape, mesh_size, description.sizes, drawing)
        recipe.skin()
        recipe.vessels()
        recipe.container()
        recipe.absorber()
        section = drawing.meshed(list(description.regions), list(description.facets))
        return Meshed(section, {name: drawing.volume(name) for name in description.regions})


class _Recipe:
    """Draws the parts. Stations run from the nose outward along the skin, and from front to aft pole on the vessels."""

    def __init__(self, shape: Dimensions, mesh_size: float, sizes: Mapping[str, float], drawing: Drawing) -> None:
        self.shape, self.draw = shape, drawing
        self.size, self.sizes = mesh_size, sizes
        cos, sin = math.cos(shape.half_angle), math.sin(shape.half_angle)
        self.normal: Point = (cos, -sin)  # outward, on the cone
        self.nested = self._nested_points()

    # --- heat shield and structure

    def _skin_point(self, station: int, depth: float) -> Point:
        """Point `depth` below the outer surface at the axis, cone start, absorber edge, shoulder start or rim."""
        shape, (cos, minus_sin) = self.shape, self.normal
        if station == 0:
            return (0.0, depth)
        if station == 1:
            radius = (shape.nose_radius - depth) * cos
        elif station == 2:
            radius = shape.absorber_radius + (shape.skin - depth) * cos
        elif station == 3:
            radius = shape.shoulder_start[0] - depth * cos
        else:
            # The end face is straight, normal to the cone, through the point of largest diameter, where the rounded
            # edge already lies `edge` below the straight continuation of the cone.
            edge = shape.shoulder_radius * (1.0 - cos)
            inward = depth - edge if depth > 0 else 0.0
            z = shape.shoulder_start[1] - shape.shoulder_radius * minus_sin
            return (shape.diameter / 2 - inward * cos, z - inward * minus_sin)
        return (radius, shape.cone_height(radius, depth))

    def _skin_curve(self, station: int, depth: float) -> int:
        """Line along the skin from one station to the next."""
        shape = self.shape
        start, end = self._skin_point(station, depth), self._skin_point(station + 1, depth)
        if station == 0:
            return self.draw.curve(start, end, (0.0, shape.nose_radius))
        if station == 3 and depth == 0.0:
            return self.draw.curve(start, end, (shape.diameter / 2 - shape.shoulder_radius, end[1]))
        return self.draw.curve(start, end)

    def skin(self) -> None:
        """Heat shield and structure as rows along the forebody."""
        shape, draw = self.shape, self.draw
        step = self.size * self.sizes["skin_along"]
        layers = (("tps", 0.0, shape.tps), ("structure", shape.tps, shape.skin))
        for name, outer, inner in layers:
            through = self._through(name, inner - outer)
            growth = self.sizes["tps_last_over_first"] ** (1.0 / (through - 1)) if name == "tps" else 1.0
            for station in range(4):
                far, near = self._skin_curve(station, inner), self._skin_curve(station, outer)
                sides = [
                    draw.curve(self._skin_point(at, outer), self._skin_point(at, inner))
                    for at in (station, station + 1)
                ]
                count = max(2, math.ceil(self._skin_length(station) / step))
                # Rows cannot follow the rounded edge, where the end face meets the surface at an acute angle.
                place = draw.patch if (name, station) == ("tps", 3) else draw.block
                place(name, (near, far), (sides[0], sides[1]), (count, through), growth)
            draw.name("axis", [draw.curve(self._skin_point(0, outer), self._skin_point(0, inner))])
            draw.name("rim", [draw.curve(self._skin_point(4, outer), self._skin_point(4, inner))])
        draw.name("outer", [self._skin_curve(station, 0.0) for station in range(4)])
        draw.name("bondline", [self._skin_curve(station, shape.tps) for station in range(4)])
        draw.name("absorber_bond", [self._skin_curve(station, shape.skin) for station in (0, 1)])
        draw.name("aft", [self._skin_curve(station, shape.skin) for station in (2, 3)])

    def _skin_length(self, station: int) -> float:
        if station == 0:
            return self.shape.nose_radius * (math.pi / 2 - self.shape.half_angle)
        return math.dist(self._skin_point(station, 0.0), self._skin_point(station + 1, 0.0))

    def _through(self, layer: str, thickness: float) -> int:
        """Elements through a layer."""
        if layer == "tps":
            fine = thickness / (self.size * self.sizes["tps_through"])
            return max(round(self.sizes["least_through_tps"]), math.ceil(fine))
        fine = thickness / (self.size * self.sizes["vessel_along"])
        return max(round(self.sizes["least_through"]), math.ceil(fine))

    # --- vessels and container

    def _nested_points(self) -> list[list[Point]]:
        """Points of each nested outline (container, pcv inner, pcv outer, scv inner, scv outer) at the stations."""
        shape = self.shape
        front, aft = shape.seam_height - shape.cylinder / 2, shape.seam_height + shape.cylinder / 2
        tilt = math.asin((shape.absorber_reach - shape.cylinder / 2) / shape.vessel_radius)
        outlines = []
        for radius in shape.radii:
            points = [(0.0, front - radius), (radius, front), (radius, shape.seam_height), (radius, aft)]
            points += [(radius * math.cos(tilt), aft + radius * math.sin(tilt)), (0.0, aft + radius)]
            outlines.append(points if shape.cylinder else points[:1] + points[2:3] + points[4:])
        return outlines

    @property
    def _seam(self) -> int:
        """Station of the seam."""
        return 2 if self.shape.cylinder else 1

    def _nested_curve(self, outline: int, station: int) -> int:
        start, end = self.nested[outline][station], self.nested[outline][station + 1]
        front = self.shape.seam_height - self.shape.cylinder / 2
        if start[0] == end[0]:
            return self.draw.curve(start, end)
        centre = front if station == 0 else front + self.shape.cylinder
        return self.draw.curve(start, end, (0.0, centre))

    def _outline(self, outline: int) -> list[int]:
        return [self._nested_curve(outline, station) for station in range(len(self.nested[outline]) - 1)]

    def vessels(self) -> None:
        """Walls and gaps as rows from the front pole to the aft pole, the seams as lines through the walls."""
        draw = self.draw
        step = self.size * self.sizes["vessel_along"]
        for inner, name in enumerate(("pcv_gap", "pcv", "scv_gap", "scv")):
            radii = self.shape.radii
            through = self._through(name, radii[inner + 1] - radii[inner])
            across = [
                draw.curve(a, b) for a, b in zip(self.nested[inner], self.nested[inner + 1], strict=True)
            ]  # fmt: skip
            for station in range(len(across) - 1):
                near, far = self._nested_curve(inner, station), self._nested_curve(inner + 1, station)
                count = max(2, math.ceil(self._nested_length(station) / step))
                draw.block(name, (near, far), (across[station], across[station + 1]), (count, through))
            draw.name("axis", [across[0], across[-1]])
            if name in ("pcv", "scv"):
                draw.name(f"{name}_seal", [across[self._seam]])
        draw.name("os_outer", self._outline(0))
        draw.name("pcv_outer", self._outline(2))
        draw.name("scv_outer", self._outline(4)[:-1])
        draw.name("scv_aft", self._outline(4)[-1:])

    def _nested_length(self, station: int) -> float:
        a, b = self.nested[-1][station], self.nested[-1][station + 1]
        radius, chord = self.shape.vessel_radius, math.dist(a, b)
        return chord if a[0] == b[0] else 2 * radius * math.asin(chord / (2 * radius))

    def container(self) -> None:
        """The container as one free region."""
        outline = self._outline(0)
        axis = self.draw.curve(self.nested[0][-1], self.nested[0][0])
        self.draw.surface("os", [*outline, axis])
        self.draw.name("axis", [axis])

    # --- absorber

    def absorber(self) -> None:
        """The block between structure and secondary vessel, and the edge lengths in the free regions."""
        shape, draw = self.shape, self.draw
        front = [self._skin_curve(station, shape.skin) for station in (0, 1)]
        edge, pole = self._skin_point(2, shape.skin), self.nested[-1][0]
        corner, lip = (shape.absorber_radius, self.nested[-1][-2][1]), self.nested[-1][-2]
        side, top = draw.curve(edge, corner), draw.curve(corner, lip)
        vessel = [-curve for curve in reversed(self._outline(4)[:-1])]
        axis = draw.curve(pole, self._skin_point(0, shape.skin))
        draw.surface("absorber", [*front, side, top, *vessel, axis])
        draw.name("axis", [axis])
        draw.name("aft", [side, top])
        along = self.size * self.sizes["skin_along"]
        edge_of_tps = [self._skin_curve(3, depth) for depth in (0.0, shape.tps)]
        near = [([*front, *edge_of_tps], along), ([*vessel, *self._outline(0)], self.size * self.sizes["vessel_along"])]
        draw.sizes(near, self.size * self.sizes["bulk"], 4.0 * self.size)
