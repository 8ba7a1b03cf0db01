"""Barriers and fixed points over what families of permutations vary in."""

# pyright: reportOptionalMemberAccess=false
# What can be drawn has a figure.

import math
from statistics import fmean

import pytest
from drawn_for_tests import Recorded, lines, panels, recorded
from permutations_for_tests import FAMILIES, HEAD, MEASURES, TEXT, drawn, result, ways_of
from results_for_tests import Result, value
from specs_for_tests import plan_of

from lmcspec.report import tidy
from lmcspec.report.figures import drawings
from lmcspec.report.results_table import results_table


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return recorded(plan, result)


def over(plan, under, measure="ends", through=None, scale=100.0) -> float:
    """The mean over the two pairs at the end, or after so many updates."""
    of = [one for one in plan.targets if (one.measure, one.under, one.through, one.at) == (measure, under, through, "")]
    assert len(of) == 2, (under, through)
    return scale * fmean(value(one) for one in of)


class TestSteps:
    def test_a_line_per_family_and_level_lines_of_others(self, plan, store):
        wish = {"under": ["none", "wm", *ways_of(plan, "wt"), *ways_of(plan, "at")]}
        drawing = drawn(plan, store, "barrier-vs-step", **wish)
        (axes,) = drawing.figure.axes
        shown = lines(axes)
        assert list(shown) == ["unpermuted", "under wm", "under wt", "under at"]
        assert shown["under wt"] == (
            [0, 2, 4],
            pytest.approx([over(plan, f"wt[step={k}]") for k in ("0", "2it", "4it")]),
        )
        assert shown["under at"] == (
            [2, 4, 6],
            pytest.approx([over(plan, f"at[step={k}]") for k in ("2it", "4it", "end")]),
        )
        for label, under in (("unpermuted", "none"), ("under wm", "wm")):
            assert shown[label] == ([0, 2, 4, 6], pytest.approx([over(plan, under)] * 4))
        assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "2it", "4it", "end"]
        assert axes.get_xlabel() == "step at which networks are aligned"
        assert drawing.notes == () and "end of their training" in drawing.caption

    def test_its_numbers_are_those_of_the_table(self, plan, store):
        _, y = lines(drawn(plan, store, "barrier-vs-step", under=ways_of(plan, "wt")).figure.axes[0])["under wt"]
        table = results_table(tidy(plan, store))
        texts = {
            column.heading: value.text
            for line in table.lines
            for column, value in zip(table.columns, line.values, strict=True)
            if value
        }
        for k, shown in zip(("0", "2it", "4it"), y, strict=True):
            assert texts[f"ends under wt[step={k}]"].startswith(f"{shown:.2f} ± ")

    def test_in_one_unit_where_all_are_written_so(self, plan, store):
        axes = drawn(plan, store, "barrier-vs-step", under=ways_of(plan, "wt")).figure.axes[0]
        assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "2", "4"]
        assert axes.get_xlabel() == "step at which networks are aligned (updates)"

    def test_the_distance_beneath(self, plan, store):
        drawing = drawn(plan, store, "barrier-vs-step", y=["barrier", "distance"], under=ways_of(plan, "wt"))
        _upper, lower = drawing.figure.axes
        expected = [over(plan, f"wt[step={k}]", scale=1) for k in ("0", "2it", "4it")]
        assert lines(lower)["under wt"][1] == pytest.approx(expected)
        assert drawing.title == "Barrier and distance against the step at which networks are aligned"

    def test_partners_at_the_step_at_which_they_are_aligned(self, plan, store):
        under = ["none", *ways_of(plan, "wt")]
        drawing = drawn(plan, store, "barrier-vs-step", when="step", under=under)
        shown = lines(drawing.figure.axes[0])
        steps = {"0": 0, "2it": 2, "4it": 4}
        assert shown["under wt"] == (
            [0, 2, 4],
            pytest.approx([over(plan, f"wt[step={k}]", through=at) for k, at in steps.items()]),
        )
        assert shown["unpermuted"] == ([0, 2, 4], pytest.approx([over(plan, "none", through=at) for at in (0, 2, 4)]))
        assert "the step at which they are aligned" in drawing.caption

    def test_how_units_agree_beneath_them(self, plan, store):
        wish = {"when": "step", "y": ["barrier", "fixed-points"], "under": ways_of(plan, "wt")}
        assert plan_of(
            f'{TEXT}[figures]\nf = {{ plot = "barrier-vs-step", when = "step", y = ["barrier", "fixed-points"] }}\n'
        )
        _, lower = drawn(plan, store, "barrier-vs-step", **wish).figure.axes
        expected = [over(plan, f"wt[step={k}]", "agree") for k in ("0", "2it", "4it")]
        assert lines(lower)["wm and wt"] == ([0, 2, 4], pytest.approx(expected))

    def test_at_a_step_that_nobody_looks_at(self):
        plan = plan_of(TEXT.replace('through = "2it"', 'through = "4it"'))
        drawing = drawn(plan, recorded(plan, result), "barrier-vs-step", when="step", under=ways_of(plan, "wt"))
        assert lines(drawing.figure.axes[0])["under wt"][0] == [0, 4]
        assert drawing.notes == ("under wt: partners are not compared at 2it",)

    def test_what_else_they_differ_in_is_told_by_lines(self, plan, store):
        under = ways_of(plan, "pm", "fraction=0.5")
        shown = lines(drawn(plan, store, "barrier-vs-step", under=under).figure.axes[0])
        assert list(shown) == ["under pm[criterion=magnitude]", "under pm[criterion=random]"]


