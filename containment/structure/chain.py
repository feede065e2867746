"""Landing as a chain of masses: shell on the ground, crushable absorber, two vessels with play, sample container.

    ground | shell =foam= lump =foam= ... =foam= SCV -gap- PCV -gap- OS

Displacements are positive into the ground. The shell mass rides on the ground columns of `soil`; foam elements follow
`crushable`; vessels touch through springs with play on both sides. Explicit central differences with the whole time
loop compiled; the step comes from a bound on the highest frequency (Gershgorin), never from an estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from containment.errors import DataError, SolverError
from containment.structure.chain_kernel import LEDGER, march
from containment.structure.crushable import CURVE_END, CURVE_POINTS, Foam
from containment.structure.soil import Ground, Nose

LEDGER_LIMIT = 1e-3  # largest energy error of a run that counts, of the initial energy (issue: <= 0.1 %)
_LEAST_SHARE = 0.2  # of the bounded step: it is halved while a light nose on stiff ground leaves the ledger open
SAFETY = 0.9  # of the stable step; the bound itself is rigorous, this covers rounding
_BULK_LINEAR, _BULK_QUADRATIC = 0.06, 1.2  # usual bulk viscosity of explicit codes (LS-DYNA, Abaqus defaults)
RECORD = 2e-5  # s between stored states: 25 per 0.5 ms filter window


@dataclass(frozen=True)
class Play:
    """Contact with play between two parts: `stiffness` N/m, `damping` ratio of critical, free travel m each side."""

    stiffness: float
    damping: float
    front_gap: float
    rear_gap: float

    def __post_init__(self) -> None:
        if not self.stiffness > 0 or not self.damping >= 0:
            raise DataError(
                f"found contact stiffness {self.stiffness:g} N/m and damping {self.damping:g}, expected > 0 and >= 0",
                advice="correct [landing.contacts]",
            )
        if self.front_gap < 0 or self.rear_gap < 0:
            raise DataError(
                f"found play {self.front_gap:g} m / {self.rear_gap:g} m, "
                "expected gaps >= 0 (contact started in penetration)",
                advice="put the parts in their rest position; interference is a preload, not a negative gap",
            )


@dataclass(frozen=True)
class Chain:
    """One landing vehicle on one surface. Masses kg; `foam_area` m^2 and `foam_length` m of the crushed column.

    `parts`: masses behind the absorber from front to rear (SCV, PCV, OS ...); `plays`: contacts between them.
    `elements`: foam elements.
    """

    shell_mass: float
    parts: tuple[float, ...]
    plays: tuple[Play, ...]
    foam: Foam
    foam_area: float
    foam_length: float
    elements: int
    nose: Nose
    ground: Ground

    def __post_init__(self) -> None:
        if not self.foam_length > 0 or not self.foam_area > 0:
            raise DataError(
                f"found an absorber of thickness {self.foam_length:g} m and area {self.foam_area:g} m^2, "
                "expected both > 0",
                advice="give the absorber a thickness, or attach the vessel with a stiff contact",
            )
        if min(self.shell_mass, *self.parts) <= 0:
            raise DataError(
                f"found masses shell {self.shell_mass:g} kg, parts {self.parts}, expected all > 0",
                advice="the parts inside weigh more than the vehicle: check the vehicle mass and the region masses",
            )
        if self.elements < 1 or len(self.plays) != len(self.parts) - 1:
            raise DataError(
                f"found {self.elements} foam elements and {len(self.plays)} contacts for {len(self.parts)} parts, "
                "expected at least one element and one contact fewer than parts",
                advice="correct the chain",
            )

    def masses(self) -> np.ndarray:
        """Lumped masses from the shell to the last part, foam halves shared between neighbours."""
        lump = self.foam.density * self.foam_area * self.foam_length / self.elements
        mass = np.full(self.elements + len(self.parts), lump)
        mass[0] = self.shell_mass + 0.5 * lump
        mass[self.elements] = self.parts[0] + 0.5 * lump
        mass[self.elements + 1 :] = self.parts[1:]
        return mass

    def stable_step(self, speed: float) -> float:
        """Largest step that cannot blow up, s: in every row i, K_i dt^2 / 4 + C_i dt / 2 <= m_i.

        With speeds lagging half a step the scheme is stable when x'(K dt^2/4 + C dt/2) x <= x'M x for every x;
        Gershgorin row sums K_i, C_i bound the left side. Every tangent is bounded: foam by its modulus (curve capped
        there), contacts and ground by their stiffness, bulk viscosity and ground inertia by twice the landing speed.
        """
        mass, link = self.masses(), np.zeros(self.elements + len(self.parts) - 1)
        damper = np.zeros_like(link)
        link[: self.elements] = self.foam.modulus * self.foam_area * self.elements / self.foam_length
        drag = _BULK_LINEAR * self.foam.wave_speed() + _BULK_QUADRATIC**2 * 2.0 * (2.0 * speed)  # d(q)/d(closing)
        damper[: self.elements] = self.foam.density * self.foam_area * drag
        contacts = play_rows(self.plays, self.parts)
        link[self.elements :], damper[self.elements :] = contacts[:, 0], contacts[:, 1]
        stiff, viscous = np.zeros_like(mass), np.zeros_like(mass)
        for row, value in ((stiff, link), (viscous, damper)):
            row[:-1] += 2.0 * value
            row[1:] += 2.0 * value
        widest = self.nose.area.max()
        stiff[0] += self.ground.stiffness * widest
        viscous[0] += 2.0 * self.ground.inertia * widest * 2.0 * speed
        steps = (np.sqrt(viscous**2 / 4.0 + stiff * mass) - viscous / 2.0) * 2.0 / stiff
        return float(SAFETY * np.min(steps))


def play_rows(plays: Sequence[Play], parts: Sequence[float]) -> np.ndarray:
    """(contact, 4) stiffness, damper, front and rear gap of the plays between `parts` (kg)."""
    rows = []
    for play, a, b in zip(plays, parts, parts[1:], strict=False):
        damper = 2.0 * play.damping * float(np.sqrt(play.stiffness * a * b / (a + b)))
        rows.append([play.stiffness, damper, play.front_gap, play.rear_gap])
    return np.array(rows).reshape(-1, 4)


@dataclass(frozen=True)
class Landing:
    """History of one landing on an even time grid (s). Speeds are (part, time): shell, SCV, PCV, OS ... in m/s.

    `stroke` m: approach of shell and first part; `ground_force`, `absorber_force` (on the first part) N;
    `energy` J by name at the end; `ledger_error`: largest imbalance over the run, of the initial energy.
    """

    time: np.ndarray
    speeds: np.ndarray
    penetration: np.ndarray
    stroke: np.ndarray
    ground_force: np.ndarray
    absorber_force: np.ndarray
    contact_forces: np.ndarray
    energy: dict[str, float]
    ledger_error: float
    steps: int

    def acceleration(self, part: int, window: float) -> np.ndarray:
        """Deceleration of a part, mean over `window` s ending at each time: (v(t - window) - v(t)) / window.

        Exactly the moving mean of the deceleration, so no sampling or differentiation noise enters.
        """
        speed = self.speeds[part]
        before = np.interp(self.time - window, self.time, speed)
        return np.asarray((before - speed) / window)

    def peak(self, part: int, window: float) -> float:
        """Largest filtered deceleration of a part (-1 is the last, the OS), m/s^2."""
        return float(np.max(np.abs(self.acceleration(part, window))))


def land(chain: Chain, speed: float, *, gravity: float = 0.0, end: float = 0.08, factor: float = 1.0) -> Landing:
    """The landing of `chain` at `speed` m/s. `factor` < 1 shortens the step (for convergence studies).

    Speed 0 is a body laid down: nothing moves, all histories are zero. Raises DataError for a speed that is negative or
    not a number, SolverError when the energy ledger (after halving the step) or finiteness fails or the vehicle still
    moves at `end`.
    """
    check_speed(speed)
    if speed == 0.0:
        return at_rest(len(chain.parts), LEDGER)
    bounded = chain.stable_step(speed)

    def marched(share: float) -> Outcome:
        return _marched(chain, speed, gravity, end, bounded * share)

    outcome = closed(marched, factor)
    accept(outcome, speed, end)
    return unpacked(outcome, len(chain.parts), LEDGER)


def check_speed(speed: float) -> None:
    """DataError unless `speed` is a number >= 0."""
    if not np.isfinite(speed) or speed < 0:
        raise DataError(
            f"found landing speed {speed:g} m/s, expected a number >= 0", advice="check the entry stage or the branch"
        )


class Outcome(NamedTuple):
    """What the kernel leaves: records, energies, largest ledger error, steps, status."""

    rows: np.ndarray
    energy: np.ndarray
    worst: float
    steps: int
    status: int


def closed(marched: Callable[[float], Outcome], share: float) -> Outcome:
    """The run with `share` of its bounded step; the step is halved while the ledger stays open."""
    least, outcome = _LEAST_SHARE, marched(share)
    while outcome.status < 2 and not outcome.worst <= LEDGER_LIMIT and share > least:
        share *= 0.5
        outcome = marched(share)
    return outcome


def blank(end: float, parts: int) -> np.ndarray:
    """Records for a run of `end` s."""
    return np.zeros((int(end / RECORD) + 8, 6 + 2 * parts))


def _marched(chain: Chain, speed: float, gravity: float, end: float, step: float) -> Outcome:
    """One pass of the kernel."""
    records = blank(end, len(chain.parts))
    energy = np.zeros(len(LEDGER))
    foam, ground = chain.foam, chain.ground
    count, steps, worst, status = march(
        chain.masses(), chain.elements, float(speed), float(gravity), step, float(end), RECORD,
        np.array([ground.strength, ground.depth_gradient, ground.inertia, ground.stiffness]),
        chain.nose.area, chain.nose.volume, chain.nose.step,
        foam.curve(), CURVE_END / (CURVE_POINTS - 1),
        np.array([
            chain.foam_area, chain.foam_length / chain.elements, foam.modulus, foam.rate_coefficient,
            foam.reference_rate, foam.density * foam.wave_speed() * _BULK_LINEAR, foam.density * _BULK_QUADRATIC**2,
        ]),
        play_rows(chain.plays, chain.parts),
        records, energy,
    )  # fmt: skip
    return Outcome(records[:count], energy, float(worst), int(steps), int(status))


def accept(outcome: Outcome, speed: float, end: float) -> None:
    """SolverError for a run that is not finite, whose ledger is open or that has not ended."""
    energy, worst, status = outcome.energy, outcome.worst, outcome.status
    if status == 2 or not np.all(np.isfinite(energy)):
        raise SolverError(
            f"landing chain at {speed:.4g} m/s: the state is no longer finite after {len(outcome.rows)} records",
            history=energy.tolist(), advice="an input is out of range; check foam modulus, densities and stiffnesses",
        )  # fmt: skip
    if status == 3:
        raise SolverError(
            f"landing chain at {speed:.4g} m/s: a cell of the absorber is crushed to nothing after "
            f"{1e3 * float(outcome.rows[-1, 0]):.3g} ms",
            history=energy.tolist(), advice="no model of this absorber goes on from there: make it thicker or stronger",
        )  # fmt: skip
    if not worst <= LEDGER_LIMIT:
        raise SolverError(
            f"landing chain at {speed:.4g} m/s: energy ledger off by {worst:.2g} of the initial energy, "
            f"limit {LEDGER_LIMIT:g}",
            history=energy.tolist(), advice="raise landing_masses in [fidelity], or soften extreme stiffness ratios",
        )  # fmt: skip
    if status == 1:
        raise SolverError(
            f"landing chain at {speed:.4g} m/s: still moving down after {end:.3g} s",
            history=energy.tolist(), advice="the ground hardly resists: check the surface, or raise landing.duration",
        )  # fmt: skip


def unpacked(outcome: Outcome, parts: int, ledger: Sequence[str]) -> Landing:
    """The records on an even time grid."""
    rows, energy = outcome.rows, outcome.energy
    raw = rows[:, 0]
    time = np.arange(0.0, raw[-1], RECORD)

    def even(column: int) -> np.ndarray:
        return np.asarray(np.interp(time, raw, rows[:, column]))

    speeds = np.array([even(5 + i) for i in range(parts + 1)])
    contacts = np.array([even(6 + parts + i) for i in range(parts - 1)]).reshape(parts - 1, time.size)
    return Landing(
        time, speeds, even(1), even(2), even(3), even(4), contacts,
        dict(zip(ledger, energy.tolist(), strict=True)), outcome.worst, outcome.steps,
    )  # fmt: skip


def at_rest(parts: int, ledger: Sequence[str]) -> Landing:
    """A body laid down: nothing moves."""
    time = np.arange(0.0, 1e-3, RECORD)
    zero = np.zeros(time.size)
    return Landing(
        time, np.zeros((parts + 1, time.size)), zero, zero, zero, zero, np.zeros((parts - 1, time.size)),
        dict.fromkeys(ledger, 0.0), 0.0, 0,
    )  # fmt: skip


def foam_elements(masses: int, parts: Sequence[float]) -> int:
    """Foam elements of a chain of `masses` lumps in total (shell, foam lumps, parts)."""
    elements = masses - len(parts)
    if elements < 2:
        raise DataError(
            f"found {masses} masses for {len(parts)} parts, expected at least {len(parts) + 2}",
            advice="raise landing_masses in [fidelity]",
        )
    return elements
