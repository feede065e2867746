"""Small evidence sets and cases for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from containment.case.evidence import Evidence
from containment.case.schema import Case

UNITS = {
    "leak-rates": {"rate_low": "Pa*m^3/s", "rate_high": "Pa*m^3/s", "temperature": "degC"},
    "demands": {},
    "landings": {
        "speed": "m/s", "mass": "kg", "diameter": "m", "acceleration_low": "g_0", "acceleration_high": "g_0",
        "penetration": "m",
    },
}  # fmt: skip
HEADERS = {
    "leak-rates": "item,method,rate_low,rate_high,temperature,count,status,source",
    "demands": "item,question,demands,failures,relevance,status,source",
}


def write_set(
    folder: Path, kind: str, rows: str, *, header: str = "", card: str = "", units: str | None = None
) -> Path:
    """An evidence set in `folder`; `rows` without the header."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.csv").write_text(f"{header or HEADERS[kind]}\n{rows}\n", encoding="utf-8")
    text = "\n".join(f'{key} = "of a test"' for key in ("title", "source", "date", "relevance", "licence"))
    if units is None:
        units = "\n".join(f'{name} = "{unit}"' for name, unit in UNITS[kind].items())
    (folder / "card.toml").write_text(
        f'schema = 1\nkind = "{kind}"\n{text}\n{card}\n[units]\n{units}\n', encoding="utf-8"
    )
    return folder


def uncertain(value: object, distribution: str, **parameters: object) -> dict[str, Any]:
    """An epistemic value as it stands in a case."""
    return {"value": value, "uncertainty": {"kind": "epistemic", "distribution": distribution, **parameters}}


def case_with(sets: Mapping[str, Mapping[str, Any]], gate: Mapping[str, Any] | None = None) -> Case:
    """A case that has nothing but evidence."""
    return Case(schema=1, name="test", evidence=Evidence.model_validate({"sets": dict(sets), "gate": dict(gate or {})}))


def leaks(folder: Path, **assumptions: Any) -> dict[str, Any]:
    """An entry for leak rates: everything constant but what is given."""
    fixed = {
        "median": "1e-10 Pa*m^3/s", "sigma_ln": 1.0, "activation_temperature": "0 K", "repeatability": 0.1,
        "reference_temperature": "20 degC",
    }  # fmt: skip
    return {"set": str(folder), "model": "censored-lognormal", "assumptions": {**fixed, **assumptions}}


def demands(folder: Path, **assumptions: Any) -> dict[str, Any]:
    """An entry for demands; likeness without end makes all groups the same, so the model is a plain binomial."""
    jeffreys = uncertain(0.5, "beta", a=0.5, b=0.5)
    fixed = {"mean_closure": jeffreys, "mean_landing": jeffreys, "likeness": 1e7, "undetected": 0.01}
    return {"set": str(folder), "model": "beta-binomial", "assumptions": {**fixed, **assumptions}}
