import numpy as np
import pytest

from containment.case.load import load_case
from containment.errors import DataError
from containment.structure import landing_oblique, landing_stage, rigid_landing
from containment.structure.rigid_landing import Approach, Bed, RigidBody, land
from containment.structure.rigid_surface import revolved, sphere_cone_outline
from containment.structure.soil import Ground
from containment.verification import bench_rigid

from .test_landing_stage import MASSES, upstream

CLAY = Ground(5e5, 0.0, 320.0, 3e8)
TILTED = {"landing.impact.drift_angle": 0.06, "landing.impact.attitude_angle": 0.1}


@pytest.fixture(scope="module")
def case():
    return load_case("msr-ees")


def test_patches_close_the_body_and_hold_its_moments():
    tail = np.array([[0.1, 0.5], [0.0, 0.6]])
    patches = revolved(sphere_cone_outline(0.3, np.pi / 3, 1.25, tail), 16)
    # a closed surface has no mean normal, and encloses V = 1/3 of the sum of x.n A
    assert np.abs(patches.areas @ patches.normals).max() < 1e-12
    assert (patches.normals[:, 2] < 0.0).any() and (patches.normals[:, 2] > 0.0).any()
    ball = revolved(np.column_stack([np.sin(a := np.linspace(0.0, np.pi, 200)), 1.0 - np.cos(a)]).clip(0.0), 100)
    assert ball.areas.sum() == pytest.approx(4.0 * np.pi, rel=1e-3)  # chords of 200 segments
    volume = np.sum(ball.areas * np.sum((ball.points - [0.0, 0.0, 1.0]) * ball.normals, axis=1)) / 3.0
    assert volume == pytest.approx(4.0 / 3.0 * np.pi, rel=2e-3)


def test_turning_the_whole_scene_changes_nothing():
    body, bed = bench_rigid.baseline(), Bed(CLAY, 0.0, 0.3, 1.0)
    along = land(body, bed, Approach(40.0, 0.0, 0.1), end=0.05)
    across = land(body, bed, Approach(40.0, 0.0, 0.0, 0.1), end=0.05)
    assert across.peak(5e-4) == pytest.approx(along.peak(5e-4), rel=1e-6)
    assert across.velocity[-1, 1] == pytest.approx(along.velocity[-1, 0], rel=1e-5)


def test_drift_and_friction_pitch_the_body_over():
    body = bench_rigid.baseline()
    slid = land(body, Bed(CLAY, friction=0.3), Approach(40.0, 5.0), end=0.02)
    smooth = land(body, Bed(CLAY), Approach(40.0, 5.0), end=0.02)
    assert smooth.velocity[-1, 0] == pytest.approx(5.0, abs=0.1) and slid.velocity[-1, 0] < 2.0
    assert slid.energy["friction"] > 500.0 and smooth.energy["friction"] == 0.0
    assert slid.rate[:, 1].max() > 1.0  # friction at the nose turns the rear forward, about +y, till the flank bears
    assert np.abs(smooth.rate).max() < 1e-9


def test_bodies_and_grounds_that_are_none_are_refused():
    body = bench_rigid.baseline()
    with pytest.raises(DataError, match="into the ground"):
        land(body, Bed(CLAY), Approach(-1.0))
    with pytest.raises(DataError, match="expected all > 0"):
        RigidBody(95.0, (8.0, 0.0, 14.0), 0.2, body.surface)
    with pytest.raises(DataError, match="cap smaller"):
        sphere_cone_outline(2.0, np.pi / 3, 1.25, np.empty((0, 2)))


def test_obliqueness_enters_the_landing_on_soil_alone(case):
    tilted = case.at(TILTED)
    found = landing_stage.run(tilted, upstream(), case.settings("screening"))
    assert 0.9 < found.value("clay.oblique_factor") < 1.0
    assert 0.0 < found.value("clay.rest_attitude") < np.pi
    assert found.value("clay.rigid_penetration") == pytest.approx(found.value("clay.penetration"), rel=0.1)
    assert "landing.hard.oblique_factor" not in found.responses
    assert all(check.ok for check in found.checks.values())
    bare = tilted.model_copy(update={"landing": tilted.landing.model_copy(update={"oblique": None})})
    without = landing_stage.run(bare, upstream(), case.settings("screening"))
    assert "landing.clay.oblique_factor" not in without.responses
    assert found.value("clay.os_acceleration") < without.value("clay.os_acceleration")
    assert found.value("hard.os_acceleration") == without.value("hard.os_acceleration")


def test_upright_landing_is_the_chain_alone(case):
    found = landing_stage.run(case, upstream(), case.settings("screening"))
    assert found.value("clay.oblique_factor") == 1.0 and found.value("clay.rest_attitude") < 1e-9


def test_mass_properties_of_the_baseline(case):
    from containment.meshing.mesh import SectionMesh
    from containment.structure import landing_branches

    mesh = upstream()["mesh"]
    content = landing_branches.inside(SectionMesh.from_dataset(mesh.data), mesh)
    body = landing_oblique.rigid_body(case.vehicle, content)
    assert body.mass == pytest.approx(case.vehicle.entry_mass, rel=1e-12)
    # thin cone of mean radius 0.42 m and a heavy core: between the core alone and all mass at the rim
    assert 0.4 * sum(MASSES.values()) * 0.152**2 < body.inertia[2] < 95.0 * 0.625**2
    assert content.shell_thickness < body.station < content.shell_thickness + content.column + 0.152
    assert bench_rigid.baseline().inertia == pytest.approx(body.inertia, rel=0.02)  # of the catalogue
    assert rigid_landing.rotation(np.array(rigid_landing.orientation(0.1, 0.0)))[0, 2] == pytest.approx(-np.sin(0.1))
