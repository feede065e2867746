"""Reading material cards: TOML, tables beside them as CSV, units to SI. Every fault names the file and the key."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from containment import share
from containment.errors import DataError
from containment.materials.card import (
    PROPERTIES,
    BprimeEntry,
    Card,
    Property,
    PropertyEntry,
    PropertySet,
    Reaction,
    ReactionEntry,
    Scatter,
    nearest_property,
)
from containment.materials.table import Bprime, Grid, Table
from containment.units import UnitError, parse

_STATES = ("virgin", "char", "gas")
_ADVICE = "correct the card; the shipped ones in models/materials show the form"
_COLUMN = re.compile(r"^\s*(\w+)\s*\[(.*)\]\s*$")

Floats = npt.NDArray[np.float64]


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: int
    title: str
    description: str
    reaction: tuple[ReactionEntry, ...] = ()
    bprime: dict[str, BprimeEntry] = {}


class _Place(NamedTuple):
    """Where in which card something is written; makes the errors."""

    file: Path
    key: str

    def fault(self, found: str, expected: str, advice: str = _ADVICE) -> DataError:
        return DataError(f"{self.file}: {self.key}: found {found}, expected {expected}", advice=advice)

    def number(self, raw: object, unit: str) -> float:
        try:
            return parse(raw, unit)[0]
        except UnitError as error:
            raise self.fault(error.found, error.expected) from error


def load(name: str) -> Card:
    """The card called `name`: a path, on CONTAINMENT_PATH, or shipped. Raises DataError with file and key."""
    return read(share.find("materials", name))


def read(file: Path) -> Card:
    """Read one card file; once, as long as neither it nor a table beside it changes."""
    try:
        beside = [path for path in file.parent.iterdir() if path.suffix == ".csv" or path.name == file.name]
        stamps = tuple(sorted((path.name, path.stat().st_mtime_ns) for path in beside))
    except OSError:
        stamps = ()  # what is wrong with it is said below
    return _read(file, stamps)


@functools.lru_cache(maxsize=64)
def _read(file: Path, stamps: tuple[tuple[str, int], ...]) -> Card:
    del stamps  # only tell files that have changed
    raw = _tables(file)
    own: dict[str, Any] = {}
    states: dict[str, dict[str, Any]] = {}
    head: dict[str, Any] = {}
    for key, value in raw.items():
        if key in ("schema", "title", "description", "reaction", "bprime"):
            head["schema_" if key == "schema" else key] = value
        elif key in _STATES:
            states[key] = value
        else:
            own[key] = value
    top = _validated(_Head, head, _Place(file, ""))
    if top.schema_ != 1:
        raise _Place(file, "schema").fault(str(top.schema_), "1")
    label = f"material {file.stem}"
    sets = {state: PropertySet(f"{label} ({state})", _properties(file, states[state], state)) for state in states}
    if bool(top.reaction) != bool(states) or (top.reaction and set(states) != set(_STATES)):
        found = f"reactions {len(top.reaction)} and states {sorted(states) or 'none'}"
        raise _Place(file, "reaction").fault(
            found, "reactions together with [virgin], [char] and [gas], or none of them"
        )
    return Card(
        owner=label, properties=_properties(file, own, ""), name=file.stem, title=top.title,
        description=top.description, file=file, states=sets,
        reactions=tuple(_reaction(file, entry) for entry in top.reaction),
        surface_tables={key: _surface_table(file, key, entry, label) for key, entry in top.bprime.items()},
    )  # fmt: skip


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{file}: {error}, expected valid TOML", advice=_ADVICE) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{file}: cannot be read as text ({error})", advice="check the path and its permissions"
        ) from error


def _validated[M: BaseModel](model: type[M], raw: object, place: _Place) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            key = ".".join([place.key, *map(str, fault["loc"])]).strip(".").replace("schema_", "schema")
            text = {"extra_forbidden": "found an unknown key", "missing": "found nothing, expected this key"}.get(
                fault["type"], fault["msg"].removeprefix("Value error, ")
            )
            faults.append(f"{place.file}: {key}: {text}")
        raise DataError("\n".join(faults), advice=_ADVICE) from None


def _properties(file: Path, raw: object, state: str) -> dict[str, Property]:
    if not isinstance(raw, dict):
        raise _Place(file, state).fault(repr(raw), "tables of properties")
    found = {}
    for name, entry in raw.items():
        place = _Place(file, f"{state}.{name}".strip("."))
        if name not in PROPERTIES:
            raise place.fault("an unknown property", "one of " + ", ".join(PROPERTIES), nearest_property(name))
        found[name] = _property(place, name, _validated(PropertyEntry, entry, place))
    return found


def _property(place: _Place, name: str, entry: PropertyEntry) -> Property:
    unit = PROPERTIES[name]
    owner = f"material {place.file.stem}, {place.key}"
    content: float | Table | Callable[[], Grid]
    table: Table | None = None
    if entry.file is not None:
        content = _grid(place, name, _beside(place, entry.file), owner)
    elif entry.table is not None:
        content = table = _over_temperature(place, entry, unit, owner)
    else:
        content = place.number(_written(entry.value, entry.unit), unit)
        table = _constant(place, entry, content, owner)
    scatter = entry.scatter if isinstance(entry.scatter, Scatter) else None
    return Property(name, unit, entry.unit, content, table, entry.source, entry.confidence, scatter, entry.note)


def _written(value: object, unit: str) -> object:
    return f"{value!r} {unit}" if unit else value


def _over_temperature(place: _Place, entry: PropertyEntry, unit: str, owner: str) -> Table:
    rows = entry.table or ()
    temperature = np.array([place.number(f"{t!r} {entry.temperature_unit}", "K") for t, _ in rows])
    values = np.array([place.number(_written(v, entry.unit), unit) for _, v in rows])
    if len(rows) < 2 or not (np.diff(temperature) > 0).all():
        raise place.fault(f"{len(rows)} rows", "at least two rows with strictly increasing temperatures")
    if not (np.isfinite(values).all() and np.isfinite(temperature).all() and temperature[0] >= 0):
        raise place.fault("a value that is not finite or a negative temperature", "finite values above 0 K")
    return Table(owner, temperature, values, _holds(entry), entry.hold_reason)


def _constant(place: _Place, entry: PropertyEntry, value: float, owner: str) -> Table | None:
    """The table of a single number: over its stated range, None when it states none and does not hold."""
    if not np.isfinite(value):
        raise place.fault(repr(entry.value), "a finite value")
    if entry.range is None:
        if not entry.hold_beyond:
            return None
        bounds = [293.15, 293.15 + 1e-9]  # held from room temperature, for the stated reason
    else:
        bounds = [place.number(end, "K") for end in entry.range]
        if not bounds[0] < bounds[1]:
            raise place.fault(f"range {entry.range[0]} to {entry.range[1]}", "low < high")
    return Table(owner, np.array(bounds), np.array([value, value]), _holds(entry), entry.hold_reason)


def _holds(entry: PropertyEntry) -> frozenset[str]:
    both = {"below", "above"}
    return frozenset(both if entry.hold_beyond is True else both & {str(entry.hold_beyond)})


def _reaction(file: Path, entry: ReactionEntry) -> Reaction:
    place = _Place(file, f"reaction.{entry.name}")
    return Reaction(
        entry.name, entry.fraction, place.number(entry.frequency, "1/s"),
        place.number(entry.activation_energy, "J/mol"), entry.order, entry.temperature_exponent,
        place.number(entry.minimum_temperature, "K"), entry.confidence, entry.source,
    )  # fmt: skip


# --- tables in files


def _beside(place: _Place, name: str) -> Path:
    path = place.file.parent / name
    # A table is found again by the name of its card: the run key of a stage hashes "<card>*".
    if not name.startswith(place.file.stem) or Path(name).name != name:
        raise place.fault(f"file {name!r}", f"a file beside the card called {place.file.stem}-<something>.csv")
    if not path.is_file():
        raise place.fault(f"no file {name!r}", "a table beside the card", f"put it in {place.file.parent}")
    return path


def read_columns(path: Path) -> dict[str, Floats]:
    """Columns of a CSV in SI: lines with # are comments, the head names each column as `name [unit]`."""
    place = _Place(path, "table")
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        names = [_COLUMN.match(name) for name in lines[0].split(",")]
        data = np.loadtxt(lines[1:], delimiter=",", ndmin=2)
    except (OSError, ValueError, IndexError) as error:
        raise place.fault(f"a table that cannot be read ({error})", "comma-separated numbers under a head") from error
    if data.shape[1:] != (len(names),) or not np.isfinite(data).all():
        raise place.fault(f"{data.shape[1]} columns under {len(names)} names, or NaN", "as many numbers as names")
    columns = {}
    for number, match in enumerate(names):
        if match is None:
            raise place.fault(f"the head {lines[0]!r}", "names with units: temperature [K],enthalpy [J/kg]")
        columns[match[1]] = data[:, number] * place.number(_written(1.0, match[2]), _si_of(match[1], match[2]))
    return columns


