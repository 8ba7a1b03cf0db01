"""The pictures of a study's report, case by case, with the files that they become."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, count

from lmcspec.catalog.figure import Figure
from lmcspec.plan import Plan
from lmcspec.report.figures import Drawing, across, drawings, files
from lmcspec.report.figures.links import PAGE as PAGE
from lmcspec.report.picture import Picture
from lmcspec.report.tidy import Results, Row


def pictures(
    plan: Plan,
    rows: Sequence[Row],
    store: Results,
    figures: Mapping[str, Mapping[str, Figure]],
    suffixes: Sequence[str] = ("svg", "png"),
    taken: Collection[str] = (),
    prefix: str = "",
) -> Iterator[Picture]:
    """Each as soon as it is drawn; `figures` are those that the cases ask for, by name.

    Those that show all cases of a sweep come first. None has a name of a file that is `taken`. Links of SVGs lead to
    addresses that begin with `prefix`.
    """
    for case, name, drawing in drawn_names(plan, rows, store, figures, taken):
        yield Picture(case, name, drawing, files(drawing, suffixes, prefix=prefix))


def drawn_names(
    plan: Plan,
    rows: Sequence[Row],
    store: Results,
    figures: Mapping[str, Mapping[str, Figure]],
    taken: Collection[str] = (),
) -> Iterator[tuple[str, str, Drawing]]:
    """(case, name of its files, drawing) of each figure, in the order of the report."""
    taken = set(taken)
    for drawing in across(plan, rows, store, figures):
        yield "", _of_its_own(drawing.name, taken), drawing
    for case in dict.fromkeys(row.case for row in rows):
        for drawing in drawings(plan, case, rows, store, figures.get(case, {})):
            yield case, _of_its_own(f"{case} {drawing.name}" if case else drawing.name, taken), drawing


def _of_its_own(text: str, taken: set[str]) -> str:
    """The file name of a text, with a number where another picture has it: `a-f` may be a figure, or `f` of a case."""
    first = file_name(text)
    names = chain([first], (f"{first}-{place}" for place in count(2)))
    name = next(other for other in names if other not in taken)
    taken.add(name)
    return name


def file_name(text: str) -> str:
    """A name for a file: everything that a path, a shell or another system might take amiss is a dash."""
    return re.sub(r"[^\w.,=+-]+", "-", text, flags=re.ASCII).strip("-.") or "report"
