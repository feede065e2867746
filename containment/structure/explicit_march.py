"""Compiled time loop of the explicit elements: central differences, everything of a step inside, any element form."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from containment.structure.explicit_bound import fastest, stiffest
from containment.structure.explicit_contact import columns, strike_rocks
from containment.structure.explicit_faces import meet_faces
from containment.structure.explicit_full import full_quads
from containment.structure.explicit_hex import hexes
from containment.structure.explicit_kernel import elements
from containment.structure.explicit_laws import CONTACT_LOSS, HELD, HOURGLASS, OPTIONS, PLASTIC, VISCOUS
from containment.structure.explicit_parts import meet
from containment.structure.explicit_tet import tets

QUAD, FULL_QUAD, MEAN_QUAD, HEX, TET = 0, 1, 2, 3, 4
DONE, NOT_FINITE, COLLAPSED = 0, 2, 3

_COLLAPSE = 1e-2  # of the first step: an element crushed to a hundredth of its size is no longer one


class Elements(NamedTuple):
    """Arrays of one element form; what a form does not use is empty. As the kernels describe them."""

    form: int
    cells: NDArray[np.int64]
    lanes: NDArray[np.int64]
    blocks: NDArray[np.float64]
    slots: NDArray[np.int64]
    slot_volume: NDArray[np.float64]
    slot_bulk: NDArray[np.float64]
    pressure: NDArray[np.float64]
    grad: NDArray[np.float64]
    weight: NDArray[np.float64]
    hoop: NDArray[np.float64]
    rest: NDArray[np.float64]
    kind: NDArray[np.int64]
    laws: NDArray[np.float64]
    curves: NDArray[np.float64]
    strain_step: float
    state: NDArray[np.float64]
    control: NDArray[np.float64]


class Records(NamedTuple):
    """What is kept. `groups` (g, n): masses of each recorded mean. Rows of `history`: time, axial contact force, mean
    velocity of each group; `frame_times` (k,): when node positions (k, n, dim) and the state of
    every point (k, points, width) are kept; `energy` in the order of LEDGER."""

    groups: NDArray[np.float64]
    step: float
    history: NDArray[np.float64]
    frame_times: NDArray[np.float64]
    frames: NDArray[np.float64]
    frame_states: NDArray[np.float64]
    energy: NDArray[np.float64]


@njit(**OPTIONS)
def internal(x, v, force, m, step, loss):  # type: ignore[no-untyped-def]
    """Forces of the elements; returns the worst of them (`paced`), and their elastic energy."""
    if m.form == HEX:
        return hexes(
            x, v, force, m.cells, m.lanes, m.blocks, m.kind, m.laws, m.curves, m.strain_step, m.state, step, m.control,
            loss,
        )  # fmt: skip
    if m.form == TET:
        return tets(
            x, v, force, m.cells, m.slots, m.slot_volume, m.slot_bulk, m.pressure, m.grad, m.weight, m.kind, m.laws,
            m.curves, m.strain_step, m.state, step, m.control, loss,
        )  # fmt: skip
    if m.form == QUAD:
        return elements(
            x, v, force, m.cells, m.grad, m.rest, m.weight, m.hoop, m.kind, m.laws, m.curves, m.strain_step, m.state,
            step, m.control, loss,
        )  # fmt: skip
    return full_quads(
        x, v, force, m.cells, m.grad, m.weight, m.hoop, m.kind, m.laws, m.curves, m.strain_step, m.state, step,
        m.control, loss, m.form == MEAN_QUAD,
    )  # fmt: skip


@njit(**OPTIONS)
def _kinetic(v, force, mass, ease, last):  # type: ignore[no-untyped-def]
    """Kinetic energy half a step after `v`."""
    kinetic = 0.0
    for i in range(mass.size):
        for j in range(v.shape[1]):
            now = v[i, j] + 0.5 * last * ease[i, j] * force[i, j]
            kinetic += 0.5 * mass[i] * now * now
    return kinetic


@njit(**OPTIONS)
def _kick(v, force, ease, last, step):  # type: ignore[no-untyped-def]
    """Speeds over half of the last step and half of the next. `ease`: one over the mass, 0 where a node is held."""
    half = 0.5 * (last + step)
    for i in range(v.shape[0]):
        for j in range(v.shape[1]):
            v[i, j] += half * ease[i, j] * force[i, j]
            force[i, j] = 0.0


@njit(**OPTIONS)
def _drift(x, v, step):  # type: ignore[no-untyped-def]
    """Positions a step on."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] += v[i, j] * step


