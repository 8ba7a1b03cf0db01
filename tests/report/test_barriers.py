"""Barriers of partners: a line for each permutation, on their way and level by level."""

from statistics import fmean

import pytest
from drawn_for_tests import draw, lines, panels, recorded
from results_for_tests import path_result, value
from specs_for_tests import SEVEN_UPDATES, plan_of

TEXT = f"""
replicates = 4
partners = 2
{SEVEN_UPDATES}
[networks]
dense = []
imp = [{{ data = "real", rounds = 2, fraction = 0.5 }}]
[permutations]
wm = {{ method = "weights", network = "dense" }}
ss = {{ method = "weights", network = "imp", level = "same" }}
[measures]
way = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wm"], through = "2it" }}
sparse = {{ kind = "connectivity", networks = ["imp"], levels = "all", under = ["none", "wm", "ss"] }}
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return recorded(plan, path_result)


def over(plan, **wanted) -> float:
    """The mean over pairs, in points."""
    of = [one for one in plan.targets if all(getattr(one, key) == value for key, value in wanted.items())]
    assert len(of) == 2, "two pairs"
    return 100 * fmean(value(one) for one in of)


def test_a_line_per_permutation_on_the_way(plan, store):
    drawing = draw(plan, store, **{"barrier-vs-time": {"x": "step"}})["barrier-vs-time"]
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert list(shown) == ["unpermuted", "under wm"]
    for label, under in (("unpermuted", "none"), ("under wm", "wm")):
        x, y = shown[label]
        assert x == [0, 2, 4, 6]
        expected = [over(plan, measure="way", under=under, through=step) for step in (0, 2, 4, None)]
        assert y == pytest.approx(expected)
    assert axes.get_ylabel() == "barrier (points of test error)"


def test_level_by_level_for_those_that_have_levels(plan, store):
    drawing = draw(plan, store, **{"barrier-vs-level": {"measure": "sparse", "under": ["ss", "none"]}})[
        "barrier-vs-level"
    ]
    assert list(panels(drawing)) == ["imp"], "a network that is only dense has no panel"
    shown = lines(panels(drawing)["imp"])
    assert list(shown) == ["under ss", "unpermuted"], "in the order of the figure"
    for label, under in (("unpermuted", "none"), ("under ss", "ss")):
        _, y = shown[label]
        assert y[::-1] == pytest.approx([over(plan, measure="sparse", under=under, level=level) for level in (0, 1, 2)])


def test_nobody_on_the_way(store):
    plan = plan_of(TEXT.replace(', through = "2it"', ""))
    drawing = draw(plan, recorded(plan, path_result), **{"barrier-vs-time": {}})["barrier-vs-time"]
    assert drawing.figure is None
    assert "say `through" in drawing.notes[0]
