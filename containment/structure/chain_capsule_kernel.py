"""Compiled time loop of the capsule's chain: shell rings on the ground, foam lumps that shear each other, nested parts.

Displacements `u` are along z (aft); bodies fly towards -z. Masses: shell rings first (they also move radially), then
foam lumps, then the parts from the outer vessel inward; `part` is the number of the first.

Foam, per cell of four lumps with F = [[1, 0], [a, b]] (a = du/dR, b = 1 + du/dZ), in Kirchhoff stresses:

    d tau_zz = E db/b,  d tau_rz = E/2 (da - a db/b),  tau_zz^2 + k tau_rz^2 <= (b Y(1 - b) R)^2,
    R = 1 + c ln(1 + rate/rate_0),

the law of the finite elements (`explicit_kernel`) for motion along the axis only (k = 2). Shell: a polygon of
membranes with bending, sections of three layers at the rings, plane-stress J2 in each. Foam and ground touch its inner
and outer surface, which lie half a thickness along z from the middle,

    h = (t/2) cos(slope),  t = t0 (s0/s)(r0/r)  (flow keeps the volume; s: length of the adjoining segments),

so that a shell that is flattened and shortened pushes them apart, and their forces (`_squeeze`) hold against it.
Loss: foam, viscous, shell, ground, contact, gravity's work.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.chain_kernel import STILL, damped, imbalance, sprung, stopping, touch

LEDGER = (
    "kinetic", "foam_elastic", "foam_crush", "viscous", "shell_elastic", "shell_plastic", "ground_elastic",
    "ground_plastic", "contact_elastic", "contact_loss", "gravity",
)  # fmt: skip
_AFTER = 6e-4  # s recorded after the last part has stopped: more than one filter window
_COLLAPSED = 1e-3  # of its height: a cell crushed to that is no longer one
_HOURGLASS = 0.1  # viscous, as in the finite elements
_LAYERS = 3  # of the shell; two make a sandwich, which tension and bending together bring to yield too early
_FOAM, _VISCOUS, _SHELL, _GROUND, _CONTACT, _GRAVITY = 0, 1, 2, 3, 4, 5

# Not "nnan" and "ninf": a run that has gone wrong must be seen.
_OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@njit(inline="always", **_OPTIONS)
def _crushed(stretch, slide, b, cell, foam, curve, strain_step, step, weight, loss):  # type: ignore[no-untyped-def]
    """Stresses zz and rz of a cell after the strain increments; books what is lost."""
    modulus, rate_c, rate_0, cut, shear = foam[0], foam[2], foam[3], foam[4], foam[7]
    old_z, old_s = cell[2], cell[3]
    tz, ts = old_z + modulus * stretch, old_s + modulus * slide
    place = max(1.0 - b, 0.0) / strain_step
    index = min(int(place), curve.size - 2)
    bound = b * (curve[index] + (place - index) * (curve[index + 1] - curve[index]))
    if stretch < 0.0:
        bound *= 1.0 + rate_c * np.log1p(-stretch / step / rate_0)
    flows = tz > cut * b
    if flows:
        tz = cut * b
    size2 = tz * tz + shear * ts * ts
    if size2 > bound * bound:
        share = bound / np.sqrt(size2)
        tz, ts, flows = tz * share, ts * share, True
    if flows:
        lost_z, lost_s = stretch - (tz - old_z) / modulus, slide - (ts - old_s) / modulus
        loss[_FOAM] += 0.5 * weight * ((tz + old_z) * lost_z + 2.0 * (ts + old_s) * lost_s)
    return tz, ts


@njit(inline="always", **_OPTIONS)
def _absorb(u, v, quads, grad, weight, cell, foam, curve, strain_step, step, force, loss):  # type: ignore[no-untyped-def]
    """Foam forces; returns elastic energy and 2 over the step the foam bears (nan when a cell has collapsed).

    `cell`: a, b, tau_zz, tau_rz. The bound: omega^2 <= 4 E/rho (|p_z|^2 + |p_r|^2 / 2) with the gradients p.
    """
    modulus, density, linear, quadratic = foam[0], foam[1], foam[5], foam[6]
    wave, stored, fastest = np.sqrt(modulus / density), 0.0, 0.0
    for e in range(quads.shape[0]):
        n1, n2, n3, n4 = quads[e, 0], quads[e, 1], quads[e, 2], quads[e, 3]
        g1r, g1z, g2r, g2z = grad[e, 0], grad[e, 1], grad[e, 2], grad[e, 3]
        da, db = u[n1] - u[n3], u[n2] - u[n4]
        a, b = da * g1r + db * g2r, 1.0 + da * g1z + db * g2z
        if not b > _COLLAPSED:
            return stored, np.nan
        w, stretch = weight[e], 2.0 * (b - cell[e, 1]) / (b + cell[e, 1])
        slide = 0.5 * (a - cell[e, 0] - 0.5 * (a + cell[e, 0]) * stretch)
        tz, ts = _crushed(stretch, slide, b, cell[e], foam, curve, strain_step, step, w, loss)
        stored += 0.5 * w * (tz * tz + 2.0 * ts * ts) / modulus
        cell[e, 0], cell[e, 1], cell[e, 2], cell[e, 3] = a, b, tz, ts
        p1z, p2z = g1z / b, g2z / b
        p1s, p2s = g1r - a * p1z, g2r - a * p2z
        spread, damp = 2.0 * (p1z * p1z + p2z * p2z), 0.0
        closing = (v[n1] - v[n3]) * p1z + (v[n2] - v[n4]) * p2z
        if closing < 0.0:
            length = 1.0 / np.sqrt(spread)
            drag = linear * wave - quadratic * length * closing
            q = density * length * closing * drag
            tz += q
            loss[_VISCOUS] += w * q * closing * step
            damp = 2.0 * spread * length * (drag - quadratic * length * closing)
        f1, f2 = w * (tz * p1z + ts * p1s), w * (tz * p2z + ts * p2s)
        mode = v[n1] - v[n2] + v[n3] - v[n4]
        drag = _HOURGLASS * 0.25 * density * w * wave * np.sqrt(spread) * mode
        loss[_VISCOUS] += drag * mode * step
        force[n1] -= f1 + drag
        force[n3] += f1 - drag
        force[n2] -= f2 - drag
        force[n4] += f2 + drag
        omega2 = 4.0 * wave * wave * (spread + p1s * p1s + p2s * p2s)
        fastest = max(fastest, damp + np.sqrt(damp * damp + omega2))
    return stored, fastest


@njit(inline="always", **_OPTIONS)
def _layer(s1, s2, e1, e2, shell, measure, weight, loss):  # type: ignore[no-untyped-def]
    """Plane-stress J2 of one layer: stresses and plastic measure after the strain increments e1, e2."""
    modulus, poisson, strength, hardening = shell
    plane = modulus / (1.0 - poisson * poisson)
    t1, t2 = s1 + plane * (e1 + poisson * e2), s2 + plane * (e2 + poisson * e1)
    size2 = t1 * t1 - t1 * t2 + t2 * t2
    yields = strength + hardening * measure
    if size2 > yields * yields:
        size = np.sqrt(size2)
        grown = (size - yields) / (modulus + hardening)
        share = (yields + hardening * grown) / size
        flow = (1.0 - share) / modulus
        p1, p2 = flow * (t1 - poisson * t2), flow * (t2 - poisson * t1)
        t1, t2, measure = share * t1, share * t2, measure + grown
        loss[_SHELL] += 0.5 * weight * ((t1 + s1) * p1 + (t2 + s2) * p2)
    return t1, t2, measure


@njit(inline="always", **_OPTIONS)
def _bends(j, r, ring, bent):  # type: ignore[no-untyped-def]
    """Curvatures along and around at ring j, and the segments before and after it."""
    last = r.size - 1
    before, after = max(j - 1, 0), min(j, last - 1)
    if j == 0:
        along = 2.0 * bent[0, 2] / ring[0, 2]
        return along, along, before, after
    along = (bent[after, 2] - bent[before, 2]) / ring[j, 2] if j < last else 0.0
    return along, 0.5 * (bent[before, 5] + bent[after, 5]) / ring[j, 1], before, after


@njit(inline="always", **_OPTIONS)
def _measure(r, z, bent):  # type: ignore[no-untyped-def]
    """Segments of the shell as they lie: `bent` per segment: strain increment, length, slope, work-conjugate tension
    and moment (both cleared), sine and cosine of the slope."""
    for k in range(r.size - 1):
        dr, dz = r[k + 1] - r[k], z[k + 1] - z[k]
        length = np.sqrt(dr * dr + dz * dz)
        bent[k, 0] = 2.0 * (length - bent[k, 1]) / (length + bent[k, 1])
        sine, cosine = dz / length, dr / length
        turn = sine * bent[k, 6] - cosine * bent[k, 5]  # sine of the turn in a step: 1e-3, an arctangent saved
        bent[k, 1], bent[k, 2] = length, bent[k, 2] + turn * (1.0 + turn * turn / 6.0)
        bent[k, 3], bent[k, 4], bent[k, 5], bent[k, 6] = 0.0, 0.0, sine, cosine


@njit(inline="always", **_OPTIONS)
def _swell(r, ring, bent, thickness, last, skin):  # type: ignore[no-untyped-def]
    """Where the surfaces of the shell are. `skin` per ring: half a thickness along z, across z, its first value, how
    far it has risen since the start, the speed of that, thickness over the first."""
    segments = r.size - 1
    for j in range(r.size):
        before, after = max(j - 1, 0), min(j, segments - 1)
        ratio = 2.0 * ring[j, 2] / (bent[before, 1] + bent[after, 1])
        cosine, sine = 1.0, 0.0
        if j == 0:
            ratio *= ratio
        else:
            ratio *= ring[j, 1] / r[j]
            cosine, sine = bent[before, 6] + bent[after, 6], bent[before, 5] + bent[after, 5]
            size = np.sqrt(cosine * cosine + sine * sine)
            cosine, sine = cosine / size, sine / size
        half = 0.5 * thickness * ratio
        rise = half * cosine - skin[j, 2]
        skin[j, 4] = (rise - skin[j, 3]) / last if last > 0.0 else 0.0
        skin[j, 0], skin[j, 1], skin[j, 3], skin[j, 5] = half * cosine, half * sine, rise, ratio


@njit(inline="always", **_OPTIONS)
def _squeeze(r, bent, skin, apart, pull):  # type: ignore[no-untyped-def]
    """What forces `apart` on the half thickness do to the shell, by virtual work on lengths, slopes and radii."""
    segments = r.size - 1
    for j in range(r.size):
        before, after = max(j - 1, 0), min(j, segments - 1)
        share = apart[j] * skin[j, 0] / (bent[before, 1] + bent[after, 1])
        if j == 0:
            share *= 2.0
        else:
            pull[j] -= apart[j] * skin[j, 0] / r[j]
        turn = 0.5 * apart[j] * skin[j, 1]
        bent[before, 3] += share * bent[before, 1]
        bent[after, 3] += share * bent[after, 1]
        bent[before, 4] += turn
        bent[after, 4] += turn


@njit(inline="always", **_OPTIONS)
def _shell(r, z, ring, shell, skin, state, bent, pull, force, loss):  # type: ignore[no-untyped-def]
    """Membrane and bending of the shell; returns elastic energy.

    `ring`: volume of the section, first radius, spacing, first distance of the outer layers from the middle. `state`
    per ring: radius, curvatures, then per layer stresses and plastic measure. `bent` as `_measure` leaves it.
    """
    last, twice_poisson, stored = r.size - 1, 2.0 * shell[1], 0.0
    for j in range(last + 1):
        along, around, before, after = _bends(j, r, ring, bent)
        e1 = 0.5 * (bent[before, 0] + bent[after, 0])
        e2 = e1
        if j > 0:
            e2, state[j, 0] = 2.0 * (r[j] - state[j, 0]) / (r[j] + state[j, 0]), r[j]
        k1, k2 = along - state[j, 1], around - state[j, 2]
        state[j, 1], state[j, 2] = along, around
        w, far = ring[j, 0] / _LAYERS, ring[j, 3] * skin[j, 5]
        n1, n2, m1, m2 = 0.0, 0.0, 0.0, 0.0
        for layer in range(_LAYERS):
            c, y = 3 * layer + 3, far * (1.0 - 2.0 * layer / (_LAYERS - 1))
            t1, t2, state[j, c + 2] = _layer(
                state[j, c], state[j, c + 1], e1 + y * k1, e2 + y * k2, shell, state[j, c + 2], w, loss
            )
            state[j, c], state[j, c + 1] = t1, t2
            stored += 0.5 * w / shell[0] * (t1 * t1 + t2 * t2 - twice_poisson * t1 * t2)
            n1, n2, m1, m2 = n1 + w * t1, n2 + w * t2, m1 + w * y * t1, m2 + w * y * t2
        if j == 0:
            bent[0, 3] += n1 + n2
            bent[0, 4] += 2.0 * (m1 + m2) / ring[0, 2]
            continue
        pull[j] -= n2 / r[j]
        hooped = 0.5 * m2 / ring[j, 1]
        bent[before, 3] += 0.5 * n1
        bent[after, 3] += 0.5 * n1
        bent[before, 4] += hooped * (r[before + 1] - r[before]) / bent[before, 1]
        bent[after, 4] += hooped * (r[after + 1] - r[after]) / bent[after, 1]
        if j < last:
            bent[after, 4] += m1 / ring[j, 2]
            bent[before, 4] -= m1 / ring[j, 2]
    for k in range(last):  # d(length) = (dr, dz)/l, d(slope) = (-dz, dr)/l^2
        dr, dz, square = r[k + 1] - r[k], z[k + 1] - z[k], bent[k, 1] * bent[k, 1]
        fr, fz = (bent[k, 3] * dr - bent[k, 4] * dz) / square, (bent[k, 3] * dz + bent[k, 4] * dr) / square
        pull[k] += fr
        force[k] += fz
        pull[k + 1] -= fr
        force[k + 1] -= fz
    return stored


@njit(**_OPTIONS)
def _straight(r, z, ring, state, bent):  # type: ignore[no-untyped-def]
    """First lengths, slopes and curvatures of the shell."""
    for k in range(r.size - 1):
        bent[k, 1] = np.hypot(r[k + 1] - r[k], z[k + 1] - z[k])
        bent[k, 2] = np.arctan2(z[k + 1] - z[k], r[k + 1] - r[k])
        bent[k, 5], bent[k, 6] = (z[k + 1] - z[k]) / bent[k, 1], (r[k + 1] - r[k]) / bent[k, 1]
    for j in range(r.size):
        state[j, 0] = r[j]
        state[j, 1], state[j, 2], _, _ = _bends(j, r, ring, bent)


@njit(inline="always", **_OPTIONS)
def _soil(gap, rise, u, v, area, bed, ground, beds, pushed, loss):  # type: ignore[no-untyped-def]
    """Columns under the rings with plastic memory: fills `pushed`; returns force and elastic energy.

    A ring wets its area from its inner edge outward while it sinks by `rise`. `bed`: stiffness per area. `beds`:
    plastic depth, force, elastic strain, stiffness. New columns start unstrained: what energy they would bring is lost.
    """
    total, stored = 0.0, 0.0
    for j in range(area.size):
        depth, push, stiffness, plastic, strain = -gap[j] - u[j], 0.0, 0.0, beds[j, 0], 0.0
        wet = min(1.0, depth / rise[j] + 0.5)
        if wet > 0.0:
            contact = area[j] * wet
            stiffness = bed[j] * contact
            deep = depth + 0.5 * rise[j]
            push = stiffness * (deep - plastic)
            limit = contact * (ground[0] + ground[1] * max(depth, 0.0))
            if v[j] < 0.0:
                limit += contact * ground[2] * v[j] * v[j]
            if push > limit:
                push = limit
                plastic = deep - limit / stiffness
            elif push < 0.0:
                push = 0.0
            strain = push / stiffness
            mean = 0.5 * (strain + beds[j, 2])
            loss[_GROUND] += 0.5 * (push + beds[j, 1]) * (plastic - beds[j, 0])
            loss[_GROUND] -= 0.5 * mean * mean * (stiffness - beds[j, 3])
        beds[j, 0], beds[j, 1], beds[j, 2], beds[j, 3] = plastic, push, strain, stiffness
        pushed[j] = push
        total += push
        stored += 0.5 * push * strain
    return total, stored


@njit(inline="always", **_OPTIONS)
def _rigid(gap, u, area, bed, pushed):  # type: ignore[no-untyped-def]
    """Rigid ground as elastic columns, as in the finite elements: fills `pushed`; returns force and elastic energy."""
    total, stored = 0.0, 0.0
    for j in range(area.size):
        depth = max(-gap[j] - u[j], 0.0)
        pushed[j] = bed[j] * area[j] * depth
        total += pushed[j]
        stored += 0.5 * pushed[j] * depth
    return total, stored


@njit(inline="always", **_OPTIONS)
def _advance(mass, rings, gravity, last, step, force, pull, v, vr, mid, loss):  # type: ignore[no-untyped-def]
    """New half-step speeds, those of this instant in `mid`; returns kinetic energy."""
    half, kinetic = 0.5 * (last + step), 0.0
    for i in range(mass.size):
        old, change = v[i], force[i] / mass[i] - gravity
        mid[i] = old + 0.5 * last * change
        v[i] = old + half * change
        kinetic += 0.5 * mass[i] * mid[i] * mid[i]
        loss[_GRAVITY] -= 0.5 * mass[i] * gravity * (old * last + v[i] * step)
    for j in range(1, rings):
        change = pull[j] / mass[j]
        now = vr[j] + 0.5 * last * change
        kinetic += 0.5 * mass[j] * now * now
        vr[j] += half * change
    return kinetic


@njit(inline="always", **_OPTIONS)
def _record(row, time, u, mid, mass, rings, part, pushing, absorber, contact):  # type: ignore[no-untyped-def]
    """One row: time, depth of the nose, stroke, ground and absorber force, downward speeds, contact forces."""
    row[0], row[1], row[2], row[3], row[4] = time, -u[0], u[0] - u[part], pushing, absorber
    momentum, total = 0.0, 0.0
    for j in range(rings):
        momentum -= mass[j] * mid[j]
        total += mass[j]
    row[5] = momentum / total
    parts = u.size - part
    for i in range(parts):
        row[6 + i] = -mid[part + i]
    for k in range(contact.size):
        row[6 + parts + k] = contact[k]


@njit(inline="always", **_OPTIONS)
def _book(energy, kinetic, foamed, bending, bedded, pressed, loss):  # type: ignore[no-untyped-def]
    """The ledger in its order."""
    energy[0], energy[1], energy[2], energy[3] = kinetic, foamed, loss[_FOAM], loss[_VISCOUS]
    energy[4], energy[5], energy[6], energy[7] = bending, loss[_SHELL], bedded, loss[_GROUND]
    energy[8], energy[9], energy[10] = pressed, loss[_CONTACT], loss[_GRAVITY]


@njit(**_OPTIONS)
def march(  # type: ignore[no-untyped-def]
    mass, part, speed, gravity, end, record_step, safety, longest, r, z, gap, rise, area, bed, ground, rigid, ring,
    thickness, shell, quads, grad, weight, foam, curve, strain_step, plays, records, energy,
):  # fmt: skip
    """Central differences from first contact until every part has stopped; `r`, `z` of the rings are moved.

    Returns (records, steps, ledger error, status); status 0 stopped, 1 still moving at `end`, 2 not finite.
    """
    n, rings, links = mass.size, r.size, plays.shape[0]
    u, v, force, mid = np.zeros(n), np.full(n, -speed), np.zeros(n), np.full(n, -speed)
    vr, pull, contact, elastic = np.zeros(rings), np.zeros(rings), np.zeros(links), np.zeros(links)
    cell, state, bent = np.zeros((quads.shape[0], 4)), np.zeros((rings, 3 + 3 * _LAYERS)), np.zeros((rings - 1, 7))
    beds, loss, skin, pushed = np.zeros((rings, 4)), np.zeros(6), np.zeros((rings, 6)), np.zeros(rings)
    at, moves, under, sinks = np.zeros(n), np.zeros(n), np.zeros(rings), np.zeros(rings)
    cell[:, 1] = 1.0
    _straight(r, z, ring, state, bent)
    _measure(r, z, bent)
    _swell(r, ring, bent, thickness, 0.0, skin)
    skin[:, 2], skin[:, 3] = skin[:, 0], 0.0
    start = 0.5 * speed * speed * mass.sum()
    time, last, next_record, count, steps, worst, status, stopped = 0.0, 0.0, 0.0, 0, 0, 0.0, 1, -1.0
    while True:
        force[:] = 0.0
        pull[:] = 0.0
        _measure(r, z, bent)
        _swell(r, ring, bent, thickness, last, skin)
        for i in range(n):
            at[i], moves[i] = u[i], v[i]
        for j in range(rings):
            at[j], moves[j] = u[j] + skin[j, 3], v[j] + skin[j, 4]
            under[j], sinks[j] = u[j] - skin[j, 3], v[j] - skin[j, 4]
        foamed, fastest = _absorb(
            at, moves, quads, grad, weight, cell, foam, curve, strain_step, max(last, 1e-12), force, loss
        )
        absorber = force[part]
        if rigid:
            pushing, bedded = _rigid(gap, under, area, bed, pushed)
        else:
            pushing, bedded = _soil(gap, rise, under, sinks, area, bed, ground, beds, pushed, loss)
        for j in range(rings):
            force[j], pushed[j] = force[j] + pushed[j], force[j] - pushed[j]
        _squeeze(r, bent, skin, pushed, pull)
        bending = _shell(r, z, ring, shell, skin, state, bent, pull, force, loss)
        touch(u, v, part, plays, -1.0, contact, elastic, force)
        step = min(longest, safety * 2.0 / fastest)
        kinetic = _advance(mass, rings, gravity, last, step, force, pull, v, vr, mid, loss)
        loss[_CONTACT] += damped(mid, part, -1.0, contact, elastic, 0.5 * (last + step))
        if not np.isfinite(kinetic) or not np.isfinite(step):
            status = 2
            break
        if time >= next_record:
            _book(energy, kinetic, foamed, bending, bedded, sprung(elastic, plays), loss)
            worst = max(worst, imbalance(energy, start))
            if count < records.shape[0]:
                _record(records[count], time, u, mid, mass, rings, part, pushing, absorber, contact)
                count += 1
            next_record += record_step
            stopped = stopping(mid, part, -1.0, STILL * speed, time, stopped)
            if stopped >= 0.0 and time > stopped + _AFTER:
                status = 0
                break
        if time >= end:
            break
        for i in range(n):
            u[i] += v[i] * step
        for j in range(rings):
            z[j] += v[j] * step
            r[j] += vr[j] * step
        time += step
        last = step
        steps += 1
    return count, steps, worst, status
