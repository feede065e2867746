"""Facts of a run: versions, git state, machine, code and data hashes, seed, command, time. One dict, plain values."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
# Import name -> distributions that bring it, where the two differ.
_DISTRIBUTIONS = {
    "dolfinx": ("dolfinx-solver-real", "fenics-dolfinx"),
    "dolfinx_solver": ("dolfinx-solver-real",),
    "sklearn": ("scikit-learn",),
    "skfem": ("scikit-fem",),
    "tree_sitter": ("tree-sitter",),
    "tree_sitter_toml": ("tree-sitter-toml",),
}
PACKAGES = (
    "numpy", "scipy", "xarray", "h5netcdf", "h5py", "pyarrow", "pydantic", "pint", "dolfinx", "gmsh", "meshio", "numba",
    "pymc", "pytensor", "arviz", "sklearn", "matplotlib", "jinja2", "weasyprint",
)  # fmt: skip


def facts(*, seed: int | None = None, command: Iterable[str] | None = None) -> dict[str, object]:
    """Everything needed to say where a result came from and to redo it."""
    return {
        "schema": 1,
        "program": "containment",
        "version": version("containment") or "not installed",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": _command() if command is None else list(command),
        "seed": seed,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": {name: found for name in PACKAGES if (found := version(name))},
        "git": git_state(),
        "code": tree_hash(sorted(_PACKAGE.rglob("*.py"))),
        "rooms": room_hashes(),
    }


def _command() -> list[str]:
    """What was typed, without the folder the program happens to be installed in."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


@cache
def version(name: str) -> str | None:
    """Installed version of the distribution that brings the import `name`, or None."""
    for distribution in _DISTRIBUTIONS.get(name, (name,)):
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return None


def git_state() -> dict[str, object] | None:
    """Commit and whether files differ from it, if the package runs from a git checkout; None otherwise."""
    tree = _PACKAGE.parent
    if not (tree / ".git").exists():
        return None
    try:
        commit, status = (
            subprocess.run(
                ["git", "-C", str(tree), *arguments], capture_output=True, text=True, timeout=20, check=True
            ).stdout.strip()
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "modified": len(status.splitlines())}


def tree_hash(paths: Iterable[Path]) -> str:
    """Content hash of files and of everything inside folders (names count, folders above do not)."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(path.parent)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def room_hashes() -> dict[str, str]:
    """Content hash of the sources of each room: a subfolder of the package or one of its modules."""
    entries = [p for p in sorted(_PACKAGE.iterdir()) if p.suffix == ".py" or (p / "__init__.py").is_file()]
    return {entry.stem: tree_hash(sorted(entry.rglob("*.py")) if entry.is_dir() else [entry]) for entry in entries}


def code_hash(*names: str) -> str:
    """Hash of modules ("containment.thermal.stage") or rooms ("thermal": every module in it), of every module of the
    package these reach by imports, and of the versions of what they import from outside.

    A change in one room so changes the key only of the stages that depend on it. Imports are read from the source
    (also those inside functions, not those for type checking only), nothing is executed.
    """
    ours, others = _reached(module for name in names for module in _modules(name))
    digest = hashlib.sha256()
    for name in sorted(ours):
        digest.update(name.encode() + b"\0" + _source(name).read_bytes() + b"\0")
    for name in sorted(others):
        digest.update(f"{name}={version(name) or ''}\0".encode())
    return digest.hexdigest()[:16]


def _modules(name: str) -> list[str]:
    full = name if name.split(".")[0] == "containment" else f"containment.{name}"
    folder = _PACKAGE.parent.joinpath(*full.split("."))
    if not folder.is_dir():
        if not _source(full).is_file():
            raise ValueError(f"no module or room {name!r} in the package")
        return [full]
    files = (file.relative_to(_PACKAGE.parent).with_suffix("") for file in folder.rglob("*.py"))
    return sorted(".".join(file.parts).removesuffix(".__init__") for file in files)


def _source(module: str) -> Path:
    path = _PACKAGE.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _reached(modules: Iterable[str]) -> tuple[set[str], set[str]]:
    """(modules of the package, top-level names from outside the package and the standard library)."""
    ours: set[str] = set()
    others: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name.split(".")[0] != "containment":
            if name.split(".")[0] not in sys.stdlib_module_names:
                others.add(name.split(".")[0])
        elif name not in ours:
            if _source(name).is_file():
                ours.add(name)
                waiting.extend(_imports(name))
            waiting.extend(filter(None, name.rpartition(".")[:1]))  # importing a.b runs a/__init__.py
    return ours, others


@cache
def _imports(module: str) -> frozenset[str]:
    found: set[str] = set()
    source = _source(module)
    waiting: list[ast.AST] = [ast.parse(source.read_bytes())]
    while waiting:
        node = waiting.pop()
        if source.name == "__init__.py" and isinstance(node, ast.FunctionDef):
            continue  # importing a part of a package does not call what the package offers
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from package import name`: the name may be a module of its own.
            found.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
        waiting.extend(ast.iter_child_nodes(node))
    return frozenset(found)
