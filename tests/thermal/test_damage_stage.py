"""Stage damage: a crater's run from the sections of a case, and what it refuses."""

import numpy as np
import pytest
import xarray as xr

from containment.case.load import load_case
from containment.errors import CaseError, UsageError
from containment.thermal import damage_stage, heatshield_stage

HEAT = """time [s], film_coefficient [kg/m^2/s], recovery_enthalpy [J/kg], pressure [Pa]
0, 0, 1e7, 1e4
1, 0.2, 1e7, 1e4
40, 0.2, 1e7, 1e4
41, 0, 1e7, 1e4
60, 0, 1e5, 1e4
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    file = tmp_path_factory.mktemp("heat") / "heat.csv"
    file.write_text(HEAT)
    sets = [f'heatshield.environment.file="{file}"', "heatshield.initial_temperature=300 K"]
    return load_case("msr-ees", sets).only(("damage", "heatshield"))


@pytest.fixture(scope="module")
def coarse():
    return load_case("msr-ees").settings("screening").model_copy(update={"heatshield_cells": 32})


def test_far_from_the_crater_the_shield_is_sound(case, coarse, tmp_path):
    upstream = {"heatshield": heatshield_stage.run(case, {}, coarse)}
    found = damage_stage.run(case, upstream, coarse, fields=tmp_path)
    assert all(check.ok for check in found.checks.values())
    assert set(found.checks) == {"energy", "sound_recession"}
    data, depth = found.data, case.damage.depth.value
    assert float(data["recession_middle"][0]) == pytest.approx(depth)
    assert float(data["recession_sound"][-1]) > 1e-4
    assert found.value("remaining_thickness") == pytest.approx(0.03 - float(data["recession_middle"].max()), abs=1e-4)
    assert data["bondline_middle"].max() > data["bondline_sound"].max() + 1.0  # 20 mm of shield instead of 30
    assert found.value("burnt_through") == 0.0
    assert (tmp_path / "damage.xdmf").stat().st_size > 1000
    for name, values in data.data_vars.items():
        assert np.isfinite(values).all(), name
        assert values.attrs["units"] in ("m", "K")


def test_a_shield_that_burns_through_is_an_outcome_with_its_time(case, coarse):
    deep = case.at({"damage.depth": 0.0285, "damage.radius": 0.02})
    found = damage_stage.run(deep, {}, coarse)  # what the bond is like then is not known
    assert (found.value("above_table"), found.value("burnt_through")) == (1.0, 0.0)
    assert found.value("peak_bondline_temperature") == pytest.approx(560.0, abs=1e-6)  # the history ends there
    assert any("layer bond is hotter than the 560.0 K up to which rtv-560 is known" in note for note in found.notes)
    hot = found.value("time_intact")
    bare = deep.heatshield.model_copy(update={"layers": {"tps": deep.heatshield.layers["tps"]}})
    found = damage_stage.run(deep.model_copy(update={"heatshield": bare}), {}, coarse)
    assert found.value("burnt_through") == 1.0
    assert hot < found.value("time_intact") < 41.0
    assert found.value("remaining_thickness") == pytest.approx(0.03 * 0.03, rel=1e-9)  # three per cent of 30 mm
    assert any("the ablator is through, at" in note for note in found.notes)
    assert isinstance(found.data, xr.Dataset)


def test_a_slot_and_an_unknown_station_are_refused(case, coarse):
    with pytest.raises(CaseError, match="a depth of three radii at most"):
        load_case("msr-ees", ['damage.radius="2 mm"'])
    lost = case.model_copy(update={"damage": case.damage.model_copy(update={"station": "nose"})})
    with pytest.raises(UsageError, match=r"names 'nose', expected one of stagnation"):
        damage_stage.run(lost, {}, coarse)
