"""The curves of a task: the lines of its metrics that a server has not been told."""

import logging
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.base.ids import short
from lmcspec.store import Store, Stored, layout, lines, shapes
from lmcspec.track import names
from lmcspec.track.ledger import Ledger
from lmcspec.track.said import Point

_log = logging.getLogger(__name__)


PIECE = 10_000
"""Points that are held at once, of a file of any size."""


class Piece(NamedTuple):
    """Points that have not been sent, and up to where they reach in each attempt's file, by the ledger's names."""

    points: list[Point]
    offsets: dict[str, int]


NOTHING = Piece([], {})


def grown(task: str, stored: Stored | None, store: Store, ledger: Ledger) -> Iterator[Piece]:
    """The points that have not been sent, of each attempt, a PIECE at a time."""
    if stored is not None:
        try:
            files = {str(stored.record.get("attempt", "")): stored.metrics}
        except StoreError as error:
            _log.warning("no curves of %s are sent: %s", short(task), error)
            return
    else:
        folder = layout.attempts_folder(store.root, task)
        files = {name: folder / name / layout.METRICS for name in beneath.names(store.root, folder)}
    for attempt, path in files.items():
        name = f"metrics/{task}/{attempt}"
        unsent = lines(store.root, path, ledger.offset(name), shapes.Metric)
        while piece := list(islice(unsent, PIECE)):
            points = [Point(names.key(line["name"]), line["value"], line["step"], line["at"]) for _, line in piece]
            yield Piece(points, {name: piece[-1][0]})
