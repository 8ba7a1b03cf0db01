"""`lmcspec sync`: tell the tracking server what it doesn't know yet."""

from typing import Annotated

import typer

from lmcspec.cli.options import StoreOption, needed_store
from lmcspec.cli.output import Format, envelope, put, say
from lmcspec.cli.tracking import TrackingOption, track


def sync(
    store: StoreOption = None,
    tracking_uri: TrackingOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Send to MLflow what it doesn't know of this store: after an outage, a crash or a run without tracking."""
    from lmcspec.track.troubles import UnreachableError

    existing = needed_store(store)
    tracker = track(existing, tracking_uri)
    new = tracker.sync()
    if tracker.untold:
        raise UnreachableError(f"not everything could be told: {tracker.untold}")
    if format is Format.json:
        put(envelope("sync", True, {"server": tracker.server, "sent": new, "deleted": sorted(tracker.left)}))
        return
    but = f" but {len(tracker.left):,} runs that were deleted there" if tracker.left else ""
    say(f"{tracker.server} knows all of {existing.root}{but}" + ("" if new else "; nothing was new"))
    for study in tracker.reopened:
        say(f"  {study}: what it took from other studies is told by its next lmcspec run")
