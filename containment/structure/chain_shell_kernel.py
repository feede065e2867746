"""Compiled shell of the capsule's chain: rings joined by thick-shell elements that stretch, bend, shear and yield.

Each ring has a place x = (r, z) and a director n = (sin a, -cos a) towards the ground, a its slope; the shell folds
about radii of its own thickness, so its fibres count where they lie: x + y n. Between two rings, in the frame (t, n) of
their mean director, with the difference D of their places and phi of their slopes,

    fibre:     l(y) = D.t + 2 y sin(phi/2),  radius  R(y) = r + y n_r cos(phi/2),  slip  D.n,
    strains:   e1 = dl/l,  e2 = dR/R,  g = d(D.n)/l  (per step, at its middle),

one point along the element (no locking; Hughes, The Finite Element Method, 5.4 and 6), three fibres of equal volume
across it, in each plane-stress J2 with transverse shear, s1^2 - s1 s2 + s2^2 + 3 tau^2 <= Y^2. Forces follow from the
virtual work of these strains, on places and slopes alike. Flow keeps the volume: thickness t = t0 (l0 r0)/(l r).

`way` per ring: cosine and sine of its slope. `plate` per element: stretch D.t, slip D.n, bow 2 sin(phi/2), mean radius,
lever n_r cos(phi/2), then the changes of these five since the last step, t_r, t_z, cos(phi/2), tension from the squeeze
(cleared), first area l0 r0.
"""

from __future__ import annotations

import numpy as np
from numba import njit

FIBRES = 3  # two make a sandwich, which tension and bending together bring to yield too early
PLATE, STATE, SKIN = 15, 4 * FIBRES, 5  # widths of the tables
_STRETCH, _SLIP, _BOW, _RADIUS, _LEVER = 0, 1, 2, 3, 4
_CHANGE, _ALONG, _ACROSS, _HALF, _TENSION, _AREA = 5, 10, 11, 12, 13, 14
_SHEAR_FACTOR = 5.0 / 6.0  # of an elastic section (Reissner)

# Not "nnan" and "ninf": a run that has gone wrong must be seen.
_OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@njit(inline="always", **_OPTIONS)
def _fibre(s1, s2, s3, e1, e2, slip, shell, measure):  # type: ignore[no-untyped-def]
    """Stresses along, around and across (shear) after the strain increments, plastic measure, work lost per volume."""
    modulus, poisson, strength, hardening = shell
    plane, shear = modulus / (1.0 - poisson * poisson), _SHEAR_FACTOR * 0.5 * modulus / (1.0 + poisson)
    t1, t2, t3 = s1 + plane * (e1 + poisson * e2), s2 + plane * (e2 + poisson * e1), s3 + shear * slip
    size2, lost = t1 * t1 - t1 * t2 + t2 * t2 + 3.0 * t3 * t3, 0.0
    yields = strength + hardening * measure
    if size2 > yields * yields:
        size = np.sqrt(size2)
        grown = (size - yields) / (modulus + hardening)
        share = (yields + hardening * grown) / size
        flow = (1.0 - share) / modulus
        p1, p2, p3 = flow * (t1 - poisson * t2), flow * (t2 - poisson * t1), (1.0 - share) / shear * t3
        t1, t2, t3, measure = share * t1, share * t2, share * t3, measure + grown
        lost = 0.5 * ((t1 + s1) * p1 + (t2 + s2) * p2 + (t3 + s3) * p3)
    return t1, t2, t3, measure, lost


@njit(inline="always", **_OPTIONS)
def measure(r, z, way, plate):  # type: ignore[no-untyped-def]
    """Elements as they lie now: fills `plate` and the changes since it was last filled; returns the shortest length."""
    shortest = np.inf
    for k in range(r.size - 1):
        cosine, sine = way[k, 0] + way[k + 1, 0], way[k, 1] + way[k + 1, 1]
        size = np.sqrt(cosine * cosine + sine * sine)
        along, across, half = cosine / size, sine / size, 0.5 * size
        bow = (way[k, 0] * way[k + 1, 1] - way[k, 1] * way[k + 1, 0]) / half
        dr, dz = r[k + 1] - r[k], z[k + 1] - z[k]
        now = (dr * along + dz * across, dr * across - dz * along, bow, 0.5 * (r[k] + r[k + 1]), across * half)
        for i in range(5):
            plate[k, _CHANGE + i], plate[k, i] = now[i] - plate[k, i], now[i]
        plate[k, _ALONG], plate[k, _ACROSS], plate[k, _HALF], plate[k, _TENSION] = along, across, half, 0.0
        shortest = min(shortest, now[_STRETCH])
    return shortest


@njit(**_OPTIONS)
def lay(r, z, way, plate):  # type: ignore[no-untyped-def]
    """First directors (across the chords that meet at a ring), lengths and areas."""
    last = r.size - 1
    for j in range(last + 1):
        before, after = max(j - 1, 0), min(j, last - 1)
        c = s = 0.0
        for k in (before, after):
            dr, dz = r[k + 1] - r[k], z[k + 1] - z[k]
            length = np.hypot(dr, dz)
            c, s = c + dr / length, s + dz / length
        size = np.hypot(c, s)
        way[j, 0], way[j, 1] = c / size, s / size
    way[0, 0], way[0, 1] = 1.0, 0.0
    measure(r, z, way, plate)
    for k in range(last):
        plate[k, _AREA] = plate[k, _STRETCH] * plate[k, _RADIUS]


