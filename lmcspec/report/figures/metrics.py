"""What stands on the y axis: which number of which measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmcspec.catalog import Metric
from lmcspec.report.figures.given import Given
from lmcspec.report.tidy import measure_of
from lmcspec.spec.study import Figure as Wish

SIDES = ("distance", "angle", "from-start")
"""What is known of copies without a path between them."""
TRAINED = ("accuracy", "loss")
"""What a training's own evaluation gives."""


@dataclass(frozen=True, slots=True)
class OnY:
    """A number of some measures."""

    measures: tuple[str, ...]
    metric: Metric
    asked: str = ""
    """The figure's `metric`, where its measures have none of that name."""

    @property
    def scale(self) -> float:
        """By what values are multiplied to be read."""
        return self.metric.unit.scale

    @property
    def of_training(self) -> bool:
        """Whether it is of one network, and of no k."""
        return self.metric.quantity in TRAINED


def y_of(given: Given, wish: Wish, what: str) -> OnY:
    """What `what` means for a figure: `accuracy`, a number of a path such as `instability`, or a distance.

    Without another word in the figure an accuracy is one on test images, and a number of a path that of the measure's
    headline. Where the study measures distances they come from there, else from the paths.
    """
    if what in TRAINED:
        kind, names = "accuracy", _measures(given, wish, ("accuracy",))
        usual, quantity = f"{wish.split or 'test'}/{what}", wish.metric or what
    elif what in SIDES:
        names = _measures(given, wish, ("distance",))
        kind, names = ("distance", names) if names else ("stability", _measures(given, wish, ("stability",)))
        usual, quantity = what, wish.metric or what
    else:
        kind, names = "stability", _measures(given, wish, ("stability",))
        usual = given.headline(names[0]).name if names else "instability/test"
        quantity = what if wish.metric in (None, "loss") else wish.metric
    known = measure_of(kind).metrics
    metric = known.called(usual)
    assert metric is not None
    changes = {"quantity": quantity}
    changes |= {"split": wish.split} if wish.split and metric.split else {}
    changes |= {"mistake": "loss"} if wish.metric == "loss" and metric.mistake else {}
    found = known.called(wish.metric or "") or known.like(metric, **changes)
    return OnY(tuple(names), found or metric, "" if found else str(wish.metric))


def _measures(given: Given, wish: Wish, kinds: Sequence[str]) -> list[str]:
    found = [measure for kind in kinds for measure in given.measures(kind)]
    return [wish.measure] if wish.measure in found else found


def threshold_of(given: Given, y: OnY) -> float:
    """Below which a network is stable; 0 for numbers that decide nothing."""
    if (y.metric.quantity, y.metric.mistake) != ("instability", "error"):
        return 0.0
    own = [
        one
        for one in given.plan.verdicts
        if (one.case, one.kind) == (given.case, "stability") and one.measure in y.measures
    ]
    return own[0].threshold if own else 0.0
