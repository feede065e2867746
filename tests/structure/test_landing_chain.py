import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.structure import chain, soil
from containment.structure.crushable import Foam, capped_curve

G0 = 9.80665
FOAM = Foam(1.2e6, 75e6, 60.0, 0.67, hardening=0.1e6, locking=0.3e6, sharpness=6.0, rate_coefficient=0.02)
PLAYS = (chain.Play(9e7, 0.1, 5e-4, 5e-4), chain.Play(9e7, 0.1, 5e-4, 5e-4))
CLAY = soil.Ground(5e5, 0.0, 160.0, 3e8)
HARD = soil.Ground(6e7, 0.0, 0.0, 4e10)
NOSE = soil.sphere_cone(0.3, np.pi / 3, 1.25)
WINDOW = 5e-4


def capsule(ground, *, elements=20, length=0.16, foam=FOAM, plays=PLAYS):
    return chain.Chain(70.0, (4.0, 3.5, 14.0), plays, foam, 0.1257, length, elements, NOSE, ground)


def on_anvil(foam, mass, area, length, elements):
    """One mass behind foam that strikes stiff flat ground; the shell weighs next to nothing, so it stops at once."""
    flat = soil.Nose(1.0, np.array([1.0, 1.0]), np.array([0.0, 1.0]))
    bed = soil.Ground(1e12, 0.0, 0.0, 1e10)
    return chain.Chain(0.05, (mass,), (), foam, area, length, elements, flat, bed)


def test_rigid_body_on_ground_is_the_rung_zero_answer():
    stiff = Foam(1e9, 2e9, 60.0, 0.5)  # foam that never crushes: the whole chain is one body
    glued = (chain.Play(1e10, 0.5, 0.0, 0.0), chain.Play(1e10, 0.5, 0.0, 0.0))
    body = capsule(CLAY, foam=stiff, plays=glued, elements=4, length=0.05)
    history = chain.land(body, 40.0)
    mass = body.masses().sum()
    depth, peak = soil.rigid_penetration(mass, 40.0, NOSE, CLAY)
    # the bed's elastic part p/k = 1.7 mm adds to the depth; the peak is untouched by it
    assert history.penetration.max() == pytest.approx(depth, abs=4e-3)
    assert history.ground_force.max() / mass == pytest.approx(peak, rel=0.01)


def test_constant_force_stop():
    # light perfectly plastic foam: F = sigma A, stroke m v^2 / 2F, duration m v / F (LF1)
    foam = Foam(1.0e6, 300e6, 1.0, 0.9)
    mass, area, speed = 10.0, 0.1, 20.0
    history = chain.land(on_anvil(foam, mass, area, 0.2, 10), speed)
    stroke = mass * speed**2 / (2 * 1e6 * area)
    assert history.stroke.max() == pytest.approx(stroke, rel=0.02)  # elastic part 0.3 %, foam mass 0.2 %, viscosity
    assert history.peak(1, WINDOW) == pytest.approx(1e6 * area / mass, rel=0.02)
    stopped = history.time[np.argmax(history.speeds[1] <= 0.0)]
    assert stopped == pytest.approx(mass * speed / (1e6 * area), rel=0.02)


def test_crush_front_meets_shock_solution():
    # heavy foam carried against a wall: a crush front starts there, the wall feels sigma + rho v^2 / e_D and the mass
    # only sigma (rigid, perfectly plastic, locking: Reid and Peng, Int. J. Impact Eng. 19 (1997) 531)
    foam = Foam(0.5e6, 10e9, 400.0, 0.6)  # stiff, so that the elastic wave ahead takes no speed
    speed, area = 60.0, 0.05
    history = chain.land(on_anvil(foam, 500.0, area, 0.3, 120), speed, end=0.1)
    early = (history.time > 0.6e-3) & (history.time < 2.0e-3)  # front between a fifth and two thirds of the column
    wall = history.ground_force[early].mean() / area
    # 3 %: a front some elements wide, mean over the ringing of the elements it passes
    assert wall == pytest.approx(0.5e6 + 400.0 * speed**2 / 0.6, rel=0.03)
    assert history.absorber_force[early].mean() / area == pytest.approx(0.5e6, rel=0.03)


def test_ledger_closes_and_answer_does_not_depend_on_resolution():
    for ground in (CLAY, HARD):
        coarse = chain.land(capsule(ground), 40.0, gravity=G0)
        finer = chain.land(capsule(ground, elements=60), 40.0, gravity=G0)
        halved = chain.land(capsule(ground), 40.0, gravity=G0, factor=0.5)
        assert max(coarse.ledger_error, finer.ledger_error) < 1e-3  # the promise
        assert halved.ledger_error < 0.5 * coarse.ledger_error + 1e-9  # second-order scheme: a quarter, plus rounding
        peak = coarse.peak(-1, WINDOW)
        assert finer.peak(-1, WINDOW) == pytest.approx(peak, rel=0.02)  # this absorber does not bottom out
        assert halved.peak(-1, WINDOW) == pytest.approx(peak, rel=0.003)