class TestFractions:
    def test_a_panel_per_criterion_and_a_line_per_step(self, plan, store):
        drawing = drawn(plan, store, "barrier-vs-fraction", under=["none", "wm", *ways_of(plan, "pm")])
        assert list(panels(drawing)) == ["criterion=magnitude", "criterion=random"]
        for criterion in ("magnitude", "random"):
            axes = panels(drawing)[f"criterion={criterion}"]
            shown = lines(axes)
            assert list(shown) == ["unpermuted", "under wm", "step = 2it", "step = end"]
            for step in ("2it", "end"):
                name = f"pm[step={step},criterion={criterion},fraction={{}}]"
                expected = [over(plan, name.format(fraction)) for fraction in (0.2, 0.5, 0.9)]
                assert shown[f"step = {step}"] == ([0.2, 0.5, 0.9], pytest.approx(expected))
            assert axes.get_xscale() == "linear"
        assert "share of weights pruned" in axes.get_xlabel()

    def test_lines_may_be_told_by_another_key(self, plan, store):
        drawing = drawn(plan, store, "barrier-vs-fraction", series="prune.criterion", under=ways_of(plan, "pm"))
        assert list(panels(drawing)) == ["step=2it", "step=end"]
        assert list(lines(panels(drawing)["step=end"])) == ["criterion = magnitude", "criterion = random"]


class TestLayers:
    def test_layers_stand_in_the_networks_order_between_both_bounds(self, plan, store):
        drawing = drawn(plan, store, "barrier-vs-layers", under=["none", "wm", "wt[step=2it]", *ways_of(plan, "pl")])
        assert list(panels(drawing)) == ["how=bottom-up", "how=put-in"]
        axes = panels(drawing)["how=put-in"]
        shown = lines(axes)
        assert list(shown) == ["unpermuted", "under wm", "under wt[step=2it]", "step = 0", "step = 2it"]
        assert [text.get_text() for text in axes.get_xticklabels()] == ["layers.0", "layers.1"]
        names = [f"pl[how=put-in,layers=layers.{layer},step=2it]" for layer in (0, 1)]
        assert shown["step = 2it"] == ([0, 1], pytest.approx([over(plan, name) for name in names]))
        assert shown["under wm"] == ([0, 1], pytest.approx([over(plan, "wm")] * 2))

    def test_what_panels_tell_is_not_told_again_by_lines(self):
        at_0 = FAMILIES.replace('layers.0"] }, step = { each = [0, "2it"] }', 'layers.0"] }, step = 0')
        assert at_0 != FAMILIES
        plan = plan_of(HEAD + at_0 + MEASURES)
        drawing = drawn(plan, recorded(plan, result), "barrier-vs-layers")
        assert list(panels(drawing)) == ["how=bottom-up", "how=put-in"]
        assert [text.get_text() for text in drawing.figure.legends[0].get_texts()] == [
            "unpermuted",
            "under wm",
            "under pl",
        ]


