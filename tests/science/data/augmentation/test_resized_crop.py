"""Random resized crops: parts as torchvision draws them, resized as torchvision and Pillow resize."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import functional

from lmcspec.base import streams
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.augmentations.random_resized_crop import ResizedCrop
from lmcspec.science.data.augmentation.augment import augment, draw
from lmcspec.science.data.augmentation.resized_crop import ATTEMPTS, Windows, draw_windows
from lmcspec.science.data.resident import Split
from lmcspec.science.data.space import Conversion

PAPER = ResizedCrop(size=224, scale=(0.1, 1.0), ratio=(0.8, 1.25))
SIZES = [
    ((64, 64), ResizedCrop(size=56, scale=(0.1, 1.0), ratio=(0.8, 1.25))),
    ((64, 64), ResizedCrop(size=64, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3))),
    ((40, 61), ResizedCrop(size=7, scale=(0.01, 1.0), ratio=(0.3, 3.0))),
    ((9, 11), ResizedCrop(size=30, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3))),
]
ADDRESS = ("augment", 2, 1, 3, 4)


def made_up(count, height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 3, height, width), dtype=np.uint8)


def window(windows, number):
    return [int(own[number]) for own in (windows.top, windows.left, windows.height, windows.width)]


def across_then_down(image: np.ndarray, top, left, height, width, size) -> np.ndarray:
    """Pillow's own resizing, one axis at a time."""
    part = Image.fromarray(image.transpose(1, 2, 0)).crop((left, top, left + width, top + height))
    part = part.resize((size, height), Image.Resampling.BILINEAR).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(part).transpose(2, 0, 1)


@pytest.mark.parametrize(("stored", "crop"), SIZES)
def test_bytes_are_pillows_to_the_bit_along_each_axis(stored, crop):
    images = made_up(24, *stored)
    windows = draw_windows(24, crop, stored, ADDRESS)
    found = windows(torch.from_numpy(images))
    assert found.dtype == torch.uint8 and found.shape == (24, 3, crop.size, crop.size)
    for number, image in enumerate(images):
        assert np.array_equal(found[number], across_then_down(image, *window(windows, number), crop.size))


@pytest.mark.parametrize(("stored", "crop"), SIZES)
def test_bytes_are_torchvisions_but_for_a_rounding(stored, crop):
    """On images of PIL, which Pillow may take down first, and on tensors, which are rounded once and not twice."""
    images = made_up(24, *stored)
    windows = draw_windows(24, crop, stored, ADDRESS)
    found = windows(torch.from_numpy(images)).int()
    apart = []
    for number, image in enumerate(images):
        place, size = window(windows, number), [crop.size, crop.size]
        of_pil = functional.resized_crop(Image.fromarray(image.transpose(1, 2, 0)), *place, size)
        of_pil = torch.from_numpy(np.array(of_pil)).permute(2, 0, 1).int()
        of_tensor = functional.resized_crop(torch.from_numpy(image), *place, size, antialias=True).int()
        for expected in (of_pil, of_tensor):
            assert (found[number] - expected).abs().max() <= 1
            apart.append((found[number] - expected).float().mean())
    assert abs(torch.stack(apart).mean()) < 0.02  # to either side


@pytest.mark.parametrize(("stored", "crop"), SIZES)
def test_floating_point_images_are_torchvisions(stored, crop):
    images = torch.from_numpy(made_up(12, *stored)).float().div(255)
    windows = draw_windows(12, crop, stored, ADDRESS)
    found = windows(images)
    for number, image in enumerate(images):
        expected = functional.resized_crop(image, *window(windows, number), [crop.size, crop.size], antialias=True)
        assert torch.allclose(found[number], expected, atol=3e-5)


