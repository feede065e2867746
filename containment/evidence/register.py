"""The register of evidence: a folder per data set with `card.toml` (what it is) and `data.csv` (one row per result).

A card names title, source, date, relevance, licence, the kind of data, the unit of every column that has one and the
hash of the data. Everything is turned into SI while it is read; what cannot be true is refused with file and line.
"""

from __future__ import annotations

import csv
import hashlib
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.units import UnitError, parse

STATUS = ("found", "derived", "assumed")
_CARD_TEXTS = ("title", "source", "date", "relevance", "licence")
_CARD_KEYS = frozenset({"schema", "kind", "sha256", "notes", "units", "methods", *_CARD_TEXTS})


@dataclass(frozen=True)
class Column:
    """One column a kind of data set has: its SI unit (None is text), what an empty cell means (None: it may not be)."""

    unit: str | None
    empty: float | None = None
    required: bool = True
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class EvidenceSet:
    """A data set that was read and believed: columns of shape (rows,) in SI floats or texts, and where it came from."""

    name: str
    kind: str
    title: str
    source: str
    date: str
    relevance: str
    licence: str
    notes: tuple[str, ...]
    sha256: str
    path: Path
    columns: Mapping[str, NDArray[Any]]
    units: Mapping[str, str]
    lines: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.columns[column]


_ROW_TEXTS = {"item": Column(None), "source": Column(None), "status": Column(None)}

KINDS: dict[str, dict[str, Column]] = {
    "leak-rates": _ROW_TEXTS | {
        "method": Column(None),
        "tube": Column(None, required=False),
        "rate_low": Column("Pa*m^3/s", empty=0.0, low=0.0),
        "rate_high": Column("Pa*m^3/s", empty=math.inf, low=0.0),
        "temperature": Column("K", low=0.0),
        "count": Column("", low=1.0),
    },
    "demands": _ROW_TEXTS | {
        "question": Column(None),
        "demands": Column("", low=1.0),
        "failures": Column("", low=0.0),
        "relevance": Column("", low=0.0, high=1.0),
    },
    "landings": _ROW_TEXTS | {
        "vehicle": Column(None),
        "attitude": Column(None),
        "count": Column("", low=1.0),
        "speed": Column("m/s", low=0.0),
        "mass": Column("kg", empty=math.nan, low=0.0),
        "diameter": Column("m", empty=math.nan, low=0.0),
        "acceleration_low": Column("m/s^2", empty=0.0, low=0.0),
        "acceleration_high": Column("m/s^2", empty=math.inf, low=0.0),
        "penetration": Column("m", empty=math.nan, low=0.0),
        "terminal_speed_fraction": Column("", empty=math.nan, low=0.0, high=1.0),
    },
    "events": _ROW_TEXTS | {
        "events": Column("", low=0.0),
        "exposure": Column("s", low=1e-300),
        "relevance": Column("", low=0.0, high=1.0),
    },
    "inspections": _ROW_TEXTS | {
        "temperature": Column("K", low=0.0),
        "age": Column("s", low=1e-300),
        "items": Column("", low=1.0),
        "failures": Column("", low=0.0),
    },
    "common-cause": _ROW_TEXTS | {"alone": Column("", low=0.0), "both": Column("", low=0.0)},
    "judgements": _ROW_TEXTS | {
        "question": Column(None),
        "p05": Column("", low=1e-300),
        "p50": Column("", low=1e-300),
        "p95": Column("", low=1e-300),
        "truth": Column("", empty=math.nan, low=1e-300),
    },
    "comparisons": _ROW_TEXTS | {
        "role": Column(None),
        "setting": Column(""),
        "parameter": Column("", empty=math.nan),
        "margin": Column(""),
        "error": Column("", empty=math.nan, low=0.0),
    },
    "strengths": _ROW_TEXTS | {
        "lot": Column(None),
        "laboratory": Column(None, required=False),
        "value_low": Column("Pa", empty=0.0, low=0.0),
        "value_high": Column("Pa", empty=math.inf, low=0.0),
    },
}  # fmt: skip
_WHOLE = frozenset({"count", "demands", "failures", "events", "items", "alone", "both"})


def _fail(path: Path, line: int, found: str, expected: str, advice: str) -> DataError:
    return DataError(f"{path}:{line}: found {found}, expected {expected}", advice=advice)


