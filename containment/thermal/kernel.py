# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""The one material kernel of the 1-D stack: properties and decomposition at points, with temperature derivatives.

Both solvers (dolfinx and the finite-volume twin) see a material only through `evaluate`. All temperature functions are
held on uniform grids (`tables`), so a look-up is one multiplication, and they enter residuals as values only, never as
tabulated derivatives: the residual stays continuous across every table breakpoint.

Decomposition: dX/dt = (1-X)^m A T^n exp(-E/RT), integrated exactly over a step at the mean temperature of the step
(nasa/pato, TACOT; Lachaud et al., Int. J. Heat Mass Transfer 2017). Mixing by virgin mass fraction w:
    tau = sum_i share_i (1-X_i),  rho = tau rho_v + (1-tau) rho_c,  w = tau rho_v / rho,  k = w k_v + (1-w) k_c
    E = tau rho_v h_v + (1-tau) rho_c h_c + G h_g - eps p   (J/m3),   G = eps p M/(R T) the gas in the pores
    pi = -d(rho + G)/dt   what leaves as gas, kg/m3/s
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.thermal.compiled import COMPILED
from containment.thermal.tables import ORDER, SHARE, THRESHOLD, MaterialTables

Array = Any  # numba sees plain arrays; shapes are in the docstrings
NEGLIGIBLE = 1.0e-12  # k dt below this changes no digit of an extent


class Points(NamedTuple):
    """What the kernel fills, one entry per point (P,); extent (P, R + 1) = remaining fractions, then G kg/m3."""

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
    """Storage for `count` points and `reactions` reactions; an extent of 1 is virgin, the pores are empty."""
    a = [np.zeros(count) for _ in range(9)]
    return Points(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], virgin(count, reactions))


def virgin(count: int, reactions: int) -> np.ndarray:
    """State columns (count, reactions + 1) of virgin material with empty pores."""
    columns = np.ones((count, reactions + 1))
    columns[:, -1] = 0.0
    return columns


@njit(**COMPILED)
def advance_extent(old: float, kdt: float, order: float) -> tuple:
    """Remaining fraction Y after k dt at a frozen temperature, and dY/d(k dt).

    Exact: Y^(1-m) grows by (m-1) k dt; m = 1 decays exponentially.
    """
    if kdt < NEGLIGIBLE or old <= 0.0:
        return old, 0.0
    if order == 3.0:
        new = old / np.sqrt(1.0 + 2.0 * kdt * old * old)
        return new, -new * new * new
    if order == 1.0:
        new = old * np.exp(-kdt)
        return new, -new
    grown = old ** (1.0 - order) + (order - 1.0) * kdt
    new = max(grown, 0.0) ** (1.0 / (1.0 - order))
    return new, -(new**order)


@njit(**COMPILED)
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


@njit(inline="always", **COMPILED)
def evaluate(
    tables: MaterialTables, material: Array, temperature: Array, temperature_old: Array, extent_old: Array,
    extent_older: Array, dt: float, c0: float, c1: float, c2: float, pressure: float, out: Points,
) -> None:  # fmt: skip
    """Fill `out` at P points; temperatures (P,) K, extents (P, R + 1) as in Points, material (P,) index.

    c0, c1, c2: BDF coefficients, d/dt f = (c0 f + c1 f_old + c2 f_older)/dt; production is that of solid and pore gas.
    Outside its table a material is continued linearly so that an iteration can return; an accepted step is checked
    against `low` and `high` by the caller. d_energy and d_conductivity include the decomposition.
    """
    row0, row1, fp = pressure_index(tables, pressure)
    first = 0
    while first < temperature.size:
        m, end = material[first], first + 1
        while end < temperature.size and material[end] == m:
            end += 1
        if tables.carries[m]:
            _carried(
                tables.gas[m, row0], tables.gas[m, row1], fp, tables.low[m], tables.inverse_step[m], temperature, first,
                end, out.gas_enthalpy, out.d_gas_enthalpy,
            )  # fmt: skip
        if tables.reacting[m]:
            _charring(
                tables, m, tables.gas[m, row0], temperature, temperature_old, extent_old, extent_older, dt, c0, c1, c2,
                pressure, first, end, out,
            )  # fmt: skip
        else:
            _inert(tables, m, temperature, first, end, out)
        first = end


@njit(inline="always", **COMPILED)
def _carried(
    gas0: Array, gas1: Array, fp: float, low: float, inverse: float, temperature: Array, first: int, end: int,
    enthalpy: Array, d_enthalpy: Array,
) -> None:  # fmt: skip
    """Enthalpy of the gas in the points from `first` to `end` between two pressures."""
    last = gas0.shape[0] - 2
    for p in range(first, end):
        z = (temperature[p] - low) * inverse
        i = min(max(int(z), 0), last)
        h0, h1 = gas0[i, 0], gas0[i + 1, 0]
        h0 += fp * (gas1[i, 0] - h0)
        h1 += fp * (gas1[i + 1, 0] - h1)
        enthalpy[p] = h0 + (z - i) * (h1 - h0)
        d_enthalpy[p] = (h1 - h0) * inverse


