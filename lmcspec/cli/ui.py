"""`lmcspec ui`: MLflow's own pages on what was tracked."""

from typing import Annotated

import typer

from lmcspec.base.errors import UsageError
from lmcspec.cli.options import StoreOption, open_existing, store_path
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

    existing = open_existing(store)
    if existing is None:
        raise UsageError(f"there is no store at {store_path(store)}", help="lmcspec run SPEC makes one")
    uri = choose(existing, tracking_uri)
    if uri.startswith(("http://", "https://")):
        say(f"{uri} is a server: open it in a browser")
        return
    serve(uri, existing, port, say)
