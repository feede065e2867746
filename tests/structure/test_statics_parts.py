"""Statics beyond the section: volumes, membranes, contact, laminates, strain limits, lost and overlapping parts."""

import numpy as np
import pytest

from containment.errors import DataError, SolverError
from containment.meshing.mesh import SectionMesh
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.closure import preloaded
from containment.structure.contact import Contact, Plane
from containment.structure.equilibrium import State
from containment.structure.knockdown import axial_cylinder
from containment.structure.laminate import Laminate, Ply, laminate, turned
from containment.structure.loads import Held, Loads, Supports
from containment.structure.modes import buckling_factors, frequencies
from containment.structure.parts import check_parts
from containment.structure.section_solid import PlaneSolid
from containment.structure.shell_buckling import buckling
from containment.structure.solid import elastic
from containment.structure.statics import Statics
from containment.structure.strain_limit import damage, ductility
from containment.structure.volume import VolumeMesh, VolumeSolid
from containment.verification import bench_volumes
from containment.verification.bench_sections import rectangle, together

STEEL = elastic("steel", 210e9, 0.3, expansion=12e-6, density=7800.0, yield_stress=240e6, hardening_modulus=1e9)


# --- volumes and membranes


def test_volume_yields_as_the_section_does_under_simple_tension():
    bar = Statics(VolumeSolid(bench_volumes.brick((1, 1, 2))), {"body": STEEL})
    held = (Held("bottom", (2,)), Held("left", (0,)), Held("front", (1,)))
    result = bar.solve(Loads(pressure={"top": -250e6}), Supports(held=held), shares=(0.5, 1.0))
    # 10 MPa above yield over a hardening of 1 GPa per plastic strain
    assert result.plastic_strain == pytest.approx(0.01, rel=1e-6)
    assert result.reaction[2] == pytest.approx(-250e6, rel=1e-6)


def test_membrane_yields_without_stress_across():
    sheet = PlaneSolid(rectangle(2, 2), thickness=0.01, membrane=True)
    supports = Supports(radial=("axis",), axial=("bottom",))
    result = Statics(sheet, {"body": STEEL}).solve(Loads(pressure={"outer": -250e6}), supports, shares=(0.5, 1.0))
    assert result.plastic_strain == pytest.approx(0.01, rel=1e-6)
    assert np.abs(result.stress[:, 2]).max() < 1.0  # Pa, of 250 MPa


def test_tetrahedra_and_hexahedra_agree():
    ends = []
    for tetrahedra in (False, True):
        mesh = bench_volumes.brick((2, 2, 8), lambda unit: unit * [0.1, 0.1, 1.0], tetrahedra=tetrahedra)
        statics = Statics(VolumeSolid(mesh), {"body": STEEL})
        result = statics.solve(Loads(traction={"top": (1e5, 0.0, 0.0)}), Supports(held=(Held("bottom", (0, 1, 2)),)))
        ends.append(result.displacement[bench_volumes.node_at(mesh, 0.0, 0.0, 1.0), 0])
    # beam theory: F L^3 / (3 E I) and 0.8 % of shear; the clamped end cannot contract, which stiffens it by 1-2 %
    assert ends[0] == pytest.approx(1e3 / (3.0 * 210e9 * 1e-4 / 12.0) * 1.008, rel=0.02)
    assert ends[1] == pytest.approx(ends[0], rel=0.01)


def test_weight_of_a_volume_is_carried_by_its_support():
    bar = VolumeSolid(bench_volumes.brick((1, 1, 1)))
    result = Statics(bar, {"body": STEEL}).solve(Loads(acceleration=9.81), Supports(held=(Held("bottom", (0, 1, 2)),)))
    assert result.reaction[2] == pytest.approx(7800.0 * 9.81, rel=1e-9)  # rounding of the factorisation


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": np.zeros((1, 5), dtype=np.int64)}, "expected"),
        ({"region": np.zeros(2, dtype=np.int64)}, "region numbers"),
        ({"regions": {"body": 0, "lost": 1}}, "lost"),
        ({"points": np.ones((8, 3))}, "no volume"),
    ],
)
def test_impossible_volumes_are_refused(change, message):
    good = bench_volumes.brick((1, 1, 1))
    given = {name: getattr(good, name) for name in ("points", "cells", "region", "regions", "surfaces")}
    with pytest.raises(DataError, match=message):
        VolumeMesh(**(given | change))


