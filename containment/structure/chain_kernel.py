"""Compiled time loop of the landing chain (serial: one sample per core)."""

from __future__ import annotations

import numpy as np
from numba import njit

LEDGER = (
    "kinetic", "foam_elastic", "foam_crush", "viscous", "ground_elastic", "ground_plastic", "contact_elastic",
    "contact_loss", "gravity",
)  # fmt: skip
_AFTER = 2e-3  # s recorded after the last part has stopped: lets the filter window and the rebound pass


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def _lookup(table, step, x):  # type: ignore[no-untyped-def]
    place = x / step
    if place <= 0.0:
        return table[0]
    last = table.size - 1
    index = int(place)
    if index >= last:
        return table[last]
    return table[index] + (place - index) * (table[index + 1] - table[index])


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
def march(  # type: ignore[no-untyped-def]
    mass, elements, speed, gravity, step, end, record_step, ground, area_table, volume_table, depth_step,
    curve, strain_step, foam, plays, records, energy,
):  # fmt: skip
    """Central differences from first contact until every part has stopped.

    Returns (records, steps, ledger error, status).

    `ground`: strength, depth gradient, inertia, stiffness. `foam`: area, element length, modulus, rate coefficient,
    reference rate, linear and quadratic viscosity. `plays` rows: stiffness, damper, front gap, rear gap.
    `records` rows: time, penetration, stroke, ground force, absorber force, speeds (shell and parts), contact forces.
    `energy` is filled in the order of LEDGER. Status 0 stopped, 1 still moving at `end`, 2 not finite.

    The ledger's terms are independent: kinetic from speeds, elastic from the state, losses from plastic increments.
    """
    n = mass.size
    area, length, modulus, rate_c, rate_0, visc_1, visc_2 = foam
    strength, gradient, inertia, bed = ground
    u, v = np.zeros(n), np.full(n, speed)
    force, old = np.zeros(n), np.zeros(n)
    crushed, stress = np.zeros(elements), np.zeros(elements)
    damp, extra = np.zeros(elements), np.zeros(n - 1 - elements)
    contact = np.zeros(n - 1 - elements)
    reach = depth_step * (area_table.size - 1)
    plastic, ground_force, ground_strain, ground_k = 0.0, 0.0, 0.0, 0.0
    loss_foam, loss_visc, loss_ground, loss_contact, fallen = 0.0, 0.0, 0.0, 0.0, 0.0
    start = 0.0
    for i in range(n):
        start += 0.5 * mass[i] * speed * speed
    time, next_record, count, steps, worst, status = 0.0, 0.0, 0, 0, 0.0, 1
    stopped = -1.0
    absorber = 0.0
    while True:
        for i in range(n):
            force[i] = mass[i] * gravity
        # ground under the shell
        depth = u[0]
        contact_area = _lookup(area_table, depth_step, depth)
        old_force, old_strain, old_k = ground_force, ground_strain, ground_k
        ground_k = bed * contact_area
        ground_force = 0.0
        if depth > 0.0:
            ground_force = ground_k * (depth - plastic)
            displaced = _lookup(volume_table, depth_step, depth) + max(0.0, depth - reach) * area_table[-1]
            limit = strength * contact_area + gradient * displaced
            if v[0] > 0.0:
                limit += inertia * v[0] * v[0] * contact_area
            new_plastic = plastic
            if ground_force > limit:
                ground_force = limit
                new_plastic = depth - limit / ground_k
            elif ground_force < 0.0:
                ground_force = 0.0
            ground_strain = ground_force / ground_k
            # new columns start unstrained: the elastic energy they would bring was lost in them
            grown = ground_k - old_k
            mean_strain = 0.5 * (ground_strain + old_strain)
            moved = new_plastic - plastic
            loss_ground += 0.5 * (ground_force + old_force) * moved - 0.5 * mean_strain * mean_strain * grown
            plastic = new_plastic
        force[0] -= ground_force
        # absorber; one rate for the whole column: element rates ring, and a rate law would amplify that
        rate_factor = 1.0 + rate_c * np.log1p(max(0.0, v[elements] - v[0]) / (length * elements * rate_0))
        for k in range(elements):
            strain = (u[k + 1] - u[k]) / length
            closing = v[k + 1] - v[k]
            s_old = stress[k]
            s = modulus * (strain - crushed[k])
            if s <= 0.0:
                s = 0.0  # no tension: the vessel lifts off
            else:
                bound = _lookup(curve, strain_step, strain)
                if s > rate_factor * bound:
                    s = rate_factor * bound
                    grew = strain - s / modulus - crushed[k]
                    loss_foam += 0.5 * (s + s_old) * grew * area * length
                    crushed[k] += grew
            stress[k] = s
            q = 0.0
            if closing > 0.0 and s > 0.0:
                q = (visc_1 + visc_2 * closing) * closing
            damp[k] = q
            pull = area * (s + q)
            force[k] += pull
            force[k + 1] -= pull
            absorber = pull
        # contacts with play
        for k in range(n - 1 - elements):
            i = elements + k
            travel, closing = u[i + 1] - u[i], v[i + 1] - v[i]
            elastic = 0.0
            if travel > plays[k, 2]:
                elastic = plays[k, 0] * (travel - plays[k, 2])
            elif travel < -plays[k, 3]:
                elastic = plays[k, 0] * (travel + plays[k, 3])
            total = elastic
            if elastic != 0.0:
                total += plays[k, 1] * closing
                if total * elastic < 0.0:
                    total = 0.0  # a contact cannot pull
            contact[k], extra[k] = total, total - elastic
            force[i] += total
            force[i + 1] -= total
        # centred speeds close the ledger at this instant; then advance
        half = 0.5 * step if steps == 0 else step
        kinetic = 0.0
        moving = False
        finite = True
        for i in range(n):
            old[i] = v[i]
            v[i] += force[i] / mass[i] * half
            centred = speed if steps == 0 else 0.5 * (v[i] + old[i])
            kinetic += 0.5 * mass[i] * centred * centred
            fallen += mass[i] * gravity * centred * step if steps > 0 else 0.5 * mass[i] * gravity * speed * step
            if (i == 0 or i >= elements) and v[i] > 0.0:
                moving = True
            if not np.isfinite(v[i]):
                finite = False
        if not finite:
            status = 2
            break
        for k in range(elements):
            c_new, c_old = v[k + 1] - v[k], old[k + 1] - old[k]
            loss_visc += damp[k] * area * 0.5 * (c_new + c_old) * step
        elastic_contact = 0.0
        for k in range(n - 1 - elements):
            i = elements + k
            loss_contact += extra[k] * 0.5 * (v[i + 1] - v[i] + old[i + 1] - old[i]) * step
            if contact[k] - extra[k] != 0.0:
                elastic_contact += 0.5 * (contact[k] - extra[k]) ** 2 / plays[k, 0]
        if time >= next_record:
            elastic_foam = 0.0
            for k in range(elements):
                elastic_foam += 0.5 * stress[k] * stress[k] / modulus * area * length
            elastic_ground = 0.5 * ground_force * ground_strain
            now = kinetic + elastic_foam + loss_foam + loss_visc + elastic_ground + loss_ground
            now += elastic_contact + loss_contact - fallen
            worst = max(worst, abs(now - start) / start)
            energy[0], energy[1], energy[2], energy[3] = kinetic, elastic_foam, loss_foam, loss_visc
            energy[4], energy[5], energy[6] = elastic_ground, loss_ground, elastic_contact
            energy[7], energy[8] = loss_contact, fallen
            if count < records.shape[0]:
                row = records[count]
                row[0], row[1], row[2] = time, u[0], u[elements] - u[0]
                row[3], row[4] = ground_force, absorber
                row[5] = v[0] if steps == 0 else 0.5 * (v[0] + old[0])
                for k in range(n - elements):
                    i = elements + k
                    row[6 + k] = speed if steps == 0 else 0.5 * (v[i] + old[i])
                for k in range(n - 1 - elements):
                    row[6 + n - elements + k] = contact[k]
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
