"""Barriers and fixed points over what the cases of a sweep differ in."""

# pyright: reportOptionalMemberAccess=false
# What can be drawn has a figure.

import math
from statistics import fmean

import pytest
from drawn_for_tests import Recorded, draw_across, lines, panels, recorded
from results_for_tests import Result, path_result, value
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.report import tidy
from lmcspec.report.figures import across
from lmcspec.report.results_table import results_table

PLOT = "barrier-vs-width"
STUDY = f"""
replicates = 6
partners = 3
{SEVEN_UPDATES}
[networks]
dense = []
[permutations]
wm = {{ method = "weights", network = "dense" }}
ind = {{ method = "weights", network = "dense", via = "third" }}
[measures]
ends = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wm", "ind"], branch = [0] }}
agree = {{ kind = "fixed-points", between = ["wm", "ind"] }}
"""
WIDTHS = (8, 16, 64)
SWEEP = f'[sweep.grid]\n"model.widths" = {[[width] * 3 for width in WIDTHS]}\n'
TEXT = STUDY + SWEEP


def result(target) -> Result:
    if target.kind == "fixed-points":
        return Result({"metrics": {"fixed-points": value(target), "fixed-points-by-chance": 1 / 16}})
    return path_result(target, loss=3 * value(target))


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return recorded(plan, result)


def drawn(plan, store, **wish):
    return draw_across(plan, store, **{PLOT: wish})[PLOT]


def over(plan, **wanted) -> float:
    """The mean over the two pairs, in percent."""
    of = [one for one in plan.targets if all(getattr(one, key) == is_ for key, is_ in wanted.items())]
    assert len(of) == 2
    return 100 * fmean(value(one) for one in of)


def case_of(width: int) -> str:
    return f"widths={width}+{width}+{width}"


def test_a_line_per_permutation_with_the_widths_as_ticks(plan, store):
    drawing = drawn(plan, store)
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert list(shown) == ["unpermuted", "under wm", "under ind"]
    for label, under in (("unpermuted", "none"), ("under wm", "wm"), ("under ind", "ind")):
        x, y = shown[label]
        assert x == list(WIDTHS)
        expected = [over(plan, case=case_of(width), measure="ends", under=under, at="") for width in WIDTHS]
        assert y == pytest.approx(expected), "of the ends, whatever children do"
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "width"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["8", "16", "64"]
    assert list(axes.get_xticks()) == list(WIDTHS)
    assert drawing.title == "Barrier against width" and drawing.notes == ()


def test_its_numbers_are_those_of_the_table(plan, store):
    _, y = lines(drawn(plan, store, under=["ind"]).figure.axes[0])["under ind"]
    rows = tidy(plan, store)
    for width, shown in zip(WIDTHS, y, strict=True):
        table = results_table([row for row in rows if row.case == case_of(width)])
        (line,) = table.lines
        (place,) = [place for place, column in enumerate(table.columns) if column.heading == "ends under ind"]
        assert line.values[place].text == f"{shown:.2f} ± {100 * line.values[place].cell.std:.2f} (2)"


def test_fixed_points_stand_beside_chance(plan, store):
    drawing = drawn(plan, store, y="fixed-points")
    shown = lines(drawing.figure.axes[0])
    assert list(shown) == ["wm and ind", "by chance"]
    expected = [over(plan, case=case_of(width), measure="agree") for width in WIDTHS]
    assert shown["wm and ind"] == (list(WIDTHS), pytest.approx(expected))
    assert shown["by chance"] == (list(WIDTHS), [6.25] * 3)
    assert "two random permutations" in drawing.caption


def test_several_numbers_stand_one_above_the_other(plan, store):
    drawing = drawn(plan, store, y=["barrier", "fixed-points"], under=["ind"])
    upper, lower = drawing.figure.axes
    assert (list(lines(upper)), list(lines(lower))) == (["under ind"], ["wm and ind", "by chance"])
    assert (upper.get_xlabel(), lower.get_xlabel()) == ("", "width")
    assert lower.get_ylabel() == "units sent to the same place (%)"
    assert drawing.title == "Barrier and fixed points against width"


def test_the_loss_and_training_images(plan, store):
    axes = drawn(plan, store, metric="loss", under=["wm"]).figure.axes[0]
    expected = [over(plan, case=case_of(width), measure="ends", under="wm", at="") * 3 / 100 for width in WIDTHS]
    assert lines(axes)["under wm"][1] == pytest.approx(expected)
    assert axes.get_ylabel() == "barrier (test loss)"
    assert drawn(plan, store, split="train").figure.axes[0].get_ylabel() == "barrier (points of train error)"


def test_what_else_cases_differ_in_are_panels_or_lines(store):
    plan = plan_of(TEXT.replace("[sweep.grid]", '[sweep.grid]\n"recipes.real.optimiser.lr" = [0.1, 0.01]'))
    store = recorded(plan, result)
    drawing = drawn(plan, store, under=["wm"])
    assert list(panels(drawing)) == ["lr=0.1", "lr=0.01"]
    for lr in ("0.1", "0.01"):
        x, y = lines(panels(drawing)[f"lr={lr}"])["under wm"]
        assert x == list(WIDTHS)
        cases = [f"lr={lr},{case_of(width)}" for width in WIDTHS]
        assert y == pytest.approx([over(plan, case=case, measure="ends", under="wm", at="") for case in cases])
    (axes,) = drawn(plan, store, under=["wm"], series="case").figure.axes
    assert list(lines(axes)) == ["under wm, lr=0.1", "under wm, lr=0.01"]
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    over_rates = drawn(plan, store, under=["wm"], x="recipes.real.optimiser.lr")
    assert list(panels(over_rates)) == [case_of(width) for width in WIDTHS]
    assert lines(panels(over_rates)[case_of(8)])["under wm"][0] == [0.01, 0.1]
    assert over_rates.title == "Barrier against lr"


