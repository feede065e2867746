"""The bound of the largest frequency against eigenvalues of the stiffness that the kernels' own forces make."""

import numpy as np
import pytest

from containment.structure.explicit import Body, Control
from containment.structure.explicit_bound import fastest, stiffest
from containment.structure.explicit_march import internal
from containment.verification.bench_residual import block

FORMS = [("quad", True), ("hex", False), ("hex", True), ("tet", True)]
VISCOUS = np.array([0.0, 0.5, 1.2])  # the hourglass control stays out: it has its own modes


def changes(body, control, x, v, of):
    """(dof, dof) minus the derivative of the kernel's forces by places or by speeds, by central differences."""
    size = {"x": 1e-6, "v": 1e-3}[of]
    columns = []
    for k in range(x.size):
        pair = []
        for sign in (size, -size):
            places, speeds, force = x.copy(), v.copy(), np.zeros_like(x)
            (places if of == "x" else speeds).flat[k] += sign
            internal(places, speeds, force, body.elements(control), 1e-12, np.zeros(5))
            pair.append(force.ravel())
        columns.append((pair[1] - pair[0]) / (2.0 * size))
    return 0.5 * (np.array(columns) + np.array(columns).T)


def case(form, braced, held):
    """A rough block of 3 x 3 (x 3) cells, its bound, and 1/sqrt(m) of what moves."""
    body = block(form, np.random.default_rng(11), braced=braced)
    nodes = np.flatnonzero(body.points[:, -1] < 1e-9) if held else np.empty(0, dtype=np.int64)
    free, mass = Control(fixed_axial=nodes).free(body), body.node_mass()
    scale = (free / np.sqrt(mass)[:, None]).ravel()
    return body, body.assembly(free, mass), scale[:, None] * scale


@pytest.mark.parametrize(("form", "braced"), FORMS)
@pytest.mark.parametrize("held", [False, True])
def test_bound_lies_above_the_largest_frequency_and_below_the_worst_element(form, braced, held):
    body, bound, scale = case(form, braced, held)
    x = body.points.copy()
    stiff, slack, _ = stiffest(x, body.elements(np.zeros(3)), bound)
    true = np.linalg.eigvalsh(changes(body, np.zeros(3), x, 0.0 * x, "x") * scale)[-1]
    assert true < stiff < (1.0 + 1e-12) * bound.omega2.max() and stiff <= slack
    if form == "quad":
        assert stiff < 1.3 * true < 0.7 * bound.omega2.max()  # sharp, where the worst element is not


@pytest.mark.parametrize(("form", "braced"), FORMS)
def test_the_step_bears_bulk_viscosity(form, braced):
    body, bound, scale = case(form, braced, held=True)
    x = body.points.copy()
    rng = np.random.default_rng(3)
    v = -300.0 * x + 40.0 * rng.standard_normal(x.shape)  # compresses, each cell in its own way
    mesh = body.elements(VISCOUS)
    stiff, slack, _ = stiffest(x, mesh, bound)
    pace, _ = internal(x, v, np.zeros_like(x), mesh, 1e-12, np.zeros(5))
    assert pace[1] > 0.2 * np.sqrt(stiff)  # viscosity that counts
    step = 2.0 / fastest(pace, stiff, slack, 0.0, 0.0)
    stiffness, damping = changes(body, np.zeros(3), x, v, "x"), changes(body, VISCOUS, x, v, "v")
    assert np.linalg.eigvalsh((step**2 * stiffness + 2.0 * step * damping) * scale)[-1] < 4.0
    # the step that leaves viscosity out would be longer
    assert step < 2.0 / np.sqrt(stiff)


@pytest.mark.parametrize(("form", "braced"), FORMS)
def test_bound_holds_while_the_mesh_moves_on(form, braced):
    body, bound, _ = case(form, braced, held=False)
    mesh, x = body.elements(np.zeros(3)), body.points.copy()
    stiff, slack, _ = stiffest(x, mesh, bound)
    v = -x + 0.3 * np.random.default_rng(5).standard_normal(x.shape)
    growth, step = 0.0, 2e-3
    for _ in range(50):
        x += v * step
        pace, _ = internal(x, v, np.zeros_like(x), mesh, step, np.zeros(5))
        growth += np.sqrt(pace[2]) * step
    anew = stiffest(x, mesh, bound)[0]
    assert 1.05 * stiff < anew < stiff + np.expm1(2.0 * growth) * slack  # has grown, by less than said


def test_contact_stiffness_is_counted_where_it_acts():
    body, bound, _ = case("quad", True, held=False)
    mesh = body.elements(np.zeros(3))
    alone, _, _ = stiffest(body.points, mesh, bound)
    bound.own[5] = 10.0 * alone
    assert 10.0 * alone < stiffest(body.points, mesh, bound)[0] < 11.5 * alone
    bound.own[:], bound.weights[:] = alone, 1.0
    assert stiffest(body.points, mesh, bound)[0] == pytest.approx(2.0 * alone, rel=0.05)


class StifflyHeld(Body):
    """Hourglass modes held so stiffly that they are the highest of the mesh."""

    def _hold(self):
        return super()._hold() * [40.0, 40.0, 40.0, 1.0 / 40.0]


def test_what_quads_hold_in_their_hourglass_modes_is_in_the_bound():
    plain = case("quad", True, held=False)[0]
    body = StifflyHeld(plain.points, plain.cells, plain.kind, plain.materials)
    free, mass = Control().free(body), body.node_mass()
    scale, x = (free / np.sqrt(mass)[:, None]).ravel(), body.points.copy()
    stiff, slack, _ = stiffest(x, body.elements(np.zeros(3)), body.assembly(free, mass))
    true = np.linalg.eigvalsh(changes(body, np.zeros(3), x, 0.0 * x, "x") * (scale[:, None] * scale))[-1]
    without = stiffest(x, plain.elements(np.zeros(3)), plain.assembly(free, mass))[0]
    assert 1.5 * without < true < stiff < 1.3 * true and stiff <= slack