class TestFixedPoints:
    def test_in_all_and_by_group(self, plan, store):
        drawing = drawn(plan, store, "fixed-points", measure="agree")
        upper, lower = drawing.figure.axes
        expected = [over(plan, f"wt[step={k}]", "agree") for k in ("0", "2it", "4it")]
        shown = lines(upper)
        assert list(shown) == ["wm and wt", "by chance"]
        assert shown["wm and wt"] == ([0, 2, 4], pytest.approx(expected))
        assert shown["by chance"] == ([0, 2, 4], [6.25] * 3)
        by_group = lines(lower)
        assert list(by_group) == ["layers.0", "layers.1"]
        for place, group in enumerate(by_group):
            assert by_group[group][1] == pytest.approx([one / (2 + place) for one in expected])
        colours = [line.get_color() for line in lower.lines if not line.get_label().startswith("_")]
        assert len(set(colours)) == 2
        assert [text.get_text() for text in drawing.figure.legends[0].get_texts()] == [*shown, *by_group]

    def test_groups_are_means_alone_and_all_shares_lie_within_0_and_100_percent(self, plan, store):
        drawing = drawn(plan, store, "fixed-points", measure="agree")
        bars = [[one for one in axes.containers if one.get_label() == "_bars"] for axes in drawing.figure.axes]
        assert [len(of_axes) for of_axes in bars] == [1, 0]
        assert "not shown of groups" in drawing.caption
        wide = recorded(
            plan,
            lambda target: (
                result(target)
                if target.kind != "fixed-points"
                else Result({"metrics": {"fixed-points": float(target.replicate % 2), "fixed-points-by-chance": 0.1}})
            ),
        )
        for wish in ({"plot": "fixed-points"}, {"plot": "barrier-vs-step", "y": ["barrier", "fixed-points"]}):
            plot = wish.pop("plot")
            *_, axes = drawn(
                plan, wide, plot, measure="agree" if plot == "fixed-points" else "ends", **wish
            ).figure.axes
            low, high = axes.get_ylim()
            assert low == 0 and high <= 100
            assert not any(line.get_clip_on() for line in axes.lines), "markers at either end are whole"

    def test_a_panel_per_family(self, plan, store):
        drawing = drawn(plan, store, "fixed-points", groups=False)
        assert list(panels(drawing)) == ["wt", "at"]
        assert [next(iter(lines(axes))) for axes in drawing.figure.axes] == ["wm and wt", "wt[step=0] and at"]

    def test_without_results_there_are_notes(self, plan, store):
        gone = {one.task for one in plan.targets if one.measure == "agree" and one.under == "wt[step=2it]"}
        left = Recorded({task: found for task, found in store.found.items() if task not in gone})
        drawing = drawn(plan, left, "fixed-points", measure="agree")
        assert math.isnan(lines(drawing.figure.axes[0])["wm and wt"][1][1])
        assert drawing.notes == ("wm and wt: nothing at 2it (a gap)",)
        empty = drawn(plan, Recorded({}), "fixed-points")
        assert empty.figure is None or empty.notes

    def test_as_one_of_the_numbers_of_another_figure(self, plan, store):
        drawing = drawn(plan, store, "barrier-vs-step", y=["barrier", "fixed-points"], under=ways_of(plan, "wt"))
        assert [list(lines(axes)) for axes in drawing.figure.axes] == [["under wt"], ["wm and wt", "by chance"]]

    def test_beside_barriers_at_levels_at_which_nobody_counts_them(self):
        text = TEXT.replace("dense = []", "dense = []\nimp = [{ rounds = 1, fraction = 0.5 }]")
        text = text.replace('levels = ["dense"]', 'levels = "all"').replace('["dense"], levels', '["imp"], levels')
        plan = plan_of(text)
        drawing = drawn(plan, recorded(plan, result), "barrier-vs-step", y=["barrier", "fixed-points"])
        shown = [list(lines(axes)) for axes in drawing.figure.axes]
        assert [] in shown and any("by chance" in labels for labels in shown)


