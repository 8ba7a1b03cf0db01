"""One task of a plan: what it is, whether it runs and why, what goes in, what it costs and where it is stored."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from lmcspec.base.errors import StoreError, UsageError
from lmcspec.base.ids import short
from lmcspec.catalog import nearest
from lmcspec.plan.chosen import Figures
from lmcspec.plan.cost import Cost, cost
from lmcspec.plan.graph import Plan, Target
from lmcspec.plan.needed_by import NeededBy, needed_by
from lmcspec.plan.outlook import Outlook
from lmcspec.plan.reasons import REASONS, Reason
from lmcspec.plan.render import duration, reason_document, size, state
from lmcspec.plan.task_numbers import number_lines, numerics_line
from lmcspec.spec.explain import aligned, leaves, shown
from lmcspec.spec.paths import dotted
from lmcspec.tasks import Part, encode

_DIGITS = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a task; `id` is None while that of its data is not known."""

    name: str
    id: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A committed result: where it lies, how it came out, and what it took."""

    path: str
    outcome: str
    bytes: int
    has_outputs: bool
    """False once its files are used up and dropped; its numbers stay."""
    seconds: float | None
    reason: str = ""
    """Why it ran then; empty where an earlier version did not write that down."""
    passed_by: str = ""
    """The longer training that committed it on its way."""
    numerics: str = ""
    """On what it was computed, in words."""
    scalars: Mapping[str, Any] = field(default_factory=dict)
    """Its numbers as the task wrote them."""


@dataclass(frozen=True, slots=True)
class TaskExplanation:
    """A task of a plan that is held against a store."""

    id: str | None
    """None while its data are missing, for it rests on theirs."""
    label: str
    also: tuple[str, ...]
    """Other places of the study at which the same work stands."""
    kind: str
    version: int
    state: str
    """What becomes of it in the plan, in a word of `render.state`."""
    reason: Reason | None
    follows: str
    """Label of the task whose change the reason is."""
    blocked: str
    """Why it can't run."""
    passed_by: str
    """Label of the longer training that commits it on its way."""
    goes_on_from: str
    """Label of the stored state of the same branch from which it goes on."""
    inputs: tuple[Input, ...]
    seeds: Mapping[str, int]
    params: Mapping[str, Any]
    cost: Cost | None
    """None where the size of its data is not known."""
    kept: Kept | None
    needed: NeededBy | None = None
    """What the study needs it for."""
    numbers: tuple[str, ...] = ()
    """A line for each number of its result."""

    def __str__(self) -> str:
        lines = [self.label, f"id      {self.id or '?'}", f"kind    {self.kind}, version {self.version}"]
        lines += _headed("state", self._states())
        lines += _headed("also", self.also)
        inputs = [(source.name, short(source.id) if source.id else "?", source.label) for source in self.inputs]
        lines += _headed("inputs", aligned(inputs, margin=""))
        lines += _headed("seeds", [", ".join(f"{name} {value}" for name, value in self.seeds.items())])
        params = [(dotted(path), shown(value)) for path, value in leaves(self.params) if value is not None]
        lines += _headed("params", aligned(params, margin=""))
        lines += _headed("needed", self.needed.lines() if self.needed else ())
        lines += _headed("cost", [self._cost()])
        lines += _headed("stored", self._stored())
        return "\n".join([*lines, *_headed("numbers", self.numbers)])

    def document(self) -> dict[str, Any]:
        """The explanation as plain data."""
        return {
            "id": self.id,
            "label": self.label,
            "also": list(self.also),
            "kind": self.kind,
            "version": self.version,
            "state": self.state,
            **{"changes": [], "root": None},
            **reason_document(self.reason),
            "follows": self.follows or None,
            "blocked": self.blocked or None,
            "passed_by": self.passed_by or None,
            "goes_on_from": self.goes_on_from or None,
            "inputs": [asdict(source) for source in self.inputs],
            "seeds": dict(self.seeds),
            "params": dict(self.params),
            "cost": None if self.cost is None else self.cost.document(),
            "stored": None if self.kept is None else asdict(self.kept),
            "needed_by": [self.needed.document()] if self.needed else [],
        }

    def _states(self) -> Iterator[str]:
        match self.state:
            case "blocked":
                yield f"blocked: {self.blocked}"
            case "passing":
                yield f"run, in passing: {self.passed_by} commits it on its way"
            case "unneeded":
                yield "unneeded: all that rests on it is in the store"
            case "changed":
                yield "run"
            case _:
                yield self.state
        if self.reason is not None:
            yield f"{self.reason.code}: {REASONS[self.reason.code]}"
            if self.reason.stands:
                yield f"  goes on after {self.reason.stands}"
            yield from (f"  {change}" for change in self.reason.changes)
        if self.follows:
            yield f"  follows from {self.follows}"
        if self.goes_on_from:
            yield f"goes on from the stored state of {self.goes_on_from}"

    def _cost(self) -> str:
        if self.cost is None:
            return "unknown, its data are not here"
        cost = self.cost
        seconds = "seconds unknown, nothing like it has finished in this store yet"
        if cost.seconds is not None:
            seconds = f"{duration(cost.seconds)} ({duration(cost.low or 0)} to {duration(cost.high or 0)})"
        work = cost.work
        seen = f"{work.images:,} training images" + (f" in {work.updates:,} updates" if work.updates else "")
        seen = f"{seen}, " if work.images else ""
        return f"{seen}{seconds}" + (f", keeps {size(work.stored)}" if work.stored is not None else "")

    def _stored(self) -> Iterator[str]:
        if self.kept is not None:
            took = f"took {duration(self.kept.seconds)}, " if self.kept.seconds is not None else ""
            files = f"keeps {size(self.kept.bytes)}" if self.kept.has_outputs else "its files are used up, numbers stay"
            yield f"in {self.kept.path}"
            if self.kept.reason:
                yield f"ran because {self.kept.reason}"
            yield f"{took}{files}, outcome {self.kept.outcome}"
            yield self.kept.numerics


