"""The caption of a figure that leaves its report: what has to be known by those who have nothing but the figure."""

from collections.abc import Iterable, Iterator, Sequence

from lmcspec.catalog.metric import CHANGED
from lmcspec.plan import Plan
from lmcspec.plan.planned_study import PlannedStudy
from lmcspec.report.figures import Drawing
from lmcspec.report.figures.marks import Mark, marks_of
from lmcspec.store import Store, invocations
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
    for measure in dict.fromkeys(mark.cell.where.measure for mark in marks if mark.cell.where):
        pairs = {target.copies for target in plan.targets if target.measure == measure and len(target.copies) > 1}
        copies = {copy for pair in pairs for copy in pair}
        if pairs:
            many = f"{len(copies)} copies, {len(pairs)} pair{'s' * (len(pairs) > 1)} of them"
            yield f"In each replicate {measure} compares {many}."


def _spread(marks: Sequence[Mark]) -> Iterator[str]:
    if any(mark.interval is not None for mark in marks):
        yield "Bars are 95 % intervals by Student's t."
    elif any(mark.cell.std is not None for mark in marks):
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
    began = [run.origin for run in reversed(invocations(store)) if run.study == study.plan.study]
    commits = [
        f"commit {run['commit']}{' with changes' * bool(run.get('dirty'))}" for run in began if run.get("commit")
    ]
    return f"Study {study.plan.study}{source}; {', '.join([*commits[:1], f'lmcspec {__version__}'])}."


def _joined(words: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(word for word in words if word))
