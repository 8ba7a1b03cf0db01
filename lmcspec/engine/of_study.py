"""What one study's journal hears of a run that several studies share."""

from dataclasses import replace
from typing import Any

from lmcspec.engine import events
from lmcspec.engine.run import Listener
from lmcspec.plan.graph import Plan

_COUNTED = {
    events.Finished: "done",
    events.Failed: "failed",
    events.Skipped: "skipped",
    events.Interrupted: "interrupted",
}


def of_study(part: Plan, whole: Plan, listener: Listener) -> Listener:
    """A listener that passes on the events of the tasks that run for one study, and counts these.

    What runs for another one and is part of this study's plan, too, is there for this one without its doing: once it
    has finished, it counts as reused.
    """
    counts = dict.fromkeys([*_COUNTED.values(), "reused"], 0)

    def pass_on(event: Any) -> None:
        if type(event) in _COUNTED:
            reused = isinstance(event, events.Finished) and event.reused
            counts["reused" if reused else _COUNTED[type(event)]] += 1
        listener(event)

    def on_event(event: events.Event) -> None:
        match event:
            case events.RunStarted(tasks=tasks):
                of_this = tuple(task for task in tasks if whole.owner(task.id) is part)
                listener(replace(event, tasks=of_this))
            case events.RunEnded():
                listener(replace(event, **counts))
            case events.Finished(task=task) if whole.owner(task.id) is not part:
                for made in (task.id, *event.byproducts):
                    if made in part.tasks:
                        pass_on(replace(event, task=replace(task, id=made), reused=True, byproducts=(), note=""))
            case _:
                task = getattr(event, "task", None)
                if task is None or whole.owner(task.id) is part:
                    pass_on(event)

    return on_event
