"""Trajectory matching (MTT): images on which a student gets where experts got on real ones."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from lmcspec.base import streams
from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.distillers.mtt import TrajectoryMatching
from lmcspec.science.attention import twice_differentiable
from lmcspec.science.data.augmentation.dsa import apply_dsa, draw_dsa
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.experts import state_after
from lmcspec.science.distill.start import real_or_noise
from lmcspec.science.dropout import silence
from lmcspec.science.order import order

PULSE = 4
"""Iterations between two calls of `pulse`: each waits for the device."""


def distill(config: TrajectoryMatching, distillation: Distillation) -> Distilled:
    """`ipc` images of each class, in the data's space, class after class, and the rate at which to train on them.

    Iteration i draws an expert and an epoch t below `latest`. The student starts from the expert's parameters w_t and
    makes `student_steps` updates of plain SGD at the rate a on batches of the synthetic images, each augmented by one
    transform of DSA; one step of SGD with momentum on the pixels and on a lowers

        L = || student - w_(t + expert_epochs) ||^2 / || w_t - w_(t + expert_epochs) ||^2

    through all these updates. Nothing is cut off, neither pixels nor a. Raises ValueError where an expert ends before
    `latest - 1 + expert_epochs`.
    """
    images, labels = real_or_noise(distillation, config.start, config.ipc, config.seed)
    rate = torch.tensor(config.rate, device=distillation.device)
    moments = [torch.zeros_like(images), torch.zeros_like(rate)]
    first = 0
    if distillation.begin is not None:
        state, first = distillation.begin.state, distillation.begin.step
        images, rate, *moments = (
            state[name].to(distillation.device, copy=True) for name in ("images", "rate", "velocity", "rate_velocity")
        )
    module = distillation.build().to(distillation.device).train()
    silence(module)
    if not distillation.experts:
        raise ValueError("trajectory matching needs experts")
    for iteration in range(first, config.iterations):
        place = ("distill", config.seed, "expert", iteration)
        path = distillation.experts[int(streams.integers(1, len(distillation.experts), *place, "which")[0])]
        epoch = int(streams.integers(1, config.latest, *place, "epoch")[0])
        begun, goal = (
            {name: tensor.to(distillation.device) for name, tensor in state_after(path, number).items()}
            for number in (epoch, epoch + config.expert_epochs)
        )
        with torch.enable_grad():
            images.requires_grad_(True)
            rate.requires_grad_(True)
            ended = _student(config, module, begun, images, labels, rate, iteration)
            apart = torch.stack([(ended[name] - goal[name]).square().sum() for name in goal]).sum()
            whole = torch.stack([(begun[name] - goal[name]).square().sum() for name in goal]).sum()
            loss = apart / whole
            gradients = torch.autograd.grad(loss, (images, rate))
        images, rate = images.detach(), rate.detach()
        for tensor, gradient, moment, lr in zip(
            (images, rate), gradients, moments, (config.lr, config.lr_of_rate), strict=True
        ):
            moment.mul_(config.momentum).add_(gradient)
            tensor.sub_(moment, alpha=lr)
        done = iteration + 1
        if done % PULSE == 0:
            state = {"images": images, "rate": rate, "velocity": moments[0], "rate_velocity": moments[1]}
            distillation.advance(done, loss.item(), state)
    return Distilled(images, labels, distillation.data.space, rate=float(rate))


def _student(
    config: TrajectoryMatching,
    module: nn.Module,
    begun: dict[str, Tensor],
    images: Tensor,
    labels: Tensor,
    rate: Tensor,
    iteration: int,
) -> dict[str, Tensor]:
    """The student's parameters after its updates, as a function of the images and the rate.

    Batches are those of epochs of the synthetic images, the last, partial one included.
    """
    count = len(images)
    batch = min(config.batch or count, count)
    per_epoch = updates_per_epoch(count, batch)
    noise = InnerNoise("distill", (config.seed, "student", iteration))
    augment = Augment(dsa=config.dsa, dsa_style="mtt")
    weights = {name: tensor.detach().requires_grad_(True) for name, tensor in begun.items()}
    rows, draws = np.empty(0, dtype=np.int64), None
    for update in range(config.student_steps):
        epoch, number = divmod(update, per_epoch)
        if number == 0:
            rows, draws = order(count, noise, epoch), draw_dsa(count, batch, augment, noise, epoch)
        part = slice(number * batch, (number + 1) * batch)
        chosen = torch.from_numpy(rows[part]).to(images.device)
        seen = images[chosen]
        if draws is not None:
            seen = apply_dsa(seen, draws, number, part)
        # Statistics that a batch norm keeps would tie one update to the next in another way than its weights.
        kept = {name: tensor.clone() for name, tensor in module.named_buffers()}
        with twice_differentiable():
            loss = cross_entropy(functional_call(module, {**weights, **kept}, (seen,)), labels[chosen])
            steps = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
        weights = {name: tensor - rate * step for (name, tensor), step in zip(weights.items(), steps, strict=True)}
    return weights
