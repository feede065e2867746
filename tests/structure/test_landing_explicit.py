import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.structure import explicit
from containment.structure.crushable import Foam
from containment.structure.explicit import Body, ContactLine, Control, FoamSolid, Metal, Terrain, simulate
from containment.structure.explicit_capsule import CapsuleShape, capsule
from containment.structure.explicit_half import Arrival, half_capsule
from containment.structure.explicit_parts import Bond
from containment.structure.explicit_terrain import SphereRock, WedgeRock
from containment.structure.soil import Ground
from containment.verification import bench_capsule, bench_contact, bench_plate
from containment.verification import explicit as bench
from containment.verification.bench_residual import patch_error, residual_error, rotation_error
from containment.verification.bench_taylor import cylinder, taylor_bar, taylor_solid

COPPER = Metal(8930.0, 117e9, 0.35, 400e6, 100e6)
ELASTIC = Metal(8000.0, 200e9, 0.3, 1e30)


def cylinder_body(metal=ELASTIC, across=2, along=4):
    points, quads, rows = cylinder(0.01, 0.04, across, along)
    return Body(points, quads, np.zeros(len(quads), dtype=np.int64), [metal]), rows


def test_taylor_bar_shape_and_ledger():
    bar = taylor_bar(COPPER, 227.0, 10, 50)
    run, length, foot = bar.run, bar.length, bar.foot
    assert 21.4e-3 < length < 21.5e-3 and 7.0e-3 < foot < 7.2e-3  # published range of good codes
    assert run.ledger_error < 1e-3
    rough = taylor_bar(COPPER, 227.0, 5, 25)
    assert rough.length == pytest.approx(length, rel=0.01)  # mesh halved


def test_halved_step_changes_nothing_that_matters():
    full, half = (
        simulate(body, np.tile([0.0, -150.0], (len(body.points), 1)), 2e-5, record_step=1e-6,
                 control=Control(fixed_axial=rows[0], safety=safety))
        for safety in (0.9, 0.45) for body, rows in [cylinder_body(COPPER, 6, 24)]
    )  # fmt: skip
    assert half.points == pytest.approx(full.points, abs=5e-6)  # 0.2 % of the shortening of 2.5 mm
    assert half.ledger_error < 0.7 * full.ledger_error  # first order in the plastic increments


def test_free_flight_keeps_shape_and_energy():
    body, _ = cylinder_body()
    run = simulate(body, np.tile([0.0, -40.0], (len(body.points), 1)), 1e-4)
    assert run.points == pytest.approx(body.points - [0.0, 40.0 * 1e-4], abs=1e-12)  # rounding of 1e3 steps
    assert run.energy["elastic"] < 1e-12 * run.energy["kinetic"]


def test_uniform_expansion_gives_the_stress_of_the_logarithmic_law():
    # one step from rest-like shape: a homogeneous velocity field v = (r, z) rate keeps F diagonal and uniform
    body, _ = cylinder_body(across=1, along=1)
    mean = body.points.mean(axis=0)
    rate = 50.0
    speed = np.column_stack([body.points[:, 0] * rate, (body.points[:, 1] - mean[1]) * rate])
    run = simulate(body, speed, 2e-7, control=Control(bulk_linear=0.0, bulk_quadratic=0.0))
    stretch = np.log(run.points[body.quads, 0].mean() / body.points[body.quads, 0].mean())
    shear = 200e9 / 2.6
    bulk = 2 * shear * 0.3 / 0.4
    expected = body.weights().sum() * (0.5 * bulk * (3 * stretch) ** 2 + shear * 3 * stretch**2)
    assert run.energy["elastic"] == pytest.approx(expected, rel=0.05)  # axial and radial differ by their inertia


def test_foam_crushed_between_plates_works_plateau_times_volume():
    foam = Foam(1e6, 100e6, 50.0, 0.7)
    points, quads, rows = cylinder(0.05, 0.1, 2, 20)
    kind = np.zeros(len(quads), dtype=np.int64)
    kind[-4:] = 1
    body = Body(points, quads, kind, [FoamSolid(foam), Metal(1e5, 200e9, 0.3, 1e30)])
    run = simulate(
        body, np.tile([0.0, -10.0], (len(points), 1)) * (points[:, 1:] > 0), 4e-3, record_step=1e-5,
        control=Control(fixed_axial=rows[0]),
    )  # fmt: skip
    shortened = 0.1 - (run.points[:, 1].max() - 0.0)
    force = 1e6 * np.pi * 0.05**2
    # plateau times area times way, less what springs back (1 % of strain) and side-ways yielding of free flanks
    assert run.energy["plastic"] == pytest.approx(force * shortened, rel=0.06)
    assert run.ledger_error < 1e-3