def test_gaps_and_level_lines_that_are_not_there(plan, store):
    gone = {
        one.task for one in plan.targets if one.under in ("wm", "wt[step=2it]") and one.through is None and not one.at
    }
    half = next(one.task for one in plan.targets if (one.under, one.through, one.at) == ("none", None, ""))
    diverged = [one.task for one in plan.targets if (one.under, one.through, one.at) == ("wt[step=0]", None, "")]
    left = {task: found for task, found in store.found.items() if task not in gone | {half}}
    left |= {task: Result({"paths": {}, "images": {}}, "diverged") for task in diverged}
    drawing = drawn(plan, Recorded(left), "barrier-vs-step", under=["none", "wm", *ways_of(plan, "wt")])
    shown = lines(drawing.figure.axes[0])
    assert list(shown) == ["unpermuted", "under wt"]
    assert [math.isnan(y) for y in shown["under wt"][1]] == [True, True, False]
    assert drawing.notes == (
        "under wt: diverged at 0 (a gap)",
        "under wt: nothing at 2it (a gap)",
        "unpermuted: replicates missing or collapsed",
        "under wm: nothing (no line)",
    )


def test_unasked_where_permutations_vary_so(plan, store):
    names = {one.name for one in drawings(plan, "", tidy(plan, store), store, {})}
    assert {"barrier-vs-step", "barrier-vs-fraction", "barrier-vs-layers", "fixed-points"} <= names
    alone = plan_of(HEAD + '[measures]\nends = { kind = "connectivity", levels = ["dense"], under = ["none", "wm"] }\n')
    names = {one.name for one in drawings(alone, "", tidy(alone, recorded(alone, result)), recorded(alone, result), {})}
    assert names == {"cost"}, "of a network that is only dense there are numbers, and no line"


def test_members_of_a_family_share_a_colour_in_all_figures(plan, store):
    axes = drawn(plan, store, "barrier-vs-time", under=["none", "wm", *ways_of(plan, "wt")]).figure.axes[0]
    looks = {line.get_label(): line.get_color() for line in axes.lines if not line.get_label().startswith("_")}
    assert len(set(looks.values())) == len(looks) == 5
    others = drawn(plan, store, "barrier-vs-time", under=ways_of(plan, "wt[step=2it]")).figure.axes[0]
    assert next(line for line in others.lines).get_color() == looks["under wt[step=2it]"]


def test_a_figure_that_names_none_leaves_the_largest_families_out(plan, store):
    drawing = drawn(plan, store, "barrier-vs-time")
    shown = list(lines(drawing.figure.axes[0]))
    steps = [
        f"under {family}[step={step}]"
        for family, of in (("wt", ("0", "2it", "4it")), ("at", ("2it", "4it", "end")))
        for step in of
    ]
    assert shown == ["unpermuted", "under wm", *steps]
    assert drawing.notes[0] == "pm, pl: too many to be told apart; name them in `under`"
    all_of_one = drawn(plan, store, "barrier-vs-time", under=ways_of(plan, "pm"))
    assert len(lines(all_of_one.figure.axes[0])) == 12 and all_of_one.notes == ()


def test_beside_are_permutations_that_stand_alone_unless_others_are_named(plan, store):
    for plot, labels in (
        ("barrier-vs-step", ["unpermuted", "under wm", "under wt", "under at"]),
        ("barrier-vs-fraction", ["unpermuted", "under wm", "step = 2it", "step = end"]),
        ("barrier-vs-layers", ["unpermuted", "under wm", "step = 0", "step = 2it"]),
    ):
        drawing = drawn(plan, store, plot)
        assert {label: None for axes in drawing.figure.axes for label in lines(axes)} == dict.fromkeys(labels)
