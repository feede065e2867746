# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""How time is cut into steps: error control, stops at kinks of the boundary data, shared by all solvers of the shield.

A march is `propose`, an attempt at the step, `settle`, and for an accepted step `advance`, until no stop is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.thermal.compiled import COMPILED

STABLE_GROWTH = 1.9  # variable-step BDF2 is zero-stable below 2.41; beyond 1.9 it is restarted with implicit Euler
SMALLEST_CONTROLLED = 1.0e-4  # s, an error estimate does not shorten a step below this
MOST_TRUSTED = 25.0  # a change above this many tolerances is iterated again whatever the contraction
SAFETY = 0.9  # usual factor on the optimal step (Hairer, Norsett & Wanner, Solving ODEs I, II.4)


class StepRules(NamedTuple):
    """Stepping as numbers; tolerance 0 = none."""

    first: float
    largest: float
    growth: float
    tolerance: float
    newton: float
    iterations: int
    retries: int


@dataclass(frozen=True)
class Stepping:
    """How time is cut. first: step after each break, s; largest: longest step, s; growth: at most per step.

    tolerance: local error of temperature a step may make, K; None = grow to `largest` whatever the error (benchmarks).
    newton: last temperature change of the iteration, K; iterations per attempt; retries with a quarter of the step.
    """

    first: float = 0.005
    largest: float = 0.5
    growth: float = 1.3
    tolerance: float | None = None
    newton: float = 1.0e-2  # against 1e-7 K it changes case 1.0 by 0.007 K; the steps themselves err by 0.7 K (rms)
    iterations: int = 25
    retries: int = 12

    def numbers(self) -> StepRules:
        """The same for compiled code."""
        return StepRules(
            self.first, self.largest, self.growth, self.tolerance or 0.0, self.newton, self.iterations, self.retries
        )


DEFAULT = Stepping()


@njit(**COMPILED)
def coefficients(dt: float, dt_old: float) -> tuple:
    """BDF coefficients (c0, c1, c2) of variable-step BDF2; dt_old <= 0 starts with implicit Euler."""
    if dt_old <= 0.0:
        return 1.0, -1.0, 0.0
    r = dt / dt_old
    return (1.0 + 2.0 * r) / (1.0 + r), -(1.0 + r), r * r / (1.0 + r)


@njit(**COMPILED)
def fitted(dt: float, limit: float) -> float:
    """Step that reaches `limit` exactly, without leaving a sliver before it."""
    if dt > 0.999 * limit:
        return limit
    return min(dt, 0.5 * limit) if 2.0 * dt > limit else dt


class Pace(NamedTuple):
    """Where a march stands. clock = (time, next step, the step before or 0 after a restart, all s, growth of the next);
    counts = (next stop, failures in a row, states known); times (3,) s and past (3, N) K of the last states; stops s.
    """

    clock: Any
    counts: Any
    times: Any
    past: Any
    stops: Any


TIME, STEP, BEFORE, GROWTH = range(4)
STOP, FAILURES, KNOWN = range(3)
ACCEPTED, AGAIN, STUCK = range(3)


def new_pace(rules: StepRules, breaks: tuple[float, ...], start: float, end: float, temperature: np.ndarray) -> Pace:
    """At the start of a march to `end`, s, from temperatures (N,) K; a step must end at each of the `breaks`."""
    stops = np.array([b for b in sorted(set(breaks)) if start < b < end] + [end])
    past = np.zeros((3, temperature.size))
    past[0] = temperature
    return Pace(
        np.array([start, rules.first, 0.0, 1.0]), np.array([0, 0, 1]), np.array([start, 0.0, 0.0]), past, stops
    )  # fmt: skip


@njit(**COMPILED)
def ahead(pace: Pace) -> bool:
    """Whether there is a stop left."""
    return bool(pace.counts[STOP] < pace.stops.size)


@njit(**COMPILED)
def propose(pace: Pace, guess: Any) -> tuple:
    """(time at its end, step, step before it or 0 to start afresh) of the next attempt, s; fills the guess (N,) K."""
    clock = pace.clock
    clock[STEP] = fitted(clock[STEP], pace.stops[pace.counts[STOP]] - clock[TIME])
    if clock[STEP] > STABLE_GROWTH * clock[BEFORE]:
        clock[BEFORE] = 0.0
    time = clock[TIME] + clock[STEP]
    _predict(pace, time, clock[BEFORE], guess)
    return time, clock[STEP], clock[BEFORE]


@njit(**COMPILED)
def settle(rules: StepRules, pace: Pace, solved: bool, new: Any) -> int:
    """What becomes of an attempt with the temperatures `new` (N,) K: ACCEPTED, AGAIN with a shorter step, STUCK."""
    clock, counts = pace.clock, pace.counts
    if not solved:
        counts[FAILURES] += 1
        if counts[FAILURES] > rules.retries:
            return STUCK
        clock[STEP] *= 0.25
        _forget(pace)
        return AGAIN
    controlled = clock[BEFORE] > 0.0 and rules.tolerance > 0.0
    error = _local_error(pace, clock[TIME] + clock[STEP], new) if controlled else -1.0
    accepted, clock[GROWTH] = _judge(rules, error, clock[STEP])
    if not accepted:
        clock[STEP] *= clock[GROWTH]
        return AGAIN
    if clock[STEP] >= 0.99 * rules.first:  # shorter steps that hold now and then must not go on for ever
        counts[FAILURES] = 0
    return ACCEPTED


