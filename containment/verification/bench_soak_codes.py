"""The soak against independent codes: scikit-fem, CalculiX, and DOLFINx's own assembly of the weak form."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containment.meshing.mesh import SectionMesh
from containment.thermal.soak_conduction import SectionConduction, SurfaceExchange
from containment.thermal.soak_kernel import SIGMA
from containment.thermal.soak_march import march
from containment.thermal.soak_properties import Conductor, Filling, constant, layered, property_grid
from containment.verification import bench_calculix, bench_soak_capsule
from containment.verification.bench_sections import rectangle
from containment.verification.catalogue import Item

Floats = NDArray[np.float64]
_SIZE, _SECONDS, _FLUX = 0.006, 60.0, 5e4  # m, s, W/m^2: 35 000 nodes of CAX6, 660 K at the surface


def calculix() -> Iterator[Item]:
    """Linear conduction in the capsule's section against CAX6, implicit Euler, the same 30 steps; twice halved mesh."""
    name = "soak.calculix-cax6"
    if not bench_calculix.available():
        yield Item.not_run(name, "the programme ccx", "CalculiX (Debian package calculix-ccx), within 1.5 K")
        return
    problem = bench_soak_capsule.capsule(_SIZE, np.linspace(0.0, _SECONDS, 31), linear=True, flux=_FLUX)
    theirs = bench_calculix.solve(problem, order=2).temperature
    fine = bench_calculix.halved(bench_calculix.halved(problem.section))
    ours = bench_soak_capsule.euler(problem, bench_soak_capsule.system(problem, fine))
    difference = float(np.abs(ours[: theirs.size] - theirs).max())
    source = f"CalculiX, {theirs.size} nodes up to {theirs.max():.0f} K at the end; largest difference of any node"
    yield Item.at_most(name, 1.5, difference, "K", source)


def forms() -> Iterator[Item]:
    """Heat to the nodes from the compiled sums and from the weak form as DOLFINx assembles it."""
    section = rectangle(6, 5, r=(0.1, 0.4), z=(0.0, 0.2))
    cells = len(section.triangles)
    ramp = Conductor("ramp", np.array([200.0, 1000.0]), np.array([2e6, 6e6]), np.array([10.0, 50.0]))
    rows = np.zeros(cells, dtype=np.int32)
    stretch = layered(np.tile([0.6, 0.8], (cells, 1)), 8.0)
    filling = Filling(rows, rows, np.zeros((cells, 3)), stretch)
    exchange = SurfaceExchange(200.0, 350.0, 0.8, 280.0, flux=3e3)
    system = SectionConduction(section, property_grid([ramp]), filling, ("outer",))
    system.set_exchange("outer", exchange)
    temperature = 400.0 + 500.0 * section.points[:, 0] + 100.0 * np.sin(9.0 * section.points[:, 1])
    theirs = _assembled(section, temperature, stretch[0], exchange)
    difference = float(np.abs(system.heat(temperature) - theirs).max() / np.abs(theirs).max())
    # 1e-11: rounding; the look-up of a conductivity linear in temperature is exact
    yield Item.at_most("soak.forms", 1e-11, difference, "", "DOLFINx, the same weak form with the corner rule")


