"""The axis of a setting: numbers on a plain or a log scale, each value that there is as a tick; words side by side."""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lmcspec.report.figures.line_plot import Plotted
from lmcspec.report.figures.step_axis import LETTER, finish, in_one_unit, label_places

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Value = str | float | int | bool


@dataclass(frozen=True, slots=True)
class SettingAxis:
    """Where each value of a setting stands on x, and what is written there."""

    places: Mapping[Value, float]
    words: Mapping[float, str]
    numbers: bool
    """Whether places are the values themselves; else they are 0, 1, … in the order of the values."""
    steps: bool = False
    """Whether they are steps of training, in updates."""

    @property
    def unit(self) -> str:
        """Of steps the unit in which all are written, in brackets; empty where they are in several."""
        unit = in_one_unit(self._steps)[1] if self.steps else ""
        return f" ({unit})" if unit else ""

    @property
    def _steps(self) -> Mapping[int, str]:
        return {int(place): words for place, words in self.words.items()}

    def finish(self, axes: "Axes", width: float) -> None:
        """Set the scale and the ticks; `width` is that of the axes in inches."""
        places = sorted(self.words)
        if self.steps:
            finish(axes, in_one_unit(self._steps)[0], width)
            return
        if not self.numbers:
            axes.set_xlim(-0.5, len(places) - 0.5)
        elif is_even_on_log(places):
            axes.set_xscale("log")
        label_places(axes, self.words, width)

    def in_words(self, places: Iterable[float]) -> str:
        """The values at some places, as they stand in a sentence."""
        return ", ".join(self.words[place] for place in sorted(places))


@dataclass(frozen=True, slots=True)
class OnX:
    """What is on x of every panel of a figure."""

    axis: SettingAxis
    words: str

    def __call__(self, axes: "Axes", row: Plotted, width: float, last: bool) -> None:
        self.axis.finish(axes, width)
        if last:
            axes.set_xlabel(textwrap.fill(f"{self.words}{self.axis.unit}", int(width / LETTER)))


def axis_of_values(values: Sequence[Value]) -> SettingAxis:
    """The axis of these values, in their order: of numbers where all are, or lists of one number each."""
    unique = list(dict.fromkeys(values))
    numbers = {value: number_of(value) for value in unique}
    places = {value: number for value, number in numbers.items() if number is not None}
    if len(set(places.values())) == len(unique):
        return SettingAxis(places, {number: f"{number:g}" for number in places.values()}, numbers=True)
    order = {value: float(place) for place, value in enumerate(unique)}
    return SettingAxis(order, {place: str(value) for value, place in order.items()}, numbers=False)


def number_of(value: Value) -> float | None:
    """The number that a setting is: itself, or each item of a list, `32, 32, 32`; None of all else."""
    if isinstance(value, bool):
        return None
    try:
        numbers = {float(item) for item in str(value).split(", ")}
    except ValueError:
        return None
    number = numbers.pop()
    return number if not numbers and math.isfinite(number) else None


def is_even_on_log(places: Sequence[float]) -> bool:
    """Whether ascending numbers lie more evenly on a log scale: its closest two further apart in shares of it."""
    if len(places) < 3 or places[0] <= 0:
        return len(places) == 2 and places[0] > 0 and places[1] >= 2 * places[0]
    return _closest([math.log(place) for place in places]) > _closest(places)


def _closest(places: Sequence[float]) -> float:
    return min(after - before for before, after in pairwise(places)) / (places[-1] - places[0])
