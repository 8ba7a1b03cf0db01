"""`lmcspec report SPEC --figure NAME`: one figure of a study for a paper or a slide."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli import completion
from lmcspec.cli.output import Format, envelope, put, put_words

if TYPE_CHECKING:
    from lmcspec.plan.planned_study import PlannedStudy
    from lmcspec.store import Store

FigureOption = Annotated[
    str | None,
    typer.Option(
        "--figure",
        metavar="NAME",
        help="This figure alone: PDF, SVG, PNG, its numbers as CSV, a caption. -o names a folder, or one file.",
        show_default=False,
        autocompletion=completion.figures,
    ),
]
ForOption = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="column|page|slide",
        help="What that figure is drawn for, which is its width and the size of its letters.",
        show_default="page",
    ),
]


def check_alone(figure: str | None, medium: str | None, against: object) -> None:
    """Raise UsageError where options are said that mean nothing together."""
    from lmcspec.base.errors import UsageError

    if medium is not None and figure is None:
        raise UsageError("--for is of one figure, and none is named", help="say which with --figure NAME")
    if figure is not None and against:
        raise UsageError("--figure is one figure, and --compare a part of the page", help="say one of them")


def write_one(
    study: "PlannedStudy",
    store: "Store",
    name: str,
    medium: str | None,
    output: Path | None,
    format: Format,
    status: str,
) -> None:
    """Write a figure, and print where its files are and its caption; `status` is a command that says what is there."""
    from lmcspec.report.figures.medium import medium_called
    from lmcspec.report.one_figure import write_figure

    written = write_figure(study, store, name, medium_called(medium or "page"), output, status)
    if format is Format.json:
        put(envelope("report", True, {"figures": [figure.document() for figure in written]}))
        return
    for figure in written:
        for file in figure.files:
            put(file)
        put("")
        put_words(figure.caption.rstrip("\n"), hang=0)
