"""Compiled time loop of the landing chain (serial: one sample per core), and what every chain shares: contacts, ends.

Arrays shared by the functions below. `ground`: strength, depth gradient, inertia, stiffness. `bed` state: plastic
depth, force, elastic strain, stiffness. `foam`: area, element length, modulus, rate coefficient, reference rate, linear
and quadratic viscosity. `plays` rows: stiffness, damper, front gap, rear gap. `loss`: foam, viscous, ground, contact,
gravity work.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LEDGER = (
    "kinetic", "foam_elastic", "foam_crush", "viscous", "ground_elastic", "ground_plastic", "contact_elastic",
    "contact_loss", "gravity",
)  # fmt: skip
STILL = 0.01  # of the landing speed: parts that rattle in their play no longer count as moving
_AFTER = 2e-3  # s recorded after the last part has stopped: lets the filter window and the rebound pass
_FOAM, _VISCOUS, _GROUND, _CONTACT, _GRAVITY = 0, 1, 2, 3, 4

# Not "nnan" and "ninf": a run that has gone wrong must be seen.
_OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}}


@njit(**_OPTIONS)
def _lookup(table, step, x):  # type: ignore[no-untyped-def]
    place = x / step
    if place <= 0.0:
        return table[0]
    last = table.size - 1
    if not place < last:
        return table[last]
    index = int(place)
    return table[index] + (place - index) * (table[index + 1] - table[index])


@njit(**_OPTIONS)
def _ground(depth, speed, ground, area_table, volume_table, depth_step, bed, loss):  # type: ignore[no-untyped-def]
    """Force of the ground on the shell; advances the bed and its plastic loss."""
    contact = _lookup(area_table, depth_step, depth)
    force, stiffness, plastic, strain = 0.0, ground[3] * contact, bed[0], bed[2]
    if depth > 0.0:
        force = stiffness * (depth - plastic)
        beyond = max(0.0, depth - depth_step * (area_table.size - 1)) * area_table[-1]
        limit = ground[0] * contact + ground[1] * (_lookup(volume_table, depth_step, depth) + beyond)
        if speed > 0.0:
            limit += ground[2] * speed * speed * contact
        if force > limit:
            force = limit
            plastic = depth - limit / stiffness
        elif force < 0.0:
            force = 0.0
        strain = force / stiffness
        # new columns start unstrained: the elastic energy they would bring was lost in them
        mean = 0.5 * (strain + bed[2])
        loss[_GROUND] += 0.5 * (force + bed[1]) * (plastic - bed[0]) - 0.5 * mean * mean * (stiffness - bed[3])
    bed[0], bed[1], bed[2], bed[3] = plastic, force, strain, stiffness
    return force


@njit(**_OPTIONS)
def _absorb(u, v, elements, foam, curve, strain_step, crushed, stress, damp, force, loss):  # type: ignore[no-untyped-def]
    """Foam forces on the lumps; returns the force on the first part."""
    area, length, modulus, rate_c, rate_0, visc_1, visc_2 = foam
    # one rate for the whole column: element rates ring, and a rate law would amplify that
    rate = max(0.0, v[elements] - v[0]) / (length * elements)
    factor = 1.0 + rate_c * np.log1p(rate / rate_0)
    pull = 0.0
    for k in range(elements):
        strain = (u[k + 1] - u[k]) / length
        closing = v[k + 1] - v[k]
        s = modulus * (strain - crushed[k])
        if s <= 0.0:
            s = 0.0  # no tension: the vessel lifts off
        else:
            bound = factor * _lookup(curve, strain_step, strain)
            if s > bound:
                s = bound
                grew = strain - s / modulus - crushed[k]
                loss[_FOAM] += 0.5 * (s + stress[k]) * grew * area * length
                crushed[k] += grew
        stress[k] = s
        damp[k] = (visc_1 + visc_2 * closing) * closing if closing > 0.0 and s > 0.0 else 0.0
        pull = area * (s + damp[k])
        force[k] += pull
        force[k + 1] -= pull
    return pull


@njit(inline="always", **_OPTIONS)
def touch(u, v, part, plays, direction, contact, elastic, force):  # type: ignore[no-untyped-def]
    """Contact forces between the parts from number `part` on, total and elastic share.

    `direction`: sign of the speed they fly with.
    """
    for k in range(plays.shape[0]):
        i = part + k
        travel = direction * (u[i + 1] - u[i])
        elastic[k] = 0.0
        if travel > plays[k, 2]:
            elastic[k] = plays[k, 0] * (travel - plays[k, 2])
        elif travel < -plays[k, 3]:
            elastic[k] = plays[k, 0] * (travel + plays[k, 3])
        total = elastic[k]
        if total != 0.0:
            total += direction * plays[k, 1] * (v[i + 1] - v[i])
            if total * elastic[k] < 0.0:
                total = 0.0  # a contact cannot pull
        contact[k] = total
        force[i] += direction * total
        force[i + 1] -= direction * total


@njit(inline="always", **_OPTIONS)
def damped(mid, part, direction, contact, elastic, span):  # type: ignore[no-untyped-def]
    """What the dampers of the contacts take in a time `span`, J."""
    lost = 0.0
    for k in range(contact.size):
        i = part + k
        lost += direction * (contact[k] - elastic[k]) * (mid[i + 1] - mid[i]) * span
    return lost


@njit(inline="always", **_OPTIONS)
def sprung(elastic, plays):  # type: ignore[no-untyped-def]
    """Elastic energy of the contacts, J."""
    total = 0.0
    for k in range(elastic.size):
        total += 0.5 * elastic[k] * elastic[k] / plays[k, 0]
    return total


@njit(inline="always", **_OPTIONS)
def imbalance(energy, start):  # type: ignore[no-untyped-def]
    """Error of a ledger whose last term is the work of gravity, of the initial energy."""
    return abs(energy[:-1].sum() - energy[-1] - start) / start


@njit(inline="always", **_OPTIONS)
def stopping(mid, part, shell, direction, still, time, stopped):  # type: ignore[no-untyped-def]
    """Time when the parts have stopped, -1 while one moves faster than `still`; `stopped` once found.

    A `shell` that bounces back at a first part which has stopped crushes the absorber on: it must not close on it.
    """
    if stopped >= 0.0:
        return stopped
    if direction * (mid[part] - shell) > still:
        return -1.0
    for i in range(part, mid.size):
        if direction * mid[i] > still:
            return -1.0
    return time


@njit(**_OPTIONS)
def _advance(mass, gravity, step, first, force, v, old, mid):  # type: ignore[no-untyped-def]
    """New half-step speeds and the speeds `mid` at this instant; returns kinetic energy and gravity's work."""
    kinetic, fallen = 0.0, 0.0
    share = 0.5 if first else 1.0
    for i in range(mass.size):
        old[i] = v[i]
        v[i] += force[i] / mass[i] * step * share
        mid[i] = old[i] if first else 0.5 * (v[i] + old[i])
        kinetic += 0.5 * mass[i] * mid[i] * mid[i]
        fallen += mass[i] * gravity * mid[i] * step * share
    return kinetic, fallen


