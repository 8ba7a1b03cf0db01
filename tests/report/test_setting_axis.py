"""Numbers as ticks where they lie, and words side by side."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.report.figures.setting_axis import axis_of_values, is_even_on_log, number_of


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ((8, 16, 32, 64, 128, 256), True),
        ((8, 16), True),
        ((16, 20), False),
        ((100, 200, 300), False),
        ((0.2, 0.5, 0.8, 0.9), False),
        ((0.001, 0.01, 0.1), True),
        ((0, 1, 10, 100), False),
        ((-1, 1), False),
        ((5,), False),
    ],
)
def test_a_log_scale_where_numbers_lie_more_evenly_on_it(values, log):
    assert is_even_on_log(values) is log


@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=8, unique=True).map(sorted))
def test_the_scale_leaves_most_room_between_neighbours(values):
    def closest(places):
        return min(b - a for a, b in pairwise(places)) / (places[-1] - places[0])

    logs = [math.log(value) for value in values]
    assert is_even_on_log(values) is (closest(logs) > closest(values))


@pytest.mark.parametrize(
    ("value", "number"),
    [(8, 8), ("8", 8), ("32, 32, 32", 32), ("32, 64", None), (0.1, 0.1), ("cosine", None), (True, None), ("nan", None)],
)
def test_which_settings_are_numbers(value, number):
    assert number_of(value) == number


def test_words_stand_side_by_side_in_their_order():
    axis = axis_of_values(["steps", "cosine", "steps"])
    assert (dict(axis.places), dict(axis.words), axis.numbers) == (
        {"steps": 0, "cosine": 1},
        {0: "steps", 1: "cosine"},
        False,
    )
    lists = axis_of_values(["8, 8", "8, 8, 8"])
    assert lists.places == {"8, 8": 0, "8, 8, 8": 1}, "two lists of one number are two places"
    assert lists.in_words([1.0, 0.0]) == "8, 8, 8, 8, 8"
