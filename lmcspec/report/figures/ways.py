"""Lines of permutations: which a figure asks for, what they are called, and how they look in all figures of a study."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from lmcspec.base.palette import COLOURS, DARKEST, DASHES, LIGHTEST, MARKERS, tints
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import CROWDED, Line, LineStyle, MeanPoint
from lmcspec.report.figures.options import Options
from lmcspec.report.tidy import Row
from lmcspec.spec.names import NONE

UNPERMUTED = "unpermuted"
MOST = 12
"""Permutations of which each has a line, unless a figure asks for more."""
_GREY = LineStyle(COLOURS[-1], "s", "--")


def asked_ways(rows: Iterable[Row], options: Options) -> list[Row]:
    """The rows under the permutations that a figure asks for, in its order; all where it says none."""
    if (ways := options.under) is None:
        return list(rows)
    return sorted((row for row in rows if row.under in ways), key=lambda row: ways.index(row.under))


def few_ways(case: CaseResults, rows: Sequence[Row], options: Options) -> tuple[list[Row], tuple[str, ...]]:
    """The rows under the permutations of a figure with a line for each, and what is to be said of others.

    Those that it asks for; else all, or where these are too many to be told apart without the largest families.
    """
    sizes: dict[str, int] = {}
    for way in dict.fromkeys(row.under for row in rows):
        name = way if way == NONE else case.permutations[way].family
        sizes[name] = sizes.get(name, 0) + 1
    left = dict(sizes)
    while options.under is None and sum(left.values()) > MOST and max(left.values()) > 1:
        del left[max(reversed(left), key=left.__getitem__)]
    gone = [name for name in sizes if name not in left]
    kept = [row for row in rows if row.under == NONE or case.permutations[row.under].family in left]
    notes = (f"{', '.join(gone)}: too many to be told apart; name them in `under`",) if gone else ()
    return asked_ways(kept if gone else rows, options), notes


def label_of_way(way: str) -> str:
    """`under wm`; `unpermuted` without any."""
    return UNPERMUTED if way == NONE else f"under {way}"


def looks_of_ways(case: CaseResults) -> Mapping[str, LineStyle]:
    """How the line of each permutation looks, the same in all figures of a study; what is unpermuted is grey.

    Members of a family share its colour, from light to dark in the order of the spec.
    """
    looks = {NONE: _GREY}
    for place, members in enumerate(_families(case).values()):
        look = _look(place)
        colours = tints(look.colour, len(members), LIGHTEST, DARKEST) if len(members) > 1 else [look.colour]
        for number, (colour, names) in enumerate(zip(colours, members.values(), strict=True)):
            looks |= dict.fromkeys(names, LineStyle(colour, MARKERS[(place + number) % len(MARKERS)], "-"))
    return looks


def look_of_ways(case: CaseResults, family: str) -> LineStyle:
    """How a line of all members of a family looks."""
    return _look(list(_families(case)).index(family))


def _families(case: CaseResults) -> dict[str, dict[tuple, list[str]]]:
    """The permutations that are measured, by family and by what their own tables differ in, in the order of the spec.

    What they take over from a family of networks tells them from no other beside one of these.
    """
    shown = dict.fromkeys(row.under for row in case.rows if row.under and row.under != NONE)
    families: dict[str, dict[tuple, list[str]]] = {}
    for way in case.permutations.values():
        if way.name in shown:
            differing = tuple((key, way.values[key]) for key in way.paths)
            families.setdefault(way.family, {}).setdefault(differing, []).append(way.name)
    return families


def _look(place: int) -> LineStyle:
    return LineStyle(COLOURS[place % (len(COLOURS) - 1)], MARKERS[place % len(MARKERS)], "-")


def lines_of_ways(
    case: CaseResults,
    rows: Sequence[Row],
    point: Callable[[Row], MeanPoint],
    label: Callable[[str], str] = label_of_way,
    called: Mapping[str, str] | None = None,
) -> list[Line]:
    """A line for each permutation, in the order of the rows, with a point for each place in the study.

    Of several networks each has lines of its own, broken in another way; `called` says what all those of a figure are
    called, so that those of one name look alike in all of its panels.
    """
    looks = looks_of_ways(case)
    networks = list(dict.fromkeys(row.network for row in rows))
    called = called or {network: network for network in networks}
    names = list(dict.fromkeys(called.values()))
    lines = []
    for way, network in dict.fromkeys((row.under, row.network) for row in rows):
        # One row for each point: those of other replicates are in its mean.
        of_line = {
            (row.level, row.k_updates, row.through): row
            for row in reversed(rows)
            if (row.under, row.network) == (way, network)
        }
        points = [point(row) for row in reversed(of_line.values())]
        look, words = uncrowded(looks[way], points), label(next(iter(of_line.values())).way)
        if len(networks) > 1:
            look = replace(look, dashes=DASHES[names.index(called[network]) % len(DASHES)])
            words = f"{words}, {called[network]}"
        lines.append(Line(words, look, points))
    return lines


def uncrowded(look: LineStyle, points: Sequence[MeanPoint]) -> LineStyle:
    """The look of a line of these points: many have no markers."""
    return replace(look, marker="") if len(points) > CROWDED else look
