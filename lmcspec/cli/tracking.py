"""The option of commands that tell a tracking server, or ask what it was told, and the tracker they tell it by."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.output import say

if TYPE_CHECKING:
    from lmcspec.store import Store
    from lmcspec.track import Tracker

NO_TRACKING = "LMCSPEC_NO_TRACKING"

TrackingOption = Annotated[
    str | None,
    typer.Option(
        "--tracking-uri",
        envvar="MLFLOW_TRACKING_URI",
        help="Where MLflow keeps runs.",
        show_default="a database in the store",
    ),
]


def tracking_words(given: str | None) -> list[str]:
    """What names the server in a command to be typed again, without a password; nothing where it is found without."""
    from lmcspec.track.where import shown

    known = given is None or os.environ.get("MLFLOW_TRACKING_URI") == given
    return [] if known or given is None else ["--tracking-uri", shown(given)]


def refuse_untold(context: typer.Context) -> None:
    """UsageError where a run has to be told to a server, and is to be told to none."""
    from lmcspec.base.errors import UsageError

    if not (context.params["no_tracking"] and context.params["require_tracking"]):
        return
    source = context.get_parameter_source("no_tracking")
    if source is not None and source.name == "ENVIRONMENT":
        raise UsageError(
            f"--require-tracking can't be had where {NO_TRACKING} is set",
            help=f"unset {NO_TRACKING}, or leave --require-tracking out",
        )
    raise UsageError("--no-tracking and --require-tracking can't both be had", help="leave one of them out")


def track(store: "Store", uri: str | None) -> "Tracker":
    """The tracker of this store."""
    from lmcspec.report import tracked as reporter
    from lmcspec.track import Tracker, tracking_uri

    return Tracker(store, tracking_uri(store, uri), reporter, say)