def test_a_whole_image_at_its_own_size_is_itself():
    images = torch.from_numpy(made_up(3, 8, 8))
    zero, side = torch.zeros(3, dtype=torch.int64), torch.full((3,), 8)
    assert torch.equal(Windows(8, zero, zero, side, side)(images), images)
    assert torch.equal(Windows(8, zero, zero, side, side)(images.float()), images.float())


def test_images_at_a_time_do_not_matter(monkeypatch):
    images = torch.from_numpy(made_up(11, 16, 16))
    windows = draw_windows(11, ResizedCrop(size=8), (16, 16), ADDRESS)
    whole = windows(images)
    monkeypatch.setattr("lmcspec.science.data.augmentation.resized_crop._PART", 4)
    assert torch.equal(windows(images), whole)


def one_by_one(number, crop, stored):
    """The part of one image, drawn as torchvision's get_params does it, from the numbers of the streams."""

    def uniform(what):
        return float(streams.uniforms(200, *ADDRESS, f"window-{what}")[number])

    rows, columns = stored
    for attempt in range(ATTEMPTS):
        area = rows * columns * (crop.scale[0] + (crop.scale[1] - crop.scale[0]) * uniform(f"area-{attempt}"))
        low, high = math.log(crop.ratio[0]), math.log(crop.ratio[1])
        ratio = math.exp(low + (high - low) * uniform(f"ratio-{attempt}"))
        width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < width <= columns and 0 < height <= rows:
            return [int(uniform("y") * (rows - height + 1)), int(uniform("x") * (columns - width + 1)), height, width]
    width, height = columns, rows
    if columns / rows < crop.ratio[0]:
        height = round(width / crop.ratio[0])
    elif columns / rows > crop.ratio[1]:
        width = round(height * crop.ratio[1])
    return [(rows - height) // 2, (columns - width) // 2, height, width]


@pytest.mark.parametrize(
    ("stored", "crop"),
    [
        *SIZES,
        ((256, 256), PAPER),
        ((20, 90), ResizedCrop(size=8, scale=(0.9, 1.0))),
        ((90, 20), ResizedCrop(size=8, scale=(0.9, 1.0))),
    ],
)
def test_parts_are_drawn_as_torchvision_draws_them(stored, crop):
    """Of a long image no large part has an allowed shape: then it is the central one."""
    windows = draw_windows(200, crop, stored, ADDRESS)
    assert [window(windows, number) for number in range(200)] == [one_by_one(n, crop, stored) for n in range(200)]


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.01, 1), st.floats(0.2, 1), st.floats(1, 5))
def test_parts_lie_inside_the_image(height, width, smallest, narrow, wide):
    windows = draw_windows(
        40, ResizedCrop(size=3, scale=(smallest, 1.0), ratio=(narrow, wide)), (height, width), ADDRESS
    )
    assert bool((windows.top >= 0).all() and (windows.left >= 0).all())
    assert bool((windows.height > 0).all() and (windows.width > 0).all())
    assert bool((windows.top + windows.height <= height).all() and (windows.left + windows.width <= width).all())


def test_parts_have_torchvisions_distribution():
    """Means over many draws, against torchvision's own generator; four standard errors."""
    from torchvision.transforms import RandomResizedCrop

    count = 4000
    windows = draw_windows(count, PAPER, (256, 256), ADDRESS)
    image = torch.empty(3, 256, 256)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        theirs = np.array(
            [RandomResizedCrop.get_params(image, list(PAPER.scale), list(PAPER.ratio)) for _ in range(count)]
        )
    for column, own in enumerate((windows.top, windows.left, windows.height, windows.width)):
        other = theirs[:, column]
        error = math.sqrt((own.double().var() + other.var()) / count)
        assert abs(own.double().mean() - other.mean()) < 4 * error


def test_draws_are_pinned():
    windows = draw_windows(5, PAPER, (256, 256), ("augment", 0, 0, 0, 0))
    assert [window(windows, number) for number in range(5)] == PINNED


