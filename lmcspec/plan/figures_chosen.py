"""What the figures of a spec are drawn from, for those who ask for one by name."""

from functools import partial

from lmcspec.plan.chosen import Figures
from lmcspec.plan.figure_asked import AskedFigure
from lmcspec.plan.graph import Plan, Target
from lmcspec.spec import Case, Loaded


def figures_of(loaded: Loaded | None) -> Figures:
    """By name the targets of each figure, in all cases that have it. A saved plan knows of none."""
    names: dict[str, list[Case]] = {}
    for case in loaded.cases if loaded else ():
        for name in case.study.figures:
            names.setdefault(name, []).append(case)
    return {name: partial(_targets, name, cases) for name, cases in names.items()}


def _targets(name: str, cases: list[Case], plan: Plan) -> list[Target]:
    drawn: list[Target] = []
    for case in cases:
        asked = AskedFigure(plan, case, name, [target for target in plan.targets if target.case == case.name])
        drawn += asked.of_networks(asked.of_measures)
    return drawn
