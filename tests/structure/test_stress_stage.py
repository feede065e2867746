"""Stage stress on the baseline's section: loads in balance, closed forms, refusals."""

import numpy as np
import pytest
import xarray as xr

from containment.case.load import load_case
from containment.errors import CaseError, DataError, UsageError
from containment.materials import load as load_card
from containment.meshing import stage as mesh_stage
from containment.meshing.lines import edge_normals
from containment.result import Response, StageResult
from containment.structure import stress_stage
from containment.structure.entry_load import FlowState, axial_force, cone_buckling_pressure, newtonian
from containment.verification.bench_sections import hollow_sphere

PEAK = 22.5


@pytest.fixture(scope="module")
def case():
    return load_case("msr-ees")


@pytest.fixture(scope="module")
def coarse(case):
    return case.settings("screening").model_copy(update={"mesh_size": 0.024})


@pytest.fixture(scope="module")
def mesh(case, coarse):
    return mesh_stage.run(case, {}, coarse)


def upstream(mesh, temperature=293.15, dynamic=54e3, deceleration=1039.0):
    time = np.linspace(0.0, 40.0, 81)
    entry = xr.Dataset(
        {
            name: ("time", np.full(81, value))
            for name, value in (
                ("stagnation_pressure", 1.9 * dynamic + 30.0), ("static_pressure", 30.0), ("dynamic_pressure", dynamic),
                ("deceleration", deceleration),
            )
        },
        {"time": time},
    )  # fmt: skip
    nodes = mesh.data.sizes["node"]
    soak = xr.Dataset(
        {"temperature_snapshot": (("snapshot", "node"), np.full((1, nodes), temperature))},
        {"snapshot_time": ("snapshot", [PEAK])},
    )
    return {
        "mesh": mesh,
        "entry": StageResult("entry", {"entry.time_of_peak_deceleration": Response(PEAK, "s")}, entry),
        "soak": StageResult("soak", {}, soak),
    }


@pytest.fixture(scope="module")
def result(case, coarse, mesh, tmp_path_factory):
    return stress_stage.run(case, upstream(mesh), coarse, fields=tmp_path_factory.mktemp("fields"))


def test_loads_are_in_balance_and_agree_with_the_drag(result):
    assert result.checks["load_balance"].ok
    assert result.checks["deceleration"].ok
    # 60 deg cone: C_p,max sin^2(60 deg) = 1.9 * 0.75 on most of the area; the nose adds, the rounded shoulder takes
    force = result.value("axial_acceleration") * 95.0
    assert 1.9 * 0.72 < force / (54e3 * np.pi * 0.625**2) < 1.9 * 0.80


def test_stress_scales_with_the_load_when_nothing_is_warm(case, coarse, mesh, result):
    half = stress_stage.run(case, upstream(mesh, dynamic=27e3), coarse)
    # the constant 30 Pa of ambient pressure does not scale
    assert half.value("shell_peak_stress") == pytest.approx(0.5 * result.value("shell_peak_stress"), rel=2e-3)
    assert half.value("shell_utilisation") == pytest.approx(0.5 * result.value("shell_utilisation"), rel=2e-3)


def test_heating_adds_thermal_stress(case, coarse, mesh, result):
    warm = stress_stage.run(case, upstream(mesh, temperature=393.15), coarse)
    assert warm.value("pcv_peak_stress") > 1.05 * result.value("pcv_peak_stress")


def test_more_vehicle_mass_gives_less_acceleration(case, coarse, mesh, result):
    heavy = stress_stage.run(case.at({"vehicle.mass": 105.0}), upstream(mesh), coarse)
    assert heavy.value("axial_acceleration") == pytest.approx(result.value("axial_acceleration") * 95 / 105, rel=1e-9)


def test_force_that_does_not_agree_with_the_flight_fails_its_check(case, coarse, mesh):
    off = stress_stage.run(case, upstream(mesh, deceleration=1500.0), coarse)
    assert not off.checks["deceleration"].ok


def test_newtonian_pressure_on_a_sphere_is_half_the_stagnation_pressure_on_its_disc():
    section = hollow_sphere(1, 200, 0.5, 1.0)
    flow = FlowState(stagnation=1.0e5, ambient=0.0, dynamic=5.0e4)
    normal, length, radius = edge_normals(section, "outer")
    # the half sphere of this mesh points along +z: turn the flow
    normal = normal * [1.0, -1.0]
    force = axial_force(normal, length, radius, newtonian(normal, flow, 0.0))
    assert force == pytest.approx(0.5 * 1.0e5 * np.pi, rel=1e-4)  # int sin^2 over the sphere, 200 chords


