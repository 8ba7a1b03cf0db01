"""`lmcspec ui`: MLflow's own pages on what was tracked."""

from typing import Annotated

import typer

from lmcspec.cli.options import StoreOption, needed_store
from lmcspec.cli.output import say
from lmcspec.cli.tracking import TrackingOption


def ui(
    store: StoreOption = None,
    tracking_uri: TrackingOption = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on this machine.")] = 5000,
) -> None:
    """Start MLflow's UI on what was tracked, on this machine only. Ctrl-C ends it."""
    from lmcspec.track import tracking_uri as choose
    from lmcspec.track.serve import serve
    from lmcspec.track.where import shown

    existing = needed_store(store)
    uri = choose(existing, tracking_uri)
    if uri.startswith(("http://", "https://")):
        say(f"{shown(uri)} is a server: open it in a browser")
        return
    serve(uri, existing, port, say)