def test_capsule_mesh_has_the_masses_asked_for_and_sound_quads():
    shape = CapsuleShape(1.25, 0.3, np.pi / 3, 0.033, 75.0, 0.092, 0.24, 0.09, 0.152, 0.006, 19.1, 0.01)
    made = capsule(shape, FoamSolid(Foam(1.2e6, 90e6, 60.9, 0.67)), ELASTIC, ELASTIC)
    assert made.body.node_mass(np.array([0])).sum() == pytest.approx(75.0, rel=1e-9)
    assert made.body.node_mass(np.array([2])).sum() == pytest.approx(19.1, rel=1e-9)
    assert made.contact.area.sum() == pytest.approx(np.pi * 0.625**2, rel=2e-3)  # the whole frontal area
    assert made.body.points[:, 1].min() == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(DataError, match="block"):
        capsule(
            CapsuleShape(1.25, 0.3, np.pi / 3, 0.033, 75.0, 0.092, 0.6, -0.9, 0.152, 0.006, 19.1, 0.01),
            FoamSolid(Foam(1.2e6, 90e6, 60.9, 0.67)), ELASTIC, ELASTIC,
        )  # fmt: skip


def test_impossible_bodies_and_runs_are_refused():
    body, rows = cylinder_body()
    with pytest.raises(DataError, match="at rest"):
        simulate(body, np.zeros_like(body.points), 1e-5)
    with pytest.raises(DataError, match="without a ground"):
        simulate(body, np.ones_like(body.points), 1e-5, contact=ContactLine.along(body.points, rows[0]))
    with pytest.raises(DataError, match="positive area"):
        Body(body.points, body.quads[:, ::-1], body.kind, [ELASTIC])
    with pytest.raises(DataError, match="material"):
        Body(body.points, body.quads, body.kind + 1, [ELASTIC])
    with pytest.raises(DataError, match="r < 0"):
        Body(body.points - 1.0, body.quads, body.kind, [ELASTIC])


def test_a_run_that_breaks_is_never_a_finished_run():
    body, rows = cylinder_body()
    with pytest.raises(SolverError, match="explicit run"):
        simulate(body, np.tile([0.0, -300.0], (len(body.points), 1)), 1e-3,
                 control=Control(fixed_axial=rows[0], safety=3.0))  # fmt: skip
    squashed = Metal(8930.0, 117e9, 0.35, 1e5, 0.0)
    body, rows = cylinder_body(squashed, 6, 24)
    with pytest.raises(SolverError, match=r"turn over|energy error"):
        simulate(body, np.tile([0.0, -3000.0], (len(body.points), 1)), 1e-3, control=Control(fixed_axial=rows[0]))


def test_contact_with_soil_stops_a_block():
    body, rows = cylinder_body()
    ground = Ground(2e6, 0.0, 0.0, 3e9)
    run = simulate(body, np.tile([0.0, -10.0], (len(body.points), 1)), 1.6e-3,
                   contact=ContactLine.along(body.points, rows[0]), ground=ground)  # fmt: skip
    mass, area = body.node_mass().sum(), np.pi * 0.01**2
    depth = -float(run.points[rows[0], 1].mean())
    # constant pressure: z = m v^2 / (2 p A) after m v / (p A) = 1.6 ms; p/k = 0.7 mm of it is elastic
    assert depth == pytest.approx(mass * 100.0 / (2 * 2e6 * area), abs=1.0e-3)
    absorbed = run.energy["contact_loss"] + run.energy["contact_elastic"]
    assert absorbed == pytest.approx(0.5 * mass * 100.0, rel=0.01)


@pytest.mark.slow
def test_catalogue_of_explicit_elements():
    items = list(bench.items())
    assert not [item for item in items if not item.ok]


