"""`lmcspec report`: a study's results as one page with figures."""

from pathlib import Path
from typing import Annotated

import typer

from lmcspec.cli.figure import FigureOption, ForOption, check_alone, write_one
from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, TrustOption, needed_store
from lmcspec.cli.output import Format, envelope, put
from lmcspec.cli.tracking import TrackingOption


def report(
    spec: SpecArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write to.", show_default="in the store")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
    against: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare", metavar="A B", help="A part on B against A, as of `lmcspec compare`.", show_default=False
        ),
    ] = None,
    figure: FigureOption = None,
    medium: ForOption = None,
    tracking_uri: TrackingOption = None,
    trust: TrustOption = False,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Write a study's results as one HTML file, with its figures as PNG and SVG beside it. Runs nothing."""
    from lmcspec.cli.advice import typed
    from lmcspec.cli.studies import read_study
    from lmcspec.report.folder import write_report
    from lmcspec.track import task_runs
    from lmcspec.track import tracking_uri as choose

    check_alone(figure, medium, against)
    existing = needed_store(store, trust)
    study = read_study(spec, sets, existing, max_tasks)
    if figure is not None:
        write_one(study, existing, figure, medium, output, format)
        return
    runs = task_runs(study.plan, existing, choose(existing, tracking_uri))
    how = typed(spec, sets, store, existing, max_tasks)
    written = write_report(study, existing, runs, how, output, against)
    if format is Format.json:
        put(envelope("report", True, written.document()))
    else:
        put(written.page)
