"""Gradient matching (DC): synthetic images that move networks as real ones do, class by class."""

import torch
from torch import Tensor, nn

from lmcspec.base.sgd_noise import InnerNoise
from lmcspec.base.steps import updates_per_epoch
from lmcspec.catalog.augmentation import Augment
from lmcspec.catalog.distillers.dc import Condensation
from lmcspec.catalog.optimisers.sgd import Sgd
from lmcspec.catalog.recipe import Recipe
from lmcspec.science.data.augmentation.dsa import siamese
from lmcspec.science.data.distilled.distilled_set import Distilled
from lmcspec.science.data.resident import Split
from lmcspec.science.distill.distillation import Distillation
from lmcspec.science.distill.matching import by_unit, gradients
from lmcspec.science.distill.norms import frozen_statistics
from lmcspec.science.distill.start import members_of, real_or_noise, some
from lmcspec.science.dropout import silence
from lmcspec.science.train import train


def distill(config: Condensation, distillation: Distillation) -> Distilled:
    """`ipc` images of each class, in the data's space, class after class.

    For each of `iterations` networks drawn anew, `outer` times: lower

        L = sum over classes c of D(g(A_c(x)), g(A_c(s)))

    by one step of SGD with momentum on the synthetic pixels, then train the network on the synthetic images for
    `inner` epochs of plain SGD (not after the last step). g is the gradient of the mean cross-entropy by all
    parameters, D `matching.by_unit`, x are `batch` real images of class c, s the synthetic ones, and A_c one
    augmentation for both where `dsa` names transforms. Batch norms get their statistics from 16 real images of each
    class before every step, and keep them in it. Every draw is addressed by (seed, iteration, step).
    """
    split, classes = distillation.data.train, distillation.data.classes
    images, labels = real_or_noise(distillation, config.start, config.ipc, config.seed)
    velocity, first = torch.zeros_like(images), 0
    entered: dict[str, Tensor] = {}
    if distillation.begin is not None:
        state = {name: tensor.to(split.device) for name, tensor in distillation.begin.state.items()}
        images, velocity, first = state.pop("images").clone(), state.pop("velocity").clone(), distillation.begin.step
        entered = {name.removeprefix("net/"): tensor for name, tensor in state.items()}
    members = members_of(split, classes)
    outer, inner = config.loops
    module = None
    for step in range(first, config.steps):
        iteration, place = divmod(step, outer)
        address = (config.seed, iteration, place)
        if place == 0 or module is None:
            module = distillation.network(config.seed, "net", iteration)
            if place:
                module.load_state_dict(entered)
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        module.train()
        silence(module)
        total, gradient = images.new_zeros(()), torch.zeros_like(images)
        with frozen_statistics(module, _few(split, members, address)):
            for label, rows in enumerate(members):
                chosen = some(rows, config.batch, config.seed, "real", iteration, place, label)
                real, real_labels = split.batch(torch.from_numpy(chosen))
                of_label = slice(label * config.ipc, (label + 1) * config.ipc)
                synthetic = images[of_label].detach().requires_grad_(True)
                change = siamese(config.dsa, "dc", ("distill", *address, "dsa", label))
                wanted = gradients(module, change(real), real_labels, parameters)
                made = gradients(module, change(synthetic), labels[of_label], parameters, graph=True)
                distance = by_unit(wanted, made)
                (gradient[of_label],) = torch.autograd.grad(distance, synthetic)
                total = total + distance.detach()
        velocity.mul_(config.momentum).add_(gradient)
        images.sub_(velocity, alpha=config.lr)
        if place + 1 < outer:
            _train(config, module, images, labels, inner, address)
        distillation.advance(step + 1, total.item(), _state(images, velocity, module))
    return Distilled(images, labels, distillation.data.space)


def _few(split: Split, members: list, address: tuple[int, ...]) -> Tensor:
    """16 real images of each class, from which batch norms take their statistics."""
    rows = [some(of_label, 16, *address, "statistics", label) for label, of_label in enumerate(members)]
    return split.batch(torch.cat([torch.from_numpy(drawn) for drawn in rows]))[0]


def _train(
    config: Condensation, module: nn.Module, images: Tensor, labels: Tensor, epochs: int, address: tuple[int, ...]
) -> None:
    """Train the network on the synthetic images, with another augmentation for each of them."""
    updates = epochs * updates_per_epoch(len(images), config.net_batch)
    augment = Augment(dsa=config.dsa)
    recipe = Recipe(updates, config.net_batch, Sgd(lr=config.net_lr), augment=augment)
    train(module, Split(images.detach(), labels), recipe, InnerNoise("distill", (*address, "training")))


def _state(images: Tensor, velocity: Tensor, module: nn.Module) -> dict[str, Tensor]:
    return {"images": images, "velocity": velocity} | {
        f"net/{name}": tensor for name, tensor in module.state_dict().items()
    }
