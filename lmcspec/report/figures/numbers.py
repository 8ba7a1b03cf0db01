"""The numbers of a figure as plain records: one for each that is drawn."""

from collections.abc import Iterable, Iterator
from typing import Any

from lmcspec.report.figures.marks import Mark

PLACE = ("case", "network", "level", "sparsity", "measure", "k", "k_updates", "under", "through")
COLUMNS = ("panel", "line", "y", "x", *PLACE, "mean", "low", "high", "n", "asked", "tasks")
"""In this order; one that comes later stands at the end."""


def numbers(marks: Iterable[Mark]) -> Iterator[dict[str, Any]]:
    """A record for each mark. `mean`, and `low` to `high` where a spread is drawn, are as they are read off the axis.

    `n` of `asked` replicates have a number. `x` is None of what is the same all along the axis; a setting in words has
    numbers from 0 on. `tasks` are all that the number comes from, those of copies among them.
    """
    for mark in marks:
        where, (low, high) = mark.cell.where, mark.spread or (None, None)
        yield {
            "panel": mark.panel,
            "line": mark.line,
            "y": mark.on_y,
            "x": mark.x,
            **{key: None if where is None else getattr(where, key) for key in PLACE},
            "mean": mark.y,
            "low": low,
            "high": high,
            "n": mark.cell.n,
            "asked": max(mark.cell.asked, mark.cell.n),
            "tasks": "" if where is None else " ".join(where.tasks),
        }
