"""IDC against its description written out, its restarts, and what it gains over real images."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate
from worth_for_tests import gained

from lmcspec.base import streams
from lmcspec.base.sgd_noise import InnerNoise, SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.distillers.idc import EfficientCondensation
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science import data
from lmcspec.science.data import Space, Split
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.augmentation.dsa import siamese
from lmcspec.science.data.distilled.distilled_set import enter_distilled
from lmcspec.science.distill import idc
from lmcspec.science.distill.distillation import Distillation, DistillationStopped
from lmcspec.science.distill.start import real_subset
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import convnet
from lmcspec.science.train import Segment, train


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", space="standardised")


def build() -> nn.Module:
    return convnet.build(ConvNet(depth=2, width=4), (1, 8, 8), 10)


def small(**changes):
    settings = {"ipc": 1, "networks": 2, "inner": 3, "batch": 10, "seen": 50, "net_batch": 20, "net_cutmix": 0.5}
    return EfficientCondensation(**{**settings, **changes})


def start_by_loops(config, dataset):
    """Factor^2 digits a class, each cut to the nearest pixels, side by side."""
    split, factor, packed = dataset.train, config.factor, []
    sides = [8 // factor + (place < 8 % factor) for place in range(factor)]
    for label in range(10):
        rows = np.flatnonzero(split.labels.numpy() == label)
        if config.start == "real":
            rows = rows[streams.permutation(len(rows), "distill", config.seed, "start", label)]
        chosen = split.images[torch.from_numpy(rows[: factor**2 * config.ipc])].float() / 16
        for image in range(config.ipc):
            tiles = chosen[image :: config.ipc, 0]
            whole = torch.zeros(1, 8, 8)
            for place, tile in enumerate(tiles):
                row, column = divmod(place, factor)
                top, left = sum(sides[:row]), sum(sides[:column])
                for y in range(sides[row]):
                    for x in range(sides[column]):
                        whole[0, top + y, left + x] = tile[y * 8 // sides[row], x * 8 // sides[column]]
            packed.append(whole)
    return torch.stack(packed)


def unpacked_by_loops(images, factor=2):
    """The tiles of all images, enlarged, from images whose sides are filled up with grey."""
    side = -(-8 // factor)
    filled = torch.full((len(images), 1, factor * side, factor * side), 0.5)
    filled[:, :, :8, :8] = images
    tiles = []
    for row in range(0, factor * side, side):
        for column in range(0, factor * side, side):
            part = filled[:, :, row : row + side, column : column + side]
            tiles.append(interpolate(part, size=(8, 8), mode="bilinear", align_corners=False))
    return torch.cat(tiles)


def within_bound(images, config):
    """As many images as fit are unpacked by the largest factor, of the rest by the next, and those left not at all."""
    parts, made = [], 0
    for factor in range(config.factor, 1, -1):
        count = min((config.bound - made - len(images)) // factor**2, len(images))
        part, images = images[:count], images[count:]
        parts.append(unpacked_by_loops(part, factor))
        made += len(parts[-1])
    return torch.cat([*parts, images])


def seen_by_loops(images, config, address):
    """What a step looks at: the unpacked images of a class, or a draw of them."""
    seen = within_bound(images, config) if config.bound else unpacked_by_loops(images, config.factor)
    if len(seen) > config.most:
        seen = seen[streams.permutation(len(seen), "distill", *address, "synthetic")[: config.most]]
    return seen


def by_the_book(config, dataset):
    """The method in torch's own terms, with the squared distance or the absolute one."""
    split, seed = dataset.train, config.seed
    mean, std = dataset.space.mean[0], dataset.space.std[0]
    images = nn.Parameter(start_by_loops(config, dataset))
    optimiser = torch.optim.SGD([images], lr=config.lr * config.ipc / 10, momentum=config.momentum)
    criterion = nn.CrossEntropyLoss()
    recipe = Recipe(
        3,
        20,
        Sgd(lr=0.01, momentum=0.9, weight_decay=5e-4),
        augment=Augment(dsa="color_crop", dsa_style="idc", cutmix=0.5),
    )
    for network in range(config.networks):
        module = build()
        module.load_state_dict(initial_state(module, "default", ("distill", seed, "net", network)))
        weights = [parameter for parameter in module.parameters() if parameter.ndim == 4]
        assert len(weights) == 2
        images.data.clamp_(0, 1)
        moments = None
        if config.early:
            assert len(split) == 1437
            whole = replace(recipe, length=config.early * 72)
            moments = train(module, split, whole, InnerNoise("distill", (seed, network, "early"))).optimiser
        for inner in range(config.inner):
            for label in range(10):
                address = (seed, network, inner, label)
                rows = np.flatnonzero(split.labels.numpy() == label)
                rows = rows[streams.permutation(len(rows), "distill", *address, "real")[: config.batch]]
                real, real_labels = split.batch(torch.from_numpy(rows))
                own = images[label * config.ipc : (label + 1) * config.ipc]
                synthetic = (seen_by_loops(own, config, address) - mean) / std
                change = siamese("color_crop_cutout", "idc", ("distill", *address, "dsa"))
                both = change(torch.cat([real, synthetic]))
                wanted = torch.autograd.grad(criterion(module(both[: len(real)].detach()), real_labels), weights)
                known = torch.full((len(synthetic),), label)
                found = torch.autograd.grad(criterion(module(both[len(real) :]), known), weights, create_graph=True)
                loss = torch.zeros(())
                for one, other in zip(wanted, found, strict=True):
                    apart = one - other
                    loss = loss + (apart.abs() if config.metric == "l1" else apart**2).sum()
                optimiser.zero_grad(set_to_none=False)
                loss.backward()
                optimiser.step()
            if inner + 1 < config.inner:
                noise = InnerNoise("distill", (seed, network, "training", inner))
                moments = train(module, split, recipe, noise, segment=Segment(optimiser=moments)).optimiser
    return images.detach()


