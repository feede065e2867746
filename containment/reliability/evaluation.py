"""P of every limit state, barrier and the top for each epistemic draw: surrogates, scatter, tree on flights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.barriers import Diagram, compile_tree, failure_probability_given_demand, split_common_cause
from containment.barriers.margins import capacity_law
from containment.case.barriers import FaultTree, LimitState
from containment.case.inputs import Inputs, to_physical
from containment.case.schema import Case
from containment.case.values import Quantity
from containment.errors import UsageError
from containment.reliability.draws import EpistemicDraws, features
from containment.reliability.proposal import Flights, distinct, failure_shift, mixture
from containment.reliability.surrogate import Surrogate

Array = NDArray[np.float64]
BOOTSTRAPS = 40
INNER_STRIDE = 4  # every how many draws are repeated with exact surrogates
GROUPS = 10  # batches of flights for the sampling error
_BLOCK = 50_000  # flights times draws held in memory at once
# Share of the surrogates' scatter that is a fixed unknown of the design rather than flight-to-flight: not known, so
# each draw takes another one.
_FIXED_SHARES = (0.125, 0.375, 0.625, 0.875)
_CUT_SETS = 30


@dataclass(frozen=True)
class Model:
    """Everything P(loss | draw) needs; built once by `prepare`."""

    tree: FaultTree
    diagram: Diagram
    limit_states: Mapping[str, LimitState]
    inputs: Inputs
    draws: EpistemicDraws
    responses: tuple[str, ...]
    surrogates: Mapping[str, Surrogate]
    resampled: Sequence[Mapping[str, Surrogate]]
    loadings: Array
    specific: Array
    capacities: Mapping[str, Any]
    factors: Mapping[str, Array]
    discretisation: Mapping[str, Array]
    event_probability: Mapping[str, Array]
    beta: Mapping[str, Array]
    offsets: Mapping[str, Array]
    unknown: Array

    @property
    def aleatory(self) -> list[int]:
        """Columns of the inputs that differ from flight to flight."""
        return [j for j, kind in enumerate(self.inputs.kinds) if kind == "aleatory"]

    def exactly_resolved(self) -> Model:
        """The same with no error of mesh and time step in the demands."""
        return replace(self, factors={name: f / self.discretisation[name] for name, f in self.factors.items()})

    def design_points(self) -> dict[tuple[str, str], Array]:
        """Most likely failing flight of each (limit state, branch), unknowns at their middle: scores of the case's
        inputs (d,). No farther out than the search goes, where a limit is out of reach."""
        size, middle = len(self.aleatory) + self.loadings.shape[1], np.median(self.draws.scores, axis=0)
        d = len(self.inputs.paths)
        return {key: self._full(u[None])[0, :d] + middle for key, u in self._shifts(size).items()}

    def flights(self, count: int, seed: int) -> Flights:
        """Simulated flights: features of all inputs, then scores of the surrogates' common error factors (M, d + f)."""
        names = tuple(f"surrogate.factor.{j}" for j in range(self.loadings.shape[1]))
        paths = tuple(self.inputs.paths[j] for j in self.aleatory)
        laws = Inputs(paths + names, ("aleatory",) * (len(paths) + len(names)), (), np.eye(len(paths) + len(names)))
        independent = laws.scores(count, seed, purpose="assurance")
        chosen = mixture(independent, distinct(list(self._shifts(independent.shape[1]).values())))
        full, d = self._full(chosen.scores), len(self.inputs.paths)
        return Flights(np.hstack([features(self.inputs, full[:, :d]), full[:, d:]]), chosen.weights)

    def _full(self, u: Array) -> Array:
        """Correlated scores in the columns of the case from independent aleatory ones (M, a + f) -> (M, d + f)."""
        size = len(self.aleatory)
        scores = np.zeros((len(u), len(self.inputs.paths)))
        scores[:, self.aleatory] = u[:, :size]
        return np.hstack([self.inputs.correlate(scores), u[:, size:]])

    def _shifts(self, dimension: int) -> dict[tuple[str, str], Array]:
        """Most likely failing flight of each limit state on each branch, at the middle of the epistemic draws."""
        shifts = {}
        middle = np.median(self.draws.scores, axis=0)
        for name, state in self.limit_states.items():
            for branch in self.draws.weights if state.is_branched else ("",):
                row = self.responses.index(state.response(branch))
                fitted = self.surrogates[self.responses[row]]
                law = self.capacities[name]
                limit = float(np.median(law)) if isinstance(law, np.ndarray) else float(law.median())
                width = 0.0 if isinstance(law, np.ndarray) else float(law.std())
                factor = float(np.median(self.factors[name]))
                if fitted.logarithmic and limit <= 0:
                    continue
                goal = np.log(limit / factor) if fitted.logarithmic else limit / factor
                width = width / limit if fitted.logarithmic else width / factor
                sign = 1.0 if state.fails == "above" else -1.0

                def response(u: Array, fitted: Surrogate = fitted, row: int = row, sign: float = sign) -> Array:
                    z = self._full(u)
                    d = len(self.inputs.paths)
                    error = fitted.scatter * (z[:, d:] @ self.loadings[row])
                    return np.asarray(sign * (fitted.transformed(features(self.inputs, z[:, :d] + middle)) + error))

                spread = float(np.hypot(width, fitted.scatter * self.specific[row]))
                shifts[name, branch] = failure_shift(response, sign * float(goal), spread, dimension)
        return shifts


