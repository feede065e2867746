"""Small sections the tests of meshing and fem share."""

import math
from functools import cache

import numpy as np

from containment.case.section_shape import Dimensions
from containment.meshing import recipe
from containment.meshing.mesh import SectionMesh

BASE = Dimensions(
    diameter=1.25, nose_radius=0.30, half_angle=math.radians(60.0), shoulder_radius=0.02, tps=0.03, structure=0.003,
    absorber=0.092, absorber_radius=0.24, absorber_reach=0.09, scv_wall=0.002, scv_gap=0.004, pcv_wall=0.002,
    pcv_gap=0.004, os_radius=0.14, cylinder=0.0,
)  # fmt: skip


@cache
def baseline(mesh_size: float = 0.03):
    """The baseline section, meshed once."""
    return recipe.build(BASE, mesh_size, recipe.describe())


def square(n: int, *, shuffle: bool = True) -> SectionMesh:
    """Unit square of 2 n^2 triangles, two regions left and right of r = 0.5, points in random order."""
    r, z = np.meshgrid(np.linspace(0, 1, n + 1), np.linspace(0, 1, n + 1), indexing="ij")
    points = np.column_stack([r.ravel(), z.ravel()])
    number = np.arange((n + 1) ** 2).reshape(n + 1, n + 1)
    quads = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(-1, 4)
    triangles = np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    order = np.random.default_rng(1).permutation(len(points)) if shuffle else np.arange(len(points))
    place = np.argsort(order)
    middle, top = place[number[n // 2]], place[number[:, -1]]
    facets = np.vstack([np.column_stack([line[:-1], line[1:]]) for line in (middle, top)])
    left = points[triangles][:, :, 0].mean(axis=1) < 0.5
    return SectionMesh(
        points[order], place[triangles], np.where(left, 1, 2), facets, np.repeat([7, 9], n),
        {"left": 1, "right": 2}, {"middle": 7, "top": 9},
    )  # fmt: skip
