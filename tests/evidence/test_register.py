"""Evidence sets: what is shipped is whole, what cannot be true is refused with file and line."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from containment import share
from containment.errors import DataError
from containment.evidence.register import load

from .helpers import write_set

SHIPPED = sorted(share.shipped("evidence").iterdir())


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_shipped_sets_are_read_and_match_their_hash(folder: Path) -> None:
    card = tomllib.loads((folder / "card.toml").read_text("utf-8"))
    assert card["sha256"] == hashlib.sha256((folder / "data.csv").read_bytes()).hexdigest()
    data = load(folder)
    assert len(data) > 0
    assert all(data["source"]) and set(data["status"]) <= {"found", "derived", "assumed"}


def test_numbers_become_si() -> None:
    tubes = load(share.find("evidence", "tube-leaks"))
    # 1 atm cm^3/s = 101325e-6 Pa m^3/s exactly, so 4.6e-14 scc/s is 4.66095e-15; 1e-12 relative is round-off
    assert tubes["rate_high"][2] == pytest.approx(4.6e-14 * 101325e-6, rel=1e-12)
    assert tubes["temperature"][3] == pytest.approx(222.15, rel=1e-12)
    assert tubes["rate_low"][5] == 0.0


LEAK = "tube,ms,1e-10,1e-10,20,1,found,a paper"


@pytest.mark.parametrize(
    ("kind", "rows", "line", "words"),
    [
        ("leak-rates", "", 1, "no rows"),
        ("leak-rates", LEAK + "\ntube,ms,nan,1e-9,20,1,found,a paper", 3, "finite number"),
        ("leak-rates", LEAK + "\ntube,ms,1e-9,1e-10,20,1,found,a paper", 3, "rate_low <= rate_high"),
        ("leak-rates", LEAK + "\ntube,ms,,,20,1,found,a paper", 3, "at least one"),
        ("leak-rates", LEAK + "\ntube,ms,1e-11,1e-9,20,4,found,a paper", 3, "beyond the data"),
        ("leak-rates", LEAK + "\ntube,floored,1e-12,1e-12,20,1,found,a paper", 3, "below its floor"),
        ("leak-rates", LEAK + "\ntube,floored,,1e-12,20,1,found,a paper", 3, "censored at the floor"),
        ("leak-rates", LEAK + "\ntube,ms,1e-10,1e-10,20,1.5,found,a paper", 3, "whole number"),
        ("leak-rates", LEAK + "\ntube,ms,1e-10,1e-10,20,1,found,", 3, "its source"),
        ("leak-rates", LEAK + "\ntube,ms,1e-10,1e-10,20,1,guessed,a paper", 3, "found, derived or assumed"),
        ("leak-rates", LEAK + "\ntube,ms,1e-10", 3, "cells"),
        ("leak-rates", LEAK + "\ntube,ms,1e-10,1e-10,-300,1,found,a paper", 3, "temperature"),
        ("demands", "cans,closure,10,11,1,found,a paper", 2, "at most 10"),
        ("demands", "cans,closure,10,1,1.5,found,a paper", 2, "within 0 to 1"),
        ("demands", "cans,closure,0,0,1,found,a paper", 2, "within 1 to inf"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, kind: str, rows: str, line: int, words: str) -> None:
    card = '[methods.floored]\nfloor = "1e-11 Pa*m^3/s"' if kind == "leak-rates" else ""
    folder = write_set(tmp_path / "set", kind, rows, card=card)
    with pytest.raises(DataError) as error:
        load(folder)
    assert error.value.exit_code == 3
    assert f"data.csv:{line}: " in str(error.value) and words in str(error.value)


def test_unknown_and_missing_columns(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "a", "demands", "x,closure,1,0,1,found,p,2", header="item,question,demands,failures,relevance,status,source,colour")  # fmt: skip  # noqa: E501
    with pytest.raises(DataError, match=r"data.csv:1: found the column 'colour'"):
        load(folder)
    folder = write_set(tmp_path / "b", "demands", "x,closure,1,0,found,p", header="item,question,demands,failures,status,source")  # fmt: skip  # noqa: E501
    with pytest.raises(DataError, match="no column 'relevance'"):
        load(folder)


def test_empty_file(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", "demands", "")
    (folder / "data.csv").write_bytes(b"")
    with pytest.raises(DataError, match=r"data.csv:1: found an empty file"):
        load(folder)


def test_wrong_unit_is_refused_before_any_number(tmp_path: Path) -> None:
    units = 'rate_low = "Pa*m^3/s"\nrate_high = "m/s"\ntemperature = "degC"'
    folder = write_set(tmp_path / "set", "leak-rates", LEAK, units=units)
    with pytest.raises(DataError, match=r"card.toml:\d+: .*leak rate"):
        load(folder)


def test_changed_data_and_incomplete_cards(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "a", "demands", "cans,closure,10,1,1,found,p", card=f'sha256 = "{"0" * 64}"')
    with pytest.raises(DataError, match="data changed after the card"):
        load(folder)
    card = folder / "card.toml"
    text = card.read_text("utf-8")
    for old, new, words in [
        ('source = "of a test"', "", "no 'source'"),
        ('kind = "demands"', 'kind = "wishes"', "'wishes'"),
        ("schema = 1", "schema = 1\ncolour = 3", "'colour'"),
        ("schema = 1", "schema =", "not valid TOML"),
    ]:
        card.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(DataError, match=words):
            load(folder)
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "nowhere")
