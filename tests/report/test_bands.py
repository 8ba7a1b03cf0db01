"""Bands: over replicates, or over all pairs of all replicates."""

from statistics import fmean, stdev

import pytest
from drawn_for_tests import draw, lines
from rewound_for_tests import over, rise


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

    def test_the_band_of_another_network(self, plan, store):
        wish = {"networks": ["imp[rewind=0]"], "baseline": "imp"}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        assert "Grey: the dense network" in drawing.caption
