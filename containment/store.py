"""The run folder: everything one run produced, written whole or not at all, found again by content keys.

Every file is written beside its place, flushed to disk and renamed, so that a killed run or a full disk leaves the
former file or none. Stage results are kept with the key of everything they depend on: a second run finds them again,
a changed case, program or upstream result does not. One process at a time may write into a folder.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import logging
import math
import os
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containment import netcdf
from containment.errors import StorageError

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from containment.result import StageResult

_LOG = logging.getLogger(__name__)
_LOCK = ".containment.lock"  # also tells a run folder from any other folder
_INDEX = "contents.json"  # file -> key and checksum of what can be reused
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def content_hash(value: object) -> str:
    """Hash of a plain value (mappings, sequences, numbers, texts, pydantic models, numpy values); key order is free."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def stage_key(
    stage: str,
    case_part: Mapping[str, Any],
    fidelity_part: Mapping[str, Any],
    code: str,
    upstream_keys: Iterable[str] = (),
) -> str:
    """Key of a stage result: hash of all it depends on. The order of `upstream_keys` counts."""
    return content_hash([stage, case_part, fidelity_part, code, list(upstream_keys)])


def _plain(value: Any) -> Any:
    """What json cannot take: pydantic models, numpy scalars and arrays, paths, sets."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no plain form of {type(value).__name__}")


@contextmanager
def explained(path: Path, doing: str = "write") -> Iterator[None]:
    """Turn an OSError into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _NO_SPACE:
            free = f"{_free(path) / 1e6:.1f} MB free"
            raise StorageError(
                f"cannot {doing} {path}: the disk or quota is full ({free}: {reason})",
                advice="free some space or choose another disk with --out, then run again: finished parts are kept",
            ) from error
        raise StorageError(
            f"cannot {doing} {path}: {reason}",
            advice="check the path and its permissions, or choose another folder with --out",
        ) from error


