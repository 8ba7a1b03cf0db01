import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.science.permute import moments as module
from lmcspec.science.permute.moments import with_batch


def drawn(shape, seed, shift=0.0):
    return torch.tensor(np.random.default_rng(seed).normal(shift, 1, shape), dtype=torch.float32)


def by_two_passes(a, b):
    """What the moments are, from all samples at once, a unit at a time."""
    a, b = a.double().numpy(), b.double().numpy()
    products = [[((x - x.mean()) * (y - y.mean())).sum() for y in b] for x in a]
    squares = [((x - x.mean()) ** 2).sum() for x in (*a, *b)]
    return a.mean(1), b.mean(1), squares[: len(a)], squares[len(a) :], products


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 100), st.sampled_from([0.0, 1e3]))
def test_batches_add_up_to_all_samples_at_once(sizes, seed, shift):
    a, b = drawn((3, sum(sizes)), seed, shift), drawn((3, sum(sizes)), seed + 1)
    total = None
    for of_a, of_b in zip(a.split(sizes, 1), b.split(sizes, 1), strict=True):
        total = with_batch(total, of_a.T, of_b.T, 1)
    assert total.count == sum(sizes)
    for value, expected in zip(
        (total.mean_a, total.mean_b, total.squares_a, total.squares_b, total.products), by_two_passes(a, b), strict=True
    ):
        assert value.dtype == torch.float64
        np.testing.assert_allclose(value.numpy(), np.array(expected), rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3), (5, 4, 3, 2), (5, 2, 4)])
def test_all_that_is_no_unit_is_a_sample(shape):
    axis = shape.index(4)
    a, b = drawn(shape, 0), drawn(shape, 1)
    total = with_batch(None, a, b, axis)
    expected = sum(
        torch.outer(a.select(0, image).movedim(axis - 1, 0).reshape(4, -1)[:, s].double(),
                    b.select(0, image).movedim(axis - 1, 0).reshape(4, -1)[:, s].double())
        for image in range(5)
        for s in range(a[0].numel() // 4)
    )  # fmt: skip
    uncentred = total.products + total.count * torch.outer(total.mean_a, total.mean_b)
    torch.testing.assert_close(uncentred, expected, rtol=1e-12, atol=1e-12)


def test_a_unit_that_never_changes_has_exactly_no_variance():
    constant = torch.full((1000, 1), 3.7)
    a = torch.cat([constant, drawn((1000, 1), 0)], 1)
    total = None
    for part in a.split(77):
        total = with_batch(total, part, part, 1)
    assert total.squares_a[0] == 0 and not total.products[0].any() and total.squares_a[1] > 0


def test_a_large_batch_is_taken_in_pieces(monkeypatch):
    a, b = drawn((40, 3, 5, 5), 0), drawn((40, 3, 5, 5), 1)
    whole = with_batch(None, a, b, 1)
    monkeypatch.setattr(module, "_CHUNK", 200)
    sizes = []
    plain = module.moments
    monkeypatch.setattr(module, "moments", lambda *pair: sizes.append(pair[0].numel()) or plain(*pair))
    pieces = with_batch(None, a, b, 1)
    assert max(sizes) <= 200 and sum(sizes) == a.numel()
    torch.testing.assert_close(pieces.products, whole.products, rtol=1e-12, atol=1e-12)


def test_networks_of_different_widths_are_an_error():
    with pytest.raises(ValueError, match="of different models"):
        with_batch(None, drawn((2, 3), 0), drawn((2, 4), 0), 1)
