"""Figures that ask for what the study doesn't measure: found before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from lmcspec.base.errors import Problem
from lmcspec.catalog import MeasureCard, PlotCard, get, names, nearest
from lmcspec.catalog.figure import Figure
from lmcspec.catalog.metric import ALONG
from lmcspec.catalog.on_y import taken_from
from lmcspec.plan.figure_targets import Levels, Measured, of_baseline, of_networks, of_no_target
from lmcspec.plan.figure_y import numbers_on_y, y_problems
from lmcspec.plan.graph import Target
from lmcspec.plan.of_packages import BrokenCard, asked_of
from lmcspec.spec import Case
from lmcspec.spec.study import MadeSet
from lmcspec.tasks import Task


def figure_problems(case: Case, targets: Sequence[Target], tasks: Mapping[str, Task], levels: Levels) -> list[Problem]:
    """What is wrong with the figures of a case, whose measures ask for these targets, at some of all these levels."""
    return [
        problem
        for name, figure in case.study.figures.items()
        for problem in _problems(case, name, figure, targets, tasks, levels)
    ]


def _problems(
    case: Case, name: str, figure: Figure, targets: Sequence[Target], tasks: Mapping[str, Task], levels: Levels
) -> Iterator[Problem]:
    def problem(code: str, message: str, key: str, *place: int, near: str | None = None, help: str = "") -> Problem:
        label = f"did you mean `{near}`?" if near else ""
        return case.origins.problem(code, message, ("figures", name, key, *place), label=label, help=help)

    plot = get("plot", figure.plot)
    assert isinstance(plot, PlotCard)
    set_aside = case.study.dataset.split is not None
    known = [_measured(measure, config, set_aside) for measure, config in case.study.measures.items()]
    fitting = [measure for measure in known if not plot.measures or measure.card.name in plot.measures]
    lacking = [kind for kind in plot.measures if kind not in {measure.card.name for measure in fitting}]
    if lacking and (plot.of_each or not fitting):
        kinds = (" and " if plot.of_each else " or ").join(f"`{kind}`" for kind in plot.measures)
        of = f"measures of the kinds {kinds}" if plot.of_each else f"a measure of the kind {kinds}"
        none = f"no `{lacking[0]}`" if plot.of_each and fitting else "none"
        help = f"write one under [measures], such as `{lacking[0]} = ...`, or take the figure out"
        yield problem("E430", f"`{figure.plot}` is drawn from {of}, and there is {none}", "plot", help=help)
        return
    chosen = getattr(figure, "measure", None)
    chosen = chosen if isinstance(chosen, str) else None  # a package's plot may mean something else by it
    if chosen is not None and chosen not in [measure.name for measure in fitting]:
        listed = ", ".join(measure.name for measure in fitting)
        yield problem(
            "E430", f"`{figure.plot}` can't be drawn from `{chosen}`", "measure", help=f"it is drawn from: {listed}"
        )
        return
    measures = [measure for measure in fitting if chosen in (None, measure.name)]
    if figure.networks == ():
        help = "say which, or leave the key out for all of the study"
        yield problem("E431", "a figure of no networks shows nothing", "networks", help=help)
        return
    alone = not (case.name and _of_all_cases(plot, figure))
    if plot.made_sets and alone and not any(isinstance(made, MadeSet) for made in case.study.distilled.values()):
        yield problem("E430", f"`{figure.plot}` shows distilled sets that the study makes, and it makes none", "plot")
        return
    of_measures = [target for target in targets if target.measure in {measure.name for measure in measures}]
    seen = of_networks(figure, of_measures)
    wrong = list(_of_metric(figure, measures, problem))
    try:
        misfit = asked_of(plot, plot.misfit, figure, frozenset(measure.card.name for measure in measures))
    except BrokenCard as error:
        yield problem("E429", str(error), "plot", help=error.help)
        return
    if misfit:
        wrong.append(problem("E431", misfit, "metric"))
    at = getattr(figure, "at", None)
    steps = {target.at: target.at_updates for target in seen if target.at}
    if at is not None and steps and str(at) not in steps:
        listed = ", ".join(sorted(steps, key=lambda step: steps[step]))
        wrong.append(problem("E431", f"no k of its measures is {at}", "at", help=f"measured are: {listed}"))
    wanted = getattr(figure, "levels", None)
    measured = {target.level for target in seen}
    for place, level in enumerate(wanted if isinstance(wanted, tuple) else ()):
        if isinstance(level, int) and measured and level not in measured:
            help = f"measured are: {', '.join(map(str, sorted(measured)))}"
            wrong.append(problem("E431", f"level {level} is not measured", "levels", place, help=help))
    yield from wrong
    yield from _of_families(case, plot.varies(figure), problem)
    if plot.on_y and not alone:
        numbers = numbers_on_y(plot, figure, known, targets, tasks)
        nowhere = [number for number in numbers if taken_from(number.quantity, names("measure")) is None]
        yield from y_problems(plot, figure, nowhere, known, problem)
    if wrong or not plot.measures or not alone:
        return
    baseline = getattr(figure, "baseline", None)
    if plot.of_each and baseline is not None:
        by_kind = [_of_kind(kind, targets) for kind in plot.measures]
        yield from of_baseline(figure, baseline, by_kind, levels, problem)
        return
    drawn = of_measures
    if plot.on_y:
        numbers = numbers_on_y(plot, figure, known, targets, tasks)
        without = list(y_problems(plot, figure, numbers, known, problem))
        yield from without
        if without:
            return
        drawn = [target for number in numbers for target in number.targets]
        drawn = [target for target in drawn if target.through is not None or not plot.on_the_way]
    yield from of_no_target(figure, drawn, levels, problem)


def _of_kind(kind: str, targets: Sequence[Target]) -> list[Target]:
    return [target for target in targets if target.kind == kind]


def _of_all_cases(plot: PlotCard, figure: Figure) -> bool:
    """Whether it may show what other cases of a sweep measure."""
    return plot.across == "always" or "case" in (getattr(figure, "panels", None), getattr(figure, "series", None))


def _measured(name: str, config: Any, set_aside: bool) -> Measured:
    card = get("measure", getattr(config, "kind", name))
    assert isinstance(card, MeasureCard)
    return Measured(name, card, config, set_aside)


def _of_metric(figure: Figure, measures: Sequence[Measured], problem: Any) -> Iterator[Problem]:
    """A `metric` that none of the measures has, or a `split` at which none looks."""
    split, asked = (
        word if isinstance(word := getattr(figure, key, None), str) else None for key in ("split", "metric")
    )
    every = [metric for measure in measures for metric in measure.card.metrics if measure.has(metric)]
    policies = dict.fromkeys(metric.policy for metric in every if metric.policy)
    along = ALONG.get(asked or "")
    if along is not None and along.policy and along.policy not in policies:
        listed = ", ".join(policies)
        message = f"its measures never have batch norm's statistics `{along.policy}`"
        yield problem("E431", message, "metric", help=f"they have: {listed}")
    splits = list(dict.fromkeys(metric.split for metric in every if metric.split))
    if split is not None and splits and split not in splits:
        yield problem(
            "E431", f"its measures look at no {split} images", "split", help=f"they look at: {', '.join(splits)}"
        )
    field = type(figure).model_fields.get("metric")
    if asked is None or field is None or str not in (field.annotation, *get_args(field.annotation)):
        return  # the values of other figures' metrics were told apart as the spec was read
    words = dict.fromkeys(word for metric in every for word in (metric.quantity, metric.mistake, metric.name) if word)
    words.pop("error", None)
    if asked not in words:
        near = nearest(asked, list(words))
        short = [word for word in words if "/" not in word]
        yield problem(
            "E431", f"its measures make no number `{asked}`", "metric", near=near, help=f"they make: {', '.join(short)}"
        )


def _of_families(case: Case, varies: Mapping[str, str], problem: Any) -> Iterator[Problem]:
    """The problem of a key in which no family varies."""
    axes = list(dict.fromkeys(axis for family in case.families.values() for axis in family.axes))
    there = f"its families vary in: {', '.join(axes)}" if axes else "it has no families: `{ each = [...] }` makes one"
    for key, axis in varies.items():
        if axis not in axes:
            yield problem(
                "E432", f"the study has no family that varies in `{axis}`", key, near=nearest(axis, axes), help=there
            )
