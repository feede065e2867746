"""One call in a spawned process of its own: its errors and its log come back, its death is an error like any other."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from containment.errors import ContainmentError, SolverError, UsageError
from containment.worker import start_worker

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# One core per process. Libraries read these when they are first imported, so they are set before a process starts.
ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",
)  # fmt: skip


class ProcessDied(SolverError):
    """A process ended by a native error or from outside. `code` is its exit code, negative for a signal."""

    def __init__(self, code: int) -> None:
        how = f"exit code {code}"
        if code < 0:
            hint = ", often a lack of memory" if -code == signal.SIGKILL else ""
            how = f"{signal.Signals(-code).name} ({signal.strsignal(-code)}{hint})"
        super().__init__(
            f"a worker process died: {how}", advice="run again to resume; with fewer --workers if memory is short"
        )
        self.code, self.how = code, how

    @property
    def from_outside(self) -> bool:
        """Whether somebody or the system killed it: then it says nothing about what was computed."""
        return -self.code in (signal.SIGKILL, signal.SIGTERM)


class Call[R]:
    """A call that runs from construction on; `result()` waits for it. Leaving a `with` block ends what still runs."""

    def __init__(self, function: Callable[..., R], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._receiver, sender = context.Pipe(duplex=False)
        payload = pickle.dumps((function, arguments))
        self._process = context.Process(target=_answer, args=(sender, payload))
        with single_threaded():
            self._process.start()
        sender.close()

    def result(self) -> R:
        """What the function returned, or its error raised here; ProcessDied if it never answered."""
        started = False
        try:
            while True:
                try:
                    kind, content = self._receiver.recv()
                except EOFError:
                    self._process.join()
                    raise self._death(started) from None
                if kind == "error":
                    raise content
                if kind == "value":
                    self._process.join(5)
                    return content  # type: ignore[no-any-return]
                if kind == "log":
                    logging.getLogger(content.name).handle(content)
                started = True
        finally:
            self.end()

    def _death(self, started: bool) -> ContainmentError:
        code = self._process.exitcode or 0
        if started:
            return ProcessDied(code)
        return UsageError(
            f"worker processes do not start (exit code {code})",
            advice='in a script of your own, call from under: if __name__ == "__main__":',
        )

    def end(self) -> None:
        """End the process if it still runs, by force after 5 s (a native solver may be deaf for that long)."""
        self._process.terminate()
        self._process.join(5)
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Processes started inside the block use one thread each."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _answer(sender: Connection, payload: bytes) -> None:
    """Runs in the process: send what happens as (kind, content)."""
    start_worker()
    sender.send(("started", None))
    log = logging.getLogger("containment")
    log.setLevel(logging.INFO)
    log.addHandler(_Sender(sender))
    try:
        function, arguments = pickle.loads(payload)
        sender.send(("value", function(*arguments)))
    except Exception as error:
        if not isinstance(error, ContainmentError):
            error.add_note("in the worker process:\n" + traceback.format_exc())
        try:
            sender.send(("error", error))
        except Exception:  # some errors cannot be pickled
            sender.send(("error", RuntimeError("".join(traceback.format_exception(error)))))
    sender.close()


class _Sender(logging.Handler):
    """Sends records to the parent process, where the handlers are."""

    def __init__(self, sender: Connection) -> None:
        super().__init__()
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record with its text made here: arguments need not be picklable."""
        fields = {"name": record.name, "levelno": record.levelno, "levelname": record.levelname}
        text = {"msg": self.format(record), "args": None}
        self._sender.send(("log", logging.makeLogRecord({**fields, **text, "created": record.created})))
