"""What the schema alone cannot see: named cards exist, correlations are possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from containment.case.barriers import tree_faults
from containment.case.evidence import update_faults
from containment.case.schema import Case
from containment.case.section_shape import shape_faults
from containment.case.values import CardName, Section
from containment.errors import ContainmentError


@dataclass(frozen=True)
class Fault:
    """One fault at a key path."""

    path: str
    found: str
    expected: str
    advice: str


def check_references(case: Case, folder: Path) -> list[Fault]:
    """Faults of references and of numbers that must fit together."""
    updates = [Fault(f.path, f.found, f.expected, f.advice) for f in update_faults(case)]
    tree = [Fault(*found) for found in tree_faults(case.limit_states, case.events, case.fault_tree)]
    shape = [Fault(*found) for found in shape_faults(case.geometry, case.vehicle, case.heatshield)]
    return [*_missing_cards(case, folder), *_bad_correlations(case), *updates, *tree, *shape]


def cards(node: object, path: str = "") -> Iterator[tuple[str, str, str]]:
    """(key path, kind, name) of every card the case names."""
    items: Iterator[tuple[str, object, str]]
    if isinstance(node, Section):
        kinds = {
            name: next((m.kind for m in info.metadata if isinstance(m, CardName)), "")
            for name, info in type(node).model_fields.items()
        }
        items = ((name, getattr(node, name), kind) for name, kind in kinds.items())
    elif isinstance(node, Mapping):
        items = ((str(name), value, "") for name, value in node.items())
    else:
        return
    for name, value, kind in items:
        here = f"{path}.{name}" if path else name
        if kind and isinstance(value, str):
            yield here, kind, value
        else:
            yield from cards(value, here)


def _missing_cards(case: Case, folder: Path) -> Iterator[Fault]:
    from containment import share

    for path, kind, name in cards(case):
        try:
            share.find(kind, name, beside=folder)
        except ContainmentError as error:
            yield Fault(path, f"{name!r}", f"a card in {kind}", error.advice or "run `containment list`")


def _bad_correlations(case: Case) -> Iterator[Fault]:
    import numpy as np

    values = dict(case.quantities())  # a value fixed by an override simply leaves its group
    for name, correlation in case.correlations.items():
        path = f"correlations.{name}"
        unknown = [key for key in correlation.inputs if key not in values]
        if unknown:
            yield Fault(f"{path}.inputs", f"{unknown[0]!r}", "the path of a value", "`containment check` shows them")
        matrix = np.array(correlation.matrix, dtype=float)
        n = len(correlation.inputs)
        if matrix.shape != (n, n) or not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0):
            yield Fault(
                f"{path}.matrix",
                f"shape {matrix.shape}",
                f"a symmetric {n} by {n} matrix with ones on the diagonal",
                "correct it",
            )
        elif (lowest := float(np.linalg.eigvalsh(matrix)[0])) <= 0:
            yield Fault(
                f"{path}.matrix",
                f"smallest eigenvalue {lowest:.3g}",
                "a positive definite matrix",
                "reduce the off-diagonal terms",
            )
