"""Maps a function over samples in worker processes, or on any `concurrent.futures.Executor`. No sample is ever dropped.

A sample that raises is recorded with its reason. A sample that takes its process down (a native abort) is run once more
alone, and recorded if it does so again; the others never notice. What is finished is on disk at once, so that a killed
run resumes. Sample i is the same whatever the number of samples and workers.
"""

from __future__ import annotations

import logging
import os
import pickle
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    as_completed,
    wait,
)
from contextlib import closing, contextmanager
from dataclasses import asdict
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import TYPE_CHECKING, Any

from containment import logs
from containment.call import Call, ProcessDied, single_threaded
from containment.store import content_hash
from containment.worker import Failure, Outcome, measured, start_worker

if TYPE_CHECKING:
    import numpy as np

    from containment.store import RunFolder

__all__ = ["Failure", "Outcome", "cores", "generator", "in_worker", "map_samples"]

_LOG = logging.getLogger(__name__)

type _Job = tuple[int, bytes]  # number of the sample, pickled function and sample
type _Done = tuple[Outcome, bool]  # the outcome, and whether running again would give the same


def generator(seed: int, index: int) -> np.random.Generator:
    """The random stream of sample `index`; depends on nothing but these two numbers."""
    import numpy as np

    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))


def in_worker[R](function: Callable[..., R], *arguments: Any) -> Call[R]:
    """Start one call in a single-threaded process of its own; `.result()` waits for it, leaving `with` ends it."""
    return Call(function, *arguments)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_samples[S](
    function: Callable[[S], Mapping[str, float]],
    samples: Sequence[S],
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    store: RunFolder | None = None,
    key: str = "",
    label: str = "samples",
    tasks_per_worker: int = 50,
) -> list[Outcome]:
    """Outcome of `function(sample)` for every sample, in their order.

    `function` (importable by name) and samples must be picklable. Without `executor`, `workers` processes (default one
    per core) are started by spawn and replaced after about `tasks_per_worker` samples, so that leaks of native
    libraries do not add up. With `store`, outcomes are kept under `key` (hash of the code and settings) and the content
    of the sample, and those already there are not run again; samples must then be fit for `store.content_hash`.
    """
    records = store.samples(key) if store else None
    hashes = [content_hash(sample) for sample in samples] if records else []
    kept = {record.pop("sample"): record for record in records.load()} if records else {}
    outcomes = {i: _from_record(i, kept[name]) for i, name in enumerate(hashes) if name in kept}
    resumed = len(outcomes)
    if resumed:
        _LOG.info("%s: %d of %d kept from an earlier run", label, resumed, len(samples))
    jobs = [(i, pickle.dumps((function, sample))) for i, sample in enumerate(samples) if i not in outcomes]
    run = _on(executor, jobs) if executor else _in_workers(jobs, workers or cores(), tasks_per_worker)
    with closing(run), _progress(label, len(jobs)) as advance:
        for outcome, lasting in run:
            outcomes[outcome.index] = outcome
            if records and lasting:
                records.append({"sample": hashes[outcome.index], **asdict(outcome)})
            if outcome.error:
                _LOG.info("sample %d failed: %s: %s", outcome.index, outcome.error.kind, outcome.error.message)
            advance(len(outcomes) - resumed)
    ordered = [outcomes[i] for i in range(len(samples))]
    _say_failures(label, ordered)
    return ordered


def _from_record(index: int, record: dict[str, Any]) -> Outcome:
    error = record["error"]
    return Outcome(**{**record, "index": index, "resumed": True, "error": Failure(**error) if error else None})


def _say_failures(label: str, outcomes: Iterable[Outcome]) -> None:
    failures = [outcome.error for outcome in outcomes if outcome.error]
    if failures:
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(f.kind for f in failures).most_common())
        _LOG.warning("%s: %d failed (%s); the first: %s", label, len(failures), kinds, failures[0].message)


