"""What figures show, read back from them, against numbers worked out another way; and that they stay the same."""

import sys
from statistics import fmean, stdev

import pytest
from drawn_for_tests import Recorded, draw, lines
from results_for_tests import Result, made_up, plan_of

from lmcspec.catalog import built_in
from lmcspec.report import tidy
from lmcspec.report.figures import drawings, files
from lmcspec.report.figures.along_path import over_replicates
from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.numbers import numbers

TEXT = """
[networks]
dense = []
imp = [{ data = "real", rounds = 6 }]
shuffled = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
stability = { networks = ["dense", "imp"], levels = ["dense", 3, "last"], at = [0, "20it", 3], copies = 3, threshold = 0.05 }
"""


def error(target) -> float:
    """Of an accuracy."""
    return 0.05 + 0.01 * target.level + 0.002 * target.replicate * (target.level + 1)


def rise(target) -> float:
    """Of a path."""
    return 0.2 / (1 + target.level) + 0.01 * target.replicate + 0.001 * sum(target.copies) + target.at_updates / 1e4


def made(target):
    return error(target) if target.kind == "accuracy" else rise(target)


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    store = Recorded(made_up(plan, made).found)
    for target in plan.targets:
        if target.kind == "stability":
            top = rise(target)
            curve = {"test_error": [0.1, top, 0.2], "train_error": [0.0, top / 2, 0.0]}
            store.found[target.task].scalars["paths"]["average"] |= curve
    return store


def test_a_study_gets_the_figures_that_its_measures_allow(plan, store):
    assert list(draw(plan, store)) == [
        "accuracy-vs-sparsity",
        "instability-vs-sparsity",
        "instability-vs-step",
        "error-along-path",
        "cost",
    ]
    only = plan_of("networks.dense = []\nmeasures.accuracy = {}")
    assert list(draw(only, Recorded(made_up(only, made).found))) == ["accuracy-vs-sparsity", "cost"]


def test_accuracy_against_measured_density(plan, store):
    (axes,) = [one for one in draw(plan, store)["accuracy-vs-sparsity"].figure.axes if one.get_ylabel()]
    shown = lines(axes)
    assert set(shown) == {"imp", "shuffled"}, "dense is the grey line"
    x, y = shown["imp"]
    densities = [level.density for level in plan.levels["", "imp"]]
    # from the dense end on the left to the sparsest on the right, on a reversed axis
    assert x == pytest.approx(sorted(100 * one for one in densities))
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    assert axes.get_xscale() == "log"
    expected = [100 * fmean(1 - (0.05 + 0.01 * n + 0.002 * s * (n + 1)) for s in range(3)) for n in range(7)]
    assert y == pytest.approx(expected[::-1])


def test_bands_are_one_sample_standard_deviation(plan, store):
    (axes,) = [one for one in draw(plan, store)["accuracy-vs-sparsity"].figure.axes if one.get_ylabel()]
    corners = axes.collections[0].get_paths()[0].vertices
    spread = 100 * stdev(0.002 * s * 7 for s in range(3))
    sparsest = 100 * min(level.density for level in plan.levels["", "imp"])
    at_end = sorted({round(y, 9) for x, y in corners if abs(x - sparsest) < 1e-9})
    assert at_end[-1] - at_end[0] == pytest.approx(2 * spread)


