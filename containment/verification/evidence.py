"""Benchmarks of evidence: the arithmetic no report may hide, and closed forms of the models."""

from __future__ import annotations

from collections.abc import Iterator

from containment.verification import bench_posteriors
from containment.verification.catalogue import Item

_SOURCE = "closed form, printed to the digits shown (NASA/SP-2009-569 kind of arithmetic)"
_TWO = 0.03  # reference printed with two digits: half a unit in the last place of 1.6 is 3 %
_THREE = 0.006  # three digits: half a unit of 1.35 with 1.9 at worst 0.4 %


def items() -> Iterator[Item]:
    """All benchmarks of this topic."""
    yield from closed_forms()
    yield from bench_posteriors.nested()
    yield from bench_posteriors.handbook()
    yield from bench_posteriors.conjugate()
    yield from bench_posteriors.public()


def closed_forms() -> Iterator[Item]:
    """Those that sample nothing."""
    yield from _trials()
    yield from _margins()
    yield from _landing()


def _trials() -> Iterator[Item]:
    from containment.evidence import bounds

    for confidence, reference in ((0.5, 6.9e5), (0.9, 2.3e6), (0.95, 3.0e6), (0.99, 4.6e6)):
        ours = bounds.trials_needed(1e-6, confidence)
        yield Item.relative(f"evidence.zero-failures.{confidence:g}", reference, ours, _TWO, "", _SOURCE)
    for confidence, reference in ((0.5, 2.3e5), (0.9, 1.35e6), (0.95, 1.92e6), (0.99, 3.3e6)):
        ours = bounds.jeffreys_trials_needed(1e-6, confidence)
        yield Item.relative(f"evidence.jeffreys-trials.{confidence:g}", reference, ours, _TWO, "", _SOURCE)
    for n, mean, upper in ((10, 4.5e-2, 0.17), (30, 1.6e-2, 6.2e-2), (100, 5.0e-3, 1.9e-2)):
        found = bounds.jeffreys(n)
        yield Item.relative(f"evidence.jeffreys.{n}.mean", mean, found[0], _TWO, "", _SOURCE)
        yield Item.relative(f"evidence.jeffreys.{n}.upper95", upper, found[1], _TWO, "", _SOURCE)
    for confidence, assurance, reference in (
        (0.9, 0.95, 8.3e5), (0.9, 0.99, 2.7e6), (0.5, 0.95, 3.3e6), (0.5, 0.99, 5.1e6),
    ):  # fmt: skip
        ours = bounds.conservative_trials_needed(1e-6, 1e-7, confidence, assurance)
        name = f"evidence.conservative.{confidence:g}.{assurance:g}"
        yield Item.relative(name, reference, ours, _TWO, "", "Bishop et al., IEEE TSE 37 (2011) 708")
    yield Item.relative("evidence.jeffreys.500000.mean", 1e-6, bounds.jeffreys(5e5)[0], _TWO, "", _SOURCE)
    yield Item.relative("evidence.tolerated-doubt", 9.0e-7, bounds.tolerated_doubt(1e-7, 1e-6), _TWO, "", _SOURCE)


def _margins() -> Iterator[Item]:
    from containment.evidence import bounds

    for n, tolerance, predictive in (
        (5, 11.4, 45.6), (10, 7.90, 11.2), (20, 6.57, 6.89), (30, 6.13, 6.01), (50, 5.75, 5.44), (100, 5.41, 5.08),
    ):  # fmt: skip
        ours = bounds.tolerance_factor(n, 1e-6, 0.95)
        yield Item.relative(f"evidence.tolerance-factor.{n}", tolerance, ours, _THREE, "", _SOURCE)
        ours = bounds.predictive_factor(n, 1e-6)
        yield Item.relative(f"evidence.predictive-factor.{n}", predictive, ours, _THREE, "", _SOURCE)
    for spread, mean, upper in ((0.2, 4.85, 5.08), (0.3, 4.96, 5.25), (0.5, 5.31, 5.58), (1.0, 6.72, 6.40)):
        ours = bounds.mean_index_needed(1e-6, spread)
        yield Item.relative(f"evidence.index.{spread:g}.mean", mean, ours, _THREE, "", _SOURCE)
        ours = bounds.mean_index_needed(1e-6, spread, 0.95)
        yield Item.relative(f"evidence.index.{spread:g}.p95", upper, ours, _THREE, "", _SOURCE)


def _landing() -> Iterator[Item]:
    from math import pi

    from containment.evidence.landings import GRAVITY, peak_acceleration

    # A rim of 10 m never touches: the pure cone of the reference.
    test = peak_acceleration(50.0, 30.0, 6e5, 0.0, 10.0, pi / 3) / GRAVITY
    flight = peak_acceleration(95.0, 40.0, 5e5, 0.0, 10.0, pi / 3) / GRAVITY
    source = "rigid 60 degree cone, a = p 3 pi z^2 / m, z = (m v^2 / (2 pi p))^(1/3)"
    yield Item.relative("evidence.rigid-cone.test-vehicle", 602.0, test, 0.001, "g_0", source)
    yield Item.relative("evidence.rigid-cone.entry-vehicle", 670.0, flight, 0.01, "g_0", source)
