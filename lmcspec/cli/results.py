"""`lmcspec results`: the numbers of a study, each with the task and the run that it comes from."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, TrustOption, needed_store
from lmcspec.cli.output import console, envelope, put
from lmcspec.cli.tracking import TrackingOption

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.report import Row


def results(
    spec: SpecArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="How to print them.")] = "table",
    cases: Annotated[list[str], typer.Option("--case", help="Only this case of a sweep.")] = [],  # noqa: B006
    networks: Annotated[list[str], typer.Option("--network", help="Only this network.")] = [],  # noqa: B006
    measures: Annotated[list[str], typer.Option("--measure", help="Only this measure.")] = [],  # noqa: B006
    tracking_uri: TrackingOption = None,
    trust: TrustOption = False,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Print a study's results that are in the store: as tables, or one line a value with its task and MLflow run.

    Runs nothing and writes nothing. What is not there yet is a line without a value.
    """
    from lmcspec.plan.planned_study import read_study
    from lmcspec.report import tidy
    from lmcspec.report.chosen import chosen

    existing = needed_store(store, trust)
    planned = read_study(spec, sets, existing, max_tasks).plan
    rows = chosen(tidy(planned, existing), cases=cases, networks=networks, measures=measures)
    if format == "table":
        _print_tables(planned, rows)
        return
    from lmcspec.report.records import records, write_csv
    from lmcspec.store import layout
    from lmcspec.track import task_runs
    from lmcspec.track import tracking_uri as choose

    documents = records(rows, task_runs(planned, existing, choose(existing, tracking_uri)))
    if format == "csv":
        text = io.StringIO(newline="")
        write_csv(documents, text)
        put(text.getvalue(), end="")
    else:
        put(envelope("results", True, layout.spelled({"study": planned.study, "results": documents})))


def _print_tables(planned: "Plan", rows: "Sequence[Row]") -> None:
    from lmcspec.report.table import table

    screen = console()
    for part in table(planned, rows):
        screen.print(part)
