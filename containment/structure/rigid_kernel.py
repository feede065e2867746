"""Compiled landing of a rigid body in six degrees of freedom on columns of soil: the whole loop, serial.

Translation by central differences; rotation by the angular momentum in space and a quaternion moved by the rate at the
middle of each step, so that without torque momentum is exact and energy holds to second order. Patches are worked on
in body axes. `soil`: strength, depth gradient, inertia, stiffness, viscosity, friction, ploughing.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from containment.structure.explicit_laws import OPTIONS

LEDGER = ("kinetic", "soil_elastic", "soil_dissipated", "friction", "gravity")
RESTED, MOVING, NOT_FINITE = 0, 1, 2
WIDTH = 12  # of a record: time, velocity, rate in space, direction of the axis, depth of the lowest patch, force
_STILL = 1e-5  # of the largest energy: three thousandths of the landing speed, a millimetre of lift
_HOLD = 0.05  # s it must stay so: a body that topples passes its ridge at g times some milliradians
_COARSER = 1e-3  # of the time so far, the least between records: the peak comes early
_LONGEST = 2e-3  # s, a step in free flight
_CAUTION = 0.5  # of the height of the lowest point, which a step in flight may use up
_LEVELLED = 0.25  # of what would stop a patch's share of the body within a step, so that friction cannot reverse it


@njit(inline="always", **OPTIONS)
def _rotation(q):  # type: ignore[no-untyped-def]
    """Rows of the rotation from body axes into space."""
    w, x, y, z = q[0], q[1], q[2], q[3]
    return (
        1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y),
        2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x),
        2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y),
    )  # fmt: skip


@njit(inline="always", **OPTIONS)
def _into(r, x, y, z):  # type: ignore[no-untyped-def]
    """Body axes from space."""
    return r[0] * x + r[3] * y + r[6] * z, r[1] * x + r[4] * y + r[7] * z, r[2] * x + r[5] * y + r[8] * z


@njit(inline="always", **OPTIONS)
def _out(r, x, y, z):  # type: ignore[no-untyped-def]
    """Space from body axes."""
    return r[0] * x + r[1] * y + r[2] * z, r[3] * x + r[4] * y + r[5] * z, r[6] * x + r[7] * y + r[8] * z


@njit(inline="always", **OPTIONS)
def _rate(r, spin, inertia):  # type: ignore[no-untyped-def]
    """Rate in body axes of an angular momentum in space."""
    x, y, z = _into(r, spin[0], spin[1], spin[2])
    return x / inertia[0], y / inertia[1], z / inertia[2]


@njit(inline="always", **OPTIONS)
def _turned(q, wx, wy, wz, step):  # type: ignore[no-untyped-def]
    """Quaternion turned for `step` s at a rate in space."""
    speed = np.sqrt(wx * wx + wy * wy + wz * wz)
    half = 0.5 * speed * step
    c, s = np.cos(half), (np.sin(half) / speed if speed > 0.0 else 0.0)
    x, y, z = wx * s, wy * s, wz * s
    a, b, d, e = q[0], q[1], q[2], q[3]
    w0, x0 = c * a - x * b - y * d - z * e, c * b + x * a + y * e - z * d
    y0, z0 = c * d - x * e + y * a + z * b, c * e + x * d - y * b + z * a
    size = 1.0 / np.sqrt(w0 * w0 + x0 * x0 + y0 * y0 + z0 * z0)
    return w0 * size, x0 * size, y0 * size, z0 * size


@njit(**OPTIONS)
def turn(q, spin, inertia, step):  # type: ignore[no-untyped-def]
    """Orientation after a step with the angular momentum `spin` (space) and principal moments `inertia`."""
    r = _rotation(q)
    x, y, z = _rate(r, spin, inertia)
    wx, wy, wz = _out(r, x, y, z)
    r = _rotation(_turned(q, wx, wy, wz, 0.5 * step))
    x, y, z = _rate(r, spin, inertia)
    wx, wy, wz = _out(r, x, y, z)
    return _turned(q, wx, wy, wz, step)


@njit(inline="always", **OPTIONS)
def _column(own, soil, limit, closing, last, wet, area, loss):  # type: ignore[no-untyped-def]
    """Advance one column of full `area` m^2; returns its force N and its elastic energy J."""
    stiff = soil[3]
    elastic, flow = own[0] + closing * last, 0.0
    if elastic * stiff > limit:
        flow = elastic - limit / stiff
        elastic = limit / stiff
    held, slow = max(stiff * elastic, 0.0), 0.0
    if elastic > 0.0:
        slow = min(max(held + soil[4] * closing, 0.0), limit) - held
    loss[0] += 0.5 * (own[1] * own[3] + held * wet) * area * flow
    loss[0] += 0.5 * (own[2] * own[3] + slow * wet) * area * closing * last
    mean = 0.5 * (own[1] + held) / stiff
    loss[0] -= 0.5 * mean * mean * stiff * area * (wet - own[3])  # new area starts unstrained
    own[0], own[1], own[2], own[3] = elastic, held, slow, wet
    return (held + slow) * area * wet, 0.5 * held * held / stiff * area * wet


@njit(inline="always", **OPTIONS)
def _wetting(edges, up, depth):  # type: ignore[no-untyped-def]
    """How far a patch sinks until it is all wet, m, and the wet share of it."""
    reach = abs(edges[0, 0] * up[0] + edges[0, 1] * up[1] + edges[0, 2] * up[2]) + 1e-9
    reach += abs(edges[1, 0] * up[0] + edges[1, 1] * up[1] + edges[1, 2] * up[2])
    return reach, min(max(0.5 + depth / reach, 0.0), 1.0)


@njit(**OPTIONS)
def _ground(  # type: ignore[no-untyped-def]
    points, normals, areas, edges, soil, up, height, velocity, rate, last, travel, mass, inertia, touching, bed, loss,
    push,
):  # fmt: skip
    """Forces of all columns in body axes into `push` (force, moment); advances the columns and their losses.

    A column is closed at the rate g.u of its patch, g = (n.N) N + ploughing (n - (n.N) N): pressure along the ground's
    normal N alone, or along the patch's own. `bed` rows: elastic closing (negative: a gap), elastic pressure, viscous
    pressure, wet share, friction, half diagonal of the patch. Returns elastic energy, depth of the deepest point (at
    least, where nothing is wet), number of patches that bear, and the sum of k A (|g|^2/m + |x g|^2/I), which bounds
    the largest omega^2 until the wet area has grown by one `travel`.
    """
    stiff, friction, plough = soil[3], soil[5], soil[6]
    ux, uy, uz = up
    vx, vy, vz = velocity
    wx, wy, wz = rate
    stored, deepest, bearing, square = 0.0, -1e30, 0, 0.0
    for i in range(6):
        push[i] = 0.0
    least = min(inertia[0], min(inertia[1], inertia[2]))
    for k in range(areas.size):
        x, y, z = points[k, 0], points[k, 1], points[k, 2]
        depth = height - (ux * x + uy * y + uz * z)
        own = bed[k]
        if own[3] == 0.0 and depth < -own[5]:
            deepest = max(deepest, depth + own[5])
            continue
        reach, wet = _wetting(edges[k], up, depth)
        deepest = max(deepest, depth + 0.5 * reach)
        if wet == 0.0 and own[3] == 0.0:
            continue
        nx, ny, nz = normals[k, 0], normals[k, 1], normals[k, 2]
        facing = nx * ux + ny * uy + nz * uz
        if wet == 0.0 or facing >= 0.0:
            # out of the ground, or turned away from it: what the column held is lost; the next one is untouched
            loss[0] += 0.5 * max(own[0], 0.0) ** 2 * stiff * areas[k] * own[3]
            own[0], own[1], own[2], own[3], own[4] = 0.0, 0.0, 0.0, 0.0, 0.0
            continue
        sx, sy, sz = vx + wy * z - wz * y, vy + wz * x - wx * z, vz + wx * y - wy * x
        rise = sx * ux + sy * uy + sz * uz
        flat = (1.0 - plough) * facing
        gx, gy, gz = flat * ux + plough * nx, flat * uy + plough * ny, flat * uz + plough * nz
        closing = gx * sx + gy * sy + gz * sz
        below = depth if wet == 1.0 else 0.5 * (depth + 0.5 * reach)
        limit = soil[0] + soil[1] * max(below, 0.0)
        if rise < 0.0:
            limit += soil[2] * rise * rise
        force, elastic = _column(own, soil, limit, closing, last, wet, areas[k], loss)
        stored += elastic
        ax, ay, az = y * gz - z * gy, z * gx - x * gz, x * gy - y * gx
        soft = (gx * gx + gy * gy + gz * gz) / mass
        soft += ax * ax / inertia[0] + ay * ay / inertia[1] + az * az / inertia[2]
        square += stiff * areas[k] * min(wet + travel / reach, 1.0) * soft
        fx, fy, fz = -force * gx, -force * gy, -force * gz
        rub = 0.0
        hx, hy, hz = sx - rise * ux, sy - rise * uy, sz - rise * uz
        slide = np.sqrt(hx * hx + hy * hy + hz * hz)
        if friction > 0.0 and slide > 0.0:
            rub = -friction * force * facing
            if last > 0.0:
                share = _LEVELLED / (max(touching, 1) * last * (1.0 / mass + (x * x + y * y + z * z) / least))
                rub = min(rub, share * slide)
            fx, fy, fz = fx - rub * hx / slide, fy - rub * hy / slide, fz - rub * hz / slide
            loss[1] += 0.5 * (own[4] + rub) * slide * last
        own[4] = rub
        if force > 0.0:
            bearing += 1
        push[0] += fx
        push[1] += fy
        push[2] += fz
        push[3] += y * fz - z * fy
        push[4] += z * fx - x * fz
        push[5] += x * fy - y * fx
    return stored, deepest, bearing, square


@njit(**OPTIONS)
def _record(row, time, now, rate, axis, depth, force):  # type: ignore[no-untyped-def]
    """One row of the history."""
    row[0], row[10], row[11] = time, depth, np.sqrt(force[0] ** 2 + force[1] ** 2 + force[2] ** 2)
    for i in range(3):
        row[1 + i], row[4 + i], row[7 + i] = now[i], rate[i], axis[i]


@njit(**OPTIONS)
def _columns(points, edges):  # type: ignore[no-untyped-def]
    """Untouched columns of all patches, and how far the farthest is from the centre of gravity."""
    bed, far = np.zeros((points.shape[0], 6)), 0.0
    for k in range(points.shape[0]):
        far = max(far, np.sqrt((points[k] ** 2).sum()))
        bed[k, 5] = 0.5 * (np.sqrt((edges[k, 0] ** 2).sum()) + np.sqrt((edges[k, 1] ** 2).sum())) + 1e-6
    return bed, far


@njit(**OPTIONS)
def _step(velocity, rate, far, depth, square, slow, safety, travel):  # type: ignore[no-untyped-def]
    """Bounded step, s; longer in flight."""
    fastest = np.sqrt(velocity[0] ** 2 + velocity[1] ** 2 + velocity[2] ** 2)
    fastest += far * np.sqrt(rate[0] ** 2 + rate[1] ** 2 + rate[2] ** 2)
    step = min(max(travel, -_CAUTION * depth) / max(fastest, 1e-12), _LONGEST)
    if square > 0.0:
        step = min(step, safety * (np.sqrt(slow * slow + 4.0 / square) - slow))
    return step


@njit(**OPTIONS)
def march(  # type: ignore[no-untyped-def]
    points, normals, areas, edges, soil, normal, level, mass, inertia, place, velocity, q, spin, gravity, safety,
    travel, end, record_step, records, energy,
):  # fmt: skip
    """Move the body until it rests or to `end`. Returns (records, steps, ledger error, status, rest time, depth).

    `place` (3) centre of gravity, `velocity` (3), `q` orientation, `spin` (3) angular momentum, all in space and
    overwritten; ground: points with normal.x = `level`. A step is at most `safety` of that bounded by the wet columns
    (omega^2 dt^2/4 + c/k omega^2 dt/2 <= 1), and no patch moves farther than `travel` m in one near the ground.
    """
    bed, far = _columns(points, edges)
    loss, push, orientation = np.zeros(2), np.zeros(6), (q[0], q[1], q[2], q[3])
    start, most, begun = 0.0, 0.0, place[2]
    time, last, next_record, still, deepest = 0.0, 0.0, 0.0, -1.0, 0.0
    count, steps, worst, touching, status = 0, 0, 0.0, 0, MOVING
    while True:
        r = _rotation(orientation)
        rate = _rate(r, spin, inertia)
        up = _into(r, normal[0], normal[1], normal[2])
        height = level - (normal[0] * place[0] + normal[1] * place[1] + normal[2] * place[2])
        stored, depth, touching, square = _ground(
            points, normals, areas, edges, soil, up, height, _into(r, velocity[0], velocity[1], velocity[2]), rate,
            last, travel, mass, inertia, touching, bed, loss, push,
        )  # fmt: skip
        deepest = max(deepest, depth)
        fx, fy, fz = _out(r, push[0], push[1], push[2])
        tx, ty, tz = _out(r, push[3], push[4], push[5])
        fz -= mass * gravity
        half = 0.5 * last
        now = (velocity[0] + half * fx / mass, velocity[1] + half * fy / mass, velocity[2] + half * fz / mass)
        here = (spin[0] + half * tx, spin[1] + half * ty, spin[2] + half * tz)
        mx, my, mz = _into(r, here[0], here[1], here[2])
        kinetic = 0.5 * mass * (now[0] ** 2 + now[1] ** 2 + now[2] ** 2)
        kinetic += 0.5 * (mx * mx / inertia[0] + my * my / inertia[1] + mz * mz / inertia[2])
        if steps == 0:
            start = kinetic
        energy[0], energy[1], energy[2], energy[3] = kinetic, stored, loss[0], loss[1]
        energy[4] = mass * gravity * (begun - place[2])
        most = max(most, kinetic)  # of a body that only rolls off, most of it comes later
        worst = max(worst, abs(energy[0] + energy[1] + energy[2] + energy[3] - energy[4] - start) / most)
        if not np.isfinite(kinetic + worst):
            return count, steps, worst, NOT_FINITE, time, deepest
        if time >= next_record and count < records.shape[0]:
            turning = _out(r, mx / inertia[0], my / inertia[1], mz / inertia[2])
            borne = (fx, fy, fz + mass * gravity)
            _record(records[count], time, now, turning, (r[2], r[5], r[8]), depth, borne)
            count += 1
            next_record = time + max(record_step, _COARSER * time)
        if kinetic > _STILL * most:
            still = -1.0
        elif still < 0.0:
            still = time
        if still >= 0.0 and time > still + _HOLD:
            status = RESTED
            break
        if time >= end:
            break
        step = _step(velocity, rate, far, depth, square, soil[4] / soil[3], safety, travel)
        half = 0.5 * (last + step)
        force, moment = (fx, fy, fz), (tx, ty, tz)
        for i in range(3):
            velocity[i] += half * force[i] / mass
            spin[i] += half * moment[i]
            place[i] += velocity[i] * step
        orientation = turn(orientation, spin, inertia, step)
        time += step
        last = step
        steps += 1
    q[0], q[1], q[2], q[3] = orientation
    return count, steps, worst, status, (still if status == RESTED else time), deepest
