"""What this machine has of what the program can use, and the one command for each thing that is missing.

Needs nothing beyond the base installation; whatever might fail to load is tried in a process of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from containment.errors import MissingPartError
from containment.provenance import version

State = Literal["ok", "missing", "optional"]

PYTHON = (3, 12)
# Library gmsh's wheel is linked against -> Debian/Ubuntu package. The rest of what it needs comes with these.
GMSH_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libGLU.so.1": "libglu1-mesa",
    "libXrender.so.1": "libxrender1",
    "libXcursor.so.1": "libxcursor1",
    "libXft.so.2": "libxft2",
    "libXinerama.so.1": "libxinerama1",
}
PDF_LIBRARIES = {"libpango-1.0.so.0": "libpango-1.0-0", "libpangoft2-1.0.so.0": "libpangoft2-1.0-0"}
# Extra -> what it is for. What is optional does not stop `containment run`.
EXTRAS = {"data": "run folders", "fe": "finite elements", "bayes": "evidence", "report": "report", "pdf": "PDF report"}
_OPTIONAL = ("pdf",)
_MEMORY = 2e9  # bytes; the most one process of `run --fidelity screening` may take
_DISK = 1e9  # bytes; a run folder with fields, and the compiler's cache
_FE_QUESTIONS = """
import json
try:
    import dolfinx_solver
except ModuleNotFoundError:
    pass
import dolfinx
from petsc4py import PETSc
print(json.dumps([dolfinx.__version__, ".".join(map(str, PETSc.Sys.getVersion())), bool(dolfinx.has_adios2)]))
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked for: whether it is there, what was found, and the command that brings it if it is not."""

    group: str
    name: str
    state: State
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Everything looked for, in the order it is shown."""
    return [*_python(), *_packages(), *_compiler(), *_libraries(), *_finite_elements(), *_machine()]


def _python() -> Iterator[Finding]:
    found, needed = platform.python_version(), ".".join(map(str, PYTHON))
    fits = sys.version_info >= PYTHON
    yield Finding("python", f"Python >= {needed}", "ok" if fits else "missing", found, "" if fits else "make setup")


def _packages() -> Iterator[Finding]:
    for extra, names in _requirements().items():
        use = f"{extra}: {EXTRAS[extra]}" if extra else "base"
        remedy = f"pip install 'containment[{extra}]'" if extra else "pip install containment"
        for name in names:
            found = version("dolfinx") if name == "dolfinx-solver-real" else version(name)
            state: State = "ok" if found else "optional" if extra in _OPTIONAL else "missing"
            yield Finding(use, name, state, found or "not installed", "" if found else remedy)


def _requirements() -> dict[str, list[str]]:
    """Packages by the first extra that asks for them, as the installed metadata says."""
    asked: dict[str, list[str]] = {extra: [] for extra in ("", *EXTRAS)}
    seen: set[str] = set()
    try:
        lines = metadata.requires("containment") or []
    except metadata.PackageNotFoundError as error:
        raise MissingPartError(
            "the package is not installed", advice="make setup, or pip install containment"
        ) from error
    for extra in asked:
        for line in lines:
            requirement, _, marker = line.partition(";")
            name = re.split(r"[^A-Za-z0-9._-]", requirement.strip())[0]
            match = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
            if (match[1] if match else "") == extra and name not in seen and name != "containment":
                seen.add(name)
                asked[extra].append(name)
    return asked


def _compiler() -> Iterator[Finding]:
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    path = shutil.which(command[0])
    yield _item("compiler", "C compiler", path, "apt-get install -y gcc libc6-dev")
    headers = Path(sysconfig.get_path("include"))
    there = (headers / "Python.h").is_file()
    package = f"apt-get install -y python{sys.version_info.major}.{sys.version_info.minor}-dev"
    yield _item("compiler", "Python headers", str(headers) if there else None, package)
    if path and there:
        works = _compiles([path, *command[1:]], headers)
        yield _item("compiler", "compiling a module", "works" if works else None, "apt-get install -y libc6-dev")


def _compiles(command: list[str], headers: Path) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "a.c"
        source.write_text("#include <Python.h>\nint main(void) { return 0; }\n", encoding="ascii")
        arguments = [*command, f"-I{headers}", "-c", str(source), "-o", f"{source}.o"]
        try:
            return subprocess.run(arguments, capture_output=True, timeout=60).returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False


def _libraries() -> Iterator[Finding]:
    for group, libraries in (("gmsh", GMSH_LIBRARIES), ("pdf", PDF_LIBRARIES)):
        for name, package in libraries.items():
            found = name if _loads(name) else None
            yield _item(group, name, found, f"apt-get install -y {package}", optional=group in _OPTIONAL)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _finite_elements() -> Iterator[Finding]:
    if version("dolfinx") is None:
        return
    try:
        done = subprocess.run([sys.executable, "-c", _FE_QUESTIONS], capture_output=True, text=True, timeout=120)
        dolfinx, petsc, adios = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        yield Finding("fe", "DOLFINx loads", "missing", "no", "pip install --force-reinstall 'containment[fe]'")
        return
    yield Finding("fe", "DOLFINx loads", "ok", f"{dolfinx} with PETSc {petsc}")
    yield Finding(
        "fe", "ADIOS2", "ok" if adios else "optional", "there" if adios else "absent: fields are written as XDMF only"
    )


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("machine", "cores", "ok", f"{cores}: as many samples at a time (--workers)")
    memory = _memory()
    state: State = "ok" if memory >= _MEMORY else "missing"
    yield Finding("machine", "free memory", state, f"{memory / 1e9:.1f} GB", "" if state == "ok" else "run --workers 1")
    disk = shutil.disk_usage(Path.cwd()).free
    state = "ok" if disk >= _DISK else "missing"
    yield Finding(
        "machine", "free disk here", state, f"{disk / 1e9:.1f} GB", "" if state == "ok" else "--out elsewhere"
    )


def _memory() -> float:
    """Bytes that new processes can have."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _item(group: str, name: str, found: str | None, remedy: str, *, optional: bool = False) -> Finding:
    state: State = "ok" if found else "optional" if optional else "missing"
    return Finding(group, name, state, found or "not found", "" if found else remedy)


def commands(findings: Iterable[Finding]) -> list[str]:
    """The fewest commands that bring everything that is missing: one for apt, one for pip."""
    remedies = list(dict.fromkeys(f.remedy for f in findings if f.state == "missing" and f.remedy))
    joined = []
    for start in ("apt-get install -y ", "pip install "):
        parts = [remedy.removeprefix(start) for remedy in remedies if remedy.startswith(start)]
        if parts:
            joined.append(start + " ".join(dict.fromkeys(word for part in parts for word in part.split())))
    return joined + [r for r in remedies if not r.startswith(("apt-get install -y ", "pip install "))]


def text() -> str:
    """The findings as a table, then what to do."""
    findings = examine()
    table = [(f.state, f.group, f.name, f.found, f.remedy) for f in findings]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rows = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    missing = commands(findings)
    end = ["nothing is missing"] if not missing else ["what is missing comes with:", *(f"  {line}" for line in missing)]
    return "\n".join([*rows, "", *end])
