"""A case as text again: the resolved TOML of a run folder, and the plain values on which a stage depends."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from containment.case.schema import Case
from containment.case.values import WITH_UNIT, Quantity, Section


def to_toml(case: Case) -> str:
    """TOML of the whole case with every value in SI; reading it gives the same case."""
    import tomli_w

    return tomli_w.dumps(_table(case))


def _table(node: object) -> Any:
    if isinstance(node, Quantity):
        return _quantity(node)
    if isinstance(node, Section):
        fields = type(node).model_fields
        return {
            info.alias or name: _table(getattr(node, name))
            for name, info in fields.items()
            if getattr(node, name) is not None
        }
    if isinstance(node, Mapping):
        return {str(key): _table(value) for key, value in node.items() if value is not None}
    if isinstance(node, list | tuple):
        return [_table(item) for item in node]
    return node


def _with_unit(value: float, unit: str) -> str | float:
    return f"{value!r} {unit}" if unit else value


def _quantity(quantity: Quantity) -> dict[str, Any]:
    unit = quantity.si_unit
    table: dict[str, Any] = {"value": _with_unit(quantity.value, unit)}
    for key in ("source", "confidence", "note"):
        if text := getattr(quantity, key):
            table[key] = text
    if (spread := quantity.uncertainty) is not None:
        parameters = {k: _with_unit(v, unit) if k in WITH_UNIT else v for k, v in spread.parameters.items()}
        table["uncertainty"] = {"kind": spread.kind, "distribution": spread.distribution, **parameters}
        if spread.source:
            table["uncertainty"]["source"] = spread.source
    return table


def values_of(case: Case, sections: Iterable[str]) -> dict[str, Any]:
    """What a stage depends on: the bare values of some sections and the content of the files they name.

    Sources, notes and distributions are left out, so that correcting a reference recomputes nothing.
    """
    from containment import share
    from containment.case.checks import cards

    part: dict[str, Any] = {name: _bare(getattr(case, name)) for name in sections}
    wanted = {name: getattr(case, name) for name in sections}
    files = {f"{kind}/{name}": share.find(kind, name) for _, kind, name in cards(wanted)}
    files |= {path: Path(path) for path in _files(part)}
    part["files"] = {name: _digest(path) for name, path in sorted(files.items())}
    return part


def _digest(path: Path) -> str:
    """SHA-256 of a card and of every table it names beside itself, or of all files of an evidence set."""
    members = [path]
    if path.is_dir():
        members = sorted(member for member in path.rglob("*") if member.is_file())
    elif path.suffix == ".toml":
        text = path.read_text(encoding="utf-8")
        members += sorted(m for m in path.parent.iterdir() if m != path and m.is_file() and m.name in text)
    digest = hashlib.sha256()
    for member in members:
        digest.update(member.name.encode() + member.read_bytes())
    return digest.hexdigest()


def _files(node: Any) -> Iterable[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "file" and isinstance(value, str):
                yield value
            else:
                yield from _files(value)


def _bare(node: object) -> Any:
    if isinstance(node, Quantity):
        return node.value if math.isfinite(node.value) else str(node.value)
    if isinstance(node, Section):
        return {name: _bare(getattr(node, name)) for name in type(node).model_fields}
    if isinstance(node, Mapping):
        return {str(key): _bare(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_bare(item) for item in node]
    return node
