"""The best rewind point of each level, chosen without the images that are shown where there are others."""

from statistics import fmean

import pytest
from drawn_for_tests import draw, lines
from rewound_for_tests import KS, NAMES, over, results, rewind


class TestBestOverRewind:
    """Figure 8."""

    WISH = {"networks": [name for name in NAMES if name.startswith("imp")], "reduce": "best-over:rewind"}

    def drawn(self, plan, store):
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": self.WISH})["accuracy-vs-sparsity"]
        (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
        ((name, (x, y)),) = lines(axes).items()
        assert name == "imp"
        assert x == sorted(x) and axes.get_xlim()[0] > axes.get_xlim()[1]
        return drawing, y[::-1]

    def test_on_the_images_that_are_shown_where_there_are_no_others(self, plan, store):
        drawing, y = self.drawn(plan, store)
        expected = [
            max(100 * (1 - fmean(over(plan, "accuracy", network=f"imp[rewind={k}]", level=level))) for k in KS)
            for level in range(4)
        ]
        assert y == pytest.approx(expected)
        assert "chosen on the test images that are shown" in drawing.caption
        assert "so these numbers are optimistic" in drawing.caption
        assert "imp: 20it at level 1, 100it at levels 2, 3" in drawing.caption

    def test_on_validation_images_where_the_study_sets_some_aside(self, plan):
        """They say 0 at every level, where the test says otherwise: what is shown is the test's number at 0."""

        def validation(target):
            return 0.1 + rewind(target.network) / 1e3

        drawing, y = self.drawn(plan, results(plan, validation))
        expected = [
            100 * (1 - fmean(over(plan, "accuracy", network="imp[rewind=0]", level=level))) for level in range(4)
        ]
        assert y == pytest.approx(expected)
        assert "best mean validation result" in drawing.caption
        assert "optimistic" not in drawing.caption
        assert "imp: 0 at levels 1–3" in drawing.caption

    def test_members_named_by_themselves_have_lines_of_their_own(self, plan, store):
        """The paper's figure: the best of any k, and networks from initialisation beside it."""
        start = [f"{name}[rewind=0]" for name in ("imp", "random")]
        wish = self.WISH | {"networks": [*self.WISH["networks"], *start]}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
        drawn = lines(axes)
        assert set(drawn) == {"imp, best rewind", *start}
        assert drawn["imp, best rewind"][1][::-1] == pytest.approx(self.drawn(plan, store)[1])
        for name, measure, levels in zip(start, ("accuracy", "acc_base"), (range(4), [3]), strict=True):
            own = [100 * (1 - fmean(over(plan, measure, network=name, level=level))) for level in levels]
            assert drawn[name][1][::-1] == pytest.approx(own)
        colours = {
            line.get_label(): line.get_color() for line in axes.get_lines() if not line.get_label().startswith("_")
        }
        assert len({colours[name] for name in drawn}) == len(drawn)

    def test_of_losses_the_least_is_best(self, plan):
        def validation(target):
            return 0.5 - rewind(target.network) / 1e3

        wish = self.WISH | {"metric": "loss"}
        drawing = draw(plan, results(plan, validation), **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
        assert axes.get_ylabel() == "test loss"
        _, y = lines(axes)["imp"]
        expected = [10 * fmean(over(plan, "accuracy", network="imp[rewind=100it]", level=n)) for n in (3, 2, 1)]
        assert y[:3] == pytest.approx(expected)
