"""Soil as a continuum: the return map on paths with a closed answer, and soils that are none."""

import dataclasses

import numpy as np
import pytest

from containment.errors import DataError
from containment.structure.explicit_soil import SoilSolid, soil
from containment.verification import bench_ground

UTTR = 600.0 * 9.80665  # m/s^2, the drops stayed below
SAND = SoilSolid(
    density=1600.0, youngs_modulus=50e6, poissons_ratio=0.25, cohesion=20e3, slope=1.0, limit=5e6, cap=0.2e6,
    cap_modulus=2e6, locking=0.3,
)  # fmt: skip
SHEAR = 50e6 / 2.5
BULK = 50e6 / 1.5


def path(strains, jacobian=1.0):
    """Kirchhoff stresses (3,), state and plastic work after a path of total principal strains."""
    law, state = np.array(SAND.row()), np.zeros(8)
    plastic, work = np.zeros(3), 0.0
    for strain in strains:
        *answer, done, _ = soil(law, jacobian, *(np.asarray(strain) - plastic), state)
        plastic = np.asarray(strain) - np.array(answer[:3])
        work += done
    return np.array(answer[3:6]), state, work


def cap(k):
    return SAND.cap + SAND.cap_modulus * k / (1.0 - k / SAND.locking)


def test_isotropic_compression_follows_the_cap():
    """K (e - k) = cap(k): the pressure of the cap at the compaction that is left."""
    volume = np.linspace(0.0, 0.2, 40)[1:]
    stress, state, work = path([(-v / 3.0,) * 3 for v in volume])
    assert stress == pytest.approx(-cap(state[5]), rel=1e-9)
    assert BULK * (volume[-1] - state[5]) == pytest.approx(cap(state[5]), rel=1e-9)
    k = np.linspace(0.0, state[5], 4001)
    assert work == pytest.approx(np.trapezoid(cap(k), k), rel=0.03)  # implicit steps take the pressure at their end
    assert state[4] == 0.0


def test_below_the_cap_and_the_strength_it_is_elastic():
    stress, state, work = path([(-2e-3, -1e-3, -1e-3)])
    volume = -4e-3
    assert stress[0] == pytest.approx(BULK * volume + 2.0 * SHEAR * (-2e-3 - volume / 3.0), rel=1e-12)
    assert not state.any() and work == 0.0


def test_one_dimensional_compression_ends_on_both_surfaces():
    """Oedometer: q of the shear strength at the pressure of the cap, so that K0 = (p - q/3) / (p + 2q/3)."""
    stress, state, _ = path([(-v, 0.0, 0.0) for v in np.linspace(0.0, 0.15, 60)[1:]])
    p, q = -stress.mean(), abs(stress[0] - stress[1])
    assert p == pytest.approx(cap(state[5]), rel=1e-9)
    assert q == pytest.approx(min(SAND.cohesion + SAND.slope * p, SAND.limit), rel=1e-9)
    assert stress[1] == pytest.approx(stress[2])


def test_tension_is_cut_off_without_strength():
    stress, _, work = path([(1e-3, 1e-3, 1e-3)])
    assert stress == pytest.approx(0.0, abs=1e-6)
    assert work == pytest.approx(0.0, abs=1e-9)  # a cut at no stress takes no energy; the strain is lost


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"density": 0.0}, "density 0"),
        ({"cohesion": 0.0, "slope": 0.0}, "no shear strength"),
        ({"slope": 3.5}, "slope 3.5"),
        ({"cap_modulus": 0.0}, "a cap that does not harden"),
        ({"locking": 0.0}, "locking strain 0"),
        ({"poissons_ratio": 0.5}, "Poisson ratio 0.5"),
    ],
)
def test_what_is_no_soil_is_refused(change, found):
    with pytest.raises(DataError, match=found):
        dataclasses.replace(SAND, **change)


def test_a_meshed_ground_stops_the_drop_as_its_columns_do():
    run = bench_ground.penetrate(bench_ground.UTTR)
    assert run.peak("body", 5e-4) < UTTR and run.ledger_error < 1e-3
    assert 0.1 < bench_ground.depth(run) < 0.19  # columns of 0.5 MPa: 0.187 m, of twice that 0.15 m
    softer = bench_ground.penetrate(bench_ground.UTTR, 4e4)
    assert bench_ground.depth(softer) > bench_ground.depth(run)


@pytest.mark.slow
def test_the_same_clay_buries_genesis():
    assert all(item.ok for item in bench_ground.items())
