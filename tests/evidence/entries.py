"""One small entry for every evidence model: rows, priors, and what the case would say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from containment.evidence.strengths import new_items

from .helpers import uncertain, write_set


def written(folder: Path, model: str) -> dict[str, Any]:
    """The entry for a model with its set written below `folder`."""
    kind, header, units, rows, assumptions = ENTRIES[model.rsplit("-", 1)[0] if model.startswith("strength") else model]
    if model.startswith("strength"):
        rows = _strengths(model.rsplit("-", 1)[1])
    write_set(folder / model, kind, rows, header=header, units=units)
    return {"set": str(folder / model), "model": model, "assumptions": assumptions}


def _strengths(family: str) -> str:
    rng = np.random.default_rng(3)
    values = new_items(family, np.full(12, 800e6), np.full(12, 0.06), rng) / 1e6
    return "\n".join(
        f"i{i},{i % 4},{'north' if i % 3 else 'south'},{y:.6g},{'' if i in (4, 9) else f'{y:.6g}'},found,p"
        for i, y in enumerate(values)
    )


def _comparisons() -> str:
    runs = [
        f"run {i},run,{x},{t},{0.5 - 0.3 * x + 0.2 * t + 0.05 * x * t:.6g},,found,p"
        for i, (x, t) in enumerate((x, t) for x in (0.0, 0.5, 1.0) for t in (-2.0, 0.0, 2.0))
    ]
    tests = [f"drop {i},test,{x},,{m},0.03,found,p" for i, (x, m) in enumerate([(0.1, 0.55), (0.5, 0.4), (0.8, 0.36)])]
    return "\n".join(runs + tests)


ENTRIES: dict[str, tuple[str, str, str, str, dict[str, Any]]] = {
    "gamma-poisson": (
        "events", "item,events,exposure,relevance,status,source", 'exposure = "h"',
        "a,0,2000,1,found,p\nb,2,9000,1,found,p\nc,1,1500,1,found,p\nd,0,500,1,found,p",
        {
            "mean_rate": uncertain("3e-4 1/h", "lognormal", sigma_ln=1.2),
            "likeness": uncertain(2.0, "lognormal", sigma_ln=0.7), "mission_time": "300 h",
        },
    ),
    "mixture-binomial": (
        "demands", "item,question,demands,failures,relevance,status,source", "",
        "cans,closure,20,1,1,found,p\ntins,closure,10,0,1,found,p",
        {
            "informed": uncertain(0.02, "beta", a=2.0, b=98.0), "vague": uncertain(0.5, "beta", a=0.5, b=0.5),
            "trust": 0.7,
        },
    ),
    "alpha-pair": (
        "common-cause", "item,alone,both,status,source", "", "pumps,9,1,found,p\nvalves,14,0,found,p",
        {"both": uncertain(0.1, "beta", a=1.0, b=9.0)},
    ),
    "current-status-weibull": (
        "inspections", "item,temperature,age,items,failures,status,source", 'temperature = "degF"\nage = "day"',
        "hot,350,570,8,7,found,p\nwarm,300,570,6,1,found,p\ncool,200,900,20,0,found,p",
        {
            "life": uncertain("40 year", "lognormal", sigma_ln=1.0),
            "activation_temperature": uncertain("9000 K", "normal", sd="2000 K"),
            "shape": uncertain(2.0, "lognormal", sigma_ln=0.4), "reference_temperature": "350 K",
            "service_temperature": "300 K", "service_time": "5 year",
        },
    ),
    "margin-discrepancy": (
        "comparisons", "item,role,setting,parameter,margin,error,status,source", "", _comparisons(),
        {
            "calibration": uncertain(0.0, "normal", sd=0.5),
            "discrepancy_sd": uncertain(0.05, "lognormal", sigma_ln=0.5),
            "length": uncertain(0.5, "lognormal", sigma_ln=0.4), "flight_setting": 1.0,
        },
    ),
    "strength": (
        "strengths", "item,lot,laboratory,value_low,value_high,status,source",
        'value_low = "MPa"\nvalue_high = "MPa"', "",
        {
            "median": uncertain("800 MPa", "lognormal", sigma_ln=0.1),
            "scatter": uncertain(0.06, "lognormal", sigma_ln=0.3),
            "lot_scatter": uncertain(0.03, "lognormal", sigma_ln=0.5),
            "laboratory_scatter": uncertain(0.02, "lognormal", sigma_ln=0.5),
        },
    ),
}  # fmt: skip
MODELS = [
    *(name for name in ENTRIES if name != "strength"),
    *(f"strength-{f}" for f in ("normal", "lognormal", "weibull")),
]
