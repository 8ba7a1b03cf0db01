"""A study's report as files in a folder: the page, and its figures beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.html import Picture, html
from lmcspec.report.page import page
from lmcspec.report.pictures import PAGE, file_name, pictures
from lmcspec.report.tidy import tidy
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
    study: PlannedStudy, store: Store, runs: Mapping[str, str], spec: str, output: Path | None = None
) -> ReportFiles:
    """Write the page and the figures of a study, to `output` or to the store's folder of reports.

    `runs` are those of MLflow by task, `spec` is the study as a command names it. Each file is written whole or not
    at all. UsageError where the folder can't be written to.
    """
    # Below the store, or what the user named, no link is followed.
    root, folder = (
        (output, output) if output else (store.root, store.root / layout.REPORTS / file_name(study.plan.study))
    )
    _write(root, folder, {})  # a folder that can't be written to is told before anything is drawn
    files, drawn = report_contents(study, store, runs, spec)
    _write(root, folder, files)
    return ReportFiles(folder / PAGE, tuple(str(folder / name) for name in files), drawn)


def report_contents(
    study: PlannedStudy, store: Store, runs: Mapping[str, str], spec: str
) -> tuple[dict[str, bytes], tuple[Picture, ...]]:
    """The files of a report by name, the page last; and its figures."""
    plan, rows = study.plan, tidy(study.plan, store)
    first = study.loaded.cases[0].study if study.loaded else None
    title, source = (first.title, first.source) if first else ("", "")
    text = page(plan, rows, store, runs, title=title, source=source, spec=spec)
    figures = {case.name: case.study.figures for case in study.loaded.cases} if study.loaded else {}
    drawn = tuple(pictures(plan, rows, store, figures))
    files = {f"{picture.file}.{suffix}": content for picture in drawn for suffix, content in picture.files.items()}
    return files | {PAGE: html(text, drawn).encode()}, drawn


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
