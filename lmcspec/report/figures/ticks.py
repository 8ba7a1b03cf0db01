"""Ticks whose words don't touch, whatever width a figure's layout leaves for its axes."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lmcspec.report.figures.space import inches

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER, GAP = 0.075, 0.08
"""The width of a letter, and of what has to be left between two words, in inches."""
Words = Callable[[float], str]


def fitting(axes: "Axes", sets: Sequence[Sequence[float]], words: Sequence[Words]) -> Any:
    """A locator for the x axis: the first of the sets of ticks whose words fit side by side, else the last one.

    `words` are what stands at a tick, below and perhaps above. The axes' width is looked at whenever they are drawn:
    only then has the layout found room for legends and labels.
    """
    from matplotlib.ticker import Locator

    class Fitting(Locator):
        def __call__(self) -> list[float]:
            return list(next((ticks for ticks in sets if fits(axes, ticks, words)), sets[-1]))

        def tick_values(self, vmin: float, vmax: float) -> list[float]:
            return self()

    return Fitting()


def fits(axes: "Axes", ticks: Sequence[float], words: Sequence[Words]) -> bool:
    """Whether the words at these ticks leave a gap between them."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    places = [inches(x / figure.dpi) for x, _ in axes.transData.transform([(tick, 1.0) for tick in ticks])]
    for text in words:
        halves = [LETTER * len(text(tick)) / 2 for tick in ticks]
        sides = pairwise(sorted(zip(places, halves, strict=True)))
        if any(after - before < left + right + GAP for (before, left), (after, right) in sides):
            return False
    return True


def thousands(value: float, _: object) -> str:
    """A number of images on an axis."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
