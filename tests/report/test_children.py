"""Barriers of children against k, beside those of copies of one network."""

from statistics import fmean

import pytest
from drawn_for_tests import draw, lines, panels, recorded
from results_for_tests import Results, path_result, value
from specs_for_tests import SEVEN_UPDATES, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.report import tidy
from lmcspec.report.figures.choose import drawings

TEXT = f"""
replicates = 4
partners = 2
{SEVEN_UPDATES}
[networks]
dense = []
imp = [{{ data = "real", rounds = 1, fraction = 0.5 }}]
[permutations]
wm = {{ method = "weights", network = "dense" }}
[measures]
conn = {{ kind = "connectivity", networks = ["dense", "imp"], levels = ["dense", "last"], under = ["none", "wm"], branch = [0, "2it", "5it"] }}
onset = {{ kind = "stability", networks = ["dense"], levels = ["dense"], at = [0, "2it"] }}
"""
PLOT = "barrier-vs-branch"


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return recorded(plan, path_result)


def over(plan, **wanted) -> float:
    """The mean over pairs or replicates, in points."""
    of = [one for one in plan.targets if all(getattr(one, key) == value for key, value in wanted.items())]
    assert len(of) == (4 if wanted["measure"] == "onset" else 2)
    return 100 * fmean(value(one) for one in of)


def test_a_line_per_permutation_and_one_of_copies(plan, store):
    drawing = draw(plan, store, **{PLOT: {}})[PLOT]
    assert list(panels(drawing)) == ["dense", "imp, 50.0 % sparse"]
    shown = lines(panels(drawing)["dense"])
    assert list(shown) == ["copies of one network", "children, unpermuted", "children, under wm"]
    x, y = shown["copies of one network"]
    assert x == [0, 2]
    assert y == pytest.approx([over(plan, measure="onset", at_updates=at) for at in x])
    for label, under in (("children, unpermuted", "none"), ("children, under wm", "wm")):
        x, y = shown[label]
        assert x == [0, 2, 5]
        wanted = {"measure": "conn", "network": "dense", "level": 0, "under": under}
        expected = [
            fmean(
                100 * value(one)
                for one in plan.targets
                if one.at and one.at_updates == at and all(getattr(one, key) == is_ for key, is_ in wanted.items())
            )
            for at in x
        ]
        assert y == pytest.approx(expected)
    axes = panels(drawing)["dense"]
    assert axes.get_ylabel() == "barrier (points of test error)"
    assert axes.get_xlabel() == "k, the step at which they part (updates)"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "2", "5"]
    assert "copies" not in "".join(lines(panels(drawing)["imp, 50.0 % sparse"])), "nobody copies sparse networks"
    assert "black: between copies" in drawing.caption


def test_other_numbers_are_taken_of_both(plan, store):
    drawing = draw(plan, store, **{PLOT: {"y": "distance", "under": ["wm"], "levels": ["dense"]}})[PLOT]
    shown = lines(panels(drawing)["dense"])
    assert {label: set(y) for label, (_, y) in shown.items()} == {
        "copies of one network": {1.0},
        "children, under wm": {1.0},
    }


def test_what_is_missing_is_a_gap_and_a_note(plan, store):
    gone = {one.task for one in plan.targets if one.under == "wm" and one.at_updates == 2 and one.network == "dense"}
    half = next(one.task for one in plan.targets if one.under == "none" and one.at_updates == 5 and not one.level)
    left = type(store)({task: result for task, result in store.found.items() if task not in gone | {half}})
    drawing = draw(plan, left, **{PLOT: {"levels": ["dense"]}})[PLOT]
    _, y = lines(panels(drawing)["dense"])["children, under wm"]
    assert y[1] != y[1], "a gap"
    assert drawing.notes == (
        "dense: children, unpermuted: replicates missing or collapsed at k = 5it (open markers)",
        "dense: children, under wm: nothing at k = 2it (a gap)",
    )


def test_without_copies_there_are_children_alone():
    plan = plan_of("\n".join(line for line in TEXT.splitlines() if not line.startswith("onset")))
    drawing = draw(plan, recorded(plan, path_result), **{PLOT: {}})[PLOT]
    assert list(lines(panels(drawing)["dense"])) == ["children, unpermuted", "children, under wm"]
    assert "black" not in drawing.caption


def test_a_study_of_several_k_has_it_unasked(plan, store):
    assert PLOT in {one.name for one in drawings(plan, "", tidy(plan, store), store, {})}
    ends = plan_of(TEXT.replace(', branch = [0, "2it", "5it"]', ""))
    assert PLOT not in {one.name for one in drawings(ends, "", tidy(ends, Results()), Results(), {})}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "figures.f.plot: `conn` compares no children"),
        (', networks = ["imp"]', "figures.f.plot: `conn` compares no children"),
        (', measure = "conn"', "figures.f.measure: `conn` compares no children"),
    ],
)
def test_a_study_without_children_is_told_what_to_say(table, words):
    text = TEXT.replace(', branch = [0, "2it", "5it"]', "")
    with pytest.raises(SpecError) as caught:
        plan_of(f'{text}[figures]\nf = {{ plot = "{PLOT}"{table} }}\n')
    (problem,) = caught.value.problems
    assert (problem.code, f"{problem.path}: {problem.message}") == ("E431", words)
    assert problem.help == "say `branch = [0, 5]` in the measure"
