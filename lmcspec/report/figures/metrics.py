"""What stands on the y axis: which number of which measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmcspec.catalog import Metric
from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.options import Options, UndrawableError
from lmcspec.report.tidy import measure_of

SIDES = ("distance", "angle", "from-start")
"""What is known of copies without a path between them."""
TRAINED = ("accuracy", "loss")
"""What a training's own evaluation gives."""


@dataclass(frozen=True, slots=True)
class OnY:
    """A number of some measures."""

    measures: tuple[str, ...]
    metric: Metric

    @property
    def scale(self) -> float:
        """By what values are multiplied to be read."""
        return self.metric.unit.scale

    @property
    def of_training(self) -> bool:
        """Whether it is of one network, and of no k."""
        return self.metric.quantity in TRAINED


def y_of(given: CaseResults, options: Options, what: str) -> OnY:
    """What `what` means for a figure: `accuracy`, a number of a path such as `instability`, or a distance.

    Without another word in the figure an accuracy is one on test images, and a number of a path that of the measure's
    headline. Where the study measures distances they come from there, else from the paths. Raises UndrawableError.
    """
    if what in TRAINED:
        kind, names = "accuracy", _measures(given, options, ("accuracy",))
        usual, quantity = f"{options.split or 'test'}/{what}", options.metric or what
    elif what in SIDES:
        names = _measures(given, options, ("distance",))
        kind, names = ("distance", names) if names else ("stability", _measures(given, options, ("stability",)))
        usual, quantity = what, options.metric or what
    else:
        kind, names = "stability", _measures(given, options, ("stability",))
        usual = given.headline(names[0]).name if names else "instability/test"
        quantity = what if options.metric in (None, "loss") else options.metric
    known = measure_of(kind).metrics
    metric = known.called(usual)
    assert metric is not None
    changes = {"quantity": quantity}
    changes |= {"split": options.split} if options.split and metric.split else {}
    changes |= {"mistake": "loss"} if options.metric == "loss" and metric.mistake else {}
    found = known.called(options.metric or "") or known.like(metric, **changes)
    if found is None:
        raise UndrawableError(f"there is no {options.metric!r} to draw")
    return OnY(tuple(names), found)


def check_y(givens: Sequence[CaseResults], options: Options, *whats: str) -> None:
    """Raise UndrawableError where no case has a number that is to stand on a y axis."""
    for what in whats:
        known = [y_of(given, options, what) for given in givens]
        if not any(given.of(y.measures, y.metric, options) for given, y in zip(givens, known, strict=True)):
            raise UndrawableError(f"there is no {known[0].metric.name!r} to draw")


def _measures(given: CaseResults, options: Options, kinds: Sequence[str]) -> list[str]:
    found = [measure for kind in kinds for measure in given.measures(kind)]
    return [options.measure] if options.measure in found else found


def threshold_of(given: CaseResults, y: OnY) -> float:
    """Below which a network is stable; 0 for numbers that decide nothing."""
    if (y.metric.quantity, y.metric.mistake) != ("instability", "error"):
        return 0.0
    own = [
        one
        for one in given.plan.verdicts
        if (one.case, one.kind) == (given.case, "stability") and one.measure in y.measures
    ]
    return own[0].threshold if own else 0.0
