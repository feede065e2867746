# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""The one material kernel of the 1-D stack: properties and decomposition at points, with temperature derivatives.

Both solvers (dolfinx and the finite-volume twin) see a material only through `evaluate`. All temperature functions are
held on a uniform grid, so a look-up is one multiplication, and they enter residuals as values only, never as tabulated
derivatives: the residual stays continuous across every table breakpoint.

Decomposition: dX/dt = (1-X)^m A exp(-E/RT), integrated exactly over a step at the mean temperature of the step
(nasa/pato, TACOT; Lachaud et al., Int. J. Heat Mass Transfer 2017). Mixing by virgin mass fraction w:
    tau = sum_i share_i (1-X_i),  rho = tau rho_v + (1-tau) rho_c,  w = tau rho_v / rho
    E = tau rho_v h_v + (1-tau) rho_c h_c   (J/m3),   k = w k_v + (1-w) k_c
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.thermal.charring import REFERENCE_TEMPERATURE, CharringMaterial

Array = Any  # numba sees plain arrays; shapes are in the docstrings
GRID_POINTS = 2001  # about 2 K over the range of a charring ablator: error of h below 1e-6 of its range
SHARE, RATE, ACTIVATION, ORDER, THRESHOLD = range(5)
NEGLIGIBLE = 1.0e-12  # k dt below this changes no digit of an extent


class MaterialTables(NamedTuple):
    """Materials on uniform temperature grids; index 0 is the material, then pressure or reaction, then temperature.

    solid[m, i] = (rho_v h_v J/m3, k_v W/m/K, rho_c h_c J/m3, k_c W/m/K, emissivity_v, emissivity_c);
    gas[m, p, i] = h_g J/kg; kinetics[q, m, r] = share, A 1/s, E/R K, order, threshold K of reaction r (share 0: none).
    Reactions of equal kinetics are one: their extents are the same.
    """

    low: Array
    high: Array
    inverse_step: Array
    solid: Array
    log_pressure: Array
    gas: Array
    virgin_density: Array
    char_density: Array
    reacting: Array
    kinetics: Array


class Points(NamedTuple):
    """What the kernel fills, one entry per point (P,); extent and d_extent are (P, R)."""

    energy: Array
    d_energy: Array
    conductivity: Array
    d_conductivity: Array
    gas_enthalpy: Array
    d_gas_enthalpy: Array
    production: Array
    density: Array
    emissivity: Array
    extent: Array


def empty_points(count: int, reactions: int) -> Points:
    """Storage for `count` points and `reactions` reactions; an extent of 1 is virgin."""
    a = [np.zeros(count) for _ in range(9)]
    return Points(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], np.ones((count, reactions)))


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
    return primitive(at) - primitive(reference) + offset


def _merged(m: CharringMaterial) -> np.ndarray:
    """Kinetics (5, R) with reactions of equal rates as one (TACOT lists its second twice for the gas composition)."""
    rows = np.array([m.share, m.pre_exponential, m.activation_temperature, m.order, m.threshold]).reshape(5, -1)
    found: dict[tuple[float, ...], float] = {}
    for column in rows.T:
        key = tuple(column[1:])
        found[key] = found.get(key, 0.0) + float(column[0])
    return np.array([[share, *key] for key, share in found.items()]).reshape(-1, 5).T


