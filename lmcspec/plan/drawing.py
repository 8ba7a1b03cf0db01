"""A plan as boxes and arrows: one box a task, or, where those are too many, one for all of a kind and network."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lmcspec.plan.kind_words import kind_words
from lmcspec.plan.outlook import Outlook
from lmcspec.plan.render import state
from lmcspec.tasks import Task

MOST_BOXES = 100
MOST_ARROWS = 400
"""Of a picture in which anybody finds anything; Mermaid draws no more than 500 arrows."""

Key = tuple[str, ...]
"""What the tasks in a box have in common."""

_REPLICATE = re.compile(r"s\d+(-s\d+)?")


class Box(NamedTuple):
    """A task, or several that are alike."""

    name: str
    lines: tuple[str, ...]
    state: str
    """`run` where any of them runs, `blocked` where any can't, else `reuse`, or `other`."""


class Drawing(NamedTuple):
    """What is to be drawn of a plan; arrows go from what is needed to what needs it, by the names of boxes."""

    study: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]
    note: str
    """What a box stands for, where that is no single task."""


def drawing(view: Outlook, *, everything: bool = False) -> Drawing:
    """A box for each task if that is a picture still, or if `everything`; else together what is alike."""
    tasks = list(view.counted)
    words, boxes, arrows = _together(view, tasks, everything=everything)
    members: dict[Key, list[Task]] = {}
    for task in tasks:
        members.setdefault(boxes[task.id], []).append(task)
    names = {key: f"t{place}" for place, key in enumerate(members)}
    note = f"{len(tasks):,} tasks in {len(members):,} boxes, one for each {words}" if words else ""
    return Drawing(
        view.plan.study,
        tuple(_box(view, names[key], key, several, single=not words) for key, several in members.items()),
        tuple((names[source], names[target]) for source, target in arrows),
        note,
    )


def _together(
    view: Outlook, tasks: list[Task], *, everything: bool
) -> tuple[str, dict[str, Key], dict[tuple[Key, Key], None]]:
    """(what is alike, the box of each task, the arrows), as finely as it is a picture still."""
    for words, alike in _ALIKE[:-1]:
        boxes = {task.id: alike(task) for task in tasks}
        arrows = dict.fromkeys(_arrows(view, boxes))
        if everything or (len(set(boxes.values())) <= MOST_BOXES and len(arrows) <= MOST_ARROWS):
            return words, boxes, arrows
    words, alike = _ALIKE[-1]
    boxes = {task.id: alike(task) for task in tasks}
    return words, boxes, dict.fromkeys(_arrows(view, boxes))


def _alone(task: Task) -> Key:
    return (task.id,)


def _network(task: Task) -> Key:
    return (kind_words(task), _place(task.label))


def _kind(task: Task) -> Key:
    return (kind_words(task),)


_ALIKE = (("", _alone), ("kind and network", _network), ("kind", _kind))
"""What tasks in one box have in common, from the finest on."""


def _place(label: str) -> str:
    """The part of a label before the replicate, with the case: `imp` of `imp/s0/l3/train`; all where it has none."""
    parts = label.split("/")
    first = next((place for place, part in enumerate(parts) if _REPLICATE.fullmatch(part)), len(parts))
    return "/".join(parts[:first])


def _arrows(view: Outlook, boxes: Mapping[str, Key]) -> Iterator[tuple[Key, Key]]:
    """(box of what is needed, box of what needs it), again for each task. A state in passing is its training's."""
    for task in boxes:
        for _, source in view.plan.tasks[task].inputs:
            needed = boxes[source if source in boxes else view.plan.byproducts[source]]
            if needed != boxes[task]:
                yield needed, boxes[task]


def _box(view: Outlook, name: str, key: Key, members: list[Task], *, single: bool) -> Box:
    states = Counter(state(view, task.id) for task in members)
    running = states["run"] + states["changed"] + states["passing"]
    of_all = "run" if running else "blocked" if states["blocked"] else "reuse" if states["reuse"] else "other"
    if single:
        return Box(name, (members[0].label, f"{view.plan.shown(members[0].id)} {state(view, members[0].id)}"), of_all)
    counts = [(running, "to run"), (states["reuse"], "reused"), (states["blocked"], "blocked")]
    told = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    return Box(name, (*key, told or f"{len(members):,} not needed"), of_all)
