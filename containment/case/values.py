"""The typed values a case is made of: a number with unit, source, confidence and, where uncertain, a distribution.

A value is written short (`diameter = "1.25 m"`) or in full:

    mass = { value = "95 kg", source = "implied by 40 m/s", confidence = "derived",
             uncertainty = { kind = "epistemic", distribution = "uniform", low = "85 kg", high = "105 kg" } }

Every value with an `uncertainty` is an input of the analysis, named by its path ("vehicle.mass").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from containment.units import UnitError, parse

Confidence = Literal["found", "derived", "assumed"]

# distribution -> parameters it must have, parameters it may have; "=" marks parameters with the unit of the value
DISTRIBUTIONS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "normal": (frozenset(), frozenset({"sd", "cov"})),
    "lognormal": (frozenset({"sigma_ln"}), frozenset()),
    "uniform": (frozenset({"low", "high"}), frozenset()),
    "loguniform": (frozenset({"low", "high"}), frozenset()),
    "triangular": (frozenset({"low", "high"}), frozenset()),
    "beta": (frozenset({"a", "b"}), frozenset()),
    "weibull": (frozenset({"shape", "scale"}), frozenset()),
    "rayleigh": (frozenset({"scale"}), frozenset()),
}
WITH_UNIT = frozenset({"sd", "low", "high", "scale"})


@dataclass(frozen=True)
class CardName:
    """Marks a text that names a shipped file: a material card, an evidence set, an atmosphere."""

    kind: str


Material = Annotated[str, CardName("materials")]
EvidenceSet = Annotated[str, CardName("evidence")]
Atmosphere = Annotated[str, CardName("atmospheres")]


class Section(BaseModel):
    """Base of every part of a case: unknown keys are refused, nothing can be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class Uncertainty(Section):
    """How a value varies. `kind`: aleatory differs from flight to flight, epistemic is fixed but unknown.

    The nominal value is the mean of a normal, the median of a lognormal, the mode of a triangular; the others are
    given by their own parameters alone. Parameters are SI.
    """

    kind: Literal["aleatory", "epistemic"]
    distribution: str
    parameters: dict[str, float]
    source: str = ""


class Quantity(Section):
    """A value in SI with the unit it was written in, its source, confidence and uncertainty."""

    value: float
    unit: str
    si_unit: str
    source: str = ""
    confidence: Confidence = "assumed"
    note: str = ""
    uncertainty: Uncertainty | None = None

    def __float__(self) -> float:
        return self.value

    def at(self, value: float) -> Quantity:
        """The same quantity realised in a sample: another value and no uncertainty left."""
        return self.model_copy(update={"value": float(value), "uncertainty": None})


def given(value: float, si_unit: str, why: str) -> Quantity:
    """The default of a value a case may leave out: assumed, with the reason as its source."""
    return Quantity(value=value, unit=si_unit, si_unit=si_unit, source=why, confidence="assumed")


def fault(found: str, expected: str, advice: str, *, key: str = "") -> PydanticCustomError:
    """The error a section raises for a value that cannot be; `key` is the path below the section."""
    return PydanticCustomError(
        "case_value", "found {found}, expected {expected}, {advice}",
        {"found": found, "expected": expected, "advice": advice, "subkey": key},
    )  # fmt: skip


def _parsed(raw: object, unit: str, *, key: str = "", difference: bool = False) -> tuple[float, str]:
    try:
        return parse(raw, unit, difference=difference)
    except UnitError as error:
        raise fault(error.found, error.expected, "write the number and its unit as one text", key=key) from error


def _uncertainty(raw: object, unit: str, value: float) -> Uncertainty:
    if not isinstance(raw, dict):
        raise fault(
            repr(raw), "a table with kind, distribution and its parameters", "see the shipped cases", key="uncertainty"
        )
    raw = dict(raw)
    source = str(raw.pop("source", ""))
    kind = raw.pop("kind", None)
    if kind not in ("aleatory", "epistemic"):
        raise fault(
            repr(kind),
            '"aleatory" or "epistemic"',
            "say whether it differs from flight to flight",
            key="uncertainty.kind",
        )
    name = raw.pop("distribution", None)
    if name not in DISTRIBUTIONS:
        raise fault(
            repr(name), "one of " + ", ".join(DISTRIBUTIONS), "choose one of these", key="uncertainty.distribution"
        )
    needed, optional = DISTRIBUTIONS[name]
    for key in raw:
        if key not in needed | optional:
            expected = "only " + ", ".join(sorted(needed | optional))
            raise fault(
                f"the parameter {key!r}",
                expected,
                f"remove it or choose another distribution than {name}",
                key=f"uncertainty.{key}",
            )
    for key in needed - raw.keys():
        raise fault(f"no {key!r}", f"{', '.join(sorted(needed))} for {name}", "add it", key="uncertainty")
    parameters: dict[str, float] = {}
    for key, item in raw.items():
        spread = key == "sd"
        parameters[key], _ = _parsed(
            item, unit if key in WITH_UNIT else "", key=f"uncertainty.{key}", difference=spread
        )
    if name == "normal":
        if len(parameters) != 1:
            raise fault("both or neither of sd and cov", "exactly one of them", "keep one", key="uncertainty")
        if "cov" in parameters:
            parameters = {"sd": parameters["cov"] * abs(value)}
    _possible(name, parameters, value)
    return Uncertainty(kind=kind, distribution=str(name), parameters=parameters, source=source)


