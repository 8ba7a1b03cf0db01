"""How figures look, and how they become files that are the same whenever they are drawn."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmcspec.base.palette import COLOURS, DASHES, DENSE, MARKERS
from lmcspec.report.figures.alt import seen
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.lines import LineStyle
from lmcspec.report.figures.links import PAGE, linked
from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.medium import REPORT, Medium, medium
from lmcspec.report.figures.numbers import Grid
from lmcspec.report.figures.space import canvas as canvas  # plug-ins take it from here
from lmcspec.report.text_table import TextTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Place = tuple[Any, ...]
"""(network, level), and what else tells a line from others."""
BEST = LineStyle(COLOURS[8], "*", "-")
"""The look of the best of a family beside the lines of its members."""
LOOKS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "svg.hashsalt": "lmcspec",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
LETTERS = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 8.5,
    "legend.title_fontsize": 8.5,
}
"""Points of letters in a report."""
TICKS = {"size": 3.5, "width": 0.8, "pad": 3.5}
SIZES = {
    "axes.linewidth": 0.8,
    "axes.labelpad": 4.0,
    "axes.titlepad": 6.0,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "lines.markeredgewidth": 1.0,
    "patch.linewidth": 1.0,
    **{f"{axis}tick.major.{what}": size for axis in "xy" for what, size in TICKS.items()},
    "figure.constrained_layout.h_pad": 0.04167,
    "figure.constrained_layout.w_pad": 0.04167,
}
"""Points of lines, markers and gaps in a report, and inches around axes."""


SPLITS = {"test": COLOURS[8], "train": COLOURS[7], "validation": COLOURS[4]}
"""Images, in the order in which they are shown, and their colours where lines are told apart by them."""

DPI = REPORT.dpi
"""Pixels of a PNG of a report to an inch."""


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
    grids: tuple[Grid, ...] = ()
    """The numbers of one that shows planes."""

    @property
    def alt(self) -> str:
        """What is seen in it, in a sentence or two."""
        marks = marks_of(self.figure)
        return seen(marks, self.title) if marks else f"{self.title}. {self.caption}".strip()


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


_METADATA: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def files(
    drawing: Drawing, suffixes: Sequence[str] = ("svg", "png"), page: str | None = PAGE, prefix: str = ""
) -> dict[str, bytes]:
    """The figure by suffix: the same bytes every time, without dates or random names.

    Links of an SVG lead to a `page` beside it, where addresses begin with `prefix`; without a page there are none.
    Letters of a PDF are embedded as TrueType.
    """
    if drawing.figure is None:
        return {}
    contents = {}
    with drawn():
        for suffix in suffixes:
            metadata = _METADATA[suffix]
            file = io.BytesIO()
            drawing.figure.savefig(file, format=suffix, dpi=medium().dpi, metadata=metadata, facecolor="white")
            last = file.getvalue()
            contents[suffix] = linked(last, drawing.figure, drawing.alt, page, prefix) if suffix == "svg" else last
    return contents


def drawn() -> Any:
    """While figures are made: matplotlib's own settings and ours, whatever the user's are; theirs again afterwards."""
    import matplotlib

    settings: Any = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if not key.startswith("backend") and key not in ("toolbar", "interactive", "webagg.port", "date.epoch")
    }
    return matplotlib.rc_context(settings | _sized(medium()))


def _sized(medium: Medium) -> dict[str, Any]:
    """The looks in the sizes of a medium."""
    letters = {key: medium.points(size) for key, size in LETTERS.items()}
    return LOOKS | letters | {key: size * medium.scale for key, size in SIZES.items()}