def load(folder: Path) -> EvidenceSet:
    """The evidence set in `folder`. Raises DataError (exit 3) naming file and line of the first fault."""
    card_path, data_path = folder / "card.toml", folder / "data.csv"
    card = _card(card_path)
    raw = _bytes(data_path)
    digest = hashlib.sha256(raw).hexdigest()
    if card.get("sha256", digest) != digest:
        raise _fail(
            card_path, _line_of(card_path, "sha256"), f"sha256 {str(card['sha256'])[:12]}...",
            f"{digest[:12]}... of data.csv",
            "the data changed after the card was written: review the change, then put the new hash in the card",
        )  # fmt: skip
    schema = KINDS[card["kind"]]
    columns, lines = _table(data_path, raw.decode("utf-8-sig"), schema, _units(card_path, card, schema))
    _CHECKS.get(card["kind"], _no_check)(data_path, columns, lines, card)
    return EvidenceSet(
        name=folder.name, kind=card["kind"], notes=tuple(card.get("notes", ())), sha256=digest, path=folder,
        columns=columns, lines=tuple(lines),
        units={name: column.unit for name, column in schema.items() if column.unit is not None},
        **{key: str(card[key]) for key in _CARD_TEXTS},
    )  # fmt: skip


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror})",
            advice="an evidence set is a folder with card.toml and data.csv",
        ) from error


def _line_of(path: Path, key: str) -> int:
    """Line of the first `key = ...` in a small TOML file."""
    lines = path.read_text("utf-8").splitlines()
    return next((i for i, line in enumerate(lines, 1) if line.split("=")[0].strip() == key), 1)


def _card(path: Path) -> dict[str, Any]:
    try:
        card = tomllib.loads(_bytes(path).decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path}: not valid TOML: {error}", advice="correct the card") from error
    for key in card.keys() - _CARD_KEYS:
        raise _fail(path, _line_of(path, key), f"the key {key!r}", f"only {', '.join(sorted(_CARD_KEYS))}", "remove it")
    for key in ("kind", *_CARD_TEXTS):
        if not str(card.get(key, "")).strip():
            raise _fail(
                path, 1, f"no {key!r}", f"{key} of the data set", "no number is used without its source: add it"
            )
    if card["kind"] not in KINDS:
        raise _fail(
            path, _line_of(path, "kind"), repr(card["kind"]), "one of " + ", ".join(KINDS), "choose one of these"
        )
    return card


def _units(path: Path, card: dict[str, Any], schema: Mapping[str, Column]) -> dict[str, str]:
    """Written unit of each column with one; a unit of another dimension is refused here, before any number is read."""
    units = dict(card.get("units", {}))
    for name in units.keys() - schema.keys():
        raise _fail(
            path, _line_of(path, name), f"a unit for the column {name!r}", ", ".join(schema), "correct the name"
        )
    for name, column in schema.items():
        if column.unit and column.required and name not in units:
            raise _fail(
                path, 1, f"no unit for the column {name!r}", f'{name} = "{column.unit}" under [units]', "add it"
            )
        if name in units:
            try:
                parse(f"1 {units[name]}", column.unit or "")
            except UnitError as error:
                raise _fail(
                    path, _line_of(path, name), error.found, error.expected, "write the unit of the data"
                ) from error
    return units


def _table(
    path: Path, text: str, schema: Mapping[str, Column], units: Mapping[str, str]
) -> tuple[dict[str, NDArray[Any]], list[int]]:
    reader = csv.reader(text.splitlines())
    header = [name.strip() for name in next(reader, [])]
    if not header:
        raise _fail(path, 1, "an empty file", "a header and at least one row", "put the data in or drop the set")
    for name in header:
        if name not in schema:
            raise _fail(path, 1, f"the column {name!r}", ", ".join(schema), "rename or remove it")
    for name, column in schema.items():
        if column.required and name not in header:
            raise _fail(path, 1, f"no column {name!r}", ", ".join(schema), "add it")
    cells: dict[str, list[Any]] = {name: [] for name in header}
    lines: list[int] = []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise _fail(path, reader.line_num, f"{len(row)} cells", f"{len(header)}", "complete or quote the row")
        for name, cell in zip(header, row, strict=True):
            cells[name].append(_cell(path, reader.line_num, name, cell.strip(), schema[name], units.get(name, "")))
        lines.append(reader.line_num)
    if not lines:
        raise _fail(path, 1, "a header and no rows", "at least one row", "put the data in or drop the set")
    return {name: np.array(values) for name, values in cells.items()}, lines


def _cell(path: Path, line: int, name: str, cell: str, column: Column, unit: str) -> float | str:
    if column.unit is None:
        if name in ("item", "source", "status") and not cell:
            raise _fail(path, line, f"an empty {name}", f"{name} of the row", "every row carries its source and status")
        if name == "status" and cell not in STATUS:
            raise _fail(path, line, f"status {cell!r}", "found, derived or assumed", "say how well the row is known")
        return cell
    if not cell:
        if column.empty is None:
            raise _fail(path, line, f"an empty {name}", "a number", "give the value or remove the row")
        return column.empty
    try:
        value, _ = parse(f"{cell} {unit}", column.unit)
    except UnitError as error:
        raise _fail(path, line, f"{name} {cell!r}", "a finite number", "correct the cell") from error
    if not math.isfinite(value):
        raise _fail(path, line, f"{name} {cell!r}", "a finite number", "correct the cell")
    if not column.low <= value <= column.high:
        bounds = f"{column.low:g} to {column.high:g} {column.unit}".rstrip()
        raise _fail(path, line, f"{name} {cell}", f"a value within {bounds}", "correct the cell")
    if name in _WHOLE and value != round(value):
        raise _fail(path, line, f"{name} {cell}", "a whole number", "counts are whole: correct the cell")
    return value


