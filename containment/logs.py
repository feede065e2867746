"""Logging: words for people on stderr, one JSON line per record in the run folder. Results go to stdout, never here."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from containment.errors import StorageError

if TYPE_CHECKING:
    from rich.console import Console

ROOT = logging.getLogger("containment")


def to_terminal(*, quiet: bool = False, verbose: int = 0) -> None:
    """Send the package's log to stderr: what is being done, details (`-v`) or warnings only (`-q`).

    Calling it again replaces the former settings.
    """
    from rich.logging import RichHandler

    for handler in [h for h in ROOT.handlers if not isinstance(h, JsonLines)]:
        ROOT.removeHandler(handler)
    handler = (
        RichHandler(console=console(), show_path=False, markup=False, log_time_format="%H:%M:%S")
        if console().is_terminal
        else _Plain(sys.stderr)
    )
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    handler.setLevel(level)
    ROOT.addHandler(handler)
    ROOT.setLevel(min([level, *(h.level for h in ROOT.handlers)]))
    ROOT.propagate = False


def console() -> Console:
    """Stderr as rich writes to it; progress bars and log lines must share it."""
    return _console(sys.stderr)


@lru_cache(1)
def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream)


def talks(level: int = logging.INFO) -> bool:
    """Whether a person on stderr sees records of this level (`-q` hides progress)."""
    return any(h.level <= level for h in ROOT.handlers if not isinstance(h, JsonLines))


@contextmanager
def to_file(path: Path) -> Iterator[None]:
    """Append every record from INFO up to a JSON-lines file while the block runs."""
    try:
        handler = JsonLines(path, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write the log {path}: {error.strerror}", advice="choose another folder with --out"
        ) from error
    handler.setLevel(logging.INFO)
    level = ROOT.level
    ROOT.addHandler(handler)
    ROOT.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        ROOT.removeHandler(handler)
        ROOT.setLevel(level)
        handler.close()


class _Plain(logging.StreamHandler):  # type: ignore[type-arg]
    """One line per record for log files: level only where it says something."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno == logging.INFO else f"{record.levelname.lower()}: {text}"


class JsonLines(logging.FileHandler):
    """Time (UTC), level, logger and message, one object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = logging.Formatter().formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)

    def close(self) -> None:
        """Close the file; what a full disk does not take any more is lost."""
        with suppress(OSError):
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk ends the file log, not the run: what matters is written, and reported, by the store."""
        ROOT.removeHandler(self)
        ROOT.warning("the log file %s could not be written any further", self.baseFilename)
