"""What a run of the 1-D stack leaves behind, whichever solver made it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from containment.errors import SolverError
from containment.thermal.outcome import Loss, ended_at
from containment.thermal.stack import Stack
from containment.thermal.step import MASS_OUT, SIZE, WORST, WORST_PLAIN

ENERGY_LIMIT = 1.0e-3  # closure of the conservative form within 0.1 %; a run that violates it fails


@dataclass(frozen=True)
class BackFace:
    """Convection (W/m2/K) and radiation (effective emissivity) to one temperature (K) behind the last layer.

    Both 0 = adiabatic.
    """

    coefficient: float = 0.0
    temperature: float = 300.0
    emissivity: float = 0.0

    def numbers(self) -> np.ndarray:
        """The same for compiled code."""
        return np.array([self.coefficient, self.temperature, self.emissivity])


ADIABATIC = BackFace()


@dataclass(frozen=True)
class Balance:
    """Closures of one run, relative: energies to what went through the surfaces, mass to what was lost.

    energy: what is stored against what went in, summed as the time scheme does (what iterations leave, or an error);
    steps: the same with the trapezoidal rule, which shows how well the steps resolve the fluxes.
    """

    energy: float
    steps: float
    mass: float


def closed(where: str, ledger: np.ndarray, lost: float, start_mass: float) -> Balance:
    """Closures from the ledger of `step.tally` and the mass lost, kg/m2. Raises SolverError if energy is lost."""
    size = max(float(ledger[SIZE]), 1e-300)
    closure = Balance(
        energy=float(ledger[WORST]) / size, steps=float(ledger[WORST_PLAIN]) / size,
        mass=abs(lost - float(ledger[MASS_OUT])) / max(abs(lost), 1e-6 * start_mass),
    )  # fmt: skip
    if not closure.energy <= ENERGY_LIMIT:
        raise SolverError(
            f"{where}: energy closes to {closure.energy:.2%}, expected {ENERGY_LIMIT:.1%}",
            advice="lower the tolerance of the iterations or the steps; if it stays, this is an error of the program",
        )
    return closure


@dataclass(frozen=True)
class History:
    """Accepted steps of one run.

    time (S,) s; temperature (S, N) K at depth (S, N) m from the original surface; recession (S,) m; gas_flux, char_flux
    (S,) kg/m2/s; wall_flux (S,) W/m2 into the body; virgin_depth, char_depth (S,) m where 98 % virgin and 2 % virgin is
    left; density (P,) kg/m3 and extent (P, R) at the points of the grid at the end; iterations of Newton in all. Where
    the shield was lost, `loss` says when and how, and the history ends there.
    """

    time: np.ndarray
    temperature: np.ndarray
    depth: np.ndarray
    recession: np.ndarray
    gas_flux: np.ndarray
    char_flux: np.ndarray
    wall_flux: np.ndarray
    virgin_depth: np.ndarray
    char_depth: np.ndarray
    density: np.ndarray
    extent: np.ndarray
    closure: Balance
    iterations: int
    loss: Loss | None = None
    notes: tuple[str, ...] = ()

    def at_depth(self, depth: float, time: np.ndarray | None = None) -> np.ndarray:
        """Temperature at a depth from the original surface, at the steps or `time`; nan once the surface passed."""
        gone = self.depth[:, 0] > depth + 1e-12  # m, rounding of the node positions
        values = np.array([np.interp(depth, x, t) for x, t in zip(self.depth, self.temperature, strict=True)])
        values[gone] = np.nan
        return values if time is None else np.interp(time, self.time, values)


# Columns of the rows both solvers write per accepted step
TIME, RECESSION, GAS, CHAR, FLUX, VIRGIN, CHARRED, HELD = range(8)
COLUMNS = 8


def positions(stack: Stack, recession: np.ndarray) -> np.ndarray:
    """Depth of every node (S, N) m from the original surface for recessions (S,) m."""
    grid = stack.grid
    if not recession.any():
        return np.broadcast_to(grid.depth, (recession.size, grid.depth.size))
    left = np.clip(1.0 - grid.depth / grid.ablator_depth, 0.0, None)
    return np.asarray(grid.depth + recession[:, None] * left)


def assemble(
    stack: Stack, where: str, rows: np.ndarray, temperature: np.ndarray, density: np.ndarray, extent: np.ndarray,
    closure: Balance, iterations: int, loss: Loss | None,
) -> History:  # fmt: skip
    """A History from the rows of the steps (S, COLUMNS), up to the loss if there is one."""
    _, rows, temperature = ended_at(loss, rows[:, TIME], rows, temperature)
    held = rows[rows[:, HELD] > 0, TIME]
    notes: tuple[str, ...] = ()
    if held.size:
        notes = (
            f"{where}: the wall was hotter than the B' table between {held[0]:.1f} and {held[-1]:.1f} s; its hottest"
            " row was held there (carbon sublimes without limit above it)",
        )
    return History(
        time=rows[:, TIME], temperature=temperature, depth=positions(stack, rows[:, RECESSION]),
        recession=rows[:, RECESSION], gas_flux=rows[:, GAS], char_flux=rows[:, CHAR], wall_flux=rows[:, FLUX],
        virgin_depth=rows[:, VIRGIN], char_depth=rows[:, CHARRED], density=density, extent=extent, closure=closure,
        iterations=iterations, loss=loss, notes=notes,
    )  # fmt: skip
