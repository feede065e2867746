"""The command line: a command per stage and the whole chain. Results to stdout, log to stderr, errors as exit codes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from containment.case.fidelity import FidelityName
from containment.errors import ContainmentError

app = typer.Typer(
    name="containment",
    help="With what probability does containment of returned samples survive landing, and how sure are we?",
    epilog="Start with:  containment run msr-ees --fidelity screening",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="a case file, or the name of a shipped case")]
Out = Annotated[Path | None, typer.Option("--out", help="run folder (default runs/<case>)", show_default=False)]
Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help='override, e.g. vehicle.mass="90 kg"')
]
Seed = Annotated[int | None, typer.Option("--seed", help="seed of every random stream (default from the case)")]
Sample = Annotated[
    Path | None, typer.Option("--sample", help="TOML or JSON file of input values in SI to run instead of the nominal")
]
FidelityOption = Annotated[FidelityName, typer.Option("--fidelity", help="how finely each stage resolves")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="processes (default: one per core)")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="only the result")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="more log; twice for all of it")]


def _prepare(case: str, sets: list[str] | None, quiet: bool, verbose: int):  # type: ignore[no-untyped-def]
    from containment import logs
    from containment.case.load import load_case

    logs.to_terminal(quiet=quiet, verbose=verbose)
    return load_case(case, sets or ())


@app.command(epilog="Example:  containment run msr-ees --fidelity screening --workers 2")
def run(
    case: CaseName,
    out: Out = None,
    fidelity: FidelityOption = "screening",
    workers: Workers = None,
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask scheduler to run the samples on")] = None,
    require: Annotated[bool, typer.Option("--require", help="exit 10 unless the requirement is demonstrated")] = False,
    sets: Sets = None,
    seed: Seed = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Everything: all stages, the ensemble, the evidence, P(loss), the report. Run again to resume."""
    from containment import flow, screen
    from containment.errors import NotDemonstratedError

    loaded = _prepare(case, sets, quiet, verbose)
    folder = out or Path("runs") / loaded.name
    answer = flow.run(loaded, folder, fidelity=fidelity, workers=workers, scheduler=scheduler, seed=seed)
    screen.verdict(answer, folder)
    if require and answer["verdict"] != "demonstrated":
        raise NotDemonstratedError(f"the requirement is {answer['verdict']}", advice=f"see {folder / 'report.html'}")


@app.command("list", epilog="Example:  containment list")
def list_() -> None:
    """What is shipped: cases, material cards, evidence sets, mesh recipes."""
    from containment import screen, share

    screen.listing({kind: share.names(kind) for kind in share.KINDS})


@app.command(epilog="Example:  containment new my-case --like msr-ees")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="name of the new case; the file is NAME.toml")],
    like: Annotated[str, typer.Option(help="the case to start from")] = "msr-ees",
    whole: Annotated[bool, typer.Option("--whole", help="copy everything instead of extending")] = False,
) -> None:
    """A new case file in this folder: extends a shipped case, or copies it whole."""
    from containment.case.new import write_new

    typer.echo(f"wrote {write_new(name, like, whole=whole)}")


