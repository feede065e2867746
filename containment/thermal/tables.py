"""Materials of the 1-D stack on uniform temperature grids, as the compiled kernel reads them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from containment.thermal.charring import GAS_CONSTANT, REFERENCE_TEMPERATURE, CharringMaterial

GRID_POINTS = 2001  # about 2 K over the range of a charring ablator: error of h below 1e-6 of its range
SHARE, ORDER, THRESHOLD = range(3)
RATE_ERROR = 1.0e-5  # relative error of a tabulated rate: a tenth of a per mil of an extent, whatever the material
SLOWEST_RATE = 1.0e-9  # 1/s, below it a reaction does nothing during an entry and its error does not matter
FINEST = 64  # rows of the rates per row of the properties


class MaterialTables(NamedTuple):
    """Materials on uniform temperature grids; index 0 is the material, then pressure or reaction, then temperature.

    solid[m, i] = (rho_v h_v J/m3, k_v W/m/K, rho_c h_c J/m3, k_c W/m/K, emissivity_v, emissivity_c);
    gas[m, p, i] = (h_g J/kg, M/(R T) kg/m3/Pa); porosity[m] = (virgin, char); carries: gas may flow through.
    kinetics[m, r] = (share, order, threshold K) of reaction r (share 0: none); rates[m, r, j] = (rate 1/s, its
    derivative times the step of its grid), `rates_per_row` rows per row of the others.
    Reactions of equal kinetics are one: their extents are the same.
    """

    low: Any
    high: Any
    inverse_step: Any
    solid: Any
    log_pressure: Any
    gas: Any
    virgin_density: Any
    char_density: Any
    porosity: Any
    reacting: Any
    carries: Any
    kinetics: Any
    rates: Any
    rates_per_row: int


def _integral(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Exact integral of the piecewise-linear y(x) from REFERENCE_TEMPERATURE to `at`."""
    sums = np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])

    def primitive(t: np.ndarray) -> np.ndarray:
        i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, x.size - 2)
        d = t - x[i]
        return np.asarray(sums[i] + y[i] * d + 0.5 * (y[i + 1] - y[i]) / (x[i + 1] - x[i]) * d * d)

    reference = np.array([min(max(REFERENCE_TEMPERATURE, x[0]), x[-1])])
    # A cp held constant between the reference and the first row of a table that starts above it.
    offset = y[0] * (x[0] - REFERENCE_TEMPERATURE) if x[0] > REFERENCE_TEMPERATURE else 0.0
    return np.asarray(primitive(at) - primitive(reference) + offset)


def _merged(m: CharringMaterial) -> np.ndarray:
    """Reactions (6, R): share, order, threshold, A, E/R, n; those of equal rates are one (TACOT lists its second
    twice for the gas composition)."""
    rows = np.array(
        [m.share, m.order, m.threshold, m.pre_exponential, m.activation_temperature, m.temperature_exponent]
    ).reshape(6, -1)
    found: dict[tuple[float, ...], float] = {}
    for column in rows.T:
        key = tuple(column[1:])
        found[key] = found.get(key, 0.0) + float(column[0])
    return np.array([[share, *key] for key, share in found.items()]).reshape(-1, 6).T


@lru_cache(maxsize=64)
def _rate_rows(a: float, e: float, n: float, low: float, high: float, rows: int) -> np.ndarray:
    """(rows, 2) rate A T^n exp(-e/T) 1/s and its derivative times the step; kept, because samples share kinetics."""
    t = np.linspace(low, high, rows)
    rate = a * t**n * np.exp(-e / t)
    return np.column_stack([rate, rate * (n / t + e / t**2) * (t[1] - t[0])])


def _rate_error(rows: np.ndarray, a: float, e: float, n: float, low: float, high: float) -> float:
    """Largest relative error of the cubic through the rows half way between them, where the rate matters."""
    t = np.linspace(low, high, rows.shape[0])
    middle = 0.5 * (t[1:] + t[:-1])
    exact = a * middle**n * np.exp(-e / middle)
    found = 0.5 * (rows[1:, 0] + rows[:-1, 0]) + 0.125 * (rows[:-1, 1] - rows[1:, 1])
    return float((np.abs(found - exact) / np.maximum(exact, SLOWEST_RATE)).max())


