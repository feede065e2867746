"""The example of the manual runs: ageing, leak rates, experts and calibrated drops reached from one case file."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from containment import cli, store
from containment.evidence.infer import of_tree

from .helpers import write_set

FEWER = ("--set", "fidelity.screening.posterior_draws=500")  # for time: half of what infer takes otherwise
MANUAL = Path(__file__).parents[2] / "reports" / "manual" / "evidence.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)


def ended(code: object) -> bool:
    return code in (None, 0)


def test_the_example_of_the_manual_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "example.toml").write_text(blocks("toml")[0], encoding="utf-8")
    for name, kind, text in zip(
        ("torn-seals", "drop-margins"), ("judgements", "comparisons"), blocks("csv"), strict=True
    ):
        header, *rows = text.strip().splitlines()
        write_set(tmp_path / "evidence" / name, kind, "\n".join(rows), header=header, units="")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTAINMENT_PATH", str(tmp_path))
    for arguments in (["check", "example.toml"], ["infer", "example.toml", "--out", "run", "-q", *FEWER]):
        monkeypatch.setattr(sys, "argv", ["containment", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        assert ended(stop.value.code), arguments
    tree = store.RunFolder("run").load_tree("posterior.nc")
    assert tree is not None
    posterior = of_tree(tree)
    assert {row.set for row in posterior.summaries} == {"ageing", "leaks", "experts", "drops"}
    assert set(posterior.updates) == {"events.aged_seal.probability", "events.torn_seal.probability"}
    learnt = {row.name: row for row in posterior.summaries if row.set in ("ageing", "drops")}
    assert learnt["aged_out"].posterior[0] < 0.1 * learnt["aged_out"].prior[0]  # 14 O-rings: from 0.09 to 2e-4
    # three drops above the runs at the nominal parameter: it is moved up, or the discrepancy is
    assert learnt["margin"].posterior[2] > 0.2 and learnt["calibration"].posterior[0] > 0.0
    assert posterior.updates["events.torn_seal.probability"].mean() > 1e-4
