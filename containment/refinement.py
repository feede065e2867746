"""Discretisation error measured: the design points once more, with meshes and time steps finer by a constant ratio.

Where each limit state is most likely reached, the stages that deliver its demand run with the settings of the rung and
with finer ones. From the two answers the grid convergence index of the coarser, U = F r^p |fine - coarse| / (r^p - 1)
over the fine answer, with the factor F = 3 for two grids (Roache 1994, doi:10.1115/1.2910291), about a 95 % bound; half
of it stands for the standard deviation. p is the order of the scheme, not observed: three grids would cost three times
as much. What does not come to an answer on both keeps the error the case assumes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from containment import stages, study
from containment.case.fidelity import refined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from containment.case.fidelity import Fidelity
    from containment.case.schema import Case
    from containment.reliability.assurance import DesignPoint
    from containment.store import RunFolder
    from containment.study import Study
    from containment.workforce import Workforce

_SAFETY = 3.0
# of linear elements and second-order time steps in heat; peaks of stress and a chain of masses are of first order
_ORDER = {"heatshield": 2.0, "soak": 2.0, "stress": 1.0, "landing": 1.0, "leak": 1.0}
_THERMAL, _GROUND = ("heatshield", "soak", "stress"), ("landing", "leak")


@dataclass(frozen=True)
class Discretisation:
    """Relative error of one limit state's demand from mesh and time step, one standard deviation; where measured, the
    response it was measured on and what it was with the settings of the rung and with finer ones (SI)."""

    limit_state: str
    error: float
    confidence: str
    response: str = ""
    coarse: float = float("nan")
    fine: float = float("nan")


def of_study(
    case: Case, settings: Fidelity, folder: RunFolder, seed: int, how: Workforce, done: Study,
    posterior: Mapping[str, NDArray[np.float64]],
) -> tuple[Discretisation, ...]:  # fmt: skip
    """Error of every limit state: measured where it most likely fails, else as the case assumes it.

    Of the states of one thermal stage only the nearest design point is run, for soak and shield are dear; of landing
    and leak that of each state, on the branch where it is nearest, with the soak given by the study's surrogates.
    """
    from containment.reliability.assurance import design_points

    found: dict[str, Discretisation] = {}
    if settings.refinement > 1.0:
        points = _nearest(design_points(case, done.finished(), posterior, settings, seed=seed))
        pairs = _thermal(case, settings, folder, how, points) + _ground(case, settings, folder, how, done, points)
        found = {pair.limit_state: pair for pair in pairs}
    return tuple(
        found.get(name, Discretisation(name, state.discretisation.value, state.discretisation.confidence))
        for name, state in case.limit_states.items()
    )


def _nearest(points: Sequence[DesignPoint]) -> list[DesignPoint]:
    """Of each limit state the branch where it most likely fails."""
    kept: dict[str, DesignPoint] = {}
    for point in sorted(points, key=lambda point: point.distance):
        kept.setdefault(point.limit_state, point)
    return list(kept.values())


def measured(rows: Sequence[Discretisation]) -> dict[str, float]:
    """Error by response, where measured."""
    return {row.response: row.error for row in rows if row.response}


def _thermal(
    case: Case, settings: Fidelity, folder: RunFolder, how: Workforce, points: Sequence[DesignPoint]
) -> list[Discretisation]:
    chosen = []
    for stage in _THERMAL:
        own = [point for point in points if point.response.startswith(f"{stage}.")]
        if own:
            chosen.append(min(own, key=lambda point: point.distance))
    names = [name for name in stages.available(case) if name in ("mesh", "entry", *_THERMAL)]
    coarse, fine = _both(case, settings, folder, how, names, [{"inputs": dict(p.inputs)} for p in chosen])
    return [
        pair
        for i, run in enumerate(chosen)
        for point in points
        if point.response.split(".")[0] == run.response.split(".")[0]
        for pair in _compared(point, coarse[i], fine[i], settings.refinement)
    ]


def _ground(
    case: Case, settings: Fidelity, folder: RunFolder, how: Workforce, done: Study, points: Sequence[DesignPoint]
) -> list[Discretisation]:
    chosen = [point for point in points if point.response.startswith(_GROUND)]
    names = [name for name in stages.available(case) if name in ("mesh", "entry", *_GROUND)]
    if not chosen or "landing" not in names:
        return []
    values = np.array([[point.inputs[path] for path in done.samples.paths] for point in chosen])
    coarse, fine = _both(case, settings, folder, how, names, study.soak_given(case, done, values))
    return [
        pair for i, point in enumerate(chosen) for pair in _compared(point, coarse[i], fine[i], settings.refinement)
    ]


def _both(
    case: Case, settings: Fidelity, folder: RunFolder, how: Workforce, names: list[str],
    rows: Sequence[dict[str, dict[str, float]]],
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:  # fmt: skip
    """Responses of the rows with the settings of the rung and with finer ones; none where a sample failed."""
    coarse = how.carry(case, settings, folder, names, rows, "design points")
    fine = how.carry(case, refined(settings), folder, names, rows, "design points, finer")
    return [dict(o.values or {}) for o in coarse], [dict(o.values or {}) for o in fine]


def _compared(
    point: DesignPoint, coarse: dict[str, float], fine: dict[str, float], ratio: float
) -> list[Discretisation]:
    """The error of one response, or nothing where a run has no usable number or nothing finer reached it."""
    a, b = coarse.get(point.response, np.nan), fine.get(point.response, np.nan)
    if not (np.isfinite(a) and np.isfinite(b)) or b == 0.0 or a == b:
        return []
    grown = ratio ** _ORDER[point.response.split(".")[0]]
    error = 0.5 * _SAFETY * grown / (grown - 1.0) * abs(b - a) / abs(b)
    return [Discretisation(point.limit_state, float(error), "measured", point.response, float(a), float(b))]
