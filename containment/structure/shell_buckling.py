"""Linear buckling of bodies of revolution under axisymmetric loads into waves around the circumference.

    u_r = a cos n t,  u_z = b cos n t,  u_t = c sin n t:   (K_n + factor (S_n + P_n)) (a, b, c) = 0

K_n the elastic stiffness, S_n = int S_ij u_k,i u_k,j of the stress, P_n that of pressures that turn and stretch with
their surface. Solid elements through the wall, so that thick walls, rings and absorbers behind a shell are what they
are. Knock-down factors for the imperfections of real shells are in `knockdown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment import fem
from containment.errors import SolverError
from containment.fem import basix, dolfinx, ufl
from containment.structure.axisymmetric import AxisymmetricSolid
from containment.structure.loads import Supports
from containment.structure.statics import Statics, StaticsResult

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Buckling:
    """Lowest factor on the load by number of waves, and the mode of the lowest of all: (node, 3) a, b, c, largest 1."""

    factors: dict[int, float]
    mode: Floats

    @property
    def waves(self) -> int:
        """Number of waves of the lowest factor."""
        return min(self.factors, key=lambda n: self.factors[n])

    @property
    def factor(self) -> float:
        """Lowest factor of all."""
        return self.factors[self.waves]


class _Harmonic:
    """Forms over a space of three components on the section; `n` is a constant in them, so that they compile once."""

    def __init__(self, statics: Statics, answer: StaticsResult, pressure: Mapping[str, float | Floats]) -> None:
        self.solid = statics.solid
        mesh = self.solid.mesh_in_forms
        self.space = dolfinx.fem.functionspace(mesh, ("Lagrange", 2, (3,)))
        metadata = {"quadrature_degree": 2, "quadrature_scheme": "default"}
        self._dx = ufl.Measure("dx", mesh, metadata=metadata)
        state = answer.state
        fields = (state.tangent, statics.points.twist(state), state.stress)
        self._tangent, self._twist, self._stress = (self._field(values) for values in fields)
        self._r = ufl.SpatialCoordinate(mesh)[0]
        self.n = dolfinx.fem.Constant(mesh, 0.0)
        self._pressure = [self._on_line(name, value) for name, value in pressure.items()]
        stiffness, pushed = self._elastic(), self._pushed()
        self._forms = [dolfinx.fem.form(form) for form in (stiffness, pushed)]
        self._matrices = [dolfinx.fem.petsc.create_matrix(form) for form in self._forms]

    def _field(self, values: Floats) -> Any:
        rule = {"scheme": "default", "degree": 2, "value_shape": values.shape[2:]}
        mesh = self.solid.mesh_in_forms
        field = dolfinx.fem.Function(
            dolfinx.fem.functionspace(mesh, basix.ufl.quadrature_element("triangle", **rule))
        )  # fmt: skip
        field.x.array[:] = values.ravel()
        return field

    def _on_line(self, name: str, value: float | Floats) -> tuple[int, Any]:
        """A pressure as a field constant in the cells beside its line."""
        solid = self.solid
        field = dolfinx.fem.Function(dolfinx.fem.functionspace(solid.mesh_in_forms, ("DG", 0)))
        blocks, _, _, _ = solid.outer_edges(name)
        at_middle = np.full(solid.size // 2, np.nan)
        at_middle[blocks[:, 2]] = value
        found = np.nan_to_num(at_middle[solid.cell_blocks[:, 3:]]).sum(axis=1)
        field.x.array[:] = found
        return solid.section.facet_number(name), field

    def _gradient(self, w: Any) -> tuple[Any, Any, Any]:
        """Derivatives of (a, b, c) by r, by z, and around: the rows r, z, t of the displacement gradient."""
        a, b, c = w[0], w[1], w[2]
        around = ufl.as_vector([-(self.n * a + c), -self.n * b, self.n * c + a]) / self._r
        return w.dx(0), w.dx(1), around

    def _elastic(self) -> Any:
        def strains(w: Any) -> tuple[Any, Any]:
            by_r, by_z, around = self._gradient(w)
            section = ufl.as_vector([by_r[0], by_z[1], around[2], by_z[0] + by_r[1]])
            return section, ufl.as_vector([by_r[2] + around[0], by_z[2] + around[1]])

        u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        (su, tu), (sv, tv) = strains(u), strains(v)
        density = ufl.dot(ufl.dot(self._tangent, su), sv) + ufl.dot(ufl.dot(self._twist, tu), tv)
        return density * self._r * self._dx

    def _pushed(self) -> Any:
        """What the loads take from the stiffness: -(S_n + P_n), P_n made symmetric, as it is on closed surfaces."""
        u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        (ur, uz, ut), (vr, vz, vt) = self._gradient(u), self._gradient(v)
        s = self._stress
        turned = s[0] * ufl.dot(ur, vr) + s[1] * ufl.dot(uz, vz) + s[2] * ufl.dot(ut, vt)
        turned += s[3] * (ufl.dot(ur, vz) + ufl.dot(uz, vr))
        form = -turned * self._r * self._dx
        ds = ufl.Measure("ds", self.solid.mesh_in_forms, subdomain_data=self.solid.facet_tags)
        normal = ufl.FacetNormal(self.solid.mesh_in_forms)
        for number, pressure in self._pressure:
            both = self._following(u, v, normal) + self._following(v, u, normal)
            form += -0.5 * pressure * both * self._r * ds(number)
        return form

    def _following(self, u: Any, v: Any, normal: Any) -> Any:
        """Change of the area vector, ((div u) 1 - grad u^T) n, times v."""
        by_r, by_z, around = self._gradient(u)
        grown = by_r[0] + by_z[1] + around[2]
        back = [by[0] * normal[0] + by[1] * normal[1] for by in (by_r, by_z, around)]
        return (grown * normal[0] - back[0]) * v[0] + (grown * normal[1] - back[1]) * v[1] - back[2] * v[2]

    def lowest(self, n: int, free: Ints) -> tuple[float, Floats]:
        """Lowest factor and mode for n waves."""
        self.n.value = float(n)
        for form, matrix in zip(self._forms, self._matrices, strict=True):
            matrix.zeroEntries()
            dolfinx.fem.petsc.assemble_matrix(matrix, form)
            matrix.assemble()
        stiffness, pushed = self._matrices
        values, modes = fem.eigenvalues(pushed, stiffness, free, 1, tolerance=1e-6)
        return (1.0 / float(values[0]) if values[0] > 0.0 else np.inf), modes[0]


def buckling(
    statics: Statics, answer: StaticsResult, supports: Supports, waves: Iterable[int], *,
    pressure: Mapping[str, float | Floats] | None = None,
) -> Buckling:  # fmt: skip
    """Lowest factors on the loads of an elastic `answer` for each number of `waves`.

    `supports` of the buckled motion; a line held in r is held around as well (a diaphragm). `pressure` are the loads
    that follow their surface, as given to the statics. Raises SolverError when nothing buckles.
    """
    harmonic = _Harmonic(statics, answer, pressure or {})
    factors: dict[int, float] = {}
    best: Floats | None = None
    for n in waves:
        factors[n], mode = harmonic.lowest(n, _free(statics.solid, supports, n))
        if factors[n] == min(factors.values()):
            best = mode
    if best is None or not np.isfinite(min(factors.values())):
        raise SolverError("the loads pull only: no factor on them makes the body buckle", advice="check their sign")
    nodes = statics.solid.node_blocks(np.arange(len(statics.solid.section.points)))
    return Buckling(factors, best.reshape(-1, 3)[nodes] / np.abs(best).max())


def _free(solid: AxisymmetricSolid, supports: Supports, n: int) -> Ints:
    """Degrees of freedom that move in n waves, 3 * block + component; the blocks are those of the statics."""
    held = []
    for name in supports.radial:
        blocks = solid.named_blocks(name)
        held += [3 * blocks, 3 * blocks + 2]
    held += [3 * solid.named_blocks(name) + 1 for name in supports.axial]
    axis = solid.axis_blocks()
    if n == 0:  # twisting is a motion of its own
        held += [3 * axis, 3 * np.arange(solid.size // 2) + 2]
    else:
        held += [3 * axis + 1] if n == 1 else [3 * axis, 3 * axis + 1, 3 * axis + 2]
    if supports.pin is not None and n == 0:
        held.append(3 * solid.node_blocks(np.array([supports.pin])) + 1)
    return np.setdiff1d(np.arange(3 * (solid.size // 2)), np.concatenate(held))
