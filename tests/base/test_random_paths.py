"""Random paths: each network once, all different, the same for the same address."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base.random_paths import random_paths


@given(st.integers(2, 6), st.integers(1, 5), st.integers(1, 8))
def test_random_paths_visit_networks_once(networks, length, count):
    if length >= networks:
        with pytest.raises(ValueError, match=f"needs {length + 1} networks, and there are {networks}"):
            random_paths(networks, length, count, 0)
        return
    paths = random_paths(networks, length, count, 0)
    possible = {visited for visited in itertools.permutations(range(networks), length + 1) if visited[0] < visited[-1]}
    assert len(paths) == len(set(paths)) == min(count, len(possible)) and set(paths) <= possible
    assert paths == random_paths(networks, length, count, 0)


def test_paths_are_a_function_of_their_address():
    assert random_paths(10, 3, 20, 0) != random_paths(10, 3, 20, 1)