PINNED = [[163, 116, 81, 88], [80, 0, 176, 174], [14, 27, 208, 210], [78, 21, 162, 193], [59, 47, 193, 180]]


def test_draws_belong_to_an_address_and_leave_the_others_as_they_are():
    noise, both = SgdNoise(2, 1, 3), Augment(flip=True, random_resized_crop=ResizedCrop(size=8))
    drawn = draw(30, both, noise, 4, (16, 16))
    flips = draw(30, Augment(flip=True), noise, 4)
    assert drawn and flips and "random-resized-crop" in drawn.stored and set(flips.stored) == {"flip"}
    assert torch.equal(drawn.stored["flip"].which, flips.stored["flip"].which)
    for other in (draw(30, both, SgdNoise(2, 0, 3), 4, (16, 16)), draw(30, both, noise, 5, (16, 16))):
        assert other
        assert not torch.equal(other.stored["random-resized-crop"].top, drawn.stored["random-resized-crop"].top)
        assert not torch.equal(other.stored["random-resized-crop"].height, drawn.stored["random-resized-crop"].height)
    with pytest.raises(ValueError, match="height and width"):
        draw(30, both, noise, 4)


def test_parts_of_an_epoch_are_its_batches_and_mirroring_comes_last():
    images = torch.from_numpy(made_up(20, 16, 16))
    drawn = draw(20, Augment(flip=True, random_resized_crop=ResizedCrop(size=8)), SgdNoise(0), 0, (16, 16))
    assert drawn is not None
    whole = augment(images, drawn)
    assert torch.equal(torch.cat([augment(images[part], drawn[part]) for part in (slice(0, 8), slice(8, 20))]), whole)
    plain = drawn.stored["random-resized-crop"](images)
    assert torch.equal(whole, torch.where(drawn.stored["flip"].which[:, None, None, None], plain.flip(-1), plain))


def test_networks_see_the_centre_and_train_on_parts_of_the_whole():
    images = torch.from_numpy(made_up(12, 10, 12))
    split = Split(images, torch.arange(12), Conversion(255.0), crop=7)
    assert split.shape == (3, 7, 7) and split.stored == (10, 12)
    places = torch.tensor([3, 0, 11])
    x, y = split.batch(places)
    assert torch.equal(x, images[places, :, 1:8, 2:9].float() / 255) and torch.equal(y, places)
    shifted = draw(3, Augment(crop=2), SgdNoise(0), 0)
    assert shifted is not None
    x, _ = split.batch(places, shifted)
    assert torch.equal(x, augment(images[places, :, 1:8, 2:9], shifted).float() / 255)
    drawn = draw(3, Augment(random_resized_crop=ResizedCrop(size=7)), SgdNoise(0), 0, split.stored)
    assert drawn is not None
    x, _ = split.batch(places, drawn)
    assert torch.equal(x, drawn.stored["random-resized-crop"](images[places]).float() / 255)


@pytest.mark.parametrize("side", [224, 223])
def test_the_centre_of_even_sizes_is_torchvisions(side):
    images = torch.from_numpy(made_up(1, 256, 256))
    split = Split(images, torch.zeros(1, dtype=torch.int64), Conversion(1.0), crop=side)
    found = split.batch(torch.arange(1))[0]
    if side == 224:
        assert torch.equal(found, functional.center_crop(images, [224, 224]).float())
    assert torch.equal(found[0, :, 0, 0], images[0, :, (256 - side) // 2, (256 - side) // 2].float())


@pytest.mark.gpu
def test_a_gpu_makes_the_same_bits(cuda):
    images = torch.from_numpy(made_up(50, 64, 64))
    drawn = draw(50, Augment(flip=True, random_resized_crop=ResizedCrop(size=56)), SgdNoise(0), 0, (64, 64))
    assert drawn is not None
    found = augment(images.to(cuda), drawn.to(cuda))
    assert found.device.type == "cuda" and torch.equal(found.cpu(), augment(images, drawn))
