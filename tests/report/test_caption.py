"""What a figure's caption says of copies, spreads and images: of what is drawn, and of nothing else of the study."""

from types import SimpleNamespace

import pytest
from drawn_for_tests import Recorded, draw, draw_across
from matplotlib.figure import Figure
from results_for_tests import made_up, paths, plan_of

from lmcspec.catalog.metric import POINTS
from lmcspec.report.caption import caption
from lmcspec.report.figures.marks import Mark, put_marks
from lmcspec.report.figures.style import Drawing
from lmcspec.report.summary import cell_of
from lmcspec.store import Store, open_journal
from lmcspec.version import __version__

CASES = """
networks.dense = []
measures.stability = { levels = ["dense"], at = [0], copies = 2, split = ["test", "train"] }
[[sweep.cases]]
case = "two"
[[sweep.cases]]
case = "four"
measures.stability.copies = 4
"""


@pytest.fixture(scope="module")
def plan():
    return plan_of(CASES)


@pytest.fixture(scope="module")
def store(plan):
    made = made_up(plan, lambda target: 0.1 + 0.01 * target.replicate)
    for target in plan.targets:
        result = paths(0.1 + 0.01 * target.replicate)
        for of_policy in result["paths"].values():
            of_policy |= {"train_error": [0.0, 0.1, 0.0]}
            of_policy["summary"] |= {"instability/train": 0.05}
        made.found[target.task].scalars.update(result)
    return Recorded(made.found)


@pytest.fixture
def said(plan, tmp_path):
    """The caption of a drawing of the study."""
    study = SimpleNamespace(plan=plan, loaded=None)
    return lambda drawing: caption(study, Store.open(tmp_path / "store"), drawing)


@pytest.mark.parametrize(("case", "copies"), [("two", "2 copies, 1 pair"), ("four", "4 copies, 6 pairs")])
def test_copies_are_those_of_the_case_that_is_drawn(plan, store, said, case, copies):
    drawing = draw(plan, store, case=case, **{"instability-vs-step": {}})["instability-vs-step"]
    assert f"In each replicate stability compares {copies} of them." in said(drawing)


def test_of_cases_that_differ_in_copies_all_are_told(plan, store, said):
    drawings = draw_across(plan, store, **{"instability-vs-step": {"panels": "case"}})
    assert "stability compares 2 to 4 copies, 1 to 6 pairs of them." in said(drawings["instability-vs-step"])


@pytest.mark.parametrize("plot", ["error-along-path", "instability-vs-step"])
@pytest.mark.parametrize(
    ("wish", "images"),
    [({"split": "train"}, "train"), ({"split": "test"}, "test"), ({"series": "split"}, "test and train")],
)
def test_images_are_those_of_the_lines(plan, store, said, plot, wish, images):
    drawing = draw(plan, store, case="two", **{plot: wish})[plot]
    text = said(drawing)
    assert f"On {images} images." in text
    assert "Statistics of batch norm, where there are any, are averaged along a path, as its weights are." in text


def test_a_spread_is_said_where_one_is_drawn_and_an_interval_is_not_guessed_at(said):
    figure = Figure()
    several, alone = cell_of((0.1, 0.2, 0.4), 3), cell_of((0.1,), 1)
    put_marks(
        figure, [Mark("", "a", "b", 0.0, several, POINTS, interval=(0.0, 1.0)), Mark("", "a", "b", 1.0, alone, POINTS)]
    )
    text = said(Drawing("a", "A", figure))
    assert "interval" not in text and "standard deviation" not in text
    put_marks(figure, [Mark("", "a", "b", 2.0, several, POINTS)])
    assert "one sample standard deviation to either side, and no confidence interval." in said(
        Drawing("a", "A", figure)
    )


def test_it_ends_with_the_study_and_its_last_commit(plan, said, tmp_path):
    store = Store.open(tmp_path / "store")
    assert said(Drawing("a", "A", None)).splitlines()[-1] == f"Study made-up; lmcspec {__version__}."
    for commit, dirty in (("11", False), ("", True), ("22", True)):
        open_journal(store, "made-up", {}, None, {"commit": commit, "dirty": dirty}).close()
    last = said(Drawing("a", "A", None)).splitlines()[-1]
    assert last == f"Study made-up; commit 22 with changes, lmcspec {__version__}."
