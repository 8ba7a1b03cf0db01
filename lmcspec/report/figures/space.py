"""How the parts of a figure share its room: axes, what is written at them, and the legend.

Lengths are inches of a report; other media are larger or smaller by the size of their letters, see `medium.py`.
"""

import textwrap
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.report.figures.medium import medium

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN, ENTRY, LETTER = 0.16, 0.19, 0.075
"""Inches of a legend: what is above and below it, the height of a line, the width of a letter."""
AROUND, NARROW = 0.45, 0.063
"""Inches of the words beside an axis: by how much it is lower than its row of the figure, the width of a letter."""
TITLE = 32
"""Letters in a line of a legend's title; longer ones are broken, not to press the axes together."""
LABEL = 44
"""Letters in a line of a legend; longer names are broken."""
BESIDE, HANDLE, GAP = 2.2, 0.55, 0.15
"""What figures leave for a legend beside the axes, what of it stands before the words, and between its columns."""


def canvas(
    rows: int,
    columns: int,
    width: float,
    height: float,
    layout: Literal["constrained"] | None = "constrained",
    beside: float = BESIDE,
    **shared: Any,
) -> "tuple[Figure, list[list[Axes]]]":
    """An empty figure with its axes. It belongs to nobody but the caller: pyplot knows nothing of it.

    `beside` is what of the width is left for a legend; where that stands below, or the medium is narrower, axes are as
    wide as there is room, and not higher than they would be.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=room(width, height, beside, below=is_below(columns)), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, **shared)
    return figure, [list(row) for row in axes]


def room(width: float, height: float, beside: float = 0.0, *, below: bool = True) -> tuple[float, float]:
    """The size of a figure on the medium, in true inches.

    In a report it is that of the plot, of whose width `beside` is left for a legend, which may stand `below` elsewhere.
    """
    here = medium()
    if here.width is None:
        return width * here.scale, height * here.scale
    axes = inches(here.width) - (0.0 if below else beside)
    return here.width, here.height or height * here.scale * min(1.0, axes / (width - beside))


def is_below(columns: int) -> bool:
    """Whether the legend of a figure with so many panels abreast stands below them."""
    return medium().width is not None and not (medium().beside and columns == 1)


def inches(length: float) -> float:
    """A length of a figure in the inches in which plots reckon."""
    return length / medium().scale


def width_of_axes(figure: "Figure", columns: int, usual: float) -> float:
    """How wide each of the axes abreast is, about, in the inches in which plots reckon; in a report as `usual`."""
    if medium().width is None:
        return usual
    return (inches(figure.get_figwidth()) - (0.0 if is_below(columns) else BESIDE)) / columns - 0.5


def name_x(axes: "Axes", words: str, width: float) -> None:
    """Write what stands on the x axis, on narrow media in lines that are no longer than the axis is wide."""
    axes.set_xlabel(words if medium().width is None else textwrap.fill(words, max(12, int((width + 0.5) / LETTER))))


def name_y(axes: "Axes", words: str) -> None:
    """Write what stands on the y axis, in as many lines as it takes for none to be longer than the axis."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert place is not None and figure is not None
    high = inches(figure.get_figheight()) / place.get_gridspec().nrows - AROUND
    axes.set_ylabel(textwrap.fill(words, max(8, int(high / NARROW))))


def name_panel(axes: "Axes", words: str) -> None:
    """Write what stands above a panel, in as many lines as it takes for none to reach the next panel."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert place is not None and figure is not None
    columns = place.get_gridspec().ncols
    wide = (inches(figure.get_figwidth()) - (0.0 if is_below(columns) else BESIDE)) / columns
    axes.set_title(textwrap.fill(words, max(12, int(wide / LETTER)), break_on_hyphens=True))


def legend(figure: "Figure", handles: Sequence[Any], title: str) -> None:
    """Put the legend to the right of the axes, where it covers nothing; in several columns where it is long.

    The figure grows by what it takes beyond the room that is left for it, so that the axes keep theirs. Long names are
    broken. On narrow media it stands below.
    """
    if not handles:
        return
    place = figure.axes[0].get_subplotspec()
    if is_below(place.get_gridspec().ncols if place is not None else 1):
        _below(figure, handles, title)
        return
    head = textwrap.wrap(title, TITLE)
    longest = LABEL if medium().width is None else int((BESIDE - HANDLE) / LETTER)
    labels = [textwrap.wrap(str(handle.get_label()), longest) or [""] for handle in handles]
    rows = max(1, int((inches(figure.get_figheight()) - MARGIN) / ENTRY) - len(head))
    lines = [len(label) for label in labels]
    columns = next(count for count in range(1, len(labels) + 1) if _fits(lines, count, rows))
    if medium().width is None:
        beyond = max(columns * (HANDLE + LETTER * max(len(line) for label in labels for line in label)) - BESIDE, 0.0)
        figure.set_figwidth(figure.get_figwidth() + beyond)
    _put(figure, handles, labels, "outside right upper", head, columns)


def _below(figure: "Figure", handles: Sequence[Any], title: str) -> None:
    """As many columns as fit; the figure grows by their height, unless that is given."""
    wide = inches(figure.get_figwidth())
    longest = min(LABEL, int((wide - HANDLE) / LETTER))
    labels = [textwrap.wrap(str(handle.get_label()), longest) or [""] for handle in handles]
    head = textwrap.wrap(title, int(wide / LETTER))
    column = HANDLE + GAP + LETTER * max(len(line) for label in labels for line in label)
    columns = min(len(labels), max(1, int(wide / column)))
    rows = -(-len(labels) // columns) * max(len(label) for label in labels)
    if medium().height is None:
        figure.set_figheight(figure.get_figheight() + medium().scale * (MARGIN + ENTRY * (rows + len(head))))
    _put(figure, handles, labels, "outside lower center", head, columns)


def _put(
    figure: "Figure", handles: Sequence[Any], labels: Sequence[list[str]], where: Any, head: list[str], columns: int
) -> None:
    figure.legend(
        list(handles),
        ["\n".join(label) for label in labels],
        loc=where,
        title="\n".join(head),
        alignment="left",
        ncols=columns,
    )


def _fits(lines: Sequence[int], columns: int, rows: int) -> bool:
    """Whether entries of so many lines fit into columns, each of which takes as many; one a column always do."""
    fewest, more = divmod(len(lines), columns)
    ends = [0, *accumulate(fewest + (column < more) for column in range(columns))]
    return columns == len(lines) or all(sum(lines[start:end]) <= rows for start, end in pairwise(ends))
