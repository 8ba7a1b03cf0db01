"""Bands: over replicates, or over all pairs of all replicates."""

from statistics import fmean, stdev

import pytest
from drawn_for_tests import Recorded, draw, lines
from rewound_for_tests import over, rise

from lmcspec.report.figures.lines import ASIDE, LineStyle, MeanPoint, asides, draw_line
from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.style import canvas, drawn
from lmcspec.report.summary import Cell


class TestBands:
    def test_over_all_pairs_of_all_replicates(self, plan, store):
        """Frankle et al. count nine values where there are three initialisations of three pairs."""
        wish = {"networks": ["dense"], "at": "20it"}
        usual, nine = (
            draw(plan, store, **{"instability-vs-step": wish | more})["instability-vs-step"]
            for more in ({}, {"band": "all"})
        )
        values = [
            rise(one) for one in plan.targets if (one.at_updates, one.network, one.through) == (20, "dense", None)
        ]
        assert len(values) == 9
        for drawing, spread in ((usual, over(plan, "dense_lmc", at_updates=20, through=None)), (nine, values)):
            (axes,) = drawing.figure.axes
            _, y = lines(axes)["dense"]
            assert y == pytest.approx([100 * fmean(values)])
            (bar,) = axes.collections[0].get_segments()
            assert bar[1][1] - bar[0][1] == pytest.approx(200 * stdev(spread))
        assert usual.figure.legends[0].get_title().get_text() == "mean ± std, n = 3"
        assert nine.figure.legends[0].get_title().get_text() == "mean ± std over replicates and\npairs, n = 9"
        assert "not independent" in nine.caption and "not independent" not in usual.caption

    def test_along_a_path(self, plan, store):
        wish = {"networks": ["dense"], "at": "20it", "split": "test", "band": "all"}
        drawing = draw(plan, store, **{"error-along-path": wish})["error-along-path"]
        assert drawing.figure.legends[0].get_title().get_text().endswith("n = 9")

    def test_a_replicate_without_all_its_pairs_is_missing(self, plan, store):
        """Of two of three replicates the last pair is not there: in the mean along a path, and in that against k."""
        last = {one.task for one in plan.targets if one.replicate and one.copies == (1, 2) and one.through is None}
        some = Recorded({task: result for task, result in store.found.items() if task not in last})
        wish = {"networks": ["dense"], "at": "20it", "split": "test"}
        for name, more, counts in (
            ("error-along-path", {}, (1, 3)),
            ("error-along-path", {"band": "all"}, (7, 9)),
            ("instability-vs-step", {}, (1, 3)),
        ):
            drawing = draw(plan, some, **{name: wish | more})[name]
            marks = [mark for mark in marks_of(drawing.figure) if mark.line == "dense"]
            assert marks and {(mark.cell.n, mark.cell.asked) for mark in marks} == {counts}
            if name == "error-along-path":
                there = "7 of 9 pairs are there" if more else "1 of 3 replicates are there with all their pairs"
                assert drawing.notes == (f"dense at level 0 from k = 20it: {there}",)

    def test_the_band_of_another_network(self, plan, store):
        wish = {"networks": ["imp[rewind=0]"], "baseline": "imp"}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        assert "Grey: the dense network" in drawing.caption

    def test_bars_of_several_lines_at_one_x_stand_side_by_side(self, plan, store):
        """Each within a marker's width of its point, and none behind another, as pixels have it."""
        drawing = draw(plan, store, **{"instability-vs-step": {"levels": [0, "last"]}})["instability-vs-step"]
        (axes,) = drawing.figure.axes
        drawing.figure.canvas.draw()
        points = 72 / drawing.figure.dpi
        bars = {}
        for bar in axes.collections:
            for x, aside in zip(
                (axes.transData.transform(segment)[0][0] for segment in bar.get_segments()),
                (bar.get_transform().transform(segment)[0][0] for segment in bar.get_segments()),
                strict=True,
            ):
                bars.setdefault(round(x, 3), []).append(points * (aside - x))
        assert max(map(len, bars.values())) > 1
        for offsets in bars.values():
            assert len({round(offset, 2) for offset in offsets}) == len(offsets)
            assert max(map(abs, offsets)) <= ASIDE / 2 + 0.01


def points(*places):
    cell = Cell(0.5, 0.1, 2, (0.4, 0.6), asked=2)
    return [MeanPoint(x, cell) for x in places]


@pytest.mark.parametrize(
    ("lines_at", "expected"),
    [
        ([(0, 1), (2, 3)], [0, 0]),
        ([(0, 1), (1, 2)], [-1, 1]),
        ([(0,), (0,), (0,)], [-2, 0, 2]),
        ([(0,), (), (0,)], [-1, 0, 1]),
        ([(0,)] * 6, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]),
        ([], []),
    ],
)
def test_bars_stand_aside_only_where_they_would_cover_each_other(lines_at, expected):
    with drawn():
        assert asides([points(*places) for places in lines_at]) == pytest.approx(expected)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_all_of_a_bar_is_seen_wherever_it_stands(scale):
    with drawn():
        _, ((axes,),) = canvas(1, 1, 3, 3)
        axes.set_yscale(scale)
        for aside in (-1.0, 1.0):
            draw_line(axes, points(0, 1), LineStyle("#000000", "o", "-"), "a", bars=True, aside=aside)
    low, high = axes.get_ylim()
    assert low <= 40 and high >= 60 and axes.get_xlim()[0] <= 0 and axes.get_xlim()[1] >= 1
    assert low > 10 and high < 100, "and little else"
