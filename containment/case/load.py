"""Reading a case: TOML text, `extends`, overrides, validation; every fault at once with file, line and column."""

from __future__ import annotations

import difflib
import re
import tomllib
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from containment import share
from containment.case.locate import Path as KeyPath
from containment.case.locate import locate
from containment.case.schema import Case
from containment.errors import CaseError, Problem

_WHOLE = (
    "uncertainty",
)  # tables an override replaces as a whole: half of one distribution and half of another is neither


@dataclass
class _Source:
    """Raw tables of a case and where each key was written."""

    table: dict[str, Any]
    places: dict[KeyPath, tuple[str, int, int]] = field(default_factory=dict)

    def place(self, path: KeyPath) -> tuple[str, int, int]:
        """File, line and column of a key, or of the nearest table around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return ("", 0, 0)


def load_case(name: str | Path, overrides: Sequence[str] = ()) -> Case:
    """Read a case file, or a shipped case by name, and apply overrides `key=value`.

    An override in full (`vehicle.mass="90 kg"`) replaces the value and its uncertainty; `vehicle.mass.value="90 kg"`
    moves the nominal value and keeps the uncertainty. Raises CaseError with every problem found.
    """
    file = share.find("cases", str(name))
    source = _read(file, seen=())
    for override in overrides:
        _override(source, override)
    case = _validate(source)
    from containment.case.checks import cards, check_references

    problems = [
        Problem(*source.place(tuple(fault.path.split("."))), fault.path, fault.found, fault.expected, fault.advice)
        for fault in check_references(case, file.parent)
    ]
    if problems:
        raise CaseError(problems)
    own = [(path, found) for path, kind, name in cards(case) if (found := _own(kind, name, file.parent)) is not None]
    for path, found in own:
        _put(source.table, path.split("."), found)
    return _validate(source) if own else case


def _own(kind: str, name: str, folder: Path) -> str | None:
    """The absolute path of a card that is not shipped: stages look it up from elsewhere than the case."""
    found = share.find(kind, name, beside=folder).resolve()
    return None if found.is_relative_to(share.shipped(kind)) or name == str(found) else str(found)


def _put(table: Any, path: Sequence[str], value: str) -> None:
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value


def _read(file: Path, seen: tuple[Path, ...]) -> _Source:
    if file in seen:
        chain = " -> ".join(p.name for p in (*seen, file))
        raise CaseError(
            [
                Problem(
                    str(file),
                    1,
                    1,
                    "extends",
                    f"a circle: {chain}",
                    "a case that does not extend itself",
                    "remove one extends",
                )
            ]
        )
    try:
        raw = file.read_bytes()
        table = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise CaseError(
            [
                Problem(
                    str(file),
                    0,
                    0,
                    "file",
                    error.strerror or "no access",
                    "a readable file",
                    "check the path and its permissions",
                )
            ]
        ) from error
    except UnicodeDecodeError as error:
        raise CaseError(
            [Problem(str(file), 0, 0, "file", "bytes that are not UTF-8", "a text file", "save the case as UTF-8")]
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise CaseError([_syntax(file, str(error), raw)]) from error
    places = {path: (str(file), *place) for path, place in locate(raw).items()}
    places[()] = (str(file), 1, 1)
    _absolute_files(table, file.parent)
    parent = table.pop("extends", None)
    if parent is None:
        return _Source(table, places)
    base = _read(share.find("cases", str(parent), beside=file.parent), (*seen, file))
    return _Source(_merged(base.table, table), {**base.places, **places})


def _syntax(file: Path, message: str, raw: bytes) -> Problem:
    match = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line, column = (int(match[1]), int(match[2])) if match else (raw.count(b"\n") + 1, 1)
    text = re.sub(r"\s*\(at .*\)$", "", message)
    return Problem(str(file), line, column, "syntax", text, "valid TOML", "texts need quotes, tables need [brackets]")


def _absolute_files(table: Any, folder: Path) -> None:
    """Keys named `file` are paths beside the case they are written in."""
    if isinstance(table, dict):
        for key, value in table.items():
            if key == "file" and isinstance(value, str):
                table[key] = str((folder / Path(value).expanduser()).resolve())
            else:
                _absolute_files(value, folder)


def _merged(base: Any, over: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    return {**base, **{k: over[k] if k in _WHOLE else _merged(base.get(k), v) for k, v in over.items()}}


def _override(source: _Source, text: str) -> None:
    key, sign, value = text.partition("=")
    key = key.strip()
    if not sign or not key:
        raise CaseError([Problem("--set", 0, 0, text, "no '='", "key=value", 'for example --set vehicle.mass="90 kg"')])
    try:
        parsed = tomllib.loads(f"x = {value.strip()}")["x"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    path = tuple(key.split("."))
    over: Any = parsed
    for name in reversed(path):
        over = {name: over}
    before: Any = source.table
    for name in path:
        before = before.get(name) if isinstance(before, dict) else None
    if path[-1] == "value" and not isinstance(before, dict):
        _expand(source.table, path[:-1])
    source.table = _merged(source.table, over)
    source.places[path] = ("--set", 0, 0)


def _expand(table: dict[str, Any], path: tuple[str, ...]) -> None:
    """Turn a value written short into its full form so that one key of it can be overridden."""
    node: Any = table
    for name in path[:-1]:
        node = node.get(name, {}) if isinstance(node, dict) else {}
    if isinstance(node, dict) and path[-1] in node and not isinstance(node[path[-1]], dict):
        node[path[-1]] = {"value": node[path[-1]]}


def _validate(source: _Source) -> Case:
    try:
        return Case.model_validate(source.table)
    except ValidationError as error:
        problems = [_problem(source, fault) for fault in error.errors()]
        raise CaseError(sorted(problems, key=lambda p: (p.file, p.line, p.column))) from None


def _problem(source: _Source, fault: Any) -> Problem:
    path = _written(source.table, tuple(key for key in fault["loc"] if not str(key).startswith("function-")))
    context = fault.get("ctx", {})
    if fault["type"] == "case_value":
        path = (*path, *filter(None, context["subkey"].split(".")))
        found, expected, advice = context["found"], context["expected"], context["advice"]
    elif fault["type"] == "extra_forbidden":
        names = _valid_names(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), names, n=1, cutoff=0.5)
        found, expected = "an unknown key", f"one of {', '.join(names)}"
        advice = f"did you mean {near[0]!r}?" if near else "remove it"
    elif fault["type"] == "missing":
        found, expected, advice = "nothing", f"the key {path[-1]!r}", "add it"
    else:
        found = _shown(fault["input"])
        expected, advice = re.sub("^(Input|Value) should be ", "", fault["msg"]), "correct it"
    return Problem(*source.place(path), ".".join(map(str, path)) or "case", found, expected, advice)


def _written(table: Any, loc: KeyPath) -> KeyPath:
    """The location without the tags that choose between kinds of a table: only keys that stand in the file."""
    path: list[str | int] = []
    for i, key in enumerate(loc):
        inside = (isinstance(table, dict) and key in table) or (isinstance(table, list) and isinstance(key, int))
        if inside or i == len(loc) - 1:
            path.append(key)
            table = table[key] if inside else None
    return tuple(path)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _valid_names(path: KeyPath) -> list[str]:
    """Keys the schema allows in the table at `path`; of every kind where there are several."""
    kinds = [Case]
    for key in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, str(key))]
    tables = [kind for kind in kinds if isinstance(kind, type)]
    return list(dict.fromkeys(f.alias or n for kind in tables for n, f in kind.model_fields.items()))


def _inside(kind: Any, key: str) -> list[Any]:
    """Table types that may stand under a key; a dictionary of tables passes its key on to what it holds."""
    if typing.get_origin(kind) is dict:
        return _tables(typing.get_args(kind)[1])
    fields = {f.alias or n: f.annotation for n, f in kind.model_fields.items()}
    return _tables(fields.get(key))


def _tables(annotation: Any) -> list[Any]:
    """The sections, or dictionaries of them, inside `X | None`, `Annotated[X | Y, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) is dict:
        return [annotation]
    return [found for argument in typing.get_args(annotation) for found in _tables(argument)]
