"""Instability and accuracy against the rewind point, from made-up results, read back."""

from itertools import pairwise
from statistics import fmean, stdev

import pytest
from drawn_for_tests import dense_bars, draw, draw_across, lines, panels
from rewound_for_tests import KS, over


class TestByRewindPoint:
    """Figure 7."""

    WISH = {"x": "rewind", "y": ["instability", "accuracy"], "series": "network"}

    def test_a_line_per_family_and_dense_by_k(self, plan, store):
        drawing = draw(plan, store, **{"instability-vs-step": self.WISH})["instability-vs-step"]
        above, below = drawing.figure.axes
        assert drawing.notes == ()
        shown = lines(above)
        assert list(shown) == ["imp", "random", "dense"]
        for name in ("imp", "random"):
            x, y = shown[name]
            assert x == [0, 20, 100]
            expected = [
                fmean(over(plan, "sparse_lmc", network=f"{name}[rewind={k}]", at_updates=at))
                for k, at in zip(KS, x, strict=True)
            ]
            assert y == pytest.approx([100 * one for one in expected])
        x, y = shown["dense"]
        assert x == [0, 20, 100]
        expected = [fmean(over(plan, "dense_lmc", at_updates=at, through=None)) for at in x]
        assert y == pytest.approx([100 * one for one in expected])
        assert above.get_ylabel() == "instability (points of test error)"
        assert [tick.get_text() for tick in below.get_xticklabels()] == ["0", "20", "100"]
        assert below.get_xlabel() == "k, the rewind point (updates)"

    def test_accuracies_below_with_the_bar_of_dense(self, plan, store):
        drawing = draw(plan, store, **{"instability-vs-step": self.WISH})["instability-vs-step"]
        _, below = drawing.figure.axes
        shown = lines(below)
        assert set(shown) == {"imp", "random"}
        for name, measure in (("imp", "accuracy"), ("random", "acc_base")):
            _, y = shown[name]
            expected = [fmean(over(plan, measure, network=f"{name}[rewind={k}]", level=3)) for k in KS]
            assert y == pytest.approx([100 * (1 - one) for one in expected])
        dense = [1 - one for one in over(plan, "accuracy", network="dense")]
        (bar,) = dense_bars(below)
        ends = (fmean(dense) - stdev(dense), fmean(dense) + stdev(dense))
        assert list(bar.get_ydata()) == pytest.approx([100 * end for end in ends])
        assert below.get_ylabel() == "test accuracy (%)"

    def test_a_panel_alone_has_room(self, plan, store):
        """LeNet's had a third of its figure, beside a legend of one long line."""
        wish = self.WISH | {"band": "all"}
        figure = draw(plan, store, **{"instability-vs-step": wish})["instability-vs-step"].figure
        figure.draw_without_rendering()
        assert all(axes.get_window_extent().width > 0.55 * figure.bbox.width for axes in figure.axes)
        assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1

    def test_cases_side_by_side(self, cases, of_cases):
        wish = {"instability-vs-step": self.WISH | {"panels": "case"}}
        drawing = draw_across(cases, of_cases, **wish)["instability-vs-step"]
        titles = panels(drawing)
        assert list(titles) == ["std (51.2 % of weights)", "low (64.0 % of weights)"]
        for case, axes in zip(("std", "low"), titles.values(), strict=True):
            _, y = lines(axes)["imp"]
            expected = [fmean(over(cases, "sparse_lmc", case=case, network=f"imp[rewind={k}]")) for k in KS]
            assert y == pytest.approx([100 * one for one in expected])
        assert len([axes for axes in drawing.figure.axes if axes.axison]) == 4
        # In the figures of each case it has no place any more.
        assert draw(cases, of_cases, case="std", **wish) == {}


def test_instability_of_the_loss(plan, store):
    wish = {"metric": "loss", "networks": ["dense"]}
    drawing = draw(plan, store, **{"instability-vs-step": wish})["instability-vs-step"]
    (axes,) = drawing.figure.axes
    _, y = lines(axes)["dense"]
    assert y[0] == pytest.approx(3 * fmean(over(plan, "dense_lmc", at_updates=0, through=None)))
    assert axes.get_ylabel() == "instability (test loss)"
    assert "stable" not in drawing.caption


def test_labels_of_steps_do_not_touch():
    """Ten rewind points of the paper in a panel of two inches."""
    from matplotlib.figure import Figure

    from lmcspec.report.figures.step_axis import finish, in_one_unit

    steps = (0, 20, 50, 100, 200, 500, 1000, 2000, 3000, 5000)
    labels, unit = in_one_unit({step: f"{step}it" for step in steps})
    assert unit == "updates"
    assert labels[2000] == "2K" and labels[0] == "0"
    assert in_one_unit({0: "0", 69: "3ep"})[1] == "epochs"
    assert in_one_unit({20: "20it", 69: "3ep"}) == ({20: "20it", 69: "3ep"}, "")
    figure = Figure(figsize=(2.6, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(steps, steps)
    finish(axes, labels, 2.2)
    figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in axes.get_xticklabels() if tick.get_text()]
    starts = [box.x1 for box in boxes]
    assert all(after - before > 8 for before, after in pairwise(starts)), "slanted, a line apart"
