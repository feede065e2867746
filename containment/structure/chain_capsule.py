"""Landing nose-first as a chain of 30 to 60 masses that knows the capsule's shape: rung 1.

    ground | shell rings = foam lumps, column beside column = outer vessel -gap- inner vessel -gap- container

Rays from the vessel's centre carry the foam lumps from the vessel to the shell (and, beside it, to the flank of the
block): a column under the vessel's side is longer than that on the axis, starts later and locks later, and neighbours
shear each other. The shell is rings joined by thick-shell elements, which dents, shears and folds onto the ground; each
ring has its own column of soil or meets rigid ground (plane, or a sphere: a rock). Foam and ground touch its surfaces,
not its middle: a shell that is flattened and shortened is thicker, and costs the absorber stroke; where its inner
surface turns and moves aside it shears the foam bonded to it. The idealisation is that of the explicit finite elements
(homogeneous shell, foam bonded to shell and to a rigid vessel), at a five-hundredth of their cost; `Tuning` holds what
is calibrated against them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from containment.errors import DataError
from containment.structure import chain
from containment.structure.chain import Landing, Play
from containment.structure.chain_capsule_kernel import LEDGER, march
from containment.structure.crushable import CURVE_END, CURVE_POINTS, Foam
from containment.structure.soil import Ground

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COURANT = 0.9  # of the time a membrane wave takes from ring to ring as they lie; at 0.95 ledgers do not close
_RIGID = 0.2  # stiffness of rigid ground over what a ring bears at this step: from 0.1 to 0.5 the peaks stay
_BULK_LINEAR, _BULK_QUADRATIC = 0.06, 1.2  # usual bulk viscosity of explicit codes (LS-DYNA, Abaqus defaults)
_SURFACE_POINTS = 1200  # of the fine inner surface the rays are met with: below 1 mm


@dataclass(frozen=True)
class Forebody:
    """Homogeneous shell with the outer shape of the vehicle. m, kg, Pa; `half_angle` rad.

    `strength` + `hardening` * plastic strain is its yield stress; `mass` all that rides on it.
    """

    diameter: float
    nose_radius: float
    half_angle: float
    thickness: float
    mass: float
    modulus: float
    strength: float
    hardening: float
    poisson_ratio: float = 0.3

    def __post_init__(self) -> None:
        if not min(self.thickness, self.mass, self.modulus, self.strength) > 0 or self.hardening < 0:
            raise DataError(
                f"found a forebody of {self.thickness:g} m, {self.mass:g} kg, modulus {self.modulus:g} Pa, strength "
                f"{self.strength:g} Pa and hardening {self.hardening:g} Pa, expected all > 0 (hardening >= 0)",
                advice="correct [landing.forebody]; parts inside that outweigh the vehicle leave no mass for its shell",
            )


@dataclass(frozen=True)
class Block:
    """Absorber: `thickness` between shell and vessel on the axis, outer radius, `reach` aft of the vessel's centre, m.

    `tension`: stress at which the foam parts, Pa.
    """

    foam: Foam
    thickness: float
    radius: float
    reach: float
    tension: float

    def __post_init__(self) -> None:
        if not self.thickness > 0 or not self.radius > 0:
            raise DataError(
                f"found an absorber of thickness {self.thickness:g} m and radius {self.radius:g} m, expected both > 0",
                advice="give the absorber a thickness, or attach the vessel with a stiff contact",
            )


@dataclass(frozen=True)
class Tuning:
    """Factors calibrated against finite elements; those of the ideal section are the defaults.

    `membrane` on the volume of shell that works, `layer` distance of its outer layers from the middle over the
    thickness (0.375 bears the plastic moment of the full section), `crush` on the foam's stress, `shear` weight of
    tau_rz^2 in its yield surface.
    """

    membrane: float = 1.0
    layer: float = 0.375
    crush: float = 1.0
    shear: float = 2.0


@dataclass(frozen=True)
class Grid:
    """Numbers of rays on the shell and on the flank, of foam layers, and of shell segments beyond the block."""

    front: int
    side: int
    layers: int
    beyond: int


# What 2 ms allow: on rigid ground the shell folds from ring to ring; on soil a landing takes longer, and wets the cone.
RIGID, SOIL = Grid(9, 2, 3, 3), Grid(7, 2, 2, 7)


@dataclass(frozen=True)
class Capsule:
    """One landing vehicle on one ground.

    `parts` kg from the outer vessel inward and the `plays` between them. `ground` None is rigid: a plane, or with
    `rock_radius` (m) a sphere under the nose. `grid` None is that of the ground, to which the calibration belongs.
    """

    forebody: Forebody
    block: Block
    vessel_radius: float
    parts: tuple[float, ...]
    plays: tuple[Play, ...] = ()
    ground: Ground | None = None
    rock_radius: float = np.inf
    tuning: Tuning = field(default_factory=Tuning)
    grid: Grid | None = None

    def __post_init__(self) -> None:
        if not min(self.parts, default=0.0) > 0 or len(self.plays) != len(self.parts) - 1:
            raise DataError(
                f"found masses {self.parts} kg of the parts and {len(self.plays)} contacts, expected masses > 0 and "
                "one contact fewer than parts",
                advice="correct the region masses or [landing.contacts]",
            )
        if not self.rock_radius > 0:
            raise DataError(f"found a rock of radius {self.rock_radius:g} m, expected > 0", advice="correct the rock")

    @property
    def mesh(self) -> Grid:
        """The grid that is used."""
        return self.grid or (RIGID if self.ground is None else SOIL)


def land(
    capsule: Capsule, speed: float, *, gravity: float = 0.0, end: float = 0.08, factor: float = 1.0
) -> Landing:  # fmt: skip
    """The landing of `capsule` at `speed` m/s, recorded as `chain.land` does. `factor` < 1 shortens the step.

    Raises DataError for an impossible speed, SolverError when the ledger does not close (after halving the step), the
    state is not finite or the vessels still move at `end`.
    """
    chain.check_speed(speed)
    body = assemble(capsule)
    if speed == 0.0:
        return chain.at_rest(len(capsule.parts), LEDGER)

    def marched(share: float) -> chain.Outcome:
        return _marched(capsule, body, speed, gravity, end, share)

    outcome = chain.closed(marched, factor)
    chain.accept(outcome, speed, end)
    return chain.unpacked(outcome, len(capsule.parts), LEDGER)


@dataclass(frozen=True)
class Assembly:
    """Arrays of the kernel: masses, rings (middle and outer surface), elements between them, foam cells."""

    mass: Floats
    part: int
    middle: Floats
    gap: Floats
    rise: Floats
    area: Floats
    sheet: Floats
    inertia: Floats
    longest: float
    quads: Ints
    grad: Floats
    weight: Floats


def assemble(capsule: Capsule) -> Assembly:
    """Masses and geometry of the chain. Raises DataError for a block that its rays do not map."""
    shell, grid = capsule.forebody, capsule.mesh
    points, hits, inner, normal = _rays(capsule)
    edge = np.linspace(points[hits - 1, -1, 0], inner[-1, 0], grid.beyond + 1)[1:]
    radius = np.concatenate([points[:hits, -1, 0], edge])
    at = np.column_stack([radius, np.interp(radius, inner[:, 0], inner[:, 1])])
    out = np.column_stack([np.interp(radius, inner[:, 0], normal[:, i]) for i in (0, 1)])
    middle = at + 0.5 * shell.thickness * out
    numbers, part = _numbers(points.shape[:2], hits, len(middle))
    quads, grad, weight = _cells(points, numbers)
    mass = np.zeros(part + len(capsule.parts))
    np.add.at(mass, quads.ravel(), np.repeat(0.25 * capsule.block.foam.density * weight, 4))
    section, length = _sections(middle)
    density = shell.mass / float(section.sum())  # kg per area of section
    mass[: len(middle)] += density * section
    mass[part:] += capsule.parts
    far = capsule.tuning.layer * shell.thickness
    between = np.pi * (middle[1:, 0] + middle[:-1, 0]) * length
    sheet = np.column_stack([capsule.tuning.membrane * shell.thickness * between, np.full(between.size, far)])
    inertia = density * section * 2.0 * far**2 / 3.0  # of the three fibres, which bear no shorter step than rings
    wave = np.sqrt(shell.modulus * shell.thickness / (1.0 - shell.poisson_ratio**2) / density)
    gap, rise, area = _footprint(capsule, middle + 0.5 * shell.thickness * out)
    return Assembly(
        mass, part, middle, gap, rise, area, sheet, inertia, COURANT * float(length.min() / wave), quads, grad, weight
    )  # fmt: skip


def _rays(capsule: Capsule) -> tuple[Floats, int, Floats, Floats]:
    """(ray, layer, 2) foam points from the vessel outward, rays that end on the shell, its inner surface, normals."""
    shell, block = capsule.forebody, capsule.block
    inner, normal = inner_surface(shell)
    centre = np.array([0.0, shell.thickness + block.thickness + capsule.vessel_radius])
    angle = np.arctan2(inner[:, 0], centre[1] - inner[:, 1])
    corner = float(np.interp(block.radius, inner[:, 0], angle))
    last = float(np.pi / 2 + np.arctan2(block.reach, block.radius))
    inside = inner[:, 0] <= block.radius
    if not block.radius > capsule.vessel_radius or not 0.2 < corner < last or np.any(np.diff(angle[inside]) <= 0):
        raise DataError(
            f"found an absorber of radius {block.radius:g} m and reach {block.reach:g} m that rays from the centre of "
            f"a vessel of radius {capsule.vessel_radius:g} m do not map, expected a block around the vessel",
            advice="widen the block or shorten it",
        )
    front = np.linspace(0.0, corner, capsule.mesh.front + 1)
    side = np.linspace(corner, last, capsule.mesh.side + 1)[1:]
    ends = np.column_stack([np.interp(front, angle, inner[:, 0]), np.interp(front, angle, inner[:, 1])])
    flank = np.column_stack([np.full(side.size, block.radius), centre[1] - block.radius / np.tan(side)])
    rays, feet = np.concatenate([front, side]), np.concatenate([ends, flank])
    start = centre + capsule.vessel_radius * np.column_stack([np.sin(rays), -np.cos(rays)])
    share = np.linspace(0.0, 1.0, capsule.mesh.layers + 1)
    return start[:, None] + share[None, :, None] * (feet - start)[:, None], front.size, inner, normal


def inner_surface(shell: Forebody) -> tuple[Floats, Floats]:
    """Inner surface (r, z) of a sphere-cone shell from the axis to the rim, nose at z = 0, and its outward normals."""
    tilt, inner = np.pi / 2 - shell.half_angle, shell.nose_radius - shell.thickness
    angle = np.linspace(0.0, tilt, _SURFACE_POINTS // 4)
    cap = np.column_stack([inner * np.sin(angle), shell.nose_radius - inner * np.cos(angle)])
    rim = shell.diameter / 2 - shell.thickness * np.sin(tilt)
    if not inner > 0 or not cap[-1, 0] < rim:
        raise DataError(
            f"found a shell of {shell.thickness:g} m with a nose radius of {shell.nose_radius:g} m and a diameter of "
            f"{shell.diameter:g} m, expected a thin shell wider than its nose",
            advice="correct thickness, nose radius or diameter",
        )
    run = np.linspace(cap[-1, 0], rim, _SURFACE_POINTS)[1:]
    cone = np.column_stack([run, cap[-1, 1] + (run - cap[-1, 0]) / np.tan(shell.half_angle)])
    normal = np.column_stack([np.sin(angle), -np.cos(angle)])
    flat = np.tile([np.sin(tilt), -np.cos(tilt)], (run.size, 1))
    return np.concatenate([cap, cone]), np.concatenate([normal, flat])


def _numbers(shape: tuple[int, int], hits: int, rings: int) -> tuple[Ints, int]:
    """(ray, layer) numbers of the masses at the foam points (vessel, lumps, rings), and that of the vessel."""
    numbers = np.zeros(shape, dtype=np.int64)
    free = np.ones(shape, dtype=bool)
    free[:, 0] = False
    free[:hits, -1] = False
    numbers[free] = rings + np.arange(int(free.sum()))
    numbers[:hits, -1] = np.arange(hits)
    part = rings + int(free.sum())
    numbers[:, 0] = part
    return numbers, part


def _cells(points: Floats, numbers: Ints) -> tuple[Ints, Floats, Floats]:
    """Quads between the rays, gradients of their corners 1 and 2 at the centre, volumes 2 pi R A."""
    corners = [np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, 1:], np.s_[1:, :-1]]
    quads = np.stack([numbers[c].ravel() for c in corners], axis=1)
    at = np.stack([points[c].reshape(-1, 2) for c in corners], axis=1)
    p, q = at[:, 0] - at[:, 2], at[:, 1] - at[:, 3]
    double = p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]
    grad = np.column_stack([q[:, 1], -q[:, 0], -p[:, 1], p[:, 0]]) / double[:, None]
    return quads, grad, np.pi * at[:, :, 0].mean(axis=1) * double


def _sections(middle: Floats) -> tuple[Floats, Floats]:
    """Area of shell that belongs to each ring, and the lengths of the segments."""
    length = np.linalg.norm(np.diff(middle, axis=0), axis=1)
    r = middle[:, 0]
    near, far = 0.75 * r[:-1] + 0.25 * r[1:], 0.25 * r[:-1] + 0.75 * r[1:]
    area = np.zeros(len(r))
    area[:-1] += np.pi * near * length
    area[1:] += np.pi * far * length
    return area, length


def _footprint(capsule: Capsule, outer: Floats) -> tuple[Floats, Floats, Floats]:
    """Height of the rings above the ground, how far each sinks until it is all wet, and horizontal areas.

    Rings meet rigid ground as a whole (height of the ring itself, over a rock that of its sphere).
    """
    radius, zed = outer.T
    edges = np.concatenate([[0.0], 0.5 * (radius[1:] + radius[:-1]), radius[-1:]])
    heights = np.interp(edges, radius, zed)
    area, rise = np.pi * np.diff(edges**2), np.diff(heights)
    if capsule.ground is not None:
        return 0.5 * (heights[1:] + heights[:-1]), rise, area
    rock = capsule.rock_radius
    if not np.isfinite(rock):
        return zed, rise, area
    below = np.where(radius < rock, rock - np.sqrt(np.maximum(rock**2 - radius**2, 0.0)), np.inf)
    return zed + below, rise, area


def _marched(
    capsule: Capsule, body: Assembly, speed: float, gravity: float, end: float, share: float
) -> chain.Outcome:  # fmt: skip
    """One pass of the kernel with `share` of the bounded step."""
    shell, foam, tuning, ground = capsule.forebody, capsule.block.foam, capsule.tuning, capsule.ground
    rings = len(body.middle)
    longest = body.longest * share
    # a column is at most as stiff as half of what its ring bears at this step; softer ground keeps its own
    bears, law = body.mass[:rings] / body.longest**2 / body.area, np.zeros(3)
    bed = _RIGID * bears
    if ground is not None:
        bed = np.minimum(ground.stiffness, 0.5 * bears)
        law = np.array([ground.strength, ground.depth_gradient, ground.inertia])
    records, energy = chain.blank(end, len(capsule.parts)), np.zeros(len(LEDGER))
    plays, stiffest = chain.play_rows(capsule.plays, capsule.parts), _stiffest(capsule)
    longest = min(longest, share * stiffest)
    count, steps, worst, status = march(
        body.mass, body.part, float(speed), float(gravity), float(end), chain.RECORD, chain.SAFETY * share, longest,
        body.middle[:, 0].copy(), body.middle[:, 1].copy(), body.gap, body.rise, body.area, bed, law, ground is None,
        body.sheet, body.inertia, shell.thickness,
        np.array([shell.modulus, shell.poisson_ratio, shell.strength, shell.hardening]),
        body.quads, body.grad, body.weight,
        np.array([
            foam.modulus, foam.density, foam.rate_coefficient, foam.reference_rate,
            tuning.crush * capsule.block.tension, _BULK_LINEAR, _BULK_QUADRATIC**2, tuning.shear,
        ]),
        tuning.crush * foam.solid_curve(), CURVE_END / (CURVE_POINTS - 1), plays, records, energy,
    )  # fmt: skip
    return chain.Outcome(records[:count], energy, float(worst), int(steps), int(status))


def _stiffest(capsule: Capsule) -> float:
    """Largest step the contacts between the parts bear, s: K_i dt^2/4 + C_i dt/2 <= m_i in every row (Gershgorin)."""
    if not capsule.plays:
        return np.inf
    mass = np.array(capsule.parts)
    rows = chain.play_rows(capsule.plays, capsule.parts)
    stiff, viscous = np.zeros(mass.size), np.zeros(mass.size)
    for total, value in ((stiff, rows[:, 0]), (viscous, rows[:, 1])):
        total[:-1] += 2.0 * value
        total[1:] += 2.0 * value
    steps = (np.sqrt(viscous**2 / 4.0 + stiff * mass) - viscous / 2.0) * 2.0 / stiff
    return float(chain.SAFETY * steps.min())
