"""What happens inside a worker process: one sample at a time, timed and guarded, its failure turned into words."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from containment.errors import ContainmentError


@dataclass(frozen=True)
class Failure:
    """Why a sample has no values. `kind` is the class of the error, or "Aborted" for a process that died."""

    kind: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of one sample: `values` by name (SI), or the failure.

    `wall_s` and `cpu_s` (threads and child processes included) in s; `peak_rss` of the process during this sample in
    bytes; all 0 where the process died. `resumed` tells that the outcome was read from an earlier run.
    """

    index: int
    values: Mapping[str, float] | None
    error: Failure | None = None
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_rss: int = 0
    resumed: bool = field(default=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether the sample has values."""
        return self.values is not None


def start_worker() -> None:
    """Prepare a new worker: quiet at Ctrl-C (the parent ends it), gone when the parent is, nothing on stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    sys.stdout.flush()
    os.dup2(2, 1)  # native libraries write to stdout, which belongs to results
    logging.getLogger("containment").addHandler(logging.NullHandler())


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def measured(index: int, payload: bytes) -> Outcome:
    """Run one pickled (function, sample): every Python error becomes a Failure."""
    _forget_peak()
    start, cpu = time.perf_counter(), _cpu()
    values: dict[str, float] | None = None
    error: Failure | None = None
    try:
        function, sample = pickle.loads(payload)
        values = {str(name): float(value) for name, value in function(sample).items()}
        unknown = [name for name, value in values.items() if math.isnan(value)]
        if unknown:
            values, error = None, Failure("NotANumber", f"no number came out for {', '.join(unknown)}")
    except ContainmentError as problem:
        error = Failure(type(problem).__name__, str(problem))
    except (Exception, SystemExit) as problem:  # not ours: the place helps to find it
        *_, last = traceback.extract_tb(problem.__traceback__)
        place = f"{Path(last.filename).name}:{last.lineno}"
        error = Failure(type(problem).__name__, f"{problem} ({place})")
    return Outcome(index, values, error, time.perf_counter() - start, _cpu() - cpu, _peak())


def _cpu() -> float:
    return sum(os.times()[:4])


def _forget_peak() -> None:
    """Let the kernel measure the peak memory anew (Linux); elsewhere the peak is that of the process so far."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _peak() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
