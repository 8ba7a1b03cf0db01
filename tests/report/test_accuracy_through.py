"""Accuracy on the way: a line per network over the steps of its own training."""

from statistics import fmean, stdev

import pytest
from drawn_for_tests import Recorded, draw, lines, panels
from results_for_tests import made_up, plan_of

from lmcspec.report import tidy
from lmcspec.report.figures import drawings

TEXT = """
[networks]
dense = []
imp = [{ data = "real", rounds = 2, rewind = "20it" }]
random = { like = "imp", mask = "shuffled" }
[measures]
accuracy = { through = "46it" }
"""
EPOCH = 23
"""1,437 images in batches of 64; ten of them are 230 updates."""


def error(target) -> float:
    way = 230 if target.through is None else target.through
    return 0.9 - way / 300 + 0.01 * target.replicate + 0.02 * target.level * (1 + (target.network == "random"))


def worth(network: str, level: int, step: int) -> list[float]:
    return [100 - 100 * (0.9 - step / 300 + 0.01 * s + 0.02 * level * (1 + (network == "random"))) for s in range(3)]


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


def figure(plan, value=error, **wish):
    store = made_up(plan, value)
    return draw(plan, store, **{"accuracy-through-training": wish})["accuracy-through-training"]


def test_a_line_per_network_over_the_epochs(plan):
    drawing = figure(plan)
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert list(shown) == ["dense", "imp, 36.0 % sparse", "random, 36.0 % sparse"]
    steps = {0: [0, 46, 92, 138, 184, 230], 2: [20, 46, 92, 138, 184, 230]}  # a level begins where it goes back to
    for (network, level), (x, y) in zip((("dense", 0), ("imp", 2), ("random", 2)), shown.values(), strict=True):
        assert x == [step / EPOCH for step in steps[level]]
        assert y == pytest.approx([fmean(worth(network, level, step)) for step in steps[level]])
    band = axes.collections[0].get_paths()[0].get_extents()
    assert band.height == pytest.approx(y_range(worth("dense", 0, 0), worth("dense", 0, 230)))
    assert "n = 3" in drawing.figure.legends[0].get_title().get_text()


def y_range(first: list[float], last: list[float]) -> float:
    """From the mean less its spread of the first point to the mean and its spread of the last."""
    return fmean(last) + stdev(last) - fmean(first) + stdev(first)


def test_over_steps_a_panel_each_at_levels_asked_for(plan):
    drawing = figure(plan, x="step", panels="network", networks=["imp", "random"], levels=[1, "last"])
    assert list(panels(drawing)) == ["imp", "random"]
    shown = lines(panels(drawing)["random"])
    assert list(shown) == ["random, 20.0 % sparse", "random, 36.0 % sparse"]
    x, y = shown["random, 20.0 % sparse"]
    assert (x, y[-1]) == ([20, 46, 92, 138, 184, 230], pytest.approx(fmean(worth("random", 1, 230))))


def test_what_diverged_on_the_way_is_a_gap_with_a_note(plan):
    def value(target):
        if target.network == "imp" and target.level == 2 and (target.through or 999) > 100:
            return float("nan")
        return error(target)

    drawing = figure(plan, value)
    _, y = lines(drawing.figure.axes[0])["imp, 36.0 % sparse"]
    assert [one == one for one in y] == [True, True, True, False, False, False]
    assert drawing.notes == ("imp, 36.0 % sparse: no number at 6, 8, 10 (a gap)",)


def test_guessing_is_told_of_the_end_only(plan):
    drawing = figure(plan, lambda target: "chance" if not target.through and target.level == 0 else error(target))
    assert drawing.notes == ("dense: replicates missing or collapsed at 10 (open markers)",)


def test_without_through_it_says_what_to_write():
    plan = plan_of(TEXT.replace('through = "46it"', ""))
    drawing = figure(plan)
    assert drawing.figure is None
    assert 'say `through = "1ep"`' in drawing.notes[0]


def test_a_study_with_it_gets_the_figure_unasked(plan):
    store = Recorded(made_up(plan, error).found)
    names = [one.name for one in drawings(plan, "", tidy(plan, store), store, {})]
    assert names == ["accuracy-vs-sparsity", "accuracy-through-training", "cost"]
