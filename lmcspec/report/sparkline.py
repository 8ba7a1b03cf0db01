"""Curves in a line of text: what a training said on its way, and error along a path, as points of a small picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Any

from lmcspec.base.errors import StoreError
from lmcspec.catalog import Metric
from lmcspec.report.words import form_of
from lmcspec.store import Stored, lines, shapes

WIDTH, HEIGHT = 96, 20
"""Of the picture, in its own units."""
MOST_POINTS = 48
"""Points that are drawn; of more every so many."""
SMALLEST = 0.1
"""Of error: what varies by less would look like a mountain that is none."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A metric over updates, or along a path."""

    points: str
    """As SVG's polyline takes them."""
    words: str
    """`train/loss 2.31 to 0.02, updates 16 to 270`."""


def sparkline(stored: Stored) -> Sparkline | None:
    """The first metric that a task has told of on its way; None where it told of none, or that is damaged."""
    try:
        path = getattr(stored, "metrics", None)  # results that are made up have none
        told = [] if path is None else [line for _, line in lines(stored.root, path, 0, shapes.Metric)]
    except StoreError:
        return None
    every = [(line["step"], line["value"]) for line in told if line["name"] == told[0]["name"]]
    curve = [point for point in every if isfinite(point[1])]
    if len(curve) < 2:
        return None
    (first, start), (last, end) = curve[0], curve[-1]
    values = f"{start:{form_of(start, 1)}} to {end:{form_of(end, 1)}}"
    then = "" if every[-1] == curve[-1] else ", then no number"
    return _drawn(curve, f"{told[0]['name']} {values}, updates {first:,} to {last:,}{then}", _ends(every))


def sparkline_along(scalars: Mapping[str, Any], metric: Metric) -> Sparkline | None:
    """The error or loss along a path of which a metric is; None where it is of no path, or the path is not there."""
    what = f"{metric.split}_{metric.mistake}"
    values = scalars.get("paths", {}).get(metric.policy, {}).get(what, ()) if metric.mistake else ()
    every = list(zip(scalars.get("alphas", ()), values, strict=False))
    curve = [(alpha, value) for alpha, value in every if isfinite(value)]
    if len(curve) < 2:
        return None
    scale, sign = (100, " %") if metric.mistake == "error" else (1, "")
    ends = f"{scale * curve[0][1]:.2f} to {scale * curve[-1][1]:.2f}{sign}"
    if (every[0], every[-1]) != (curve[0], curve[-1]):
        ends = "no number at an end"
    most = f"{scale * max(value for _, value in curve):.2f}{' where there is a number' * (len(curve) < len(every))}"
    words = f"{metric.split} {metric.mistake} along the path: {ends}, at most {most}"
    return _drawn(curve, words, _ends(every), SMALLEST if metric.mistake == "error" else 0)


def _ends(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The least and the most x of all points, those without a number too: what has one stays in its place."""
    return min(x for x, _ in points), max(x for x, _ in points)


def _drawn(
    curve: Sequence[tuple[float, float]], words: str, across: tuple[float, float], smallest: float = 0
) -> Sparkline:
    """A curve with what it says; what varies by less than the `smallest` does not fill the height."""
    every = max(1, ceil((len(curve) - 1) / (MOST_POINTS - 1)))
    some = [*curve[:-1:every], curve[-1]]
    values = [value for _, value in some]
    upward = min(values), max(*values, min(values) + smallest)
    points = (f"{_within(x, *across, WIDTH):.3g},{HEIGHT - _within(y, *upward, HEIGHT):.3g}" for x, y in some)
    return Sparkline(" ".join(points), words)


def _within(value: float, least: float, most: float, size: int) -> float:
    """The place of a value between the least and the most, from 1 to `size` - 1; in the middle where these are one."""
    # By halves: the least and the most may be as far apart as floats are.
    share = 0.5 if least == most else (value / 2 - least / 2) / (most / 2 - least / 2)
    return 1 + share * (size - 2)
