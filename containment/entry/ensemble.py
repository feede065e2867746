"""Thousands of flights: samples of a case's inputs, flown by the same compiled code as the nominal, streamed in chunks.

Sample i is drawn from the random stream of its chunk and its input, so it is the same for any number of samples or
workers and whatever other inputs there are. A flight that does not land is an outcome of its sample, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containment.case.inputs import Inputs, inputs_of, stream
from containment.case.schema import Case
from containment.entry import atmosphere, kernel, observe, scatter, setup, trajectory
from containment.entry.kernel import Control
from containment.entry.trajectory import EARTH, Interface
from containment.errors import FailedSamplesError, UsageError

Array = NDArray[np.float64]

CHUNK = 1000  # flights drawn and flown together
TOLERANCE = 5e-8  # speed and position then agree with a converged flight to 1e-6 (see the benchmark)
FACTORS = (
    "vehicle.mass", "vehicle.subsonic_drag_factor", "vehicle.hypersonic_drag_factor", "vehicle.nose_radius",
    "vehicle.convective_factor", "vehicle.radiative_factor", "vehicle.nose_recession",
)  # fmt: skip


AIR_FACTORS = ("entry.density_factor", "entry.upper_density_factor")


@dataclass(frozen=True)
class Batch:
    """Flights from number `first` on: sampled values (n,) by path, and summaries (n, 22) as in `observe`."""

    first: int
    values: dict[str, Array]
    summaries: Array

    @property
    def outcome(self) -> NDArray[np.int64]:
        """How each flight ended (`kernel.LANDED`, ...)."""
        return self.summaries[:, observe.OUTCOME].astype(np.int64)


def entry_inputs(case: Case, held: Sequence[str] = ()) -> tuple[Case, Inputs]:
    """The case with `held` inputs fixed at their nominal values, and the entry's own uncertain inputs."""
    known = dict(case.quantities())
    unknown = [path for path in held if path not in known]
    if unknown:
        raise UsageError(f"no value {unknown[0]!r} to hold", advice="run `containment check` to see the paths")
    fixed = case.at({path: known[path].value for path in held})
    names = set(fixed.inputs())
    keep = {
        name: group
        for name, group in fixed.correlations.items()
        if all(path in names and path.split(".")[0] in ("vehicle", "entry") for path in group.inputs)
    }
    alone = Case(schema=1, name=case.name, vehicle=fixed.vehicle, entry=fixed.entry, correlations=keep)
    return fixed, inputs_of(alone)


def draw(inputs: Inputs, chunk: int, seed: int) -> dict[str, Array]:
    """Values (CHUNK,) of every input in one chunk."""
    if not inputs.paths:
        return {}
    scores = [stream(seed, path, f"dispersion {chunk}").standard_normal(CHUNK) for path in inputs.paths]
    values = inputs.physical(inputs.correlate(np.column_stack(scores)))
    return {path: values[:, j] for j, path in enumerate(inputs.paths)}


def navigation_errors(case: Case, chunk: int, seed: int) -> Array | None:
    """Errors (CHUNK, 6) of position and velocity east, north, up from the covariance of the case, None without one."""
    navigation = setup.sections(case)[1].navigation
    if navigation is None:
        return None
    values, vectors = np.linalg.eigh(np.array(navigation.covariance))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = stream(seed, "entry.navigation", f"dispersion {chunk}").standard_normal((CHUNK, 6))
    return np.asarray(normal @ root.T)


