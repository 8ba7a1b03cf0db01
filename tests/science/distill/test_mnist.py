"""Every method on 2,000 of MNIST's training images, one image a class: what is gained over random real ones.

A narrow ConvNet and few steps; the error is that of every fourth test image.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from worth_for_tests import gained

from lmcspec.base.sgd_noise import InnerNoise, SgdNoise
from lmcspec.catalog import get
from lmcspec.catalog.in_updates import as_steps
from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.catalog.schedules.steps import Steps
from lmcspec.science import data
from lmcspec.science.data import Split
from lmcspec.science.data.distilled.distilled_set import enter_distilled
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.experts import trajectory
from lmcspec.science.distill.start import real_subset
from lmcspec.science.evaluate import evaluate
from lmcspec.science.initial import initial_state
from lmcspec.science.models import convnet
from lmcspec.science.train import train

SETTINGS = {
    "dc": {"iterations": 40, "start": "real", "lr": 2.0, "batch": 32},
    "dsa": {"iterations": 40, "lr": 2.0, "batch": 32, "dsa": "color_crop_cutout_scale_rotate"},
    "dm": {"iterations": 60, "batch": 32},
    "mtt": {
        "iterations": 50,
        "experts": {"count": 2, "epochs": 6, "lr": 0.05, "batch": 128, "dsa": ""},
        "student_steps": 6,
        "expert_epochs": 1,
        "latest": 5,
        "lr": 100.0,
        "rate": 0.02,
        "lr_of_rate": 1e-4,
        "dsa": "",
    },
    "idc": {"networks": 3, "inner": 8, "batch": 24, "lr": 1.0, "seen": 64, "dsa": "", "net_dsa": "", "net_cutmix": 0},
}
"""By method; the rest as by default."""


@pytest.fixture(scope="module")
def mnist(unpacked_data):
    whole = data.load("mnist", unpacked_data, "standardised", select=data.Selection(train=2000))
    return replace(whole, test=whole.test.subset(torch.arange(0, 10_000, 4)))


def build() -> nn.Module:
    return convnet.build(ConvNet(depth=3, width=16), (1, 28, 28), 10)


def started(*address: int | str) -> nn.Module:
    module = build()
    module.load_state_dict(initial_state(module, "default", address))
    return module


def experts_of(config, dataset, folder):
    """The files of the experts that a method follows, if it does."""
    wanted = getattr(config, "experts", None)
    for number in range(wanted.count if wanted else 0):
        recipe = Recipe(wanted.epochs * -(-len(dataset.train) // wanted.batch), wanted.batch, Sgd(lr=wanted.lr))
        states = {}
        trajectory(
            started("expert", 0, number, "init"), dataset.train, recipe, InnerNoise("expert", (0, number)), states
        )
        path = folder / f"{number}.safetensors"
        save_file(states, path)
        yield path


def error_after_training(dataset, split: Split, rate: float, replicate: int) -> float:
    """Test error after 300 updates on the whole set, the rate x 0.1 after half of them."""
    module = started("init", replicate)
    train(
        module,
        split,
        Recipe(300, len(split), Sgd(lr=rate, momentum=0.9, weight_decay=5e-4), Steps(at=as_steps((150,)), factor=0.1)),
        SgdNoise(replicate),
    )
    return evaluate(module, dataset.test).error


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("method", SETTINGS)
def test_it_beats_random_real_images(mnist, tmp_path, method):
    """Over three seeds, each with a training on either set at the same rate: the distilled one, where there is one."""
    card = get("distiller", method)
    configs = [card.config.model_validate({"ipc": 1, "seed": seed, **SETTINGS[method]}) for seed in range(3)]
    experts = list(experts_of(configs[0], mnist, tmp_path))
    errors = []
    for config in configs:
        made = card.load()(config, Distillation(mnist, build, experts=experts))
        rate = 0.01 if made.rate is None else made.rate
        real = Split(*real_subset(mnist.train, 10, 1, config.seed))
        errors.append(
            tuple(error_after_training(mnist, one, rate, config.seed) for one in (real, enter_distilled(made, mnist)))
        )
    gains = gained(f"mnist, {method}, 1 a class", errors)
    assert np.mean(gains) - np.std(gains, ddof=1) > 0.05, gains
