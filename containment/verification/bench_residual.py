"""Checks of the kernels of solids by other means: a UFL residual of the same stress, rotation, patch of odd shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from containment.structure.explicit import Body, Metal, Solid
from containment.structure.explicit_march import internal
from containment.structure.explicit_meshes import tetrahedra

Floats = NDArray[np.float64]

STEEL = Metal(8000.0, 200e9, 0.3, 1e30)
SOFT = Metal(8000.0, 200e9, 0.3, 1e6, 1e9)
Form = Literal["quad", "hex", "tet"]
_NO_DAMPING = np.zeros(3)
_STEP = 1e-9  # s, without meaning for laws that know no rate


def block(form: Form, rng: np.random.Generator, metal: Metal = STEEL, braced: bool = True) -> Body | Solid:
    """A block of 3 x 3 (x 3) cells of one metal whose inner nodes are displaced by a fifth of an edge."""
    axes = [np.arange(4.0)] * (2 if form == "quad" else 3)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
    inside = np.all((points > 0.5) & (points < 2.5), axis=1)
    points = points + 0.2 * rng.uniform(-1.0, 1.0, points.shape) * inside[:, None]
    n = np.arange(len(points)).reshape([4] * len(axes))
    if form == "quad":
        cells = np.column_stack([n[:-1, :-1].ravel(), n[1:, :-1].ravel(), n[1:, 1:].ravel(), n[:-1, 1:].ravel()])
        return Body(points, cells, np.zeros(len(cells), dtype=np.int64), [metal], braced=braced)
    corner = [(a & 1, a >> 1 & 1, a >> 2 & 1) for a in range(8)]
    cells = np.column_stack([n[i : i + 3, j : j + 3, k : k + 3].ravel() for i, j, k in corner])
    if form == "tet":
        cells = tetrahedra(cells)
    return Solid(points, cells, np.zeros(len(cells), dtype=np.int64), [metal], braced=braced)


def forces(body: Body | Solid, x: Floats, state: Floats | None = None) -> Floats:
    """(n, dim) forces of the kernel in the shape `x`, at rest; `state` as it was before (changed by what flows)."""
    mesh = body.elements(_NO_DAMPING)
    if state is not None:
        mesh.state[:] = state
    force = np.zeros_like(x)
    internal(x, np.zeros_like(x), force, mesh, _STEP, np.zeros(5))
    if state is not None:
        state[:] = mesh.state
    return force


def strained(body: Body | Solid, rng: np.random.Generator, size: float = 0.02) -> Floats:
    """Nodes in a stretched, sheared and rough shape."""
    dim = body.points.shape[1]
    linear = np.eye(dim) + size * rng.uniform(-1.0, 1.0, (dim, dim))
    return body.points @ linear.T + 0.2 * size * rng.uniform(-1.0, 1.0, body.points.shape) * (body.points[:, :1] > 0)


def _stress(body: Body | Solid, x: Floats, mean_gradients: Floats) -> tuple[Floats, Floats]:
    """(e, 3, 3) Kirchhoff stress of Hencky's law from the eigenvalues of F F^T, and F."""
    f = np.einsum("eai,eaj->eij", x[body.cells], mean_gradients)
    if isinstance(body, Body):
        ring = x[body.cells, 0].mean(axis=1) / body.points[body.cells, 0].mean(axis=1)
        space = np.zeros((len(f), 3, 3))
        space[:, :2, :2], space[:, 2, 2] = f, ring
        f = space
    size, axes = np.linalg.eigh(f @ np.swapaxes(f, 1, 2))
    logs = 0.5 * np.log(size)
    bulk, shear = STEEL.row()[2:4]
    tau = bulk * logs.sum(axis=1)[:, None] + 2.0 * shear * logs
    if not isinstance(body, Body) and body.cells.shape[1] == 4:
        tau += (_averaged_pressure(body, x, np.linalg.det(f)) - (bulk + 2.0 * shear / 3.0) * logs.sum(axis=1))[:, None]
    return np.einsum("eik,ek,ejk->eij", axes, tau, axes), f


def _averaged_pressure(body: Solid, x: Floats, jacobian: Floats) -> Floats:
    """(e,) Kirchhoff pressure of the nodal patches, tension positive."""
    volume = body.sizes()
    before = np.bincount(body.cells.ravel(), np.repeat(volume, 4))
    after = np.bincount(body.cells.ravel(), np.repeat(volume * jacobian, 4))
    bulk, shear = STEEL.row()[2:4]
    patch = (bulk + 2.0 * shear / 3.0) * np.log(after / before) * before / after
    return np.asarray(patch[body.cells].mean(axis=1) * jacobian)


