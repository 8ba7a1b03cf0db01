"""Where results were reused from, for who asks."""

import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from lmcspec.base.loudness import Loudness
from lmcspec.cli.output import loudness, say_more

if TYPE_CHECKING:
    from lmcspec.store import Store
    from lmcspec.store.index_table import Entry


def say_reused(store: "Store | None", tasks: Collection[str]) -> None:
    """Say in whose runs these results were made, when, and on what. Nothing unless more was asked for."""
    if store is None or not tasks or loudness() is not Loudness.VERBOSE:
        return
    from lmcspec.store.index import Index

    with Index(store) as index:
        entries = [entry for entry in index.entries() if entry.id in tasks]
    for line in lines(entries):
        say_more(line)
    if rest := len(tasks) - len(entries):
        say_more(f"reused: {rest:,} results of which the index knows nothing")


def lines(entries: "Collection[Entry]") -> Iterator[str]:
    """A line for each study and device, the largest first."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.study, entry.device), []).append(entry)
    for (study, device), made in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        where = study or "a run of an earlier lmcspec"
        times = [entry.committed for entry in made]
        on = f" on {device}" if device else ""
        yield f"reused from {where}: {len(made):,} results, made {_span(min(times), max(times))}{on}"


def _span(first: float, last: float) -> str:
    """`2026-11-30 21:36`, or from then to when."""
    begun, ended = (time.strftime("%Y-%m-%d %H:%M", time.localtime(moment)) for moment in (first, last))
    return begun if begun == ended else f"{begun} to {ended}"