@njit(**_OPTIONS)
def _stored(stress, foam, bed, elastic, plays, energy):  # type: ignore[no-untyped-def]
    """Elastic energies of foam, ground and contacts into the ledger."""
    energy[1] = 0.0
    for s in stress:
        energy[1] += 0.5 * s * s / foam[2] * foam[0] * foam[1]
    energy[4], energy[6] = 0.5 * bed[1] * bed[2], sprung(elastic, plays)


@njit(inline="always", **_OPTIONS)
def _record(row, time, u, mid, elements, pushing, absorber, contact):  # type: ignore[no-untyped-def]
    """One row: time, penetration, stroke, ground and absorber force, speeds of shell and parts, contact forces."""
    row[0], row[1], row[2], row[3], row[4] = time, u[0], u[elements] - u[0], pushing, absorber
    row[5] = mid[0]
    parts = u.size - elements
    row[6 : 6 + parts] = mid[elements:]
    row[6 + parts : 6 + parts + contact.size] = contact


@njit(**_OPTIONS)
def march(  # type: ignore[no-untyped-def]
    mass, elements, speed, gravity, step, end, record_step, ground, area_table, volume_table, depth_step,
    curve, strain_step, foam, plays, records, energy,
):  # fmt: skip
    """Central differences from first contact until every part has stopped and the absorber opens.

    Returns (records, steps, ledger error, status); status 0 stopped, 1 still moving at `end`, 2 not finite. `energy` is
    filled in the order of LEDGER; its terms are independent: kinetic from speeds, elastic from the state, losses from
    plastic increments.
    """
    n, links = mass.size, plays.shape[0]
    u, v, old, mid, force = np.zeros(n), np.full(n, speed), np.zeros(n), np.full(n, speed), np.zeros(n)
    crushed, stress, damp = np.zeros(elements), np.zeros(elements), np.zeros(elements)
    contact, elastic, bed, loss = np.zeros(links), np.zeros(links), np.zeros(4), np.zeros(5)
    start = 0.5 * speed * speed * mass.sum()
    time, next_record, count, steps, worst, status, stopped = 0.0, 0.0, 0, 0, 0.0, 1, -1.0
    while True:
        for i in range(n):
            force[i] = mass[i] * gravity
        force[0] -= _ground(u[0], v[0], ground, area_table, volume_table, depth_step, bed, loss)
        absorber = _absorb(u, v, elements, foam, curve, strain_step, crushed, stress, damp, force, loss)
        touch(u, v, elements, plays, 1.0, contact, elastic, force)
        kinetic, fallen = _advance(mass, gravity, step, steps == 0, force, v, old, mid)
        loss[_GRAVITY] += fallen
        for k in range(elements):
            loss[_VISCOUS] += damp[k] * foam[0] * (mid[k + 1] - mid[k]) * step
        loss[_CONTACT] += damped(mid, elements, 1.0, contact, elastic, step)
        if not np.isfinite(kinetic):
            status = 2
            break
        if time >= next_record:
            _stored(stress, foam, bed, elastic, plays, energy)
            energy[0], energy[2], energy[3], energy[5] = kinetic, loss[_FOAM], loss[_VISCOUS], loss[_GROUND]
            energy[7], energy[8] = loss[_CONTACT], loss[_GRAVITY]
            worst = max(worst, imbalance(energy, start))
            if count < records.shape[0]:
                _record(records[count], time, u, mid, elements, bed[1], absorber, contact)
                count += 1
            next_record += record_step
            if mid[0] <= STILL * speed:  # the shell, too
                stopped = stopping(mid, elements, mid[0], 1.0, STILL * speed, time, stopped)
            if stopped >= 0.0 and time > stopped + _AFTER:
                status = 0
                break
        if time >= end:
            break
        for i in range(n):
            u[i] += v[i] * step
        time += step
        steps += 1
    return count, steps, worst, status
