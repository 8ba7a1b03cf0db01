"""The distilled sets of a study as pictures: a row for each class."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmcspec.base.errors import StoreError
from lmcspec.plan.graph import needed
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.space import room
from lmcspec.report.figures.style import DPI, Drawing, drawn
from lmcspec.report.tidy import folder
from lmcspec.tasks import Task, kind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = COLUMNS = 10
"""Classes and images of each that are shown, at most."""
LARGEST = 0.6
"""The side of an image, in inches; small ones are as large as they were written, pixel by pixel."""
LETTER = 0.09
"""The width of a letter of a title, in inches."""
WIDEST = 14.0
"""Inches of a line of panels."""
HEAD, GAP = 0.55, 0.2
"""Above each picture for its title, and around pictures, in inches."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What is shown of one set: pixels, and their size in inches."""

    title: str
    pixels: Any
    width: float
    height: float
    cut: str
    """What is shown of a set that is too large to be shown whole; empty of others."""

    @property
    def broad(self) -> float:
        """The width of its panel, in inches."""
        return max(self.width, LETTER * max(map(len, self.title.splitlines())))


def images(cases: Sequence[CaseResults], options: Options, name: str) -> Drawing:
    """A panel per distilled set that a task of the case makes, a row for each class as the task has drawn it."""
    del options  # a study's sets are no matter of networks, levels or measures
    title = "Distilled sets"
    pictures: list[tuple[str, Picture]] = []
    notes: list[str] = []
    seen: set[str] = set()
    for case in cases:
        prefix = f"{case.case}, " if len(cases) > 1 else ""
        tasks = needed(case.plan.tasks, tuple(target for target in case.plan.targets if target.case == case.case))
        for made, task in _made(case, tasks):
            if task.id in seen:
                continue  # of cases that make the same set the first shows it
            seen.add(task.id)
            label, file = f"{prefix}{made}", _file(case, task)
            shown = _picture(label, task, file) if isinstance(file, Path) else file
            if isinstance(shown, Picture):
                pictures.append((label, shown))
            else:
                notes.append(f"{label}: {shown}")
        notes += [f"{prefix}{file}: loaded from a file, so that no task has drawn it" for file in _loaded(case, tasks)]
    if not pictures:
        return Drawing(name, title, None, notes=tuple(notes) or ("the study makes no distilled set",))
    with drawn():
        figure = _draw([picture for _, picture in pictures])
    caption = "A row for each class, brought back to pixels from the space in which the set is used."
    caption += "".join(f" {label}: {picture.cut}." for label, picture in pictures if picture.cut)
    return Drawing(name, title, figure, caption, tuple(dict.fromkeys(notes)))


def _made(case: CaseResults, tasks: Mapping[str, Task]) -> Iterator[tuple[str, Task]]:
    """The sets that tasks make, by the names that the case has for them."""
    prefix = f"{case.case}/distilled/" if case.case else "distilled/"
    for role, identifier in case.plan.roles.items():
        label = role.removeprefix(prefix)
        if role.startswith(prefix) and identifier in tasks and kind(tasks[identifier].kind).makes == "set":
            yield label, tasks[identifier]


def _loaded(case: CaseResults, tasks: Mapping[str, Task]) -> Iterator[str]:
    """The files of sets that nothing here makes."""
    parts = [task.in_place for task in tasks.values() if task.trains and task.in_place]
    for part in {part.digest: part for part in parts}.values():
        yield Path(part.value.get("missing") or case.plan.neutral[part.digest]["file"]).name


def _file(case: CaseResults, task: Task) -> Path | str:
    """The picture of a set, or why there is none."""
    stored = case.store.find(task.id)
    if stored is None:
        return "not in the store yet"
    if stored.outcome == "diverged":
        return "it diverged, and there is nothing to look at"
    try:
        out = folder(stored)
    except StoreError as damage:
        return str(damage)
    if out is None:
        return "its outputs were dropped, and its picture with them; running its task again puts them back"
    file = out / kind(task.kind).picture
    return file if file.is_file() else f"its outputs lack {kind(task.kind).picture}"


def _picture(label: str, task: Task, file: Path) -> Picture | str:
    """The first rows and columns of a grid, of which each pixel is one of the figure unless images are large.

    Or why there is none: a digest says nothing of what a file holds.
    """
    from matplotlib.image import imread

    from lmcspec.science.data.arrays import DataError
    from lmcspec.science.data.sets.pictures import picture

    try:
        picture(file)  # within bounds
    except DataError as error:
        return str(error)
    pixels = imread(file)
    classes, ipc = task.params.model.value["classes"], task.params.method.value["ipc"]
    rows, columns = min(classes, ROWS), min(ipc, COLUMNS)
    # A grid is its images, each with a gap before it, and a last gap: shares of it end within a gap.
    pixels = pixels[: pixels.shape[0] * rows // classes, : pixels.shape[1] * columns // ipc]
    height, width = pixels.shape[:2]
    scale = min(1.0, LARGEST * DPI * columns / width, LARGEST * DPI * rows / height)
    cut = [f"the first {rows} of {classes} classes"] * (rows < classes)
    cut += [f"the first {columns} of {ipc} images of each class"] * (columns < ipc)
    return Picture(
        f"{label}\n{task.params.method.value['method']}, {ipc} ipc",
        pixels,
        int(width * scale) / DPI,
        int(height * scale) / DPI,
        ", ".join(cut),
    )


def _draw(pictures: Sequence[Picture]) -> "Figure":
    """The pictures from left to right, in as many lines as it takes; each pixel of a picture on one of the figure."""
    from matplotlib.figure import Figure

    lines: list[list[Picture]] = [[]]
    for picture in pictures:
        if lines[-1] and sum(other.broad + GAP for other in lines[-1]) + picture.broad > WIDEST:
            lines.append([])
        lines[-1].append(picture)
    width = max(sum(picture.broad + GAP for picture in line) for line in lines) + GAP
    height = sum(max(picture.height for picture in line) + HEAD for line in lines) + GAP
    figure = Figure(figsize=room(width, height))
    top = height
    for line in lines:
        top -= HEAD
        left = GAP
        for picture in line:
            box = (left / width, (top - picture.height) / height, picture.width / width, picture.height / height)
            axes = figure.add_axes(box)
            whole = abs(picture.width * DPI - picture.pixels.shape[1]) < 1
            axes.imshow(picture.pixels, interpolation="nearest" if whole else "antialiased", aspect="auto")
            axes.set_axis_off()
            axes.set_title(picture.title, loc="left", pad=2)
            left += picture.broad + GAP
        top -= max(picture.height for picture in line)
    return figure
