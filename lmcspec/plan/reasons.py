"""Why a task has to run: one word from a closed list, and what exactly moved."""

from collections.abc import Iterator, Mapping, Set
from typing import Any, NamedTuple, Protocol

from lmcspec.plan.diff import Diff
from lmcspec.plan.graph import Plan
from lmcspec.plan.step_labels import earlier_labels
from lmcspec.tasks import Part, Task, kind

REASONS = {
    "never-run": "nothing like it has run",
    "params-changed": "a setting is another than in the study's last plan",
    "input-changed": "what it starts from is another",
    "version": "the code of its kind has a new version",
    "data-changed": "the data are others",
    "code-changed": "the code of something that isn't built in is another",
    "output-missing": "it ran, but its files are gone",
    "output-corrupt": "it ran, but its files are damaged",
    "previous-failed": "its last attempt failed",
    "interrupted": "its last attempt was cut off",
    "skipped": "it needs what collapsed, and is not done",
    "forced": "asked for by --force",
}


CODE = "code of "
"""How the change of a plug-in's code is called, followed by its name."""


class Change(NamedTuple):
    """A value of a task's recipe that is another one than in the last plan."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field} {shown(self.old)} -> {shown(self.new)}"


class Reason(NamedTuple):
    """Why a task runs. `root` is the task whose own change it follows from, for `input-changed`."""

    code: str
    changes: tuple[Change, ...] = ()
    root: str = ""
    stands: str = ""
    """Where the checkpoint stands from which it goes on: `update 1,200`."""

    def __str__(self) -> str:
        after = f"; it goes on after {self.stands}" if self.stands else ""
        return f"{self.code}: {'; '.join(map(str, self.changes)) or REASONS[self.code]}{after}"

    @property
    def by_itself(self) -> bool:
        """Whether the task has a cause of its own, and not only an input that changed."""
        return self.code != "input-changed"


class History(Protocol):
    """Tells in which state the results of tasks are."""

    def state(self, task_id: str) -> str:
        """`absent`, `dropped`, `corrupt`, `failed`, `interrupted` or `stored`."""
        ...

    def stands(self, task_id: str) -> str:
        """Where the checkpoint of an unfinished task stands; nothing where there is none."""
        ...


_STATES = {
    "dropped": "output-missing",
    "missing": "output-missing",
    "corrupt": "output-corrupt",
    "failed": "previous-failed",
    "interrupted": "interrupted",
}


def reasons(
    plan: Plan,
    difference: Diff,
    history: History | None,
    last: Mapping[str, Mapping[str, Any] | None],
    forced: Set[str] = frozenset(),
) -> dict[str, Reason]:
    """The reason of every task that runs, blocked ones and those made in passing included.

    `last` is the last recorded plan of each study as a document, None where there is none. A task whose place is new in
    it, as all are in a first plan, has never run: what other places and other studies did is nothing that it has
    changed from.
    """
    known: dict[str, Reason] = {}
    waiting = [*difference.run, *difference.passing, *difference.blocked, *difference.skipped]
    before = {
        part.study: (earlier_labels(part, document), document)
        for part in plan.each
        if (document := last.get(part.study)) is not None
    }
    order = {task: position for position, task in enumerate(plan.tasks)}
    for identifier in sorted(waiting, key=order.__getitem__):
        task = plan.tasks[identifier]
        if identifier in forced:
            known[identifier] = Reason("forced")
            continue
        if identifier in difference.skipped:
            known[identifier] = Reason("skipped")
            continue
        if identifier in difference.stale:
            source = next(source for _, source in task.inputs if source in known)
            known[identifier] = Reason("input-changed", known[source].changes, known[source].root or source)
            continue
        state = history.state(identifier) if history else "absent"
        if history and state in _STATES:
            stands = history.stands(identifier) if state in ("failed", "interrupted") else ""
            known[identifier] = Reason(_STATES[state], stands=stands)
            continue
        earlier, document = before.get(plan.owner(identifier).study, (str, None))
        label = plan.owner(identifier).tasks[identifier].label
        known[identifier] = _compared(plan, task, known, _recorded(task, earlier(label), document))
    return known


def _compared(plan: Plan, task: Task, known: Mapping[str, Reason], before: Mapping[str, Any] | None) -> Reason:
    upstream = next((source for _, source in task.inputs if source in known), None)
    if before is None:
        return Reason("never-run")
    old, parts = before["task"], before["parts"]
    if old["version"] != task.document["version"]:
        return Reason("version", (Change("version", old["version"], task.document["version"]),))
    changes = tuple(_differences(task, old, parts, plan.neutral))
    if changes:
        if all(change.field.startswith(CODE) for change in changes):
            return Reason("code-changed", changes)
        data = all(change.field.startswith("data.digest") or change.field == "train_on.digest" for change in changes)
        return Reason("data-changed" if data else "params-changed", changes)
    moved = [source for name, source in task.inputs if old["inputs"].get(name) != source and source in known]
    if moved or set(old["inputs"]) != dict(task.inputs).keys():
        source = moved[0] if moved else upstream
        if source is None:
            changed = tuple(
                Change(f"inputs.{name}", old["inputs"].get(name), dict(task.inputs).get(name))
                for name in sorted(set(old["inputs"]) | set(dict(task.inputs)))
                if old["inputs"].get(name) != dict(task.inputs).get(name)
            )
            return Reason("params-changed", changed)
        reason = known[source]
        return Reason("input-changed", reason.changes, reason.root or source)
    return Reason("never-run")


def _recorded(task: Task, label: str, last: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What the last plan has at a label, if it is of the task's kind; the task itself, wherever it stood."""
    if last is None:
        return None
    identifier = task.id if task.id in last["tasks"] else last["roles"].get(label)
    if identifier is None or identifier not in last["tasks"] or last["tasks"][identifier]["kind"] != task.kind:
        return None
    return {"task": last["tasks"][identifier], "parts": last["parts"]}


