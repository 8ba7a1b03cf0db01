"""How figures look, and how they become files that are the same whenever they are drawn."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.base.palette import COLOURS, DASHES, DENSE, MARKERS
from lmcspec.report.figures.alt import seen
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.figures.links import linked
from lmcspec.report.figures.marks import marks_of
from lmcspec.report.text_table import TextTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Place = tuple[Any, ...]
"""(network, level), and what else tells a line from others."""
BEST = LineStyle(COLOURS[8], "*", "-")
"""The look of the best of a family beside the lines of its members."""
LOOKS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.title_fontsize": 8.5,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "svg.hashsalt": "lmcspec",
    "svg.fonttype": "path",
}


SPLITS = {"test": COLOURS[8], "train": COLOURS[7], "validation": COLOURS[4]}
"""Images, in the order in which they are shown, and their colours where lines are told apart by them."""

DPI = 160
"""Pixels of a PNG to an inch."""
MARGIN, ENTRY, LETTER = 0.16, 0.19, 0.075
"""Inches of a legend: what is above and below it, the height of a line, the width of a letter."""
AROUND, NARROW = 0.45, 0.063
"""Inches of the words beside an axis: by how much it is lower than its row of the figure, the width of a letter."""
TITLE = 32
"""Letters in a line of a legend's title; longer ones are broken, not to press the axes together."""
LABEL = 44
"""Letters in a line of a legend; longer names are broken."""
BESIDE, HANDLE = 2.2, 0.55
"""What figures leave for a legend beside the axes, and what of it stands before the words, in inches."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure with what has to be said about it. `figure` is None for what could not be drawn; a note says why."""

    name: str
    title: str
    figure: "Figure | None"
    caption: str = ""
    notes: tuple[str, ...] = ()
    table: TextTable | None = None
    """Where the spec asks for a table among the figures."""

    @property
    def alt(self) -> str:
        """What is seen in it, in a sentence or two."""
        marks = marks_of(self.figure)
        return seen(marks, self.title) if marks else f"{self.title}. {self.caption}".strip()


def canvas(
    rows: int,
    columns: int,
    width: float,
    height: float,
    layout: Literal["constrained"] | None = "constrained",
    **shared: Any,
) -> "tuple[Figure, list[list[Axes]]]":
    """An empty figure with its axes, in inches. It belongs to nobody but the caller: pyplot knows nothing of it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)
    axes = figure.subplots(rows, columns, squeeze=False, **shared)
    return figure, [list(row) for row in axes]


def look_of(case: CaseResults, network: str, level: int = 1) -> LineStyle:
    """How a network's line looks: one colour, marker and kind of line in all figures; what is dense is grey."""
    return LineStyle(*case.looks[network]) if level else LineStyle(DENSE, MARKERS[0], "-")


def looks_of(case: CaseResults, networks: Sequence[str]) -> dict[str, LineStyle]:
    """How the lines of some networks look."""
    return {network: look_of(case, network) for network in networks}


def look_of_family(case: CaseResults, name: str) -> LineStyle:
    """How a line of a whole family looks; of a network that stands alone its own."""
    return LineStyle(*case.looks[name])


def looks_of_places(case: CaseResults, places: Iterable[Place]) -> dict[Place, LineStyle]:
    """How lines of one figure look that are of a network at a level each, or are told apart by more than that.

    Each has the look of its network; further ones of that are lighter from one to the next, see `look_at_depth`.
    """
    looks = {place: look_of(case, place[0], place[1]) for place in places}
    depths: dict[LineStyle, int] = {}
    given: dict[Place, LineStyle] = {}
    for place, look in looks.items():
        depth = depths.get(look, 0)
        depths[look] = depth + 1
        given[place] = look_at_depth(look, depth)
    return given


def look_at_depth(look: LineStyle, depth: int) -> LineStyle:
    """How the line of one of several levels of a network looks, `depth` levels further than its first: lighter.

    Where the network's own line is solid it is broken as well, to be told apart in print.
    """
    from matplotlib.colors import to_hex, to_rgb

    share = 1 - 0.62**depth
    red, green, blue = (part + share * (1 - part) for part in to_rgb(look.colour))
    colour = to_hex((red, green, blue)) if depth else look.colour
    return LineStyle(colour, look.marker, DASHES[depth % len(DASHES)] if look.dashes == "-" else look.dashes)


