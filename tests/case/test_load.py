"""Reading cases: every fault at once, at its line, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from containment.case.load import load_case
from containment.errors import CaseError, UsageError

HEAD = 'schema = 1\nname = "test"\n'


def write(folder: Path, text: str, name: str = "test.toml") -> Path:
    file = folder / name
    file.write_text(HEAD + text)
    return file


def faults(file: Path, *overrides: str) -> list[str]:
    with pytest.raises(CaseError) as caught:
        load_case(file, overrides)
    assert caught.value.exit_code == 3
    return str(caught.value).splitlines()


def test_value_in_units_becomes_si(tmp_path):
    file = write(tmp_path, '[requirement]\nprobability = 1e-6\nparticle = "10 nm"\nassurance = "95 %"\n')
    case = load_case(file)
    assert case.requirement.particle.value == 1e-8
    assert case.requirement.assurance.value == 0.95


def test_all_faults_are_reported_at_once_with_line_and_column(tmp_path):
    file = write(tmp_path, '[requirement]\nprobability = 2.0\nparticle = "10 kg"\nasurance = 0.9\n')
    lines = faults(file)
    assert len(lines) == 4  # too large, wrong dimension, unknown key, missing key
    assert lines[0].startswith(f"{file}:3:2: requirement.assurance: found nothing")
    assert f"{file}:4:1: requirement.probability: found 2, expected at most 1" in lines[1]
    assert f"{file}:5:1: requirement.particle: found the unit 'kg', expected a length" in lines[2]
    assert f"{file}:6:1: requirement.asurance: found an unknown key" in lines[3]
    assert "did you mean 'assurance'?" in lines[3]


def test_bare_number_where_a_unit_is_needed(tmp_path):
    file = write(tmp_path, "[requirement]\nprobability = 1e-6\nparticle = 10\nassurance = 0.95\n")
    assert "found the bare number 10" in faults(file)[0]


@pytest.mark.parametrize(
    ("uncertainty", "words"),
    [
        ('{ kind = "epistemic", distribution = "uniform", low = "2 nm", high = "1 nm" }', "low < high"),
        ('{ kind = "epistemic", distribution = "normal", sd = "-1 nm" }', "sd > 0"),
        ('{ kind = "epistemic", distribution = "beta", a = 0, b = 2 }', "a > 0"),
        ('{ kind = "sometimes", distribution = "normal", sd = "1 nm" }', '"aleatory" or "epistemic"'),
        ('{ kind = "aleatory", distribution = "gauss", sd = "1 nm" }', "one of normal"),
        ('{ kind = "aleatory", distribution = "normal", sd = "1 nm", cov = 0.1 }', "exactly one of them"),
        ('{ kind = "aleatory", distribution = "lognormal" }', "sigma_ln"),
        ('{ kind = "aleatory", distribution = "triangular", low = "11 nm", high = "12 nm" }', "between low and high"),
    ],
)
def test_impossible_distribution(tmp_path, uncertainty, words):
    head = "[requirement]\nprobability = 1e-6\nassurance = 0.9\n"
    (line,) = faults(write(tmp_path, f'{head}particle = {{ value = "10 nm", uncertainty = {uncertainty} }}\n'))
    assert words in line
    assert ":6:" in line


def test_syntax_error_names_the_line(tmp_path):
    (line,) = faults(write(tmp_path, "[requirement\n"))
    assert ":3:" in line
    assert "valid TOML" in line


def test_correlation_must_be_positive_definite(tmp_path):
    text = """
