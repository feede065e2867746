"""Limit states, events by mission phase, and the fault tree with common causes."""

from containment.barriers.margins import capacity_law, failure_probability_given_demand, margin
from containment.barriers.tree import Diagram, common_event, compile_tree, split_common_cause

__all__ = [
    "Diagram",
    "capacity_law",
    "common_event",
    "compile_tree",
    "failure_probability_given_demand",
    "margin",
    "split_common_cause",
]
