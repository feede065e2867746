"""The doubt ledger: the analysed probability when its own assumptions may be wrong, and how it may be said.

With doubts d_i (probability that assumption i is wrong) and losses l_i (P(loss) then), independent of each other,
    P <= p * prod(1 - d_i) + sum(d_i * l_i),
p being the analysed probability, conditional on every assumption. The sum counts two wrong assumptions twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from containment.case.evidence import Doubt
from containment.errors import UsageError

CONDITIONAL_BELOW = 1e-4  # below this no number is printed without what it is conditional on (board practice)


@dataclass(frozen=True)
class LedgerRow:
    """One doubt: what it adds to P(loss), and how large it may be alone before the requirement falls."""

    name: str
    statement: str
    probability: float
    loss_if_wrong: float
    adds: float
    tolerated: float


@dataclass(frozen=True)
class Ledger:
    """All doubts beside one analysed probability, largest first."""

    conditional: float
    unconditional: float
    rows: tuple[LedgerRow, ...]

    @property
    def empty(self) -> bool:
        """Nothing was doubted: then nothing unconditional can be said."""
        return not self.rows


def ledger(conditional: float, requirement: float, doubts: Mapping[str, Doubt]) -> Ledger:
    """The ledger of an analysed P(loss) against a required one."""
    for name, value in (("P(loss)", conditional), ("requirement", requirement)):
        if not 0.0 <= value <= 1.0:
            raise UsageError(f"found {name} {value!r}, expected a probability", advice="give a number from 0 to 1")
    rows = []
    for name, doubt in doubts.items():
        d, loss = doubt.probability.value, doubt.loss_if_wrong.value
        gap = loss - conditional
        tolerated = min(1.0, max(0.0, (requirement - conditional) / gap)) if gap > 0 else 1.0
        rows.append(LedgerRow(name, doubt.statement, d, loss, d * loss, tolerated))
    rows.sort(key=lambda row: -row.adds)
    intact = float(np.prod([1.0 - row.probability for row in rows]))
    return Ledger(conditional, min(1.0, conditional * intact + sum(row.adds for row in rows)), tuple(rows))


def unconditional(book: Ledger) -> str:
    """P(loss) with every doubt in it, as the head of a sentence. Raises UsageError while the ledger is empty."""
    if book.empty:
        raise UsageError(
            "found an empty doubt ledger, expected doubts behind an unconditional statement",
            advice="state under [evidence.doubts] what may be wrong, with its probability and the loss if it is",
        )
    head = f"P(loss) is {book.unconditional:.1e} with the doubts on record ({len(book.rows)})"
    if book.conditional < CONDITIONAL_BELOW:
        head += f"; {book.conditional:.1e} conditional on all of the assumptions"
    return head


def sentence(book: Ledger, requirement: float) -> str:
    """What may be said of P(loss) in one sentence; an unconditional statement only with a ledger that holds doubts."""
    if book.empty:
        condition = "conditional on every assumption of the case being right; no doubt about them is on record"
        return f"P(loss) is {book.conditional:.1e}, {condition}, so nothing unconditional is said."
    whole = unconditional(book)
    first = book.rows[0]
    if book.unconditional <= requirement:
        return f"{whole}: within {requirement:.1e}."
    if book.conditional > requirement:
        return f"{whole}: without any of them it is already above {requirement:.1e}; {first.name!r} adds most."
    if sum(row.adds for row in book.rows) > requirement:
        return (
            f"{whole}: the doubts alone exceed {requirement:.1e}; the largest is {first.name!r}"
            f" ({first.adds:.1e}, tolerated up to a probability of {first.tolerated:.1e})."
        )
    return f"{whole}: above {requirement:.1e}."
