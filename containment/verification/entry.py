"""Entry benchmarks: closed forms, integrator order, standard atmosphere, heating correlations, reference flights."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from containment.case.load import load_case
from containment.entry import (
    atmosphere,
    distribution,
    ensemble,
    equilibrium_air,
    fay_riddell,
    heating,
    kernel,
    observe,
    setup,
    standard_atmosphere,
    trajectory,
)
from containment.entry.kernel import Body, Planet
from containment.entry.observe import Heat
from containment.verification import entry_flights, entry_statistics
from containment.verification.catalogue import Item

Array = NDArray[np.float64]

G = 9.80665  # m/s^2
# A planet without gravity and rotation, so large that the ground is flat over the flight; positions are then rounded
# to 5e-4 m (7e-8 of a scale height), so the step is limited rather than the tolerance driven below that noise.
FLAT = Planet(0.0, 0.0, 4e12, 4e12, 0.0)
ALLEN_EGGERS = "Allen & Eggers, NACA R-1381"
# Printed densities of NOAA-S/T 76-1562 table I, km and kg/m^3
PRINTED_DENSITY = (
    (90.0, 3.416e-6), (100.0, 5.604e-7), (110.0, 9.708e-8), (120.0, 2.222e-8), (150.0, 2.076e-9), (200.0, 2.541e-10),
    (300.0, 1.916e-11), (400.0, 2.803e-12), (500.0, 5.215e-13), (700.0, 3.070e-14), (999.999, 3.561e-15),
)  # fmt: skip
# FIRE II total calorimeter (Hash et al., AIAA 2007-605): s, m/s, kg/m^3, K, nose radius m, W/cm^2
FIRE_II = (
    (1636, 11310.0, 8.57e-5, 210.0, 0.9347, 290.0),
    (1643, 10480.0, 7.8e-4, 276.0, 0.8052, 1025.0),
    (1651, 6190.0, 6.05e-3, 253.0, 0.7021, 390.0),
)  # fmt: skip
# Lees distribution at Mach 20, evaluated from the closed form elsewhere: cone half angle deg, s/R_N, q/q0
LEES_CONE = ((45.0, 1.5, 0.455326), (60.0, 0.57735, 0.81053), (60.0, 1.1547, 0.512383), (60.0, 1.73205, 0.414201))
LEES_SPHERE = ((20.0, 0.913759), (40.0, 0.674692), (60.0, 0.345484))  # deg, q/q0


def items() -> Iterator[Item]:
    """Every benchmark of the entry."""
    yield from allen_eggers()
    yield from orbit()
    yield from integrator_order()
    yield from accuracy()
    yield from standard()
    yield from lees()
    yield from fire_ii()
    yield from heating_correlations()
    yield from baseline()
    yield from entry_flights.items()
    yield from entry_statistics.items()


def constant_drag(ballistic_coefficient: float) -> Body:
    """A body of 1 m^2 with C_D 1 at any Mach number."""
    return trajectory.drag_body(ballistic_coefficient, 1.0, np.array([0.0, 100.0]), np.array([1.0, 1.0]))


def allen_eggers() -> Iterator[Item]:
    """Peak deceleration, speed there, peak flux and load of a straight flight through an exponential atmosphere."""
    speed, angle, scale, beta, nose, ground = 11_500.0, math.radians(20.0), 7200.0, 60.0, 0.3, 30e3
    air, s = atmosphere.exponential(1.225, scale), math.sin(math.radians(20.0))
    start = np.array([4e12 + 300e3, 0.0, 0.0, -speed * s, speed * math.cos(angle), 0.0])
    flight = trajectory.fly(
        start, constant_drag(beta), air, Heat(nose, 1.0, 1.0), ground_altitude=ground, planet=FLAT, tolerance=1e-7,
        longest_step=0.1,
    )  # fmt: skip
    k = heating.SUTTON_GRAVES
    yield Item.relative(
        "entry.allen-eggers.peak-deceleration", speed**2 * s / (2 * math.e * scale),
        flight.summary[observe.DECELERATION], 1e-6, "m/s^2", ALLEN_EGGERS,
    )  # fmt: skip
    yield Item.relative(
        "entry.allen-eggers.speed-at-peak", speed * math.exp(-0.5), _speed_at_peak(flight), 1e-6, "m/s", ALLEN_EGGERS
    )
    # q = k sqrt(rho/R) V^3 from the flown density and speed: the compiled flux also has the bridging and wall enthalpy
    points, weights = np.polynomial.legendre.leggauss(8)
    length = np.diff(flight.times)
    when = (flight.times[:-1, None] + 0.5 * length[:, None] * (1 + points)).ravel()
    rows = flight.observed(when)
    flux = k * np.sqrt(rows[:, observe.DENSITY] / nose) * rows[:, observe.SPEED] ** 3
    load = float(np.sum(flux.reshape(-1, 8) * weights * 0.5 * length[:, None]))
    top = int(np.argmax(flux))
    fine = flight.observed(np.linspace(when[top - 2], when[top + 2], 2001))
    peak = float(np.max(k * np.sqrt(fine[:, observe.DENSITY] / nose) * fine[:, observe.SPEED] ** 3))
    expected = k * speed**3 * math.exp(-0.5) * math.sqrt(beta * s / (3 * scale * nose))
    yield Item.relative("entry.allen-eggers.peak-flux", expected, peak, 1e-6, "W/m^2", ALLEN_EGGERS)
    reached = math.erf(math.sqrt(1.225 * math.exp(-ground / scale) * scale / (beta * s)))
    expected = k * speed**2 * math.sqrt(math.pi * beta * scale / (nose * s)) * reached
    yield Item.relative("entry.allen-eggers.heat-load", expected, load, 1e-6, "J/m^2", "integral of the closed form")


def _speed_at_peak(flight: trajectory.Trajectory) -> float:
    """Speed where the deceleration is largest; the place of a maximum needs a fit, its value is too flat to search."""
    around = np.linspace(-0.25, 0.25, 201)
    rows = flight.observed(flight.summary[observe.PEAKS + observe.DECELERATION] + around)
    slope = np.polynomial.Polynomial.fit(around, rows[:, observe.DECELERATION], 6).deriv()
    roots = slope.roots()
    place = min(roots[np.isreal(roots)].real, key=abs)
    return float(np.polynomial.Polynomial.fit(around, rows[:, observe.SPEED], 6)(place))


def orbit() -> Iterator[Item]:
    """Energy after one revolution of a Kepler orbit, flown in the rotating frame without J2 and air."""
    planet = trajectory.EARTH._replace(j2=0.0)
    apogee, perigee = planet.equatorial_radius + 2000e3, planet.equatorial_radius + 400e3
    axis = 0.5 * (apogee + perigee)
    speed = math.sqrt(planet.mu * (2 / apogee - 1 / axis))
    tilt = math.radians(40.0)
    start = np.array([apogee, 0, 0, 0, speed * math.cos(tilt) - planet.rotation * apogee, speed * math.sin(tilt)])
    empty = atmosphere.exponential(1e-305, 7200.0)
    period = 2 * math.pi * math.sqrt(axis**3 / planet.mu)
    flight = trajectory.fly(
        start, constant_drag(60.0), empty, Heat(0.3, 1.0, 1.0), ground_altitude=0.0, planet=planet, tolerance=1e-12,
        longest_step=60.0, longest_time=period,
    )  # fmt: skip

    def energy(y: Array) -> float:
        inertial = y[3:] + np.cross([0.0, 0.0, planet.rotation], y[:3])
        return float(0.5 * inertial @ inertial - planet.mu / np.linalg.norm(y[:3]))

    end = flight.states(np.array([flight.duration]))[0]
    yield Item.relative(
        "entry.orbit.energy", energy(start), energy(end), 1e-9, "J/kg", "two-body orbit, one revolution"
    )


def integrator_order() -> Iterator[Item]:
    """Slope of the error of fixed steps on a Kepler arc."""
    planet = trajectory.EARTH._replace(j2=0.0)
    air, body = atmosphere.exponential(1e-305, 7200.0), constant_drag(60.0)
    start = np.array([8.0e6, 0.0, 0.0, 0.0, 4000.0, 5500.0])
    arc = 1600.0

    def march(steps: int) -> Array:
        y, new, k, dense = start.copy(), np.empty(6), np.empty((7, 6)), np.empty((5, 6))
        for _ in range(steps):
            kernel.derivative(y, planet, air, body, k[0])
            kernel.step(y, arc / steps, k, planet, air, body, new, dense)
            y[:] = new
        return y

    exact = march(4096)
    errors = [float(np.linalg.norm((march(n) - exact)[:3])) for n in (16, 32)]
    order = math.log2(errors[0] / errors[1])
    yield Item.absolute("entry.integrator.order", 5.0, order, 0.3, "", "Dormand & Prince 1980: order 5 by design")


def accuracy() -> Iterator[Item]:
    """Speed and position all the way down at the tolerance of ensembles, against a flight with 1e-12."""
    for name, overrides in (("msr-ees", []), ("stardust", []), ("genesis", []), ("sonde", ["uttr-example"])):
        air = [f'entry.atmosphere="{card}"' for card in overrides]
        case = load_case("msr-ees" if name == "sonde" else name, air)
        fine, coarse = (setup.fly(*setup.sections(case), tolerance) for tolerance in (1e-12, ensemble.TOLERANCE))
        when = np.linspace(0.0, min(fine.duration, coarse.duration), 4001)[:-1]
        a, b = fine.states(when), coarse.states(when)
        worst = max(
            float(np.max(np.linalg.norm(a[:, part] - b[:, part], axis=1) / np.linalg.norm(a[:, part], axis=1)))
            for part in (slice(0, 3), slice(3, 6))
        )
        yield Item.at_most(f"entry.accuracy.{name}", 1e-6, worst, "", "converged flight, tolerance 1e-12")


def standard() -> Iterator[Item]:
    """The compiled table against the defining equations below 86 km and the printed densities above."""
    air = atmosphere.us_standard_1976()
    altitude = np.linspace(-900.0, 85_990.0, 7001)
    state = standard_atmosphere.lower(altitude)
    table = np.array([kernel.density_and_sound(h, air)[:2] for h in altitude])
    source = "NOAA-S/T 76-1562, defining equations to 86 km"
    worst = float(np.max(np.abs(table[:, 0] / state.density - 1)))
    yield Item.at_most("entry.us-standard-1976.density-to-86-km", 1e-6, worst, "", source)
    worst = float(np.max(np.abs(table[:, 1] / state.speed_of_sound - 1)))
    yield Item.at_most("entry.us-standard-1976.sound-to-86-km", 1e-6, worst, "", source)
    for height, printed in PRINTED_DENSITY:
        density = kernel.density_and_sound(height * 1e3, air)[0]
        yield Item.relative(
            f"entry.us-standard-1976.{height:.0f}-km", printed, density, 5e-3, "kg/m^3", "NOAA-S/T 76-1562, table I"
        )


def lees() -> Iterator[Item]:
    """Laminar heating distribution on sphere and cone."""
    source = "Lees, Jet Propulsion 26(4) 1956, closed form"
    for angle, ratio in LEES_SPHERE:
        ours = float(distribution.lees_sphere(math.radians(angle), 20.0))
        yield Item.relative(f"entry.lees.sphere-{angle:.0f}", ratio, ours, 1e-5, "", source)
    for angle, s, ratio in LEES_CONE:
        ours = float(distribution.lees_cone(s, math.radians(angle), 20.0))
        yield Item.relative(f"entry.lees.cone-{angle:.0f}-{s:.2f}", ratio, ours, 1e-5, "", source)


def fire_ii() -> Iterator[Item]:
    """Convection plus radiation against the total calorimeter of FIRE II."""
    for when, speed, density, temperature, radius, flight in FIRE_II:
        film = heating.film_coefficient(density, speed, radius)
        convective = film * (heating.recovery_enthalpy(temperature, speed) - heating.COLD_WALL_ENTHALPY)
        total = (convective + heating.radiative_flux(density, speed, radius)) / 1e4
        yield Item.relative(
            f"entry.fire-ii.{when}-s", flight, total, 0.25, "W/cm^2", "flight calorimeter, Hash et al., AIAA 2007-605"
        )


def heating_correlations() -> Iterator[Item]:
    """Fay-Riddell against Sutton-Graves where both were fitted, and the limits of equilibrium air."""
    speed, density = 7000.0, 1e-3
    sutton_graves = 2 * heating.SUTTON_GRAVES * math.sqrt(density) * speed
    ours = float(fay_riddell.film_coefficient(density, speed, 1.0))
    yield Item.relative(
        "entry.fay-riddell.7-km/s", sutton_graves, ours, 0.098, "kg/m^2/s",
        "Sutton-Graves (NASA TR R-376), whose largest error against its author's solutions is 9.8 %",
    )  # fmt: skip
    source = "Hansen, NASA TR R-50: particles per molecule of cold air, all dissociated, all ionised"
    for name, pressure, temperature, limit in (("dissociated", 1e5, 9500.0, 2.0), ("ionised", 1.0, 30_000.0, 4.0)):
        particles = sum(equilibrium_air.composition(pressure, temperature).values())
        yield Item.relative(f"entry.equilibrium-air.{name}", limit, float(particles), 0.03, "", source)
    fine, coarse = (np.max(np.abs(_table_error(n))) for n in (4, 2))
    yield Item.at_most(
        "entry.fay-riddell.table", 2e-3, float(max(fine, coarse)), "", "interpolated against computed, relative"
    )


def _table_error(parts: int) -> Array:
    """Relative error of the compiled table of Fay-Riddell between its points."""
    table = fay_riddell.ratio_table()
    densities = 10.0 ** np.arange(-6.0, -1.5, 1 / parts + 0.03)
    speeds = np.arange(2000.0, 13_000.0, 830.0)
    exact = fay_riddell.film_coefficient(densities[:, None], speeds[None, :], 1.0)
    plain = 2 * heating.SUTTON_GRAVES * np.sqrt(densities)[:, None] * speeds[None, :]
    ours = np.array([[heating.from_table(d, v, table) for v in speeds] for d in densities])
    return np.asarray(ours * plain / exact - 1)


def baseline() -> Iterator[Item]:
    """The Mars Sample Return baseline against an independent planar run of the same vehicle."""
    case = load_case("msr-ees")
    s = setup.fly(*setup.sections(case)).summary
    source = "planar run without rotation: 11.56 km/s, -20 deg, C_D 1.5"
    for name, reference, ours, unit in (
        ("peak-deceleration", 107.0, s[observe.DECELERATION] / G, "g"),
        ("peak-heat-flux", 989.0, s[observe.TOTAL_FLUX] / 1e4, "W/cm^2"),
        ("heat-load", 9.0, (s[observe.CONVECTIVE_LOAD] + s[observe.RADIATIVE_LOAD]) / 1e7, "kJ/cm^2"),
    ):
        yield Item.relative(f"entry.msr-ees.{name}", reference, float(ours), 0.2, unit, source)
    touch = "NASA/JPL PIA25986: about 40 m/s"
    yield Item.absolute("entry.msr-ees.landing-speed", 40.0, float(s[observe.LANDING_SPEED]), 1.5, "m/s", touch)
    yield Item.absolute("entry.msr-ees.duration", 380.0, float(s[observe.DURATION]), 15.0, "s", source)
