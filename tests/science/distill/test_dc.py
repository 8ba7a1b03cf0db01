"""Gradient matching against its description written out, its restarts, and what it gains over real images."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn
from worth_for_tests import gained

from lmcspec.base import streams
from lmcspec.base.sgd_noise import InnerNoise, SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.distillers.dc import Condensation
from lmcspec.catalog.distillers.dsa import SiameseCondensation
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science import data
from lmcspec.science.data import Split
from lmcspec.science.data.augmentation.dsa import siamese
from lmcspec.science.distill import dc
from lmcspec.science.distill.distillation import Distillation, DistillationStopped
from lmcspec.science.distill.start import real_subset
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import convnet, mlp
from lmcspec.science.order import order
from lmcspec.science.train import train

MLP = Mlp(name="mlp", widths=(20,))


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", space="standardised")


def build() -> nn.Module:
    return mlp.build(MLP, (1, 8, 8), 10)


def small(config=Condensation, **changes):
    return config(**{"ipc": 2, "iterations": 2, "outer": 3, "inner": 2, "batch": 20, "net_batch": 8, **changes})


def with_batch_norm() -> nn.Module:
    return convnet.build(ConvNet(depth=2, width=4, norm="batch"), (1, 8, 8), 10)


def frozen(module: nn.Module, images: torch.Tensor) -> nn.Module:
    """A copy whose batch norms have the statistics of the images, and keep them."""
    copied = deepcopy(module).train()
    for part in copied.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 1.0
    with torch.no_grad():
        copied(images)
    return copied.eval()


def of_all_classes(split, address) -> torch.Tensor:
    """16 real images of each class."""
    chosen = []
    for label in range(10):
        rows = np.flatnonzero(split.labels.numpy() == label)
        chosen.append(rows[streams.permutation(len(rows), "distill", *address, "statistics", label)[:16]])
    return split.batch(torch.from_numpy(np.concatenate(chosen)))[0]


def by_the_book(config, dataset, network=build):
    """The method in torch's own terms: torch.optim, a loop over classes, cosines of rows one by one."""
    split, seed = dataset.train, config.seed
    labels = torch.arange(10).repeat_interleave(config.ipc)
    if config.start == "real":
        images, _ = real_subset(split, 10, config.ipc, seed)
    else:
        images = torch.tensor(streams.normals(20 * 64, "distill", seed, "start"), dtype=torch.float32)
    images = nn.Parameter(images.view(20, 1, 8, 8).clone())
    optimiser = torch.optim.SGD([images], lr=config.lr, momentum=config.momentum)
    for iteration in range(config.iterations):
        module = network()
        module.load_state_dict(initial_state(module, "default", ("distill", seed, "net", iteration)))
        for place in range(config.outer):
            still = frozen(module, of_all_classes(split, (seed, iteration, place)))
            parameters = list(still.parameters())
            loss = torch.zeros(())
            for label in range(10):
                rows = np.flatnonzero(split.labels.numpy() == label)
                rows = rows[
                    streams.permutation(len(rows), "distill", seed, "real", iteration, place, label)[: config.batch]
                ]
                real, real_labels = split.batch(torch.from_numpy(rows))
                change = siamese(config.dsa, "dc", ("distill", seed, iteration, place, "dsa", label))
                criterion = nn.CrossEntropyLoss()
                wanted = torch.autograd.grad(criterion(still(change(real)), real_labels), parameters)
                own = labels == label
                found = torch.autograd.grad(
                    criterion(still(change(images[own])), labels[own]), parameters, create_graph=True
                )
                for one, other in zip(wanted, found, strict=True):
                    if one.ndim > 1:
                        for x, y in zip(one, other, strict=True):
                            loss = loss + 1 - (x * y).sum() / (x.norm() * y.norm() + 1e-6)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if place + 1 == config.outer:
                break
            steps = torch.optim.SGD(module.parameters(), lr=config.net_lr)
            noise = InnerNoise("distill", (seed, iteration, place, "training"))
            if config.dsa:
                recipe = Recipe(
                    config.inner * 3, config.net_batch, Sgd(lr=config.net_lr), augment=Augment(dsa=config.dsa)
                )
                train(module, Split(images.detach(), labels), recipe, noise)
                continue
            for epoch in range(config.inner):
                for rows in torch.from_numpy(order(20, noise, epoch)).split(config.net_batch):
                    steps.zero_grad()
                    criterion(module(images.detach()[rows]), labels[rows]).backward()
                    steps.step()
    return images.detach()


