"""Axisymmetric statics: benchmarks, patch tests, consistent tangent, refusals."""

import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.meshing.mesh import SectionMesh
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.collapse import collapse_share
from containment.structure.loads import Loads, Supports
from containment.structure.plasticity import update
from containment.structure.solid import Solid, elastic, solid_grid
from containment.structure.statics import Statics, part
from containment.verification import structure
from containment.verification.bench_patches import skewed
from containment.verification.bench_sections import hollow_sphere, node_at, rectangle

STEEL = elastic("steel", 210e9, 0.3, expansion=12e-6, density=7800.0, yield_stress=240e6, hardening_modulus=1e9)
ALL_SIDES = ("outer", "bottom", "top")


def test_every_benchmark_of_the_statics_passes():
    failed = [f"{i.name}: {i.ours:g} against {i.reference:g}" for i in structure.items() if not i.ok]
    assert not failed


def test_patch_uniform_pressure_gives_uniform_stress():
    statics = Statics(skewed(), {"body": STEEL})
    result = statics.solve(Loads(pressure=dict.fromkeys(ALL_SIDES, 1e6)), Supports(pin=0))
    # rounding of the factorisation, relative to the pressure
    assert result.stress == pytest.approx(np.tile([-1e6, -1e6, -1e6, 0.0], (len(result.stress), 1)), abs=1e-3)
    assert abs(result.pin_reaction) < 1e-3


def test_free_heating_gives_strain_and_no_stress():
    section = skewed()
    warm = np.full(len(section.points), 393.15)
    result = Statics(section, {"body": STEEL}).solve(Loads(temperature=warm), Supports(pin=0))
    assert result.displacement[:, 0] == pytest.approx(1.2e-3 * section.points[:, 0], abs=1e-12)
    # E alpha dT is 252 MPa: a millionth of it is rounding
    assert np.abs(result.stress).max() < 252.0


