"""Surfaces of error or loss over the path and the sparsity, read back from their axes."""

from statistics import fmean

import pytest
from drawn_for_tests import Recorded, draw, draw_across, panels
from results_for_tests import made_up, plan_of

from lmcspec.report.figures import files

TEXT = """
[networks]
dense = []
imp = [{ rounds = 3 }]
random = { like = "imp", mask = "shuffled" }
[measures]
stability = { networks = ["dense", "imp"], levels = "all", copies = 3, points = 3, split = ["train"] }
few = { kind = "stability", networks = ["random"], levels = ["dense", 1, 3], copies = 3, points = 3, split = ["train"] }
"""
CASES = """
[[sweep.cases]]
case = "a"
[[sweep.cases]]
case = "b"
recipes.real.optimiser.lr = 0.2
"""
HEIGHTS = {"train_loss": 7.0, "test_loss": 8.0, "train_error": 0.5, "test_error": 0.6}


def top(target) -> float:
    """Of the middle of a path, as a share of `HEIGHTS`."""
    level = target.level * (2 if target.network == "random" else 1)
    return (0.5 if target.case == "b" else 1.0) / (1 + level) + 0.01 * target.replicate + 0.001 * sum(target.copies)


def results(plan, splits=("train",)):
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    for target in plan.targets:
        paths = store.found[target.task].scalars["paths"]
        for policy, share in (("average", 1.0), ("recompute", 0.25)):
            curves = {
                name: [0.0, share * high * top(target), 0.1 * share]
                for name, high in HEIGHTS.items()
                if name.startswith(splits)
            }
            paths[policy] = {"summary": {f"instability/{splits[0]}": 0.1}} | curves
    return store


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return results(plan)


def surfaces(drawing) -> dict[str, dict[str, tuple[list[float], list[float], list[float]]]]:
    """By panel its lines by level: (alphas, levels, heights)."""
    return {
        title: {line.get_label(): tuple(map(list, line.get_data_3d())) for line in axes.lines}
        for title, axes in panels(drawing).items()
    }


def middle(plan, high: float, **wanted) -> float:
    """The mean height at ½, pairs averaged within a replicate, found by looking at every target."""
    found: dict[int, list[float]] = {}
    for one in plan.targets:
        if all(getattr(one, key) == value for key, value in wanted.items()):
            found.setdefault(one.replicate, []).append(high * top(one))
    assert len(found) == 3
    return fmean(map(fmean, found.values()))


def test_a_panel_per_network_and_a_line_per_level(plan, store):
    drawing = draw(plan, store, **{"path-surface": {"panels": "network", "metric": "loss"}})["path-surface"]
    shown = surfaces(drawing)
    assert list(shown) == ["imp", "random"], "what is only dense is on the surfaces of the others"
    for network, levels in (("imp", (0, 1, 2, 3)), ("random", (0, 1, 3))):
        assert list(shown[network]) == [f"level {level}" for level in levels]
        for level in levels:
            alphas, places, heights = shown[network][f"level {level}"]
            assert (alphas, places) == ([0.0, 0.5, 1.0], [level] * 3)
            own = middle(plan, 7.0, network=network, level=level)
            assert heights == pytest.approx([0.0, own, 0.1])
    assert drawing.notes == ()
    assert "n = 3" in drawing.caption and "k = 0" in drawing.caption


def test_panels_have_one_scale(plan, store):
    drawing = draw(plan, store, **{"path-surface": {"metric": "loss"}})["path-surface"]
    imp, random = panels(drawing).values()
    highest = middle(plan, 7.0, network="imp", level=0)
    assert imp.get_zlim() == random.get_zlim()
    assert imp.get_zlim()[0] == 0 and imp.get_zlim()[1] > highest
    (bar,) = [axes for axes in drawing.figure.axes if axes.get_ylabel() == "train loss"]
    assert bar.get_ylim() == pytest.approx((0.0, highest))
    # Strips between neighbouring levels, each in front of the one behind it; equal heights have equal colours.
    assert [len(axes.collections) for axes in (imp, random)] == [3, 2]
    assert [one.get_zorder() for one in imp.collections] == sorted(one.get_zorder() for one in imp.collections)


def test_the_axis_of_levels_names_measured_sparsities(plan, store):
    drawing = draw(plan, store, **{"path-surface": {}})["path-surface"]
    axes = panels(drawing)["imp"]
    densities = [one.density for one in plan.levels["", "imp"]]
    named = ["dense", *(f"{100 * (1 - one):.0f}" for one in densities[1:])]
    assert [label.get_text() for label in axes.get_yticklabels()] == named
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "dense at the back"


