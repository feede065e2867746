"""One landing that can be lost in three ways, 14 inputs, three pairs of them correlated; modes given or not.

The capsule of bench_landing_events (design "thick", rung 1: two masses in time on a cone of soil) comes down at a
tilt and with drift w; from its one peak acceleration a and the plateau s of its absorber follow

    container:  g_1 = 1 - a / a_limit,
    wall:       g_2 = 1 - s r (1 + 2 tilt) / q          rate factor r of the plateau, uneven by the tilt,
    seal:       g_3 = 1 - c m a (w / v + tilt) / (N e)  the side load opens the gap against preload N, recovery e.

Soft absorbers lose the container, stiff ones the wall, tilt and drift the seal: three regions far apart, none of which
an importance density about another one sees. Values are assumed, of the size of the case's own; limits were set for
parts of P of one size.

`python -m containment.verification.bench_three_modes [--samples N]`: P twice, by importance densities of two kinds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from containment.verification.bench_landing_events import peak_acceleration
from containment.verification.bench_rare_events import Problem

Array = NDArray[np.float64]
G0 = 9.80665
# mass kg, speed m/s, tilt rad, drift m/s, crush stress Pa, densification strain, thickness m, densified stiffness Pa,
# soil resistance Pa, rate factor, limit of the container m/s^2, bearing stress of the wall Pa, preload N, recovery m
MARGINALS: tuple[Any, ...] = (
    stats.lognorm(0.02, scale=45.0), stats.norm(40.0, 1.3), stats.rayleigh(scale=0.05), stats.gumbel_r(2.0, 0.6),
    stats.lognorm(0.08, scale=2.5e5), stats.beta(20.0, 20.0, loc=0.6, scale=0.2), stats.uniform(0.048, 0.004),
    stats.lognorm(0.2, scale=4.0e6), stats.lognorm(0.25, scale=1.0e7), stats.norm(1.1, 0.04),
    stats.norm(2120 * G0, 60 * G0), stats.weibull_min(25.0, scale=6.4e5), stats.lognorm(0.1, scale=6.0e4),
    stats.norm(2.0e-4, 1.0e-5),
)  # fmt: skip
_SHARE, _AREA, _GAP, _LOST = 0.6, 0.6, 0.15, 0.08  # payload of mass, m^2, amplification, energy lost elsewhere
REFERENCE, ERROR = 1.427e-6, 2e-3  # weighted mean of both estimates below and its relative error, --samples 1000000
_COMPLIANCE = 3.7e-5  # m of gap for a side load as large as the preload


def _correlation() -> Array:
    """Of normal scores: heavier falls faster, wind tilts and drifts, a denser foam bears more and locks earlier."""
    matrix = np.eye(len(MARGINALS))
    for i, j, value in ((0, 1, 0.3), (2, 3, 0.5), (4, 5, -0.4)):
        matrix[i, j] = matrix[j, i] = value
    return matrix


CORRELATION = _correlation()


def modes(x: Array) -> Array:
    """g_1, g_2, g_3 (n, 3) of x (n, 14) in SI."""
    mass, speed, tilt, drift, stress, strain, thick, locked, soil, rate, limit, bears, preload, recovery = x.T
    one = np.ones(len(x))
    peak = peak_acceleration(np.column_stack([
        mass, _SHARE * one, speed, stress, _AREA * one, thick, strain, locked, soil, one, rate, tilt, _GAP * one, one,
        _LOST * one,
    ]))  # fmt: skip
    side = mass * peak * (drift / speed + tilt)
    return np.column_stack([
        1.0 - peak / limit,
        1.0 - stress * rate * (1.0 + 2.0 * tilt) / bears,
        1.0 - _COMPLIANCE * side / (preload * recovery),
    ])  # fmt: skip


def black_box(x: Array) -> Array:
    """The same as one number, min of the three (n,)."""
    return np.asarray(modes(x).min(axis=1))


PROBLEMS = {"landing-modes": Problem(modes, MARGINALS, REFERENCE, ERROR, CORRELATION)}
# not in the coverage table: the seal hides behind the other two (manual)
BLACK_BOX = {"landing": Problem(black_box, MARGINALS, REFERENCE, ERROR, CORRELATION)}


def failing_regions(rng: np.random.Generator, size: int = 20_000) -> list[tuple[Array, Array]]:
    """Mean and covariance of each mode's failing region in standard normal space: a Gaussian of unit covariance follows
    the worst tenth until a tenth fails (cross-entropy method, Rubinstein & Kroese 2004)."""
    inputs, found = _inputs(), []
    for mode in range(3):
        mean, level = np.zeros(len(MARGINALS)), np.inf
        while level > 0.0:
            u = mean + rng.standard_normal((size, len(mean)))
            g = modes(inputs.physical(inputs.correlate(u)))[:, mode]
            level = max(float(np.quantile(g, 0.1)), 0.0)
            log_weight = np.where(g <= level, 0.5 * mean @ mean - u @ mean, -np.inf)
            weight = np.exp(log_weight - log_weight.max())
            mean = np.average(u, axis=0, weights=weight)
        found.append((mean, np.cov(u.T, aweights=weight)))
    return found


def importance_sampling(samples: int, seed: int, *, shaped: bool) -> tuple[Array, Array]:
    """P of each mode and of any (4,) with relative standard errors. The density is a mixture of one Gaussian a mode and
    a wide one about the origin: `shaped` with the covariance of the failing region times 1.5, else round, of
    variance 1.2."""
    rng, inputs, d = np.random.default_rng(seed), _inputs(), len(MARGINALS)
    parts = [(mean, 1.5 * cov if shaped else 1.2 * np.eye(d)) for mean, cov in failing_regions(rng)]
    parts.append((np.zeros(d), 2.0 * np.eye(d)))
    share = np.array([0.3, 0.3, 0.3, 0.1])
    total, square, block = np.zeros(4), np.zeros(4), 100_000
    for _ in range(samples // block):
        u = np.vstack([rng.multivariate_normal(*part, int(s * block)) for part, s in zip(parts, share, strict=True)])
        logs = np.array([stats.multivariate_normal(*part).logpdf(u) for part in parts])
        log_q = special.logsumexp(logs + np.log(share)[:, None], axis=0)
        weight = np.exp(stats.norm.logpdf(u).sum(axis=1) - log_q)
        g = modes(inputs.physical(inputs.correlate(u)))
        value = weight[:, None] * (np.column_stack([g, g.min(axis=1)]) <= 0)
        total, square = total + value.sum(axis=0), square + (value**2).sum(axis=0)
    mean = total / samples
    return mean, np.sqrt(square / samples - mean**2) / np.sqrt(samples) / mean


def _inputs() -> Any:
    from containment.reliability.problem import named_inputs

    return named_inputs(MARGINALS, CORRELATION)


def main(arguments: Sequence[str]) -> None:
    """Both estimates of P by mode and of any, with relative standard errors."""
    parser = argparse.ArgumentParser(prog="python -m containment.verification.bench_three_modes", description=__doc__)
    parser.add_argument("--samples", type=int, default=2_000_000)
    chosen = parser.parse_args(arguments)
    for seed, shaped in ((1, True), (2, False)):
        mean, error = importance_sampling(chosen.samples, seed, shaped=shaped)
        row = "  ".join(f"{p:.4e} ({100 * e:.2f} %)" for p, e in zip(mean, error, strict=True))
        sys.stdout.write(f"{'shaped' if shaped else 'round'}: container, wall, seal, any: {row}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