def test_rigid_translation_leaves_stress_untouched():
    solid = AxisymmetricSolid(skewed())
    moved = np.tile([0.0, 0.3], solid.size // 2)
    assert np.abs(solid.strain(moved)).max() < 1e-13  # rounding of gradients of a constant


def test_inertia_in_balance_with_pressure_needs_no_support():
    section = rectangle(3, 3, r=(0.0, 0.1), z=(0.0, 0.1))
    mass = 7800.0 * np.pi * 0.1**2 * 0.1
    loads = Loads(acceleration=1e3, pressure={"bottom": mass * 1e3 / (np.pi * 0.1**2)})
    result = Statics(section, {"body": STEEL}).solve(loads, Supports(pin=0))
    assert abs(result.pin_reaction) < 1e-8 * mass * 1e3


def test_internal_force_is_the_sum_of_stress_times_strain_operator():
    solid = AxisymmetricSolid(skewed())
    rng = np.random.default_rng(2)
    stress = rng.standard_normal((*solid.radius.shape, 4))
    force = solid.internal_force(stress)
    direction = rng.standard_normal(solid.size)
    work = np.einsum("cp,cpk,cpk->", solid.weights, stress, solid.strain(direction))
    assert force @ direction == pytest.approx(work, rel=1e-12)  # rounding of 32 cells


def plastic_update(strain, old_plastic=0.002):
    points = strain.shape[:2]
    grid = solid_grid([STEEL])
    stress, tangent, yields = np.empty((*points, 4)), np.empty((*points, 4, 4)), np.empty(points)
    grown, plastic = np.empty((*points, 4)), np.empty(points)
    update(
        strain, np.full(points, 350.0), 293.15, np.zeros(points[0], dtype=np.int32), grid.start, grid.step,
        grid.youngs_modulus, grid.poissons_ratio, grid.thermal_strain, grid.yield_stress, grid.plastic_strain,
        grid.hardening, np.zeros((*points, 4)), np.full(points, old_plastic), stress, tangent, grown, plastic, yields,
    )  # fmt: skip
    return stress, tangent, plastic


def test_tangent_is_the_derivative_of_the_stress():
    strain = 5e-3 * np.random.default_rng(3).standard_normal((20, 3, 4))
    _, tangent, plastic = plastic_update(strain)
    assert (plastic > 0.002).all()
    h = 1e-8
    for k in range(4):
        step = np.zeros(4)
        step[k] = h
        change = (plastic_update(strain + step)[0] - plastic_update(strain - step)[0]) / (2.0 * h)
        # central difference: h^2 truncation and 1e-16 / h rounding, relative to 270 GPa
        assert np.abs(change - tangent[..., k]).max() < 1e-5 * 270e9


def test_plastic_stress_lies_on_the_yield_surface():
    from containment.structure.plasticity import mises

    strain = 5e-3 * np.random.default_rng(4).standard_normal((20, 3, 4))
    stress, _, plastic = plastic_update(strain)
    assert mises(stress) == pytest.approx(240e6 + 1e9 * plastic, rel=1e-9)  # 1e-12 of the return times rounding


def test_unloading_is_elastic_and_leaves_strain():
    section = hollow_sphere(6, 18, 0.1, 0.2)
    material = elastic("steel", 210e9, 0.3, yield_stress=240e6)
    statics = Statics(section, {"body": material})
    held = Supports(axial=("equator",))
    result = statics.solve(Loads(pressure={"inner": 250e6}), held)
    assert 0.0 < result.peak_plastic_strain.max() < 0.01
    assert result.utilisation.max() <= 1.0 + 1e-6  # perfectly plastic: at yield up to the residual
    back = statics.solve(Loads(pressure={"inner": 250e6}), held, shares=(1.0, 0.0001))
    assert np.abs(back.path[1]).max() > 1e-7


def test_a_part_without_support_is_named():
    statics = Statics(rectangle(2, 2, r=(0.5, 1.0)), {"body": STEEL})
    with pytest.raises(SolverError, match="no equilibrium"):
        statics.solve(Loads(pressure={"bottom": 1e6}), Supports())


def test_collapse_outside_the_bounds_is_refused():
    statics = Statics(hollow_sphere(3, 9, 0.1, 0.2), {"body": elastic("s", 210e9, 0.3, yield_stress=240e6)})
    with pytest.raises(SolverError, match="collapse is not between"):
        collapse_share(
            statics, Loads(pressure={"inner": 100e6}), Supports(axial=("equator",)), low=0.5, high=1.0, tolerance=0.1
        )


def test_temperature_beyond_the_card_is_refused():
    material = Solid(
        "cold", np.array([200.0, 400.0]), np.full(2, 1e9), np.full(2, 0.3), np.zeros(2), np.full(2, 1e6), 1.0,
        np.array([0.0, 1.0]), np.ones(2),
    )  # fmt: skip
    section = rectangle(2, 2)
    with pytest.raises(DataError, match="found 500 to 500 K"):
        Statics(section, {"body": material}).solve(Loads(temperature=np.full(9, 500.0)), Supports(pin=0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hardening": np.array([1.0, 0.5])}, "softens"),
        ({"youngs_modulus": np.array([1e9, -1e9])}, "Young"),
        ({"poissons_ratio": np.array([0.3, 0.5])}, "Poisson"),
        ({"temperature": np.array([400.0, 200.0])}, "rise"),
        ({"yield_stress": np.array([0.0, 1.0])}, "positive"),
        ({"plastic_strain": np.array([0.1, 1.0])}, "start with factor 1 at 0"),
    ],
)
def test_impossible_solids_are_refused(change, message):
    good = {
        "name": "x", "temperature": np.array([200.0, 400.0]), "youngs_modulus": np.full(2, 1e9),
        "poissons_ratio": np.full(2, 0.3), "thermal_strain": np.zeros(2), "yield_stress": np.full(2, 1e6),
        "density": 1.0, "plastic_strain": np.array([0.0, 1.0]), "hardening": np.ones(2),
    }  # fmt: skip
    Solid(**good)
    with pytest.raises(DataError, match=message):
        Solid(**(good | change))


def two_regions():
    section = rectangle(4, 2, r=(0.0, 2.0))
    region = (section.points[section.triangles, 0].mean(axis=1) > 1.0).astype(int)
    line = np.array([[node_at(section, 1.0, z), node_at(section, 1.0, z + 0.5)] for z in (0.0, 0.5)])
    return SectionMesh(
        section.points, section.triangles, region, np.concatenate([section.facets, line]),
        np.concatenate([section.facet, [9, 9]]), {"core": 0, "rim": 1}, section.facet_names | {"joint": 9},
    )  # fmt: skip


def test_a_line_between_regions_takes_pressure_only_where_it_is_outside():
    whole = two_regions()
    with pytest.raises(DataError, match="inside the body"):
        Statics(whole, {"core": STEEL, "rim": STEEL}).solve(Loads(pressure={"joint": 1e6}), Supports(pin=0))
    rim, nodes, cells = part(whole, ("rim",))
    assert np.array_equal(rim.points, whole.points[nodes]) and len(cells) == len(rim.triangles)
    assert "axis" not in rim.facet_names
    result = Statics(rim, {"rim": STEEL}).solve(Loads(pressure={"joint": 1e6}), Supports(axial=("bottom",)))
    assert result.displacement[:, 0].min() > 0.0  # a ring under inner pressure grows everywhere


def test_region_without_material_is_named():
    with pytest.raises(DataError, match="rim"):
        Statics(two_regions(), {"core": STEEL})
