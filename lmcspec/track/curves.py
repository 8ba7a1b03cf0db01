"""The curves of a task: the lines of its metrics that a server has not been told."""

import logging

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.base.ids import short
from lmcspec.store import Store, Stored, layout, lines, shapes
from lmcspec.track import names
from lmcspec.track.ledger import Ledger
from lmcspec.track.said import Point

_log = logging.getLogger(__name__)


def grown(task: str, stored: Stored | None, store: Store, ledger: Ledger) -> tuple[list[Point], dict[str, int]]:
    """The points that have not been sent, and up to where they reach in each attempt's file, by the ledger's names."""
    if stored is not None:
        try:
            files = {str(stored.record.get("attempt", "")): stored.metrics}
        except StoreError as error:
            _log.warning("no curves of %s are sent: %s", short(task), error)
            return [], {}
    else:
        folder = layout.attempts_folder(store.root, task)
        files = {name: folder / name / layout.METRICS for name in beneath.names(store.root, folder)}
    points: list[Point] = []
    offsets: dict[str, int] = {}
    for attempt, path in files.items():
        name = f"metrics/{task}/{attempt}"
        for after, line in lines(store.root, path, ledger.offset(name), shapes.Metric):
            points.append(Point(names.key(line["name"]), line["value"], line["step"], line["at"]))
            offsets[name] = after
    return points, offsets
