import math

import pytest
import torch

from lmcspec.science.evaluate import Evaluation
from lmcspec.science.outcome import chance_probability, outcome


def by_hand(right, images, classes):
    return sum(
        math.comb(images, r) * (1 / classes) ** r * (1 - 1 / classes) ** (images - r) for r in range(right, images + 1)
    )


@pytest.mark.parametrize(
    ("right", "images", "classes"), [(0, 20, 10), (2, 20, 10), (9, 20, 10), (50, 360, 10), (360, 360, 10)]
)
def test_chance_is_the_binomial_tail(right, images, classes):
    found = chance_probability(Evaluation(images, images - right, 1.0), classes)
    assert found == pytest.approx(by_hand(right, images, classes), rel=1e-9)


def test_each_outcome():
    alive, dead = torch.tensor([True, False]), torch.tensor([False, False])
    good, guessing = Evaluation(360, 36, 0.3), Evaluation(360, 320, 2.3)
    assert outcome(good, 10) == "ok"
    assert outcome(good, 10, {"w": alive}) == "ok"
    assert outcome(guessing, 10) == "chance"
    assert outcome(good, 10, {"v": alive, "w": dead}) == "dead-layer"
    assert outcome(good, 10, {"w": dead}, diverged=True) == "diverged"
    for loss in (math.nan, math.inf):
        assert outcome(Evaluation(360, 324, loss), 10) == "diverged"


def test_the_line_is_at_one_percent():
    results = [outcome(Evaluation(360, 360 - right, 2.0), 10) for right in range(361)]
    first = results.index("ok")
    assert by_hand(first, 360, 10) <= 0.01 < by_hand(first - 1, 360, 10)
    assert set(results[:first]) == {"chance"} and set(results[first:]) == {"ok"}
