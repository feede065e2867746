"""Every entry benchmark of `containment verify entry` holds; the catalogue refuses names it does not have."""

import itertools

import pytest

from containment.errors import UsageError
from containment.verification import catalogue
from containment.verification.catalogue import Item


def test_every_entry_benchmark_passes():
    items = list(catalogue.run(["entry"]))
    assert len(items) > 30
    failed = [f"{item.name}: {item.ours:g} against {item.reference:g}" for item in items if item.ok is False]
    assert not failed


def test_a_name_selects_the_items_below_it():
    seven = itertools.islice(catalogue.run(["entry.lees"]), 7)  # as many as there are: the others are not run for them
    names = [item.name for item in seven]
    assert len(names) == 7 and all(name.startswith("entry.lees.") for name in names)


def test_unknown_topic_is_a_usage_error():
    with pytest.raises(UsageError, match="no benchmarks for 'entri'"):
        list(catalogue.run(["entri"]))


def test_an_item_fails_when_it_should():
    assert not Item.relative("x.y", 100.0, 103.1, 0.03, "g", "").ok
    assert not Item.absolute("x.y", 31.0, 31.6, 0.5, "km", "").ok
    assert not Item.at_most("x.y", 1e-6, 2e-6, "", "").ok
