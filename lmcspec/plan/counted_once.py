"""Numbers that rest on no draw of their replicate or copy: all of them would be one and the same, which counts once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lmcspec.base.word_lists import joined
from lmcspec.plan.graph import Target
from lmcspec.tasks import Task, make

Place = tuple[str, str]
"""(case, network)."""


class CountedOnce(NamedTuple):
    """The numbers of a study, each of what differs."""

    targets: tuple[Target, ...]
    notes: tuple[str, ...]
    apart: frozenset[Place]
    """The networks of which replicates differ in some number."""


def counted_once(tasks: Mapping[str, Task], targets: Sequence[Target]) -> CountedOnce:
    """Leave out what an earlier replicate or copy is to the last bit, and say so.

    `tasks` come after their inputs. What is left out is no replicate: three of one network would have a spread of 0.
    """
    work = same_work(tasks)
    first: dict[Target, Target] = {}
    repeated: dict[str, list[Target]] = {"replicates": [], "copies": []}
    for target in targets:
        before = first.setdefault(_of_work(target, work), target)
        if before is not target:
            what = "copies" if before.replicate == target.replicate else "replicates"
            repeated[what].append(target)
    kept = tuple(first.values())
    itself = [target for target in kept if _compares_itself(tasks[target.task], work)]
    apart = {(target.case, target.network) for target in kept if target.replicate}
    apart |= {(target.case, target.network) for target in kept if target.under and target not in itself}
    said = [
        *(
            f"{those}: nothing is drawn, so all {what} are one, which counts once"
            for what in repeated
            for those in _numbers(repeated[what])
        ),
        *(f"{those}: a network is compared with itself, as nothing is drawn" for those in _numbers(itself)),
    ]
    return CountedOnce(kept, tuple(said), frozenset(apart))


def same_work(tasks: Mapping[str, Task]) -> dict[str, str]:
    """Of each task that does to the last bit what that of replicate 0 and copy 0 does: the id of that."""
    same: dict[str, str] = {}
    for identifier, task in tasks.items():
        inputs, seeds = {name: same.get(source, source) for name, source in task.inputs}, dict(task.seeds)
        if not task.draws:
            seeds |= dict.fromkeys(seeds.keys() & {"replicate", "copy"}, 0)
        if inputs != dict(task.inputs) or seeds != dict(task.seeds):
            same[identifier] = make(task.kind, task.params, inputs, seeds).id
    return same


def _of_work(target: Target, work: Mapping[str, str]) -> Target:
    """A target as it is for all replicates and copies that do the same."""
    mask = None if target.mask is None else work.get(target.mask, target.mask)
    return replace(target, replicate=0, copies=(), task=work.get(target.task, target.task), mask=mask)


def _compares_itself(task: Task, work: Mapping[str, str]) -> bool:
    """Whether the two networks that it compares are one."""
    ends = [work.get(source, source) for name, source in task.inputs if name in ("a", "b")]
    return len(ends) == 2 and ends[0] == ends[1]


def _numbers(targets: Iterable[Target]) -> Iterator[str]:
    """What numbers they are: `accuracy and masks of imp and tuned at levels 0 and 1`, in so many lines as it takes."""
    levels: dict[tuple[Place, str], set[int]] = {}
    for target in targets:
        levels.setdefault(((target.case, target.network), target.measure), set()).add(target.level)
    measures: dict[tuple[Place, str], list[str]] = {}
    for (place, measure), numbers in levels.items():
        measures.setdefault((place, _at(numbers)), []).append(measure)
    networks: dict[tuple[str, str], list[str]] = {}
    for ((case, network), at), names in measures.items():
        networks.setdefault((joined(names), at), []).append(f"{case}/{network}" if case else network)
    for (names, at), places in networks.items():
        yield f"{names} of {joined(places)} {at}"


def _at(levels: Iterable[int]) -> str:
    numbers = [str(level) for level in sorted(levels)]
    return f"at level {numbers[0]}" if len(numbers) == 1 else f"at levels {joined(numbers)}"
