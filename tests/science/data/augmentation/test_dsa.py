"""DSA and CutMix against loops over images and pixels; their draws against their streams."""

import math

import numpy as np
import pytest
import torch

from lmcspec.base import streams
from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data.augmentation import cutmix
from lmcspec.science.data.augmentation.augment import Epoch
from lmcspec.science.data.augmentation.cutmix import Mixed, loss_of
from lmcspec.science.data.augmentation.dsa import apply_dsa, draw_dsa
from lmcspec.science.data.resident import Split
from lmcspec.science.train import batches

NOISE = SgdNoise(replicate=2, copy=1, level=3)
ALL = "color_crop_cutout_flip_rotate_scale"
ADDRESS = (2, 1, 3, 4)


def images(count=10, channels=3, height=9, width=12):
    return np.random.default_rng(0).normal(size=(count, channels, height, width)).astype(np.float32)


def uniform(what, count=10):
    return streams.uniforms(count, "augment", *ADDRESS, f"dsa-{what}")


def pixel(image, channel, y, x):
    """0 outside."""
    inside = 0 <= y < image.shape[1] and 0 <= x < image.shape[2]
    return float(image[channel, y, x]) if inside else 0.0


def read_at(image, matrix, align):
    """Each pixel from where the matrix sends its place in [-1, 1], bilinear."""
    _, height, width = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            if align:
                u, v = 2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1
            else:
                u, v = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
            s, t = matrix[0][0] * u + matrix[0][1] * v, matrix[1][0] * u + matrix[1][1] * v
            if align:
                s, t = (s + 1) / 2 * (width - 1), (t + 1) / 2 * (height - 1)
            else:
                s, t = ((s + 1) * width - 1) / 2, ((t + 1) * height - 1) / 2
            left, top = math.floor(s), math.floor(t)
            for channel in range(len(image)):
                out[channel, y, x] = sum(
                    (1 - abs(t - row)) * (1 - abs(s - column)) * pixel(image, channel, row, column)
                    for row in (top, top + 1)
                    for column in (left, left + 1)
                )
    return out


