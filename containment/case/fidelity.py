"""How finely each rung resolves: three named sets of numerical settings, overridable under [fidelity.<name>]."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from containment.case.values import Section

FidelityName = Literal["screening", "standard", "review"]


class Fidelity(Section):
    """Numerical settings of one run; lengths in m, times in s."""

    name: FidelityName = "screening"
    samples: int = Field(48, ge=8, description="samples of the ensemble that feed the surrogates")
    landings: int = Field(320, ge=0, description="further samples of landing and leak alone, soak by its surrogates")
    mesh_size: float = Field(0.012, gt=0, description="target edge length of the axisymmetric mesh, m")
    heatshield_cells: int = Field(60, ge=10, description="cells through the ablator")
    heatshield_step: float = Field(0.5, gt=0, description="largest time step of the 1-D heat shield, s")
    heatshield_rung: int = Field(2, ge=1, le=2, description="1 fast twin, 2 finite elements of the heat shield")
    soak_steps: int = Field(80, ge=10, description="time steps of the 2-D soak")
    buckling_waves: int = Field(0, ge=0, description="most waves of the shell's linear buckling; 0 closed form alone")
    landing_masses: int = Field(24, ge=4, description="masses of the landing chain")
    refinement: float = Field(
        1.0, ge=1, le=3, description="design points again with meshes and steps so much finer; 1: errors as assumed"
    )
    impact_size: float = Field(0.008, gt=0, description="edge length of the explicit impact, m")
    impact_layers: int = Field(2, ge=2, description="cells through a vessel's wall in the explicit impact")
    impact_branches: int = Field(2, ge=1, description="landing branches run as explicit impact, hardest and likeliest")
    epistemic_draws: int = Field(400, ge=50, description="posterior draws carried to P(loss)")
    aleatory_draws: int = Field(1000, ge=100, description="flights simulated per draw and branch")
    posterior_draws: int = Field(1000, ge=200, description="draws per chain of the evidence sampler")


def refined(settings: Fidelity) -> Fidelity:
    """The same with meshes and steps finer by `refinement`; what only the nominal flight or statistics use stays."""
    by = settings.refinement
    return settings.model_copy(
        update={
            "mesh_size": settings.mesh_size / by,
            "heatshield_cells": round(settings.heatshield_cells * by),
            "heatshield_step": settings.heatshield_step / by,
            "soak_steps": round(settings.soak_steps * by),
            "landing_masses": round(settings.landing_masses * by),
        }
    )


def defaults(name: FidelityName) -> Fidelity:
    """The shipped settings of one fidelity."""
    finer: dict[FidelityName, dict[str, Any]] = {
        "screening": {},
        "standard": {
            "samples": 120,
            "landings": 1000, "mesh_size": 0.006, "heatshield_cells": 100, "heatshield_step": 0.25, "soak_steps": 160,
            "landing_masses": 32, "impact_size": 0.006, "impact_layers": 3, "impact_branches": 3,
            "epistemic_draws": 1000, "aleatory_draws": 4000, "refinement": 1.5,
        },
        "review": {
            "samples": 400,
            "landings": 4000, "mesh_size": 0.004, "heatshield_cells": 200, "heatshield_step": 0.1, "soak_steps": 320,
            "buckling_waves": 24,
            "landing_masses": 48, "impact_size": 0.004, "impact_layers": 4, "impact_branches": 8,
            "epistemic_draws": 2000, "aleatory_draws": 10000, "refinement": 1.5,
        },
    }  # fmt: skip
    return Fidelity(name=name, **finer[name])
