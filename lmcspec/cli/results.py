"""`lmcspec results`: the numbers of a study, each with the task and the run that it comes from."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lmcspec.cli import completion
from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, TrustOption, needed_store
from lmcspec.cli.output import console, envelope, phase, put
from lmcspec.cli.tracking import TrackingOption

if TYPE_CHECKING:
    from lmcspec.plan import Plan
    from lmcspec.report import Row


def results(
    spec: SpecArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    format: Annotated[
        Literal["table", "json", "csv", "parquet"], typer.Option("--format", help="How to print or write them.")
    ] = "table",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="File to write to.", show_default="printed"),
    ] = None,
    cases: Annotated[
        list[str], typer.Option("--case", help="Only this case of a sweep.", autocompletion=completion.cases)
    ] = [],  # noqa: B006
    networks: Annotated[
        list[str], typer.Option("--network", help="Only this network.", autocompletion=completion.networks)
    ] = [],  # noqa: B006
    measures: Annotated[
        list[str], typer.Option("--measure", help="Only this measure.", autocompletion=completion.measures)
    ] = [],  # noqa: B006
    tracking_uri: TrackingOption = None,
    trust: TrustOption = False,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Print a study's results that are in the store: as tables, or one line a value with its task and MLflow run.

    Runs nothing and writes nothing but -o. What is not there yet is a line without a value.
    """
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.studies import read_study
    from lmcspec.report import tidy
    from lmcspec.report.chosen import chosen

    if format == "parquet" and output is None:
        raise UsageError("parquet is a file, and nothing to print", help="name it: -o results.parquet")
    if format == "table" and output is not None:
        raise UsageError("tables are printed, and not written", help="choose a form for the file: --format csv")
    existing = needed_store(store, trust)
    study = read_study(spec, sets, existing, max_tasks)
    planned = study.plan
    if output is not None:
        study.output(spec, output)
    with phase("read the results"):
        rows = chosen(tidy(planned, existing), cases=cases, networks=networks, measures=measures)
    if format == "table":
        from lmcspec.cli.advice import say_verdict_advice, typed

        _print_tables(planned, rows)
        say_verdict_advice(study, rows, typed(spec, sets, store, existing, max_tasks))
        return
    from lmcspec.report.records import records
    from lmcspec.track import task_runs
    from lmcspec.track import tracking_uri as choose

    documents = records(rows, task_runs(planned, existing, choose(existing, tracking_uri)))
    if format == "parquet":
        assert output is not None
        _write_parquet(documents, output)
    else:
        text = _csv(documents) if format == "csv" else _json(planned, documents)
        _print_or_write(text, output)
    if output is not None:
        put(output)


def _csv(documents: Sequence[Mapping[str, Any]]) -> str:
    from lmcspec.report.records import write_csv

    text = io.StringIO(newline="")
    write_csv(documents, text)
    return text.getvalue()


def _json(plan: "Plan", documents: Sequence[Mapping[str, Any]]) -> str:
    from lmcspec.store import layout

    return envelope("results", True, layout.spelled({"study": plan.study, "results": documents})) + "\n"


def _print_or_write(text: str, output: Path | None) -> None:
    if output is None:
        put(text, end="")
        return
    from lmcspec.base.drafts import drafted

    with drafted(output) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def _write_parquet(documents: Sequence[Mapping[str, Any]], output: Path) -> None:
    from lmcspec.base.drafts import drafted
    from lmcspec.report.parquet import write_parquet

    with drafted(output) as draft:
        write_parquet(documents, draft)


def _print_tables(planned: "Plan", rows: "Sequence[Row]") -> None:
    from lmcspec.report.table import table

    screen = console()
    for part in table(planned, rows):
        screen.print(part)
