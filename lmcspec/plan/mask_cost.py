"""What finding masks takes: the images seen by all the work that a level's mask rests on."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from lmcspec.plan.cost import work
from lmcspec.plan.graph import Plan, beneath
from lmcspec.tasks import Task, kind


class Seen(NamedTuple):
    """Images seen, and updates made, by some work."""

    unpacked: int = 0
    """Images on which networks were trained or weights scored."""
    stored: int = 0
    """The same, where an image of factor x factor tiles counts once for all of them."""
    making: int | None = 0
    """Real images seen to make distilled sets; None where a set is from a file, for nobody says what it took."""
    updates: int = 0
    files: tuple[str, ...] = ()
    """`mask`, `weights`: what it rests on that is from a file. Nobody says what finding or training that took, and the
    rest counts what was done here."""


class MaskCost(NamedTuple):
    """What the mask of one level takes in one replicate; it takes the same in all of them."""

    case: str
    network: str
    level: int
    sparsity: float | None
    """The nominal one, or that of the weights that the plan could count; None where nobody knows it."""
    seen: Seen


def mask_costs(plan: Plan, case: str | None = None, *, last: bool = False) -> Iterator[MaskCost]:
    """What each measured mask of a case takes (of all where none is said), by network and level; or only the last.

    Shared work counts once for each mask. A baseline's masks take what those of its `like` do.
    """
    memory = {task: Seen(files=(what,)) for task, what in _from_files(plan)}
    masks = _masks(plan)
    for (of_case, network), levels in plan.levels.items():
        if case not in (None, of_case):
            continue
        by_level = masks.get((of_case, network), {})
        sparsity = {level.number: level.sparsity if level.known else None for level in levels}
        for level in sorted(by_level)[-1:] if last else sorted(by_level):
            seen = _all(plan, beneath(plan.tasks, [by_level[level]]), memory)
            yield MaskCost(of_case, network, level, sparsity[level], seen)


def _masks(plan: Plan) -> Mapping[tuple[str, str], dict[int, str]]:
    """The mask of every measured level that has one, of the first replicate."""
    masks: dict[tuple[str, str], dict[int, str]] = {}
    for target in plan.targets:
        if target.mask is not None and target.level and not target.replicate:
            masks.setdefault((target.case, target.network), {})[target.level] = target.mask
    return masks


def _from_files(plan: Plan) -> Iterator[tuple[str, str]]:
    """The tasks that load masks, or weights that are trained already, and which of these."""
    trained = {
        source
        for task in plan.tasks.values()
        if task.trains and getattr(task.params, "begin", 0)
        for name, source in task.inputs
        if name == "start"
    }
    for identifier, task in plan.tasks.items():
        if not kind(task.kind).file:
            continue
        if kind(task.kind).makes == "mask":
            yield identifier, "mask"
        elif identifier in trained:
            yield identifier, "weights"


def _all(plan: Plan, tasks: Iterable[str], memory: dict[str, Seen]) -> Seen:
    """The sum over some tasks, a branch of training as far as one of them goes."""
    branches: dict[str, Seen] = {}
    for task in tasks:
        if task not in memory:
            memory[task] = _seen(plan.tasks[task], plan)
        branch = plan.byproducts.get(task, task)
        if branch not in branches or branches[branch].updates < memory[task].updates:
            branches[branch] = memory[task]
    every = branches.values()
    known = [seen.making for seen in every if seen.making is not None]
    return Seen(
        sum(seen.unpacked for seen in every),
        sum(seen.stored for seen in every),
        sum(known) if len(known) == len(every) else None,
        sum(seen.updates for seen in every),
        tuple(sorted({file for seen in every for file in seen.files})),
    )


def _seen(task: Task, plan: Plan) -> Seen:
    todo = work(task, plan)
    if todo.making:
        return Seen(making=todo.making)
    file = task.in_place
    making = 0 if file is None or "real" in file.value else None  # nobody made another data set
    return Seen(todo.images, round(todo.images / _factor(task, plan) ** 2), making, todo.updates)


def _factor(task: Task, plan: Plan) -> int:
    """Into how many tiles along each side the images that a task is trained on are unpacked."""
    if task.in_place is not None:
        return task.in_place.value.get("factor", 1)
    return 1 if task.made_set is None else plan.tasks[task.made_set].params.method.value.get("factor", 1)