def _on(executor: Executor, jobs: Sequence[_Job]) -> Generator[_Done]:
    """Run on an executor that belongs to the caller. What it does not deliver is recorded, but not for ever."""
    futures: dict[Future[Outcome], int] = {}
    try:
        for index, payload in jobs:
            try:
                futures[executor.submit(measured, index, payload)] = index
            except BrokenExecutor as error:
                yield Outcome(index, None, Failure("Aborted", f"the executor is broken: {error}")), False
        for future in as_completed(futures):
            lost = future.exception()
            if lost is None:
                yield future.result(), True
            else:
                yield Outcome(futures[future], None, Failure("Aborted", f"{type(lost).__name__}: {lost}")), False
    finally:
        for future in futures:
            future.cancel()


def _in_workers(jobs: Iterable[_Job], workers: int, tasks_per_worker: int) -> Generator[_Done]:
    """Run in pools of our own: a new one when the processes have done their share, or when one of them died."""
    waiting = deque(jobs)
    with single_threaded():
        while waiting:
            share = min(len(waiting), workers * tasks_per_worker)
            batch = deque(waiting.popleft() for _ in range(share))
            suspects = yield from _in_pool(batch, workers)
            waiting.extendleft(reversed(batch))
            for index, payload in suspects:
                yield _alone(index, payload)


def _alone(index: int, payload: bytes) -> _Done:
    """A sample that may have killed its process, in one where it can kill nobody else's sample."""
    try:
        return Call(measured, index, payload).result(), True
    except ProcessDied as death:
        return Outcome(index, None, Failure("Aborted", f"its process died twice: {death.how}")), not death.from_outside


def _in_pool(batch: deque[_Job], workers: int) -> Generator[_Done, None, list[_Job]]:
    """Run jobs from the front of `batch` until it is empty or a process dies; returns the jobs that were running then.

    No more jobs than workers are handed out at a time, so that the one that killed its process is among few.
    """
    context = _Context()
    pool = ProcessPoolExecutor(min(workers, len(batch)), mp_context=context, initializer=start_worker)
    running: dict[Future[Outcome], _Job] = {}
    suspects: list[_Job] = []
    finished = False
    try:
        while running or (batch and not suspects):
            try:
                while batch and len(running) < workers:
                    future = pool.submit(measured, *batch[0])
                    running[future] = batch.popleft()
            except BrokenExecutor:
                if not running:  # died before its first job: one job must go on all the same, or this never ends
                    suspects.append(batch.popleft())
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                error = future.exception()
                if isinstance(error, BrokenExecutor):
                    suspects.append(job)
                elif error:
                    yield Outcome(job[0], None, Failure(type(error).__name__, str(error))), True
                else:
                    yield future.result(), True
        finished = not suspects
    finally:
        pool.shutdown(wait=finished, cancel_futures=True)
        if not finished:
            context.end()
    return sorted(suspects)


class _Context(SpawnContext):
    """Starts processes by spawn and remembers which, so that these, and no others, can be ended."""

    def __init__(self) -> None:
        super().__init__()
        self._started: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:  # type: ignore[override]
        """A new process, remembered."""
        self._started.append(SpawnProcess(*args, **kwargs))
        return self._started[-1]

    def end(self) -> None:
        """End every process started here, by force after 5 s (a native solver may be deaf for that long)."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.join(5)
            process.kill()


@contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left on a terminal, about ten lines in a log, nothing with `-q`."""
    console = logs.console()
    if not total:
        yield lambda done: None
    elif console.is_terminal and logs.talks():
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(label, total=total)
            yield lambda done: bar.update(task, completed=done)
    else:
        start = time.monotonic()
        lines = 10

        def advance(done: int) -> None:
            if done * lines // total > (done - 1) * lines // total:
                took = time.monotonic() - start
                rest = f"about {took / done * (total - done):.0f} s left" if done < total else f"{took:.0f} s"
                _LOG.info("%s: %d of %d, %s", label, done, total, rest)

        yield advance
