"""The door to the finite-element stack: maps, solvers, files, and what happens when it is missing or stopped."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from xml.etree import ElementTree

import numpy as np
import pytest

from containment import fem
from containment.errors import SolverError, StorageError
from containment.fem import PETSc, dolfinx, ufl
from tests.meshing.sections import baseline, square


def test_tags_and_numbering_follow_the_section():
    section = baseline().section
    mesh, cell_tags, facet_tags = fem.to_dolfinx(section)
    r = ufl.SpatialCoordinate(mesh)[0]
    dx, ds = ufl.Measure("dx", mesh, subdomain_data=cell_tags), ufl.Measure("ds", mesh, subdomain_data=facet_tags)
    for name, number in section.regions.items():
        volume = 2 * np.pi * dolfinx.fem.assemble_scalar(dolfinx.fem.form(r * dx(number)))
        assert volume == pytest.approx(section.region_volume(name), rel=1e-12)  # same triangles: round-off
    for name in ("outer", "rim", "aft", "scv_aft"):
        area = 2 * np.pi * dolfinx.fem.assemble_scalar(dolfinx.fem.form(r * ds(section.facet_number(name))))
        assert area == pytest.approx(section.facet_area(name), rel=1e-12)


@pytest.mark.parametrize("name", ["scv_seal", "pcv_seal", "bondline", "scv_outer"])
def test_interior_lines_keep_their_tag(name):
    section = baseline().section
    mesh, _, facet_tags = fem.to_dolfinx(section)
    dS = ufl.Measure("dS", mesh, subdomain_data=facet_tags)
    r = ufl.SpatialCoordinate(mesh)[0]
    area = 2 * np.pi * dolfinx.fem.assemble_scalar(dolfinx.fem.form(ufl.avg(r) * dS(section.facet_number(name))))
    assert area == pytest.approx(section.facet_area(name), rel=1e-12)


def test_values_go_both_ways_in_the_order_of_the_section():
    section = square(6)
    mesh, _, _ = fem.to_dolfinx(section)
    nodes = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Lagrange", 1)))
    nodes.interpolate(lambda x: x[0] + 10.0 * x[1])
    exact = section.points @ [1.0, 10.0]
    assert np.allclose(fem.node_values(nodes), exact, rtol=0, atol=1e-14)
    fem.set_node_values(nodes, 2.0 * exact)
    assert np.array_equal(fem.node_values(nodes), 2.0 * exact)
    cells = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("DG", 0)))
    fem.set_cell_values(cells, section.region)
    centre = dolfinx.fem.Function(cells.function_space)
    centre.interpolate(lambda x: np.where(x[0] < 0.5, 1.0, 2.0))
    assert np.array_equal(cells.x.array, centre.x.array)
    vector = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Lagrange", 1, (2,))))
    fem.set_node_values(vector, section.points)
    assert np.array_equal(fem.node_values(vector), section.points)
    u = dolfinx.fem.assemble_scalar(dolfinx.fem.form(ufl.inner(vector, vector) * ufl.dx))
    assert u == pytest.approx(2 / 3, rel=1e-2)  # int r^2 + z^2 over the unit square, chord error of linear elements


@pytest.fixture
def system():
    """Mass-dominated matrix of a time step, its right side for the solution x = 1; the mesh lives as long."""
    mesh, _, _ = fem.to_dolfinx(square(20))
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1))
    u, v = ufl.TrialFunction(space), ufl.TestFunction(space)
    step = dolfinx.fem.Constant(mesh, 1e-3)
    form = dolfinx.fem.form(u * v * ufl.dx + step * ufl.dot(ufl.grad(u), ufl.grad(v)) * ufl.dx)
    matrix = dolfinx.fem.petsc.assemble_matrix(form)
    matrix.assemble()
    ones = matrix.createVecRight()
    ones.set(1.0)
    yield matrix, matrix * ones
    del mesh


@pytest.mark.parametrize("method", ["lu", "gmres"])
def test_linear_solvers_solve_and_follow_a_changed_matrix(system, method):
    matrix, right = system
    solver = fem.LinearSolver(matrix, method=method)
    found = matrix.createVecRight()
    solver.solve(right, found)
    assert np.allclose(found.array, 1.0, atol=1e-8)  # ten times the residual tolerance of the iterative method
    matrix.scale(2.0)
    solver.refresh()
    solver.solve(right, found)
    assert np.allclose(found.array, 0.5, atol=1e-8)
    assert solver.fallbacks == 0


def test_the_iterative_solver_falls_back_to_lu(system):
    matrix, right = system
    solver = fem.LinearSolver(matrix, method="gmres", iterations=1, tolerance=1e-14)
    found = matrix.createVecRight()
    solver.solve(right, found)
    assert solver.fallbacks == 1 and np.allclose(found.array, 1.0, atol=1e-10)


def test_a_singular_matrix_is_a_solver_error_with_history(system):
    matrix, right = system
    matrix.zeroEntries()
    matrix.assemble()
    solver = fem.LinearSolver(matrix, method="gmres", iterations=3)
    with pytest.raises(SolverError, match="441 unknowns failed") as caught:
        solver.solve(right, matrix.createVecRight())
    assert caught.value.exit_code == 4 and "what to do" in str(caught.value)


def read_xdmf(path):
    """(time, {name: array}) of every step, following the references into the HDF5 file."""
    import h5py

    steps = []
    for grid in ElementTree.parse(path).getroot().iter("Grid"):
        if grid.get("GridType") == "Collection":
            continue
        arrays = {}
        for part in grid:
            for item in part.iter("DataItem"):
                name, place = item.text.split(":")
                with h5py.File(path.parent / name) as data:
                    arrays[part.get("Name", part.tag)] = data[place][:]
                assert tuple(map(int, item.get("Dimensions").split())) == arrays[part.get("Name", part.tag)].shape
        steps.append((float(grid.find("Time").get("Value")), arrays))
    return steps


def test_field_files_hold_every_time(tmp_path):
    section = square(3)
    mesh, _, _ = fem.to_dolfinx(section)
    heat = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Lagrange", 1)))
    part = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("DG", 0)))
    move = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Lagrange", 1, (2,))))
    square_order = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("Lagrange", 2)))
    fem.set_cell_values(part, section.region)
    fem.set_node_values(move, section.points)
    with fem.FieldFile(tmp_path / "fields", mesh) as file:
        for moment in (0.0, 2.5):
            heat.x.array[:] = 300.0 + moment
            file.write({"temperature": heat, "part": part, "move": move}, moment)
    steps = read_xdmf(tmp_path / "fields.xdmf")
    assert [moment for moment, _ in steps] == [0.0, 2.5]
    fields = steps[1][1]
    assert np.allclose(fields["temperature"], 302.5) and np.array_equal(fields["part"], section.region)
    assert np.array_equal(fields["Topology"], section.triangles)
    assert np.allclose(fields["move"], fields["Geometry"]) and fields["move"].shape == (len(section.points), 3)
    with pytest.raises(SolverError, match="neither first order"):
        fem.write_fields(tmp_path / "new" / "other", mesh, {"u": square_order})
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write"):
        fem.write_fields(tmp_path / "file" / "other", mesh, {"u": heat})


def run_python(code, **options):
    script = textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_without_the_stack_the_user_hears_what_to_install():
    done = run_python("""
        import sys
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("dolfinx_solver", "dolfinx", "petsc4py", "mpi4py"):
                    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        sys.meta_path.insert(0, Absent())
        from containment.errors import MissingPartError
        try:
            import containment.fem
        except MissingPartError as error:
            print(error.exit_code, error)
    """)
    assert done.stdout.startswith("6 the finite-element part cannot be loaded") and "pip install" in done.stdout


def test_a_stopped_process_dies_of_the_signal_and_says_nothing():
    script = "import containment.fem, time; print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGTERM)
    _, said = child.communicate(timeout=30)
    assert child.returncode == -signal.SIGTERM and "PETSC" not in said.upper()


def test_half_made_forms_of_a_killed_process_are_cleared(tmp_path):
    cache = tmp_path / "fenics"
    cache.mkdir()
    for name, age in (("old", 3600), ("fresh", 0), ("done", 3600)):
        path = cache / f"libffcx_forms_{name}.c"
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    (cache / "libffcx_forms_done.c.cached").touch()
    done = run_python("import containment.fem", env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert {p.name for p in cache.glob("*.c")} == {"libffcx_forms_fresh.c", "libffcx_forms_done.c"}


def test_real_numbers_and_version():
    assert np.issubdtype(PETSc.ScalarType, np.floating) and dolfinx.__version__.startswith("0.11")
