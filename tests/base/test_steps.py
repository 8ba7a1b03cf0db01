"""Steps: spellings, what they resolve to, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.steps import Step, parse_step, updates_per_epoch


@pytest.mark.parametrize(
    ("spelling", "step"),
    [
        (3, Step(3, 0)),
        (0, Step(0, 0)),
        ("3ep", Step(3, 0)),
        ("500it", Step(0, 500)),
        ("2ep40it", Step(2, 40)),
        ("0ep", Step()),
        ("0it", Step()),
        ("1ep5000it", Step(1, 5000)),
    ],
)
def test_spellings(spelling, step):
    assert parse_step(spelling) == step


@pytest.mark.parametrize(
    "spelling",
    [
        "",
        "3",
        "ep",
        "it",
        "007it",
        "1.5ep",
        " 3ep",
        "3ep ",
        "3 ep",
        "-1it",
        "3EP",
        "40it2ep",
        "3ep3ep",
        "٣ep",
        True,
        1.5,
        None,
        -1,
        [3],
        10**13,
        np.int64(3),
        np.float64(3),
    ],
)
def test_what_is_no_step(spelling):
    with pytest.raises(ValueError, match="step"):
        parse_step(spelling)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**4))
def test_round_trip_and_resolution(epochs, updates, per_epoch):
    step = Step(epochs, updates)
    assert parse_step(str(step)) == step
    assert step.resolve(per_epoch) == epochs * per_epoch + updates


@pytest.mark.parametrize(
    ("images", "batch", "expected"),
    # MNIST at 60 and 128, CIFAR-10 at 128 (its last batch has 80), ImageNet at 1024.
    [(60_000, 60, 1000), (60_000, 128, 469), (50_000, 128, 391), (1_281_167, 1024, 1252), (1, 32, 1), (32, 32, 1)],
)
def test_the_partial_batch_counts(images, batch, expected):
    assert updates_per_epoch(images, batch) == expected


def test_numbers_of_thousands_of_digits_are_no_steps():
    for value in (f"1{'0' * 5000}ep", f"{'9' * 101}it", 10**4000):
        with pytest.raises(ValueError, match="step") as caught:
            parse_step(value)
        assert len(str(caught.value)) < 200 and "sys." not in str(caught.value)
