"""The numbers of a figure as plain records: one for each that is drawn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lmcspec.report.figures.marks import Mark

PLACE = ("case", "network", "level", "sparsity", "measure", "k", "k_updates", "under", "through")
COLUMNS = ("panel", "line", "y", "x", *PLACE, "mean", "low", "high", "n", "asked", "tasks")
"""In this order; one that comes later stands at the end."""
OF_GRID = ("panel", "axes", "x", "y", "of", "value")


@dataclass(frozen=True, slots=True)
class Grid:
    """What a panel shows at each point of a plane."""

    panel: str
    axes: str
    """What is on both axes."""
    x: Sequence[float]
    y: Sequence[float]
    of: str
    """What the values are."""
    values: Sequence[Sequence[float]]
    """In rows by y."""


def numbers(marks: Iterable[Mark]) -> Iterator[dict[str, Any]]:
    """A record for each mark. `mean`, and `low` to `high` where a spread is drawn, are as they are read off the axis.

    `n` of `asked` replicates have a number; None of totals, and of means over anything else. `x` is None of what is the
    same all along the axis; a setting in words has numbers from 0 on. `tasks` are all that the number comes from, those
    of copies among them.
    """
    for mark in marks:
        where, (low, high) = mark.cell.where, mark.spread or (None, None)
        n, asked = (mark.cell.n, max(mark.cell.asked, mark.cell.n)) if mark.of == "" else (None, None)
        yield {
            "panel": mark.panel,
            "line": mark.line,
            "y": mark.on_y,
            "x": mark.x,
            **{key: None if where is None else getattr(where, key) for key in PLACE},
            "mean": mark.y,
            "low": low,
            "high": high,
            "n": n,
            "asked": asked,
            "tasks": "" if where is None else " ".join(where.tasks),
        }


def points(grids: Iterable[Grid]) -> Iterator[dict[str, Any]]:
    """A record for each point of each grid, row by row. Values that are no numbers are `nan` and `inf`."""
    for grid in grids:
        for y, row in zip(grid.y, grid.values, strict=True):
            for x, value in zip(grid.x, row, strict=True):
                yield dict(zip(OF_GRID, (grid.panel, grid.axes, x, y, grid.of, value), strict=True))
