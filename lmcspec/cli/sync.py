"""`lmcspec sync`: tell the tracking server what it doesn't know yet."""

from typing import Annotated

import typer

from lmcspec.base.errors import UsageError
from lmcspec.cli.options import StoreOption, open_existing, store_path
from lmcspec.cli.output import Format, envelope, put, say
from lmcspec.cli.tracking import TrackingOption, track


def sync(
    store: StoreOption = None,
    tracking_uri: TrackingOption = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    """Send to MLflow what it doesn't know of this store: after an outage, a crash or a run without tracking."""
    existing = open_existing(store)
    if existing is None:
        raise UsageError(f"there is no store at {store_path(store)}", help="lmcspec run SPEC makes one")
    tracker = track(existing, tracking_uri)
    new = tracker.unsent()
    if new:
        tracker.sync()
    if format is Format.json:
        put(envelope("sync", True, {"server": tracker.server, "sent": new}))
    else:
        say(f"{tracker.server} knows all of {existing.root}" + ("" if new else "; nothing was new"))
