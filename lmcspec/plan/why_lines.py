"""Why tasks run, as people read it: what moved, for how many tasks of which kinds, and what follows from it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lmcspec.plan.kind_words import kind_words
from lmcspec.plan.outlook import Outlook
from lmcspec.plan.reasons import REASONS, Change, Reason, shown
from lmcspec.spec.explain import NOT_SET, aligned

if TYPE_CHECKING:
    from rich.text import Text

ENDED = ("previous-failed", "interrupted")
"""Reasons of tasks that people look for by name."""
_OF_TASKS = ("begin", "until")
"""Where in a training a task begins and ends: with another length or batch it moves for each task in another way."""
_FEW = 3
"""Tasks that are listed under what moved."""


class Cause(NamedTuple):
    """What moved, or the word of a reason for which nothing did."""

    code: str
    changes: tuple[Change, ...]

    @staticmethod
    def of(reason: Reason) -> "Cause":
        """That of a reason; steps that moved along with settings are left out."""
        settings = tuple(change for change in reason.changes if change.field not in _OF_TASKS)
        return Cause(reason.code, settings or reason.changes)


class Group(NamedTuple):
    """Tasks that run for one cause, and those that follow from them, by id."""

    cause: Cause
    tasks: list[str]
    following: list[str]


def groups(view: Outlook) -> list[Group]:
    """The tasks that run by what made them, in the order in which they are met."""
    counted = {task.id for task in view.counted}
    causes: dict[str, Group] = {}
    for task, reason in view.reasons.items():
        root = view.reasons.get(reason.root) if not reason.by_itself else reason
        if task not in counted or root is None:
            continue
        cause = Cause.of(root)
        # Lists are changes, too, and no keys.
        group = causes.setdefault(str(cause), Group(cause, [], []))
        (group.tasks if reason.by_itself else group.following).append(task)
    # What follows from a state on the way alone, which is no task of its own, stands by itself.
    return [group if group.tasks else Group(group.cause, group.following, []) for group in causes.values()]


def why_lines(view: Outlook, *, everything: bool) -> Iterator["Text"]:
    """The causes, each with its tasks: a few of them, or all."""
    from rich.text import Text

    for group in groups(view):
        yield from _head(view, group)
        listed = everything or group.cause.changes or group.cause.code in ENDED
        tasks = group.tasks if everything else group.tasks[:_FEW] if listed else []
        for task in tasks:
            after = f"  goes on after {stands}" if (stands := view.reasons[task].stands) else ""
            yield Text(f"      {view.plan.shown(task)} {view.plan.tasks[task].label}{after}", style="dim")
        if len(group.tasks) > len(tasks) > 0:
            yield Text(f"      and {len(group.tasks) - len(tasks):,} more (--all)", style="dim")


def _head(view: Outlook, group: Group) -> Iterator["Text"]:
    """One line where nothing moved; else what did, from what to what, and beneath it what that makes run."""
    from rich.text import Text

    code, changes = group.cause
    count = f"{len(group.tasks):,} {'task' if len(group.tasks) == 1 else 'tasks'}"
    if not changes:
        line = Text.assemble((f"  + {code}", "green"), f"  {REASONS[code]}")
        yield line.append(f"  {count}{_followers(view, group)}", style="dim")
        return
    rows = [(change.field, f"{_value(change.old)} -> {_value(change.new)}") for change in changes]
    head = " ".join(rows[0]) if len(rows) == 1 else f"{len(rows)} changes"
    yield Text.assemble((f"  ~ {code}", "yellow"), f"  {head}")
    yield from map(Text, aligned(rows, margin=" " * 6) if len(rows) > 1 else ())
    yield Text(f"      {count} ({_kinds(view, group.tasks)}){_followers(view, group)}", style="dim")


def _value(value: Any) -> str:
    return NOT_SET if value is None else shown(value)


def _followers(view: Outlook, group: Group) -> str:
    if not group.following:
        return ""
    whose = "it" if len(group.tasks) == 1 else "these"
    verb = "follows" if len(group.following) == 1 else "follow"
    return f"; {len(group.following):,} more {verb} from {whose} ({_kinds(view, group.following)})"


def _kinds(view: Outlook, tasks: Sequence[str]) -> str:
    """`train` where all are of one kind, else `9 train, 3 prune`."""
    kinds = Counter(kind_words(view.plan.tasks[task]) for task in tasks)
    return next(iter(kinds)) if len(kinds) == 1 else ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