def test_kernel_names_every_ledger_term():
    body, rows = cylinder_body(COPPER, 6, 24)
    run = simulate(body, np.tile([0.0, -10.0], (len(body.points), 1)), 1e-5, control=Control(fixed_axial=rows[0]))
    assert tuple(run.energy) == explicit.LEDGER


@pytest.mark.parametrize("form", ["quad", "hex", "tet"])
def test_forces_equal_a_ufl_residual_and_pass_the_patch_test(form):
    assert residual_error(form, np.random.default_rng(5)) < 1e-12
    # quads: a ring at 1e6 edges from the axis, where r varies by 1e-6 of itself
    assert patch_error(form, np.random.default_rng(6)) < (1e-6 if form == "quad" else 1e-12)


@pytest.mark.parametrize("form", ["quad", "hex", "tet"])
def test_rigid_rotation_leaves_stress_untouched(form):
    assert rotation_error(form, np.random.default_rng(7)) < 1e-12  # rounding of a product of rotations


def test_solids_agree_with_the_bar_of_revolution_and_plain_tetrahedra_lock():
    hexes = taylor_solid(COPPER, 227.0, (2, 2, 30))
    assert hexes.length == pytest.approx(21.48e-3, rel=0.01) and hexes.foot == pytest.approx(7.13e-3, rel=0.01)
    assert hexes.run.ledger_error < 1e-3 and hexes.run.hourglass_share() < 0.02
    tets, plain = (taylor_solid(COPPER, 227.0, (1, 1, 20), form) for form in ("tet", "tet-plain"))
    assert tets.length == pytest.approx(21.48e-3, rel=0.02)  # 360 cells
    assert plain.foot < 5e-3 < 6.5e-3 < tets.foot  # 7.1 when it does not lock
    full, mean = (taylor_bar(COPPER, 227.0, 5, 25, rule) for rule in ("full", "mean"))
    assert full.foot < 5.5e-3 < 6.8e-3 < mean.foot


@pytest.mark.parametrize("form", ["hex", "quad"])
def test_one_layer_bends_as_a_plate_and_not_without_its_control(form):
    found, ledger = bench_plate.vibrate(form, braced=True)
    assert found == pytest.approx(bench_plate.period(form), rel=0.01) and ledger < 1e-3  # Euler beam
    assert bench_plate.vibrate(form, braced=False)[0] == np.inf


@pytest.mark.parametrize("bend", [1e-3, 1.8e-3, 3e-3, 1e-2])
def test_one_layer_of_quads_bears_the_elastic_moment_up_to_the_plastic_one(bend):
    moment, plate = bench_plate.moments(bend)
    assert moment == pytest.approx(plate, rel=0.005)  # of a curved chord


def test_a_layer_bent_beyond_its_plastic_moment_stays_bent_and_balances_its_energy():
    body = bench_plate.ring(Metal(8000.0, 200e9, 0.3, 1e8))
    away = body.points[:, 0] - body.points[:, 0].min()
    speed = np.column_stack([np.zeros(len(away)), 5.0 * (away / away.max()) ** 2])
    wall = np.flatnonzero(away == 0.0)
    run = simulate(body, speed, 4e-3, control=Control(fixed_axial=wall, fixed_radial=wall))
    start = 0.5 * body.node_mass() @ speed[:, 1] ** 2
    assert run.energy["hourglass"] > 0.95 * start and run.plastic_strain.max() == 0.0  # no middle flows, the modes do
    assert run.ledger_error < 1e-3


def test_softening_and_absent_parts_are_refused():
    with pytest.raises(DataError, match="soften"):
        Metal(8000.0, 200e9, 0.3, 1e9, hardening=-1e8)
    with pytest.raises(DataError, match="soften"):
        Foam(1e6, 90e6, 60.0, 0.67, hardening=-1e5)
    body, _ = cylinder_body()
    with pytest.raises(DataError, match="part"):
        Body(body.points, body.cells, body.kind, [ELASTIC, COPPER])
    flat = CapsuleShape(1.25, 0.3, np.pi / 3, 0.033, 75.0, 0.0, 0.24, 0.09, 0.152, 0.006, 19.1, 0.01)
    with pytest.raises(DataError, match="thickness"):
        capsule(flat, FoamSolid(Foam(1.2e6, 90e6, 60.9, 0.67)), ELASTIC, ELASTIC)


