"""Figures over several families of permutations: panels, names, and what can't be drawn."""

# pyright: reportOptionalMemberAccess=false
# What can be drawn has a figure.

import math
from statistics import fmean

import pytest
from drawn_for_tests import lines, panels, recorded
from permutations_for_tests import FAMILIES, HEAD, TEXT, drawn, result, ways_of
from results_for_tests import Result, value
from specs_for_tests import plan_of

from lmcspec.base.errors import SpecError
from lmcspec.report import tidy
from lmcspec.report.figures import drawings


def test_equal_numbers_and_a_single_point():
    text = HEAD + 'wt = { method = "weights", network = "dense", step = { each = ["2it"] } }\n'
    plan = plan_of(text + '[measures]\nends = { kind = "connectivity", levels = ["dense"], under = ["wm", "wt"] }\n')
    same = recorded(
        plan, lambda target: Result({"paths": {"average": {"summary": {"barrier/test": 0.0}}}, "images": {}})
    )
    (axes,) = drawn(plan, same, "barrier-vs-step").figure.axes
    assert lines(axes) == {"under wm": ([2], [0]), "under wt": ([2], [0])}
    nan = recorded(
        plan, lambda target: Result({"paths": {"average": {"summary": {"barrier/test": math.nan}}}, "images": {}})
    )
    drawing = drawn(plan, nan, "barrier-vs-step")
    assert drawing.notes == ("under wt: no number at 2it (a gap)", "under wm: no number (no line)")


SEVERAL = f"""{HEAD.replace("dense = []", "dense = []" + chr(10) + "imp = [{ rounds = 2, fraction = 0.5 }]")}{FAMILIES}
[measures]
ends = {{ kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wm", "wt", "at"] }}
sparse = {{ kind = "connectivity", networks = ["imp"], levels = "all", under = ["none", "wm", "wt[step=0]"] }}
"""
MORE = 'more = { kind = "connectivity", networks = ["imp"], levels = ["dense"], under = ["none", "wt"] }\n'


def test_a_figure_that_nobody_asks_for_has_no_curve_of_one_point():
    plan = plan_of(SEVERAL)
    store = recorded(plan, result)
    unasked = {one.name: one for one in drawings(plan, "", tidy(plan, store), store, {})}
    (axes,) = unasked["barrier-vs-step"].figure.axes
    assert list(lines(axes)) == ["unpermuted", "under wm", "under wt", "under at"]
    assert len(drawn(plan, store, "barrier-vs-step", under=["wt[step=0]"]).figure.axes) > 1, "one that asks has them"
    alone = plan_of(SEVERAL.replace('"wt", "at"]', '"wt[step=2it]"]'))
    found = recorded(alone, result)
    assert "barrier-vs-step" not in {one.name for one in drawings(alone, "", tidy(alone, found), found, {})}


def test_panels_of_several_measures_are_told_apart_by_them():
    plan = plan_of(SEVERAL + MORE)
    store = recorded(plan, result)
    unasked = {one.name: one for one in drawings(plan, "", tidy(plan, store), store, {})}
    assert list(panels(unasked["barrier-vs-step"])) == ["ends", "more"]
    assert list(lines(panels(unasked["barrier-vs-step"])["more"])) == ["unpermuted", "under wt"]
    asked = drawn(plan, store, "barrier-vs-step", levels="all", under=["none", *ways_of(plan, "wt")])
    assert list(panels(asked)) == [
        "ends, dense",
        "sparse, dense",
        "sparse, imp, 50.0 % sparse",
        "sparse, imp, 75.0 % sparse",
    ], "what `more` then compares `ends` does, too"


def test_the_same_pairs_of_two_measures_have_one_panel():
    again = 'again = { kind = "connectivity", networks = ["dense"], levels = ["dense"], under = ["none", "wm", "wt", "at"] }'
    plan = plan_of(f"{SEVERAL}{again}\n")
    assert len(drawn(plan, recorded(plan, result), "barrier-vs-step", levels=["dense"]).figure.axes) == 2


def test_permutations_of_a_family_of_networks_are_told_apart_beside_them():
    """`ss` follows the family `imp`: each member is looked at under its own."""
    text = HEAD.replace(
        "dense = []", 'dense = []\nimp = [{ rounds = 1, fraction = 0.5, rewind = { each = [0, "2it"] } }]'
    )
    ss = 'ss = { method = "weights", network = "imp", level = "same" }\n'
    plan = plan_of(
        f'{text}{ss}[measures]\nsparse = {{ kind = "connectivity", networks = ["imp"], levels = "all", under = ["none", "ss"] }}\n'
    )
    shown = lines(drawn(plan, recorded(plan, result), "barrier-vs-level").figure.axes[0])
    members = ("imp[rewind=0]", "imp[rewind=2it]")
    assert list(shown) == [f"{way}, {member}" for member in members for way in ("unpermuted", "under ss")]
    for member in members:
        of = [one for one in plan.targets if (one.network, one.under, one.level) == (member, f"ss{member[3:]}", 1)]
        assert shown[f"under ss, {member}"][1][0] == pytest.approx(100 * fmean(map(value, of)))