def _between(x: np.ndarray, rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rows (n, T) over x (n,) interpolated linearly to `at`, held at both ends."""
    if x.size == 1:
        return np.repeat(rows, at.size, axis=0)
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, x.size - 2)
    f = np.clip((at - x[i]) / (x[i + 1] - x[i]), 0.0, 1.0)[:, None]
    return np.asarray(rows[i] + f * (rows[i + 1] - rows[i]))


def tabulate(materials: list[CharringMaterial]) -> MaterialTables:
    """Materials on their uniform grids, padded to the largest number of reactions and pressures."""
    count = len(materials)
    merged = [_merged(m) for m in materials]
    reactions = max(1, *(rows.shape[1] for rows in merged)) if materials else 1
    # Pressure grids differ between materials only if two ablators do; then the union is used.
    pressures = np.unique(np.concatenate([m.gas_pressure for m in materials]))
    low, high = np.array([m.low for m in materials]), np.array([m.high for m in materials])
    solid, gas = np.zeros((count, GRID_POINTS, 6)), np.zeros((count, pressures.size, GRID_POINTS))
    kinetics = np.zeros((5, count, reactions))
    kinetics[ORDER] = 1.0
    kinetics[THRESHOLD] = np.inf
    for i, m in enumerate(materials):
        t = np.linspace(low[i], high[i], GRID_POINTS)
        for j, phase in enumerate((m.virgin, m.char)):
            enthalpy = phase.enthalpy_298 + _integral(phase.temperature, phase.heat_capacity, t)
            solid[i, :, 2 * j] = (m.virgin_density, m.char_density)[j] * enthalpy
            solid[i, :, 2 * j + 1] = np.interp(t, phase.temperature, phase.conductivity)
            solid[i, :, 4 + j] = np.interp(t, phase.temperature, phase.emissivity)
        rows = np.array([np.interp(t, m.gas_temperature, row) for row in m.gas_enthalpy])
        gas[i] = _between(np.log(m.gas_pressure), rows, np.log(pressures))
        kinetics[:, i, : merged[i].shape[1]] = merged[i]
    return MaterialTables(
        low, high, (GRID_POINTS - 1) / (high - low), solid, np.log(pressures), gas,
        np.array([m.virgin_density for m in materials]), np.array([m.char_density for m in materials]),
        np.array([m.share.size > 0 for m in materials]), kinetics,
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def advance_extent(old: float, mean_temperature: float, dt: float, a: float, e: float, order: float) -> tuple:
    """Remaining fraction Y after `dt` at a frozen temperature, and dY/d(mean temperature).

    Exact: Y^(1-m) grows by (m-1) k dt; m = 1 decays exponentially. e = E/R in K.
    """
    inverse = 1.0 / mean_temperature
    kdt = a * dt * np.exp(-e * inverse)
    if kdt < NEGLIGIBLE or old <= 0.0:
        return old, 0.0
    if order == 3.0:
        new = old / np.sqrt(1.0 + 2.0 * kdt * old * old)
        power = new * new * new
    elif order == 1.0:
        new = old * np.exp(-kdt)
        power = new
    else:
        grown = old ** (1.0 - order) + (order - 1.0) * kdt
        new = max(grown, 0.0) ** (1.0 / (1.0 - order))
        power = new**order
    return new, -power * kdt * e * inverse * inverse


@njit(cache=True, error_model="numpy")
def pressure_index(tables: MaterialTables, pressure: float) -> tuple:
    """Row and fraction of `pressure` (Pa) in the gas tables, logarithmic, held at both ends."""
    p = tables.log_pressure
    if p.size == 1:
        return 0, 0, 0.0
    value = min(max(np.log(max(pressure, 1.0e-300)), p[0]), p[-1])
    i = 0
    while i < p.size - 2 and value > p[i + 1]:
        i += 1
    return i, i + 1, (value - p[i]) / (p[i + 1] - p[i])


@njit(cache=True, error_model="numpy")
def _decompose(
    kinetics: Array, m: int, p: int, mean: float, dt: float, old: Array, older: Array, c0: float, c1: float, c2: float,
    extent: Array,
) -> tuple:  # fmt: skip
    """(tau, dtau/dT of the new temperature, c0 tau + c1 tau_old + c2 tau_older); fills extent[p] (R,)."""
    tau, dtau, change = 0.0, 0.0, 0.0
    for r in range(kinetics.shape[2]):
        now, share = old[p, r], kinetics[SHARE, m, r]
        y, dy = now, 0.0
        if mean > kinetics[THRESHOLD, m, r]:
            y, dy = advance_extent(
                now, mean, dt, kinetics[RATE, m, r], kinetics[ACTIVATION, m, r], kinetics[ORDER, m, r]
            )
        extent[p, r] = y
        tau += share * y
        dtau += 0.5 * share * dy  # the mean temperature moves half as much as the new one
        change += share * (c0 * y + c1 * now + c2 * older[p, r])
    return tau, dtau, change


@njit(cache=True, error_model="numpy")
def evaluate(
    tables: MaterialTables, material: Array, temperature: Array, temperature_old: Array, extent_old: Array,
    extent_older: Array, dt: float, c0: float, c1: float, c2: float, pressure: float, out: Points,
) -> None:  # fmt: skip
    """Fill `out` at P points; temperatures (P,) K, extents (P, R) remaining fractions, material (P,) index.

    c0, c1, c2: BDF coefficients, d/dt f = (c0 f + c1 f_old + c2 f_older)/dt; production is that of the solid density.
    Outside its table a material is continued linearly so that an iteration can return; an accepted step is checked
    against `low` and `high` by the caller. d_energy and d_conductivity include the decomposition.
    """
    row0, row1, fp = pressure_index(tables, pressure)
    # Members of the tuples are taken once: inside the loop each access would count references.
    x, gas, low, inverse_step = tables.solid, tables.gas, tables.low, tables.inverse_step
    energy, d_energy, conductivity, d_conductivity = out.energy, out.d_energy, out.conductivity, out.d_conductivity
    density, emissivity, extent, reacting = out.density, out.emissivity, out.extent, tables.reacting
    production, gas_enthalpy, d_gas_enthalpy = out.production, out.gas_enthalpy, out.d_gas_enthalpy
    kinetics, virgin_density, char_density = tables.kinetics, tables.virgin_density, tables.char_density
    last, per_dt = x.shape[1] - 2, 1.0 / dt
    for p in range(temperature.size):
        m, t = material[p], temperature[p]
        inverse = inverse_step[m]
        z = (t - low[m]) * inverse
        i = min(max(int(z), 0), last)
        f = z - i
        g = min(max(f, 0.0), 1.0)
        dev, dkv = x[m, i + 1, 0] - x[m, i, 0], x[m, i + 1, 1] - x[m, i, 1]
        ev, kv = x[m, i, 0] + f * dev, x[m, i, 1] + g * dkv
        if not reacting[m]:
            energy[p], d_energy[p], conductivity[p], d_conductivity[p] = ev, dev * inverse, kv, dkv * inverse
            density[p], emissivity[p] = virgin_density[m], x[m, i, 4]
            continue
        dec, dkc = x[m, i + 1, 2] - x[m, i, 2], x[m, i + 1, 3] - x[m, i, 3]
        ec, kc = x[m, i, 2] + f * dec, x[m, i, 3] + g * dkc
        mean = 0.5 * (t + temperature_old[p])
        tau, dtau, change = _decompose(kinetics, m, p, mean, dt, extent_old, extent_older, c0, c1, c2, extent)
        rv, rc = virgin_density[m], char_density[m]
        rho = tau * rv + (1.0 - tau) * rc
        per_rho = 1.0 / rho
        w = tau * rv * per_rho
        energy[p] = tau * ev + (1.0 - tau) * ec
        d_energy[p] = (tau * dev + (1.0 - tau) * dec) * inverse + dtau * (ev - ec)
        conductivity[p] = w * kv + (1.0 - w) * kc
        d_conductivity[p] = (w * dkv + (1.0 - w) * dkc) * inverse + (kv - kc) * dtau * rv * rc * per_rho * per_rho
        dh0, dh1 = gas[m, row0, i + 1] - gas[m, row0, i], gas[m, row1, i + 1] - gas[m, row1, i]
        h0, h1 = gas[m, row0, i] + f * dh0, gas[m, row1, i] + f * dh1
        gas_enthalpy[p] = h0 + fp * (h1 - h0)
        d_gas_enthalpy[p] = ((1.0 - fp) * dh0 + fp * dh1) * inverse
        production[p] = (rc - rv) * change * per_dt
        density[p] = rho
        emissivity[p] = w * x[m, i, 4] + (1.0 - w) * x[m, i, 5]
