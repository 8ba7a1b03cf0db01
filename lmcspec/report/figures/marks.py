"""What stands where in a figure: every number that is drawn, with the tasks behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from lmcspec.catalog.metric import Metric, Unit
from lmcspec.report.summary import Cell
from lmcspec.report.words import in_its_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Mark:
    """A number that is drawn: as what, where on the axes, and what it is of."""

    panel: str
    line: str
    on_y: str
    """What it is, as the axis says it."""
    x: float | None
    """None of what is the same all along the axis."""
    cell: Cell
    unit: Unit
    axes: "Axes | None" = None
    """None of what has no place in a plane."""
    place: tuple[float, float] | None = None
    """Where on the axes it stands, if not at x and y."""
    interval: tuple[float, float] | None = None
    """What is drawn around it, as it is read off the axis, if not mean ± standard deviation."""
    metric: Metric | None = None
    """The number of a measure that it is; None of what is made for a figure."""
    anchor: str = ""
    """The part of the page that tells of it, if it is none of its numbers."""
    of: str | None = ""
    """What its n counts, if not replicates, such as `paths`; None of a total, where nothing is counted."""
    over_levels: bool = False
    """Whether the axis goes from level to level, by their sparsity or number."""

    @property
    def spread(self) -> tuple[float, float] | None:
        """What is drawn around it, from low to high; None where nothing is."""
        if self.interval is not None or self.cell.std is None:
            return self.interval
        return self.y - self.unit.scale * self.cell.std, self.y + self.unit.scale * self.cell.std

    @property
    def spot(self) -> tuple[float, float] | None:
        """Where on the axes it stands; None of what has no place."""
        if self.axes is None or (self.place is None and self.x is None):
            return None
        return self.place or (self.x or 0.0, self.y)

    @property
    def y(self) -> float:
        """As it is read off the axis."""
        return self.unit.scale * self.cell.mean

    @property
    def words(self) -> str:
        """`imp at level 3, 83.2 % sparse, k = 0: 12.30 ± 0.40 (3)`."""
        return f"{', '.join(self._place())}: {in_its_unit(self.cell, self.unit, of=self.of)}"

    def _place(self) -> list[str]:
        where = self.cell.where
        if where is None:
            return [self.line]
        place = [f"{f'{where.case}, ' * bool(where.case)}{where.network} at level {where.level}"]
        place += [] if where.sparsity is None else [f"{100 * where.sparsity:.1f} % sparse"]
        place += [f"k = {where.k}"] if where.k else []
        place += [f"under {where.under}"] if where.under else []
        return place


_MARKS: "WeakKeyDictionary[Figure, list[Mark]]" = WeakKeyDictionary()
"""Kept beside the figures, which are matplotlib's."""


def put_marks(figure: "Figure", marks: Iterable[Mark]) -> None:
    """Note what is drawn in a figure."""
    _MARKS.setdefault(figure, []).extend(marks)


def marks_of(figure: "Figure | None") -> Sequence[Mark]:
    """All that is noted of a figure, in the order in which it was drawn."""
    return () if figure is None else tuple(_MARKS.get(figure, ()))
