"""What stands on the y axis: which number of which measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmcspec.catalog import Metric, names
from lmcspec.catalog.metric import SPLITS
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
    kinds = _kinds_with(what)
    kind = next((kind for kind in kinds if case.measures(kind)), kinds[-1])
    measures = case.measures(kind)
    measures = [options.measure] if options.measure in measures else measures
    known = measure_of(kind).metrics
    split = options.split or SPLITS[0]
    metric = next(metric for metric in known if metric.quantity == what and metric.split in ("", split))
    if metric.policy:
        metric = case.headline(measures[0]) if measures else next(iter(known))
    of_loss = options.metric == "loss" and metric.mistake
    changes = {"quantity": what if of_loss else options.metric or what}
    changes |= {"split": options.split} if options.split and metric.split else {}
    changes |= {"mistake": "loss"} if of_loss else {}
    asked = known.called(options.metric or "") or known.like(metric, **changes)
    if asked is None:
        raise UndrawableError(f"there is no {options.metric!r} to draw")
    return OnY(tuple(measures), asked)


def _kinds_with(quantity: str) -> list[str]:
    """The kinds of measure that figures of lines can take a quantity from, the best first."""
    cards = [card for card in map(measure_of, names("measure")) if quantity in card.quantities]
    return [card.name for card in sorted(cards, key=lambda card: card.quantities.index(quantity))]


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