Check = Callable[[Path, Mapping[str, NDArray[Any]], list[int], Mapping[str, Any]], None]


def _no_check(path: Path, columns: Mapping[str, NDArray[Any]], lines: list[int], card: Mapping[str, Any]) -> None:
    """Kinds whose rows need no look at each other."""


def _interval(low: str, high: str) -> Check:
    """Bounds in the right order."""

    def check(path: Path, columns: Mapping[str, NDArray[Any]], lines: list[int], card: Mapping[str, Any]) -> None:
        for a, b, line in zip(columns[low], columns[high], lines, strict=True):
            if a > b:
                raise _fail(
                    path, line, f"{low} {a:g} above {high} {b:g}", f"{low} <= {high}", "exchange or correct them"
                )

    return check


def _says_something(*columns_of: tuple[str, str]) -> Check:
    """Every row has at least one of these: a bound (low, high) or a value (name, name)."""

    def check(path: Path, columns: Mapping[str, NDArray[Any]], lines: list[int], card: Mapping[str, Any]) -> None:
        for i, line in enumerate(lines):
            said = (
                columns[high][i] < math.inf
                or (low != high and columns[low][i] > 0)  # NaN, an empty value, is not below
                for low, high in columns_of
            )
            if not any(said):
                names = ", ".join(dict.fromkeys(name for pair in columns_of for name in pair))
                raise _fail(path, line, f"none of {names}", "at least one", "a row must say something")

    return check


def _all(*checks: Check) -> Check:
    def check(path: Path, columns: Mapping[str, NDArray[Any]], lines: list[int], card: Mapping[str, Any]) -> None:
        for one in checks:
            one(path, columns, lines, card)

    return check


def _leak_rates(path: Path, columns: Mapping[str, NDArray[Any]], lines: list[int], card: Mapping[str, Any]) -> None:
    """No reading below the floor of its method; interval-censored items lie between two values that were read."""
    _interval("rate_low", "rate_high")(path, columns, lines, card)
    _says_something(("rate_low", "rate_high"))(path, columns, lines, card)
    low, high, method = columns["rate_low"], columns["rate_high"], columns["method"]
    floors = {
        name: parse(entry["floor"], "Pa*m^3/s")[0]
        for name, entry in card.get("methods", {}).items()
        if "floor" in entry
    }
    tube = columns.get("tube", np.full(len(lines), ""))
    for i, line in enumerate(lines):
        if tube[i] and low[i] != high[i]:
            raise _fail(path, line, f"a bound in the series of {tube[i]}", "one reading", "leave censored readings out")
        floor = floors.get(str(method[i]), 0.0)
        if high[i] < floor * (1 - 1e-9):  # round-off of the unit conversion only
            raise _fail(
                path, line, f"a rate of at most {high[i]:.3g} Pa*m^3/s by {method[i]}",
                f"nothing below its floor {floor:.3g}",
                "give the row as censored at the floor",
            )  # fmt: skip
        if 0 < low[i] < high[i] < math.inf:
            read = high[(low == high) & (method == method[i])]
            if len(read) == 0 or low[i] < read.min() * (1 - 1e-9) or high[i] > read.max() * (1 + 1e-9):
                raise _fail(
                    path, line, f"an interval {low[i]:.3g} to {high[i]:.3g} Pa*m^3/s",
                    "one between two rates that were read",
                    "censoring must not reach beyond the data of its method",
                )  # fmt: skip


def _at_most(part: str, whole: str) -> Check:
    def check(path: Path, columns: Mapping[str, NDArray[Any]], lines: list[int], card: Mapping[str, Any]) -> None:
        for k, n, line in zip(columns[part], columns[whole], lines, strict=True):
            if k > n:
                raise _fail(path, line, f"{k:g} {part} in {n:g} {whole}", f"at most {n:g}", "correct one of them")

    return check


_CHECKS: dict[str, Check] = {
    "leak-rates": _leak_rates,
    "demands": _at_most("failures", "demands"),
    "inspections": _at_most("failures", "items"),
    "judgements": _all(_interval("p05", "p50"), _interval("p50", "p95")),
    "landings": _all(
        _interval("acceleration_low", "acceleration_high"),
        _says_something(("acceleration_low", "acceleration_high"), ("penetration", "penetration")),
    ),
    "strengths": _all(_interval("value_low", "value_high"), _says_something(("value_low", "value_high"))),
}
