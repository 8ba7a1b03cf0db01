"""What stands on the y axis of a figure of lines, and why there would be nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lmcspec.base.errors import Problem
from lmcspec.catalog import Metric, nearest
from lmcspec.catalog.on_y import taken_from, told, usual
from lmcspec.plan.figure_asked import AskedFigure, Measured
from lmcspec.plan.graph import Target
from lmcspec.plan.way_axis import varying


@dataclass(frozen=True, slots=True)
class OnY:
    """A quantity of a figure, and what the study has of it."""

    quantity: str
    key: tuple[str, *tuple[int, ...]]
    """Where the figure says it."""
    measures: Sequence[Measured]
    """None where the study lacks a measure that makes it."""
    metric: Metric | None
    """The number that `split` and `metric` make of it; None where there is none such."""
    targets: Sequence[Target]
    """Those whose results have that number, of whichever network and k."""

    @property
    def may_be_followed(self) -> bool:
        """Whether its measures can look at networks on their way."""
        return any(hasattr(measure.config, "through") for measure in self.measures)


def numbers_on_y(asked: AskedFigure) -> list[OnY]:
    """Each quantity that is to stand on y, as figures take it."""
    said = asked.says("y")
    if isinstance(said, tuple):
        return [_number(asked, what, "y", place) for place, what in enumerate(said)]
    return [_number(asked, said or asked.plot.on_y, "y" if said else "plot")]


def _number(asked: AskedFigure, quantity: str, key: str, *place: int) -> OnY:
    chosen, split, targets = asked.says("measure"), asked.says("split"), asked.targets
    kinds = {target.measure: target.kind for target in targets}
    card = taken_from(quantity, kinds.values(), kinds.get(chosen or "", ""))
    if card is None:
        return OnY(quantity, (key, *place), (), None, ())
    measures = [measure for measure in asked.known if kinds.get(measure.name) == card.name]
    measures = [measure for measure in measures if measure.name == chosen] or measures
    metric = usual(card, quantity, split)
    if metric.policy:
        first = next(target for target in targets if target.measure == measures[0].name)
        metric = card.known_by(asked.plan.tasks[first.task].params, first.split)
    metric = told(card, quantity, metric, split, asked.says("metric"))
    names = [measure.name for measure in measures if metric is not None and measure.has(metric)]
    return OnY(quantity, (key, *place), measures, metric, [target for target in targets if target.measure in names])


def y_problems(asked: AskedFigure, numbers: Sequence[OnY]) -> Iterator[Problem]:
    """Of each quantity without a number that could be drawn the key that leaves none; one is enough to draw nothing."""
    said, split, chosen = asked.says("metric"), asked.says("split"), asked.says("measure")
    every = [measure for number in numbers for measure in number.measures]
    taken = [measure for measure in every if measure.card.from_k or measure.card.of_partners]
    if chosen is not None and taken and chosen not in [measure.name for measure in taken]:
        listed = ", ".join(dict.fromkeys(measure.name for measure in taken))
        help = f"it is taken from: {listed}"
        yield asked.problem("E430", f"what is to stand on y can't be taken from `{chosen}`", "measure", help=help)
        return
    for number in numbers:
        if not number.measures:
            message = f"no measure of the study makes a number `{number.quantity}`"
            quantities = list(dict.fromkeys(name for measure in asked.known for name in measure.card.quantities))
            help = f"they make: {', '.join(quantities)}"
            yield asked.problem("E430", message, *number.key, near=nearest(number.quantity, quantities), help=help)
        elif number.metric is None:
            message = f"of `{number.quantity}` there is no number `{said}`"
            yield asked.problem("E431", message, "metric", help="draw them in two figures")
        elif not number.targets:
            names = " or ".join(f"`{measure.name}`" for measure in number.measures)
            key, *place = ("metric",) if said else ("split",) if split else number.key
            yield asked.problem("E431", f"there is no `{number.metric.name}` of {names}", key, *place)
        elif number.key[0] == "y" and number.metric.quantity not in (number.quantity, "loss"):
            yield asked.problem(
                "E431", f"`{said}` is no `{number.quantity}`", "metric", help="leave out one of `metric` and `y`"
            )
        elif number.metric.split not in ("", split or number.metric.split):
            yield asked.problem(
                "E431", f"`{said}` is of {number.metric.split} images", "split", help="leave one of them out"
            )
        else:
            yield from _of_targets(asked, number)


def _of_targets(asked: AskedFigure, number: OnY) -> Iterator[Problem]:
    """That none of the targets is of these networks, of this k, or otherwise of what the plot shows."""
    at, seen = asked.says("at"), asked.of_networks(number.targets)
    names = " or ".join(f"`{measure.name}`" for measure in number.measures)
    if not seen:
        listed = ", ".join(dict.fromkeys(target.network for target in number.targets))
        message = f"none of these networks is looked at by {names}"
        yield asked.problem("E431", message, "networks", help=f"these are: {listed}")
    elif at is not None and not any(target.at in ("", str(at)) for target in seen):
        steps = {target.at: target.at_updates for target in seen}
        listed = ", ".join(sorted(steps, key=lambda step: steps[step]))
        yield asked.problem("E431", f"no k of {names} is {at}", "at", help=f"measured are: {listed}")
    else:
        yield from _of_ways(asked, number, seen, names)


def _of_ways(asked: AskedFigure, number: OnY, seen: Sequence[Target], names: str) -> Iterator[Problem]:
    """That under the permutations of the figure no target is on the way, of children, or over what is on x."""
    under, plot = asked.says("under"), asked.plot
    shown = [target for target in seen if under is None or target.under in under]
    if not shown:
        listed = ", ".join(dict.fromkeys(target.under for target in seen if target.under))
        message = f"of none of these is there a `{number.metric.name if number.metric else number.quantity}`"
        yield asked.problem("E431", message, "under", help=f"there is of: {listed}")
        return

    def place(fits: Callable[[Target], bool]) -> str:
        """The key that leaves none: the permutations where others fit, the networks, the measure, or the plot."""
        if any(map(fits, seen)):
            return "under"
        return "networks" if any(map(fits, number.targets)) else "measure" if asked.says("measure") else "plot"

    if plot.on_the_way(asked.figure) and number.may_be_followed and not any(map(_on_the_way, shown)):
        message = f"{names} looks at no network of the figure on its way"
        yield asked.problem("E431", message, place(_on_the_way), help='say `through = "1ep"` in the measure')
    elif plot.of_children and not any(map(_of_children, shown)):
        message = f"{names} compares no children"
        yield asked.problem("E431", message, place(_of_children), help="say `branch = [0, 5]` in the measure")
    ways = [way for way in asked.plan.permutations if way.case == asked.case.name]
    for key, axis in plot.varies_under(asked.figure).items():
        vary = varying(ways, axis)
        if key != "series" and not any(target.under in vary for target in shown):
            message = f"none of the permutations of {names} that it shows varies in `{axis}`"
            yield asked.problem(
                "E431", message, "under" if under else number.key[0], help=f"these do: {', '.join(vary)}"
            )


def _on_the_way(target: Target) -> bool:
    return target.through is not None


def _of_children(target: Target) -> bool:
    return bool(target.at)
