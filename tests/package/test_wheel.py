"""The wheel in an empty environment, used from an empty folder: everything shipped is found, nothing else is needed.

The environment holds the base dependencies only, copied file by file from the one the tests run in: the same versions,
no network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="needs the checkout to build from")


def _run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(command, cwd=folder, env=keep, capture_output=True, text=True, timeout=120, input="")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sdist, wheel); the wheel is built from the sdist, as a packager does."""
    out = tmp_path_factory.mktemp("dist")
    done = _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, folder=out)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.tar.gz")), next(out.glob("*.whl"))


def _base(wheel: Path) -> set[str]:
    """Distributions the wheel needs without extras, with what these need."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = Parser().parsestr(archive.read(name).decode()).get_all("Requires-Dist", [])
    found: set[str] = set()
    while lines:
        requirement = Requirement(lines.pop())
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in found:
            found.add(requirement.name)
            lines += metadata.requires(requirement.name) or []
    return found


@pytest.fixture(scope="module")
def fresh(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with the wheel and the base dependencies."""
    place = tmp_path_factory.mktemp("fresh")
    venv.create(place, with_pip=False, symlinks=True)
    bin_ = place / "bin"
    packages = next(place.glob("lib/python*/site-packages"))
    for name in _base(built[1]):
        for file in metadata.files(name) or []:
            source, target = Path(str(file.locate())), packages / file
            if source.is_file() and ".." not in file.parts and "__pycache__" not in file.parts:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    pip = (sys.executable, "-m", "pip", "--python", bin_ / "python", "--disable-pip-version-check")
    done = _run(*pip, "install", "--quiet", "--no-deps", "--no-index", built[1], folder=place)
    assert done.returncode == 0, done.stderr
    checked = _run(*pip, "check", folder=place)
    assert checked.returncode == 0, checked.stdout
    return bin_


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def _shipped() -> set[str]:
    """Data files of the tree that must travel."""
    folders = {"models": "models", "meshes": "meshes", "reports": "reports/templates"}
    return {
        f"containment/_share/{kind}/{file.relative_to(ROOT / folder).as_posix()}"
        for kind, folder in folders.items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }


def test_wheel_holds_the_code_the_data_the_licence_and_nothing_else(built: tuple[Path, Path]) -> None:
    names = set(zipfile.ZipFile(built[1]).namelist())
    shipped = _shipped()
    assert len(shipped) > 20 and shipped <= names
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "containment").rglob("*.py")}
    assert code <= names
    assert {name.split("/")[0] for name in names} == {"containment", "containment-0.1.0.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("containment/_share/tests")]


def test_sdist_holds_the_tests_and_no_finished_reviews(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"pyproject.toml", "README.md", "LICENSE", "tests/package/test_wheel.py"} <= set(names)
    assert not [name for name in names if name.startswith("reports/") and not name.startswith("reports/templates")]
    assert not [name for name in names if name.startswith((".venv", "runs", ".git/"))]


def test_list_shows_every_shipped_case_from_an_empty_folder(fresh: Path, empty: Path) -> None:
    done = _run(fresh / "containment", "list", folder=empty)
    assert done.returncode == 0, done.stderr
    for case in (ROOT / "models/cases").glob("*.toml"):
        assert re.search(rf"\b{re.escape(case.stem)}\b", done.stdout), case.stem


@pytest.mark.parametrize("case", sorted(path.stem for path in (ROOT / "models/cases").glob("*.toml")))
def test_every_shipped_case_is_valid_from_an_empty_folder(fresh: Path, empty: Path, case: str) -> None:
    done = _run(fresh / "containment", "check", case, folder=empty)
    assert done.returncode == 0, done.stderr
    assert "valid" in done.stdout
    assert list(empty.iterdir()) == []


def test_new_case_can_be_checked_at_once(fresh: Path, empty: Path) -> None:
    made = _run(fresh / "containment", "new", "mine", folder=empty)
    assert made.returncode == 0, made.stderr
    checked = _run(fresh / "containment", "check", "mine.toml", folder=empty)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("command", ["run", "entry", "soak", "infer"])
def test_what_the_base_cannot_do_is_a_missing_part_with_its_remedy(fresh: Path, empty: Path, command: str) -> None:
    done = _run(fresh / "containment", command, "msr-ees", folder=empty)
    assert done.returncode == 6, done.stderr
    assert "pip install" in done.stderr and "Traceback" not in done.stderr
    assert not list(empty.rglob("result.json"))


def test_doctor_works_without_any_extra_and_names_them(fresh: Path, empty: Path) -> None:
    done = _run(fresh / "containment", "doctor", folder=empty)
    assert done.returncode == 0, done.stderr
    missing = [line for line in done.stdout.splitlines() if line.startswith("missing")]
    assert any("pymc" in line and "containment[bayes]" in line for line in missing)
    assert any("gmsh" in line and "containment[fe]" in line for line in missing)
    assert "what is missing comes with:" in done.stdout


# What takes a second or more to import together: a help text or a look at a case must not wait for it.
_HEAVY = {
    "arviz", "dolfinx", "gmsh", "h5netcdf", "jinja2", "matplotlib", "meshio", "numba", "pandas", "petsc4py", "pyarrow",
    "pymc", "pytensor", "sklearn", "xarray",
}  # fmt: skip


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("check", "msr-ees")])
def test_help_and_check_import_nothing_heavy(empty: Path, arguments: tuple[str, ...]) -> None:
    # In the environment of the tests, where everything slow to import is installed.
    command = Path(sys.executable).parent / "containment"
    done = _run(sys.executable, "-X", "importtime", command, *arguments, folder=empty)
    assert done.returncode == 0, done.stderr
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "pydantic" in imported  # the list is what it should be
    assert not imported & _HEAVY
