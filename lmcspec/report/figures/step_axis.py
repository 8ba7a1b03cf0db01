"""The axis of steps: every k where it lies, labelled as it is written or in one unit."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lmcspec.report.figures.case_results import CaseResults
from lmcspec.report.figures.line_plot import Plotted
from lmcspec.report.figures.lines import MeanPoint
from lmcspec.report.figures.options import Options
from lmcspec.report.tidy import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 30
"""Steps that differ by more than this factor stand on a log scale."""
LETTER, GAP = 0.075, 0.1
"""Width of a letter and of what has to be left between labels, in inches; closer together they are slanted."""
CLOSE = 0.2
"""Inches between slanted labels; closer together only the first has one."""
SLANTED: dict[str, Any] = {"rotation": 50, "ha": "right", "rotation_mode": "anchor"}


def finish(axes: "Axes", written: Mapping[int, str], width: float) -> None:
    """Every k as it is written; on a log scale where they lie far apart, slanted where they would overlap.

    `width` is that of the axes in inches.
    """
    above = [step for step in sorted(written) if step]
    if above and max(above) > WIDE * min(above) and len(above) == len(written):
        axes.set_xscale("log")
        axes.set_xlim(min(above) / 1.2, 1.2 * max(above))
    elif above and max(above) > WIDE * min(above):
        axes.set_xscale("symlog", linthresh=min(above))
        axes.set_xlim(-0.15 * min(above), 1.2 * max(above))
    label_places(axes, {float(step): words for step, words in written.items()}, width)


def label_places(axes: "Axes", written: Mapping[float, str], width: float) -> None:
    """Words at places of an x axis whose scale is set, slanted where they would overlap; `width` is in inches."""
    places = sorted(written)
    low, high = axes.xaxis.get_transform().transform(axes.get_xlim())
    inches = [width * float(place - low) / float(high - low) for place in axes.xaxis.get_transform().transform(places)]
    halves = [LETTER * len(written[place]) / 2 for place in places]
    crowded = any(
        after - before < left + right + GAP
        for (before, after), (left, right) in zip(pairwise(inches), pairwise(halves), strict=True)
    )
    labels, last = [], -CLOSE
    for inch, place in zip(inches, places, strict=True):
        labels.append(written[place] if not crowded or inch - last >= CLOSE else "")
        last = inch if labels[-1] else last
    axes.set_xticks(places, labels, **SLANTED if crowded else {})
    axes.minorticks_off()


def in_one_unit(written: Mapping[int, str]) -> tuple[Mapping[int, str], str]:
    """Numbers and their unit where all k's are written in the same: `{500: "500", 2000: "2K"}`, `updates`.

    Where they are not, as they are written and without a unit.
    """
    for suffix, unit in (("it", "updates"), ("ep", "epochs")):
        numbers = {step: text.removesuffix(suffix) for step, text in written.items()}
        if all(number.isdecimal() for number in numbers.values()):
            return {step: _short(int(number)) for step, number in numbers.items()}, unit
    return written, ""


def over_training(options: Options, axes: "Axes", row: Plotted, width: float, last: bool) -> None:
    """From 0 to a little beyond the last point, whether it has a number or none; in epochs, or in updates."""
    furthest = max((point.x for points in row.points.values() for point in points), default=0.0)
    axes.set_xlim(0, 1.04 * furthest or 1.0)
    axes.set_xlabel("updates of training" if options.x == "step" else "epochs of training")


def point_of(case: CaseResults, row: Row, options: Options) -> MeanPoint:
    """The point of a row after as many epochs of training, or updates, as it was looked at."""
    per = 1 if options.x == "step" else case.per_epoch(row)
    return MeanPoint(case.until(row) / per, case.cell(row, options), case.why(row))


def on_the_way(places: Iterable[float]) -> str:
    """Write places on the axis, epochs or steps, as they stand in a sentence."""
    return ", ".join(f"{place:.4g}" for place in sorted(places))


def _short(number: int) -> str:
    return f"{number / 1000:g}K" if number >= 1000 and number % 100 == 0 else str(number)
