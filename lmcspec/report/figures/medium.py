"""What a figure is drawn for: a report's page, a column or the width of a paper's page, a slide."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from lmcspec.base.errors import UsageError
from lmcspec.catalog import nearest

USUAL = 9.0
"""Points of most letters in a report, for which all lengths in inches are meant that plots say."""


@dataclass(frozen=True, slots=True)
class Medium:
    """How large a figure may be, and its letters."""

    name: str
    letters: float
    """Points of most letters; lines, markers and gaps are larger or smaller with them."""
    smallest: float
    """Points below which no letter is."""
    width: float | None = None
    """In inches; None: as wide as panels and legend take."""
    height: float | None = None
    """In inches; None: as high as panels and legend take."""
    abreast: int = 3
    """Panels side by side, at most."""
    beside: bool = True
    """Whether a legend stands beside a single panel; else below, as it does of several."""
    dpi: int = 300

    @property
    def scale(self) -> float:
        """How large an inch of a plot is here."""
        return self.letters / USUAL

    def points(self, size: float) -> float:
        """The size of letters that have so many points in a report."""
        return max(size * self.scale, self.smallest)


REPORT = Medium("report", USUAL, smallest=0.0, dpi=160)
MEDIA = {
    medium.name: medium
    for medium in (
        Medium("column", 7.5, smallest=6.0, width=3.4, abreast=2, beside=False),
        Medium("page", 8.0, smallest=6.0, width=6.9),
        Medium("slide", 17.0, smallest=14.0, width=40 / 3, height=7.5, dpi=150),
    )
}
_CURRENT: ContextVar[Medium] = ContextVar("medium", default=REPORT)


def medium() -> Medium:
    """What is drawn for now."""
    return _CURRENT.get()


def medium_called(name: str) -> Medium:
    """The medium of that name. Raises UsageError where there is none."""
    if name not in MEDIA:
        near = nearest(name, list(MEDIA))
        help = f"did you mean {near}?" if near else f"there are: {', '.join(MEDIA)}"
        raise UsageError(f"figures are not drawn for {name!r}", help=help)
    return MEDIA[name]


@contextmanager
def drawn_for(chosen: Medium) -> Iterator[None]:
    """Draw for a medium within."""
    token = _CURRENT.set(chosen)
    try:
        yield
    finally:
        _CURRENT.reset(token)