def _differences(
    task: Task, old: Mapping[str, Any], parts: Mapping[str, Any], neutral: Mapping[str, Mapping[str, Any]]
) -> Iterator[Change]:
    new = task.document
    if old.get("code") != new.get("code"):
        yield Change(f"{CODE}`{task.kind}`", old.get("code"), new.get("code"))
    for name in sorted(set(old["params"]) | set(new["params"])):
        before, after = old["params"].get(name), new["params"].get(name)
        if before == after:
            continue
        part = getattr(task.params, name, None)
        value = part.value if isinstance(part, Part) else after
        for change in _leaves(name, parts.get(before, before) if isinstance(before, str) else before, value):
            if change.field in ("code", "model.code", "data.code", "train_on.code"):
                whose = _named(task, name, neutral)
                change = Change(f"{CODE}`{whose}`" if whose else f"{CODE}the data", change.old, change.new)
            elif change.field.endswith((".optimiser.code", ".schedule.code")):
                whose = value[change.field.split(".")[-2]]["name"]
                change = Change(f"{CODE}`{whose}`", change.old, change.new)
            yield change
    for name in sorted(set(old["seeds"]) | set(new["seeds"])):
        if old["seeds"].get(name) != new["seeds"].get(name):
            yield Change(f"seeds.{name}", old["seeds"].get(name), new["seeds"].get(name))


def _named(task: Task, param: str, neutral: Mapping[str, Mapping[str, Any]]) -> str:
    """The card whose code stands in a parameter of a task."""
    match param:
        case "model":
            return task.params.model.value["config"]["name"]
        case "code" if (card := kind(task.kind).card) is not None:
            return getattr(task.params, card.parameter).value[card.key]
        case _:
            return neutral.get(getattr(task.params, param).digest, {}).get("config", {}).get("name", "")


def _leaves(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(set(old) | set(new)):
            yield from _leaves(f"{path}.{key}", old.get(key), new.get(key))
    elif _plain(old) != _plain(new):
        yield Change(path, old, new)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def shown(value: Any) -> str:
    """A value of a change; a digest by its first digits, and `-` for what was not there."""
    if value is None:
        return "-"
    if isinstance(value, str) and len(value) == 64:
        return value[:10]
    return str(value)
