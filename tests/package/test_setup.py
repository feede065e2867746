"""`make setup` and the doctor on machines that lack something: it is named with the command that brings it."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from containment import doctor
from containment.errors import MissingPartError

SCRIPTS = Path(__file__).resolve().parents[2] / ".ci"
needs_scripts = pytest.mark.skipif(not (SCRIPTS / "setup").is_file(), reason="only a checkout has the scripts")


class Machine:
    """A pretended machine: an interpreter that lacks what is asked of it, apt-get and id that answer as told."""

    def __init__(self, place: Path) -> None:
        self.place, self.bin = place, place / "bin"
        self.bin.mkdir()
        self.settings = {"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(place), "PYTHON": "python-here"}
        self.script("id", "echo 1000")
        self.script("apt-get", f'echo "apt-get $*" >> {place}/apt; touch {place}/installed')
        self.python()
        self.system("debian", "13")

    def script(self, name: str, text: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    def python(self, *lacking: str) -> None:
        """An interpreter for which every question that mentions one of these words fails until apt-get was run."""
        cases = "".join(f"*{word}*) [ -e {self.place}/installed ] || exit 1;;\n" for word in lacking)
        itself = '*sys.executable*) echo "$0"; exit;;\n'
        self.script("python-here", f'case "$*" in\n{itself}{cases}esac\nexec {sys.executable} "$@"')

    def system(self, name: str, version: str) -> None:
        release = self.place / "os-release"
        release.write_text(f'ID={name}\nVERSION_ID="{version}"\n')
        self.settings["OS_RELEASE"] = str(release)

    def look(self) -> subprocess.CompletedProcess[str]:
        command = ["sh", SCRIPTS / "system-packages"]
        return subprocess.run(command, env=self.settings, capture_output=True, text=True, timeout=60, input="")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if shutil.which("cc", path="/usr/bin:/bin") is None and shutil.which("gcc", path="/usr/bin:/bin") is None:
        pytest.skip("the machine has no compiler to find")
    return Machine(tmp_path)


@needs_scripts
def test_complete_machine_is_passed_in_silence(machine: Machine) -> None:
    done = machine.look()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_scripts
@pytest.mark.parametrize(
    ("lacking", "name", "package"),
    [
        ("ensurepip", "venv", r"python3\.\d+-venv"),
        ("libGLU.so.1", "libGLU", "libglu1-mesa"),
        ("libXft.so.2", "libXft", "libxft2"),
    ],
)
def test_first_line_names_what_is_missing_and_the_one_command(
    machine: Machine, lacking: str, name: str, package: str
) -> None:
    machine.python(lacking)
    done = machine.look()
    first = done.stdout.splitlines()[0]
    assert done.returncode == 1
    assert first.startswith("missing: ") and name in first
    assert re.search(rf"apt-get install -y --no-install-recommends {package}$", first)
    assert not (machine.place / "apt").exists()


@needs_scripts
def test_everything_missing_comes_with_one_command(machine: Machine) -> None:
    machine.python("ensurepip", "get_path", "CDLL")
    machine.settings["CC"] = "no-such-compiler"
    line = machine.look().stdout.splitlines()[0]
    for package in ("-venv", "-dev", "gcc libc6-dev", *doctor.GMSH_LIBRARIES.values()):
        assert package in line.split("apt-get")[1], package


@needs_scripts
def test_root_installs_and_goes_on(machine: Machine) -> None:
    machine.python("ensurepip", "libGLU.so.1")
    machine.script("id", "echo 0")
    done = machine.look()
    assert done.returncode == 0, done.stdout + done.stderr
    asked = (machine.place / "apt").read_text().splitlines()
    assert asked[0] == "apt-get update -q"
    assert asked[1].endswith("-venv libglu1-mesa")


@needs_scripts
def test_root_is_told_when_the_installation_did_not_help(machine: Machine) -> None:
    machine.python("ensurepip")
    machine.script("id", "echo 0")
    machine.script("apt-get", "exit 0")
    done = machine.look()
    assert done.returncode == 1
    assert "still missing" in done.stderr and "venv" in done.stderr


@needs_scripts
@pytest.mark.parametrize(
    ("system", "advice"),
    [
        (("debian", "13"), "apt-get install -y --no-install-recommends python3 python3-venv python3-dev"),
        (("ubuntu", "24.04"), "apt-get install -y --no-install-recommends python3 python3-venv python3-dev"),
        (("debian", "12"), "pyenv install"),
        (("ubuntu", "22.04"), "pyenv install"),
    ],
)
def test_missing_python_is_asked_for_where_the_system_has_it(
    machine: Machine, system: tuple[str, str], advice: str
) -> None:
    machine.system(*system)
    machine.settings["PYTHON"] = "no-such-python"
    done = machine.look()
    assert done.returncode == 1
    first = done.stdout.splitlines()[0]
    assert "Python >= 3.12" in first and advice in first


@needs_scripts
def test_python_is_found_behind_pyenv_and_an_old_one_is_not_taken(machine: Machine) -> None:
    for name in ("python3.13", "python3.12", "python3", "python3.14"):
        machine.script(name, "exit 127")  # what a shim of pyenv does for a version that is not chosen
    del machine.settings["PYTHON"]
    old, new = (machine.place / f".pyenv/versions/{version}/bin" for version in ("3.13.0", "3.12.1"))
    for folder, text in ((old, "exit 1"), (new, f'exec {sys.executable} "$@"')):
        folder.mkdir(parents=True)
        (folder / "python3").write_text(f"#!/bin/sh\n{text}\n")
        (folder / "python3").chmod(0o755)
    command = ["sh", SCRIPTS / "find-python"]
    done = subprocess.run(command, env=machine.settings, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == sys.executable
    shutil.rmtree(new)
    done = subprocess.run(command, env=machine.settings, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")


@needs_scripts
def test_setup_and_doctor_know_the_same_libraries() -> None:
    pairs = re.findall(r"(lib\w+\.so\.\d)=(\S+?)[\s;]", (SCRIPTS / "system-packages").read_text())
    assert dict(pairs) == doctor.GMSH_LIBRARIES


def test_doctor_finds_this_machine_complete_enough_to_run_tests() -> None:
    findings = {f.name: f for f in doctor.examine()}
    assert findings["numpy"].state == "ok"
    assert findings["Python >= 3.12"].found.startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert findings["cores"].found.startswith(tuple("123456789"))
    assert all(f.remedy for f in findings.values() if f.state == "missing")
    assert not any(f.remedy for f in findings.values() if f.state == "ok")


def test_doctor_names_what_is_missing_and_joins_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ctypes.CDLL

    def without_some(name: str, *args: object) -> object:
        if name in ("libGLU.so.1", "libXft.so.2"):
            raise OSError(name)
        return real(name, *args)

    monkeypatch.setattr(doctor, "version", lambda name: None if name in ("pymc", "arviz", "dolfinx") else "1.0")
    monkeypatch.setattr(ctypes, "CDLL", without_some)
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    text = doctor.text()
    assert re.search(r"^missing .*pymc .*not installed .*containment\[bayes\]", text, re.M)
    assert re.search(r"^missing .*dolfinx-solver-real .*containment\[fe\]", text, re.M)
    apt, pip = (line.strip() for line in text.splitlines()[-2:])
    assert apt == "apt-get install -y gcc libc6-dev libglu1-mesa libxft2"
    assert pip == "pip install 'containment[fe]' 'containment[bayes]'"


def test_doctor_without_an_installed_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    def absent(_name: str) -> list[str]:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "requires", absent)
    with pytest.raises(MissingPartError, match="not installed"):
        doctor.examine()


def test_doctor_sees_a_solver_that_does_not_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nkill -SEGV $$\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    monkeypatch.setattr(doctor, "version", lambda _name: "1.0")
    finding = next(f for f in doctor.examine() if f.name == "DOLFINx loads")
    assert finding.state == "missing" and "reinstall" in finding.remedy


def test_doctor_warns_of_too_little_memory_and_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_memory", lambda: 1e9)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=5))
    found = {f.name: f.state for f in doctor.examine()}
    assert (found["free memory"], found["free disk here"]) == ("missing", "missing")
