"""The `[limit_states]`, `[events]` and `[fault_tree]` sections: what can fail, how often, and what it takes to lose."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from containment.case.values import Confidence, Factor, Fraction, Quantity, Reader, Section, fault, given

Phase = Literal["cruise", "entry", "soak", "landing", "recovery"]

# Last word of a response's name -> SI unit: what a demand is measured in is known before anything has run.
RESPONSE_UNITS: dict[str, str] = {
    "acceleration": "m/s^2", "deceleration": "m/s^2", "temperature": "K", "landing_temperature": "K",
    "utilisation": "", "fraction": "", "strain": "", "rate": "Pa*m^3/s", "opening": "m", "bore": "m",
    "thickness": "m", "recession": "m", "depth": "m", "penetration": "m", "displacement": "m", "speed": "m/s",
    "stress": "Pa", "pressure": "Pa", "flux": "W/m^2", "load": "J/m^2", "duration": "s", "particles": "",
    "time": "s", "latitude": "rad", "longitude": "rad", "attitude": "rad", "mass": "kg", "gap": "m",
    "exclusion": "", "inflow": "Pa*m^3/s", "lethality": "", "factor": "",
}  # fmt: skip


def response_unit(demand: str) -> str | None:
    """SI unit of a response from the last word of its name; None where the name says nothing."""
    name = demand.rsplit(".", 1)[-1]
    if name.startswith("time_") or "_time_" in name:
        return "s"
    return RESPONSE_UNITS.get(name.removesuffix("_at_landing").removesuffix("_in_range").split("_")[-1])


_CAPACITY_SCHEMA = {
    "description": "in the unit of the demand; text with unit or a table (value, source, confidence, uncertainty)",
    "anyOf": [{"type": "string"}, {"type": "number"}, {"type": "object", "required": ["value"]}],
}


class LimitState(Section):
    """One failure mode of one barrier in one phase.

    Margin g = capacity - model_factor * demand (`fails = "above"`), or model_factor * demand - capacity (`"below"`);
    g < 0 is failure. `demand` is the name of a response; "{branch}" in it stands for each landing branch.
    """

    barrier: str
    phase: Phase
    demand: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_{}]+)+$")
    fails: Literal["above", "below"] = "above"
    capacity: Annotated[Quantity, WithJsonSchema(_CAPACITY_SCHEMA)]
    model_factor: Factor = Field(
        given(1.0, "", "no bias known"), description="true demand over computed demand; epistemic bias of the model"
    )
    discretisation: Fraction = Field(
        given(0.03, "", "choice, replaced where meshes were compared"),
        description="relative error of the demand from mesh and time step, one standard deviation, epistemic",
    )
    title: str = ""

    @model_validator(mode="before")
    @classmethod
    def _capacity_in_unit_of_demand(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "capacity" not in raw or not isinstance(raw.get("demand"), str):
            return raw
        unit = response_unit(raw["demand"])
        if unit is None:
            word = raw["demand"].rsplit("_", 1)[-1].rsplit(".", 1)[-1]
            near = difflib.get_close_matches(word, RESPONSE_UNITS, n=1, cutoff=0.5)
            raise fault(
                f"the response {raw['demand']!r}", "a name that ends in one of " + ", ".join(RESPONSE_UNITS),
                f"did you mean ..._{near[0]}?" if near else "use the name of a stage response", key="demand",
            )  # fmt: skip
        capacity = raw["capacity"]
        if isinstance(capacity, dict) and "si_unit" not in capacity and "value" not in capacity:
            raise fault("no value", 'a table with value = "..."', "add the value", key="capacity")
        return {**raw, "capacity": _read_capacity(capacity, unit)}

    @property
    def is_branched(self) -> bool:
        """Whether the demand differs between landing branches."""
        return "{branch}" in self.demand

    def response(self, branch: str) -> str:
        """Name of the response this limit state reads on one landing branch."""
        return self.demand.replace("{branch}", branch)


def _read_capacity(raw: object, unit: str) -> object:
    from pydantic_core import PydanticCustomError

    try:
        return Reader(unit, False, None, None)(raw)
    except PydanticCustomError as error:
        context = dict(error.context or {})
        key = ".".join(filter(None, ["capacity", context.get("subkey", "")]))
        raise fault(context["found"], context["expected"], context["advice"], key=key) from error


class Event(Section):
    """Something that happens or not, with a probability per mission (given what the gates above it say)."""

    probability: Fraction
    phase: Phase
    barrier: str = ""
    title: str = ""

    @model_validator(mode="after")
    def _not_aleatory(self) -> Self:
        spread = self.probability.uncertainty
        if spread is not None and spread.kind == "aleatory":
            raise fault(
                '"aleatory"', '"epistemic": a probability is not known well, it does not differ from flight to flight',
                "change the kind", key="probability.uncertainty.kind",
            )  # fmt: skip
        return self


class Gate(Section):
    """True when all (`and`) or any (`or`) of its inputs are: gates, events or limit states by name."""

    and_: tuple[str, ...] = Field((), alias="and")
    or_: tuple[str, ...] = Field((), alias="or")
    title: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.and_) == bool(self.or_):
            raise fault("both or neither of and, or", "exactly one of them with at least one name", "keep one")
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names below this gate."""
        return self.and_ or self.or_


