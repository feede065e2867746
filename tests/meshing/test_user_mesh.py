"""The user's own mesh: the same section through every format gives the same arrays and the same field; faults named."""

import hashlib
import importlib
import tomllib

import meshio
import numpy as np
import pytest

from containment import share
from containment.case.geometry import UserMesh
from containment.errors import DataError
from containment.meshing import user_mesh
from tests.meshing.sections import baseline

REFERENCE = share.shipped("meshes") / "reference"


@pytest.fixture(scope="module")
def section():
    return baseline(0.04).section


@pytest.fixture(scope="module")
def files(section, tmp_path_factory):
    """The baseline section in millimetres as gmsh, Abaqus, MED, Nastran and VTK files, by ending."""
    folder = tmp_path_factory.mktemp("meshes")
    points = np.column_stack([1e3 * section.points, np.zeros(len(section.points))])
    cells = [("triangle", section.triangles), ("line", section.facets)]
    numbers = [section.region.astype(np.int32), section.facet.astype(np.int32)]
    named = {name: [n, 2] for name, n in section.regions.items()} | {n: [k, 1] for n, k in section.facet_names.items()}
    field_data = {name: np.array(entry) for name, entry in named.items()}
    none = np.array([], dtype=int)
    sets = {name: [np.flatnonzero(section.region == n), none] for name, n in section.regions.items()}
    nodes = {name: section.facet_nodes(name) for name in section.facet_names}
    med = meshio.Mesh(points[:, :2], cells, cell_data={"cell_tags": [-n for n in numbers]})
    med.cell_tags = {-number: [name] for name, (number, _) in named.items()}
    gmsh = {"gmsh:physical": numbers, "gmsh:geometrical": numbers}
    meshes = {
        "msh": (meshio.Mesh(points, cells, cell_data=gmsh, field_data=field_data), {"file_format": "gmsh22"}),
        "inp": (meshio.Mesh(points, cells[:1], cell_sets={k: v[:1] for k, v in sets.items()}, point_sets=nodes), {}),
        "med": (med, {}),
        "bdf": (meshio.Mesh(points, cells, cell_data={"nastran:ref": numbers}), {}),
        "vtu": (meshio.Mesh(points, cells, cell_data={"part": numbers}), {}),
        "vtk": (meshio.Mesh(points, cells, cell_data={"part": numbers}), {}),
    }
    for ending, (mesh, options) in meshes.items():
        meshio.write(folder / f"section.{ending}", mesh, **options)
    return folder


def request(section, path, **change):
    """What a case would say for one of the files: names where the format has them, numbers otherwise."""
    named = path.suffix in (".msh", ".inp", ".med")
    maps = {
        "regions": {name: name if named else number for name, number in section.regions.items()},
        "facets": {name: name if named else number for name, number in section.facet_names.items()},
    }
    return UserMesh(**{"file": str(path), "length_unit": "mm", **maps, **change})


ENDINGS = ("msh", "inp", "med", "bdf", "vtu", "vtk")


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_gives_the_same_section(section, files, ending):
    found = user_mesh.read(request(section, files / f"section.{ending}"))
    # Nastran's short fields carry 16 characters: 1e-9 of the coordinate in mm; the others are exact up to the unit
    assert np.allclose(found.points, section.points, rtol=0, atol=1e-11)
    assert np.array_equal(found.triangles, section.triangles) and found.regions == section.regions
    assert np.array_equal(found.region, section.region)
    for name in section.facet_names:
        edges = [
            np.unique(np.sort(s.facets[s.facet == s.facet_number(name)], axis=1), axis=0) for s in (found, section)
        ]
        assert np.array_equal(*edges)