@lru_cache(maxsize=64)
def _rows_needed(reactions: tuple[tuple[float, float, float], ...], low: float, high: float) -> int:
    """Rows of the rates per row of the properties that reach RATE_ERROR; each reaction is (A, E/R, n)."""
    factor = 1
    while factor < FINEST:  # enough for any rate that matters somewhere and is a finite number
        rows = factor * (GRID_POINTS - 1) + 1
        if max(_rate_error(_rate_rows(*r, low, high, rows), *r, low, high) for r in reactions) <= RATE_ERROR:
            break
        factor *= 2
    return factor


def _between(x: np.ndarray, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows (n, T) over x (n,) interpolated linearly to `at`, held at both ends."""
    if x.size == 1:
        return np.repeat(rows, at.size, axis=0)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    f = np.clip((at - x[i]) / (x[i + 1] - x[i]), 0.0, 1.0)[:, None]
    return np.asarray(rows[i] + f * (rows[i + 1] - rows[i]))


def _solid(m: CharringMaterial, t: np.ndarray) -> np.ndarray:
    """Columns of `solid` at temperatures t (n,), (n, 6)."""
    columns = np.zeros((t.size, 6))
    for j, (phase, density) in enumerate(((m.virgin, m.virgin_density), (m.char, m.char_density))):
        enthalpy = phase.enthalpy_298 + _integral(phase.temperature, phase.heat_capacity, t)
        columns[:, 2 * j] = density * enthalpy
        columns[:, 2 * j + 1] = np.interp(t, phase.temperature, phase.conductivity)
        columns[:, 4 + j] = np.interp(t, phase.temperature, phase.emissivity)
        if not m.share.size:
            break
    return columns


def _gas(m: CharringMaterial, t: np.ndarray, log_pressures: np.ndarray) -> np.ndarray:
    """h_g and M/(R T) at pressures and temperatures, (P, n, 2)."""
    out = np.zeros((log_pressures.size, t.size, 2))
    enthalpy = np.array([np.interp(t, m.gas_temperature, row) for row in m.gas_enthalpy])
    mass = np.array([np.interp(t, m.gas_temperature, row) for row in m.gas_molar_mass]) / (GAS_CONSTANT * t)
    out[:, :, 0] = _between(np.log(m.gas_pressure), enthalpy, log_pressures)
    out[:, :, 1] = _between(np.log(m.gas_pressure), mass, log_pressures)
    return out


def tabulate(materials: list[CharringMaterial]) -> MaterialTables:
    """Materials on their uniform grids, padded to the largest number of reactions and pressures."""
    count = len(materials)
    merged = [_merged(m) for m in materials]
    reactions = max(1, *(rows.shape[1] for rows in merged)) if materials else 1
    charring = [i for i, m in enumerate(materials) if m.share.size]
    # Pressure grids differ between materials only if two ablators do; then the union is used.
    log_pressures = np.log(
        np.unique(np.concatenate([m.gas_pressure for m in materials if m.share.size or not charring]))
    )
    low, high = np.array([m.low for m in materials]), np.array([m.high for m in materials])
    arrhenius = [tuple((float(a), float(e), float(n)) for a, e, n in merged[i][3:].T) for i in charring]
    finer = max([1, *(_rows_needed(a, low[i], high[i]) for i, a in zip(charring, arrhenius, strict=True))])
    solid, gas = np.zeros((count, GRID_POINTS, 6)), np.zeros((count, log_pressures.size, GRID_POINTS, 2))
    kinetics, porosity = np.zeros((count, reactions, 3)), np.zeros((count, 2))
    rates = np.zeros((count, reactions, finer * (GRID_POINTS - 1) + 1, 2))
    kinetics[:, :, ORDER], kinetics[:, :, THRESHOLD] = 1.0, np.inf
    carries = np.zeros(count, dtype=np.bool_)
    for i, m in enumerate(materials):
        t = np.linspace(low[i], high[i], GRID_POINTS)
        solid[i] = _solid(m, t)
        source = next((j for j in charring if j >= i), None)
        if source is not None:  # gas of the layers behind flows through here
            carries[i] = True
            gas[i] = _gas(materials[source], t, log_pressures)
        if not m.share.size:
            continue
        porosity[i] = m.porosity
        kinetics[i, : merged[i].shape[1]] = merged[i][:3].T
        for r, (_, _, _, a, e, n) in enumerate(merged[i].T):
            rates[i, r] = _rate_rows(a, e, n, low[i], high[i], rates.shape[2])
    return MaterialTables(
        low, high, (GRID_POINTS - 1) / (high - low), solid, log_pressures, gas,
        np.array([m.virgin_density for m in materials]), np.array([m.char_density for m in materials]), porosity,
        np.array([m.share.size > 0 for m in materials]), carries, kinetics, rates, finer,
    )  # fmt: skip