def test_the_grey_band_is_the_dense_network(plan, store):
    drawing = draw(plan, store)["accuracy-vs-sparsity"]
    (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
    values = [1 - (0.05 + 0.002 * s) for s in range(3)]
    (band,) = axes.patches
    assert band.get_y() == pytest.approx(100 * (fmean(values) - stdev(values)))
    assert band.get_height() == pytest.approx(200 * stdev(values))
    assert f"{100 * fmean(values):.2f} ± {100 * stdev(values):.2f} (n = 3)" in drawing.caption


def test_on_a_plain_scale_of_sparsity_where_that_is_asked_for(plan, store):
    wish = {"x": "sparsity", "networks": ["imp"], "levels": ["dense", 2, "last"], "split": "train"}
    drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
    (axes,) = drawing.figure.axes
    ((x, y),) = lines(axes).values()
    assert x == pytest.approx([0, 36, 100 * (1 - 0.8**6)], abs=0.2)
    assert y[0] == pytest.approx(100 * fmean(1 - (0.05 + 0.002 * s) / 2 for s in range(3)))
    assert axes.get_xscale() == "linear"


def instabilities(plan, network, level, at):
    """Pairs within a replicate first."""
    found: dict[int, list[float]] = {}
    for target in plan.targets:
        if (target.network, target.level, target.at_updates) == (network, level, at) and target.kind == "stability":
            found.setdefault(target.replicate, []).append(rise(target))
    return [fmean(pairs) for pairs in found.values()]


def test_instability_against_sparsity_has_a_panel_for_each_k(plan, store):
    panels = draw(plan, store)["instability-vs-sparsity"].figure.axes
    assert [axes.get_title() for axes in panels] == ["k = 0", "k = 20it", "k = 3ep"]
    for axes, at in zip(panels, (0, 20, 69), strict=True):
        x, y = lines(axes)["imp"]
        assert len(x) == 3
        assert y == pytest.approx([100 * fmean(instabilities(plan, "imp", level, at)) for level in (6, 3, 0)])
        dashed = [line for line in axes.lines if list(line.get_ydata()) == [5.0, 5.0]]
        assert len(dashed) == 1, "the threshold"


def test_instability_against_k(plan, store):
    (axes,) = draw(plan, store)["instability-vs-step"].figure.axes
    shown = lines(axes)
    assert list(shown) == ["dense", f"imp, {100 * (1 - 0.8**6):.1f} % sparse"]
    for (x, y), level in zip(shown.values(), (0, 6), strict=True):
        assert x == [0, 20, 69]
        assert y == pytest.approx([100 * fmean(instabilities(plan, "imp", level, at)) for at in x])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "20it", "3ep"]


def test_far_apart_steps_stand_on_a_log_scale():
    plan = plan_of('networks.dense = []\nmeasures.stability = { levels = ["dense"], at = [0, "2it", "100it"] }')
    (axes,) = draw(plan, Recorded(made_up(plan, made).found))["instability-vs-step"].figure.axes
    assert axes.get_xscale() == "symlog"


def test_error_along_the_path(plan, store):
    panels = draw(plan, store)["error-along-path"].figure.axes
    titles = [f"k = {k}, {split}" for k in ("0", "20it", "3ep") for split in ("test", "train")]
    assert [axes.get_title() for axes in panels] == titles
    for place, half in ((2, 1), (3, 2)):
        shown = lines(panels[place])
        x, y = shown[f"imp, {100 * (1 - 0.8**6):.1f} % sparse"]
        assert x == [0.0, 0.5, 1.0]
        assert y[1] == pytest.approx(100 * fmean(instabilities(plan, "imp", 6, 20)) / half)
        assert set(shown) == {"dense", f"imp, {100 * (1 - 0.8**6):.1f} % sparse"}


@pytest.mark.parametrize("panels", [None, "case"])
def test_levels_of_a_network_along_the_path_are_told_apart(plan, store, panels):
    """The papers' combined column: dense and two sparse levels of each network in one panel."""
    wish = {"levels": ["dense", 3, "last"], "panels": panels}
    for axes in draw(plan, store, **{"error-along-path": wish})["error-along-path"].figure.axes:
        names = ["dense", *(f"imp, {100 * (1 - 0.8**level):.1f} % sparse" for level in (3, 6))]
        told = [f"{name}, k = {k}" for name in names for k in ("0", "20it", "3ep")] if panels else names
        assert set(lines(axes)) == set(told)
        assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == len(told)
        assert not axes.get_title().startswith(",")


@pytest.mark.parametrize(
    ("plot", "wish", "says"),
    [
        ("accuracy-vs-sparsity", {"metric": "test/mean"}, "no 'test/mean' to draw"),
        ("instability-vs-step", {"metric": "barrier/test-loss"}, "no 'barrier/test-loss' to draw"),
        ("instability-vs-step", {"split": "train"}, "no 'instability/train' to draw"),
    ],
)
def test_numbers_that_a_plot_can_t_show(plan, store, plot, wish, says):
    drawing = draw(plan, store, **{plot: wish})[plot]
    assert drawing.figure is None
    assert says in drawing.notes[0]


def test_another_number_of_a_path(plan, store):
    drawing = draw(plan, store, **{"instability-vs-step": {"metric": "barrier"}})["instability-vs-step"]
    (axes,) = drawing.figure.axes
    assert drawing.title == "Barrier against k"
    assert "stable" not in drawing.caption, "the threshold is one of instability"
    assert axes.get_ylabel() == "barrier (points of test error)"
    _, y = lines(axes)["dense"]
    assert y[0] == pytest.approx(50 * fmean(instabilities(plan, "imp", 0, 0)))


