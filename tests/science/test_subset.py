"""Fixed, class-balanced subsets of images, against a loop that deals them out one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base import streams
from lmcspec.science.subset import balanced

labels = st.lists(st.integers(0, 4), min_size=1, max_size=40).map(lambda items: np.array(items, dtype=np.int64))


def naive(of: np.ndarray, count: int, *address) -> list[int]:
    """Deal rounds: in each, walk the drawn order and take the first image of every class not yet dealt."""
    left = [int(place) for place in streams.permutation(len(of), "subset", *address)]
    taken: list[int] = []
    while left and len(taken) < count:
        served = set()
        for place in list(left):
            if of[place] not in served and len(taken) < count:
                served.add(of[place])
                taken.append(place)
                left.remove(place)
    return sorted(taken)


@given(labels, st.integers(0, 45), st.integers(0, 3))
def test_against_the_naive_loop(of, count, seed):
    found = balanced(of, count, "data", seed)
    assert found.dtype == np.int64
    assert found.tolist() == naive(of, count, "data", seed)


@given(labels, st.integers(0, 45))
def test_no_class_is_favoured(of, count):
    taken = np.bincount(of[balanced(of, count, "data")], minlength=5)
    there = np.bincount(of, minlength=5)
    assert taken.sum() == min(count, len(of))
    for own, whole in zip(taken, there, strict=True):
        assert own == whole or own >= taken.max() - 1


def test_ten_classes_share_evenly():
    of = np.arange(1000) % 10
    assert np.bincount(of[balanced(of, 500, "data", "path", 500)]).tolist() == [50] * 10


def test_fixed_by_its_address_and_in_order():
    of = np.arange(300) % 3
    found = balanced(of, 30, "data", "path", 30)
    assert found.tolist() == balanced(of, 30, "data", "path", 30).tolist()
    assert found.tolist() == sorted(set(found.tolist()))
    assert found.tolist() != balanced(of, 30, "data", "batch norm", 30).tolist()


@pytest.mark.parametrize("count", [7, 8, 100])
def test_all_of_them(count):
    assert balanced(np.array([0, 1, 0, 1, 0, 1, 1]), count, "data").tolist() == list(range(7))