@pytest.mark.parametrize("config", [small(seed=3), small(start="real", dsa="flip_color")])
def test_condensing_is_the_method_written_out(digits, config):
    made = dc.distill(config, Distillation(digits, build))
    assert made.images.shape == (20, 1, 8, 8) and made.space == digits.space
    assert made.labels.tolist() == np.arange(10).repeat(2).tolist()
    assert not made.images.requires_grad
    torch.testing.assert_close(made.images, by_the_book(config, digits), rtol=1e-3, atol=2e-5)


def test_dsa_is_dc_with_its_transforms_and_real_images(digits):
    config = small(SiameseCondensation)
    same = small(start="real", dsa="color_crop_cutout_flip_rotate_scale")
    assert torch.equal(
        dc.distill(config, Distillation(digits, build)).images, dc.distill(same, Distillation(digits, build)).images
    )


@pytest.mark.parametrize(("ipc", "loops"), [(1, (1, 1)), (10, (10, 50)), (12, (10, 50)), (50, (50, 10))])
def test_loops_are_those_of_the_papers_code(ipc, loops):
    config = Condensation(ipc=ipc)
    assert config.loops == loops
    assert config.steps == 1000 * loops[0]


@pytest.mark.parametrize("stop", [1, 2, 3, 4])
def test_going_on_after_a_stop_gives_the_same_bits(digits, stop):
    """Between networks, and in the midst of one."""
    config = small(SiameseCondensation)
    whole = dc.distill(config, Distillation(digits, build)).images
    with pytest.raises(DistillationStopped) as caught:
        dc.distill(config, Distillation(digits, build, pulse=lambda done, loss: done == stop))
    progress = caught.value.progress
    assert progress.step == stop
    assert torch.equal(dc.distill(config, Distillation(digits, build, begin=progress)).images, whole)


def test_seeds_differ_and_no_global_state_is_read(digits):
    torch.manual_seed(0)
    one = dc.distill(small(), Distillation(digits, build)).images
    torch.manual_seed(1)
    before = torch.get_rng_state()
    module = build()
    torch.set_rng_state(before)
    assert torch.equal(dc.distill(small(), Distillation(digits, lambda: module)).images, one)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(dc.distill(small(seed=1), Distillation(digits, build)).images, one)


def test_a_network_with_batch_norm_is_matched_with_statistics_of_all_classes(digits):
    config = small(seed=3)
    made = dc.distill(config, Distillation(digits, with_batch_norm))
    torch.testing.assert_close(made.images, by_the_book(config, digits, with_batch_norm), rtol=1e-3, atol=2e-5)


def test_parameters_that_are_not_trained_are_not_matched(digits):
    """Such as a table of places, whose numbers are whole: they have no gradient."""

    def with_places(seed: int = 0) -> nn.Module:
        module = build()
        module.register_parameter("places", nn.Parameter(torch.arange(4), requires_grad=False))
        return module

    wanted = dc.distill(small(), Distillation(digits, build)).images
    assert torch.equal(dc.distill(small(), Distillation(digits, with_places)).images, wanted)


def error_after_training(dataset, images, labels, replicate: int) -> float:
    module = build()
    recipe = Recipe(300, 128, Sgd(lr=0.05, momentum=0.9, weight_decay=5e-4), Steps(at=as_steps((200,)), factor=0.1))
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    train(module, Split(images, labels), recipe, SgdNoise(replicate))
    return evaluate(module, dataset.test).error


@pytest.mark.slow
@pytest.mark.parametrize("method", ["dc", "dsa"])
def test_it_beats_random_real_images(digits, method):
    """Over five seeds, each with three trainings; DSA without transforms that deform 8x8 digits beyond reading."""
    errors = []
    for seed in range(5):
        config = (
            Condensation(ipc=2, iterations=60, outer=5, inner=10, seed=seed)
            if method == "dc"
            else SiameseCondensation(ipc=2, iterations=60, outer=5, inner=10, seed=seed, dsa="color_scale_rotate")
        )
        made = dc.distill(config, Distillation(digits, build))
        real = real_subset(digits.train, 10, 2, seed)
        errors.append(
            tuple(
                np.mean([error_after_training(digits, *each, number) for number in range(3)])
                for each in (real, (made.images, made.labels))
            )
        )
    gains = gained(f"digits, {method}, 2 a class", errors)
    assert np.mean(gains) - np.std(gains, ddof=1) > 0.02, gains
