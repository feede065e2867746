"""Compiled laws of the explicit elements in principal logarithmic strains: J2 metal, crushable foam.

Rows of `laws`, first entry the kind. 0 J2 metal: density, lambda, G, yield A, hardening B, exponent n, rate factor C,
rate_0, thermal exponent m, melting and start temperature, heat capacity; flow stress
(A + B alpha^n)(1 + C ln(rate/rate_0))(1 - T*^m). 1 crushable foam after Deshpande and Fleck with no plastic Poisson
effect: density, modulus, tension cut-off, rate factor C, rate_0; crush curve in a row of `curves`. 2 soil: see
`explicit_soil`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

METAL, FOAM, SOIL = 0, 1, 2
LEDGER = ("kinetic", "elastic", "plastic", "hourglass", "viscous", "contact_elastic", "contact_loss")
# places in `loss`, J since the start; the last is what elastic hourglass control holds at the moment
PLASTIC, HOURGLASS, VISCOUS, CONTACT_LOSS, HELD = 0, 1, 2, 3, 4

# Not "nnan" and "ninf": a run that has gone wrong must be seen.
OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@intrinsic  # type: ignore[untyped-decorator]
def root(_context: Any, x: Any) -> Any:
    """Square root as an instruction; NumPy's is a call, and a loop with a call is not made one of many lanes."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.sqrt", [arguments[0].type]), arguments)

    return types.float64(x), generate


@njit(**OPTIONS)
def log(x):  # type: ignore[no-untyped-def]
    """ln x; near 1 by 2 atanh((x-1)/(x+1)) to 1e-14, four times as fast as the library."""
    y = (x - 1.0) / (x + 1.0)
    if -0.06 < y < 0.06:
        z = y * y
        return 2.0 * y * (1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z / 11.0)))))
    return np.log(x)


@njit(inline="always", **OPTIONS)
def bulk_viscosity(density, wave, size, dilation, linear, quadratic):  # type: ignore[no-untyped-def]
    """Pressure of bulk viscosity under compression (negative; else 0), and its diffusivity there, m^2/s."""
    squeeze = 0.5 * (abs(dilation) - dilation)
    second = quadratic * quadratic * size * squeeze
    return -density * size * squeeze * (second + linear * wave), size * (2.0 * second + linear * wave)


@njit(**OPTIONS)
def flow_stress(law, alpha, rate, temperature, step):  # type: ignore[no-untyped-def]
    """Flow stress and its slope in the increment of alpha (rate = increment / step) at fixed temperature."""
    b, n = law[5], law[6]
    base, slope = law[4], b
    if n == 1.0:
        base += b * alpha
    elif alpha > 0.0:
        base += b * alpha**n
        slope = b * n * alpha ** (n - 1.0)
    else:
        slope = 1e3 * law[3]  # vertical start of the power law
    factor, rising = 1.0, 0.0
    if law[7] > 0.0 and rate > law[8]:
        factor += law[7] * np.log(rate / law[8])
        rising = law[7] * base / (rate * step)
    if law[10] > 0.0:
        warm = min(max((temperature - law[11]) / (law[10] - law[11]), 0.0), 1.0)
        soft = 1.0 - warm ** law[9]
        factor, rising = factor * soft, rising * soft
    return base * factor, slope * factor + rising


@njit(**OPTIONS)
def _rate_return(law, q, old, temperature, step):  # type: ignore[no-untyped-def]
    """Increment of alpha and flow stress at it, for laws that curve or know rate or heat."""
    # Newton inside a bracket: the rate term makes the slope at small increments huge
    yields, slope = flow_stress(law, old, 0.0, temperature, step)
    gamma = (q - yields) / (3.0 * law[3] + slope)
    low, high = 0.0, (q - yields) / (3.0 * law[3])
    for _ in range(40):
        yields, slope = flow_stress(law, old + gamma, gamma / step, temperature, step)
        excess = q - 3.0 * law[3] * gamma - yields
        if abs(excess) < 1e-10 * q:
            break
        if excess > 0.0:
            low = gamma
        else:
            high = gamma
        gamma += excess / (3.0 * law[3] + slope)
        if not low < gamma < high:
            gamma = 0.5 * (low + high)
    return gamma, yields