@njit(**COMPILED)
def advance(rules: StepRules, pace: Pace, new: Any) -> None:
    """Go on from an accepted step that ended with the temperatures `new` (N,) K."""
    clock, counts = pace.clock, pace.counts
    clock[TIME] += clock[STEP]
    _remember(pace, new)
    clock[BEFORE], clock[STEP] = clock[STEP], min(clock[STEP] * clock[GROWTH], rules.largest)
    if pace.stops[counts[STOP]] - clock[TIME] < 1e-9 * max(1.0, clock[TIME]):
        counts[STOP] += 1
        clock[STEP] = rules.first
        _forget(pace)


@njit(**COMPILED)
def _local_error(pace: Pace, time: float, new: Any) -> float:
    """Largest local error of a BDF2 step (K); -1 without three states before it.

    h^2 (h + h1)^2/(2 h + h1) times the third divided difference of temperature.
    """
    if pace.counts[KNOWN] < 3:
        return -1.0
    past, ta, tb, tc = pace.past, pace.times[0], pace.times[1], pace.times[2]
    h, h1 = time - tc, tc - tb
    weight = h * h * (h + h1) ** 2 / (2.0 * h + h1)
    worst = 0.0
    for j in range(new.size):
        d1 = (new[j] - past[2, j]) / h
        d2 = (past[2, j] - past[1, j]) / h1
        d3 = (past[1, j] - past[0, j]) / (tb - ta)
        third = ((d1 - d2) / (time - tb) - (d2 - d3) / (tc - ta)) / (time - ta)
        worst = max(worst, abs(third))
    return worst * weight


@njit(**COMPILED)
def _judge(rules: StepRules, error: float, dt: float) -> tuple:
    """(accepted, factor on the next or repeated step) for the local error of a step; error < 0 = unknown."""
    if rules.tolerance <= 0.0 or error < 0.0:
        return True, rules.growth
    ratio = rules.tolerance / max(error, 1.0e-12)
    factor = max(0.3, SAFETY * ratio ** (1.0 / 3.0))
    if ratio < 0.5 and dt > SMALLEST_CONTROLLED:  # twice too large: repeat
        return False, factor
    return True, min(rules.growth, factor)


@njit(**COMPILED)
def _remember(pace: Pace, new: Any) -> None:
    """Append a state to the last three."""
    times, past, counts = pace.times, pace.past, pace.counts
    if counts[KNOWN] == 3:
        for k in range(2):
            times[k] = times[k + 1]
            for j in range(new.size):
                past[k, j] = past[k + 1, j]
        counts[KNOWN] = 2
    last = counts[KNOWN]
    times[last] = pace.clock[TIME]
    for j in range(new.size):
        past[last, j] = new[j]
    counts[KNOWN] += 1


@njit(**COMPILED)
def _forget(pace: Pace) -> None:
    """Keep only the latest state and start afresh from it."""
    last = pace.counts[KNOWN] - 1
    pace.times[0] = pace.times[last]
    for j in range(pace.past.shape[1]):
        pace.past[0, j] = pace.past[last, j]
    pace.counts[KNOWN], pace.clock[BEFORE] = 1, 0.0


@njit(**COMPILED)
def _predict(pace: Pace, time: float, dt_old: float, out: Any) -> None:
    """Extrapolation through the last two or three states; the last state after a restart."""
    times, past, known = pace.times, pace.past, pace.counts[KNOWN]
    if dt_old <= 0.0 or known < 2:
        for j in range(out.size):
            out[j] = past[known - 1, j]
    elif known == 2:
        f = (time - times[1]) / (times[1] - times[0])
        for j in range(out.size):
            out[j] = past[1, j] + f * (past[1, j] - past[0, j])
    else:
        a, b, c = times[0], times[1], times[2]
        fa = (time - b) * (time - c) / ((a - b) * (a - c))
        fb = (time - a) * (time - c) / ((b - a) * (b - c))
        fc = (time - a) * (time - b) / ((c - a) * (c - b))
        for j in range(out.size):
            out[j] = fa * past[0, j] + fb * past[1, j] + fc * past[2, j]


@njit(**COMPILED)
def converged(rules: StepRules, largest: float, previous: float) -> bool:
    """Whether the temperature error left after a Newton change of `largest` K is below the tolerance.

    The error left is estimated from the contraction largest/previous (previous <= 0: first pass).
    """
    if largest < rules.newton:
        return True
    if previous <= 0.0 or largest > MOST_TRUSTED * rules.newton:
        return False
    rate = largest / previous
    return rate < 0.5 and largest * rate / (1.0 - rate) < rules.newton
