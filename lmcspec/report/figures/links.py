"""Links over the marks of a figure: each says what it stands for, and leads to where its tasks are listed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from lmcspec.report.anchors import anchor_of, link_to
from lmcspec.report.figures.marks import Mark, marks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = "report.html"
"""What the page is called that lies beside a figure."""
POINTS = 72.0
"""Of an inch: the unit of a picture."""
REACH = 6.0
"""How far around a mark its link reaches, in points."""
MOST = 2_000
"""Links of a figure; where there are more marks, none of them has one."""
BEGIN, END = '<g class="marks" fill="transparent">', "</g>"


def linked(svg: bytes, figure: "Figure", alt: str, page: str | None = PAGE, prefix: str = "") -> bytes:
    """The picture with what it shows in words, and with links into a `page` beside it; None is of no page.

    `prefix` is what the addresses of its study begin with on a page of several. It has to be the picture that was drawn
    last: only then the axes stand where they do in it.
    """
    text = svg.decode()
    head, tag, rest = text.partition("<metadata>")
    head = head.replace("<svg ", f'<svg role="group" aria-label={quoteattr(alt)} ', 1)
    body, end, _ = (tag + rest).rpartition("</svg>")
    links = "\n".join(_links(figure, page, prefix))
    return f"{head}<desc>{escape(alt)}</desc>\n{body}{BEGIN}{links}{END}\n{end}\n".encode()


def overlay(svg: bytes) -> str:
    """The links of a picture by themselves, to lie over it on its page: there they lead to places of that page."""
    text = svg.decode()
    _, _, links = text.partition(BEGIN)
    if not links.startswith(("<a", "<circle")):
        return ""
    size = text.partition('viewBox="')[2].partition('"')[0]
    links = links.rpartition(END)[0].replace(f'xlink:href="{PAGE}#', 'href="#')
    return f'<svg class="marks" viewBox="{size}" fill="transparent">{links}</svg>'


def _links(figure: "Figure", page: str | None, prefix: str) -> Iterator[str]:
    """A circle over each mark; over several that cover each other one, which tells of all and leads to the first."""
    placed = [(mark, mark.axes, spot) for mark in marks_of(figure) if mark.axes and (spot := mark.spot)]
    high = POINTS * figure.get_figheight()
    places: dict[str, list[Mark]] = {}
    for mark, axes, spot in placed if len(placed) <= MOST else []:
        right, up = _place(figure, axes, spot)
        places.setdefault(f'cx="{right:.1f}" cy="{high - up:.1f}"', []).append(mark)
    for place, marks in places.items():
        words = "\n".join(dict.fromkeys(_words(marks)))
        circle = f'<circle {place} r="{REACH:g}"><title>{escape(words)}</title></circle>'
        anchor = next(filter(None, map(_anchor, marks)), "")
        address = quoteattr(f"{page}{link_to(prefix + anchor)}")
        yield circle if page is None or not anchor else f"<a xlink:href={address}>{circle}</a>"


def _words(marks: Sequence[Mark]) -> Iterator[str]:
    """What marks at one place say; of several numbers each says first which it is."""
    several = len({mark.on_y for mark in marks}) > 1
    return (f"{f'{mark.on_y}: ' * several}{mark.words}" for mark in marks)


def _place(figure: "Figure", axes: "Axes", spot: tuple[float, float]) -> tuple[float, float]:
    """Points to the right and upward from the lower left corner; what is beyond the axes stands at their edge."""
    right, up = axes.transData.transform(spot)
    box = axes.get_window_extent()
    inside = min(max(right, box.x0), box.x1), min(max(up, box.y0), box.y1)
    return inside[0] * POINTS / figure.dpi, inside[1] * POINTS / figure.dpi


def _anchor(mark: Mark) -> str:
    """Where the page lists the tasks behind it; nowhere for what is no number of one network."""
    where = mark.cell.where
    if mark.anchor:
        return mark.anchor
    if where is None or not where.tasks:
        return ""
    return anchor_of(where)
