"""What finding masks takes: the images seen by all the work that a level's mask rests on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lmcspec.plan.cost import cost, distilling
from lmcspec.plan.graph import Plan, beneath
from lmcspec.tasks import Task


@dataclass(frozen=True, slots=True)
class Seen:
    """Images seen, and updates made, by some work."""

    unpacked: int = 0
    """Images on which networks were trained or weights scored."""
    stored: int = 0
    """The same, where an image of factor x factor tiles counts once for all of them."""
    making: int | None = 0
    """Real images seen to make distilled sets; None where a set is from a file, for nobody says what it took."""
    updates: int = 0


@dataclass(frozen=True, slots=True)
class MaskCost:
    """What the mask of one level takes in one replicate; it takes the same in all of them."""

    case: str
    network: str
    level: int
    sparsity: float
    """As the plan knows it."""
    seen: Seen


def mask_costs(
    plan: Plan, case: str | None = None, network: str | None = None, *, last: bool = False
) -> Iterator[MaskCost]:
    """What each measured mask of a case and network takes (of all where none is said), by level; or only the last.

    Shared work counts once for each mask. A baseline's masks take what those of its `like` do.
    """
    memory: dict[str, Seen] = {}
    masks = _masks(plan)
    for (of_case, of_network), levels in plan.levels.items():
        if case not in (None, of_case) or network not in (None, of_network):
            continue
        found = masks.get((of_case, of_network), {})
        sparsity = {level.number: level.sparsity for level in levels}
        for level in sorted(found)[-1:] if last else sorted(found):
            seen = _all(plan, beneath(plan.tasks, [found[level]]), memory)
            yield MaskCost(of_case, of_network, level, sparsity[level], seen)


def _masks(plan: Plan) -> Mapping[tuple[str, str], dict[int, str]]:
    """The mask of every measured level that has one, of the first replicate."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for target in plan.targets:
        if target.mask is not None and target.level and not target.replicate:
            found.setdefault((target.case, target.network), {})[target.level] = target.mask
    return found


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
    known = [one.making for one in every if one.making is not None]
    return Seen(
        sum(one.unpacked for one in every),
        sum(one.stored for one in every),
        sum(known) if len(known) == len(every) else None,
        sum(one.updates for one in every),
    )


def _seen(task: Task, plan: Plan) -> Seen:
    match task.kind:
        case "train" | "prune":
            own, part = cost(task, plan, None, {}), task.params.train_on
            making = 0 if part is None or "real" in part.value else None  # nobody made another data set
            return Seen(own.images, round(own.images / _factor(task, plan) ** 2), making, own.updates)
        case "distill":
            return Seen(making=distilling(task, plan)[0])
        case "expert":
            return Seen(making=cost(task, plan, None, {}).images)
        case _:
            return Seen()


def _factor(task: Task, plan: Plan) -> int:
    """Into how many tiles along each side the images of a training or a prune are unpacked."""
    if task.params.train_on is not None:
        return task.params.train_on.value.get("factor", 1)
    source = dict(task.inputs).get("data")
    return 1 if source is None else plan.tasks[source].params.method.value.get("factor", 1)
