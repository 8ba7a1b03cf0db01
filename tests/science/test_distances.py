"""Sides and angle of a triangle of networks, against naive loops and closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.science.distances import triangle


def state(*values):
    """Two tensors and one that is not looked at."""
    return {"a": torch.tensor(values[:1]), "b": torch.tensor(values[1:]).view(1, -1), "buffer": torch.tensor([1e6])}


NAMES = ("a", "b")


def test_three_four_five():
    found = triangle(state(3.0, 0.0, 0.0), state(0.0, 4.0, 0.0), state(0.0, 0.0, 0.0), NAMES)
    assert (found.apart, found.from_start) == (5.0, (3.0, 4.0))
    assert found.angle == pytest.approx(90, abs=1e-12)


@pytest.mark.parametrize("degrees", [1e-6, 1, 30, 60, 120, 179.999])
def test_the_angle_between_two_directions(degrees):
    turn = math.radians(degrees)
    start = {"a": torch.tensor([1.0], dtype=torch.float64), "b": torch.tensor([[2.0, 3.0]], dtype=torch.float64)}
    one = {"a": start["a"] + 2.0, "b": start["b"]}
    other = {"a": start["a"] + 5 * math.cos(turn), "b": start["b"] + torch.tensor([[5 * math.sin(turn), 0.0]])}
    found = triangle(one, other, start, NAMES)
    assert found.angle == pytest.approx(degrees, rel=1e-6)
    assert found.from_start == (2.0, pytest.approx(5.0))


def test_the_same_and_the_opposite_way():
    start = state(0.0, 0.0, 0.0)
    assert triangle(state(1.0, 2.0, 3.0), state(2.0, 4.0, 6.0), start, NAMES).angle == 0
    assert triangle(state(1.0, 2.0, 3.0), state(-2.0, -4.0, -6.0), start, NAMES).angle == pytest.approx(180)


def test_who_stayed_went_in_no_direction():
    start = state(1.0, 1.0, 1.0)
    found = triangle(start, state(1.0, 1.0, 3.0), start, NAMES)
    assert found.from_start == (0.0, 2.0)
    assert math.isnan(found.angle)


def test_what_is_not_finite_has_no_angle():
    found = triangle(state(math.nan, 0.0, 0.0), state(1.0, 1.0, 1.0), state(0.0, 0.0, 0.0), NAMES)
    assert math.isnan(found.apart) and math.isnan(found.angle)


NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=3, max_size=3)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_sides_by_loops_and_the_law_of_cosines(a, b, start):
    found = triangle(state(*a), state(*b), state(*start), NAMES)
    u, v = (math.dist(end, start) for end in (a, b))
    assert found.apart == pytest.approx(math.dist(a, b))
    assert found.from_start == (pytest.approx(u), pytest.approx(v))
    back = triangle(state(*b), state(*a), state(*start), NAMES)
    assert (back.apart, back.from_start) == (found.apart, found.from_start[::-1])
    if u > 1e-3 and v > 1e-3:
        third = u**2 + v**2 - 2 * u * v * math.cos(math.radians(found.angle))
        assert third == pytest.approx(found.apart**2, abs=1e-6 * (u + v) ** 2)
