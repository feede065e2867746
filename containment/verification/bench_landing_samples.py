"""Capsules for the calibration of the landing chain: a Latin hypercube, each as finite elements and as a chain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.errors import SolverError
from containment.structure import chain_capsule, soil
from containment.structure.chain_capsule import Block, Forebody, Tuning
from containment.structure.crushable import Foam
from containment.structure.explicit import FoamSolid, Metal, simulate
from containment.structure.explicit_capsule import SHELL, VESSEL, CapsuleShape, capsule
from containment.structure.soil import Ground

Floats = NDArray[np.float64]

WINDOW = 5e-4  # s, filter of accelerations
_SIXTY = np.pi / 3
_PLANE = Ground(1e30, 0.0, 0.0, 1e15)  # never yields
_HARD_SHARE = 2 / 3  # of the samples: that is where the chain is in doubt

# low, high, whether spread evenly in the logarithm; absorber, masses and speeds around the shipped baseline
RANGES = {
    "speed": (25.0, 50.0, False), "crush_stress": (0.7e6, 2.0e6, False), "thickness": (0.07, 0.13, False),
    "content_mass": (14.0, 24.0, False), "shell_mass": (60.0, 90.0, False), "strength": (20e6, 150e6, True),
    "densification_strain": (0.6, 0.73, False), "rate_coefficient": (0.0, 0.04, False),
    "resistance": (0.2e6, 12e6, True), "inertia": (0.0, 700.0, False), "surface": (0.0, 1.0, False),
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One capsule on one ground, SI; the inner parts are one stiff sphere."""

    speed: float
    crush_stress: float
    thickness: float
    content_mass: float
    shell_mass: float
    strength: float
    densification_strain: float
    rate_coefficient: float
    resistance: float
    inertia: float
    surface: float

    @property
    def hard(self) -> bool:
        """Rigid ground."""
        return self.surface < _HARD_SHARE

    @property
    def ground(self) -> Ground | None:
        """The soil; None is rigid."""
        return None if self.hard else Ground(self.resistance, 0.0, self.inertia, 3e8)

    @property
    def foam(self) -> Foam:
        """The absorber; what is not varied is that of the shipped baseline."""
        return Foam(
            self.crush_stress, 90e6, 60.9, self.densification_strain, 0.1e6, 0.3e6, 6.0, self.rate_coefficient, 1.0
        )  # fmt: skip


def design(count: int, rng: np.random.Generator) -> list[Sample]:
    """`count` samples, a Latin hypercube over RANGES."""
    from scipy.stats import qmc

    unit = qmc.LatinHypercube(len(RANGES), rng=rng).random(count)
    columns = []
    for u, (low, high, log) in zip(unit.T, RANGES.values(), strict=True):
        columns.append(low * (high / low) ** u if log else low + (high - low) * u)
    return [Sample(*map(float, row)) for row in np.array(columns).T]


def finite_elements(sample: Sample, size: float) -> float:
    """Peak acceleration of the content, m/s^2, nan where the mesh does not survive. `size`: edge of the quads, m."""
    shape = CapsuleShape(
        1.25, 0.3, _SIXTY, 0.033, sample.shell_mass, sample.thickness, 0.24, 0.09, 0.152, 0.006, sample.content_mass,
        size,
    )  # fmt: skip
    shell, vessel = Metal(1700.0, 20e9, 0.3, sample.strength, 100e6), Metal(11000.0, 110e9, 0.3, 1e30)
    made = capsule(shape, FoamSolid(sample.foam, 1.3e6), shell, vessel)
    start = np.zeros_like(made.body.points)
    start[:, 1] = -sample.speed
    end = 0.008  # s: on rigid ground all is over after 5
    if sample.ground is not None:
        whole = sample.shell_mass + sample.content_mass
        nose = soil.sphere_cone(0.3, _SIXTY, 1.25)
        depth, _ = soil.rigid_penetration(whole, sample.speed, nose, sample.ground, steps=400)
        end = min(0.03, 0.003 + 1.7 * depth / sample.speed)
    parts = {"shell": np.array([SHELL]), "vessel": np.array([VESSEL])}
    try:
        run = simulate(made.body, start, end, contact=made.contact, ground=sample.ground or _PLANE, groups=parts)
    except SolverError:
        return float("nan")
    return run.peak("vessel", WINDOW)


def as_chain(sample: Sample, tuning: Tuning) -> chain_capsule.Capsule:
    """The same capsule as a chain."""
    shell = Forebody(1.25, 0.3, _SIXTY, 0.033, sample.shell_mass, 20e9, sample.strength, 100e6)
    block = Block(sample.foam, sample.thickness, 0.24, 0.09, 1.3e6)
    return chain_capsule.Capsule(shell, block, 0.152, (sample.content_mass,), (), sample.ground, tuning=tuning)


def chain_peak(sample: Sample, tuning: Tuning) -> float:
    """Peak acceleration of the chain, m/s^2; nan where it fails."""
    try:
        return chain_capsule.land(as_chain(sample, tuning), sample.speed).peak(-1, WINDOW)
    except SolverError:
        return float("nan")
