"""Rare-event estimation, surrogates with their error, and the assurance of a case; takes callables and stored data."""

from containment.reliability.rare_event import failure_probability
from containment.reliability.result import Assurance, Estimate, Spread
from containment.reliability.sensitivity import Sensitivity, sensitivities

__all__ = ["Assurance", "Estimate", "Sensitivity", "Spread", "failure_probability", "sensitivities"]
