from dataclasses import replace

import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.structure import chain_calibration, chain_capsule
from containment.structure.chain_capsule import Block, Capsule, Forebody, Tuning, land
from containment.structure.crushable import Foam
from containment.structure.soil import Ground
from containment.verification.bench_capsule_chain import baseline
from containment.verification.bench_landing_samples import Sample, as_chain

G0 = 9.80665
WINDOW = 5e-4
CLAY = Ground(5e5, 0.0, 320.0, 3e8)


def peak(body, speed=40.0):
    return land(body, speed, gravity=G0).peak(-1, WINDOW)


def test_masses_add_up():
    body = baseline(None)
    made = chain_capsule.assemble(body)
    foam = body.block.foam.density * made.weight.sum()
    assert made.mass.sum() == pytest.approx(73.0 + 19.08 + foam, rel=1e-12)
    assert 30 <= made.mass.size <= 60
    assert made.area.sum() == pytest.approx(np.pi * 0.625**2, rel=1e-2)  # footprint of the whole forebody


def test_monotone_in_speed_and_absorber():
    assert np.all(np.diff([peak(baseline(None), v) for v in (20.0, 30.0, 40.0, 50.0)]) > 0)
    # steps of 3 to 4 cm: between them the lumps that lock one after the other make the peak wavy by 5 %
    thick = [peak(replace(baseline(None), block=replace(baseline(None).block, thickness=t))) for t in (0.07, 0.1, 0.14)]
    assert np.all(np.diff(thick) < 0)
    depths = [land(baseline(replace(CLAY, strength=s)), 40.0).penetration.max() for s in (2e5, 5e5, 1e6)]
    assert np.all(np.diff(depths) < 0)


def test_ground_sets_the_order():
    found = [peak(baseline(ground)) for ground in (CLAY, replace(CLAY, strength=4e6), None)]
    assert np.all(np.diff(found) > 0)
    assert 500 < found[0] / G0 < 900  # a rigid cone in soil of 0.5 MPa: about 670 g at 40 m/s


def test_small_rock_dents_more_than_a_plane():
    rock = land(replace(baseline(None), rock_radius=0.15), 40.0)
    plane = land(baseline(None), 40.0)
    # the nose itself stops at once on both: within the give of a column, v sqrt(m/k), and of its neighbours' push
    assert 0.0 < rock.penetration.max() < 3e-3 and 0.0 < plane.penetration.max() < 3e-3
    assert rock.ground_force.mean() < plane.ground_force.mean()  # fewer rings reach the ground
    large = land(replace(baseline(None), rock_radius=1e6), 40.0)
    assert large.peak(-1, WINDOW) == pytest.approx(plane.peak(-1, WINDOW), rel=1e-3)  # a flat rock is a plane


def test_a_shell_that_bounces_back_crushes_the_absorber_on():
    # stiff soil throws the shell back at 25 m/s: it meets the vessel, which has stopped, and that is the peak
    sample = Sample(43.14, 0.97e6, 0.0877, 15.4, 66.9, 57.5e6, 0.625, 0.0, 9.56e6, 536.0, 1.0)
    history = land(as_chain(sample, Tuning()), sample.speed)
    shell, vessel = history.speeds
    stopped = np.argmax(vessel <= 0.0)
    assert vessel[stopped] - shell[stopped] > 10.0  # still closing
    assert history.stroke[-1] > history.stroke[stopped] + 5e-3
    assert np.max((vessel - shell)[-2:]) < 0.05 * sample.speed  # no more when it ends


def test_an_absorber_crushed_to_nothing_is_an_error():
    sample = Sample(43.4, 1.6e6, 0.079, 19.4, 68.9, 29e6, 0.664, 0.021, 1e6, 0.0, 0.0)
    with pytest.raises(SolverError, match="crushed to nothing"):
        land(replace(as_chain(sample, Tuning()), rock_radius=0.12), sample.speed)


def test_laid_down_means_nothing_moves():
    history = land(baseline(None), 0.0, gravity=G0)
    assert history.peak(-1, WINDOW) == 0.0 and history.steps == 0
    assert chain_calibration.load().correction(baseline(None), 0.0) == 1.0


def test_impossible_inputs_are_refused():
    body = baseline(None)
    with pytest.raises(DataError, match="landing speed"):
        land(body, float("nan"))
    with pytest.raises(DataError, match="thickness 0 m"):
        replace(body.block, thickness=0.0)
    with pytest.raises(DataError, match="leave no mass"):
        replace(body.forebody, mass=-3.0)
    with pytest.raises(DataError, match="contact fewer"):
        replace(body, plays=())
    with pytest.raises(DataError, match="around the vessel"):
        land(replace(body, block=replace(body.block, radius=0.1)), 40.0)
    with pytest.raises(DataError, match="rock"):
        replace(body, rock_radius=0.0)
    with pytest.raises(DataError, match="thin shell"):
        land(replace(body, forebody=replace(body.forebody, thickness=0.4)), 40.0)
    with pytest.raises(DataError, match="without strength"):
        Ground(0.0, 0.0, 0.0, 1e8)
    with pytest.raises(SolverError, match="still moving"):
        land(baseline(Ground(1e3, 0.0, 0.0, 1e8)), 40.0, end=0.02)


def test_tuning_of_the_ideal_section_is_the_default():
    foam = Foam(1.2e6, 90e6, 60.9, 0.67)
    shell = Forebody(1.25, 0.3, np.pi / 3, 0.033, 75.0, 20e9, 60e6, 1e8)
    ideal = Capsule(shell, Block(foam, 0.1, 0.24, 0.09, 1.3e6), 0.152, (19.0,))
    assert ideal.tuning == Tuning(1.0, 0.375, 1.0, 2.0)


def test_calibration_is_complete_and_corrects_rigid_ground_only():
    found = chain_calibration.load()
    assert found.correction(baseline(None), 40.0) == pytest.approx(np.exp(found.constant))
    assert found.correction(baseline(CLAY), 40.0) == 1.0
    assert 0.0 < found.left_soil < 0.2 and 0.0 < found.left_hard < 0.2


def test_missing_calibration_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(chain_calibration, "shipped", lambda: tmp_path / "chain.toml")
    chain_calibration.load.cache_clear()
    with pytest.raises(DataError, match="bench_landing --write"):
        chain_calibration.load()
    chain_calibration.load.cache_clear()
