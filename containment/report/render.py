"""The review document: one HTML file with everything inside, and the same as PDF where weasyprint is installed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from containment import share
from containment.case.describe import distribution
from containment.case.load import load_case
from containment.report import result_figures, stage_figures, wording
from containment.report.style import as_file, styled, svg
from containment.stages import STAGES
from containment.store import RunFolder
from containment.units import pleasant, probability, show

if TYPE_CHECKING:
    from containment.case.schema import Case
    from containment.case.values import Quantity
    from containment.result import StageResult


def render(folder: RunFolder) -> list[Path]:
    """Write figures/*.svg, report.html and, where possible, report.pdf from what the run folder holds."""
    context = _context(folder)
    for name, text in context["figures"].items():
        folder.write_text(f"figures/{name}.svg", as_file(text))
    html = _template().render(**context)
    files = [folder.write_text("report.html", html)]
    if pdf := _pdf(html):
        files.append(folder.write_bytes("report.pdf", pdf))
    return files


def _template() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(share.shipped("reports"))
    return jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, autoescape=True).get_template(
        "report.html.j2"
    )


def _pdf(html: str) -> bytes | None:
    try:
        import weasyprint
    except (ImportError, OSError):  # OSError: the package is there, Pango is not
        return None
    content: bytes = weasyprint.HTML(string=html).write_pdf()
    return content


def _context(folder: RunFolder) -> dict[str, Any]:
    result = folder.read_json("result.json")
    case = load_case(folder / "case.toml")
    stages = {name: stage for name in STAGES if (stage := folder.load_stage(name)) is not None}
    values = [_value_row(path, quantity) for path, quantity in case.quantities()]
    return {
        "case": case,
        "result": result,
        "loss": result["probability_of_loss"],
        "probability": probability,
        "conditional": partial(wording.number, condition=result["conditional_on"]),
        "footnote": wording.footnote(result["conditional_on"]),
        "css": (share.shipped("reports") / "style.css").read_text(encoding="utf-8"),
        "provenance": folder.read_json("provenance.json"),
        "provenance_rows": _provenance_rows(folder),
        "values": values,
        "assumed": sum(row["confidence"] == "assumed" for row in values),
        "limit_states": sorted(result["limit_states"].items(), key=lambda item: -item[1]["mean"]),
        "responses": _responses(stages),
        "limits_held": _limits_held(stages.get("soak")),
        "evidence": result.get("evidence", []),
        "footprint": _footprint(folder),
        "failures": result.get("failures", []),
        "notes": _notes(case, stages, result),
        "figures": {name: svg(figure) for name, figure in _figures(folder, result, stages).items()},
    }


def _footprint(folder: RunFolder) -> dict[str, Any] | None:
    return folder.read_json("footprint.json") if (folder / "footprint.json").exists() else None


def _updates(folder: RunFolder) -> list[tuple[str, Any, Any]]:
    """(input, prior draws, posterior draws) of every input the evidence updated."""
    tree = folder.load_tree("posterior.nc")
    if tree is None or "updates" not in tree.children:
        return []
    before, after = (
        {str(v.attrs["path"]): v.to_numpy() for v in tree[node].to_dataset().data_vars.values()}
        for node in ("before", "updates")
    )
    return [(path, before[path], draws) for path, draws in after.items()]


@styled()  # type: ignore[untyped-decorator]
def _figures(folder: RunFolder, result: Mapping[str, Any], stages: Mapping[str, StageResult]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for stage in stages.values():
        figures |= stage_figures.figures(stage)
    draws = folder.load_tree("assurance.nc")
    if draws is not None:
        figures["verdict"] = result_figures.verdict(draws["probability_of_loss"].to_numpy(), result)
    figures["barriers"] = result_figures.intervals(result["barriers"], "barriers")
    figures["limit-states"] = result_figures.intervals(result["limit_states"], "limit states")
    if result["importance"]:
        figures["importance"] = result_figures.importance(result["importance"])
    if landings := _footprint(folder):
        figures["footprint"] = result_figures.landing_map(landings)
    if pairs := _updates(folder):
        figures["evidence"] = result_figures.prior_posterior(pairs)
    return figures


def _responses(stages: Mapping[str, StageResult]) -> list[dict[str, Any]]:
    return [
        {"name": name, "text": pleasant(response.value, response.unit), "rung": response.rung}
        for stage in stages.values()
        for name, response in stage.responses.items()
    ]


def _limits_held(soak: StageResult | None) -> list[dict[str, str]]:
    """Peak of every place of the soak that has a limit, when it comes, and how long the limit is exceeded."""
    if soak is None:
        return []
    found = []
    for name, history in soak.data.data_vars.items():
        place = str(name).removesuffix("_temperature")
        for key, kelvin in history.attrs.items():
            if not key.startswith("limit_"):
                continue
            limit = key.removeprefix("limit_")
            peak, when = soak.value(f"peak_{name}"), soak.value(f"time_of_peak_{name}")
            above = soak.value(f"{place}_time_above_{limit}")
            found.append({
                "place": place.replace("_", " "), "limit": limit, "peak": pleasant(peak, "K"),
                "when": pleasant(when, "s"), "at": pleasant(float(kelvin), "K"), "above": pleasant(above, "s"),
            })  # fmt: skip
    return found


def _notes(case: Case, stages: Mapping[str, StageResult], result: Mapping[str, Any]) -> list[str]:
    notes = [note for stage in stages.values() for note in stage.notes]
    return list(dict.fromkeys([*result.get("limits", []), *notes]))


def _value_row(path: str, quantity: Quantity) -> dict[str, str]:
    unit = quantity.unit if quantity.unit else quantity.si_unit
    spread = quantity.uncertainty
    text = ""
    if spread is not None:
        text = f"{spread.kind}: {distribution(quantity)}"
    return {
        "path": path,
        "text": show(quantity.value, quantity.si_unit, unit),
        "uncertainty": text,
        "confidence": quantity.confidence,
        "source": quantity.source + (f" ({quantity.note})" if quantity.note else ""),
    }


def _provenance_rows(folder: RunFolder) -> list[tuple[str, str]]:
    facts = folder.read_json("provenance.json")
    return [
        (key, json.dumps(value) if isinstance(value, dict | list) else str(value))
        for key, value in facts.items()
        if key != "schema"
    ]
