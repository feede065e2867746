"""Thick shell of the capsule's chain: rigid motion, closed-form energies, virtual work."""

import numpy as np
import pytest

from containment.structure.chain_shell_kernel import (
    FIBRES,
    PLATE,
    SKIN,
    STATE,
    lay,
    measure,
    squeeze,
    stiffen,
    swell,
    turn,
)

MODULUS, POISSON, THICKNESS, FAR = 20e9, 0.3, 0.033, 0.375
PLANE = MODULUS / (1.0 - POISSON**2)
SHEAR = 5.0 / 6.0 * 0.5 * MODULUS / (1.0 + POISSON)


class Shell:
    """Rings with all the tables of the kernel, moved by given speeds."""

    def __init__(self, r, z, strength=1e30):
        self.r, self.z, rings = np.array(r, dtype=float), np.array(z, dtype=float), len(r)
        self.way, self.plate, self.state = np.zeros((rings, 2)), np.zeros((rings - 1, PLATE)), None
        self.state, self.skin, self.first = np.zeros((rings - 1, STATE)), np.zeros((rings, SKIN)), np.ones((rings, 2))
        lay(self.r, self.z, self.way, self.plate)
        swell(self.r, self.way, self.plate, self.first, THICKNESS, 0.0, self.skin)
        self.first[:, 0], self.first[:, 1] = self.r, self.skin[:, 4]
        length = np.hypot(np.diff(self.r), np.diff(self.z))
        volume = np.pi * (self.r[1:] + self.r[:-1]) * length * THICKNESS
        self.sheet = np.column_stack([volume, np.full(volume.size, FAR * THICKNESS)])
        self.law = np.array([MODULUS, POISSON, strength, 1e8])
        self.stored = self.lost = 0.0

    def move(self, u, w, angle):
        """One step; returns radial and axial forces and moments of the elements."""
        self.r += u
        self.z += w
        turn(self.way, angle, 1.0)
        measure(self.r, self.z, self.way, self.plate)
        pull, force, spin = np.zeros(self.r.size), np.zeros(self.r.size), np.zeros(self.r.size)
        self.stored, lost = stiffen(self.plate, self.sheet, self.law, self.state, pull, force, spin)
        self.lost += lost
        return pull, force, spin


def test_rigid_rotation_leaves_no_stress():
    # far from the axis a shell is a beam; 0.6 rad in small steps; the first ring keeps its slope, as on the axis
    shell, far = Shell(1e6 + np.linspace(0.0, 0.1, 6), np.linspace(0.0, 0.05, 6) ** 2 * 40), 1e6
    for _ in range(2000):
        u, w = shell.r - far, shell.z.copy()
        shell.move(-3e-4 * w - 4.5e-8 * u, 3e-4 * u - 4.5e-8 * w, np.full(6, 3e-4))
    assert np.abs(shell.state[1:]).max() < 1e-5 * MODULUS  # a hundredth of a degree of false turning would give more


def test_even_bending_of_a_plate():
    # w = k r^2 / 2 with the slopes k r: both curvatures k, energy E' (1 + nu) k^2 sum of volume y^2
    radius, k = np.linspace(0.0, 0.2, 9), 1e-3
    shell = Shell(radius, np.zeros(9))
    shell.move(0.0, 0.5 * k * radius**2, k * radius)
    middle = shell.sheet[:, 0].sum() * 2.0 / 3.0 * (FAR * THICKNESS) ** 2
    assert shell.stored == pytest.approx(PLANE * (1.0 + POISSON) * k**2 * middle, rel=1e-3)  # membrane part k^4


def test_even_shear():
    # w = g r without a slope: only shear, energy G' g^2 V / 2
    radius = np.linspace(0.05, 0.2, 7)
    shell = Shell(radius, np.zeros(7))
    _, force, _ = shell.move(0.0, 1e-4 * radius, np.zeros(7))
    assert shell.stored == pytest.approx(0.5 * SHEAR * 1e-8 * shell.sheet[:, 0].sum(), rel=1e-9)
    inner = -np.pi * (radius[0] + radius[1]) * THICKNESS * SHEAR * 1e-4
    assert abs(force[0]) == pytest.approx(abs(inner), rel=1e-9)


