"""Dimensions of the sphere-cone section in metres, and whether they fit together. Plain arithmetic, no mesh yet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from containment.case.entry import Vehicle
from containment.case.geometry import Geometry, Shape
from containment.case.heatshield import Heatshield
from containment.case.values import Quantity
from containment.errors import DataError

# A layer thinner than this part of what surrounds it leaves no room for two elements of sensible shape.
_ROOM = 0.05


class Misfit(NamedTuple):
    """Something that does not fit: the key to change, what was found, what would fit, what to do."""

    key: str
    found: str
    expected: str
    advice: str

    def error(self) -> DataError:
        """The same as an error."""
        return DataError(f"{self.key}: found {self.found}, expected {self.expected}", advice=self.advice)


@dataclass(frozen=True)
class Dimensions:
    """Every length of the section, m; `half_angle` of the cone, rad."""

    diameter: float
    nose_radius: float
    half_angle: float
    shoulder_radius: float
    tps: float
    structure: float
    absorber: float
    absorber_radius: float
    absorber_reach: float
    scv_wall: float
    scv_gap: float
    pcv_wall: float
    pcv_gap: float
    os_radius: float
    cylinder: float

    # --- derived

    @property
    def skin(self) -> float:
        """Thickness of heat shield and structure together."""
        return self.tps + self.structure

    @property
    def radii(self) -> tuple[float, ...]:
        """Radii of the nested spheres, inside out: os, pcv inner and outer, scv inner and outer."""
        steps = (self.os_radius, self.pcv_gap, self.pcv_wall, self.scv_gap, self.scv_wall)
        return tuple(sum(steps[: count + 1]) for count in range(len(steps)))

    @property
    def vessel_radius(self) -> float:
        """Outer radius of the secondary vessel."""
        return self.radii[-1]

    @property
    def seam_height(self) -> float:
        """z of the vessels' seam: half height of the vessels."""
        return self.skin + self.absorber + self.vessel_radius + self.cylinder / 2

    @property
    def apex(self) -> float:
        """z of the virtual tip of the outer cone (negative: in front of the nose)."""
        return self.nose_radius * (1.0 - 1.0 / math.sin(self.half_angle))

    def cone_height(self, radius: float, depth: float) -> float:
        """z of the cone surface at a radius, `depth` below the outer surface (measured normal to it)."""
        return self.apex + depth / math.sin(self.half_angle) + radius / math.tan(self.half_angle)

    @property
    def shoulder_start(self) -> tuple[float, float]:
        """(r, z) where the cone ends and the rounded edge begins."""
        radius = self.diameter / 2 - self.shoulder_radius * (1.0 - math.cos(self.half_angle))
        return radius, self.cone_height(radius, 0.0)

    @property
    def side_clearance(self) -> float:
        """Smallest distance of the secondary vessel from the structure on the cone."""
        front_centre = self.seam_height - self.cylinder / 2
        return (front_centre - self.apex) * math.sin(self.half_angle) - self.skin - self.vessel_radius

    def misfits(self) -> Iterator[Misfit]:
        """Contradictions between dimensions, the most basic ones first and alone."""
        outer = list(self._misfits_of_layers())
        yield from outer or self._misfits_of_inside()

    def _misfits_of_layers(self) -> Iterator[Misfit]:
        half = self.diameter / 2
        thin = min(self.nose_radius, half)
        if self.skin > (1.0 - _ROOM) * thin:
            which = "nose radius" if thin == self.nose_radius else "half the diameter"
            yield Misfit(
                "tps_thickness", f"layers of {_mm(self.tps)} tps and {_mm(self.structure)} structure",
                f"less than the {which} of the vehicle, {_mm(thin)}", "make the layers thinner or the vehicle larger",
            )  # fmt: skip
        edge = self.shoulder_radius * (1.0 - math.cos(self.half_angle))
        if self.tps - edge < 0.2 * self.tps:
            yield Misfit(
                "shoulder_radius", f"a shoulder of {_mm(self.shoulder_radius)} around {_mm(self.tps)} tps",
                f"at most {_mm(0.8 * self.tps / (1.0 - math.cos(self.half_angle)))}",
                "reduce the shoulder radius: it cuts away the layer at the rim",
            )  # fmt: skip
        if self.shoulder_start[0] < 1.2 * self.nose_radius * math.cos(self.half_angle):
            yield Misfit(
                "shoulder_radius", f"no cone between nose radius {_mm(self.nose_radius)} and shoulder",
                f"a diameter well above {_mm(2.4 * self.nose_radius * math.cos(self.half_angle))}",
                "reduce nose or shoulder radius",
            )  # fmt: skip

    def _misfits_of_inside(self) -> Iterator[Misfit]:
        vessel, half = self.vessel_radius, self.diameter / 2
        if vessel > half - self.skin:
            yield Misfit(
                "os_diameter", f"a secondary vessel of {_mm(2 * vessel)} outer diameter",
                f"less than the vehicle inside its layers, {_mm(2 * (half - self.skin))}",
                "make container, gaps and walls smaller",
            )  # fmt: skip
        elif self.side_clearance < 0.2 * self.absorber:
            yield Misfit(
                "absorber_thickness", f"{_mm(self.side_clearance)} between secondary vessel and cone",
                f"at least {_mm(0.2 * self.absorber)}, a fifth of the {_mm(self.absorber)} in front",
                "the vessel does not fit into the structure with its absorber: thicken that or shrink the vessel",
            )  # fmt: skip
        yield from self._misfits_of_block()

    def _misfits_of_block(self) -> Iterator[Misfit]:
        vessel, radius = self.vessel_radius, self.absorber_radius
        inner = self.shoulder_start[0] - self.skin * math.cos(self.half_angle)
        nose = (self.nose_radius - self.skin) * math.cos(self.half_angle)
        least, most = (1.0 + _ROOM) * max(vessel, nose), (1.0 - _ROOM) * inner
        if not least < radius < most:
            what = "the vessel" if vessel > nose else "the start of the cone"
            yield Misfit(
                "absorber_radius", _mm(radius), f"between {_mm(least)} ({what}) and {_mm(most)} (the shoulder)",
                "correct the radius of the absorber block",
            )  # fmt: skip
        low, high = self.cylinder / 2 + 0.1 * vessel, self.cylinder / 2 + 0.9 * vessel
        if not low <= self.absorber_reach <= high:
            yield Misfit(
                "absorber_reach", _mm(self.absorber_reach), f"{_mm(low)} to {_mm(high)}",
                "let the block end on the aft dome of the vessel",
            )  # fmt: skip
        elif self.seam_height + self.absorber_reach < self.cone_height(radius, self.skin) + 0.1 * self.absorber:
            yield Misfit(
                "absorber_radius", f"a block of {_mm(radius)} that meets the cone behind its own rear face",
                "a rear face aft of the cone", "reduce absorber_radius or raise absorber_reach",
            )  # fmt: skip


