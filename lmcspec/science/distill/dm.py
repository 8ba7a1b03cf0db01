"""Distribution matching: synthetic images whose mean features equal those of real ones under random networks."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lmcspec.catalog.distillers.dm import DistributionMatching
from lmcspec.science.data.augmentation.dsa import Siamese, siamese
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.data.resident import Split
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.features import features
from lmcspec.science.distill.start import members_of, real_subset, some
from lmcspec.science.dropout import silence
from lmcspec.science.initial import initial_state

PULSE = 16
"""Iterations between two calls of `pulse`: each waits for the device."""


def distill(config: DistributionMatching, distillation: Distillation) -> Distilled:
    """`ipc` images of each class, in the data's space, class after class.

    Iteration i draws a network anew and lowers

        L = sum over classes c of || mean phi(A_c(x)) over real x of c - mean phi(A_c(s)) over synthetic s of c ||^2

    by one step of SGD with momentum on the synthetic pixels. phi is what the classifier gets, and nothing is trained.
    A_c is one augmentation for all images of a class, drawn anew for each class and iteration, where `config.dsa`
    names any. Real images: `config.batch` of each class without replacement, or all if there are fewer. All classes
    pass the network together. The start is `real_subset`. Every draw is addressed by (seed, iteration), so going on
    gives the same bits: the state are the `images` and SGD's `velocity`, of one shape. `pulse` is called every 16
    iterations.
    """
    split, classes = distillation.data.train, distillation.data.classes
    images, labels = real_subset(split, classes, config.ipc, config.seed)
    velocity, first = torch.zeros_like(images), 0
    if distillation.begin is not None:
        images, velocity = (distillation.begin.state[name].to(split.device) for name in ("images", "velocity"))
        first = distillation.begin.step
    images, velocity = images.clone(), velocity.clone()
    members = members_of(split, classes)
    whole = all(len(rows) <= config.batch for rows in members)
    module = distillation.build().to(split.device).train().requires_grad_(False)
    silence(module)
    real, averages, sizes = _real(config, split, members, first)
    with features(module, distillation.classifier) as phi:
        for iteration in range(first, config.iterations):
            if not whole and iteration > first:
                real, averages, sizes = _real(config, split, members, iteration)
            address = ("distill", config.seed, "net", iteration)
            module.load_state_dict(initial_state(module, distillation.scheme, address, distillation.anew))
            drawn = _drawn(config, iteration, classes)
            with torch.no_grad():
                wanted = averages @ phi(_augmented(real, sizes, drawn))
            images.requires_grad_(True)
            seen = _augmented(images, [config.ipc] * classes, drawn)
            means = phi(seen).view(classes, config.ipc, -1).mean(1)
            loss = (wanted - means).square().sum()
            (gradient,) = torch.autograd.grad(loss, images)
            images = images.detach()
            velocity.mul_(config.momentum).add_(gradient)
            images.sub_(velocity, alpha=config.lr)
            done = iteration + 1
            if done % PULSE == 0:
                distillation.advance(done, loss.item(), {"images": images, "velocity": velocity})
    return Distilled(images, labels, distillation.data.space)


def _real(
    config: DistributionMatching, split: Split, members: list[np.ndarray], iteration: int
) -> tuple[Tensor, Tensor, list[int]]:
    """Real images of an iteration, the matrix (classes, n) that averages over those of each class, and their counts."""
    chosen = [some(rows, config.batch, config.seed, "real", iteration, label) for label, rows in enumerate(members)]
    images, labels = split.batch(torch.from_numpy(np.concatenate(chosen)))
    ones = nn.functional.one_hot(labels, len(members)).T.to(images.dtype)
    return images, ones / ones.sum(1, keepdim=True), [len(rows) for rows in chosen]


def _drawn(config: DistributionMatching, iteration: int, classes: int) -> list[Siamese]:
    """The augmentation of each class; none where the configuration has none."""
    if not config.dsa:
        return []
    return [siamese(config.dsa, "dc", ("distill", config.seed, "dsa", iteration, label)) for label in range(classes)]


def _augmented(images: Tensor, sizes: Sequence[int], drawn: Sequence[Siamese]) -> Tensor:
    """Each class's images under its augmentation."""
    if not drawn:
        return images
    return torch.cat([change(part) for change, part in zip(drawn, images.split(list(sizes)), strict=True)])