def test_names_that_are_not_there_are_refused():
    body = VolumeSolid(bench_volumes.brick((1, 1, 1)))
    statics = Statics(body, {"body": STEEL})
    with pytest.raises(DataError, match="no surface 'lid'"):
        statics.solve(Loads(pressure={"lid": 1.0}), Supports())
    with pytest.raises(DataError, match="holds no node"):
        statics.solve(Loads(), Supports(held=(Held(lambda x: x[:, 0] > 5.0, (0,)),)))
    with pytest.raises(DataError, match="supports of sections"):
        statics.solve(Loads(), Supports(pin=0))
    with pytest.raises(DataError, match="no cells of lid, expected body, lid"):
        Statics(body, {"body": STEEL, "lid": STEEL})


# --- modes


def test_a_free_body_has_rigid_motions_of_no_frequency():
    sheet = Statics(PlaneSolid(rectangle(3, 3), membrane=True), {"body": STEEL})
    found = frequencies(sheet, Supports(), 4)
    assert found[:3].max() < 1e-3 * found[3]


def test_what_is_only_pulled_does_not_buckle():
    sheet = Statics(PlaneSolid(rectangle(3, 3), membrane=True), {"body": STEEL})
    supports = Supports(radial=("axis",), axial=("bottom",))
    result = sheet.solve(Loads(pressure={"outer": -1e6, "top": -1e6}), supports)
    with pytest.raises(SolverError, match="pull only"):
        buckling_factors(sheet, result, supports)


def test_ring_under_pressure_that_follows_buckles_at_three_bending_stiffnesses():
    ring = Statics(rectangle(1, 1, r=(0.99, 1.01), z=(0.0, 0.02)), {"body": elastic("ring", 70e9, 0.0)})
    loads = {"outer": 1e3}
    answer = ring.solve(Loads(pressure=loads), Supports(axial=("bottom",)))
    found = buckling(ring, answer, Supports(axial=("bottom",)), (2, 3), pressure=loads)
    # 3 E I / R^3 per length with t = 0.02; thickness changes R by 1 %
    assert found.waves == 2
    assert found.factor * 1e3 == pytest.approx(3.0 * 70e9 * 0.02**3 / 12.0, rel=0.03)


def test_knock_down_stays_within_its_tests():
    with pytest.raises(DataError, match="1500"):
        axial_cylinder(2000.0)


# --- contact


def two_blocks(gap=0.0):
    lower, upper = rectangle(3, 2, z=(0.0, 0.5)), rectangle(4, 2, z=(0.5 + gap, 1.0 + gap))
    return AxisymmetricSolid(together(lower, upper, ("lower", "upper")))


def pressed(solid, contact, down=1e-4, gap=0.0):
    held = (Held(lambda x: x[:, 1] > 1.0 + gap - 1e-9, (1,), lambda x: np.tile([0.0, -down], (len(x), 1))),)
    statics = Statics(solid, {"lower": STEEL.unyielding(), "upper": STEEL.unyielding()})
    return statics.solve(Loads(), Supports(axial=("lower_bottom",), held=held), joint=contact)


def test_even_pressure_passes_through_meshes_that_do_not_match():
    solid = two_blocks()
    contact = Contact(solid, "upper_bottom", "lower_top", 210e9)
    result = pressed(solid, contact)
    found = contact.touching(result.state.displacement, result.state.joint)
    assert found.pressure == pytest.approx(found.pressure.mean(), rel=1e-6)  # Newton stops at 1e-8
    # E u / L with the overlap p / k of the penalty besides: k = 20 E / (1/4)
    assert found.pressure.mean() == pytest.approx(210e9 * 1e-4 / (1.0 + 1.0 / 80.0), rel=1e-6)
    assert found.force == pytest.approx(np.pi * found.pressure.mean(), rel=1e-9)