def test_bound_on_the_step_is_a_bound():
    body = capsule(HARD)
    mass = body.masses()
    n = mass.size
    link = np.full(n - 1, FOAM.modulus * body.foam_area * body.elements / body.foam_length)
    link[body.elements :] = [play.stiffness for play in PLAYS]
    stiffness = np.zeros((n, n))
    for i, k in enumerate(link):
        stiffness[i : i + 2, i : i + 2] += k * np.array([[1.0, -1.0], [-1.0, 1.0]])
    stiffness[0, 0] += HARD.stiffness * NOSE.area.max()
    root = np.sqrt(mass)
    omega = np.sqrt(np.linalg.eigvalsh(stiffness / np.outer(root, root))[-1])
    step = body.stable_step(40.0)
    assert step < 2.0 / omega  # never above the undamped limit
    assert step > 0.4 * 2.0 / omega  # and not wastefully small


def test_monotone_in_speed_ground_and_crush_stress():
    peaks = [chain.land(capsule(HARD), v).peak(-1, WINDOW) for v in (20.0, 30.0, 40.0, 50.0)]
    assert np.all(np.diff(peaks) > 0)
    strokes = [chain.land(capsule(HARD), v).stroke.max() for v in (20.0, 30.0, 40.0)]
    assert np.all(np.diff(strokes) > 0)
    depths = [
        chain.land(capsule(soil.Ground(p, 0.0, 160.0, 3e8)), 40.0).penetration.max() for p in (3e5, 5e5, 1e6, 2e6)
    ]
    assert np.all(np.diff(depths) < 0)
    longer = [chain.land(capsule(HARD, length=t), 40.0).peak(-1, WINDOW) for t in (0.08, 0.10, 0.12)]
    assert np.all(np.diff(longer) < 0)  # bottoms out less and less


def test_capsule_on_clay_and_rock_is_in_the_published_family():
    clay = chain.land(capsule(CLAY), 40.0, gravity=G0).peak(-1, WINDOW) / G0
    assert 500 < clay < 800  # a rigid cone in soil of 0.5 MPa: about 670 g at 40 m/s
    rock = chain.land(capsule(HARD), 40.0, gravity=G0)
    assert rock.energy["foam_crush"] > 0.5 * 0.5 * 21.5 * 40.0**2  # no soil stroke: the foam takes the vessels' energy


def test_laid_down_means_nothing_moves():
    history = chain.land(capsule(CLAY), 0.0, gravity=G0)
    assert history.peak(-1, WINDOW) == 0.0 and history.penetration.max() == 0.0 and history.steps == 0


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_impossible_speeds_are_refused(speed):
    with pytest.raises(DataError, match="landing speed"):
        chain.land(capsule(CLAY), speed)


def test_impossible_chains_are_refused():
    with pytest.raises(DataError, match="thickness 0"):
        capsule(CLAY, length=0.0)
    with pytest.raises(DataError, match="penetration"):
        chain.Play(1e7, 0.1, -1e-4, 0.0)
    with pytest.raises(DataError, match="all > 0"):
        chain.Chain(-3.0, (4.0,), (), FOAM, 0.1, 0.1, 4, NOSE, CLAY)
    with pytest.raises(DataError, match="softens"):
        capped_curve(1e6, np.array([1.0, -1.0]), 10.0)
    with pytest.raises(DataError, match="soften"):
        Foam(1.2e6, 75e6, 60.0, 0.67, hardening=-0.1e6)
    with pytest.raises(DataError, match="masses"):
        chain.foam_elements(4, (1.0, 1.0, 1.0))


def test_landing_that_never_ends_is_an_error():
    with pytest.raises(SolverError, match="still moving"):
        chain.land(capsule(soil.Ground(2e3, 0.0, 0.0, 1e8)), 40.0, end=0.02)


def test_broken_numbers_are_an_error():
    with pytest.raises(SolverError, match="landing chain"):
        chain.land(capsule(CLAY), 40.0, factor=3.0)  # three times the stable step


def test_crush_curve_is_capped_and_monotone():
    curve = FOAM.curve()
    slope = np.diff(curve) / (1.5 / (curve.size - 1))
    assert curve[0] == FOAM.plateau and np.all(slope >= 0) and slope.max() <= FOAM.modulus * (1 + 1e-9)
