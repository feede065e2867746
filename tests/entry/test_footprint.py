"""Landing ellipse, zones and casualties."""

import json
import math

import numpy as np
import pytest

from containment.case.load import load_case
from containment.entry import footprint, zones
from containment.errors import CaseError, DataError, FailedSamplesError
from containment.share import shipped

EXAMPLE = shipped("cases").parent / "zones" / "uttr-example.geojson"
HELD = ["entry.speed", "entry.flight_path_angle"]


def test_ellipse_of_a_known_normal_scatter_matches_its_closed_form():
    rng = np.random.default_rng(1)
    azimuth, long, short, n = math.radians(30), 20e3, 5e3, 200_000
    along, across = rng.normal(0, long, n), rng.normal(0, short, n)
    east, north = (
        along * math.sin(azimuth) - across * math.cos(azimuth),
        along * math.cos(azimuth) + across * math.sin(azimuth),
    )
    per_east, per_north = footprint.scales(0.7)
    found = footprint.ellipse(0.7 + north / per_north, -2.0 + east / per_east, 0.99)
    factor = math.sqrt(-2 * math.log(0.01))
    # standard deviations of 2e5 samples are known to 0.16 %; 5 standard errors
    assert found.semi_major == pytest.approx(factor * long, rel=8e-3)
    assert found.semi_minor == pytest.approx(factor * short, rel=8e-3)
    assert found.azimuth == pytest.approx(azimuth, abs=2e-3)
    outline = found.outline()
    assert np.allclose(outline[0], outline[-1])


def test_scales_are_the_metres_of_a_degree():
    # length of a degree on WGS-84 at 45 deg: 111 132 m of latitude, 78 847 m of longitude
    east, north = (math.radians(1) * value for value in footprint.scales(math.radians(45)))
    assert (east, north) == (pytest.approx(78_847, abs=1), pytest.approx(111_132, abs=1))


def test_baseline_footprint_on_the_example_range():
    case = load_case("msr-ees")
    found = footprint.run(case, 1200, 3, held=HELD, zone_file=EXAMPLE)
    assert not found.lost and found.outside is not None
    assert 2e3 < found.ellipse.semi_minor < found.ellipse.semi_major < 60e3
    assert found.outside.low <= found.outside.probability <= found.outside.high < 0.05
    assert found.zones["playa"].probability > 0.5
    again = footprint.run(case, 1200, 3, held=HELD, zone_file=EXAMPLE, workers=2)
    assert np.array_equal(again.landings, found.landings)
    geometry = found.geojson()["features"][0]["geometry"]["coordinates"][0]
    assert geometry[0] == pytest.approx(geometry[-1])


def test_the_case_says_what_to_hold_and_where_the_zones_are():
    case = load_case("msr-ees")
    asked = footprint.of_case(case, samples=50)
    assert np.array_equal(asked.landings, footprint.run(case, 50, case.study.seed, held=HELD).landings)
    assert set(asked.zones) >= {"range", "playa", "granite peak"}
    with pytest.raises(CaseError, match="footprint"):
        footprint.of_case(load_case("stardust"))


def test_a_flight_that_skips_out_is_counted_as_outside():
    wide = '{ value = "0 deg", uncertainty = { kind = "aleatory", distribution = "normal", sd = "1 deg" } }'
    case = load_case("stardust", [f"entry.angle_error={wide}"])
    found = footprint.run(case, 300, 3, zone_file=EXAMPLE, scattered_air=False)
    assert found.lost["skipped out"] > 0
    assert found.outside is not None and found.outside.hits >= found.lost["skipped out"]


def test_too_few_landings():
    with pytest.raises(FailedSamplesError, match="only 0 of 20"):
        footprint.run(load_case("stardust", ['entry.flight_path_angle="-5 deg"']), 20, 3)


def test_zero_hits_still_have_an_upper_bound():
    none = footprint.share(0, 1000)
    assert none.low == 0.0 and none.high == pytest.approx(1 - 0.025 ** (1 / 1000))


def square(order=1):
    return [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]][::order]


def write(tmp_path, rings, kind="range", form="Polygon"):
    properties = {"name": "test"} | ({"kind": kind} if kind else {})
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": form, "coordinates": rings}}
    path = tmp_path / "zone.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_points_in_a_ring_with_a_hole(tmp_path):
    hole = [[0.4, 0.4], [0.4, 0.6], [0.6, 0.6], [0.6, 0.4], [0.4, 0.4]]
    (zone,) = zones.read(write(tmp_path, [square(), hole]))
    points = np.radians([[0.2, 0.2], [0.5, 0.5], [1.5, 0.5], [0.5, 0.7]])
    assert zone.contains(points[:, 0], points[:, 1]).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("rings", "options", "message"),
    [
        ([square(-1)], {}, "wrong order, expected counterclockwise"),
        ([square(), [[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.4]]], {}, "expected clockwise"),
        ([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], {}, "sides 1 and 3 crossing"),
        ([square()[:-1]], {}, "open ring"),
        ([[[0, 100], [1, 100], [1, 101], [0, 100]]], {}, "longitude first"),
        ([square()], {"kind": ""}, "no property `kind`"),
        ([0, 0], {"form": "Point"}, "geometry 'Point'"),
        ([[["a", 0], [1, 0], [1, 1], ["a", 0]]], {}, "not numbers"),
    ],
)
def test_bad_polygons_are_refused(tmp_path, rings, options, message):
    with pytest.raises(DataError, match=message):
        zones.read(write(tmp_path, rings, **options))


def test_missing_or_broken_file(tmp_path):
    with pytest.raises(DataError, match="no readable GeoJSON"):
        zones.read(tmp_path / "nothing.geojson")


def test_casualties_from_a_population_raster(tmp_path):
    raster = tmp_path / "people.asc"
    raster.write_text("ncols 2\nnrows 2\nxllcorner -114\nyllcorner 40\ncellsize 1\nNODATA_value -9\n7 8\n5 -9\n")
    grid = footprint.population(raster)
    points = np.radians([[-113.5, 40.5], [-112.5, 40.5], [-113.5, 41.5]])
    assert grid.at(points[:, 0], points[:, 1]).tolist() == [5.0, 0.0, 7.0]
    with pytest.raises(DataError, match="outside the population raster"):
        grid.at(np.radians([-100.0]), np.radians([40.5]))
    found = footprint.run(load_case("msr-ees"), 50, 3, held=HELD, population_file=raster, casualty_area=20.0)
    assert found.casualties == pytest.approx(20e-6 * 5.0)
    raster.write_text("ncols 2\nnrows 3\nxllcorner -114\nyllcorner 40\ncellsize 1\n7 8\n5 6\n")
    with pytest.raises(DataError, match="cut short"):
        footprint.population(raster)
