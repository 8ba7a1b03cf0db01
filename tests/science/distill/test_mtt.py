"""Experts and trajectory matching against their descriptions written out, restarts, and what is gained."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy
from worth_for_tests import gained

from lmcspec.base import streams
from lmcspec.base.sgd_noise import InnerNoise, SgdNoise
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.distillers.mtt import TrajectoryMatching
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.models.mlp import Mlp
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science import data
from lmcspec.science.data import Split
from lmcspec.science.data.augmentation.dsa import apply_dsa, draw_dsa
from lmcspec.science.distill import mtt
from lmcspec.science.distill.distillation import Distillation, DistillationStopped
from lmcspec.science.distill.experts import state_after, trajectory
from lmcspec.science.distill.start import real_subset
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import mlp
from lmcspec.science.order import order
from lmcspec.science.train import Segment, TrainingStopped, train

RECIPE = Recipe(3 * 6, 256, Sgd(lr=0.05), augment=Augment())


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", space="standardised")


def build() -> nn.Module:
    return mlp.build(Mlp(widths=(20,)), (1, 8, 8), 10)


def started(number: int) -> nn.Module:
    module = build()
    module.load_state_dict(initial_state(module, "default", ("expert", 0, number, "init")))
    return module


@pytest.fixture(scope="module")
def experts(digits, tmp_path_factory):
    """Two experts of three epochs."""
    assert len(digits.train) // 256 + 1 == 6
    files = []
    for number in range(2):
        states = {}
        trajectory(started(number), digits.train, RECIPE, InnerNoise("expert", (0, number)), states)
        files.append(tmp_path_factory.mktemp("experts") / f"{number}.safetensors")
        save_file(states, files[-1])
    return files


def test_an_expert_is_a_training_whose_epochs_are_kept(digits, experts):
    module = started(1)
    for epoch in range(4):
        kept = state_after(experts[1], epoch)
        assert kept.keys() == dict(module.named_parameters()).keys()
        assert all(torch.equal(kept[name], parameter) for name, parameter in module.named_parameters())
        if epoch < 3:
            rows = torch.from_numpy(order(len(digits.train), InnerNoise("expert", (0, 1)), epoch))
            optimiser = torch.optim.SGD(module.parameters(), lr=0.05)
            for part in rows.split(256):
                x, y = digits.train.batch(part)
                optimiser.zero_grad()
                cross_entropy(module(x), y).backward()
                optimiser.step()
    with pytest.raises(ValueError, match="no epoch 4"):
        state_after(experts[1], 4)


@pytest.mark.parametrize("stop", [1, 6, 11, 16])
def test_an_interrupted_expert_goes_on_bitwise(digits, experts, stop):
    module, states, seen = started(0), {}, []
    with pytest.raises(TrainingStopped) as caught:
        trajectory(
            module,
            digits.train,
            Recipe(18, 256, Sgd(lr=0.05, momentum=0.5)),
            InnerNoise("expert", (0, 0)),
            states,
            pulse=lambda update, loss: seen.append(update) or update >= stop,
        )
    snapshot = caught.value.snapshot
    module.load_state_dict(snapshot.state)
    recipe, noise = Recipe(18, 256, Sgd(lr=0.05, momentum=0.5)), InnerNoise("expert", (0, 0))
    rest = Segment(snapshot.update, optimiser=snapshot.optimiser)
    trajectory(module, digits.train, recipe, noise, states, rest)
    whole = {}
    trajectory(started(0), digits.train, recipe, noise, whole)
    assert states.keys() == whole.keys()
    assert all(torch.equal(states[name], whole[name]) for name in whole)


def small(**changes):
    settings = {
        "ipc": 2,
        "iterations": 5,
        "experts": {"epochs": 3, "count": 2},
        "student_steps": 4,
        "expert_epochs": 2,
        "latest": 2,
        "lr": 3.0,
        "rate": 0.02,
        "lr_of_rate": 1e-4,
        "dsa": "",
        "batch": 8,
    }
    return TrajectoryMatching.model_validate({**settings, **changes})


def augmented_one_by_one(images, dsa, noise, update):
    """A batch of an epoch of three, in which all go through one family, each with parameters of its own."""
    draws = draw_dsa(20, 8, Augment(dsa=dsa, dsa_style="mtt"), noise, update // 3)
    if draws is None:
        return images
    first, batch = update % 3 * 8, update % 3
    parts = [slice(first + place, first + place + 1) for place in range(len(images))]
    return torch.cat([apply_dsa(one[None], draws, batch, part) for one, part in zip(images, parts, strict=True)])


def by_the_book(config, dataset, experts):
    """The method with parameters written out as an MLP's and torch's own optimisers."""
    images, labels = real_subset(dataset.train, 10, config.ipc, config.seed)
    images, rate = nn.Parameter(images.clone()), nn.Parameter(torch.tensor(config.rate))
    optimisers = [
        torch.optim.SGD([images], lr=config.lr, momentum=config.momentum),
        torch.optim.SGD([rate], lr=config.lr_of_rate, momentum=config.momentum),
    ]
    for iteration in range(config.iterations):
        place = ("distill", config.seed, "expert", iteration)
        path = experts[int(streams.integers(1, 2, *place, "which")[0])]
        epoch = int(streams.integers(1, config.latest, *place, "epoch")[0])
        begun, goal = state_after(path, epoch), state_after(path, epoch + config.expert_epochs)
        weights = {name: tensor.requires_grad_(True) for name, tensor in begun.items()}
        for update in range(config.student_steps):
            noise = InnerNoise("distill", (config.seed, "student", iteration))
            rows = torch.from_numpy(order(20, noise, update // 3)).split(8)[update % 3]
            seen = augmented_one_by_one(images[rows], config.dsa, noise, update)
            hidden = (seen.flatten(1) @ weights["layers.0.weight"].T + weights["layers.0.bias"]).relu()
            logits = hidden @ weights["classifier.weight"].T + weights["classifier.bias"]
            loss = cross_entropy(logits, labels[rows])
            steps = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
            weights = {name: weights[name] - rate * step for name, step in zip(weights, steps, strict=True)}
        apart = sum((weights[name] - goal[name]).square().sum() for name in goal)
        whole = sum((begun[name].detach() - goal[name]).square().sum() for name in goal)
        for optimiser in optimisers:
            optimiser.zero_grad()
        (apart / whole).backward()
        for optimiser in optimisers:
            optimiser.step()
    return images.detach(), rate.item()


@pytest.mark.parametrize(
    ("seed", "dsa"), [(0, ""), (7, ""), (0, "rotate_scale"), (7, "color_crop_cutout_flip_rotate_scale")]
)
def test_matching_is_the_method_written_out(digits, experts, seed, dsa):
    config = small(seed=seed, dsa=dsa)
    made = mtt.distill(config, Distillation(digits, build, experts=experts))
    images, rate = by_the_book(config, digits, experts)
    assert made.space == digits.space and made.labels.tolist() == np.arange(10).repeat(2).tolist()
    assert (images - real_subset(digits.train, 10, 2, seed)[0]).abs().max() > 0.001, "something moved"
    assert abs(rate - config.rate) > 1e-6
    torch.testing.assert_close(made.images, images, rtol=1e-3, atol=1e-5)
    assert made.rate == pytest.approx(rate, rel=1e-4)


def test_going_on_after_a_stop_gives_the_same_bits(digits, experts):
    config = small(iterations=10, dsa="color_scale_flip")
    whole = mtt.distill(config, Distillation(digits, build, experts=experts))
    with pytest.raises(DistillationStopped) as caught:
        mtt.distill(config, Distillation(digits, build, experts=experts, pulse=lambda done, loss: done == 8))
    again = mtt.distill(config, Distillation(digits, build, experts=experts, begin=caught.value.progress))
    assert torch.equal(again.images, whole.images) and again.rate == whole.rate


def test_the_loss_is_one_for_a_student_that_stays(digits, experts):
    losses = []
    config = small(iterations=4, rate=1e-9, lr=1e-9, lr_of_rate=1e-12)
    mtt.distill(
        config, Distillation(digits, build, experts=experts, pulse=lambda _, loss: losses.append(loss) and None)
    )
    assert losses == [pytest.approx(1, abs=1e-4)]


def test_without_experts_or_with_short_ones_it_says_so(digits):
    with pytest.raises(ValueError, match="needs experts"):
        mtt.distill(small(), Distillation(digits, build))
    with pytest.raises(ValueError, match="do not reach epoch 4"):
        small(latest=3)


def error_after_training(dataset, split, rate: float, replicate: int) -> float:
    module = build()
    recipe = Recipe(300, 128, Sgd(lr=rate, momentum=0.9, weight_decay=5e-4), Steps(at=as_steps((150,)), factor=0.1))
    module.load_state_dict(initial_state(module, "default", ("init", replicate)))
    train(module, split, recipe, SgdNoise(replicate))
    return evaluate(module, dataset.test).error


@pytest.mark.slow
def test_it_beats_random_real_images(digits, tmp_path):
    """Six experts of ten epochs; three seeds, three trainings each, real images at the distilled rate, too."""
    files = []
    for number in range(6):
        states = {}
        trajectory(
            started(number), digits.train, Recipe(60, 256, Sgd(lr=0.1)), InnerNoise("expert", (0, number)), states
        )
        files.append(tmp_path / f"{number}.safetensors")
        save_file(states, files[-1])
    errors = []
    for seed in range(3):
        config = TrajectoryMatching.model_validate(
            {
                "ipc": 2,
                "iterations": 300,
                "experts": {"epochs": 10},
                "student_steps": 10,
                "expert_epochs": 2,
                "latest": 6,
                "lr": 30.0,
                "rate": 0.05,
                "lr_of_rate": 1e-4,
                "dsa": "",
                "seed": seed,
            }
        )
        made = mtt.distill(config, Distillation(digits, build, experts=files))
        sets = Split(*real_subset(digits.train, 10, 2, seed)), Split(made.images, made.labels)
        errors.append(
            tuple(
                np.mean([error_after_training(digits, one, made.rate, number) for number in range(3)]) for one in sets
            )
        )
    gains = gained("digits, mtt, 2 a class", errors)
    assert np.mean(gains) - np.std(gains, ddof=1) > 0.03, gains