def prepare(
    case: Case, inputs: Inputs, draws: EpistemicDraws, responses: tuple[str, ...],
    surrogates: Mapping[str, Surrogate], resampled: Sequence[Mapping[str, Surrogate]],
    loadings: Array, specific: Array, mesh_error: Mapping[str, float],
) -> Model:  # fmt: skip
    """Collect per-draw values of capacities, factors, events; UsageError where an aleatory value has no place."""
    if case.fault_tree is None:
        raise UsageError("the case has no fault tree", advice="add [fault_tree]")

    def drawn(path: str, quantity: Quantity) -> Array:
        if path in draws.values:
            return draws.values[path]
        if quantity.uncertainty is not None and quantity.uncertainty.kind == "aleatory":
            raise UsageError(f"{path} is aleatory", advice="only capacities may differ from flight to flight")
        return np.full(draws.count, quantity.value)

    capacities: dict[str, Any] = {}
    factors: dict[str, Array] = {}
    resolved: dict[str, Array] = {}
    for name, state in case.limit_states.items():
        path = f"limit_states.{name}"
        law = capacity_law(state.capacity)
        capacities[name] = drawn(f"{path}.capacity", state.capacity) if isinstance(law, float) else law
        names = [state.response(branch) for branch in (draws.weights if state.is_branched else ("",))]
        error = max((mesh_error[n] for n in names if n in mesh_error), default=state.discretisation.value)
        resolved[name] = np.exp(error * draws.standard_normal(f"{path}.discretisation"))
        factors[name] = drawn(f"{path}.model_factor", state.model_factor) * resolved[name]
    shared = np.column_stack([draws.standard_normal(f"surrogate.fixed.{j}") for j in range(loadings.shape[1])]
                             or [np.zeros(draws.count)])  # fmt: skip
    offsets = {}
    for row, name in enumerate(responses):
        common = shared[:, : loadings.shape[1]] @ loadings[row] if loadings.shape[1] else 0.0
        offsets[name] = common + specific[row] * draws.standard_normal(f"surrogate.fixed.{name}")
    return Model(
        case.fault_tree, compile_tree(case.fault_tree), case.limit_states, inputs, draws, responses, surrogates,
        resampled, loadings, specific, capacities, factors, resolved,
        {n: drawn(f"events.{n}.probability", e.probability) for n, e in case.events.items()},
        {n: drawn(f"fault_tree.common_causes.{n}.beta", c.beta) for n, c in case.fault_tree.common_causes.items()},
        offsets, features(inputs, draws.scores),
    )  # fmt: skip


@dataclass
class Outcome:
    """Per draw (K,): P of the top, barriers and limit states, P(loss | event never / always), per branch."""

    top: Array
    groups: Array
    barriers: dict[str, Array]
    limit_states: dict[str, Array]
    limit_groups: dict[str, Array]
    beyond: dict[str, Array]
    never: dict[str, Array]
    always: dict[str, Array]
    branches: dict[str, Array]
    cut_sets: dict[frozenset[str], float] = field(default_factory=dict)
    flights: int = 0


