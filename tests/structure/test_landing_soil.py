import numpy as np
import pytest

from containment.errors import DataError
from containment.structure import soil

G0 = 9.80665


def test_cone_matches_published_calibration_rows():
    # cone of 60 degrees, a = 3 pi p z^2 / m by hand: 50 kg, 30 m/s, 0.6 MPa -> 0.23 m, 602 g; 95 kg, 40 m/s, 0.5 MPa ->
    # 0.36 m, about 670 g
    depth, peak = soil.cone_in_constant_resistance(50.0, 30.0, 0.6e6, np.pi / 3)
    assert depth == pytest.approx(0.23, abs=0.005)  # printed with two digits
    assert peak / G0 == pytest.approx(602.0, abs=0.5)  # printed with three digits
    depth, peak = soil.cone_in_constant_resistance(95.0, 40.0, 0.5e6, np.pi / 3)
    assert depth == pytest.approx(0.36, abs=0.005)
    assert peak / G0 == pytest.approx(670.0, abs=5.0)  # "about"


def test_depth_integration_meets_closed_forms():
    ground = soil.Ground(1e6, 0.0, 0.0, 3e8)
    sharp = soil.sphere_cone(1e-6, np.pi / 3, 2.0)
    found = soil.rigid_penetration(50.0, 30.0, sharp, ground)
    assert found == pytest.approx(soil.cone_in_constant_resistance(50.0, 30.0, 1e6, np.pi / 3), rel=2e-3)  # step 1/4000
    # a wide flat body is a Poncelet body: 1 MPa, 800 kg/m3, 50 kg, 0.1257 m2, 40 m/s -> 205 mm, 584 g (LF3)
    flat = soil.Nose(0.5, np.array([0.1257, 0.1257]), np.array([0.0, 0.06285]))
    found = soil.rigid_penetration(50.0, 40.0, flat, soil.Ground(1e6, 0.0, 800.0, 3e8))
    assert found == pytest.approx(soil.poncelet(50.0, 40.0, 1e6, 800.0, 0.1257), rel=1e-3)  # step 1/4000
    assert found[0] == pytest.approx(0.205, abs=5e-4) and found[1] / G0 == pytest.approx(584.0, abs=0.5)


@pytest.mark.parametrize(
    ("stress", "stroke_mm", "g"), [(0.5e6, 219.5, 529.0), (1.0e6, 141.4, 976.0), (1.5e6, 111.9, 1291.0)]
)
def test_crushed_cap_matches_table(stress, stroke_mm, g):
    stroke, peak = soil.crushed_cap(12.0, 40.0, stress, 0.20)  # LF2: R 0.20 m, 12 kg, 40 m/s
    assert stroke * 1e3 == pytest.approx(stroke_mm, abs=0.05)
    assert peak / G0 == pytest.approx(g, abs=0.6)  # printed to 1 g, with their g = 9.81


def test_noses_have_the_areas_of_their_shapes():
    nose = soil.sphere_cone(0.3, np.pi / 3, 1.25)
    assert nose.area_at(10.0) == pytest.approx(np.pi * 0.625**2, rel=1e-12)
    tangent = 0.3 * (1 - np.sin(np.pi / 3))
    assert nose.area_at(tangent) == pytest.approx(np.pi * 0.15**2, rel=1e-4)  # 2048-point table
    ball = soil.sphere(0.2)
    assert ball.volume_at(0.2) == pytest.approx(2 / 3 * np.pi * 0.2**3, rel=1e-6)  # hemisphere, trapezoid of a parabola
    disc = soil.edge_on(1.5, 0.5)
    assert disc.volume_at(0.75) == pytest.approx(0.5 * np.pi * 0.75**2 / 2, rel=1e-4)  # half disc, root at the rim


@pytest.mark.parametrize(
    "values", [(0.0, 0.0, 0.0, 3e8), (-1.0, 0.0, 0.0, 3e8), (1e6, 0.0, 0.0, 0.0), (float("nan"), 0.0, 0.0, 3e8)]
)
def test_ground_that_cannot_carry_is_refused(values):
    with pytest.raises(DataError, match=r"landing\.surfaces"):
        soil.Ground(*values)


def test_nose_wider_than_body_is_refused():
    with pytest.raises(DataError, match="nose radius"):
        soil.sphere_cone(2.0, np.pi / 3, 1.25)


def test_bottomless_ground_is_an_error():
    with pytest.raises(DataError, match="still moving"):
        soil.rigid_penetration(95.0, 40.0, soil.sphere(0.2), soil.Ground(100.0, 0.0, 0.0, 1e8), steps=100)
