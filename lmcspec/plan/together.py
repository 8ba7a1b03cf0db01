"""Several studies as one plan, so that one run carries them out: a task that they share is there once."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from lmcspec.base.errors import UsageError
from lmcspec.plan.byproducts import find_byproducts
from lmcspec.plan.chosen import Figures
from lmcspec.plan.graph import Plan, Target
from lmcspec.tasks import Task


def together(plans: Sequence[Plan]) -> Plan:
    """One plan of all tasks of several; a single one as it is.

    The study of each stands in front of its cases and of the places of its tasks: `fig1/imp/s0/l3/train`. Results are
    told and drawn by the plans themselves, its `parts`. Raises UsageError for two plans of one study, and where they
    don't agree about what becomes of networks that collapse.
    """
    if len(plans) == 1:
        return plans[0]
    counted = Counter(plan.study for plan in plans)
    if twice := [study for study, times in counted.items() if times > 1]:
        raise UsageError(
            f"{counted[twice[0]]} of these are the study {twice[0]}, which can have one plan in a store",
            help="give each a name of its own (`study = …`), or run them one after the other",
        )
    if len({plan.on_collapse for plan in plans}) > 1:
        said = ", ".join(f"{plan.study} says {plan.on_collapse}" for plan in plans)
        raise UsageError(f"they differ in `on_collapse`: {said}", help="run these one after the other")
    tasks: dict[str, Task] = {}
    for plan in plans:
        for identifier, task in plan.tasks.items():
            known = tasks.setdefault(identifier, replace(task, label=f"{plan.study}/{task.label}"))
            if known.keep != task.keep:
                tasks[identifier] = replace(known, keep="always")
    return Plan(
        study=" + ".join(plan.study for plan in plans),
        tasks=tasks,
        roles={f"{plan.study}/{role}": task for plan in plans for role, task in plan.roles.items()},
        targets=tuple(replace(target, case=_case(plan, target.case)) for plan in plans for target in plan.targets),
        levels={
            (_case(plan, case), network): levels for plan in plans for (case, network), levels in plan.levels.items()
        },
        byproducts=find_byproducts(tasks),
        neutral=_first(plan.neutral for plan in plans),
        facts=_first(plan.facts for plan in plans),
        images=_first(plan.images for plan in plans),
        missing=_first(plan.missing for plan in plans),
        notes=tuple(dict.fromkeys(f"{plan.study}: {note}" for plan in plans for note in plan.notes)),
        on_collapse=plans[0].on_collapse,
        parts=tuple(plans),
    )


def figures_together(plan: Plan, figures: Sequence[Figures]) -> Figures:
    """What may be asked for by the name of a figure: `figures[i]` are those of the plan's i-th part.

    A figure of several studies is that of all of them.
    """
    if not plan.parts:
        return figures[0]
    names = dict.fromkeys(name for of_part in figures for name in of_part)
    pairs = list(zip(plan.parts, figures, strict=True))

    def drawn(name: str) -> Callable[[Plan], list[Target]]:
        return lambda whole: [
            replace(target, case=_case(part, target.case))
            for part, of_part in pairs
            if name in of_part
            for target in of_part[name](part)
        ]

    return {name: drawn(name) for name in names}


def _case(plan: Plan, case: str) -> str:
    return f"{plan.study}/{case}" if case else plan.study


_Value = TypeVar("_Value")


def _first(several: Iterable[Mapping[str, _Value]]) -> Mapping[str, _Value]:
    """The first value under each key."""
    joined: dict[str, _Value] = {}
    for values in several:
        for key, value in values.items():
            joined.setdefault(key, value)
    return joined