@app.command(epilog='Example:  containment check msr-ees --set vehicle.mass="90 kg"')
def check(case: CaseName, sets: Sets = None, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Validate a case and the evidence it names; print what it holds and every fault with file, line and column."""
    from containment import commands, screen

    loaded = commands.check(_prepare(case, sets, quiet, verbose))
    screen.case_summary(loaded, inputs=not quiet)


@app.command(epilog="Example:  containment doctor")
def doctor() -> None:
    """What this machine has, and the one command for each thing that is missing."""
    from containment import doctor as examination

    typer.echo(examination.text())


def _stage(name: str, summary: str) -> None:
    """Register the command of one stage."""

    def command(
        case: CaseName,
        out: Out = None,
        fidelity: FidelityOption = "screening",
        sample: Sample = None,
        sets: Sets = None,
        seed: Seed = None,
        quiet: Quiet = False,
        verbose: Verbose = 0,
    ) -> None:
        from containment import commands, screen

        loaded = _prepare(case, sets, quiet, verbose)
        folder = out or Path("runs") / loaded.name
        result, figures = commands.stage(loaded, name, folder, fidelity=fidelity, sample=sample, seed=seed)
        screen.stage(result, figures)

    command.__doc__ = summary
    app.command(name, epilog=f"Example:  containment {name} msr-ees")(command)


for _name, _summary in {
    "mesh": "Mesh of the axisymmetric section: regions, masses, quality.",
    "sterilisation": "Heat that closes the seam of a vessel: kill at the seam, temperatures of the samples.",
    "entry": "Trajectory, heating and loads from the entry interface to the ground.",
    "heatshield": "Charring, recession and temperatures through the heat shield.",
    "damage": "Heat shield around a crater in two dimensions: burn-through and bond line.",
    "soak": "Temperatures of the whole section from entry to recovery.",
    "stress": "Thermo-elastic stress of shell and vessels at peak entry load.",
    "landing": "Impact on each surface: decelerations, vessels and seals.",
    "impact": "The nominal landing in explicit finite elements, beside the chain.",
    "leak": "Leak paths after landing.",
}.items():
    _stage(_name, _summary)


@app.command(epilog="Example:  containment footprint msr-ees --flights 100000")
def footprint(
    case: CaseName, out: Out = None, workers: Workers = None,
    flights: Annotated[int | None, typer.Option("--flights", min=3, help="number of dispersed entries")] = None,
    sets: Sets = None, seed: Seed = None, quiet: Quiet = False, verbose: Verbose = 0,
) -> None:  # fmt: skip
    """Where the vehicle comes down: landing ellipse, share of each zone, probability of missing the range."""
    from containment import commands, screen

    loaded = _prepare(case, sets, quiet, verbose)
    folder = out or Path("runs") / loaded.name
    screen.footprint(*commands.footprint(loaded, folder, samples=flights, seed=seed, workers=workers))


@app.command(epilog="Example:  containment infer msr-ees")
def infer(
    case: CaseName, out: Out = None, fidelity: FidelityOption = "screening", sets: Sets = None, seed: Seed = None,
    quiet: Quiet = False, verbose: Verbose = 0,
) -> None:  # fmt: skip
    """Posterior of what is unknown, from the evidence of the case."""
    from containment import commands, screen
    from containment.evidence.infer import summary_table
    from containment.evidence.sensitivity import leaning_table

    loaded = _prepare(case, sets, quiet, verbose)
    folder = out or Path("runs") / loaded.name
    posterior, tested = commands.infer(loaded, folder, fidelity=fidelity, seed=seed)
    leaning = leaning_table(posterior.prior_sensitivity, posterior.influence)
    screen.posterior(summary_table(posterior), leaning, posterior.checks, tested, folder)


@app.command(epilog="Example:  containment study msr-ees --samples 100 --sweep vehicle.mass='85 kg,95 kg,105 kg'")
def study(
    case: CaseName, out: Out = None, fidelity: FidelityOption = "screening", workers: Workers = None,
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask scheduler to run the samples on")] = None,
    samples: Annotated[int | None, typer.Option("--samples", min=1, help="number of samples")] = None,
    design: Annotated[Literal["lhs", "sobol", "grid"] | None, typer.Option(help="how samples are placed")] = None,
    sweep: Annotated[list[str] | None, typer.Option(metavar="KEY=A,B,C", help="values to run through")] = None,
    stages: Annotated[str | None, typer.Option(help="stages to run, e.g. entry,heatshield (default: all)")] = None,
    sets: Sets = None, seed: Seed = None, quiet: Quiet = False, verbose: Verbose = 0,
) -> None:  # fmt: skip
    """An ensemble of samples through any stages; a parquet table comes out. Run again to resume."""
    from containment import commands, screen

    loaded = _prepare(case, sets, quiet, verbose)
    folder = out or Path("runs") / f"{loaded.name}-study"
    table = commands.study(
        loaded, folder, fidelity=fidelity, samples=samples, names=[n for n in (stages or "").split(",") if n],
        design=design, sweep=sweep or (), seed=seed, workers=workers, scheduler=scheduler,
    )  # fmt: skip
    screen.study(table, folder)


RunFolderArgument = Annotated[Path, typer.Argument(metavar="RUN", help="a run folder")]


@app.command(epilog="Example:  containment reliability runs/msr-ees")
def reliability(run: RunFolderArgument, seed: Seed = None, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Assurance from the stored study and posterior of a run folder; no stage is run."""
    from containment import commands, logs, screen

    logs.to_terminal(quiet=quiet, verbose=verbose)
    screen.verdict(commands.reliability(run, seed=seed), run)


@app.command(epilog="Example:  containment plan runs/msr-ees --tests 30 --tests 1000")
def plan(
    run: RunFolderArgument,
    tests: Annotated[list[int] | None, typer.Option("--tests", min=2, help="a number of tests (repeatable)")] = None,
) -> None:
    """Which test to buy: the probability that the requirement is demonstrated after n further tests."""
    from containment import commands, screen
    from containment.evidence.planner import NUMBERS

    screen.plan(*commands.plan(run, tests or NUMBERS))


@app.command(epilog="Example:  containment report runs/msr-ees")
def report(run: RunFolderArgument, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Render the report of a run folder."""
    from containment import commands, logs

    logs.to_terminal(quiet=quiet, verbose=verbose)
    for file in commands.report(run):
        typer.echo(file)


@app.command(epilog="Example:  containment show runs/msr-ees")
def show(run: RunFolderArgument) -> None:
    """Summary of a run folder."""
    from containment import commands, screen

    screen.verdict(commands.result(run), run)


@app.command(epilog="Example:  containment compare runs/msr-ees runs/heavier")
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN")], second: Annotated[Path, typer.Argument(metavar="RUN")]
) -> None:
    """Differences of inputs and answers of two run folders."""
    from containment import screen
    from containment.compare import differences

    screen.differences(differences(first, second))


@app.command(epilog="Example:  containment verify entry --json")
def verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="topics or items; all if none")] = None,
    json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Run the benchmark catalogue: reference, ours, difference, tolerance, pass or fail."""
    from containment import screen
    from containment.verification import catalogue

    if not screen.catalogue(catalogue.run(names or []), json=json):
        raise typer.Exit(4)


def _version(value: bool) -> None:
    if value:
        from containment import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False) -> None:
    pass


def main() -> None:
    """Entry point: every error a user can meet ends here as a message and an exit code."""
    try:
        app()
    except ContainmentError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        name = (error.name or "").split(".")[0]
        if name == "containment":
            raise
        extra = "install the rest with: pip install 'containment[all]'; `containment doctor` shows what is missing"
        typer.echo(f"error: the Python package {name!r} is not installed\n  what to do: {extra}", err=True)
        sys.exit(6)
    except KeyboardInterrupt:
        typer.echo("stopped; the run folder keeps what is done, run again to resume", err=True)
        sys.exit(130)
