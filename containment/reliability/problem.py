"""A limit state in standard normal space, every call of it counted and, where asked, kept on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from containment.case.inputs import Inputs, correlation_matrix
from containment.case.inputs import to_physical as physical_of
from containment.case.schema import Correlation
from containment.errors import DataError, StorageError, UsageError
from containment.reliability.gaussian_process import normal_scores
from containment.reliability.rung import CheapRung, cheap_rungs

Array = NDArray[np.float64]
System = Literal["series", "parallel"] | Callable[[Array], Array]
_RETRIES = 1
_GRID = np.linspace(-8.2, 8.2, 1641)  # normal scores of the tables


class Problem:
    """g over standard normal u (n, d): k values per call, joined by `system`; failed calls are NaN, never dropped.

    `system`: "series" fails with any mode (min), "parallel" with all (max), or a function of g (n, k) -> (n,).
    """

    def __init__(
        self, limit_state: Callable[[Array], Array], inputs: Inputs | Sequence[Any], correlation: Array | None,
        system: System, budget: int, ledger: Path | None, trend: Callable[[Array], Array] | None = None,
    ) -> None:  # fmt: skip
        self._g, self.system, self.budget = limit_state, system, budget
        self.inputs = inputs if isinstance(inputs, Inputs) else named_inputs(inputs, correlation)
        if isinstance(inputs, Inputs) and correlation is not None:
            raise UsageError("correlation given twice", advice="the inputs of a case carry their own")
        self.dimension = len(self.inputs.marginals)
        self._memory: dict[bytes, tuple[float, ...]] = {}
        self._ledger = ledger
        self.calls = self.failed = 0
        self._replayed: dict[str, tuple[float, ...]] = _read_ledger(ledger)
        self._correlated = bool(np.any(self.inputs.correlation != np.eye(self.dimension)))
        middle = np.array([[float(law.median()) for law in self.inputs.marginals]])
        sides = [[float(law.ppf(p)) for law in self.inputs.marginals] for p in special.ndtr([-1.0, 1.0])]
        self._centre, self._width = middle, np.maximum(0.5 * np.abs(np.diff(sides, axis=0)), 1e-300)
        self._tables = [self._table(law, j) for j, law in enumerate(self.inputs.marginals)]
        self._standardised = self._centred_physical  # one object, so that surrogates can tell scales apart
        self.rungs: tuple[CheapRung, ...] = ()
        if trend is not None:
            self.rungs = cheap_rungs(lambda u: _shaped(trend(self.physical(u)), len(u)), self.dimension)

    @property
    def left(self) -> int:
        """Calls the budget still allows."""
        return self.budget - self.calls

    def __call__(self, u: Array) -> Array:
        """g at u (n, d) -> (n, k); points seen before cost nothing."""
        keys = [row.tobytes() for row in np.ascontiguousarray(u, dtype=float)]
        fresh = [i for i, key in dict(zip(keys, range(len(keys)), strict=True)).items() if i not in self._memory]
        rows = np.array([np.frombuffer(key) for key in fresh]).reshape(len(fresh), self.dimension)
        if len(rows):
            self.calls += len(rows)
            for key, value in zip(fresh, self._evaluated(rows, fresh), strict=True):
                self._memory[key] = value
                self.failed += int(np.isnan(value).any())
        return np.array([self._memory[key] for key in keys])

    def physical(self, u: Array) -> Array:
        """Inputs in their own units of standard normal u (n, d)."""
        z = self.inputs.correlate(u)
        return np.column_stack([physical_of(law, z[:, j]) for j, law in enumerate(self.inputs.marginals)])

    def scales(self, mode: int, points: int) -> tuple[Callable[[Array], Array], ...]:
        """Scales the surrogate of a mode may use: normal scores, where it differs physical values by centre and spread,
        and the scores with the cheaper rung; this alone while there are too few points to know a slope by each input.
        """
        rungs = self.rungs[min(mode, len(self.rungs) - 1) :][:1]
        if rungs and points < self.dimension + 4:
            return rungs
        plain = all(law.dist.name == "norm" for law in self.inputs.marginals) and not self._correlated
        return (normal_scores, *rungs) if plain else (normal_scores, self._standardised, *rungs)

    def _table(self, law: Any, j: int) -> Array:
        return np.asarray((physical_of(law, _GRID) - self._centre[0, j]) / self._width[0, j])

    def _centred_physical(self, u: Array) -> Array:
        """Physical values by centre and spread, from tables: a scale need not be exact, but it is asked for often."""
        z = self.inputs.correlate(u) if self._correlated else u
        return np.column_stack([np.interp(z[:, j], _GRID, table) for j, table in enumerate(self._tables)])

    def _evaluated(self, rows: Array, keys: Sequence[bytes]) -> list[tuple[float, ...]]:
        values: list[tuple[float, ...] | None] = [self._replayed.get(key.hex()) for key in keys]
        todo = [i for i, value in enumerate(values) if value is None]
        if todo:
            table = self._call(rows[todo])
            for attempt in range(_RETRIES + 1):
                bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
                if attempt == _RETRIES or not len(bad):
                    break
                table[bad] = self._call(rows[todo][bad])
            table[~np.isfinite(table).all(axis=1)] = np.nan
            for i, row in zip(todo, table, strict=True):
                values[i] = tuple(float(x) for x in row)
            self._append([(keys[i].hex(), values[i]) for i in todo])
        return [value for value in values if value is not None]

    def _call(self, rows: Array) -> Array:
        """g of rows; a batch that raises is tried one by one, a point that raises is unknown."""
        x = self.physical(rows)
        try:
            return _shaped(self._g(x), len(x))
        except (ArithmeticError, ValueError, RuntimeError) as error:
            if isinstance(error, DataError):
                raise
        parts: list[Array | None] = []
        for row in x:
            try:
                parts.append(_shaped(self._g(row[None]), 1))
            except (ArithmeticError, ValueError, RuntimeError):
                parts.append(None)
        width = next((part.shape[1] for part in parts if part is not None), 1)
        return np.vstack([part if part is not None else np.full((1, width), np.nan) for part in parts])

    def _append(self, entries: Sequence[tuple[str, tuple[float, ...] | None]]) -> None:
        if self._ledger is None:
            return
        try:
            with self._ledger.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps({"u": key, "g": value}) + "\n" for key, value in entries)
                file.flush()
        except OSError as error:
            raise StorageError(
                f"{self._ledger}: {error.strerror}", advice="free space or choose another --out"
            ) from error

    def joined(self, g: Array) -> Array:
        """System value of mode values (n, k) -> (n,)."""
        if callable(self.system):
            return np.asarray(self.system(g), dtype=float)
        return np.asarray(g.max(axis=1) if self.system == "parallel" else g.min(axis=1))

    def failure_chance(self, mean: Array, sd: Array) -> Array:
        """P(system fails) where mode values are independent normals (n, k) -> (n,)."""
        if not callable(self.system):
            chance = special.ndtr(-mean / sd)
            if self.system == "parallel":
                return np.asarray(chance.prod(axis=1))
            return np.asarray(-np.expm1(np.log1p(-np.minimum(chance, 1 - 1e-16)).sum(axis=1)))
        # any other logic: margin of the means, with the spread the joined value takes when the modes vary
        draws = np.random.default_rng(0).standard_normal((16, 1, mean.shape[1]))
        draws = np.concatenate([draws, -draws])
        spread = np.std([self.joined(mean + sd * draw) for draw in draws], axis=0)
        return np.asarray(special.ndtr(-self.joined(mean) / np.maximum(spread, 1e-300)))


def named_inputs(marginals: Sequence[Any], correlation: Array | None) -> Inputs:
    """Frozen distributions as inputs x0, x1, ..., with an optional correlation of their normal scores."""
    names = tuple(f"x{j}" for j in range(len(marginals)))
    if not names:
        raise UsageError("no inputs", advice="give at least one marginal distribution")
    for name, law in zip(names, marginals, strict=True):
        if not hasattr(law, "ppf"):
            raise UsageError(f"{name}: found {law!r}, expected a frozen scipy.stats distribution", advice="freeze it")
    groups = {}
    if correlation is not None:
        table = tuple(tuple(float(x) for x in row) for row in np.atleast_2d(correlation))
        groups["inputs"] = Correlation(inputs=names, matrix=table)
    matrix = correlation_matrix(names, ("aleatory",) * len(names), groups)
    return Inputs(names, ("aleatory",) * len(names), tuple(marginals), matrix)


def _shaped(value: Any, n: int) -> Array:
    g = np.array(value, dtype=float)
    g = g[:, None] if g.ndim == 1 else g
    if g.ndim != 2 or len(g) != n or g.shape[1] == 0:
        raise DataError(
            f"limit state: found shape {np.shape(value)} for {n} points, expected ({n},) or ({n}, k)",
            advice="return g of shape (n,) or (n, k) for x of shape (n, d)",
        )
    return g


def _read_ledger(path: Path | None) -> dict[str, tuple[float, ...]]:
    if path is None or not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # the line a killed run did not finish
        found[str(entry["u"])] = tuple(float(x) for x in entry["g"])
    return found
