"""How far a plan is: what is stored, who is at work on what, what failed and why."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lmcspec.base import beneath
from lmcspec.base.errors import StoreError
from lmcspec.plan.diff import Diff, diff
from lmcspec.plan.document import from_document
from lmcspec.plan.graph import Plan
from lmcspec.plan.history import checkpoint_stands
from lmcspec.store import Store, holder, is_dead, last_ending, last_plan, layout, recorded_studies
from lmcspec.store.commit import owner_file
from lmcspec.store.lease import Holder
from lmcspec.tasks import Task

STATES = ("done", "running", "interrupted", "failed", "to do", "blocked", "skipped after a collapse")
"""Of a task, in the order in which they are said."""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that a live process works on."""

    id: str
    label: str
    host: str
    pid: int
    seconds: float
    stands: str = ""
    """Where its last checkpoint stands, such as `update 1,200`; nothing where it has written none."""
    until: int | None = None
    """Of a training the update at which it ends."""


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
    states: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By id, of what counts as a task: `done`, `running`, `interrupted`, `failed`, `to do`, `blocked` or `skipped
    after a collapse`."""

    def document(self) -> dict[str, Any]:
        """The progress as plain data, without the state of each task."""
        document = asdict(self)
        del document["states"]
        return document


def standing(plan: Plan, store: Store | None, difference: Diff | None = None) -> Standing:
    """How far a plan is in a store (None: nothing has run); `difference` is theirs, where it is known."""
    difference = difference or diff(plan, store)
    running: list[Running] = []
    failed: list[Failed] = []
    stopped: list[Stopped] = []
    for task in difference.run:
        if store is None:
            break
        label = plan.tasks[task].label
        held = holder(store, task)
        if held is not None and not is_dead(store, task):
            running.append(_at_work(plan.tasks[task], store, held))
        elif (ending := last_ending(store, task)) is None:
            continue
        elif ending.how == "failed":
            failed.append(Failed(task, label, ending.message, str(ending.log or "")))
        else:
            stopped.append(Stopped(task, label, checkpoint_stands(store, task)))
    states = _states(plan, difference)
    for state, tasks in (("running", running), ("failed", failed), ("interrupted", stopped)):
        states |= dict.fromkeys((task.id for task in tasks), state)
    counts = {**dict.fromkeys(STATES, 0), **Counter(states.values())}
    return Standing(plan.study, counts, tuple(running), tuple(failed), tuple(stopped), states)


def _states(plan: Plan, difference: Diff) -> dict[str, str]:
    """The state of each task by the diff: of those that people count, and of others that have to run by themselves."""
    counted = {task.id for task in plan.counted}
    return {
        **dict.fromkeys(difference.reused & counted, "done"),
        **dict.fromkeys(difference.blocked.keys() & counted, "blocked"),
        **dict.fromkeys(difference.skipped & counted, "skipped after a collapse"),
        **dict.fromkeys(difference.run, "to do"),
    }


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


def _at_work(task: Task, store: Store, held: Holder) -> Running:
    """What is known of a task by who holds it, its attempt and its checkpoint."""
    age, stands = _age(store, task.id, held.attempt), checkpoint_stands(store, task.id)
    until = task.params.until if task.trains else None
    return Running(task.id, task.label, held.process.host, held.process.pid, age, stands, until)


def _age(store: Store, task: str, attempt: str) -> float:
    """Seconds since an attempt began: what says whose it is was written then."""
    try:
        began = beneath.look(store.root, owner_file(layout.attempt_folder(store.root, task, attempt)))
    except (OSError, ValueError, StoreError):
        return 0.0
    return 0.0 if began is None else max(0.0, time.time() - began.st_mtime)
