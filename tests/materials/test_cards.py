"""Cards: every shipped one loads and says where its numbers are from; faults name file and key."""

import tomllib

import pytest

from containment import materials, share
from containment.errors import DataError
from containment.materials.card import PROPERTIES

SHIPPED = sorted(share.names("materials"))
NEEDED = {
    "tacot", "carbon-phenolic", "carbon-carbon", "cfrp-im7", "foam-rohacell-110wf", "carbon-foam", "ti-6al-4v",
    "al-6061-t6", "al-7075-t6", "ss316l", "seal-fkm", "seal-metal", "braze-cusil", "gap-filler", "soil-clay", "rtv-560",
}  # fmt: skip
CARD = """schema = 1
title = "test"
description = "test"
[density]
value = 2.7
unit = "g/cm^3"
range = ["200 K", "600 K"]
source = "a book"
confidence = "found"
scatter = "not stated"
"""


@pytest.fixture
def card(tmp_path):
    def write(text):
        (tmp_path / "stuff.toml").write_text(text)
        return materials.load(str(tmp_path / "stuff.toml"))

    return write


def test_the_shelf_is_complete():
    assert set(SHIPPED) >= NEEDED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_of_every_card_has_source_confidence_and_unit(name):
    card = materials.load(name)
    raw = tomllib.loads(card.file.read_text())
    sets = [card, *card.states.values()]
    for found in (p for group in sets for p in group.properties.values()):
        assert len(found.source) >= 8 and found.unit == PROPERTIES[found.name]
        if found.confidence == "assumed":
            # an assumed figure says what it rests on
            assert any(word in found.source for word in ("assumed", "recalled", "baseline", "yield_strength", "crush"))
        if found.table is not None:
            assert (found.table.values >= 0).all() or "enthalpy" in found.name
    assert card.density() > 0 and raw["schema"] == 1
    for reaction in card.reactions:
        assert reaction.activation_energy > 0 and reaction.source
    for key in card.surface_tables:
        assert card.bprime(key).char_rate.shape[2] > 10


@pytest.mark.parametrize("path", sorted(share.shipped("materials").iterdir()), ids=lambda p: p.name)
def test_no_shipped_file_is_large(path):
    assert path.stat().st_size < 1_000_000


def test_tacot_numbers_are_those_of_its_source():
    card = materials.load("tacot")
    assert card.density() == 280.0 and card.char.value("density") == 220.0
    assert card.virgin.at("conductivity", 1667.0) == 0.6978 and card.char.at("heat_capacity", 644.4) == 1432.0
    released = card.value("matrix_density") * card.arrhenius()["fraction"].sum()
    assert released == pytest.approx(280.0 - 220.0, rel=1e-12)  # all that virgin loses is released as gas
    assert card.gas.grid("enthalpy")(1.01325, 200.0) == pytest.approx(-7.247e6, rel=1e-12)


def test_carbon_phenolic_kinetics_release_what_the_densities_differ_by():
    card = materials.load("carbon-phenolic")
    released = card.value("matrix_density") * card.arrhenius()["fraction"].sum()
    # the source gives densities to 0.1 kg/m3
    assert released == pytest.approx(card.virgin.value("density") - card.char.value("density"), abs=0.1)


def test_units_are_converted_and_ranges_kept(card):
    stuff = card(CARD)
    assert stuff.value("density") == pytest.approx(2700.0, rel=1e-12) and stuff.at("density", 300.0) == pytest.approx(
        2700.0
    )
    with pytest.raises(DataError, match="density: found temperature 700 K, expected 200 to 600 K"):
        stuff.at("density", 700.0)


def test_a_missing_property_is_an_error_never_a_default(card):
    with pytest.raises(DataError, match="no property 'conductivity'; the card gives density"):
        card(CARD).table("conductivity")


def test_a_number_without_range_cannot_be_used_over_temperature(card):
    stuff = card(CARD.replace('range = ["200 K", "600 K"]\n', ""))
    assert stuff.value("density") > 0
    with pytest.raises(DataError, match="no range"):
        stuff.table("density")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('unit = "g/cm^3"', 'unit = "W"', r"stuff.toml: density: found the unit 'W', expected a density"),
        ('source = "a book"\n', "", "density.source: found nothing"),
        ('confidence = "found"', 'confidence = "sure"', "density.confidence"),
        ("[density]", "[densty]", "densty: found an unknown property, .* did you mean 'density'|densty: found"),
        ("value = 2.7", "value = 2.7\ncolour = 3", "density.colour: found an unknown key"),
        ("value = 2.7", "table = [[300, 1.0], [300, 2.0]]", "found a range|strictly increasing"),
        ("value = 2.7", "", "found none of value, table and file"),
        ("value = 2.7", 'file = "other.csv"', "found a range|beside the card"),
        ('scatter = "not stated"', "hold_beyond = true", "scatter: found nothing"),
        ("schema = 1", "schema = 2", "schema: found 2"),
        ("schema = 1", "schema = = 1", "expected valid TOML"),
    ],
)
def test_faults_name_file_and_key(card, old, new, message):
    with pytest.raises(DataError, match=message) as caught:
        card(CARD.replace(old, new))
    assert "stuff.toml" in str(caught.value)


def test_table_that_does_not_increase_is_refused(card):
    text = CARD.replace("value = 2.7", "table = [[400, 1.0], [300, 2.0]]").replace('range = ["200 K", "600 K"]\n', "")
    with pytest.raises(DataError, match="strictly increasing temperatures"):
        card(text)


def test_unknown_card_names_the_nearest():
    with pytest.raises(DataError, match="tacot"):
        materials.load("tacott")