def test_members_of_several_families_are_called_by_what_they_differ_in():
    """The title of a panel has the family's name."""
    networks = "".join(
        f"{name} = [{{ rounds = 1, fraction = {fraction}, rewind = {{ each = [{steps}] }} }}]\n"
        for name, fraction, steps in (("imp", 0.5, '0, "2it"'), ("snip", 0.4, '"2it", "4it"'))
    )
    plan = plan_of(
        f"""{HEAD.replace("dense = []", f"dense = []{chr(10)}{networks}")}
ss = {{ method = "weights", network = "imp", level = "same" }}
[measures]
sparse = {{ kind = "connectivity", networks = ["imp"], levels = "all", under = ["none", "ss"] }}
other = {{ kind = "connectivity", networks = ["snip"], levels = "all", under = ["none", "wm"] }}
"""
    )
    drawing = drawn(plan, recorded(plan, result), "barrier-vs-level")
    shown = {title: lines(axes) for title, axes in panels(drawing).items()}
    assert {title: list(of_panel) for title, of_panel in shown.items()} == {
        "imp": [f"{way}, rewind={k}" for k in ("0", "2it") for way in ("unpermuted", "under ss")],
        "snip": [f"{way}, rewind={k}" for k in ("2it", "4it") for way in ("unpermuted", "under wm")],
    }
    dashes = {
        title: {line.get_label(): line.get_linestyle() for line in axes.lines if line.get_label().startswith("unperm")}
        for title, axes in panels(drawing).items()
    }
    same = "unpermuted, rewind=2it"
    assert dashes["imp"][same] == dashes["snip"][same], "what is called the same looks the same"
    labels = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert len(labels) == 7 and not any("imp" in label or "snip" in label for label in labels)


@pytest.mark.parametrize(
    ("table", "code", "place", "message", "help"),
    [
        (
            'plot = "barrier-vs-fraction", under = ["wt"]',
            "E431",
            "under",
            "that it shows varies in `prune.fraction`",
            "these do: pm[step=2it,criterion=magnitude,fraction=0.2], ",
        ),
        (
            'plot = "barrier-vs-step", x = "prune.fractoin"',
            "E432",
            "x",
            "no family of permutations that varies in `prune.fractoin`",
            "did you mean `prune.fraction`?",
        ),
        (
            'plot = "barrier-vs-fraction", series = "kernel"',
            "E432",
            "series",
            "varies in `kernel`",
            "its families of permutations vary in: step, prune.criterion",
        ),
        (
            'plot = "fixed-points", x = "prune.fraction"',
            "E431",
            "plot",
            "that it shows varies in `prune.fraction`",
            "these do",
        ),
        ('plot = "barrier-vs-step", when = "step", x = "prune.fraction"', "E107", "", "leave out `x`", ""),
        ('plot = "barrier-vs-step", when = "begin"', "E106", "when", "", '"end" or "step"'),
        (
            'plot = "barrier-vs-step", y = "bariers"',
            "E430",
            "y",
            "no measure of the study makes a number `bariers`",
            "did you mean `barrier`?",
        ),
    ],
)
def test_a_study_that_cant_fill_it_is_told_why(table, code, place, message, help):
    with pytest.raises(SpecError) as caught:
        plan_of(f"{TEXT}[figures]\nf = {{ {table} }}\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == (code, f"figures.f.{place}".rstrip("."))
    assert message in problem.message and help in f"{problem.label} {problem.help}"


def test_a_study_without_families_or_without_a_way():
    conn = '[measures]\nends = { kind = "connectivity", levels = ["dense"], under = ["none", "wm"] }\n'
    with pytest.raises(SpecError) as caught:
        plan_of(f'{HEAD}{conn}[figures]\nf = {{ plot = "barrier-vs-step" }}\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("E432", "figures.f.plot")
    assert problem.help == "it has no families of permutations: `{ each = [...] }` makes one"
    text = TEXT.replace(', through = "2it"', "")
    with pytest.raises(SpecError) as caught:
        plan_of(f'{text}[figures]\nf = {{ plot = "barrier-vs-step", when = "step" }}\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.help) == ("E431", 'say `through = "1ep"` in the measure')
