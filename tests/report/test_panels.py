"""Figures of panels: a panel per case, network or k."""

from statistics import fmean, stdev

import pytest
from drawn_for_tests import dense_bars, draw, draw_across, lines, panels
from results_for_tests import plan_of
from rewound_for_tests import CASES, KS, NAMES, TEXT, over, results

from lmcspec.report import tidy
from lmcspec.report.figures import across, files
from lmcspec.report.figures.options import figure_of


def only(measure: str, k: str) -> dict[str, str]:
    return {"network": f"imp[rewind={k}]"} if measure == "sparse_lmc" else {}


class TestPanels:
    def test_accuracy_of_cases_each_with_its_dense_bar(self, cases, of_cases):
        """Figure 5."""
        wish = {"panels": "case", "networks": ["imp[rewind=0]"]}
        drawing = draw_across(cases, of_cases, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        for case, axes in panels(drawing).items():
            dense = [100 * (1 - one) for one in over(cases, "accuracy", case=case, network="dense")]
            (bar,) = dense_bars(axes)
            assert list(bar.get_ydata()) == pytest.approx([fmean(dense) - stdev(dense), fmean(dense) + stdev(dense)])
            assert f"{case}: {fmean(dense):.2f} ± {stdev(dense):.2f} (n = 3)" in drawing.caption
            assert axes.get_xscale() == "log" and axes.get_xlim()[0] > 100

    def test_errors_along_paths_of_cases(self, cases, of_cases):
        """Figures 2 and 6."""
        wish = {"panels": "case", "networks": ["imp[rewind=0]", "random[rewind=0]"], "split": "test"}
        drawing = draw_across(cases, of_cases, **{"error-along-path": wish})["error-along-path"]
        assert list(panels(drawing)) == ["std, test", "low, test"]
        for case in ("std", "low"):
            shown = lines(panels(drawing)[f"{case}, test"])
            assert list(shown) == wish["networks"]
            for network, (_, y) in shown.items():
                assert y[1] == pytest.approx(100 * fmean(over(cases, "sparse_lmc", case=case, network=network)))
        looks = {line.get_color() for line in panels(drawing)["std, test"].lines}
        assert len(looks) == 2, "more networks than colours, but only one of each family"

    def test_errors_along_paths_of_a_family(self, plan, store):
        """Appendix C: a panel per family, a line per rewind point."""
        wish = {"panels": "network", "networks": NAMES, "split": "test"}
        drawing = draw(plan, store, **{"error-along-path": wish})["error-along-path"]
        assert list(panels(drawing)) == ["imp, test", "random, test"]
        for name in ("imp", "random"):
            shown = lines(panels(drawing)[f"{name}, test"])
            assert list(shown) == ["k = 0", "k = 20it", "k = 100it"]
            expected = [fmean(over(plan, "sparse_lmc", network=f"{name}[rewind={k}]")) for k in KS]
            assert [y[1] for _, y in shown.values()] == pytest.approx([100 * one for one in expected])

    def test_a_line_per_k_in_panels_of_cases(self, cases, of_cases):
        """Appendices B and C: all settings side by side."""
        for networks, measure in ((["dense"], "dense_lmc"), ([f"imp[rewind={k}]" for k in KS], "sparse_lmc")):
            wish = {"panels": "case", "series": "at", "networks": networks, "measure": measure, "split": "test"}
            drawing = draw_across(cases, of_cases, **{"error-along-path": wish})["error-along-path"]
            assert list(panels(drawing)) == ["std, test", "low, test"]
            for case in ("std", "low"):
                shown = lines(panels(drawing)[f"{case}, test"])
                assert list(shown) == ["k = 0", "k = 20it", "k = 100it"]
                for (_, y), k in zip(shown.values(), KS, strict=True):
                    at = int(k.rstrip("it"))
                    own = fmean(over(cases, measure, case=case, at_updates=at, through=None, **only(measure, k)))
                    assert y[1] == pytest.approx(100 * own)
            assert drawing.notes == ()

    def test_paths_under_another_policy(self, plan, store):
        wish = {"networks": ["dense"], "at": 0, "split": "test", "metric": "error@recompute"}
        drawing = draw(plan, store, **{"error-along-path": wish})["error-along-path"]
        (axes,) = drawing.figure.axes
        assert lines(axes)["dense"][1][1] == pytest.approx(
            25 * fmean(over(plan, "dense_lmc", at_updates=0, through=None))
        )
        assert "statistics of batch norm recomputed" in drawing.caption

    def test_cases_whose_families_have_other_members(self):
        """ImageNet's rewind points are epochs, LeNet's updates: each panel shows its own."""
        text = TEXT + CASES.replace(
            'rewind = { each = [0, "20it", "100it"] }', 'rewind = { each = [0, "40it", "2ep"] }'
        )
        plan = plan_of(text)
        store, own = results(plan), {"std": KS, "low": ("0", "40it", "2ep")}

        def drawing(**wish):
            wishes = {
                case: {"figure": figure_of({"panels": "case", **wish, "networks": members(wish, ks)})}
                for case, ks in own.items()
            }
            (found,) = across(plan, tidy(plan, store), store, wishes)
            return found

        def members(wish, ks):
            every = [f"imp[rewind={k}]" for k in ks]
            return every if wish["plot"] == "error-along-path" else [*every, "imp[rewind=0]"]

        paths = drawing(plot="error-along-path", series="at", split="test", measure="sparse_lmc")
        legend = [text.get_text() for text in paths.figure.legends[0].get_texts()]
        assert legend == [f"k = {k}" for k in ("0", "20it", "40it", "2ep", "100it")], "in the order of updates"
        best = drawing(plot="accuracy-vs-sparsity", reduce="best-over:rewind")
        looks = set()
        for case, ks in own.items():
            assert list(lines(panels(paths)[f"{case}, test"])) == [f"k = {k}" for k in ks]
            axes = panels(best)[case]
            assert set(lines(axes)) == {"imp[rewind=0]", "imp, best rewind"}
            errors = [
                min(fmean(over(plan, "accuracy", case=case, network=f"imp[rewind={k}]", level=level)) for k in ks)
                for level in (0, 1, 2)
            ]
            shown = lines(axes)["imp, best rewind"][1][::-1][:3]
            assert shown == pytest.approx([100 * (1 - one) for one in errors])
            looks.add(tuple((line.get_label(), line.get_color()) for line in axes.lines if line.get_label()[0] != "_"))
        assert len(looks) == 1

    def test_both_kinds_of_images_in_one_panel(self, cases, of_cases):
        """Figures 2 and 3."""
        wish = {"panels": "case", "series": "split", "networks": ["dense"]}
        paths = draw_across(cases, of_cases, **{"error-along-path": wish | {"at": 0}})["error-along-path"]
        steps = draw_across(cases, of_cases, **{"instability-vs-step": wish})["instability-vs-step"]
        assert (paths.notes, steps.notes) == ((), ())
        for case in ("std", "low"):
            top = fmean(over(cases, "dense_lmc", case=case, at_updates=0, through=None))
            shown = lines(panels(paths)[case])
            assert [y[1] for y in (shown["test"][1], shown["train"][1])] == pytest.approx([100 * top, 50 * top])
            over_steps = lines(panels(steps)[case])
            assert list(over_steps) == ["test", "train"]
            tops = [fmean(over(cases, "dense_lmc", case=case, at_updates=k, through=None)) for k in (0, 20, 100)]
            assert over_steps["test"][1] == pytest.approx([100 * one for one in tops])
            assert over_steps["train"][1] == pytest.approx([50 * one for one in tops])
            assert len({line.get_color() for line in panels(steps)[case].lines[:2]}) == 2
        (first, *_) = (axes for axes in steps.figure.axes if axes.get_ylabel())
        assert first.get_ylabel() == "instability (points of error)"

    def test_a_panel_per_family_of_accuracies(self, plan, store):
        wish = {"panels": "network"}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        assert list(panels(drawing)) == ["dense", "imp", "random"]
        assert set(lines(panels(drawing)["imp"])) == {f"imp[rewind={k}]" for k in KS}

    def test_of_several_k_a_panel_of_a_case_shows_the_first_and_says_so(self, cases, of_cases):
        wish = {"panels": "case", "measure": "dense_lmc"}
        drawing = draw_across(cases, of_cases, **{"instability-vs-sparsity": wish})["instability-vs-sparsity"]
        assert drawing.notes[0] == "std: k = 0 of 0, 20it, 100it; say which with `at`"


def test_every_figure_can_be_written(cases, of_cases):
    wishes = {plot: {"panels": "case"} for plot in ("accuracy-vs-sparsity", "through-training")}
    for drawing in draw_across(cases, of_cases, **wishes).values():
        assert set(files(drawing)) == {"svg", "png"}