def test_cone_buckling_by_hand():
    # R = 0.775, L = 0.5485, L/R = 0.7077, (R/t)^2.5 = 258.3^2.5 = 1.0726e6
    found = cone_buckling_pressure(70e9, 3e-3, np.pi / 3, 0.15, 0.625, 0.75)
    assert found == pytest.approx(0.92 * 0.75 * 70e9 / (0.7077 * 1.0726e6), rel=1e-3)


def test_seams_stay_closed_and_no_ductility_is_used(result):
    assert result.value("scv_seal_opening") == 0.0 and result.value("pcv_seal_opening") == 0.0
    assert result.value("scv_seal_contact_pressure") > 15e6  # most of the 20 MPa it was closed with
    assert result.value("scv_strain_limit_damage") == 0.0


def test_yielding_vessels_use_ductility(case, coarse, mesh):
    hard = case.at({"vehicle.mass": 60.0})
    crushed = stress_stage.run(hard, upstream(mesh, dynamic=9e6), coarse)
    assert crushed.value("scv_utilisation") > 1.0
    assert 0.0 < crushed.value("scv_strain_limit_damage")


def test_shell_buckles_between_its_ring_and_its_nose(case, coarse, mesh, result):
    closer = coarse.model_copy(update={"buckling_waves": 12})
    held = stress_stage.run(case, upstream(mesh), closer)
    free = stress_stage.run(load_case("msr-ees", ["stress.buckling_held=[]"]), upstream(mesh), closer)
    share = held.value("shell_linear_buckling_utilisation")
    # the closed form knows neither the absorber behind the cone nor its nose: within a third
    assert share == pytest.approx(result.value("shell_buckling_utilisation"), rel=0.33)
    assert held.value("shell_buckling_waves") > 4
    assert free.value("shell_linear_buckling_utilisation") > 2.0 * share


def test_laminate_with_the_constants_of_the_card_changes_nothing_and_a_stiffer_one_does(case, coarse, mesh, result):
    card = load_card("carbon-carbon")
    young, nu, alpha = (card.at(name, 293.15) for name in ("youngs_modulus", "poissons_ratio", "thermal_expansion"))

    def laminated(around):
        values = {f"modulus_{way}": f"'{young} Pa'" for way in ("along", "through")}
        values |= {"modulus_around": f"'{around} Pa'"}
        pairs = ("along_through", "through_around", "around_along")
        values |= {f"shear_{pair}": f"'{young / (2.0 + 2.0 * nu)} Pa'" for pair in pairs}
        values |= {f"poisson_{pair}": nu for pair in ("along_through", "along_around", "through_around")}
        values |= {f"expansion_{way}": f"'{alpha} 1/K'" for way in ("along", "through", "around")}
        text = ", ".join(f"{key} = {value}" for key, value in values.items())
        changed = load_case("msr-ees", [f"stress.laminate={{ {text} }}"])
        return stress_stage.run(changed, upstream(mesh), coarse)

    # the residual is 1e-8 of the load
    assert laminated(young).value("shell_peak_stress") == pytest.approx(result.value("shell_peak_stress"), rel=1e-6)
    shrinks = np.abs(laminated(2.0 * young).data["displacement_radial"]).max()
    assert shrinks < 0.95 * np.abs(result.data["displacement_radial"]).max()


def test_missing_stage_and_missing_snapshot_are_refused(case, coarse, mesh):
    stages = upstream(mesh)
    with pytest.raises(UsageError, match="soak"):
        stress_stage.run(case, {"mesh": mesh, "entry": stages["entry"]}, coarse)
    early = StageResult("soak", {}, stages["soak"].data.assign_coords(snapshot_time=("snapshot", [10.0])))
    with pytest.raises(DataError, match=r"no temperatures at 22\.5 s"):
        stress_stage.run(case, stages | {"soak": early}, coarse)


def test_a_section_heavier_than_the_vehicle_is_refused(case, coarse, mesh):
    with pytest.raises(DataError, match="expected at most the vehicle's 30 kg"):
        stress_stage.run(case.at({"vehicle.mass": 30.0}), upstream(mesh), coarse)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("stress.unmodelled_mass.scv=0.5", "shares of 1.4"),
        ('stress.passive=["tps", "structure"]', "structure"),
        ("stress.buckling_knockdown=1.5", "at most 1"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(CaseError, match=message):
        load_case("msr-ees", [change])
