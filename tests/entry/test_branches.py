"""Off-nominal entries of a case."""

import math

import numpy as np
import pytest

from containment.case.load import load_case
from containment.entry import branches, setup
from containment.entry import stage as entry_stage
from containment.errors import CaseError

CASE = load_case("msr-ees")
NOMINAL = entry_stage.run(CASE, {}, CASE.settings("screening"))


def value(branch, name):
    return NOMINAL.value(f"{branch}.{name}")


def test_tumbling_below_the_speed_of_sound_changes_the_landing_only():
    assert value("tumbling", "peak_deceleration") == pytest.approx(NOMINAL.value("peak_deceleration"), rel=1e-4)
    # terminal speed by the ratio of drag coefficients, 0.88 to 0.28; the fall from higher speed lags by up to 2 %
    assert value("tumbling", "landing_speed") == pytest.approx(
        NOMINAL.value("landing_speed") * math.sqrt(0.88 / 0.28), rel=0.02
    )


def test_backward_entry_heats_the_backshell_until_it_turns():
    assert value("backward", "backshell_heat_load") > 3 * 0.03 * NOMINAL.value("heat_load")
    assert value("backward", "landing_speed") == pytest.approx(NOMINAL.value("landing_speed"), rel=1e-3)
    never = load_case(
        "msr-ees", ['entry.branches.never={ attitude = "backward", drag = 1.1, backshell_radius = "0.4 m" }']
    )
    worst, _ = branches.fly(never.vehicle, never.entry, never.entry.branches["never"])
    assert worst["backshell_heat_load"][0] > 5 * value("backward", "backshell_heat_load")


def test_legs_join_where_the_vehicle_turns():
    """Turning with the same drag and radius as nose first must be the nominal flight."""
    same = 'attitude = "backward", drag = 1.2, backshell_radius = "0.3 m", recovers_at = "60 km", afterbody_share = 1.0'
    case = load_case(
        "msr-ees",
        [f"entry.branches.same={{ {same} }}", "vehicle.drag.mach=[0.0, 50.0]", "vehicle.drag.coefficient=[1.2, 1.2]"],
    )
    joined, _ = branches.fly(case.vehicle, case.entry, case.entry.branches["same"])
    whole = setup.fly(case.vehicle, case.entry).summary
    assert joined["duration"][0] == pytest.approx(whole[15], rel=1e-6)
    assert joined["peak_deceleration"][0] == pytest.approx(whole[0], rel=1e-5)
    assert joined["heat_load"][0] == pytest.approx(whole[12] + whole[13], rel=1e-4)


def test_targeting_errors_move_the_deceleration_the_right_way():
    # 1 deg steeper: +5.7 % (cross-check of the baseline)
    assert value("steep", "peak_deceleration") / NOMINAL.value("peak_deceleration") == pytest.approx(1.057**2, abs=0.02)
    assert value("shallow", "peak_deceleration") < NOMINAL.value("peak_deceleration")
    assert value("retained-mass", "landing_speed") / NOMINAL.value("landing_speed") == pytest.approx(
        math.sqrt(115 / 95), rel=0.003
    )


def test_every_response_has_a_unit_and_is_finite():
    found = {name: r for name, r in NOMINAL.responses.items() if name.count(".") == 2}
    assert len(found) == 8 * len(CASE.entry.branches)
    assert all(np.isfinite(r.value) and (r.unit or name.endswith(".landed")) for name, r in found.items())
    assert all(value(branch, "landed") == 1.0 for branch in CASE.entry.branches)


def test_a_branch_that_skips_out_is_an_outcome():
    case = load_case("stardust", ['entry.branches={ shallow = { angle_change = "3 deg" } }'])
    result = entry_stage.run(case, {}, case.settings("screening"))
    assert result.value("shallow.landed") == 0.0
    assert math.isnan(result.value("shallow.landing_speed")) and result.value("shallow.peak_deceleration") > 0
    assert any(note.startswith("Branch shallow: the vehicle skips out") for note in result.notes)


def test_a_backward_entry_that_never_comes_down_to_where_it_turns():
    turn = (
        'attitude = "backward", drag = 1.1, backshell_radius = "0.4 m", recovers_at = "40 km", angle_change = "3 deg"'
    )
    case = load_case("stardust", [f"entry.branches={{ back = {{ {turn} }} }}"])
    values, ending = branches.fly(case.vehicle, case.entry, case.entry.branches["back"])
    assert values["landed"][0] == 0.0 and ending.startswith("skips out")


@pytest.mark.parametrize(
    ("branch", "message"),
    [('{ attitude = "tumbling" }', "no drag"), ('{ attitude = "backward", drag = 1.0 }', "no backshell_radius")],
)
def test_incomplete_branches_are_refused(branch, message):
    with pytest.raises(CaseError, match=message):
        load_case("msr-ees", [f"entry.branches.lost={branch}"])
