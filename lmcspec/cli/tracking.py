"""The option of commands that tell a tracking server, or ask what it was told, and the tracker they tell it by."""

from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.output import say

if TYPE_CHECKING:
    from lmcspec.store import Store
    from lmcspec.track import Tracker

TrackingOption = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        envvar="MLFLOW_TRACKING_URI",
        help="Where MLflow keeps runs.",
        show_default="a database in the store",
    ),
]


def track(store: "Store", uri: str | None) -> "Tracker":
    """The tracker of this store."""
    from lmcspec.report import tracked as reporter
    from lmcspec.track import Tracker, tracking_uri

    return Tracker(store, tracking_uri(store, uri), reporter, say)
