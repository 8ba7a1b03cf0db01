"""A report as files in a folder: the page, and its figures beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.report.anchors import distinct
from lmcspec.report.html import html, html_of_several
from lmcspec.report.picture import Picture
from lmcspec.report.pictures import PAGE, file_name
from lmcspec.report.several import joint
from lmcspec.report.study_part import Asked, StudyPart, study_part
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


def write_report(asked: Sequence[Asked], store: Store, output: Path | None = None) -> ReportFiles:
    """Write the page and the figures of a study, or of several on one page, to `output` or the store's own folder.

    Each file is written whole or not at all. UsageError where the folder can't be written to, or nothing can be
    compared.
    """
    # Below the store, or what the user named, no link is followed.
    studies = file_name("+".join(dict.fromkeys(each.study.plan.study for each in asked)))
    root, folder = (output, output) if output else (store.root, store.root / layout.REPORTS / studies)
    _write(root, folder, {})  # a folder that can't be written to is told before anything is drawn
    files, drawn = report_contents(asked, store)
    _write(root, folder, files)
    return ReportFiles(folder / PAGE, tuple(str(folder / name) for name in files), drawn)


def report_contents(asked: Sequence[Asked], store: Store) -> tuple[dict[str, bytes], tuple[Picture, ...]]:
    """The files of a report by name, the page last; and its figures."""
    if len(asked) == 1:
        part = study_part(asked[0], store)
        text, every = html(part.page, part.pictures, part.comparison), part.every_picture
    else:
        names = distinct(each.study.plan.study for each in asked)
        parts = _told_apart([study_part(each, store, name) for each, name in zip(asked, names, strict=True)])
        text, every = html_of_several(joint(parts)), tuple(picture for part in parts for picture in part.pictures)
    files = {f"{picture.file}.{suffix}": content for picture in every for suffix, content in picture.files.items()}
    return files | {PAGE: text.encode()}, every


def _told_apart(parts: Sequence[StudyPart]) -> list[StudyPart]:
    """The parts with files of their own: `b-c` of the study `a` would be called as `c` of `a-b` is."""
    names = iter(distinct(picture.file for part in parts for picture in part.pictures))
    return [
        part._replace(pictures=tuple(replace(picture, file=next(names)) for picture in part.pictures)) for part in parts
    ]


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
