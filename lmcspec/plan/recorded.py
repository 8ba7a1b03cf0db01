"""Tasks in the plans that a store remembers of its studies, whether they have run or not."""

import logging
from dataclasses import asdict, dataclass
from typing import Any

from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.ids import short
from lmcspec.catalog import nearest
from lmcspec.plan.document import MALFORMED, checked_rest, shape_error
from lmcspec.plan.history import checkpoint_stands
from lmcspec.store import Store, holder, is_dead, last_ending, last_plan, recorded_studies
from lmcspec.store.store import SHORTEST_PREFIX

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordedTask:
    """A task as the last plan of a study names it."""

    study: str
    id: str
    label: str
    kind: str

    def document(self) -> dict[str, Any]:
        """The task as plain data."""
        return asdict(self)


def recorded_tasks(store: Store, name: str) -> list[RecordedTask]:
    """The tasks at a label, or whose ids start with `name` (4 digits or more), one for each study that plans them."""
    digits = len(name) >= SHORTEST_PREFIX
    tasks = []
    for study, plan in recorded_plans(store):
        at_label = plan["roles"].get(name)
        for task, entry in plan["tasks"].items():
            if task == at_label or (digits and task.startswith(name)):
                label = name if task == at_label else entry["label"]
                tasks.append(RecordedTask(study, task, label, entry["kind"]))
    return tasks


def recorded_task(store: Store, name: str) -> list[RecordedTask]:
    """The one task that recorded plans mean by a label or the beginning of an id, once for each study."""
    meant = recorded_tasks(store, name)
    if len({task.id for task in meant}) > 1:
        named = ", ".join(f"{short(task.id)} {task.label} of {task.study}" for task in meant[:5])
        raise UsageError(f"several tasks may be meant by {name}: {named}", help="give more digits of its id")
    if not meant:
        near = nearest_label(store, name)
        raise UsageError(
            f"nothing in {store.root} is called {name}: no object's id starts so, and no study plans such a task",
            help=f"did you mean {near}?" if near else "lmcspec explain SPEC TASK looks in the plan of a spec",
        )
    return meant


def find_task(store: Store, name: str) -> tuple[str, list[RecordedTask]]:
    """The id that a name means in a store, and where recorded plans have that task: nowhere if its object is there."""
    if "/" not in name and store.matching(name):
        return store.resolve_prefix(name), []
    recorded = recorded_task(store, name)
    identifier = recorded[0].id
    return identifier, [] if store.present([identifier]) else recorded


def nearest_label(store: Store, name: str) -> str | None:
    """The label in any recorded plan that a typing error most likely meant."""
    return nearest(name, [label for _, plan in recorded_plans(store) for label in plan["roles"]])


def attempt_so_far(store: Store, task: str) -> tuple[str, str]:
    """What became of a task that is not in the store: a word as `status` has it, and a sentence."""
    held = holder(store, task)
    if held is not None and not is_dead(store, task):
        return "running", f"process {held.process.pid} on {held.process.host} is at work on it"
    ending = last_ending(store, task)
    if ending is None:
        return "to do", "it has not run"
    if ending.how == "failed":
        return ending.how, f"its last attempt failed: {ending.message} (log: {ending.log})"
    stands = checkpoint_stands(store, task)
    return ending.how, "its last attempt was cut off" + (f", and the next goes on after {stands}" if stands else "")


def last_recorded(store: Store, study: str) -> dict[str, Any] | None:
    """The document of the plan that was recorded last for a study; None where there is none that can be relied on."""
    document = last_plan(store, study)
    if document is None:
        return None
    try:
        if checked_rest(document).study == study:
            return document
        why = "it is another study's"
    except (StoreError, *MALFORMED) as error:
        why = str(error) if isinstance(error, StoreError) else shape_error(error)
    _log.warning("the recorded plan of %s is ignored: %s", study, why)
    return None


def recorded_plans(store: Store) -> list[tuple[str, dict[str, Any]]]:
    """Every recorded plan that this version can read; whether its tasks could still run does not matter."""
    plans = [(study, last_recorded(store, study)) for study in recorded_studies(store)]
    return [(study, plan) for study, plan in plans if plan is not None]
