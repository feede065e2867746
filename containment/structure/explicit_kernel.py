"""Compiled explicit dynamics of axisymmetric one-point quads: total Lagrangian, logarithmic, whole time loop inside.

Per element: F from the reference shape functions at the centre, hoop stretch r/R; trial elastic left Cauchy-Green
be = F Cp^-1 F^T; logarithmic strains in principal axes; return map in Kirchhoff stress tau; nodal forces
f_a = w tau grad_x N_a, w = 2 pi R A the reference volume (S. Simo, CMAME 99 (1992) 61; D. Flanagan and T. Belytschko,
IJNME 17 (1981) 679 for the one-point element with its hourglass control).

Materials (row of `law`, first entry the kind): 0 J2 metal: density, lambda, G, yield A, hardening B, exponent n, rate
factor C, rate_0, thermal exponent m, melting and start temperature, heat capacity; flow stress
(A + B alpha^n)(1 + C ln(rate/rate_0))(1 - T*^m). 1 crushable foam after Deshpande and Fleck with no plastic Poisson
effect: density, modulus, tension cut-off, rate factor C, rate_0; crush curve in a row of `curves`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

METAL, FOAM = 0, 1
LEDGER = ("kinetic", "elastic", "plastic", "hourglass", "viscous", "contact_elastic", "contact_loss")

_COLLAPSE = 1e-2  # of the first step: an element crushed to a hundredth of its size is no longer one

# Not "nnan" and "ninf": a run that has gone wrong must be seen.
# Parts of the element are inlined: as calls they add half.
_OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp", "reassoc"}}
_PLASTIC, _HOURGLASS, _VISCOUS, _CONTACT_LOSS = 0, 1, 2, 3


@njit(**_OPTIONS)
def _log(x):  # type: ignore[no-untyped-def]
    """ln x; near 1 by 2 atanh((x-1)/(x+1)) to 1e-14, four times as fast as the library."""
    y = (x - 1.0) / (x + 1.0)
    if -0.06 < y < 0.06:
        z = y * y
        return 2.0 * y * (1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z * (1.0 / 9.0 + z / 11.0)))))
    return np.log(x)


@njit(**_OPTIONS)
def _flow(law, alpha, rate, temperature, step):  # type: ignore[no-untyped-def]
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


@njit(**_OPTIONS)
def _metal(law, e1, e2, e3, state, step):  # type: ignore[no-untyped-def]
    """Return map of J2 in principal logarithmic strains; returns strains, Kirchhoff stresses, plastic work, yielded."""
    volume = e1 + e2 + e3
    third = volume / 3.0
    d1, d2, d3 = e1 - third, e2 - third, e3 - third
    shear = law[3]
    q = 2.0 * shear * np.sqrt(1.5 * (d1 * d1 + d2 * d2 + d3 * d3))
    yields, slope = _flow(law, state[4], 0.0, state[5], step)
    work, keep = 0.0, 1.0
    if q > yields:
        gamma = (q - yields) / (3.0 * shear + slope)
        if law[6] != 1.0 or law[7] > 0.0 or law[10] > 0.0:
            # Newton inside a bracket: the rate term makes the slope at small increments huge
            low, high = 0.0, (q - yields) / (3.0 * shear)
            for _ in range(40):
                yields, slope = _flow(law, state[4] + gamma, gamma / step, state[5], step)
                excess = q - 3.0 * shear * gamma - yields
                if abs(excess) < 1e-10 * q:
                    break
                if excess > 0.0:
                    low = gamma
                else:
                    high = gamma
                gamma += excess / (3.0 * shear + slope)
                if not low < gamma < high:
                    gamma = 0.5 * (low + high)
        else:
            yields += slope * gamma
        if gamma > 0.0:
            keep = 1.0 - 3.0 * shear * gamma / q
            state[4] += gamma
            work = yields * gamma
            if law[12] > 0.0:
                state[5] += 0.9 * work / (law[1] * law[12])  # Taylor-Quinney 0.9, the usual value for metals
    pressure = (law[2] + 2.0 * shear / 3.0) * volume
    d1, d2, d3 = d1 * keep, d2 * keep, d3 * keep
    return (
        d1 + third, d2 + third, d3 + third,
        pressure + 2.0 * shear * d1, pressure + 2.0 * shear * d2, pressure + 2.0 * shear * d3, work, keep < 1.0,
    )  # fmt: skip


@njit(**_OPTIONS)
def _foam(law, curve, strain_step, jacobian, rate, e1, e2, e3):  # type: ignore[no-untyped-def]
    """Return map of the crushable: tension cut off, then the norm of tau limited to J Y(1 - J).

    With elastic and plastic Poisson ratio 0 the Deshpande-Fleck surface is the sphere |tau| = J Y, and the return is
    radial. Y is the nominal stress of uniaxial crush; J makes it a Kirchhoff stress.
    """
    modulus, cut = law[2], law[3] * jacobian
    t1, t2, t3 = min(modulus * e1, cut), min(modulus * e2, cut), min(modulus * e3, cut)
    place = max(1.0 - jacobian, 0.0) / strain_step
    index = min(int(place), curve.size - 2)
    crush = curve[index] + (place - index) * (curve[index + 1] - curve[index])
    if rate > 0.0:
        crush *= 1.0 + law[4] * np.log1p(rate / law[5])
    size, bound = np.sqrt(t1 * t1 + t2 * t2 + t3 * t3), crush * jacobian
    if size > bound:
        share = bound / size
        t1, t2, t3 = t1 * share, t2 * share, t3 * share
    n1, n2, n3 = t1 / modulus, t2 / modulus, t3 / modulus
    work = t1 * (e1 - n1) + t2 * (e2 - n2) + t3 * (e3 - n3)
    return n1, n2, n3, t1, t2, t3, work, n1 != e1 or n2 != e2 or n3 != e3


@njit(inline="always", **_OPTIONS)
def _material(law, curve, strain_step, here, step, dilation, f11, f12, f21, f22, f33):  # type: ignore[no-untyped-def]
    """Stress at one point from its deformation; advances the state when it flows.

    Returns Kirchhoff stresses rr, zz, rz, tt, elastic energy and plastic work per reference volume. `here`: Cp^-1 rr,
    rz, zz, tt, equivalent plastic strain, temperature.
    """
    plane = f11 * f22 - f12 * f21
    k11, k12, k22 = here[0], here[1], here[2]
    h11, h12 = f11 * k11 + f12 * k12, f11 * k12 + f12 * k22
    h21, h22 = f21 * k11 + f22 * k12, f21 * k12 + f22 * k22
    b11, b12, b22 = h11 * f11 + h12 * f12, h11 * f21 + h12 * f22, h21 * f21 + h22 * f22
    mean, half = 0.5 * (b11 + b22), 0.5 * (b11 - b22)
    apart = np.sqrt(half * half + b12 * b12)
    cos2, sin2 = (half / apart, b12 / apart) if apart > 1e-300 else (1.0, 0.0)
    e1, e2, e3 = 0.5 * _log(mean + apart), 0.5 * _log(mean - apart), 0.5 * _log(here[3] * f33 * f33)
    if law[0] == METAL:
        n1, n2, n3, t1, t2, t3, work, flowed = _metal(law, e1, e2, e3, here, step)
        energy = 0.5 * law[2] * (n1 + n2 + n3) ** 2 + law[3] * (n1 * n1 + n2 * n2 + n3 * n3)
    else:
        n1, n2, n3, t1, t2, t3, work, flowed = _foam(law, curve, strain_step, plane * f33, -dilation, e1, e2, e3)
        energy = 0.5 * law[2] * (n1 * n1 + n2 * n2 + n3 * n3)
    if flowed:
        s1, s2 = np.exp(2.0 * n1), np.exp(2.0 * n2)
        mean, half = 0.5 * (s1 + s2), 0.5 * (s1 - s2)
        b11, b22, b12 = mean + half * cos2, mean - half * cos2, half * sin2
        i11, i12, i21, i22 = f22 / plane, -f12 / plane, -f21 / plane, f11 / plane
        h11, h12 = i11 * b11 + i12 * b12, i11 * b12 + i12 * b22
        h21, h22 = i21 * b11 + i22 * b12, i21 * b12 + i22 * b22
        here[0], here[1], here[2] = h11 * i11 + h12 * i12, h11 * i21 + h12 * i22, h21 * i21 + h22 * i22
        here[3] = np.exp(2.0 * n3) / (f33 * f33)
    mean, half = 0.5 * (t1 + t2), 0.5 * (t1 - t2)
    return mean + half * cos2, mean - half * cos2, half * sin2, t3, energy, work


@njit(inline="always", **_OPTIONS)
def _bound(bulk, shear, density, radius, viscous, p1r, p1z, p2r, p2z, fastest):  # type: ignore[no-untyped-def]
    """2 over the step that one element bears, or `fastest` where that is larger.

    omega^2 <= 4/rho (lambda (|g|^2 + 1/4r^2) + 2 G (lambda_max(g g') + 1/4r^2)) with the four gradients g, a rigorous
    bound of the one-point element; bulk viscosity adds a damping rate.
    """
    grr, gzz, grz = 2.0 * (p1r * p1r + p2r * p2r), 2.0 * (p1z * p1z + p2z * p2z), 2.0 * (p1r * p1z + p2r * p2z)
    ring = 0.25 / (radius * radius)
    omega2 = 4.0 * (bulk * (grr + gzz + ring) + 2.0 * shear * (max(grr, gzz) + abs(grz) + ring)) / density
    damp = 2.0 * viscous * (grr + gzz + ring)
    if omega2 + 2.0 * damp * fastest > fastest * fastest:
        return max(fastest, damp + np.sqrt(damp * damp + omega2))
    return fastest


@njit(inline="always", **_OPTIONS)
def _hourglass(x, v, force, a, b, c, d, drag, p1r, p1z, p2r, p2z):  # type: ignore[no-untyped-def]
    """Viscous resistance to the two hourglass modes of a quad; returns the power it takes."""
    hr, hz = x[a, 0] - x[b, 0] + x[c, 0] - x[d, 0], x[a, 1] - x[b, 1] + x[c, 1] - x[d, 1]
    y1, y2 = hr * p1r + hz * p1z, hr * p2r + hz * p2z
    mr = v[a, 0] - v[b, 0] + v[c, 0] - v[d, 0] - y1 * (v[a, 0] - v[c, 0]) - y2 * (v[b, 0] - v[d, 0])
    mz = v[a, 1] - v[b, 1] + v[c, 1] - v[d, 1] - y1 * (v[a, 1] - v[c, 1]) - y2 * (v[b, 1] - v[d, 1])
    fr, fz = drag * mr, drag * mz
    force[a, 0] -= (1.0 - y1) * fr
    force[a, 1] -= (1.0 - y1) * fz
    force[c, 0] -= (1.0 + y1) * fr
    force[c, 1] -= (1.0 + y1) * fz
    force[b, 0] += (1.0 + y2) * fr
    force[b, 1] += (1.0 + y2) * fz
    force[d, 0] += (1.0 - y2) * fr
    force[d, 1] += (1.0 - y2) * fz
    return fr * mr + fz * mz


@njit(**_OPTIONS)
def elements(  # type: ignore[no-untyped-def]
    x, v, force, quads, grad, weight, hoop_0, kind, laws, curves, strain_step, state, step, control, loss,
):  # fmt: skip
    """Add the forces of all elements; returns 2 over the bounded step of the mesh as it stands, and the elastic energy.

    `grad` (e, 4): reference gradients of nodes 1 and 2, those of 3 and 4 are their negatives; `hoop_0` reference radius
    of the centre; `state` (e, 6) as in `_material`. `control`: hourglass, linear and quadratic bulk viscosity.
    """
    fastest, stored = 0.0, 0.0
    for e in range(quads.shape[0]):
        a, b, c, d = quads[e, 0], quads[e, 1], quads[e, 2], quads[e, 3]
        r13, z13, r24, z24 = x[a, 0] - x[c, 0], x[a, 1] - x[c, 1], x[b, 0] - x[d, 0], x[b, 1] - x[d, 1]
        g1r, g1z, g2r, g2z = grad[e, 0], grad[e, 1], grad[e, 2], grad[e, 3]
        radius = 0.25 * (x[a, 0] + x[b, 0] + x[c, 0] + x[d, 0])
        area2 = r13 * z24 - r24 * z13  # twice the area, counter-clockwise
        inverse = 1.0 / area2  # gradients in the current shape
        p1r, p1z, p2r, p2z = z24 * inverse, -r24 * inverse, -z13 * inverse, r13 * inverse
        dilation = (v[a, 0] - v[c, 0]) * p1r + (v[a, 1] - v[c, 1]) * p1z
        dilation += (v[b, 0] - v[d, 0]) * p2r + (v[b, 1] - v[d, 1]) * p2z
        dilation += 0.25 * (v[a, 0] + v[b, 0] + v[c, 0] + v[d, 0]) / radius
        law, w = laws[kind[e]], weight[e]
        trr, tzz, trz, ttt, energy, work = _material(
            law, curves[kind[e]], strain_step, state[e], step, dilation, r13 * g1r + r24 * g2r, r13 * g1z + r24 * g2z,
            z13 * g1r + z24 * g2r, z13 * g1z + z24 * g2z, radius / hoop_0[e],
        )  # fmt: skip
        stored += w * energy
        loss[_PLASTIC] += w * work
        bulk, shear = (law[2], law[3]) if law[0] == METAL else (0.0, 0.5 * law[2])
        density = law[1]
        wave, size = np.sqrt((bulk + 2.0 * shear) / density), np.sqrt(0.5 * area2)
        viscous = 0.0
        if dilation < 0.0:
            quadratic = control[2] * control[2] * size * -dilation
            q = density * size * dilation * (quadratic + control[1] * wave)
            trr, tzz, ttt = trr + q, tzz + q, ttt + q
            loss[_VISCOUS] += w * q * dilation * step
            viscous = size * (2.0 * quadratic + control[1] * wave)
        hoop = 0.25 * w * ttt / radius
        q1r, q1z = w * (trr * p1r + trz * p1z), w * (trz * p1r + tzz * p1z)
        q2r, q2z = w * (trr * p2r + trz * p2z), w * (trz * p2r + tzz * p2z)
        force[a, 0] -= q1r + hoop
        force[a, 1] -= q1z
        force[c, 0] -= hoop - q1r
        force[c, 1] += q1z
        force[b, 0] -= q2r + hoop
        force[b, 1] -= q2z
        force[d, 0] -= hoop - q2r
        force[d, 1] += q2z
        drag = 0.25 * control[0] * density * w * wave / size
        loss[_HOURGLASS] += _hourglass(x, v, force, a, b, c, d, drag, p1r, p1z, p2r, p2z) * step
        fastest = _bound(bulk, shear, density, radius, viscous, p1r, p1z, p2r, p2z, fastest)
    return fastest, stored


@njit(**_OPTIONS)
def _columns(x, v, force, nodes, reach, bed, ground, plastic, pushed, loss):  # type: ignore[no-untyped-def]
    """Ground under the contact nodes: columns with plastic memory; returns force and elastic energy.

    `reach` (k,) horizontal area each node stands for, `bed` (k,) stiffness N/m, `ground`: surface height, strength,
    depth gradient, inertia. `pushed` (k,) force of the last step. The body comes from above (speed in -z).
    """
    total, stored = 0.0, 0.0
    for k in range(nodes.size):
        i = nodes[k]
        depth = ground[0] - x[i, 1]
        old = pushed[k]
        f = 0.0
        if depth > 0.0:
            area = reach[k]
            f = bed[k] * (depth - plastic[k])
            limit = area * (ground[1] + ground[2] * depth)
            if v[i, 1] < 0.0:
                limit += area * ground[3] * v[i, 1] * v[i, 1]
            if f > limit:
                new = depth - limit / bed[k]
                loss[_CONTACT_LOSS] += 0.5 * (limit + old) * (new - plastic[k])
                plastic[k] = new
                f = limit
            elif f < 0.0:
                f = 0.0
        force[i, 1] += f
        pushed[k] = f
        total += f
        stored += 0.5 * f * f / bed[k]
    return total, stored


@njit(**_OPTIONS)
def march(  # type: ignore[no-untyped-def]
    x, v, mass, free, quads, grad, weight, hoop_0, kind, laws, curves, strain_step, state, control, safety, end,
    nodes, reach, bed, ground, groups, record_step, records, energy,
):  # fmt: skip
    """Central differences to `end`. Returns (records, steps, ledger error, status, smallest step).

    Status 2: not finite; 3: the step has collapsed (an element is about to turn over).

    `free` (n, 2): 1 where a node moves; `groups` (g, n): masses that make up each recorded mean speed. `records` rows:
    time, ground force, mean axial speed of each group. `energy` in the order of LEDGER.
    """
    force, loss = np.zeros_like(x), np.zeros(4)
    plastic, pushed = np.zeros(nodes.size), np.zeros(nodes.size)
    start, sprung_omega2 = 0.0, 0.0
    for k in range(nodes.size):
        sprung_omega2 = max(sprung_omega2, bed[k] / mass[nodes[k]])
    for i in range(mass.size):
        start += 0.5 * mass[i] * (v[i, 0] * v[i, 0] + v[i, 1] * v[i, 1])
    time, next_record, count, steps, worst, status, least = 0.0, 0.0, 0, 0, 0.0, 0, 1e30
    step, first = 0.0, 0.0
    while True:
        force[:] = 0.0
        fastest, stored = elements(
            x, v, force, quads, grad, weight, hoop_0, kind, laws, curves, strain_step, state, max(step, 1e-12),
            control, loss,
        )  # fmt: skip
        pushing, sprung = _columns(x, v, force, nodes, reach, bed, ground, plastic, pushed, loss)
        last = step
        step = safety * 2.0 / np.sqrt(fastest * fastest + sprung_omega2)
        if not np.isfinite(step):
            status = 2
            break
        if steps == 0:
            first = step
        elif step < _COLLAPSE * first:
            status = 3
            break
        least = min(least, step)
        half = 0.5 * (last + step)
        recording = time >= next_record or time >= end
        kinetic = 0.0
        for i in range(mass.size):
            for j in range(2):
                change = free[i, j] * force[i, j] / mass[i]
                if recording:
                    now = v[i, j] + 0.5 * last * change
                    kinetic += 0.5 * mass[i] * now * now
                v[i, j] += half * change
        if recording:
            energy[0], energy[1], energy[2], energy[3] = kinetic, stored, loss[_PLASTIC], loss[_HOURGLASS]
            energy[4], energy[5], energy[6] = loss[_VISCOUS], sprung, loss[_CONTACT_LOSS]
            worst = max(worst, abs(energy[:7].sum() - start) / start)
            if count < records.shape[0]:
                records[count, 0], records[count, 1] = time, pushing
                for g in range(groups.shape[0]):
                    momentum, total = 0.0, 0.0
                    for i in range(mass.size):
                        momentum += groups[g, i] * v[i, 1]
                        total += groups[g, i]
                    records[count, 2 + g] = momentum / total
                count += 1
            next_record += record_step
            if not np.isfinite(kinetic):
                status = 2
                break
        if time >= end:
            break
        if time + step > end:
            step = end - time + 1e-15
        for i in range(mass.size):
            x[i, 0] += v[i, 0] * step
            x[i, 1] += v[i, 1] * step
        time += step
        steps += 1
    return count, steps, worst, status, least
