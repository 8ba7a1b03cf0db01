"""What stands on the y axis: from which measures, which of their numbers, in which unit and under which words."""

from collections.abc import Sequence
from dataclasses import dataclass

from lmcspec.report.figures.given import Given
from lmcspec.report.tidy import scale_of
from lmcspec.spec.study import Figure as Wish

SIDES = ("distance", "angle", "from-start")
"""What is known of copies without a path between them."""
WORDS = {
    "distance": "L2 distance of the two ends",
    "angle": "angle between their ways (degrees)",
    "from-start": "L2 distance from the start",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A number of some measures, as rows name it."""

    measures: tuple[str, ...]
    name: str

    @property
    def scale(self) -> float:
        """By what values are multiplied to be read."""
        return scale_of(self.name)

    @property
    def label(self) -> str:
        """`instability (points of test error)`."""
        if self.name in WORDS:
            return WORDS[self.name]
        what, _, rest = self.name.partition("/")
        if rest in ("accuracy", "loss"):
            return f"{what} {rest}" + (" (%)" if rest == "accuracy" else "")
        split, _, policy = rest.partition("@")
        policy = f", batch norm {policy}d" if policy else ""
        return (
            f"{what} ({split.removesuffix('-loss')} loss{policy})"
            if "-loss" in split
            else (f"{what} (points of {split} error{policy})")
        )

    @property
    def words(self) -> str:
        """The label without the images: `instability (points of error)`."""
        found = self.label
        for split in ("test", "train", "validation"):
            found = found.replace(f"{split} ", "")
        return found

    @property
    def title(self) -> str:
        """`Instability`, `Accuracy`, `Distance`."""
        what, _, rest = self.name.partition("/")
        return (rest if rest in ("accuracy", "loss") else what).replace("-", " ").capitalize()


def metric_of(given: Given, wish: Wish, what: str) -> Metric:
    """What `what` means for a figure: `accuracy`, a number of a path such as `instability`, or a distance.

    Without another word in the figure an accuracy is one on test images, and a number of a path that of the measure's
    headline. Where the study measures distances they come from there, else from the paths.
    """
    asked = wish.metric
    if what in ("accuracy", "loss"):
        measures = _measures(given, wish, ("accuracy",))
        name = asked if asked and "/" in asked else f"{wish.split or 'test'}/{asked or what}"
    elif what in SIDES:
        name = asked or what
        measures = _measures(given, wish, ("distance",)) or _measures(given, wish, ("stability",))
    else:
        measures = _measures(given, wish, ("stability",))
        name = _of_path(given.headline(measures[0]) if measures else "instability/test", wish, what)
    return Metric(tuple(measures), name)


def _measures(given: Given, wish: Wish, kinds: Sequence[str]) -> list[str]:
    found = [measure for kind in kinds for measure in given.measures(kind)]
    return [wish.measure] if wish.measure in found else found


def _of_path(headline: str, wish: Wish, what: str) -> str:
    if wish.metric and "/" in wish.metric:
        return wish.metric
    _, _, rest = headline.partition("/")
    split, at, policy = rest.partition("@")
    split = wish.split or split
    if wish.metric == "loss":
        return f"{what}/{split}-loss{at}{policy}"
    return f"{wish.metric or what}/{split}{at}{policy}"


def threshold_of(given: Given, metric: Metric) -> float:
    """Below which a network is stable; 0 for numbers that decide nothing."""
    if not metric.name.startswith("instability/") or "-loss" in metric.name:
        return 0.0
    own = [
        one
        for one in given.plan.verdicts
        if (one.case, one.kind) == (given.case, "stability") and one.measure in metric.measures
    ]
    return own[0].threshold if own else 0.0