@njit(inline="always", **OPTIONS)
def radial_return(law, q, state, step, alpha, temperature):  # type: ignore[no-untyped-def]
    """J2 return of the Mises stress `q` of a trial; returns what is left of the deviator (1: elastic) and the work.

    `alpha` and `temperature`: places of the equivalent plastic strain and the temperature in `state`.
    """
    keep, work, gamma, old = 1.0, 0.0, 0.0, state[alpha]
    if law[6] == 1.0 and law[7] == 0.0 and law[10] == 0.0:
        yields = law[4] + law[5] * old
        if q > yields:
            gamma = (q - yields) / (3.0 * law[3] + law[5])
            yields += law[5] * gamma
    else:
        yields = flow_stress(law, old, 0.0, state[temperature], step)[0]
        if q > yields:
            gamma, yields = _rate_return(law, q, old, state[temperature], step)
    if gamma > 0.0:
        keep = 1.0 - 3.0 * law[3] * gamma / q
        state[alpha] = old + gamma
        work = yields * gamma
        if law[12] > 0.0:
            state[temperature] += 0.9 * work / (law[1] * law[12])  # Taylor-Quinney 0.9, the usual value for metals
    return keep, work


@njit(inline="always", **OPTIONS)
def metal(law, e1, e2, e3, state, step):  # type: ignore[no-untyped-def]
    """Return map of J2 in principal logarithmic strains; returns strains, Kirchhoff stresses, plastic work, yielded."""
    volume = e1 + e2 + e3
    third = volume / 3.0
    d1, d2, d3 = e1 - third, e2 - third, e3 - third
    shear = law[3]
    q = 2.0 * shear * np.sqrt(1.5 * (d1 * d1 + d2 * d2 + d3 * d3))
    keep, work = radial_return(law, q, state, step, 4, 5)
    pressure = (law[2] + 2.0 * shear / 3.0) * volume
    d1, d2, d3 = d1 * keep, d2 * keep, d3 * keep
    return (
        d1 + third, d2 + third, d3 + third,
        pressure + 2.0 * shear * d1, pressure + 2.0 * shear * d2, pressure + 2.0 * shear * d3, work, keep < 1.0,
    )  # fmt: skip


@njit(**OPTIONS)
def crush_stress(law, curve, strain_step, jacobian, rate):  # type: ignore[no-untyped-def]
    """Nominal stress Y(1 - J) of uniaxial crush at a strain rate, Pa."""
    place = max(1.0 - jacobian, 0.0) / strain_step
    index = min(int(place), curve.size - 2)
    crush = curve[index] + (place - index) * (curve[index + 1] - curve[index])
    if rate > 0.0:
        crush *= 1.0 + law[4] * np.log1p(rate / law[5])
    return crush


@njit(inline="always", **OPTIONS)
def foam(law, curve, strain_step, jacobian, rate, e1, e2, e3):  # type: ignore[no-untyped-def]
    """Return map of the crushable: tension cut off, then the norm of tau limited to J Y(1 - J).

    With elastic and plastic Poisson ratio 0 the Deshpande-Fleck surface is the sphere |tau| = J Y, and the return is
    radial. Y is the nominal stress of uniaxial crush; J makes it a Kirchhoff stress.
    """
    modulus, cut = law[2], law[3] * jacobian
    t1, t2, t3 = min(modulus * e1, cut), min(modulus * e2, cut), min(modulus * e3, cut)
    size, bound = np.sqrt(t1 * t1 + t2 * t2 + t3 * t3), crush_stress(law, curve, strain_step, jacobian, rate) * jacobian
    if size > bound:
        share = bound / size
        t1, t2, t3 = t1 * share, t2 * share, t3 * share
    n1, n2, n3 = t1 / modulus, t2 / modulus, t3 / modulus
    work = t1 * (e1 - n1) + t2 * (e2 - n2) + t3 * (e3 - n3)
    return n1, n2, n3, t1, t2, t3, work, n1 != e1 or n2 != e2 or n3 != e3
