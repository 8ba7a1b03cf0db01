"""Instability as training goes on: a line per k."""

from statistics import fmean

import pytest
from drawn_for_tests import Recorded, draw, draw_across, lines, panels
from results_for_tests import Result, made_up, plan_of
from rewound_for_tests import TEXT, over

from lmcspec.report import tidy
from lmcspec.report.anchors import anchor_of
from lmcspec.report.figures import drawings
from lmcspec.report.figures.marks import marks_of


class TestThroughTraining:
    """Figure 4."""

    def test_a_line_per_k_over_the_epochs(self, plan, store):
        drawing = draw(plan, store, **{"through-training": {}})["through-training"]
        (axes,) = drawing.figure.axes
        shown = lines(axes)
        assert list(shown) == ["k = 0", "k = 20it", "k = 100it"]
        # 230 updates of 23 an epoch, looked at every 46: beyond 100 the first is 138.
        for k, steps in (("0", (46, 92, 138, 184, 230)), ("20it", (46, 92, 138, 184, 230)), ("100it", (138, 184, 230))):
            x, y = shown[f"k = {k}"]
            assert x == [step / 23 for step in steps]
            at = int(k.removesuffix("it"))
            expected = [
                fmean(over(plan, "dense_lmc", at_updates=at, through=None if step == 230 else step)) for step in steps
            ]
            assert y == pytest.approx([100 * one for one in expected])
        assert (axes.get_title(), axes.get_xlabel()) == ("dense", "epochs of training")

    def test_each_point_leads_to_its_tasks(self, plan, store):
        drawing = draw(plan, store, **{"through-training": {}})["through-training"]
        placed = [mark.cell.where for mark in marks_of(drawing.figure)]
        there = {anchor_of(target) for target in plan.targets}  # all of which the page lists: test_sources
        assert len(placed) == 13 and {anchor_of(where) for where in placed} <= there
        assert len({anchor_of(where) for where in placed}) == 13

    def test_over_steps(self, plan, store):
        drawing = draw(plan, store, **{"through-training": {"x": "step", "at": "100it"}})["through-training"]
        ((x, _),) = lines(drawing.figure.axes[0]).values()
        assert x == [138, 184, 230]

    def test_cases_side_by_side(self, cases, of_cases):
        drawing = draw_across(cases, of_cases, **{"through-training": {"panels": "case"}})["through-training"]
        assert list(panels(drawing)) == ["std", "low"]
        _, y = lines(panels(drawing)["low"])["k = 0"]
        assert y[-1] == pytest.approx(100 * fmean(over(cases, "dense_lmc", case="low", at_updates=0, through=None)))

    def test_without_through_it_says_what_to_write(self, store):
        plan = plan_of(TEXT.replace(', through = "46it"', ""))
        drawing = draw(plan, store, **{"through-training": {}})["through-training"]
        assert drawing.figure is None
        assert "say `through`" in drawing.notes[0]

    def test_a_study_with_it_gets_the_figure_unasked(self, plan, store):
        names = [one.name for one in drawings(plan, "", tidy(plan, store), store, {})]
        assert "through-training" in names

    def test_a_panel_without_a_number_has_the_axis_of_the_others_and_a_note(self, plan, store):
        def value(target):
            return "diverged" if target.kind == "stability" else 0.1

        wild = Recorded(made_up(plan, value).found)
        for one in plan.targets:
            if one.kind == "stability":
                wild.found[one.task] = Result({"alphas": [0.0, 1.0], "paths": {}}, "diverged")
        whole = draw(plan, store, **{"through-training": {}})["through-training"].figure.axes[0].get_xlim()
        drawing = draw(plan, wild, **{"through-training": {"metric": "instability/test"}})["through-training"]
        assert drawing.figure.axes[0].get_xlim() == pytest.approx(whole)
        assert "dense: k = 0, k = 20it: diverged at 2, 4, 6, 8, 10 (a gap)" in drawing.notes