def _si_of(name: str, unit: str) -> str:
    known = {"pressure": "Pa", "temperature": "K", "gas_rate": "", "char_rate": "", "wall_enthalpy": "J/kg"}
    return known.get(name, PROPERTIES.get(name, unit))


def _axes(place: _Place, columns: dict[str, Floats], names: tuple[str, ...]) -> tuple[list[Floats], tuple[Any, ...]]:
    """Sorted values of each axis and, per row, its place in the grid."""
    for name in names:
        if name not in columns:
            raise place.fault(f"columns {', '.join(columns)}", f"a column {name}")
    pairs = [np.unique(columns[name], return_inverse=True) for name in names]
    return [pair[0] for pair in pairs], tuple(pair[1] for pair in pairs)


def _grid(place: _Place, name: str, path: Path, owner: str) -> Callable[[], Grid]:
    def read_grid() -> Grid:
        columns = read_columns(path)
        axes, rows = _axes(place, columns, ("pressure", "temperature"))
        if name not in columns:
            raise place.fault(f"columns {', '.join(columns)} in {path.name}", f"a column {name}")
        values = np.full([len(axis) for axis in axes], np.nan)
        values[rows] = columns[name]
        if not np.isfinite(values).all():
            raise place.fault(f"a grid with holes in {path.name}", "every pressure at every temperature")
        return Grid(owner, axes[0], axes[1], values)

    return read_grid


def _surface_table(file: Path, key: str, entry: BprimeEntry, label: str) -> Callable[[], Bprime]:
    place = _Place(file, f"bprime.{key}")
    path = _beside(place, entry.file)

    def read_bprime() -> Bprime:
        columns = read_columns(path)
        # A table made for one pressure has no such column and is taken as independent of it.
        columns.setdefault("pressure", np.full(len(columns["temperature"]), 101325.0))
        axes, rows = _axes(place, columns, ("pressure", "gas_rate", "temperature"))
        grids = []
        for name in ("char_rate", "wall_enthalpy"):
            if name not in columns:
                raise place.fault(f"columns {', '.join(columns)} in {path.name}", f"a column {name}")
            grid = np.full([len(axis) for axis in axes], np.nan)
            grid[rows] = columns[name]
            grids.append(grid)
        return Bprime(f"{label}, {place.key}", axes[0], axes[1], axes[2], grids[0], grids[1])

    return read_bprime
