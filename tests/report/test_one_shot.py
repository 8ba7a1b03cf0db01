"""Networks that are pruned once, each to another sparsity, make one curve."""

# pyright: reportOptionalMemberAccess=false
# What can be drawn has a figure.

from statistics import fmean

import pytest
from drawn_for_tests import Recorded, draw, draw_across, lines
from results_for_tests import made_up, plan_of

FAMILY = """
[networks]
dense = []
early = [{ rounds = 1, sparsity = { each = [0.2, 0.5, 0.9] }, criterion = { each = ["snip", "random"] } }]
control = { like = "early", mask = "shuffled" }
[measures]
accuracy = {}
stability = { levels = ["dense", "last"], points = 3 }
"""


def error(target) -> float:
    far = {"0.2": 0.1, "0.5": 0.2, "0.9": 0.3}
    sparse = next((value for key, value in far.items() if f"sparsity={key}" in target.network + target.case), 0.05)
    return (sparse if target.level else 0.05) + 0.01 * target.replicate


def drawn(text, plot, **wish):
    plan = plan_of(text)
    return draw(plan, Recorded(made_up(plan, error).found), "", **{plot: wish})[plot]


@pytest.mark.parametrize("plot", ["accuracy-vs-sparsity", "instability-vs-sparsity"])
def test_a_line_per_criterion_over_density(plot):
    shown = lines(drawn(FAMILY, plot).figure.axes[0])
    assert set(shown) == {f"{name}[criterion={one}]" for name in ("early", "control") for one in ("snip", "random")}
    for x, y in shown.values():
        assert x == pytest.approx([10, 50, 80, 100], abs=0.1), "dense once"
        means = [100 * (one + 0.01) for one in (0.3, 0.2, 0.1, 0.05)]
        assert y == pytest.approx(means if plot.startswith("inst") else [100 - one for one in means])


def test_a_family_that_varies_in_nothing_else_goes_by_its_name_and_its_baseline_is_broken():
    text = FAMILY.replace(', criterion = { each = ["snip", "random"] }', "")
    axes = drawn(text, "accuracy-vs-sparsity").figure.axes[0]
    assert set(lines(axes)) == {"early", "control"}
    looks = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert looks["early"][1] == "-" != looks["control"][1]


def test_a_figure_may_show_some_of_them():
    wish = {
        "networks": ["early[sparsity=0.5,criterion=snip]", "early[sparsity=0.9,criterion=snip]"],
        "levels": ["last"],
    }
    shown = lines(drawn(FAMILY, "accuracy-vs-sparsity", **wish).figure.axes[0])
    assert {name: len(x) for name, (x, _) in shown.items()} == {"early[criterion=snip]": 2}
    alone = drawn(FAMILY, "accuracy-vs-sparsity", networks=wish["networks"][:1]).figure.axes[0]
    assert set(lines(alone)) == set(wish["networks"][:1]), "one alone is called what it is"


def test_networks_of_several_levels_keep_lines_of_their_own():
    text = FAMILY.replace(
        "rounds = 1, sparsity = { each = [0.2, 0.5, 0.9] }", "rounds = 2, fraction = { each = [0.2, 0.5] }"
    )
    shown = lines(drawn(text, "accuracy-vs-sparsity").figure.axes[0])
    assert len(shown) == 8 and "early[fraction=0.2,criterion=snip]" in shown


def test_reduce_says_that_their_levels_are_of_different_sparsity():
    found = drawn(FAMILY, "accuracy-vs-sparsity", reduce="best-over:criterion")
    assert found.figure is None and "differ in sparsity" in found.notes[0]


def test_what_it_takes_to_find_them_is_one_line_too():
    shown = lines(drawn(FAMILY, "cost", x="density").figure.axes[0])
    assert {name: len(x) for name, (x, _) in shown.items()} == {"early[criterion=snip]": 3}


CASES = """
[networks]
early = [{ rounds = 1, sparsity = 0.2 }]
[measures]
accuracy = {}
[sweep.grid]
"networks.early.0.sparsity" = [0.2, 0.5, 0.9]
"networks.early.0.criterion" = ["snip", "random"]
"""


def across(text, **wish):
    plan = plan_of(text)
    plot = "accuracy-vs-sparsity"
    return plan, draw_across(plan, Recorded(made_up(plan, error).found), **{plot: {"series": "case", **wish}})[plot]


def test_a_line_per_case_and_one_for_those_that_differ_in_sparsity():
    _, found = across(CASES)
    assert found.notes == ()
    shown = lines(found.figure.axes[0])
    assert {name: len(x) for name, (x, _) in shown.items() if name != "dense"} == {
        "criterion=snip": 4,
        "criterion=random": 4,
    }
    assert "dense" in [text.get_text() for text in found.figure.legends[0].get_texts()], "it is the same in all cases"


def test_cases_that_differ_in_nothing_else_are_one_line_by_the_network():
    _, found = across(CASES.partition('"networks.early.0.criterion"')[0])
    shown = {name: x for name, (x, _) in lines(found.figure.axes[0]).items() if name != "dense"}
    assert {name: len(x) for name, x in shown.items()} == {"early": 4}, "dense once, and a point for each case"


def test_points_at_one_density_are_kept(monkeypatch):
    """The same count of weights by two fractions that hardly differ."""
    monkeypatch.setattr(
        "lmcspec.report.figures.case_results.CaseResults.density", lambda self, network, level: 0.5**level
    )
    text = CASES.partition("[sweep")[0].replace("sparsity = 0.2", "fraction = 0.5")
    _, found = across(text + "[sweep.grid]\n'networks.early.0.fraction' = [0.5, 0.50001]\n")
    ((x, _),) = [points for name, points in lines(found.figure.axes[0]).items() if name != "dense"]
    assert len(x) == 3 and len(set(x)) == 2


def test_a_line_per_case_and_network():
    text = CASES.partition("[sweep")[0].replace("sparsity = 0.2", "sparsity = 0.5").replace("rounds = 1", "rounds = 3")
    text = text.replace("[measures]", "control = { like = 'early', mask = 'shuffled' }\n[measures]")
    _, found = across(text + "[sweep.grid]\n'recipes.real.optimiser.lr' = [0.1, 0.2]")
    shown = lines(found.figure.axes[0])
    assert set(shown) == {f"lr={lr}, {name}" for lr in (0.1, 0.2) for name in ("early", "control")}
    y = shown["lr=0.1, early"][1]
    assert y[0] == pytest.approx(100 * (1 - fmean(0.05 + 0.01 * one for one in range(3))))
