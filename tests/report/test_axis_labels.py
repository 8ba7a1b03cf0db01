"""Words beside axes, however many they are."""

from itertools import pairwise

import pytest
from drawn_for_tests import Recorded, draw
from results_for_tests import made_up, plan_of

from lmcspec.catalog import get


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("barrier/test", "barrier (points of test error)"),
        ("barrier/train-loss@recompute", "barrier (train loss, batch norm recomputed)"),
        ("barrier/test@repair", "barrier (points of test error, units repaired)"),
    ],
)
def test_what_was_done_to_statistics_is_said(name, label):
    assert get("measure", "connectivity").metrics.called(name).label() == label


def _plan():
    return plan_of(
        "[networks]\nimp = [{ rounds = 1, rewind = { each = [0, 1] } }]\n"
        "[measures]\naccuracy = {}\nstability = { at = [0, 1], levels = ['dense', 1], copies = 2, points = 3 }"
    )


@pytest.mark.parametrize(
    ("plot", "wish"),
    [
        ("instability-vs-step", {}),
        ("instability-vs-step", {"panels": "network", "y": ["instability", "instability"]}),
        ("instability-vs-sparsity", {}),
    ],
)
def test_a_long_label_stays_beside_its_axis(plot, wish):
    plan = _plan()
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    figure = draw(plan, store, **{plot: {"metric": "instability/test@recompute", **wish}})[plot].figure
    figure.draw_without_rendering()
    labels = [axes.yaxis.label for axes in figure.axes if axes.get_ylabel()]
    assert any("batch norm recomputed" in label.get_text().replace("\n", " ") for label in labels)
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: (box.x0, box.y0))
    for box in boxes:
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, "and is whole"
    for below, above in pairwise(boxes):
        assert not below.overlaps(above), "and covers no other"