def conduction(section):
    """Steady temperature with 1 W/m/K in gaps, 10 elsewhere, 300 K on the outer surface, 1 kW/m3 everywhere."""
    from containment import fem
    from containment.fem import PETSc, dolfinx, ufl

    mesh, _, facet_tags = fem.to_dolfinx(section)
    conductivity = dolfinx.fem.Function(dolfinx.fem.functionspace(mesh, ("DG", 0)))
    fem.set_cell_values(conductivity, np.where(np.char.endswith(section.cell_names(), "gap"), 1.0, 10.0))
    space = dolfinx.fem.functionspace(mesh, ("Lagrange", 1))
    u, v, r = ufl.TrialFunction(space), ufl.TestFunction(space), ufl.SpatialCoordinate(mesh)[0]
    dx = ufl.Measure("dx", mesh)
    outer = facet_tags.find(section.facet_number("outer"))
    wall = dolfinx.fem.locate_dofs_topological(space, 1, outer)
    bc = dolfinx.fem.dirichletbc(PETSc.ScalarType(300.0), wall, space)
    a = dolfinx.fem.form(conductivity * ufl.dot(ufl.grad(u), ufl.grad(v)) * r * dx)
    source = dolfinx.fem.form(dolfinx.fem.Constant(mesh, 1000.0) * v * r * dx)
    matrix = dolfinx.fem.petsc.assemble_matrix(a, bcs=[bc])
    matrix.assemble()
    right = dolfinx.fem.petsc.assemble_vector(source)
    dolfinx.fem.petsc.apply_lifting(right, [a], [[bc]])
    dolfinx.fem.petsc.set_bc(right, [bc])
    found = dolfinx.fem.Function(space)
    fem.LinearSolver(matrix).solve(right, found.x.petsc_vec)
    return fem.node_values(found)


def test_three_formats_carry_the_same_solution_through_the_solver(section, files):
    reference = conduction(section)
    assert reference.max() > 301.0  # the source heats the inside
    for ending in ("msh", "inp", "vtu"):
        found = user_mesh.read(request(section, files / f"section.{ending}"))
        # coordinates agree to 1e-16 m of 1 m: the solutions to round-off of a direct solver
        assert np.allclose(conduction(found), reference, rtol=1e-9, atol=0)


def test_three_formats_give_the_same_soak(section, files):
    """Through the real stages: heat shield once, then mesh and soak on each file."""
    from containment import stages
    from containment.case.geometry import Geometry
    from containment.case.load import load_case

    base = load_case("msr-ees")
    fidelity = base.settings("screening").model_copy(update={"soak_steps": 20})
    upstream = stages.run_chain(base, fidelity, ["entry", "heatshield"]).results
    found = {}
    for ending in ("msh", "inp", "vtu"):
        mesh = request(section, files / f"section.{ending}")
        case = base.model_copy(update={"geometry": Geometry(mesh=mesh, regions=dict(base.geometry.regions))})
        results = dict(upstream)
        for name in ("mesh", "soak"):
            results[name] = importlib.import_module(stages.STAGES[name].module).run(case, results, fidelity)
        found[ending] = results["soak"].value("peak_scv_seal_temperature")
    assert found["inp"] == found["msh"] == found["vtu"] and found["msh"] > 270.0  # it warms from the cold of the cruise


def test_files_of_gmsh_itself_old_and_new_text_and_binary(tmp_path):
    import gmsh

    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        for number, height in ((1, 0.0), (2, 1.0)):
            gmsh.model.occ.addRectangle(0.0, height, 0.0, 1.0, 1.0, number)
        gmsh.model.occ.fragment([(2, 1)], [(2, 2)])
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, [1], 11, "lower")
        gmsh.model.addPhysicalGroup(2, [2], 12, "upper")
        shared = set(gmsh.model.getAdjacencies(2, 1)[1]) & set(gmsh.model.getAdjacencies(2, 2)[1])
        gmsh.model.addPhysicalGroup(1, list(shared), 13, "between")
        gmsh.model.mesh.generate(2)
        for version in (2.2, 4.1):
            for binary in (0, 1):
                gmsh.option.setNumber("Mesh.MshFileVersion", version)
                gmsh.option.setNumber("Mesh.Binary", binary)
                gmsh.write(str(tmp_path / f"v{version}-{binary}.msh"))
    finally:
        gmsh.finalize()
    for path in sorted(tmp_path.iterdir()):
        regions, facets = {"tps": "lower", "os": "upper"}, {"bondline": "between"}
        found = user_mesh.read(UserMesh(file=str(path), length_unit="m", regions=regions, facets=facets))
        assert found.region_volume("tps") == pytest.approx(np.pi, rel=1e-12)  # straight sides: exact
        assert found.facet_area("bondline") == pytest.approx(np.pi, rel=1e-12)