def test_parts_apart_do_not_press():
    solid = two_blocks(gap=2e-4)
    contact = Contact(solid, "upper_bottom", "lower_top", 210e9)
    result = pressed(solid, contact, gap=2e-4)
    found = contact.touching(result.state.displacement, result.state.joint)
    assert found.force == 0.0 and found.gap == pytest.approx(1e-4, rel=1e-6)


def test_contact_that_starts_in_penetration_is_refused():
    with pytest.raises(DataError, match=r"overlap by 0\.1 m"):
        Contact(two_blocks(gap=-0.1), "upper_bottom", "lower_top", 210e9)
    with pytest.raises(DataError, match="does not face"):
        Contact(two_blocks(), "upper_bottom", "lower_bottom", 210e9)
    with pytest.raises(DataError, match=r"overlap by 0\.5 m"):
        Contact(two_blocks(), "lower_bottom", Plane((0.0, 0.5), (0.0, 1.0)), 210e9)


# --- laminates


def test_a_laminate_of_equal_constants_is_the_isotropic_material():
    shear = 210e9 / 2.6
    given = Laminate((210e9,) * 3, shear, shear, shear, 0.3, 0.3, 0.3, (12e-6,) * 3)
    angles = np.linspace(0.0, 3.0, 7)
    found = turned(given, np.column_stack([np.cos(angles), np.sin(angles)]))
    section = Statics(rectangle(2, 2), {"body": STEEL})
    tangent = section.elastic_tangent(293.15)[0, 0]
    assert np.abs(found.stiffness - tangent).max() < 1e-12 * tangent.max() * 10.0  # rounding of the turning
    assert found.expansion == pytest.approx(np.tile([12e-6, 12e-6, 12e-6, 0.0], (7, 1)), abs=1e-18)
    assert found.twist == pytest.approx(np.tile(shear * np.eye(2), (7, 1, 1)), abs=1.0)
    twist = section.points.twist(State.empty(section.body))
    assert twist.shape == (*section.body.shape, 2, 2)


@pytest.mark.parametrize(
    ("plies", "message"),
    [
        ([Ply(0.0, 0.5, 160e9, 9e9, 0.3, 5e9)], "add up to 0.5"),
        ([Ply(0.5, 1.0, 160e9, 9e9, 0.3, 5e9)], "not balanced"),
    ],
)
def test_impossible_laminates_are_refused(plies, message):
    with pytest.raises(DataError, match=message):
        laminate(plies, 9e9, 4e9)


def test_a_laminate_that_gives_energy_is_refused():
    with pytest.raises(DataError, match="energy by straining"):
        Laminate((160e9, 9e9, 9e9), 5e9, 5e9, 5e9, 0.3, 0.3, 1.2, (0.0, 0.0, 0.0))


# --- strain limit


def test_damage_adds_up_over_a_path():
    metal = ductility("stainless", 200e6, 500e6, 0.4)
    simple = np.array([[1.0, 0.0, 0.0, 0.0]])
    path = [(simple, np.array([0.1])), (simple, np.array([0.3])), (simple, np.array([0.3]))]
    assert damage(metal, path) == pytest.approx(0.3 / metal.uniaxial)
    # 3 ln(1.4): stainless steel tears late
    assert metal.uniaxial == pytest.approx(1.00942, abs=1e-5)


@pytest.mark.parametrize("given", [("bronze", 200e6, 500e6, 0.4), ("titanium", 500e6, 200e6, 0.4),
                                   ("titanium", 200e6, 500e6, 0.0)])  # fmt: skip