def test_what_a_figure_asks_for(plan, store):
    wish = {"networks": ["imp"], "levels": ["dense", "last"], "metric": "error@recompute"}
    drawing = draw(plan, store, **{"path-surface": wish})["path-surface"]
    (lines,) = surfaces(drawing).values()
    assert list(lines) == ["level 0", "level 3"]
    assert lines["level 3"][2][1] == pytest.approx(100 * 0.25 * middle(plan, 0.5, network="imp", level=3))
    assert drawing.caption.endswith(" Statistics of batch norm are recomputed.")
    other = draw(plan, store, **{"path-surface": {"measure": "few"}})["path-surface"]
    assert list(surfaces(other)) == ["random"]


def test_panels_stand_in_the_order_that_is_asked_for(plan, store):
    drawing = draw(plan, store, **{"path-surface": {"networks": ["random", "imp"]}})["path-surface"]
    assert list(surfaces(drawing)) == ["random", "imp"]


def test_test_images_where_there_are_any():
    plan = plan_of(TEXT.replace(', split = ["train"]', ""))
    store = results(plan, ("test", "train"))
    for split, high in ((None, 0.6), ("train", 0.5)):
        drawing = draw(plan, store, **{"path-surface": {"networks": ["imp"], "split": split}})["path-surface"]
        (lines,) = surfaces(drawing).values()
        assert lines["level 1"][2][1] == pytest.approx(100 * middle(plan, high, network="imp", level=1))
        assert drawing.figure.axes[-1].get_ylabel() == f"{split or 'test'} error (%)"


def test_of_several_k_the_one_with_most_levels():
    plan = plan_of(TEXT.replace("copies = 3,", 'copies = 3, at = [0, "20it"],', 1))
    store = results(plan)
    for wish, k in (({}, "0"), ({"at": "20it"}, "20it")):
        drawing = draw(plan, store, **{"path-surface": {"networks": ["imp"]} | wish})["path-surface"]
        assert drawing.notes == (() if wish else ("imp: k = 0 of 0, 20it; say which with `at`",))
        assert f"k = {k};" in drawing.caption
        assert list(panels(drawing)) == ["imp"]
    two = plan_of(
        TEXT.replace("[measures]", "late = [{ rounds = 2, rewind = 1 }]\n[measures]").replace(
            '"imp"]', '"imp", "late"]'
        )
    )
    shown = panels(draw(two, results(two), **{"path-surface": {"networks": ["imp", "late"]}})["path-surface"])
    assert list(shown) == ["imp, k = 0", "late, k = 1ep"]


def test_cases_stand_below_each_other():
    plan = plan_of(TEXT + CASES)
    store = results(plan)
    drawing = draw_across(plan, store, **{"path-surface": {"panels": "case", "metric": "loss"}})["path-surface"]
    shown = surfaces(drawing)
    assert list(shown) == ["a, imp", "a, random", "b, imp", "b, random"]
    for title, lines in shown.items():
        case, network = title.split(", ")
        own = middle(plan, 7.0, case=case, network=network, level=3)
        assert lines["level 3"][2][1] == pytest.approx(own)
    rows = [round(axes.get_position().y0, 6) for axes in panels(drawing).values()]
    assert rows[0] == rows[1] > rows[2] == rows[3]


def test_what_is_missing_is_said(plan):
    store = results(plan)
    for target in plan.targets:
        if (target.network, target.level) == ("imp", 2) or (target.network, target.level) == ("random", 1):
            store.found.pop(target.task, None)
    drawing = draw(plan, store, **{"path-surface": {}})["path-surface"]
    assert drawing.notes == ("imp: nothing at level 2", "random: nothing at level 1")
    assert list(surfaces(drawing)["imp"]) == ["level 0", "level 1", "level 3"]
    nothing = draw(plan, Recorded(), **{"path-surface": {}})["path-surface"]
    assert (nothing.figure, nothing.notes) == (None, ("no path is in the store yet",))


def test_other_positions_are_met_in_between(plan):
    store = results(plan)
    for target in plan.targets:
        if (target.network, target.level) == ("imp", 3):
            scalars = store.found[target.task].scalars
            scalars["alphas"] = [0.0, 0.25, 0.5, 0.75, 1.0]
            scalars["paths"]["average"] |= {"train_error": [0.0, 0.2, 0.4, 0.2, 0.0]}
    drawing = draw(plan, store, **{"path-surface": {"networks": ["imp"], "levels": [2, 3]}})["path-surface"]
    (axes,) = panels(drawing).values()
    (strip,) = axes.collections
    across, along = (4 * (24 // 5), 1 + 24 // 2)
    assert len(strip.get_facecolor()) == across * along, "faces between all five positions"
    assert [len(line.get_data_3d()[0]) for line in axes.lines] == [3, 5]


def test_it_can_be_written_and_nothing_is_clipped(plan, store):
    drawing = draw(plan, store, **{"path-surface": {"networks": ["imp"]}})["path-surface"]
    assert set(files(drawing)) == {"svg", "png"}
    box = drawing.figure.get_tightbbox()
    assert box.x0 >= 0 and box.y0 >= 0
    assert box.x1 <= drawing.figure.get_figwidth() and box.y1 <= drawing.figure.get_figheight()
