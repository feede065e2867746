"""The `[vehicle]` and `[entry]` sections: the body that flies, the state it arrives in, the air it meets."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from containment.case.values import (
    Angle,
    Atmosphere,
    Confidence,
    Factor,
    Fraction,
    Length,
    Mass,
    Section,
    Speed,
    fault,
    given,
    quantity,
)

Altitude: Any = quantity("m", minimum=-400.0, maximum=1.0e6)
MassChange: Any = quantity("kg")
Area: Any = quantity("m^2", positive=True)
SpeedChange: Any = quantity("m/s")
Depth: Any = quantity("m", minimum=0.0)


class Drag(Section):
    """Axial-force coefficient at zero incidence over Mach number, reference area = frontal area.

    Between the points a smooth monotone curve is used, outside them the end values are held (Mach independence above,
    incompressible flow below).
    """

    mach: tuple[float, ...] = Field(description="strictly increasing Mach numbers")
    coefficient: tuple[float, ...] = Field(description="drag coefficient at each Mach number, on the frontal area")
    incidence: tuple[Angle, ...] = Field((), description="angles of attack from 0; without them Newtonian flow")
    incidence_ratio: tuple[float, ...] = Field((), description="drag at each of them over drag at 0")
    source: str = ""
    confidence: Confidence = "assumed"
    note: str = ""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if len(self.mach) != len(self.coefficient):
            raise fault(
                f"{len(self.mach)} Mach numbers and {len(self.coefficient)} coefficients",
                "as many of one as of the other", "add or remove entries", key="coefficient",
            )  # fmt: skip
        if len(self.mach) < 2:
            raise fault(f"{len(self.mach)} points", "at least two", "give a table from subsonic to entry", key="mach")
        for before, after in zip(self.mach, self.mach[1:], strict=False):
            if not after > before:
                raise fault(
                    f"Mach {after:g} after {before:g}", "strictly increasing Mach numbers",
                    "sort the table and remove repeated points", key="mach",
                )  # fmt: skip
        if not (self.mach[0] >= 0 and math.isfinite(self.mach[-1])):
            raise fault(
                f"Mach {self.mach[0]:g} to {self.mach[-1]:g}", "finite Mach numbers >= 0", "correct", key="mach"
            )
        for value in self.coefficient:
            if not 0 < value < 10:
                raise fault(f"{value:g}", "a drag coefficient between 0 and 10", "correct it", key="coefficient")
        return self

    @model_validator(mode="after")
    def _usable_over_incidence(self) -> Self:
        angles, ratios = [a.value for a in self.incidence], self.incidence_ratio
        rises = all(b > a for a, b in itertools.pairwise(angles))
        if len(angles) != len(ratios) or (angles and not (len(angles) > 1 and angles[0] == 0.0 and rises)):
            raise fault(
                f"{len(angles)} angles and {len(ratios)} ratios", "equally many, the angles rising from 0",
                "correct the table", key="incidence_ratio",
            )  # fmt: skip
        if angles and not (ratios[0] == 1.0 and all(0 < r < 10 for r in ratios)):
            raise fault(f"{ratios}", "ratios from 1 at 0", "correct the table", key="incidence_ratio")
        return self


class Vehicle(Section):
    """Outer shape, mass, drag and heating factors of the capsule."""

    diameter: Length
    nose_radius: Length
    effective_nose_factor: Factor = Field(
        given(1.0, "", "sphere of the drawn radius"),
        description="effective over drawn nose radius in heating: sonic line, shape change",
    )
    cone_half_angle: Angle = Field(description="angle between cone surface and axis")
    nose_recession: Depth = Field(
        given(0.0, "m", "shape as drawn"), description="recession of the stagnation point after the heating pulse"
    )
    incidence: Angle = Field(
        given(0.0, "rad", "flies at zero incidence"), description="mean total angle of attack of the whole flight"
    )
    mass: Mass = Field(description="mass at entry as designed")
    mass_as_built: MassChange = Field(
        given(0.0, "kg", "no difference between built and designed"), description="built minus designed mass"
    )
    drag: Drag
    hypersonic_drag_factor: Factor = given(1.0, "", "drag table as it is")
    subsonic_drag_factor: Factor = given(1.0, "", "drag table as it is")
    convection: Literal["sutton-graves", "fay-riddell"] = Field(
        "sutton-graves", description="correlation of the stagnation point"
    )
    convective_factor: Factor = Field(
        given(1.0, "", "correlation as it is"), description="true over correlated convective heating"
    )
    radiative_factor: Factor = Field(
        given(1.0, "", "correlation as it is"), description="true over correlated radiative heating"
    )
    flank_factor: Factor = Field(
        given(1.0, "", "laminar distribution as it is"),
        description="true over laminar (Lees) convective heating on the cone: what the next two leave out",
    )
    turbulent_factor: Factor = Field(
        given(1.0, "", "laminar at peak heating"), description="turbulent over laminar convective heating on the cone"
    )
    shoulder_factor: Factor = Field(
        given(1.0, "", "no shoulder peak"),
        description="convective heating at the shoulder over the cone's; grows over the last tenth of the arc",
    )

    @property
    def frontal_area(self) -> float:
        """pi D^2 / 4, m^2."""
        return float(math.pi * self.diameter.value**2 / 4.0)

    @property
    def entry_mass(self) -> float:
        """Mass that flies: designed plus as-built difference, kg."""
        return float(self.mass.value + self.mass_as_built.value)

    @property
    def shoulder_arc(self) -> float:
        """Arc length on the sphere-cone from the stagnation point to the full radius, m."""
        angle, nose = self.cone_half_angle.value, self.nose_radius.value
        tangent_radius = nose * math.cos(angle)
        return float(nose * (math.pi / 2 - angle) + (self.diameter.value / 2 - tangent_radius) / math.sin(angle))

    @model_validator(mode="after")
    def _possible(self) -> Self:
        angle = self.cone_half_angle.value
        if not math.radians(10) <= angle <= math.radians(85):
            raise fault(
                f"{math.degrees(angle):.4g} deg", "a cone half angle between 10 and 85 deg",
                "give the angle between surface and axis", key="cone_half_angle",
            )  # fmt: skip
        if self.nose_radius.value * math.cos(angle) > self.diameter.value / 2:
            raise fault(
                f"nose radius {self.nose_radius.value:g} m on a diameter of {self.diameter.value:g} m",
                "a sphere that meets the cone inside the diameter", "reduce the nose radius", key="nose_radius",
            )  # fmt: skip
        if not self.entry_mass > 0:
            raise fault(f"{self.entry_mass:g} kg", "a positive mass", "correct mass_as_built", key="mass_as_built")
        return self


class Departure(Section):
    """An off-nominal entry, flown as a branch of its own beside the nominal one.

    A tumbling vehicle has `drag` from `lost_below_mach` downwards. A backward one has `drag` and is heated on its
    backshell down to `recovers_at`, where it turns nose first; without that altitude it never turns. The changes are
    added to the nominal interface and mass: targeting errors, mass that should have been left behind.
    """

    attitude: Literal["nose first", "tumbling", "backward"] = "nose first"
    drag: Factor | None = Field(None, description="drag coefficient in that attitude, on the frontal area")
    lost_below_mach: Factor = given(100.0, "", "tumbling from the start")
    recovers_at: Altitude | None = None
    backshell_radius: Length | None = Field(None, description="effective nose radius of the backshell flying backward")
    afterbody_share: Fraction = Field(
        given(0.03, "", "1 to 5 % of the stagnation flux, as recalled"),
        description="heating of the backshell over stagnation, nose first",
    )
    speed_change: SpeedChange = given(0.0, "m/s", "as targeted")
    angle_change: Angle = given(0.0, "rad", "as targeted")
    mass_change: MassChange = given(0.0, "kg", "as designed")
    note: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.attitude != "nose first" and self.drag is None:
            raise fault("no drag", f"the drag coefficient while {self.attitude}", "add drag", key="drag")
        if self.attitude == "backward" and self.backshell_radius is None:
            raise fault("no backshell_radius", "the radius that is heated", "add it", key="backshell_radius")
        return self


class Navigation(Section):
    """Knowledge of the state at the interface: covariance of position and velocity errors, for dispersions.

    Six errors: position east, north, up (m), then velocity east, north, up (m/s) in the frame of `entry.velocity`, so
    the elements are in m^2, m^2/s and m^2/s^2. It takes the place of scatter of speed_error and angle_error.
    """

    covariance: tuple[tuple[float, ...], ...] = Field(description="6 x 6, symmetric, no negative eigenvalue")
    source: str = ""
    confidence: Confidence = "assumed"

    @model_validator(mode="after")
    def _covariance(self) -> Self:
        import numpy as np

        sizes = [len(row) for row in self.covariance]
        if sizes != [6] * 6:
            raise fault(f"rows of {sizes}", "6 rows of 6", "give position and velocity", key="covariance")
        matrix = np.array(self.covariance)
        if not np.all(np.isfinite(matrix)) or not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0.0):
            raise fault("a matrix that is not symmetric", "a covariance", "correct it", key="covariance")
        scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
        if np.linalg.eigvalsh(matrix / np.outer(scale, scale)).min() < -1e-9 or np.any(np.diag(matrix) < 0):
            raise fault("a negative eigenvalue", "a covariance", "correct the correlations", key="covariance")
        return self


class Entry(Section):
    """State at the entry interface and the air below it.

    `latitude` is geodetic; `flight_path_angle` (negative down) and `azimuth` (clockwise from north) are measured from
    the plane normal to the radius vector. `velocity = "inertial"` is converted by the vector difference V - w x r.
    """

    velocity: Literal["inertial", "relative"] = Field("inertial", description="frame of speed and angles")
    speed: Speed
    flight_path_angle: Angle = Field(description="negative below the horizontal")
    azimuth: Angle = Field(description="clockwise from north")
    altitude: Altitude
    altitude_above: Literal["ellipsoid", "equatorial radius"] = "ellipsoid"
    latitude: Angle
    longitude: Angle
    speed_error: SpeedChange = Field(given(0.0, "m/s", "no error"), description="navigation error of the speed")
    angle_error: Angle = Field(given(0.0, "rad", "no error"), description="navigation error of the flight-path angle")
    navigation: Navigation | None = None
    ground_altitude: Altitude = Field(description="landing site above the ellipsoid")
    atmosphere: Atmosphere = Field("us-standard-1976", description="an atmosphere card: a name or a file")
    density_factor: Factor = Field(
        given(1.0, "", "profile as it is"), description="true over tabulated density below 80 km"
    )
    upper_density_factor: Factor = Field(
        given(1.0, "", "profile as it is"), description="true over tabulated density above 80 km"
    )

    branches: dict[str, Departure] = Field(default_factory=dict, description="off-nominal entries by name")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not -math.pi / 2 <= self.flight_path_angle.value < 0:
            raise fault(
                f"{math.degrees(self.flight_path_angle.value):.4g} deg", "an angle from -90 deg to below 0",
                "a vehicle that climbs at the interface never enters; negative is down", key="flight_path_angle",
            )  # fmt: skip
        if abs(self.latitude.value) > math.pi / 2:
            raise fault(f"{math.degrees(self.latitude.value):.4g} deg", "-90 to 90 deg", "correct it", key="latitude")
        if not self.altitude.value > self.ground_altitude.value:
            raise fault(
                f"entry at {self.altitude.value:g} m over ground at {self.ground_altitude.value:g} m",
                "an interface above the ground", "raise the altitude", key="altitude",
            )  # fmt: skip
        if self.navigation and (self.speed_error.uncertainty or self.angle_error.uncertainty):
            raise fault(
                "navigation beside scatter of speed_error or angle_error", "one of them",
                "remove the scatter: the covariance has it", key="navigation",
            )  # fmt: skip
        return self


class MapFile(Section):
    """A file on the ground the vehicle may land on, given beside the case."""

    file: str


class Footprint(Section):
    """How landings are dispersed and counted."""

    samples: int = Field(10_000, ge=3, description="flights")
    held: tuple[str, ...] = Field((), description="inputs that are choices of the mission, not scatter: kept nominal")
    scattered_air: bool = Field(True, description="density and winds scatter over altitude as the atmosphere card says")
    probability: float = Field(0.99, gt=0, lt=1, description="content of the landing ellipse")
    zones: MapFile | None = Field(None, description="GeoJSON polygons with a property `kind`: range, playa, rock, ...")
    population: MapFile | None = Field(None, description="ESRI ASCII raster of persons per km^2")
    casualty_area: Area = Field(
        given(10.0, "m^2", "vehicle of 1.25 m and a person's radius around it"), description="area in which one is hit"
    )
