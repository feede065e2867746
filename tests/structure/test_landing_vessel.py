import numpy as np
import pytest

from containment.case.landing import Seam
from containment.errors import DataError
from containment.structure import seal
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.solid import elastic
from containment.structure.statics import part
from containment.structure.vessel import Seats, Vessel

from .landing_section import section

TITANIUM = elastic("titanium", 110e9, 0.342, density=4430.0, yield_stress=880e6, hardening_modulus=1e9)
BRAZE = Seam.model_validate(
    {
        "kind": "braze", "normal_strength": "300 MPa", "shear_strength": "180 MPa", "strength_factor": 0.8,
        "void_fraction": 0.1, "preload": "0 Pa", "stiffness": "1e13 Pa/m",
    }
)  # fmt: skip
BOLTED = BRAZE.model_copy(update={"kind": "preloaded", "preload": BRAZE.preload.at(20e6)})


@pytest.fixture(scope="module")
def vessel():
    return Vessel(section(), "scv", "scv_seal", TITANIUM, 300.0, Seats(np.pi / 2, np.pi / 4, True))


def test_unit_loads_balance(vessel):
    assert vessel.pin_reactions.max() < 1e-9  # inertia balances each load: the pin only stops drift
    assert vessel.mass == pytest.approx(4430 * 4 / 3 * np.pi * (0.18**3 - 0.178**3), rel=2e-3)  # 64 chords


def test_membrane_at_the_seam_is_the_inertia_of_the_rear_half(vessel):
    # net force N moves the vessel with a = N/m; the seam carries half the mass: sigma = -(m/2) a / (2 pi R t)
    loads = np.array([[150e3, 120e3, 0.0, 0.0], [0.0, 0.0, 0.0, 50e3]])
    found = vessel.respond(loads).traction
    area = 2 * np.pi * 0.179 * 0.002
    # pushed from the front the rear half is pushed along (compression); pushed at the rear inside it drags the front
    assert found.membrane == pytest.approx(
        [-15e3 / area, 25e3 / area], rel=1e-6
    )  # exact by equilibrium, up to the solve
    assert abs(found.shear[1]) < 1e-3 * found.membrane[1]  # far from the cap the wall is a membrane


def test_local_pressure_gives_the_membrane_stress_of_a_sphere():
    # even pressure over the whole outside (both caps of 90 degrees): sigma = p R / 2 t everywhere, no net force
    v = Vessel(section(), "scv", "scv_seal", TITANIUM, 300.0, Seats(np.pi / 2, np.pi / 4, True))
    pressure = 1e6
    front = pressure * np.pi * 0.18**2
    # under half of it the front is close to p R / 2 t and the rear nearly free but for inertia
    mean = v.utilisation(np.array([front, 0.0, 0.0, 0.0])) * 880e6
    assert np.median(mean[: len(mean) // 4]) == pytest.approx(pressure * 0.18 / (2 * 0.002), rel=0.25)


def test_superposition_is_linear_and_plastic_only_beyond_yield(vessel):
    one = vessel.respond(np.array([[300e3, 240e3, 0.0, 0.0]]))
    two = vessel.respond(np.array([[600e3, 480e3, 0.0, 0.0]]))
    assert two.peak == pytest.approx(2 * one.peak, rel=1e-12)
    assert vessel.utilisation(np.array([600e3, 480e3, 0.0, 0.0])).max() == pytest.approx(two.peak, rel=1e-12)
    assert vessel.strain_beyond_yield(np.array([300e3, 240e3, 0.0, 0.0])) == (0.0, True)
    force = np.array([1.0, 0.8, 0.0, 0.0]) * 600e3 / two.peak
    little, _ = vessel.strain_beyond_yield(1.1 * force)
    more, _ = vessel.strain_beyond_yield(1.3 * force)
    neuber = (1.3**2 - 1.0) * 880e6 / 110e9
    assert 0 < little < more <= neuber * (1 + 1e-9)


def test_statics_without_superposition_gives_the_same(vessel):
    forces = np.array([200e3, 150e3, 0.0, 0.0])
    direct = vessel.yielding(forces)  # below yield: elastic
    ours = vessel.utilisation(forces)
    # theirs is the mean of Mises over a cell, ours Mises of the mean stress: bending within a cell differs
    assert direct.von_mises / 880e6 == pytest.approx(ours, abs=5e-3)
    assert direct.utilisation.max() == pytest.approx(ours.max(), rel=0.02)


def _seam_of_linear_stress(membrane, bending, shear):
    mesh, _, _ = part(section(wall=0.004), ("pcv",))
    solid = AxisymmetricSolid(mesh, degree=4)  # linear stress times shape function times radius is cubic
    cut = seal.seam_cut(solid, "pcv_seal")
    stress = np.zeros((*solid.radius.shape, 4))
    stress[..., 1] = membrane + bending * (solid.radius - 0.158) / 0.002
    stress[..., 3] = shear
    return seal.traction(solid, cut, stress, np.zeros(solid.radius.shape))


def test_seam_linearisation_and_interaction():
    # each alone: these fields are not in equilibrium in a curved wall, together one would show in the other
    pulled, bent = _seam_of_linear_stress(50e6, 0.0, 0.0), _seam_of_linear_stress(0.0, 10e6, 0.0)
    assert pulled.membrane == pytest.approx(50e6, rel=0.01)  # elements lean by 1.5 degrees off the cut
    assert bent.bending == pytest.approx(10e6, rel=0.05)
    # shear alone is not in equilibrium with free surfaces and would bend the cut; its own resultant is exact
    sheared = _seam_of_linear_stress(0.0, 0.0, 9e6)
    assert abs(sheared.shear) == pytest.approx(9e6, rel=0.02)
    found = seal.Traction(pulled.membrane, bent.bending, sheared.shear)
    expected = (found.edge_tension / 300e6 + abs(found.shear) / 180e6) / (0.9 * 0.8)
    assert seal.braze_utilisation(found, BRAZE) == pytest.approx(expected, rel=1e-12)
    assert seal.opening(found, BRAZE) == 0.0  # below its strength a braze stays shut
    assert seal.opening(found, BOLTED) == pytest.approx((found.edge_tension - 20e6) / 1e13, rel=1e-9)
    pushed = seal.Traction(-found.membrane, found.bending, found.shear)
    assert seal.braze_utilisation(pushed, BRAZE) == pytest.approx(abs(found.shear) / 180e6 / 0.72, rel=1e-12)


def test_seam_without_sound_area_is_refused():
    none = seal.Traction(np.zeros(1), np.zeros(1), np.zeros(1))
    with pytest.raises(DataError, match="sound area"):
        seal.braze_utilisation(none, BRAZE.model_copy(update={"void_fraction": BRAZE.void_fraction.at(1.0)}))


def test_seat_too_small_for_the_mesh_is_refused():
    with pytest.raises(DataError, match="seat angle"):
        Vessel(section(count=8), "pcv", "pcv_seal", TITANIUM, 300.0, Seats(0.05, 0.05, False))
