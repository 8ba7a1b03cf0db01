"""What stands on the y axis: which number of which measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmcspec.catalog import Metric, names
from lmcspec.catalog.on_y import taken_from, told, usual
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.tidy import measure_of


@dataclass(frozen=True, slots=True)
class OnY:
    """A number of some measures."""

    measures: tuple[str, ...]
    metric: Metric

    @property
    def scale(self) -> float:
        """The factor from a stored value to the one that is read, such as 100 for percent."""
        return self.metric.unit.scale

    @property
    def of_training(self) -> bool:
        """Whether it is of one network, and of no k."""
        return not measure_of(self.metric.measure).from_k


def y_of(case: CaseResults, options: Options, what: str) -> OnY:
    """What `what` means for a figure: `accuracy`, a number of a path such as `instability`, or a distance.

    Without another word in the figure an accuracy is one on test images, and a number of a path that of the measure's
    headline. Where the study measures distances they come from there, else from the paths. Raises UndrawableError.
    """
    kinds = case.kinds
    card = taken_from(what, kinds.values(), kinds.get(options.measure or "", "")) or taken_from(what, names("measure"))
    if card is None:
        raise UndrawableError(f"no measure makes a number {what!r}")
    measures = case.measures(card.name)
    measures = [options.measure] if options.measure in measures else measures
    metric = usual(card, what, options.split)
    if metric.policy and measures:
        metric = case.headline(measures[0])
    metric_on_y = told(card, what, metric, options.split, options.metric)
    if metric_on_y is None:
        raise UndrawableError(f"there is no {options.metric!r} to draw")
    return OnY(tuple(measures), metric_on_y)


def check_y(cases: Sequence[CaseResults], options: Options, *whats: str) -> None:
    """Raise UndrawableError where no case has a number that is to stand on a y axis."""
    for what in whats:
        known = [y_of(case, options, what) for case in cases]
        if not any(case.of(y.measures, y.metric, options) for case, y in zip(cases, known, strict=True)):
            raise UndrawableError(f"there is no {known[0].metric.name!r} to draw")


def threshold_of(case: CaseResults, y: OnY) -> float:
    """Below which a network is stable; 0 for numbers that decide nothing."""
    for verdict in case.plan.verdicts:
        if verdict.case == case.case and verdict.threshold and verdict.measure in y.measures:
            decides = case.headline(verdict.measure)
            same = (y.metric.quantity, y.metric.mistake) == (decides.quantity, decides.mistake)
            return verdict.threshold if same else 0.0
    return 0.0