def test_impossible_metals_are_refused(given):
    with pytest.raises(DataError):
        ductility(*given)


# --- parts of a mesh


def joined(first, second):
    """Two bodies in one mesh, their common nodes merged."""
    mesh = together(first, second, ("core", "rim"))
    _, first_of, same = np.unique(np.round(mesh.points, 9), axis=0, return_index=True, return_inverse=True)
    return SectionMesh(
        mesh.points[first_of], same[mesh.triangles], mesh.region, same[mesh.facets], mesh.facet, mesh.regions,
        mesh.facet_names,
    )  # fmt: skip


def test_sound_parts_pass_and_a_lost_one_is_named():
    mesh = joined(rectangle(3, 3), rectangle(3, 3, r=(1.0, 2.0)))
    check_parts(mesh, ("core", "rim"))
    with pytest.raises(DataError, match="no cells of lid"):
        check_parts(mesh, ("core", "rim", "lid"))


def test_overlapping_parts_are_named():
    mesh = joined(rectangle(3, 3), rectangle(5, 7, r=(0.9, 2.0), z=(0.3, 0.7)))
    with pytest.raises(DataError, match="overlap: core and rim"):
        check_parts(mesh, ("core", "rim"))


def test_loose_parts_are_named():
    mesh = together(rectangle(3, 3), rectangle(2, 2, r=(1.1, 2.0)), ("core", "rim"))
    with pytest.raises(DataError, match="rim is loose"):
        check_parts(mesh, ("core", "rim"))


# --- closures


def bolted():
    """A bolt with its head over a sleeve: one mesh for the bolt with its head, one for the sleeve it clamps."""
    shank = rectangle(2, 10, r=(0.0, 0.01), z=(0.0, 0.1))
    head = rectangle(6, 3, r=(0.0, 0.03), z=(0.1, 0.12))
    mesh = joined(shank, head)
    under = mesh.points[mesh.facets].min(axis=1)
    on_seat = (mesh.points[mesh.facets][..., 1] == 0.1).all(axis=1) & (under[:, 0] >= 0.01 - 1e-9)
    tags = np.where(on_seat, 90, mesh.facet)
    kept = (mesh.points[mesh.facets][..., 1] != 0.1).any(axis=1) | on_seat
    names = {name: tag for name, tag in mesh.facet_names.items() if tag in tags[kept]} | {"seat": 90}
    bolt = SectionMesh(
        mesh.points, mesh.triangles, np.zeros_like(mesh.region), mesh.facets[kept], tags[kept], {"bolt": 0}, names
    )
    return together(bolt, rectangle(4, 10, r=(0.011, 0.03), z=(0.0, 0.1)), ("bolt", "sleeve"))


def test_bolt_gets_its_preload_and_gives_it_up_to_the_load():
    solid = AxisymmetricSolid(bolted())
    statics = Statics(solid, {"bolt": STEEL.unyielding(), "sleeve": STEEL.unyielding()})
    supports = Supports(axial=("bolt_core_bottom", "sleeve_bottom"))

    def joint(interference):
        return Contact(solid, "sleeve_top", "bolt_seat", 210e9, friction=0.2, interference=interference)

    def under(pull):
        loads = Loads(pressure={"bolt_rim_top": -pull / (np.pi * 0.03**2)})
        return preloaded(statics, joint, 5e4, loads, supports, first_guess=1e-4)

    shut = under(2e4)
    assert shut.assembled.force == pytest.approx(5e4, rel=1e-3)  # as the search stops
    # the sleeve is many times as stiff as the bolt: it gives up nearly all of the pull, (50 - 20) / 50, and stays shut
    assert 0.6 < shut.preload_left < 0.7 and shut.lowest_pressure > 0.0
    apart = under(8e4)
    assert apart.preload_left == 0.0 and apart.opening > 0.0 and apart.slips
    assert apart.answer.reaction[1] == pytest.approx(-8e4, rel=1e-6)  # the bolt alone carries the pull
