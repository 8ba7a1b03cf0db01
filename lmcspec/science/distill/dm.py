"""Distribution matching: synthetic images whose mean features equal those of real ones under random networks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from lmcspec.base import streams
from lmcspec.catalog.distillers.dm import DistributionMatching
from lmcspec.science.data.resident import Split
from lmcspec.science.distill.progress import Progress, Pulse, Stopped
from lmcspec.science.dropout import silence
from lmcspec.science.initial import Scheme, initial_state

PULSE = 16
"""Iterations between two calls of `pulse`: each waits for the device."""


def distill(
    config: DistributionMatching,
    split: Split,
    classes: int,
    build: Callable[[], nn.Module],
    *,
    scheme: Scheme = "default",
    classifier: str = "classifier",
    begin: Progress | None = None,
    pulse: Pulse | None = None,
) -> tuple[Tensor, Tensor]:
    """Images float32 (classes x ipc, C, H, W) in the split's space and labels int64, class after class.

    Iteration i draws a network anew by `scheme` and lowers

        L = sum over classes c of || mean phi(x) over real x of c - mean phi(s) over synthetic s of c ||^2

    by one step of SGD with momentum on the synthetic pixels. phi is what the module named `classifier` gets, and
    nothing is trained. Real images: `config.batch` of each class without replacement, or all if there are fewer.
    All classes pass the network together. The start is `real_subset`. Every draw is addressed by (seed, iteration),
    so going on from `begin` gives the same bits: its state are the `images` and SGD's `velocity`, of one shape.
    `pulse` is called every 16 iterations.
    """
    images, labels = real_subset(split, classes, config.ipc, config.seed)
    velocity, first = torch.zeros_like(images), 0
    if begin is not None:
        images, velocity = (begin.state[name].to(split.device) for name in ("images", "velocity"))
        first = begin.iteration
    images, velocity = images.clone(), velocity.clone()
    members = _members(split, classes)
    whole = all(len(rows) <= config.batch for rows in members)
    module = build().to(split.device).train().requires_grad_(False)
    silence(module)
    real, averages = _real(config, split, members, first)
    with _features(module, classifier) as phi:
        for iteration in range(first, config.iterations):
            if not whole and iteration > first:
                real, averages = _real(config, split, members, iteration)
            module.load_state_dict(initial_state(module, scheme, ("distill", config.seed, "net", iteration)))
            with torch.no_grad():
                wanted = averages @ phi(real)
            images.requires_grad_(True)
            means = phi(images).view(classes, config.ipc, -1).mean(1)
            loss = (wanted - means).square().sum()
            (gradient,) = torch.autograd.grad(loss, images)
            images = images.detach()
            velocity.mul_(config.momentum).add_(gradient)
            images.sub_(velocity, alpha=config.lr)
            done = iteration + 1
            if pulse is not None and done % PULSE == 0 and pulse(done, loss.item()):
                raise Stopped(Progress(done, {"images": images, "velocity": velocity}))
    return images, labels


def real_subset(split: Split, classes: int, ipc: int, seed: int) -> tuple[Tensor, Tensor]:
    """`ipc` random real images of each class, in the split's space, class after class: where distilling starts.

    Raises ValueError where a class has fewer.
    """
    members = _members(split, classes)
    for label, rows in enumerate(members):
        if len(rows) < ipc:
            raise ValueError(f"class {label} has {len(rows)} images, fewer than the {ipc} per class asked for")
    chosen = [
        rows[streams.permutation(len(rows), "distill", seed, "start", label)[:ipc]]
        for label, rows in enumerate(members)
    ]
    return split.batch(torch.from_numpy(np.concatenate(chosen)))


def _members(split: Split, classes: int) -> list[np.ndarray]:
    labels = split.labels.cpu().numpy()
    return [np.flatnonzero(labels == label) for label in range(classes)]


def _real(
    config: DistributionMatching, split: Split, members: list[np.ndarray], iteration: int
) -> tuple[Tensor, Tensor]:
    """Real images of an iteration, and the matrix (classes, n) that averages over those of each class."""
    chosen = [
        rows
        if len(rows) <= config.batch
        else rows[streams.permutation(len(rows), "distill", config.seed, "real", iteration, label)[: config.batch]]
        for label, rows in enumerate(members)
    ]
    images, labels = split.batch(torch.from_numpy(np.concatenate(chosen)))
    ones = nn.functional.one_hot(labels, len(members)).T.to(images.dtype)
    return images, ones / ones.sum(1, keepdim=True)


@contextmanager
def _features(module: nn.Module, classifier: str) -> Iterator[Callable[[Tensor], Tensor]]:
    """A function from images (n, C, H, W) to the features (n, d) that the classifier would get."""
    caught: list[Tensor] = []
    hook = module.get_submodule(classifier).register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))

    def phi(images: Tensor) -> Tensor:
        module(images)
        return caught.pop().flatten(1)

    try:
        yield phi
    finally:
        hook.remove()