def one(transform, image, place, align):
    """What a transform does to one image, pixel by pixel."""
    channels, height, width = image.shape
    draw = {what: uniform(what)[place] for what in WHATS[transform]}
    match transform:
        case "flip":
            return image[:, :, ::-1] if draw["flip"] < 0.5 else image
        case "color":
            out = image.astype(np.float64) + draw["brightness"] - 0.5
            for y in range(height):
                for x in range(width):
                    grey = out[:, y, x].mean()
                    out[:, y, x] = (out[:, y, x] - grey) * 2 * draw["saturation"] + grey
            return (out - out.mean()) * (0.5 + draw["contrast"]) + out.mean()
        case "crop":
            down, right = (
                math.floor(draw[what] * (2 * round_half_up(size / 8) + 1)) - round_half_up(size / 8)
                for what, size in (("crop-y", height), ("crop-x", width))
            )
            out = np.zeros_like(image)
            for c in range(channels):
                for y in range(height):
                    for x in range(width):
                        out[c, y, x] = pixel(image, c, y + down, x + right)
            return out
        case "cutout":
            out = image.copy()
            (y0, tall), (x0, wide) = (
                (math.floor(draw[what] * (size + 1 - side % 2)) - side // 2, side)
                for what, size, side in (
                    ("cutout-y", height, round_half_up(height / 2)),
                    ("cutout-x", width, round_half_up(width / 2)),
                )
            )
            for y in range(y0, y0 + tall):
                for x in range(x0, x0 + wide):
                    if 0 <= y < height and 0 <= x < width:
                        out[:, y, x] = 0
            return out
        case "rotate":
            angle = math.radians((2 * draw["rotate"] - 1) * 15)
            return read_at(image, [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], align)
        case _:
            x, y = (1 / 1.2 + (1.2 - 1 / 1.2) * draw[what] for what in ("scale-x", "scale-y"))
            return read_at(image, [[x, 0], [0, y]], align)


def round_half_up(value):
    return math.floor(value + 0.5)


WHATS = {
    "color": ("brightness", "saturation", "contrast"),
    "crop": ("crop-y", "crop-x"),
    "cutout": ("cutout-y", "cutout-x"),
    "flip": ("flip",),
    "rotate": ("rotate",),
    "scale": ("scale-x", "scale-y"),
}


@pytest.mark.parametrize("style", ["dc", "mtt"])
@pytest.mark.parametrize("transform", WHATS)
def test_a_transform_is_what_a_loop_over_pixels_does(transform, style):
    x = images()
    draws = draw_dsa(10, 4, Augment(dsa=transform, dsa_style=style), NOISE, epoch=4)
    assert draws is not None
    for number, (first, last) in enumerate([(0, 4), (4, 8), (8, 10)]):
        out = apply_dsa(torch.from_numpy(x[first:last]), draws, number, slice(first, first + 4))
        expected = [one(transform, x[place], place, style == "mtt") for place in range(first, last)]
        assert out.dtype == torch.float32
        assert np.allclose(out, np.array(expected), atol=2e-5)


def test_dc_does_one_transform_a_batch_drawn_by_its_number():
    draws = draw_dsa(1000, 10, Augment(dsa=ALL), NOISE, epoch=4)
    assert draws is not None
    numbers = streams.integers(100, 6, "augment", *ADDRESS, "dsa-family")
    assert draws.transforms == tuple((ALL.split("_")[number],) for number in numbers)
    assert len(set(draws.transforms)) == 6


@pytest.mark.parametrize(
    ("named", "always", "one_of", "last"),
    [
        (ALL, ("flip", "color"), ("crop", "rotate", "scale"), ("cutout",)),
        ("color_crop_flip_rotate_scale", ("flip", "color"), ("crop", "rotate", "scale"), ()),
        ("color_crop", ("color",), ("crop",), ()),
        ("cutout_flip", ("flip",), (), ("cutout",)),
    ],
)
def test_idc_flips_and_colours_always_and_does_one_of_the_moves(named, always, one_of, last):
    draws = draw_dsa(300, 10, Augment(dsa=named, dsa_style="idc"), NOISE, epoch=4)
    assert draws is not None
    moves = {(move,) for move in one_of} or {()}
    assert set(draws.transforms) == {(*always, *move, *last) for move in moves}
    x = images(10)
    out = apply_dsa(torch.from_numpy(x), draws, 0, slice(0, 10))
    expected = []
    for place in range(10):
        image = x[place]
        for transform in draws.transforms[0]:
            drawn = streams.uniforms(300, "augment", *ADDRESS, f"dsa-{WHATS[transform][0]}")
            assert np.array_equal(drawn[:10], uniform(WHATS[transform][0]))
            image = one(transform, np.asarray(image, dtype=np.float32), place, False)
        expected.append(image)
    assert np.allclose(out, np.array(expected), atol=2e-5)


def test_naming_a_transform_more_leaves_the_draws_of_the_others():
    few, more = (draw_dsa(20, 5, Augment(dsa=named), NOISE, 0) for named in ("color", "color_flip"))
    assert few and more
    assert all(np.array_equal(few.uniforms[what], more.uniforms[what]) for what in few.uniforms)
    assert draw_dsa(20, 5, Augment(), NOISE, 0) is None


def mixed_by_hand(x, y, number, first, last, probability):
    """CutMix of a batch by loops: (images, own labels, other labels, share)."""

    def draw(what, count, stream="mixup"):
        return streams.uniforms(count, stream, *ADDRESS, what)

    if draw("whether", 3)[number] >= probability:
        return x[first:last], None, None, 1.0
    _, _, height, width = x.shape
    side = math.sqrt(1 - draw("share", 3)[number])
    box = []
    for size, what in ((height, "centre-y"), (width, "centre-x")):
        centre, half = math.floor(size * draw(what, 3)[number]), math.floor(size * side) // 2
        box.append((max(0, centre - half), min(size, centre + half)))
    words = streams.words(10, "mixup", *ADDRESS, "partner")[first:last]
    partners = sorted(range(last - first), key=lambda place: words[place])
    out = x[first:last].copy()
    inside = 0
    for row in range(height):
        for column in range(width):
            if box[0][0] <= row < box[0][1] and box[1][0] <= column < box[1][1]:
                inside += 1
                for place, partner in enumerate(partners):
                    out[place, :, row, column] = x[first + partner, :, row, column]
    others = [y[first + partner] for partner in partners]
    return out, y[first:last], others, 1 - inside / (height * width)


@pytest.mark.parametrize("probability", [0.4, 1.0])
def test_cutmix_is_what_a_loop_over_pixels_does(probability):
    x, y = images(), np.arange(10)
    draws = cutmix.drawn(Augment(cutmix=probability), Epoch(10, 4, NOISE, 4))
    assert draws is not None
    found = []
    for number, (first, last) in enumerate([(0, 4), (4, 8), (8, 10)]):
        before = torch.from_numpy(x[first:last].copy())
        labels = torch.from_numpy(y[first:last])
        out, mixed = draws(before, labels, number, slice(first, first + 4))
        expected, own, others, share = mixed_by_hand(x, y, number, first, last, probability)
        assert np.array_equal(out, expected)
        assert np.array_equal(before, x[first:last])  # the batch itself is left alone
        found.append(isinstance(mixed, Mixed))
        if isinstance(mixed, Mixed):
            assert mixed.first.tolist() == own.tolist()
            assert mixed.second.tolist() == others
            assert mixed.share == pytest.approx(share)
        else:
            assert own is None
    assert all(found) == (probability == 1)
    assert cutmix.drawn(Augment(), Epoch(10, 4, NOISE, 4)) is None


def test_the_loss_of_a_mixed_batch_is_that_of_soft_labels():
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 4)))
    own, other = torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([1, 1, 0, 0, 2, 3])
    soft = 0.7 * torch.eye(4)[own] + 0.3 * torch.eye(4)[other]
    expected = -(soft * logits.log_softmax(1)).sum(1).mean()
    assert loss_of(logits, Mixed(own, other, 0.7)).item() == pytest.approx(expected.item())


