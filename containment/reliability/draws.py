"""Draws behind the posterior of P(loss): what is unknown (epistemic, from the posterior), what varies (aleatory)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from containment.case.inputs import Inputs, stream, to_physical, to_score
from containment.case.schema import Case
from containment.errors import DataError

Array = NDArray[np.float64]
_NOT_IN_STAGES = ("limit_states.", "events.", "fault_tree.", "requirement.", "evidence.")

# What a stage may depend on: sections of the case upstream of it. Other sections (materials, overrides) always count.
_UPSTREAM: dict[str, tuple[str, ...]] = {
    "mesh": ("geometry",),
    "sterilisation": ("geometry", "sterilisation"),
    "entry": ("vehicle", "entry"),
    "heatshield": ("vehicle", "entry", "heatshield"),
    "soak": ("vehicle", "entry", "heatshield", "geometry", "soak"),
    "stress": ("vehicle", "entry", "heatshield", "geometry", "soak", "stress"),
    "landing": ("vehicle", "entry", "heatshield", "geometry", "soak", "landing"),
    "leak": ("vehicle", "entry", "heatshield", "geometry", "soak", "landing", "leak"),
}
_SECTIONS = frozenset().union(*_UPSTREAM.values())


def relevant(response: str, paths: Sequence[str], case: Case) -> list[int]:
    """Columns of the inputs a response can depend on: none of later stages, none of other landing branches."""
    stage, *rest = response.split(".")
    sections = _UPSTREAM.get(stage, tuple(_SECTIONS))
    elsewhere = _other_branches(case, rest[0] if rest else "")
    columns = []
    for j, path in enumerate(paths):
        section = path.split(".", 1)[0]
        late = section in _SECTIONS and section not in sections
        if not (late or path.startswith((*_NOT_IN_STAGES, *elsewhere))):
            columns.append(j)
    return columns


def _other_branches(case: Case, branch: str) -> tuple[str, ...]:
    """Prefixes of inputs that only other landing branches use."""
    landing = case.landing
    if landing is None or branch not in landing.branches:
        return ()
    own = landing.branches[branch]
    others = [f"landing.surfaces.{name}." for name in landing.surfaces if name != own.surface]
    others += [f"landing.branches.{name}." for name in landing.branches if name != branch]
    return (*others, "landing.impact." if own.attitude == "tumbling" else "landing.tumbling.")


def features(inputs: Inputs, scores: Array) -> Array:
    """What surrogates are polynomials of (n, d): normal scores, but for bounded inputs the value by mean and deviation.

    A polynomial of the score of a uniform input would run on beyond its bounds; one of its value cannot.
    """
    found = np.array(scores, dtype=float)
    for j, law in enumerate(inputs.marginals):
        if law.dist.name in ("uniform", "loguniform", "reciprocal"):
            found[:, j] = np.sqrt(12.0) * (special.ndtr(scores[:, j]) - 0.5)
        elif law.dist.name in ("triang", "beta"):
            found[:, j] = (to_physical(law, scores[:, j]) - law.mean()) / law.std()
    return found


@dataclass(frozen=True)
class EpistemicDraws:
    """K draws of everything unknown: normal scores of stage inputs (K, d; aleatory columns zero), values by path.

    `rows` (K,) are the rows of the posterior the draws stand on.
    """

    count: int
    scores: Array
    values: Mapping[str, Array]
    weights: Mapping[str, Array]
    seed: int
    rows: NDArray[np.int64]

    def standard_normal(self, name: str) -> Array:
        """K standard normal numbers for one named unknown that is no input of the case."""
        return self.spread(name, self.count)

    def spread(self, name: str, n: int) -> Array:
        """n stratified standard normal numbers of one name."""
        return _scores((name,), n, self.seed)[:, 0]


def _scores(names: tuple[str, ...], n: int, seed: int) -> Array:
    laws = tuple(stats.norm() for _ in names)
    return Inputs(names, ("epistemic",) * len(names), laws, np.eye(len(names))).scores(n, seed, purpose="assurance")


def draw_epistemic(case: Case, inputs: Inputs, posterior: Mapping[str, Array], count: int, seed: int) -> EpistemicDraws:
    """K joint draws: posterior rows where evidence updated an input, the case's distribution elsewhere.

    Raises DataError for posterior names that are no inputs of the case and for draws that are not numbers.
    """
    scores = inputs.scores(count, seed, purpose="assurance")
    values: dict[str, Array] = {}
    rows = _posterior_rows(posterior, inputs, count, seed)
    for j, path in enumerate(inputs.paths):
        if inputs.kinds[j] == "aleatory":
            if path in posterior:
                raise DataError(
                    f"posterior draws for {path!r}, which is aleatory",
                    advice="evidence updates unknowns; make the input epistemic or update its parameters",
                )
            scores[:, j] = 0.0
            continue
        if path in posterior:
            values[path] = np.asarray(posterior[path], dtype=float)[rows]
            scores[:, j] = to_score(inputs.marginals[j], values[path])
        else:
            values[path] = to_physical(inputs.marginals[j], scores[:, j])
    return EpistemicDraws(count, scores, values, _branch_weights(case, count, seed), seed, rows)


def _posterior_rows(posterior: Mapping[str, Array], inputs: Inputs, count: int, seed: int) -> NDArray[np.int64]:
    """One row of the joint posterior per draw; all inputs take the same row, so that their correlation survives."""
    if not posterior:
        return np.arange(count)
    for path, draws in posterior.items():
        if path not in inputs.paths:
            raise DataError(f"posterior of {path!r}, no input of this case", advice="name it by its path in the case")
        if not np.all(np.isfinite(draws)):
            raise DataError(f"posterior of {path!r} holds values that are not numbers", advice="sample it again")
    lengths = {len(draws) for draws in posterior.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise DataError(f"posterior draws of lengths {sorted(lengths)}", advice="give all inputs the same draws")
    order = stream(seed, "posterior rows", "assurance").permutation(lengths.pop())
    return np.resize(order, count)


def _branch_weights(case: Case, count: int, seed: int) -> dict[str, Array]:
    """Probability of each landing branch per draw (K,), summing to one; one unnamed branch where nothing lands."""
    if case.landing is None:
        return {"": np.ones(count)}
    drawn = case.landing.draw_probabilities(stream(seed, "landing.branches", "assurance"), count)
    return {name: np.asarray(weight, dtype=float) for name, weight in drawn.items()}
