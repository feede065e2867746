"""Compiled time loop of the landing chain (serial: one sample per core).

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
_STILL = 0.01  # of the landing speed: parts that rattle in their play no longer count as moving
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


@njit(**_OPTIONS)
def _touch(u, v, elements, plays, contact, elastic, force):  # type: ignore[no-untyped-def]
    """Contact forces between the parts, total and elastic share."""
    for k in range(plays.shape[0]):
        i = elements + k
        travel = u[i + 1] - u[i]
        elastic[k] = 0.0
        if travel > plays[k, 2]:
            elastic[k] = plays[k, 0] * (travel - plays[k, 2])
        elif travel < -plays[k, 3]:
            elastic[k] = plays[k, 0] * (travel + plays[k, 3])
        total = elastic[k]
        if total != 0.0:
            total += plays[k, 1] * (v[i + 1] - v[i])
            if total * elastic[k] < 0.0:
                total = 0.0  # a contact cannot pull
        contact[k] = total
        force[i] += total
        force[i + 1] -= total


@njit(**_OPTIONS)
def _advance(mass, gravity, elements, step, first, still, force, v, old, mid):  # type: ignore[no-untyped-def]
    """New half-step speeds and the speeds `mid` at this instant; returns kinetic energy, gravity's work, moving."""
    kinetic, fallen, moving = 0.0, 0.0, False
    share = 0.5 if first else 1.0
    for i in range(mass.size):
        old[i] = v[i]
        v[i] += force[i] / mass[i] * step * share
        mid[i] = old[i] if first else 0.5 * (v[i] + old[i])
        kinetic += 0.5 * mass[i] * mid[i] * mid[i]
        fallen += mass[i] * gravity * mid[i] * step * share
        if (i == 0 or i >= elements) and v[i] > still:
            moving = True
    return kinetic, fallen, moving


@njit(**_OPTIONS)
def _stored(stress, foam, bed, elastic, plays, energy):  # type: ignore[no-untyped-def]
    """Elastic energies of foam, ground and contacts into the ledger."""
    energy[1], energy[6] = 0.0, 0.0
    for s in stress:
        energy[1] += 0.5 * s * s / foam[2] * foam[0] * foam[1]
    energy[4] = 0.5 * bed[1] * bed[2]
    for k in range(plays.shape[0]):
        energy[6] += 0.5 * elastic[k] * elastic[k] / plays[k, 0]


@njit(**_OPTIONS)
def march(  # type: ignore[no-untyped-def]
    mass, elements, speed, gravity, step, end, record_step, ground, area_table, volume_table, depth_step,
    curve, strain_step, foam, plays, records, energy,
):  # fmt: skip
    """Central differences from first contact until every part has stopped.

    Returns (records, steps, ledger error, status); status 0 stopped, 1 still moving at `end`, 2 not finite. `records`
    rows: time, penetration, stroke, ground force, absorber force, speeds (shell and parts), contact forces. `energy` is
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
        _touch(u, v, elements, plays, contact, elastic, force)
        kinetic, fallen, moving = _advance(
            mass, gravity, elements, step, steps == 0, _STILL * speed, force, v, old, mid
        )
        loss[_GRAVITY] += fallen
        for k in range(elements):
            loss[_VISCOUS] += damp[k] * foam[0] * (mid[k + 1] - mid[k]) * step
        for k in range(links):
            i = elements + k
            loss[_CONTACT] += (contact[k] - elastic[k]) * (mid[i + 1] - mid[i]) * step
        if not np.isfinite(kinetic):
            status = 2
            break
        if time >= next_record:
            _stored(stress, foam, bed, elastic, plays, energy)
            energy[0], energy[2], energy[3], energy[5] = kinetic, loss[_FOAM], loss[_VISCOUS], loss[_GROUND]
            energy[7], energy[8] = loss[_CONTACT], loss[_GRAVITY]
            worst = max(worst, abs(energy[:8].sum() - energy[8] - start) / start)
            if count < records.shape[0]:
                row = records[count]
                row[0], row[1], row[2], row[3], row[4] = time, u[0], u[elements] - u[0], bed[1], absorber
                row[5] = mid[0]
                row[6 : 6 + n - elements] = mid[elements:]
                row[6 + n - elements : 6 + n - elements + links] = contact
                count += 1
            next_record += record_step
            if not moving and stopped < 0.0:
                stopped = time
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
