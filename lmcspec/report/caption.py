"""The caption of a figure that leaves its report: what has to be known by those who have nothing but the figure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from lmcspec.catalog.metric import CHANGED
from lmcspec.plan import Plan, Target
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.figures import Drawing
from lmcspec.report.figures.marks import Mark, marks_of
from lmcspec.report.origin import commits_of
from lmcspec.report.summary import Where
from lmcspec.store import Store
from lmcspec.version import __version__


def caption(study: PlannedStudy, store: Store, drawing: Drawing) -> str:
    """Lines of plain text: title and what is shown; n, spread, images, batch norm; gaps; where it is from."""
    marks = marks_of(drawing.figure)
    lines = [
        f"{drawing.title}. {drawing.caption}".strip(),
        " ".join([*_counted(study.plan, drawing, marks), *_spread(marks), *_images(marks)]),
        " ".join(f"{note}." for note in drawing.notes),
        _source(study, store),
    ]
    return "\n".join(filter(None, lines)) + "\n"


def _counted(plan: Plan, drawing: Drawing, marks: Sequence[Mark]) -> Iterator[str]:
    """What its legend says of n, and how many copies, or pairs of them, each replicate has."""
    for legend in drawing.figure.legends if drawing.figure is not None else ():
        if words := legend.get_title().get_text().replace("\n", " "):
            yield f"{words[:1].upper()}{words[1:]}."
    for measure, every in _pairs_behind(plan, marks).items():
        copies = _numbers(len({copy for pair in pairs for copy in pair}) for pairs in every)
        pairs = _numbers(map(len, every))
        yield f"In each replicate {measure} compares {copies} copies, {pairs} pair{'s' * (pairs != '1')} of them."


def _pairs_behind(plan: Plan, marks: Sequence[Mark]) -> dict[str, list[set[tuple[int, ...]]]]:
    """Measure -> the pairs of copies that a replicate has at each place of a number that is drawn."""
    pairs: dict[_Place, set[tuple[int, ...]]] = {}
    for target in plan.targets:
        if len(target.copies) == 2:
            pairs.setdefault(_place(target), set()).add(target.copies)
    behind: dict[str, list[set[tuple[int, ...]]]] = {}
    for place in dict.fromkeys(_place(mark.cell.where) for mark in marks if mark.cell.where):
        if place in pairs:
            behind.setdefault(place.measure, []).append(pairs[place])
    return behind


class _Place(NamedTuple):
    case: str
    network: str
    level: int
    measure: str
    k_updates: int | None


def _place(number: Where | Target) -> _Place:
    return _Place(number.case, number.network, number.level, number.measure, number.k_updates)


def _numbers(counts: Iterable[int]) -> str:
    """`3`, or `2 to 4` where they differ."""
    ordered = sorted(set(counts))
    return f"{ordered[0]}" if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"


def _spread(marks: Sequence[Mark]) -> Iterator[str]:
    if any(mark.interval is None and mark.cell.std is not None for mark in marks):
        yield "Spreads are one sample standard deviation to either side, and no confidence interval."


def _images(marks: Sequence[Mark]) -> Iterator[str]:
    """On which images numbers are, and what was done with the statistics of batch norm on paths."""
    metrics = list(dict.fromkeys(mark.metric for mark in marks if mark.metric is not None))
    if splits := _joined(metric.split for metric in metrics):
        yield f"On {splits} images."
    for policy in dict.fromkeys(metric.policy for metric in metrics if metric.policy):
        of, done = CHANGED.get(policy, ("batch norm", "averaged along a path, as its weights are"))
        yield f"Statistics of {of}, where there are any, are {done}."


def _source(study: PlannedStudy, store: Store) -> str:
    first = study.loaded.cases[0].study if study.loaded else None
    source = f" ({first.source})" if first and first.source else ""
    commits = [f"commit {commit}" for commit in commits_of(store, study.plan.study)[:1]]
    return f"Study {study.plan.study}{source}; {', '.join([*commits, f'lmcspec {__version__}'])}."


def _joined(words: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(word for word in words if word))
