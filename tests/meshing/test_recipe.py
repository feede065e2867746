"""The recipe: every region there in its volume, seams tagged, walls resolved, misfits named."""

import math
from dataclasses import replace

import numpy as np
import pytest

from containment.errors import DataError
from containment.meshing import recipe
from tests.meshing.sections import BASE, baseline


def test_volumes_against_formulas():
    meshed = baseline(0.012)
    shells = dict(zip(("pcv_gap", "pcv", "scv_gap", "scv"), zip(BASE.radii, BASE.radii[1:], strict=False), strict=True))
    exact = {name: 4 / 3 * math.pi * (b**3 - a**3) for name, (a, b) in shells.items()}
    exact["os"] = 4 / 3 * math.pi * BASE.os_radius**3
    for name, volume in exact.items():
        # arcs in chords of 4 mm on a radius of 0.15 m: (1/40)^2 / 6 of the area, 0.03 %
        assert meshed.section.region_volume(name) == pytest.approx(volume, rel=5e-4)
        assert meshed.volumes[name] == pytest.approx(volume, rel=2e-6)  # drawn outline, 0.25 degree chords


def test_every_region_keeps_its_drawn_volume_on_a_coarse_mesh():
    meshed = baseline()
    assert set(meshed.section.regions) == set(meshed.volumes) == set(recipe.describe().regions)
    for name, volume in meshed.volumes.items():
        assert meshed.section.region_volume(name) == pytest.approx(volume, rel=2e-3)  # chords of 12 mm: 0.14 %


def test_forebody_area_is_that_of_sphere_cone_and_edge():
    theta, nose, radius = BASE.half_angle, BASE.nose_radius, BASE.diameter / 2
    cap = 2 * math.pi * nose**2 * (1 - math.sin(theta))
    start, end = nose * math.cos(theta), BASE.shoulder_start[0]
    cone = math.pi * (end**2 - start**2) / math.sin(theta)
    arc = BASE.shoulder_radius * theta  # the normal turns from 60 degrees off the radius to the radius
    centre = radius - BASE.shoulder_radius
    edge = 2 * math.pi * (centre * arc + BASE.shoulder_radius**2 * math.sin(theta))
    assert baseline(0.012).section.facet_area("outer") == pytest.approx(cap + cone + edge, rel=1e-3)


@pytest.mark.parametrize("seal", ["scv_seal", "pcv_seal"])
def test_seams_cross_their_walls_at_half_height(seal):
    section = baseline().section
    wall = section.region_nodes(seal.removesuffix("_seal"))
    nodes = section.facet_nodes(seal)
    inner, outer = (3, 4) if seal == "scv_seal" else (1, 2)
    assert np.allclose(section.points[nodes, 1], BASE.seam_height, atol=1e-12)
    r = np.sort(section.points[nodes, 0])
    assert r[0] == pytest.approx(BASE.radii[inner], abs=1e-12) and r[-1] == pytest.approx(BASE.radii[outer], abs=1e-12)
    assert np.isin(nodes, wall).all() and len(nodes) >= 3  # at least two elements through the wall


def test_every_free_edge_is_tagged():
    section = baseline().section
    edges = np.sort(section.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    single, count = np.unique(edges, axis=0, return_counts=True)
    free = {tuple(edge) for edge in single[count == 1].tolist()}
    names = {number: name for name, number in section.facet_names.items()}
    tagged = {
        tuple(sorted(edge)): names[number]
        for edge, number in zip(section.facets.tolist(), section.facet.tolist(), strict=True)
    }
    assert {tagged.get(edge) for edge in free} == {"outer", "rim", "aft", "scv_aft", "axis"}
    assert len(tagged) == len(section.facets)  # no edge has two names


def test_screening_mesh_is_small_and_well_shaped():
    section = baseline(0.012).section
    assert len(section.points) <= 4000  # what a screening run may cost
    assert section.quality().min() > 0.3 and np.median(section.quality()) > 0.7
    assert section.points[:, 0].min() == 0.0 and section.points[:, 1].min() == pytest.approx(0.0, abs=1e-12)


def test_halving_the_size_refines_everywhere_and_nothing_else():
    coarse, fine = baseline(0.012).section, baseline(0.006).section
    assert 2.5 < len(fine.triangles) / len(coarse.triangles) < 5.0  # four times, less where least counts rule
    for name in coarse.regions:
        assert fine.region_volume(name) == pytest.approx(coarse.region_volume(name), rel=2e-3)


def test_capsule_shaped_vessels():
    shape = replace(BASE, cylinder=0.06, os_radius=0.11, absorber_reach=0.11)
    meshed = recipe.build(shape, 0.03, recipe.describe())
    outer, inner = shape.radii[4], shape.radii[3]
    exact = 4 / 3 * math.pi * (outer**3 - inner**3) + math.pi * (outer**2 - inner**2) * 0.06
    assert meshed.volumes["scv"] == pytest.approx(exact, rel=2e-6)
    nodes = meshed.section.facet_nodes("scv_seal")
    assert np.allclose(meshed.section.points[nodes, 1], shape.seam_height, atol=1e-12)


def test_a_small_change_of_thickness_changes_volume_smoothly():
    thick = recipe.build(replace(BASE, tps=BASE.tps + 0.0003), 0.03, recipe.describe())
    grown = thick.section.region_volume("tps") - baseline().section.region_volume("tps")
    # outer surface 1.4477 m2, inner a little smaller: 0.3 mm of it
    assert grown == pytest.approx(0.0003 * baseline().section.facet_area("bondline"), rel=0.03)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tps": 0.7}, ["700 mm tps", "nose radius", "300 mm"]),
        ({"nose_radius": 0.7, "tps": 0.61}, ["610 mm tps", "half the diameter", "625 mm"]),
        ({"os_radius": 0.6}, ["1224 mm outer diameter", "1184 mm"]),
        ({"absorber": 0.05, "nose_radius": 0.05, "half_angle": 0.785}, ["-4.", "10 mm, a fifth of the 50 mm", "fit"]),
        ({"absorber_radius": 0.15}, ["150 mm", "159.6 mm"]),
        ({"absorber_radius": 0.6}, ["600 mm", "the shoulder"]),
        ({"absorber_reach": 0.2}, ["200 mm", "136.8 mm"]),
        ({"shoulder_radius": 0.2}, ["shoulder of 200 mm", "48 mm"]),
    ],
)
def test_dimensions_that_do_not_fit_are_named_with_both_values(change, words):
    with pytest.raises(DataError) as caught:
        recipe.build(replace(BASE, **change), 0.03, recipe.describe())
    text = str(caught.value)
    assert text.startswith("geometry.shape.") and "what to do" in text
    for word in words:
        assert word in text


def test_gmsh_is_left_as_it_was_found():
    import gmsh

    recipe.build(BASE, 0.05, recipe.describe())
    assert not gmsh.isInitialized()


def test_a_file_that_is_no_recipe_is_refused(tmp_path):
    (tmp_path / "mine.toml").write_text("[regions]\na = 1\n")
    with pytest.raises(DataError, match="not a recipe"):
        recipe.describe(str(tmp_path / "mine.toml"))