def _free(path: Path) -> int:
    for folder in (path, *path.parents):
        if folder.exists():
            return shutil.disk_usage(folder).free
    return 0


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; renamed to `path` when the block ends well, removed when not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with explained(path):
            yield temporary
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
            _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class RunFolder:
    """One run's folder. Making the object touches nothing: `writing()` creates and locks, `existing()` reads."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @classmethod
    def existing(cls, path: Path | str) -> RunFolder:
        """A run folder to read from; StorageError if it is none."""
        run = cls(path)
        with explained(run.path, "read"):
            is_run = run._is_run()
        if not is_run:
            found = "a folder without a run" if run.path.is_dir() else "no such folder"
            raise StorageError(
                f"cannot read {run.path}: found {found}, expected a run folder",
                advice="give the folder that `containment run` wrote (default runs/<case>)",
            )
        return run

    def _is_run(self) -> bool:
        # A folder copied by a shell pattern has lost the hidden file.
        return (self / _LOCK).is_file() or (self / "provenance.json").is_file()

    @contextmanager
    def writing(self) -> Iterator[RunFolder]:
        """Create the folder if needed and be its only writer while the block runs. Raises StorageError."""
        with explained(self.path, "use"):
            if self.path.is_dir() and not self._is_run() and any(self.path.iterdir()):
                raise StorageError(
                    f"cannot use {self.path}: found other files in it, expected a run folder or an empty one",
                    advice="choose another folder with --out",
                )
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self / _LOCK).open("a+", encoding="utf-8")
        with lock:
            self._lock(lock)
            for leftover in self.path.rglob(".*.tmp"):
                leftover.unlink(missing_ok=True)
            yield self

    def _lock(self, lock: io.TextIOWrapper) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise StorageError(
                f"cannot write to {self.path}: in use by {lock.read().strip() or 'another run'}",
                advice="wait for that run to end, or choose another folder with --out",
            ) from error
        with explained(self / _LOCK):
            lock.truncate(0)
            lock.write(f"process {os.getpid()} on {socket.gethostname()}\n")
            lock.flush()

    def write_bytes(self, name: str, content: bytes | memoryview) -> Path:
        """Write a file of this name, whole or not at all."""
        path = self / name
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as temporary:
                temporary.write_bytes(content)
        return path

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file (UTF-8), whole or not at all."""
        return self.write_bytes(name, text.encode())

    def write_json(self, name: str, value: Mapping[str, Any]) -> Path:
        """Write JSON; numbers that are not finite become null, since JSON has none."""
        text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
        return self.write_text(name, text + "\n")

    def read_bytes(self, name: str) -> bytes:
        """Content of a file; StorageError if it cannot be read."""
        with explained(self / name, "read"):
            return (self / name).read_bytes()

    def read_json(self, name: str) -> dict[str, Any]:
        """Content of a JSON file; StorageError if it is absent or damaged."""
        try:
            content = json.loads(self.read_bytes(name))
        except ValueError as error:
            raise StorageError(
                f"cannot read {self / name}: found damaged JSON ({error})", advice="run again to write it anew"
            ) from error
        if not isinstance(content, dict):
            raise StorageError(f"cannot read {self / name}: found no JSON object", advice="run again to write it anew")
        return content

    def write_table(self, name: str, columns: Mapping[str, np.ndarray], units: Mapping[str, str] | None = None) -> Path:
        """Write columns of equal length as parquet, units as field metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        arrays = {column: pa.array(values) for column, values in columns.items()}
        fields = [
            pa.field(column, array.type, metadata={"unit": (units or {}).get(column, "")})
            for column, array in arrays.items()
        ]
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(fields)), buffer)
        return self.write_bytes(name, buffer.getvalue())

    def read_table(self, name: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """(columns, units) of a parquet table; StorageError if it is absent or damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(io.BytesIO(self.read_bytes(name)))
        except pa.ArrowInvalid as error:
            raise StorageError(
                f"cannot read {self / name}: found a damaged table ({error})", advice="run again to write it anew"
            ) from error
        columns = {column: table[column].to_numpy() for column in table.column_names}
        units = {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in table.schema}
        return columns, units

    def save(self, name: str, content: bytes | memoryview, key: str) -> None:
        """Keep a file under the key of what it was made from."""
        self.write_bytes(name, content)
        entry = {"key": key, "sha256": hashlib.sha256(content).hexdigest()}
        with self._alone():
            self.write_json(_INDEX, {**self._index(), name: entry})

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the worker of the nominal flight and the main process from writing the index over each other."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def load(self, name: str, key: str | None = None) -> bytes | None:
        """Content kept under this key (None: whatever the key); None if absent, made from something else or damaged."""
        entry = self._index().get(name)
        if not isinstance(entry, dict) or (key is not None and entry.get("key") != key):
            return None
        try:
            content = (self / name).read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
            _LOG.warning("%s is damaged and will be made again", self / name)
            return None
        return content

    def _index(self) -> dict[str, Any]:
        try:
            return self.read_json(_INDEX)
        except StorageError:
            return {}

    def save_tree(self, name: str, tree: xr.DataTree, key: str) -> None:
        """Keep an xarray DataTree (a posterior, say) as netCDF."""
        self.save(name, netcdf.to_bytes(tree), key)

    def load_tree(self, name: str, key: str | None = None) -> xr.DataTree | None:
        """A kept DataTree; None if absent, made from something else or damaged."""
        content = self.load(name, key)
        return None if content is None else netcdf.from_bytes(content)

    def save_stage(self, result: StageResult, key: str) -> None:
        """Keep a stage result as `<stage>.nc`."""
        self.save(f"{result.stage}.nc", netcdf.to_bytes(netcdf.stage_tree(result, key)), key)

    def load_stage(self, stage: str, key: str | None = None) -> StageResult | None:
        """A kept stage result; None if absent, made from something else or damaged."""
        content = self.load(f"{stage}.nc", key)
        return None if content is None else netcdf.stage_result(netcdf.from_bytes(content))

    def samples(self, key: str) -> SampleRecords:
        """Records of the samples of one study."""
        return SampleRecords(self.path / "samples" / f"{key}.jsonl")


class SampleRecords:
    """What became of each sample, one JSON object per line, on disk as soon as it is known."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> list[dict[str, Any]]:
        """All whole records; a line cut off by a kill is left out."""
        if not self.path.exists():
            return []
        with explained(self.path, "read"):
            lines = self.path.read_bytes().split(b"\n")[:-1]
        records = []
        for line in lines:
            try:
                records.append(json.loads(line))
            except ValueError:
                _LOG.warning("%s holds a damaged record, its sample will be run again", self.path)
        return records

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record; after a failure (full disk) the file is as before."""
        line = json.dumps(record, default=_plain, separators=(",", ":")).encode() + b"\n"
        with explained(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+", buffering=0) as file:
                size = self._whole(file)
                try:
                    if file.write(line) != len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(size)
                    raise

    @staticmethod
    def _whole(file: io.FileIO) -> int:
        """Cut off what follows the last whole line; the size then."""
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        if size and file.read(1) != b"\n":
            file.seek(0)
            size = file.readall().rfind(b"\n") + 1
            file.truncate(size)
        return size


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return _finite(_plain(value))
