"""Field files that ParaView opens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from containment.errors import SolverError, StorageError
from containment.fem.mesh import cell_values, node_values

Floats = npt.NDArray[np.float64]


class _File:
    """XDMF with its numbers in an HDF5 file beside it: one collection of grids over time."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_suffix(".xdmf")
        self._steps: list[str] = []

    def __enter__(self) -> Self:
        import h5py  # type: ignore[import-untyped]

        with _storing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._data = h5py.File(self._path.with_suffix(".h5"), "w")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        series = f'<Grid Name="fields" GridType="Collection" CollectionType="Temporal">{"".join(self._steps)}</Grid>'
        with _storing(self._path):
            self._data.close()
            self._path.write_text(f'<?xml version="1.0"?>\n<Xdmf Version="3.0"><Domain>{series}</Domain></Xdmf>\n')

    def _append(self, time: float, grid: str, fields: Mapping[str, tuple[str, Floats]]) -> None:
        """One grid with its fields; each is ("Node" or "Cell", values)."""
        parts = [f'<Grid Name="section"><Time Value="{time!r}"/>', grid]
        for name, (centre, given) in fields.items():
            values = _in_space(given)
            kind = "Vector" if values.ndim == 2 else "Scalar"
            item = self._item(f"{name}_{len(self._steps)}", values)
            parts.append(f'<Attribute Name="{name}" AttributeType="{kind}" Center="{centre}">{item}</Attribute>')
        self._steps.append("".join([*parts, "</Grid>"]))

    def _topology(self, cells: npt.NDArray[np.int64]) -> str:
        kind = {3: "Triangle", 4: "Quadrilateral"}[cells.shape[1]]
        count = f'TopologyType="{kind}" NumberOfElements="{len(cells)}"'
        return f"<Topology {count}>{self._item('cells', cells)}</Topology>"

    def _geometry(self, name: str, points: Floats) -> str:
        return f'<Geometry GeometryType="XYZ">{self._item(name, _in_space(points))}</Geometry>'

    def _item(self, name: str, values: npt.NDArray[Any]) -> str:
        """Store an array and say where."""
        with _storing(self._path):
            self._data.create_dataset(name, data=values, compression="gzip")
        kind = "Int" if np.issubdtype(values.dtype, np.integer) else "Float"
        shape = " ".join(map(str, values.shape))
        head = f'Format="HDF" NumberType="{kind}" Precision="8" Dimensions="{shape}"'
        return f"<DataItem {head}>{self._path.stem}.h5:/{name}</DataItem>"


class FieldFile(_File):
    """A file ParaView opens: one mesh, any number of fields over time, first-order or piecewise constant.

    All fields on one grid. Use as a context manager.
    """

    def __init__(self, path: Path, mesh: Any) -> None:
        super().__init__(path)
        self._mesh = mesh

    def __enter__(self) -> Self:
        super().__enter__()
        geometry = self._mesh.geometry
        points = np.empty_like(geometry.x)
        points[geometry.input_global_indices] = geometry.x
        triangles = np.empty(geometry.dofmaps[0].shape, dtype=np.int64)
        triangles[self._mesh.topology.original_cell_index] = geometry.input_global_indices[geometry.dofmaps[0]]
        self._grid = self._topology(triangles) + self._geometry("points", points)
        return self

    def write(self, functions: Mapping[str, Any], time: float = 0.0) -> None:
        """Append fields at a time, s; the keys become their names. Raises SolverError for functions of higher order."""
        fields = {}
        for name, function in functions.items():
            layout = function.function_space.dofmap.dof_layout
            dofs = [len(layout.entity_dofs(dim, 0)) for dim in range(3)]
            if dofs not in ([1, 0, 0], [0, 0, 1]):
                raise SolverError(f"field {name!r} is neither first order nor piecewise constant")
            fields[name] = ("Node", node_values(function)) if dofs[0] else ("Cell", cell_values(function))
        self._append(time, self._grid, fields)


class MotionFile(_File):
    """A file ParaView opens: triangles or quads (corners around them) whose points move from time to time."""

    def __init__(self, path: Path, cells: npt.NDArray[np.int64]) -> None:
        super().__init__(path)
        self._cells = cells

    def __enter__(self) -> Self:
        super().__enter__()
        self._connected = self._topology(self._cells)
        return self

    def write(self, points: Floats, cell_fields: Mapping[str, Floats], time: float) -> None:
        """Append the points (n, 2 or 3) at a time, s, with a value per cell of each field."""
        grid = self._connected + self._geometry(f"points_{len(self._steps)}", points)
        self._append(time, grid, {name: ("Cell", values) for name, values in cell_fields.items()})


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    """Turns what the system says about a file into an error for the user."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error}", advice="free space or choose another folder with --out"
        ) from error


def _in_space(values: Floats) -> Floats:
    """Vectors of the half plane with a third component 0, as ParaView wants them."""
    flat = values.ndim == 2 and values.shape[1] == 2
    return np.column_stack([values, np.zeros(len(values))]) if flat else values


def write_fields(path: Path, mesh: Any, functions: Mapping[str, Any], time: float = 0.0) -> None:
    """Write fields at one time to `path` (.xdmf with .h5 beside it)."""
    with FieldFile(path, mesh) as file:
        file.write(functions, time)
