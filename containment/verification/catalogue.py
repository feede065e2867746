"""The benchmark catalogue: every topic yields items with a reference, our answer, and the difference it may have."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import containment.verification as package
from containment.errors import UsageError

_NOT_TOPICS = ("catalogue", "entry_flights", "entry_statistics")  # the last two are parts of `entry`
# A room whose benchmarks fill several modules: its name runs them all, each module is a topic of its own too.
_ROOMS = {"thermal": ("thermal", "soak", "damage"), "landing": ("landing", "explicit")}


@dataclass(frozen=True)
class Item:
    """One benchmark: `difference` is in the sense of `tolerance` (relative unless `unit` of the tolerance says so).

    `name` starts with its topic ("entry.allen-eggers.peak-deceleration"). `ok` is None where nothing was run because
    a foreign program is not on this machine: neither passed nor failed.
    """

    name: str
    reference: float
    ours: float
    difference: float
    tolerance: float
    unit: str
    source: str
    ok: bool | None

    @classmethod
    def relative(cls, name: str, reference: float, ours: float, tolerance: float, unit: str, source: str) -> Item:
        """Difference relative to the reference."""
        difference = float(abs(ours - reference) / abs(reference))
        return cls(
            name, float(reference), float(ours), difference, tolerance, unit, source, bool(difference <= tolerance)
        )

    @classmethod
    def absolute(cls, name: str, reference: float, ours: float, tolerance: float, unit: str, source: str) -> Item:
        """Difference in the unit of the values."""
        difference = float(abs(ours - reference))
        return cls(
            name, float(reference), float(ours), difference, tolerance, unit, source, bool(difference <= tolerance)
        )

    @classmethod
    def at_most(cls, name: str, limit: float, ours: float, unit: str, source: str) -> Item:
        """A number that must not exceed a limit; the difference is the excess."""
        excess = max(0.0, float(ours - limit))
        return cls(name, float(limit), float(ours), excess, 0.0, unit, source, bool(ours <= limit))

    @classmethod
    def not_run(cls, name: str, lacking: str, source: str) -> Item:
        """A comparison with something this machine does not have."""
        return cls(name, math.nan, math.nan, math.nan, math.nan, "", f"not run, {lacking} is missing: {source}", None)


def topics() -> list[str]:
    """Names of the modules that have benchmarks."""
    found = (module.name for module in pkgutil.iter_modules(package.__path__))
    return [name for name in found if not name.startswith("bench_") and name not in _NOT_TOPICS]


def run(names: Iterable[str] = ()) -> Iterator[Item]:
    """Items of the named topics (all without names); a name may go on into a topic ("entry.stardust").

    Raises UsageError for a name that no topic answers to.
    """
    known = topics()
    for name in list(names) or known:
        topic = name.split(".")[0]
        if topic not in known:
            raise UsageError(f"no benchmarks for {name!r}", advice=f"there are: {', '.join(known)}")
    for name in list(names) or known:
        for module in _ROOMS.get(name, (name.split(".")[0],)) if names else (name,):
            items = importlib.import_module(f"{package.__name__}.{module}").items()
            whole = name in known
            yield from (item for item in items if whole or item.name == name or item.name.startswith(f"{name}."))
