"""`lmcspec report`: a study's results as one page with figures."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.options import MaxTasksOption, SetOption, SpecArgument, StoreOption, needed_store, read_loaded
from lmcspec.cli.output import Format, envelope
from lmcspec.cli.tracking import TrackingOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmcspec.plan import Plan
    from lmcspec.report import Row
    from lmcspec.report.html import Picture
    from lmcspec.spec import Loaded
    from lmcspec.store import Store

PAGE = "report.html"


def report(
    spec: SpecArgument,
    sets: SetOption = [],  # noqa: B006 (typer copies it)
    store: StoreOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to write to.", show_default="in the store")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print what was written.")] = Format.table,
    tracking_uri: TrackingOption = None,
    max_tasks: MaxTasksOption = 100_000,
) -> None:
    """Write a study's results as one HTML file, with its figures as PNG and SVG beside it. Runs nothing."""
    from lmcspec.report import tidy
    from lmcspec.report.html import html
    from lmcspec.report.page import page
    from lmcspec.track import task_runs
    from lmcspec.track import tracking_uri as choose

    existing = needed_store(store)
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
        spec=" ".join([str(spec), *(f"--set {one}" for one in sets)]),
    )
    pictures = _pictures(planned, rows, existing, loaded)
    folder = output or existing.root / "reports" / file_name(planned.study)
    files = {f"{picture.file}.{suffix}": content for picture in pictures for suffix, content in picture.files.items()}
    written = write(folder, files | {PAGE: html(text, pictures).encode()})
    if format is Format.json:
        documents = [{"name": one.file, "notes": list(one.drawing.notes)} for one in pictures]
        print(envelope("report", True, {"page": str(folder / PAGE), "files": written, "figures": documents}))
    else:
        typer.echo(folder / PAGE)


def _pictures(plan: "Plan", rows: "Sequence[Row]", store: "Store", loaded: "Loaded | None") -> "list[Picture]":
    from lmcspec.report.figures import drawings, files
    from lmcspec.report.html import Picture

    wishes = {case.name: case.study.figures for case in loaded.cases} if loaded else {}
    found = []
    for case in dict.fromkeys(row.case for row in rows):
        for drawing in drawings(plan, case, rows, store, store, wishes.get(case, {})):
            name = file_name(f"{case} {drawing.name}" if case else drawing.name)
            found.append(Picture(case, name, drawing, files(drawing)))
    return found


def file_name(text: str) -> str:
    """A name for a file: everything that a path, a shell or another system might take amiss is a dash."""
    return re.sub(r"[^\w.,=+-]+", "-", text, flags=re.ASCII).strip("-.") or "report"


def write(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Write each file whole or not at all; their paths. UsageError where the folder can't be written to."""
    from lmcspec.base.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            draft = folder / f".{name}.draft"
            try:
                draft.write_bytes(content)
                draft.replace(folder / name)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"can't write the report to {folder}: {error.strerror}", help="name another folder with -o"
        ) from None
    return [str(folder / name) for name in files]