def test_contact_that_starts_in_penetration_is_refused():
    body, rows = cylinder_body()
    speed = np.tile([0.0, -10.0], (len(body.points), 1))
    contact, ground = ContactLine.along(body.points, rows[0]), Ground(2e6, 0.0, 0.0, 3e9)
    with pytest.raises(DataError, match="penetration"):
        simulate(body, speed, 1e-5, contact=contact, ground=ground, terrain=Terrain(height=1e-3))
    with pytest.raises(DataError, match="inside rock"):
        simulate(body, speed, 1e-5, contact=contact, terrain=Terrain(rocks=[SphereRock((0.0, 0.0), 0.01)]))


def test_rocks_stop_a_block_and_return_its_energy():
    body, rows = cylinder_body()
    speed = np.tile([0.0, -20.0], (len(body.points), 1))
    contact = ContactLine.along(body.points, rows[0])
    for rock in (SphereRock((0.0, -0.05), 0.05), WedgeRock((0.0, -1e-6), np.radians(80))):
        run = simulate(body, speed, 1e-4, contact=contact, terrain=Terrain(rocks=[rock]), record_step=1e-6)
        assert run.means["all"][-1] > 5.0 and run.ground_force.max() > 0.0  # an elastic block springs back
        assert run.ledger_error < 5e-3  # 8 cells that meet a stiff rock in a third of their own period


def test_half_capsule_has_its_masses_and_lands_as_the_body_of_revolution():
    shape, foam, shell, vessel = bench_capsule.parts("crust", 0.025)
    made = half_capsule(shape, foam, shell, vessel, Arrival(40.0), Terrain())
    assert made.body.node_mass(np.array([0])).sum() == pytest.approx(37.5, rel=1e-9)
    assert made.contact.area.sum() == pytest.approx(np.pi * 0.625**2 / 2, rel=0.01)  # facets of a coarse disc
    solid, _ = bench_capsule.land_half("crust", 0.025, Arrival(40.0), end=0.003)
    turned, _ = bench_capsule.land("crust", 0.0125, 0.003)
    assert solid.means["shell"][-1] == pytest.approx(turned.means["shell"][-1], rel=0.03)
    assert solid.ledger_error < 1e-3
    tilted = half_capsule(shape, foam, shell, vessel, Arrival(40.0, 5.0, 0.1, 2.0), Terrain(0.1))
    mass = tilted.body.node_mass()
    assert mass @ tilted.velocity / mass.sum() == pytest.approx(
        [5.0, 0.0, -40.0], abs=0.6
    )  # half turns about its middle
    with pytest.raises(DataError, match="landing speed"):
        Arrival(0.0)


def test_frames_hold_positions_and_strain_at_the_times_asked():
    body, rows = cylinder_body(COPPER, 6, 24)
    times = np.array([0.0, 5e-6, 1e-5])
    run = simulate(body, np.tile([0.0, -150.0], (len(body.points), 1)), 2e-5, frame_times=times,
                   control=Control(fixed_axial=rows[0]))  # fmt: skip
    assert run.frames[0] == pytest.approx(body.points) and run.frame_strain[0].max() == 0.0
    lengths = np.ptp(run.frames[:, :, 1], axis=1)
    assert np.all(np.diff(lengths) < 0) and np.all(np.diff(run.frame_strain.max(axis=1)) > 0)


def test_parts_strike_part_and_keep_momentum():
    run = bench_contact.twins()
    assert run.means["lower"][-1] == pytest.approx(-20.0, rel=0.01)  # changed places; 0.5 % goes into bulk viscosity
    momentum = run.means["lower"] + run.means["upper"]
    assert momentum == pytest.approx(np.full(len(momentum), -20.0), rel=1e-9)
    torn = bench_contact.torn()
    energy = 0.5 * 50e6 * 1e-3 * np.pi * 1e-4
    assert torn.energy["contact_loss"] == pytest.approx(energy, rel=0.01)
    with pytest.raises(DataError, match="penetration"):
        bench_contact.bars(-20.0, 0.0, 1e-5, gap=-1e-3)
    with pytest.raises(DataError, match="opening"):
        Bond(1e6, 1e6, 0.0)
