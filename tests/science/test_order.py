import numpy as np

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.science.data.held_out import held_rows
from lmcspec.science.order import order


def test_an_order_is_a_permutation():
    assert sorted(order(300, SgdNoise(0), 0)) == list(range(300))


def test_no_two_places_share_an_order_however_their_numbers_add_up():
    """Seeds that are added make (seed 1, epoch 2) and (seed 2, epoch 1) one and the same."""
    orders = {
        order(50, SgdNoise(replicate, copy, level), epoch).tobytes()
        for replicate in range(3)
        for copy in range(3)
        for level in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 81


def test_the_first_order_is_pinned():
    assert np.array_equal(order(8, SgdNoise(0), 0), [5, 3, 1, 7, 2, 0, 4, 6])


def test_seed_zero_is_a_seed_like_any_other():
    """Where 0 counts as unset every look at it is another order."""
    assert np.array_equal(order(50, SgdNoise(0, 0, 0), 0), order(50, SgdNoise(0, 0, 0), 0))
    labels = np.arange(60) % 3
    (rest, held), (again, held_again), (_, other) = (held_rows(labels, 9, "some", seed) for seed in (0, 0, 1))
    assert np.array_equal(rest, again) and np.array_equal(held, held_again) and not np.array_equal(held, other)
