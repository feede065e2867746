"""Public rare-event problems with recomputed references; `bench_coverage` and `bench_peers` run them.

g(x) <= 0 is failure, x (n, d) in physical units, inputs independent but where a correlation is given. References were
recomputed by quadrature or by two independent importance-sampling runs (relative error beside each); several published
values are off by 1 to 36 %. Names: TNO black-box challenge (Rozsas & Slobbe 2019) rp..; others by their usual names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
ROOT2 = np.sqrt(2.0)


@dataclass(frozen=True)
class Problem:
    """One problem: limit state, marginals, reference probability and its relative error, correlation of the inputs'
    normal scores (None: independent)."""

    g: Callable[[Array], Array]
    marginals: Sequence[Any]
    reference: float
    error: float
    correlation: Array | None = None


def lognormal(mean: float, sd: float) -> Any:
    """Lognormal from mean and standard deviation."""
    sigma = np.sqrt(np.log1p((sd / mean) ** 2))
    return stats.lognorm(sigma, scale=mean * np.exp(-(sigma**2) / 2))


def gumbel(mean: float, sd: float) -> Any:
    """Gumbel of maxima from mean and standard deviation."""
    scale = sd * np.sqrt(6) / np.pi
    return stats.gumbel_r(mean - np.euler_gamma * scale, scale)


def four_branch_modes(x: Array, k: float = 7.0) -> Array:
    """Four modes of the four-branch series system (Waarts 2000), (n, 4)."""
    a, b = x.T
    bend, sum_, difference = 3 + 0.1 * (a - b) ** 2, (a + b) / ROOT2, a - b
    return np.column_stack([bend - sum_, bend + sum_, difference + k / ROOT2, -difference + k / ROOT2])


def oscillator(x: Array) -> Array:
    """Undamped oscillator under a rectangular pulse: displacement against three yield displacements."""
    mass, c1, c2, r, force, duration = x.T
    frequency = np.sqrt((c1 + c2) / mass)
    return np.asarray(3 * r - np.abs(2 * force / (c1 + c2) * np.sin(frequency * duration / 2)))


def two_masses(x: Array) -> Array:
    """Primary and secondary oscillator under white noise (Igusa & Der Kiureghian): force in the secondary spring."""
    mp, ms, kp, ks, zp, zs, noise, strength = x.T
    wp, ws, ratio = np.sqrt(kp / mp), np.sqrt(ks / ms), ms / mp
    wa, za = (wp + ws) / 2, (zp + zs) / 2
    tuning = (wp - ws) / wa
    mean_square = (
        np.pi * noise / (4 * zs * ws**3) * za * zs / (zp * zs * (4 * za**2 + tuning**2) + ratio * za**2)
        * (zp * wp**3 + zs * ws**3) * wp / (4 * za * wa**4)
    )  # fmt: skip
    return np.asarray(strength - 3 * ks * np.sqrt(mean_square))


_NODES = np.array([[4.0 * i, 0.0] for i in range(7)] + [[2 + 4.0 * i, 2.0] for i in range(6)])
_BARS = (
    [(i, i + 1, 0) for i in range(6)] + [(7 + i, 8 + i, 0) for i in range(5)]
    + [(i, 7 + i, 1) for i in range(6)] + [(7 + i, i + 1, 1) for i in range(6)]
)  # fmt: skip
_FREE = [dof for dof in range(26) if dof not in (0, 1, 13)]  # pin at node 0, roller at node 6


def truss(x: Array) -> Array:
    """23-bar truss by direct stiffness: 0.14 m less midspan deflection; inputs E1 E2 A1 A2 P1..P6."""
    n = len(x)
    stiffness, load = np.zeros((n, 26, 26)), np.zeros((n, 26))
    for i, j, kind in _BARS:
        along = _NODES[j] - _NODES[i]
        length = float(np.hypot(*along))
        unit = np.r_[-along, along] / length
        dofs = [2 * i, 2 * i + 1, 2 * j, 2 * j + 1]
        axial = (x[:, kind] * x[:, 2 + kind] / length)[:, None, None]
        stiffness[np.ix_(range(n), dofs, dofs)] += axial * np.outer(unit, unit)
    load[:, [2 * (7 + i) + 1 for i in range(6)]] = -x[:, 4:]
    moved = np.linalg.solve(stiffness[:, _FREE][:, :, _FREE], load[:, _FREE][:, :, None])[:, :, 0]
    return np.asarray(0.14 + moved[:, _FREE.index(7)])


def _rp38(x: Array) -> Array:
    a, b, c, d, e, f, h = x.T
    top = d * d - 4 * e * f * h * h + d * (f + 4 * e + 2 * f * h)
    return np.asarray(15.59e4 - a * b**3 / (2 * c**3) * top / (d * e * (d + f + 2 * f * h)))


def _rp55(x: Array) -> Array:
    difference = x[:, 0] - x[:, 1]
    bend = 0.2 + 0.6 * difference**4
    modes = [bend - difference / ROOT2, bend + difference / ROOT2]
    modes += [difference + 5 / ROOT2 - 2.2, -difference + 5 / ROOT2 - 2.2]
    return np.asarray(np.min(modes, axis=0))


def _rp57(x: Array) -> Array:
    a, b = x.T
    return np.asarray(np.minimum(np.maximum(-a * a + b**3 + 3, 2 - a - 8 * b), (a + 3) ** 2 + (b + 3) ** 2 - 4))


def _rp110(x: Array) -> Array:
    a, b = x.T
    return np.asarray(np.minimum(np.where(a <= 3.5, 0.85 - 0.1 * a, 4 - a), np.where(b <= 2, 2.3 - b, 0.5 - 0.1 * b)))


def _normal(count: int) -> list[Any]:
    return [stats.norm(0, 1)] * count


def _pulse(mean: float, sd: float) -> list[Any]:
    pairs = [(1, 0.05), (1, 0.1), (0.1, 0.01), (0.5, 0.05), (mean, sd), (1, 0.2)]
    return [stats.norm(m, s) for m, s in pairs]


def _two_mass_inputs(strength: float) -> list[Any]:
    pairs = [(1.5, 0.15), (0.01, 0.001), (1, 0.2), (0.01, 0.002), (0.05, 0.02), (0.02, 0.01), (100, 10)]
    return [lognormal(m, s) for m, s in [*pairs, (strength, 0.1 * strength)]]


_RP14 = [stats.uniform(70, 10), stats.norm(39, 0.1), gumbel(1500, 350), stats.norm(400, 0.1), stats.norm(250e3, 35e3)]
_RP38 = [(350, 35), (50.8, 5.08), (3.81, 0.381), (173, 17.3), (9.38, 0.938), (33.1, 3.31), (0.036, 0.0036)]
_RP8 = [lognormal(120, 12)] * 4 + [lognormal(50, 10), lognormal(40, 8)]
_RP8_WEIGHTS = np.array([1.0, 2, 2, 1, -5, -5])
_TRUSS = [lognormal(2.1e11, 2.1e10)] * 2 + [lognormal(2e-3, 2e-4), lognormal(1e-3, 1e-4)] + [gumbel(5e4, 7.5e3)] * 6


def _bending(x: Array) -> Array:
    moment = np.sqrt((x[:, 2] * x[:, 3]) ** 2 / 16 + x[:, 4] ** 2)
    return np.asarray(x[:, 0] - 32 / (np.pi * x[:, 1] ** 3) * moment)


PROBLEMS: dict[str, Problem] = {
    "four-branch-modes": Problem(four_branch_modes, _normal(2), 2.222795e-3, 1e-6),
    "four-branch": Problem(lambda x: four_branch_modes(x).min(axis=1), _normal(2), 2.222795e-3, 1e-6),
    "four-branch-6": Problem(lambda x: four_branch_modes(x, 6.0).min(axis=1), _normal(2), 4.457332e-3, 1e-6),
    "rastrigin": Problem(
        lambda x: 10 - np.sum(x**2 - 5 * np.cos(2 * np.pi * x), axis=1), _normal(2), 7.2977e-2, 1e-4
    ),
    "gayton-hat": Problem(
        lambda x: 0.5 * (x[:, 0] - 2) ** 2 - 1.5 * (x[:, 1] - 5) ** 3 - 3, _normal(2), 2.874539e-5, 2e-6
    ),
    "rp8": Problem(lambda x: x @ _RP8_WEIGHTS, _RP8, 7.900e-4, 5e-4),
    "rp14": Problem(_bending, _RP14, 7.727e-4, 8e-4),
    "rp22": Problem(
        lambda x: 2.5 - x.sum(axis=1) / ROOT2 + 0.1 * (x[:, 0] - x[:, 1]) ** 2, _normal(2), 4.207306e-3, 1e-6
    ),
    "rp24": Problem(
        lambda x: 2.5 - 0.2357 * (x[:, 0] - x[:, 1]) + 0.00463 * (x.sum(axis=1) - 20) ** 4,
        [stats.norm(10, 3)] * 2, 2.85991e-3, 2e-5,
    ),
    "rp25": Problem(
        lambda x: np.maximum(x[:, 0] ** 2 - 8 * x[:, 1] + 16, -16 * x[:, 0] + x[:, 1] + 32), _normal(2),
        4.14860e-5, 1e-5,
    ),
    "rp28": Problem(
        lambda x: x[:, 0] * x[:, 1] - 146.14, [stats.norm(78064, 11710), stats.norm(0.0104, 0.00156)], 1.453295e-7, 1e-6
    ),
    "rp31": Problem(lambda x: 2 - x[:, 1] + (4 * x[:, 0]) ** 4, _normal(2), 3.226681e-3, 1e-6),
    "rp33": Problem(
        lambda x: np.minimum(3 * np.sqrt(3) - x.sum(axis=1), 3 - x[:, 2]), _normal(3), 2.575598e-3, 1e-9
    ),
    "rp38": Problem(_rp38, [stats.norm(m, s) for m, s in _RP38], 8.053e-3, 6e-4),
    "rp53": Problem(
        lambda x: np.sin(2.5 * x[:, 0]) + 2 - (x[:, 0] ** 2 + 4) * (x[:, 1] - 1) / 20,
        [stats.norm(1.5, 1), stats.norm(2.5, 1)], 3.132049e-2, 1e-6,
    ),
    "rp54": Problem(lambda x: x.sum(axis=1) - 8.951, [stats.expon()] * 20, 9.906031e-4, 1e-9),
    "rp55": Problem(_rp55, [stats.uniform(-1, 2)] * 2, 5.600144e-1, 1e-6),
    "rp57": Problem(_rp57, _normal(2), 2.82370e-2, 2e-5),
    "rp63": Problem(
        lambda x: 0.1 * np.sum(x[:, 1:] ** 2, axis=1) - x[:, 0] - 4.5, _normal(100), 3.769436e-4, 1e-6
    ),
    "rp75": Problem(lambda x: 3 - x[:, 0] * x[:, 1], _normal(2), 9.819299e-3, 1e-6),
    "rp107": Problem(lambda x: 5 * np.sqrt(10) - x.sum(axis=1), _normal(10), 2.866516e-7, 1e-9),
    "rp110": Problem(_rp110, _normal(2), 3.1987e-5, 2e-4),
    "rp111": Problem(lambda x: 12.5 - np.abs(x[:, 0] * x[:, 1]), _normal(2), 8.035086e-7, 1e-6),
    "oscillator-1.00": Problem(oscillator, _pulse(1.0, 0.2), 2.8599e-2, 1.1e-3),
    "oscillator-0.60": Problem(oscillator, _pulse(0.6, 0.1), 9.136e-6, 5e-4),
    "two-masses-15": Problem(two_masses, _two_mass_inputs(15.0), 4.774e-3, 6e-4),
    "two-masses-27.5": Problem(two_masses, _two_mass_inputs(27.5), 3.786e-7, 7e-4),
    "rackwitz-40": Problem(
        lambda x: 40 + 0.6 * np.sqrt(40) - x.sum(axis=1), [lognormal(1, 0.2)] * 40, 1.984e-3, 1.7e-3
    ),
    "truss": Problem(truss, _TRUSS, 3.328e-5, 1.6e-3),
}  # fmt: skip
