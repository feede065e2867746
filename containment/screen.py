"""What the commands print: tables for a person at a terminal, plain text when piped."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from containment.units import pleasant, show

if TYPE_CHECKING:
    from containment.case.schema import Case
    from containment.compare import Difference
    from containment.result import Check, StageResult
    from containment.verification.catalogue import Item


def _console() -> Console:
    # Piped output keeps whole lines: a table cut at 80 columns cannot be read by the next program.
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    return table


def _print(*things: object) -> None:
    console = _console()
    for thing in things:
        console.print(thing)


def listing(found: Mapping[str, Iterable[str]]) -> None:
    """Shipped files by kind."""
    for kind, names in found.items():
        _print(f"[bold]{kind}[/]  " + "  ".join(names))


def case_summary(case: Case, *, inputs: bool = True) -> None:
    """A valid case: stages it can run, its uncertain inputs, how well its values are known."""
    from containment.case.describe import distribution
    from containment.stages import asked, available

    quantities = dict(case.quantities())
    confidence: dict[str, int] = {}
    for quantity in quantities.values():
        confidence[quantity.confidence] = confidence.get(quantity.confidence, 0) + 1
    if inputs:
        table = _table("input", "nominal", "kind", "distribution", "confidence", "source")
        for path, quantity in case.inputs().items():
            spread = quantity.uncertainty
            if spread is not None:
                nominal = show(quantity.value, quantity.si_unit, quantity.unit)
                table.add_row(path, nominal, spread.kind, distribution(quantity), quantity.confidence, quantity.source)
        _print(table, "")
    counts = ", ".join(f"{n} {word}" for word, n in sorted(confidence.items()))
    _print(f"{case.name}: valid. {len(quantities)} values ({counts}), {len(case.inputs())} uncertain inputs.")
    for what, names in (
        ("", asked(case)),
        (" in a study alone", [name for name in available(case) if name not in asked(case)]),
        (" for the nominal flight alone", [n for n in available(case, nominal=True) if n not in available(case)]),
    ):
        if names:
            _print(f"stages{what}: " + ", ".join(names))


def stage(result: StageResult, figures: Sequence[Path]) -> None:
    """Responses, checks and notes of one stage."""
    table = _table(result.stage, "value", "rung")
    for name, response in result.responses.items():
        table.add_row(
            name.removeprefix(f"{result.stage}."), pleasant(response.value, response.unit), str(response.rung)
        )
    _print(table)
    checks(result.checks)
    for note in result.notes:
        _print(f"note: {note}")
    for figure in figures:
        _print(f"figure: {figure}")


def checks(found: Mapping[str, Check]) -> None:
    """Checks with their limits."""
    if found:
        table = _table("check", "value", "limit", "")
        for name, check in found.items():
            table.add_row(name, f"{check.value:.3g}", f"{check.limit:.3g}", "ok" if check.ok else "[bold red]FAILED[/]")
        _print("", table)


def posterior(
    summary: Sequence[Mapping[str, Any]], leaning: Sequence[Mapping[str, Any]], gate: Mapping[str, Check],
    tested: Sequence[Mapping[str, Any]], folder: Path,
) -> None:  # fmt: skip
    """Rows of prior and posterior, what they lean on, the gate they passed, what pass-fail tests show by themselves."""
    if summary:
        table = _table(*(str(key).replace("_", " ") for key in summary[0]))
        for row in summary:
            table.add_row(*(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()))
        _print(table)
    if leaning:
        columns = (
            "evidence",
            "parameter",
            "prior moves it",
            "data move it",
            "",
            "moved most by",
            "mean without / mean",
        )
        table = _table(*columns)
        for row in leaning:
            ratio = "" if row["without"] is None else f"{row['without']:.3g}"
            unsure = "" if row["reliable"] in (None, True) else " (sample again to know)"
            table.add_row(
                row["evidence"], row["parameter"], f"{row['prior']:.3f}", f"{row['data']:.3f}", row["diagnosis"],
                row["moved_most_by"] or "", ratio + unsure,
            )  # fmt: skip
        _print("", table)
    checks(gate)
    if tested:
        _print("", _tested(tested))
    _print(f"posterior: {folder / 'posterior.nc'}")


def _tested(rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("trials", "failures", "mean", "95 % bound", "P(below requirement)", "trials needed without failure")
    table = _table("tests alone", *columns)
    for row in rows:
        numbers = (row["mean"], row["upper95"], row["below_requirement"], row["needed"])
        table.add_row(
            row["question"], f"{row['trials']:g}", f"{row['failures']:g}", *(f"{value:.2g}" for value in numbers)
        )
    return table


def plan(rows: Sequence[Mapping[str, Any]], worst: Mapping[str, Any]) -> None:
    """What further tests would show, and what the worst prior that may be held makes of those there are."""
    table = _table("test", "kind", "tests", "P(requirement demonstrated)", "needed without failure")
    for row in rows:
        needed = f"{row['needed']:.2g}" if row["needed"] is not None else "-"
        table.add_row(row["candidate"], row["kind"], str(row["tests"]), f"{row['demonstrated']:.3f}", needed)
    _print(table, "", *worst_prior(worst))


def worst_prior(worst: Mapping[str, Any]) -> list[str]:
    """Lines on the worst prior: what it holds, what it leaves of the assurance."""
    lines = [f"believed: {words} ({claim:.2e}) with probability {how:g}" for words, claim, how in worst["held"]]
    least = (
        f"P(requirement met) under the worst prior that holds this, tests on record counted: {worst['assurance']:.3f}"
    )
    needed = worst["needed"]
    enough = "no number of tests without failure would" if needed is None else f"{needed:.2g} without failure would do"
    return [*lines, f"{least}; {enough}"]


def study(rows: Mapping[str, Any], folder: Path) -> None:
    """Outcome of an ensemble."""
    _print(
        f"{rows['done']} of {rows['samples']} samples done, {rows['failed']} failed,"
        f" {rows['reused']} were there already"
    )
    table = _table("response", "p05", "median", "p95")
    for name, (low, middle, high, unit) in rows["responses"].items():
        table.add_row(name, *(pleasant(value, unit) for value in (low, middle, high)))
    _print(table, f"table: {folder / 'responses.parquet'}")


def verdict(answer: Mapping[str, Any], folder: Path) -> None:
    """The verdict table: P(loss), barriers, limit states, failures."""
    from containment.report import wording

    loss, wanted = answer["probability_of_loss"], answer["requirement"]
    condition = answer.get("conditional_on", "the models, priors and assumed values of this case")

    def said(value: float) -> str:
        return wording.number(value, condition)

    colour = {"demonstrated": "green", "violated": "red"}.get(answer["verdict"], "yellow")
    _print(
        f"\nRequirement: P(loss) < {wanted['probability']:.1e} for particles of {wanted['particle_m'] * 1e9:.0f} nm,"
        f" with assurance {wanted['assurance_wanted']:.2f}",
        f"[bold {colour}]{answer['verdict'].upper()}[/]",
        f"P(loss): mean {said(loss['mean'])}, median {said(loss['median'])}, 5 % {said(loss['p05'])},"
        f" 95 % {said(loss['p95'])};"
        f" probability that it is below the requirement: {loss['prob_below_requirement']:.3g}",
        wording.footnote(condition),
        *([f"doubts: {answer['doubts']['sentence']}"] if "doubts" in answer else []),
        "",
    )
    table = _table("barrier", "mean", "5 %", "95 %")
    for name, row in answer["barriers"].items():
        table.add_row(name, *(said(row[key]) for key in ("mean", "p05", "p95")))
    _print(table, "")
    table = _table("limit state", "barrier", "phase", "mean", "5 %", "95 %", "method")
    ranked = sorted(answer["limit_states"].items(), key=lambda item: -item[1]["mean"])
    for name, row in ranked:
        values = (said(row[key]) for key in ("mean", "p05", "p95"))
        table.add_row(name, row["barrier"], row["phase"], *values, row["method"])
    _print(table, "")
    failed = answer["failed_samples"]
    _print(
        f"failed samples: {failed['count']} of {failed['of']};"
        f" P(loss) is {said(failed['probability_if_safe'])} if all of them were safe,"
        f" {said(failed['probability_if_lost'])} if all were lost"
    )
    if "tests_alone" in answer:
        _print("", _tested(answer["tests_alone"]), "", *worst_prior(answer["worst_prior"]))
    for name, check in answer.get("checks", {}).items():
        if not check["ok"]:
            _print(f"[bold red]check {name}: {check['value']:.3g} exceeds {check['limit']:.3g}[/]")
    report = folder / "report.html"
    _print(f"report: {report}" if report.exists() else f"run folder: {folder}")


def footprint(found: Mapping[str, Any], files: Sequence[Path]) -> None:
    """Landing ellipse, zones, flights that do not land."""
    ellipse = found["ellipse"]
    _print(
        f"{found['samples']} flights; {100 * ellipse['probability']:g} % ellipse"
        f" {ellipse['semi_major'] / 1e3:.1f} km by {ellipse['semi_minor'] / 1e3:.1f} km (semi-axes), long axis"
        f" {ellipse['azimuth']:.0f} deg from north, centre {ellipse['latitude']:.3f} deg north,"
        f" {ellipse['longitude']:.3f} deg east",
        "",
    )
    table = _table("landing in", "kind", "probability", "95 % from", "to", "flights")
    outside = {"kind": "", **found["outside"]} if found["outside"] else None
    for name, row in [*found["zones"].items(), *([("outside every range", outside)] if outside else [])]:
        numbers = (f"{row[key]:.2e}" for key in ("probability", "low", "high"))
        table.add_row(name, row["kind"], *numbers, str(row["hits"]))
    _print(table)
    for words, count in found["lost"].items():
        _print(f"{count} flights: {words}")
    if found["casualties"] is not None:
        _print(f"casualty expectation: {found['casualties']:.1e} per landing")
    for file in files:
        _print(f"written: {file}")


def differences(found: Mapping[str, Sequence[Difference]]) -> None:
    """What changed between two runs."""
    for title, rows in found.items():
        if not rows:
            _print(f"{title}: the same")
            continue
        table = _table(title, "first", "second", "ratio")
        for row in rows:
            both = [value for value in (row.first, row.second) if isinstance(value, int | float) and value]
            ratio = f"{both[1] / both[0]:.3g}" if len(both) == 2 else ""
            table.add_row(row.key, _short(row.first), _short(row.second), ratio)
        _print(table, "")


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "-" if value is None else str(value)


def catalogue(items: Iterable[Item], *, json: bool) -> bool:
    """The benchmark table, line by line as the answers come; True when nothing failed."""
    done: list[Item] = []
    for item in items:
        done.append(item)
        if not json:
            _print(_benchmark(item))
    if json:
        rows = [{k: None if v != v else v for k, v in asdict(item).items()} for item in done]  # JSON knows no NaN
        _console().print_json(json_module.dumps(rows))
    else:
        failed, absent = (sum(item.ok is state for item in done) for state in (False, None))
        counts = f"{len(done) - failed - absent} of {len(done)} passed"
        _print("", counts + (f", {failed} FAILED" if failed else "") + (f", {absent} not run" if absent else ""))
    return all(item.ok is not False for item in done)


def _benchmark(item: Item) -> str:
    if item.ok is None:
        return f"[yellow]not run[/]  {item.name}\n         {escape(item.source)}"
    mark = "[green]pass[/]   " if item.ok else "[bold red]FAIL[/]   "
    numbers = f"reference {item.reference:.6g}, ours {item.ours:.6g} {item.unit}".rstrip()
    compared = f"difference {item.difference:.2e}, tolerance {item.tolerance:.2e}"
    return f"{mark}  {item.name}\n         {escape(f'{numbers}; {compared}; {item.source}')}"