def test_loss_along_the_path(plan, store):
    for target in plan.targets:
        if target.kind == "stability":
            store.found[target.task].scalars["paths"]["average"]["test_loss"] = [0.5, 1.5 + target.replicate, 0.5]
    drawing = draw(plan, store, **{"error-along-path": {"metric": "loss"}})["error-along-path"]
    assert drawing.title == "Loss along the straight path"
    for axes in drawing.figure.axes:
        assert all(y == pytest.approx([0.5, 2.5, 0.5]) for _, y in lines(axes).values())


def test_means_and_spreads_along_a_path():
    assert over_replicates([(0.1, 0.2), (0.3, 0.2)]) == (
        pytest.approx([20, 20]),
        pytest.approx([100 * stdev([0.1, 0.3]), 0]),
    )
    assert over_replicates([(0.1,)])[1] == [0.0]


def test_costs_are_totals_of_no_n(plan, store):
    for wish in ({}, {"x": "sparsity"}):
        drawn = marks_of(draw(plan, store, cost=wish)["cost"].figure)
        assert drawn and {(record["n"], record["asked"]) for record in numbers(drawn)} == {(None, None)}
        assert not any(mark.words.endswith(")") for mark in drawn)


def test_cost_counts_images_by_hand(plan, store):
    images, seconds = draw(plan, store)["cost"].figure.axes
    own, shared = images.containers
    by_name = {tick.get_text(): tick.get_position()[1] for tick in images.get_yticklabels()}
    assert list(by_name) == ["shuffled", "imp", "dense"]
    totals = [mine.get_width() + rest.get_width() for mine, rest in zip(own, shared, strict=True)]
    # 1,437 images and 10 epochs; every replicate of `shuffled` trains its 6 levels, and needs those of imp before for
    # their masks: the dense one and 5 more.
    assert totals[0] == 3 * 14_370 * (6 + 6)
    assert own[0].get_width() == 3 * 14_370 * 6
    works = [bar.get_width() for bar in seconds.containers[0]]
    assert works[0] == 3 * (6 + 6), "trainings and shuffles of a second each"


