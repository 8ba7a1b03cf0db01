"""How far a plan is: what is stored, who is at work on what, what failed and why."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.plan.diff import diff
from lmcspec.plan.document import from_document
from lmcspec.plan.graph import Plan
from lmcspec.plan.history import checkpoint_stands
from lmcspec.store import Store, holder, is_dead, last_ending, last_plan, recorded_studies


@dataclass(frozen=True, slots=True)
class Running:
    """A task that a live process works on."""

    id: str
    label: str
    host: str
    pid: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """A task whose last attempt failed."""

    id: str
    label: str
    message: str
    log: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """A task whose last attempt was cut off."""

    id: str
    label: str
    stands: str
    """Where its checkpoint stands, such as `update 1,200`; nothing where there is none, so that it begins anew."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a study is: counts by state, the tasks at work, those that failed, and those that were cut off."""

    study: str
    counts: Mapping[str, int]
    running: tuple[Running, ...]
    failed: tuple[Failed, ...]
    interrupted: tuple[Stopped, ...] = ()

    def document(self) -> dict[str, Any]:
        """The progress as plain data."""
        return asdict(self)


def standing(plan: Plan, store: Store | None) -> Standing:
    """How far a plan is in a store (None: nothing has run)."""
    difference = diff(plan, store)
    running: list[Running] = []
    failed: list[Failed] = []
    stopped: list[Stopped] = []
    for task in difference.run:
        if store is None:
            break
        label = plan.tasks[task].label
        held = holder(store, task)
        if held is not None and not is_dead(store, task):
            running.append(Running(task, label, held.process.host, held.process.pid, _age(store, task)))
        elif (ending := last_ending(store, task)) is None:
            continue
        elif ending.how == "failed":
            failed.append(Failed(task, label, ending.message, str(ending.log or "")))
        else:
            stopped.append(Stopped(task, label, checkpoint_stands(store, task)))
    counted = {task.id for task in plan.counted}
    waiting = len(difference.run) - len(running) - len(failed) - len(stopped)
    counts = {
        "done": len(difference.reused & counted),
        "running": len(running),
        "interrupted": len(stopped),
        "failed": len(failed),
        "to do": waiting,
        "blocked": len(difference.blocked.keys() & counted),
        "skipped after a collapse": len(difference.skipped & counted),
    }
    return Standing(plan.study, counts, tuple(running), tuple(failed), tuple(stopped))


def standings(store: Store | None) -> tuple[list[Standing], dict[str, StoreError]]:
    """How far every study is by the plan of it that was recorded last; why those can't be read that can't."""
    read: list[Standing] = []
    unread: dict[str, StoreError] = {}
    for study in recorded_studies(store) if store is not None else ():
        document = last_plan(store, study) if store is not None else None
        if document is None:
            continue
        try:
            read.append(standing(from_document(document), store))
        except StoreError as error:  # edited, or of another version: it can't be compared, only planned anew
            unread[study] = error
    return read, unread


def _age(store: Store, task: str) -> float:
    from lmcspec.store import layout

    try:
        root, folder = store.root, layout.attempts_folder(store.root, task)
        attempts = (beneath.look(root, folder / name) for name in beneath.names(root, folder))
        began = min(attempt.st_mtime for attempt in attempts if attempt is not None)
    except (OSError, ValueError, StoreError):
        return 0.0
    return max(0.0, time.time() - began)
