"""One figure of a study for a paper or a slide: as PDF, SVG and PNG, with its numbers and a caption."""

import csv
import io
import shlex
from collections.abc import Mapping
from os.path import isdir
from pathlib import Path
from typing import Any, NamedTuple

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError, UsageError
from lmcspec.catalog import nearest
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.caption import caption
from lmcspec.report.figures import Drawing, files
from lmcspec.report.figures.links import PAGE
from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.medium import Medium, drawn_for
from lmcspec.report.figures.numbers import COLUMNS, OF_GRID, numbers, points
from lmcspec.report.pictures import drawn_names, file_name
from lmcspec.report.records import write_csv
from lmcspec.report.tidy import tidy
from lmcspec.store import Store, layout

DRAWN = ("pdf", "svg", "png")
FORMS = (*DRAWN, "csv", "txt")
TABLE = "table.csv"


class FigureFiles(NamedTuple):
    """What was written of a figure."""

    name: str
    files: tuple[str, ...]
    caption: str
    alt: str

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return {**self._asdict(), "files": list(self.files)}


def write_figure(
    study: PlannedStudy, store: Store, name: str, medium: Medium, output: Path | None = None, status: str = ""
) -> list[FigureFiles]:
    """Write the figures of that name, one for each case that has it.

    `output` is a file where it ends in one of the forms, else a folder; without it they lie beside the study's page, to
    which the marks of the SVG lead. `status` is the command that says what is in the store of the study. UsageError
    where there is no such figure, or it can't be drawn or written.
    """
    form = _form(output)
    page = None if output else PAGE
    with drawn_for(medium):
        chosen = _chosen(study, store, name, status)
        if form and len(chosen) > 1:
            named = ", ".join(file for file, _ in chosen)
            raise UsageError(f"{name} is {len(chosen)} figures, and {output} is one file", help=f"name one: {named}")
        captions = {file: caption(study, store, drawing) for file, drawing in chosen}
        contents = {file: _contents(drawing, captions[file], page) for file, drawing in chosen}
    written = []
    for file, drawing in chosen:
        if form and form not in contents[file]:
            raise UsageError(f"{file} has no {form}", help=f"it has {', '.join(contents[file])}")
        forms = [form] if form else list(contents[file])
        root = output.parent if output and form else output or store.root
        folder = root if output else root / layout.REPORTS / file_name(study.plan.study)
        paths = {of: output if output and form else folder / f"{file}-{medium.name}.{of}" for of in forms}
        _write(root, {path: contents[file][of] for of, path in paths.items()})
        written.append(FigureFiles(file, tuple(map(str, paths.values())), captions[file], drawing.alt))
    return written


def _form(output: Path | None) -> str:
    """The form of the one file that is named; none of a folder. UsageError where it ends like a file of another."""
    ending = output.suffix[1:].lower() if output and not isdir(output) else ""
    if ending in FORMS or not ending[:1].isalpha():
        return ending if ending in FORMS else ""
    made = f"a folder that is called so is made first: mkdir {shlex.quote(str(output))}"
    raise UsageError(f"{output}: no figure is written as {ending}", help=f"end its name in {', '.join(FORMS)}; {made}")


def _chosen(study: PlannedStudy, store: Store, name: str, status: str) -> list[tuple[str, Drawing]]:
    """(name of its files, drawing) of those that are called so, in the study or as their files are."""
    figures = {case.name: case.study.figures for case in study.loaded.cases} if study.loaded else {}
    drawn = list(drawn_names(study.plan, tidy(study.plan, store), store, figures))
    chosen = [(file, drawing) for _, file, drawing in drawn if name in (file, drawing.name)]
    if not chosen:
        known = list(dict.fromkeys(known for _, file, drawing in drawn for known in (drawing.name, file)))
        near, listed = nearest(name, known), f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f"there is no figure {name!r}", help=f"did you mean {near}? {listed}" if near else listed)
    there = [(file, drawing) for file, drawing in chosen if drawing.figure is not None or drawing.table is not None]
    if not there:
        why = "; ".join(chosen[0][1].notes)
        raise UsageError(f"{name} can't be drawn: {why}", help=f"see what is there: {status}")
    return there


def _contents(drawing: Drawing, words: str, page: str | None) -> dict[str, bytes]:
    """Its files by form."""
    return {**files(drawing, DRAWN, page), **_numbers(drawing), "txt": words.encode()}


def _numbers(drawing: Drawing) -> dict[str, bytes]:
    """The numbers of what is drawn, by form; a picture has none. A table beneath a figure is one by itself."""
    text, table = io.StringIO(), io.StringIO()
    if drawing.table is not None:
        lines = ([cell.text for cell in line] for line in drawing.table.lines)
        csv.writer(table, lineterminator="\n").writerows([drawing.table.headings, *lines])
    if marks := marks_of(drawing.figure):
        write_csv(numbers(marks), text, COLUMNS)
    elif drawing.grids:
        write_csv(points(drawing.grids), text, OF_GRID)
    else:
        text, table = table, text
    return {form: file.getvalue().encode() for form, file in (("csv", text), (TABLE, table)) if file.getvalue()}


def _write(root: Path, contents: Mapping[Path, bytes]) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            beneath.make_folders(root, path.parent)
            layout.put_file(root, path, content)
    except StoreError:
        raise
    except OSError as error:
        place = next(iter(contents)).parent
        raise UsageError(
            f"can't write the figure to {place}: {error.strerror}", help="name another folder or file with -o"
        ) from None