def _mm(length: float) -> str:
    return f"{1e3 * length:.4g} mm"


def dimensions(shape: Shape, vehicle: Vehicle, heatshield: Heatshield | None) -> Dimensions:
    """The dimensions of a section, layers taken from the heat shield where the shape leaves them out.

    Raises DataError when a thickness is given nowhere, or twice with different values.
    """
    tps, structure = (_layer(name, shape, heatshield) for name in ("tps", "structure"))
    if isinstance(tps, Misfit):
        raise tps.error()
    if isinstance(structure, Misfit):
        raise structure.error()
    return Dimensions(
        vehicle.diameter.value, vehicle.nose_radius.value, vehicle.cone_half_angle.value, shape.shoulder_radius.value,
        tps, structure, shape.absorber_thickness.value,
        shape.absorber_radius.value, shape.absorber_reach.value, shape.scv_wall.value, shape.scv_gap.value,
        shape.pcv_wall.value, shape.pcv_gap.value, shape.os_diameter.value / 2, shape.cylinder_length.value,
    )  # fmt: skip


def _layer(name: str, shape: Shape, heatshield: Heatshield | None) -> float | Misfit:
    key = f"geometry.shape.{name}_thickness"
    own: Quantity | None = shape.tps_thickness if name == "tps" else shape.structure_thickness
    theirs: Quantity | None = heatshield.layers[name].thickness if heatshield and name in heatshield.layers else None
    if own is not None and theirs is not None and abs(own.value - theirs.value) > 1e-9:  # m, below any tolerance
        return Misfit(
            key, _mm(own.value), f"{_mm(theirs.value)} as in heatshield.layers.{name}.thickness",
            "remove this key: the section then follows the heat shield",
        )  # fmt: skip
    given = own or theirs
    if given is None:
        return Misfit(key, "nothing", "a length", f"give it, or a layer {name!r} in [heatshield.layers]")
    return float(given.value)


def shape_faults(geometry: Geometry | None, vehicle: Vehicle | None, heatshield: Heatshield | None) -> Iterator[Misfit]:
    """Everything that keeps the dimensions of a case from being a section; the keys are full paths."""
    if geometry is None or geometry.shape is None:
        return
    if vehicle is None:
        yield Misfit("geometry.shape", "no [vehicle] section", "the outer shape", "add [vehicle]")
        return
    layers = [_layer(name, geometry.shape, heatshield) for name in ("tps", "structure")]
    if wrong := [layer for layer in layers if isinstance(layer, Misfit)]:
        yield from wrong
        return
    for misfit in dimensions(geometry.shape, vehicle, heatshield).misfits():
        key = f"geometry.shape.{misfit.key}"
        if misfit.key == "tps_thickness" and geometry.shape.tps_thickness is None:
            key = "heatshield.layers.tps.thickness"
        yield misfit._replace(key=key)
