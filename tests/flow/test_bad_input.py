"""What goes wrong in practice: bad cards, meshes, evidence, folders and disks end with a message and the right code."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from containment import share
from tests.flow.test_cli import containment


def own_case(folder: Path, text: str) -> str:
    (folder / "own.toml").write_text(f'schema = 1\nname = "own"\nextends = "msr-ees"\n{text}')
    return "own.toml"


def refused(folder: Path, code: int, *arguments: str) -> str:
    done = containment(*arguments, cwd=folder)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[vehicle]\ndiameter = "1.25 kg"', ["own.toml:5:1: vehicle.diameter", "a length"]),
        ('[geometry.regions.absorber]\nmaterial = "foam-absorbr"', ["regions.absorber.material", "foam-absorber"]),
        ('[heatshield.layers.tps]\nthickness = "-30 mm"', ["heatshield.layers.tps.thickness", "positive"]),
        ('[heatshield.layers.structure]\nthickness = "400 mm"', ["400", "mm"]),
        (
            '[vehicle]\nmass = { value = "95 kg", uncertainty = { kind = "epistemic", distribution = "uniform",'
            ' low = "105 kg", high = "85 kg" } }',
            ["vehicle.mass.uncertainty.low", "low < high"],
        ),
        (
            '[correlations.x]\ninputs = ["vehicle.mass", "entry.speed"]\nmatrix = [[1.0, 1.0], [1.0, 1.0]]',
            ["correlations.x.matrix", "positive definite"],
        ),
    ],
)  # fmt: skip
def test_case_that_cannot_be(tmp_path, text, words):
    message = refused(tmp_path, 3, "check", own_case(tmp_path, text))
    assert all(word in message for word in words), message


def test_material_table_that_ends_too_early(tmp_path):
    card = share.find("materials", "foam-absorber").read_text()
    lines = [line for line in card.splitlines() if "hold_beyond" not in line]
    (tmp_path / "materials").mkdir()
    (tmp_path / "materials" / "short-foam.toml").write_text("\n".join(lines))
    case = own_case(tmp_path, '[geometry.regions.absorber]\nmaterial = "short-foam"\n')
    environment = {**os.environ, "CONTAINMENT_PATH": str(tmp_path)}
    program = "import sys; from containment.cli import main; sys.argv[0] = 'containment'; main()"
    hot = ["--set", 'heatshield.initial_temperature.value="448 K"', "--set", 'soak.initial_temperature.value="448 K"']
    done = subprocess.run(
        [sys.executable, "-c", program, "soak", case, *hot], cwd=tmp_path, capture_output=True, text=True, timeout=200,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "expected" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("column", "words"), [(None, "expected"), (1, "data.csv:")])
def test_evidence_that_is_empty_or_not_a_number(tmp_path, column, words):
    shutil.copytree(share.find("evidence", "demands"), tmp_path / "evidence" / "mine")
    data, card = (tmp_path / "evidence" / "mine" / name for name in ("data.csv", "card.toml"))
    before = data.read_bytes()
    head, first, *rest = data.read_text().splitlines(keepends=True)
    spoiled = re.sub(r",[0-9]+,", ",nan,", first, count=1)
    data.write_text(head if column is None else "".join([head, spoiled, *rest]))
    assert data.read_bytes() != before
    hashes = [hashlib.sha256(content).hexdigest() for content in (before, data.read_bytes())]
    card.write_text(card.read_text().replace(*hashes))
    case = own_case(tmp_path, 'evidence.sets.vessels.set = "mine"\n')
    program = "import sys; from containment.cli import main; sys.argv[0] = 'containment'; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "infer", case], cwd=tmp_path, capture_output=True, text=True, timeout=200,
        env={**os.environ, "CONTAINMENT_PATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "data.csv" in done.stderr
    assert words in done.stderr
    assert not list(tmp_path.rglob("posterior.nc"))


def test_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "taken").write_text("a file")
    assert "taken" in refused(tmp_path, 3, "entry", "msr-ees", "--out", "taken")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs to mount a small disk")
def test_disk_full_in_mid_run(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        message = refused(tmp_path, 3, "entry", "msr-ees", "--out", str(disk / "run"))
        assert "disk or quota is full" in message
        left = {p.name for p in (disk / "run").iterdir()}
        assert "entry.nc" not in left, "nothing is left half-written"
        assert not [name for name in left if name.endswith(".tmp")]
    finally:
        subprocess.run(["umount", str(disk)], check=True)