def explain_task(view: Outlook, task_id: str, label: str, figures: Figures = MappingProxyType({})) -> TaskExplanation:
    """All that a plan and its store know of a task; `label` is that of its places to be put first.

    `figures` are by name what those of the spec are drawn from.
    """
    plan, difference, kept = view.plan, view.diff, _kept(view, task_id)
    task = plan.tasks[task_id]
    places = dict.fromkeys([label, *(role for role, other in plan.roles.items() if other == task_id)])
    reason = view.reasons.get(task_id)

    def named(identifier: str | None) -> str:
        return plan.tasks[identifier].label if identifier else ""

    return TaskExplanation(
        id=None if task_id in plan.unknown else task_id,
        label=label,
        also=tuple(places)[1:],
        kind=task.kind,
        version=task.document["version"],
        state=state(view, task_id),
        reason=reason,
        follows=named(reason.root) if reason else "",
        blocked=difference.blocked.get(task_id, ""),
        passed_by=named(difference.passing.get(task_id)),
        goes_on_from=named(difference.continued.get(task_id)),
        inputs=tuple(
            Input(name, None if source in plan.unknown else source, named(source)) for name, source in task.inputs
        ),
        seeds=dict(task.seeds),
        params={name: _resolved(plan, getattr(task.params, name)) for name in encode(task.params)},
        cost=None if task_id in plan.unknown else _cost(view, task_id),
        kept=kept,
        needed=needed_by(plan, task_id, figures),
        numbers=() if kept is None else tuple(number_lines(kept.scalars, _read_of(plan, task_id))),
    )


def _read_of(plan: Plan, task: str) -> list[Target]:
    """The numbers that are read of a task's own result."""
    return [target for target in plan.targets if target.task == task]


def may_be_id(name: str) -> bool:
    """Whether a name can be the first digits of a task's id."""
    return _DIGITS.fullmatch(name) is not None


def task_called(plan: Plan, name: str, case: str = "") -> tuple[str, str]:
    """(id, label) of the task at a label, in `case` where the label names none, or of that whose id starts so.

    Raises UsageError, with the nearest label, where there is none or more than one.
    """
    for label in (name, f"{case}/{name}"):
        if label in plan.roles:
            return plan.roles[label], label
    if may_be_id(name):
        matching = [task for task in plan.tasks if task.startswith(name) and task not in plan.unknown]
        if len(matching) == 1:
            return matching[0], plan.tasks[matching[0]].label
        if matching:
            named = ", ".join(f"{short(task)} {plan.tasks[task].label}" for task in matching[:5])
            raise UsageError(
                f"{len(matching)} tasks have an id that starts with {name}: {named}", help="give more digits"
            )
        raise UsageError(f"no task of {plan.study} has an id that starts with {name}")
    below = [label for label in plan.roles if label.startswith(name.rstrip("/") + "/")]
    if below:
        more = ", …" if len(below) > 5 else ""
        raise UsageError(f"`{name}` is no task, but holds {len(below):,}: {', '.join(below[:5])}{more}")
    near = nearest(name, list(plan.roles))
    raise UsageError(
        f"{plan.study} has no task at `{name}`" + (f"; did you mean `{near}`?" if near else ""),
        help="lmcspec plan SPEC --format tree shows them all",
    )


def _cost(view: Outlook, task_id: str) -> Cost:
    if task_id in view.costs:
        return view.costs[task_id]
    history = None
    if view.store is not None:
        from lmcspec.plan.history import StoreHistory

        history = StoreHistory(view.store)
    return cost(view.plan.tasks[task_id], view.plan, history, view.models)


def _kept(view: Outlook, task_id: str) -> Kept | None:
    try:
        stored = view.store.find(task_id) if view.store is not None else None
    except StoreError:  # damaged: the reason says so
        return None
    if stored is None:
        return None
    seconds = stored.record.get("seconds")
    return Kept(
        str(stored.path),
        stored.outcome,
        stored.bytes,
        stored.has_outputs,
        seconds,
        *how_it_ran(stored.record),
        numerics_line(stored.record),
        stored.result.get("scalars", {}),
    )


def how_it_ran(record: Mapping[str, Any]) -> tuple[str, str]:
    """(why it ran, the training that committed it in passing), as the record of a result has it."""
    return str(record.get("reason", "")), str(record.get("passed_by", ""))


def _resolved(plan: Plan, value: Any) -> Any:
    """A parameter as plain data, a part as its value."""
    match value:
        case Part():
            # The digest of data that are not here is a placeholder.
            unknown = value.digest in plan.facts and not plan.facts[value.digest].known
            return _resolved(plan, {**value.value, "digest": "?"} if unknown else value.value)
        case Mapping():
            return {key: _resolved(plan, item) for key, item in value.items()}
        case list() | tuple():
            return [_resolved(plan, item) for item in value]
        case _:
            return value


def _headed(name: str, lines: Iterable[str]) -> list[str]:
    """Lines under a heading that stands before the first."""
    return [f"{name if not place else '':8}{line}" for place, line in enumerate(lines) if line]
