"""A study's report as files in a folder: the page, and its figures beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.comparison import comparison
from lmcspec.report.html import html
from lmcspec.report.offers import Typed
from lmcspec.report.page import page
from lmcspec.report.picture import Picture
from lmcspec.report.pictures import PAGE, file_name, pictures
from lmcspec.report.tidy import tidy
from lmcspec.report.undecided import advice, of_verdicts
from lmcspec.store import Store, layout


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The files of a report that lie in their folder."""

    page: Path
    files: tuple[str, ...]
    pictures: tuple[Picture, ...]

    def document(self) -> dict[str, Any]:
        """As plain data."""
        figures = [{"name": picture.file, "notes": list(picture.drawing.notes)} for picture in self.pictures]
        return {"page": str(self.page), "files": list(self.files), "figures": figures}


def write_report(
    study: PlannedStudy,
    store: Store,
    runs: Mapping[str, str],
    how: Typed,
    output: Path | None = None,
    against: tuple[str, str] | None = None,
) -> ReportFiles:
    """Write the page and the figures of a study, to `output` or to the store's folder of reports.

    `runs` are those of MLflow by task, `against` the names of what a part of the page compares. Each file is written
    whole or not at all. UsageError where the folder can't be written to, or nothing can be compared.
    """
    # Below the store, or what the user named, no link is followed.
    root, folder = (
        (output, output) if output else (store.root, store.root / layout.REPORTS / file_name(study.plan.study))
    )
    _write(root, folder, {})  # a folder that can't be written to is told before anything is drawn
    files, drawn = report_contents(study, store, runs, how.words, how, against)
    _write(root, folder, files)
    return ReportFiles(folder / PAGE, tuple(str(folder / name) for name in files), drawn)


def report_contents(
    study: PlannedStudy,
    store: Store,
    runs: Mapping[str, str],
    spec: str,
    how: Typed | None = None,
    against: tuple[str, str] | None = None,
) -> tuple[dict[str, bytes], tuple[Picture, ...]]:
    """The files of a report by name, the page last; and its figures.

    `spec` is the study as a command names it. What is undecided, and a comparison, take knowing `how` to run it: else
    the page is the same on any machine.
    """
    plan, rows = study.plan, tidy(study.plan, store)
    first = study.loaded.cases[0].study if study.loaded else None
    title, source = (first.title, first.source) if first else ("", "")
    compared = comparison(study, rows, against, how) if how and against else None
    decided_by = advice(study, of_verdicts(plan, rows), how) if how else None
    text = replace(page(plan, rows, store, runs, title=title, source=source, spec=spec), advice=decided_by)
    figures = {case.name: case.study.figures for case in study.loaded.cases} if study.loaded else {}
    taken = {compared.picture.file} if compared else set()
    drawn = tuple(pictures(plan, rows, store, figures, taken=taken))
    every = (compared.picture, *drawn) if compared else drawn
    files = {f"{picture.file}.{suffix}": content for picture in every for suffix, content in picture.files.items()}
    return files | {PAGE: html(text, drawn, compared).encode()}, every


def _write(root: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        beneath.make_folders(root, folder)
        for name, content in files.items():
            layout.put_file(root, folder / name, content)
    except StoreError:
        raise
    except OSError as error:
        raise UsageError(
            f"can't write the report to {folder}: {error.strerror}", help="name another folder with -o"
        ) from None