def test_plastic_moment_of_a_beam():
    # three fibres at 0.375 t bear Y t^2 / 4 per length; plane strain makes it 2 / sqrt 3 of that
    r, strength, k = 1e4 + np.linspace(0.0, 0.06, 4), 50e6, 0.01
    shell = Shell(r, np.zeros(4), strength)
    shell.law[3] = 0.0
    for _ in range(400):
        x = r - r.mean()
        _, _, spin = shell.move(0.0, 0.5 * k * x**2, k * x)
    moment = abs(spin[-1]) / (2 * np.pi * 1e4)
    assert moment == pytest.approx(2.0 / np.sqrt(3.0) * strength * THICKNESS**2 / 4.0, rel=0.05)  # thickness moves


@pytest.mark.parametrize("strength", [1e30, 30e6])
def test_forces_do_the_work_that_is_stored_and_lost(strength):
    # a path far beyond yield, folding over; work by the mean of the forces before and after each step
    rng, n, steps = np.random.default_rng(5), 7, 4000
    start = np.linspace(0.0, 0.15, n)
    shell = Shell(start, start**2, strength)
    u, w, turned = (rng.uniform(-1, 1, n) * size / steps for size in (0.004, 0.01, 0.3))
    u[0] = turned[0] = 0.0
    work, before = 0.0, [np.zeros(n)] * 3
    for _ in range(steps):
        after = shell.move(u, w, turned)
        for a, b, step in zip(before, after, (u, w, turned), strict=True):
            work -= 0.5 * (a + b) @ step
        before = after
    assert work == pytest.approx(shell.stored + shell.lost, rel=2e-3)  # first order of a step for what flows


def test_forces_on_the_surfaces_do_the_work_of_their_ways():
    # axial on both surfaces, radial on the inner one: virtual work of a small motion, by differences
    rng, n, small = np.random.default_rng(6), 6, 1e-6
    start = np.linspace(0.0, 0.15, n)
    shell = Shell(start, start**2)
    swell(shell.r, shell.way, shell.plate, shell.first, THICKNESS, 0.0, shell.skin)
    apart, drawn = rng.normal(size=n), rng.normal(size=n)
    drawn[0] = 0.0
    pull, force, spin = np.zeros(n), np.zeros(n), np.zeros(n)
    measure(shell.r, shell.z, shell.way, shell.plate)
    squeeze(shell.r, shell.way, shell.plate, shell.skin, apart, drawn, pull, spin)
    stiffen(shell.plate, 0.0 * shell.sheet, shell.law, shell.state, pull, force, spin)  # only the squeeze is left
    u, w, turned = (rng.normal(size=n) * small for _ in range(3))
    u[0] = turned[0] = 0.0

    def surfaces():
        half = shell.skin[:, 0]
        return half * shell.way[:, 0], shell.r - half * shell.way[:, 1]

    rise, aside = surfaces()
    shell.move(u, w, turned)
    swell(shell.r, shell.way, shell.plate, shell.first, THICKNESS, 0.0, shell.skin)
    risen, moved = surfaces()
    done = apart @ (risen - rise) + drawn @ (moved - aside)
    assert pull @ u + force @ w + spin @ turned == pytest.approx(done, rel=1e-3)


def test_a_fibre_at_yield_stays_on_its_surface():
    shell = Shell(np.linspace(0.05, 0.2, 5), np.zeros(5), 20e6)
    for _ in range(200):
        shell.move(1e-5 * np.arange(5), 5e-5 * np.arange(5), np.full(5, 2e-4))
    along, around, across, grown = np.moveaxis(shell.state.reshape(-1, FIBRES, 4), 2, 0)
    mises = np.sqrt(along**2 - along * around + around**2 + 3.0 * across**2)
    assert grown.min() > 0 and np.allclose(mises, 20e6 + 1e8 * grown, rtol=1e-9)