def evaluate(model: Model, flights: Flights, draws: NDArray[np.int64], *, with_surrogate_error: bool) -> Outcome:
    """Run all draws in blocks that share one set of surrogates."""
    k = len(draws)
    variables = model.diagram.variables
    out = Outcome(
        np.zeros(k), np.zeros((k, GROUPS)), {b: np.zeros(k) for b in model.tree.barriers},
        {n: np.zeros(k) for n in model.limit_states}, {n: np.zeros((k, GROUPS)) for n in model.limit_states},
        {n: np.zeros(k) for n in model.limit_states}, {v: np.zeros(k) for v in variables},
        {v: np.zeros(k) for v in variables}, {b: np.zeros(k) for b in model.draws.weights},
        flights=len(flights.weights),
    )  # fmt: skip
    size = max(1, _BLOCK // len(flights.weights))
    for variant in range(BOOTSTRAPS if with_surrogate_error else 1):
        rows = np.flatnonzero(draws % BOOTSTRAPS == variant) if with_surrogate_error else np.arange(k)
        fixed_share = _FIXED_SHARES[variant % len(_FIXED_SHARES)] if with_surrogate_error else 0.0
        surrogates = model.resampled[variant] if with_surrogate_error else model.surrogates
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            _evaluate_block(model, flights, surrogates, fixed_share, draws[block], block, out)
    return out


def _evaluate_block(
    model: Model, flights: Flights, surrogates: Mapping[str, Surrogate], fixed_share: float,
    k: NDArray[np.int64], rows: NDArray[np.int64], out: Outcome,
) -> None:  # fmt: skip
    weight = flights.weights / flights.weights.sum()
    group = _group_weights(flights.weights)
    events: dict[str, Array] = {name: p[k][:, None] for name, p in model.event_probability.items()}
    beta = {name: b[k][:, None] for name, b in model.beta.items()}
    unbranched: dict[str, Array] = {}
    for branch, branch_weight in model.draws.weights.items():
        share = branch_weight[k]
        p: dict[str, Array] = dict(events)
        for name, state in model.limit_states.items():
            if name not in unbranched or state.is_branched:
                chance, outside = _limit_state(model, flights, surrogates, fixed_share, k, name, branch)
                unbranched[name] = chance
                total = chance @ weight
                part = share if state.is_branched else 1.0
                out.limit_states[name][rows] += part * total
                out.limit_groups[name][rows] += (part * (chance @ group.T).T).T
                out.beyond[name][rows] += part * ((chance * outside) @ weight)
            p[name] = unbranched[name]
        p = split_common_cause(p, model.tree, beta)
        top, slope = model.diagram.probability_and_birnbaum("top", p)
        top = np.broadcast_to(top, (len(k), len(weight)))
        mean = top @ weight
        out.top[rows] += share * mean
        out.branches[branch][rows] += share * mean
        out.groups[rows] += share[:, None] * (top @ group.T)
        for name in model.diagram.variables:
            out.never[name][rows] += share * (np.broadcast_to(top - p[name] * slope[name], top.shape) @ weight)
            out.always[name][rows] += share * (np.broadcast_to(top + (1 - p[name]) * slope[name], top.shape) @ weight)
        for barrier in model.tree.barriers:
            value = np.broadcast_to(model.diagram.probability(f"barrier.{barrier}", p), top.shape)
            out.barriers[barrier][rows] += share * (value @ weight)
        _cut_sets(model, p, share, weight, out, first=not rows[0])


def _group_weights(weights: Array) -> Array:
    """Normalised weights of each batch (GROUPS, M); batches of 20 consecutive flights hold all proposals alike."""
    batch = (np.arange(len(weights)) // 20) % GROUPS
    table = np.where(batch == np.arange(GROUPS)[:, None], weights, 0.0)
    totals = table.sum(axis=1, keepdims=True)
    return np.where(totals > 0, table / np.where(totals > 0, totals, 1.0), weights / weights.sum())


def _limit_state(
    model: Model, flights: Flights, surrogates: Mapping[str, Surrogate], fixed_share: float,
    k: NDArray[np.int64], name: str, branch: str,
) -> tuple[Array, NDArray[np.bool_]]:  # fmt: skip
    """P(failure) given flight and draw (k, M), and where the demand lies outside what the ensemble has seen."""
    state = model.limit_states[name]
    response = state.response(branch)
    row = model.responses.index(response)
    fitted = surrogates[response]
    d = len(model.inputs.paths)
    value = _broadcast(fitted, model.unknown[k], flights.scores[:, :d], model.inputs.kinds)
    varying = fitted.scatter * np.sqrt(1.0 - fixed_share)
    value = value + varying * (flights.scores[:, d:] @ model.loadings[row])
    value = value + fitted.scatter * np.sqrt(fixed_share) * model.offsets[response][k][:, None]
    outside = (value < fitted.low) | (value > fitted.high)
    factor = model.factors[name][k][:, None]
    demand = fitted.back(value) * factor
    scatter = float(varying * model.specific[row])
    above, law = state.fails == "above", model.capacities[name]
    if not isinstance(law, np.ndarray):
        # an additive error scales with the model factor; its median stands for all draws (it is near one)
        width = scatter if fitted.logarithmic else scatter * float(np.median(factor))
        return failure_probability_given_demand(
            demand, law, scatter=width, logarithmic=fitted.logarithmic, fails_above=above
        ), outside
    parts = [
        failure_probability_given_demand(
            demand[j], float(capacity), scatter=scatter if fitted.logarithmic else scatter * float(factor[j, 0]),
            logarithmic=fitted.logarithmic, fails_above=above,
        )
        for j, capacity in enumerate(law[k])
    ]  # fmt: skip
    return np.array(parts), outside


def _broadcast(fitted: Surrogate, unknown: Array, flights: Array, kinds: Sequence[str]) -> Array:
    """t(y) for every draw and flight (k, M): terms of one kind are computed once per draw or once per flight."""
    per_draw = np.full((len(unknown), 1), fitted.intercept)
    per_flight = np.zeros((1, len(flights)))
    mixed: Array | float = 0.0
    for term, coefficient in zip(fitted.terms, fitted.coefficients, strict=True):
        columns = [(flights[None, :, j] if kinds[j] == "aleatory" else unknown[:, j, None]) for j in term]
        value = coefficient * columns[0] if len(columns) == 1 else coefficient * columns[0] * columns[1]
        if len(term) == 2 and term[0] == term[1]:
            value = value - coefficient
        if value.shape[1] == 1:
            per_draw = per_draw + value
        elif value.shape[0] == 1:
            per_flight = per_flight + value
        else:
            mixed = mixed + value
    return np.asarray(per_draw + per_flight + mixed)


def _cut_sets(model: Model, p: Mapping[str, Array], share: Array, weight: Array, out: Outcome, *, first: bool) -> None:
    """Mean probability of the largest minimal cut sets; the first block decides which ones are followed."""
    sets = model.diagram.minimal_cut_sets("top") if first else tuple(out.cut_sets)
    for members in sets:
        product: Array = np.ones((1, 1))
        for name in members:
            product = product * p[name]
        value = float(np.sum(share * (np.broadcast_to(product, (len(share), len(weight))) @ weight)))
        out.cut_sets[members] = out.cut_sets.get(members, 0.0) + value / len(out.top)
    if len(out.cut_sets) > _CUT_SETS and not first:
        largest = sorted(out.cut_sets, key=lambda s: -out.cut_sets[s])[:_CUT_SETS]
        out.cut_sets = {s: out.cut_sets[s] for s in largest}


def prior_scores(model: Model) -> dict[str, Array]:
    """Normal scores of each epistemic input per draw, for sensitivities."""
    return {
        path: model.draws.scores[:, j]
        for j, path in enumerate(model.inputs.paths)
        if model.inputs.kinds[j] == "epistemic"
    }


__all__ = ["BOOTSTRAPS", "GROUPS", "Model", "Outcome", "evaluate", "prepare", "prior_scores", "to_physical"]
