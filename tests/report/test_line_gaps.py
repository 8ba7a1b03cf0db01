"""Lines go from level to level where each is there; over others thin and broken; spreads are bars or bands, not both."""

from itertools import pairwise

import pytest
from drawn_for_tests import draw, recorded
from matplotlib.collections import LineCollection, PolyCollection
from results_for_tests import made_up, plan_of

from lmcspec.report.figures.lines import CROWDED, LineStyle, MeanPoint, draw_line, has_bars
from lmcspec.report.summary import Cell, Where

TEXT = """
[networks]
dense = []
imp = [{ data = "real", rounds = 8 }]
short = [{ data = "real", rounds = 2, criterion = "random" }]
[measures]
accuracy = {}
few = { kind = "accuracy", levels = ["dense", 1, 2, 5, "last"], networks = ["imp"] }
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


def error(target) -> float:
    return 0.1 + 0.01 * target.level + 0.003 * target.replicate


def drawn(plan, store, **wish):
    (axes,) = [
        axes
        for axes in draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"].figure.axes
        if axes.get_ylabel()
    ]
    return axes


def joined(axes, colour: str, broken: bool) -> set[tuple[float, float]]:
    """The pairs of places between which there is a line of a colour, broken or not."""
    pairs = set()
    for line in axes.lines:
        thin = line.get_label() == "_over"
        if line.get_color() == colour and line.get_linestyle() != "None" and thin == broken:
            x, y = line.get_xdata(), line.get_ydata()
            points = list(zip(x, y, strict=True))
            pairs |= {(round(a[0], 6), round(b[0], 6)) for a, b in pairwise(points) if a[1] == a[1] and b[1] == b[1]}
    return pairs


def test_what_is_between_levels_that_are_not_measured_is_broken(plan):
    store = recorded(plan, lambda target: made_up(plan, error).found[target.task])
    wish = {"measure": "few", "networks": ["imp"]}
    axes = drawn(plan, store, **wish)
    left = [round(100 * 0.8**level, 6) for level in range(9)]
    places = {
        level: min((x for x in axes.lines[0].get_xdata()), key=lambda x, at=left[level]: abs(x - at))
        for level in (0, 1, 2, 5, 8)
    }
    at = {level: round(place, 6) for level, place in places.items()}
    colour = axes.lines[0].get_color()
    assert joined(axes, colour, False) == {(at[1], at[0]), (at[2], at[1])}
    assert joined(axes, colour, True) == {(at[5], at[2]), (at[8], at[5])}
    drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
    assert "Thin broken lines pass over levels that are not shown." in drawing.caption
    assert drawing.figure.legends[0].legend_handles[0].get_linestyle() == "-", "the legend has the network's own line"


def test_where_a_level_is_missing_nothing_is_joined(plan):
    made = made_up(plan, lambda target: None if (target.network, target.level) == ("imp", 4) else error(target))
    store = recorded(plan, lambda target: made.found.get(target.task) or None)
    store.found = {task: found for task, found in store.found.items() if found is not None}
    axes = drawn(plan, store, measure="accuracy", networks=["imp"])
    colour = axes.lines[0].get_color()
    pairs = joined(axes, colour, False)
    assert len(pairs) == 6 and not joined(axes, colour, True)
    gap = 100 * 0.8**4
    assert not any(low < gap - 1 and high > gap + 1 for low, high in pairs)


def spreads_in(figure) -> set[str]:
    shown = set()
    for axes in figure.axes:
        shown |= {"bands" for part in axes.collections if isinstance(part, PolyCollection)}
        shown |= {"bars" for part in axes.collections if isinstance(part, LineCollection)}
        shown |= {"bands" for _ in axes.patches}
        shown |= {"bars" for line in axes.lines if line.get_label() == "_bars"}
    return shown


@pytest.mark.parametrize(
    ("wish", "form"),
    [
        ({"measure": "accuracy"}, "bars"),
        ({"measure": "accuracy", "networks": ["imp"]}, "bands"),
        ({"measure": "few", "networks": ["imp"]}, "bars"),
        ({"measure": "accuracy", "networks": ["short"]}, "bars"),
    ],
)
def test_spreads_are_bars_or_bands_in_all_of_a_figure(plan, wish, form):
    store = recorded(plan, lambda target: made_up(plan, error).found[target.task])
    drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
    assert spreads_in(drawing.figure) == {form}
    assert f"{form} one sample standard deviation" in drawing.caption


def points(levels, network="imp"):
    return [
        MeanPoint(100 * 0.8**level, Cell(0.5, 0.1, 3, (), asked=3, where=Where("", network, level))) for level in levels
    ]


def test_many_points_have_bands_beside_few():
    assert has_bars([points(range(4)), points(range(20))])
    assert not has_bars([points(range(4)), points(range(CROWDED + 1))])


def test_members_of_one_curve_are_joined():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    every = [*points([1], "a"), *points([5], "b"), *points([1], "c")]
    draw_line(axes, every, LineStyle("#000000", "o", "-"), "curve")
    assert [line.get_label() for line in axes.lines] == ["curve"]
