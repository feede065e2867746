"""The import rules of pyproject.toml notice what they are there for: a planted import breaks its contract."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="the rules are in the checkout")


def _broken(folder: Path) -> list[str]:
    tool = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [tool, "--no-cache"], cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=120
    )
    return [line.split(" BROKEN")[0] for line in done.stdout.splitlines() if " BROKEN" in line]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "containment", tmp_path / "containment", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("case/schema.py", "import containment.thermal.step", "Imports go backwards along the flow"),
        ("thermal/step.py", "from containment.structure import solid", "stages do not know each other"),
        ("reliability/result.py", "from containment.entry.stage import run", "take results, never a solver"),
        ("entry/stage.py", "import dolfinx", "Only fem knows"),
        ("thermal/step.py", "import meshio", "Only meshing knows"),
        ("case/schema.py", "import pint", "Only units knows"),
        ("barriers/tree.py", "def f():\n    import pymc", "Only evidence samples"),
        ("evidence/model.py", "import matplotlib.pyplot", "Only report draws"),
        ("flow.py", "import typer", "Only the command line"),
    ],
)
def test_planted_import_is_noticed(copy: Path, module: str, planted: str, contract: str) -> None:
    with (copy / "containment" / module).open("a") as file:
        file.write(f"\n{planted}\n")
    assert any(contract in name for name in _broken(copy))
