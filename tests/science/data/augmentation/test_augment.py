import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmcspec.base import streams
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.science.data.augmentation.augment import augment, draw

NOISE = SgdNoise(replicate=2, copy=1, level=3)


def one_by_one(images: np.ndarray, tops, lefts, flips, pad: int, black) -> np.ndarray:
    """The same, image by image and pixel by pixel."""
    out = np.empty_like(images)
    count, channels, height, width = images.shape
    for i in range(count):
        for c in range(channels):
            for y in range(height):
                for x in range(width):
                    column = width - 1 - x if flips[i] else x
                    row, column = y + tops[i] - pad, column + lefts[i] - pad
                    inside = 0 <= row < height and 0 <= column < width
                    out[i, c, y, x] = images[i, c, row, column] if inside else black[c]
    return out


@given(
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(0, 6), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_a_batch_is_what_a_loop_over_its_images_makes(count, channels, height, width, crop, flip, floating):
    rng = np.random.default_rng(count + 10 * crop)
    images = rng.integers(1, 255, (count, channels, height, width)).astype(np.float32 if floating else np.uint8)
    black = rng.normal(size=channels).astype(np.float32) if floating else np.zeros(channels, dtype=np.uint8)
    draws = draw(count, Augment(flip=flip, crop=crop), NOISE, epoch=4)
    if draws is None:
        assert not (crop or flip)
        return
    out = augment(torch.from_numpy(images), draws, torch.from_numpy(black).view(-1, 1, 1))
    shift, mirrored = draws.stored.get("crop"), draws.stored.get("flip")
    still = torch.zeros(count, dtype=torch.int64)
    tops, lefts = (shift.top, shift.left) if shift else (still, still)
    expected = one_by_one(images, tops, lefts, mirrored.which if mirrored else still > 0, crop, black)
    assert out.dtype == torch.from_numpy(images).dtype
    assert (out.numpy() == expected).all()


def test_draws_come_from_their_streams_by_position():
    draws = draw(50, Augment(flip=True, crop=4), NOISE, epoch=7)
    assert draws is not None
    address = ("augment", 2, 1, 3, 7)
    assert (draws.stored["crop"].top.numpy() == streams.integers(50, 9, *address, "crop-y")).all()
    assert (draws.stored["crop"].left.numpy() == streams.integers(50, 9, *address, "crop-x")).all()
    assert (draws.stored["flip"].which.numpy() == (streams.uniforms(50, *address, "flip") < 0.5)).all()


def test_draws_are_pinned():
    draws = draw(8, Augment(flip=True, crop=4), SgdNoise(0), epoch=0)
    assert draws is not None
    assert draws.stored["crop"].top.tolist() == [5, 7, 6, 0, 6, 3, 3, 6]
    assert draws.stored["crop"].left.tolist() == [3, 2, 0, 1, 5, 0, 6, 6]
    assert draws.stored["flip"].which.tolist() == [False, False, False, False, True, False, True, False]


def test_turning_one_kind_off_leaves_the_other_as_it_is():
    both, crop, flip = (
        draw(30, Augment(flip=flip, crop=crop), NOISE, 0) for flip, crop in ((True, 4), (False, 4), (True, 0))
    )
    assert both and crop and flip
    assert torch.equal(both.stored["crop"].top, crop.stored["crop"].top)
    assert torch.equal(both.stored["flip"].which, flip.stored["flip"].which)
    assert set(crop.stored) == {"crop"} and set(flip.stored) == {"flip"}
    assert draw(30, Augment(), NOISE, 0) is None


@pytest.mark.parametrize("other", [(SgdNoise(0, 1, 3), 0), (SgdNoise(2, 0, 3), 0), (SgdNoise(2, 1, 0), 0), (NOISE, 1)])
def test_another_address_is_another_draw(other):
    a, b = draw(40, Augment(flip=True, crop=4), NOISE, 0), draw(40, Augment(flip=True, crop=4), *other)
    assert a and b
    for name, what in (("crop", "top"), ("crop", "left"), ("flip", "which")):
        assert not torch.equal(getattr(a.stored[name], what), getattr(b.stored[name], what))


def test_offsets_and_flips_are_uniform():
    draws = draw(20_000, Augment(flip=True, crop=2), NOISE, 0)
    assert draws is not None
    for offsets in (draws.stored["crop"].top, draws.stored["crop"].left):
        counts = torch.bincount(offsets, minlength=5)
        assert len(counts) == 5
        assert ((counts - 4000).abs() < 4 * (20_000 * 0.2 * 0.8) ** 0.5).all()
    assert abs(int(draws.stored["flip"].which.sum()) - 10_000) < 4 * (20_000 * 0.25) ** 0.5


def test_batches_of_an_epoch_are_its_parts():
    images = torch.arange(20 * 9).view(20, 1, 3, 3)
    draws = draw(20, Augment(flip=True, crop=1), NOISE, 0)
    assert draws is not None
    parts = [augment(images[start : start + 8], draws[start : start + 8]) for start in range(0, 20, 8)]
    assert torch.equal(torch.cat(parts), augment(images, draws))


@pytest.mark.gpu
@pytest.mark.parametrize("floating", [False, True])
def test_a_gpu_makes_the_same_bits(cuda, floating):
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(1, 255, (50, 3, 6, 5)).astype(np.float32 if floating else np.uint8))
    black = torch.tensor([3.5, -1.0, 0.25]).view(3, 1, 1) if floating else torch.zeros(3, 1, 1, dtype=torch.uint8)
    draws = draw(50, Augment(flip=True, crop=2), NOISE, epoch=1)
    assert draws is not None
    expected = augment(images, draws, black)
    for place in ("cpu", cuda):
        found = augment(images.to(cuda), draws.to(cuda), black.to(place))
        assert found.device.type == "cuda" and found.dtype == images.dtype
        assert torch.equal(found.cpu(), expected)