def _assembled(section: SectionMesh, temperature: Floats, stretch: Floats, exchange: SurfaceExchange) -> Floats:
    """(node,) heat to the nodes, W/rad, of a body with k = 10 + 0.05 (T - 200) W/m/K."""
    from containment import fem
    from containment.fem import dolfinx, ufl

    made = fem.to_dolfinx(section)
    space = dolfinx.fem.functionspace(made.mesh, ("Lagrange", 1))
    t, v = dolfinx.fem.Function(space), ufl.TestFunction(space)
    fem.set_node_values(t, temperature)
    r = ufl.SpatialCoordinate(made.mesh)[0]
    middle = dolfinx.fem.Function(dolfinx.fem.functionspace(made.mesh, ("DG", 0)))
    fem.set_cell_values(middle, section.points[section.triangles, 0].mean(axis=1))
    dx = ufl.Measure("dx", made.mesh, metadata={"quadrature_rule": "vertex", "quadrature_degree": 1})
    ds = ufl.Measure("ds", made.mesh, subdomain_data=made.facet_tags, metadata={"quadrature_degree": 5})
    tensor = ufl.as_matrix([[stretch[0], stretch[1]], [stretch[1], stretch[2]]])
    conductivity: Any = 10.0 + 0.05 * (t - 200.0)
    weight = 0.25 * r + 0.75 * middle
    rate = -conductivity * ufl.dot(tensor * ufl.grad(t), ufl.grad(v)) * weight * dx
    q = exchange.flux + exchange.film * (exchange.film_temperature - t)
    q += exchange.emissivity * SIGMA * (exchange.radiation_temperature**4 - t**4)
    rate += q * v * r * ds(section.facet_number("outer"))
    values = np.zeros(len(section.points))
    dolfinx.fem.assemble_vector(values, dolfinx.fem.form(rate))
    return np.asarray(values[fem.node_dofs(space)])


def scikit_fem() -> Iterator[Item]:
    """Linear transient conduction: the same SDIRK2 steps on scikit-fem matrices."""
    if importlib.util.find_spec("skfem") is None:
        yield Item.not_run("soak.scikit-fem", "scikit-fem", "a development tool; the same mesh and steps to 1e-8 K")
        return
    section = rectangle(12, 16, r=(0.0, 0.2), z=(0.0, 0.3))
    filling = Filling.plain(np.zeros(len(section.triangles), dtype=np.int32))
    grid = property_grid([constant("block", 2e6, 20.0)])
    system = SectionConduction(section, grid, filling, ("outer",), tolerance=1e-10)
    system.set_exchange("outer", SurfaceExchange(film=500.0, film_temperature=1000.0))
    times = np.linspace(0.0, 500.0, 21)
    ours, _ = march(system, np.full(len(section.points), 300.0), times, lambda t, temperature: None)
    theirs = _with_scikit_fem(section, 2e6, 20.0, 500.0, 1000.0, times)
    difference = float(np.abs(ours - theirs).max())
    yield Item.at_most("soak.scikit-fem", 1e-8, difference, "K", "scikit-fem, same mesh and steps, lumped storage")


def _with_scikit_fem(
    section: SectionMesh, capacity: float, conductivity: float, film: float, outside: float, times: Floats
) -> Floats:
    import skfem
    from scipy.sparse import diags
    from scipy.sparse.linalg import splu
    from skfem.helpers import dot, grad

    mesh = skfem.MeshTri(section.points.T.copy(), section.triangles.T.copy(), sort_t=False)
    basis = skfem.Basis(mesh, skfem.ElementTriP1(), intorder=4)
    ends = section.points[section.facets[section.facet == section.facet_number("outer")]]
    line = mesh.facets_satisfying(lambda x: np.isclose(x[0], ends[0, 0, 0]), boundaries_only=True)
    boundary = skfem.FacetBasis(mesh, skfem.ElementTriP1(), facets=line, intorder=4)
    storage = skfem.BilinearForm(lambda u, v, w: capacity * u * v * w.x[0]).assemble(basis)
    lumped = np.asarray(storage.sum(axis=1)).ravel()
    matrix = skfem.BilinearForm(lambda u, v, w: conductivity * dot(grad(u), grad(v)) * w.x[0]).assemble(basis)
    matrix = matrix + skfem.BilinearForm(lambda u, v, w: film * u * v * w.x[0]).assemble(boundary)
    load = skfem.LinearForm(lambda v, w: film * outside * v * w.x[0]).assemble(boundary)
    c, dt = 1.0 - 1.0 / np.sqrt(2.0), float(times[1] - times[0])
    factor = splu((diags(lumped) + c * dt * matrix).tocsc())
    t = np.full(len(lumped), 300.0)
    for _ in times[1:]:
        first = factor.solve(lumped * t + c * dt * load)
        slope = load - matrix @ first
        t = factor.solve(lumped * t + (1.0 - c) * dt * slope + c * dt * load)
    return t