def test_batches_go_through_all_of_it_wherever_a_run_begins():
    data = Split(torch.from_numpy(images()), torch.arange(10))
    augment = Augment(flip=True, crop=1, dsa=ALL, dsa_style="idc", cutmix=0.7)
    recipe = Recipe(9, 4, Sgd(lr=0.1), augment=augment)
    whole = list(batches(data, recipe, NOISE, 0, 9))
    later = list(batches(data, recipe, NOISE, 4, 9))
    for (x, y), (again, labels) in zip(whole[4:], later, strict=True):
        assert torch.equal(x, again)
        assert type(y) is type(labels)
    assert {type(y) for _, y in whole} == {torch.Tensor, Mixed}
    # Update 4 is the second batch of the second epoch: crop and flip, then DSA, then CutMix.
    from lmcspec.science.data.augmentation.augment import draw
    from lmcspec.science.order import order

    places = torch.from_numpy(order(10, NOISE, 1))[4:8]
    small, siamese, mix = (
        draw(10, augment, NOISE, 1),
        draw_dsa(10, 4, augment, NOISE, 1),
        cutmix.drawn(augment, Epoch(10, 4, NOISE, 1)),
    )
    assert small and siamese and mix
    x, y = data.batch(places, small[4:8])
    x, _ = mix(apply_dsa(x, siamese, 1, slice(4, 8)), y, 1, slice(4, 8))
    assert torch.equal(x, whole[4][0])


@pytest.mark.gpu
@pytest.mark.parametrize("style", ["dc", "mtt", "idc"])
def test_a_gpu_makes_the_same_images(cuda, style):
    x, y = torch.from_numpy(images(40)), torch.arange(40)
    augment = Augment(dsa=ALL, dsa_style=style, cutmix=1.0)
    draws, mix = draw_dsa(40, 4, augment, NOISE, 4), cutmix.drawn(augment, Epoch(40, 4, NOISE, 4))
    assert draws and mix
    for number in range(10):
        part = slice(4 * number, 4 * number + 4)
        expected, _ = mix(apply_dsa(x[part], draws, number, part), y[part], number, part)
        found, _ = mix(apply_dsa(x[part].to(cuda), draws, number, part), y[part].to(cuda), number, part)
        assert found.device.type == "cuda"
        assert torch.allclose(found.cpu(), expected, atol=1e-5)
