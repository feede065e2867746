"""Hexahedra go through in blocks: what stands beside an element must not change it."""

import numpy as np
import pytest

from containment.structure.crushable import Foam
from containment.structure.explicit_body import FoamSolid, Metal, Solid
from containment.structure.explicit_lanes import LANES, blocked, lanes
from containment.structure.explicit_march import internal
from containment.verification.bench_residual import block

YIELDS = Metal(7800.0, 200e9, 0.3, 200e6, hardening=1e9)
ELASTIC = Metal(7800.0, 200e9, 0.3, 1e30)  # its hourglass modes are held
CRUSHES = FoamSolid(Foam(plateau=1e6, modulus=1e8, density=100.0, densification_strain=0.7))
CONTROL = np.array([0.1, 0.06, 1.2])


def answer(body, x, v):
    """Forces, state, losses, worst element and elastic energy of one step."""
    mesh, force, loss = body.elements(CONTROL), np.zeros_like(x), np.zeros(5)
    pace, stored = internal(x, v, force, mesh, 1e-6, loss)
    return force, mesh.state, loss, np.array(pace), stored


def test_elements_in_blocks_of_several_materials_are_those_alone():
    rng = np.random.default_rng(5)
    whole = block("hex", rng)
    kind = np.arange(27) * 7 % 3
    materials = (YIELDS, ELASTIC, CRUSHES)
    x = whole.points @ (np.eye(3) + 0.02 * rng.standard_normal((3, 3))) + 0.01 * rng.standard_normal((64, 3))
    v = -20.0 * x + 5.0 * rng.standard_normal(x.shape)
    force, state, loss, pace, stored = answer(Solid(whole.points, whole.cells, kind, materials), x, v)
    alone = [answer(Solid(whole.points, whole.cells[e : e + 1], kind[e : e + 1] * 0, [materials[kind[e]]]), x, v)
             for e in range(27)]  # fmt: skip
    assert loss.min() >= 0.0 and np.count_nonzero(loss) == 4  # all but contact: each material did what it can
    assert force == pytest.approx(sum(one[0] for one in alone), rel=1e-12, abs=1e-12 * np.abs(force).max())
    assert state == pytest.approx(np.vstack([one[1] for one in alone]), rel=1e-13)
    assert loss == pytest.approx(sum(one[2] for one in alone), rel=1e-12)
    assert pace == pytest.approx(np.max([one[3] for one in alone], axis=0), rel=1e-12)
    assert stored == pytest.approx(sum(one[4] for one in alone), rel=1e-12)


def test_every_element_has_one_lane_among_its_own_material():
    kind = np.random.default_rng(1).integers(0, 3, 5 * LANES + 3)
    places = lanes(kind)
    taken = places[places >= 0]
    assert sorted(taken) == list(range(kind.size)) and places.shape[1] == LANES
    assert all(len(set(kind[row[row >= 0]])) == 1 and row[0] >= 0 for row in places)
    rows = blocked(np.column_stack([np.arange(kind.size), kind]), places).reshape(len(places), 2, LANES)
    assert np.array_equal(rows[:, 0][places >= 0], taken) and np.array_equal(rows[:, 1][places >= 0], kind[taken])
