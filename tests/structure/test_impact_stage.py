"""Stage impact: the container in its vessels in explicit finite elements, beside the chain it is held against."""

import pytest

from containment import commands
from containment.case.load import load_case
from containment.errors import DataError
from containment.structure import impact_stage, landing_stage

from .test_landing_stage import upstream


@pytest.fixture(scope="module")
def case():
    return load_case("msr-ees")


@pytest.fixture(scope="module")
def screening(case):
    return case.settings("screening").model_copy(update={"impact_branches": 1})


@pytest.fixture(scope="module")
def before(case, screening):
    stages = upstream()
    return stages | {"landing": landing_stage.run(case, stages, screening)}


def test_hardest_branch_first_then_the_likeliest(case, before):
    assert impact_stage._branches(case.landing, before["landing"], 1) == ["hard"]
    assert impact_stage._branches(case.landing, before["landing"], 2) == ["clay", "hard"]
    assert "tumbling" not in impact_stage._branches(case.landing, before["landing"], 9)


def test_without_a_bond_nothing_is_run_and_that_is_said(case, before, screening):
    loose = case.model_copy(update={"landing": case.landing.model_copy(update={"interface": None})})
    found = impact_stage.run(loose, before, screening)
    assert not [name for name in found.responses if name.startswith("impact.hard")]
    assert any("no [landing.interface]" in note for note in found.notes)


def test_missing_stages_are_named(case, screening):
    with pytest.raises(DataError, match=r"lacks \['landing'\]"):
        impact_stage.run(case, upstream(), screening)


@pytest.mark.slow
def test_the_chain_is_near_the_finite_elements_at_the_nominal_landing(case, tmp_path):
    found, _ = commands.stage(case, "impact", tmp_path, fidelity="screening")
    # nested vessels and a bond that tears, which the chain has not: within two widths of landing.model_factor
    width = case.landing.model_factor.uncertainty.parameters["sigma_ln"]
    for branch in ("clay", "hard"):
        assert abs(found.value(f"{branch}.chain_difference")) < 2.0 * width  # 5 and 13 % measured, of 20
        assert found.checks[f"{branch}_energy"].ok and found.checks[f"{branch}_hourglass"].ok
    assert list(tmp_path.rglob("impact*.xdmf"))
    assert found.data["os_acceleration"].sel(branch="clay").max() > 100.0 * 9.80665
