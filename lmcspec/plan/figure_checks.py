"""Figures that ask for what the study doesn't measure: found before anything runs."""

from collections.abc import Iterator, Sequence

from lmcspec.base.errors import Problem
from lmcspec.plan.figure_asked import AskedFigure
from lmcspec.plan.figure_keys import key_problems, not_measured
from lmcspec.plan.figure_targets import of_band, of_baseline, of_masks, of_no_target
from lmcspec.plan.figure_y import numbers_on_y, y_problems
from lmcspec.plan.graph import Plan, Target
from lmcspec.spec import Case
from lmcspec.spec.study import MadeSet


def figure_problems(plan: Plan, cases: Sequence[Case]) -> list[Problem]:
    """What is wrong with the figures of a study; one of all cases shows nothing where none of them has it to show."""
    targets: dict[str, list[Target]] = {}
    for target in plan.targets:
        targets.setdefault(target.case, []).append(target)
    problems: list[Problem] = []
    empty: dict[tuple[str, ...], list[list[Problem]]] = {}
    for case in cases:
        for name in case.study.figures:
            asked = AskedFigure(plan, case, name, targets.get(case.name, ()))
            wrong = list(_of_measures(asked)) or list(key_problems(asked))
            problems += wrong
            if not wrong:
                place = (name,) if asked.of_all_cases else (name, case.name)
                empty.setdefault(place, []).append(list(not_measured(asked)) or list(_of_nothing(asked)))
    return problems + [
        problem for of_cases in empty.values() if all(of_cases) for of_case in of_cases for problem in of_case
    ]


def _of_measures(asked: AskedFigure) -> Iterator[Problem]:
    """That the study lacks a measure that the plot needs, or that the figure chooses none, or no network."""
    plot = asked.plot
    lacking = [kind for kind in plot.measures if kind not in {measure.card.name for measure in asked.fitting}]
    if lacking and (plot.of_each or not asked.fitting):
        kinds = (" and " if plot.of_each else " or ").join(f"`{kind}`" for kind in plot.measures)
        of = f"measures of the kinds {kinds}" if plot.of_each else f"a measure of the kind {kinds}"
        none = f"no `{lacking[0]}`" if plot.of_each and asked.fitting else "none"
        help = f"write one under [measures], such as `{lacking[0]} = ...`, or take the figure out"
        yield asked.problem("E430", f"`{plot.name}` is drawn from {of}, and there is {none}", "plot", help=help)
    elif not asked.measures and asked.word("measure") is not None:
        listed = ", ".join(measure.name for measure in asked.fitting)
        message = f"`{plot.name}` can't be drawn from `{asked.word('measure')}`"
        yield asked.problem("E430", message, "measure", help=f"it is drawn from: {listed}")
    elif asked.figure.networks == ():
        help = "say which, or leave the key out for all of the study"
        yield asked.problem("E431", "a figure of no networks shows nothing", "networks", help=help)


def _of_nothing(asked: AskedFigure) -> Iterator[Problem]:
    """The problem of the key that leaves nothing to draw."""
    plot, drawn = asked.plot, asked.of_measures
    if plot.made_sets:
        if not any(isinstance(made, MadeSet) for made in asked.case.study.distilled.values()):
            message = f"`{plot.name}` shows distilled sets that the study makes, and it makes none"
            yield asked.problem("E430", message, "plot")
        return
    if plot.of_each and asked.says("baseline") is not None:
        yield from of_baseline(asked)
        return
    if plot.of_masks(asked.figure):
        yield from of_masks(asked)
        return
    if plot.on_y:
        numbers = numbers_on_y(asked)
        if without := list(y_problems(asked, numbers)):
            yield from without
            return
        yield from of_band(asked, numbers)
        way = plot.on_the_way(asked.figure)
        drawn = [
            target
            for number in numbers
            for target in number.targets
            if target.through is not None or not (way and number.may_be_followed)
        ]
        drawn = [target for target in drawn if target.at or not plot.of_children]
    yield from of_no_target(asked, drawn)