@njit(inline="always", **_OPTIONS)
def turn(way, spun, step):  # type: ignore[no-untyped-def]
    """Directors after a step at the angular speeds `spun`; a step turns by 1e-3, so a square is enough."""
    for j in range(1, spun.size):
        angle = spun[j] * step
        fall = 1.0 - 0.5 * angle * angle
        way[j, 0], way[j, 1] = fall * way[j, 0] - angle * way[j, 1], fall * way[j, 1] + angle * way[j, 0]


@njit(inline="always", **_OPTIONS)
def swell(r, way, plate, first, thickness, last, skin):  # type: ignore[no-untyped-def]
    """Where the surfaces of the shell are. `first` per ring: radius and length of its elements. `skin` per ring: half a
    thickness, its share along z at the start, how far the surface has risen, the speed of that, elements' length."""
    elements = r.size - 1
    for j in range(r.size):
        before, after = max(j - 1, 0), min(j, elements - 1)
        length = plate[before, _STRETCH] + plate[after, _STRETCH]
        ratio = first[j, 1] / length
        ratio *= first[j, 0] / r[j] if j > 0 else ratio
        half = 0.5 * thickness * ratio
        rise = half * way[j, 0] - skin[j, 1]
        skin[j, 3] = (rise - skin[j, 2]) / last if last > 0.0 else 0.0
        skin[j, 0], skin[j, 2], skin[j, 4] = half, rise, length


@njit(inline="always", **_OPTIONS)
def squeeze(r, way, plate, skin, apart, drawn, pull, spin):  # type: ignore[no-untyped-def]
    """What axial forces `apart` on both surfaces and radial ones `drawn` on the inner one do to the shell, by virtual
    work on lengths, slopes and radii."""
    elements = r.size - 1
    for j in range(r.size):
        before, after = max(j - 1, 0), min(j, elements - 1)
        across = skin[j, 0] * (apart[j] * way[j, 0] - drawn[j] * way[j, 1])
        tension = across / skin[j, 4]
        if j == 0:
            tension *= 2.0
        else:
            pull[j] += drawn[j] - across / r[j]
            spin[j] -= skin[j, 0] * (apart[j] * way[j, 1] + drawn[j] * way[j, 0])
        plate[before, _TENSION] += tension
        plate[after, _TENSION] += tension


@njit(inline="always", **_OPTIONS)
def stiffen(plate, sheet, shell, state, pull, force, spin):  # type: ignore[no-untyped-def]
    """Forces and moments of the elements on their rings; returns elastic energy and work lost.

    `sheet` per element: volume of the section, first distance of the outer fibres from the middle; `state` per fibre:
    stresses along, around, across and plastic measure.
    """
    stored, lost, shear = 0.0, 0.0, _SHEAR_FACTOR * 0.5 * shell[0] / (1.0 + shell[1])
    for k in range(plate.shape[0]):
        stretch, slip, bow, radius, lever, d_stretch, d_slip, d_bow, d_radius, d_lever = plate[k, :_ALONG]
        along, across, half, tension = plate[k, _ALONG:_AREA]
        w, far = sheet[k, 0] / FIBRES, sheet[k, 1] * plate[k, _AREA] / (stretch * radius)
        moment, shift, hoop, tilt = 0.0, 0.0, 0.0, 0.0
        for i in range(FIBRES):
            c, y = 4 * i, far * (1.0 - 2.0 * i / (FIBRES - 1))
            per_length, per_ring = 1.0 / (stretch + y * bow), 1.0 / (radius + y * lever)
            e1, e2 = (d_stretch + y * d_bow) * per_length, (d_radius + y * d_lever) * per_ring
            middle = 1.0 + 0.5 * e1  # over the length in the middle of the step, to its third order
            t1, t2, t3, state[k, c + 3], work = _fibre(
                state[k, c], state[k, c + 1], state[k, c + 2],
                e1 * middle, e2 * (1.0 + 0.5 * e2), d_slip * per_length * middle, shell, state[k, c + 3],
            )  # fmt: skip
            state[k, c], state[k, c + 1], state[k, c + 2] = t1, t2, t3
            lost += w * work
            stored += 0.5 * w * ((t1 * t1 + t2 * t2 - 2.0 * shell[1] * t1 * t2) / shell[0] + t3 * t3 / shear)
            pulls, rings = w * t1 * per_length, w * t2 * per_ring
            tension, moment, shift = tension + pulls, moment + y * pulls, shift + w * t3 * per_length
            hoop, tilt = hoop + rings, tilt + y * rings
        fr, fz = tension * along + shift * across, tension * across - shift * along
        pull[k] += fr - 0.5 * hoop
        pull[k + 1] -= fr + 0.5 * hoop
        force[k] += fz
        force[k + 1] -= fz
        both = 0.5 * (stretch * shift - slip * tension + tilt * along * half)
        bend = moment * half - 0.25 * across * bow * tilt
        spin[k] -= both - bend
        spin[k + 1] -= both + bend
    return stored, lost
