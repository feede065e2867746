"""What the frames of an explicit impact say of a vessel: stress, traction and opening of its seam, strain, damage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from containment.structure.explicit import Body, Metal, Run
from containment.structure.seal import Traction, braze_utilisation, opening
from containment.structure.strain_limit import Ductility, damage

if TYPE_CHECKING:
    from containment.case.landing import Seam

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WallAnswer:
    """Histories over the frames: `traction` (Pa, filtered), seam `utilisation` and `opening` m; largest plastic strain
    and strain-limit damage (nan without data of its ductility) at the end."""

    traction: Traction
    utilisation: Floats
    opening: Floats
    plastic_strain: float
    damage: float


def wall(
    body: Body, run: Run, cells: Ints, metal: Metal, thickness: float, seam: Seam, window: float,
    ductility: Ductility | None,
) -> WallAnswer:  # fmt: skip
    """Answers of one wall whose `cells` (angle, layer from inside) have the seam at half of their angles."""
    law = metal.row()
    flat = cells.ravel()
    stress = np.array([
        cauchy(body, flat, points, state[flat], law[2], law[3])
        for points, state in zip(run.frames, run.frame_states, strict=True)
    ])  # fmt: skip
    pulled = _traction(stress.reshape(len(stress), *cells.shape, 4), thickness, run.frame_times, window)
    strain = run.frame_states[:, flat, 4]
    used = float("nan")
    if ductility is not None:
        used = float(damage(ductility, list(zip(stress, strain, strict=True))).max())
    return WallAnswer(pulled, braze_utilisation(pulled, seam), opening(pulled, seam), float(strain[-1].max()), used)


def cauchy(body: Body, cells: Ints, points: Floats, state: Floats, bulk: float, shear: float) -> Floats:
    """(cell, 4) Cauchy stress rr, zz, tt, rz of metal cells in a frame, from F and the plastic state they hold.

    `bulk`, `shear`: Lame's constants, Pa.
    """
    x, reference = points[body.cells[cells]], body.points[body.cells[cells]]
    d13, d24 = x[:, 0] - x[:, 2], x[:, 1] - x[:, 3]
    grad = body.gradients()[cells]
    f = d13[:, :, None] * grad[:, None, :2] + d24[:, :, None] * grad[:, None, 2:]
    hoop = x[:, :, 0].mean(axis=1) / reference[:, :, 0].mean(axis=1)
    inverse = np.stack([state[:, 0], state[:, 1], state[:, 1], state[:, 2]], axis=-1).reshape(-1, 2, 2)
    squares, axes = np.linalg.eigh(f @ inverse @ f.swapaxes(1, 2))
    strain, around = 0.5 * np.log(squares), 0.5 * np.log(state[:, 3] * hoop**2)
    mean = bulk * (strain.sum(axis=1) + around)
    plane = np.einsum("cip,cp,cjp->cij", axes, mean[:, None] + 2.0 * shear * strain, axes)
    jacobian = np.linalg.det(f) * hoop
    tau = np.column_stack([plane[:, 0, 0], plane[:, 1, 1], mean + 2.0 * shear * around, plane[:, 0, 1]])
    return np.asarray(tau / jacobian[:, None])


def _traction(stress: Floats, thickness: float, times: Floats, window: float) -> Traction:
    """Traction of the seam from the cells on both sides of it, moving means over `window`.

    `stress` (frame, angle, layer, 4). A straight line is fitted through the layers: membrane and bending.
    """
    middle = stress.shape[1] // 2
    beside = stress[:, middle - 1 : middle + 1].mean(axis=1)
    layers = stress.shape[2]
    place = ((np.arange(layers) + 0.5) / layers - 0.5) * thickness
    normal = beside[..., 1]
    bending = normal @ place / (place @ place) * 0.5 * thickness
    mean = (_filtered(values, times, window) for values in (normal.mean(axis=1), bending, beside[..., 3].mean(axis=1)))
    return Traction(*mean)


def _filtered(values: Floats, times: Floats, window: float) -> Floats:
    """Mean over the window that ends at each time; nothing before the first."""
    step = np.diff(times, prepend=times[0])
    total = np.cumsum(values * step)
    return np.asarray((total - np.interp(times - window, times, total, left=0.0)) / window)
