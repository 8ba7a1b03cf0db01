"""Panels share their y axis unless told not to, and the words at ticks leave each other room."""

# pyright: reportOptionalMemberAccess=false
# What can be drawn has a figure.

from itertools import pairwise

import pytest
from drawn_for_tests import Recorded, draw, draw_across
from results_for_tests import made_up, plan_of

CASES = """
[networks]
dense = []
imp = [{ rounds = ROUNDS }]
[measures]
accuracy = {}
stability = { at = [0, 1], levels = "all", points = 3, through = "5ep" }
""" + "".join(f"[[sweep.cases]]\ncase = 'case-{one}'\nrecipes.real.optimiser.lr = {one / 10}\n" for one in range(1, 5))
PLOTS = (
    "accuracy-vs-sparsity",
    "instability-vs-sparsity",
    "instability-vs-step",
    "error-along-path",
    "through-training",
)


def value(target) -> float:
    return 0.01 * int((target.case or "case-1")[-1]) + 0.01 * target.level


@pytest.fixture(scope="module")
def cases():
    plan = plan_of(CASES.replace("ROUNDS", "2"))
    return plan, Recorded(made_up(plan, value).found)


@pytest.mark.parametrize("plot", PLOTS)
def test_panels_have_one_scale_unless_told(cases, plot):
    wish = {"panels": "case"} | ({"split": "test"} if plot == "error-along-path" else {})
    together = draw_across(*cases, **{plot: wish})[plot].figure.axes[:4]
    assert len({axes.get_ylim() for axes in together}) == 1
    assert [axes.yaxis.get_tick_params()["labelleft"] for axes in together] == [True, False, True, False]
    apart = draw_across(*cases, **{plot: wish | {"shared": False}})[plot].figure.axes[:4]
    assert all(axes.yaxis.get_tick_params().get("labelleft", True) for axes in apart)
    if plot != "error-along-path":  # whose made-up curves are the same
        assert len({axes.get_ylim() for axes in apart}) == 4


def test_one_scale_holds_what_all_panels_show_and_collapsed_networks_stay_at_its_edge():
    plan = plan_of(CASES.replace("ROUNDS", "2"))
    bad = Recorded(made_up(plan, lambda one: "chance" if one.case == "case-3" and one.level == 2 else value(one)).found)
    drawing = draw_across(plan, bad, **{"accuracy-vs-sparsity": {"panels": "case"}})["accuracy-vs-sparsity"]
    (low, high), *others = [axes.get_ylim() for axes in drawing.figure.axes[:4]]
    assert others == [(low, high)] * 3 and 80 < low < 94 and 99 < high < 101
    assert "far below" in drawing.caption


def test_rows_of_one_quantity_share_and_others_do_not(cases):
    wish = {"panels": "case", "y": ["instability", "barrier"]}
    figure = draw_across(*cases, **{"instability-vs-step": wish})["instability-vs-step"].figure
    shown = [axes for axes in figure.axes if axes.axison]
    limits = {axes.get_ylim() for axes in shown}
    assert len(shown) == 8 and len(limits) == 2


@pytest.mark.parametrize("rounds", [1, 15, 40])
@pytest.mark.parametrize("panels", [None, "network", "case"])
def test_words_at_ticks_do_not_touch(rounds, panels):
    name = "a-network-whose-name-leaves-little-room-beside-its-legend"
    text = CASES.replace("ROUNDS", str(rounds)).replace("imp =", f"{name} =").replace(', through = "5ep"', "")
    text = text if panels == "case" else text.partition("[[sweep")[0]
    plan = plan_of(text)
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    wish = {"accuracy-vs-sparsity": {"panels": panels}}
    found = draw_across(plan, store, **wish) if panels == "case" else draw(plan, store, "", **wish)
    figure = found["accuracy-vs-sparsity"].figure
    figure.draw_without_rendering()
    for axes in figure.axes:
        for one in (axes, *axes.child_axes):
            boxes = [label.get_window_extent() for label in one.get_xticklabels() if label.get_text()]
            inside = sorted((box for box in boxes if box.width), key=lambda box: box.x0)
            assert inside
            assert all(before.x1 < after.x0 for before, after in pairwise(inside)), axes.get_title()


def test_titles_of_panels_and_names_beside_bars_have_room():
    long = "a-network-with-a-name-of-sixty-letters-as-somebody-will-write-it"
    plan = plan_of(f"[networks]\n{long} = [{{ rounds = 2 }}]\nb-{long} = {{ like = '{long}', mask = 'shuffled' }}\n"
                   "[measures]\naccuracy = {}\nstability = { levels = 'all', points = 3 }")  # fmt: skip
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    wishes = {"accuracy-vs-sparsity": {"panels": "network"}, "path-surface": {}, "cost": {}}
    for plot, drawing in draw(plan, store, **wishes).items():
        figure = drawing.figure
        figure.draw_without_rendering()
        every = figure.axes if plot == "cost" else [axes for axes in figure.axes if axes.get_title()]
        words = [axes.xaxis.label if plot == "cost" else axes.title for axes in every]
        boxes = sorted((one.get_window_extent() for one in words), key=lambda box: box.x0)
        assert len(boxes) == 2
        assert all(before.x1 < after.x0 for before, after in pairwise(boxes)), plot
        assert boxes[0].x0 >= 0 and boxes[-1].x1 <= figure.bbox.x1


@pytest.mark.parametrize("steps", [[0, "10it", "20it", 1, 2, 5], [0, "1it", "2it", "3it", "4it"], list(range(10))])
def test_words_at_steps_do_not_touch(steps):
    text = f"[networks]\ndense = []\n[measures]\nstability = {{ at = {steps}, levels = ['dense'], points = 3 }}"
    plan = plan_of(text)
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    figure = draw(plan, store)["instability-vs-step"].figure
    figure.draw_without_rendering()
    (axes,) = figure.axes
    labels = [label for label in axes.get_xticklabels() if label.get_text()]
    assert len(labels) >= 3
    high = float(labels[0].get_fontsize()) * figure.dpi / 72
    for before, after in pairwise(labels):
        apart = after.get_window_extent().x1 - before.get_window_extent().x1
        slanted = before.get_rotation()
        # Slanted lines of words are as far apart as their ends are, times the sine of the slant.
        needed = high / 0.766 if slanted else after.get_window_extent().width
        assert apart > needed, (before.get_text(), after.get_text())
