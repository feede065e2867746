"""The section mesh itself: measures, names, storing, refusing what is broken."""

import numpy as np
import pytest

from containment.errors import DataError
from containment.meshing.mesh import SectionMesh
from tests.meshing.sections import baseline, square


def test_measures_of_a_cylinder():
    mesh = square(4)
    # a square of side 1 turned around its side: pi; Pappus is exact for triangles, so round-off only
    assert mesh.volumes().sum() == pytest.approx(np.pi, rel=1e-13)
    assert mesh.region_volume("left") == pytest.approx(np.pi * 0.25, rel=1e-13)
    assert mesh.facet_area("top") == pytest.approx(np.pi, rel=1e-13)
    assert mesh.facet_area("middle") == pytest.approx(np.pi, rel=1e-13)  # 2 pi 0.5 over height 1
    assert (mesh.areas() > 0).all()


def test_quality_of_known_triangles():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)], [0.0, 1.0]])
    mesh = SectionMesh(points, [[0, 1, 2], [0, 2, 3]], [1, 1], np.zeros((0, 2)), [], {"a": 1}, {})
    legs = SectionMesh(np.array([[0.0, 0], [1, 0], [0, 1]]), [[0, 1, 2]], [1], np.zeros((0, 2)), [], {"a": 1}, {})
    assert mesh.quality()[0] == pytest.approx(1.0, rel=1e-12)  # equilateral
    assert legs.quality()[0] == pytest.approx(2 * np.sqrt(2) - 2, rel=1e-12)  # right isosceles: 2 r_in / r_out


def test_turns_clockwise_triangles():
    mesh = square(2)
    turned = SectionMesh(
        mesh.points, mesh.triangles[:, ::-1], mesh.region, mesh.facets, mesh.facet, mesh.regions, mesh.facet_names
    )
    assert (turned.areas() > 0).all()


def test_survives_storing():
    mesh = baseline().section
    again = SectionMesh.from_dataset(mesh.to_dataset())
    for name in ("points", "triangles", "region", "facets", "facet"):
        assert np.array_equal(getattr(mesh, name), getattr(again, name))
    assert again.regions == mesh.regions and again.facet_names == mesh.facet_names
    with pytest.raises(DataError, match="lacks triangle"):
        SectionMesh.from_dataset(mesh.to_dataset().drop_vars("triangle"))


def test_outline_without_a_name_is_measured():
    # of the outline off the axis (bottom, right, top: 3) only the top is named
    assert square(4).untagged_outline() == pytest.approx(2 / 3, rel=1e-12)
    assert len(square(4).free_edges()) == 16
    assert baseline().section.untagged_outline() == 0.0


def test_names_that_do_not_exist_are_answered_with_those_that_do():
    with pytest.raises(DataError, match="no region 'middle' in the mesh; it has left, right"):
        square(2).region_volume("middle")
    with pytest.raises(DataError, match="no facet set 'left' in the mesh; it has middle, top"):
        square(2).facet_nodes("left")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"triangles": [[0, 1, 9]]}, "name point 9, but there are 3"),
        ({"points": [[0.0, 0], [1, 0], [2, 0]]}, "no area"),
        ({"points": [[0.0, 0], [1, 0], [0, np.nan]]}, "not finite"),
        ({"points": [[-0.5, 0], [1, 0], [0, 1]]}, "r = -0.5"),
        ({"points": [[0.0, 0], [1, 0], [0, 1], [5, 5]]}, "1 of 4 mesh points belong to no triangle"),
        ({"region": [1, 1]}, "do not fit together"),
        ({"region": [2]}, r"region numbers \[2\] of the mesh have no name"),
        ({"regions": {"a": 1, "lost": 2}}, r"tagged region \['lost'\]"),
        ({"triangles": np.zeros((0, 3)), "region": []}, "do not fit together"),
    ],
)
def test_refuses_broken_arrays(change, message):
    good = {
        "points": [[0.0, 0], [1, 0], [0, 1]], "triangles": [[0, 1, 2]], "region": [1],
        "facets": np.zeros((0, 2)), "facet": [], "regions": {"a": 1}, "facet_names": {},
    }  # fmt: skip
    arrays = {key: value if isinstance(value, dict) else np.array(value) for key, value in {**good, **change}.items()}
    with pytest.raises(DataError, match=message):
        SectionMesh(**arrays)


def test_unused_points_are_dropped_and_the_rest_renumbered():
    points = np.array([[9.0, 9], [0, 0], [1, 0], [9, 9], [0, 1]])
    mesh = SectionMesh.of_used_points(points, [[1, 2, 4]], [1], [[1, 2]], [5], {"a": 1}, {"b": 5})
    assert np.array_equal(mesh.points, [[0, 0], [1, 0], [0, 1]]) and np.array_equal(mesh.facets, [[0, 1]])
