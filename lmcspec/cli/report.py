"""`lmcspec report`: a study's results as one page with figures."""

from pathlib import Path
from typing import Annotated

import typer

from lmcspec.cli.options import (
    MaxTasksOption,
    SetOption,
    SpecArgument,
    StoreOption,
    TrustOption,
    needed_store,
    read_loaded,
    spelled,
)
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
    tracking_uri: TrackingOption = None,
    trust: TrustOption = False,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Write a study's results as one HTML file, with its figures as PNG and SVG beside it. Runs nothing."""
    from lmcspec.report import tidy
    from lmcspec.report.folder import write_report
    from lmcspec.report.html import html
    from lmcspec.report.page import page
    from lmcspec.report.pictures import PAGE, file_name, pictures
    from lmcspec.store import layout
    from lmcspec.track import task_runs
    from lmcspec.track import tracking_uri as choose

    existing = needed_store(store, trust)
    loaded, planned = read_loaded(spec, sets, max_tasks, existing)
    rows = tidy(planned, existing)
    runs = task_runs(planned, existing, choose(existing, tracking_uri))
    study = loaded.cases[0].study if loaded else None
    text = page(
        planned,
        rows,
        existing,
        runs,
        title=study.title if study else "",
        source=study.source if study else "",
        spec=spelled("", spec, sets),
    )
    figures = {case.name: case.study.figures for case in loaded.cases} if loaded else {}
    drawn = list(pictures(planned, rows, existing, figures))
    folder = output or existing.root / layout.REPORTS / file_name(planned.study)
    files = {f"{picture.file}.{suffix}": content for picture in drawn for suffix, content in picture.files.items()}
    written = write_report(output or existing.root, folder, files | {PAGE: html(text, drawn).encode()})
    if format is Format.json:
        documents = [{"name": one.file, "notes": list(one.drawing.notes)} for one in drawn]
        put(envelope("report", True, {"page": str(folder / PAGE), "files": written, "figures": documents}))
    else:
        put(folder / PAGE)
