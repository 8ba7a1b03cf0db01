"""Lines of permutations: which a figure asks for, what they are called, and how they look in all figures of a study."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import Line, LineStyle, MeanPoint
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.style import COLOURS, MARKERS
from lmcspec.report.tidy import Row
from lmcspec.spec.references import NONE

UNPERMUTED = "unpermuted"
CROWDED = 25
"""Lines of more points than these have no markers."""
_GREY = LineStyle(COLOURS[-1], "s", "--")


def asked_ways(rows: Iterable[Row], options: Options) -> list[Row]:
    """The rows under the permutations that a figure asks for, in its order."""
    if (ways := options.under) is None:
        return list(rows)
    return sorted((row for row in rows if row.under in ways), key=lambda row: ways.index(row.under))


def label_of_way(way: str) -> str:
    """`under wm`; `unpermuted` without any."""
    return UNPERMUTED if way == NONE else f"under {way}"


def looks_of_ways(case: CaseResults) -> Mapping[str, LineStyle]:
    """How the line of each permutation looks, the same in all figures of a study; what is unpermuted is grey."""
    ways = dict.fromkeys(row.under for row in case.rows if row.under and row.under != NONE)
    looks = {
        way: LineStyle(COLOURS[place % (len(COLOURS) - 1)], MARKERS[place % len(MARKERS)], "-")
        for place, way in enumerate(ways)
    }
    return {NONE: _GREY, **looks}


def lines_of_ways(
    case: CaseResults,
    rows: Sequence[Row],
    point: Callable[[Row], MeanPoint],
    label: Callable[[str], str] = label_of_way,
) -> list[Line]:
    """A line for each permutation, in the order of the rows, with a point for each place in the study."""
    looks = looks_of_ways(case)
    lines = []
    for way in dict.fromkeys(row.under for row in rows):
        # One row for each point: those of other replicates are in its mean.
        of_way = {
            (row.network, row.level, row.k_updates, row.through): row for row in reversed(rows) if row.under == way
        }
        points = [point(row) for row in reversed(of_way.values())]
        lines.append(Line(label(way), uncrowded(looks[way], points), points))
    return lines


def uncrowded(look: LineStyle, points: Sequence[MeanPoint]) -> LineStyle:
    """The look of a line of these points: many have no markers."""
    return replace(look, marker="") if len(points) > CROWDED else look
