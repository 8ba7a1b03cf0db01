"""Metrics: what a number that a measure gives is of, in which unit it is read, and what it is called where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

SPLITS = ("test", "train", "validation")
POLICIES = ("average", "recompute", "repair")
"""What can be done with statistics of units on a path; the first is the usual."""
CHANGED = {"recompute": ("batch norm", "recomputed"), "repair": ("units", "repaired")}
"""Whose statistics a policy changes in what way, where it isn't the usual one."""
Along = Literal[
    "error",
    "loss",
    "error@average",
    "loss@average",
    "error@recompute",
    "loss@recompute",
    "error@repair",
    "loss@repair",
]
"""What there is along a path, under which policy."""


class OnPath(NamedTuple):
    """What a word of `Along` means."""

    mistake: str
    policy: str
    """Empty where the measure's own is meant."""


ALONG: Mapping[str, OnPath] = {
    f"{mistake}@{policy}" if policy else mistake: OnPath(mistake, policy)
    for policy in ("", *POLICIES)
    for mistake in ("error", "loss")
}


class Unit(NamedTuple):
    """By what a value is multiplied to be read, and what is then written behind it."""

    scale: float = 1.0
    sign: str = ""


NUMBER = Unit()
PERCENT = Unit(100.0, "%")
"""A share of images or of weights."""
POINTS = Unit(100.0, "points")
"""A difference between two shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a measure."""

    name: str
    """What it is called in results: `instability/test-loss@recompute`."""
    measure: str
    """The kind of measure that makes it."""
    quantity: str
    """What is measured: `accuracy`, `instability`, `distance`."""
    unit: Unit = NUMBER
    split: str = ""
    """The images that it is of, where it is of any."""
    mistake: Literal["", "error", "loss"] = ""
    """Of differences along a path or in a plane: what differs."""
    policy: str = ""
    """What is done with statistics of units on a path, of batch norm's above all."""
    said: str = ""
    """What stands on an axis where the quantity's own word would not do."""
    column: str = ""
    """What heads its column where its measure goes by the name of its kind; else the measure's name does."""
    section: str | None = None
    """Its section of MLflow's charts, likewise: `lmc`; empty where its name says it; the measure's name by default."""
    chart: tuple[str, ...] = ()
    """Its words in a chart's name, of which the second and further ones stand behind the k; none: not charted."""
    rank: int = 2
    """Its place among charts, those of the lowest first: 0 and 1 are what people see first."""
    final: bool = False
    """Whether its value at the last level stands again under `final/…`."""
    legend: str = ""
    """What is said of it beneath a table."""

    def label(self, *, images: bool = True) -> str:
        """For an axis: `instability (points of test error, batch norm recomputed)`; without the images if so wished."""
        if self.said:
            return self.said
        split = f"{self.split} " if images and self.split else ""
        if not self.mistake:
            return f"{split}{self.quantity}" + (f" ({self.unit.sign})" if self.unit.sign else "")
        whose, done = CHANGED.get(self.policy, ("", ""))
        policy = f", {whose} {done}" if done else ""
        what = f"points of {split}error" if self.mistake == "error" else f"{split}loss"
        return f"{self.quantity} ({what}{policy})"

    @property
    def on_images(self) -> str:
        """`instability/test-loss`: what it is called whatever is done with batch norm's statistics."""
        return f"{self.quantity}/{self.split}" + ("-loss" if self.mistake == "loss" else "")

    @property
    def title(self) -> str:
        """`Instability`, `Accuracy`, `From start`."""
        return self.quantity.replace("-", " ").capitalize()

    @property
    def apart(self) -> tuple[str, ...]:
        """What is not usual about it: images other than test ones, the loss, recomputed statistics."""
        images = f"{self.split}-loss" if self.mistake == "loss" else self.split
        return tuple(word for word in (images, self.policy) if word not in ("", "test", POLICIES[0]))

    def like(self, **changes: Any) -> tuple[str, ...]:
        """What tells it from the other metrics of its kind of measure, with these changes: see `Metrics.like`."""
        return tuple(changes.get(name, getattr(self, name)) for name in ("quantity", "split", "mistake", "policy"))


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics of a kind of measure: those that it always has, and those that it has once for every layer.

    Of paths through several networks the latter are once for every length: `composed-barrier/test/3`.
    """

    fixed: tuple[Metric, ...] = ()
    by_layer: tuple[Metric, ...] = ()
    _by_name: dict[str, Metric] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {metric.name: metric for metric in self.fixed})

    def __iter__(self) -> Iterator[Metric]:
        return iter(self.fixed)

    def called(self, name: str) -> Metric | None:
        """The metric of that name; of a layer `layer-sparsity/LAYER`, which no chart has."""
        if name not in self._by_name:
            of_layer = next((metric for metric in self.by_layer if name.startswith(f"{metric.name}/")), None)
            if of_layer is None:
                return None
            self._by_name[name] = replace(of_layer, name=name, chart=())
        return self._by_name[name]

    def like(self, metric: Metric, **changes: Any) -> Metric | None:
        """The metric that differs from another in these fields and in nothing else."""
        wanted = metric.like(**changes)
        return next((other for other in self.fixed if other.like() == wanted), None)


NONE = Metrics()


def numbers(scalars: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """(name, value) of a result that keeps its numbers under `metrics`."""
    yield from scalars.get("metrics", {}).items()
