"""How commands tell a tracking server what was done, and people where they can look at it."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lmcspec.cli.output import say

if TYPE_CHECKING:
    from lmcspec.plan import Plan
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
LATER = "lmcspec sync"


def track(store: "Store", uri: str | None) -> "Tracker":
    """The tracker of this store."""
    from lmcspec.report import tracked as reporter
    from lmcspec.track import Tracker, tracking_uri

    return Tracker(store, tracking_uri(store, uri), reporter)


@contextlib.contextmanager
def tracked(tracker: "Tracker | None", plan: "Plan", *, running: bool, required: bool) -> Iterator[None]:
    """Tell the server about the block while it runs, and what is left after it; only with `required` can that fail."""
    from lmcspec.track.server import UnreachableError

    if tracker is None:
        yield
        return
    if running:
        with tracker.following(plan, say):
            yield
    else:
        yield
        try:
            if tracker.unsent(plan):
                tracker.sync(plan)
        except UnreachableError as error:
            tracker.trouble = str(error)
    if not tracker.trouble:
        return
    if required:
        raise UnreachableError(tracker.trouble, help=f"{LATER} sends what is left")
    say(f"tracking: {tracker.trouble}; {LATER} sends what is left")
