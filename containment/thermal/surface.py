# mypy: disable-error-code="untyped-decorator,no-untyped-def,type-arg,no-any-return"
"""Balance at the heated wall: convection with blowing, equilibrium or rate-limited char oxidation, radiation.

Conservative form: what enters the body is q = g (h_r - h_w) - (m_g + m_c) h_w + a q_rad - e sigma (T^4 - T_b^4),
because the enthalpies of gas and char that reach the wall leave the body there too (m_g h_g and m_c h_c cancel).
    g = rho_e u_e C_H ln(1 + 2 l B')/(2 l B'), B' = B'_g + B'_c, B'_g = m_g/g, m_c = B'_c g
Source: nasa/pato (B' boundary of the TACOT test series); Chen & Milos, J. Spacecraft & Rockets 36(3), 1999 (FIAT).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from containment.errors import DataError
from containment.thermal.bprime import BPrimeArrays, BPrimeTable, lookup, no_table
from containment.thermal.charring import STEFAN_BOLTZMANN as SIGMA
from containment.thermal.compiled import COMPILED

GAS_CONSTANT = 8.314462618  # J/mol/K, exact in the SI
ATMOSPHERE = 101325.0  # Pa, definition
OXYGEN = 0.2095  # mole fraction of O2 in dry air, US Standard Atmosphere 1976
NO_FILM = 1.0e-12  # kg/m2/s, below it convection brings less than a milliwatt and B' = m_g/C_H means nothing
# Dry air, c_p = a + b (T - 298.15) from 1005 J/kg/K at 298 K and 1141 J/kg/K at 1000 K (tables of dry air at 1 bar,
# e.g. Incropera & DeWitt, app. A); only used where the wall is too cold to react.
AIR_CP, AIR_CP_SLOPE, AIR_REFERENCE = 1005.0, 0.194, 298.15
COLUMNS = (
    "wall_temperature", "film_coefficient", "recovery_enthalpy", "pressure", "radiative_flux", "heat_transfer",
    "edge_temperature", "background_temperature", "back_temperature",
)  # fmt: skip


@dataclass(frozen=True)
class WallHistory:
    """What acts on the wall against time (n,) s, linear between rows; each column (n,) or a constant.

    wall_temperature K (given: everything else is ignored) or film_coefficient rho_e u_e C_H kg/m2/s with
    recovery_enthalpy J/kg and pressure Pa, radiative_flux W/m2, heat_transfer W/m2/K to edge_temperature K,
    background_temperature K; back_temperature K behind the last layer, if it is not that of the BackFace (for instance
    of a soak). `breaks`: times a step must end at and restart from. Raises DataError.
    """

    time: np.ndarray
    wall_temperature: np.ndarray | float | None = None
    film_coefficient: np.ndarray | float = 0.0
    recovery_enthalpy: np.ndarray | float = 0.0
    pressure: np.ndarray | float = ATMOSPHERE
    radiative_flux: np.ndarray | float = 0.0
    heat_transfer: np.ndarray | float = 0.0
    edge_temperature: np.ndarray | float = 300.0
    background_temperature: np.ndarray | float = 300.0
    back_temperature: np.ndarray | float | None = None
    breaks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        t = np.asarray(self.time, dtype=float)
        if t.size < 2 or not np.all(np.isfinite(t)):
            raise DataError("found fewer than two finite boundary times, expected a history", advice="give more rows")
        back = np.flatnonzero(np.diff(t) <= 0)
        if back.size:
            i = int(back[0])
            raise DataError(
                f"boundary history: found time {t[i + 1]:g} s after {t[i]:g} s, expected times that increase",
                advice="sort the rows or remove the repeated one",
            )
        table = self.table()
        first = 0 if self.prescribed else 1
        last = len(COLUMNS) if self.back_temperature is not None else len(COLUMNS) - 1
        bad = ~np.isfinite(table[:, first:last])
        if bad.any():
            row, column = (int(x) for x in np.argwhere(bad)[0])
            raise DataError(
                f"boundary history: found {COLUMNS[first + column]} = {table[row, first + column]} at {t[row]:g} s,"
                " expected a finite number",
                advice="correct the boundary data",
            )
        for column in (1, 3, 5, 7, 8):
            if np.any(table[:, column] < 0):
                raise DataError(
                    f"boundary history: found a negative {COLUMNS[column]}, expected none below zero",
                    advice="correct the boundary data",
                )

    @property
    def prescribed(self) -> bool:
        """True if the wall temperature is given."""
        return self.wall_temperature is not None

    def table(self) -> np.ndarray:
        """All columns in the order of COLUMNS, (n, 9); nan where a temperature is not given."""
        n = np.asarray(self.time).size
        columns = (np.nan if getattr(self, name) is None else getattr(self, name) for name in COLUMNS)
        return np.column_stack([np.broadcast_to(np.asarray(c, dtype=float), n) for c in columns])


@dataclass(frozen=True)
class WallModel:
    """How the wall reacts: B' table, blowing factor (0.5 laminar), whether it recedes, and the oxidation rate limit.

    oxidation: (A kg/m2/s/atm^n, E J/mol, n) of m_c,kin = A exp(-E/RT) p_O2^n, in series with equilibrium; None =
    equilibrium everywhere.
    """

    table: BPrimeTable | None = None
    blowing: float = 0.5
    recedes: bool = True
    oxidation: tuple[float, float, float] | None = None
    arrays: BPrimeArrays = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrays", self.table.arrays() if self.table else no_table())

    def numbers(self) -> WallNumbers:
        """The same for the compiled code."""
        a, e, n = self.oxidation or (0.0, 0.0, 0.0)
        return WallNumbers(self.blowing, self.recedes, self.table is not None, a, e / GAS_CONSTANT, n)


class WallNumbers(NamedTuple):
    """WallModel as plain numbers."""

    blowing: float
    recedes: bool
    chemistry: bool
    rate: float
    activation: float
    order: float


@njit(**COMPILED)
def blowing_factor(b: float, factor: float) -> float:
    """ln(1 + 2 l B')/(2 l B')."""
    x = 2.0 * factor * b
    return float(1.0 - 0.5 * x) if x < 1.0e-6 else float(np.log1p(x) / x)


@njit(**COMPILED)
def _gas_ratio(table: BPrimeArrays, wall: WallNumbers, log_p: float, t: float, film: float, m_g: float) -> tuple:
    """(B'_g, B'_c, h_w) with B'_g Omega(B'_g + B'_c) = m_g/film: Newton on B'_g, B'_c of the last pass."""
    wanted = m_g / film
    b_g = wanted
    b_c, h_w = 0.0, 0.0
    for _ in range(60):
        b_c, h_w = lookup(table, log_p, b_g, t)
        total = b_g + (b_c if wall.recedes else 0.0)
        omega = blowing_factor(total, wall.blowing)
        x = 2.0 * wall.blowing * total
        slope = (1.0 / (1.0 + x) - omega) / total if total > 1.0e-6 else -wall.blowing
        change = (b_g * omega - wanted) / max(omega + b_g * slope, 1.0e-3 * omega)
        b_g = max(b_g - change, 0.0)
        if abs(change) <= 1.0e-10 * (1.0 + b_g) or b_g > 1.0e6:
            break
    return b_g, b_c, h_w


