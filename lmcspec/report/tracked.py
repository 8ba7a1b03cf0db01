"""What a tracking server keeps of results: rows for its charts, the report of an invocation, pictures of a task.

The functions here are a `lmcspec.track.Reporter`: tracking knows nothing of what results mean.
"""

import io
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from lmcspec.base.errors import UsageError
from lmcspec.catalog.figure import Figure
from lmcspec.plan import Plan
from lmcspec.report.figures.options import figure_of
from lmcspec.report.records import records, write_csv
from lmcspec.report.tidy import Results, Row, tidy
from lmcspec.store import Stored
from lmcspec.tasks import Task, kind


def rows(plan: Plan, results: Results) -> list[Row]:
    """The rows of every target."""
    return tidy(plan, results)


def of_invocation(
    plan: Plan, store: Results, runs: Mapping[str, str], spec: Mapping[str, Any], command: str
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of `results.csv`, each figure, and the page; `spec` holds the resolved cases by name."""
    from lmcspec.report.html import html
    from lmcspec.report.origin import Known
    from lmcspec.report.page import page
    from lmcspec.report.pictures import PAGE, pictures

    of_plan = tidy(plan, store)
    table = io.StringIO()
    write_csv(records(of_plan, runs), table)
    yield "results.csv", table.getvalue().encode()
    study = next(iter(spec.values()), {})
    title, source = str(study.get("title", "")), str(study.get("source", ""))
    text = page(plan, of_plan, store, runs, Known(title, source, command=command))
    drawn = []
    for picture in pictures(
        plan, of_plan, store, {case: _figures(study_of_case) for case, study_of_case in spec.items()}, ("svg",)
    ):
        drawn.append(picture)
        yield from ((f"figures/{picture.file}.{suffix}", content) for suffix, content in picture.files.items())
    yield PAGE, html(text, drawn).encode()


def _figures(study: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures of a recorded case; one that an older version wrote otherwise is left out."""
    figures = {}
    for name, table in study.get("figures", {}).items():
        try:
            figures[name] = figure_of({key: value for key, value in table.items() if value is not None})
        except (UsageError, ValidationError):
            continue
    return figures


def of_task(task: Task, result: Stored) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the pictures that a task of this kind is looked at by."""
    picture = kind(task.kind).picture
    module, _, draw = picture.partition(":")
    if draw:
        from lmcspec.report.figures import files

        drawing = getattr(import_module(module), draw)(task, result)
        yield from ((f"{drawing.name}.{suffix}", content) for suffix, content in files(drawing, ("svg",)).items())
    elif picture and (file := result.out / picture).is_file():
        yield picture, file.read_bytes()
