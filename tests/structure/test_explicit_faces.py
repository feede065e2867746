"""Contact between parts in space: what is conserved, friction, what is refused."""

import numpy as np
import pytest

from containment.errors import DataError
from containment.structure.explicit import Metal, Terrain, simulate
from containment.structure.explicit_faces import FaceContact, _beside, _nearest, face_pairs
from containment.structure.explicit_half import Arrival, half_capsule
from containment.structure.explicit_nest import Layer, Sphere
from containment.structure.explicit_parts import PartContact
from containment.verification import bench_capsule
from containment.verification.bench_contact import blocks

STEEL = Metal(8000.0, 110e9, 0.3, 1e30)


def test_a_cube_that_meets_another_keeps_momentum_and_its_moment():
    body, run = blocks((0.0, 0.0, -20.0), 0.0)
    mass = body.node_mass()[:, None]
    upper = np.arange(len(mass)) < 64
    start = np.where(upper[:, None], [0.0, 0.0, -20.0], 0.0)
    assert (mass * run.speeds).sum(axis=0) == pytest.approx((mass * start).sum(axis=0), abs=1e-12)
    moment = [(mass * np.cross(x, v)).sum(axis=0) for x, v in ((body.points, start), (run.points, run.speeds))]
    assert moment[1] == pytest.approx(moment[0], abs=1e-6 * 0.216 * 20.0 * 0.06)
    assert run.means["upper"][-1] > 10.0  # 17 of 20 m/s come back from 0.216 on 1.728 kg; some stays as vibration


def test_friction_holds_back_as_coulomb_says():
    _, run = blocks((30.0, 10.0, -20.0), 0.2)
    change = run.velocities["upper"][-1] - [30.0, 10.0, -20.0]
    assert np.hypot(*change[:2]) / change[2] == pytest.approx(0.2, rel=0.01)
    assert change[1] / change[0] == pytest.approx(1.0 / 3.0, rel=0.05)  # against the slip
    _, smooth = blocks((30.0, 10.0, -20.0), 0.0)
    assert smooth.velocities["upper"][-1][:2] == pytest.approx([30.0, 10.0], abs=0.02)


def test_triangles_know_their_neighbours():
    # a square of two triangles and one beside it
    triangles = np.array([[0, 1, 2], [0, 2, 3], [1, 4, 2]])
    assert _beside(triangles).tolist() == [[2, 1, -1], [-1, -1, 0], [-1, 0, -1]]


def test_a_node_beside_a_rim_is_at_that_rim_not_at_the_wall_behind():
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    points = np.vstack([np.column_stack([square, np.zeros(4)]), np.column_stack([3.0 * square, np.full(4, -5.0)])])
    triangles = points[[[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]]
    place, gap = _nearest(np.array([[1.01, 0.5, 0.1], [0.5, 0.2, -0.1], [2.5, 0.5, -4.0]]), triangles)
    assert place.tolist() == [0, 0, 2] and gap == pytest.approx([0.0, -0.1, 1.0])


def test_a_ball_loose_in_the_vessel_lies_in_it_and_is_carried_along():
    shape, foam, shell, vessel = bench_capsule.parts("crust", 0.03)
    ball = Sphere((Layer("pad", 0.01, 1, STEEL, 1.0), Layer("ball", 0.03, 2, STEEL, 13.0)))
    made = half_capsule(shape, foam, shell, vessel, Arrival(40.0, 3.0, 0.05), Terrain(), [ball], 1e-3, 0.2)
    masses = [made.body.node_mass(np.array([k])).sum() for k in (0, 2, 3, 4)]
    assert masses == pytest.approx([37.5, 9.55, 0.5, 6.5], rel=1e-9)
    (contact,) = made.parts
    gap = np.linalg.norm(made.body.points[contact.nodes][:, None] - made.body.points[np.unique(contact.faces)], axis=2)
    assert gap.min(axis=1) == pytest.approx(np.full(len(contact.nodes), 1e-3), rel=5e-3)  # nodes face nodes, nearly
    groups = {"vessel": np.array([2]), "ball": np.array([4])}
    run = simulate(
        made.body, made.velocity, 1.5e-3, control=made.control, contact=made.contact, ground=bench_capsule.RIGID,
        groups=groups, parts=made.parts,
    )  # fmt: skip
    assert run.ledger_error < 1e-3
    assert run.energy["contact_elastic"] >= 0.0
    apart = np.abs(run.means["ball"] - run.means["vessel"])
    assert run.means["vessel"][-1] > -35.0 and apart[-1] < 10.0  # without contact the ball would still fly at 40 m/s


def test_loose_parts_that_do_not_fit_are_refused():
    shape, foam, shell, vessel = bench_capsule.parts("crust", 0.03)
    ball = Sphere((Layer("ball", 0.03, 2, STEEL, 14.1),))
    for inside, play, words in (([ball], 0.0, "play"), ([Sphere((Layer("ball", 0.2, 2, STEEL, 1.0),))], 1e-3, "fits")):
        with pytest.raises(DataError, match=words):
            half_capsule(shape, foam, shell, vessel, Arrival(40.0), Terrain(), inside, play)


def test_contacts_that_start_wrong_are_refused():
    body, _ = blocks((0.0, 0.0, -1.0), 0.0, 1e-7)
    under = np.flatnonzero((np.arange(len(body.points)) < 64) & (body.points[:, 2] < 0.06 + 1e-9))
    points, mass = body.points.copy(), body.node_mass()
    points[:64, 2] -= 1e-4
    top = np.flatnonzero((np.arange(len(points)) >= 64) & (points[:, 2] > 0.06 - 1e-9)).reshape(5, 5)
    faces = np.column_stack([top[:-1, :-1].ravel(), top[1:, :-1].ravel(), top[1:, 1:].ravel(), top[:-1, 1:].ravel()])
    with pytest.raises(DataError, match="penetration"):
        face_pairs(points, mass, 1e-6, [FaceContact(under, faces)])
    line = PartContact(under[:2], np.ones(2), top[0])
    with pytest.raises(DataError, match="faces in space"):
        simulate(body, np.ones_like(body.points), 1e-6, parts=[line])
