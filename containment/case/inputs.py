"""The uncertain inputs of a case as distributions, and samples of them that never depend on company.

Each input has its own random stream, seeded by (seed, purpose, crc32 of its path): sample i of an input is the same
whatever the number of samples, workers or other inputs.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from containment.case.schema import Case, Correlation
from containment.case.values import Quantity
from containment.errors import CaseError, DataError, Problem, UsageError

Array = NDArray[np.float64]
_SOBOL_DIMENSIONS = 21201  # Joe & Kuo 2008, as shipped with SciPy
_EDGE = 8.2  # normal scores are kept inside +-8.2 (probability 1e-16), where double precision ends


def marginal(quantity: Quantity) -> Any:
    """Frozen scipy.stats distribution of an uncertain value (SI).

    The nominal value is the mean of a normal, the median of a lognormal, the mode of a triangular.
    """
    spread = quantity.uncertainty
    if spread is None:
        raise UsageError("the value is certain", advice="give it an uncertainty or leave it out of the inputs")
    p = spread.parameters
    match spread.distribution:
        case "normal":
            return stats.norm(loc=quantity.value, scale=p["sd"])
        case "lognormal":
            return stats.lognorm(p["sigma_ln"], scale=quantity.value)
        case "uniform":
            return stats.uniform(loc=p["low"], scale=p["high"] - p["low"])
        case "loguniform":
            return stats.loguniform(p["low"], p["high"])
        case "triangular":
            width = p["high"] - p["low"]
            return stats.triang((quantity.value - p["low"]) / width, loc=p["low"], scale=width)
        case "beta":
            return stats.beta(p["a"], p["b"])
        case "weibull":
            return stats.weibull_min(p["shape"], scale=p["scale"])
        case "rayleigh":
            return stats.rayleigh(scale=p["scale"])
        case other:
            raise DataError(f"no distribution {other!r}", advice="use one listed in containment/case/values.py")


def to_physical(distribution: Any, score: Array) -> Array:
    """Values of a standard normal score, accurate in both tails: x = F^-1(Phi(z))."""
    z = np.clip(np.asarray(score, dtype=float), -_EDGE, _EDGE)
    if distribution.dist.name == "norm":
        return np.asarray(distribution.mean() + distribution.std() * z)
    if distribution.dist.name == "lognorm":
        sigma = distribution.kwds.get("s", distribution.args[0] if distribution.args else None)
        return np.asarray(distribution.median() * np.exp(float(sigma) * z))
    return np.asarray(np.where(z > 0, distribution.isf(special.ndtr(-z)), distribution.ppf(special.ndtr(z))))


def to_score(distribution: Any, value: Array) -> Array:
    """Standard normal score of values: z = Phi^-1(F(x)), inside +-8.2."""
    x = np.asarray(value, dtype=float)
    below, above = distribution.cdf(x), distribution.sf(x)
    with np.errstate(divide="ignore"):
        z = np.where(below < 0.5, special.ndtri(below), -special.ndtri(above))
    return np.asarray(np.clip(z, -_EDGE, _EDGE))


def stream(seed: int, path: str, purpose: str = "study") -> np.random.Generator:
    """The random stream of one input."""
    return np.random.default_rng(
        np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), zlib.crc32(path.encode())])
    )


@dataclass(frozen=True)
class Inputs:
    """Uncertain inputs of a case: paths, kinds, distributions, and the correlation of their normal scores (d, d)."""

    paths: tuple[str, ...]
    kinds: tuple[str, ...]
    marginals: tuple[Any, ...]
    correlation: Array

    def index(self, path: str) -> int:
        """Column of an input."""
        return self.paths.index(path)

    def scores(self, n: int, seed: int, *, design: Literal["lhs", "sobol"] = "lhs", purpose: str = "study") -> Array:
        """Standard normal scores (n, d), correlated as the case says."""
        if n < 1:
            raise UsageError(f"{n} samples", advice="ask for at least one sample")
        uniform = _sobol if design == "sobol" else _latin_hypercube
        z = np.clip(special.ndtri(uniform(self.paths, n, seed, purpose)), -_EDGE, _EDGE)
        return self.correlate(z)

    def correlate(self, independent: Array) -> Array:
        """Correlated normal scores of independent ones (Gaussian copula); inputs without correlation are unchanged."""
        z = independent.copy()
        for block, factor in self._factors:
            z[:, block] = independent[:, block] @ factor.T
        return z

    @cached_property
    def _factors(self) -> list[tuple[list[int], Array]]:
        """Cholesky factor of each group of correlated inputs: asked for often, the same every time."""
        blocks = _blocks(self.correlation)
        return [(block, np.linalg.cholesky(self.correlation[np.ix_(block, block)])) for block in blocks]

    def physical(self, scores: Array) -> Array:
        """Values in SI (n, d) of normal scores."""
        return np.column_stack([to_physical(law, scores[:, j]) for j, law in enumerate(self.marginals)])

    def values(self, n: int, seed: int, *, design: Literal["lhs", "sobol"] = "lhs", purpose: str = "study") -> Array:
        """Sample matrix in SI (n, d); row i never depends on n."""
        return self.physical(self.scores(n, seed, design=design, purpose=purpose))


def inputs_of(case: Case) -> Inputs:
    """Uncertain inputs of a case with their correlation. Raises CaseError where the correlation is not possible."""
    quantities = case.inputs()
    paths = tuple(quantities)
    kinds = tuple(q.uncertainty.kind for q in quantities.values() if q.uncertainty is not None)
    matrix = correlation_matrix(paths, kinds, case.correlations)
    return Inputs(paths, kinds, tuple(marginal(q) for q in quantities.values()), matrix)


def correlation_matrix(paths: Sequence[str], kinds: Sequence[str], groups: Mapping[str, Correlation]) -> Array:
    """Correlation of all inputs (d, d) from the groups of a case; checked to be positive definite."""
    matrix = np.eye(len(paths))
    column = {path: j for j, path in enumerate(paths)}
    for name, group in groups.items():
        key = f"correlations.{name}"
        present = [
            i for i, path in enumerate(group.inputs) if path in column
        ]  # a certain value correlates with nothing
        index = [column[group.inputs[i]] for i in present]
        if len({kinds[j] for j in index}) > 1:
            raise _error(
                f"{key}.inputs", "aleatory and epistemic inputs in one group", "inputs of one kind", "split the group"
            )
        block = np.array(group.matrix, dtype=float)
        size = len(group.inputs)
        if block.shape != (size, size) or not np.allclose(block, block.T) or not np.allclose(np.diag(block), 1.0):
            expected = f"a symmetric {size} by {size} matrix with ones on the diagonal"
            raise _error(f"{key}.matrix", f"shape {block.shape}", expected, "correct it")
        matrix[np.ix_(index, index)] = block[np.ix_(present, present)]
    lowest = float(np.linalg.eigvalsh(matrix)[0]) if len(paths) else 1.0
    if lowest <= 1e-12:  # below this the Cholesky factor is noise
        raise _error(
            "correlations", f"smallest eigenvalue {lowest:.3g}", "a positive definite matrix",
            "reduce the off-diagonal terms",
        )  # fmt: skip
    return matrix


def _error(key: str, found: str, expected: str, advice: str) -> CaseError:
    return CaseError([Problem("case", 0, 0, key, found, expected, advice)])


def _blocks(correlation: Array) -> list[list[int]]:
    """Groups of inputs that are correlated with each other (connected components), singles left out."""
    from scipy.sparse.csgraph import connected_components

    if not len(correlation):
        return []
    _, label = connected_components(np.abs(correlation) > 0, directed=False)
    groups = [np.flatnonzero(label == k).tolist() for k in range(label.max() + 1)]
    return [group for group in groups if len(group) > 1]


def _latin_hypercube(paths: Sequence[str], n: int, seed: int, purpose: str) -> Array:
    """Uniform (n, d): a hypercube that grows by doubling, so that it is Latin at every power of two.

    The 2m-th design keeps its first m points, one in each interval of width 1/m, and puts the new ones into the empty
    halves in random order (Sallaberry, Helton & Hora 2008, extension of Latin hypercube samples).
    """
    return np.column_stack([_nested(n, stream(seed, path, purpose)) for path in paths]) if paths else np.empty((n, 0))


def _nested(n: int, rng: np.random.Generator) -> Array:
    u = rng.random(1)
    while len(u) < n:
        m = len(u)
        taken = np.floor(u * 2 * m).astype(int)
        empty = np.sort(taken ^ 1)  # the other half of each interval
        u = np.concatenate([u, (rng.permutation(empty) + rng.random(m)) / (2 * m)])
    return np.clip(u[:n], 1e-16, 1 - 1e-16)


def _sobol(paths: Sequence[str], n: int, seed: int, purpose: str) -> Array:
    """Uniform (n, d) of a scrambled Sobol sequence; the dimension of an input follows from its name.

    Two names on one dimension (0.4 % for the 80th input) move the later of them, by name, to the next free one.
    """
    from scipy.stats import qmc

    dimension: dict[str, int] = {}
    for path in sorted(paths):
        j = zlib.crc32(path.encode()) % _SOBOL_DIMENSIONS
        while j in dimension.values():
            j = (j + 1) % _SOBOL_DIMENSIONS
        dimension[path] = j
    columns = [dimension[path] for path in paths]
    rng = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]))
    sequence = qmc.Sobol(_SOBOL_DIMENSIONS, scramble=True, rng=rng)
    rows, chunk = 2 ** max(0, math.ceil(math.log2(n))), 64  # powers of two: the sequence warns about others
    parts = [sequence.random(min(chunk, rows))[:, columns] for _ in range(max(1, rows // chunk))]
    return np.asarray(np.clip(np.concatenate(parts)[:n], 1e-16, 1 - 1e-16))
