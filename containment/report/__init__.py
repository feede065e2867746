"""Figures, wording and the review document; reads a run folder only."""
