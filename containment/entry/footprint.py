"""Where the vehicle comes down: landing ellipse, probability of each zone, expected casualties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.schema import Case
from containment.entry import ensemble, kernel, observe, setup, zones
from containment.entry.trajectory import EARTH
from containment.entry.zones import Zone
from containment.errors import CaseError, DataError, FailedSamplesError, Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ellipse:
    """Landing ellipse that holds `probability` of a normal scatter; rad and m, azimuth of the long axis."""

    latitude: float
    longitude: float
    semi_major: float
    semi_minor: float
    azimuth: float
    probability: float

    def outline(self, points: int = 73) -> Array:
        """Closed outline (points, 2) of longitude and latitude in rad."""
        angle = np.linspace(0.0, 2 * math.pi, points)
        along, across = self.semi_major * np.cos(angle), self.semi_minor * np.sin(angle)
        east = along * math.sin(self.azimuth) - across * math.cos(self.azimuth)
        north = along * math.cos(self.azimuth) + across * math.sin(self.azimuth)
        per_east, per_north = scales(self.latitude)
        return np.column_stack([self.longitude + east / per_east, self.latitude + north / per_north])


@dataclass(frozen=True)
class Share:
    """Probability of something with its 95 % interval (Clopper-Pearson) from `hits` of `samples`."""

    probability: float
    low: float
    high: float
    hits: int
    samples: int


@dataclass(frozen=True)
class Footprint:
    """Answer of a dispersion run; `responses` are (mean, sd, 0.1 %, 50 %, 99.9 %) of flights that land."""

    samples: int
    lost: dict[str, int]
    ellipse: Ellipse
    zones: dict[str, Share]
    outside: Share | None
    casualties: float | None
    responses: dict[str, tuple[float, float, float, float, float]]
    landings: Array
    areas: tuple[Zone, ...] = ()

    def to_json(self, points: int = 2000) -> dict[str, Any]:
        """Plain numbers: angles in deg, lengths in m, the first landings and the outer rings of the zones for a map."""
        angles = {key: math.degrees(getattr(self.ellipse, key)) for key in ("latitude", "longitude", "azimuth")}
        return {
            "samples": self.samples, "lost": self.lost,
            "ellipse": {**asdict(self.ellipse), **angles, "outline": np.degrees(self.ellipse.outline()).tolist()},
            "zones": {
                area.name: {
                    "kind": area.kind, **asdict(self.zones[area.name]),
                    "rings": [polygon[0].tolist() for polygon in area.polygons],
                }
                for area in self.areas
            },
            "outside": asdict(self.outside) if self.outside else None, "casualties": self.casualties,
            "responses": {
                name: dict(zip(("mean", "sd", "p001", "p500", "p999"), row, strict=True))
                for name, row in self.responses.items()
            },
            "landings": np.degrees(self.landings[:points]).tolist(),
        }  # fmt: skip

    def geojson(self, points: int = 1000) -> dict[str, Any]:
        """Ellipse and the first landing points as a GeoJSON FeatureCollection (for a map)."""
        outline = np.degrees(self.ellipse.outline())[::-1].tolist()
        features = [
            {"type": "Feature", "properties": {"name": f"{100 * self.ellipse.probability:g} % ellipse"},
             "geometry": {"type": "Polygon", "coordinates": [outline]}},
            {"type": "Feature", "properties": {"name": "landings"},
             "geometry": {"type": "MultiPoint", "coordinates": np.degrees(self.landings[:points]).tolist()}},
        ]  # fmt: skip
        return {"type": "FeatureCollection", "features": features}


RESPONSES = {
    "peak_deceleration": observe.DECELERATION, "peak_heat_flux": observe.TOTAL_FLUX,
    "landing_speed": observe.LANDING_SPEED, "duration": observe.DURATION,
}  # fmt: skip
LOST = {kernel.SKIPPED_OUT: "skipped out", kernel.OUT_OF_TIME: "out of time", kernel.TOO_MANY_STEPS: "too many steps",
        kernel.STEP_TOO_SMALL: "step too small"}  # fmt: skip


def of_case(case: Case, *, samples: int | None = None, seed: int | None = None, workers: int = 1) -> Footprint:
    """The footprint a case asks for in its `[footprint]` section. Raises CaseError where it has none."""
    asked = case.footprint
    if asked is None:
        raise CaseError([Problem(case.name, 0, 0, "footprint", "no such section", "[footprint]", "add the section")])
    return run(
        case, samples or asked.samples, case.study.seed if seed is None else seed, held=asked.held, workers=workers,
        scattered_air=asked.scattered_air, zone_file=asked.zones.file if asked.zones else None,
        population_file=asked.population.file if asked.population else None,
        casualty_area=asked.casualty_area.value, probability=asked.probability,
    )  # fmt: skip


def run(
    case: Case, samples: int, seed: int, *, held: Sequence[str] = (), workers: int = 1, scattered_air: bool = True,
    zone_file: str | Path | None = None, population_file: str | Path | None = None, casualty_area: float = 10.0,
    probability: float = 0.99,
) -> Footprint:  # fmt: skip
    """Fly the dispersed entry of a case and count where it lands.

    `held` are inputs that are choices of the mission and not scatter; `casualty_area` in m^2 is the area in which a
    person is hit (vehicle plus a person's radius around it). Raises FailedSamplesError when fewer than half land.
    """
    setup.sections(case)
    areas = zones.read(zone_file) if zone_file else ()
    grid = population(population_file) if population_file else None
    columns = [observe.LANDING_LONGITUDE, observe.LANDING_LATITUDE, *RESPONSES.values()]
    kept, lost = [], dict.fromkeys(LOST.values(), 0)
    for batch in ensemble.stream_flights(
        case, samples, seed, held=held, workers=workers, scattered_air=scattered_air
    ):  # fmt: skip
        outcome = batch.outcome
        kept.append(batch.summaries[outcome == kernel.LANDED][:, columns])
        for code, words in LOST.items():
            lost[words] += int(np.count_nonzero(outcome == code))
    rows = np.concatenate(kept)
    if len(rows) < max(3, samples / 2):
        raise FailedSamplesError(
            f"only {len(rows)} of {samples} flights land", advice="make the entry steeper or its scatter smaller"
        )
    longitude, latitude = rows[:, 0], rows[:, 1]
    inside = {area.name: area.contains(longitude, latitude) for area in areas}
    within = [inside[area.name] for area in areas if area.kind == "range"]
    missed = len(rows) - int(np.count_nonzero(np.any(within, axis=0))) + samples - len(rows) if within else 0
    return Footprint(
        samples, {words: count for words, count in lost.items() if count}, ellipse(latitude, longitude, probability),
        {name: share(int(np.count_nonzero(hit)), samples) for name, hit in inside.items()},
        share(missed, samples) if within else None,
        casualty_area * 1e-6 * float(np.mean(grid.at(longitude, latitude))) if grid else None,
        {name: _statistics(rows[:, 2 + i]) for i, name in enumerate(RESPONSES)}, rows[:, :2], areas,
    )  # fmt: skip


def _statistics(values: Array) -> tuple[float, float, float, float, float]:
    low, middle, high = np.quantile(values, [0.001, 0.5, 0.999])
    return float(values.mean()), float(values.std(ddof=1)), float(low), float(middle), float(high)


def scales(latitude: float) -> tuple[float, float]:
    """Metres per radian of longitude and of latitude on the WGS-84 ellipsoid."""
    e2 = 1.0 - (EARTH.polar_radius / EARTH.equatorial_radius) ** 2
    root = 1.0 - e2 * math.sin(latitude) ** 2
    normal = EARTH.equatorial_radius / math.sqrt(root)
    return normal * math.cos(latitude), normal * (1.0 - e2) / root


def ellipse(latitude: Array, longitude: Array, probability: float = 0.99) -> Ellipse:
    """Ellipse of a bivariate normal fitted to landing points (rad): sqrt(-2 ln(1 - p)) standard deviations."""
    middle_latitude, middle_longitude = float(np.mean(latitude)), float(np.mean(longitude))
    per_east, per_north = scales(middle_latitude)
    local = np.stack([(longitude - middle_longitude) * per_east, (latitude - middle_latitude) * per_north])
    values, vectors = np.linalg.eigh(np.cov(local))
    factor = math.sqrt(-2.0 * math.log1p(-probability))
    minor, major = factor * np.sqrt(np.maximum(values, 0.0))
    azimuth = math.atan2(vectors[0, 1], vectors[1, 1]) % math.pi
    return Ellipse(middle_latitude, middle_longitude, float(major), float(minor), azimuth, probability)


def share(hits: int, samples: int) -> Share:
    """Fraction of hits with its 95 % Clopper-Pearson interval."""
    from scipy.stats import beta

    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, samples - hits + 1))
    high = 1.0 if hits == samples else float(beta.ppf(0.975, hits + 1, samples - hits))
    return Share(hits / samples, low, high, hits, samples)


@dataclass(frozen=True)
class Population:
    """Persons per km^2 on a raster: values (rows from north, columns from west), corner and cell size in deg."""

    values: Array
    west: float
    south: float
    cell: float

    def at(self, longitude: Array, latitude: Array) -> Array:
        """Density at points in rad; DataError where a point lies off the raster."""
        column = np.floor((np.degrees(longitude) - self.west) / self.cell).astype(int)
        row = self.values.shape[0] - 1 - np.floor((np.degrees(latitude) - self.south) / self.cell).astype(int)
        if np.any((column < 0) | (column >= self.values.shape[1]) | (row < 0) | (row >= self.values.shape[0])):
            raise DataError(
                "found landings outside the population raster", advice="give a raster of the whole footprint"
            )
        return np.asarray(self.values[row, column])


def population(file: str | Path) -> Population:
    """A population raster in ESRI ASCII form (.asc), persons per km^2; no data counts as 0."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
        head = {key.lower(): float(value) for key, value in (line.split() for line in lines[:5])}
        empty = lines[5].lower().startswith("nodata_value")
        nothing = float(lines[5].split()[1]) if empty else math.nan
        values = np.array([[float(v) for v in line.split()] for line in lines[6 if empty else 5 :] if line.strip()])
        shape = (int(head["nrows"]), int(head["ncols"]))
        corner = (head["xllcorner"], head["yllcorner"], head["cellsize"])
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise DataError(
            f"{file}: found no ESRI ASCII raster ({error})", advice="see the format of .asc files"
        ) from error
    if values.shape != shape:
        raise DataError(f"{file}: found {values.shape} values, expected {shape}", advice="the raster is cut short")
    values = np.where(values == nothing, 0.0, values)
    if np.any(values < 0) or not np.all(np.isfinite(values)):
        raise DataError(f"{file}: found a density below 0 or not a number", advice="correct the raster")
    return Population(values, *corner)
