"""The whole case: every section a stage reads, and how one sample is put in the place of the nominal values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from containment.case.barriers import Event, FaultTree, LimitState
from containment.case.damage import Damage
from containment.case.entry import Entry, Footprint, Vehicle
from containment.case.evidence import Evidence
from containment.case.fidelity import Fidelity, FidelityName, defaults
from containment.case.geometry import Geometry
from containment.case.heatshield import Heatshield
from containment.case.landing import Landing
from containment.case.leak import Leak
from containment.case.soak import Soak
from containment.case.sterilisation import Sterilisation
from containment.case.stress import Stress
from containment.case.values import Fraction, Length, Quantity, Section
from containment.errors import UsageError


class Requirement(Section):
    """What must be shown: P(release of one unsterilised particle of this size) below `probability`."""

    probability: Fraction
    particle: Length
    assurance: Fraction = Field(description="wanted probability that P(loss) is below the requirement")


class Correlation(Section):
    """Correlation of inputs in standard normal space (Gaussian copula); `matrix` is (n, n) in the order of `inputs`."""

    inputs: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    source: str = ""


class Study(Section):
    """How the ensemble is run."""

    seed: int = Field(20260101, ge=0)
    design: Literal["lhs", "sobol"] = "lhs"
    max_failed_fraction: float = Field(
        0.1, ge=0, le=1, description="more failed samples than this end the run with exit 5"
    )


class Case(Section):
    """One design and one question. Sections of stages that are not run may be left out."""

    schema_: Literal[1] = Field(1, alias="schema")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str = ""
    description: str = ""
    requirement: Requirement | None = None
    study: Study = Study()
    vehicle: Vehicle | None = None
    entry: Entry | None = None
    footprint: Footprint | None = None
    heatshield: Heatshield | None = None
    geometry: Geometry | None = None
    sterilisation: Sterilisation | None = None
    damage: Damage | None = None
    soak: Soak | None = None
    stress: Stress | None = None
    landing: Landing | None = None
    leak: Leak | None = None
    evidence: Evidence | None = None
    limit_states: dict[str, LimitState] = Field(default_factory=dict)
    events: dict[str, Event] = Field(default_factory=dict)
    fault_tree: FaultTree | None = None
    fidelity: dict[FidelityName, dict[str, Any]] = Field(
        default_factory=dict, description="overrides of numerical settings"
    )
    correlations: dict[str, Correlation] = Field(default_factory=dict)

    def settings(self, name: FidelityName) -> Fidelity:
        """Numerical settings of one fidelity, with what this case overrides."""
        return defaults(name).model_copy(update=dict(self.fidelity.get(name, {})))

    def quantities(self) -> Iterator[tuple[str, Quantity]]:
        """Every value of the case with its path ("vehicle.mass"), in the order of the file's schema."""
        yield from _walk(self, "")

    def inputs(self) -> dict[str, Quantity]:
        """The uncertain values by path; what only an evidence model assumes is not one of them."""
        return {
            path: quantity
            for path, quantity in self.quantities()
            if quantity.uncertainty is not None and not path.startswith("evidence.")
        }

    def only(self, sections: Iterable[str]) -> Case:
        """This case without the sections that are not named."""
        optional = [name for name, info in type(self).model_fields.items() if info.default is None]
        return self.model_copy(update={name: None for name in optional if name not in set(sections)})

    def at(self, sample: Mapping[str, float]) -> Case:
        """This case with values (SI) put in by path; paths that do not exist are refused."""
        case: Any = self
        for path, value in sample.items():
            case = _replaced(case, path.split("."), float(value), path)
        return case  # type: ignore[no-any-return]


def _children(node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, Section):
        yield from ((name, getattr(node, name)) for name in type(node).model_fields)
    elif isinstance(node, Mapping):
        yield from node.items()


def _walk(node: object, path: str) -> Iterator[tuple[str, Quantity]]:
    for name, child in _children(node):
        here = f"{path}.{name}" if path else name
        if isinstance(child, Quantity):
            yield here, child
        else:
            yield from _walk(child, here)


def _replaced(node: Any, keys: list[str], value: float, path: str) -> Any:
    name, rest = keys[0], keys[1:]
    child: Any = dict(_children(node)).get(name)
    if child is None:
        raise UsageError(
            f"no value {path!r} in the case", advice="run `containment check CASE` to see the paths of all values"
        )
    new = _replaced(child, rest, value, path) if rest else child.at(value)
    return {**node, name: new} if isinstance(node, Mapping) else node.model_copy(update={name: new})
