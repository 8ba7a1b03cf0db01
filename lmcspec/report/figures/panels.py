"""Panels side by side: what each shows of which case, and how many stand abreast."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lmcspec.base.members import family
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.medium import medium
from lmcspec.report.figures.options import Options
from lmcspec.report.figures.space import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABREAST = 3
"""Panels side by side."""
ALONE, WIDE = 4.6, 2.6
"""The width of a panel with none beside it, and of others, in inches."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: a case, and the figure's options narrowed down to what it shows."""

    title: str
    results: CaseResults
    options: Options


def panels_of(cases: Sequence[CaseResults], options: Options, kind: str) -> list[Panel]:
    """A panel per case, per network (a family is one), or per k of its measures of a kind; else one for all.

    Of several k's, panels of cases show the first.
    """
    case = cases[0]
    if options.panels == "case":
        return [Panel(case.case, case, options) for case in cases]
    if options.panels == "network":
        return [Panel(name, case, replace(options, networks=members)) for name, members in _families(case, options)]
    if options.panels == "at":
        return [Panel(f"k = {k}", case, replace(options, at=at)) for at, k in steps_of(case, options, kind).items()]
    return [Panel("", case, options)]


def steps_of(case: CaseResults, options: Options, kind: str) -> dict[str, str]:
    """The k's of what a figure shows: as targets spell them, and for people."""
    measures = [options.measure] if options.measure else case.measures(kind)
    steps = {
        (row.at_updates, row.at, row.k)
        for row in case.rows
        if row.at
        and row.measure in measures
        and (options.networks is None or row.network in options.networks)
        and (options.at is None or str(options.at) == row.at)
    }
    unique: dict[int, tuple[str, str]] = {}
    for updates, at, k in sorted(steps):
        unique.setdefault(updates, (at, k))
    return dict(unique.values())


def _families(case: CaseResults, options: Options) -> Iterator[tuple[str, tuple[str, ...]]]:
    wanted = [network for network in case.networks if options.networks is None or network in options.networks]
    for name in dict.fromkeys(map(family, wanted)):
        yield name, tuple(network for network in wanted if family(network) == name)


@dataclass(frozen=True, slots=True)
class Grid:
    """Axes for panels: each panel has one axes per row of what is shown, one above the other."""

    figure: "Figure"
    axes: "tuple[tuple[Axes, ...], ...]"
    """The axes by panel, then from top to bottom."""
    first: tuple[bool, ...]
    """Whether a panel is the leftmost of its line."""
    width: float
    """Inches of one panel."""
    columns: int
    """How many stand abreast."""


def same_scale(options: Options) -> bool:
    """Whether panels share their y axis: unless the figure says that they don't."""
    return options.shared is not False


def abreast(panels: int) -> int:
    """How many of so many panels stand side by side."""
    return min(panels, ABREAST, medium().abreast) if panels != 4 else 2


def grid(panels: int, deep: int = 1, *, high: float = 2.6, shared: bool = False, columns: int = 0) -> Grid:
    """Empty axes for so many panels of `deep` rows; what is left of the last line stays blank.

    `shared`: what stands in the same row of all panels has one y axis, with numbers at the leftmost panels; where it is
    said how many `columns` there are, each of them has its own.
    """
    apart, columns = bool(columns), columns or abreast(panels)
    wide = ALONE if panels == 1 else WIDE
    lines = -(-panels // columns)
    figure, every = canvas(lines * deep, columns, 2.2 + wide * columns, 0.5 + high * lines * deep)
    stacks = []
    for place in range(lines * columns):
        line, column = divmod(place, columns)
        stack = tuple(every[line * deep + row][column] for row in range(deep))
        if place < panels:
            leaders = stacks[column * apart] if shared and len(stacks) > column * apart else ()
            for axes, leader in zip(stack, leaders, strict=False):
                axes.sharey(leader)
                axes.tick_params(labelleft=apart or column == 0)
            stacks.append(stack)
        else:
            for axes in stack:
                axes.set_axis_off()
    return Grid(figure, tuple(stacks), tuple(place % columns == 0 for place in range(panels)), wide, columns)
