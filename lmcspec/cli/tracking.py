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

    return Tracker(store, tracking_uri(store, uri), reporter, say)


@contextlib.contextmanager
def tracked(tracker: "Tracker | None", plan: "Plan", *, running: bool, required: bool) -> Iterator[None]:
    """Tell the server about the block while it runs, and what is left after it; only with `required` can that fail."""
    from lmcspec.track.troubles import UnreachableError

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
    if required:
        _check(tracker, plan)
    if not tracker.trouble:
        return
    if required:
        raise UnreachableError(tracker.trouble, help=f"{LATER} sends what is left")
    say(f"tracking: {tracker.trouble}; {LATER} sends what is left")


def _check(tracker: "Tracker", plan: "Plan") -> None:
    """UnreachableError where something of a plan is not there for good: no `sync` would help."""
    from lmcspec.base.ids import short
    from lmcspec.track.troubles import UnreachableError

    if tracker.untold:
        raise UnreachableError(f"MLflow at {tracker.server} was not told everything: {tracker.untold}")
    wanted = {short(series.identity) for series in plan.series}
    own = {
        role: run
        for role, run in tracker.left.items()
        if (role.startswith(f"task/{plan.study}/") and role.rpartition("/")[2] in plan.tasks)
        or (role.startswith(f"series/{plan.study}/") and role.rpartition("/")[2].partition("#")[0] in wanted)
    }
    if own:
        role, run = min(own.items())
        raise UnreachableError(
            f"{len(own):,} runs of {plan.study} were deleted in MLflow and are left alone, such as {role}",
            help=f"mlflow runs restore --run-id {run}, then {LATER}",
        )