def test_axes_and_units_of_the_file(section, tmp_path):
    turned = np.column_stack([-section.points[:, 1], section.points[:, 0], np.zeros(len(section.points))]) / 0.0254
    mesh = meshio.Mesh(turned, [("triangle", section.triangles)], cell_data={"part": [section.region.astype(np.int32)]})
    meshio.write(tmp_path / "a.vtu", mesh)
    wanted = request(section, tmp_path / "a.vtu", length_unit="inch", radial="y", axial="-x", facets={})
    assert np.allclose(user_mesh.read(wanted).points, section.points, rtol=0, atol=1e-14)  # round-off


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kept", [0.0, 0.35, 0.9])
def test_a_truncated_file_is_an_error_with_its_name(section, files, tmp_path, ending, kept):
    whole = (files / f"section.{ending}").read_bytes()
    path = tmp_path / f"cut.{ending}"
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(DataError) as caught:
        user_mesh.read(request(section, path))
    assert f"cut.{ending}" in str(caught.value) and caught.value.exit_code == 3


def test_faults_name_what_the_file_has(section, files, tmp_path):
    path = files / "section.msh"
    good = request(section, path)
    for change, words in (
        ({"regions": {**good.regions, "tps": "TPSS"}}, ["no region 'TPSS' (for our 'tps')", "absorber", "'tps'?"]),
        ({"regions": {n: n for n in section.regions if n != "os"}}, ["belong to no mapped region", "os"]),
        ({"regions": {**good.regions, "more": "tps"}}, ["'tps' and 'more' share triangles"]),
        ({"facets": {"outer": 999}}, ["no line set '999'", "bondline"]),
        ({"file": str(tmp_path / "none.msh")}, ["found no mesh file", "none.msh"]),
        ({"axial": "z"}, ["no area"]),
        ({"radial": "-x"}, ["r = -"]),
    ):
        with pytest.raises(DataError) as caught:
            user_mesh.read(request(section, path, **change))
        for word in words:
            assert word in str(caught.value)


def test_untagged_and_quadrilateral_meshes_are_refused(tmp_path, section):
    points = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    meshio.write(tmp_path / "bare.vtu", meshio.Mesh(points, [("triangle", [[0, 1, 2], [0, 2, 3]])]))
    meshio.write(tmp_path / "quad.vtu", meshio.Mesh(points, [("quad", [[0, 1, 2, 3]])]))
    meshio.write(tmp_path / "line.vtu", meshio.Mesh(points, [("line", [[0, 1]])]))
    for name, words in (("bare", "the file has none"), ("quad", "quadrilaterals"), ("line", "no triangles")):
        with pytest.raises(DataError, match=words):
            user_mesh.read(UserMesh(file=str(tmp_path / f"{name}.vtu"), length_unit="m", regions={"tps": 1}))


def test_reference_mesh_is_unchanged_and_readable():
    for line in (REFERENCE / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((REFERENCE / name).read_bytes()).hexdigest() == digest
        assert (REFERENCE / name).stat().st_size < 1_000_000
    recipe = tomllib.loads((share.shipped("meshes") / "sphere-cone-capsule.toml").read_text())
    wanted = UserMesh(
        file=str(REFERENCE / "section-40mm.msh"), length_unit="mm",
        regions={name: name for name in recipe["regions"]}, facets={name: name for name in recipe["facets"]},
    )  # fmt: skip
    found, fresh = user_mesh.read(wanted), baseline(0.012)
    for name, volume in fresh.volumes.items():
        assert found.region_volume(name) == pytest.approx(volume, rel=4e-3)  # chords of 16 mm on 0.15 m: 0.2 %