def look_of_split(split: str, alone: bool, other: LineStyle) -> LineStyle:
    """How a line looks where lines are told apart by images: by its colour where those are all there is to tell."""
    if alone:
        return LineStyle(SPLITS[split], other.marker if split == "test" else "s", "-")
    return LineStyle(other.colour, other.marker, ("-", "--", ":")[list(SPLITS).index(split)])


def shades(count: int) -> list[str]:
    """Take so many colours in order, from dark to light."""
    import matplotlib
    from matplotlib.colors import to_hex

    scale = matplotlib.colormaps["viridis"]
    return [to_hex(scale(0.88 * place / max(1, count - 1))) for place in range(count)]


def name_y(axes: "Axes", words: str) -> None:
    """Write what stands on the y axis, in as many lines as it takes for none to be longer than the axis."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert place is not None and figure is not None
    high = figure.get_figheight() / place.get_gridspec().nrows - AROUND
    axes.set_ylabel(textwrap.fill(words, int(high / NARROW)))


def name_panel(axes: "Axes", words: str) -> None:
    """Write what stands above a panel, in as many lines as it takes for none to reach the next panel."""
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    assert place is not None and figure is not None
    columns = place.get_gridspec().ncols
    wide = (figure.get_figwidth() - BESIDE) / columns
    axes.set_title(textwrap.fill(words, max(12, int(wide / LETTER)), break_on_hyphens=True))


def legend(figure: "Figure", handles: Sequence[Any], title: str) -> None:
    """Put the legend to the right of the axes, where it covers nothing; in several columns where it is long.

    The figure grows by what it takes beyond the room that is left for it, so that the axes keep theirs. Long names are
    broken.
    """
    if handles:
        head = textwrap.wrap(title, TITLE)
        labels = [textwrap.wrap(str(handle.get_label()), LABEL) or [""] for handle in handles]
        rows = max(1, int((figure.get_figheight() - MARGIN) / ENTRY) - len(head))
        lines = [len(label) for label in labels]
        columns = next(count for count in range(1, len(labels) + 1) if _fits(lines, count, rows))
        longest = max(len(line) for label in labels for line in label)
        beyond = max(columns * (HANDLE + LETTER * longest) - BESIDE, 0.0)
        figure.set_figwidth(figure.get_figwidth() + beyond)
        figure.legend(
            list(handles),
            ["\n".join(label) for label in labels],
            loc="outside right upper",
            title="\n".join(head),
            alignment="left",
            ncols=columns,
        )


def _fits(lines: Sequence[int], columns: int, rows: int) -> bool:
    """Whether entries of so many lines fit into columns, each of which takes as many; one a column always do."""
    fewest, more = divmod(len(lines), columns)
    ends = [0, *accumulate(fewest + (column < more) for column in range(columns))]
    return columns == len(lines) or all(sum(lines[start:end]) <= rows for start, end in pairwise(ends))


_METADATA: dict[str, dict[str, None]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}


def files(drawing: Drawing, suffixes: Sequence[str] = tuple(_METADATA)) -> dict[str, bytes]:
    """The figure as SVG and PNG by suffix: the same bytes every time, without dates or random names."""
    if drawing.figure is None:
        return {}
    contents = {}
    with drawn():
        for suffix in suffixes:
            metadata = _METADATA[suffix]
            file = io.BytesIO()
            drawing.figure.savefig(file, format=suffix, dpi=DPI, metadata=metadata, facecolor="white")
            drawn_last = file.getvalue()
            contents[suffix] = linked(drawn_last, drawing.figure, drawing.alt) if suffix == "svg" else drawn_last
    return contents


def drawn() -> Any:
    """While figures are made: matplotlib's own settings and ours, whatever the user's are; theirs again afterwards."""
    import matplotlib

    settings: Any = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if not key.startswith("backend") and key not in ("toolbar", "interactive", "webagg.port", "date.epoch")
    }
    return matplotlib.rc_context(settings | LOOKS)
