"""The landing chain against explicit finite elements: calibration, held-out errors, speed.

    python -m containment.verification.bench_landing [--samples 240] [--held-out 120] [--size 0.01] [--write]

A Latin hypercube of capsules and grounds goes through finite elements once. The first `--samples` calibrate the chain,
the others judge it. `--write` keeps the result in models/calibration/chain.toml.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, fields, replace

import numpy as np
from numpy.typing import NDArray

from containment.structure import chain_calibration, chain_capsule
from containment.structure.chain_calibration import Calibration
from containment.structure.chain_capsule import Tuning
from containment.verification import bench_landing_samples as samples
from containment.verification.bench_landing_samples import Sample

Floats = NDArray[np.float64]

_SEED = 20260307
_START = Tuning()  # where the search starts: the ideal section
_SPREAD = np.array([0.06, 0.06, 0.03, 0.15])  # first steps in ln
_OUTLIER = 0.4  # in ln: a run further off than that weighs no more than this


def main() -> None:
    """Run, fit, judge, print; write on demand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=240, help="finite-element runs that calibrate")
    parser.add_argument("--held-out", type=int, default=120, help="finite-element runs that judge")
    parser.add_argument("--size", type=float, default=0.01, help="edge length of the quads, m")
    parser.add_argument("--evaluations", type=int, default=100, help="of the search")
    parser.add_argument("--write", action="store_true", help="keep the calibration in models/calibration")
    options = parser.parse_args()
    rng = np.random.default_rng(_SEED)
    ours, others = samples.design(options.samples, rng), samples.design(options.held_out, rng)
    truth = [np.array([samples.finite_elements(s, options.size) for s in group]) for group in (ours, others)]
    tuning = fit(ours, truth[0], options.evaluations)
    fitted = centred(ours, truth[0], tuning)
    left = {}
    for title, calibration in (("before", Calibration(Tuning(), 0.0, 0.0, 0.0)), ("after", fitted)):
        errors = residuals(others, truth[1], calibration)
        for ground, hard in (("hard", True), ("soil", False)):
            chosen = errors[[s.hard is hard for s in others] & np.isfinite(errors)]
            _say(f"held out, {ground}, {title} calibration", chosen)
            left[ground] = float(np.sqrt(np.mean(chosen**2)))
    _speed(others, tuning)
    found = replace(fitted, left_hard=left["hard"], left_soil=left["soil"])
    if options.write:
        path = chain_calibration.shipped()
        path.parent.mkdir(exist_ok=True)
        path.write_text(as_toml(found, options), encoding="utf-8")


def fit(ours: Sequence[Sample], truth: Floats, evaluations: int) -> Tuning:
    """The tuning with the least rms of ln(chain / finite elements), by Nelder and Mead in ln of the factors."""
    from scipy.optimize import minimize

    start = np.array(list(asdict(_START).values()))

    def loss(u: Floats) -> float:
        tuning = Tuning(*map(float, start * np.exp(u)))
        errors = residuals(ours, truth, Calibration(tuning, 0.0, 0.0, 0.0))
        errors = np.where(np.isfinite(errors), np.clip(errors, -_OUTLIER, _OUTLIER), _OUTLIER)[np.isfinite(truth)]
        return float(np.sqrt(np.mean(errors**2)))

    corners = np.vstack([np.zeros(start.size), np.diag(_SPREAD)])
    best = minimize(loss, corners[0], method="Nelder-Mead", options={"maxfev": evaluations, "initial_simplex": corners})
    return Tuning(*map(float, start * np.exp(best.x)))


def centred(ours: Sequence[Sample], truth: Floats, tuning: Tuning) -> Calibration:
    """The factor on rigid ground that leaves no mean. Powers of the inputs beside it leave as much on other runs."""
    plain = Calibration(tuning, 0.0, 0.0, 0.0)
    errors = residuals(ours, truth, plain)
    kept = [error for error, s in zip(errors, ours, strict=True) if s.hard and abs(error) < _OUTLIER]  # nan as well
    return replace(plain, constant=-float(np.mean(kept)))


def residuals(group: Sequence[Sample], truth: Floats, calibration: Calibration) -> Floats:
    """ln(chain / finite elements) of each sample; nan where either has no answer."""
    found = []
    for sample in group:
        factor = calibration.correction(samples.as_chain(sample, calibration.tuning), sample.speed)
        found.append(factor * samples.chain_peak(sample, calibration.tuning))
    return np.asarray(np.log(np.array(found) / truth))


def _say(title: str, errors: Floats) -> None:
    size = np.abs(errors)
    sys.stdout.write(
        f"{title}: {errors.size} runs, mean {100 * errors.mean():+.1f} %, rms {100 * np.sqrt(np.mean(size**2)):.1f} %, "
        f"median {100 * np.median(size):.1f} %, 90 % below {100 * np.quantile(size, 0.9):.1f} %, "
        f"worst {100 * size.max():.0f} %\n"
    )


def _speed(group: Sequence[Sample], tuning: Tuning) -> None:
    for ground, hard in (("hard", True), ("soil", False)):
        bodies = [(samples.as_chain(s, tuning), s.speed) for s in group if s.hard is hard]
        start = time.process_time()
        for body, speed in bodies:
            chain_capsule.land(body, speed)
        spent = 1e3 * (time.process_time() - start) / max(len(bodies), 1)
        sys.stdout.write(f"chain, {ground}: {spent:.2f} ms of CPU time per landing\n")


def as_toml(found: Calibration, options: argparse.Namespace) -> str:
    """The calibration in the format `chain_calibration.load` reads."""
    lines = [
        "# Landing chain against explicit finite elements; written by",
        "#   python -m containment.verification.bench_landing --write",
        f"# {options.samples} finite-element runs calibrate, {options.held_out} judge; quads of "
        f"{1e3 * options.size:g} mm, seed {_SEED}, filter {1e3 * samples.WINDOW:g} ms.",
        "# Capsule: 1.25 m, 60 degrees, nose 0.3 m, shell 33 mm homogeneous, vessel 304 mm stiff, foam bonded.",
    ]
    for field in fields(Tuning):
        lines += ["", f"[tuning.{field.name}]", f"value = {getattr(found.tuning, field.name):.4g}"]
        lines.append('source = "least rms of ln(chain / finite elements) of the peak acceleration"')
    lines += ["", "[hard_ground.constant]", f"value = {found.constant:.4g}"]
    lines.append('source = "mean of what the tuned chain leaves on rigid ground"')
    for ground, left in (("hard", found.left_hard), ("soil", found.left_soil)):
        lines += ["", f"[held_out.{ground}]", f"rms = {left:.3g}"]
        lines.append('source = "ln(chain / finite elements) on runs not used to calibrate"')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
