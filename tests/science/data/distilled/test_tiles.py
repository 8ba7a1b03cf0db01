"""Packing and unpacking of multi-formation against loops over tiles."""

import pytest
import torch
from torch.nn.functional import interpolate, pad

from lmcspec.science.data.distilled.tiles import decode, pack, shares


def drawn(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("factor", "size"), [(1, 8), (2, 8), (2, 7), (3, 224), (3, 10)])
def test_decoding_is_a_loop_over_tiles(factor, size):
    images = drawn(4, 2, size, size + 1)
    down, right = -size % factor, -(size + 1) % factor
    whole = pad(images, (0, right, 0, down), value=0.5)
    rows, columns = whole.shape[2] // factor, whole.shape[3] // factor
    expected = []
    for row in range(factor):
        for column in range(factor):
            for image in whole:
                tile = image[:, row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
                expected.append(interpolate(tile[None], size=(size, size + 1), mode="bilinear")[0])
    assert torch.equal(decode(images, factor), torch.stack(expected) if factor > 1 else images)


def test_decoding_is_differentiable():
    images = drawn(2, 1, 4, 4).double().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: decode(x, 2), (images,))


@pytest.mark.parametrize(("factor", "size"), [(1, 8), (2, 8), (3, 10), (3, 224)])
def test_packing_is_a_loop_over_tiles(factor, size):
    images = drawn(factor * factor * 3, 2, size, size)
    packed = pack(images, factor)
    assert packed.shape == (3, 2, size, size)
    sides = shares(size, factor)
    for image in range(3):
        top = 0
        for row, tall in enumerate(sides):
            left = 0
            for column, wide in enumerate(sides):
                original = images[(row * factor + column) * 3 + image]
                small = interpolate(original[None], size=(tall, wide), mode="nearest")[0]
                assert torch.equal(packed[image, :, top : top + tall, left : left + wide], small)
                left += wide
            top += tall


def test_what_is_packed_comes_back_in_its_order():
    """Images of one grey each: nothing is lost by making them small."""
    images = torch.arange(12.0).view(12, 1, 1, 1).expand(12, 1, 6, 6)
    torch.testing.assert_close(decode(pack(images.contiguous(), 2), 2), images)


def test_shares_are_whole_and_even():
    assert shares(224, 3) == [75, 75, 74]
    assert shares(32, 2) == [16, 16]
