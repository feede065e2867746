"""The march in time: two-stage implicit Runge-Kutta with an exact account of energy.

Alexander's stiffly accurate, L-stable SDIRK2 (SIAM J. Numer. Anal. 14 (1977) 1006): with c = 1 - 1/sqrt(2), nodal
enthalpy e and nodal heat rate f,

    e1 = e0 + c dt f1,    e2 = e0 + (1 - c) dt f1 + c dt f2     (stages at t + c dt and t + dt).

One-step, so sudden changes of the surroundings need no restart, and second order. Summed over nodes the formula
telescopes: stored energy must equal what came through surfaces and imposed nodes up to the Newton tolerance.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError, SolverError
from containment.thermal.soak_conduction import SectionConduction

Floats = NDArray[np.float64]
_C = 1.0 - 1.0 / np.sqrt(2.0)
CLOSURE_LIMIT = 1e-3  # the account telescopes exactly; a tenth of a percent means lost heat, not rounding

Surroundings = Callable[[float, Floats], None]
Imposed = Callable[[float], tuple[NDArray[np.int64], Floats]]


@dataclass
class EnergyAccount:
    """Joules per radian: change of stored heat, what entered and left; less than `rounding` is nothing."""

    stored: float = 0.0
    entered: float = 0.0
    left: float = 0.0
    rounding: float = 0.0

    def add(self, stored: float, supplied: float) -> None:
        """One step: change of stored heat and net heat supplied."""
        self.stored += stored
        self.entered += max(supplied, 0.0)
        self.left += max(-supplied, 0.0)

    @property
    def closure(self) -> float:
        """|stored - entered + left| over the heat that went through."""
        through = max(self.entered, self.left, abs(self.stored), self.rounding)
        return abs(self.stored - self.entered + self.left) / through if through else 0.0

    def require(self) -> float:
        """The closure. Raises SolverError where heat was lost or made."""
        if self.closure > CLOSURE_LIMIT:
            raise SolverError(
                f"energy does not close: stored {self.stored:.6g} J/rad, entered {self.entered:.6g}, left "
                f"{self.left:.6g}; {self.closure:.2%} is missing, expected at most {CLOSURE_LIMIT:.1%}",
                advice="report this with the case: the balance is exact in the scheme",
            )
        return self.closure


@dataclass
class March:
    """Histories of one march: times (n,), temperatures at chosen nodes, snapshots, account, iterations."""

    time: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    snapshots: list[tuple[float, Floats]] = field(default_factory=list)
    account: EnergyAccount = field(default_factory=EnergyAccount)
    iterations: int = 0
    stages: int = 0


def march(
    system: SectionConduction,
    temperature: Floats,
    times: Floats,
    surroundings: Surroundings,
    *,
    imposed: Imposed | None = None,
    observe: Callable[[float, Floats], dict[str, float]] = lambda t, temperature: {},
    snapshots: Sequence[float] = (),
    into: March | None = None,
    retries: int = 4,
) -> tuple[Floats, March]:
    """Carry nodal `temperature` (node,) K through `times` (n,) s; returns the last temperatures and the record.

    `surroundings(t, T)` sets the exchange of the surfaces; `imposed(t)` gives nodes and their temperatures. A step
    that does not converge is split in two, at most `retries` times over; then SolverError says when.
    """
    back = np.flatnonzero(~(np.diff(times) > 0.0))
    if back.size:
        raise DataError(
            f"found a step from {times[back[0]]:g} to {times[back[0] + 1]:g} s, expected times that increase",
            advice="sort the times of the march",
        )
    record = into or March()
    if not record.time:
        record.time.append(float(times[0]))
        record.history.append(observe(float(times[0]), temperature))
    walk = _Walk(system, surroundings, imposed, record, temperature, system.stored(temperature))
    record.account.rounding = 1e-9 * float(np.abs(walk.stored).sum())  # a million times that of one addition
    for t0, t1 in itertools.pairwise(times):
        walk.to(float(t0), float(t1), retries)
        record.time.append(float(t1))
        record.history.append(observe(float(t1), walk.temperature))
        if any(abs(t1 - wanted) <= 1e-9 * max(t1, 1.0) for wanted in snapshots):  # times of the grid are exact copies
            record.snapshots.append((float(t1), walk.temperature.copy()))
    return walk.temperature, record


@dataclass
class _Walk:
    """Where the march stands: temperature (node,) K, stored (node,) J/rad, and `known` temperatures before (s, K)."""

    system: SectionConduction
    surroundings: Surroundings
    imposed: Imposed | None
    record: March
    temperature: Floats
    stored: Floats
    known: list[tuple[float, Floats]] = field(default_factory=list)

    def to(self, t0: float, t1: float, retries: int) -> None:
        """One step, or two halves where it does not converge."""
        try:
            self._step(t0, t1 - t0)
            return
        except SolverError as error:
            if retries == 0:
                error.message = f"at t = {t0:.4g} s: {error.message}"
                raise
        middle = 0.5 * (t0 + t1)
        self.to(t0, middle, retries - 1)
        self.to(middle, t1, retries - 1)

    def _step(self, t0: float, dt: float) -> None:
        tau, supplied = _C * dt, 0.0
        past = np.zeros_like(self.stored)  # (1 - c) dt f1, then used by the second stage
        known = [*self.known[-2:], (t0, self.temperature)]
        for share, at in ((1.0 - _C, t0 + tau), (_C, t0 + dt)):
            guess = _extrapolated(known[-3:], at)
            self.surroundings(at, guess)
            if self.imposed is not None:
                nodes, values = self.imposed(at)
                guess[nodes] = values
            stage = self.system.solve_stage(guess, self.stored + past, tau)
            supplied += share * dt * stage.supplied
            past = (1.0 - _C) / _C * (stage.stored - self.stored - past)
            known.append((at, stage.temperature))
            self.record.iterations += stage.iterations
            self.record.stages += 1
        self.record.account.add(float(stage.stored.sum() - self.stored.sum()), supplied)
        self.known = known[:-1]
        self.temperature, self.stored = stage.temperature, stage.stored


def _extrapolated(known: Sequence[tuple[float, Floats]], at: float) -> Floats:
    """Temperatures at a time by the polynomial through up to three known ones (time s, (node,) K)."""
    times = [t for t, _ in known]
    guess = np.zeros_like(known[0][1])
    for i, (t, values) in enumerate(known):
        others = [u for j, u in enumerate(times) if j != i]
        guess += float(np.prod([(at - u) / (t - u) for u in others])) * values
    return guess


def graded_times(start: float, end: float, first: float, steps: int) -> Floats:
    """(steps + 1,) times from `start` to `end`, the first step `first` s, growing by a constant ratio (>= 1)."""
    span = end - start
    if steps * first >= span:
        return np.linspace(start, end, steps + 1)
    low, high = 1.0, (span / first) ** (1.0 / (steps - 1))  # with this ratio the last step alone spans it
    for _ in range(200):
        ratio = 0.5 * (low + high)
        reach = first * np.expm1(steps * np.log(ratio)) / (ratio - 1.0) if ratio > 1.0 else first * steps
        low, high = (ratio, high) if reach < span else (low, ratio)
    steps_taken = first * high ** np.arange(steps)
    times = start + np.concatenate([[0.0], np.cumsum(steps_taken)])
    times[-1] = end
    return np.asarray(times)