def test_words_stand_side_by_side():
    sweep = '[sweep.grid]\n"model.widths" = [[8, 16], [16, 8], [8]]\n'
    plan = plan_of(STUDY + sweep)
    (axes,) = drawn(plan, recorded(plan, result), under=["wm"]).figure.axes
    assert lines(axes)["under wm"][0] == [0, 1, 2]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["8, 16", "16, 8", "8"]


def test_gaps_and_open_markers_are_said(plan, store):
    gone = {one.task for one in plan.targets if (one.case, one.under, one.measure) == (case_of(16), "wm", "ends")}
    half = next(one.task for one in plan.targets if (one.case, one.under, one.at) == (case_of(64), "none", ""))
    diverged = [one.task for one in plan.targets if (one.case, one.under, one.at) == (case_of(8), "ind", "")]
    left = {task: found for task, found in store.found.items() if task not in gone | {half}}
    left |= {task: Result({"paths": {}, "images": {}}, "diverged") for task in diverged}
    drawing = drawn(plan, Recorded(left))
    (axes,) = drawing.figure.axes
    assert math.isnan(lines(axes)["under wm"][1][1]) and math.isnan(lines(axes)["under ind"][1][0])
    assert drawing.notes == (
        "unpermuted: replicates missing or collapsed at 64 (open markers)",
        "under wm: nothing at 16 (a gap)",
        "under ind: diverged at 8 (a gap)",
    )


def test_equal_numbers_and_no_numbers(plan):
    same = recorded(
        plan,
        lambda target: (
            result(target)
            if target.kind != "connectivity"
            else Result({"paths": {"average": {"summary": {"barrier/test": 0.25}}}, "distance": 1.0, "images": {}})
        ),
    )
    (axes,) = drawn(plan, same, under=["wm"]).figure.axes
    assert lines(axes)["under wm"][1] == [25, 25, 25]
    assert axes.get_ylim()[0] <= 0
    nan = recorded(
        plan,
        lambda target: (
            result(target)
            if target.kind != "connectivity"
            else Result(
                {"paths": {"average": {"summary": {"barrier/test": math.nan}}}, "distance": math.nan, "images": {}}
            )
        ),
    )
    drawing = drawn(plan, nan, under=["wm"])
    assert all(map(math.isnan, lines(drawing.figure.axes[0])["under wm"][1]))
    assert drawing.notes == ("under wm: no number at 8, 16, 64 (a gap)",)


def test_a_sweep_over_widths_has_it_unasked(plan, store):
    cases = dict.fromkeys(target.case for target in plan.targets)
    (drawing,) = across(plan, tidy(plan, store), store, {case: {} for case in cases})
    assert drawing.name == PLOT
    assert lines(drawing.figure.axes[0]) == lines(drawn(plan, store).figure.axes[0]), "of all cases"
    other = plan_of(STUDY + '[sweep.grid]\nreplicates = [3, 6]\n"recipes.real.batch" = [128, 256]\n')
    nothing = Recorded({})
    assert list(across(other, tidy(other, nothing), nothing, {})) == []


@pytest.mark.parametrize(
    ("sweep", "table", "place", "message", "label", "help"),
    [
        ("", "", "f.plot", "the study has no cases that differ", "", "`[sweep.grid]` makes cases"),
        (
            SWEEP,
            'x = "model.width"',
            "f.x",
            "the cases of the study don't differ in `model.width`",
            "did you mean `model.widths`?",
            "they differ in: ",
        ),
        (
            '[sweep.grid]\n"recipes.real.batch" = [128, 256]\nreplicates = [3, 6]\n',
            "",
            "f.plot",
            "don't differ in the width of their model",
            "",
            "they differ in: batch, replicates",
        ),
        (
            SWEEP,
            'under = ["inds"]',
            "f.under[0]",
            "its measures compare nothing under `inds`",
            "did you mean `ind`?",
            "they do under: ",
        ),
        (
            SWEEP,
            'y = ["barrier", "fixed-point"]',
            "f.y[1]",
            "no measure of the study makes a number `fixed-point`",
            "did you mean `fixed-points`?",
            "",
        ),
    ],
)
def test_a_study_that_cant_fill_it_is_told_why(sweep, table, place, message, label, help):
    with pytest.raises(SpecError) as caught:
        plan_of(f'{STUDY}{sweep}[figures]\nf = {{ plot = "{PLOT}"{", " * bool(table)}{table} }}\n')
    problem = caught.value.problems[0]
    assert len({(one.code, one.message) for one in caught.value.problems}) == 1
    assert (problem.path, problem.label) == (f"figures.{place}", label)
    assert message in problem.message and help in problem.help
