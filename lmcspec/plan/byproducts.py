"""Trainings that longer ones commit on their way."""

from collections.abc import Mapping
from typing import Any

from lmcspec.tasks import Task


def find_byproducts(tasks: Mapping[str, Task]) -> dict[str, str]:
    """Map each training until k that a longer one of its branch passes to the longest of that branch."""
    branches: dict[Any, list[Task]] = {}
    for task in tasks.values():
        if task.trains:
            key = (task.inputs, task.seeds, task.params.branch)
            branches.setdefault(key, []).append(task)
    hosts: dict[str, str] = {}
    for members in branches.values():
        longest = max(members, key=lambda member: member.params.until)
        hosts |= {task.id: longest.id for task in members if task.params.until < longest.params.until}
    return hosts
