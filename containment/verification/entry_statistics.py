"""Dispersions against closed forms, reproducibility of samples, and errors that must have a name."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from containment.case.load import load_case
from containment.case.schema import Case
from containment.entry import atmosphere, ensemble, footprint, kernel, observe, setup, zones
from containment.errors import CaseError, ContainmentError, DataError, SolverError
from containment.verification.catalogue import Item

Array = NDArray[np.float64]

FLIGHTS = 8000
STANDARD_ERRORS = 4 / math.sqrt(2 * FLIGHTS)  # four of them, of a standard deviation of so many samples


def items() -> Iterator[Item]:
    """Statistics, reproducibility, bad input."""
    yield from normal_ellipse()
    yield from linear_footprint()
    yield from reproducibility()
    yield from bad_input()


def normal_ellipse() -> Iterator[Item]:
    """Ellipse of points drawn from a known normal scatter, 20 km by 5 km, turned by 30 deg."""
    rng, n, turn = np.random.default_rng(1), 200_000, math.radians(30)
    along, across = rng.normal(0, 20e3, n), rng.normal(0, 5e3, n)
    east, north = (
        along * math.sin(turn) - across * math.cos(turn), along * math.cos(turn) + across * math.sin(turn),
    )  # fmt: skip
    per_east, per_north = footprint.scales(0.7)
    found = footprint.ellipse(0.7 + north / per_north, -2.0 + east / per_east, 0.99)
    factor, error = math.sqrt(-2 * math.log(0.01)), 4 / math.sqrt(2 * n)
    source = "sqrt(-2 ln 0.01) standard deviations; 4 standard errors of 200 000 points"
    yield Item.relative("entry.ellipse.semi-major", factor * 20e3, found.semi_major, error, "m", source)
    yield Item.relative("entry.ellipse.semi-minor", factor * 5e3, found.semi_minor, error, "m", source)
    # the azimuth of a scatter with axes 4 : 1 is known within 4/15/sqrt(n)
    yield Item.absolute("entry.ellipse.azimuth", turn, found.azimuth, 4 * 4 / 15 / math.sqrt(n), "rad", source)


def navigation_case() -> tuple[Case, Array]:
    """The baseline with nothing uncertain but a full navigation covariance, and that covariance."""
    spread = np.array([300.0, 500.0, 200.0, 0.05, 0.1, 0.05])
    correlation = np.eye(6)
    correlation[0, 3] = correlation[3, 0] = 0.6
    correlation[1, 4] = correlation[4, 1] = -0.4
    covariance = correlation * np.outer(spread, spread)
    base = load_case("msr-ees")
    certain = [path for path in base.inputs() if path.split(".")[0] in ("vehicle", "entry")]
    overrides = [f"entry.navigation.covariance={covariance.tolist()}"]
    overrides += [f"{path}={_nominal(base, path)}" for path in certain]
    return load_case("msr-ees", [*overrides, "correlations={}"]), covariance


def _nominal(case: Case, path: str) -> str:
    quantity = dict(case.quantities())[path]
    return f'"{quantity.value!r} {quantity.si_unit}"' if quantity.si_unit else repr(quantity.value)


def linear_footprint() -> Iterator[Item]:
    """Navigation covariance in, landing ellipse out, against J P J^T with J from differences of single flights."""
    case, covariance = navigation_case()
    spread = np.sqrt(np.diag(covariance))
    both = np.concatenate([np.diag(spread), -np.diag(spread)])
    rows = ensemble.fly(case, {}, 12, tolerance=1e-10, errors=both)[
        :, [observe.LANDING_LONGITUDE, observe.LANDING_LATITUDE]
    ]
    metres = np.array(footprint.scales(float(rows[0, 1])))
    jacobian = ((rows[:6] - rows[6:]) / 2 * metres).T / spread
    values, vectors = np.linalg.eigh(jacobian @ covariance @ jacobian.T)
    factor = math.sqrt(-2 * math.log(0.01))
    found = footprint.run(case, FLIGHTS, 11, scattered_air=False).ellipse
    source = f"J P J^T of the navigation covariance P; 4 standard errors of {FLIGHTS} flights"
    for name, value, ours in (
        ("semi-major", values[1], found.semi_major), ("semi-minor", values[0], found.semi_minor)
    ):  # fmt: skip
        yield Item.relative(f"entry.footprint.{name}", factor * math.sqrt(value), ours, STANDARD_ERRORS, "m", source)
    azimuth = math.atan2(vectors[0, 1], vectors[1, 1]) % math.pi
    ratio = math.sqrt(values[0] / values[1])
    width = 4 * ratio / (1 - ratio**2) / math.sqrt(FLIGHTS)
    yield Item.absolute("entry.footprint.azimuth", azimuth, found.azimuth, width, "rad", source)


def reproducibility() -> Iterator[Item]:
    """Sample i with 1 and 8 workers, and with an input more."""
    case = load_case("msr-ees")

    def flown(of: Case, workers: int = 1) -> list[ensemble.Batch]:
        return list(ensemble.stream_flights(of, 1500, 3, workers=workers, scattered_air=True))

    one, eight = flown(case), flown(case, 8)
    change = max(float(np.max(np.abs(a.summaries - b.summaries))) for a, b in zip(one, eight, strict=True))
    yield Item.at_most("entry.samples.1-and-8-workers", 0.0, change, "", "every summary of 1500 samples, bit for bit")
    wider = '{ value = "0 deg", uncertainty = { kind = "aleatory", distribution = "normal", sd = "1e-9 deg" } }'
    more = flown(load_case("msr-ees", [f"entry.azimuth={wider}"]))
    moved = [
        float(np.max(np.abs(b.values[path] - values)))
        for a, b in zip(one, more, strict=True) for path, values in a.values.items()
    ]  # fmt: skip
    yield Item.at_most("entry.samples.one-input-more", 0.0, max(moved), "", "values of every other input, bit for bit")


def bad_input() -> Iterator[Item]:
    """Errors with a name where the input cannot be flown, and an outcome where a sample does not land."""

    def load(*overrides: str) -> Callable[[], object]:
        return lambda: load_case("stardust", list(overrides))

    def fly(*overrides: str) -> Callable[[], object]:
        return lambda: setup.fly(*setup.sections(load_case("stardust", list(overrides))))

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        square = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
        for name, kind, words, attempt in (
            ("never-enters", SolverError, "never enters",
             fly('entry.flight_path_angle="-1 deg"', 'entry.altitude="400 km"')),
            ("skip-out", SolverError, "skips out", fly('entry.flight_path_angle="-6 deg"')),
            ("profile-with-a-hole", DataError, "found a hole", lambda: atmosphere.load(_holed(place))),
            ("mach-table", CaseError, "strictly increasing", load(
                "vehicle.drag.mach=[0.0, 2.0, 1.5]", "vehicle.drag.coefficient=[1.0, 1.0, 1.0]")),
            ("polygon-crossing-itself", DataError, "crossing each other",
             lambda: zones.read(_polygon(place, [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]))),
            ("polygon-in-the-wrong-order", DataError, "wrong order", lambda: zones.read(_polygon(place, square[::-1]))),
            ("latitude-before-longitude", DataError, "longitude first",
             lambda: zones.read(_polygon(place, [[40, -113], [41, -113], [41, -112], [40, -113]]))),
        ):  # fmt: skip
            named = float(_raised(attempt, kind, words))
            source = f'{kind.__name__} with "{words}" (1 raised, 0 not)'
            yield Item.absolute(f"entry.bad-input.{name}", 1.0, named, 0.0, "", source)
    wide = '{ value = "0 deg", uncertainty = { kind = "aleatory", distribution = "normal", sd = "1 deg" } }'
    batch = next(ensemble.stream_flights(load_case("stardust", [f"entry.angle_error={wide}"]), 200, 3))
    known = np.isin(batch.outcome, [kernel.LANDED, kernel.SKIPPED_OUT])
    both = len(set(batch.outcome.tolist())) == 2
    yield Item.absolute(
        "entry.bad-input.skip-out-is-an-outcome", 200.0, float(known.sum()) * both, 0.0, "",
        "samples of a wide scatter of the angle that end as landed or skipped out, some of each",
    )  # fmt: skip


def _raised(attempt: Callable[[], object], kind: type[ContainmentError], words: str) -> bool:
    try:
        attempt()
    except kind as error:
        return words in str(error)
    return False


def _holed(folder: Path) -> str:
    levels = [f"{z},250,{1e5 * math.exp(-z / 7000):.6g}" for z in (0, 1000, 2000, 12_000, 13_000, 14_000)]
    (folder / "sonde.csv").write_text("altitude,temperature,pressure\n" + "\n".join(levels))
    (folder / "sonde.toml").write_text('name = "sonde"\nkind = "profile"\ntable = "sonde.csv"\n')
    return str(folder / "sonde.toml")


def _polygon(folder: Path, ring: list[list[int]]) -> Path:
    feature = {
        "type": "Feature", "properties": {"name": "test", "kind": "range"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }  # fmt: skip
    (folder / "zone.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return folder / "zone.geojson"
