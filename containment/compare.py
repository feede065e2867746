"""Differences between two run folders: inputs that changed and answers that moved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from containment.case.load import load_case
from containment.stages import STAGES
from containment.store import RunFolder


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
    run = RunFolder.existing(folder)
    if (folder / "result.json").exists():
        table = run.read_json("result.json")
        kept = ("verdict", "probability_of_loss", "barriers", "limit_states", "responses")
        return {key: table[key] for key in kept if key in table}
    stages = (run.load_stage(name) for name in STAGES)  # a folder of single stages has no answer, only responses
    return {"responses": {n: r.value for result in stages if result for n, r in result.responses.items()}}


def _flat(node: Any, path: str = "") -> dict[str, Any]:
    if isinstance(node, dict):
        return {
            k: v for name, child in node.items() for k, v in _flat(child, f"{path}/{name}" if path else name).items()
        }
    return {path: node}


def _pairs(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    names = [*first, *(key for key in second if key not in first)]
    return [Difference(key, first.get(key), second.get(key)) for key in names if first.get(key) != second.get(key)]