[requirement]
probability = 1e-6
assurance = 0.9
particle = { value = "10 nm", uncertainty = { kind = "epistemic", distribution = "normal", sd = "1 nm" } }
[correlations.a]
inputs = ["requirement.particle", "requirement.asurance"]
matrix = [[1.0, 1.2], [1.2, 1.0]]
"""
    lines = faults(write(tmp_path, text))
    assert any("positive definite" in line and ":10:1:" in line for line in lines)
    assert any("'requirement.asurance'" in line for line in lines)


def test_extends_merges_and_keeps_places(tmp_path):
    write(tmp_path, '[requirement]\nprobability = 1e-6\nassurance = 0.9\nparticle = "10 nm"\n', "base.toml")
    child = tmp_path / "child.toml"
    child.write_text('extends = "base.toml"\nname = "child"\n[requirement]\nparticle = "50 nm"\n')
    case = load_case(child)
    assert (case.name, case.requirement.particle.value, case.requirement.assurance.value) == ("child", 5e-8, 0.9)
    child.write_text('extends = "base.toml"\n[requirement]\nparticle = "50 s"\n')
    assert str(faults(child)[0]).startswith(f"{child}:3:1:")


def test_extends_in_a_circle(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('extends = "a.toml"\n')
    with pytest.raises(CaseError, match=r"circle|called"):
        load_case(file)


def test_set_replaces_or_moves(tmp_path):
    spread = 'uncertainty = { kind = "epistemic", distribution = "normal", sd = "1 nm" }'
    file = write(
        tmp_path,
        f'[requirement]\nprobability = 1e-6\nassurance = 0.9\nparticle = {{ value = "10 nm", {spread} }}\n',
    )
    fixed = load_case(file, ['requirement.particle="20 nm"'])
    moved = load_case(file, ["requirement.particle.value=20 nm", "requirement.assurance.value=0.8"])
    assert fixed.requirement.particle.uncertainty is None
    assert moved.requirement.particle.uncertainty is not None
    assert fixed.requirement.particle.value == moved.requirement.particle.value == 2e-8
    assert moved.requirement.assurance.value == 0.8
    assert "--set: requirement.particel" in faults(file, "requirement.particel=1")[0]


def test_sample_is_put_in_by_path(tmp_path):
    case = load_case(write(tmp_path, '[requirement]\nprobability = 1e-6\nassurance = 0.9\nparticle = "10 nm"\n'))
    assert case.at({"requirement.particle": 3e-8}).requirement.particle.value == 3e-8
    with pytest.raises(UsageError, match="no value 'requirement"):
        case.at({"requirement.size": 1.0})


def test_resolved_case_reads_back_the_same(tmp_path):
    from containment.case.dump import to_toml

    case = load_case("msr-ees")
    copy = tmp_path / "case.toml"
    copy.write_text(to_toml(case))
    again = load_case(copy)
    for (path, a), (_, b) in zip(case.quantities(), again.quantities(), strict=True):
        assert a.value == b.value, path
        assert (a.uncertainty and a.uncertainty.parameters) == (b.uncertainty and b.uncertainty.parameters), path
        assert (a.source, a.confidence) == (b.source, b.confidence), path


def test_schema_in_the_tree_is_fresh():
    from containment.case.json_schema import TARGET, text

    assert TARGET.read_text() == text(), "run `python -m containment.case.json_schema`"


def test_unknown_key_deep_in_a_kind_of_table():
    """The place is the one in the file, without the tag pydantic uses to choose between kinds."""
    with pytest.raises(CaseError) as caught:
        load_case("msr-ees", ["landing.surfaces.hard.rock_radios=1 m", "heatshield.layers.tps.thiknes=1 mm"])
    text = str(caught.value)
    assert "landing.surfaces.hard.rock_radios: found an unknown key" in text
    assert "did you mean 'rock_radius'" in text
    assert "did you mean 'thickness'" in text


def test_a_card_beside_the_case_is_found_by_the_stages(tmp_path, monkeypatch):
    from containment import materials, share
    from containment.case.dump import to_toml

    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "our-titanium.toml").write_text((share.shipped("materials") / "ti-6al-4v.toml").read_text())
    text = 'schema = 1\nextends = "msr-ees"\nname = "ours"\n[geometry.regions.pcv]\nmaterial = "our-titanium"\n'
    (folder / "ours.toml").write_text(text)
    case = load_case(folder / "ours.toml")
    monkeypatch.chdir(tmp_path)
    assert materials.load(case.geometry.regions["pcv"].material).name == "our-titanium"
    (tmp_path / "run.toml").write_text(to_toml(case))
    assert load_case(tmp_path / "run.toml").geometry.regions == case.geometry.regions  # the run folder finds it too
