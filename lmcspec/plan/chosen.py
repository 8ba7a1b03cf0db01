"""Which part of a plan is asked for: by what it is for, how far it goes, which tasks it has, what failed."""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lmcspec.base.counts import whole
from lmcspec.base.errors import UsageError
from lmcspec.catalog import nearest
from lmcspec.plan.diff import Diff, needs
from lmcspec.plan.graph import Plan, Target, beneath
from lmcspec.plan.reasons import Reason

_LEVEL = re.compile(r"(?:^|/)l(\d+)(?:/|$)")

Figures = Mapping[str, Callable[[Plan], list[Target]]]
"""Of each figure by name the targets that it is drawn from."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked for; without anything, all. Ids are not touched: it is a part of the plan, and no other one."""

    targets: tuple[str, ...] = ()
    """`--target`: networks, measures, figures, tasks by label or id; what any of them needs."""
    until: tuple[str, ...] = ()
    """`--until`: a level, over which nothing goes, or kinds of task, after which nothing comes."""
    only: tuple[str, ...] = ()
    """`--only`: kinds or labels, with `*`; tasks that need others which are not stored wait."""
    failed: bool = False
    """`--failed`: what failed last time, and what waits for it."""


def wanted(plan: Plan, chosen: Chosen, figures: Figures) -> set[str] | None:
    """The tasks whose results are asked for by `targets` and `until`; None for all that the study asks for.

    UsageError where there is nothing of a name.
    """
    if not chosen.targets and not chosen.until:
        return None
    levels = [level for value in chosen.until if (level := whole(value)) is not None]
    kinds = [value for value in chosen.until if whole(value) is None]
    if len(levels) > 1:
        raise UsageError("--until takes one level", help=f"--until {max(levels)} goes over the others, too")
    asked: dict[str, int] = {}
    for name in chosen.targets or ("",):
        asked |= _named(plan, name, figures) if name else _of_targets(plan.targets)
    tasks = {task for task, level in asked.items() if not levels or level <= levels[0]}
    if not tasks:
        deepest = min(asked.values(), default=0)
        raise UsageError(f"--until {levels[0]}: nothing that is asked for stands before level {deepest}")
    if kinds:
        there = sorted({task.kind for task in plan.tasks.values()})
        for kind in kinds:
            if kind not in there:
                raise UsageError(
                    f"--until {kind}: the plan has no such kind of task and no such level",
                    help=_help(kind, there) or f"there are {', '.join(there)}",
                )
        tasks = {task for task in beneath(plan.tasks, tasks) if plan.tasks[task].kind in kinds}
    return tasks


def narrowed(plan: Plan, difference: Diff, reasons: Mapping[str, Reason], chosen: Chosen) -> Diff:
    """What of a diff `only` and `failed` leave: of these tasks those that have, or will have, what they need.

    A training that makes what is asked for in passing runs, too. Tasks that are left out stand in `left_out`.
    """
    if not chosen.only and not chosen.failed:
        return difference
    every = {*difference.run, *difference.passing, *difference.blocked, *difference.skipped}
    kept = set(every)
    if chosen.only:
        kept &= _matching(plan, chosen.only)
    if chosen.failed:
        kept &= _failed(plan, difference, reasons, every)
    kept |= {host for byproduct, host in difference.passing.items() if byproduct in kept}
    made: dict[str, list[str]] = {}
    for byproduct, host in difference.passing.items():
        made.setdefault(host, []).append(byproduct)
    run: list[str] = []
    provided: set[str] = set()
    for task in difference.run:
        makes = {task, *made.get(task, ())}
        if task in kept and all(
            source not in every or source in provided or source in makes for source in needs(plan, difference, task)
        ):
            run.append(task)
            provided |= makes
    going = set(run)
    passing = {byproduct: host for byproduct, host in difference.passing.items() if host in going}
    blocked = {task: why for task, why in difference.blocked.items() if task in kept}
    return difference._replace(
        run=tuple(run),
        passing=passing,
        continued={task: state for task, state in difference.continued.items() if task in going},
        blocked=blocked,
        left_out=frozenset(every - going - passing.keys() - blocked.keys() - difference.skipped),
    )


def _named(plan: Plan, name: str, figures: Figures) -> dict[str, int]:
    """The tasks that a name of `--target` asks for, with their levels."""
    targets = [
        target
        for target in plan.targets
        if name in (target.measure, target.network, target.network.partition("[")[0], target.case)
    ]
    if name in figures:
        targets += figures[name](plan)
    if targets:
        return _of_targets(targets)
    under = name.rstrip("/") + "/"
    roles = {role: task for role, task in plan.roles.items() if role == name or role.startswith(under)}
    if roles:
        return {task: level_of(role) for role, task in roles.items()}
    if len(name) >= 4 and (tasks := [task for task in plan.tasks if task.startswith(name)]):
        return {task: level_of(plan.tasks[task].label) for task in tasks}
    known = {*figures, *plan.roles}
    for target in plan.targets:
        known |= {target.measure, target.network, target.network.partition("[")[0], target.case}
    raise UsageError(
        f"--target {name}: the study has no network, measure, figure or task of that name",
        help=_help(name, sorted(known - {""})),
    )


def _of_targets(targets: "tuple[Target, ...] | list[Target]") -> dict[str, int]:
    asked: dict[str, int] = {}
    for target in targets:
        for task in (target.task, target.mask):
            if task:
                asked[task] = min(target.level, asked.get(task, target.level))
    return asked


def level_of(label: str) -> int:
    """The level in a task's label; 0 where it has none."""
    found_at = _LEVEL.search(label)
    return int(found_at[1]) if found_at else 0


def _matching(plan: Plan, globs: tuple[str, ...]) -> set[str]:
    tasks: set[str] = set()
    for glob in globs:
        meant = {task for role, task in plan.roles.items() if fnmatchcase(role, glob)}
        meant |= {task.id for task in plan.tasks.values() if fnmatchcase(task.kind, glob)}
        if not meant:
            known = [*{task.kind for task in plan.tasks.values()}, *plan.roles]
            raise UsageError(
                f"--only {glob}: the plan has no task of such a kind or label",
                help=_help(glob, known) or "labels are such as imp/s0/l3/train, and * stands for anything",
            )
        tasks |= meant
    return tasks


def _failed(plan: Plan, difference: Diff, reasons: Mapping[str, Reason], every: Set[str]) -> set[str]:
    """Tasks whose last attempt failed, and those of what is missing that rest on them."""
    chosen = {task for task in every if task in reasons and reasons[task].code == "previous-failed"}
    for task in plan.tasks:
        if task in every and any(
            source in chosen or difference.passing.get(source) in chosen for source in needs(plan, difference, task)
        ):
            chosen.add(task)
    return chosen


def _help(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f"did you mean {near}?" if near else ""
