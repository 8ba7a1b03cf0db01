"""The keys of a figure whose values none of its measures, and no family of networks, knows."""

from collections.abc import Iterator
from typing import get_args

from lmcspec.base.errors import Problem
from lmcspec.catalog import nearest
from lmcspec.catalog.metric import ALONG
from lmcspec.plan.case_settings import case_axis, case_settings
from lmcspec.plan.figure_asked import AskedFigure
from lmcspec.plan.of_packages import BrokenCard, asked_of
from lmcspec.plan.way_axis import keys_of, varying


def key_problems(asked: AskedFigure) -> Iterator[Problem]:
    """What is wrong with each key of a figure by itself."""
    kinds = frozenset(measure.card.name for measure in asked.measures)
    try:
        misfit = asked_of(asked.plot, asked.plot.misfit, asked.figure, kinds)
    except BrokenCard as error:
        yield asked.problem("E429", str(error), "plot", help=error.help)
        return
    if misfit:
        yield asked.problem("E431", misfit, "metric")
    yield from _of_metric(asked)
    yield from _of_families(asked)
    yield from _of_permutations(asked)
    yield from _of_cases(asked)


def _of_metric(asked: AskedFigure) -> Iterator[Problem]:
    """A `metric` that none of the measures has, or a `split` at which none looks."""
    split, metric = asked.word("split"), asked.word("metric")
    y = asked.says("y") or ()
    on_y = {y} if isinstance(y, str) else set(y)
    measures = [measure for measure in asked.known if measure in asked.measures or on_y & {*measure.card.quantities}]
    every = [known for measure in measures for known in measure.card.metrics if measure.has(known)]
    policies = dict.fromkeys(known.policy for known in every if known.policy)
    along = ALONG.get(metric or "")
    never = along is not None and along.policy not in ("", *policies)
    if along is not None and never:
        listed = ", ".join(policies)
        message = f"its measures never have batch norm's statistics `{along.policy}`"
        yield asked.problem("E431", message, "metric", help=f"they have: {listed}")
    splits = list(dict.fromkeys(known.split for known in every if known.split))
    if split is not None and splits and split not in splits:
        help = f"they look at: {', '.join(splits)}"
        yield asked.problem("E431", f"its measures look at no {split} images", "split", help=help)
    field = type(asked.figure).model_fields.get("metric")
    if metric is None or never or field is None or str not in (field.annotation, *get_args(field.annotation)):
        return  # the values of other figures' metrics were told apart as the spec was read
    words = dict.fromkeys(word for known in every for word in (known.quantity, known.mistake, known.name) if word)
    if metric not in words:
        help = f"they make: {', '.join(word for word in words if '/' not in word)}"
        near = nearest(metric, list(words))
        yield asked.problem("E431", f"its measures make no number `{metric}`", "metric", near=near, help=help)


def not_measured(asked: AskedFigure) -> Iterator[Problem]:
    """A k, or levels by number, at which its networks are not measured."""
    at, wanted, seen = asked.says("at"), asked.says("levels"), asked.of_networks(asked.of_measures)
    steps = {target.at: target.at_updates for target in seen if target.at}
    if at is not None and steps and str(at) not in steps:
        listed = ", ".join(sorted(steps, key=lambda step: steps[step]))
        yield asked.problem("E431", f"no k of its measures is {at}", "at", help=f"measured are: {listed}")
    measured = {target.level for target in seen}
    for place, level in enumerate(wanted if isinstance(wanted, tuple) else ()):
        if isinstance(level, int) and measured and level not in measured:
            help = f"measured are: {', '.join(map(str, sorted(measured)))}"
            yield asked.problem("E431", f"level {level} is not measured", "levels", place, help=help)

    ways, under = list(dict.fromkeys(target.under for target in seen if target.under)), asked.says("under")
    families = {member.name: name for name, family in asked.case.ways.families.items() for member in family.members}
    drawn = {families.get(way, way) for way in under or () if way in ways}
    for place, way in enumerate(under if isinstance(under, tuple) else ()):
        # A network may be compared under its own member of a family alone.
        if ways and way not in ways and families.get(way, way) not in drawn:
            message = f"its measures compare nothing under `{way}`"
            help = f"they do under: {', '.join(ways)}"
            yield asked.problem("E431", message, "under", place, near=nearest(way, ways), help=help)


def _of_families(asked: AskedFigure) -> Iterator[Problem]:
    """The problem of a key in which no family of networks varies."""
    axes = list(dict.fromkeys(axis for family in asked.case.families.values() for axis in family.axes))
    for key, axis in asked.plot.varies(asked.figure).items():
        if axis not in axes:
            yield _of_no_family(asked, "", key, axis, axes)


def _of_permutations(asked: AskedFigure) -> Iterator[Problem]:
    """The problem of a key in which no family of permutations varies."""
    ways = [way for way in asked.plan.permutations if way.case == asked.case.name]
    for key, axis in asked.plot.varies_under(asked.figure).items():
        if not varying(ways, axis):
            yield _of_no_family(asked, " of permutations", key, axis, keys_of(ways))


def _of_no_family(asked: AskedFigure, what: str, key: str, axis: str, axes: list[str]) -> Problem:
    some = f"its families{what} vary in: {', '.join(axes)}"
    there = some if axes else f"it has no families{what}: `{{ each = [...] }}` makes one"
    message = f"the study has no family{what} that varies in `{axis}`"
    return asked.problem("E432", message, key, near=nearest(axis, axes), help=there)


def _of_cases(asked: AskedFigure) -> Iterator[Problem]:
    """That cases don't differ in what is to stand on x."""
    x = asked.word("x")
    if not asked.plot.along_cases or case_axis(asked.plan, x) is not None:
        return
    settings = list(case_settings(asked.plan))
    there = f"they differ in: {', '.join(settings)}" if settings else "`[sweep.grid]` makes cases"
    what = f"`{x}`" if x else "the width of their model"
    message = f"the cases of the study don't differ in {what}" if settings else "the study has no cases that differ"
    yield asked.problem("E432", message, "x" if x else "plot", near=nearest(x or "", settings), help=there)
