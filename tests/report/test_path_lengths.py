"""Barriers and fixed points against the length of paths: which lines, which points, and what is said of them."""

import math
from statistics import fmean, stdev

import pytest
from drawn_for_tests import draw, lines, recorded
from results_for_tests import Result
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.numbers import numbers

TEXT = f"""
replicates = 4
partners = 2
{SEVEN_UPDATES}
[networks]
dense = []
[permutations]
wm = {{ method = "weights", network = "dense" }}
am = {{ method = "activations", network = "dense" }}
[measures]
trans = {{ kind = "transitivity", levels = ["dense"], under = ["wm", "am"], lengths = [2, 3, 4], paths = 3 }}
"""
PLOT = "barrier-vs-length"


def values(under: str, length: int) -> dict[str, list[float]]:
    """Of three paths; other ones for each permutation, number, and images."""
    base = 0.1 * length + (0.5 if under == "am" else 0.0)
    found = {
        f"{what}-barrier/{images}": [base + number + path / 100 for path in range(3)]
        for number, what in enumerate(("composed", "direct", "unpermuted", "cycle"))
        for images in ("test", "train-loss")
        if (what, length) != ("cycle", 2)
    }
    return found | {"fixed-points": [1 / length] * 3, "fixed-points-by-chance": [0.125] * 3}


def result(target):
    lengths = {str(length): {"paths": ["0-1"] * 3, "values": values(target.under, length)} for length in (2, 3, 4)}
    means = {name: fmean(of) for name, of in values(target.under, 4).items()}
    return Result({"metrics": means, "lengths": lengths})


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return recorded(plan, result)


def test_means_over_paths_of_each_length(plan, store):
    drawing = draw(plan, store, **{PLOT: {}})[PLOT]
    barriers, fixed = drawing.figure.axes
    shown = lines(barriers)
    assert list(shown) == [
        *("wm, along the path", "wm, of the ends alone", "unpermuted"),
        *("am, along the path", "am, of the ends alone"),
    ]
    for under in ("wm", "am"):
        x, y = shown[f"{under}, along the path"]
        assert x == [2, 3, 4]
        wanted = [100 * fmean(values(under, length)["composed-barrier/test"]) for length in x]
        assert y == pytest.approx(wanted)
    shown = lines(fixed)
    assert shown["wm, along the path"][1] == pytest.approx([50, 100 / 3, 25])
    assert shown["by chance"][1] == pytest.approx([12.5] * 3)
    assert barriers.get_ylabel() == "barrier (points of test error)"
    assert fixed.get_xlabel() == "networks on the path"
    assert "Means over 3 random paths" in drawing.caption and "no interval" in drawing.caption


def test_how_many_paths_there_are_is_no_n(plan, store):
    drawn = marks_of(draw(plan, store, **{PLOT: {"y": "barrier"}})[PLOT].figure)
    assert {(record["n"], record["asked"]) for record in numbers(drawn)} == {(None, None)}
    assert drawn[0].words.endswith(" (3 paths)")


def test_bars_are_the_spread_of_paths(plan, store):
    drawing = draw(plan, store, **{PLOT: {"y": "barrier", "under": ["wm"]}})[PLOT]
    (axes,) = drawing.figure.axes
    (low, high) = axes.collections[0].get_segments()[0]
    spread = 100 * stdev(values("wm", 2)["composed-barrier/test"])
    assert (high[1] - low[1]) / 2 == pytest.approx(spread)


def test_cycles_and_another_number(plan, store):
    asked = {"y": ["cycle"], "under": ["am"], "metric": "loss", "split": "train"}
    (axes,) = draw(plan, store, **{PLOT: asked})[PLOT].figure.axes
    ((label, (x, y)),) = lines(axes).items()
    assert (label, x) == ("am, along the path", [3, 4]), "there and back is no cycle"
    assert y == pytest.approx([fmean(values("am", length)["cycle-barrier/train-loss"]) for length in x])
    assert axes.get_ylabel() == "barrier around a cycle (train loss)"
    nobody = draw(plan, store, **{PLOT: {"y": ["cycle"], "split": "validation"}})[PLOT]
    assert nobody.notes == ("dense: no numbers of the barrier around a cycle are there",)


def test_what_is_missing_is_said(plan, store):
    only = recorded(plan, lambda target: result(target) if target.under == "wm" else None)
    only.found = {name: found for name, found in only.found.items() if found is not None}
    drawing = draw(plan, only, **{PLOT: {}})[PLOT]
    assert drawing.notes == ("dense, under am: not in the store yet",)
    assert "am, along the path" not in lines(drawing.figure.axes[0])
    only.found.clear()
    drawing = draw(plan, only, **{PLOT: {}})[PLOT]
    assert drawing.figure is None and len(drawing.notes) == 2


def test_paths_without_a_number_are_told_of(plan):
    """The mean over the others has an open marker, and where there are none there is a gap."""

    def broken(target):
        stored = result(target)
        stored.scalars["lengths"]["3"]["values"]["composed-barrier/test"] = [0.1, math.nan, 0.3]
        stored.scalars["lengths"]["4"]["values"]["composed-barrier/test"] = [math.nan] * 3
        return stored

    drawing = draw(plan, recorded(plan, broken), **{PLOT: {"y": "barrier", "under": ["wm"]}})[PLOT]
    _, y = lines(drawing.figure.axes[0])["wm, along the path"]
    assert y[1] == pytest.approx(20) and math.isnan(y[2])
    assert drawing.notes == (
        "dense: wm, along the path: no number at 4 networks (a gap)",
        "dense: wm, along the path: replicates missing or collapsed at 3 networks (open markers)",
    )
