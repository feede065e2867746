"""Stage "mesh" of the shipped case: masses add up, faults are cases or data of exit 3, results can be stored."""

import numpy as np
import pytest

from containment.case.load import load_case
from containment.errors import CaseError, ContainmentError, DataError
from containment.meshing import stage
from containment.meshing.mesh import SectionMesh
from tests.meshing.sections import baseline


def run(*overrides, mesh_size=0.03, fields=None):
    case = load_case("msr-ees", overrides)
    fidelity = case.settings("screening").model_copy(update={"mesh_size": mesh_size})
    return stage.run(case, {}, fidelity, fields=fields)


@pytest.fixture(scope="module")
def result():
    return run(mesh_size=0.012)


def test_masses_add_up_to_the_vehicle(result):
    case = load_case("msr-ees")
    regions = sum(result.value(f"{name}_mass") for name in case.geometry.regions)
    assert regions + result.value("unmodelled_mass") == pytest.approx(case.vehicle.entry_mass, rel=1e-12)
    assert "mass_total" not in result.checks  # nothing stated: the remainder follows the vehicle's mass
    assert result.value("os_mass") == 14.0
    assert result.checks and all(check.ok for check in result.checks.values())
    assert any("not modelled (the remainder" in note for note in result.notes)


def test_data_carry_the_mesh_and_its_filling(result):
    section = SectionMesh.from_dataset(result.data)
    number = section.region_number("scv")
    # Ti-6Al-4V at 20 degC: the table of the card starts with 4419.9 kg/m3 at 295.75 K
    assert float(result.data["region_density"].sel(region=number)) == pytest.approx(4419.9, rel=1e-4)
    volume = float(result.data["region_volume"].sel(region=number))
    assert volume == pytest.approx(section.region_volume("scv"), rel=1e-12)
    assert all("units" in variable.attrs for variable in result.data.data_vars.values())


def test_survives_netcdf(result, tmp_path):
    import xarray as xr

    result.data.to_netcdf(tmp_path / "mesh.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "mesh.nc", engine="h5netcdf") as data:
        again = SectionMesh.from_dataset(data.load())
    assert np.array_equal(again.triangles, SectionMesh.from_dataset(result.data).triangles)


def test_a_sample_changes_the_mesh_and_keeps_its_names(result):
    case = load_case("msr-ees").at({"geometry.regions.os.mass": 10.0, "vehicle.mass": 100.0})
    other = stage.run(case, {}, case.settings("screening"))
    assert other.value("os_mass") == 10.0
    assert other.value("unmodelled_mass") == pytest.approx(result.value("unmodelled_mass") + 5.0 + 4.0, abs=1e-9)


def test_fields_open_elsewhere(tmp_path):
    from tests.fem.test_fem import read_xdmf

    result = run(fields=tmp_path)
    ((_, fields),) = read_xdmf(tmp_path / "mesh.xdmf")
    assert np.array_equal(fields["region"], result.data["cell_region"].values) and fields["density"].max() > 4000.0


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ('geometry.shape.scv_wall="-2 mm"', ["geometry.shape.scv_wall", "positive"]),
        ('geometry.shape.scv_wall="2 kg"', ["geometry.shape.scv_wall", "a length"]),
        ('geometry.shape.scv_wal="2 mm"', ["geometry.shape.scv_wal", "'scv_wall'"]),
        ('heatshield.layers.tps.thickness="0.7 m"', ["700 mm tps", "300 mm"]),
        ('geometry.shape.tps_thickness="10 mm"', ["10 mm", "30 mm", "heatshield.layers.tps.thickness"]),
        ('geometry.shape.os_diameter="1.2 m"', ["vehicle inside its layers"]),
        ('geometry.regions.scv.material="unobtainium"', ["unobtainium"]),
        (
            'geometry.regions.scv.material="carbon-foam"',
            ["region 'scv' weighs", "geometry.regions.scv.mass", "2.53 kg"],
        ),
        ('vehicle.mass="30 kg"', ["the regions weigh", "30 kg"]),
        ('geometry.mesh={file="x.msh", length_unit="m", regions={tps=1}}', ["both shape and mesh"]),
        ('geometry.recipe="cube"', ["cube", "sphere-cone-capsule"]),
        ('geometry.regions.cargo.material="tacot"', ["cargo"]),
    ],
)
def test_bad_geometry_is_exit_3_with_both_sides(override, words):
    with pytest.raises(ContainmentError) as caught:
        run(override)
    assert caught.value.exit_code == 3 and isinstance(caught.value, CaseError | DataError)
    for word in words:
        assert word in str(caught.value)


def test_the_users_mesh_runs_through_the_stage(tmp_path):
    import meshio

    section = baseline(0.04).section
    points = np.column_stack([1e3 * section.points, np.zeros(len(section.points))])
    meshio.write(
        tmp_path / "own.vtu",
        meshio.Mesh(points, [("triangle", section.triangles)], cell_data={"part": [section.region.astype(np.int32)]}),
    )
    regions = ", ".join(f"{name} = {number}" for name, number in section.regions.items())
    case = tmp_path / "own.toml"
    case.write_text(
        'extends = "msr-ees"\nname = "own"\n[geometry.mesh]\nfile = "own.vtu"\nlength_unit = "mm"\n'
        f"regions = {{ {regions} }}\n"
    )
    # the shipped shape has to go for the file to count
    base = load_case("msr-ees")
    mesh_only = {"regions": dict(base.geometry.regions)}
    from containment.case.geometry import Geometry, UserMesh

    own = UserMesh(file=str(tmp_path / "own.vtu"), length_unit="mm", regions=dict(section.regions))
    found = stage.run(
        base.model_copy(update={"geometry": Geometry(mesh=own, **mesh_only)}), {}, base.settings("screening")
    )
    assert found.value("os_mass") == 14.0 and found.checks["mass_tps"].ok
    assert not found.checks["untagged_outline"].ok  # no line was mapped, and the check says so
    with pytest.raises(CaseError, match="both shape and mesh"):
        load_case(case)
