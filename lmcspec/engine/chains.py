"""How long tasks take, and the longest chain of them that waits for a task."""

from collections.abc import Iterable, Mapping
from statistics import median

from lmcspec.engine.planned import PlannedTask


def producers_of(tasks: Iterable[PlannedTask]) -> dict[str, list[str]]:
    """Who makes what: task or by-product -> the tasks that commit it."""
    producers: dict[str, list[str]] = {}
    for task in tasks:
        for identifier in (task.id, *task.byproducts):
            producers.setdefault(identifier, []).append(task.id)
    return producers


def estimates(tasks: Iterable[PlannedTask]) -> dict[str, float]:
    """Seconds for every task: the prediction, else the median of the predictions, else 1."""
    tasks = list(tasks)
    known = [task.seconds for task in tasks if task.seconds is not None]
    usual = median(known) if known else 1.0
    return {task.id: usual if task.seconds is None else task.seconds for task in tasks}


def chains(tasks: Mapping[str, PlannedTask], seconds: Mapping[str, float]) -> dict[str, float]:
    """For every task, the longest sum of seconds over a chain of tasks that hang on it. ValueError on a cycle."""
    producers = producers_of(tasks.values())
    needed = {
        task.id: {producer for need in task.needs for producer in producers.get(need, ())} for task in tasks.values()
    }
    dependents = dict.fromkeys(tasks, 0)
    for ids in needed.values():
        for identifier in ids:
            dependents[identifier] += 1
    longest = dict.fromkeys(tasks, 0.0)
    leaves = [identifier for identifier, count in dependents.items() if not count]
    visited = 0
    while leaves:
        identifier = leaves.pop()
        visited += 1
        longest[identifier] += seconds[identifier]
        for producer in needed[identifier]:
            longest[producer] = max(longest[producer], longest[identifier])
            dependents[producer] -= 1
            if not dependents[producer]:
                leaves.append(producer)
    if visited < len(tasks):
        raise ValueError("the tasks need each other in a circle")
    return longest
