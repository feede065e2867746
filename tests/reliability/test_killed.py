"""A run that is really killed (SIGKILL, in the middle of learning) and started again from its ledger."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, os, signal, sys
from pathlib import Path
import numpy as np
from scipy import stats
from containment.reliability import failure_probability
from containment.verification.bench_rare_events import PROBLEMS

ledger, counter, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
problem = PROBLEMS["four-branch"]

def counted(x):
    done = open(counter).readlines() if os.path.exists(counter) else []
    if len(done) >= last:
        os.kill(os.getpid(), signal.SIGKILL)
    with open(counter, "a") as file:
        file.writelines(row.tobytes().hex() + "\\n" for row in x)
    return problem.g(x)

found = failure_probability(counted, problem.marginals, rng=np.random.default_rng(3), ledger=Path(ledger))
numbers = [found.probability, found.cov, *found.interval]
print(json.dumps({"hex": [float(v).hex() for v in numbers], "calls": found.model_calls}))
"""


def started(folder: Path, last: int) -> subprocess.CompletedProcess[str]:
    files = [str(folder / "calls.jsonl"), str(folder / "counted.txt")]
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *files, str(last)], capture_output=True, text=True, timeout=300
    )


def test_killed_twice_and_resumed_it_repeats_no_call_and_answers_the_same(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    answer = json.loads(started(whole, 10**9).stdout)
    for last in (40, 70):  # behind the first points, then among those chosen by learning
        killed = started(broken, last)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert last <= len((broken / "counted.txt").read_text().splitlines()) < answer["calls"]
    again = json.loads(started(broken, 10**9).stdout)
    assert again == answer  # to the last bit
    called = (broken / "counted.txt").read_text().splitlines()
    assert len(called) == len(set(called)) == answer["calls"]
    assert sorted(called) == sorted((whole / "counted.txt").read_text().splitlines())
