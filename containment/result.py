"""What a stage hands on: named responses, histories, checks. Frozen, and nothing in it knows a solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Response:
    """A named scalar a stage delivers; `value` in SI, `unit` the SI unit, `rung` the fidelity rung (0-3) it is from."""

    value: float
    unit: str
    rung: int = 2


@dataclass(frozen=True)
class Check:
    """A number that must stay within a limit for the result to be believed."""

    value: float
    limit: float
    ok: bool

    @classmethod
    def at_most(cls, value: float, limit: float) -> Check:
        """Good when `value` does not exceed `limit`."""
        return cls(float(value), float(limit), bool(value <= limit))

    @classmethod
    def at_least(cls, value: float, limit: float) -> Check:
        """Good when `value` reaches `limit`."""
        return cls(float(value), float(limit), bool(value >= limit))


@dataclass(frozen=True)
class StageResult:
    """Outcome of one stage for one sample.

    `responses` are keyed "<stage>.<name>" (or "<stage>.<branch>.<name>"); `data` holds histories and fields as an
    xarray Dataset with units in attrs; `checks` are printed and kept; `notes` are sentences the report must show
    (an assumption used, a range exceeded).
    """

    stage: str
    responses: Mapping[str, Response]
    data: xr.Dataset
    checks: Mapping[str, Check] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def value(self, name: str) -> float:
        """SI value of a response, by its full name or the part after the stage."""
        full = name if name in self.responses else f"{self.stage}.{name}"
        return self.responses[full].value
