"""The `[evidence]` section: which data sets teach which inputs through which model, and when a posterior is believed.

    [evidence.sets.tubes]
    set = "tube-leaks"
    model = "censored-lognormal"
    updates = { "leak.tube.median" = "median" }        # path of an epistemic input = quantity of the model
    assumptions.sigma_ln = { value = 2.0, ..., uncertainty = { ... } }

Every parameter of a model has exactly one prior: the distribution of the input it updates, or an assumption here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from containment.case.values import EvidenceSet, Fraction, Quantity, Reader, Section, fault

if TYPE_CHECKING:
    from containment.case.schema import Case


@dataclass(frozen=True)
class ModelFacts:
    """What a case may ask of one model: the data it reads, its parameters with SI units, what else it can deliver.

    `constants` are parameters that must be given as plain numbers; `delivers` are outputs computed from the posterior,
    drawn anew for every input they update (one vessel, one tube).
    """

    kind: str
    parameters: Mapping[str, str]
    constants: Mapping[str, str]
    delivers: Mapping[str, str]

    @property
    def outputs(self) -> dict[str, str]:
        """Everything that can update an input, with its SI unit."""
        return {**self.parameters, **self.delivers}


MODELS: dict[str, ModelFacts] = {
    "censored-lognormal": ModelFacts(
        kind="leak-rates",
        parameters={"median": "Pa*m^3/s", "sigma_ln": "", "activation_temperature": "K", "repeatability": ""},
        constants={"reference_temperature": "K"},
        delivers={"new_item": "Pa*m^3/s"},
    ),
    "beta-binomial": ModelFacts(
        kind="demands",
        parameters={"mean_closure": "", "mean_landing": "", "likeness": "", "undetected": ""},
        constants={},
        delivers={"closure_anomaly": "", "closure_defect": "", "landing_failure": ""},
    ),
    "gamma-poisson": ModelFacts(
        kind="events",
        parameters={"mean_rate": "1/s", "likeness": ""},
        constants={"mission_time": "s"},
        delivers={"new_rate": "1/s", "event_probability": ""},
    ),
    "mixture-binomial": ModelFacts(
        kind="demands",
        parameters={"informed": "", "vague": ""},
        constants={"trust": ""},
        delivers={"failure_probability": ""},
    ),
    "current-status-weibull": ModelFacts(
        kind="inspections",
        parameters={"life": "s", "activation_temperature": "K", "shape": ""},
        constants={"reference_temperature": "K", "service_temperature": "K", "service_time": "s"},
        delivers={"aged_out": ""},
    ),
    "alpha-pair": ModelFacts(
        kind="common-cause", parameters={"both": ""}, constants={}, delivers={"beta_factor": ""},
    ),
    "expert-pool": ModelFacts(kind="judgements", parameters={}, constants={}, delivers={"pooled": ""}),
    "margin-discrepancy": ModelFacts(
        kind="comparisons",
        parameters={"calibration": "", "discrepancy_sd": "", "length": ""},
        constants={"flight_setting": ""},
        delivers={"discrepancy": "", "margin": ""},
    ),
    "rigid-nose-landing": ModelFacts(
        kind="landings",
        parameters={
            "resistance": "Pa", "bias": "", "place_scatter": "", "test_mass": "kg", "test_diameter": "m",
            "displaced_fraction": "", "drag_coefficient": "", "inertia_factor": "", "density": "kg/m^3",
        },
        constants={
            "cone_half_angle": "rad", "air_density": "kg/m^3", "speed_error": "", "acceleration_error": "",
            "penetration_error": "",
        },
        delivers={},
    ),
    **{
        f"strength-{family}": ModelFacts(
            kind="strengths",
            parameters={"median": "Pa", "scatter": "", "lot_scatter": "", "laboratory_scatter": ""},
            constants={},
            delivers={"new_item": "Pa"},
        )
        for family in ("normal", "lognormal", "weibull")
    },
}  # fmt: skip


class Gate(Section):
    """When a posterior is believed; beyond any of these the run ends with exit 4."""

    max_rhat: float = Field(default=1.01, gt=1, description="largest rank-normalised split R-hat of any parameter")
    min_ess: float = Field(
        default=400, ge=100, description="smallest bulk and tail effective sample size of any parameter"
    )
    max_divergences: int = Field(default=0, ge=0, description="divergent transitions allowed")
    min_tail: float = Field(
        default=0.005,
        gt=0,
        lt=0.5,
        description="smallest tail probability of the data under prior and posterior predictions",
    )


_AnyQuantity = Annotated[
    Quantity,
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "object", "required": ["value"]}]}),
]


class EvidenceUse(Section):
    """One data set, the model that reads it, the inputs it updates and what the model assumes."""

    set: EvidenceSet
    model: str
    updates: dict[str, str] = Field(
        default_factory=dict, description="path of an epistemic input = output of the model"
    )
    relevance: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="item of the data set = weight in place of the one in the data (power prior)"
    )
    assumptions: dict[str, _AnyQuantity] = Field(default_factory=dict, description="priors and constants of the model")

    @property
    def facts(self) -> ModelFacts:
        """What the model of this entry offers."""
        return MODELS[self.model]

    @field_validator("model")
    @classmethod
    def _known(cls, model: str) -> str:
        if model not in MODELS:
            raise fault(repr(model), "one of " + ", ".join(MODELS), "choose one of these")
        return model

    @field_validator("updates")
    @classmethod
    def _deliverable(cls, updates: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = MODELS[info.data["model"]].outputs if "model" in info.data else dict.fromkeys(updates.values(), "")
        for path, output in updates.items():
            if output not in known:
                raise fault(repr(output), "one of " + ", ".join(known), "name an output of the model", key=path)
        return updates

    @field_validator("assumptions", mode="before")
    @classmethod
    def _read(cls, raw: Any, info: ValidationInfo) -> Any:
        if not isinstance(raw, dict) or "model" not in info.data:
            return raw
        facts = MODELS[info.data["model"]]
        units = {**facts.parameters, **facts.constants}
        for name in raw.keys() - units.keys():
            raise fault(f"the key {name!r}", "one of " + ", ".join(units), "remove or correct it", key=name)
        return {name: Reader(units[name], False, None, None)(item) for name, item in raw.items()}

    @model_validator(mode="after")
    def _one_prior_each(self) -> EvidenceUse:
        for name in self.facts.parameters:
            given = (name in self.assumptions) + (name in self.updates.values())
            if given != 1:
                found = f"{'no prior' if given == 0 else 'two priors'} for {name!r}"
                expected = "one: an input it updates, or an assumption"
                raise fault(found, expected, "add it" if given == 0 else "drop one", key=f"assumptions.{name}")
        for name in self.facts.constants:
            if name not in self.assumptions or self.assumptions[name].uncertainty is not None:
                raise fault(f"no plain value for {name!r}", "a value without uncertainty", "give it", key="assumptions")
        return self


class Doubt(Section):
    """An assumption of the whole analysis that may be wrong."""

    statement: str = Field(description="what may be wrong, as a sentence")
    probability: Fraction = Field(description="judged probability that it is")
    loss_if_wrong: Fraction = Field(description="P(loss) then")


class Belief(Section):
    """What every prior that a board may hold has in common: conservative Bayes takes the worst of all that do."""

    statement: str = Field(description="what is believed, as a sentence")
    at_most: Fraction = Field(description="P(loss) is at most this")
    confidence: Fraction = Field(description="with this probability, before any test of the whole")

    @model_validator(mode="after")
    def _inside(self) -> Belief:
        for name in ("at_most", "confidence"):
            if not 0.0 < getattr(self, name).value < 1.0:
                raise fault(f"{getattr(self, name).value:g}", "above 0 and below 1", "nothing is certain", key=name)
        return self


class Evidence(Section):
    """All evidence a case uses, what a board may believe of it, and the doubts about it that no evidence removes."""

    gate: Gate = Gate()
    sets: dict[str, EvidenceUse] = Field(default_factory=dict)
    beliefs: dict[str, Belief] = Field(default_factory=dict)
    doubts: dict[str, Doubt] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _updated_once(self) -> Evidence:
        owner: dict[str, str] = {}
        for name, use in self.sets.items():
            for path in use.updates:
                if path in owner:
                    raise fault(
                        f"{path} updated by {owner[path]} and {name}", "one entry for each input",
                        "put both data sets into one model, or drop one", key=f"sets.{name}.updates",
                    )  # fmt: skip
                owner[path] = name
        return self


@dataclass(frozen=True)
class UpdateFault:
    """An update the case cannot take: where, what was found, what was expected, what to do."""

    path: str
    found: str
    expected: str
    advice: str


def update_faults(case: Case) -> Iterator[UpdateFault]:
    """Updates of inputs that do not exist, are not epistemic, or have another unit than the model's output."""
    if case.evidence is None:
        return
    values = dict(case.quantities())
    first: dict[tuple[str, str], Quantity] = {}
    for name, use in case.evidence.sets.items():
        for path, output in use.updates.items():
            where = f"evidence.sets.{name}.updates"
            unit = use.facts.outputs[output]
            if path not in values:
                yield UpdateFault(where, repr(path), "the path of a value of this case", "correct the path")
            elif (spread := values[path].uncertainty) is None or spread.kind != "epistemic":
                yield UpdateFault(
                    where, f"{path}, which is not epistemic", "an epistemic input", "evidence updates those"
                )
            elif values[path].si_unit != unit:
                yield UpdateFault(
                    where, f"{path} in {values[path].si_unit or '1'}", f"{unit or '1'}", "map another output"
                )
            elif output in use.facts.parameters and not _same_prior(
                values[path], first.setdefault((name, output), values[path])
            ):
                yield UpdateFault(where, f"{path} with another prior", f"one prior for {output!r}", "make them equal")


def _same_prior(one: Quantity, other: Quantity) -> bool:
    return (one.value, one.uncertainty) == (other.value, other.uncertainty)