def fly(
    case: Case, values: Mapping[str, Array], n: int, *, tolerance: float = TOLERANCE, grids: Array | None = None,
    errors: Array | None = None,
) -> Array:  # fmt: skip
    """Summaries (n, 22) of flights with the given values (n,) by path; everything else nominal.

    `grids` (n, 61, 3) are perturbations of the air (see `scatter`); the density factors are added to them. `errors`
    (n, 6) are navigation errors: position and velocity east, north, up.
    """
    vehicle, entry = setup.sections(case)
    known = dict(case.quantities())

    def value(path: str) -> Array:
        return np.broadcast_to(np.asarray(values.get(path, known[path].value), float), (n,))

    at = _interfaces(value, entry.altitude_above == "equatorial radius", entry.velocity == "inertial")
    factors = np.column_stack([value(path) for path in FACTORS])
    factors[:, 0] += value("vehicle.mass_as_built")
    factors[:, 3] *= value("vehicle.effective_nose_factor")
    factors[:, 1:3] *= setup.incidence_ratio(vehicle, value("vehicle.incidence"))[:, None]
    air = atmosphere.load(entry.atmosphere)
    low, high = value("entry.density_factor"), value("entry.upper_density_factor")
    factors_of_air = atmosphere.factor_grids(low, high)
    grids = factors_of_air if grids is None else grids + factors_of_air
    out = np.empty((n, observe.SUMMARY))
    control = Control(tolerance, entry.ground_altitude.value, 0.0, 0.1, 20.0, 20_000.0)
    body = setup.body_of(vehicle)
    starts = trajectory.initial_states(at)
    if errors is not None:
        starts = starts + trajectory.displaced(starts, errors, at.inertial)
    observe.fly_many(
        starts, factors, setup.ratio_of(vehicle), grids, atmosphere.SPACING, EARTH, air, body, control, out
    )  # fmt: skip
    return out


def _interfaces(value: Callable[[str], Array], over_radius: bool, inertial: bool) -> Interface:
    altitude, latitude = value("entry.altitude"), value("entry.latitude")
    if over_radius:
        altitude = trajectory.altitude_over_equatorial_radius(altitude, latitude)
    return Interface(
        value("entry.speed") + value("entry.speed_error"),
        value("entry.flight_path_angle") + value("entry.angle_error"),
        value("entry.azimuth"), altitude, latitude, value("entry.longitude"), inertial,
    )  # fmt: skip


def stream_flights(
    case: Case,
    samples: int,
    seed: int,
    *,
    held: Sequence[str] = (),
    workers: int = 1,
    tolerance: float = TOLERANCE,
    scattered_air: bool = False,
) -> Iterator[Batch]:
    """Fly `samples` samples of the entry's inputs in order, a chunk at a time, so memory stays bounded.

    With `scattered_air` density and winds scatter over altitude as the atmosphere card says; the two density factors of
    the case describe the same scatter more coarsely and are held.
    """
    random_air = None
    if scattered_air:
        random_air = scatter.of_card(atmosphere.card_of(setup.sections(case)[1].atmosphere))
        held = [*held, *(path for path in AIR_FACTORS if path in case.inputs() and path not in held)]
    fixed, inputs = entry_inputs(case, held)

    def one(chunk: int) -> Batch:
        values = draw(inputs, chunk, seed)
        n = min(CHUNK, samples - chunk * CHUNK)
        used = {path: column[:n] for path, column in values.items()}
        air = random_air.grids(CHUNK, seed, f"dispersion {chunk}")[:n] if random_air else None
        errors = navigation_errors(fixed, chunk, seed)
        return Batch(
            chunk * CHUNK, used,
            fly(fixed, used, n, tolerance=tolerance, grids=air, errors=None if errors is None else errors[:n]),
        )  # fmt: skip

    chunks = range(-(-samples // CHUNK))
    if workers == 1:
        yield from map(one, chunks)
        return
    with ThreadPoolExecutor(workers) as pool:
        # a few chunks ahead of the reader, so that memory does not grow with the number of samples
        for start in range(0, len(chunks), 4 * workers):
            yield from pool.map(one, chunks[start : start + 4 * workers])


def landed(batch: Batch, most_lost: float = 0.5) -> Array:
    """Summaries of the flights that reached the ground; FailedSamplesError if too few did."""
    good = batch.outcome == kernel.LANDED
    if 1 - good.mean() > most_lost:
        raise FailedSamplesError(
            f"{np.count_nonzero(~good)} of {good.size} flights do not land",
            advice="make entry.flight_path_angle steeper or its scatter smaller",
        )
    return np.asarray(batch.summaries[good])
