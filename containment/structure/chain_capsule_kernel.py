"""Compiled time loop of the capsule's chain: shell rings on the ground, foam lumps that shear each other, nested parts.

Displacements `u` are along z (aft); bodies fly towards -z. Masses: shell rings first (they also move radially), then
foam lumps, then the parts from the outer vessel inward; `part` is the number of the first.

Foam, per cell of four lumps with F = [[1, c], [a, b]] (a = du/dR, b = 1 + du/dZ, small c = dw/dZ), Kirchhoff stresses:

    d tau_zz = E db/b,  d tau_rz = E/2 (da - a db/b + dc/b),  tau_zz^2 + k tau_rz^2 <= (b Y(1 - b) R)^2,
    R = 1 + c ln(1 + rate/rate_0),

the law of the finite elements (`explicit_kernel`) for lumps that move along the axis only (k = 2); w is the radial way
of the shell's inner surface, to which the foam is bonded. Shell: `chain_shell_kernel`. Foam and ground touch its inner
and outer surface, half a thickness from the middle along its director; their forces act on places, slopes and
thickness by virtual work (`squeeze`).
Loss: foam, viscous, shell, ground, contact, gravity's work.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.chain_kernel import STILL, damped, imbalance, sprung, stopping, touch
from containment.structure.chain_shell_kernel import PLATE, SKIN, STATE, lay, measure, squeeze, stiffen, swell, turn

LEDGER = (
    "kinetic", "foam_elastic", "foam_crush", "viscous", "shell_elastic", "shell_plastic", "ground_elastic",
    "ground_plastic", "contact_elastic", "contact_loss", "gravity",
)  # fmt: skip
_AFTER = 6e-4  # s recorded after the last part has stopped: more than one filter window
_COLLAPSED = 1e-3  # of its height: a cell crushed to that is no longer one
_HOURGLASS = 0.1  # viscous, as in the finite elements
_FOAM, _VISCOUS, _SHELL, _GROUND, _CONTACT, _GRAVITY = 0, 1, 2, 3, 4, 5

# Not "nnan" and "ninf": a run that has gone wrong must be seen.
_OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@njit(inline="always", **_OPTIONS)
def _crushed(stretch, slide, b, old_z, old_s, foam, curve, per_strain, per_step):  # type: ignore[no-untyped-def]
    """Stresses zz and rz of a cell after the strain increments, and the work lost per volume."""
    modulus, rate_c, rate_0, cut, shear = foam[0], foam[2], foam[3], foam[4], foam[7]
    tz, ts, lost = old_z + modulus * stretch, old_s + modulus * slide, 0.0
    place = max(1.0 - b, 0.0) * per_strain
    index = min(int(place), curve.size - 2)
    bound = b * (curve[index] + (place - index) * (curve[index + 1] - curve[index]))
    flows = tz > cut * b
    if flows:
        tz = cut * b
    size2 = tz * tz + shear * ts * ts
    if size2 > bound * bound:  # rate only widens the surface
        if stretch < 0.0:
            bound *= 1.0 + rate_c * np.log1p(-stretch * per_step / rate_0)
        if size2 > bound * bound:
            share = bound / np.sqrt(size2)
            tz, ts, flows = tz * share, ts * share, True
    if flows:
        lost_z, lost_s = stretch - (tz - old_z) / modulus, slide - (ts - old_s) / modulus
        lost = 0.5 * ((tz + old_z) * lost_z + 2.0 * (ts + old_s) * lost_s)
    return tz, ts, lost


@njit(inline="always", **_OPTIONS)
def _absorb(  # type: ignore[no-untyped-def]
    u, aside, v, quads, grad, weight, cell, foam, curve, strain_step, step, force, drawn
):  # fmt: skip
    """Foam forces; returns elastic energy, work lost to crush and viscosity, and 2 over the step the foam bears
    (infinite when a cell has collapsed), from omega^2 <= 4 E/rho (|p_z|^2 + |p_r|^2 / 2) with the gradients p.

    `aside`, `drawn`: radial displacements and forces (of the shell alone). `cell`: a, b, tau_zz, tau_rz, c.
    """
    modulus, density, linear, quadratic = foam[0], foam[1], foam[5], foam[6]
    wave, stored, crushed, viscous, fastest = np.sqrt(modulus / density), 0.0, 0.0, 0.0, 0.0
    per_strain, per_step = 1.0 / strain_step, 1.0 / step
    for e in range(quads.shape[0]):
        n1, n2, n3, n4 = quads[e, 0], quads[e, 1], quads[e, 2], quads[e, 3]
        g1r, g1z, g2r, g2z = grad[e, 0], grad[e, 1], grad[e, 2], grad[e, 3]
        da, db, old_a, old_b, w = u[n1] - u[n3], u[n2] - u[n4], cell[e, 0], cell[e, 1], weight[e]
        a, b = da * g1r + db * g2r, 1.0 + da * g1z + db * g2z
        if not b > _COLLAPSED:
            return stored, crushed, viscous, np.inf if b <= _COLLAPSED else np.nan
        c, per_sum = (aside[n1] - aside[n3]) * g1z + (aside[n2] - aside[n4]) * g2z, 1.0 / (b + old_b)
        stretch = 2.0 * (b - old_b) * per_sum
        slide = 0.5 * (a - old_a - 0.5 * (a + old_a) * stretch) + (c - cell[e, 4]) * per_sum
        tz, ts, lost = _crushed(stretch, slide, b, cell[e, 2], cell[e, 3], foam, curve, per_strain, per_step)
        stored += 0.5 * w * (tz * tz + 2.0 * ts * ts) / modulus
        crushed += w * lost
        cell[e, 0], cell[e, 1], cell[e, 2], cell[e, 3], cell[e, 4] = a, b, tz, ts, c
        p1z, p2z = g1z / b, g2z / b
        p1s, p2s = g1r - a * p1z, g2r - a * p2z
        spread, damp = 2.0 * (p1z * p1z + p2z * p2z), 0.0
        root = np.sqrt(spread)
        closing = (v[n1] - v[n3]) * p1z + (v[n2] - v[n4]) * p2z
        if closing < 0.0:
            drag, second = linear * wave * root, quadratic * closing
            q = density * closing * (drag - second) / spread
            tz += q
            viscous += w * q * closing * step
            damp = 2.0 * (drag - 2.0 * second)
        f1, f2 = w * (tz * p1z + ts * p1s), w * (tz * p2z + ts * p2s)
        mode = v[n1] - v[n2] + v[n3] - v[n4]
        drag = _HOURGLASS * 0.25 * density * w * wave * root * mode
        viscous += drag * mode * step
        force[n1] -= f1 + drag
        force[n3] += f1 - drag
        force[n2] -= f2 - drag
        force[n4] += f2 + drag
        d1, d2 = w * ts * p1z, w * ts * p2z
        drawn[n1], drawn[n2], drawn[n3], drawn[n4] = drawn[n1] - d1, drawn[n2] - d2, drawn[n3] + d1, drawn[n4] + d2
        omega2 = 4.0 * wave * wave * (spread + p1s * p1s + p2s * p2s)
        fastest = max(fastest, damp + np.sqrt(damp * damp + omega2))
    return stored, crushed, viscous, fastest


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
def _advance(mass, inertia, gravity, last, step, force, pull, spin, v, vr, spun, mid, loss):  # type: ignore[no-untyped-def]
    """New half-step speeds, axial ones of this instant in `mid`; returns kinetic energy."""
    half, kinetic = 0.5 * (last + step), 0.0
    for i in range(mass.size):
        old, change = v[i], force[i] / mass[i] - gravity
        mid[i] = old + 0.5 * last * change
        v[i] = old + half * change
        kinetic += 0.5 * mass[i] * mid[i] * mid[i]
        loss[_GRAVITY] -= 0.5 * mass[i] * gravity * (old * last + v[i] * step)
    for j in range(1, inertia.size):
        change, turned = pull[j] / mass[j], spin[j] / inertia[j]
        now, turning = vr[j] + 0.5 * last * change, spun[j] + 0.5 * last * turned
        kinetic += 0.5 * (mass[j] * now * now + inertia[j] * turning * turning)
        vr[j] += half * change
        spun[j] += half * turned
    return kinetic


@njit(inline="always", **_OPTIONS)
def _mean(mass, mid, rings):  # type: ignore[no-untyped-def]
    """Mean speed of the shell."""
    momentum, total = 0.0, 0.0
    for j in range(rings):
        momentum += mass[j] * mid[j]
        total += mass[j]
    return momentum / total


@njit(inline="always", **_OPTIONS)
def _record(row, time, u, mid, shell, part, pushing, absorber, contact):  # type: ignore[no-untyped-def]
    """One row: time, depth of the nose, stroke, ground and absorber force, downward speeds, contact forces."""
    row[0], row[1], row[2], row[3], row[4] = time, -u[0], u[0] - u[part], pushing, absorber
    row[5] = -shell
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
    mass, part, speed, gravity, end, record_step, safety, longest, r, z, gap, rise, area, bed, ground, rigid, sheet,
    inertia, thickness, shell, quads, grad, weight, foam, curve, strain_step, plays, records, energy,
):  # fmt: skip
    """Central differences from first contact until every part has stopped and the absorber opens; moves `r`, `z`.

    Returns (records, steps, ledger error, status); status 0 stopped, 1 still moving at `end`, 2 not finite,
    3 a cell of foam has collapsed.
    """
    n, rings, links = mass.size, r.size, plays.shape[0]
    u, v, force, mid = np.zeros(n), np.full(n, -speed), np.zeros(n), np.full(n, -speed)
    vr, pull, spun, spin = np.zeros(rings), np.zeros(rings), np.zeros(rings), np.zeros(rings)
    contact, elastic, cell = np.zeros(links), np.zeros(links), np.zeros((quads.shape[0], 5))
    way, plate, state = np.zeros((rings, 2)), np.zeros((rings - 1, PLATE)), np.zeros((rings - 1, STATE))
    beds, loss, skin, pushed = np.zeros((rings, 4)), np.zeros(6), np.zeros((rings, SKIN)), np.zeros(rings)
    at, moves, under, sinks, first = np.zeros(n), np.zeros(n), np.zeros(rings), np.zeros(rings), np.ones((rings, 2))
    cell[:, 1] = 1.0
    lay(r, z, way, plate)
    swell(r, way, plate, first, thickness, 0.0, skin)
    first[:, 0], first[:, 1] = r, skin[:, 4]
    swell(r, way, plate, first, thickness, 0.0, skin)
    skin[:, 1], skin[:, 2] = skin[:, 0] * way[:, 0], 0.0
    aside, drawn, feet = np.zeros(n), np.zeros(n), r - skin[:, 0] * way[:, 1]
    start, rest = 0.5 * speed * speed * mass.sum(), measure(r, z, way, plate)
    time, last, next_record, count, steps, worst, status, stopped = 0.0, 0.0, 0.0, 0, 0, 0.0, 1, -1.0
    while True:
        force[:] = 0.0
        pull[:] = 0.0
        spin[:] = 0.0
        drawn[:] = 0.0
        shortest = measure(r, z, way, plate)
        swell(r, way, plate, first, thickness, last, skin)
        for i in range(n):
            at[i], moves[i] = u[i], v[i]
        for j in range(rings):
            at[j], moves[j] = u[j] + skin[j, 2], v[j] + skin[j, 3]
            aside[j] = r[j] - skin[j, 0] * way[j, 1] - feet[j]
            under[j], sinks[j] = u[j] - skin[j, 2], v[j] - skin[j, 3]
        foamed, crushed, viscous, fastest = _absorb(
            at, aside, moves, quads, grad, weight, cell, foam, curve, strain_step, max(last, 1e-12), force, drawn
        )
        loss[_FOAM] += crushed
        loss[_VISCOUS] += viscous
        if not np.isfinite(fastest):
            status = 2 if np.isnan(fastest) else 3
            break
        absorber = force[part]
        if rigid:
            pushing, bedded = _rigid(gap, under, area, bed, pushed)
        else:
            pushing, bedded = _soil(gap, rise, under, sinks, area, bed, ground, beds, pushed, loss)
        for j in range(rings):
            force[j], pushed[j] = force[j] + pushed[j], force[j] - pushed[j]
        squeeze(r, way, plate, skin, pushed, drawn, pull, spin)
        bending, flowed = stiffen(plate, sheet, shell, state, pull, force, spin)
        loss[_SHELL] += flowed
        touch(u, v, part, plays, -1.0, contact, elastic, force)
        step = min(longest * min(1.0, shortest / rest), safety * 2.0 / fastest)
        kinetic = _advance(mass, inertia, gravity, last, step, force, pull, spin, v, vr, spun, mid, loss)
        loss[_CONTACT] += damped(mid, part, -1.0, contact, elastic, 0.5 * (last + step))
        if not np.isfinite(kinetic) or not np.isfinite(step):
            status = 2
            break
        if time >= next_record:
            _book(energy, kinetic, foamed, bending, bedded, sprung(elastic, plays), loss)
            worst = max(worst, imbalance(energy, start))
            mean = _mean(mass, mid, rings)
            if count < records.shape[0]:
                _record(records[count], time, u, mid, mean, part, pushing, absorber, contact)
                count += 1
            next_record += record_step
            stopped = stopping(mid, part, mean, -1.0, STILL * speed, time, stopped)
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
        turn(way, spun, step)
        time += step
        last = step
        steps += 1
    return count, steps, worst, status