@pytest.mark.parametrize("start", ["real", "first"])
@pytest.mark.parametrize("ipc", [1, 2])
def test_condensing_is_the_method_written_out(digits, start, ipc):
    config = small(start=start, ipc=ipc, seed=5, lr=0.5)
    made = idc.distill(config, Distillation(digits, build))
    assert made.images.shape == (10 * ipc, 1, 8, 8)
    assert (made.space, made.factor) == (Space("raw"), 2)
    assert made.labels.tolist() == np.arange(10).repeat(ipc).tolist()
    expected = by_the_book(config, digits)
    assert (expected - start_by_loops(config, digits)).abs().max() > 0.01, "something moved"
    torch.testing.assert_close(made.images, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"factor": 3, "lr": 0.5},
        {"metric": "l1", "lr": 0.02},
        {"ipc": 4, "factor": 3, "bound": 19, "lr": 0.5},
        {"ipc": 2, "most": 5, "lr": 0.5},
        {"early": 1, "lr": 0.1},
    ],
    ids=["factor 3", "l1", "bound", "most", "early"],
)
def test_each_setting_is_as_written_out(digits, changes):
    config = small(seed=5, **changes)
    made = idc.distill(config, Distillation(digits, build))
    expected = by_the_book(config, digits)
    assert (expected - start_by_loops(config, digits)).abs().max() > 0.01, "something moved"
    torch.testing.assert_close(made.images, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_going_on_after_a_stop_gives_the_same_bits(digits, stop):
    config = small(lr=0.5, early=1)
    whole = idc.distill(config, Distillation(digits, build)).images
    with pytest.raises(DistillationStopped) as caught:
        idc.distill(config, Distillation(digits, build, pulse=lambda done, loss: done == stop))
    assert caught.value.progress.step == stop
    assert torch.equal(idc.distill(config, Distillation(digits, build, begin=caught.value.progress)).images, whole)


@pytest.mark.parametrize("space", ["raw", "standardised", "zca"])
def test_it_stays_raw_in_every_space(space):
    dataset = data.load("digits", space=space)
    made = idc.distill(small(networks=1, inner=1), Distillation(dataset, build))
    assert made.space == Space("raw")
    assert made.images.min() > -0.5 and made.images.max() < 1.5
    assert len(enter_distilled(made, dataset)) == 40


@pytest.mark.parametrize(
    ("ipc", "factor", "bound", "parts"),
    [
        (20, 3, 128, [(12, 3), (3, 2), (5, 1)]),
        (50, 3, 128, [(8, 3), (3, 2), (39, 1)]),
        (10, 3, 128, [(10, 3)]),
        (10, 2, 50, [(10, 2)]),
        (10, 2, 40, [(7, 2), (3, 1)]),
        (50, 3, 20, [(50, 1)]),
    ],
)
def test_bounded_unpacking_is_that_of_the_papers_code(ipc, factor, bound, parts):
    found = idc.bounded(ipc, factor, bound)
    assert found == parts
    assert sum(count for count, _ in found) == ipc
    assert sum(count * own * own for count, own in found) <= max(bound, ipc)


def test_a_bound_and_noise_and_other_distances_run(digits):
    config = small(ipc=3, factor=3, bound=12, most=8, start="noise", metric="l1", networks=1, inner=2)
    made = idc.distill(config, Distillation(digits, build))
    assert made.factor == 3 and made.images.isfinite().all()


def test_too_few_real_images_are_named(digits):
    for start in ("real", "first"):
        with pytest.raises(DataError, match="class 0"):
            idc.distill(small(ipc=60, start=start), Distillation(digits, build))


def wide() -> nn.Module:
    return convnet.build(ConvNet(depth=2, width=16), (1, 8, 8), 10)


def error_after_training(dataset, split, replicate: int) -> float:
    module = wide()
    recipe = Recipe(400, 64, Sgd(lr=0.02, momentum=0.9, weight_decay=5e-4), Steps(at=as_steps((260, 330)), factor=0.2))
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    train(module, split, recipe, SgdNoise(replicate))
    return evaluate(module, dataset.test).error


@pytest.mark.slow
def test_it_beats_random_real_images(digits):
    """One image a class; three seeds, two trainings each. Tiles of 4x4 pixels would not show a digit: factor 1."""
    errors = []
    for seed in range(3):
        config = EfficientCondensation(
            ipc=1, factor=1, networks=8, inner=10, seen=128, lr=1, dsa="", net_dsa="", net_cutmix=0, seed=seed
        )
        made = idc.distill(config, Distillation(digits, wide))
        sets = Split(*real_subset(digits.train, 10, 1, seed)), enter_distilled(made, digits)
        errors.append(
            tuple(np.mean([error_after_training(digits, one, number) for number in range(2)]) for one in sets)
        )
    gains = gained("digits, idc, 1 a class", errors)
    assert np.mean(gains) - np.std(gains, ddof=1) > 0.05, gains