@njit(**OPTIONS)
def _sprung(own, surface, parts, faces, mass):  # type: ignore[no-untyped-def]
    """Fill `own` (n,) with the stiffness over mass that ground, rocks and other parts add to a node, 1/s^2."""
    own[:] = parts.omega2 + faces.omega2
    for k in range(surface.nodes.size):
        i = surface.nodes[k]
        own[i] += (surface.bed[k] + (surface.penalty[k] if surface.rocks.shape[0] > 0 else 0.0)) / mass[i]


@njit(**OPTIONS)
def _balance(energy, kinetic, stored, sprung, loss, start):  # type: ignore[no-untyped-def]
    """Fill the ledger; returns its error, of the energy at the start."""
    energy[0], energy[1], energy[2], energy[3] = kinetic, stored, loss[PLASTIC], loss[HOURGLASS] + loss[HELD]
    energy[4], energy[5], energy[6] = loss[VISCOUS], sprung, loss[CONTACT_LOSS]
    return abs(energy[:7].sum() - start) / start


@njit(**OPTIONS)
def _record(v, records, count, time, push):  # type: ignore[no-untyped-def]
    """One row of the history; returns the number of rows."""
    if count >= records.history.shape[0]:
        return count
    row, dim = records.history[count], v.shape[1]
    row[0], row[1] = time, push
    for g in range(records.groups.shape[0]):
        total = records.groups[g].sum()
        for j in range(dim):
            momentum = 0.0
            for i in range(v.shape[0]):
                momentum += records.groups[g, i] * v[i, j]
            row[2 + g * dim + j] = momentum / total
    return count + 1


@njit(**OPTIONS)
def _frame(x, state, records, frame):  # type: ignore[no-untyped-def]
    """Keep positions and the state of every point."""
    records.frames[frame] = x
    records.frame_states[frame] = state


@njit(**OPTIONS)
def march(x, v, mass, free, mesh, bound, surface, parts, faces, records, safety, end):  # type: ignore[no-untyped-def]
    """Central differences to `end`. Returns (records, steps, ledger error, status, smallest step).

    `free` (n, dim): 1 where a node moves. `parts` meet in the half plane, `faces` in space. Status: DONE, NOT_FINITE,
    or COLLAPSED (an element is about to turn over).
    """
    force, loss, energy = np.zeros_like(x), np.zeros(5), records.energy
    ease = free / np.expand_dims(mass, 1)
    start = _kinetic(v, force, mass, ease, 0.0)
    _sprung(bound.own, surface, parts, faces, mass)
    own = bound.own.max()
    stiff, slack, growth, cost, lost = np.inf, 0.0, 0.0, 0.0, 0.0
    time, next_record, count, steps, worst, least, frame = 0.0, 0.0, 0, 0, 0.0, 1e30, 0
    step, first = 0.0, 0.0
    while True:
        last, now = step, max(step, 1e-12)
        pace, stored = internal(x, v, force, mesh, now, loss)
        growth += np.sqrt(pace[2]) * last
        if lost >= cost:  # in steps, to what the bound has grown
            stiff, slack, cost = stiffest(x, mesh, bound)
            growth, lost = 0.0, 0.0
        push, sprung = columns(x, v, mass, force, surface, now, loss)
        struck, bent = strike_rocks(x, v, mass, force, surface, now, loss)
        bent += meet(x, v, mass, force, parts, now, loss) + meet_faces(x, v, mass, force, faces, now, loss)
        omega = fastest(pace, stiff, slack, growth, own)
        lost += 1.0 - fastest(pace, stiff, slack, 0.0, own) / omega
        step = safety * 2.0 / omega
        if not np.isfinite(step):
            return count, steps, worst, NOT_FINITE, least
        if steps == 0:
            first = step
        elif step < _COLLAPSE * first:
            return count, steps, worst, COLLAPSED, step
        least = min(least, step)
        if time >= next_record or time >= end:
            kinetic = _kinetic(v, force, mass, ease, last)
            worst = max(worst, _balance(energy, kinetic, stored, sprung + bent, loss, start))
            count = _record(v, records, count, time, push + struck)
            next_record += records.step
            if not np.isfinite(kinetic):
                return count, steps, worst, NOT_FINITE, least
        if frame < records.frame_times.size and time >= records.frame_times[frame]:
            _frame(x, mesh.state, records, frame)
            frame += 1
        if time >= end:
            return count, steps, worst, DONE, least
        _kick(v, force, ease, last, step)
        if time + step > end:
            step = end - time + 1e-15
        _drift(x, v, step)
        time += step
        steps += 1
