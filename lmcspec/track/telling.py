"""What a run tells its tracking server: all of it beside the tasks, and an error only where that was asked for."""

import contextlib
from collections.abc import Callable, Iterator

from lmcspec.base.ids import short
from lmcspec.plan import Plan
from lmcspec.track.tracker import Tracker
from lmcspec.track.troubles import UnreachableError

LATER = "lmcspec sync"
"""What to type to send what is left, where the store and the server are found without being named."""


@contextlib.contextmanager
def telling(
    tracker: Tracker | None,
    plan: Plan,
    *,
    running: bool,
    required: bool,
    say: Callable[[str], None],
    complain: Callable[[str], None] | None = None,
    later: str = LATER,
) -> Iterator[None]:
    """Tell the server about the block while it runs, and what is left after it; only with `required` can that fail.

    What goes wrong otherwise is said by `complain`, or as all else; `later` is the command that sends what is left.
    """
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
    for part in plan.each if required else ():
        _check(tracker, part, later)
    if not tracker.trouble:
        return
    if required:
        raise UnreachableError(tracker.trouble, help=f"{later} sends what is left")
    (complain or say)(f"tracking: {tracker.trouble}; {later} sends what is left")


def _check(tracker: Tracker, plan: Plan, later: str) -> None:
    """UnreachableError where something of a plan is not there for good: no `sync` would help."""
    if tracker.untold:
        raise UnreachableError(f"MLflow at {tracker.server} was not told everything: {tracker.untold}")
    series = {short(series.identity) for series in plan.series}
    deleted = {
        subject: run
        for subject, run in tracker.left.items()
        if (subject.startswith(f"task/{plan.study}/") and subject.rpartition("/")[2] in plan.tasks)
        or (subject.startswith(f"series/{plan.study}/") and subject.rpartition("/")[2].partition("#")[0] in series)
    }
    if deleted:
        subject, run = min(deleted.items())
        raise UnreachableError(
            f"{len(deleted):,} runs of {plan.study} were deleted in MLflow and are left alone, such as {subject}",
            help=f"mlflow runs restore --run-id {run}, then {later}",
        )
