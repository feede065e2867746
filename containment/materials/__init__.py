"""Material cards: every number with unit, source, confidence and range; evaluated, never extrapolated."""

from containment.materials.card import Card, PropertySet, Reaction
from containment.materials.library import load
from containment.materials.table import Bprime, Grid, Table

__all__ = ["Bprime", "Card", "Grid", "PropertySet", "Reaction", "Table", "load"]
