"""Rare-event estimation, surrogates with their error, and the assurance of a case; takes callables and stored data."""

from containment.reliability.rare_event import failure_probability
from containment.reliability.result import Assurance, Estimate, Spread

__all__ = ["Assurance", "Estimate", "Spread", "failure_probability"]
