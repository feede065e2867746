"""A small section for landing tests: two spherical vessels, container, absorber, made of strips without a mesher."""

import numpy as np

from containment.meshing.mesh import SectionMesh
from containment.result import Response, StageResult

CENTRE = 0.277  # z of the vessels' seam: 33 mm of shell, 92 mm of absorber and a vessel of 152 mm lie in front


def shell(outer, wall, count=64, layers=2, centre=CENTRE):
    """Points and triangles of a spherical shell, and its nodes at the equator from inside out."""
    angle = np.linspace(0.0, np.pi, count + 1)
    radius = np.linspace(outer - wall, outer, layers + 1)
    points = np.array([[q * np.sin(a), centre - q * np.cos(a)] for a in angle for q in radius])
    points[: layers + 1, 0] = points[-(layers + 1) :, 0] = 0.0
    number = np.arange((count + 1) * (layers + 1)).reshape(count + 1, layers + 1)
    a, b, c, d = (number[i : count + i, j : layers + j].ravel() for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)))
    triangles = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    return points, triangles, number[count // 2]


def block(radius, low, high):
    """A cylinder of four triangles."""
    points = np.array([[0.0, low], [radius, low], [radius, high], [0.0, high], [radius / 2, (low + high) / 2]])
    return points, np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]])


def section(scv=0.18, pcv=0.16, wall=0.002, column=0.15, count=64):
    parts = {"scv": shell(scv, wall, count), "pcv": shell(pcv, wall, count)}
    solids = {
        "os": block(0.14, CENTRE - 0.1, CENTRE + 0.1),
        "absorber": block(0.3, CENTRE - scv - column, CENTRE + 0.05),
    }
    points, triangles, region, facets, facet, start = [], [], [], [], [], 0
    names = {name: i for i, name in enumerate([*parts, *solids])}
    lines = {"scv_seal": 1, "pcv_seal": 2}
    for name, content in (parts | solids).items():
        p, t = content[0], content[1]
        points.append(p)
        triangles.append(t + start)
        region.append(np.full(len(t), names[name]))
        if name in parts:
            seam = content[2] + start
            facets.append(np.column_stack([seam[:-1], seam[1:]]))
            facet.append(np.full(len(seam) - 1, lines[f"{name}_seal"]))
        start += len(p)
    return SectionMesh(
        np.concatenate(points), np.concatenate(triangles), np.concatenate(region), np.concatenate(facets),
        np.concatenate(facet), names, lines,
    )  # fmt: skip


def mesh_stage(mesh, masses):
    responses = {f"mesh.{name}_mass": Response(mass, "kg") for name, mass in masses.items()}
    return StageResult("mesh", responses, mesh.to_dataset())
