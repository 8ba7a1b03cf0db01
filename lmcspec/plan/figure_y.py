"""What stands on the y axis of a figure of lines, and why there would be nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lmcspec.base.errors import Problem
from lmcspec.catalog import Metric, PlotCard, nearest
from lmcspec.catalog.figure import Figure
from lmcspec.catalog.on_y import taken_from, told, usual
from lmcspec.plan.figure_targets import Measured, of_networks
from lmcspec.plan.graph import Target
from lmcspec.tasks import Task


@dataclass(frozen=True, slots=True)
class OnY:
    """A quantity of a figure, and what the study has of it."""

    quantity: str
    key: tuple[str | int, ...]
    """Where the figure says it."""
    measures: Sequence[Measured]
    """None where the study lacks a measure that makes it."""
    metric: Metric | None
    """The number that `split` and `metric` make of it; None where there is none such."""
    targets: Sequence[Target]
    """Those whose results have that number, of whichever network and k."""


def numbers_on_y(
    plot: PlotCard, figure: Figure, known: Sequence[Measured], targets: Sequence[Target], tasks: Mapping[str, Task]
) -> list[OnY]:
    """Each quantity that is to stand on y, as figures take it."""
    said = getattr(figure, "y", None)
    if isinstance(said, tuple):
        return [_number(figure, what, ("y", place), known, targets, tasks) for place, what in enumerate(said)]
    return [_number(figure, said or plot.on_y, ("y",) if said else ("plot",), known, targets, tasks)]


def _number(
    figure: Figure,
    quantity: str,
    key: tuple[str | int, ...],
    known: Sequence[Measured],
    targets: Sequence[Target],
    tasks: Mapping[str, Task],
) -> OnY:
    chosen, split = getattr(figure, "measure", None), getattr(figure, "split", None)
    kinds = {target.measure: target.kind for target in targets}
    card = taken_from(quantity, kinds.values(), kinds.get(chosen or "", ""))
    if card is None:
        return OnY(quantity, key, (), None, ())
    measures = [measure for measure in known if kinds.get(measure.name) == card.name]
    measures = [measure for measure in measures if measure.name == chosen] or measures
    metric = usual(card, quantity, split)
    if metric.policy:
        first = next(target for target in targets if target.measure == measures[0].name)
        metric = card.known_by(tasks[first.task].params, first.split)
    asked = told(card, quantity, metric, split, getattr(figure, "metric", None))
    names = [measure.name for measure in measures if asked is not None and measure.has(asked)]
    return OnY(quantity, key, measures, asked, [target for target in targets if target.measure in names])


def y_problems(
    plot: PlotCard,
    figure: Figure,
    numbers: Sequence[OnY],
    known: Sequence[Measured],
    problem: Callable[..., Problem],
) -> Iterator[Problem]:
    """Of each quantity without a number that could be drawn the key that leaves none; one is enough to draw nothing."""
    said = getattr(figure, "metric", None)
    chosen = getattr(figure, "measure", None)
    taken = [measure for number in numbers for measure in number.measures if measure.card.from_k]
    if chosen is not None and taken and chosen not in [measure.name for measure in taken]:
        listed = ", ".join(dict.fromkeys(measure.name for measure in taken))
        help = f"it is taken from: {listed}"
        yield problem("E430", f"what is to stand on y can't be taken from `{chosen}`", "measure", help=help)
        return
    for number in numbers:
        if not number.measures:
            message = f"no measure of the study makes a number `{number.quantity}`"
            quantities = list(dict.fromkeys(name for measure in known for name in measure.card.quantities))
            help = f"they make: {', '.join(quantities)}"
            yield problem("E430", message, *number.key, near=nearest(number.quantity, quantities), help=help)
        elif number.metric is None:
            message = f"of `{number.quantity}` there is no number `{said}`"
            yield problem("E431", message, "metric", help="draw them in two figures")
        elif not number.targets:
            names = " or ".join(f"`{measure.name}`" for measure in number.measures)
            key = ("metric",) if said else ("split",) if getattr(figure, "split", None) else number.key
            yield problem("E431", f"there is no `{number.metric.name}` of {names}", *key)
        elif number.key[0] == "y" and number.metric.quantity not in (number.quantity, "loss"):
            yield problem(
                "E431", f"`{said}` is no `{number.quantity}`", "metric", help="leave out one of `metric` and `y`"
            )
        elif number.metric.split not in ("", getattr(figure, "split", None) or number.metric.split):
            yield problem("E431", f"`{said}` is of {number.metric.split} images", "split", help="leave one of them out")
        else:
            yield from _of_targets(plot, figure, number, problem)


def _of_targets(plot: PlotCard, figure: Figure, number: OnY, problem: Callable[..., Problem]) -> Iterator[Problem]:
    """That none of the targets is of these networks, of this k, or on the way where the plot shows what is."""
    at = getattr(figure, "at", None)
    seen = of_networks(figure, number.targets)
    names = " or ".join(f"`{measure.name}`" for measure in number.measures)
    if not seen:
        listed = ", ".join(dict.fromkeys(target.network for target in number.targets))
        message = f"none of these networks is looked at by {names}"
        yield problem("E431", message, "networks", help=f"these are: {listed}")
    elif at is not None and not any(target.at in ("", str(at)) for target in seen):
        steps = {target.at: target.at_updates for target in seen}
        listed = ", ".join(sorted(steps, key=lambda step: steps[step]))
        yield problem("E431", f"no k of {names} is {at}", "at", help=f"measured are: {listed}")
    elif plot.on_the_way and not any(target.through is not None for target in seen):
        chosen = "measure" if getattr(figure, "measure", None) else "plot"
        key = "networks" if any(target.through is not None for target in number.targets) else chosen
        message = f"{names} looks at no network of the figure on its way"
        yield problem("E431", message, key, help='say `through = "1ep"` in the measure')