class CommonCause(Section):
    """Beta factor on top of what the shared flight explains: with it, failures of the members coincide.

    A common event C of probability beta * min(p of the members) fails them all; each member also fails on its own,
    with the probability that leaves its total unchanged. beta = 0 is independence given the flight, beta = 1 makes the
    less likely failure happen only together with the more likely one.
    """

    members: tuple[str, ...] = Field(min_length=2, description="limit states or events")
    beta: Fraction
    title: str = ""


class FaultTree(Section):
    """Coherent Boolean tree over limit states and events; `top` is loss of containment."""

    top: str
    gates: dict[str, Gate]
    barriers: dict[str, str] = Field(description="barrier -> gate (or limit state, event) that is true when it is open")
    common_causes: dict[str, CommonCause] = Field(default_factory=dict)
    source: str = ""
    confidence: Confidence = "assumed"


def tree_faults(
    limit_states: Mapping[str, LimitState], events: Mapping[str, Event], tree: FaultTree | None
) -> Iterator[tuple[str, str, str, str]]:
    """(key path, found, expected, advice) of everything wrong between the three sections."""
    if tree is None:
        if limit_states:
            yield "limit_states", "no fault_tree", "a [fault_tree] that uses the limit states", "add one"
        return
    basic = {**limit_states, **events}
    known = {*basic, *tree.gates}
    for name in sorted({*limit_states} & {*events} | {*basic} & {*tree.gates}):
        yield f"fault_tree.gates.{name}", f"the name {name!r} twice", "one thing per name", "rename one"
    yield from _unknown_names(tree, known, basic)
    if loop := _cycle(tree):
        yield (
            f"fault_tree.gates.{loop[0]}", "a circle: " + " -> ".join(loop), "a tree whose gates do not contain "
            "themselves", "remove one of these inputs",
        )  # fmt: skip
        return
    used = set(_below(tree, tree.top))
    for section, names in (("limit_states", limit_states), ("events", events)):
        for name in names:
            if name not in used:
                yield f"{section}.{name}", "not used by any gate below the top", "a place in the tree", "add or remove"
    for name, state in limit_states.items():
        if state.barrier not in tree.barriers:
            expected = "one of the barriers " + ", ".join(tree.barriers)
            yield f"limit_states.{name}.barrier", repr(state.barrier), expected, "name it in [fault_tree.barriers]"


def _unknown_names(
    tree: FaultTree, known: set[str], basic: Mapping[str, object]
) -> Iterator[tuple[str, str, str, str]]:
    def unknown(path: str, name: str, among: set[str], what: str) -> Iterator[tuple[str, str, str, str]]:
        if name not in among:
            near = difflib.get_close_matches(name, among, n=1, cutoff=0.5)
            yield path, f"{name!r}", what, f"did you mean {near[0]!r}?" if near else "define it or remove it"

    yield from unknown("fault_tree.top", tree.top, known, "a gate, event or limit state")
    for gate, item in tree.gates.items():
        path = f"fault_tree.gates.{gate}.{'and' if item.and_ else 'or'}"
        for name in item.inputs:
            yield from unknown(path, name, known, "a gate, event or limit state")
    for barrier, name in tree.barriers.items():
        yield from unknown(f"fault_tree.barriers.{barrier}", name, known, "a gate, event or limit state")
    grouped: dict[str, str] = {}
    for cause, group in tree.common_causes.items():
        path = f"fault_tree.common_causes.{cause}.members"
        for name in group.members:
            yield from unknown(path, name, set(basic), "a limit state or event")
            if name in grouped:
                yield path, f"{name!r}, also in {grouped[name]}", "one common cause per member", "merge the groups"
            grouped[name] = cause


def _cycle(tree: FaultTree) -> list[str]:
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done or name not in tree.gates:
            return []
        for child in tree.gates[name].inputs:
            if loop := visit(child, [*trail, name]):
                return loop
        done.add(name)
        return []

    return next(filter(None, (visit(gate, []) for gate in tree.gates)), [])


def _below(tree: FaultTree, name: str) -> Iterator[str]:
    yield name
    if name in tree.gates:
        for child in tree.gates[name].inputs:
            yield from _below(tree, child)
