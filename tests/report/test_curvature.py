"""The Hessian's diagonal of made-up results: its distribution and its table read back."""

from statistics import fmean, stdev

import pytest
from drawn_for_tests import Recorded, draw, lines, recorded
from results_for_tests import Result, plan_of

from lmcspec.report.figures.marks import marks_of
from lmcspec.report.figures.numbers import numbers as marked

TEXT = """
[networks]
imp = [{ rounds = 2 }]
twin = [{ rounds = 1 }]
[measures]
hessian = { levels = ["dense", "last"] }
"""
EDGES = [-10.0, -1.0, -1e-6, -1e-9, 1e-9, 1e-6, 1.0, 10.0]
COUNTS = [1, 2, 3, 4, 5, 6, 9]


def numbers(target) -> dict[str, float]:
    base = 0.001 * (1 + target.level + 10 * target.replicate)
    return {
        "min": -base,
        "max": 9 * base,
        "mean": base,
        "std": 2 * base,
        "mean-magnitude": 3 * base,
        "trace": 1e4 * base,
        "all/mean": 4 * base,
        "all/std": 5 * base,
        "all/mean-magnitude": 6 * base,
    }


@pytest.fixture
def plan():
    return plan_of(TEXT)


@pytest.fixture
def store(plan):
    def result(one):
        return Result(
            {"metrics": numbers(one), "histogram": {"edges": EDGES, "counts": COUNTS[:: -1 if one.level else 1]}}
        )

    return recorded(plan, result)


def test_shares_of_each_bin_and_one_around_nothing(plan, store):
    drawing = draw(plan, store, hessian={})["hessian"]
    (axes,) = drawing.figure.axes
    shown = lines(axes)
    assert list(shown) == ["dense", "imp, 36.0 % sparse", "twin, 20.0 % sparse"], "dense once for both"
    x, y = shown["dense"]
    assert x == [-5.5, pytest.approx(-0.5000005), 0.0, pytest.approx(0.5000005), 5.5]
    assert y == pytest.approx([share / 30 for share in (1, 2, 3 + 4 + 5, 6, 9)])
    assert axes.get_xscale() == "symlog" and axes.get_yscale() == "log"


def test_spreads_are_whole_where_they_are_told_and_stay_above_nothing_where_they_are_drawn(plan):
    """In the first bin one replicate has all, two have nothing: the standard deviation is larger than the mean."""
    first = [0.3, 0.0, 0.0]

    def result(target):
        counts = [300, 2, 3, 4, 5, 6, 680] if not target.replicate else [0, 302, 3, 4, 5, 6, 680]
        return Result({"metrics": numbers(target), "histogram": {"edges": EDGES, "counts": counts}})

    drawing = draw(plan, recorded(plan, result), hessian={"networks": ["twin"], "levels": ["last"]})["hessian"]
    records = list(marked(marks_of(drawing.figure)))
    mean, std = fmean(first), stdev(first)
    assert (records[0]["mean"], records[0]["low"], records[0]["high"]) == pytest.approx((mean, mean - std, mean + std))
    assert records[0]["low"] < 0
    (axes,) = drawing.figure.axes
    reached = [y for part in axes.collections for path in part.get_paths() for y in path.vertices[:, 1]]
    assert min(reached) > 0
    assert mean + std in [pytest.approx(y) for y in reached] and 0.1 * mean in [pytest.approx(y) for y in reached]
    assert "Spreads that go further down end at 10 % of the mean" in drawing.caption


def test_a_network_has_the_colour_that_it_has_elsewhere(plan, store):
    """Also where others stand before it in the study, or their levels are left out."""
    (axes,) = draw(plan, store, hessian={})["hessian"].figure.axes
    colours = {line.get_label(): line.get_color() for line in axes.lines}
    (alone,) = draw(plan, store, hessian={"networks": ["twin"], "levels": ["last"]})["hessian"].figure.axes
    assert [line.get_color() for line in alone.lines] == [colours["twin, 20.0 % sparse"]]


def test_the_papers_table(plan, store):
    table = draw(plan, store, hessian={})["hessian"].table
    all_weights = ("mean, masked as 0", "std, masked as 0", "mean magnitude, masked as 0")
    assert table.headings == ("network", "min", "max", "mean", "std", "mean magnitude", *all_weights, "trace")
    by_name = {line[0].text: line for line in table.lines}
    assert list(by_name) == ["dense", "imp, 36.0 % sparse", "twin, 20.0 % sparse"]
    own = [numbers(one)["mean-magnitude"] for one in plan.targets if (one.network, one.level) == ("imp", 2)]
    cell = by_name["imp, 36.0 % sparse"][5]
    assert cell.text == f"{fmean(own):.4f} ± {stdev(own):.4f} ({len(own)})"
    assert cell.tasks == tuple(one.task for one in plan.targets if (one.network, one.level) == ("imp", 2))
    assert by_name["dense"][9].text.startswith(f"{fmean(1e4 * 0.001 * (1 + 10 * r) for r in range(len(own))):.2f}")
    for place, times in ((6, 4), (7, 5), (8, 6)):
        cell = by_name["dense"][place]
        assert cell.text.startswith(f"{fmean(times * 0.001 * (1 + 10 * r) for r in range(len(own))):.4f}"[:6])


def test_an_estimate_is_called_one():
    plan = plan_of(TEXT.replace('"last"] }', '"last"], diagonal = "estimated", probes = 50 }'))
    found = Recorded({})
    for one in plan.targets:
        errors = {"entry-error": 0.5, "trace-error": 0.25}
        counts = {"edges": EDGES, "counts": COUNTS}
        found.found[one.task] = Result({"metrics": numbers(one) | errors, "histogram": counts})
    drawing = draw(plan, found, hessian={})["hessian"]
    assert "estimated from 50 probes" in drawing.caption
    by_heading = dict(zip(drawing.table.headings, drawing.table.lines[0], strict=True))
    assert by_heading["standard error of an entry"].text.startswith("0.500")
    assert by_heading["standard error of the trace"].text.startswith("0.250")


@pytest.mark.parametrize(("batches", "words"), [(1, "one batch of 64 images"), (10, "10 batches of 64 images")])
def test_the_caption_says_over_how_many_batches_it_is(batches, words):
    plan = plan_of(TEXT.replace('"last"] }', f'"last"], batches = {batches} }}'))
    found = Recorded({})
    for one in plan.targets:
        found.found[one.task] = Result({"metrics": numbers(one), "histogram": {"edges": EDGES, "counts": COUNTS}})
    assert f"Of the mean loss over {words}, " in draw(plan, found, hessian={})["hessian"].caption


def test_an_exact_diagonal_is_not(plan, store):
    assert "estimated" not in draw(plan, store, hessian={})["hessian"].caption


def test_without_results_it_says_so(plan):
    drawing = draw(plan, Recorded({}), hessian={})["hessian"]
    assert drawing.figure is None
    assert drawing.notes == ("no Hessian is in the store yet",)
