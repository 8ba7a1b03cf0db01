"""How figures look, and how they become files that are the same whenever they are drawn."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Literal

from lmcspec.base.palette import COLOURS, DENSE, colour_of
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.members import family
from lmcspec.report.text_table import TextTable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX*<>"
LINE_DASHES = ("-", "--", ":", "-.")
"""What tells lines of one colour apart."""
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


LIGHTEST, DARKEST = 0.62, -0.5
"""How much white the lightest tint of a colour has, and how much black the darkest, below 0."""
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
    if not level:
        return LineStyle(DENSE, "o", "-")
    return LineStyle(colour(case, network), marker(case, network), dashes(case, network))


def looks_of(case: CaseResults, networks: Sequence[str]) -> dict[str, LineStyle]:
    """How the lines of the networks of one panel look.

    Where the panel has one of each family they have the families' looks, the same in panels of cases whose families
    have other members.
    """
    one_each = len({family(network) for network in networks}) == len(set(networks))
    return {
        network: look_of_family(case, family(network)) if one_each else look_of(case, network) for network in networks
    }


def look_of_family(case: CaseResults, name: str) -> LineStyle:
    """How the line of a whole family looks; of a network that stands alone its own."""
    if name not in case.families:
        return LineStyle(DENSE, "o", "-")
    place = case.families.index(name)
    original = case.original(name)
    twins = [name for name in case.families if name != original and case.original(name) == original]
    return LineStyle(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], dashes_among(twins, name))


def look_at_depth(look: LineStyle, depth: int) -> LineStyle:
    """How the line of one of several levels of a network looks, `depth` levels further than its first: lighter.

    Where the network's own line is solid it is broken as well, to be told apart in print.
    """
    from matplotlib.colors import to_hex, to_rgb

    share = 1 - 0.62**depth
    red, green, blue = (part + share * (1 - part) for part in to_rgb(look.colour))
    colour = to_hex((red, green, blue)) if depth else look.colour
    return LineStyle(colour, look.marker, LINE_DASHES[depth % len(LINE_DASHES)] if look.dashes == "-" else look.dashes)


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


def tints(colour: str, count: int) -> list[str]:
    """Take so many tints of one colour, from light to dark."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = to_rgb(colour)
    shares = [LIGHTEST + (DARKEST - LIGHTEST) * place / max(1, count - 1) for place in range(count)]
    return [to_hex((_mixed(red, share), _mixed(green, share), _mixed(blue, share))) for share in shares]


def _mixed(part: float, share: float) -> float:
    """A part of a colour with a share of white, or of black where that is below 0."""
    return part + share * (1 - part) if share > 0 else part * (1 + share)


def colour(case: CaseResults, network: str) -> str:
    """The colour of a network, the same in all figures and in MLflow; what is only dense is grey."""
    return colour_of(network, case.pruned, case.original)


def marker(case: CaseResults, network: str) -> str:
    """The marker of a network, by which its line is told from others in print."""
    return MARKERS[case.pruned.index(network) % len(MARKERS)] if network in case.pruned else "o"


def dashes(case: CaseResults, network: str) -> str:
    """Baselines are dashed, further ones of the same network dotted in two ways."""
    original = case.original(network)
    if original == network:
        return "-"
    twins = [network for network in case.pruned if case.original(network) == original and network != original]
    return dashes_among(twins, network, "--")


def dashes_among(twins: Sequence[str], name: str, otherwise: str = "-") -> str:
    """The dashes of one of the baselines that take the same masks; `otherwise` those of what is none of them."""
    return LINE_DASHES[1:][twins.index(name) % 3] if name in twins else otherwise


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
            contents[suffix] = file.getvalue()
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
