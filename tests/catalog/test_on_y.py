"""Which number a figure's `metric` and `split` make of a quantity."""

from itertools import product

import pytest

from lmcspec.catalog import built_in
from lmcspec.catalog.card import MeasureCard
from lmcspec.catalog.on_y import told

OF_PATHS = [
    metric
    for card in built_in("measure").values()
    if isinstance(card, MeasureCard)
    for metric in card.metrics
    if metric.mistake and metric.split
]


@pytest.mark.parametrize("metric", OF_PATHS, ids=lambda metric: f"{metric.measure}-{metric.name}")
def test_an_error_and_a_loss_can_both_be_asked_for(metric):
    """Whichever of the two a figure would show by itself."""
    card = built_in("measure")[metric.measure]
    assert isinstance(card, MeasureCard)
    assert told(card, metric.quantity, metric, None, metric.mistake) == metric
    for asked, split in product(("error", "loss"), (None, metric.split)):
        shown = told(card, metric.quantity, metric, split, asked)
        assert shown is not None and (shown.mistake, shown.quantity, shown.policy) == (
            asked,
            metric.quantity,
            metric.policy,
        )
