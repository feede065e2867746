"""The catalogue: names run what they say, what could not be run is neither passed nor failed."""

from __future__ import annotations

import json

import pytest

from containment import screen
from containment.errors import UsageError
from containment.verification import catalogue
from containment.verification.catalogue import Item


class Topic:
    def __init__(self, *names: str) -> None:
        self.names = names

    def items(self):
        return (Item.relative(name, 1.0, 1.0, 1e-6, "m", "by hand [1]") for name in self.names)


@pytest.fixture
def shelf(monkeypatch):
    topics = {
        "landing": Topic("landing.cone", "landing.cone.depth", "landing.conea"),
        "explicit": Topic("explicit.taylor", "explicit.wave"),
        "entry": Topic("entry.lees"),
    }
    monkeypatch.setattr(catalogue, "topics", lambda: list(topics))
    monkeypatch.setattr(catalogue.importlib, "import_module", lambda name: topics[name.rsplit(".", 1)[-1]])


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], ["landing.cone", "landing.cone.depth", "landing.conea", "explicit.taylor", "explicit.wave", "entry.lees"]),
        (["landing"], ["landing.cone", "landing.cone.depth", "landing.conea", "explicit.taylor", "explicit.wave"]),
        (["landing.cone"], ["landing.cone", "landing.cone.depth"]),
        (["explicit", "entry"], ["explicit.taylor", "explicit.wave", "entry.lees"]),
    ],
)
def test_names_choose_items(shelf, asked, expected):
    assert [item.name for item in catalogue.run(asked)] == expected


def test_every_name_is_looked_at_before_anything_runs(shelf):
    with pytest.raises(UsageError, match="no benchmarks for 'thermodynamics'"):
        next(catalogue.run(["entry", "thermodynamics"]))


@pytest.mark.parametrize(("ours", "good"), [(1.0, True), (2.0, False), (float("nan"), False)])
def test_what_is_not_run_is_neither_passed_nor_failed(capsys, ours, good):
    items = [Item.relative("a", 1.0, ours, 0.1, "m", "x"), Item.not_run("b", "ccx", "a deck [2]")]
    assert screen.catalogue(items, json=False) is good
    text = capsys.readouterr().out
    assert ("1 of 2 passed, 1 not run" if good else "0 of 2 passed, 1 FAILED, 1 not run") in text
    assert "ccx is missing" in text and "a deck [2]" in text
    assert screen.catalogue(items, json=True) is good
    rows = json.loads(capsys.readouterr().out)
    assert [row["ok"] for row in rows] == [good, None] and rows[1]["ours"] is None
