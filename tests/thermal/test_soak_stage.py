"""Stage soak on the baseline's section with a made-up heat shield: what goes in comes out, where and when it should."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from containment.case.load import load_case
from containment.errors import DataError, UsageError
from containment.meshing import stage as mesh_stage
from containment.meshing.mesh import SectionMesh
from containment.result import Response, StageResult
from containment.thermal import soak_stage
from containment.thermal.soak_answers import time_above
from containment.thermal.soak_shield import receded, shield_nodes, shield_temperature
from containment.thermal.soak_surface import descent_film, recovery_temperature, soil_contact

START = 270.0
THICKNESS = 0.03
LANDING = 375.0


@pytest.fixture(scope="module")
def case():
    return load_case("msr-ees", ["soak.recovery_time=1 h"])


@pytest.fixture(scope="module")
def coarse(case):
    return case.settings("screening").model_copy(update={"mesh_size": 0.024, "soak_steps": 40})


@pytest.fixture(scope="module")
def mesh(case, coarse):
    return mesh_stage.run(case, {}, coarse)


def entry(heating=1e7, air=220.0):
    """A flight that is hot for 40 s, slows down to 40 m/s and stays in air of one temperature."""
    time = np.linspace(0.0, LANDING, 376)
    hot = np.where(time < 40.0, heating * np.sin(np.pi * time / 40.0), 0.0)
    speed = np.where(time < 60.0, 11e3 * np.exp(-time / 11.0) + 40.0, 40.0)
    data = xr.Dataset(
        {
            "convective_flux": ("time", hot), "radiative_flux": ("time", 0.0 * hot), "speed": ("time", speed),
            "density": ("time", np.full(376, 0.5)), "temperature_inf": ("time", np.full(376, air)),
            "mach": ("time", speed / 300.0), "arc_length": ("station", [0.0, 0.4]),
        },
        {"time": time, "station": ["nose", "flank"]},
    )  # fmt: skip
    return StageResult("entry", {"entry.time_of_peak_deceleration": Response(22.0, "s")}, data)


def shield(hottest=1500.0, recession=0.003, intact=LANDING):
    """A front that decays into the ablator; the flank takes half of the heat of the nose."""
    time = np.linspace(0.0, LANDING, 376)
    fraction = np.linspace(0.0, 1.0, 60)
    warm = np.minimum(time / 40.0, 1.0)[None, :, None] * np.array([1.0, 0.5])[:, None, None]
    lost = recession * np.minimum(time / 40.0, 1.0)[None, :] * np.array([1.0, 0.5])[:, None]
    depth = lost[:, :, None] + fraction * (0.034 - lost[:, :, None])
    temperature = START + (hottest - START) * warm * np.exp(-depth / 0.004)
    char = np.linspace(0.0, THICKNESS, 50)
    data = xr.Dataset(
        {
            "temperature": (("station", "time", "depth_fraction"), temperature),
            "depth": (("station", "time", "depth_fraction"), depth), "recession": (("station", "time"), lost),
            "char_fraction": (("station", "layer_point"), np.tile(np.where(char < 0.008, 1.0, 0.0), (2, 1))),
            "char_depth": (("station", "layer_point"), np.tile(char, (2, 1))),
            "time_intact": ("station", [intact, LANDING]),
        },
        {"time": time, "station": ["nose", "flank"], "depth_fraction": fraction},
        {"thickness": THICKNESS},
    )  # fmt: skip
    return StageResult("heatshield", {}, data)


def upstream(mesh, **changes):
    return {"mesh": mesh, "entry": entry(), "heatshield": shield()} | changes


@pytest.fixture(scope="module")
def result(case, coarse, mesh, tmp_path_factory):
    return soak_stage.run(case, upstream(mesh), coarse, fields=tmp_path_factory.mktemp("fields"))


def test_energy_closes_and_the_times_are_those_of_the_flight(result):
    assert result.checks["energy_closure"].ok
    assert result.value("handover_time") == pytest.approx(40.0, abs=1.0)  # the grid of the flight
    assert float(result.data["time"][-1]) == pytest.approx(LANDING + 3600.0)
    assert result.data["snapshot_time"].values[0] == 22.0
    assert LANDING in result.data["snapshot_time"].values


def test_the_shield_drives_the_section_until_handover(result, mesh):
    section = SectionMesh.from_dataset(mesh.data)
    nodes = shield_nodes(section)
    at = int(np.flatnonzero(result.data["snapshot_time"].values == 22.0)[0])
    found = result.data["temperature_snapshot"].values[at]
    axis = nodes.node[nodes.arc < 1e-6]
    depth = section.points[axis, 1]
    # nodes stand at their final material depth, 3 mm of recession at the nose
    material = 0.003 + depth / THICKNESS * (THICKNESS - 0.003)
    expected = START + (1500.0 - START) * (22.0 / 40.0) * np.exp(-material / 0.004)
    assert found[axis] == pytest.approx(expected, abs=3.0)  # chords of the profile's 60 points


def test_heat_reaches_bond_then_vessel_then_samples(result):
    responses = {name: r.value for name, r in result.responses.items()}
    assert START < responses["soak.peak_sample_temperature"] <= responses["soak.peak_scv_seal_temperature"] + 1.0
    assert responses["soak.peak_bondline_temperature"] > START + 10.0
    assert responses["soak.time_of_peak_scv_seal_temperature"] > LANDING
    assert all(r.unit in ("K", "s") for r in result.responses.values())


def test_time_above_a_limit_is_counted_between_the_points():
    time, values = np.array([0.0, 10.0, 20.0, 30.0]), np.array([300.0, 400.0, 400.0, 300.0])
    assert time_above(time, values, 350.0) == pytest.approx(5.0 + 10.0 + 5.0)
    assert time_above(time, values, 500.0) == 0.0
    assert time_above(time, values, 200.0) == 30.0


def test_material_above_its_service_temperature_is_said(case, coarse, mesh, result):
    assert result.value("absorber_time_above_service") == 0.0
    warm = {"soak.ground.air_temperature": 480.0, "soak.ground.sky_temperature": 480.0}
    hot = soak_stage.run(case.at(warm), upstream(mesh), coarse)
    assert 0.0 < hot.value("absorber_time_above_service") <= 3600.0
    assert any("absorber is above its limit 'service'" in note for note in hot.notes)


def test_tubes_lie_inside_their_container_and_every_limit_is_timed(case, coarse, mesh, result):
    tubes, container = result.data["tubes_temperature"], result.data["sample_temperature"]
    assert (tubes <= container + 1e-9).all() and (tubes < container - 1e-3).any()
    assert result.value("time_of_peak_tubes_temperature") >= result.value("time_of_peak_sample_temperature")
    assert result.data["bondline_temperature"].attrs["limit_service"] == 523.0
    assert result.value("tubes_time_above_wanted") == 0.0
    with pytest.raises(DataError, match=r"soak\.limits names 'tube'"):
        soak_stage.run(load_case("msr-ees", ['soak.limits.tube.wanted="313 K"']), upstream(mesh), coarse)
    with pytest.raises(DataError, match=r"soak\.tube_depth"):
        soak_stage.run(case.at({"soak.tube_depth": 0.2}), upstream(mesh), coarse)


def test_nothing_happens_where_everything_has_one_temperature(case, coarse, mesh):
    even = {"entry": entry(air=START), "heatshield": shield(hottest=START)}
    even["entry"].data["mach"][:] = 0.0
    ground = {f"soak.ground.{name}_temperature": START for name in ("air", "sky", "soil")}
    result = soak_stage.run(case.at(ground), upstream(mesh, **even), coarse)
    assert np.ptp(result.data["temperature_snapshot"].values) < 1e-3  # tolerance of the iteration, 40 steps


def test_a_crushed_absorber_brings_the_vessel_nearer_to_the_shield(case, coarse, mesh, result):
    crushed = case.at({"soak.crushed.strain": 0.9})
    there = soak_stage.run(crushed, upstream(mesh), coarse)
    assert there.checks["energy_closure"].ok
    time = result.data["time"].to_numpy()
    seal = [r.data["scv_seal_temperature"].to_numpy() for r in (result, there)]
    assert (seal[0][time <= LANDING] == seal[1][time <= LANDING]).all()
    assert np.abs(seal[0] - seal[1]).max() > 0.5


def test_warmer_ground_warms_the_seal(case, coarse, mesh, result):
    warm = soak_stage.run(case.at({"soak.ground.air_temperature": 308.0}), upstream(mesh), coarse)
    assert warm.value("peak_scv_seal_temperature") > result.value("peak_scv_seal_temperature") + 0.1


def test_recession_moves_the_surface_and_leaves_the_bond(mesh):
    from containment.thermal.soak_input import shield_history

    section = SectionMesh.from_dataset(mesh.data)
    history = shield_history(shield().data, entry().data)
    nodes = shield_nodes(section)
    moved, remaining = receded(section, nodes, history)
    lost = section.region_volume("tps") - moved.region_volume("tps")
    assert lost == pytest.approx(0.0018 * section.facet_area("outer"), rel=0.15)  # 3 mm at the nose, 1.5 on the flank
    bond = section.facet_nodes("bondline")
    assert np.array_equal(moved.points[bond], section.points[bond])
    assert remaining == pytest.approx(0.9, abs=0.01)
    with pytest.raises(DataError, match="end at 375 s"):
        shield_temperature(nodes, history, 400.0)


def test_burn_through_is_limited_and_said(case, coarse, mesh):
    result = soak_stage.run(case, upstream(mesh, heatshield=shield(recession=0.0295, intact=30.0)), coarse)
    assert any("recession leaves" in note for note in result.notes)
    lost = [note for note in result.notes if "heat shield is lost" in note]
    assert len(lost) == 1 and "at station nose at 30.0 s; its last temperatures are held" in lost[0]


def test_missing_stage_other_material_or_other_start_are_refused(case, coarse, mesh):
    with pytest.raises(UsageError, match="heatshield"):
        soak_stage.run(case, {"mesh": mesh, "entry": entry()}, coarse)
    other = mesh.data.copy()
    other.attrs["materials"] = other.attrs["materials"].replace('"tacot"', '"carbon-phenolic"')
    with pytest.raises(DataError, match="carbon-phenolic"):
        soak_stage.run(case, upstream(dataclasses.replace(mesh, data=other)), coarse)
    with pytest.raises(DataError, match="never exceeds the hand-over flux"):
        soak_stage.run(case, upstream(mesh, entry=entry(heating=10.0)), coarse)
    cold = load_case("msr-ees", ["soak.initial_temperature=250 K"])
    with pytest.raises(DataError, match="the heat shield starts at 270 K"):
        soak_stage.run(cold, upstream(mesh), coarse)


def test_material_that_ends_below_the_reached_temperature_is_named(case, coarse, mesh):
    # the card of the gap ends at 600 K
    with pytest.raises(DataError, match=r"gap-filler reaches \d+ K at t = .*200 to 600 K"):
        soak_stage.run(
            case.at({"soak.ground.air_temperature": 900.0, "soak.ground.film": 500.0, "soak.recovery_time": 4e5}),
            upstream(mesh), coarse,
        )  # fmt: skip


def test_correlations_at_known_states():
    # Incropera, example 7.1 conditions: Re_L = 9597 is laminar there; the formula is checked at Re = 1e6 by hand:
    # mu(300 K) = 1.846e-5, k = mu cp / Pr = 0.02613, Nu = 0.037 * 1e6^0.8 * 0.71^(1/3) = 2082
    speed = 1e6 * 1.8458e-5 / (1.2 * 1.0)
    assert descent_film(speed, 1.2, 300.0, 1.0) == pytest.approx(2082.0 * 0.02613, rel=2e-3)
    assert recovery_temperature(220.0, 0.0) == 220.0
    assert recovery_temperature(220.0, 2.0) == pytest.approx(220.0 * (1.0 + 0.892 * 0.8), rel=1e-3)
    assert soil_contact(1400.0, 100.0, 0.0) == pytest.approx(100.0)
    assert soil_contact(1400.0, 1e9, 3600.0) == pytest.approx(1400.0 / np.sqrt(np.pi * 3600.0), rel=1e-3)
    assert soil_contact(1400.0, 0.0, 10.0) == 0.0


@pytest.mark.slow
def test_steps_and_mesh_are_fine_enough(case, coarse, mesh, result):
    finer = coarse.model_copy(update={"soak_steps": 320})
    reference = soak_stage.run(case, upstream(mesh), finer)
    for name in ("peak_scv_seal_temperature", "peak_pcv_seal_temperature", "peak_sample_temperature"):
        assert result.value(name) == pytest.approx(reference.value(name), abs=0.2)  # K, a tenth of the smallest scatter
