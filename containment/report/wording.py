"""How a probability may be said: small ones never without what they are conditional on."""

from __future__ import annotations

from containment.errors import UsageError
from containment.evidence.doubt import CONDITIONAL_BELOW
from containment.units import probability

MARK = "*"  # beside every number below the limit; the footnote says what it stands for


def number(value: float, condition: str) -> str:
    """The number as text; below 1e-4 marked as conditional. Raises UsageError where no condition stands behind it."""
    if value >= CONDITIONAL_BELOW:
        return probability(value)
    _stated(value, condition)
    return probability(value) + MARK


def footnote(condition: str) -> str:
    """What the mark means, to stand beside every table that holds one. Raises UsageError for an empty condition."""
    _stated(0.0, condition)
    return f"{MARK} conditional on {condition.strip()}"


def _stated(value: float, condition: str) -> None:
    if not condition.strip():
        raise UsageError(
            f"found {value:.1e} without a condition, expected one below {CONDITIONAL_BELOW:.0e}",
            advice="say which models, priors and assumed values the number rests on",
        )
