"""Random streams: golden values of every stream, and that only the address decides."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base import streams

GOLDEN = json.loads((Path(__file__).parent / "golden_streams.json").read_text())


@pytest.mark.parametrize("stream", sorted(streams.STREAMS))
def test_golden_values_of_every_stream(stream):
    own = GOLDEN[stream]
    address = own["address"]
    assert [f"{word:016x}" for word in streams.words(4, stream, *address)] == own["words"]
    assert streams.permutation(8, stream, *address).tolist() == own["permutation"]
    assert streams.uniforms(3, stream, *address).tolist() == own["uniforms"]
    assert streams.integers(6, 10, stream, *address).tolist() == own["integers"]
    # ndtri is a library's; its last digits may differ between versions, and nothing compares normals bit by bit
    # across machines.
    np.testing.assert_allclose(streams.normals(3, stream, *address), own["normals"], rtol=1e-12)


def test_philox_itself_is_the_published_one():
    """Known answer of Philox-4x64-10 for counter 0 and key 0 … from Random123's test vectors (kat_vectors)."""
    raw = np.random.Philox(key=np.zeros(2, dtype=np.uint64), counter=np.array([2**64 - 1] * 4, dtype=np.uint64))
    # numpy increases the counter before it draws, so counter -1 gives the block of counter 0.
    assert [f"{word:016x}" for word in raw.random_raw(4)] == [
        "16554d9eca36314c",
        "db20fe9d672d0fdc",
        "d7e772cee186176b",
        "7e68b68aec7ba23b",
    ]


def test_a_stream_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no random stream is called 'oder'"):
        streams.words(1, "oder", 0)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=4), st.integers(1, 200))
def test_draws_are_a_function_of_the_address(address, count):
    first = streams.words(count, "order", *address)
    streams.words(7, "augment", *address)
    assert (streams.words(count, "order", *address) == first).all()
    # A longer draw begins with the shorter one.
    assert (streams.words(count + 5, "order", *address)[:count] == first).all()


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_neighbouring_addresses_share_nothing(replicate, copy, level, epoch):
    """Added seeds would make (copy 0, epoch 1) the same draw as (copy 1, epoch 0)."""
    here = streams.words(4, "order", replicate, copy, level, epoch)
    for other in (
        (replicate + 1, copy, level, epoch),
        (replicate, copy + 1, level, epoch),
        (replicate, copy, level, epoch + 1),
    ):
        assert not set(here) & set(streams.words(4, "order", *other))
    assert not set(here) & set(streams.words(4, "augment", replicate, copy, level, epoch))


def test_addresses_are_not_run_together():
    assert streams.words(1, "order", 1, 23, 0, 0)[0] != streams.words(1, "order", 12, 3, 0, 0)[0]
    assert streams.words(1, "init", 0, "a")[0] != streams.words(1, "init", "0", "a")[0]


@given(st.integers(1, 500))
def test_permutations_are_permutations(count):
    assert sorted(streams.permutation(count, "order", 0, 0, 0, 0)) == list(range(count))


def test_permutations_are_uniform():
    """Chi-square over the six orders of three, 6,000 draws, 5 degrees of freedom: below 20.5 with p = 0.999."""
    seen: dict[tuple, int] = {}
    for draw in range(6000):
        order = tuple(streams.permutation(3, "shuffle", 0, 0, draw, "w").tolist())
        seen[order] = seen.get(order, 0) + 1
    assert len(seen) == 6
    assert sum((count - 1000) ** 2 / 1000 for count in seen.values()) < 20.5


def test_moments():
    uniform, normal = streams.uniforms(100_000, "init", 0, "w"), streams.normals(100_000, "init", 0, "w")
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.004
    assert abs(normal.mean()) < 0.015
    assert abs(normal.std() - 1) < 0.01


def test_no_global_generator_is_read_or_moved():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    streams.normals(10, "init", 0, "w")
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


@pytest.mark.parametrize("bound", [0, -1, 2**33])
def test_integers_refuse_bounds_they_cannot_draw_evenly(bound):
    with pytest.raises(ValueError, match="bound must lie in"):
        streams.integers(1, bound, "order", 0)
