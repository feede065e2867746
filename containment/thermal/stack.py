"""The stack of layers under one point of the surface, its grid, and what moves when the surface recedes.

The first layer is the ablator; its cells shrink together as the surface recedes by s (x = s + X (L - s)/L), the layers
behind stay. Depth counts from the original surface. State lives at points: the nodes of each layer, so that a node
between two layers has one temperature and two material states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from containment.errors import DataError
from containment.thermal.charring import CharringMaterial
from containment.thermal.tables import MaterialTables, tabulate


@dataclass(frozen=True)
class Layer:
    """One layer: thickness m, cells, and the ratio of its last to its first cell (> 1: finest towards the surface)."""

    name: str
    material: CharringMaterial
    thickness: float
    cells: int
    grading: float = 1.0


class Grid(NamedTuple):
    """Arrays of the stack: depth (N,) at rest, point_node and point_material (P,), cell_points (C, 2)."""

    depth: Any
    point_node: Any
    point_material: Any
    cell_points: Any
    ablator_nodes: int
    ablator_depth: float


@dataclass(frozen=True)
class Stack:
    """Layers from the outside in, the grid through them and the tables of their materials."""

    layers: tuple[Layer, ...]
    grid: Grid
    tables: MaterialTables

    def interface(self, name: str) -> int:
        """Node at the outer face of the layer `name`."""
        index = [layer.name for layer in self.layers].index(name)
        return sum(layer.cells for layer in self.layers[:index])


def graded(thickness: float, cells: int, ratio: float) -> np.ndarray:
    """Cell sizes in geometric progression, last/first = ratio, adding up to thickness."""
    sizes = ratio ** (np.arange(cells) / max(cells - 1, 1))
    return np.asarray(sizes * (thickness / sizes.sum()))


def build(layers: list[Layer]) -> Stack:
    """Grid and tables of the stack. Raises DataError for layers that cannot be."""
    if not layers:
        raise DataError("found no layers, expected at least the ablator", advice="add a layer")
    for layer in layers:
        if not layer.thickness > 0 or layer.cells < 1:
            raise DataError(
                f"layer {layer.name}: found a thickness of {layer.thickness:g} m in {layer.cells} cells,"
                " expected a positive thickness and at least one cell",
                advice="correct the layer",
            )
    inner = [layer.name for layer in layers[1:] if layer.material.share.size and not layers[0].material.share.size]
    if inner:
        raise DataError(
            f"layers in the wrong order: found the charring layer {inner[0]} behind {layers[0].name},"
            " which does not char",
            advice="put the ablator first",
        )
    sizes = np.concatenate([graded(layer.thickness, layer.cells, layer.grading) for layer in layers])
    depth = np.concatenate([[0.0], np.cumsum(sizes)])
    node, material, cells = [], [], []
    first_node = first_point = 0
    for i, layer in enumerate(layers):
        n = layer.cells
        node.append(np.arange(first_node, first_node + n + 1))
        material.append(np.full(n + 1, i))
        start = first_point + np.arange(n)
        cells.append(np.column_stack([start, start + 1]))
        first_node, first_point = first_node + n, first_point + n + 1
    grid = Grid(
        depth, np.concatenate(node), np.concatenate(material), np.concatenate(cells), layers[0].cells + 1,
        float(sizes[: layers[0].cells].sum()),
    )  # fmt: skip
    return Stack(tuple(layers), grid, tabulate([layer.material for layer in layers]))
