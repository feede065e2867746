"""Rare-event estimation, surrogates with their error, and the assurance of a case; takes callables and stored data."""

from containment.reliability.first_order import FirstOrder, first_order
from containment.reliability.rare_event import failure_probability
from containment.reliability.result import Assurance, Estimate, Spread
from containment.reliability.sensitivity import Sensitivity, sensitivities
from containment.reliability.twin import twin_run

__all__ = [
    "Assurance", "Estimate", "FirstOrder", "Sensitivity", "Spread", "failure_probability", "first_order",
    "sensitivities", "twin_run",
]  # fmt: skip
