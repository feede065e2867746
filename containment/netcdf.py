"""A stage result as one netCDF file, and back: what it holds is found by any reader of netCDF in ten years too."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from containment.result import Check, Response, StageResult

if TYPE_CHECKING:
    import xarray as xr

_COMPRESS_FROM = 10_000  # values; below, compression costs more than it saves


def to_bytes(tree: xr.DataTree) -> bytes:
    """A tree as the bytes of a netCDF-4 file. Made in memory: HDF5 cannot be stopped cleanly by a full disk."""
    # Its absence is a missing part of the installation, which xarray would report as a failed import of its own.
    import h5py  # type: ignore[import-not-found]  # noqa: F401

    encoding = {
        node.path: {
            str(name): {"zlib": True, "complevel": 1, "shuffle": True}
            for name, variable in node.data_vars.items()
            if variable.size >= _COMPRESS_FROM and variable.dtype.kind in "fiub"
        }
        for node in tree.subtree
    }
    return bytes(tree.to_netcdf(engine="h5netcdf", encoding=encoding))


def from_bytes(content: bytes) -> xr.DataTree:
    """The tree in the bytes of a netCDF-4 file, loaded whole; times stay numbers in s."""
    import xarray as xr

    with xr.open_datatree(io.BytesIO(content), engine="h5netcdf", decode_times=False) as tree:
        return tree.load()


def stage_tree(result: StageResult, key: str) -> xr.DataTree:
    """Histories and fields at the root, one table each (names and values along one dimension) for the rest."""
    import xarray as xr

    responses, checks = result.responses, result.checks
    values = [(n, r.value, r.unit, r.rung) for n, r in responses.items()]
    limits = [(n, c.value, c.limit, c.ok) for n, c in checks.items()]
    return xr.DataTree.from_dict(
        {
            "/": result.data.assign_attrs(containment_stage=result.stage, containment_key=key),
            "/responses": _table(values, name="U", value="f8", unit="U", rung="i8"),
            "/checks": _table(limits, name="U", value="f8", limit="f8", ok="?"),
            "/notes": _table([(note,) for note in result.notes], text="U"),
        }
    )


def _table(rows: list[tuple[Any, ...]], **kinds: str) -> xr.Dataset:
    import numpy as np
    import xarray as xr

    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return xr.Dataset(
        {name: ("row", np.array(list(c), dtype=kind)) for (name, kind), c in zip(kinds.items(), columns, strict=True)}
    )


def stage_result(tree: xr.DataTree) -> StageResult:
    """What `stage_tree` was made from."""
    data = tree.to_dataset(inherit=False)
    stage = str(data.attrs.pop("containment_stage"))
    data.attrs.pop("containment_key")
    return StageResult(
        stage=stage,
        responses={n: Response(v, u, r) for n, v, u, r in _rows(tree, "responses", "name", "value", "unit", "rung")},
        data=data,
        checks={n: Check(v, limit, ok) for n, v, limit, ok in _rows(tree, "checks", "name", "value", "limit", "ok")},
        notes=tuple(text for (text,) in _rows(tree, "notes", "text")),
    )


def _rows(tree: xr.DataTree, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    node = tree[table]
    return zip(*(node[column].to_numpy().tolist() for column in columns), strict=True)
