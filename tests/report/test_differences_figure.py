"""The figure of differences: what is drawn where, and what its markers say."""

# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import pytest
from results_for_tests import made_up, plan_of

from lmcspec.report import tidy
from lmcspec.report.figures.differences import differences
from lmcspec.report.within import compare_within

TEXT = """
[networks]
imp = [{ data = "real", rounds = 3, fraction = 0.36, rewind = { each = [0, "20it"] } }]
random = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
stability = { levels = [1, "last"] }
"""


@pytest.fixture(scope="module")
def compared():
    plan = plan_of(TEXT)

    def value(target):
        if target.network == "random[rewind=0]" and target.level == 2:
            return None
        shuffled = target.network.startswith("random") * target.level
        return 0.05 + 0.01 * target.level + 0.1 * shuffled + 0.002 * (target.replicate * (1 + shuffled)) ** 2

    return compare_within(plan, tidy(plan, made_up(plan, value)), "imp", "random")


def lines(axes):
    return {line.get_label(): line for line in axes.lines if not str(line.get_label()).startswith("_")}


def test_a_panel_for_each_measure_and_a_line_for_each_pair(compared):
    drawing = differences(compared, "comparison")
    assert drawing.figure is not None
    assert [axes.get_title() for axes in drawing.figure.axes] == ["accuracy", "instability k=0", "instability k=20it"]
    names = [f"random[rewind={k}] - imp[rewind={k}]" for k in ("0", "20it")]
    assert [list(lines(axes)) for axes in drawing.figure.axes] == [names, names[:1], names[1:]]
    assert {axes.get_ylabel() for axes in drawing.figure.axes} == {"B - A (points)"}


def test_differences_stand_at_the_weights_that_remain_and_gaps_at_none(compared):
    drawing = differences(compared, "comparison")
    first, second = lines(drawing.figure.axes[0]).values()
    assert list(second.get_xdata()) == pytest.approx([100 * 0.64**level for level in (3, 2, 1, 0)])
    assert list(first.get_xdata()) == pytest.approx([100 * 0.64**level for level in (3, 1, 0)]), "one is missing"
    by_level = [contrast for contrast in compared[1].contrasts if contrast.a.measure == "accuracy"]
    assert list(second.get_ydata()) == pytest.approx([100 * contrast.gap.mean for contrast in reversed(by_level)])


def test_bars_are_intervals_and_open_markers_are_undecided(compared):
    axes = differences(compared, "comparison").figure.axes[0]
    bars = axes.containers[1].lines[2][0].get_segments()
    contrasts = [contrast for contrast in compared[1].contrasts if contrast.a.measure == "accuracy"]
    assert [contrast.gap.interval is None for contrast in contrasts] == [True, False, False, False]
    assert len(bars) == 3, "the dense network is one for both: there is no interval, and no bar"
    for segment, contrast in zip(bars, contrasts[1:], strict=True):
        interval = contrast.gap.interval
        assert [y for _, y in segment] == pytest.approx([100 * interval.low, 100 * interval.high])
    opened = next(line for line in axes.lines if line.get_label() == "_open" and len(line.get_xdata()))
    undecided = [contrast for contrast in contrasts if contrast.verdict not in ("larger", "smaller")]
    assert {contrast.a.level for contrast in undecided} >= {0}
    assert opened.get_markerfacecolor() == "white"


def test_over_a_level_that_is_missing_goes_a_thin_broken_line(compared):
    drawing = differences(compared, "comparison")
    axes = drawing.figure.axes[0]
    first, second = lines(axes).values()
    assert (first.get_linestyle(), second.get_linestyle()) == ("None", "-")
    joined = {line.get_label(): list(line.get_xdata()) for line in axes.lines if line.get_linestyle() != "None"}
    assert joined["_run"] == pytest.approx([64.0, 100.0])
    assert joined["_over"] == pytest.approx([100 * 0.64**3, 64.0])
    assert drawing.caption.endswith("Thin broken lines pass over levels that are not shown.")


def test_nothing_there_is_said():
    plan = plan_of(TEXT)
    compared = compare_within(plan, tidy(plan, made_up(plan, lambda _: None)), "imp", "random")
    drawing = differences(compared, "comparison")
    assert (drawing.figure, drawing.notes) == (None, ("nothing is there yet to tell a difference by",))
