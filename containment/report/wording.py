"""How a probability may be said: small ones never without what they are conditional on."""

from __future__ import annotations

from containment.errors import UsageError
from containment.evidence.doubt import CONDITIONAL_BELOW, Ledger
from containment.units import probability


def number(value: float, condition: str) -> str:
    """The number as text; below 1e-4 with what it is conditional on. Raises UsageError where that is not stated."""
    if value >= CONDITIONAL_BELOW:
        return probability(value)
    if not condition.strip():
        raise UsageError(
            f"found {value:.1e} without a condition, expected one below {CONDITIONAL_BELOW:.0e}",
            advice="say which models, priors and assumed values the number rests on",
        )
    return f"{probability(value)} (conditional on {condition.strip()})"


def unconditional(book: Ledger) -> str:
    """P(loss) with every doubt in it, as a sentence. Raises UsageError while the ledger is empty."""
    if book.empty:
        raise UsageError(
            "an unconditional statement with an empty doubt ledger",
            advice="state under [evidence.doubts] what may be wrong, with its probability and the loss if it is",
        )
    return (
        f"P(loss) is at most {probability(book.unconditional)} with the doubts on record ({len(book.rows)});"
        f" of it {probability(book.conditional)} is analysed."
    )
