"""Differences between two run folders: inputs that changed and answers that moved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from containment.case.load import load_case
from containment.errors import StorageError


@dataclass(frozen=True)
class Difference:
    """One key with its value in both runs; None where a run does not have it."""

    key: str
    first: object
    second: object


def differences(first: Path, second: Path) -> dict[str, list[Difference]]:
    """What differs, under "inputs" (values of the case) and "answers" (result.json)."""
    cases = [_values(folder) for folder in (first, second)]
    answers = [_flat(_result(folder)) for folder in (first, second)]
    return {"inputs": _pairs(*cases), "answers": _pairs(*answers)}


def _values(folder: Path) -> dict[str, Any]:
    case = load_case(folder / "case.toml")
    return {path: quantity.value for path, quantity in case.quantities()}


def _result(folder: Path) -> dict[str, Any]:
    try:
        table: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StorageError(f"{folder} has no readable result.json", advice="run the case first") from error
    return {
        key: table[key]
        for key in ("verdict", "probability_of_loss", "barriers", "limit_states", "responses")
        if key in table
    }


def _flat(node: Any, path: str = "") -> dict[str, Any]:
    if isinstance(node, dict):
        return {
            k: v for name, child in node.items() for k, v in _flat(child, f"{path}/{name}" if path else name).items()
        }
    return {path: node}


def _pairs(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    names = [*first, *(key for key in second if key not in first)]
    return [Difference(key, first.get(key), second.get(key)) for key in names if first.get(key) != second.get(key)]