def _possible(name: str, p: dict[str, float], value: float) -> None:
    """Refuse parameters no distribution can have."""
    for key in ("sd", "sigma_ln", "a", "b", "shape", "scale"):
        if key in p and not p[key] > 0:
            raise fault(
                f"{key} = {p[key]:g}",
                f"{key} > 0 for {name}",
                "give a positive number or drop the uncertainty",
                key=f"uncertainty.{key}",
            )
    if "low" in p and not p["low"] < p["high"]:
        raise fault(
            f"low {p['low']:g} and high {p['high']:g}", "low < high", "exchange or correct them", key="uncertainty.low"
        )
    if name == "loguniform" and not p["low"] > 0:
        raise fault(f"low {p['low']:g}", "low > 0 for loguniform", "give a positive bound", key="uncertainty.low")
    if name == "lognormal" and not value > 0:
        raise fault(
            f"value {value:g}",
            "a positive value for lognormal (its median)",
            "choose another distribution",
            key="uncertainty.distribution",
        )
    if name == "triangular" and not p["low"] <= value <= p["high"]:
        raise fault(
            f"value {value:g} outside {p['low']:g} to {p['high']:g}",
            "the value (mode) between low and high",
            "widen the bounds",
            key="uncertainty.low",
        )


class Reader:
    """Turns what stands in the file into a Quantity of one dimension, checking bounds."""

    def __init__(self, unit: str, positive: bool, minimum: float | None, maximum: float | None) -> None:
        self.unit, self.minimum, self.maximum, self.positive = unit, minimum, maximum, positive

    def __call__(self, raw: object) -> object:
        """The quantity that stands in the file; PydanticCustomError says what is wrong with it."""
        if isinstance(raw, Quantity):
            return raw
        table: dict[str, Any] = dict(raw) if isinstance(raw, dict) else {"value": raw}
        if "si_unit" in table:  # a resolved case, read back
            return Quantity.model_validate(table)
        if "value" not in table:
            raise fault("no value", 'a table with value = "..."', "add the value")
        for key in table.keys() - {"value", "source", "confidence", "note", "uncertainty"}:
            raise fault(
                f"the key {key!r}", "only value, source, confidence, note, uncertainty", "remove it", key=str(key)
            )
        value, written = _parsed(table["value"], self.unit, key="value" if isinstance(raw, dict) else "")
        self._bounds(value)
        uncertainty = _uncertainty(table["uncertainty"], self.unit, value) if "uncertainty" in table else None
        if table.get("confidence", "assumed") not in ("found", "derived", "assumed"):
            raise fault(
                repr(table["confidence"]),
                "found, derived or assumed",
                "say how well the value is known",
                key="confidence",
            )
        return Quantity(
            value=value, unit=written, si_unit=self.unit, source=str(table.get("source", "")),
            confidence=table.get("confidence", "assumed"), note=str(table.get("note", "")), uncertainty=uncertainty,
        )  # fmt: skip

    def _bounds(self, value: float) -> None:
        if value != value:
            raise fault("nan", "a number", "give the value")
        if self.positive and not value > 0:
            raise fault(f"{value:g} {self.unit}".strip(), "a positive value", "correct the sign or the magnitude")
        if self.minimum is not None and value < self.minimum:
            raise fault(
                f"{value:g} {self.unit}".strip(), f"at least {self.minimum:g} {self.unit}".strip(), "correct it"
            )
        if self.maximum is not None and value > self.maximum:
            raise fault(f"{value:g} {self.unit}".strip(), f"at most {self.maximum:g} {self.unit}".strip(), "correct it")


def quantity(unit: str, *, positive: bool = False, minimum: float | None = None, maximum: float | None = None) -> Any:
    """A pydantic type for a value of one dimension: `mass: quantity("kg", positive=True)`."""
    schema = {
        "description": f"{unit or 'plain number'}; text with unit or a table (value, source, confidence, uncertainty)",
        "anyOf": [{"type": "string"}, {"type": "number"}, {"type": "object", "required": ["value"]}],
    }
    return Annotated[Quantity, BeforeValidator(Reader(unit, positive, minimum, maximum)), WithJsonSchema(schema)]


Length = quantity("m", positive=True)
Mass = quantity("kg", positive=True)
Time = quantity("s", positive=True)
Temperature = quantity("K", positive=True)
Pressure = quantity("Pa", positive=True)
Speed = quantity("m/s", positive=True)
Acceleration = quantity("m/s^2", positive=True)
Density = quantity("kg/m^3", positive=True)
Angle = quantity("rad")
Number = quantity("")
Factor = quantity("", positive=True)
Fraction = quantity("", minimum=0.0, maximum=1.0)
HeatTransfer = quantity("W/m^2/K", minimum=0.0)
LeakRate = quantity("Pa*m^3/s", positive=True)