def test_gaps_are_marked_and_named(plan):
    def some(target):
        if target.kind == "accuracy" and target.network == "imp":
            if target.level == 2:
                return None
            if (target.level, target.replicate) == (4, 0):
                return "diverged"
        return made(target)

    drawing = draw(plan, Recorded(made_up(plan, some).found))["accuracy-vs-sparsity"]
    (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
    _, y = lines(axes)["imp"]
    assert [value != value for value in y] == [False, False, False, False, True, False, False]
    (marks,) = [line for line in axes.lines if line.get_label() == "_open"]
    assert list(marks.get_xdata()) == pytest.approx([100 * 0.8**4], abs=0.1)
    assert drawing.notes == (
        "imp: nothing at 64 % (a gap)",
        "imp: replicates missing or collapsed at 41 % (open markers)",
    )


def test_what_collapsed_far_below_does_not_set_the_scale(plan):
    def some(target):
        return "chance" if target.kind == "accuracy" and target.level == 6 else made(target)

    drawing = draw(plan, Recorded(made_up(plan, some).found))["accuracy-vs-sparsity"]
    (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
    assert axes.get_ylim()[0] > 80, "10 % is not in view"
    marks = [line for line in axes.lines if line.get_label() == "_below"]
    assert [list(line.get_xdata()) for line in marks] == [pytest.approx([100 * 0.8**6], abs=0.1)] * 2
    assert "lower edge" in drawing.caption


def test_more_networks_than_colours():
    networks = [
        f"imp{k} = [{{ rounds = 1, rewind = {k} }}]\nshuffled{k} = {{ like = 'imp{k}', mask = 'shuffled' }}\n"
        f"reinit{k} = {{ like = 'imp{k}', weights = 'reinitialised' }}\n"
        for k in range(6)
    ]
    plan = plan_of(f"[networks]\n{''.join(networks)}[measures]\naccuracy = {{}}")
    drawing = draw(plan, Recorded(made_up(plan, made).found))["accuracy-vs-sparsity"]
    (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
    looks = {
        line.get_label(): (line.get_color(), line.get_linestyle())
        for line in axes.lines
        if not line.get_label().startswith("_")
    }
    assert len(looks) == len(set(looks.values())) == 18, "no two look alike"
    assert looks["imp2"][0] == looks["shuffled2"][0] == looks["reinit2"][0]


def test_nothing_is_there_yet(plan):
    found = draw(plan, Recorded())
    assert found["error-along-path"].figure is None
    assert "in the store yet" in found["error-along-path"].notes[0]
    for drawing in found.values():
        files(drawing)
    assert "results missing: their seconds" in found["cost"].notes[0]


def test_figures_of_the_spec(plan, store):
    found = draw(plan, store, table={"networks": ["imp"], "levels": ["last"]})
    ((network, level, *_),) = found["table"].table.lines
    assert (network.text, level.text) == ("imp", "6")
    one_k = draw(plan, store, **{"error-along-path": {"at": "20it"}})["error-along-path"].figure
    assert [axes.get_title() for axes in one_k.axes] == ["k = 20it, test", "k = 20it, train"]
    without = plan_of("networks.dense = []\nmeasures.accuracy = {}")
    (one,) = draw(without, Recorded(), **{"error-along-path": {}}).values()
    assert one.notes == ("error-along-path needs a measure of the kind stability, and none is there",)


def test_files_are_the_same_every_time_and_pyplot_is_not_asked(plan, store):
    loaded = "matplotlib.pyplot" in sys.modules
    once, again = (files(draw(plan, store)["accuracy-vs-sparsity"]) for _ in range(2))
    assert once == again
    assert set(once) == {"svg", "png"}
    assert once["png"].startswith(b"\x89PNG")
    for word in (b"<dc:date>", b"Matplotlib v"):
        assert word not in once["svg"]
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_the_user_s_own_settings_do_not_matter_and_stay(plan, store):
    import matplotlib

    once = files(draw(plan, store)["cost"])
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "svg.hashsalt": "mine"}):
        assert files(draw(plan, store)["cost"]) == once
        assert matplotlib.rcParams["font.size"] == 20


def test_figures_name_levels_as_measures_do():
    from lmcspec.report.figures.case_results import CaseResults

    stages = '[{ data = "real", rounds = 2 }, { data = "real", rounds = 3 }]'
    two = plan_of(f"networks.two = {stages}\nmeasures.accuracy = {{}}")
    given, every = CaseResults(two, "", [], Recorded(), Recorded()), range(6)
    wanted = {
        ("dense", "last-stage"): [0, 2, 3, 4, 5],
        ("start",): [2],
        ("last-stage",): [2, 3, 4, 5],
        (1, "last"): [1, 5],
        "all": list(every),
    }
    assert {names: given.levels("two", names, every) for names in wanted} == wanted


def test_the_picture_of_one_path(plan):
    from lmcspec.report.figures import one_path

    task = next(task for task in plan.tasks.values() if task.kind == "path")
    curve = {"test_error": [0.1, 0.4, 0.2], "test_loss": [0.5, 1.0, 0.7], "train_error": [0.0, 0.3, 0.0]}
    curve |= {"train_loss": [0.1, 0.9, 0.1], "summary": {}}
    better = curve | {"test_error": [0.1, 0.2, 0.2]}

    def lines(paths):
        drawing = one_path.draw(task, Result({"alphas": [0.0, 0.5, 1.0], "paths": paths}))
        error, loss = drawing.figure.axes
        assert [list(line.get_ydata()) for line in loss.get_lines()][:2] == [curve["test_loss"], curve["train_loss"]]
        return {line.get_label(): [round(float(y), 9) for y in line.get_ydata()] for line in error.get_lines()}

    assert lines({"average": curve, "recompute": dict(curve)}) == {"test": [10, 40, 20], "train": [0, 30, 0]}
    assert lines({"average": curve, "recompute": better}) == {
        "test, average": [10, 40, 20],
        "train, average": [0, 30, 0],
        "test, recompute": [10, 20, 20],
        "train, recompute": [0, 30, 0],
    }
    assert lines({"average": curve, "recompute": curve, "repair": better}).keys() >= {"test, average", "test, repair"}


def test_every_figure_that_is_drawn_can_be_asked_for(plan, store):
    unasked = [one.name for one in drawings(plan, "", tidy(plan, store), store, {})]
    assert unasked and set(unasked) <= set(built_in("plot"))
    (one,) = draw(plan, store, **{"instability-vs-sparsity": {"at": 3}}).values()
    assert [axes.get_title() for axes in one.figure.axes] == ["k = 3ep"]
    assert one.notes == ()