@njit(inline="always", **COMPILED)
def _inert(tables: MaterialTables, m: int, temperature: Array, first: int, end: int, out: Points) -> None:
    """Points of a layer that does not decompose."""
    energy, d_energy, conductivity, d_conductivity = out.energy, out.d_energy, out.conductivity, out.d_conductivity
    density, emissivity, x = out.density, out.emissivity, tables.solid[m]
    low, inverse, rho, last = tables.low[m], tables.inverse_step[m], tables.virgin_density[m], x.shape[0] - 2
    for p in range(first, end):
        z = (temperature[p] - low) * inverse
        i = min(max(int(z), 0), last)
        f = z - i
        de, dk = x[i + 1, 0] - x[i, 0], x[i + 1, 1] - x[i, 1]
        energy[p], d_energy[p] = x[i, 0] + f * de, de * inverse
        conductivity[p], d_conductivity[p] = x[i, 1] + min(max(f, 0.0), 1.0) * dk, dk * inverse
        density[p], emissivity[p] = rho, x[i, 4]


@njit(inline="always", **COMPILED)
def _decompose(
    rates: Array, kinetics: Array, coldest: float, mean: float, low: float, fine: float, dt: float, c0: float,
    c1: float, c2: float, old: Array, older: Array, extent: Array, p: int,
) -> tuple:  # fmt: skip
    """(tau, dtau/dT of the new temperature, c0 tau + c1 tau_old + c2 tau_older) at point p; fills extent[p, :R].

    Rates are cubic Hermite rows at the mean temperature of the step, which moves half as much as the new one.
    """
    tau, dtau, change = 0.0, 0.0, 0.0
    z = (mean - low) * fine
    j = min(max(int(z), 0), rates.shape[1] - 2)
    u = min(max(z - j, 0.0), 1.0)
    for r in range(kinetics.shape[0]):
        now, share = old[p, r], kinetics[r, SHARE]
        y = now
        if mean > coldest and mean > kinetics[r, THRESHOLD]:
            y0, d0, rise = rates[r, j, 0], rates[r, j, 1], rates[r, j + 1, 0] - rates[r, j, 0]
            square, cube = 3.0 * rise - 2.0 * d0 - rates[r, j + 1, 1], d0 + rates[r, j + 1, 1] - 2.0 * rise
            y, dy = advance_extent(now, dt * (y0 + u * (d0 + u * (square + u * cube))), kinetics[r, ORDER])
            dtau += share * dy * (d0 + u * (2.0 * square + 3.0 * u * cube))
        extent[p, r] = y
        tau += share * y
        change += share * (c0 * y + c1 * now + c2 * older[p, r])
    return tau, dtau * 0.5 * dt * fine, change


@njit(inline="always", **COMPILED)
def _charring(
    tables: MaterialTables, m: int, gas: Array, temperature: Array, temperature_old: Array, extent_old: Array,
    extent_older: Array, dt: float, c0: float, c1: float, c2: float, pressure: float, first: int, end: int, out: Points,
) -> None:  # fmt: skip
    """Points of a layer that decomposes; enthalpies of the gas are there already."""
    energy, d_energy, conductivity, d_conductivity = out.energy, out.d_energy, out.conductivity, out.d_conductivity
    density, emissivity, extent, production = out.density, out.emissivity, out.extent, out.production
    enthalpy, d_enthalpy = out.gas_enthalpy, out.d_gas_enthalpy
    x, kinetics, rates = tables.solid[m], tables.kinetics[m], tables.rates[m]
    low, inverse, rv, rc = tables.low[m], tables.inverse_step[m], tables.virgin_density[m], tables.char_density[m]
    open_v, open_c = tables.porosity[m, 0] * pressure, tables.porosity[m, 1] * pressure
    fine, last = inverse * tables.rates_per_row, x.shape[0] - 2
    reactions, per_dt, solid_loss = kinetics.shape[0], 1.0 / dt, rc - rv
    coldest = kinetics[0, THRESHOLD]
    for r in range(1, reactions):
        coldest = min(coldest, kinetics[r, THRESHOLD])
    for p in range(first, end):
        t = temperature[p]
        z = (t - low) * inverse
        i = min(max(int(z), 0), last)
        f = z - i
        tau, dtau, change = _decompose(
            rates, kinetics, coldest, 0.5 * (t + temperature_old[p]), low, fine, dt, c0, c1, c2, extent_old,
            extent_older, extent, p,
        )  # fmt: skip
        g, char = min(max(f, 0.0), 1.0), 1.0 - tau
        dev, dkv, dec, dkc = x[i + 1, 0] - x[i, 0], x[i + 1, 1] - x[i, 1], x[i + 1, 2] - x[i, 2], x[i + 1, 3] - x[i, 3]
        ev, kv, ec, kc = x[i, 0] + f * dev, x[i, 1] + g * dkv, x[i, 2] + f * dec, x[i, 3] + g * dkc
        rho = tau * rv + char * rc
        per_rho = 1.0 / rho
        w = tau * rv * per_rho
        room, dm, h = tau * open_v + char * open_c, gas[i + 1, 1] - gas[i, 1], enthalpy[p]
        pores = room * (gas[i, 1] + f * dm)
        energy[p] = tau * ev + char * ec + pores * h - room
        d_energy[p] = (tau * dev + char * dec + room * dm * h) * inverse + dtau * (ev - ec) + pores * d_enthalpy[p]
        conductivity[p] = w * kv + (1.0 - w) * kc
        d_conductivity[p] = (w * dkv + (1.0 - w) * dkc) * inverse + (kv - kc) * dtau * rv * rc * per_rho * per_rho
        stored = c0 * pores + c1 * extent_old[p, reactions] + c2 * extent_older[p, reactions]
        extent[p, reactions] = pores
        production[p] = (solid_loss * change - stored) * per_dt
        density[p] = rho
        emissivity[p] = w * x[i, 4] + (1.0 - w) * x[i, 5]
