"""Landings of test vehicles and of Genesis: what they say about the ground and about the landing model.

A rigid body in ground that bears p = s + c rho v^2 (strength, inertia) displaces the volume V(v); with k = 2 c rho / m
    p = (s + c rho v0^2) exp(-k V),   V_stop = ln(1 + c rho v0^2 / s) / k   (m v0^2 / (2 s) where c = 0).
A blunt cone (half angle theta, radius R) has the contact area A = (9 pi tan^2(theta) V^2)^(1/3), at most pi R^2, so
the peak of p A / m is where V is the least of V_stop, 2 / (3 k) and the volume of the cone.
A tumbling capsule displaces the fraction f of its disc volume: penetration = V_stop / (f pi R^2).
Ground differs from place to place: ln s_place = ln s + scatter * e. Weight (g against some 500 g) is left out.
Test vehicles fell at terminal speed, which ties their unpublished mass: v_t^2 = 2 m g / (rho_air C_D A).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.case.evidence import EvidenceUse
from containment.case.values import Quantity
from containment.evidence import priors
from containment.evidence.model import Built, Draws, finish, given, need, readings, two_sided
from containment.evidence.register import EvidenceSet

GRAVITY = 9.80665  # m/s^2, standard gravity, CGPM 1901


def stopping_volume(mass: Any, speed: Any, strength: Any, inertia: Any, xp: Any = np) -> Any:
    """Displaced volume at rest, m^3: mass kg, speed m/s, strength Pa, inertia c rho kg/m^3; `xp` numpy or PyTensor."""
    ratio = inertia * speed**2 / strength + 1e-12  # the offset keeps log1p(x) / x defined without inertia
    return 0.5 * mass * speed**2 / strength * xp.log1p(ratio) / ratio


def peak_acceleration(
    mass: Any, speed: Any, strength: Any, inertia: Any, radius: Any, half_angle: float, xp: Any = np
) -> Any:
    """Peak acceleration, m/s^2, of a rigid cone (radius m, half angle rad); the rest as in `stopping_volume`."""
    slope = np.tan(half_angle)
    at_peak = xp.minimum(stopping_volume(mass, speed, strength, inertia, xp), mass / (3.0 * inertia + 1e-9))
    at_peak = xp.minimum(at_peak, np.pi * radius**3 / (3.0 * slope))
    area = (9.0 * np.pi * slope**2 * at_peak**2) ** (1.0 / 3.0)
    return (strength + inertia * speed**2) * xp.exp(-2.0 * inertia * at_peak / mass) * area / mass


def terminal_speed(mass: Any, radius: Any, drag_coefficient: Any, density: float) -> Any:
    """Terminal speed, m/s."""
    return (2.0 * mass * GRAVITY / (density * drag_coefficient * np.pi * radius**2)) ** 0.5


def build(data: EvidenceSet, use: EvidenceUse, prior: Mapping[str, Quantity]) -> Built:
    """The model on a set of kind `landings`. Raises DataError for another kind."""
    import pymc as pm

    need(data, use)
    free = {name: quantity for name, quantity in prior.items() if name in use.facts.parameters}
    known = {name: np.float64(prior[name].value) for name in use.facts.constants}
    with pm.Model() as model:
        v = {name: priors.variable(name, quantity) for name, quantity in free.items()}
        place = pm.Normal("place", 0.0, 1.0, shape=len(data))
        ground = v["resistance"] * pm.math.exp(v["place_scatter"] * place)
        terms, labels = _terms(data, _weights(data, use), ground, v, known)
        finish(pm.math.concatenate(terms), latent=("place",))
    return Built(model, free, tuple(labels), _no_delivery, _predictive(data, known))


def _weights(data: EvidenceSet, use: EvidenceUse) -> NDArray[np.float64]:
    return np.array([c * use.relevance.get(str(i), 1.0) for i, c in zip(data["item"], data["count"], strict=True)])


def vehicle(data: EvidenceSet, i: Any, v: Mapping[str, Any], xp: Any = np) -> tuple[Any, Any]:
    """Mass and radius of rows `i`: as published, else the uncertain ones of the test vehicle."""
    mass = xp.where(np.isfinite(data["mass"][i]), data["mass"][i], v["test_mass"])
    diameter = xp.where(np.isfinite(data["diameter"][i]), data["diameter"][i], v["test_diameter"])
    return mass, 0.5 * diameter


def _terms(
    data: EvidenceSet, weight: NDArray[np.float64], ground: Any, v: Mapping[str, Any], known: Mapping[str, float]
) -> tuple[list[Any], list[str]]:
    """Log-likelihood of all accelerations, penetrations and terminal speeds, and a label for each term."""
    import pymc as pm
    import pytensor.tensor as pt

    low, high, items = data["acceleration_low"], data["acceleration_high"], data["item"]
    struck = given("speed", data["speed"])
    inertia = v["inertia_factor"] * v["density"]
    terms, labels = [], []
    if (i := np.flatnonzero((low > 0) | np.isfinite(high))).size:
        mass, radius = vehicle(data, i, v, pt)
        peak = v["bias"] * peak_acceleration(mass, struck[i], ground[i], inertia, radius, known["cone_half_angle"], pt)
        terms.append(weight[i] * readings("acceleration", low[i], high[i], pt.log(peak), known["acceleration_error"]))
        labels += [f"{item}: peak acceleration" for item in items[i]]
    if (i := np.flatnonzero(np.isfinite(depth := data["penetration"]))).size:
        mass, radius = vehicle(data, i, v, pt)
        stopped = stopping_volume(mass, struck[i], ground[i], inertia, pt)
        expected = pt.log(stopped / (v["displaced_fraction"] * np.pi * radius**2))
        read = given("penetration_ln", np.log(depth[i]))
        terms.append(weight[i] * pm.logp(pm.Normal.dist(expected, known["penetration_error"]), read))
        labels += [f"{item}: penetration" for item in items[i]]
    if (i := np.flatnonzero(np.isfinite(fraction := data["terminal_speed_fraction"]))).size:
        mass, radius = vehicle(data, i, v, pt)
        # "at least this fraction of terminal speed": taken half way between that and all of it
        reached = 0.5 * (1.0 + fraction[i]) * terminal_speed(mass, radius, v["drag_coefficient"], known["air_density"])
        speed = pm.Normal.dist(pt.log(reached), known["speed_error"])
        terms.append(weight[i] * pm.logp(speed, pt.log(struck[i])))
        labels += [f"{item}: terminal speed" for item in items[i]]
    return terms, labels


def _no_delivery(draws: Draws, output: str, rng: np.random.Generator) -> Any:
    raise KeyError(output)  # every output of this model is a parameter


def _predictive(data: EvidenceSet, known: Mapping[str, float]) -> Any:
    """Penetrations read against replicated ones; probability that the acceleration bounds would be kept."""

    def check(draws: Draws, rng: np.random.Generator) -> dict[str, float]:
        tails: dict[str, float] = {}
        size = draws["resistance"].size
        kept = np.ones(size)
        inertia = draws["inertia_factor"] * draws["density"]
        for i in range(len(data)):
            ground = draws["resistance"] * np.exp(draws["place_scatter"] * rng.standard_normal(size))
            mass, radius = vehicle(data, i, draws)
            low, high = data["acceleration_low"][i], data["acceleration_high"][i]
            if low < high < np.inf:
                peak = draws["bias"] * peak_acceleration(
                    mass, data["speed"][i], ground, inertia, radius, known["cone_half_angle"]
                )
                read = peak * np.exp(known["acceleration_error"] * rng.standard_normal(size))
                kept *= (low < read) & (read < high)
            if np.isfinite(depth := data["penetration"][i]):
                disc = draws["displaced_fraction"] * np.pi * radius**2
                expected = stopping_volume(mass, data["speed"][i], ground, inertia, np) / disc
                replicate = expected * np.exp(known["penetration_error"] * rng.standard_normal(size))
                tails[f"penetration of {data['item'][i]}"] = two_sided(replicate, float(depth))
        if kept.min() < 1.0:
            tails["acceleration bounds kept"] = float(kept.mean())
        return tails

    return check