def residual_error(form: Form, rng: np.random.Generator) -> float:
    """Largest difference of the kernel's forces from those UFL assembles from the same stress, over the largest."""
    from containment.fem import MPI, basix, dolfinx, ufl

    body = block(form, rng, braced=False)  # hourglass forces belong to no stress
    x = strained(body, rng)
    cell = {"quad": "quadrilateral", "hex": "hexahedron", "tet": "tetrahedron"}[form]
    dim = body.points.shape[1]
    order = body.cells[:, [0, 1, 3, 2]] if form == "quad" else body.cells  # DOLFINx numbers quads like a grid
    mesh = dolfinx.mesh.create_mesh(
        MPI.COMM_SELF, order, basix.ufl.element("Lagrange", cell, 1, shape=(dim,)), body.points
    )
    # the rule that makes the kernel's gradients: one point in the half plane, the exact mean in space
    measure = ufl.dx(metadata={"quadrature_degree": 1 if form == "quad" else 4})
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1, (dim,)))
    w = ufl.TestFunction(space)
    gradients = _gradients(body)
    tau, f = _stress(body, x, gradients)
    nominal = np.einsum("eij,ekj->eik", tau, np.linalg.inv(f))
    stress = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Discontinuous Lagrange", 0, (3, 3))))
    stress.x.array[:] = nominal[mesh.topology.original_cell_index].ravel()
    if form == "quad":
        r = ufl.SpatialCoordinate(mesh)[0]
        g = ufl.grad(w)
        virtual = stress[0, 0] * g[0, 0] + stress[0, 1] * g[0, 1] + stress[1, 0] * g[1, 0] + stress[1, 1] * g[1, 1]
        virtual = 2.0 * ufl.pi * r * (virtual + stress[2, 2] * w[0] / r)
    else:
        virtual = ufl.inner(stress, ufl.grad(w))
    residual = dolfinx.fem.assemble_vector(dolfinx.fem.form(virtual * measure)).array.reshape(-1, dim)
    theirs = np.zeros_like(x)
    theirs[mesh.geometry.input_global_indices[mesh.geometry.dofmaps[0]]] = residual[space.dofmap.list]
    return float(np.abs(forces(body, x) + theirs).max() / np.abs(theirs).max())


def _gradients(body: Body | Solid) -> Floats:
    """(e, corners, dim) gradients of the shape functions that make F, by Gauss points of the reference."""
    corners = body.points[body.cells]
    if isinstance(body, Body):
        half = body.gradients()
        return np.stack([half[:, :2], half[:, 2:], -half[:, :2], -half[:, 2:]], axis=1)
    if body.cells.shape[1] == 4:
        inner = np.linalg.inv(np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2))
        return np.concatenate([-inner.sum(axis=1, keepdims=True), inner], axis=1)
    total, volume = 0.0, 0.0
    for point in np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3), axis=-1).reshape(-1, 3) / np.sqrt(3.0):
        signs = np.array([[(a >> j & 1) * 2.0 - 1.0 for j in range(3)] for a in range(8)])
        factors = 1.0 + signs * point
        slopes = signs * np.column_stack(
            [factors[:, [1, 2]].prod(1), factors[:, [0, 2]].prod(1), factors[:, [0, 1]].prod(1)]
        )
        map_ = np.einsum("eai,aj->eij", corners, slopes / 8.0)
        share = np.linalg.det(map_)
        total = total + share[:, None, None] * np.einsum("eji,aj->eai", np.linalg.inv(map_), slopes / 8.0)
        volume = volume + share
    return np.asarray(total / np.asarray(volume)[:, None, None])


def rotation_error(form: Form, rng: np.random.Generator) -> float:
    """A strained and yielded block turned by an odd angle: change of its forces in its own frame, over the largest.

    In the half plane a rotation strains the hoop: there only what holds the hourglass modes is looked at.
    """
    if form == "quad":
        return _hold_rotation_error(rng)
    body = block(form, rng, SOFT)
    x = strained(body, rng)
    state = body.elements(_NO_DAMPING).state
    forces(body, x, state)  # flows
    before = forces(body, x, state)
    axis = np.array([0.3, -0.5, 0.8]) / np.linalg.norm([0.3, -0.5, 0.8])
    cross = np.cross(np.eye(3), axis)
    turn = np.eye(3) + np.sin(2.0) * cross + (1.0 - np.cos(2.0)) * cross @ cross
    after = forces(body, x @ turn.T, state)
    return float(np.abs(after - before @ turn.T).max() / np.abs(before).max())


def _hold_rotation_error(rng: np.random.Generator) -> float:
    """Change of what holds the hourglass modes of quads, in their own frame, over the largest."""
    flat = block("quad", rng)
    body = replace(flat, points=flat.points + np.array([3.0, 0.0]))
    bare = replace(body, braced=False)
    x, turn = strained(body, rng, 0.1), np.array([[np.cos(2.0), -np.sin(2.0)], [np.sin(2.0), np.cos(2.0)]])
    middle = x.mean(axis=0)
    before, after = (forces(body, y) - forces(bare, y) for y in (x, (x - middle) @ turn.T + middle))
    return float(np.abs(after - before @ turn.T).max() / np.abs(before).max())


def patch_error(form: Form, rng: np.random.Generator) -> float:
    """Uniform strain of a block of odd cells: largest force on an inner node over the largest on the surface.

    Quads lie at a radius of 1e6 edges, where the half plane is a plane: nearer to the axis a one-point ring does not
    integrate r exactly.
    """
    body = block(form, rng)
    far = np.array([1e6, 0.0]) if form == "quad" else np.zeros(3)
    moved = type(body)(body.points + far, body.cells, body.kind, body.materials)
    dim = len(far)
    linear = np.eye(dim) + 0.05 * rng.uniform(-1.0, 1.0, (dim, dim))
    if form == "quad":
        linear[0] = [1.0, 0.0]  # no hoop strain
        linear[1, 0] = 0.0
    force = forces(moved, body.points @ linear.T + far)
    inside = np.all((body.points > 0.5) & (body.points < 2.5), axis=1)
    return float(np.abs(force[inside]).max() / np.abs(force).max())
