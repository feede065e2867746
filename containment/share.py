"""Finds the files the project ships: cases, material cards, evidence sets, atmospheres, mesh recipes, templates.

Looked up in this order: an explicit path, beside the case file, the folders of CONTAINMENT_PATH, what is shipped (in a
wheel `containment/_share`, in a checkout the folders themselves).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from containment.errors import DataError

_PACKAGE = Path(__file__).resolve().parent
_TREE = _PACKAGE.parent
# Where both exist (a checkout a wheel was once built in), the tree is what the user edits.
_CHECKOUT = (_TREE / "pyproject.toml").is_file()
KINDS = ("cases", "materials", "evidence", "atmospheres", "meshes")  # what a case can name


def shipped(kind: str) -> Path:
    """The folder shipped files of one kind are in."""
    apart = {"meshes": "meshes", "reports": "reports/templates" if _CHECKOUT else "reports"}
    return (_TREE if _CHECKOUT else _PACKAGE / "_share") / apart.get(kind, f"models/{kind}")


def _folders(kind: str, beside: Path | None) -> Iterator[Path]:
    extra = [Path(entry) for entry in os.environ.get("CONTAINMENT_PATH", "").split(os.pathsep) if entry]
    near = [beside if beside.is_dir() else beside.parent] if beside else []
    for folder in near + extra:
        yield from (folder / kind, folder / "models" / kind, folder)
    yield shipped(kind)


def names(kind: str, beside: Path | None = None) -> dict[str, Path]:
    """Everything of one kind that `find` would find by name, sorted; earlier places win."""
    found: dict[str, Path] = {}
    for folder in _folders(kind, beside):
        listed = folder.is_dir() and (folder.name == kind or folder == shipped(kind))
        for path in sorted(folder.iterdir()) if listed else ():
            if path.suffix == ".toml" or (path.is_dir() and (path / "card.toml").is_file()):
                found.setdefault(path.stem if path.suffix == ".toml" else path.name, path)
    return dict(sorted(found.items()))


def cases() -> dict[str, Path]:
    """The cases `containment list` shows."""
    return names("cases")


def find(kind: str, name: str, beside: Path | None = None) -> Path:
    """The file (or the folder of an evidence set) called `name`, with or without ".toml".

    `beside` is the case file that names it, or its folder. Raises DataError with the nearest names if there is none.
    """
    looks_like_path = os.sep in name or name.endswith(".toml")
    folders = ([Path.cwd()] if looks_like_path else []) + list(_folders(kind, beside))
    for path in (folder / written for folder in folders for written in (name, f"{name}.toml")):
        if path.exists() and path != beside and not (path.is_dir() and kind != "evidence"):
            return path
    near = difflib.get_close_matches(name, names(kind, beside), n=3)
    known = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names(kind, beside)) or 'none'}"
    places = ", ".join(str(folder) for folder in dict.fromkeys(folders))
    advice = f"correct the name ({known}), give a path, or set CONTAINMENT_PATH; looked in {places}"
    raise DataError(f"found no {kind} file called {name!r}, expected one of the known names", advice=advice)
