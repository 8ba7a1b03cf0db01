"""`lmcspec report`: the results of a study, or of several, as one page with figures."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli import completion
from lmcspec.cli.figure import FigureOption, ForOption, check_alone, write_one
from lmcspec.cli.options import (
    MOST_TASKS,
    MaxTasksOption,
    SetOption,
    SpecsArgument,
    StoreOption,
    TrustOption,
    limit_words,
    needed_store,
    spelled_at,
)
from lmcspec.cli.output import Format, envelope, put
from lmcspec.cli.tracking import TrackingOption, tracking_words

if TYPE_CHECKING:
    from lmcspec.report.study_part import Asked
    from lmcspec.store import Store


def report(
    specs: SpecsArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write to.", show_default="in the store")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
    against: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="A part on B against A, as of `lmcspec compare`.",
            show_default=False,
            autocompletion=completion.compared,
        ),
    ] = None,
    figure: FigureOption = None,
    medium: ForOption = None,
    tracking_uri: TrackingOption = None,
    trust: TrustOption = False,
    max_tasks: MaxTasksOption = MOST_TASKS,
) -> None:
    """Write a study's results as one HTML file, with its figures as PNG and SVG beside it. Runs nothing.

    Several studies get one page: their verdicts, figures and numbers side by side, then each by itself.
    """
    from lmcspec.report.folder import write_report

    check_alone(figure, medium, against)
    _check_several(specs, store, against, figure)
    existing = needed_store(store, trust)
    if figure is not None:
        from lmcspec.cli.studies import read_study

        status = spelled_at("lmcspec status", specs, sets, store)
        write_one(read_study(specs[0], sets, existing, max_tasks), existing, figure, medium, output, format, status)
        return
    asked = [_asked(spec, sets, store, existing, max_tasks, tracking_uri) for spec in specs]
    more = [*(["--compare", *against] if against else []), *(["-o", str(output)] if output else [])]
    more += [*tracking_words(tracking_uri), *limit_words(max_tasks)]
    command = spelled_at("lmcspec report", specs, sets, store, more)
    written = write_report([study._replace(against=against, command=command) for study in asked], existing, output)
    if format is Format.json:
        put(envelope("report", True, written.document()))
    else:
        put(written.page)


def _check_several(
    specs: Sequence[Path], store: Path | None, against: tuple[str, str] | None, figure: str | None
) -> None:
    """UsageError for what is asked of several studies and is of one, and for one that is named twice."""
    from lmcspec.base.errors import UsageError
    from lmcspec.cli.called import is_same_file

    if len(specs) > 1 and against:
        raise UsageError(
            "--compare is of one study, and several are named",
            help=spelled_at("lmcspec report", specs[:1], [], store, ["--compare", *against]),
        )
    if len(specs) > 1 and figure is not None:
        raise UsageError(
            "--figure is of one study, and several are named",
            help=spelled_at("lmcspec report", specs[:1], [], store, ["--figure", figure]),
        )
    for first, second in combinations(specs, 2):
        if is_same_file(first, second):
            words = f"{first} is named twice" if first == second else f"{first} and {second} are one file"
            another = spelled_at("lmcspec report", [first], [], store, ["OTHER"])
            raise UsageError(words, help=f"name another study beside it: {another}")


def _asked(
    spec: Path, sets: Sequence[str], given: Path | None, store: "Store", max_tasks: int, uri: str | None
) -> "Asked":
    """A study as it was named, with where its runs are."""
    from lmcspec.cli.advice import typed
    from lmcspec.cli.studies import read_study
    from lmcspec.report.study_part import Asked
    from lmcspec.track import task_links, task_runs, tracking_uri

    study = read_study(spec, sets, store, max_tasks)
    how, server = typed(spec, sets, given, store, max_tasks), tracking_uri(store, uri)
    runs, links = (told(study.plan, store, server) for told in (task_runs, task_links))
    return Asked(study, how.words, how, runs, links)