@njit(**COMPILED)
def back_at(back: Any, row: Any) -> None:
    """Put the temperature behind the back where the boundary `row` has it, if it has one."""
    if not np.isnan(row[8]):
        back[1] = row[8]


@njit(**COMPILED)
def back_loss(back: Any, t: float) -> tuple:
    """(flux out of the back W/m2, its derivative) at t K; back = (coefficient, temperature, emissivity)."""
    flux = back[0] * (t - back[1]) + back[2] * SIGMA * (t**4 - back[1] ** 4)
    return flux, back[0] + 4.0 * back[2] * SIGMA * t**3


@njit(**COMPILED)
def wall_balance(
    t: float, m_g: float, h_g: float, emissivity: float, now: Any, wall: WallNumbers, table: BPrimeArrays
) -> tuple:
    """(q into the body W/m2, m_c kg/m2/s) at wall temperature t K, gas flux m_g kg/m2/s of enthalpy h_g J/kg.

    `now`: the row of WallHistory.table at this time. Emissivity is also the absorptivity of incident radiation.
    """
    film, h_r, pressure, radiation, coefficient, edge, background = (
        now[1],
        now[2],
        now[3],
        now[4],
        now[5],
        now[6],
        now[7],
    )
    q = emissivity * (radiation - SIGMA * (t * t * t * t - background**4)) + coefficient * (edge - t)
    # Gas that a rising pressure drives into the pores is as that which is there: it brings what it will hold.
    q -= min(m_g, 0.0) * h_g
    m_g = max(m_g, 0.0)
    if not wall.chemistry or film <= NO_FILM:
        return q - m_g * h_g, 0.0
    log_p = np.log(max(pressure, 1.0e-6))
    b_g, b_c, h_w = _gas_ratio(table, wall, log_p, t, film, m_g)
    if not wall.recedes:
        b_c = 0.0
    g = film * blowing_factor(b_g + b_c, wall.blowing)
    m_c = b_c * g
    # Gas beyond the last B'_g of the table leaves unreacted; so does all of it where the wall is too cold to react.
    mixed = min(b_g, table.blowing[-1]) * g
    reacted = g * h_r - (g + mixed + m_c) * h_w - (m_g - mixed) * h_g
    if wall.rate <= 0.0:
        return q + reacted, m_c
    kinetic = wall.rate * np.exp(-wall.activation / t) * (OXYGEN * pressure / ATMOSPHERE) ** wall.order
    progress = kinetic / (kinetic + m_c) if m_c > 0.0 else 1.0
    d = t - AIR_REFERENCE
    frozen = g * (h_r - d * (AIR_CP + 0.5 * AIR_CP_SLOPE * d)) - m_g * h_g
    return q + progress * reacted + (1.0 - progress) * frozen, progress * m_c
