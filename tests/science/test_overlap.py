"""What masks have in common: against counting, and chance against drawing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.science.overlap import Layer, layers, overlap


def drawn(sizes, kept, seed):
    chance = np.random.default_rng(seed)
    return {
        f"l{place}": torch.from_numpy(chance.permutation(size) < count)
        for place, (size, count) in enumerate(zip(sizes, kept, strict=True))
    }


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4))
def test_counts_are_those_of_a_loop(tensors):
    sizes = [size for size, _, _ in tensors]
    a, b = (drawn(sizes, [round(one[place] * one[0]) for one in tensors], place) for place in (1, 2))
    found = layers(a, b)
    both = either = fewer_a = fewer_b = 0
    for name in a:
        for x, y in zip(a[name].tolist(), b[name].tolist(), strict=True):
            both, either = both + (x and y), either + (x or y)
            fewer_a, fewer_b = fewer_a + x, fewer_b + y
    own = overlap(found)
    assert own.jaccard == (pytest.approx(both / either) if either else pytest.approx(math.nan, nan_ok=True))
    fewer = min(fewer_a, fewer_b)
    assert own.shared == (pytest.approx(both / fewer) if fewer else pytest.approx(math.nan, nan_ok=True))


def test_chance_is_what_random_masks_have_in_common():
    sizes, a, b = [40, 200], [10, 150], [20, 30]
    fixed = drawn(sizes, a, 0)
    found = [overlap(layers(fixed, drawn(sizes, b, seed))) for seed in range(1, 2001)]
    shared = np.array([one.shared for one in found])
    assert {one.by_chance for one in found} == {found[0].by_chance}
    assert shared.mean() == pytest.approx(found[0].by_chance, abs=4 * shared.std() / 2000**0.5)
    deviations = np.array([one.deviations for one in found])
    assert deviations.mean() == pytest.approx(0, abs=0.1)
    assert deviations.std() == pytest.approx(1, abs=0.06)


def test_equal_masks_and_full_ones():
    assert overlap({"w": Layer(10, 4, 4, 4)}).shared == 1
    assert math.isnan(overlap({"w": Layer(10, 10, 10, 10)}).deviations), "chance can't have less"
    with pytest.raises(ValueError, match="other tensors"):
        layers({"a": torch.ones(2)}, {"b": torch.ones(2)})
