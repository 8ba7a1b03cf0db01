"""Distances and angles of copies, from their paths or a measure of their own."""

from statistics import fmean

import pytest
from drawn_for_tests import draw, lines
from results_for_tests import Result, plan_of
from rewound_for_tests import KS, TEXT, over, results

from lmcspec.report import tidy


class TestDistances:
    """Appendices D and E."""

    def test_from_the_paths_where_nothing_else_measures_them(self, plan, store):
        drawing = draw(plan, store, **{"distance-vs-step": {"x": "rewind"}})["distance-vs-step"]
        (axes,) = drawing.figure.axes
        _, y = lines(axes)["random"]
        expected = [fmean(over(plan, "sparse_lmc", network=f"random[rewind={k}]")) for k in KS]
        assert y == pytest.approx([100 * one for one in expected]), "not in percent: 100 is made up"
        assert axes.get_ylabel() == "L2 distance of the two ends"
        assert "stable" not in drawing.caption

    def test_from_their_own_measure(self):
        plan = plan_of(
            TEXT + 'distance = { networks = ["dense", "imp"], levels = ["dense", "last"], at = ["rewind", "20it"] }'
        )
        store = results(plan_of(TEXT))
        for one in plan.targets:
            if one.kind == "distance":
                number = 5.0 + one.at_updates / 10 + one.replicate
                store.found[one.task] = Result({"distance": number, "from-start": [number, 3 * number], "angle": 60.0})
            elif one.task not in store.found:
                store.found[one.task] = Result({})
        wishes = {"distance-vs-step": {"networks": ["dense"]}}
        _, y = lines(draw(plan, store, **wishes)["distance-vs-step"].figure.axes[0])["dense"]
        assert y == pytest.approx([6.0, 8.0])
        wishes["distance-vs-step"] |= {"y": ["from-start", "angle"]}
        drawing = draw(plan, store, **wishes)["distance-vs-step"]
        assert [axes.get_ylabel() for axes in drawing.figure.axes] == [
            "L2 distance from the start",
            "angle between their ways (degrees)",
        ]
        _, y = lines(drawing.figure.axes[0])["dense"]
        assert y == pytest.approx([12.0, 16.0])
        rows = [row for row in tidy(plan, store) if row.measure == "distance" and row.headline]
        assert {row.metric.name for row in rows} == {"distance"}
